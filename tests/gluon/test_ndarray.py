"""Arrays between the worlds: conversions, memory shared with NumPy and torch, files, arithmetic's laws."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glueball.mxnet import MXNetError, autograd, context, cpu, gpu, nd

KINDS = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64", "bool"]


# ---- out of MXNet and into it, without a copy -----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_torch_and_dlpack_share_the_memory(kind: str) -> None:
    x = nd.zeros((2, 3), dtype=kind)
    as_numpy, as_torch, by_dlpack = np.asarray(x), x.as_torch(), torch.from_dlpack(x)
    x[1] = 1
    for view in (as_numpy, as_torch, by_dlpack, nd.from_torch(as_torch)._as_numpy()):
        assert view.tolist() == [[0, 0, 0], [1, 1, 1]]
    as_torch[0, 0] = 1
    assert x.asnumpy()[0, 0] == 1


def test_copies_are_copies() -> None:
    x = nd.zeros(2)
    copies = [x.asnumpy(), np.array(x), x.copy().asnumpy(), np.asarray(x, dtype="float64"), nd.array(x)]
    x[:] = 1
    for taken in copies:
        assert np.asarray(taken).tolist() == [0, 0]
    with pytest.raises(ValueError, match="has to be copied"):
        np.array(x, dtype="float64", copy=False)


def test_from_numpy_shares_and_locks() -> None:
    numbers = np.zeros((2, 2))
    x = nd.from_numpy(numbers)
    x[:] = 3
    assert numbers.tolist() == [[3, 3], [3, 3]]
    with pytest.raises(ValueError, match="read-only"):
        numbers[0] = 1
    again = nd.from_numpy(numbers)  # what is locked already is taken too
    again[0] = 4
    assert x.asnumpy().tolist() == [[4, 4], [3, 3]]
    taken = nd.from_numpy(numbers, zero_copy=False)
    taken[:] = 5
    assert x.asnumpy().tolist() == [[4, 4], [3, 3]]


def test_from_numpy_keeps_the_memory_alive() -> None:
    locked = np.full(1000, 3.0)
    locked.flags.writeable = False
    x = nd.from_numpy(locked)
    del locked
    filler = [np.full(1000, 5.0) for _ in range(20)]
    assert x.asnumpy().tolist() == [3.0] * 1000 and len(filler) == 20


def test_from_numpy_refuses_what_it_cannot_share() -> None:
    with pytest.raises(ValueError, match="Only c-contiguous arrays are supported for zero-copy"):
        nd.from_numpy(np.zeros((3, 2)).T)
    with pytest.raises(ValueError, match="uint16 is not supported"):
        nd.from_numpy(np.zeros(2, np.uint16))


def test_capsules_go_both_ways_once() -> None:
    x = nd.array([1, 2])
    capsule = nd.to_dlpack_for_write(x)
    shared = nd.from_dlpack(capsule)
    shared[:] = 9
    assert x.asnumpy().tolist() == [9, 9]
    for wrong in (capsule, 3, None):
        with pytest.raises(AssertionError, match="consumed only once"):
            nd.from_dlpack(wrong)
    assert torch.from_dlpack(x.to_dlpack_for_read()).tolist() == [9, 9]


def test_bfloat16_arrays_come_out_as_ml_dtypes() -> None:
    x = nd.array([1.5, 2.5], dtype="bfloat16")
    assert x.dtype is ml_dtypes.bfloat16 and (x + 1).dtype is ml_dtypes.bfloat16
    assert x.asnumpy().tolist() == [1.5, 2.5]
    assert nd.array(x.asnumpy()).asnumpy().tolist() == [1.5, 2.5]


def test_numpy_leaves_arithmetic_to_arrays() -> None:
    assert type(np.float64(2) * nd.ones(1)) is nd.NDArray
    assert type(np.float32(2) > nd.ones(1)) is nd.NDArray
    with pytest.raises(TypeError, match=r"type <class 'numpy.ndarray'> not supported"):
        np.ones(2) + nd.ones(2)


# ---- copies and pickles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: x.copy()]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_has_values_and_type_and_no_gradient(copied: Any, kind: str) -> None:
    x = nd.array([[0, 1], [1, 0]], dtype=kind, ctx=cpu(1))
    x.attach_grad()
    y = copied(x)
    y[:] = 0
    assert x.asnumpy().tolist() == [[0, 1], [1, 0]]
    assert (y.dtype, y.context, y.grad) == (x.dtype, x.context, None)


def test_a_part_is_pickled_alone() -> None:
    x = nd.zeros((1000, 100))
    assert len(pickle.dumps(x[3])) < 4000


def test_arrays_that_real_mxnet_pickled() -> None:
    record = "c9fa93f9 00000000 02000000 0200000000000000 0100000000000000 01000000 01000000 04000000"
    array = nd.NDArray.__new__(nd.NDArray)
    array.__setstate__({"handle": bytearray.fromhex(record + "07000000 feffffff")})
    assert array.dtype is np.int32 and array.asnumpy().tolist() == [[7], [-2]]


# ---- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "bfloat16"])
def test_files_round_trip(kind: str, tmp_path: Path) -> None:
    arrays = {"a": nd.array([[0, 1, 1]], dtype=kind), "b": nd.array([1], dtype=kind)}
    nd.save(tmp_path / "named", arrays)
    nd.save(str(tmp_path / "listed"), list(arrays.values()))
    nd.save(str(tmp_path / "single"), arrays["a"])
    named, listed = nd.load(str(tmp_path / "named")), nd.load(str(tmp_path / "listed"))
    again = nd.load_frombuffer((tmp_path / "named").read_bytes())
    (single,) = nd.load(str(tmp_path / "single"))
    assert list(named) == list(again) == ["a", "b"]
    for name, at in (("a", 0), ("b", 1)):
        for read in (named[name], listed[at], again[name]):
            assert read.dtype is arrays[name].dtype and read.context == cpu()
            assert read.asnumpy().tolist() == arrays[name].asnumpy().tolist()
    single[:] = 0  # what was read can be written to
    assert not single.asnumpy().any()


def test_views_and_variables_are_saved_by_value(tmp_path: Path) -> None:
    x = nd.array([[1, 2], [3, 4]])
    x.attach_grad()
    with autograd.record():
        y = x * 2
        nd.save(tmp_path / "f", [x[1], nd.from_torch(x.as_torch().detach().T), y])
    assert [a.asnumpy().tolist() for a in nd.load(tmp_path / "f")] == [
        [3, 4],
        [[1, 3], [2, 4]],
        [[2, 4], [6, 8]],
    ]


def test_bad_files_and_bad_data(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"abc" * 30)
    with pytest.raises(MXNetError, match="Invalid NDArray file format"):
        nd.load(str(tmp_path / "bad"))
    with pytest.raises(MXNetError, match=r'Open ".*nothing": No such file or directory'):
        nd.load(str(tmp_path / "nothing"))
    with pytest.raises(TypeError, match="fname required to be a string"):
        nd.load(3)
    for data, error, said in (
        (
            3,
            ValueError,
            "data needs to either be a NDArray, dict of str, NDArray pairs or a list of NDarrays",
        ),
        ((nd.ones(1),), ValueError, "data needs to either be"),
        ([1], TypeError, "save only accept dict str->NDArray or list of NDArray"),
        ({1: nd.ones(1)}, TypeError, "save only accept"),
    ):
        with pytest.raises(error, match=said):
            nd.save(str(tmp_path / "bad"), data)
    assert (tmp_path / "bad").read_bytes() == b"abc" * 30


# ---- arithmetic ------------------------------------------------------------------------------------------


def broadcast(kind: str, low: int = -9) -> Any:
    elements = st.integers(low, 9)
    return hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=1, max_dims=3).flatmap(
        lambda shapes: st.tuples(
            *(hnp.arrays(kind, shape or (1,), elements=elements) for shape in shapes.input_shapes)
        )
    )


@given(broadcast("float32"))
def test_floats_compute_as_numpys_do(pair: Any) -> None:
    a, b = pair
    x, y = nd.array(a), nd.array(b)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal((x + y).asnumpy(), a + b)
        np.testing.assert_array_equal((x - y).asnumpy(), a - b)
        np.testing.assert_array_equal((x * y).asnumpy(), a * b)
        np.testing.assert_array_equal((x / y).asnumpy(), a / b)
        np.testing.assert_array_equal((x % y).asnumpy(), np.where(b == 0, 0, a % b))
        np.testing.assert_array_equal((x >= y).asnumpy(), (a >= b).astype("float32"), strict=True)
        np.testing.assert_array_equal((3 / x).asnumpy(), np.float32(3) / a)
        np.testing.assert_array_equal((0.7 - x).asnumpy(), np.float32(0.7) - a)


@given(broadcast("int32"), st.floats(-9, 9))
def test_integers_stay_integers_and_take_whole_numbers(pair: Any, number: float) -> None:
    a, b = pair
    x, y = nd.array(a, dtype="int32"), nd.array(b, dtype="int32")
    whole = np.int32(int(number))
    assert (x + number).dtype is np.int32
    np.testing.assert_array_equal((x * y - number).asnumpy(), a * b - whole)
    np.testing.assert_array_equal((x == number).asnumpy(), (a == whole).astype("int32"))
    if b.all():
        np.testing.assert_array_equal((x / y).asnumpy(), np.trunc(a / b).astype("int32"))
        np.testing.assert_array_equal((x % y).asnumpy(), a % b)


@given(broadcast("float32"))
def test_in_place_is_the_same_memory_and_the_same_numbers(pair: Any) -> None:
    a, b = pair
    if np.broadcast_shapes(a.shape, b.shape) != a.shape:
        x = nd.array(a)
        with pytest.raises(MXNetError, match="Shape inconsistent, Provided ="):
            x += nd.array(b)
        np.testing.assert_array_equal(x.asnumpy(), a)
        return
    x, y = nd.array(a), nd.array(b)
    same, address = x, x.handle
    x += y
    x *= 3
    x -= y
    assert x is same and x.handle == address
    np.testing.assert_array_equal(x.asnumpy(), (a + b) * 3 - b)


def test_integers_are_not_divided_by_zero() -> None:
    x = nd.array([1, 2], dtype="int32")
    for divide in (lambda: x / 0, lambda: x % 0, lambda: x / nd.zeros(2, dtype="int32")):
        with pytest.raises(MXNetError, match="integers were divided by zero"):
            divide()


def test_in_place_refuses_before_it_writes() -> None:
    x = nd.ones((2, 2))
    for other in (nd.ones(3), nd.ones((2, 2), dtype="int32"), nd.ones((3, 2, 2)), "a", None, [1, 2]):
        with pytest.raises((MXNetError, TypeError)):
            x += other
    truths = nd.array([1, 0], dtype="bool")
    with pytest.raises(MXNetError, match="Type inconsistent"):
        truths += 1
    assert x.asnumpy().tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("other", [None, "a", [1], (1,), {}, 1j, object(), np.ones(1), torch.ones(1)])
def test_other_things_are_refused_by_their_type(other: Any) -> None:
    x = nd.ones(1)
    for compute in (
        lambda: x + other,
        lambda: x == other,
        lambda: x != other,
        lambda: x < other,
        lambda: x**other,
    ):
        with pytest.raises(TypeError, match=r"type .* not supported"):
            compute()


# ---- the rest ----------------------------------------------------------------------------------------------


def test_arrays_are_themselves_in_dicts_and_not_numbers() -> None:
    x, y = nd.ones(1), nd.ones(1)
    assert {x: 1, y: 2}[x] == 1 and len({x, y}) == 2
    for convert in (float, int, range):
        with pytest.raises(TypeError):
            convert(x)
    with pytest.raises(AttributeError):
        x.something = 3


def test_only_dense_arrays_and_no_numpy_arrays_of_mxnets() -> None:
    x = nd.ones(1)
    for call in (
        lambda: x.tostype("csr"),
        lambda: nd.zeros(1, stype="row_sparse"),
        lambda: nd.empty(1, stype="csr"),
        x.as_np_ndarray,
    ):
        with pytest.raises(NotImplementedError, match="here"):
            call()


@pytest.mark.parametrize("kind", ["uint16", "complex64", "datetime64[s]"])
def test_types_that_mxnet_has_not(kind: str) -> None:
    for make in (lambda: nd.array([1], dtype=kind), lambda: nd.empty(1, dtype=kind)):
        with pytest.raises(KeyError, match="MXNet has no arrays of this type; it has float32"):
            make()
    with pytest.raises(MXNetError, match="Invalid Input"):
        nd.zeros(1, dtype=kind)


def test_a_gpu_that_is_not_there() -> None:
    there = context.num_gpus()
    for make in (lambda c: nd.zeros(1, c), lambda c: nd.array([1], c), lambda c: nd.ones(1).copyto(c)):
        with pytest.raises(MXNetError, match=f"there are {there} GPUs"):
            make(gpu(there))
    if not there:
        with pytest.raises(MXNetError, match="built with CUDA support"):
            context.gpu_memory_info()


def test_the_current_context_is_where_new_arrays_are() -> None:
    with cpu(2):
        made = [nd.zeros(1), nd.array([1]), nd.arange(2), nd.eye(2), nd.linspace(0, 1, 2), nd.full(1, 2)]
        assert {str(x.context) for x in made} == {"cpu(2)"}
    assert (made[0] + 1).context == made[0][0:1].context == cpu(2)
    assert nd.zeros(1).context == cpu()
