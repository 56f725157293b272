"""A report's data as columns: for 20,000 parameters a few megabytes of JSON, which a browser reads at once.

Numbers keep five digits, since a person reads them. Texts that repeat (dtypes, shapes, origins) stand in a
list once, and rows have their places. A histogram is a text of two letters for each bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...measures import Stats
from ..densities import counts_between, inner_range
from .rows import Change, Entry, Facts

__all__ = ["columns"]

STATUSES = ("same", "changed", "reshaped", "retied", "added", "removed")

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)

# Printable letters that mean nothing in JSON, HTML or a regular expression; two make a bar's height.
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
TALLEST = len(LETTERS) ** 2 - 1

FEW = 10_000
"""Up to so many histograms have 48 bars, more of them 24, so that 20,000 parameters stay under 10 MB."""


def columns(entries: Sequence[Entry]) -> dict[str, Any]:
    """What the page's script reads; all of it is what JSON can say.

    Returns:
        names, sides (columns for each side), change (columns, or None), texts (what the columns that hold
        places refer to), letters and tallest of the histograms, and the quantiles' q.
    """
    texts = Texts()
    measured = sum(1 for entry in entries for facts in entry.sides if facts and facts.stats)
    graded = sum(1 for entry in entries for facts in entry.sides if facts and facts.grad)
    bars = 48 if measured + graded <= FEW else 24
    count = max((len(entry.sides) for entry in entries), default=1)
    changes = [entry.change for entry in entries]
    return {
        "names": [entry.name for entry in entries],
        "sides": [_side([entry.sides[at] for entry in entries], texts, bars) for at in range(count)],
        "change": _changes(changes) if any(changes) else None,
        "statuses": STATUSES,
        "quantiles": QUANTILES,
        "letters": LETTERS,
        "tallest": TALLEST,
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


def _side(rows: Sequence[Facts | None], texts: Texts, bars: int) -> dict[str, Any]:
    """Columns of one side; what it has not is null."""

    def column(of: Callable[[Facts], Any]) -> list[Any]:
        return [None if facts is None else of(facts) for facts in rows]

    tied = {
        str(at): [list(facts.slots), facts.more_slots]
        for at, facts in enumerate(rows)
        if facts is not None and len(facts.slots) + facts.more_slots > 1
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
        "slots": tied,
        "answers": {
            str(at): list(facts.answers)
            for at, facts in enumerate(rows)
            if facts is not None and facts.answers
        },
        "origin": column(lambda facts: texts.place(facts.origin)),
        "stats": _stats([facts and facts.stats for facts in rows], bars),
        "grad": _stats([facts and facts.grad for facts in rows], bars),
    }


def _stats(rows: Sequence[Stats | None], bars: int) -> dict[str, Any] | None:
    """Columns of statistics, None where there are none at all."""
    if not any(rows):
        return None

    def column(of: Callable[[Stats], Any]) -> list[Any]:
        return [None if stats is None else of(stats) for stats in rows]

    histograms = [None if stats is None else histogram(stats, bars) for stats in rows]
    return {
        "min": column(lambda stats: number(stats.min)),
        "max": column(lambda stats: number(stats.max)),
        "mean": column(lambda stats: number(stats.mean)),
        "std": column(lambda stats: number(stats.std)),
        "norm": column(lambda stats: number(stats.norm)),
        "zeros": column(lambda stats: stats.zeros),
        "nan": column(lambda stats: stats.nan),
        "inf": column(lambda stats: stats.inf),
        "quantiles": column(lambda stats: [*map(number, stats.quantile(QUANTILES).tolist())]),
        "low": [None if made is None else made[0] for made in histograms],
        "high": [None if made is None else made[1] for made in histograms],
        "peak": [None if made is None else made[2] for made in histograms],
        "bars": [None if made is None else made[3] for made in histograms],
    }


def _changes(changes: Iterable[Change | None]) -> dict[str, Any]:
    rows = [change or Change("same") for change in changes]
    return {
        "status": [STATUSES.index(row.status) for row in rows],
        "relative": [number(row.relative) for row in rows],
        "cosine": [number(row.cosine) for row in rows],
        "largest": [number(row.largest) for row in rows],
    }


def number(value: complex | None) -> float | int | str | None:
    """Five digits of a number; what JSON has no number for is a text, and NaN null; of complex ones the size.

    >>> number(0.123456789), number(float("-inf")), number(float("nan")), number(2.0)
    (0.12346, '-inf', None, 2)
    """
    if isinstance(value, complex):
        value = abs(value)
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    short = float(f"{value:.5g}")
    return int(short) if short.is_integer() and abs(short) < 1e5 else short


def histogram(stats: Stats, bars: int) -> tuple[Any, Any, Any, str] | None:
    """(from, to, elements in the highest bar, heights) in equal bars over where the values lie.

    The first and the last bar hold all that is beyond them.
    """
    if not stats.finite:
        return None
    low, high = inner_range(stats)
    edges = np.linspace(low, high, bars + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    heights = counts_between(stats, edges)
    peak = heights.max()
    levels = np.ceil(heights / peak * TALLEST).astype(int)
    text = "".join(LETTERS[level // 64] + LETTERS[level % 64] for level in levels.tolist())
    return number(low), number(high), number(float(peak)), text
