"""Headers as every writer writes them, read in columns: half the time of the parser that takes all JSON.

One expression matches one tensor's row. Where rows cover the whole header, and all of it is right, this is
the header; in every other case `layout.parse_header` reads it again, and says what is wrong.
"""

from __future__ import annotations

import json
import re
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from glueball.errors import ShapeError

from ..base import Entry, array_bytes
from ..jsons import unique

__all__ = ["quick_rows"]

_MOST = 1 << 24  # letters of a header; the columns take some times as much memory for a moment
_NUMBER = "0|[1-9][0-9]{0,17}"  # fits into 64 bits
_ROW = re.compile(
    r'"([^"\\\x00-\x1f]*)":\{"dtype":"([A-Z0-9_]+)","shape":\[([0-9,]*)\],'
    rf'"data_offsets":\[({_NUMBER}),({_NUMBER})\]\}}(,|\}} *\Z)'
)
_FIXED = len('"":{"dtype":"","shape":[],"data_offsets":[,]}')
_SHAPE = re.compile(f"(?:{_NUMBER})(?:,(?:{_NUMBER}))*")
_METADATA = '{"__metadata__":'
_DECODER = json.JSONDecoder(object_pairs_hook=unique)


def quick_rows(
    text: bytes, size: int, file: str, dtypes: dict[str, np.dtype[Any]]
) -> tuple[dict[str, Entry], dict[str, str]] | None:
    """Entries and metadata of a header that is as most are, and right; else None.

    Args:
        text: of the header.
        size: of the file.
        file: its name.
        dtypes: by the format's codes.
    """
    if len(text) > _MOST:
        return None
    try:
        letters = str(text, "utf-8")
        at, notes = _metadata(letters)
    except ValueError:
        return None
    found = _ROW.findall(letters, at)
    if not found:
        return None
    names, codes, shapes, begins_as_text, ends_as_text, marks = zip(*found, strict=True)
    columns = names, codes, shapes, begins_as_text, ends_as_text, marks
    length = at + _FIXED * len(found) + sum(len("".join(column)) for column in columns)
    if length != len(letters) or marks[-1] == ",":
        return None  # something else lies between them, or follows
    begins = np.fromiter(map(int, begins_as_text), np.int64, len(found))
    ends = np.fromiter(map(int, ends_as_text), np.int64, len(found))

    known: dict[tuple[str, str], tuple[np.dtype[Any], tuple[int, ...], int]] = {}
    for kind in set(zip(codes, shapes, strict=True)):
        code, written = kind
        dtype = dtypes.get(code)
        if dtype is None or (written and not _SHAPE.fullmatch(written)):
            return None
        shape = tuple(map(int, written.split(","))) if written else ()
        try:
            known[kind] = dtype, shape, array_bytes(dtype, shape)
        except ShapeError:
            return None
    kinds = [known[kind] for kind in zip(codes, shapes, strict=True)]
    if not np.array_equal(ends - begins, np.fromiter((kind[2] for kind in kinds), np.int64, len(kinds))):
        return None

    start = 8 + len(text)
    order = np.lexsort((ends, begins))
    edges = np.concatenate([[0], ends[order]])
    if edges[-1] != size - start or not np.array_equal(begins[order], edges[:-1]):
        return None
    rows = zip(
        names,
        (kind[1] for kind in kinds),
        (kind[0] for kind in kinds),
        repeat(file),
        (begins + start).tolist(),
        repeat("default"),
        strict=False,
    )
    entries = dict(zip(names, map(partial(tuple.__new__, Entry), rows), strict=True))
    if len(entries) < len(names) or "__metadata__" in entries:
        return None
    return entries, notes


def _metadata(letters: str) -> tuple[int, dict[str, str]]:
    """Where the rows begin, and the metadata before them; ValueError if they are not as most are."""
    if not letters.startswith(_METADATA):
        return 1, {}
    try:
        notes, at = _DECODER.raw_decode(letters, len(_METADATA))
    except RecursionError:
        raise ValueError("nested too deep") from None
    if type(notes) is not dict or not all(type(text) is str for text in notes.values()):
        raise ValueError("no text by text")
    if letters[at : at + 1] != ",":
        raise ValueError("no tensor follows")
    return at + 1, notes
