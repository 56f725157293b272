"""Splitting batches, clipping gradients, fetching files."""

from __future__ import annotations

import hashlib
import os
import ssl
import urllib.error
import urllib.request
import uuid
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, MutableMapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from ..base import MXNetError, MXNetType
from ..context import Context
from ..ndarray import NDArray, array
from ..ndarray.graph import raw, writable

__all__ = ["check_sha1", "clip_global_norm", "download", "replace_file", "split_and_load", "split_data"]


def split_data(data: Any, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """Cut an array into parts along an axis, the longer ones first.

    Args:
        data: the array. Parts along the first axis share its memory.
        num_slice: how many parts.
        batch_axis: the axis.
        even_split: whether all have to be of one length.

    Raises:
        ValueError: they cannot be.
        MXNetError: an axis other than the first is too short for as many parts.

    >>> from glueball.mxnet import gluon, nd
    >>> [part.shape for part in gluon.utils.split_data(nd.ones((5, 2)), 2, even_split=False)]
    [(3, 2), (2, 2)]
    """
    size = data.shape[batch_axis]
    if even_split and size % num_slice != 0:
        raise ValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along axis "
            f"{batch_axis}. Use a batch size that's multiple of {num_slice} or set even_split=False to allow "
            "uneven partitioning of data."
        )
    length, longer = divmod(size, num_slice)
    ends = [length * part + min(part, longer) for part in range(num_slice + 1)]
    before = (slice(None),) * (batch_axis % len(data.shape))
    if not before:
        return [data[start:end] for start, end in pairwise(ends)]
    for start, end in pairwise(ends):
        if start == end:
            raise MXNetError(f"Invalid begin, end, get begin={start}, end={end}")
    return [data[(*before, slice(start, end))] for start, end in pairwise(ends)]


def split_and_load(
    data: Any, ctx_list: Sequence[Context], batch_axis: int = 0, even_split: bool = True
) -> list[NDArray]:
    """`split_data` into as many parts as there are contexts, each part in its own."""
    if not isinstance(data, NDArray):
        data = array(data, ctx=ctx_list[0])
    if len(ctx_list) == 1:
        return [data.as_in_context(ctx_list[0])]
    parts = split_data(data, len(ctx_list), batch_axis, even_split)
    return [part.as_in_context(ctx) for part, ctx in zip(parts, ctx_list, strict=True)]


def clip_global_norm(arrays: Sequence[NDArray], max_norm: float, check_isfinite: bool = True) -> Any:
    """Shrink arrays, in place, so that the norm of all their elements together is at most `max_norm`.

    Args:
        arrays: the arrays, such as `[p.grad() for p in params.values()]`.
        max_norm: the largest norm allowed.
        check_isfinite: whether to warn of a norm that is no number or infinite.

    Returns:
        The norm that there was: a number, or an array of one element without `check_isfinite`.

    >>> from glueball.mxnet import gluon, nd
    >>> arrays = [nd.array([3.0]), nd.array([4.0])]
    >>> float(gluon.utils.clip_global_norm(arrays, 1))
    5.0
    >>> [round(float(one.asscalar()), 6) for one in arrays]
    [0.6, 0.8]
    """
    assert len(arrays) > 0
    kinds = [one._tensor.dtype for one in arrays]
    for place, kind in enumerate(kinds):
        if kind is not kinds[0]:
            wanted, got = (str(dtype).removeprefix("torch.") for dtype in (kinds[0], kind))
            raise MXNetError(f"Incompatible attr in node  at {place}-th input: expected {wanted}, got {got}")
    if not kinds[0].is_floating_point:
        raise MXNetError("dot only supports float32/float64 for CPU, and float16/float32/float64 for GPU")
    targets = [writable(one) for one in arrays]
    device = targets[0].device
    flat = (raw(one).reshape(-1) for one in arrays)
    norm = torch.stack([torch.dot(one, one).to(device) for one in flat]).sum().sqrt()
    if check_isfinite and not torch.isfinite(norm):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", stacklevel=2)
    scale = (max_norm / (norm + 1e-8)).clamp(max=1)
    for target in targets:
        target.mul_(scale.to(target.device))
    total = NDArray(norm.reshape(1), arrays[0]._context)
    return total.asscalar() if check_isfinite else total


def check_sha1(filename: str | Path, sha1_hash: str) -> bool:
    """Whether a file's SHA-1 is this one, in hexadecimal digits."""
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest() == sha1_hash


def replace_file(src: str | Path, dst: str | Path) -> None:
    """Move a file to another's place, in one step; on failure the first is removed.

    Raises:
        OSError: it cannot be moved.
    """
    try:
        os.replace(src, dst)
    except OSError as error:
        Path(src).unlink(missing_ok=True)
        raise OSError(
            f"Moving downloaded temp file - {src}, to {dst} failed. Please retry the download."
        ) from error


