"""LoadReport: what a load did, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...views.loads import LoadRow, load_table
from ...views.table import Listing

__all__ = ["LoadReport"]

_TAKEN = ("loaded", "sliced", "padded")


class LoadReport:
    """What a load did; prints as a table, in which numbered layers that are alike are one line.

    Attributes:
        source: what was loaded: the file's path, or the kind of the other model.
        rows: one for each parameter, and for each name of the file that no parameter takes.
        notes: what was understood of the file, and what else is to be known.
        seed: of what was initialised by rule; None where nothing was.
    """

    def __init__(self, source: str, rows: Sequence[LoadRow], notes: Sequence[str], seed: int | None) -> None:
        self.source = source
        self.rows = tuple(rows)
        self.notes = tuple(notes)
        self.seed = seed

    def _names(self, *statuses: str) -> tuple[str, ...]:
        return tuple(row.name for row in self.rows if row.status in statuses)

    @property
    def loaded(self) -> dict[str, str]:
        """Name -> the name in the file, of all that was taken from it, in part or in whole."""
        return {row.name: row.source for row in self.rows if row.status in _TAKEN}

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the parameters that kept their values, as `missing` or `mismatch` say."""
        return self._names("kept")

    @property
    def initialised(self) -> tuple[str, ...]:
        """Names of the parameters that a rule filled, as `missing` or `mismatch` say."""
        return self._names("initialised")

    @property
    def sliced(self) -> tuple[str, ...]:
        """Names of the parameters that took the beginning of a larger array."""
        return self._names("sliced")

    @property
    def padded(self) -> tuple[str, ...]:
        """Names of the parameters of which a smaller array filled the beginning."""
        return self._names("padded")

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names in the file that no parameter takes, as `unexpected` allows."""
        return tuple(row.source for row in self.rows if row.status == "ignored")

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names in the file that were not asked for."""
        return tuple(row.source for row in self.rows if row.status == "left out")

    def table(self, *, fold: bool | None = None, limit: int | None = 60) -> Listing:
        """The rows as a table, as `ParameterDict.table` gives one."""
        return load_table(self.rows, self._below(), fold=fold, limit=limit)

    def _below(self) -> list[str]:
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row.status] = counts.get(row.status, 0) + 1
        parts = [f"{count:,} {status}" for status, count in counts.items()]
        first = f"{self.source}: {', '.join(parts) or 'nothing'}"
        if self.seed is not None:
            first += f", seed {self.seed}"
        return [first, *self.notes]

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()
