"""HDF5 files, opened."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from glueball.errors import FileFormatError, MissingExtraError, ShapeError

from ..archive import reader
from ..base import Checkpoint, Entry, Index, array_bytes
from ..mapping import mapped
from ..parts import block
from ..remote import is_remote
from .heaps import damaged

__all__ = ["MAGIC", "Hdf5File"]

MAGIC = b"\x89HDF\r\n\x1a\n"
_DEEPEST = 64  # groups in groups
_MOST_OBJECTS = 1_000_000  # links of one file; each takes a call into the HDF5 library
_LONGEST = 1 << 16  # bytes of an attribute's text
_SCANNED = 1 << 26  # bytes of a file that is searched for heaps as a whole; of a larger one what is no array
# What h5py raises of a damaged file; which one depends on what is damaged.
_BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError)


class Hdf5File(Checkpoint):
    """An opened HDF5 file.

    A dataset with two names is one entry with an alias. bfloat16 is read as Keras keeps it: two bytes, and an
    attribute that says so.

    Args:
        path: of the file.
        content: where the file's bytes are, if not in that file alone (as in a `.keras` archive).

    Attributes:
        attributes: text that groups and datasets have: path → name → text.

    Raises:
        FileFormatError: it is no such file, a damaged one, or one that leads to others.
        MissingExtraError: h5py is not installed.
        OSError: the system cannot open it.
    """

    format = "hdf5"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        content: BinaryIO | None = None,
        allow_expansion: bool = False,
    ) -> None:
        try:
            import h5py
        except ModuleNotFoundError:
            raise MissingExtraError("h5py is not installed: pip install 'glueball[hdf5]'") from None
        self._h5py, file = h5py, os.fsdecode(path)
        if content is None and is_remote(path):
            content = reader(mapped(path))
        size = os.path.getsize(path) if content is None else content.seek(0, os.SEEK_END)
        self._stream, self._size, self._heaps_checked = content, size, False
        try:
            self.opened = h5py.File(content if content is not None else path, "r")
        except _BROKEN as error:
            raise FileFormatError(f"{file}: this is no HDF5 file that can be read: {_first(error)}") from None
        self._entries_found: dict[str, Entry] = {}
        self._ties: dict[str, str] = {}
        self._rest: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self._names: dict[Any, str] = {}
        self._left, self._path = _MOST_OBJECTS, file
        try:
            self._names[h5py.h5o.get_info(self.opened.id).addr] = "/"
            metadata = self._attributes(self.opened, "")
            self._group(self.opened, "", 0)
        except _BROKEN as error:
            self.opened.close()
            if isinstance(error, FileFormatError):
                raise
            raise FileFormatError(f"{file}: the HDF5 file is damaged: {_first(error)}") from None
        super().__init__(
            file,
            self._entries_found,
            size=size,
            metadata=metadata,
            aliases=self._ties,
            other=self._rest,
            allow_expansion=allow_expansion,
        )

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay."""
        self.opened.close()

    def _bad(self, path: str, why: str) -> FileFormatError:
        return FileFormatError(f"{self._path}, {path!r}: {why}")

    def _group(self, group: Any, path: str, depth: int) -> None:
        h5py = self._h5py
        if depth > _DEEPEST:
            raise self._bad(path, f"nested more than {_DEEPEST} deep")
        soft: list[tuple[str, str]] = []
        for key in sorted(group, key=_natural):
            self._left -= 1
            if self._left < 0:
                raise self._bad(path, f"the file has more than {_MOST_OBJECTS} links")
            inner = f"{path}/{key}" if path else key
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise self._bad(inner, f"it leads to another file, {link.filename!r}, which is not opened")
            if isinstance(link, h5py.SoftLink):
                soft.append((inner, link.path))
                continue
            found = group[key]
            self._node(found, inner, depth)
        for inner, target in soft:
            self._rest[inner] = f"a link to {target!r}"

    def _node(self, found: Any, path: str, depth: int) -> None:
        """A group or a dataset; one that was met before under another name is a tie."""
        h5py = self._h5py
        identity = h5py.h5o.get_info(found.id).addr
        before = self._names.setdefault(identity, path)
        if before != path:
            if before in self._entries_found:
                self._ties[path] = before
            else:
                self._rest[path] = f"the same as {before!r}"
            return
        texts = self._attributes(found, path)
        if texts:
            self.attributes[path] = texts
        for key, text in texts.items():
            self._rest[f"{path}@{key}"] = repr(text) if len(text) < 60 else f"{len(text)} letters"
        if isinstance(found, h5py.Group):
            if not len(found):
                self._rest[path] = "an empty group"
            self._group(found, path, depth + 1)
        elif isinstance(found, h5py.Dataset):
            self._dataset(found, path)
        else:
            self._rest[path] = "a named type"

    def _dataset(self, found: Any, path: str) -> None:
        if found.external:
            raise self._bad(path, "its values lie in another file, which is not opened")
        if found.is_virtual:
            raise self._bad(path, "its values are taken from other datasets, which is not followed")
        dtype, shape = found.dtype, found.shape
        if dtype.str[1:] == "V2" and dtype.names is None and found.attrs.get("dtype") == "bfloat16":
            dtype = np.dtype(ml_dtypes.bfloat16)
        elif dtype.kind not in "biufc" or dtype.hasobject or shape is None:
            self._rest[path] = f"a dataset of {dtype} of shape {shape}"
            return
        try:
            array_bytes(dtype, shape)
        except ShapeError as error:
            raise self._bad(path, str(error)) from None
        self._rest.pop(f"{path}@dtype", None)
        offset = found.id.get_offset() if dtype.str[0] != ">" else None
        self._entries_found[path] = Entry(path, shape, dtype.newbyteorder("="), self._path, offset)

    def _attributes(self, found: Any, path: str) -> dict[str, str]:
        """The attributes that are one text; others are listed, and not read."""
        h5py = self._h5py
        texts: dict[str, str] = {}
        for key in found.attrs:
            attribute = found.attrs.get_id(key)
            kind = attribute.get_type()
            short = attribute.get_storage_size() <= _LONGEST
            if isinstance(kind, h5py.h5t.TypeStringID) and attribute.shape == () and short:
                if kind.is_variable_str():
                    self._check_heaps()
                value = found.attrs[key]
                texts[key] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            else:
                self._rest[f"{path}@{key}"] = f"an attribute of {attribute.dtype} of shape {attribute.shape}"
        return texts

    def _check_heaps(self) -> None:
        """Look at the heaps once, before the first text of varying length is read."""
        if self._heaps_checked:
            return
        self._heaps_checked = True
        used: list[tuple[int, int]] = []
        if self._size > _SCANNED or is_remote(self._path):

            def note(_: str, found: Any) -> None:
                if isinstance(found, self._h5py.Dataset):
                    offset = found.id.get_offset()
                    used.extend([] if offset is None else [(offset, offset + found.id.get_storage_size())])

            self.opened.visititems(note)
        if self._stream is not None:
            wrong = damaged(self._stream, self._size, used)
        else:
            with open(self._path, "rb") as file:
                wrong = damaged(file, self._size, used)
        if wrong is not None:
            raise FileFormatError(f"{self._path}, {wrong}")

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        # A view of one zero, as large as the array: NumPy checks the key and says what comes out.
        shape = np.broadcast_to(np.empty((), entry.dtype), entry.shape)[key].shape
        self._check_expansion(entry, math.prod(shape) * entry.dtype.itemsize)
        try:
            found = self.opened[entry.name]
            if not entry.shape:
                raw = np.asarray(found[()])
            else:
                selected, then = block(key, entry.shape)
                raw = found[selected][then]
        except _BROKEN as error:
            raise self._bad(entry.name, f"its values cannot be read: {_first(error)}") from None
        part = np.asarray(raw).reshape(shape)
        return part.view(entry.dtype) if entry.dtype == ml_dtypes.bfloat16 else part


def _natural(key: str) -> tuple[int, str]:
    """Numbers by their size: Keras counts variables."""
    return (len(key), key) if key.isdecimal() else (0, key)


def _first(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
