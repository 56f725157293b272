"""Datasets, samplers and the loader; what is expected was asked of MXNet 1.9.1."""

from __future__ import annotations

import gc
import multiprocessing
import re
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glueball import mxnet as mx
from glueball.mxnet import gluon, nd
from glueball.mxnet.gluon import data as gdata


class Squares(gdata.Dataset):
    def __init__(self, length=6, wrong=None, slow=0.0):
        self.length, self.wrong, self.slow = length, wrong, slow

    def __len__(self):
        return self.length

    def __getitem__(self, place):
        time.sleep(self.slow)
        if place == self.wrong:
            raise KeyError(f"no sample {place}")
        return place**2


def lists(loader):
    return [batch.asnumpy().tolist() for batch in loader]


# ---- datasets --------------------------------------------------------------------------------------------


def test_samples_of_arrays():
    data = gdata.ArrayDataset(nd.array([[0, 1], [2, 3]]), nd.array([5, 6]))
    features, label = data[1]
    assert (features.asnumpy().tolist(), type(label), label) == ([2, 3], np.float32, 6)
    assert data[-1][1] == 6
    with pytest.raises(IndexError):
        data[2]
    alone = gdata.ArrayDataset(nd.array([[0, 1], [2, 3]]))
    assert alone[1].asnumpy().tolist() == [2, 3]


def test_samples_of_numpy_torch_lists_and_datasets():
    parts = np.arange(3), torch.arange(3), ["a", "b", "c"], Squares(3)
    assert gdata.ArrayDataset(*parts)[2] == (2, torch.tensor(2), "c", 4)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((), "Needs at least 1 arrays"),
        (([1], [1, 2]), "All arrays must have the same length; array[0] has length 1 while array[2] has 2."),
        (
            ([1], [1], [1, 2]),
            "All arrays must have the same length; array[0] has length 1 while array[3] has 2.",
        ),
    ],
)
def test_arrays_of_different_lengths(parts, text):
    with pytest.raises(AssertionError, match=re.escape(text)):
        gdata.ArrayDataset(*parts)


def test_what_has_no_length_is_no_data():
    with pytest.raises(TypeError, match="'int' has no len"):
        gdata.ArrayDataset(3)
    with pytest.raises(NotImplementedError):
        gdata.Dataset()[0]
    with pytest.raises(NotImplementedError):
        len(gdata.Dataset())


def test_transform_is_done_each_time_or_once():
    calls = []

    def double(x):
        calls.append(x)
        return 2 * x

    lazy = gdata.SimpleDataset([1, 2, 3]).transform(double)
    assert (calls, len(lazy)) == ([], 3)
    assert (lazy[1], lazy[1], calls) == (4, 4, [2, 2])
    once = gdata.SimpleDataset([1, 2, 3]).transform(double, lazy=False)
    assert [once[place] for place in range(3)] == [2, 4, 6]
    assert calls == [2, 2, 1, 2, 3]
    assert (type(lazy).__name__, type(once)) == ("_LazyTransformDataset", gdata.SimpleDataset)


def test_tuples_come_as_arguments():
    data = gdata.ArrayDataset([1, 2], [3, 4])
    assert data.transform(lambda x, y: x * y)[1] == 8
    assert data.transform_first(lambda x: -x)[1] == (-2, 4)
    assert gdata.SimpleDataset([1, 2]).transform_first(lambda x: -x)[1] == -2
    assert gdata.SimpleDataset([[1, 2]]).transform(lambda x: x)[0] == [1, 2]


def test_parts_of_datasets():
    data = gdata.SimpleDataset(list(range(10)))
    assert list(data.filter(lambda x: x % 3 == 0)) == [0, 3, 6, 9]
    assert [len(data.take(count)) for count in (4, 20, None, 0)] == [4, 10, 10, 0]
    assert list(data.sample(gdata.SequentialSampler(2, 5))) == [5, 6]
    with pytest.raises(TypeError, match=r"Expected gluon\.data\.Sampler instead"):
        data.sample([1, 2])


@given(st.integers(0, 30), st.integers(1, 8))
def test_shards_make_up_the_whole(length, shards):
    data = gdata.SimpleDataset(list(range(length)))
    parts = [list(data.shard(shards, index)) for index in range(shards)]
    assert [place for part in parts for place in part] == list(range(length))
    assert sorted(map(len, parts), reverse=True) == list(map(len, parts))


