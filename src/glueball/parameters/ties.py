"""Ties: making one array of two parameters, making two of one, and finding arrays that share memory.

A tie is one object in several places. An alias is the same memory under different objects, as
`load_state_dict(assign=True)` leaves it: the values agree, the gradients do not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..adapter import Memory
from ..errors import TieError
from ..slots import Tree, join
from ..views.table import names_text
from .collection import Collection
from .parameter import Parameter

__all__ = ["Aliases", "Exchange"]


class Exchange:
    """What tying or untying changed, and what an optimizer that was built before must do about it.

    Attributes:
        drop: tensors that are in the model no more.
        add: tensors that are new in it.

    It is true when there is something to do.
    """

    def __init__(
        self,
        collection: Collection,
        drop: Sequence[tuple[str, Any]] = (),
        add: Sequence[tuple[str, Any, Any]] = (),
    ) -> None:
        self._collection = collection
        self._dropped, self._added = [name for name, _ in drop], [name for name, *_ in add]
        self._sources = collection.tree.adapter.own([source for *_, source in add])
        own = collection.tree.adapter.own
        self.drop = own([tensor for _, tensor in drop])
        self.add = own([tensor for _, tensor, _ in add])

    def __bool__(self) -> bool:
        return bool(self.drop or self.add)

    def apply(self, optimizer: Any) -> None:
        """Let an optimizer drop and add, and use the names that the parameters have now.

        A new tensor joins the group of the tensor that it is a copy of; its state starts anew.
        """
        adapter = self._collection.tree.adapter
        adapter.held(optimizer)  # says so if it is none
        add = list(zip(self.add, self._sources, strict=True))
        adapter.exchange(optimizer, self.drop, add, self._collection.names_of())

    def __repr__(self) -> str:
        if not self:
            return "Exchange: an optimizer has nothing to do"
        drop, add = (names_text(names) or "nothing" for names in (self._dropped, self._added))
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
        lines += [f"memory that may overlap in part: {a}, {b}" for a, b in self.overlaps]
        return "\n".join(lines) or "no aliases"


def tie(collection: Collection, first: Parameter, to: Parameter) -> Exchange:
    """Put the array of `to` in every site of `first`."""
    old, new = first._array(), to._array()
    if old is new:
        return Exchange(collection)
    _check(first, to)
    _rebind(first, to)
    return Exchange(collection, [(first.name, old)])


def _rebind(first: Parameter, to: Parameter) -> None:
    """Put the array of `to` at the sites of `first`, of which each may put new owners into the tree."""
    tree, new = first._tree, to._array()
    for at, attribute in tree.places(first._row):
        tree.adapter.rebind(tree.owners[at], attribute, new, to.sites[0])


def _check(first: Parameter, to: Parameter) -> None:
    """Raise TieError where two parameters cannot be one array."""
    for what, a, b in (
        ("shape", first.shape, to.shape),
        ("dtype", first.dtype, to.dtype),
        ("device", first.device, to.device),
        ("kind", first.kind, to.kind),
    ):
        if a != b:
            turned = what == "shape" and first.shape == (to.shape or ())[::-1]
            hint = " Transposed weights are tied in the layer's forward, by using one of them as weight.T."
            raise TieError(
                f"{first.name!r} cannot be tied to {to.name!r}: {what} {a} is not {b}." + hint * turned
            )


def untie(collection: Collection, row: int, slot: str) -> Exchange:
    """Give the site behind one slot a copy of its own."""
    tree = collection.tree
    if tree.slot_count(row) == 1:
        raise TieError(f"{slot!r} is not tied, so there is nothing to untie.")
    owner, attribute = next(place for place in tree.places(row) if _leads_to(tree, *place, slot))
    if owner in tree.sharing.shared:
        kind = type(tree.owners[owner]).__name__
        raise TieError(
            f"{slot!r} cannot be untied: the {kind} that holds it is itself used in several places. "
            f"Put a copy of the layer in one of them: copy.deepcopy(layer)."
        )
    source = tree.array(row)
    twin = tree.adapter.copy(source)
    tree.adapter.rebind(tree.owners[owner], attribute, twin)
    return Exchange(collection, add=[(slot, twin, source)])


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
        memory = parameter._tree.adapter.memory(parameter._array())
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


def retie(collection: Collection, rows: Sequence[int]) -> Exchange:
    """Make one object again of every tie that was collected and is broken, and of every alias.

    The model is walked anew; what is to be tied is known by slots: from the collection, from the aliases
    that were found earlier in it, and from those found now. All is checked before the first is rebound.
    """
    old = collection.tree
    now = Collection(collection.walk())
    wanted = [old.slots(row) for row in rows if old.tied(row)]
    found = find_aliases([now.handle(row) for row in range(len(now.tree))])
    inside = {slot for row in rows for slot in old.slots(row)}
    wanted += [names for names in (*collection.aliases, *found.groups) if inside.issuperset(names)]
    pairs: list[tuple[Parameter, Parameter]] = []
    for names in wanted:
        here = [row for name in names if (row := now.tree.by_name.get(name)) is not None]
        for row in here[1:]:
            if row != here[0] and all(pair[0]._row != row for pair in pairs):
                pairs.append((now.handle(row), now.handle(here[0])))
    for first, to in pairs:
        _check(first, to)
    drop, add = [], []
    for first, to in pairs:
        drop.append((first.name, first._array()))
        add.append((to.name, to._array(), first._array()))
        _rebind(first, to)
    return Exchange(collection, drop, add)
