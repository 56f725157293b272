"""Parameters as a table: in a terminal and as plain text by rich, in a notebook as HTML."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .folding import fold as fold_names

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

__all__ = [
    "Listing",
    "Row",
    "bytes_text",
    "names_text",
    "parameter_table",
    "plan_table",
    "plural",
    "shape_text",
]

LONG = 40
"""A table of more rows than this is folded by itself."""
MOST = 60
"""A table of more lines than this shows its head and its tail."""


class Row(NamedTuple):
    """What a table says of one parameter. `size` counts elements; an unknown dimension is None.

    `kind` is a remark that many may share ("buffer"), `note` one of its own, that names other parameters;
    `own` is the name that its layer has for it, where layers have names of their own.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    size: int | None
    trainable: bool
    device: str
    kind: str
    note: str
    own: str = ""

    @property
    def shape_text(self) -> str:
        """The shape as Python writes it, with ? for what is not known."""
        return shape_text(self.shape)


def shape_text(shape: tuple[int | None, ...] | None) -> str:
    """A shape as Python writes it, with ? for what is not known.

    >>> shape_text((4, None)), shape_text((3,)), shape_text(None)
    ('(4, ?)', '(3,)', '?')
    """
    if shape is None:
        return "?"
    inner = ", ".join("?" if n is None else str(n) for n in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


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


def plural(count: int, noun: str) -> str:
    """`1 element`, `1,000 elements`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Listing:
    """A table ready to be shown: `print` gives plain text, `rich.print` colours, a notebook HTML.

    Args:
        titles: the heads of the columns; one that is empty in all lines is left out.
        lines: their cells.
        below: lines under the table.
        limit: at most so many lines, the middle left out; None for all.
        right: titles of columns of numbers, which stand under each other.
        optional: titles of columns that a narrow terminal does without, the first to go first.
    """

    def __init__(
        self,
        titles: Sequence[str],
        lines: Sequence[Sequence[str]],
        below: Iterable[str],
        limit: int | None = MOST,
        *,
        right: Collection[str] = ("count",),
        optional: Sequence[str] = (),
    ) -> None:
        self._right, self._optional = frozenset(right), tuple(optional)
        self._head, self._tail = list(lines), []
        self._below = list(below)
        if limit is not None and len(lines) > limit:
            tail = limit // 4
            self._head, self._tail = list(lines[: limit - tail]), list(lines[len(lines) - tail :])
            left_out = len(lines) - limit
            self._below.insert(
                0, f"{left_out:,} more lines are left out at the …; table(limit=None) has them"
            )
        shown = (*self._head, *self._tail)
        keep = [at for at, title in enumerate(titles) if title or any(line[at] for line in shown)]
        self._titles = [titles[at] for at in keep]
        self._head = [[line[at] for at in keep] for line in self._head]
        self._tail = [[line[at] for at in keep] for line in self._tail]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        columns, below = self._fitting(options.max_width)
        for at in columns:
            title, wide = self._titles[at], self._width(at)
            # Numbers and shapes are never cut, since what is left would be another number. Where there
            # is no room the name and the remarks are written on several lines.
            wraps = at == 0 or title in _REMARKS
            table.add_column(
                title,
                justify="right" if title in self._right else "left",
                no_wrap=not wraps,
                overflow="fold",
                min_width=min(wide, 8) if wraps else wide,
                style="bold" if at == 0 else "dim" if title in ("", "device") else "",
            )
        # Text, not markup: a name such as "[0]" prints as it is.
        for line in self._head:
            table.add_row(*(Text(line[at]) for at in columns))
        if self._tail:
            table.add_row("…")
        for line in self._tail:
            table.add_row(*(Text(line[at]) for at in columns))
        if columns:
            yield table
        for text in (*self._below, *below):
            yield Text(text)

    def _width(self, at: int) -> int:
        return max(map(len, [self._titles[at], *(line[at] for line in (*self._head, *self._tail))]))

    def _fitting(self, width: int) -> tuple[list[int], list[str]]:
        """The columns for a width: too many, and those that say the same in each line go below it."""
        columns = list(range(len(self._titles)))
        below = []
        for title, says in (("device", "all on {}"), ("dtype", "all {}"), ("trainable", "trainable: {}")):
            if sum(self._width(at) + 3 for at in columns) <= width:
                break
            at = self._titles.index(title) if title in self._titles else -1
            cells = {line[at] for line in (*self._head, *self._tail)}
            if at >= 0 and len(cells) == 1:
                columns.remove(at)
                below.append(says.format(*cells))
        left_out = []
        for title in self._optional:
            room = [min(self._width(at), 24) if not self._titles[at] else self._width(at) for at in columns]
            if sum(room) + 2 * len(room) <= width:
                break
            if title in self._titles and self._titles.index(title) in columns:
                columns.remove(self._titles.index(title))
                left_out.append(title)
        if left_out:
            below.append(f"no room for: {', '.join(left_out)}")
        return columns, below

    def __str__(self) -> str:
        if not sys.stdout.isatty():
            return self._plain()
        import shutil
        from io import StringIO

        from rich.console import Console

        width = shutil.get_terminal_size().columns
        console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
        console.print(self)
        written = console.file.getvalue()  # type: ignore[attr-defined]
        return "\n".join(line.rstrip() for line in written.split("\n")).strip("\n")

    __repr__ = __str__

    def _plain(self) -> str:
        """As rich would print it where there is room for all, in a hundredth of its time."""
        from rich.cells import cell_len

        written = []
        if self._titles:
            dots = [["…", *[""] * (len(self._titles) - 1)]] if self._tail else []
            lines = [self._titles, *self._head, *dots, *self._tail]
            columns = []
            for title, cells in zip(self._titles, zip(*lines, strict=True), strict=True):
                # Letters of ASCII are one cell wide, as most are.
                wide = [len(cell) if cell.isascii() else cell_len(cell) for cell in cells]
                most = max(wide)
                gaps = [" " * (most - one) for one in wide]
                if title in self._right:
                    columns.append([gap + cell for gap, cell in zip(gaps, cells, strict=True)])
                else:
                    columns.append([cell + gap for gap, cell in zip(gaps, cells, strict=True)])
            written = [(" " + "  ".join(line)).rstrip() for line in zip(*columns, strict=True)]
            rule = sum(cell_len(column[0]) + 2 for column in columns) - 2
            written = [written[0], " " + "─" * rule, *written[1:], ""]
        return "\n".join([*written, *self._below]).strip("\n")

    def _repr_html_(self) -> str:
        """For a notebook: every text is escaped, and colours are the notebook's own, light or dark."""
        import html

        def tr(cells: Sequence[str], tag: str) -> str:
            written = []
            for title, cell in zip(self._titles, cells, strict=False):
                style = f"{_CELL};text-align:{'right' if title in self._right else 'left'}"
                if tag == "th":
                    style += f";font-weight:600;border-bottom:1px solid {_LINE}"
                elif title in _CODE:
                    style += ";font-family:var(--jp-code-font-family, ui-monospace, monospace)"
                if title in _REMARKS:
                    style += ";white-space:normal;min-width:8em"
                if tag == "td" and title in ("", "device", "histogram"):
                    style += ";opacity:0.7"
                written.append(f'<{tag} style="{style}">{html.escape(cell)}</{tag}>')
            return f"<tr>{''.join(written)}</tr>"

        rows = [tr(cells, "td") for cells in self._head]
        if self._tail:
            rows.append(tr(["…"], "td"))
        rows += [tr(cells, "td") for cells in self._tail]
        foot = "".join(f'<div style="opacity:0.75">{html.escape(line)}</div>' for line in self._below)
        head = f"<thead>{tr(self._titles, 'th')}</thead>" if self._titles else ""
        table = f'<table style="{_TABLE}">{head}<tbody>{"".join(rows)}</tbody></table>' if rows else ""
        # A wide table scrolls by itself, so numbers and names stay whole.
        return f'<div style="overflow-x:auto;font-size:0.95em">{table}{foot}</div>'


# A grey that is seen on white and on black.
_LINE = "rgba(128,128,128,0.5)"
_TABLE = "margin:0 0 0.4em 0;border-collapse:collapse;font-variant-numeric:tabular-nums"
_CELL = "padding:0.15em 1.2em 0.15em 0.2em;white-space:nowrap;line-height:1.5"
_HEAD = ["name", "shape", "dtype", "count", "trainable", "device", ""]
_PLAN_HEAD = ["parameter", "rule", "initializer", "draws"]
_REMARKS = ("", "rule", "initializer", "draws")
_CODE = ("name", "called", "parameter", "rule", "initializer")


def parameter_table(
    rows: Sequence[Row], totals: Iterable[str], *, fold: bool | None = None, limit: int | None = MOST
) -> Listing:
    """Parameters as a table; `totals` are lines below it. `fold` None folds a long table only."""
    lines = []
    named = any(row.own for row in rows)
    for label, count, row in _folded(rows, fold, lambda row: (*row[1:-1], row.name if row.note else "")):
        size = "?" if row.size is None else f"{row.size:,}"
        if count > 1:
            size = f"{count:,} × {size}"
        stored = row.device == "file"  # nothing in a file trains
        trainable = "" if stored else "yes" if row.trainable else "no"
        remark = "; ".join(filter(None, (row.kind, row.note)))
        own = [row.own if count == 1 else ""] if named else []
        device = "" if stored else row.device
        lines.append([label, *own, row.shape_text, row.dtype, size, trainable, device, remark])
    head = [_HEAD[0], "called", *_HEAD[1:]] if named else _HEAD
    if all(row.device == "file" for row in rows):
        head = ["" if title in ("trainable", "device") else title for title in head]
    return Listing(head, lines, totals, limit)


def plan_table(
    rows: Sequence[tuple[str, str, str, str]],
    notes: Iterable[str],
    *,
    fold: bool | None = None,
    limit: int | None = MOST,
) -> Listing:
    """A plan's rows (parameter, rule, initializer, what it draws) as a table."""
    lines = [[label, *row[1:]] for label, _, row in _folded(rows, fold, lambda row: row[1:])]
    return Listing(_PLAN_HEAD, lines, notes, limit)


_Any = TypeVar("_Any", bound=tuple[Any, ...])


def _folded(
    rows: Sequence[_Any], fold: bool | None, alike: Callable[[_Any], Hashable]
) -> Iterator[tuple[str, int, _Any]]:
    """(label, how many names it stands for, the first of their rows)."""
    if fold or (fold is None and len(rows) > LONG):
        for line in fold_names([row[0] for row in rows], [alike(row) for row in rows]):
            yield line.label, len(line.members), rows[line.members[0]]
    else:
        for row in rows:
            yield row[0], 1, row


def names_text(names: Sequence[str], most: int = 8) -> str:
    """Names in a sentence: many are folded where they are numbered, and cut short.

    >>> names_text(["head.bias", *(f"h.{i}.bias" for i in range(12))])
    'head.bias, h.{0..11}.bias'
    """
    if len(names) <= most:
        return ", ".join(names)
    labels = [line.label for line in fold_names(names, [0] * len(names))]
    shown = ", ".join(labels[:most])
    return shown + (f" and {len(labels) - most:,} more" if len(labels) > most else "")
