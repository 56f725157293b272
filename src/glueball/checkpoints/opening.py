"""Opening a file of any format: it is known by what is in it, not by its name."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from glueball.errors import FileFormatError

from .archive import Archive
from .base import Checkpoint
from .hdf5 import MAGIC as HDF5
from .hdf5 import Hdf5File
from .keras import WEIGHTS, KerasFile
from .mapping import mapped, state_of
from .npz import NpyFile, NpzFile
from .params import ParamsCheckpoint
from .pytorch import PytorchFile
from .pytorch.storages import is_old
from .remote import Remote, beside, is_remote, kept, listed
from .safetensors import SafetensorsFile
from .sharded import Sharded

__all__ = ["open_file"]

_FIRST = 512  # bytes that tell the formats apart
_KNOWN = (
    "safetensors, PyTorch (.pt, .pth, .bin), MXNet's .params, NumPy's .npz and .npy, Keras's .weights.h5 and"
    " .keras, and folders and indices of shards"
)
# What a folder is opened by, the first that is there.
_MAIN = (
    ("model.safetensors.index.json", "model.safetensors"),
    ("pytorch_model.bin.index.json", "pytorch_model.bin"),
    ("model.weights.json", "model.weights.h5"),
)
_SUFFIXES = (
    *(".safetensors", ".pt", ".pth", ".bin", ".params", ".npz", ".npy", ".h5", ".keras"),
    *(".index.json", ".weights.json"),
)
_STRANGERS = {
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "compressed with gzip",
    b"\xfd7zXZ": "compressed with xz",
    b"BZh": "compressed with bzip2",
    b"\x28\xb5\x2f\xfd": "compressed with zstandard",
    b"<!DO": "a web page",
    b"<htm": "a web page",
    b"version https://git-lfs": "a Git LFS pointer, in whose place the file itself has to be fetched",
}


def open_file(path: str | os.PathLike[str], *, allow_expansion: bool = False) -> Checkpoint:
    """Open a checkpoint of any format without reading its arrays.

    A folder is opened by the index or the file in it that readers of its format take: safetensors before
    PyTorch's, then Keras's, or the only checkpoint that is there.

    Args:
        path: of a file, a folder, or an index of shards; or a URL such as `https://…` or `s3://…` (extra
            `remote`), of which a safetensors file's header alone is fetched, a zip archive's directory, and
            later the bytes of the parts that are read.
        allow_expansion: whether an array may be read that takes far more memory than the file has bytes
            (compressed, or of repeated elements).

    Raises:
        FileFormatError: nothing here knows the file, or it is damaged.
        MissingExtraError: the format needs a package that is not installed.
        OSError: the system cannot open it.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "named.pt")
    ...     with open(path, "wb") as file:
    ...         np.save(file, np.eye(2))
    ...     print(open_file(path).format)
    npy
    """
    return _open(path, allow_expansion, shard=False)


def _open(path: str | os.PathLike[str], allow_expansion: bool, *, shard: bool) -> Checkpoint:
    """What `open_file` opens; of a shard no further index is followed, which may lead in a circle."""
    file = os.fsdecode(path)
    if is_remote(file):
        names = listed(file)
        if names is not None:
            folder = f"{file.rstrip('/')}/"
            return _open(beside(folder, _main(file, set(names))), allow_expansion, shard=shard)
        content = Remote(file)
        with kept(content):
            return _opened(file, content[:_FIRST], allow_expansion, shard)
    if stat.S_ISDIR(os.stat(file).st_mode):
        name = _main(file, set(os.listdir(file)))
        return _open(os.path.join(file, name), allow_expansion, shard=shard)
    with open(file, "rb") as stream:
        first = stream.read(_FIRST)
    return _opened(file, first, allow_expansion, shard)


def _opened(file: str, first: bytes, allow_expansion: bool, shard: bool) -> Checkpoint:
    """A file that begins so."""
    if first.lstrip()[:1] == b"{" and b"\0" not in first[:8]:
        if shard:
            raise FileFormatError(f"{file}: it is named as a shard, and is an index or other JSON")
        return Sharded(file, lambda path: _open(path, allow_expansion, shard=True))
    opener = _format(file, first)
    state = state_of(file)
    with _uncollected():
        opened: Checkpoint = opener(file, allow_expansion=allow_expansion)
    if state == state_of(file):  # else it was replaced meanwhile, and the path leads to another one
        opened.states = {opened.path: state}
    return opened


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: tens of thousands of new objects would set it off again and again."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def _format(file: str, first: bytes) -> Callable[..., Checkpoint]:
    """The class that opens a file which begins so."""
    if first[8:9] == b"{":
        return SafetensorsFile
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(file, first)
    if first.startswith(b"\x93NUMPY"):
        return NpyFile
    if first.startswith(HDF5):
        return Hdf5File
    if first[:8] == (0x112).to_bytes(8, "little"):
        return ParamsCheckpoint
    if is_old(first) or first[257:262] == b"ustar":
        return PytorchFile
    what = next((text for magic, text in _STRANGERS.items() if first.startswith(magic)), "")
    if first[:1] == b"\x80":
        what = "a pickle, which is a program, and not one of PyTorch's files"
    if not first:
        what = "empty"
    begins = f"it is {what}" if what else f"it begins with {first[:8].hex(' ')}"
    raise FileFormatError(f"{file}: no format that is known here: {begins}. Known are {_KNOWN}")


def _archive(file: str, first: bytes) -> Callable[..., Checkpoint]:
    # Most archives tell by their first member; of one of many arrays the whole directory takes long to read.
    name = first[30 : 30 + int.from_bytes(first[26:28], "little")]
    if name.endswith(b"/data.pkl"):
        return PytorchFile
    if name.endswith(b".npy"):
        return NpzFile
    names = Archive(mapped(file), file).members
    if WEIGHTS in names:
        return KerasFile
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return PytorchFile
    if not names or any(name.endswith(".npy") for name in names):
        return NpzFile
    some = ", ".join(repr(name) for name in list(names)[:3])
    raise FileFormatError(
        f"{file}: no format that is known here: a zip archive of {some}. Known are {_KNOWN}"
    )


def _main(folder: str, names: set[str]) -> str:
    """The name of the file that a folder is opened by, of all names in it.

    Raises:
        FileFormatError: there is none, or no telling which.
    """
    for index, single in _MAIN:
        if index in names and single in names:
            raise FileFormatError(
                f"{folder} has {index!r} and {single!r}, which are two checkpoints; open one by its own path"
            )
        for name in (index, single):
            if name in names:
                return name
    found = sorted(name for name in names if name.endswith(_SUFFIXES) and not name.startswith("."))
    indices = [name for name in found if name.endswith(".json")] or found
    if len(indices) == 1:
        return indices[0]
    what = f"{len(found)} checkpoints: {', '.join(found[:5])}" if found else "no checkpoint"
    raise FileFormatError(f"{folder} has {what}; open one by its own path")
