"""Pieces: the layers of a model in canonical form, in the order of the model, each array in one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..errors import DeferredError
from ..layouts import Held, Layout
from ..slots import Tree, join
from ..views.table import names_text

__all__ = ["NEUTRAL", "Piece", "Pieces", "pieces_of"]

Array = np.ndarray[Any, Any]

# What an array that a layer does not have amounts to.
NEUTRAL = {"bias": 0, "recurrent_bias": 0, "scale": 1}

_MOST = 20_000  # layers nested in shared layers can make 2^n of them


class Piece:
    """One layer in canonical form.

    Attributes:
        path: of the layer in the model, with the step of a part of it ("encoder.attn.query").
        place: the same with the numbers of children counted among those that hold arrays.
        layout: what kind it is and where its arrays lie.
        rows: canonical name -> row of the tree.
        required: whether its arrays have to find a place; a buffer that no layer explains need not.
    """

    def __init__(self, tree: Tree, path: str, place: str, layout: Layout, rows: Mapping[str, int]) -> None:
        self.tree = tree
        self.path = path
        self.place = place
        self.layout = layout
        self.rows = dict(rows)
        self.required = layout.kind != "array" or any(row not in tree.buffers for row in rows.values())

    @property
    def kind(self) -> str:
        """The kind of layer."""
        return self.layout.kind

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.path or type(self.tree.root).__name__

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of its canonical arrays."""
        found = {}
        for name, row in self.rows.items():
            shape: Any = self.tree.facts(row, self.tree.array(row)).shape
            # A view of one byte that stands for all elements: nothing is allocated.
            found[name] = self.layout.arrays[name].view(np.broadcast_to(np.uint8(0), shape)).shape
        return found

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """What has to agree where layers are matched by their order."""
        sizes = {
            n: s for n, s in self.shapes.items() if n.partition(".")[0] not in NEUTRAL and n != "batches"
        }
        if not sizes:
            sizes = {"": next(iter(self.shapes.values()))}
        own = self.layout.step if self.kind == "array" else ""
        return self.kind, self.layout.role, own, tuple(sorted(sizes.items()))

    def sizes_text(self) -> str:
        """The sizes as a person reads them."""
        *_, sizes = self.signature
        return ", ".join(f"{name} {shape}".strip() for name, shape in sizes[:2])

    def check_values(self) -> None:
        """Raise DeferredError where an array has no values, or no shape."""
        for row in self.rows.values():
            reason = self.tree.adapter.no_values(self.tree.array(row))
            if reason:
                raise DeferredError(f"{self.tree.names[row]!r} cannot be transferred: {reason}.")


class Pieces(NamedTuple):
    """All layers of a model.

    Attributes:
        all: in the model's order, those without arrays too.
        sequences: the paths of containers whose children run in order.
        written: whether a layer's children stand in the order in which they were written.
    """

    all: list[Piece]
    sequences: set[str]
    written: bool

    @property
    def filled(self) -> list[Piece]:
        """Those that hold arrays to transfer."""
        return [piece for piece in self.all if piece.rows and piece.kind != "random"]


def pieces_of(tree: Tree) -> Pieces:
    """The layers of a model in canonical form.

    Raises:
        DeferredError: a layer is not built, so nobody knows what it will hold.
    """
    if tree.unbuilt:
        names = names_text([tree.names[row].removesuffix(".?") for row in sorted(tree.unbuilt)])
        raise DeferredError(
            f"not built yet, so their arrays are not there to transfer: {names}. Run the model once on "
            f"a batch, or build it with its input's shape."
        )
    return _Walk(tree).run()


