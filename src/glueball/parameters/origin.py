"""Where values came from: which rule of which plan filled a place, and whether they were edited since.

What was put is noted with the place, a layer and an attribute, for as long as the layer lives: neither
the model it was collected from nor the array matters, so wrapping the model loses nothing, and no other
array can be taken for the one that was filled. A note holds no values. What a stream drew is drawn again
when somebody asks, so edits are seen however they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import numpy as np

from .. import streams
from ..adapter import Adapter
from ..errors import GlueballError
from ..slots import Tree
from .files.stored import Stored, as_stored

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Note", "Origin", "Record", "is_noted", "note", "noted", "now", "origin_of", "remember"]


@dataclass(frozen=True)
class Origin:
    """What filled a parameter: a rule, or a file.

    Attributes:
        rule: the rule's pattern as it was written, "all" for a plan with one initializer; "" for what was
            loaded.
        initializer: the initializer as it prints; "" for what was loaded.
        seed: the plan's seed; None for what was loaded.
        name: the name under which the values were drawn: with seed and rule it gives them again. Of what
            was loaded the name in the file.
        when: the time, in UTC.
        edited: whether the values that lie here now are others than the rule put: trained, written by
            hand, loaded, or in another array. A cast may count as an edit, since what was drawn is drawn
            again in the dtype that lies here now. Of arrays that were given or computed, and not drawn,
            65,536 elements are compared, spread evenly. Of a sharded one each process answers for the
            part that it has. What was loaded is compared with the file; None where that is there no more,
            or was written since.
        file: the path of the file, for what was loaded; of another model its kind. "" for a rule.
    """

    rule: str
    initializer: str
    seed: int | None
    name: str
    when: datetime
    edited: bool | None
    file: str = ""


class Note(NamedTuple):
    """What was put into one array: a distribution's values, a number, or values with a fingerprint."""

    rule: str
    initializer: str
    seed: int | None
    name: str
    when: datetime
    size: int
    put: Any
    zero_row: int | None = None
    source: str = ""


