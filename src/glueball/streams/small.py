"""Many small arrays together: their values in a few vectorised passes, with little Python for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import compiled
from .distributions import Columns, Distribution, constants, values
from .philox import TILE, digests, joined_words

__all__ = ["passes"]

_CHUNK = 16 * TILE


def passes(
    kind: type[Distribution],
    dtype: Any,
    distributions: Sequence[Distribution],
    counts: NDArray[np.intp],
    names: Sequence[str],
    seed: int,
) -> Iterator[tuple[slice, NDArray[Any]]]:
    """(which arrays, their values joined), in float32 or float64, for distributions of one kind.

    The values of a pass stay in a core's cache; compiled code makes all of them at once.
    """
    # By identity first: to hash a distribution costs as much as to draw four elements.
    known = dict(zip(map(id, distributions), distributions, strict=True))
    order: dict[Distribution, int] = {}
    place = {key: order.setdefault(d, len(order)) for key, d in known.items()}
    which = np.array([place[id(d)] for d in distributions]) if len(order) > 1 else np.zeros(len(counts), int)
    wide = dtype is np.float64
    tables = [digests(seed, names)] + ([digests(seed, names, "\0lo")] if wide else [])
    ends = np.cumsum(counts)
    if compiled.chosen(int(ends[-1])):
        x = np.empty(ends[-1], dtype)
        if compiled.fill_rows(x, kind, list(order), which, np.hstack(tables), ends):
            yield slice(0, len(counts)), x
            return
    rows = [constants(distribution, dtype) for distribution in order]
    table = [np.array(column) for column in zip(*rows, strict=True)]
    cut = 0
    while cut < len(counts):
        done = int(ends[cut - 1]) if cut else 0
        end = max(cut + 1, int(np.searchsorted(ends, done + _CHUNK, "right")))
        part = slice(cut, end)
        drawn = [joined_words(keys[part], counts[part]) for keys in tables]
        columns: Columns = rows[0]
        if len(rows) > 1:
            columns = tuple(np.repeat(column[which[part]], counts[part]) for column in table)
        yield part, values(kind, drawn[0], drawn[1] if wide else None, columns)
        cut = end
