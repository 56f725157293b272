"""Which format a file is written in, and by which writer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..checkpoints.lazy import Lazy
from ..errors import FileFormatError

__all__ = ["format_of", "write_file", "write_order"]

_ROOMS = {"safetensors": "safetensors", "pytorch": "pytorch.writing", "params": "params", "npz": "npz"}
_SUFFIXES = {
    ".safetensors": "safetensors",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".bin": "pytorch",
    ".params": "params",
    ".npz": "npz",
}


def format_of(path: str | os.PathLike[str], format: str | None, max_shard_size: Any) -> str:
    """The format that a path is written in: the one named, or its suffix's; shards are safetensors."""
    if format is None:
        format = "safetensors" if max_shard_size is not None else None
        for suffix, name in _SUFFIXES.items():
            if os.fspath(path).endswith(suffix):
                format = name
    if format not in set(_SUFFIXES.values()):
        raise FileFormatError(f"no format for {os.fspath(path)!r}: its name ends in {', '.join(_SUFFIXES)}")
    return format


def write_order(arrays: Mapping[str, Lazy], format: str, max_shard_size: Any) -> list[str]:
    """The names in the order in which a writer takes the arrays."""
    if format != "safetensors":
        return list(arrays)
    from ..checkpoints.safetensors.writing import plan

    return [name for name, _ in plan(arrays, {}, {}).arrays]


def write_file(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Lazy],
    *,
    format: str | None,
    aliases: Mapping[str, str],
    metadata: Mapping[str, str],
    max_shard_size: Any,
    progress: Any,
) -> None:
    """Write a file by its format's writer."""
    from .. import checkpoints

    kind = format_of(path, format, max_shard_size)
    if max_shard_size is not None:
        from ..checkpoints.safetensors import write_shards

        write_shards(path, arrays, max_shard_size=max_shard_size, metadata=metadata, aliases=aliases)
        return
    from importlib import import_module

    import_module(f"{checkpoints.__name__}.{_ROOMS[kind]}").write(
        path, arrays, metadata=metadata, aliases=aliases
    )