@pytest.mark.parametrize(
    ("shards", "index", "text"),
    [
        (3, 3, "Shard index of out bound: 3 out of 3"),
        (0, -1, "Number of shards must be greater than 0"),
        (3, -1, "Index must be non-negative"),
    ],
)
def test_shards_that_there_are_not(shards, index, text):
    with pytest.raises(AssertionError, match=text):
        gdata.SimpleDataset([1, 2]).shard(shards, index)


def test_torchs_loader_takes_a_dataset():
    loader = torch.utils.data.DataLoader(Squares(4), batch_size=3)
    assert [batch.tolist() for batch in loader] == [[0, 1, 4], [9]]


# ---- samplers --------------------------------------------------------------------------------------------


def test_orders():
    assert list(gdata.SequentialSampler(3, 4)) == [4, 5, 6]
    np.random.seed(3)
    order = list(gdata.RandomSampler(5))
    assert order == [3, 4, 1, 0, 2]
    assert type(order[0]) is np.int64
    assert list(gdata.FilterSampler(lambda x: x > 5, Squares())) == [3, 4, 5]
    for abstract in (lambda: len(gdata.Sampler()), lambda: list(gdata.Sampler())):
        with pytest.raises(NotImplementedError):
            abstract()


@given(st.integers(0, 20), st.integers(1, 6), st.sampled_from(["keep", "discard", "rollover"]))
def test_batches_are_as_many_as_said(length, size, last):
    sampler = gdata.BatchSampler(gdata.SequentialSampler(length), size, last)
    left = 0
    for _ in range(3):
        told, batches = len(sampler), list(sampler)
        assert told == len(batches)
        assert all(len(batch) == size for batch in (batches[:-1] if last == "keep" else batches))
        wanted = {
            "keep": length,
            "discard": length // size * size,
            "rollover": (left + length) // size * size,
        }
        assert sum(map(len, batches)) == wanted[last]
        left = (left + length) % size if last == "rollover" else 0


def test_places_roll_over():
    sampler = gdata.BatchSampler(gdata.SequentialSampler(5), 2, "rollover")
    assert [list(sampler) for _ in range(3)] == [
        [[0, 1], [2, 3]],
        [[4, 0], [1, 2], [3, 4]],
        [[0, 1], [2, 3]],
    ]


def test_an_unknown_last_batch():
    text = "last_batch must be one of 'keep', 'discard', or 'rollover', but got foo"
    sampler = gdata.BatchSampler(gdata.SequentialSampler(3), 2, "foo")
    for call in (lambda: len(sampler), lambda: list(iter(sampler))):
        with pytest.raises(ValueError, match=text):
            call()


# ---- batches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "dtype", "values"),
    [
        ([1, 2], np.int64, [1, 2]),
        ([1.0, 2], np.float64, [1, 2]),
        ([True, False], np.bool_, [True, False]),
        ([np.float32(1), np.float32(2)], np.float32, [1, 2]),
        ([np.ones(2, "uint8"), np.zeros(2, "uint8")], np.uint8, [[1, 1], [0, 0]]),
        ([[1, 2], [3, 4]], np.int64, [[1, 2], [3, 4]]),
        ([nd.array([1, 2]), nd.array([3, 4])], np.float32, [[1, 2], [3, 4]]),
        ([nd.ones(1, dtype="int32")] * 2, np.int32, [[1], [1]]),
    ],
)
def test_batches_of_samples(samples, dtype, values):
    batch = gdata.dataloader.default_batchify_fn(samples)
    assert (type(batch), batch.dtype, batch.asnumpy().tolist()) == (nd.NDArray, dtype, values)
    shared = gdata.dataloader.default_mp_batchify_fn(samples)
    assert (str(shared.context), shared.asnumpy().tolist()) == ("cpu_shared(0)", values)


def test_batches_of_tuples_are_lists():
    batch = gdata.dataloader.default_batchify_fn([((1, 2.5), np.ones(2)), ((3, 4.5), np.zeros(2))])
    assert [type(batch), type(batch[0])] == [list, list]
    assert [part.asnumpy().tolist() for part in (*batch[0], batch[1])] == [
        [1, 3],
        [2.5, 4.5],
        [[1, 1], [0, 0]],
    ]


