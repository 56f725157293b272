"""Datasets: samples by their place, and other datasets made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..._missing import why
from ...base import MXNetType
from ...ndarray import NDArray
from .sampler import FilterSampler, Sampler, SequentialSampler

__all__ = ["ArrayDataset", "Dataset", "RecordFileDataset", "SimpleDataset"]


class Dataset(metaclass=MXNetType):
    """Base: `self[i]` is the i-th sample, `len(self)` how many there are; a subclass writes both.

    Arrays and lists serve as datasets too, and a Dataset serves torch's own DataLoader.
    """

    def __getitem__(self, idx: Any) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def filter(self, fn: Callable[[Any], Any]) -> Dataset:
        """Those samples for which `fn` is true; it is asked once, now."""
        return _SampledDataset(self, FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """The `index`-th of `num_shards` parts of as equal length as can be, the longer ones first."""
        assert index < num_shards, f"Shard index of out bound: {index} out of {num_shards}"
        assert num_shards > 0, "Number of shards must be greater than 0"
        assert index >= 0, "Index must be non-negative"
        size, longer = divmod(len(self), num_shards)
        start = size * index + min(index, longer)
        return _SampledDataset(self, SequentialSampler(size + (index < longer), start))

    def take(self, count: int | None) -> Dataset:
        """The first `count` samples; all of them for None or where there are no more."""
        there = len(self)
        return _SampledDataset(self, SequentialSampler(there if count is None else min(count, there)))

    def sample(self, sampler: Sampler) -> Dataset:
        """The samples whose places a Sampler gives; it is asked once, now.

        Raises:
            TypeError: it is no Sampler.
        """
        if not isinstance(sampler, Sampler):
            raise TypeError(f"Invalid sampler type: {type(sampler)}. Expected gluon.data.Sampler instead.")
        return _SampledDataset(self, sampler)

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """What `fn` makes of each sample; a sample that is a tuple comes as several arguments.

        Args:
            fn: the function.
            lazy: whether it is called each time a sample is asked for, or once for all now.

        >>> from glueball.mxnet.gluon.data import ArrayDataset
        >>> ArrayDataset([1, 2], [3, 4]).transform(lambda x, y: x * y)[1]
        8
        """
        made = _LazyTransformDataset(self, fn)
        return made if lazy else SimpleDataset([made[place] for place in range(len(made))])

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """`transform` of the first part of each sample; the others stay."""
        return self.transform(_TransformFirstClosure(fn), lazy)


class SimpleDataset(Dataset):
    """Anything that has a length and is indexed by places, as a Dataset."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: Any) -> Any:
        return self._data[idx]


class _LazyTransformDataset(Dataset):
    """What a function makes of another dataset's samples."""

    def __init__(self, data: Dataset, fn: Callable[..., Any]) -> None:
        self._data = data
        self._fn = fn

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: Any) -> Any:
        sample = self._data[idx]
        return self._fn(*sample) if isinstance(sample, tuple) else self._fn(sample)


class _TransformFirstClosure:
    """Applies a function to its first argument and passes the others on; it can be pickled."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def __call__(self, first: Any, *others: Any) -> Any:
        return (self._fn(first), *others) if others else self._fn(first)


class _SampledDataset(Dataset):
    """Another dataset's samples at the places that a sampler gave."""

    def __init__(self, dataset: Dataset, sampler: Sampler) -> None:
        self._dataset = dataset
        self._sampler = sampler
        self._places: Sequence[Any] = list(sampler)

    def __len__(self) -> int:
        return len(self._sampler)

    def __getitem__(self, idx: Any) -> Any:
        return self._dataset[self._places[idx]]


class ArrayDataset(Dataset):
    """Several arrays, lists or datasets of one length; the i-th sample is a tuple of the i-th of each.

    Of one array alone, samples are no tuples. An NDArray of one dimension gives NumPy's numbers.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon.data import ArrayDataset
    >>> features, label = ArrayDataset(nd.ones((3, 2)), nd.arange(3))[2]
    >>> features.shape, float(label)
    ((2,), 2.0)
    """

    def __init__(self, *args: Any) -> None:
        assert len(args) > 0, "Needs at least 1 arrays"
        self._length = len(args[0])
        for number, data in enumerate(args, 1):  # the first is 0 in MXNet's message, and is 1 too
            assert len(data) == self._length, (
                f"All arrays must have the same length; array[0] has length {self._length} "
                f"while array[{number}] has {len(data)}."
            )
        self._data = [
            data.asnumpy() if isinstance(data, NDArray) and data.ndim == 1 else data for data in args
        ]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, idx: Any) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple(data[idx] for data in self._data)


class RecordFileDataset(Dataset):
    """MXNet's RecordIO files; glueball does not read them, and says so."""

    def __init__(self, filename: str) -> None:
        raise NotImplementedError(why("recordio"))
