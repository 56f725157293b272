"""Layers that are used in several places: what lies below them, and the ways that lead to them.

A walk visits each layer once and notes every further way to it, so layers form a graph without circles:
`parents` (the first way to each, as a tree in the walk's order) and `more` (the other ways). Ways are
counted without walking them, and listed one by one: layers nested in shared layers have 2^n of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

__all__ = ["Sharing"]


class Sharing:
    """The graph of a model's layers, by their numbers in the order of the walk (0 is the root).

    Args:
        parents: for each layer the one above it on the first way (-1 for the root).
        more: (parent, child's name, child) for each further way.
    """

    def __init__(self, parents: Sequence[int], more: Sequence[tuple[int, str, int]]) -> None:
        self._parents = parents
        self._more = more

    def end(self, layer: int) -> int:
        """One past the last layer that was first reached through this one."""
        at = layer + 1
        while at < len(self._parents) and self._parents[at] >= layer:
            at += 1
        return at

    def below(self, layer: int) -> set[int]:
        """The layer and all below it, by whichever way."""
        found: set[int] = set()
        todo = [layer]
        while todo:
            at = todo.pop()
            if at not in found:
                interval = range(at, self.end(at))
                found.update(interval)
                todo += (child for parent, _, child in self._more if parent in interval)
        return found

    @cached_property
    def shared(self) -> frozenset[int]:
        """The layers that more than one way leads to: the shared ones, and all below them."""
        return frozenset(at for _, _, child in self._more for at in self.below(child))

    @cached_property
    def ways(self) -> list[int]:
        """For each layer the number of ways from the root to it."""
        counts = [0] * len(self._parents)
        counts[0] = 1
        done = {0}
        # A way may come from a layer that was walked later, so counts wait for all layers above.
        todo = list(range(len(self._parents)))
        while todo:
            layer = todo[-1]
            above = [self._parents[layer], *self._into.get(layer, ())]
            waiting = [] if layer in done else [parent for parent in above if parent not in done]
            if waiting:
                todo += waiting
                continue
            todo.pop()
            if layer not in done:
                done.add(layer)
                counts[layer] = sum(counts[parent] for parent in above)
        return counts

    @cached_property
    def _into(self) -> dict[int, list[int]]:
        into: dict[int, list[int]] = {}
        for parent, _, child in self._more:
            into.setdefault(child, []).append(parent)
        return into

    def every_way(
        self, wanted: Collection[int], step: Callable[[int], str], order: Callable[[int], Sequence[str]]
    ) -> Iterator[tuple[int, str]]:
        """(layer, path) for every way to a wanted layer, in the order of a walk that visits all of them.

        Args:
            wanted: layers.
            step: a layer's name in its parent on the first way, "" for a model in its wrapper.
            order: the names of a layer's children, in order.
        """
        # Only what lies above a wanted layer is entered, so no step is in vain.
        route: set[int] = set()
        todo = list(wanted)
        while todo:
            layer = todo.pop()
            if layer >= 0 and layer not in route:
                route.add(layer)
                todo += [self._parents[layer], *self._into.get(layer, ())]
        children: dict[int, list[tuple[str, int]]] = {}
        for layer in sorted(route - {0}):
            children.setdefault(self._parents[layer], []).append((step(layer), layer))
        for parent, name, child in self._more:
            if child in route:
                children.setdefault(parent, []).append((name, child))
        for parent, found in children.items():
            if len(found) > 1:
                place = {name: at for at, name in enumerate(order(parent))}
                found.sort(key=lambda child: place.get(child[0], -1))
        stack = [(0, "")]
        while stack:
            layer, path = stack.pop()
            if layer in wanted:
                yield layer, path
            for name, child in reversed(children.get(layer, [])):
                stack.append((child, f"{path}.{name}" if path and name else path or name))
