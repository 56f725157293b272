"""Statistics of parameters: of each its values and its gradient, in a table that can be sorted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from ...adapter import Adapter, Shape
from ...errors import DTypeError, MeasureError, MissingExtraError
from ...measures import (
    Source,
    Stats,
    array_source,
    asked_for,
    check_shares,
    measure_many,
)
from ...patterns import nearest
from ...slots import Tree
from ...views.statistics import statistics_table
from ...views.table import Listing
from ..garbage import no_garbage

__all__ = ["StatsRow", "StatsTable", "measure_rows"]

_ELEMENTS = 1 << 20
"""Elements that are copied from a device at a time."""

_ALL = 1 << 62

_BINS = 4 << 20
"""Bins that all rows together keep for quantiles; of many large arrays each keeps fewer."""


@dataclass(frozen=True, slots=True)
class StatsRow:
    """What is known of one parameter.

    Attributes:
        name: the parameter's.
        shape: of the whole; None for a dimension that is not known yet.
        dtype: its name.
        data: of its values; None where there are none yet.
        grad: of its gradient; None where there is none, or it was not asked for.
        note: why there are no values, or that they are a part: of a sharded parameter each process measures
            what it holds.
    """

    name: str
    shape: Shape | None
    dtype: str
    data: Stats | None
    grad: Stats | None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Flat: name, shape, dtype, the numbers of the values, and those of the gradient under `grad_…`."""
        found: dict[str, Any] = {"name": self.name, "shape": self.shape, "dtype": self.dtype}
        if self.data is not None:
            found.update(self.data.as_dict())
        if self.grad is not None:
            found.update({f"grad_{key}": value for key, value in self.grad.as_dict().items()})
        if self.note:
            found["note"] = self.note
        return found


class StatsTable(Sequence[StatsRow]):
    """Statistics of many parameters: prints as a table, is a sequence of rows, and can be sorted.

    `table["0.weight"]` is the row of a name.

    >>> import glueball as gb, torch
    >>> _ = torch.manual_seed(0)
    >>> params = gb.collect_params(torch.nn.Linear(4, 8))
    >>> stats = params.stats()
    >>> stats["bias"].data.count
    8
    >>> [row.name for row in stats.sort("norm")]
    ['weight', 'bias']
    """

    def __init__(self, rows: Sequence[StatsRow]) -> None:
        self.rows = list(rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, key: int | str) -> StatsRow: ...
    @overload
    def __getitem__(self, key: slice) -> StatsTable: ...
    def __getitem__(self, key: int | str | slice) -> StatsRow | StatsTable:
        if isinstance(key, slice):
            return StatsTable(self.rows[key])
        if isinstance(key, str):
            found = next((row for row in self.rows if row.name == key), None)
            if found is None:
                near = ", ".join(nearest(key, [row.name for row in self.rows])) or "none"
                raise MeasureError(f"there is no row {key!r}; nearest: {near}.")
            return found
        return self.rows[key]

    def __iter__(self) -> Iterator[StatsRow]:
        return iter(self.rows)

    def sort(self, by: str, *, descending: bool | None = None) -> StatsTable:
        """Another table, sorted by a column; what has no number there comes last.

        Args:
            by: "name", "dtype", "size", or a number of `Stats` ("norm", "std", "zeros", "share_zeros",
                "median", "q0.99"…), of the gradient with `grad_` before it ("grad_norm"). A complex mean is
                sorted by its magnitude.
            descending: the largest first; by default so for numbers.

        Raises:
            MeasureError: there is no such column.
        """
        column = by.removeprefix("grad_")
        if by not in ("name", "dtype", "size") and column not in _COLUMNS and not _is_quantile(column):
            columns = ["name", "dtype", "size", *_COLUMNS, *(f"grad_{name}" for name in _COLUMNS)]
            near = ", ".join(nearest(by, columns))
            raise MeasureError(f"there is no column {by!r}; nearest: {near}; quantiles are such as 'q0.99'.")
        numbers = by not in ("name", "dtype")
        descending = numbers if descending is None else descending
        keys = [self._key(row, by) for row in self.rows]
        known = [at for at, key in enumerate(keys) if key is not None]
        known.sort(key=lambda at: keys[at], reverse=descending)
        rest = [at for at, key in enumerate(keys) if key is None]
        return StatsTable([self.rows[at] for at in (*known, *rest)])

    def _key(self, row: StatsRow, by: str) -> Any:
        if by in ("name", "dtype"):
            return getattr(row, by)
        if by == "size":
            return None if row.shape is None or None in row.shape else math.prod(row.shape)
        of, column = (row.grad, by.removeprefix("grad_")) if by.startswith("grad_") else (row.data, by)
        if of is None:
            return None
        value = of.quantile(float(column[1:])) if _is_quantile(column) else getattr(of, column)
        value = abs(value) if isinstance(value, complex) else value
        return None if value is None or math.isnan(value) else value

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each parameter.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise MissingExtraError("pandas is not installed: pip install 'glueball[tables]'") from None
        return pandas.DataFrame([row.as_dict() for row in self.rows])

    def table(self, *, limit: int | None = 60) -> Listing:
        """For printing; `limit` as in `ParameterDict.table`."""
        return statistics_table(self.rows, limit=limit)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()


