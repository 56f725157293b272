"""Log: the table that a watch writes, a row for each parameter at each step that was looked at closely."""

from __future__ import annotations

import math
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import FileFormatError, NameNotFoundError, NothingSelectedError, PatternError
from ..patterns import nearest
from ..views.statistics import number_text, share_text
from ..views.table import Listing, plural
from . import writing
from .judging import Finding

if TYPE_CHECKING:
    import pandas

__all__ = ["COLUMNS", "Block", "Log", "LogRow"]

Column = np.ndarray[Any, Any]

COLUMNS = (
    "norm", "mean", "std", "max_abs", "zeros",
    "grad_norm", "grad_mean", "grad_std", "grad_max_abs", "grad_zeros",
    "update",
)  # fmt: skip
"""The columns with numbers, after step and name."""


class LogRow(NamedTuple):
    """One parameter at one step. None stands for what there was not: a gradient, an update, values.

    Attributes:
        step: the number of the step, from 1.
        name: of the parameter.
        norm: the Euclidean norm of its values.
        mean: their mean.
        std: their standard deviation.
        max_abs: their largest magnitude.
        zeros: the share of them that are zero.
        grad_norm: of its gradient, and so on.
        grad_mean: of its gradient.
        grad_std: of its gradient.
        grad_max_abs: of its gradient.
        grad_zeros: of its gradient.
        update: how far the step moved it, over its norm; from a sample of 16,384 elements at most.
        note: "waiting" where it has no values yet, "frozen" where it takes no gradient, else "".
    """

    step: int
    name: str
    norm: float | None
    mean: float | None
    std: float | None
    max_abs: float | None
    zeros: float | None
    grad_norm: float | None
    grad_mean: float | None
    grad_std: float | None
    grad_max_abs: float | None
    grad_zeros: float | None
    update: float | None
    note: str


class Block(NamedTuple):
    """The rows of one step, in columns.

    Attributes:
        step: its number.
        names: of the parameters.
        values: by column, an entry for each name.
        known: for each column and name whether there was such a number; the number itself may be NaN.
        notes: for each name.
    """

    step: int
    names: tuple[str, ...]
    values: Column
    known: Column
    notes: tuple[str, ...]

    def row(self, place: int) -> LogRow:
        """One row of it."""
        numbers: list[Any] = [
            float(value) if there else None
            for value, there in zip(self.values[:, place], self.known[:, place], strict=True)
        ]
        return LogRow._make([self.step, self.names[place], *numbers, self.notes[place]])

    def flat(self) -> dict[str, float]:
        """{"grad_norm/0.weight": 0.25, …}, as loggers take it; without what there was not."""
        return {
            f"{column}/{self.names[place]}": float(self.values[at, place])
            for at, column in enumerate(COLUMNS)
            for place in np.flatnonzero(self.known[at])
        }


