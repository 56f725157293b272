"""Where parameters live: sites, slots, the tree that a walk finds, and what a framework must provide.

- A **site** is an owner and an attribute, the place where an array really lies. Writes and gradients
  go there.
- A **slot** is a dotted path from the collected root to a site. A layer that is used twice has one
  site and two slots; two layers that were given one array have two sites and two slots.
- A **tree** is what one walk over a model found, kept in columns: a few long lists, and no object for
  each parameter. A model of 20,000 parameters is collected in milliseconds because nothing is built
  for a parameter until somebody asks for it. (Objects made at once cost ten times the walk, in the
  garbage collector.)
- An **adapter** is all that glueball needs of a framework. No other room knows one.

Invariants of a tree: owners stand in the framework's own order, parents before children, so all that
lies below an owner is one interval of `owners` (sharing aside); a row is one array and stands where its
first slot stands; arrays themselves are not held, they are read from their site each time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from .errors import StaleError

__all__ = ["MOST_SLOTS", "Adapter", "Facts", "Memory", "Shape", "Site", "Tree"]

MOST_SLOTS = 1000
"""Slots listed for one parameter. Layers nested in shared layers can give one array 2^n of them."""

Shape = tuple[int | None, ...]
"""A shape; `None` stands for a dimension that is not known yet."""


class Site(NamedTuple):
    """The place where an array lies: `getattr(owner, attribute)`."""

    owner: Any
    attribute: str


class Facts(NamedTuple):
    """What a table says of one array, without its values."""

    shape: Shape | None
    dtype: str
    device: str
    size: int | None
    nbytes: int | None
    trainable: bool


class Memory(NamedTuple):
    """The bytes that an array covers: a key equal for the same view, and the block it is cut from."""

    view: tuple[Any, ...]
    block: tuple[Any, ...]
    start: int
    stop: int


class Tree:
    """What one walk found, in columns.

    Attributes:
        adapter: the framework's adapter, for everything that touches an array.
        root: the model that was walked.
        with_buffers: whether buffers were asked for.
        owners: every layer, once, parents before children.
        paths: for each owner the path by which it was reached first ("" for the root).
        parents: for each owner the index of the owner above it (-1 for the root).
        attributes: for each row (an array) its name in the owner that holds it first.
        ends: for each owner one past its last row; its first is where the owner before it ends.
        more_sites: row -> its sites after the first, as (owner, attribute).
        more_edges: (parent, child's name, child), the second and later ways to a layer. A way from a
            layer back to one above it is left out, so the graph has no circle.
        buffers: row -> whether the buffer is saved with the model; other rows are parameters.
        replaces: row -> the (owner, attribute) whose value is computed from it.
    """

    def __init__(self, adapter: Adapter, root: Any, with_buffers: bool) -> None:
        self.adapter = adapter
        self.root = root
        self.with_buffers = with_buffers
        self.owners: list[Any] = []
        self.paths: list[str] = []
        self.parents: list[int] = []
        self.attributes: list[str] = []
        self.ends: list[int] = []
        self.more_sites: dict[int, list[tuple[int, str]]] = {}
        self.more_edges: list[tuple[int, str, int]] = []
        self.buffers: dict[int, bool] = {}
        self.replaces: dict[int, tuple[int, str]] = {}

    def __len__(self) -> int:
        return len(self.attributes)

    # The walk writes neither names nor holders: in a pass of their own they cost half.

    @cached_property
    def names(self) -> list[str]:
        """For each row its first slot."""
        inner = [path + "." if path else "" for path in self.paths]
        return [
            inner[owner] + attribute for owner, attribute in zip(self.holders, self.attributes, strict=True)
        ]

    @cached_property
    def holders(self) -> list[int]:
        """For each row the index of the owner that holds it first."""
        holders: list[int] = []
        start = 0
        for owner, end in enumerate(self.ends):
            if end > start:
                holders += [owner] * (end - start)
                start = end
        return holders

    # ---- the array of a row -------------------------------------------------------------------------

    def array(self, row: int) -> Any:
        """The array that lies at a row's sites now.

        Raises:
            StaleError: there is none any more, or the sites hold different ones.
        """
        get = self.adapter.get
        array = get(self.owners[self.holders[row]], self.attributes[row])
        if array is None:
            raise StaleError(
                f"{self.names[row]!r} is in the model no more. Call refresh() on the collected parameters."
            )
        for owner, attribute in self.more_sites.get(row, ()):
            if get(self.owners[owner], attribute) is not array:
                raise StaleError(
                    f"{self.names[row]!r} was tied to {join(self.paths[owner], attribute)!r} when it was "
                    f"collected and is no more. Call refresh() to see the model as it is, or retie() to "
                    f"tie them again."
                )
        return array

    def arrays(self, rows: Iterable[int]) -> list[Any]:
        """The arrays of many rows; raises what `array` raises."""
        if self.more_sites:
            return [self.array(row) for row in rows]
        get, owners, holders, attributes = self.adapter.get, self.owners, self.holders, self.attributes
        found = [get(owners[holders[row]], attributes[row]) for row in rows]
        if id(None) in map(id, found):
            return [self.array(row) for row in rows]
        return found

    # ---- sites and slots of a row ------------------------------------------------------------------

    def places(self, row: int) -> list[tuple[int, str]]:
        """The sites of a row as (owner index, attribute)."""
        first = (self.holders[row], self.attributes[row])
        return [first, *self.more_sites.get(row, ())]

    def sites(self, row: int) -> tuple[Site, ...]:
        """The sites of a row, the one that names it first."""
        return tuple(Site(self.owners[owner], name) for owner, name in self.places(row))

    def slots(self, row: int) -> tuple[str, ...]:
        """The slots of a row in the framework's order, at most `MOST_SLOTS` of them."""
        if not self.more_sites and not self.more_edges:
            return (self.names[row],)
        return tuple(islice(self._every_slot(self.places(row)), MOST_SLOTS))

    def tied(self, row: int) -> bool:
        """Whether more than one slot leads to the row's array."""
        return row in self.more_sites or self.holders[row] in self.shared_owners

    def slot_count(self, row: int) -> int:
        """How many slots a row has, counted and not listed: it may be far above `MOST_SLOTS`."""
        return sum(self._ways(owner) for owner, _ in self.places(row))

    @cached_property
    def by_name(self) -> dict[str, int]:
        """Row by its first slot."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def by_other_name(self) -> dict[str, tuple[int, ...]]:
        """Rows by every other name that leads to them: later slots, and weights computed from them."""
        found: dict[str, tuple[int, ...]] = {}
        for row in self.rows_with_more_slots:
            for slot in self.slots(row)[1:]:
                found[slot] = (row,)
        for row, (owner, name) in self.replaces.items():
            slot = join(self.paths[owner], name)
            found[slot] = (*found.get(slot, ()), row)
        return found

    @cached_property
    def rows_with_more_slots(self) -> list[int]:
        """The rows that are tied."""
        shared = self.shared_owners
        if not shared:
            return sorted(self.more_sites)
        return [row for row in range(len(self)) if self.tied(row)]

    # ---- the layers above and below -----------------------------------------------------------------

    @cached_property
    def shared_owners(self) -> frozenset[int]:
        """Owners that more than one path leads to, those below a shared owner included."""
        found: set[int] = set()
        for _, _, child in self.more_edges:
            found.update(self.below(child))
        return frozenset(found)

    def below(self, owner: int) -> set[int]:
        """The owner and all owners below it, shared ones included."""
        if not self.more_edges:
            return set(range(owner, self.end(owner)))
        found: set[int] = set()
        todo = [owner]
        while todo:
            at = todo.pop()
            if at not in found:
                interval = range(at, self.end(at))
                found.update(interval)
                todo += (child for parent, _, child in self.more_edges if parent in interval)
        return found

    def end(self, owner: int) -> int:
        """One past the last owner that was first reached through this one."""
        at = owner + 1
        while at < len(self.owners) and self.parents[at] >= owner:
            at += 1
        return at

    def rows_below(self, owners: Iterable[int]) -> list[int]:
        """The rows that have a site in one of these owners or below it, in order."""
        if not self.more_edges and not self.more_sites:
            rows: list[int] = []
            upto = 0
            for owner in sorted(set(owners)):
                # Owners stand parents first, so holders rise and a subtree's rows are one slice.
                start = max(upto, bisect_left(self.holders, owner))
                upto = max(upto, bisect_left(self.holders, self.end(owner)))
                rows += range(start, upto)
            return rows
        inside: set[int] = set()
        for owner in owners:
            if owner not in inside:
                inside |= self.below(owner)
        return [row for row in range(len(self)) if any(at in inside for at, _ in self.places(row))]

    def _ways(self, owner: int) -> int:
        return self._way_counts[owner] if self.more_edges else 1

    @cached_property
    def _way_counts(self) -> list[int]:
        """For each owner the number of paths from the root that lead to it."""
        into: dict[int, list[int]] = {}
        for parent, _, child in self.more_edges:
            into.setdefault(child, []).append(parent)
        counts = [0] * len(self.owners)
        counts[0] = 1
        # An edge may point to an owner that was walked before its parent, so counts come from above in
        # the order of the graph, not of the walk.
        done = {0}
        todo = [(owner, False) for owner in range(len(self.owners))]
        while todo:
            owner, ready = todo.pop()
            if owner in done:
                continue
            above = [self.parents[owner], *into.get(owner, ())]
            if ready:
                done.add(owner)
                counts[owner] = sum(counts[parent] for parent in above)
            else:
                todo.append((owner, True))
                todo += ((parent, False) for parent in above if parent not in done)
        return counts

    def _every_slot(self, places: Sequence[tuple[int, str]]) -> Iterator[str]:
        """All slots that lead to these places, in the order of a walk that visits nothing once only."""
        wanted: dict[int, list[str]] = {}
        for owner, attribute in places:
            wanted.setdefault(owner, []).append(attribute)
        into: dict[int, list[int]] = {}
        below: dict[int, list[tuple[int, str]]] = {}
        for parent, _, child in self.more_edges:
            into.setdefault(child, []).append(parent)
        # Only the owners above a wanted place are entered, so each step ends in a slot.
        route: set[int] = set()
        todo = list(wanted)
        while todo:
            owner = todo.pop()
            if owner not in route and owner >= 0:
                route.add(owner)
                todo += [self.parents[owner], *into.get(owner, ())]
        for owner in sorted(route - {0}):
            below.setdefault(self.parents[owner], []).append((owner, self.step(owner)))
        for parent, name, child in self.more_edges:
            if child in route:
                below.setdefault(parent, []).append((child, name))
        for parent, children in below.items():
            if len(children) > 1 and parent in route:
                order = self.adapter.children(self.owners[parent])
                children.sort(key=lambda child: order.index(child[1]))
        stack = [(0, "")]
        while stack:
            owner, path = stack.pop()
            for attribute in wanted.get(owner, ()):
                yield join(path, attribute)
            stack += [
                (child, join(path, name) if name else path) for child, name in reversed(below.get(owner, []))
            ]

    def step(self, owner: int) -> str:
        """The name of an owner in the owner above it ("" below a wrapper)."""
        path, above = self.paths[owner], self.paths[self.parents[owner]]
        return path[len(above) :].removeprefix(".")

    @cached_property
    def index(self) -> dict[int, int]:
        """Owner's index by its `id`."""
        return {id(owner): at for at, owner in enumerate(self.owners)}

    def resolve(self, base: str, steps: Sequence[str | int]) -> tuple[str, int] | None:
        """Follow layer names, or positions among the children, from the layer at `base`.

        Returns the path that the steps make and the owner's index, or None where a step leads nowhere.
        """
        at: Any = self.root
        path = ""
        for key in [*(base.split(".") if base else []), *steps]:
            found = self.adapter.child(at, key)
            if found is None:
                return None
            name, at = found
            path = join(path, name)
        owner = self.index.get(id(at))
        return None if owner is None else (path, owner)


def join(path: str, name: str) -> str:
    """The slot of `name` in the layer at `path`."""
    return f"{path}.{name}" if path else name


class Adapter(Protocol):
    """All that a framework has to provide; arrays are the framework's own.

    A method that takes `name` raises, with that name in the message, before anything is changed.
    """

    name: str

    def walk(self, root: Any, buffers: bool) -> Tree:
        """What stands in a model."""

    def children(self, owner: Any) -> list[str]:
        """The names of a layer's children, in order."""

    def child(self, owner: Any, key: str | int) -> tuple[str, Any] | None:
        """A child by name or position, wrappers looked through; None where there is none."""

    def get(self, owner: Any, attribute: str) -> Any:
        """The array at a site, None where there is none."""

    def rebind(self, owner: Any, attribute: str, array: Any) -> None:
        """Put another array at a site."""

    # ---- what an array is

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of an array."""

    def shape(self, array: Any, owner: Any, attribute: str) -> Shape | None:
        """Its whole shape."""

    def dtype(self, array: Any) -> Any:
        """The framework's dtype."""

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """The NumPy dtype (ml_dtypes where NumPy has none) for one of the framework's."""

    def device(self, array: Any) -> Any:
        """The framework's device."""

    def floating(self, array: Any) -> bool:
        """Whether it holds real floating numbers."""

    def trainable(self, array: Any) -> bool:
        """Whether it takes gradients."""

    def no_values(self, array: Any) -> str | None:
        """Why it has no values, None where it has them."""

    def memory(self, array: Any) -> Memory | None:
        """The bytes that it covers, None where that says nothing."""

    # ---- values

    def data(self, array: Any) -> Any:
        """The live values outside autograd."""

    def grad(self, array: Any) -> Any:
        """The live gradient or None."""

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of the values."""

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A value that `write` takes; raises where it does not fit."""

    def write(self, array: Any, value: Any) -> None:
        """Put a coerced value in, in place."""

    def copy(self, array: Any) -> Any:
        """An array of its own with the same values."""

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """Set gradients to zero, in place."""

    # ---- properties

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """Check (and no more), or set, whether it takes gradients."""

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """What would change the dtype in place; None where nothing is to do."""

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """What would move it in place; None where nothing is to do."""

    # ---- initialising

    def fans(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """(fan_in, fan_out) as the layer's kind counts them; None where it has none."""

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """The array's own memory for NumPy to fill, None where NumPy cannot reach it."""

    def plain_memory(
        self, arrays: Sequence[Any], most: int
    ) -> tuple[dict[Any, tuple[list[int], list[int], list[int]]], list[int]]:
        """By dtype the places in `arrays`, addresses and sizes of those without gaps in the host's memory.

        Only those of at most `most` elements; then the places of all others.
        """

    def fill_device(self, array: Any, distribution: Any, seed: int, name: str) -> bool:
        """Fill an array from its stream where it lies; False where the host has to do it."""

    def empty_host(self, array: Any) -> np.ndarray[Any, Any]:
        """A NumPy array of the same shape and dtype, to be filled and written back."""

    def filled(self, arrays: Sequence[Any]) -> None:
        """Arrays were filled through their memory: tell the framework."""

    def seeded(self, run: Callable[[], None], seed: int) -> None:
        """Run something that draws on the framework's global generators under a seed."""

    # ---- optimizers

    def group(self, names: list[str], arrays: list[Any], options: Mapping[str, Any]) -> Any:
        """A parameter group in the framework's own form."""

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """(name or None, array) for all that an optimizer holds."""

    def exchange(self, optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[str, Any]]) -> None:
        """Take arrays out of an optimizer and put others in."""
