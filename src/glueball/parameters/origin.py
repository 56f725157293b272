"""Where values came from: which rule of which plan filled a parameter, and whether it was written since.

A plan that was carried out leaves a record with the model it was carried out on: names and numbers, no
arrays, and no reference that would keep the model alive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Origin", "Record", "origin_of", "remember"]


@dataclass(frozen=True)
class Origin:
    """What filled a parameter.

    Attributes:
        rule: the rule's pattern as it was written, "all" for a plan with one initializer.
        initializer: the initializer as it prints.
        seed: the plan's seed.
        name: the name under which the values were drawn: with seed and rule it gives them again.
        when: the time, in UTC.
        edited: whether autograd counted a write since, by training or by hand. Edits through torch's
            `.data` attribute and by its fused optimizers are not counted, so they are not seen.
    """

    rule: str
    initializer: str
    seed: int
    name: str
    when: datetime
    edited: bool


class Record:
    """One plan that was carried out, in columns over the parameters that it filled.

    Names and rules go by row of the tree that was planned on, and are shared with it.
    """

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[int],
        arrays: Sequence[Any],
        versions: Sequence[int],
        rules: Mapping[int, int],
        told: Mapping[int, tuple[str, str]],
        seed: int,
        prefix: str,
    ) -> None:
        self.names = names
        self.rows = rows
        self.ids = list(map(id, arrays))
        self.versions = versions
        self.rules = rules
        self.told = dict(told)
        self.seed = seed
        self.prefix = prefix
        from datetime import UTC, datetime

        self.when = datetime.now(UTC)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Place by name."""
        return {self.names[row]: at for at, row in enumerate(self.rows)}


_MOST = 32
"""Records kept of one model; the oldest go first."""

_records: WeakKeyDictionary[Any, list[Record]] = WeakKeyDictionary()


def remember(root: Any, record: Record) -> None:
    """Keep a record with the model that was collected."""
    try:
        kept = [old for old in _records.get(root, ()) if (old.rows, old.names) != (record.rows, record.names)]
        _records[root] = [*kept[-_MOST:], record]
    except TypeError:
        pass  # a model that cannot be hashed has no records


def origin_of(root: Any, slots: Sequence[str], array: Any, version: int) -> Origin | None:
    """The last record that filled this array under one of these names; None where there is none."""
    try:
        records = _records.get(root, [])
    except TypeError:
        return None
    for record in reversed(records):
        for slot in slots:
            at = record.places.get(slot)
            if at is not None and record.ids[at] == id(array):
                rule, initializer = record.told[record.rules[record.rows[at]]]
                edited = version != record.versions[at]
                name = record.prefix + slot
                return Origin(rule, initializer, record.seed, name, record.when, edited)
    return None
