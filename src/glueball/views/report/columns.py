"""A report's data as columns: for 20,000 parameters a few megabytes of JSON, which a browser reads at once.

Numbers keep four digits, since a person reads them. Texts that repeat (dtypes, shapes, origins) stand in a
list once, and rows have their places. A histogram is a text of one or two letters for each bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...measures import Stats
from ..densities import counts_between, inner_range
from .rows import Change, Entry, Facts

__all__ = ["columns"]

STATUSES = (
    "same", "cast", "renamed", "transposed", "changed", "reshaped", "retied", "added", "removed",
)  # fmt: skip

OUTER = (0.001, 0.999)

# Letters that mean nothing in JSON or HTML.
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


class Detail(NamedTuple):
    """How much is said of each array, so that a report of 20,000 parameters stays under 10 MB.

    Attributes:
        most: up to so many arrays.
        bars: of a histogram.
        levels: what stands for each height of a bar.
        quantiles: their shares.
    """

    most: float
    bars: int
    levels: Sequence[str]
    quantiles: tuple[float, ...]


PAIRS = [first + second for first in LETTERS for second in LETTERS]
DETAILS = (
    Detail(10_000, 48, PAIRS, (0.01, 0.25, 0.5, 0.75, 0.99)),
    Detail(30_000, 24, PAIRS, (0.01, 0.25, 0.5, 0.75, 0.99)),
    Detail(math.inf, 16, LETTERS, (0.25, 0.5, 0.75)),
)


def columns(entries: Sequence[Entry]) -> dict[str, Any]:
    """What the page's script reads; all of it is what JSON can say.

    Returns:
        names, sides (columns for each side), change (columns, or None), texts (what the columns that hold
        places refer to), letters of the histograms and how many a bar has, and the quantiles' q.
    """
    texts = Texts()
    measured = sum(1 for entry in entries for facts in entry.sides if facts and facts.stats)
    graded = sum(1 for entry in entries for facts in entry.sides if facts and facts.grad)
    detail = next(detail for detail in DETAILS if measured + graded <= detail.most)
    count = max((len(entry.sides) for entry in entries), default=1)
    changes = [entry.change for entry in entries]
    return {
        "names": [entry.name for entry in entries],
        "sides": [_side(entries, at, texts, detail) for at in range(count)],
        "change": _changes(changes, texts) if any(changes) else None,
        "statuses": STATUSES,
        "quantiles": detail.quantiles,
        "letters": LETTERS,
        "wide": len(detail.levels[0]),
        "texts": texts.all,
    }


class Texts:
    """Each text, or list of texts, once."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, text: Any) -> int:
        """Where it stands."""
        at = self._places.get(text)
        if at is None:
            at = self._places[text] = len(self.all)
            self.all.append(text)
        return at


def _side(entries: Sequence[Entry], side: int, texts: Texts, detail: Detail) -> dict[str, Any]:
    """Columns of one side; what it has not is null. Slots are left out where the name is the only one."""
    rows = [entry.sides[side] for entry in entries]

    def column(of: Callable[[Facts], Any]) -> list[Any]:
        return [None if facts is None else of(facts) for facts in rows]

    slots = {
        str(at): [facts.slots, facts.more_slots]
        for at, facts in enumerate(rows)
        if facts is not None and facts.slots != (entries[at].name,)
    }
    return {
        "shape": column(lambda facts: texts.place(facts.shape)),
        "dtype": column(lambda facts: texts.place(facts.dtype)),
        "device": column(lambda facts: texts.place(facts.device)),
        "kind": column(lambda facts: texts.place(facts.kind)),
        "size": column(lambda facts: facts.size),
        "nbytes": column(lambda facts: facts.nbytes),
        "trainable": column(lambda facts: int(facts.trainable)),
        "own": {str(at): facts.own for at, facts in enumerate(rows) if facts is not None and facts.own},
        "slots": slots,
        "answers": {
            str(at): list(facts.answers)
            for at, facts in enumerate(rows)
            if facts is not None and facts.answers
        },
        "note": column(lambda facts: texts.place(facts.note)),
        "origin": column(lambda facts: texts.place(facts.origin)),
        "stats": _stats([facts and facts.stats for facts in rows], detail),
        "grad": _stats([facts and facts.grad for facts in rows], detail),
    }


def _stats(rows: Sequence[Stats | None], detail: Detail) -> dict[str, Any] | None:
    """Columns of statistics, None where there are none at all."""
    if not any(rows):
        return None

    def column(of: Callable[[Stats], Any]) -> list[Any]:
        return [None if stats is None else of(stats) for stats in rows]

    # All quantiles at once: each question costs what several do.
    found = [None if stats is None else stats.quantile(detail.quantiles + OUTER).tolist() for stats in rows]
    drawn = [
        None if stats is None or quantiles is None else histogram(stats, detail, quantiles[-2:])
        for stats, quantiles in zip(rows, found, strict=True)
    ]
    return {
        "min": column(lambda stats: number(stats.min)),
        "max": column(lambda stats: number(stats.max)),
        "mean": column(lambda stats: number(stats.mean)),
        "std": column(lambda stats: number(stats.std)),
        "norm": column(lambda stats: number(stats.norm)),
        "zeros": column(lambda stats: stats.zeros),
        "nan": column(lambda stats: stats.nan),
        "inf": column(lambda stats: stats.inf),
        "quantiles": [quantiles and [*map(number, quantiles[:-2])] for quantiles in found],
        "low": [made and made.low for made in drawn],
        "high": [made and made.high for made in drawn],
        "peak": [made and made.peak for made in drawn],
        "bars": [made and made.bars for made in drawn],
    }


def _changes(changes: Iterable[Change | None], texts: Texts) -> dict[str, Any]:
    rows = [change or Change("same") for change in changes]
    return {
        "status": [STATUSES.index(row.status) for row in rows],
        "relative": [number(row.relative) for row in rows],
        "cosine": [number(row.cosine) for row in rows],
        "largest": [number(row.largest) for row in rows],
        "note": [texts.place(row.note) for row in rows],
    }


def number(value: complex | None) -> float | int | str | None:
    """Four digits of a number; what JSON has no number for is a text, and NaN null; of complex ones the size.

    >>> number(0.123456789), number(float("-inf")), number(float("nan")), number(2.0)
    (0.1235, '-inf', None, 2)
    """
    if isinstance(value, complex):
        value = abs(value)
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    short = float(f"{value:.4g}")
    if math.isinf(short):  # the largest numbers have no room to be rounded up
        short = value
    return int(short) if short.is_integer() and abs(short) < 1e4 else short


class Drawn(NamedTuple):
    """A histogram: where its bars begin and end (null: at min and max), its highest bar, all heights."""

    low: Any
    high: Any
    peak: Any
    bars: str


def histogram(stats: Stats, detail: Detail, outer: Sequence[float]) -> Drawn | None:
    """Equal bars over where the values lie; the first and the last hold all that is beyond them."""
    if not stats.finite:
        return None
    low, high = inner_range(stats, (outer[0], outer[1]))
    edges = np.linspace(low, high, detail.bars + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    heights = counts_between(stats, edges)
    peak = float(heights.max())
    levels = np.ceil(heights / peak * (len(detail.levels) - 1)).astype(int)
    text = "".join(map(detail.levels.__getitem__, levels.tolist()))
    whole = (low, high) == (stats.min, stats.max)
    return Drawn(None if whole else number(low), None if whole else number(high), number(peak), text)