class Log:
    """A table of rows (`LogRow`), the oldest first, and what was found on the way.

    It iterates over its rows; `log["0.weight"]` gives those of one parameter, `log.last()` those of the last
    step that was looked at.

    Attributes:
        findings: what was told, in order.
    """

    def __init__(self, keep: int | None = None) -> None:
        self.findings: list[Finding] = []
        self._blocks: deque[Block] = deque(maxlen=keep)

    # ---- rows ---------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Write what is still on its way; a watch overrides it."""

    @property
    def blocks(self) -> Sequence[Block]:
        """The rows in columns, a block for each step that was looked at."""
        self._settle()
        return tuple(self._blocks)

    @property
    def rows(self) -> list[LogRow]:
        """All rows."""
        return list(self)

    def __iter__(self) -> Iterator[LogRow]:
        for block in self.blocks:
            for place in range(len(block.names)):
                yield block.row(place)

    def __len__(self) -> int:
        return sum(len(block.names) for block in self.blocks)

    def __getitem__(self, name: str) -> list[LogRow]:
        """The rows of one parameter.

        Raises:
            NameNotFoundError: no row has the name.
        """
        found = [block.row(block.names.index(name)) for block in self.blocks if name in block.names]
        if not found:
            names = self.names()
            near = f"; nearest: {', '.join(nearest(name, names))}" if names else ", and no step either"
            raise NameNotFoundError(f"the log has no parameter {name!r}{near}.")
        return found

    def last(self) -> list[LogRow]:
        """The rows of the last step that was looked at."""
        blocks = self.blocks
        return [blocks[-1].row(place) for place in range(len(blocks[-1].names))] if blocks else []

    def names(self) -> list[str]:
        """The names of all rows, each once, in order."""
        return list(dict.fromkeys(name for block in self.blocks for name in block.names))

    def steps(self) -> list[int]:
        """The steps that were looked at."""
        return [block.step for block in self.blocks]

    def column(self, column: str) -> Column:
        """One column as an array of (steps, names), NaN where there is nothing.

        Raises:
            NameNotFoundError: there is no such column.

        >>> import glueball as gb, torch
        >>> net = torch.nn.Linear(4, 8)
        >>> with gb.watch(net, every=1) as log:
        ...     net(torch.ones(2, 4)).sum().backward()
        ...     log.step()
        >>> log.column("grad_norm").shape
        (1, 2)
        """
        if column not in COLUMNS:
            raise NameNotFoundError(f"the log has no column {column!r}: it has {', '.join(COLUMNS)}.")
        at, blocks = COLUMNS.index(column), self.blocks
        place = {name: number for number, name in enumerate(self.names())}
        found = np.full((len(blocks), len(place)), math.nan)
        for number, block in enumerate(blocks):
            found[number, [place[name] for name in block.names]] = np.where(
                block.known[at], block.values[at], math.nan
            )
        return found

    # ---- ways out -----------------------------------------------------------------------------------

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with a row for each row; where there is nothing it has NaN.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return writing.frame(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows to a file: `.parquet`, or JSON lines (`.jsonl`, `.ndjson`).

        In JSON what there is not is null, and numbers that JSON has no form for are the strings "nan", "inf"
        and "-inf", which `float()` reads.

        Raises:
            FileFormatError: another ending.
            MissingExtraError: pyarrow is not installed, and the ending is `.parquet`.
        """
        ending = os.path.splitext(path)[1].lower()
        if ending not in writing.WRITERS:
            raise FileFormatError(
                f"{os.fspath(path)!r}: a log is written as {', '.join(writing.WRITERS)}, not as {ending!r}."
            )
        writing.WRITERS[ending](self, path)

    def plot(self, column: str = "grad_norm", pattern: str | None = None, *, ax: Any = None) -> Any:
        """A column over the steps: lines for up to 12 parameters, for more a map with a row for each.

        Args:
            column: one of the table's.
            pattern: a regular expression that a whole name has to match; None: all.
            ax: the axes to draw into; None: new ones.

        Returns:
            The axes of matplotlib.

        Raises:
            NothingSelectedError: no name matches, or nothing was written yet.
            PatternError: the pattern cannot be read.
            MissingExtraError: matplotlib is not installed.
        """
        found, names = self.column(column), self.names()
        if pattern is not None:
            try:
                chosen = [place for place, name in enumerate(names) if re.fullmatch(pattern, name)]
            except re.error as error:
                raise PatternError(f"{pattern!r} is no regular expression: {error}.") from None
            found, names = found[:, chosen], [names[place] for place in chosen]
        if not names:
            what = "is empty" if pattern is None else f"has no parameter whose name matches {pattern!r}"
            raise NothingSelectedError(f"there is nothing to plot: the log {what}.")
        from ..views.plots.steps import over_steps

        return over_steps(self.steps(), names, found, column, ax)

    # ---- seeing -------------------------------------------------------------------------------------

    def table(self, step: int | None = None, limit: int | None = 60) -> Listing:
        """The rows of one step as a table, of the last one without `step`; the findings stand below it."""
        blocks = [block for block in self.blocks if step in (None, block.step)]
        rows = [blocks[-1].row(place) for place in range(len(blocks[-1].names))] if blocks else []
        lines = [
            [row.name, *map(_text, (row.norm, row.std, row.max_abs)), share_text(row.zeros or 0, 1),
             *map(_text, (row.grad_norm, row.grad_max_abs)), share_text(row.grad_zeros or 0, 1),
             _text(row.update), row.note]
            for row in rows
        ]  # fmt: skip
        steps = len(self._blocks)
        below = [f"step {blocks[-1].step}, the last of {plural(steps, 'step')} looked at"] if rows else []
        if step is not None and rows:
            below = [f"step {step}, one of {plural(steps, 'step')} looked at"]
        below += [f"step {found.step}: {found.message}" for found in self.findings]
        head = ["name", "norm", "std", "max", "zeros", "grad norm", "grad max", "grad zeros", "update", ""]
        if not rows:
            below.insert(0, "no step was looked at" if step is None else f"step {step} was not looked at")
        return Listing(head, lines, below, limit, right=head[1:-1], optional=_OPTIONAL)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()


_OPTIONAL = ("grad zeros", "zeros", "grad max", "max", "std")


def _text(value: float | None) -> str:
    """As in a table of statistics, but that NaN is told: it is not the same as None."""
    return "NaN" if value is not None and math.isnan(value) else number_text(value)
