"""What can be loaded: an opened file, or the parameters of another model, as arrays by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checkpoints.base import Checkpoint
from ...checkpoints.opening import open_file
from ...errors import DeferredError
from ...frameworks import adapter_for
from ...views.table import names_text
from ..collection import Collection
from ..selection import Selection
from .whole import saved_rows

__all__ = ["Source", "source_of"]


@dataclass(frozen=True)
class Source:
    """Arrays by name.

    Attributes:
        title: how messages call it.
        shapes: by the name that is stored.
        dtypes: the same.
        aliases: other name -> the name that is stored.
        read: gives an array, or the part of it that a key of slices selects; nobody writes into it.
        file: the opened file, None for another model.
        other: what the file has besides arrays.
    """

    title: str
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, np.dtype[Any]]
    aliases: Mapping[str, str]
    read: Callable[[str, Any], np.ndarray[Any, Any]]
    file: Checkpoint | None
    other: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """Every name, those of ties last."""
        return [*self.shapes, *self.aliases]

    def kept(self, name: str) -> str:
        """The name under which an array is stored."""
        return self.aliases.get(name, name)


def source_of(given: Any) -> Source:
    """What a user wrote to be loaded: a path, an opened file, parameters, or a model.

    Raises:
        FileFormatError, OSError: a file that cannot be opened.
        DeferredError: parameters without values.
        UnknownModelError: it is none of these.
    """
    if isinstance(given, (str, os.PathLike)):
        return _from_file(open_file(given), None)
    if isinstance(given, Checkpoint):
        return _from_file(given, None)
    if not isinstance(given, Selection):
        given = _collected(given)
    file = getattr(given.root, "file", None)
    if given._stored and isinstance(file, Checkpoint):
        return _from_file(file, given.names() if len(given) < len(file) else None)
    return _from_model(given)


def _collected(model: Any) -> Selection:
    return Selection(Collection(adapter_for(model).walk(model, True)))


def _from_file(file: Checkpoint, names: list[str] | None) -> Source:
    entries = file if names is None else {name: file[name] for name in names}
    shapes = {name: entry.shape for name, entry in entries.items()}

    def read(name: str, key: Any) -> np.ndarray[Any, Any]:
        if file[name].storage == "default":
            array: Any = file.read(name, key, copy=False)
        else:
            array = file.lazy(name).make()[key]
        found: np.ndarray[Any, Any] = array
        return found

    return Source(
        os.path.basename(file.path) or file.path,
        shapes,
        {name: entry.dtype for name, entry in entries.items()},
        {alias: name for alias, name in file.aliases.items() if name in shapes},
        read,
        file,
        file.other,
    )


def _from_model(given: Selection) -> Source:
    collection, rows = saved_rows(given)
    tree, adapter = collection.tree, collection.tree.adapter
    names = [tree.names[row] for row in rows]
    arrays = dict(zip(names, tree.arrays(rows), strict=True))
    without = [name for name, array in arrays.items() if adapter.no_values(array)]
    if without:
        raise DeferredError(f"there are no values to load of {names_text(without)}.")
    aliases = {slot: tree.names[row] for row in rows for slot in tree.slots(row)[1:]}
    shapes: dict[str, Any] = {name: adapter.shape(array, None, "") for name, array in arrays.items()}
    dtypes = {name: adapter.numpy_dtype(adapter.dtype(array)) for name, array in arrays.items()}

    def read(name: str, key: Any) -> np.ndarray[Any, Any]:
        part: np.ndarray[Any, Any] = adapter.view(arrays[name])[key]
        return part

    return Source(f"a {type(tree.root).__name__}", shapes, dtypes, aliases, read, None, {})
