"""Differences of any two sides: which arrays are added, removed, reshaped, retied, changed, and by how much.

Arrays are matched by name; by their content where no name matches, so that what was renamed or transposed is
found. One array of each side is in memory at a time, and of a file what it maps.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, overload

import numpy as np

from ...adapter import Shape
from ...errors import MeasureError, MissingExtraError
from ...measures import Comparison, compare
from ...patterns import nearest
from ...views.differences import difference_table
from ...views.table import Listing
from ..files.renaming import Rename
from .sides import Item, Side, renamed, side_of

__all__ = ["DiffRow", "Difference", "diff"]

STATUSES = ("removed", "added", "reshaped", "retied", "changed", "same")


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One array, or two that belong together.

    Attributes:
        name: in a; of an added one in b.
        status: "added" or "removed" (it is in b only, in a only), "reshaped", "retied" (other names lead to
            the same array now), "changed" (in values), or "same".
        other: the name in b where that is another.
        shape: in a, or of an added one in b.
        other_shape: in b where it is another.
        dtype: in a, or of an added one in b.
        other_dtype: in b where it is another.
        how: "dtype", "renamed", "transposed": in what the two differ besides, or alone where the status
            is "same".
        count: of elements.
        changed: how many elements differ; None where that cannot be said.
        relative: `|b - a| / |a|`; NaN where that cannot be said.
        cosine: of the angle between a and b.
        largest: the largest `|b - a|` of one element.
        note: what else is to be said.
        differs: whether it counts as a difference.
    """

    name: str
    status: str
    other: str = ""
    shape: Shape | None = None
    other_shape: Shape | None = None
    dtype: str = ""
    other_dtype: str = ""
    how: tuple[str, ...] = ()
    count: int | None = None
    changed: int | None = None
    relative: float = math.nan
    cosine: float = math.nan
    largest: float = math.nan
    note: str = ""
    differs: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Flat, for a data frame or JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class Difference(Sequence[DiffRow]):
    """How b differs from a: true where it does, prints as a table, and is a sequence of rows.

    Attributes:
        rows: all of them, those that are the same too.
        a: what the one side is.
        b: what the other is.

    >>> import glueball as gb, numpy as np
    >>> old = {"w": np.ones((2, 3)), "old": np.arange(4.0)}
    >>> found = gb.diff(old, {"w": np.ones((2, 3)) * 1.5, "new": np.arange(4.0)})
    >>> for row in found:
    ...     print(row.name, row.status, *row.how, row.other, row.relative)
    w changed  0.5
    old same renamed new 0.0
    >>> bool(found), bool(gb.diff(old, old))
    (True, False)
    """

    def __init__(self, rows: Sequence[DiffRow], a: str = "a", b: str = "b") -> None:
        self.rows, self.a, self.b = list(rows), a, b

    def __bool__(self) -> bool:
        return any(row.differs for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[DiffRow]:
        return iter(self.rows)

    @overload
    def __getitem__(self, key: int | str) -> DiffRow: ...
    @overload
    def __getitem__(self, key: slice) -> Difference: ...
    def __getitem__(self, key: int | str | slice) -> DiffRow | Difference:
        if isinstance(key, slice):
            return self._with(self.rows[key])
        if isinstance(key, str):
            found = next((row for row in self.rows if key in (row.name, row.other)), None)
            if found is None:
                near = ", ".join(nearest(key, [row.name for row in self.rows])) or "none"
                raise MeasureError(f"there is no row {key!r}; nearest: {near}.")
            return found
        return self.rows[key]

    def _with(self, rows: Sequence[DiffRow]) -> Difference:
        return Difference(rows, self.a, self.b)

    def only(self, *statuses: str) -> Difference:
        """The rows of some statuses.

        Raises:
            MeasureError: there is no such status.
        """
        for status in statuses:
            if status not in STATUSES:
                raise MeasureError(f"there is no status {status!r}; there are {', '.join(STATUSES)}.")
        return self._with([row for row in self.rows if row.status in statuses])

    def sort(self, by: str, *, descending: bool | None = None) -> Difference:
        """Sorted by "relative", "cosine", "largest", "changed", "count", "name" or "status".

        Args:
            by: a column; what has no number there comes last.
            descending: the largest first; by default so for numbers, but for the cosine.
        """
        if by not in ("relative", "cosine", "largest", "changed", "count", "name", "status"):
            raise MeasureError(
                f"there is no column {by!r}; there are relative, cosine, largest, changed, count, name and "
                f"status."
            )
        if descending is None:
            descending = by not in ("name", "status", "cosine")
        keyed = [(getattr(row, by), row) for row in self.rows]
        known = [pair for pair in keyed if pair[0] is not None and pair[0] == pair[0]]
        rest = [row for key, row in keyed if key is None or key != key]
        known.sort(key=lambda pair: pair[0], reverse=descending)
        return self._with([*(row for _, row in known), *rest])

    def counts(self) -> dict[str, int]:
        """How many rows of each status there are."""
        return {status: sum(row.status == status for row in self.rows) for status in STATUSES}

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with all rows.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise MissingExtraError("pandas is not installed: pip install 'glueball[tables]'") from None
        return pandas.DataFrame([row.as_dict() for row in self.rows])

    def table(self, *, all: bool = False, fold: bool | None = None, limit: int | None = 60) -> Listing:
        """For printing.

        Args:
            all: show what does not differ too.
            fold: write alike numbered names as one line, with the range of each number; None: when long.
            limit: at most so many lines, the middle left out; None: all.
        """
        shown = self.rows if all else [row for row in self.rows if row.differs]
        return difference_table(shown, self._summary(), fold=fold, limit=limit)

    def _summary(self) -> list[str]:
        counts = {status: number for status, number in self.counts().items() if number}
        parts = [f"{number:,} {status}" for status, number in counts.items()]
        besides = {
            how: sum(how in row.how and row.status == "same" for row in self.rows)
            for how in ("renamed", "transposed", "dtype")
        }
        words = {"renamed": "renamed", "transposed": "transposed", "dtype": "in another dtype"}
        told = [f"{number:,} {words[how]}" for how, number in besides.items() if number]
        if told and parts[-1].endswith("same"):
            parts[-1] += f" ({', '.join(told)})"
        return [f"{self.a} → {self.b}: {', '.join(parts) or 'nothing to compare'}"]

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()


def diff(a: Any, b: Any, *, rename: Rename | None = None, tol: float = 0.0) -> Difference:
    r"""How b differs from a, array by array.

    Each side is a model, collected parameters, `params.snapshot()`, arrays by name, an opened file or a
    path; a model, and parameters that are all of one, come with the buffers that are saved with it.

    An array of a and one of b belong together when they share a name (any slot of a tied one), after
    `rename`. Of those left over, equal contents make a pair: renamed, or transposed. Where several have equal
    contents, such as biases of zeros, they are paired in their order if there are as many on both sides.

    Args:
        a: the one side, the older one.
        b: the other.
        rename: {pattern: replacement} or a function, for the names of a: `{"model": ""}` takes a prefix away
            (see `glueball.parameters.files.renaming`). What is matched so is no difference.
        tol: the largest relative change `|b - a| / |a|` that is no difference; with one, neither is another
            dtype.

    Raises:
        MeasureError: a side is none of these, or `tol` is no number of 0 or more.
        PatternError: a rule for renaming cannot be read, takes nothing, or gives one name twice.

    >>> import glueball as gb
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> params = gb.collect_params(net)
    >>> before = params.snapshot()
    >>> params["2.bias"].data()[:] += 1
    >>> [row.name for row in gb.diff(before, net) if row.differs]
    ['2.bias']
    """
    if not (_is_number(tol) and 0 <= tol < math.inf):
        raise MeasureError(f"tol is {tol!r}: write a relative change of 0 or more.")
    first, second = renamed(side_of(a), rename), side_of(b)
    rows: list[DiffRow] = []
    left_a: list[Item] = []
    met: set[int] = set()
    for mine in first.items:
        others = list({id(it): it for slot in mine.slots if (it := second.by_slot.get(slot))}.values())
        for other in others:
            met.add(id(other))
            name = mine.name if mine.name in other.slots else next(s for s in mine.slots if s in other.slots)
            rows.append(_compared(name, mine, other, first, second, tol))
        if not others:
            left_a.append(mine)
    left_b = [item for item in second.items if id(item) not in met]
    rows += _unmatched(left_a, left_b, tol)
    return Difference(rows, first.title, second.title)


def _is_number(given: object) -> bool:
    return isinstance(given, Real)


def _unmatched(left_a: list[Item], left_b: list[Item], tol: float) -> list[DiffRow]:
    """Pairs by content; the rest is removed or added."""
    rows = []
    paired_b: set[int] = set()
    paired_a: set[int] = set()
    for turned in (False, True):
        here = [item for item in left_a if id(item) not in paired_a]
        there = [item for item in left_b if id(item) not in paired_b]
        for mine, other in _by_content(here, there, turned):
            paired_a.add(id(mine))
            paired_b.add(id(other))
            rows.append(
                DiffRow(
                    mine.name,
                    "same",
                    other.name,
                    mine.shape,
                    other.shape if other.shape != mine.shape else None,
                    mine.dtype,
                    how=("renamed", "transposed") if turned else ("renamed",),
                    count=_size(mine),
                    changed=0,
                    relative=0.0,
                    cosine=1.0,
                    largest=0.0,
                )
            )
    rows += [
        DiffRow(item.name, "removed", shape=item.shape, dtype=item.dtype, count=_size(item))
        for item in left_a
        if id(item) not in paired_a
    ]
    rows += [
        DiffRow(item.name, "added", shape=item.shape, dtype=item.dtype, count=_size(item))
        for item in left_b
        if id(item) not in paired_b
    ]
    return rows


def _by_content(here: list[Item], there: list[Item], turned: bool) -> Iterator[tuple[Item, Item]]:
    """Pairs of equal dtype, shape (or reversed shape) and bytes."""
    shapes: dict[Any, tuple[list[Item], list[Item]]] = {}
    for at, items in enumerate((here, there)):
        for item in items:
            if item.read is None or item.shape is None or (turned and len(item.shape) < 2):
                continue
            shape = item.shape[::-1] if turned and at else item.shape
            shapes.setdefault((item.dtype, shape), ([], []))[at].append(item)
    for some, others in shapes.values():
        if not (some and others):
            continue
        found: dict[bytes, tuple[list[Item], list[Item]]] = {}
        for at, items in enumerate((some, others)):
            for item in items:
                assert item.read is not None
                array = item.read()
                found.setdefault(_digest(array.T if turned and at else array), ([], []))[at].append(item)
                del array
        for mine, its in found.values():
            if len(mine) == len(its):
                yield from zip(mine, its, strict=True)


def _digest(array: np.ndarray[Any, Any]) -> bytes:
    """Of the bytes in C order; of an array that does not lie so a copy is made."""
    whole = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return hashlib.blake2b(whole.data, digest_size=16).digest()


def _size(item: Item) -> int | None:
    return None if item.shape is None or None in item.shape else math.prod(item.shape)  # type: ignore[arg-type]


def _compared(name: str, mine: Item, other: Item, first: Side, second: Side, tol: float) -> DiffRow:
    """The row of two arrays that share a name."""
    row = DiffRow(
        name,
        "same",
        "" if name == other.name or name in other.slots else other.name,
        mine.shape,
        other.shape if other.shape != mine.shape else None,
        mine.dtype,
        other.dtype if other.dtype != mine.dtype else "",
        ("dtype",) if other.dtype != mine.dtype else (),
        _size(mine),
        note=_ties(mine, other, first, second),
    )
    retied = bool(row.note)
    if mine.read is None or other.read is None:
        same = mine.read is other.read and mine.shape == other.shape
        status = "same" if same else "reshaped" if mine.shape != other.shape else "changed"
        which = "neither has values" if mine.read is other.read else "one has no values yet"
        note = "; ".join(filter(None, (row.note, which)))
        status = "retied" if retied and status == "same" else status
        return replace(row, status=status, note=note, differs=status != "same" or bool(row.how))
    x, y = mine.read(), other.read()
    found, how = None, row.how
    if x.shape == y.shape:
        found = compare(x, y)
        if not _close(found, tol) and x.ndim == 2 and x.shape[0] == x.shape[1] > 1:
            turned = compare(x.T, y)
            if _close(turned, tol):
                found, how = turned, ("transposed", *how)
    elif x.ndim >= 2 and x.shape == y.shape[::-1] and _close(turned := compare(x.T, y), tol):
        found, how = turned, ("transposed", *how)
    if found is None:
        note = row.note
        if x.size == y.size and x.dtype == y.dtype and _digest(x) == _digest(y):
            note = "; ".join(filter(None, (note, "the same values in another shape")))
        return replace(row, status="reshaped", note=note)
    status = "retied" if retied else "same" if _close(found, tol) else "changed"
    note = row.note
    if found.broken:
        differ = "differs" if found.broken == 1 else "differ"
        note = "; ".join(filter(None, (note, f"{found.broken:,} {differ} in NaN or infinity")))
    besides = [one for one in how if not (tol and one == "dtype")]
    return replace(
        row,
        status=status,
        how=how,
        changed=found.changed,
        relative=found.relative,
        cosine=found.cosine,
        largest=found.largest,
        note=note,
        differs=status != "same" or bool(besides),
    )


def _close(found: Comparison, tol: float) -> bool:
    return found.equal or (tol > 0 and found.relative <= tol and not found.broken)


def _ties(mine: Item, other: Item, first: Side, second: Side) -> str:
    """How the ties differ, among the names that both sides have."""
    had = {slot for slot in mine.slots if slot in second.by_slot}
    has = {slot for slot in other.slots if slot in first.by_slot}
    parts = []
    if had - has:
        parts.append(f"no longer tied with {', '.join(sorted(had - has))}")
    if has - had:
        parts.append(f"now tied with {', '.join(sorted(has - had))}")
    return "; ".join(parts)
