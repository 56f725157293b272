"""Reports and plots of parameters: the rows for them, read from live models, opened files and snapshots."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..about import __version__
from ..checkpoints.atomic import replacing
from ..errors import PatternError
from ..measures import Stats, compare, measure
from ..views import plots
from ..views.report import Change, Entry, Facts, page
from .collect import collect_params
from .opening import open
from .origin import Origin
from .parameter import Parameter
from .selection import Selection

__all__ = ["draw", "entries", "write_report"]

MOST_SLOTS = 50
"""Names of one parameter that a report lists."""


class Measured(NamedTuple):
    """A parameter's statistics, as a table of them has a row."""

    name: str
    data: Stats | None
    grad: Stats | None


def measured(params: Mapping[str, Parameter], grad: bool = True) -> Iterator[Measured]:
    """The statistics of each parameter."""
    for name, parameter in params.items():
        if parameter.deferred:
            yield Measured(name, None, None)
            continue
        given = parameter.grad() if grad else None
        yield Measured(
            name, measure(parameter.numpy()), None if given is None else measure(given.detach().cpu().numpy())
        )


# ---- the report ------------------------------------------------------------------------------------------


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
    sides = [params] if other is None else [params, source(other, params)]
    called = list(labels) if labels is not None else called_by_default(sides)
    if len(called) != len(sides):
        raise PatternError(f"labels are {called!r}; write one text for each of the {len(sides)} sides.")
    text = page(
        entries(*sides, grad=grad),
        title=title or (called[0] if len(sides) == 1 else "Comparison"),
        sides=called,
        notes=[("made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"), ("with glueball", __version__)],
    )
    with replacing(path) as file:
        file.write(text.encode())
    return Path(path)


def source(given: Any, like: Selection) -> Selection:
    """The parameters of a model (with buffers where the others are with them), a collection or a file."""
    if isinstance(given, Selection):
        return given
    if isinstance(given, (str, os.PathLike)):
        return open(given)
    return collect_params(given, buffers=like._tree.with_buffers)


def called_by_default(sides: Sequence[Selection]) -> list[str]:
    """The file's name or the model's class; where both are alike, their places."""
    names = [called(side) for side in sides]
    return ["first", "second"] if len(names) == 2 and names[0] == names[1] else names


def called(params: Selection) -> str:
    """What a model is called where a person reads it."""
    root = params._tree.root
    path = getattr(getattr(root, "file", None), "path", None)
    return os.path.basename(os.path.normpath(path)) if path else type(root).__name__


def entries(params: Selection, other: Selection | None = None, *, grad: bool = True) -> list[Entry]:
    """A line for each name, in the order of the first; what only the other has follows."""
    first = side(params, grad)
    if other is None:
        return [Entry(name, (facts,)) for name, facts in first.items()]
    second = side(other, grad)
    changes = {name: change(params[name], other[name]) for name in first if name in second}
    return [
        Entry(
            name,
            (first.get(name), second.get(name)),
            changes.get(name) or Change("removed" if name in first else "added"),
        )
        for name in dict.fromkeys([*first, *second])
    ]


def side(params: Selection, grad: bool) -> dict[str, Facts]:
    """What a report says of each parameter, by name."""
    return {
        row.name: facts(parameter, row.data, row.grad)
        for row, parameter in zip(measured(params, grad), params.values(), strict=True)
    }


def facts(parameter: Parameter, stats: Stats | None, grad: Stats | None) -> Facts:
    """What a report says of one parameter."""
    row = parameter.row()
    tree, at = parameter._tree, parameter._row
    slots = parameter.slots if parameter.tied else (parameter.name,)
    more = max(0, tree.slot_count(at) - MOST_SLOTS) if len(slots) > MOST_SLOTS else 0
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
        more_slots=more,
        answers=tree.computed_slots(at) if tree.computes else (),
        stats=stats,
        grad=grad,
        origin=origin_lines(parameter.origin),
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


def change(a: Parameter, b: Parameter) -> Change:
    """What differs between two parameters of one name."""
    if a.shape != b.shape:
        return Change("reshaped")
    if a.deferred or b.deferred:
        return Change("same" if a.deferred and b.deferred else "changed")
    found = compare(a.numpy(), b.numpy())
    status = "changed" if found.changed else "same" if set(a.slots) == set(b.slots) else "retied"
    return Change(status, found.relative, found.cosine, found.largest)


# ---- plots -----------------------------------------------------------------------------------------------

Kind = Literal["distributions", "gradients", "changes"]


def draw(params: Selection, kind: Kind, since: Any, ax: Any, options: Mapping[str, Any]) -> plots.Axes:
    """Plot parameters; see `ParameterDict.plot`."""
    if kind not in ("distributions", "gradients", "changes"):
        raise PatternError(f'{kind!r} is no plot: write "distributions", "gradients" or "changes".')
    if (kind == "changes") == (since is None):
        raise PatternError('plot("changes") needs since=, what the parameters were before; others take none.')
    if kind == "distributions":
        return plots.distributions(list(measured(params, options.get("of") == "grad")), ax=ax, **options)
    if kind == "gradients":
        trains = (row for row, p in zip(measured(params), params.values(), strict=True) if p.trainable)
        return plots.gradient_flow(list(trains), ax=ax, **options)
    return plots.change(changes(source(since, params), params), ax=ax, **options)


class Moved(NamedTuple):
    """One parameter of a plot of changes."""

    name: str
    status: str
    relative: float


def changes(before: Selection, after: Selection) -> list[Moved]:
    """How far each parameter has moved; buffers, and what one of them lacks, are left out."""
    both = [name for name, p in after.items() if name in before and p.kind == "parameter"]
    found = [(name, change(before[name], after[name])) for name in both]
    return [
        Moved(name, one.status, math.nan if one.relative is None else one.relative) for name, one in found
    ]
