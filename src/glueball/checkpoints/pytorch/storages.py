"""Where the bytes of a file's storages lie: in a zip archive, or in the format before PyTorch 1.6."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from glueball.errors import FileFormatError

from ..archive import Archive
from ..mapping import Content
from .nodes import Dict, Object, Persistent
from .pickles import Pickle
from .tensors import storage_of

__all__ = ["Bytes", "Contents", "is_old", "old", "zipped"]

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_COUNT = struct.Struct("<q")
# Members that say nothing of the model: how the archive was written.
_AFFAIRS = {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"}


class Bytes(NamedTuple):
    """One storage's bytes: where they begin in the file, and how many there are."""

    offset: int
    size: int
    member: str | None = None  # its name in the archive, where it is compressed


class Contents(NamedTuple):
    """A file taken apart: the pickle's root, its size, the storages by key, and what else there is."""

    root: Any
    pickle_size: int
    storages: dict[str, Bytes]
    big_endian: bool
    other: dict[str, str]


def zipped(archive: Archive, file: str) -> Contents:
    """Take an archive apart.

    Raises:
        FileFormatError: it is not PyTorch's, or it is damaged.
    """
    found = [name for name in archive.members if name == "data.pkl" or name.endswith("/data.pkl")]
    if not found:
        raise FileFormatError(f"{file}: the archive has no data.pkl, so it is no PyTorch file")
    prefix = min(found, key=lambda name: name.count("/")).removesuffix("data.pkl")
    order = archive.read(f"{prefix}byteorder", 16) if f"{prefix}byteorder" in archive.members else b"little"
    if order not in (b"little", b"big"):
        raise FileFormatError(f"{file}: the byte order is neither little nor big: {order!r}")
    storages: dict[str, Bytes] = {}
    other: dict[str, str] = {}
    for name, member in archive.members.items():
        inner = name.removeprefix(prefix)
        if name.startswith(f"{prefix}data/"):
            compressed = name if member.compressed else None
            storages[inner.removeprefix("data/")] = Bytes(member.offset, member.size, compressed)
        elif inner not in _AFFAIRS and inner != "data.pkl":
            other[name] = f"{member.size} bytes that are no part of the pickle"
    content = archive.read(f"{prefix}data.pkl")
    pickle = Pickle(content, 0, len(content), f"{file}, member '{prefix}data.pkl'")
    return Contents(pickle.load(), len(content), storages, order == b"big", other)


def is_old(content: Content) -> bool:
    """Whether this begins as the format before 1.6 does: with the pickle of its magic number."""
    try:
        return bool(Pickle(content, 0, min(len(content), 64), "").load() == _MAGIC)
    except FileFormatError:
        return False


def old(content: Content, file: str) -> Contents:
    """Take a file of the format before 1.6 apart.

    Raises:
        FileFormatError: it is damaged.
    """
    at, roots = 0, []
    for _ in range(5):
        pickle = Pickle(content, at, len(content), file)
        roots.append(pickle.load())
        begin, at = at, pickle.at
        if len(roots) == 4:
            size = at - begin
    _, protocol, _, root, keys = roots
    if protocol != _PROTOCOL:
        raise FileFormatError(f"{file}: the format's version is {_shown(protocol)}, not {_PROTOCOL}")
    if type(keys) is not list or not all(type(key) in (str, int) for key in keys):
        raise FileFormatError(f"{file}, byte {begin}: there is no list of storages")
    widths = _widths(root, file)
    storages: dict[str, Bytes] = {}
    for key in map(str, keys):
        if key not in widths:
            raise FileFormatError(f"{file}, byte {at}: nothing says what the storage {key!r} holds")
        if len(content) - at < _COUNT.size:
            raise FileFormatError(f"{file}, byte {at}: the storage {key!r} is not there; the file is cut off")
        (count,) = _COUNT.unpack(content[at : at + _COUNT.size])
        at += _COUNT.size
        nbytes = count * widths[key]
        if not 0 <= nbytes <= len(content) - at:
            raise FileFormatError(
                f"{file}, byte {at}: the storage {key!r} has {count} elements, and the file ends before"
            )
        storages[key] = Bytes(at, nbytes)
        at += nbytes
    left = len(content) - at
    other = {"the end": f"{left} bytes that belong to no storage"} if left else {}
    return Contents(root, size, storages, False, other)


def _widths(root: Any, file: str) -> dict[str, int]:
    """The bytes of one element of each storage that a tree of nodes has."""
    widths: dict[str, int] = {}
    seen: set[int] = set()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            continue
        match node:
            case list() | tuple():
                inner = list(node)
            case Dict():
                inner = [part for pair in node.pairs for part in pair] + [node.state]
            case Object():
                pairs = [part for pair in node.pairs or () for part in pair]
                inner = [node.made_by, *node.args, *(node.items or ()), *pairs, node.state]
            case Persistent():
                inner = []
                try:
                    found = storage_of(node)
                except ValueError as error:
                    raise FileFormatError(f"{file}: {error}") from None
                widths[found.key] = found.dtype.itemsize
            case _:
                continue
        seen.add(id(node))
        nodes += inner
    return widths


def _shown(value: Any) -> str:
    return str(value) if type(value) is int and value.bit_length() < 64 else "none"
