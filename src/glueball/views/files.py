"""What is in a file, as a table or as a tree of its layers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .folding import fold as fold_names
from .table import LONG, MOST, Listing, bytes_text, shape_text

__all__ = ["FileRow", "file_table", "file_tree"]


class FileRow(NamedTuple):
    """What is shown of one array in a file.

    `others` are its further names, `storage` a kind of sparse storage or "", `file` the path of the file (of
    a sharded checkpoint the shard).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    others: tuple[str, ...]
    storage: str
    file: str

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def file_table(
    rows: Sequence[FileRow], below: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> Listing:
    """Arrays as a table; `fold` None folds a long one only."""
    titles = ["name", "shape", "dtype", "count", "bytes", ""]
    lines = []
    if fold or (fold is None and len(rows) > LONG):
        alike = [(row.shape, row.dtype, row.storage, row.name if row.others else "") for row in rows]
        groups = [
            (line.label, [rows[at] for at in line.members])
            for line in fold_names([row.name for row in rows], alike)
        ]
    else:
        groups = [(row.name, [row]) for row in rows]
    for label, members in groups:
        row = members[0]
        times = f"{len(members):,} × " if len(members) > 1 else ""
        lines.append(
            [
                label,
                shape_text(row.shape),
                row.dtype,
                f"{times}{row.size:,}",
                f"{bytes_text(sum(member.nbytes for member in members))}",
                _remark(row),
            ]
        )
    return Listing(
        titles, lines, below, limit, right=("count", "bytes"), optional=("count", "dtype", "bytes")
    )


def _remark(row: FileRow) -> str:
    parts = [row.storage] if row.storage else []
    if row.others:
        more = f" and {len(row.others) - 3:,} more" if len(row.others) > 3 else ""
        parts.append("tied with " + ", ".join(row.others[:3]) + more)
    return ", ".join(parts)


class _Node:
    """A layer, by what is in it."""

    __slots__ = ("below", "nbytes", "rows", "size")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.rows: list[tuple[str, FileRow]] = []
        self.size = self.nbytes = 0

    def key(self) -> tuple[object, ...]:
        """Equal for layers that look alike."""
        own = tuple((name, row.shape, row.dtype, row.storage, row.others) for name, row in self.rows)
        return own, tuple((name, node.key()) for name, node in self.below.items())


def file_tree(rows: Sequence[FileRow], below: Iterable[str], *, fold: bool = True) -> Listing:
    """Layers in layers with their totals; numbered ones that are alike are one line unless fold is False."""
    root = _Node()
    for row in rows:
        at = root
        *path, last = re.split(r"(?<=.)[./]", row.name)
        for step in path:
            at = at.below.setdefault(step, _Node())
            at.size, at.nbytes = at.size + row.size, at.nbytes + row.nbytes
        at.rows.append((last, row))
    lines = list(_lines(root, "", fold))
    return Listing(
        ["name", "shape", "dtype", "count", "bytes", ""], lines, below, None, right=("count", "bytes")
    )


def _lines(node: _Node, indent: str, fold: bool) -> Iterator[list[str]]:
    leaves = [(name, 1, row, None) for name, row in node.rows]
    layers = [(label, count, None, below) for label, count, below in _children(node, fold)]
    entries = [*leaves, *layers]
    for at, (label, count, row, below) in enumerate(entries):
        last = at == len(entries) - 1
        head = f"{indent}{'└─ ' if last else '├─ '}{label}"
        times = f"{count:,} × " if count > 1 else ""
        if row is not None:
            yield [
                head,
                shape_text(row.shape),
                row.dtype,
                f"{row.size:,}",
                bytes_text(row.nbytes),
                _remark(row),
            ]
        elif below is not None:
            yield [head, "", "", f"{times}{below.size:,}", f"{times}{bytes_text(below.nbytes)}", ""]
            yield from _lines(below, indent + ("   " if last else "│  "), fold)


def _children(node: _Node, fold: bool) -> Iterator[tuple[str, int, _Node]]:
    """(label, how many, the first of them) of the layers below."""
    if not fold:
        yield from ((name, 1, below) for name, below in node.below.items())
        return
    names = list(node.below)
    keys = [node.below[name].key() for name in names]
    for line in fold_names(names, keys):
        yield line.label, len(line.members), node.below[names[line.members[0]]]
