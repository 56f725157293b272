"""Saving parameters: which arrays go into a file, under which names, made one at a time."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..adapter import Adapter
from ..checkpoints.lazy import Lazy
from ..errors import DeferredError, DTypeError, FileFormatError, NothingSelectedError
from ..slots import Tree
from ..views.progress import Progress, shown
from ..views.table import names_text
from .formats import format_of, write_file, write_order
from .selection import Selection
from .whole import saved_rows

__all__ = ["save"]

_WRITTEN_BY = {"torch": {"format": "pt"}}
"""What readers of safetensors look for in the metadata: `transformers` refuses a file without it."""

_WITH_METADATA = ("safetensors",)


def save(
    selection: Selection,
    path: str | os.PathLike[str],
    *,
    format: str | None,
    ties: str,
    max_shard_size: int | str | None,
    metadata: Mapping[str, str | None] | None,
    progress: bool | Progress | None,
    like: Any,
) -> None:
    """Write parameters to a file; `ParameterDict.save` says how."""
    if ties not in ("aliases", "copies"):
        raise FileFormatError(
            f"ties is {ties!r}: write 'aliases' (stored once, with the other names) or 'copies' (each name "
            f"with its own bytes)."
        )
    collection, rows = saved_rows(selection)
    tree, adapter = collection.tree, collection.tree.adapter
    if not rows:
        raise NothingSelectedError("there is nothing to save: no parameter is here.")
    held = dict(zip(rows, tree.arrays(rows), strict=True))
    _check_values(tree, held)
    aliases = _other_names(tree, rows, held)
    arrays = {tree.names[row]: _lazy(adapter, held[row], tree.names[row]) for row in rows}
    for alias in {alias for alias, name in aliases.items() if alias in arrays}:
        del arrays[alias]  # the same memory under another object
    kind = format_of(path, format, max_shard_size)
    notes = _metadata(adapter, tree.root, kind, metadata)
    if ties == "copies":
        arrays |= {alias: arrays[name] for alias, name in aliases.items()}
        aliases = {}
    options: dict[str, Any] = {} if like is None else {"like": like}

    def write(progress: Progress | None) -> None:
        write_file(
            path,
            arrays,
            format=format,
            aliases=aliases,
            metadata=notes,
            max_shard_size=max_shard_size,
            progress=progress,
            **options,
        )

    total = sum(_nbytes(lazy) for lazy in arrays.values())
    shards = [array for array in held.values() if adapter.shard(array) is not None]
    with adapter.writer(shards) as writes:
        if not shards:
            with shown("saving", total, progress) as told:
                write(told)
            return
        _together(arrays, lambda: write_order(arrays, kind, max_shard_size), write if writes else None)


def _together(
    arrays: dict[str, Lazy], order: Callable[[], Sequence[str]], write: Callable[[None], None] | None
) -> None:
    """Write where this process does, and gather with the others where it does not.

    Gathering wants all processes, in one order: so whoever does not write makes the arrays too, and whoever
    fails to write makes the rest of them before it says so.
    """
    left = list(order())
    if write is not None:

        def made(name: str, make: Callable[[], Any]) -> Any:
            array = make()
            left.remove(name)
            return array

        makes = {name: lazy.make for name, lazy in arrays.items()}
        for name, lazy in arrays.items():
            arrays[name] = Lazy(lazy.shape, lazy.dtype, partial(made, name, lazy.make))
        try:
            write(None)
        finally:
            for name in left:
                makes[name]()
        return
    for name in left:
        arrays[name].make()


def _check_values(tree: Tree, held: Mapping[int, Any]) -> None:
    """Every array can be read, or nothing is written."""
    adapter = tree.adapter
    plain = adapter.plain(list(held.values()))
    reasons: dict[str, list[str]] = {}
    for (row, array), known in zip(held.items(), plain, strict=True):
        if known is None:
            reason = adapter.no_values(array)
            if reason:
                reasons.setdefault(reason, []).append(tree.names[row])
    if reasons:
        told = "; ".join(f"{names_text(names)}: {reason}" for reason, names in reasons.items())
        raise DeferredError(f"there are no values to save of {told}. Nothing was written.")


def _other_names(tree: Tree, rows: Sequence[int], held: Mapping[int, Any]) -> dict[str, str]:
    """Every further name of an array: its other slots, and what shares its memory under another object."""
    names = tree.names
    tied = set(tree.rows_with_more_slots)
    found = {slot: names[row] for row in rows if row in tied for slot in tree.slots(row)[1:]}
    for row in tied.intersection(rows):
        count = tree.slot_count(row)
        if count > len(tree.slots(row)):
            raise FileFormatError(f"{names[row]!r} has {count:,} names, too many for a file.")
    views: dict[Any, str] = {}
    for row, array in held.items():
        memory = tree.adapter.memory(array)
        if memory is None:
            continue
        first = views.setdefault(memory.view, names[row])
        if first != names[row]:
            found |= {slot: first for slot, name in found.items() if name == names[row]}
            found[names[row]] = first
    return found


def _lazy(adapter: Adapter, array: Any, name: str) -> Lazy:
    """An array to be written, read when its turn comes: without a copy where NumPy reaches its memory."""
    shape: Any = adapter.shape(array, None, "")
    try:
        dtype = adapter.numpy_dtype(adapter.dtype(array))
    except TypeError:
        raise DTypeError(
            f"{name!r} is {adapter.dtype(array)}, which NumPy has no form of. Nothing was written."
        ) from None
    return Lazy(tuple(shape), dtype, partial(adapter.view, array))


def _nbytes(lazy: Lazy) -> int:
    return int(np.prod(lazy.shape, dtype=np.int64)) * lazy.dtype.itemsize


def _metadata(
    adapter: Adapter, root: Any, format: str, given: Mapping[str, str | None] | None
) -> dict[str, str]:
    """What the file will say of itself: what the opened file said, and what was given."""
    own = dict(getattr(root, "metadata", None) or {}) if adapter.name == "files" else {}
    if format not in _WITH_METADATA:
        if own:
            warnings.warn(
                f"a {format} file has no place for metadata, so {names_text(list(own))} of the opened file "
                f"is left out.",
                stacklevel=4,
            )
        return {key: text for key, text in (given or {}).items() if text is not None}
    notes: dict[str, str | None] = {}
    if format == "safetensors":
        notes |= _WRITTEN_BY.get(adapter.name, {})
    notes |= own
    notes |= given or {}
    return {key: text for key, text in notes.items() if text is not None}
