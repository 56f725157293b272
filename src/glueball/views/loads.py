"""What a load did, or why it did nothing, as a table and as the text of an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .folding import fold as fold_names
from .table import LONG, MOST, Listing, plural, shape_text

__all__ = ["LoadRow", "failures_text", "load_table"]

Shape = tuple[int | None, ...] | None


class LoadRow(NamedTuple):
    """One parameter of the model, or one name of the file that no parameter takes.

    Attributes:
        name: the parameter's; of what no parameter takes the file's, as it was renamed.
        status: "loaded", "sliced", "padded", "initialised", "kept", "ignored", "left out"; in an error also
            "missing", "unexpected", "mismatch", "conflict", "unreadable".
        source: the name in the file, "" where there is none.
        shape: the parameter's; None where there is none or it is not known.
        file_shape: in the file, None where there is none.
        note: what else there is to say.
    """

    name: str
    status: str
    source: str
    shape: Shape
    file_shape: Shape
    note: str


_HEAD = ["parameter", "", "name in the file", "shape", "in the file", "note"]


def _shape(shape: Shape) -> str:
    """A shape; "" for none."""
    return "" if shape is None else shape_text(shape)


def load_table(
    rows: Sequence[LoadRow], notes: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> Listing:
    """The rows of a load as a table."""
    lines = []
    for label, count, source, row in _folded(rows, fold or (fold is None and len(rows) > LONG)):
        same = row.shape == row.file_shape or row.file_shape is None
        status = f"{row.status} × {count:,}" if count > 1 else row.status
        there = "" if same else _shape(row.file_shape)
        source = "" if source == label else source
        lines.append([label, status, source, _shape(row.shape or row.file_shape), there, row.note])
    used = [any(line[at] for line in lines) for at in range(len(_HEAD))]
    head = [title if used[at] else "" for at, title in enumerate(_HEAD)]
    return Listing(head, lines, notes, limit)


def _folded(rows: Sequence[LoadRow], fold: bool) -> Iterable[tuple[str, int, str, LoadRow]]:
    """(label, how many names it stands for, what they are called in the file, the first of the rows)."""
    if not fold:
        for row in rows:
            yield row.name, 1, row.source, row
        return
    alike = [(row.status, re.sub(r"\d+", "#", row.source), *row[3:]) for row in rows]
    for line in fold_names([f"{row.name}" for row in rows], alike):
        mine = [rows[at] for at in line.members]
        called = list(dict.fromkeys(row.source for row in mine))
        sources = fold_names(called, [0] * len(called))
        if len(sources) == 1 and len(sources[0].members) in (1, len(mine)):
            yield line.label, len(mine), sources[0].label, mine[0]
            continue
        for row in mine:  # numbered in another way: each on a line of its own
            yield row.name, 1, row.source, row


def failures_text(rows: Sequence[LoadRow], most: int = 30) -> list[str]:
    """The rows of an error as lines, alike numbered layers as one."""
    lines = []
    for label, count, source, row in _folded(rows, True):
        parts = [f"  {row.status:<11} {label}"]
        if source and source != label:
            parts.append(f"(in the file {source})")
        if row.status == "mismatch":
            parts.append(f"model {_shape(row.shape)}, file {_shape(row.file_shape)}")
        else:
            parts.append(_shape(row.shape if row.status == "missing" else row.file_shape))
        if row.note:
            parts.append(f"- {row.note}")
        lines.append((row.status, count, " ".join(filter(None, parts))))
    shown: list[str] = []
    for status in dict.fromkeys(status for status, *_ in lines):
        mine = [line for line in lines if line[0] == status]
        shown += [text for *_, text in mine[:most]]
        left = sum(count for _, count, _ in mine[most:])
        if left:
            shown.append(f"  {status:<11} … and {plural(left, 'more name')}")
    return shown
