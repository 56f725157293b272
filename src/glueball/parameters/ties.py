"""Ties: making one array of two parameters, making two of one, and finding arrays that share memory.

A tie is one object in several places. An alias is the same memory under different objects, as
`load_state_dict(assign=True)` leaves it: the values agree, the gradients do not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import TieError
from ..slots import Memory, Tree, join
from .parameter import Parameter

__all__ = ["Aliases", "Exchange"]


class Exchange:
    """What tying or untying changed, and what an optimizer that was built before must do about it.

    Attributes:
        drop: tensors that are in the model no more.
        add: (name, tensor) for tensors that are new in it.

    It is true when there is something to do.
    """

    def __init__(self, drop: Sequence[tuple[str, Any]], add: Sequence[tuple[str, Any]], adapter: Any) -> None:
        self._dropped = [name for name, _ in drop]
        self.drop = [tensor for _, tensor in drop]
        self.add = list(add)
        self._adapter = adapter

    def __bool__(self) -> bool:
        return bool(self.drop or self.add)

    def apply(self, optimizer: Any) -> None:
        """Let an optimizer drop and add: new tensors join the group that lost one (else the first)."""
        self._adapter.exchange(optimizer, self.drop, self.add)

    def __repr__(self) -> str:
        if not self:
            return "Exchange: an optimizer has nothing to do"
        drop = ", ".join(self._dropped) or "nothing"
        add = ", ".join(name for name, _ in self.add) or "nothing"
        return f"Exchange: an optimizer must drop {drop}; add {add}"


class Aliases(NamedTuple):
    """Parameters that share memory without being tied.

    Attributes:
        groups: names whose arrays are the same memory, shape and strides; `retie()` ties them.
        overlaps: pairs whose memory overlaps in part; nothing mends those but making one of them a copy.
    """

    groups: tuple[tuple[str, ...], ...]
    overlaps: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.groups or self.overlaps)

    def __str__(self) -> str:
        lines = [f"same memory, not tied: {', '.join(names)}" for names in self.groups]
        lines += [f"memory overlaps in part: {a}, {b}" for a, b in self.overlaps]
        return "\n".join(lines) or "no aliases"


def tie(first: Parameter, to: Parameter) -> Exchange:
    """Put the array of `to` in every site of `first`."""
    adapter = first._tree.adapter
    old, new = first.tensor(), to.tensor()
    if old is new:
        return Exchange([], [], adapter)
    for what, a, b in (
        ("shape", first.shape, to.shape),
        ("dtype", first.dtype, to.dtype),
        ("device", first.device, to.device),
        ("kind", first.kind, to.kind),
    ):
        if a != b:
            hint = " Transposed weights are tied in the layer's forward, by using one of them as weight.T."
            raise TieError(
                f"{first.name!r} cannot be tied to {to.name!r}: {what} {a} is not {b}."
                + (hint if first.shape != to.shape and first.shape == (to.shape or ())[::-1] else "")
            )
    for owner, attribute in first.sites:
        adapter.rebind(owner, attribute, new)
    return Exchange([(first.name, old)], [], adapter)


def untie(tree: Tree, row: int, slot: str) -> Exchange:
    """Give the site behind one slot a copy of its own."""
    places = tree.places(row)
    here = [(owner, name) for owner, name in places if _leads_to(tree, owner, name, slot)]
    owner, attribute = here[0]
    if tree.slot_count(row) == 1:
        raise TieError(f"{slot!r} is not tied, so there is nothing to untie.")
    if owner in tree.sharing.shared:
        kind = type(tree.owners[owner]).__name__
        raise TieError(
            f"{slot!r} cannot be untied: the {kind} that holds it is itself used in several places. "
            f"Put a copy of the layer in one of them: copy.deepcopy(layer)."
        )
    adapter = tree.adapter
    holder = tree.owners[owner]
    twin = adapter.copy(adapter.get(holder, attribute))
    adapter.rebind(holder, attribute, twin)
    return Exchange([], [(slot, twin)], adapter)


def _leads_to(tree: Tree, owner: int, attribute: str, slot: str) -> bool:
    if join(tree.paths[owner], attribute) == slot:
        return True
    path, _, last = slot.rpartition(".")
    if last != attribute:
        return False
    found = tree.resolve("", path.split(".") if path else [])
    return found is not None and _same_layer(tree, found[1], owner)


def _same_layer(tree: Tree, outer: int, inner: int) -> bool:
    """Whether two owners are one layer, one perhaps the wrapper of the other."""
    while inner > outer and tree.steps[inner] == "":
        inner = tree.parents[inner]
    return inner == outer


def find_aliases(parameters: Sequence[Parameter]) -> Aliases:
    """Look for arrays that share memory under different objects."""
    views: dict[Any, list[str]] = {}
    blocks: dict[Any, list[tuple[int, int, str, Memory]]] = {}
    for parameter in parameters:
        memory = parameter._tree.adapter.memory(parameter.tensor())
        if memory is not None:
            views.setdefault(memory.view, []).append(parameter.name)
            blocks.setdefault(memory.block, []).append((memory.start, memory.stop, parameter.name, memory))
    overlaps = []
    for pieces in blocks.values():
        pieces.sort(key=lambda piece: piece[:2])
        for at, (_, stop, name, memory) in enumerate(pieces):
            for other_start, _, other_name, other in pieces[at + 1 :]:
                if other_start >= stop:
                    break
                if other.view != memory.view:
                    overlaps.append((name, other_name))
    return Aliases(tuple(tuple(names) for names in views.values() if len(names) > 1), tuple(overlaps))


def retie(tree: Tree, rows: Sequence[int], handle: Any) -> Exchange:
    """Make one object again of every tie that was collected and is broken, and of every alias."""
    tree.check_ways()
    adapter = tree.adapter
    drop: dict[int, tuple[str, Any]] = {}
    add: dict[int, tuple[str, Any]] = {}
    for row in rows:
        (owner, attribute), *others = tree.places(row)
        kept = adapter.get(tree.owners[owner], attribute)
        for other, name in others:
            array = adapter.get(tree.owners[other], name)
            if array is not None and array is not kept:
                if adapter.shape(array, None, name) != adapter.shape(kept, None, attribute):
                    raise TieError(
                        f"{join(tree.paths[other], name)!r} cannot be tied to {tree.names[row]!r} again: "
                        f"their shapes differ now. Call refresh() to accept that."
                    )
                drop[id(array)] = (join(tree.paths[other], name), array)
                add[id(kept)] = (tree.names[row], kept)
                adapter.rebind(tree.owners[other], name, kept)
    parameters = {tree.names[row]: handle(row) for row in rows}
    for first, *copies in find_aliases(list(parameters.values())).groups:
        kept = parameters[first].tensor()
        add[id(kept)] = (first, kept)
        for copy in copies:
            array = parameters[copy].tensor()
            drop[id(array)] = (copy, array)
            for owner, attribute in parameters[copy].sites:
                adapter.rebind(owner, attribute, kept)
    return Exchange(list(drop.values()), list(add.values()), adapter)