def test_torch_samples_make_a_torch_batch():
    data = gdata.ArrayDataset(torch.arange(6.0).reshape(3, 2), torch.arange(3))
    features, labels = next(iter(gdata.DataLoader(data, 2)))
    assert torch.equal(features, torch.tensor([[0.0, 1], [2, 3]]))
    assert torch.equal(labels, torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("samples", "error", "text"),
    [
        ([nd.ones(1), nd.ones(2)], mx.MXNetError, "shape do not match"),
        (
            [nd.ones(1), nd.ones(1, dtype="int32")],
            mx.MXNetError,
            "at 1-th input: expected float32, got int32",
        ),
        (
            [nd.ones(1), np.ones(1)],
            AssertionError,
            r"Positional arguments must have NDArray type, but got \[1\.\]",
        ),
    ],
)
def test_samples_that_make_no_batch(samples, error, text):
    with pytest.raises(error, match=text):
        gdata.dataloader.default_batchify_fn(samples)


# ---- the loader ------------------------------------------------------------------------------------------


def test_a_loader_goes_through_arrays_and_lists():
    x = np.arange(6).reshape(3, 2)
    for data in (x, nd.array(x), gdata.ArrayDataset(x), x.tolist()):
        assert lists(gdata.DataLoader(data, 2)) == [[[0, 1], [2, 3]], [[4, 5]]]
    assert lists(gdata.DataLoader(nd.array([1, 2]), 2)) == [[[1], [2]]]  # an element of nd is an array
    assert lists(gdata.DataLoader([], 2)) == []


def test_a_random_order_is_drawn_from_numpy_when_it_is_needed():
    loader = gdata.DataLoader(list(range(7)), 3, shuffle=True)
    np.random.seed(3)
    assert lists(loader) == [[4, 6, 5], [3, 1, 0], [2]]
    assert lists(loader) == [[6, 4, 1], [2, 3, 5], [0]]
    assert np.random.rand() == 0.20724287813818676
    np.random.seed(3)
    waiting = iter(loader)
    np.random.seed(4)
    assert lists(waiting) == [[4, 6, 3], [0, 1, 5], [2]]