_COLUMNS = (
    "count", "min", "max", "mean", "std", "norm", "zeros", "nan", "inf", "rank", "share_zeros", "median",
    "rms", "finite",
)  # fmt: skip


def _is_quantile(column: str) -> bool:
    try:
        return column.startswith("q") and 0 <= float(column[1:]) <= 1
    except ValueError:
        return False


@no_garbage()  # nothing made here is, and looking for it takes a quarter of the time
def measure_rows(
    tree: Tree, rows: Sequence[int], *, grad: bool, quantiles: float | Sequence[float], rank: bool
) -> StatsTable:
    """The statistics of some rows of a model, all arrays together on all cores."""
    shares = check_shares(quantiles)
    adapter = tree.adapter
    found: list[tuple[str, Shape | None, str, str, Mapping[str, int]]] = []
    sources: list[Source] = []
    more: list[dict[str, Any]] = []

    def add(array: Any, shape: Shape) -> int:
        known: Any = shape  # what has values has no unknown dimension
        source = _source(adapter, array, shape)
        matrix = None
        if rank and len(shape) >= 2:
            whole = array if isinstance(array, np.ndarray) else next(adapter.pieces(array, _ALL), None)
            matrix = (np.empty(0) if whole is None else whole).reshape(known)
        sources.append(source)
        more.append(asked_for(source, shares, matrix))
        return len(sources) - 1

    for row, array in zip(rows, tree.arrays(rows), strict=True):
        facts = tree.facts(row, array)
        note = re.split("[,;]", adapter.no_values(array) or "")[0]
        which: dict[str, int] = {}
        if not note:
            shard = adapter.shard(array)
            local = array if shard is None else shard[0]
            shape = facts.shape if shard is None else tuple(local.shape)
            assert shape is not None  # what has values has a shape
            if shard is not None:
                note = f"this process's part, {shape}"
            attached = tree.attached.get(row)
            gradient = adapter.grad(array) if attached is None else np.asarray(attached)
            try:
                which["data"] = add(array, shape)
                if grad and gradient is not None:
                    which["grad"] = add(gradient, shape)
            except DTypeError as error:
                note = str(error)
        found.append((tree.names[row], facts.shape, facts.dtype, note, which))
    most = max(256, _BINS // max(1, len(sources)))
    stats = list(measure_many(sources, more, most_bins=most))
    return StatsTable(
        [
            StatsRow(
                name,
                shape,
                dtype,
                stats[which["data"]] if "data" in which else None,
                stats[which["grad"]] if "grad" in which else None,
                note,
            )
            for name, shape, dtype, note, which in found
        ]
    )


def _source(adapter: Adapter, array: Any, shape: Shape) -> Source:
    if isinstance(array, np.ndarray):
        return array_source(array)

    def chunks() -> Iterator[np.ndarray[Any, Any]]:
        for piece in adapter.pieces(array, _ELEMENTS):
            yield from array_source(piece).chunks()

    adapter.pieces(array, _ELEMENTS)  # says so where they cannot be read
    try:
        dtype = adapter.numpy_dtype(adapter.dtype(array))
    except TypeError:
        raise DTypeError(f"NumPy has no arrays of {adapter.dtype(array)}") from None
    return Source(dtype, math.prod(shape), chunks)  # type: ignore[arg-type]
