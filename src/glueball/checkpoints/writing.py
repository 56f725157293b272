"""Writing a file of any format: it is chosen by the path's suffix."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from glueball.errors import DTypeError, FileFormatError

from . import hdf5, keras, npz, params, pytorch, safetensors
from .lazy import Arrays, Lazy
from .progress import Progress
from .remote import is_remote
from .sparse import CSR, RowSparse

__all__ = ["FORMATS", "format_of", "write_file"]

_SHARD = "5GB"  # the size of shards that model hubs take

# By a file's suffix, the longest that fits.
_SUFFIXES = {
    ".safetensors": "safetensors",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".bin": "pytorch",
    ".ckpt": "pytorch",
    ".params": "params",
    ".npz": "npz",
    ".npy": "npy",
    ".weights.h5": "weights.h5",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".keras": "keras",
}
_WRITERS: dict[str, Callable[..., None]] = {
    "safetensors": safetensors.write,
    "pytorch": pytorch.write,
    "params": params.write,
    "npz": npz.write,
    "npy": npz.write_one,
    "weights.h5": keras.write_weights,
    "hdf5": hdf5.write,
    "keras": keras.write,
}
FORMATS = ("shards", *_WRITERS)
"""What can be written; "shards" is a folder of safetensors files."""

_LIKE = {"weights.h5", "keras"}


def write_file(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    format: str | None = None,
    aliases: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    like: str | os.PathLike[str] | None = None,
    pairs: Iterable[tuple[str, str]] | None = None,
    max_shard_size: int | str | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a checkpoint: the whole new file, or the old one stays.

    Everything that can be wrong is found before the first byte is written.

    Args:
        path: of the file; one that is there is replaced. A folder (one that is there, or a path that ends
            with a separator) gets shards.
        arrays: by name, in the order that the file will have. No more than one lazy array is in memory.
            Sparse ones are for `.params` only.
        format: of FORMATS; by default that of the path's suffix.
        aliases: other name → name of the array (ties). Stored once where the format can; else each name gets
            the bytes.
        metadata: text to text. NumPy's, PyTorch's and MXNet's formats have no place for any.
        like: for Keras's formats, a file of the same model.
        pairs: for Keras's formats, (path, name) for each array.
        max_shard_size: in bytes or as text, "5GB"; the path is then a folder's.
        progress: called as `progress(done, total, name)` with bytes and an array's name.

    Raises:
        FileFormatError: no format has this suffix, or the format cannot hold what is given.
        DTypeError: what is given is no array, or the format has no such dtype.
        MissingExtraError: the format needs a package that is not installed.
        OSError: the system cannot write it.

    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from glueball.checkpoints.opening import open_file
    >>> with TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/net.pt", {"embed": np.eye(2)}, aliases={"head": "embed"})
    ...     print(open_file(f"{folder}/net.pt"))
    <pytorch '...net.pt': 1 arrays>
    """
    if is_remote(path):
        raise FileFormatError(
            f"files are written on this machine, not to {os.fsdecode(path)}; copy them there"
        )
    kind = format if format is not None else format_of(path, sharded=max_shard_size is not None)
    if kind not in FORMATS:
        raise FileFormatError(f"there is no format {kind!r}; there are {', '.join(FORMATS)}")
    if max_shard_size is not None and kind != "shards":
        raise FileFormatError(
            f"only safetensors files are written in shards, into a folder; {os.fsdecode(path)!r} is to be"
            f" {kind}. Leave out max_shard_size, or give a folder's path"
        )
    _check(arrays, kind)
    options: dict[str, Any] = {"metadata": metadata, "aliases": aliases, "progress": progress}
    if kind in _LIKE:
        options |= {"like": like, "pairs": pairs}
    elif like is not None or pairs is not None:
        raise FileFormatError(
            f"like= and pairs= say where arrays lie in Keras's files; {kind} keeps their names"
        )
    if kind == "shards":
        most = _SHARD if max_shard_size is None else max_shard_size
        safetensors.write_shards(path, arrays, max_shard_size=most, **options)
    else:
        _WRITERS[kind](path, arrays, **options)


def _check(arrays: Mapping[str, Any], kind: str) -> None:
    """Every value is an array that this format takes."""
    for name, value in arrays.items():
        if isinstance(value, (RowSparse, CSR)) and kind != "params":
            raise DTypeError(f"{name!r} is sparse, which only .params files hold; give its .dense()")
        if not isinstance(value, (np.ndarray, Lazy, RowSparse, CSR)):
            raise DTypeError(f"{name!r} is no array but a {type(value).__name__}")


def format_of(path: str | os.PathLike[str], *, sharded: bool = False) -> str:
    """The format that a path asks for: by its suffix, or "shards" for a folder.

    Args:
        path: it need not be there.
        sharded: whether shards are asked for, so that a path without a suffix is a folder's.

    Raises:
        FileFormatError: no format has this suffix.

    >>> format_of("net.safetensors"), format_of("net.weights.h5"), format_of("net/")
    ('safetensors', 'weights.h5', 'shards')
    """
    file = os.fsdecode(path)
    if os.path.isdir(file) or file.endswith(("/", os.sep)):
        return "shards"
    name = os.path.basename(file).lower()
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    if sharded and not os.path.exists(file):
        return "shards"
    raise FileFormatError(
        f"{file!r} does not say by its suffix what is to be written; there are {', '.join(_SUFFIXES)}, and a"
        " folder for shards of safetensors"
    )