def test_last_batches():
    for last, length in [(None, 3), ("keep", 3), ("discard", 2), ("rollover", 2)]:
        assert len(gdata.DataLoader(Squares(5), 2, last_batch=last)) == length


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({}, ValueError, "batch_size must be specified unless batch_sampler is specified"),
        (
            {"batch_size": 1, "shuffle": True, "sampler": gdata.SequentialSampler(1)},
            ValueError,
            "shuffle must not be specified if sampler is specified",
        ),
        (
            {"batch_size": 1, "batch_sampler": [[0]]},
            ValueError,
            "batch_size, shuffle, sampler and last_batch must not be specified if batch_sampler is",
        ),
        ({"batch_size": 1, "timeout": 0}, AssertionError, "timeout must be positive, given 0"),
    ],
)
def test_wrong_loaders(options, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gdata.DataLoader([1], **options)


def test_own_samplers_and_batches():
    loader = gdata.DataLoader(Squares(), batch_sampler=[[5, 0], [1]], batchify_fn=sum)
    assert list(loader) == [25, 1]
    assert lists(gdata.DataLoader(Squares(), 2, sampler=[3, 1, 2])) == [[9, 1], [4]]


def test_pinned_batches_are_in_their_context():
    (batch,) = gdata.DataLoader([(1, 2.0)], 1, pin_memory=True, pin_device_id=0)
    assert [str(part.context) for part in batch] == ["cpu_pinned(0)"] * 2


@pytest.mark.parametrize("threads", [False, True])
def test_workers_keep_the_order(threads):
    data = gdata.ArrayDataset(nd.array(np.arange(40).reshape(20, 2)), np.arange(20))
    loader = gdata.DataLoader(data, 3, shuffle=True, num_workers=2, thread_pool=threads)
    alone = gdata.DataLoader(data, 3, shuffle=True)
    for _ in range(2):
        np.random.seed(11)
        got = [[part.asnumpy().tolist() for part in batch] for batch in loader]
        np.random.seed(11)
        assert got == [[part.asnumpy().tolist() for part in batch] for batch in alone]
    assert len(loader) == 7
    assert {str(part.context) for batch in loader for part in batch} == {"cpu_shared(0)"}


def test_batches_of_workers_can_be_trained_on():
    net = gluon.nn.Dense(1)
    net.initialize()
    for batch in gdata.DataLoader(nd.ones((4, 3)), 2, num_workers=1):
        with mx.autograd.record():
            y = net(batch)
        y.backward()
        batch[:] = 5  # it is the caller's own
    assert net.weight.grad().asnumpy().tolist() == [[2, 2, 2]]


def test_a_parameter_is_found_by_the_context_of_a_workers_batch():
    weight = gluon.Parameter("w", shape=(2,))
    weight.initialize()
    (batch,) = gdata.DataLoader(nd.ones((1, 2)), 1, num_workers=1)
    assert weight.data(batch.context) is weight.data(mx.cpu_pinned()) is weight.data()
    with pytest.raises(RuntimeError, match=r"was not initialized on context cpu\(1\)"):
        weight.data(mx.cpu(1))


def test_workers_take_functions_that_cannot_be_pickled():
    factor = 10
    loader = gdata.DataLoader(
        gdata.SimpleDataset([1, 2, 3]).transform(lambda x: x * factor),
        2,
        num_workers=1,
        batchify_fn=lambda x: x,
    )
    assert list(loader) == [[10, 20], [30]]


def test_workers_give_what_batchify_gives():
    def batchify(samples):
        return {"t": torch.tensor(samples), "n": np.array(samples), "a": (nd.array(samples), "text")}

    (batch,) = gdata.DataLoader([1, 2], 2, num_workers=1, batchify_fn=batchify)
    assert torch.equal(batch["t"], torch.tensor([1, 2]))
    assert batch["n"].tolist() == batch["a"][0].asnumpy().tolist() == [1, 2]
    assert batch["a"][1] == "text"


def test_many_batches_can_be_kept():
    """As open files they would be too many."""
    batches = list(gdata.DataLoader(list(range(3000)), 1, num_workers=2))
    assert [int(batch.asscalar()) for batch in batches] == list(range(3000))


@pytest.mark.parametrize("threads", [False, True])
def test_what_a_worker_raises_is_raised_here(threads):
    loader = gdata.DataLoader(Squares(wrong=2), 1, num_workers=2, thread_pool=threads)
    batches = iter(loader)
    assert [int(next(batches).asscalar()), int(next(batches).asscalar())] == [0, 1]
    with pytest.raises(KeyError, match="no sample 2"):
        next(batches)
    with pytest.raises(ValueError, match="Pool not running"):
        list(loader)


@pytest.mark.parametrize("threads", [False, True])
def test_a_worker_may_take_too_long(threads, capsys):
    loader = gdata.DataLoader(Squares(1, slow=0.6), 1, num_workers=1, thread_pool=threads, timeout=0.1)
    with pytest.raises(multiprocessing.TimeoutError):
        next(iter(loader))
    said = capsys.readouterr().out
    assert said.startswith(
        "Worker timed out after 0.1 seconds. This might be caused by \n\n            - Slow tran"
    )
    assert ("Insufficient shared_memory" in said) is not threads


def test_batches_are_made_ahead():
    asked = []

    def note(x):
        asked.append(x)
        return x

    data = gdata.SimpleDataset(list(range(6))).transform(note)
    loader = gdata.DataLoader(data, 1, num_workers=1, thread_pool=True, prefetch=2)
    assert asked == []
    first = iter(loader)
    assert int(next(first).asscalar()) == 0
    time.sleep(0.2)
    assert asked == [0, 1, 2]
    assert len(list(first)) == 5
    ready = gdata.DataLoader(data, 1, num_workers=1, thread_pool=True, prefetch=2, auto_reload=True)
    time.sleep(0.2)
    assert asked == [*range(6), 0, 1]
    ready.clean()


def test_workers_end_with_their_loader():
    before = {process.pid for process in multiprocessing.active_children()}
    loader = gdata.DataLoader(Squares(), 2, num_workers=2)
    assert len(list(loader)) == 3
    workers = [process for process in multiprocessing.active_children() if process.pid not in before]
    assert len(workers) == 2
    del loader
    gc.collect()
    for worker in workers:
        worker.join(5)
    assert not any(worker.is_alive() for worker in workers)


def test_a_loader_serves_several_threads():
    loader = gdata.DataLoader(Squares(20), 2)
    got = []
    threads = [threading.Thread(target=lambda: got.append(lists(loader))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [lists(loader)] * 4


# ---- what is not here ------------------------------------------------------------------------------------


def test_what_is_not_here_says_what_to_take():
    with pytest.raises(AttributeError, match=r"torchvision\.datasets and torchvision\.transforms"):
        gdata.vision  # noqa: B018
    with pytest.raises(AttributeError, match="write a batchify_fn"):
        gdata.batchify  # noqa: B018
    with pytest.raises(NotImplementedError, match="read the records with MXNet once"):
        gdata.RecordFileDataset("x.rec")
    with pytest.raises(AttributeError, match=r"module 'mxnet\.gluon\.data' has no attribute 'foo'"):
        gdata.foo  # noqa: B018
