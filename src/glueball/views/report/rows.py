"""What a report is told of one parameter: no models, no arrays."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...measures import Stats

__all__ = ["Change", "Entry", "Facts"]


class Facts(NamedTuple):
    """What one model (or file) has under a name.

    Attributes:
        shape: as a person writes it, "?" where it is not known.
        dtype: its dtype's name.
        size: the number of elements; None while the shape is not known.
        nbytes: their bytes; None while the shape is not known.
        trainable: whether it takes gradients.
        device: where it lies.
        kind: a remark, such as "buffer" or "deferred".
        own: the name that its layer has for it, "" where it has none.
        slots: every name that leads to it; the first is its name.
        more_slots: how many names there are besides these.
        answers: other names that it is found by, such as that of a weight that is computed from it.
        stats: of its values; None where it has none.
        grad: of its gradient; None where there is none.
        note: why there are no values, or what part of them was measured.
        origin: where the values came from, as (what, text); the same lines may belong to many.
    """

    shape: str
    dtype: str
    size: int | None
    nbytes: int | None
    trainable: bool
    device: str
    kind: str
    own: str
    slots: tuple[str, ...]
    more_slots: int
    answers: tuple[str, ...]
    stats: Stats | None
    grad: Stats | None
    note: str
    origin: tuple[tuple[str, str], ...]


class Change(NamedTuple):
    """What differs between the two sides of a name.

    Attributes:
        status: "added", "removed", "reshaped", "retied", "changed", "same", or where the values are the same,
            and only something else is not: "renamed", "transposed" or "cast" (another dtype).
        relative: ‖b − a‖ / ‖a‖, NaN where there is no such number.
        cosine: of the angle between a and b.
        largest: the largest |b − a| of an element.
        note: what else is to be said.
    """

    status: str
    relative: float = math.nan
    cosine: float = math.nan
    largest: float = math.nan
    note: str = ""


class Entry(NamedTuple):
    """One line of a report: a name, what each side has there, and what differs.

    A report of one model has one side, and no change.
    """

    name: str
    sides: tuple[Facts | None, ...]
    change: Change | None = None
