"""DataLoader: batches of a dataset's samples, made here or by workers beside.

Workers are forked processes (or threads); a batch comes from them as plain bytes of NumPy arrays, so that
any number of batches can be kept. The order of the batches does not depend on the workers.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import pickle
import signal
import sys
import weakref
from collections.abc import Callable, Iterator
from multiprocessing.pool import AsyncResult, Pool, ThreadPool
from typing import Any

import numpy as np
import torch

from ...base import MXNetError, MXNetType
from ...context import Context, cpu_pinned
from ...ndarray import NDArray, array
from ...ndarray.graph import raw
from .sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader"]

_SHARED = Context("cpu_shared", 0)


def default_batchify_fn(data: Any) -> Any:
    """A batch of samples: arrays are stacked, numbers become an array, tuples a list of batches.

    Numbers and NumPy arrays keep the type that NumPy finds for them. Torch tensors give a torch tensor.

    >>> from glueball.mxnet.gluon.data.dataloader import default_batchify_fn
    >>> default_batchify_fn([(1, 0.5), (2, 1.5)])
    [
    [1 2]
    <NDArray 2 @cpu(0)>,
    [0.5 1.5]
    <NDArray 2 @cpu(0)>]
    """
    return _batched(data, None)


def default_mp_batchify_fn(data: Any) -> Any:
    """`default_batchify_fn` for workers: the batch lies in the context cpu_shared(0)."""
    return _batched(data, _SHARED)


def _batched(data: Any, context: Context | None) -> Any:
    first = data[0]
    if isinstance(first, NDArray):
        return _stacked(data, first._context if context is None else context)
    if isinstance(first, torch.Tensor):
        return torch.stack(tuple(data))
    if isinstance(first, tuple):
        return [_batched(column, context) for column in zip(*data)]  # noqa: B905  # as MXNet
    values = np.asarray(data)
    return array(values, ctx=context, dtype=values.dtype)


def _stacked(arrays: Any, context: Context | None) -> NDArray:
    kind = arrays[0].dtype
    for place, one in enumerate(arrays):
        assert isinstance(one, NDArray), f"Positional arguments must have NDArray type, but got {one}"
        if one.dtype != kind:
            raise MXNetError(
                f"Incompatible attr in node  at {place}-th input: expected {np.dtype(kind).name}, "
                f"got {np.dtype(one.dtype).name}"
            )
        if one.shape != arrays[0].shape:
            raise MXNetError(
                f"new and old shape do not match total elements: sample 0 of a batch is of shape "
                f"{arrays[0].shape} and sample {place} of {one.shape}"
            )
    return NDArray(torch.stack([raw(one) for one in arrays]), context)


def _moved(batch: Any, context: Context) -> Any:
    if isinstance(batch, NDArray):
        return batch.as_in_context(context)
    if isinstance(batch, (list, tuple)):
        return [_moved(part, context) for part in batch]
    return batch


# ---- what runs in a worker -------------------------------------------------------------------------------


class _Work:
    """What a worker process was started with."""

    dataset: Any = None
    batchify: Callable[[Any], Any]


def _begin(dataset: Any, batchify: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    torch.set_num_threads(1)  # torch's own threads were not forked with it
    _Work.dataset, _Work.batchify = dataset, staticmethod(batchify)


def _in_process(places: Any) -> bytes:
    batch = _Work.batchify([_Work.dataset[place] for place in places])
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(batch)
    return file.getvalue()


class _Pickler(pickle.Pickler):
    """Sends arrays as NumPy's: torch would hold an open file for each until the batch is gone."""

    def reducer_override(self, thing: Any) -> Any:
        if type(thing) is NDArray and thing._tensor.dtype is not torch.bfloat16:
            return _arrived, (thing.asnumpy(),)
        if type(thing) is torch.Tensor and thing.device.type == "cpu" and not thing.requires_grad:
            try:
                return torch.from_numpy, (thing.numpy(),)
            except TypeError:  # a type that NumPy has not
                pass
        return NotImplemented


def _arrived(values: np.ndarray[Any, Any]) -> NDArray:
    return NDArray(torch.from_numpy(values), _SHARED)


# ---- the loader ------------------------------------------------------------------------------------------