def download(
    url: str,
    path: str | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch a file, unless it is there.

    Args:
        url: where from.
        path: a file or a folder to put it in; by default the current folder.
        overwrite: whether to fetch it even if it is there.
        sha1_hash: what its SHA-1 has to be; a file of another is fetched again.
        retries: how often to try.
        verify_ssl: whether the server has to prove who it is.

    Returns:
        The file's path.
    """
    fname = _destination(url, path)
    assert retries >= 0, f"Number of retries should be at least 0, currently it's {retries}"
    if not verify_ssl:
        warnings.warn(
            "Unverified HTTPS request is being made (verify_ssl=False). "
            "Adding certificate verification is strongly advised.",
            stacklevel=2,
        )

    def there() -> bool:
        return os.path.exists(fname) and not (sha1_hash and not check_sha1(fname, sha1_hash))

    if there() and not overwrite:
        return fname
    os.makedirs(os.path.dirname(os.path.abspath(fname)), exist_ok=True)
    while True:
        try:
            print(f"Downloading {fname} from {url}...")
            beside = f"{fname}.{uuid.uuid4()}"
            _fetch(url, beside, verify_ssl)
            if overwrite or not there():
                replace_file(beside, fname)
            else:  # another process was faster
                Path(beside).unlink(missing_ok=True)
                warnings.warn(
                    f"File {fname} exists in file system so the downloaded file is deleted", stacklevel=2
                )
            if sha1_hash and not check_sha1(fname, sha1_hash):
                raise UserWarning(
                    f"File {fname} is downloaded but the content hash does not match. The repo may be "
                    'outdated or download may be incomplete. If the "repo_url" is overridden, consider '
                    "switching to the default repo."
                )
            return fname
        except Exception as error:
            retries -= 1
            if retries <= 0:
                raise
            print(
                f"download failed due to {error!r}, retrying, {retries} "
                f"attempt{'s' if retries > 1 else ''} left"
            )


def _destination(url: str, path: str | None) -> str:
    last = url.split("/")[-1]
    if path is None:
        assert last, "Can't construct file-name from this URL. Please set the `path` option manually."
        return last
    path = os.path.expanduser(path)
    return os.path.join(path, last) if os.path.isdir(path) else path


def _fetch(url: str, into: str, verify_ssl: bool) -> None:
    context = None
    if not verify_ssl:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, context=context) as answer, open(into, "wb") as file:
            while block := answer.read(1 << 20):
                file.write(block)
    except urllib.error.HTTPError as error:
        error.close()
        raise RuntimeError(f"Failed downloading url {url}") from None
    except BaseException:
        Path(into).unlink(missing_ok=True)
        raise


class HookHandle(metaclass=MXNetType):
    """Takes a hook off again: by `detach`, or at the end of a `with`."""

    def __init__(self) -> None:
        self._hooks_dict_ref: Callable[[], MutableMapping[int, Any] | None] | None = None
        self._id: int | None = None

    def attach(self, hooks_dict: Any, hook: Callable[..., Any]) -> None:
        """Put a hook into a dictionary of hooks that can be referred to weakly."""
        assert not self._hooks_dict_ref, "The same handle cannot be attached twice."
        self._id = id(hook)
        hooks_dict[self._id] = hook
        self._hooks_dict_ref = weakref.ref(hooks_dict)

    def detach(self) -> None:
        """Take the hook off, if it is there."""
        assert self._hooks_dict_ref is not None
        hooks = self._hooks_dict_ref()
        if hooks is not None and self._id is not None:
            hooks.pop(self._id, None)

    def __getstate__(self) -> Any:
        assert self._hooks_dict_ref is not None
        return self._hooks_dict_ref(), self._id

    def __setstate__(self, state: Any) -> None:
        hooks, self._id = state
        self._hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *raised: Any) -> None:
        self.detach()


def shape_is_known(shape: Sequence[int] | None) -> bool:
    """Whether every dimension of a shape is known; 0 stands for one that is not."""
    if shape is None or len(shape) == 0:
        return False
    for size in shape:
        if size == 0:
            return False
        assert size > 0, f"shape dimension size cannot be less than 0, while received {size}"
    return True


def _brief_print_list(lst: Sequence[Any], limit: int = 7) -> str:
    """Names in quotes; of more than `limit`, the first and the last."""
    names = list(lst)
    if len(names) > limit:
        first, last = names[: limit // 2], names[-(limit // 2) - 1 :]
        return f"{_brief_print_list(first, limit)}, ..., {_brief_print_list(last, limit)}"
    return ", ".join(f"'{name}'" for name in names)


def _indent(s_: str, numSpaces: int) -> str:
    """A text with every line but the first moved to the right."""
    return s_.replace("\n", "\n" + " " * numSpaces)
