"""A checkpoint in several files, opened through its index.

An index is JSON: {"metadata": {...}, "weight_map": {name → file in the same folder}}. safetensors' and
PyTorch's map each array's name; Keras's maps groups to one file or several.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from .base import Array, Checkpoint, Entry, Index
from .jsons import parsed
from .mapping import mapped
from .remote import beside, is_remote

__all__ = ["Sharded", "shard_files"]

_MAX_INDEX = 1 << 28  # bytes; the largest models have indices of some megabytes


class Sharded(Checkpoint):
    """A checkpoint in several files as one: all their entries, in the index's order.

    Args:
        path: of the index.
        opener: opens one shard.

    Attributes:
        files: the shards' paths, each once.

    Raises:
        FileFormatError: the index is damaged, names a file outside its folder or one that is not there, or
            does not say what is in the shards.
    """

    def __init__(self, path: str | os.PathLike[str], opener: Callable[[str], Checkpoint]) -> None:
        index = os.fsdecode(path)
        where, notes = shard_files(index)
        parts: dict[str, Checkpoint] = {}
        for name in dict.fromkeys(file for files in where.values() for file in files):
            shard = beside(index, name)
            if not is_remote(shard) and not os.path.isfile(shard):
                raise FileFormatError(f"{index}: the shard {name!r} is not there")
            parts[name] = opener(shard)
        self._home = _homes(index, parts)
        ordered: dict[str, list[str]] = {}
        for name, files in where.items():
            for file in files:
                if name in parts[file] or name in parts[file].aliases or name in parts[file].other:
                    continue
                if file not in ordered:
                    ordered[file] = sorted(parts[file])
                if not _has_group(ordered[file], name):
                    raise FileFormatError(f"{index}: {name!r} is not in {file!r}, where it should be")
        self.files = [part.path for part in parts.values()]
        self._parts = parts
        self.states = {path: state for part in parts.values() for path, state in part.states.items()}
        self.format = next((part.format for part in parts.values()), "safetensors")
        aliases = {alias: kept for part in parts.values() for alias, kept in part.aliases.items()}
        other = {f"{file}: {what}": text for file, part in parts.items() for what, text in part.other.items()}
        metadata: dict[str, str] = {}
        for file, texts in [*((file, part.metadata) for file, part in parts.items()), ("the index", notes)]:
            for key, text in texts.items():
                if metadata.setdefault(key, text) != text:
                    other[f"{file}: metadata {key!r}"] = text
        listed = [name for name in where if name in self._home]
        entries = {name: parts[self._home[name]][name] for name in dict.fromkeys([*listed, *self._home])}
        for name in entries:
            aliases.pop(name, None)
        size = sum(part.size for part in parts.values())
        super().__init__(index, entries, size=size, metadata=metadata, aliases=aliases, other=other)

    def read(self, name: str, key: Index = (), *, copy: bool = True) -> Array:
        """An array from the shard that has it; see `Checkpoint.read`."""
        kept = self[self.aliases.get(name, name)].name
        return self._parts[self._home[kept]].read(kept, key, copy=copy)

    def close(self) -> None:
        """Let go of all shards."""
        for part in self._parts.values():
            part.close()

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        raise NotImplementedError  # each shard reads its own


def shard_files(index: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What an index says: name → files, and its metadata as text (without the total size, which changes).

    Raises:
        FileFormatError: it is no index.
    """
    content = mapped(index)
    if len(content) > _MAX_INDEX:
        raise FileFormatError(f"{index}: an index of {len(content)} bytes is too large to be one")
    found = parsed(content[:], index)
    weights = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(weights, dict):
        raise FileFormatError(f'{index}: an index is an object with a "weight_map"')
    where: dict[str, list[str]] = {}
    for name, value in weights.items():
        files = value if isinstance(value, list) else [value]
        for file in files:
            if not isinstance(file, str) or file in ("", ".", "..") or not _plain(file):
                raise FileFormatError(
                    f"{index}: {name!r} must lie in a file of the same folder, not {file!r}"
                )
        where[name] = files
    notes = found.get("metadata") or {}
    if not isinstance(notes, dict):
        raise FileFormatError(f"{index}: the metadata must be an object")
    texts = {key: text if isinstance(text, str) else json.dumps(text) for key, text in notes.items()}
    texts.pop("total_size", None)
    return where, texts


def _plain(file: str) -> bool:
    """Whether this names a file and no way to one: nothing outside the index's folder is opened."""
    return file.isprintable() and not any(letter in file for letter in "/\\:")


def _has_group(names: list[str], group: str) -> bool:
    """Whether one of the names, which are sorted, lies in a group."""
    prefix = group.strip("/") + "/"
    at = bisect_left(names, prefix)
    return at < len(names) and names[at].startswith(prefix)


def _homes(index: str, parts: dict[str, Checkpoint]) -> dict[str, str]:
    home: dict[str, str] = {}
    for file, part in parts.items():
        for name in part:
            if home.setdefault(name, file) != file:
                raise FileFormatError(f"{index}: {name!r} is in {home[name]!r} and in {file!r}")
    return home