def now() -> datetime:
    """The time, in UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC)


def noted(adapter: Adapter, array: Any, put: Any) -> Any:
    """What a note keeps of what was put into an array.

    A distribution and a number as they are; of values a fingerprint, since nobody can draw them again.
    """
    if isinstance(put, (bool, int, float, complex, streams.Distribution)):
        return put
    return adapter.fingerprint(array)


class Record:
    """One plan that was carried out, in columns by row of its tree; a note is made when it is asked for."""

    def __init__(
        self,
        tree: Tree,
        rows: Sequence[int],
        sizes: Sequence[int],
        rules: Mapping[int, int],
        told: Mapping[int, tuple[str, str]],
        put: Sequence[Mapping[int, Any]],
        zero_rows: Mapping[int, int],
        seed: int,
        prefix: str,
    ) -> None:
        # The tree's lists, and not the tree, which holds the layers.
        self.owners = tree.weak_owners
        self.holders, self.attributes, self.names = tree.holders, tree.attributes, tree.names
        self.more_sites = tree.more_sites
        self.rows = rows
        self.sizes = sizes
        self.rules = rules
        self.told = told
        self.put = put
        self.zero_rows = zero_rows
        self.seed = seed
        self.prefix = prefix
        self.when = now()

    def covers(self, other: Record) -> bool:
        """Whether all that another filled was filled anew."""
        return (self.rows, self.owners, self.attributes) == (other.rows, other.owners, other.attributes)

    def alive(self) -> bool:
        """Whether a layer is left."""
        return any(owner() is not None for owner in self.owners)

    def notes(self) -> Iterator[tuple[Any, str, Note]]:
        """(layer, attribute, note) for each place that is left."""
        for row, size in zip(self.rows if self.owners else (), self.sizes, strict=False):
            put = next(column[row] for column in self.put if row in column)
            rule, initializer = self.told[self.rules[row]]
            name = self.prefix + self.names[row]
            made = Note(rule, initializer, self.seed, name, self.when, size, put, self.zero_rows.get(row))
            for at, attribute in ((self.holders[row], self.attributes[row]), *self.more_sites.get(row, ())):
                owner = self.owners[at]()
                if owner is not None:
                    yield owner, attribute, made


_notes: dict[int, tuple[ref[Any], dict[str, Note]]] = {}
"""By the `id` of a layer, until it dies: a weak reference to it, and its notes by attribute."""

_PENDING = 8
_pending: list[Any] = []
"""The latest records, the oldest first, whose notes are not made yet: that costs as much as to draw."""


def remember(record: Any) -> None:
    """Keep a record for as long as its layers live."""
    kept = [old for old in _pending if not record.covers(old) and old.alive()]
    if len(kept) >= _PENDING:
        _spread(kept)
        kept = []
    _pending[:] = [*kept, record]


def note(owner: Any, attribute: str, made: Note) -> None:
    """Note what was put into the array at a place."""
    _spread(_pending)
    _pending.clear()
    _put(owner, attribute, made)


def _spread(records: Sequence[Any]) -> None:
    for record in records:
        for owner, attribute, made in record.notes():
            _put(owner, attribute, made)


def _put(owner: Any, attribute: str, made: Note) -> None:
    key = id(owner)
    if key not in _notes:

        def forget(gone: ref[Any], pop: Callable[..., Any] = _notes.pop) -> None:
            pop(key, None)

        _notes[key] = ref(owner, forget), {}
    _notes[key][1][attribute] = made


def is_noted(sites: Sequence[tuple[Any, str]]) -> bool:
    """Whether a rule or a load has put values into one of these places."""
    _spread(_pending)
    _pending.clear()
    return any(attribute in _notes[id(owner)][1] for owner, attribute in sites if id(owner) in _notes)


def origin_of(adapter: Adapter, sites: Sequence[tuple[Any, str]], array: Any) -> Origin | None:
    """What filled the array at these sites; where they tell of several, what its values agree with."""
    _spread(_pending)
    _pending.clear()
    told = [_notes[id(owner)][1].get(attribute) for owner, attribute in sites if id(owner) in _notes]
    found = sorted((made for made in told if made is not None), key=lambda made: made.when)
    if not found:
        return None
    made, edited = found[-1], _as_put(adapter, array, found[-1])
    for other in reversed(found[:-1]):
        if edited:
            break
        if _as_put(adapter, array, other):
            made, edited = other, True
    return Origin(
        made.rule,
        made.initializer,
        made.seed,
        made.name,
        made.when,
        None if edited is None else not edited,
        made.source,
    )


def _as_put(adapter: Adapter, array: Any, made: Note) -> bool | None:
    """Whether an array holds what a note tells of; None where nobody can say."""
    if adapter.no_values(array) or adapter.sizes([array]) != [made.size]:
        return False
    if isinstance(made.put, Stored):
        return as_stored(adapter, array, made.put)
    if isinstance(made.put, bytes):
        return adapter.fingerprint(array) == made.put
    part = adapter.shard(array)
    local, whole, offsets = (array, tuple(array.shape), (0,) * len(array.shape)) if part is None else part
    try:
        for corner, shape in streams.slabs(tuple(local.shape), _AT_ONCE):
            place = tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))
            there = adapter.numpy(adapter.data(local)[place])
            begin = [o + c for o, c in zip(offsets, corner, strict=True)]
            if not np.array_equal(there, _again(made, there, whole, begin), equal_nan=True):
                return False
    except GlueballError:  # a dtype that nothing is drawn in, a layout that cannot be read
        return False
    return True


_AT_ONCE = 1 << 22


def _again(made: Note, like: Any, whole: Sequence[int], begin: Sequence[int]) -> Any:
    """A block of what was put, of the shape and dtype of another array."""
    if not isinstance(made.put, streams.Distribution):
        return np.full_like(like, made.put)
    out = np.empty_like(like)
    assert made.seed is not None  # what is drawn has one
    streams.fill(out, made.put, made.seed, made.name, whole_shape=whole, offsets=begin)
    if made.zero_row is not None:
        row = made.zero_row % whole[0] - begin[0]
        if 0 <= row < len(out):
            out[row] = 0
    return out
