"""Statistics as a table: a line for each array, numbers under each other, a small histogram at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..measures import Stats
from .table import MOST, Listing, plural, shape_text

__all__ = ["number_text", "share_text", "spark", "statistics_table"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = ".:-=+*#@"  # for terminals without block characters


def number_text(number: Any) -> str:
    """A number in a table: four digits of a float, all of an integer, nothing for None.

    >>> number_text(0.000123456), number_text(12345), number_text(float("nan")), number_text(2.0)
    ('0.0001235', '12,345', '', '2')
    """
    if number is None or number != number:
        return ""
    if isinstance(number, complex):
        return f"{number:.3g}"
    return f"{number:,}" if isinstance(number, int) else f"{number:.4g}"


def share_text(count: float, of: float) -> str:
    """A part of the whole, in percent; nothing for none.

    >>> share_text(0, 9), share_text(1, 3), share_text(1, 10**6), share_text(9, 9)
    ('', '33.3%', '0.0001%', '100%')
    """
    if not count:
        return ""
    percent = 100 * count / of
    if count == of:
        return "100%"
    if percent >= 99.95:
        return f"{math.floor(percent * 1000) / 1000}%"  # not all of them
    return f"{percent:.1f}%" if percent >= 0.1 else f"{percent:.1g}%"


def spark(stats: Stats | None, width: int = 16, plain: bool = False) -> str:
    """The histogram in a line of text: the heights of `width` bins, from min to max.

    A bin that has elements is never blank, an empty one always.

    >>> import numpy as np
    >>> from glueball.measures import measure
    >>> spark(measure(np.array([0, 0, 1, 1, 1, 1, 3])), 4)
    '▄█ ▂'
    """
    if stats is None or not stats.finite:
        return ""
    counts = stats.histogram.counts.astype(float).reshape(width, -1).sum(1)
    levels = _PLAIN if plain else _BLOCKS
    most = counts.max()
    return "".join(levels[max(0, math.ceil(8 * c / most) - 1)] if c else " " for c in counts)


_OPTIONAL = (
    "grad ∞", "grad NaN", "grad zeros", "grad mean", "dtype", "norm", "grad std", "shape", "histogram",
    "mean", "zeros", "max", "min",
)  # fmt: skip


def statistics_table(
    rows: Sequence[Any], *, limit: int | None = MOST, plain: bool = False, below: Sequence[str] = ()
) -> Listing:
    """Rows as a table; columns that say nothing in any line are left out.

    Args:
        rows: what was measured, each with the attributes of a `glueball.parameters.StatsRow`.
        limit: at most so many lines, the middle left out; None for all.
        plain: for a terminal that has no block characters.
        below: lines under the table.
    """
    with_grad = any(row.grad is not None for row in rows)
    shares = sorted({share for row in rows if row.data is not None for share in row.data.exact})
    ranked = any(row.data is not None and row.data.rank is not None for row in rows)
    titles = ["name", "shape", "dtype", "min", "max", "mean", "std", "norm", "zeros", "NaN", "∞"]
    titles += [f"q{share:g}" for share in shares] + ["rank"] * ranked + ["histogram"]
    if with_grad:
        titles += [f"grad {what}" for what in ("mean", "std", "norm", "zeros", "NaN", "∞")]
    lines = []
    for row in rows:
        line = [row.name, shape_text(row.shape), row.dtype]
        numbers = _numbers(row.data, ("min", "max", "mean", "std", "norm"))
        line += [*numbers, *_counts(row.data)]
        line += [number_text(row.data.exact.get(share)) if row.data else "" for share in shares]
        line += [number_text(row.data.rank) if row.data else ""] * ranked
        line.append(spark(row.data, plain=plain))
        if with_grad:
            line += [*_numbers(row.grad, ("mean", "std", "norm")), *_counts(row.grad)]
        lines.append([*line, row.note])
    titles.append("")
    silent = {"zeros", "NaN", "∞", "grad zeros", "grad NaN", "grad ∞"}
    keep = [at for at, title in enumerate(titles) if title not in silent or any(line[at] for line in lines)]
    return Listing(
        [titles[at] for at in keep],
        [[line[at] for at in keep] for line in lines],
        [*_totals(rows), *below],
        limit,
        right=[title for title in titles[3:] if title not in ("", "histogram")],
        optional=_OPTIONAL,
    )


def _numbers(stats: Stats | None, names: Sequence[str]) -> list[str]:
    return [number_text(getattr(stats, name)) if stats else "" for name in names]


def _counts(stats: Stats | None) -> list[str]:
    if stats is None:
        return ["", "", ""]
    return [share_text(stats.zeros, stats.count), *(f"{n:,}" if n else "" for n in (stats.nan, stats.inf))]


def _totals(rows: Sequence[Any]) -> list[str]:
    data = [row.data for row in rows if row.data is not None]
    line = f"{plural(len(rows), 'parameter')}, {plural(sum(one.count for one in data), 'element')} measured"
    bad = [row.name for row in rows if any(one and one.finite < one.count for one in (row.data, row.grad))]
    if bad:
        some = ", ".join(bad[:3]) + (f" and {len(bad) - 3:,} more" if len(bad) > 3 else "")
        return [line, f"not finite: {some}"]
    return [line]