class _Walk:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._held: list[list[tuple[str, int]]] = [[] for _ in tree.owners]
        for row in range(len(tree)):
            for owner, attribute in tree.places(row):
                self._held[owner].append((attribute, row))
        self._below: list[list[tuple[str, int]]] = [[] for _ in tree.owners]
        for at, above in enumerate(tree.parents):
            if above >= 0:
                self._below[above].append((tree.steps[at], at))
        for above, name, at in tree.more_edges:
            self._below[above].append((name, at))
        for above in {above for above, *_ in tree.more_edges}:
            order = {name: at for at, name in enumerate(tree.adapter.children(tree.owners[above]))}
            self._below[above].sort(key=lambda found: order.get(found[0], len(order)))
        self._full = [bool(held) for held in self._held]
        for at in range(len(tree.owners) - 1, -1, -1):
            self._full[at] |= any(self._full[child] for _, child in self._below[at])
        self._found = Pieces([], set(), tree.adapter.written)
        self._claimed: set[str] = set()
        self._seen: set[int] = set()

    def run(self) -> Pieces:
        # (owner, path, place), the next on top: a model may be deeper than Python's stack.
        waiting = [(0, "", "")] if self._tree.owners else []
        while waiting:
            owner, path, place = waiting.pop()
            if owner in self._seen and len(self._found.all) > _MOST:
                continue
            self._seen.add(owner)
            self._visit(owner, path, place)
            numbered = 0
            below = []
            for name, child in self._below[owner]:
                step = name
                if name.isdigit() and self._full[child]:
                    step, numbered = str(numbered), numbered + 1
                below.append((child, join(path, name), join(place, step)))
            waiting += reversed(below)
        return self._found

    def _visit(self, owner: int, path: str, place: str) -> None:
        layouts = self._layouts(owner, path)
        found = []
        known: set[str] = set()
        for layout in layouts:
            if layout.kind == "sequence":
                self._found.sequences.add(path)
                continue
            held_in = {name: self._row(owner, held) for name, held in layout.arrays.items()}
            rows = {name: row for name, row in held_in.items() if row is not None}
            # An array that is computed from others (a parametrization) is no array of the model.
            if len(rows) < len(held_in):
                continue
            known |= {join(path, held.site) for held in layout.arrays.values()}
            found.append(self._as_it_is(layout, rows) if self._stacked(rows) else (layout, rows))
        self._claimed |= known
        for attribute, row in self._held[owner]:
            if join(path, attribute) not in self._claimed:
                found.append((Layout("array", {attribute: Held(attribute)}, attribute), {attribute: row}))
        for layout, rows in found:
            step = layout.step
            self._found.all.append(
                Piece(
                    self._tree,
                    join(path, step) if step else path,
                    join(place, step) if step else place,
                    layout,
                    rows,
                )
            )
        if not layouts and not self._below[owner] and not self._held[owner]:
            self._found.all.append(Piece(self._tree, path, place, Layout("opaque"), {}))

    def _stacked(self, rows: Mapping[str, int]) -> bool:
        """Whether several layers are kept as one, so that no view of a layer is one of these arrays."""
        tree = self._tree
        for row in rows.values():
            shape: Any = tree.facts(row, tree.array(row)).shape
            if tree.adapter.stacked(tree.owners[tree.holders[row]], tree.attributes[row], shape):
                return True
        return False

    def _as_it_is(self, layout: Layout, rows: Mapping[str, int]) -> tuple[Layout, dict[str, int]]:
        """A layer that goes to its like alone: its arrays are not turned."""
        sites = {held.site: rows[name] for name, held in layout.arrays.items()}
        kind = f"{layout.kind}, stacked in {self._tree.adapter.name}"
        return layout._replace(kind=kind, arrays={site: Held(site) for site in sites}), sites

    def _layouts(self, owner: int, path: str) -> Sequence[Layout]:
        """The layer's layouts, but those that a layer above it gave already."""
        layer = self._tree.owners[owner]
        says = getattr(type(layer), "__glueball_layout__", None)
        layouts: Sequence[Layout] = self._tree.adapter.layout(layer) if says is None else says(layer)
        return [
            layout
            for layout in layouts
            if not any(join(path, held.site) in self._claimed for held in layout.arrays.values())
        ]

    def _row(self, owner: int, held: Held) -> int | None:
        *steps, attribute = held.site.split(".")
        for step in steps:
            owner = dict(self._below[owner]).get(step, -1)
            if owner < 0:
                return None
        return dict(self._held[owner]).get(attribute)
