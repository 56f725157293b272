"""The header: parsed and checked, or made."""

from __future__ import annotations

import json
import struct
from collections.abc import Container, Iterable, Mapping, Set
from typing import Any, NamedTuple, TypeAlias

import ml_dtypes
import numpy as np

from glueball.errors import FileFormatError, ShapeError

from ..base import Entry, array_bytes
from ..jsons import parsed, unique
from .quick import quick_rows

__all__ = [
    "CODES",
    "HEAD",
    "MARK",
    "MAX_HEADER",
    "METADATA",
    "Header",
    "check_metadata",
    "header_bytes",
    "header_size",
    "padded",
    "parse_header",
]

HEAD = struct.Struct("<Q")
MAX_HEADER = 100_000_000  # bytes; the format's own limit

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
_PACKED = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}  # bits; several elements share a byte, which NumPy has not
_ALIGNMENT = 64  # bytes
_SPARE = 256, 1 << 16  # bytes that an edit may take: a sixteenth of the header's, from so many to so many
METADATA = "__metadata__"
MARK = "format"  # the row of metadata that says who wrote the file, "pt" or "np"; never a tie
_KEYS = "dtype", "shape", "data_offsets"


class Header(NamedTuple):
    """What a header says, checked against the size of the file."""

    entries: dict[str, Entry]
    metadata: dict[str, str]
    aliases: dict[str, str]
    other: dict[str, str]


def header_size(first: bytes, size: int, file: str) -> int:
    """The bytes of JSON that follow after the first eight bytes of a file.

    Args:
        first: at least eight bytes, if the file has as many.
        size: of the file.
        file: its name, for messages.

    Raises:
        FileFormatError: no header of that size can be there.
    """
    if size < HEAD.size:
        raise FileFormatError(f"{file}, byte 0: a header takes at least 8 bytes, and the file has {size}")
    (length,) = HEAD.unpack_from(first)
    if length > MAX_HEADER:
        raise FileFormatError(
            f"{file}, byte 0: a header of {length} bytes; the format has {MAX_HEADER} at most"
        )
    if length > size - HEAD.size:
        raise FileFormatError(
            f"{file}, byte 0: a header of {length} bytes, and the file ends after {size - HEAD.size}"
        )
    return int(length)


def parse_header(text: bytes, size: int, file: str) -> Header:
    """The entries of a file, from its header alone.

    Args:
        text: the JSON that follows after the first eight bytes.
        size: of the file.
        file: its name, for messages.

    Raises:
        FileFormatError: the header is none, or does not fit the file; it says which tensor and which byte.
    """
    if not text.startswith(b"{"):
        raise FileFormatError(f"{file}, byte {HEAD.size}: the header must begin with an object, {{")
    quick = quick_rows(text, size, file, DTYPES)
    if quick is not None:
        return _header(*quick, {}, frozenset())
    # The objects stay lists of pairs: the least memory for many small ones.
    pairs = parsed(text, file, HEAD.size, hook=_compact)
    return _Parser(text, size, file).header(pairs)


# One tensor's object, with the right keys and kinds of values: dtype, shape, begin, end. A plain tuple: the
# garbage collector lets go of those that hold no container, and would walk over all else time and again.
_Row: TypeAlias = "tuple[str, tuple[int, ...], int, int]"


def _compact(pairs: list[tuple[str, Any]]) -> Any:
    """A tensor's object as a row; any other as its pairs, to be looked at when all are there."""
    if len(pairs) == 3:
        dtype, shape, offsets = map(dict(pairs).get, _KEYS)
        if type(dtype) is str and type(shape) is list and type(offsets) is list and len(offsets) == 2:
            for number in (*shape, *offsets):
                if type(number) is not int or number < 0:
                    return pairs
            return dtype, tuple(shape), *offsets
    return pairs


