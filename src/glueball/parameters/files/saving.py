"""Saving parameters: which arrays go into a file, under which names, made one at a time."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ...adapter import Adapter
from ...checkpoints.lazy import Lazy
from ...checkpoints.writing import format_of, write_file
from ...errors import DeferredError, DTypeError, FileFormatError, NothingSelectedError
from ...slots import Tree
from ...views.progress import Progress, shown
from ...views.table import names_text
from ..garbage import no_garbage
from ..selection import Selection
from .whole import saved_rows

__all__ = ["save"]

Array: TypeAlias = "NDArray[Any] | Lazy"

_WRITTEN_BY = {"torch": {"format": "pt"}}
"""What readers of safetensors look for in the metadata: `transformers` refuses a file without it."""

_READ_BY_HUBS = ("safetensors", "shards")
_WITHOUT_METADATA = ("pytorch", "params", "npz", "npy")


@no_garbage()
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
    plain = dict(zip(rows, adapter.plain(list(held.values())), strict=True))
    _check_values(tree, held, plain)
    aliases = _other_names(tree, rows, held, plain)
    arrays: dict[str, Array] = {
        tree.names[row]: _array(adapter, held[row], tree.names[row], plain[row] is not None) for row in rows
    }
    for alias in {alias for alias, name in aliases.items() if alias in arrays}:
        del arrays[alias]  # the same memory under another object
    kind = format_of(path, sharded=max_shard_size is not None) if format is None else format
    notes = _metadata(adapter, tree.root, kind, metadata)
    if ties == "copies":
        arrays |= {alias: arrays[name] for alias, name in aliases.items()}
        aliases = {}

    pairs = None
    if like is None and kind == "weights.h5":
        paths = adapter.saved_paths(tree.root)
        names = {id(array): tree.names[row] for row, array in held.items()}
        pairs = [(path, names[id(array)]) for path, array in paths.items() if id(array) in names] or None

    def write(arrays: Mapping[str, Array], progress: Progress | None = None) -> None:
        write_file(
            path,
            arrays,
            format=kind,
            aliases=aliases,
            metadata=notes,
            like=like,
            pairs=pairs,
            max_shard_size=max_shard_size,
            progress=progress,
        )

    total = sum(_nbytes(lazy) for lazy in arrays.values())
    shards = [array for array in held.values() if adapter.shard(array) is not None]
    with adapter.writer(shards) as writes:
        if not shards:
            with shown("saving", total, progress) as told:
                write(arrays, told)
            return
        _together(arrays, write if writes else None)


def _together(arrays: Mapping[str, Array], write: Callable[[Mapping[str, Array]], None] | None) -> None:
    """Write where this process does, and gather with the others where it does not.

    Gathering wants all processes, in one order: so whoever does not write makes the arrays too, and whoever
    fails to write makes the rest of them before it says so.
    """
    # Writers take wider elements first; in this order they, and others, take them one after the other.
    left = dict(sorted(arrays.items(), key=lambda pair: -pair[1].dtype.itemsize))

    def made(name: str) -> Any:
        one = left.pop(name)
        return one.make() if isinstance(one, Lazy) else one

    try:
        if write is not None:
            write({name: Lazy(one.shape, one.dtype, partial(made, name)) for name, one in left.items()})
    finally:
        for name in list(left):
            made(name)


def _check_values(tree: Tree, held: Mapping[int, Any], plain: Mapping[int, Any]) -> None:
    """Every array can be read, or nothing is written."""
    adapter = tree.adapter
    reasons: dict[str, list[str]] = {}
    for row, array in held.items():
        if plain[row] is None:
            reason = adapter.no_values(array)
            if reason:
                reasons.setdefault(reason, []).append(tree.names[row])
                continue
            reason = None if adapter.name == "files" else adapter.unwritable(array)
            if reason and "expanded" not in reason:  # that can be read
                raise DTypeError(f"{tree.names[row]!r} cannot be saved: {reason}. Nothing was written.")
    if reasons:
        told = "; ".join(f"{names_text(names)}: {reason}" for reason, names in reasons.items())
        raise DeferredError(f"there are no values to save of {told}. Nothing was written.")


def _other_names(
    tree: Tree, rows: Sequence[int], held: Mapping[int, Any], plain: Mapping[int, Any]
) -> dict[str, str]:
    """Every further name of an array: its other slots, and what shares its memory under another object."""
    names = tree.names
    tied = set(tree.rows_with_more_slots)
    found = {slot: names[row] for row in rows if row in tied for slot in tree.slots(row)[1:]}
    for row in tied.intersection(rows):
        count = tree.slot_count(row)
        if count > len(tree.slots(row)):
            raise FileFormatError(f"{names[row]!r} has {count:,} names, too many for a file.")
    views: dict[Any, str] = {}
    for row in _near(tree.adapter, held, plain):
        memory = tree.adapter.memory(held[row])
        if memory is None:
            continue
        first = views.setdefault(memory.view, names[row])
        if first != names[row]:
            found |= {slot: first for slot, name in found.items() if name == names[row]}
            found[names[row]] = first
    return found


def _near(adapter: Adapter, held: Mapping[int, Any], plain: Mapping[int, Any]) -> list[int]:
    """The rows whose arrays may share memory: of those that lie plainly on the host what begins together."""
    inside = [row for row, dtype in plain.items() if dtype is not None]
    if not inside:
        return list(held)
    begins: dict[int, list[int]] = {}
    for row, address in zip(inside, adapter.addresses([held[row] for row in inside]), strict=True):
        begins.setdefault(address, []).append(row)
    alone = {mine[0] for mine in begins.values() if len(mine) == 1}
    return [row for row in held if row not in alone]


def _array(adapter: Adapter, array: Any, name: str, plain: bool) -> Array:
    """An array to be written: the memory itself where it lies plainly on the host; else read in its turn."""
    shape: Any = array.shape
    try:
        if plain:
            return adapter.view(array)
        dtype = adapter.numpy_dtype(adapter.dtype(array))
    except TypeError:
        raise DTypeError(
            f"{name!r} is {adapter.dtype(array)}, which NumPy has no form of. Nothing was written."
        ) from None
    return Lazy(tuple(shape), dtype, partial(adapter.view, array))


def _nbytes(lazy: Array) -> int:
    return math.prod(lazy.shape) * lazy.dtype.itemsize


def _metadata(
    adapter: Adapter, root: Any, format: str, given: Mapping[str, str | None] | None
) -> dict[str, str]:
    """What the file will say of itself: what the opened file said, and what was given."""
    if given is not None and not isinstance(given, Mapping):
        raise FileFormatError(f"metadata is a {type(given).__name__}: write {{text: text}}.")
    own = dict(getattr(root, "metadata", None) or {}) if adapter.name == "files" else {}
    if format in _WITHOUT_METADATA:
        lost = [key for key in own if key != "format"]  # a mark for other readers
        if lost:
            warnings.warn(
                f"a {format} file has no place for metadata: {names_text(lost)} of the opened file left out.",
                stacklevel=5,
            )
        return {key: text for key, text in (given or {}).items() if text is not None}
    notes: dict[str, str | None] = {}
    if format in _READ_BY_HUBS:
        notes |= _WRITTEN_BY.get(adapter.name, {})
    notes |= own
    notes |= given or {}
    return {key: text for key, text in notes.items() if text is not None}
