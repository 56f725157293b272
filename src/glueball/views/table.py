"""Parameters as a table: in a terminal and as plain text by rich, in a notebook as HTML."""

from __future__ import annotations

import html
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .folding import fold as fold_names

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Row", "bytes_text", "html_table", "plan_html", "plan_table", "rich_table", "text"]

LONG = 40
"""A table of more rows than this is folded by itself."""
MOST = 60
"""A table of more lines than this shows its head and its tail."""

_WIDE = 1000


class Row(NamedTuple):
    """What a table says of one parameter. `size` counts elements; an unknown dimension is None."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    size: int | None
    trainable: bool
    device: str
    note: str

    @property
    def shape_text(self) -> str:
        """The shape as Python writes it, with ? for what is not known."""
        if self.shape is None:
            return "?"
        inner = ", ".join("?" if n is None else str(n) for n in self.shape)
        return f"({inner},)" if len(self.shape) == 1 else f"({inner})"


def bytes_text(count: int) -> str:
    """A number of bytes as a person reads it.

    >>> bytes_text(999), bytes_text(5 * 2**20)
    ('999 B', '5.0 MiB')
    """
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


class _Line(NamedTuple):
    label: str
    row: Row
    names: int


def _lines(rows: Sequence[Row], fold: bool | None) -> list[_Line]:
    if fold or (fold is None and len(rows) > LONG):
        # A note names other parameters, so a row that has one stands alone.
        alike = [(*row[1:], row.name if row.note else "") for row in rows]
        return [
            _Line(line.label, rows[line.members[0]], len(line.members))
            for line in fold_names([row.name for row in rows], alike)
        ]
    return [_Line(row.name, row, 1) for row in rows]


def _cells(line: _Line) -> list[str]:
    row = line.row
    size = "?" if row.size is None else f"{row.size:,}"
    if line.names > 1:
        size = f"{line.names:,} × {size}"
    trainable = "yes" if row.trainable else "no"
    return [line.label, row.shape_text, row.dtype, size, trainable, row.device, row.note]


_HEAD = ["name", "shape", "dtype", "count", "trainable", "device", ""]


def _shown(lines: list[_Line], limit: int | None) -> tuple[list[_Line], int, list[_Line]]:
    """The head, how many lines are left out, and the tail."""
    if limit is None or len(lines) <= limit:
        return lines, 0, []
    tail = limit // 4
    return lines[: limit - tail], len(lines) - limit, lines[len(lines) - tail :]


def rich_table(
    rows: Sequence[Row], totals: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> Table:
    """A rich table; `totals` are lines below it. `fold` None folds a long table only."""
    lines = _lines(rows, fold)
    head, left_out, tail = _shown(lines, limit)
    notes = any(line.row.note for line in (*head, *tail))
    table = _table(totals)
    for title in _HEAD if notes else _HEAD[:-1]:
        table.add_column(
            title,
            justify="right" if title == "count" else "left",
            no_wrap=title != "",
            overflow="fold",
            style="bold" if title == "name" else "dim" if title in ("", "device") else "",
        )
    width = len(table.columns)
    _add(table, [_cells(line)[:width] for line in head])
    if left_out:
        _add(table, [[f"… {left_out:,} more lines: table(limit=None)"]])
    _add(table, [_cells(line)[:width] for line in tail])
    return table


def _table(below: Iterable[str]) -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, caption="\n".join(below), caption_justify="left", pad_edge=False)


def _add(table: Table, rows: Iterable[Sequence[str]]) -> None:
    from rich.text import Text

    for cells in rows:
        # Text, not markup: a name such as "[0]" prints as it is.
        table.add_row(*map(Text, cells))


PlanCells = tuple[str, str, str, str]
_PLAN_HEAD = ["parameter", "rule", "initializer", "draws"]


def _plan_lines(rows: Sequence[PlanCells]) -> list[PlanCells]:
    if len(rows) <= LONG:
        return list(rows)
    folds = fold_names([row[0] for row in rows], [row[1:] for row in rows])
    return [(line.label, *rows[line.members[0]][1:]) for line in folds]


def plan_table(rows: Sequence[PlanCells], notes: Iterable[str]) -> Table:
    """A plan's rows (parameter, rule, initializer, what it draws) as a rich table."""
    lines = _plan_lines(rows)
    table = _table(notes)
    for title in _PLAN_HEAD:
        table.add_column(title, no_wrap=True, overflow="fold", style="bold" if title == "parameter" else "")
    _add(table, lines[:MOST])
    if len(lines) > MOST:
        _add(table, [(f"… {len(lines) - MOST:,} more lines: plan.rows",)])
    return table


def text(renderable: object) -> str:
    """What rich would print, as plain text: as wide as the terminal, or as it needs where there is none."""
    from io import StringIO

    from rich.console import Console

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.split("\n")).strip("\n")


def html_table(
    rows: Sequence[Row], totals: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> str:
    """The table as HTML for a notebook; every text is escaped, and colours are the notebook's own."""
    head, left_out, tail = _shown(_lines(rows, fold), limit)
    return _html(_HEAD, [_cells(line) for line in head], left_out, [_cells(line) for line in tail], totals)


def plan_html(rows: Sequence[PlanCells], notes: Iterable[str]) -> str:
    """A plan as HTML for a notebook."""
    lines = _plan_lines(rows)
    return _html(_PLAN_HEAD, lines[:MOST], max(0, len(lines) - MOST), [], notes)


def _html(
    head: Sequence[str],
    first: Sequence[Sequence[str]],
    left_out: int,
    last: Sequence[Sequence[str]],
    below: Iterable[str],
) -> str:
    def tr(cells: Sequence[str], tag: str) -> str:
        style = ' style="text-align:left"'
        return "<tr>" + "".join(f"<{tag}{style}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = [tr(cells, "td") for cells in first]
    if left_out:
        body.append(f'<tr><td colspan="{len(head)}">… {left_out:,} more lines</td></tr>')
    body += [tr(cells, "td") for cells in last]
    foot = "".join(f"<div>{html.escape(line)}</div>" for line in below)
    return f"<table><thead>{tr(head, 'th')}</thead><tbody>{''.join(body)}</tbody></table>{foot}"
