"""Reports: the rows for them, read from live models, opened files, snapshots and arrays by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...about import __version__
from ...checkpoints.atomic import replacing
from ...checkpoints.base import Checkpoint
from ...errors import PatternError
from ...measures import array_source, measure_many
from ...views.report import Change, Entry, Facts, page
from ...views.table import shape_text
from ..collect import collect_params
from ..collection import Collection
from ..files.opening import open
from ..files.whole import saved_rows
from ..origin import Origin
from ..parameter import Parameter
from ..selection import Selection
from .differences import DiffRow, diff
from .sides import Item, Side, side_of
from .snapshots import Snapshot
from .statistics import StatsRow, measure_rows

__all__ = ["entries", "write_report"]

MOST_SLOTS = 50
"""Names of one parameter that a report lists."""


def write_report(
    params: Selection,
    path: str | os.PathLike[str],
    other: Any = None,
    *,
    title: str | None = None,
    labels: Sequence[str] | None = None,
    grad: bool = True,
) -> Path:
    """Write a report of some parameters, and of others beside them; see `ParameterDict.report`."""
    if other is not None:
        other = opened(other)
    sides = [params] if other is None else [params, other]
    called = called_by_default(sides) if labels is None else list(labels)
    if len(called) != len(sides):
        raise PatternError(f"labels are {called!r}; write one text for each of the {len(sides)} sides.")
    text = page(
        entries(params, other, grad=grad),
        title=title or (called[0] if other is None else "Comparison"),
        sides=called,
        notes=[("made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"), ("with glueball", __version__)],
    )
    with replacing(path) as file:
        file.write(text.encode())
    return Path(path)


def opened(given: Any) -> Selection | Side:
    """A second side: parameters where there are any, else arrays by name."""
    if isinstance(given, (str, os.PathLike)):
        return open(given)
    if isinstance(given, Selection):
        return given
    side = side_of(given)  # says so where there is nothing to compare
    by_name = isinstance(given, (Side, Snapshot)) or (
        isinstance(given, Mapping) and side.title == "the arrays"
    )
    return side if by_name else collect_params(given)


def called_by_default(sides: Sequence[Selection | Side]) -> list[str]:
    """The files' names or the models' classes; where both are alike, their places."""
    names = [called(side) for side in sides]
    return ["first", "second"] if len(names) == 2 and names[0] == names[1] else names


def called(side: Selection | Side) -> str:
    """What a side is called where a person reads it."""
    if isinstance(side, Side):
        return side.title
    root = side._tree.root
    path = getattr(getattr(root, "file", None), "path", None)
    return os.path.basename(os.path.normpath(path)) if path else type(root).__name__


# ---- lines -----------------------------------------------------------------------------------------------


def entries(params: Selection, other: Selection | Side | None = None, *, grad: bool = True) -> list[Entry]:
    """A line for each name; of two sides for each row of their difference.

    Two sides are compared as `diff` does it, so of a whole model with the buffers that are saved with it.
    """
    if other is None:
        return [
            Entry(facts.slots[0], (facts,)) for facts in of_parameters(params._collection, params._rows, grad)
        ]
    first, second = Once(_facts(params, grad)), Once(_facts(other, grad))
    made = []
    for row in diff(params, other):
        mine = None if row.status == "added" else first.take(row.name)
        its = None if row.status == "removed" else second.take(row.other or row.name)
        made.append(Entry(row.name, (mine, its), change(row)))
    return made


def _facts(side: Selection | Side, grad: bool) -> Iterator[Facts]:
    return of_items(side.items) if isinstance(side, Side) else of_parameters(*saved_rows(side), grad)


class Once:
    """Facts by any of their names, each given once: a tie that broke has two rows on its other side."""

    def __init__(self, every: Iterator[Facts]) -> None:
        self._by_slot: dict[str, Facts] = {}
        for facts in every:
            for slot in facts.slots:
                self._by_slot.setdefault(slot, facts)
        self._taken: set[int] = set()

    def take(self, name: str) -> Facts | None:
        """What has this name, None where it was taken under another."""
        facts = self._by_slot.get(name)
        if facts is None or id(facts) in self._taken:
            return None
        self._taken.add(id(facts))
        return facts


def of_parameters(collection: Collection, rows: Sequence[int], grad: bool) -> Iterator[Facts]:
    """What a report says of each row."""
    stats = measure_rows(collection.tree, rows, grad=grad, quantiles=(), rank=False)
    for row, found in zip(rows, stats, strict=True):
        yield facts_of(collection.handle(row), found)


def facts_of(parameter: Parameter, stats: StatsRow) -> Facts:
    """What a report says of one parameter."""
    row = parameter.row()
    tree, at = parameter._tree, parameter._row
    slots = parameter.slots if parameter.tied else (parameter.name,)
    return Facts(
        shape=row.shape_text,
        dtype=row.dtype,
        size=row.size,
        nbytes=parameter.nbytes,
        trainable=row.trainable,
        device=row.device,
        kind=row.kind,
        own=row.own,
        slots=slots[:MOST_SLOTS],
        more_slots=max(0, tree.slot_count(at) - MOST_SLOTS) if len(slots) > MOST_SLOTS else 0,
        answers=tree.computed_slots(at) if tree.computes else (),
        stats=stats.data,
        grad=stats.grad,
        note=stats.note,
        origin=file_lines(parameter) or origin_lines(parameter.origin),
    )


def of_items(items: Sequence[Item]) -> Iterator[Facts]:
    """What a report says of arrays by name."""
    for item in items:
        array = None if item.read is None else item.read()
        yield Facts(
            shape=shape_text(item.shape),
            dtype=item.dtype,
            size=None if array is None else array.size,
            nbytes=None if array is None else array.nbytes,
            trainable=False,
            device="",
            kind="",
            own="",
            slots=item.slots[:MOST_SLOTS],
            more_slots=max(0, len(item.slots) - MOST_SLOTS),
            answers=(),
            stats=None if array is None else next(measure_many([array_source(array)])).coarse(256),
            grad=None,
            note="" if array is not None else "it had no values",
            origin=(),
        )


def origin_lines(origin: Origin | None) -> tuple[tuple[str, str], ...]:
    """An origin as lines of what and text."""
    if origin is None:
        return ()
    return (
        ("Rule", origin.rule),
        ("Initializer", origin.initializer),
        ("Seed", str(origin.seed)),
        ("Filled", f"{origin.when:%Y-%m-%d %H:%M:%S} UTC"),
        ("Edited since", "yes" if origin.edited else "no"),
    )


def file_lines(parameter: Parameter) -> tuple[tuple[str, str], ...]:
    """Where in a file a parameter lies, as lines of what and text; nothing for one of a model."""
    file = getattr(parameter._tree.root, "file", None)
    if not isinstance(file, Checkpoint):
        return ()
    entry = file[file.aliases.get(parameter.name, parameter.name)]
    lines = [("File", os.path.basename(entry.file)), ("Format", file.format)]
    if entry.name != parameter.name:
        lines.append(("Stored as", entry.name))
    if entry.offset is not None:
        lines.append(("From byte", f"{entry.offset:,}"))
    if entry.storage != "default":
        lines.append(("Storage", entry.storage))
    return tuple(lines)


def change(row: DiffRow) -> Change:
    """A row of a difference, as a report shows it."""
    besides = ["cast" if how == "dtype" else how for how in row.how]
    status = besides[0] if row.status == "same" and besides else row.status
    told = [how for how in besides if how != status]
    if row.other and row.other != row.name:
        told.append(f"called {row.other} in the second")
    if row.note:
        told.append(row.note)
    return Change(status, row.relative, row.cosine, row.largest, "; ".join(told))
