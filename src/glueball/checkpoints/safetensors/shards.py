"""A folder of shards, written so that at every moment its index leads to a whole checkpoint.

Each save gives its shards an id of its own, so nothing that the old index names is touched before the new
index has replaced it in one step. Only then are the old shards removed, with those that a save left that was
cut off. One save at a time writes into a folder; others wait.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from ..atomic import creating, replacing, sync_folder
from ..base import array_bytes
from ..jsons import parsed
from ..lazy import Arrays, Lazy, check_names
from ..progress import Meter, Progress, total_bytes
from ..sizes import size_of
from .writing import plan, put

__all__ = ["INDEX", "SINGLE", "write_shards"]

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
_OURS = re.compile(r"model-[0-9a-f]{8}-\d{5}-of-\d{5}\.safetensors")


def write_shards(
    folder: str | os.PathLike[str],
    arrays: Arrays,
    *,
    max_shard_size: int | str,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a checkpoint as shards and an index into a folder; the checkpoint that was there is replaced.

    Whatever stops it, the folder's index leads to the whole old checkpoint or to the whole new one.

    Args:
        folder: made if it is not there.
        arrays: by name, in the order that the index will have. No more than one lazy array is in memory.
        max_shard_size: in bytes, or text such as "5GB" (see `sizes.size_of`). An array that is larger
            has a shard of its own.
        metadata: text to text; in each shard, and in the index.
        aliases: other name → name of the array; said in the metadata of the shard that has the array.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        FileFormatError: what `write` refuses; or the folder has a `model.safetensors`, which other readers
            would take instead.
        DTypeError: as from `write`.
        OSError: the system cannot write it.
    """
    metadata, aliases = metadata or {}, aliases or {}
    most = size_of(max_shard_size)
    check_names(arrays, aliases)
    shards = _split(arrays, most)
    plans = [
        plan(shard, metadata, {alias: name for alias, name in aliases.items() if name in shard})
        for shard in shards
    ]
    meter = Meter(progress, total_bytes(arrays))
    folder = os.fsdecode(folder)
    os.makedirs(folder, exist_ok=True)
    if os.path.lexists(os.path.join(folder, SINGLE)):
        raise FileFormatError(
            f"{folder} has a {SINGLE}, which other readers would take instead of the shards; remove it first"
        )
    with _alone(folder):
        identity = secrets.token_hex(4)
        names = [f"model-{identity}-{i:05}-of-{len(plans):05}.safetensors" for i in range(1, len(plans) + 1)]
        written: list[str] = []
        try:
            for name, planned in zip(names, plans, strict=True):
                with creating(os.path.join(folder, name)) as file:
                    written.append(name)
                    put(file, planned, meter)
            sync_folder(folder)  # the shards last before the index leads to them
            old = _listed(folder)
            with replacing(os.path.join(folder, INDEX)) as file:
                file.write(_index(arrays, shards, names, metadata))
        except BaseException:
            if names and _listed(folder) != set(names):  # not so if interrupted just after the rename
                _remove(folder, written)
            raise
        left = {name for name in os.listdir(folder) if _OURS.fullmatch(name)}
        _remove(folder, (old | left) - set(names))


def _split(arrays: Arrays, most: int) -> list[dict[str, NDArray[Any] | Lazy]]:
    """Arrays in their order, as many in a shard as it holds."""
    shards: list[dict[str, NDArray[Any] | Lazy]] = [{}]
    filled = 0
    for name, value in arrays.items():
        size = array_bytes(value.dtype, value.shape)
        if shards[-1] and filled + size > most:
            shards.append({})
            filled = 0
        shards[-1][name] = value
        filled += size
    return shards


def _index(
    arrays: Arrays, shards: list[dict[str, Any]], names: list[str], metadata: Mapping[str, str]
) -> bytes:
    home = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
    total = sum(array_bytes(value.dtype, value.shape) for value in arrays.values())
    index = {
        "metadata": {**metadata, "total_size": total},
        "weight_map": {name: home[name] for name in arrays},
    }
    return json.dumps(index, ensure_ascii=False, indent=2).encode() + b"\n"


def _listed(folder: str) -> set[str]:
    """The shards that the index in a folder names; none if it is no index that can be read."""
    try:
        with open(os.path.join(folder, INDEX), "rb") as file:
            files = parsed(file.read(), INDEX)["weight_map"].values()
    except (OSError, FileFormatError, LookupError, TypeError, AttributeError):
        return set()
    # Names alone: whatever an index says, nothing outside the folder and nothing else in it is removed.
    return {name for name in files if isinstance(name, str) and re.fullmatch(r"[\w.-]+\.safetensors", name)}


def _remove(folder: str, names: set[str] | list[str]) -> None:
    for name in names:
        with suppress(OSError):  # the checkpoint is whole; a shard too many does not spoil it
            os.unlink(os.path.join(folder, name))


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Wait until no other save writes into this folder; the system lets go when a process dies."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