class DataLoader(metaclass=MXNetType):
    """Goes through a dataset in batches, each time it is iterated over.

    Args:
        dataset: a Dataset, an array or a list.
        batch_size: how many samples make a batch.
        shuffle: whether the order is random, drawn from NumPy's global generator.
        sampler: gives the order instead.
        last_batch: what becomes of samples left over: "keep" (the default), "discard" or "rollover" to the
            next round.
        batch_sampler: gives lists of places, in place of all the above.
        batchify_fn: makes a batch of a list of samples; `default_batchify_fn`.
        num_workers: how many processes or threads make batches beside; 0 makes them when asked for.
        pin_memory: whether batches lie in the context cpu_pinned.
        pin_device_id: that context's number.
        prefetch: how many batches workers make ahead; twice `num_workers`.
        thread_pool: whether workers are threads.
        timeout: the seconds that a worker may take for a batch.
        auto_reload: whether workers begin the next round when one ends.

    Raises:
        ValueError: arguments that exclude each other, or no size of a batch.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon.data import ArrayDataset, DataLoader
    >>> loader = DataLoader(ArrayDataset(nd.ones((5, 2)), nd.arange(5)), batch_size=2)
    >>> [(features.shape, label.shape) for features, label in loader]
    [((2, 2), (2,)), ((2, 2), (2,)), ((1, 2), (1,))]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[Any], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        auto_reload: bool = False,
    ) -> None:
        assert timeout > 0, f"timeout must be positive, given {timeout}"
        if batch_sampler is None:
            if batch_size is None:
                raise ValueError("batch_size must be specified unless batch_sampler is specified")
            if sampler is None:
                sampler = (RandomSampler if shuffle else SequentialSampler)(len(dataset))
            elif shuffle:
                raise ValueError("shuffle must not be specified if sampler is specified")
            batch_sampler = BatchSampler(sampler, batch_size, last_batch or "keep")
        elif batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError(
                "batch_size, shuffle, sampler and last_batch must not be specified if batch_sampler is "
                "specified."
            )
        self._dataset = dataset
        self._batch_sampler = batch_sampler
        self._num_workers = max(num_workers, 0)
        self._batchify_fn = batchify_fn or (
            default_mp_batchify_fn if num_workers > 0 else default_batchify_fn
        )
        self._pinned = cpu_pinned(pin_device_id) if pin_memory else None
        self._prefetch = max(0, 2 * self._num_workers if prefetch is None else int(prefetch))
        self._thread_pool = thread_pool
        self._timeout = timeout
        self._worker_pool = self._started()
        self._iter: Iterator[Any] | None = None
        self.auto_reload = auto_reload
        if auto_reload:
            self.refresh()

    def _started(self) -> Pool | None:
        if not self._num_workers:
            return None
        if self._thread_pool:
            pool: Pool = ThreadPool(self._num_workers)
        else:
            gc.collect()  # what is garbage is not forked
            way = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
            pool = way.Pool(self._num_workers, _begin, (self._dataset, self._batchify_fn))
        weakref.finalize(self, pool.terminate)
        return pool

    def __len__(self) -> int:
        return len(self._batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        if self._iter is None:
            self.refresh()
        batches, self._iter = self._iter, None
        assert batches is not None
        yield from batches
        if self.auto_reload and not self._begun():
            self.refresh()

    def _begun(self) -> bool:
        return self._iter is not None

    def refresh(self) -> None:
        """Begin another round: workers make its first batches ahead."""
        pool = self._worker_pool
        self._iter = self._one_by_one() if pool is None else _Ahead(self, pool, self._prefetch)

    def clean(self) -> None:
        """Forget a round that was begun."""
        self._iter = None

    def _one_by_one(self) -> Iterator[Any]:
        for places in self._batch_sampler:
            yield self._finished(self._made(places))

    def _made(self, places: Any) -> Any:
        dataset = self._dataset
        return self._batchify_fn([dataset[place] for place in places])

    def _finished(self, batch: Any) -> Any:
        return batch if self._pinned is None else _moved(batch, self._pinned)


class _Ahead:
    """One round whose batches workers make ahead, in the order of the samplers."""

    def __init__(self, loader: DataLoader, pool: Pool, prefetch: int) -> None:
        self._loader = loader
        self._pool = pool
        self._batches = iter(loader._batch_sampler)
        self._waiting: list[AsyncResult[Any]] = []
        for _ in range(prefetch):
            self._send()

    def __iter__(self) -> _Ahead:
        return self

    def _send(self) -> None:
        places = next(self._batches, None)
        if places is not None:
            work: Callable[[Any], Any] = self._loader._made if self._loader._thread_pool else _in_process
            self._waiting.append(self._pool.apply_async(work, (places,)))

    def __next__(self) -> Any:
        self._send()
        if not self._waiting:
            raise StopIteration
        timeout = self._loader._timeout
        try:
            batch = self._waiting.pop(0).get(timeout)
        except multiprocessing.TimeoutError:
            print(_too_slow(timeout, self._loader._thread_pool))
            raise
        except Exception:
            self._pool.terminate()
            raise
        return self._loader._finished(batch if self._loader._thread_pool else pickle.loads(batch))

    next = __next__


def _too_slow(timeout: float, threads: bool) -> str:
    """What MXNet prints, its blanks too."""
    indent = " " * 12
    text = (
        f"Worker timed out after {timeout} seconds. This might be caused by \n\n"
        f"{indent}- Slow transform. Please increase timeout to allow slower data loading in each worker.\n"
        f"{indent}"
    )
    if not threads:
        text += (
            "- Insufficient shared_memory if `timeout` is large enough.\n"
            f"{indent}Please consider reduce `num_workers` or increase shared_memory in system.\n{indent}"
        )
    return text
