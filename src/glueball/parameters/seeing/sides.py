"""What can be compared, a model, its parameters, a snapshot, a file: as named arrays, read one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...adapter import Shape
from ...errors import MeasureError, PatternError, UnknownModelError
from ...frameworks import adapter_for, adapter_named
from ..collect import collect_params
from ..files.renaming import Rename
from ..files.renaming import renamed as new_names
from ..files.whole import saved_rows
from ..selection import Selection
from .snapshots import Snapshot

if TYPE_CHECKING:
    from ...checkpoints.base import Checkpoint

__all__ = ["Item", "Side", "renamed", "side_of"]


@dataclass(frozen=True, slots=True)
class Item:
    """One array of a side.

    Attributes:
        name: its first.
        slots: all its names.
        shape: None, or with None in it, where it is not known.
        dtype: its name.
        read: gives the values, read-only, where they lie if that can be; None where there are none.
    """

    name: str
    slots: tuple[str, ...]
    shape: Shape | None
    dtype: str
    read: Callable[[], np.ndarray[Any, Any]] | None


class Side:
    """Named arrays.

    Args:
        title: what they are, for the head of a table.
        items: in order.
    """

    def __init__(self, title: str, items: Sequence[Item]) -> None:
        self.title, self.items = title, list(items)
        self.by_slot = {slot: item for item in items for slot in item.slots}
        self.by_slot |= {item.name: item for item in items}


def side_of(given: Any) -> Side:
    """What is given, as a side; a path is opened.

    Raises:
        MeasureError: nothing can be compared of it.
        FileFormatError, OSError: a path cannot be opened.
    """
    from ...checkpoints.base import Checkpoint  # formats are imported when a file is opened
    from ...checkpoints.opening import open_file

    if isinstance(given, Side):
        return given
    if isinstance(given, (str, os.PathLike)):
        given = open_file(given)
    if isinstance(given, Checkpoint):
        return _of_file(given)
    if isinstance(given, Snapshot):
        return _of_snapshot(given)
    if isinstance(given, Selection):
        return _of_parameters(given)
    if isinstance(given, Mapping) and _flat(given):
        return _of_mapping(given)
    try:
        adapter_for(given)
    except UnknownModelError:
        raise MeasureError(
            f"a {type(given).__name__} cannot be compared: give a model, collected parameters, a snapshot, "
            f"arrays by name, an opened file or a path."
        ) from None
    return _of_parameters(collect_params(given))


def _of_file(file: Checkpoint) -> Side:
    names: dict[str, list[str]] = {name: [name] for name in file}
    for alias, name in file.aliases.items():
        names[name].append(alias)
    items = [
        Item(name, tuple(slots), file[name].shape, file[name].dtype.name, file.lazy(name).make)
        for name, slots in names.items()
    ]
    return Side(os.path.basename(file.path) or file.path, items)


def _of_snapshot(snapshot: Snapshot) -> Side:
    items = []
    for name, slots in snapshot.slots.items():
        if name in snapshot.absent:
            shape, dtype, _ = snapshot.absent[name]
            items.append(Item(name, slots, shape, dtype, None))
        else:
            array = snapshot[name]
            items.append(Item(name, slots, array.shape, array.dtype.name, partial(_itself, array)))
    return Side("the snapshot", items)


def _of_parameters(params: Selection) -> Side:
    collection, rows = saved_rows(params)
    tree = collection.tree
    adapter = tree.adapter
    items = []
    for row, array in zip(rows, tree.arrays(rows), strict=True):
        facts = tree.facts(row, array)
        read = None if adapter.no_values(array) else partial(adapter.view, array)
        items.append(Item(tree.names[row], tree.slots(row), facts.shape, facts.dtype, read))
    root = tree.root
    return Side(str(getattr(root, "path", "") or type(root).__name__), items)


def _of_mapping(arrays: Mapping[str, Any]) -> Side:
    slots: dict[Any, list[str]] = {}
    for name, array in arrays.items():
        # A state dict has an object of its own for each name; one memory makes them one.
        memory = adapter_named("torch").memory(array) if _of_torch(array) else None
        slots.setdefault(id(array) if memory is None else memory.view, []).append(name)
    items = []
    for names in slots.values():
        try:
            array = _values(arrays[names[0]])
        except (TypeError, ValueError) as error:
            raise MeasureError(f"{names[0]!r} cannot be compared: {error}.") from None
        if array.dtype.kind in "OUSMm":
            kind = type(arrays[names[0]]).__name__
            raise MeasureError(f"{names[0]!r} cannot be compared: a {kind} is no array of numbers.")
        items.append(Item(names[0], tuple(names), array.shape, array.dtype.name, partial(_itself, array)))
    return Side("the arrays", items)


def _flat(given: Mapping[Any, Any]) -> bool:
    return all(
        isinstance(name, str) and not isinstance(value, (Mapping, list, tuple))
        for name, value in given.items()
    )


def _values(array: Any) -> np.ndarray[Any, Any]:
    """An array of any framework; torch's need help with the dtypes that NumPy has not."""
    return adapter_named("torch").view(array) if _of_torch(array) else np.asarray(array)


def _of_torch(array: Any) -> bool:
    return any((cls.__module__, cls.__qualname__) == ("torch", "Tensor") for cls in type(array).__mro__)


def _itself(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array


def renamed(side: Side, rules: Rename | None) -> Side:
    r"""A side under other names (see `renaming`); an array whose names are all left out is not in it.

    Raises:
        PatternError: a rule is none or takes nothing, or two arrays get one name.

    >>> side = Side("", [Item("model.a", ("model.a",), (), "float32", None)])
    >>> renamed(side, {"model": ""}).items[0].name
    'a'
    """
    if not rules:
        return side
    new = new_names((slot for item in side.items for slot in dict.fromkeys((item.name, *item.slots))), rules)
    items = []
    seen: dict[str, str] = {}
    for item in side.items:
        slots = tuple(dict.fromkeys(new[slot] for slot in item.slots if slot in new))
        for slot in slots:
            if seen.setdefault(slot, item.name) != item.name:
                raise PatternError(f"rename: {seen[slot]!r} and {item.name!r} would both be {slot!r}.")
        if slots:
            items.append(Item(new.get(item.name, slots[0]), slots, item.shape, item.dtype, item.read))
    return Side(side.title, items)