class _Parser:
    def __init__(self, text: bytes, size: int, file: str) -> None:
        self.text, self.file = text, file
        self.begins = HEAD.size + len(text)
        self.left = size - self.begins

    def bad(self, name: str, why: str) -> FileFormatError:
        found = max(
            self.text.find(json.dumps(name, ensure_ascii=ascii_).encode("utf-8", "replace"))
            for ascii_ in (False, True)
        )
        return FileFormatError(f"{self.file}, tensor {name!r}, byte {HEAD.size + max(found, 0)}: {why}")

    def header(self, pairs: Any) -> Header:
        try:
            rows = unique(pairs)
        except ValueError as error:
            raise FileFormatError(f"{self.file}, byte {HEAD.size}: {error} in the header") from None
        notes = self.metadata(rows.pop(METADATA, []))
        entries: dict[str, Entry] = {}
        other: dict[str, str] = {}
        for name, row in rows.items():
            if type(row) is not tuple:
                raise self.bad(
                    name,
                    'a tensor has "dtype", "shape" of integers and "data_offsets" of two integers, no more',
                )
            if row[0] in _PACKED:
                other[name] = f"{row[0]} of shape {row[1]}: NumPy has no array of packed elements"
            entry = self.entry(name, row)
            if entry is not None:
                entries[name] = entry
        self.lie_side_by_side(rows)
        return _header(entries, notes, other, set(rows))

    def metadata(self, pairs: Any) -> dict[str, str]:
        if type(pairs) is not list or not all(type(pair) is tuple and type(pair[1]) is str for pair in pairs):
            raise self.bad(METADATA, "the metadata must be an object of text to text")
        try:
            return unique(pairs)
        except ValueError as error:
            raise self.bad(METADATA, str(error)) from None

    def entry(self, name: str, row: _Row) -> Entry | None:
        """The entry of a row whose bytes are as many as its shape takes; None if they are packed."""
        code, shape, begin, end = row
        dtype = DTYPES.get(code)
        try:
            if dtype is not None:
                wanted = array_bytes(dtype, shape)
            elif code in _PACKED:
                bits = array_bytes(np.dtype(np.uint8), shape) * _PACKED[code]
                if bits % 8:
                    raise self.bad(name, f"{code} of shape {shape} does not end at a byte")
                wanted = bits // 8
            else:
                raise self.bad(name, f"there is no dtype {code!r}; there are {', '.join(DTYPES)}")
        except ShapeError as error:
            raise self.bad(name, str(error)) from None
        if end - begin != wanted:
            raise self.bad(
                name,
                f"{code} of shape {shape} takes {wanted} bytes, not {begin} to {end}",
            )
        if end > self.left:
            raise self.bad(name, f"its data end at {end}, and the file's at {self.left}")
        return Entry(name, shape, dtype, self.file, self.begins + begin) if dtype is not None else None

    def lie_side_by_side(self, rows: Mapping[str, _Row]) -> None:
        last, end = "", 0
        for begin, stop, name in sorted([(row[2], row[3], name) for name, row in rows.items()]):
            if begin != end:
                after = f"those of {last!r}" if last else "the header"
                what = "overlap" if begin < end else "leave a hole after"
                raise self.bad(name, f"its data, from {begin} on, {what} {after}, which end at {end}")
            last, end = name, stop
        if end != self.left:
            raise FileFormatError(
                f"{self.file}, byte {self.begins + end}: {self.left - end} bytes belong to no tensor"
            )


def _header(
    entries: dict[str, Entry], notes: dict[str, str], other: dict[str, str], taken: Set[str]
) -> Header:
    """The header; metadata whose key is no name and whose value is one are ties."""
    aliases = {
        key: kept
        for key, kept in notes.items()
        if kept in entries and key not in entries and key not in taken and key != MARK
    }
    return Header(entries, {key: text for key, text in notes.items() if key not in aliases}, aliases, other)


def check_metadata(metadata: Mapping[Any, Any], aliases: Mapping[str, str], arrays: Container[str]) -> None:
    """Refuse metadata that no reader would give back as they are: ties are rows among them.

    Raises:
        FileFormatError: a row is no text by text, or would be taken for a tie, or a tie for a row.
    """
    for key, text in metadata.items():
        if type(key) is not str or type(text) is not str:
            raise FileFormatError(f"metadata are text by text, not {key!r}: {text!r}")
        if aliases.get(key, text) != text:
            raise FileFormatError(
                f"the metadata have {key!r} already, which is another name of {aliases[key]!r}"
            )
        if text in arrays and key not in arrays and key not in aliases and key != MARK:
            raise FileFormatError(
                f"the metadata {key!r}: {text!r} would make {key!r} another name of that array; readers of "
                f"safetensors take a row with an array's name for a tie. Write other text"
            )
    if MARK in aliases:
        raise FileFormatError(f"no tied array can have the name {MARK!r} in a safetensors file")


def header_bytes(
    tensors: Iterable[tuple[str, np.dtype[Any], tuple[int, ...], int]], metadata: Mapping[str, str]
) -> bytes:
    """The first bytes of a file, up to its data.

    Args:
        tensors: name, dtype, shape and first byte of the data of each, in the order of the names.
        metadata: text to text.

    Raises:
        FileFormatError: it would be larger than readers take it.
    """
    quoted = json.JSONEncoder(ensure_ascii=False).encode
    rows = [f"{quoted(METADATA)}:{quoted(dict(metadata))}"] if metadata else []
    for name, dtype, shape, begin in tensors:
        end = begin + array_bytes(dtype, shape)
        sizes = ",".join(map(str, shape))
        row = f'"dtype":"{CODES[dtype]}","shape":[{sizes}],"data_offsets":[{begin},{end}]'
        rows.append(f"{quoted(name)}:{{{row}}}")
    text = f"{{{','.join(rows)}}}".encode()
    text = padded(text)
    return HEAD.pack(len(text)) + text


def padded(text: bytes) -> bytes:
    """A header's JSON with spaces after it, so that data are aligned, and small edits fit in place.

    Raises:
        FileFormatError: it would be larger than readers take it.
    """
    if len(text) + _ALIGNMENT > MAX_HEADER:
        raise FileFormatError(f"the header takes {len(text)} bytes; the format has {MAX_HEADER} at most")
    spare = min(_SPARE[0] + len(text) // 16, _SPARE[1], MAX_HEADER - _ALIGNMENT - len(text))
    return text.ljust(len(text) + spare + -(HEAD.size + len(text) + spare) % _ALIGNMENT)
