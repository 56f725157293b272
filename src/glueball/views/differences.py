"""Differences as a table: a line for each pair of arrays, or for numbered ones that are alike."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from .folding import NUMBER
from .folding import fold as fold_names
from .statistics import share_text
from .table import LONG, MOST, Listing, shape_text

__all__ = ["difference_table"]


_TITLES = ["name", "difference", "shape", "dtype", "relative", "cosine", "max |Δ|", "elements", ""]
_NUMBERS = ("relative", "cosine", "max |Δ|", "elements")
_RANGE = re.compile(r"\{[0-9.,]*\}|[0-9]+")


def difference_table(
    rows: Sequence[Any], below: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> Listing:
    """Rows as a table.

    Args:
        rows: what is to be shown, each with the attributes of a `glueball.parameters.DiffRow`.
        below: lines under the table.
        fold: write alike numbered names as one line, with the range of each number; None: when long.
        limit: at most so many lines, the middle left out; None for all.
    """
    lines = []
    if fold or (fold is None and len(rows) > LONG):
        by_name = {row.name: row for row in rows}
        # Two rows of one name are those of a tie that broke; they are shown apart.
        names = list(by_name)
        for line in fold_names(names, [_alike(by_name[name]) for name in names]):
            members = [by_name[names[at]] for at in line.members]
            lines.append(_line(members, line.label))
        seen = {id(row) for row in by_name.values()}
        lines += [_line([row], row.name) for row in rows if id(row) not in seen]
    else:
        lines = [_line([row], row.name) for row in rows]
    keep = [
        at
        for at, title in enumerate(_TITLES)
        if title not in _NUMBERS or not lines or any(line[at] for line in lines)
    ]
    return Listing(
        [_TITLES[at] for at in keep if lines],
        [[line[at] for at in keep] for line in lines],
        below,
        limit,
        right=_NUMBERS,
        optional=("cosine", "elements", "dtype", "max |Δ|", "shape"),
    )


def _alike(row: Any) -> Hashable:
    """All that folded rows must have in common; the other name where its numbers are not the name's."""
    other: Any = row.other
    if NUMBER.findall(row.other) == NUMBER.findall(row.name):
        other = tuple(NUMBER.split(row.other)[::2])
    return row.status, row.how, row.shape, row.other_shape, row.dtype, row.other_dtype, other, row.note


def _line(rows: Sequence[Any], label: str) -> list[str]:
    row = rows[0]
    what = [row.status] if row.status != "same" else []
    what += ["cast" if how == "dtype" else how for how in row.how]
    note = row.note
    if row.other:
        note = "; ".join(filter(None, (f"→ {_other_label(row, label)}", note)))
    return [
        label,
        ", ".join(what) or "same",
        _both(shape_text(row.shape), None if row.other_shape is None else shape_text(row.other_shape)),
        _both(row.dtype, row.other_dtype or None),
        _range([one.relative for one in rows]),
        _range([one.cosine for one in rows]),
        _range([one.largest for one in rows]),
        _elements(rows),
        note,
    ]


def _both(first: str, second: str | None) -> str:
    return first if second is None else f"{first} → {second}"


def _range(numbers: Sequence[float]) -> str:
    known = sorted(number for number in numbers if number == number)
    if not known:
        return ""
    low, high = f"{known[0]:.3g}", f"{known[-1]:.3g}"
    return low if low == high else f"{low} … {high}"


def _elements(rows: Sequence[Any]) -> str:
    """The share of the elements that differ."""
    changed = [row.changed for row in rows if row.changed is not None]
    counts = [row.count or 0 for row in rows]
    if len(changed) < len(rows) or not sum(counts):
        return ""
    return share_text(sum(changed), sum(counts))


def _other_label(row: Any, label: str) -> str:
    """The other name with the ranges that the label has."""
    whole: str = row.other
    parts, others = NUMBER.split(row.name), NUMBER.split(row.other)
    if parts[1::2] != others[1::2] or label == row.name:
        return whole
    text, at = others[0], len(parts[0])
    for between, other in zip(parts[2::2], others[2::2], strict=True):
        found = _RANGE.match(label, at)
        if found is None:
            return whole
        text += found.group() + other
        at = found.end() + len(between)
    return text
