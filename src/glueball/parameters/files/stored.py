"""What was loaded from a file: noted with the place, and compared with the file again when somebody asks.

A note holds no values and no open file. A file that is there no more, or was written again, cannot say
whether values were edited; then nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...adapter import Adapter
from ...checkpoints.mapping import State, state_of
from ...errors import GlueballError
from ...slots import Tree

if TYPE_CHECKING:
    from ...checkpoints.base import Checkpoint

__all__ = ["LoadRecord", "Stored", "as_stored"]


class Stored(NamedTuple):
    """Where values came from.

    Attributes:
        path: of the file, or of the index of shards.
        name: of the array in it.
        state: what tells the file with the array from another one, see `state_of`; () if it was replaced
            while it was open.
        shape: of the part of the array that was taken, from its beginning.
    """

    path: str
    name: str
    state: State
    shape: tuple[int, ...]


def as_stored(adapter: Adapter, array: Any, stored: Stored) -> bool | None:
    """Whether an array holds what a file has; None where the file is there no more or was changed."""
    try:
        file = _opened(stored.path, state_of(stored.path))
        if stored.name not in file or state_of(file[stored.name].file) != stored.state or not stored.state:
            return None
    except (GlueballError, OSError):
        return None
    try:
        part = adapter.shard(array)
        local, offsets = (array, None) if part is None else (part[0], part[2])
        there = adapter.numpy(local)
        begin = offsets or (0,) * there.ndim
        # Of a larger array the beginning was taken, of a smaller one the beginning was filled.
        key = tuple(slice(b, min(b + n, m)) for b, n, m in zip(begin, there.shape, stored.shape, strict=True))
        wanted: Any = file.lazy(stored.name).make()[key]
        there = there[tuple(slice(0, n) for n in wanted.shape)]
    except (GlueballError, ValueError):
        return False
    with np.errstate(all="ignore"):
        wanted = wanted.astype(there.dtype, copy=False)
    return bool(np.array_equal(_bits(wanted), _bits(there)))


@lru_cache(maxsize=1)
def _opened(path: str, state: State) -> Checkpoint:
    # Whoever asks for one parameter asks for the next: a file of many arrays takes long to open.
    from ...checkpoints.opening import open_file  # formats are imported when a file is opened

    return open_file(path)


def _bits(array: Any) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


class LoadRecord:
    """One load, in columns by row of its tree; a note is made when it is asked for.

    Args:
        tree: of the model.
        rows: those that were loaded.
        sizes: their elements.
        put: for each row where its values came from; a fingerprint, where that is no file.
        names: for each row the name that it had there.
        source: what was loaded.
    """

    def __init__(
        self,
        tree: Tree,
        rows: Sequence[int],
        sizes: Sequence[int],
        put: Mapping[int, Any],
        names: Mapping[int, str],
        source: str,
    ) -> None:
        from ..origin import now

        # The tree's lists, and not the tree, which holds the layers.
        self.owners = tree.weak_owners
        self.holders, self.attributes = tree.holders, tree.attributes
        self.more_sites = tree.more_sites
        self.rows, self.sizes = rows, sizes
        self.put, self.names, self.source = put, names, source
        self.when = now()

    def covers(self, other: Any) -> bool:
        """Whether all that another record tells of was put anew."""
        return bool((self.rows, self.owners, self.attributes) == (other.rows, other.owners, other.attributes))

    def alive(self) -> bool:
        """Whether a layer is left."""
        return any(owner() is not None for owner in self.owners)

    def notes(self) -> Iterator[tuple[Any, str, Any]]:
        """(layer, attribute, note) for each place that is left."""
        from ..origin import Note

        for row, size in zip(self.rows if self.owners else (), self.sizes, strict=False):
            made = Note("", "", None, self.names[row], self.when, size, self.put[row], source=self.source)
            for at, attribute in ((self.holders[row], self.attributes[row]), *self.more_sites.get(row, ())):
                owner = self.owners[at]()
                if owner is not None:
                    yield owner, attribute, made
