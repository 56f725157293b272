"""Snapshot: the values of parameters as they were, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...adapter import Shape
from ...errors import NameNotFoundError
from ...patterns import nearest
from ...views.table import bytes_text, plural
from ..files.whole import saved_rows

if TYPE_CHECKING:
    from ..selection import Selection

__all__ = ["Snapshot", "take"]


class Snapshot(Mapping[str, np.ndarray[Any, Any]]):
    """Values by name, in the model's order; arrays that cannot be written to, on the host.

    Every slot of a tied parameter is found; iterating gives the first of each.

    Attributes:
        slots: name -> all the slots that led to the array.
        absent: name -> (shape, dtype, why) of parameters that had no values.

    >>> import glueball as gb, torch
    >>> layer = torch.nn.Linear(4, 8)
    >>> params = gb.collect_params(layer)
    >>> before = params.snapshot()
    >>> _ = layer.weight.data.mul_(1.5)
    >>> [(row.name, row.status, round(row.relative, 6)) for row in gb.diff(before, params)]
    [('weight', 'changed', 0.5), ('bias', 'same', 0.0)]
    """

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray[Any, Any]],
        slots: Mapping[str, tuple[str, ...]],
        absent: Mapping[str, tuple[Shape | None, str, str]],
    ) -> None:
        self._arrays = dict(arrays)
        self.slots, self.absent = dict(slots), dict(absent)
        self._first = {slot: name for name, some in slots.items() for slot in some if name in self._arrays}

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        first = self._first.get(name)
        if first is not None:
            return self._arrays[first]
        if name in self.absent:
            raise NameNotFoundError(
                f"{name!r} had no values when the snapshot was taken: {self.absent[name][2]}."
            )
        near = ", ".join(nearest(name, list(self._first))) or "none"
        raise NameNotFoundError(f"no parameter {name!r} in the snapshot; nearest: {near}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._first

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other  # equality of values is what gb.diff says

    def __repr__(self) -> str:
        size = bytes_text(sum(array.nbytes for array in self._arrays.values()))
        waiting = f", {len(self.absent):,} without values" if self.absent else ""
        return f"<Snapshot of {plural(len(self), 'parameter')}, {size}{waiting}>"


def take(selection: Selection) -> Snapshot:
    """The values of a selection, copied."""
    collection, rows = saved_rows(selection)
    tree = collection.tree
    adapter, names = tree.adapter, tree.names
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    slots: dict[str, tuple[str, ...]] = {}
    absent: dict[str, tuple[Shape | None, str, str]] = {}
    for row, array in zip(rows, tree.arrays(rows), strict=True):
        slots[names[row]] = tree.slots(row)
        why = adapter.no_values(array)
        if why:
            facts = tree.facts(row, array)
            absent[names[row]] = facts.shape, facts.dtype, why
            continue
        copied = adapter.numpy(array)
        copied.flags.writeable = False
        arrays[names[row]] = copied
    return Snapshot(arrays, slots, absent)
