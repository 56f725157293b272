"""Keras's files, written: weights by their paths, and archives with the configuration of another."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Iterable, Mapping

from glueball.errors import FileFormatError

from .. import hdf5
from ..atomic import replacing
from ..hdf5 import Hdf5File
from ..hdf5.writing import check, put
from ..jsons import parsed
from ..lazy import Arrays, with_copies
from ..mapping import mapped
from ..progress import Meter, Progress, total_bytes
from ..zips import ZipWriter
from .matching import by_like, by_pairs, is_path
from .reading import METADATA, WEIGHTS, KerasFile

__all__ = ["write", "write_weights"]

_NO_LIKE = (
    "Keras keeps an array by its layer's class and number, as 'layers/dense/vars/0', and by no name. Give"
    " like=, a file that Keras has saved of the same model, or pairs=, of (path, name)"
)


def write_weights(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    like: str | os.PathLike[str] | None = None,
    pairs: Iterable[tuple[str, str]] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a `.weights.h5` that `model.load_weights` reads: beside, synced, renamed.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by Keras's paths, or by other names with `like` or `pairs`. No more than one lazy array is in
            memory.
        metadata: attributes of the file itself.
        aliases: other name → name of the array. Keras ties by layers; each name that has a path gets the
            bytes.
        like: a `.weights.h5` or `.keras` of the same model: see `matching.by_like`. All that it has and no
            array is given for (an optimizer's state) stays.
        pairs: (path, name) for each array.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        DTypeError: the format has no such dtype.
        FileFormatError: it cannot be told where an array belongs, or what else `hdf5.write` refuses.
        MissingExtraError: h5py is not installed.
        OSError: the system cannot write it.
    """
    if like is None:
        placed = _placed(arrays, aliases, None, pairs)
        hdf5.write(path, placed, metadata=metadata, progress=progress)
        return
    with _weights(like) as opened:
        placed = _placed(arrays, aliases, opened, pairs)
        hdf5.write(path, placed, metadata=metadata, like=opened, progress=progress)


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    like: str | os.PathLike[str] | None = None,
    pairs: Iterable[tuple[str, str]] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a `.keras` that `keras.saving.load_model` reads: that of `like`, with other weights.

    Args:
        like: a `.keras` of the same model, whose configuration and assets are kept.
        metadata: for the archive's `metadata.json`, beside what `like` has there.
        path, arrays, aliases, pairs, progress: as of `write_weights`.

    Raises:
        FileFormatError: there is no `like`, or what `write_weights` refuses.
        DTypeError, MissingExtraError, OSError: as from `write_weights`.
    """
    if like is None:
        raise FileFormatError(
            "a .keras file has the model's configuration, which arrays do not tell: give like=, a .keras file"
            " of the same model; or write a .weights.h5"
        )
    with KerasFile(like) as opened:
        placed = _placed(arrays, aliases, opened.weights, pairs)
        check(placed, {}, {})
        notes = _notes(opened, metadata or {})
        meter = Meter(progress, total_bytes(placed))
        folder = os.path.dirname(os.path.realpath(path))
        with tempfile.TemporaryFile(dir=folder, prefix=".glueball-") as weights:
            put(weights, placed, {}, {}, opened.weights, meter)
            weights.flush()
            with mmap.mmap(weights.fileno(), 0, access=mmap.ACCESS_READ) as content, replacing(path) as file:
                archive = ZipWriter(file)
                with memoryview(content) as view:
                    for name in opened.archive.members:
                        if name == WEIGHTS:
                            archive.add(name, view)
                        elif name == METADATA:
                            archive.add(name, memoryview(notes))
                        else:
                            archive.add(name, memoryview(opened.archive.read(name)))
                archive.finish()


def _placed(
    arrays: Arrays,
    aliases: Mapping[str, str] | None,
    like: Hdf5File | None,
    pairs: Iterable[tuple[str, str]] | None,
) -> Arrays:
    """The arrays by their paths."""
    if pairs is not None:
        return by_pairs(with_copies(arrays, aliases), pairs)
    if like is None:
        named = with_copies(arrays, aliases)
        strange = [name for name in named if not is_path(name)]
        if strange:
            raise FileFormatError(f"{strange[0]!r} is no path of Keras's. {_NO_LIKE}")
        return named
    # A tie is one variable in Keras, which may stand by any of its names.
    every = with_copies(arrays, aliases)
    used = every if all(name in like for name in every) else arrays
    return {path: used[name] for path, name in by_like(used, like).items()}


def _weights(like: str | os.PathLike[str]) -> Hdf5File:
    begins = mapped(like)[: len(hdf5.MAGIC)]
    return Hdf5File(like) if begins == hdf5.MAGIC else KerasFile(like).weights


def _notes(opened: KerasFile, metadata: Mapping[str, str]) -> bytes:
    notes = parsed(opened.archive.read(METADATA), METADATA) if METADATA in opened.archive.members else {}
    return json.dumps({**(notes if isinstance(notes, dict) else {}), **metadata}).encode()
