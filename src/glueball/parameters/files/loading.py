"""Loading: what was judged to fit is read into the model, one array at a time.

What waits for memory or a shape gets it first, which can be taken back; then rules run; only then arrays are
written, which nothing stops any more but the machine, or who interrupts it; the error then says how far it
came.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...checkpoints.mapping import state_of
from ...errors import DeferredError, FileFormatError
from ...slots import Tree
from ...views.progress import Progress, shown
from ..initialising.plan import Plan
from ..origin import remember
from .loaded import LoadReport
from .matching import Match
from .sources import Source
from .stored import LoadRecord, Stored
from .untouched import look

__all__ = ["Job", "Load"]

_DIRECT = 1 << 16  # bytes of an array from which on it is read past the mapping, by the system itself


class Job(NamedTuple):
    """One parameter to be written: the array, and the parts of it and of the model's that meet."""

    row: int
    array: Any
    name: str  # as it is stored
    key: tuple[slice, ...]  # of the stored array; () for the whole
    region: tuple[slice, ...]  # of the model's; () for the whole


class Load:
    """What a load will do.

    Attributes:
        report: as it will be when it is done.
    """

    def __init__(self, found: Match, source: Source) -> None:
        self._found, self._source = found, source
        self._tree: Tree = found.collection.tree
        self.report: LoadReport
        self._jobs: list[Job] = []
        self._deferred: list[tuple[int, Any, tuple[int, ...]]] = []
        self._casts: list[Callable[[], None]] = []
        self._cast_to: dict[int, np.dtype[Any]] = {}
        self._plan: Plan | None = None
        self._device: Any = None

    def apply(self, progress: bool | Progress | None) -> None:
        """Write all of it; until the first array is written, what raises changes nothing."""
        tree, adapter = self._tree, self._tree.adapter
        back: list[Callable[[], None]] = []
        known: dict[Any, Any] = {}
        try:
            for row, array, shape in self._deferred:
                owner, attribute = tree.owners[tree.holders[row]], tree.attributes[row]
                try:
                    if adapter.lazy(array):
                        way: Any = adapter.give_shape(array, owner, attribute, shape)
                    else:
                        way = adapter.materialise(array, owner, self._device, known)
                except DeferredError as error:
                    raise DeferredError(f"{tree.names[row]!r}: {error} Nothing was changed.") from None
                if way is not None:
                    back.append(way)
            if self._plan is not None:
                self._plan.apply()
        except BaseException:
            for undo in reversed(back):
                undo()
            raise
        for cast in self._casts:
            cast()
        self._write(progress)
        self._remember()

    def _write(self, progress: bool | Progress | None) -> None:
        adapter, source = self._tree.adapter, self._source
        names = self._tree.names
        shards = [adapter.shard(job.array) for job in self._jobs]
        parts = [
            job.array if shard is None else shard[0] for job, shard in zip(self._jobs, shards, strict=True)
        ]
        plain = adapter.plain(parts)
        total = sum(_nbytes(source, job.name) for job in self._jobs)
        done = written = 0
        filled = []
        try:
            with shown("loading", total, progress) as told, _Direct(source) as direct:
                for job, shard, part, dtype in zip(self._jobs, shards, parts, plain, strict=True):
                    key = job.key
                    if shard is not None:
                        key = tuple(slice(o, o + n) for o, n in zip(shard[2], part.shape, strict=True))
                    target = None if dtype is None else adapter.fill_target(part)
                    if target is not None:
                        filled.append(part)
                        whole = target[job.region] if job.region else target
                        if key or not direct.into(whole, job.name):
                            with np.errstate(over="ignore"):
                                np.copyto(whole, source.read(job.name, key), casting="unsafe")
                    else:
                        values = source.read(job.name, key)
                        if job.region:
                            values, small = adapter.numpy(part), values
                            values[job.region] = small
                        adapter.write(part, adapter.coerce(part, values, names[job.row]))
                    written += 1
                    if told is not None:
                        done += _nbytes(source, job.name)
                        told(done, total, job.name)
        except BaseException as error:
            error.add_note(
                f"{source.title} was loaded in part: {written:,} of {len(self._jobs):,} parameters have its "
                f"values. Load it again."
            )
            raise
        finally:
            adapter.filled(filled)

    def _remember(self) -> None:
        tree, source = self._tree, self._source
        adapter = tree.adapter
        rows = [job.row for job in self._jobs]
        if not rows:
            return
        put: dict[int, Any]
        if source.file is None:
            put = {job.row: adapter.fingerprint(job.array) for job in self._jobs}
        else:
            file = source.file
            path = os.path.abspath(file.path) if os.path.exists(file.path) else file.path
            put = {
                job.row: Stored(
                    path, job.name, file.states.get(file[job.name].file, ()), source.shapes[job.name]
                )
                for job in self._jobs
            }
        names = {job.row: job.name for job in self._jobs}
        written = {*rows, *(self._plan._rule_of if self._plan is not None else ())}
        look(tree, (row for row in range(len(tree)) if row not in written))
        sizes = adapter.sizes([job.array for job in self._jobs])
        remember(LoadRecord(tree, rows, sizes, put, names, self.report.source))


def _nbytes(source: Source, name: str) -> int:
    return math.prod(source.shapes[name]) * source.dtypes[name].itemsize


class _Direct:
    """Reads large arrays by the system's own call into the model's memory, each file opened once."""

    def __init__(self, source: Source) -> None:
        self._file = source.file
        self._open: dict[str, Any] = {}  # None: the path leads to another file by now

    def __enter__(self) -> _Direct:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._open.values():
            if file is not None:
                file.close()

    def into(self, target: np.ndarray[Any, Any], name: str) -> bool:
        """Whether the target was filled: it is large, and its bytes lie in a file as it wants them."""
        if self._file is None or target.nbytes < _DIRECT or not target.flags.c_contiguous:
            return False
        entry = self._file[name]
        if (
            entry.offset is None
            or entry.dtype != target.dtype
            or entry.shape != target.shape
            or entry.dtype.kind == "b"
            or sys.byteorder != "little"
        ):
            return False
        if entry.file not in self._open:
            self._open[entry.file] = self._same(entry.file)
        file = self._open[entry.file]
        if file is None:
            return False
        file.seek(entry.offset)
        memory = target.reshape(-1).view(np.uint8).data
        at = 0
        while at < len(memory):
            count = file.readinto(memory[at:])
            if not count:
                raise FileFormatError(f"{entry.file}: it was cut off while it was read, in {name!r}.")
            at += count
        return True

    def _same(self, path: str) -> Any:
        """The file at a path, if it still is the one that was opened; a save replaces files."""
        assert self._file is not None
        state = self._file.states.get(path)
        if not state or not os.path.isfile(path):  # or out of a pipe, which would be waited for
            return None
        try:
            file = open(path, "rb", buffering=0)  # noqa: SIM115
        except OSError:
            return None
        if state_of(file.fileno()) != state:
            file.close()
            return None
        return file
