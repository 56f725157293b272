"""Where parameters live: sites, slots, and the tree that a walk over a model finds.

- A **site** is an owner and an attribute, the place where an array really lies. Writes and gradients
  go there.
- A **slot** is a dotted path from the collected root to a site. A layer that is used twice has one
  site and two slots; two layers that were given one array have two sites and two slots.
- A **tree** is what one walk over a model found, kept in columns: a few long lists, and no object for
  each parameter. A model of 20,000 parameters is collected in milliseconds because nothing is built
  for a parameter until somebody asks for it. (Objects made at once cost ten times the walk, in the
  garbage collector.)

Invariants of a tree: owners stand in the framework's own order, parents before children, so all that
lies below an owner is one interval of `owners` (sharing aside); a row is one array and stands where its
first slot stands; arrays themselves are not held, they are read from their site each time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple
from weakref import ref

from .adapter import Adapter, Facts
from .errors import StaleError
from .sharing import Sharing

__all__ = ["MOST_SLOTS", "Site", "Tree"]

MOST_SLOTS = 1000
"""Slots listed for one parameter. Layers nested in shared layers can give one array 2^n of them."""


class Site(NamedTuple):
    """The place where an array lies: `getattr(owner, attribute)`."""

    owner: Any
    attribute: str


class Tree:
    """What one walk found, in columns.

    Attributes:
        adapter: the framework's adapter, for everything that touches an array.
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
        computes: (owner, attribute) of a site -> the (owner, attribute) whose value is computed from it.
        unbuilt: rows that stand for what a layer will hold once it is built; their attribute is "?".
        attached: row -> a gradient that the framework itself keeps nowhere.
    """

    def __init__(self, adapter: Adapter, root: Any, with_buffers: bool) -> None:
        self.adapter = adapter
        self._root = root
        self.with_buffers = with_buffers
        self.owners: list[Any] = []
        self.paths: list[str] = []
        self.parents: list[int] = []
        self.attributes: list[str] = []
        self.ends: list[int] = []
        self.more_sites: dict[int, list[tuple[int, str]]] = {}
        self.more_edges: list[tuple[int, str, int]] = []
        self.buffers: dict[int, bool] = {}
        self.computes: dict[tuple[int, str], tuple[int, str]] = {}
        self.unbuilt: set[int] = set()
        self.attached: dict[int, Any] = {}
        self._index: tuple[int, dict[int, int]] | None = None
        self._weak: tuple[int, list[Callable[[], Any]]] | None = None

    @property
    def root(self) -> Any:
        """The model: of an immutable one what it is now."""
        return self.owners[0] if self.owners else self._root

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

    @property
    def weak_owners(self) -> list[Callable[[], Any]]:
        """Weak references to the owners; what refers to nothing for those that take none (dicts, tuples)."""
        version = self.adapter.version
        if self._weak is None or self._weak[0] != version:
            try:
                found: list[Callable[[], Any]] = list(map(ref, self.owners))
            except TypeError:
                found = [_weak(owner) for owner in self.owners]
            self._weak = version, found
        return self._weak[1]

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
        self.check_way(self.holders[row])
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

    def facts(self, row: int, array: Any) -> Facts:
        """What a table says of a row's array."""
        return self.adapter.facts(array, self.owners[self.holders[row]], self.attributes[row])

    def arrays(self, rows: Iterable[int]) -> list[Any]:
        """The arrays of many rows; raises what `array` raises."""
        self.check_ways()
        if self.more_sites:
            return [self.array(row) for row in rows]
        rows = list(rows)
        owners, holders, attributes = self.owners, self.holders, self.attributes
        if len(rows) == len(attributes) and rows == list(range(len(rows))):
            found = self.adapter.get_many(owners, holders, attributes)
        else:
            found = [self.adapter.get(owners[holders[row]], attributes[row]) for row in rows]
        if id(None) in map(id, found):
            return [self.array(row) for row in rows]
        return found

    @cached_property
    def steps(self) -> list[str]:
        """For each owner its name in the owner above it ("" below a wrapper, and for the root)."""
        paths = self.paths
        return [
            path[len(paths[above]) :].removeprefix(".") if above >= 0 else ""
            for path, above in zip(paths, self.parents, strict=True)
        ]

    def check_way(self, owner: int) -> None:
        """Raise StaleError where a layer on the way from the root to an owner was replaced."""
        holds, owners, parents = self.adapter.holds, self.owners, self.parents
        while owner:
            above = parents[owner]
            if not holds(owners[above], self.steps[owner], owners[owner]):
                raise StaleError(
                    f"the layer {self.paths[owner]!r} was replaced since its parameters were collected. "
                    f"Call refresh() to see the model as it is."
                )
            owner = above

    def check_ways(self) -> None:
        """Raise StaleError where any layer was replaced; for a verb on many parameters, in one pass."""
        # Most stand where they stood, under the same parent; only where one does not, names are asked.
        owners, inside = self.owners, self.adapter.inside
        below: dict[int, set[int]] = {}
        for owner, above in enumerate(self.parents):
            if above >= 0:
                if above not in below:
                    below[above] = inside(owners[above])
                if id(owners[owner]) not in below[above]:
                    self.check_way(owner)

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
        return self._slots_of(self.places(row))

    def _slots_of(self, places: Sequence[tuple[int, str]]) -> tuple[str, ...]:
        held: dict[int, list[str]] = {}
        for owner, attribute in places:
            held.setdefault(owner, []).append(attribute)
        ways = self.sharing.every_way(
            held, self.steps.__getitem__, lambda at: self.adapter.children(self.owners[at])
        )
        every = (join(path, attribute) for owner, path in ways for attribute in held[owner])
        return tuple(islice(every, MOST_SLOTS))

    def computed(self, row: int) -> list[tuple[int, str]]:
        """The (owner, attribute) whose values are computed from a row."""
        return [self.computes[place] for place in self.places(row) if place in self.computes]

    def computed_slots(self, row: int) -> tuple[str, ...]:
        """The slots whose values are computed from a row, at most `MOST_SLOTS`."""
        return self._slots_of(self.computed(row))

    def tied(self, row: int) -> bool:
        """Whether more than one slot leads to the row's array."""
        return row in self.more_sites or self.holders[row] in self.sharing.shared

    def slot_count(self, row: int) -> int:
        """How many slots a row has, counted and not listed: it may be far above `MOST_SLOTS`."""
        return sum(self.sharing.ways[owner] for owner, _ in self.places(row))

    @cached_property
    def by_name(self) -> dict[str, int]:
        """Row by its first slot."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def by_other_name(self) -> dict[str, tuple[int, ...]]:
        """Rows by every other name that leads to them: later slots, weights computed from them, own names."""
        found: dict[str, tuple[int, ...]] = {}
        for row in self.rows_with_more_slots:
            for slot in self.slots(row)[1:]:
                found[slot] = (row,)
        for row in range(len(self)) if self.computes else ():
            for slot in self.computed_slots(row):
                found[slot] = (*found.get(slot, ()), row)
        for row, name in self.own_names.items():
            if name not in self.by_name:
                found[name] = (*found.get(name, ()), row)
        return found

    def rows_named(self, slot: str) -> tuple[int, ...]:
        """The rows that a name leads to: a slot, a layer's own name, a way with positions in it."""
        row = self.by_name.get(slot)
        if row is not None:
            return (row,)
        rows = self.by_other_name.get(slot, ())
        path, _, attribute = slot.rpartition(".")
        if rows or not path:
            return rows
        found = self.resolve("", path.split("."))
        if found is None:
            return ()
        site = found[1], attribute
        return tuple(row for row in self.rows_below([found[1]]) if site in self.places(row))

    @cached_property
    def own_names(self) -> dict[int, str]:
        """By row the name that its layer has for it, where that has names of its own (Gluon's)."""
        names = self.adapter.own_names(self.owners)
        if not names:
            return {}
        return {
            row: names[owner][attribute]
            for row, (owner, attribute) in enumerate(zip(self.holders, self.attributes, strict=True))
            if owner in names and attribute in names[owner]
        }

    @cached_property
    def rows_with_more_slots(self) -> list[int]:
        """The rows that are tied."""
        if not self.more_edges:
            return sorted(self.more_sites)
        return [row for row in range(len(self)) if self.tied(row)]

    # ---- the layers above and below -----------------------------------------------------------------

    @cached_property
    def sharing(self) -> Sharing:
        """The graph of the layers, for what is below one and for all the ways to it."""
        return Sharing(self.parents, self.more_edges)

    def rows_below(self, owners: Iterable[int]) -> list[int]:
        """The rows that have a site in one of these owners or below it, in order."""
        if not self.more_edges and not self.more_sites:
            rows: list[int] = []
            upto = 0
            for owner in sorted(set(owners)):
                # Owners stand parents first, so holders rise and a subtree's rows are one slice.
                start = max(upto, bisect_left(self.holders, owner))
                upto = max(upto, bisect_left(self.holders, self.sharing.end(owner)))
                rows += range(start, upto)
            return rows
        inside: set[int] = set()
        for owner in owners:
            if owner not in inside:
                inside |= self.sharing.below(owner)
        return [row for row in range(len(self)) if any(at in inside for at, _ in self.places(row))]

    @property
    def index(self) -> dict[int, int]:
        """Owner's index by its `id`."""
        version = self.adapter.version
        if self._index is None or self._index[0] != version:
            self._index = version, {id(owner): at for at, owner in enumerate(self.owners)}
        return self._index[1]

    def resolve(self, base: str, steps: Sequence[str | int]) -> tuple[str, int] | None:
        """Follow layer names, or positions among the children, from the layer at `base`.

        Returns the path that the steps make and the owner's index, or None where a step leads nowhere.
        """
        at: Any = self.root
        path = ""
        todo = [*(base.split(".") if base else []), *steps][::-1]
        while todo:
            key = todo.pop()
            found = self.adapter.child(at, key)
            while found is None and todo:  # a dict's key may have dots
                key = f"{key}.{todo.pop()}"
                found = self.adapter.child(at, key)
            if found is None:
                return None
            name, at = found
            path = join(path, name)
        owner = self.index.get(id(at))
        return None if owner is None else (path, owner)


def _weak(owner: Any) -> Callable[[], Any]:
    try:
        return ref(owner)
    except TypeError:
        return _nothing


def _nothing() -> None:
    return None


def join(path: str, name: str) -> str:
    """The slot of `name` in the layer at `path`."""
    return f"{path}.{name}" if path else name
