"""Laws of indexing, against NumPy: MXNet indexes as NumPy does, but that no part is a scalar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glueball.mxnet import MXNetError, autograd, nd

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)


def numbered(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def part_of(values: np.ndarray[Any, Any], key: Any) -> np.ndarray[Any, Any]:
    """NumPy's part, with MXNet's rule: a single element is of shape (1,)."""
    part = values[key]
    return part.reshape(1) if part.ndim == 0 else part


@st.composite
def basic(draw: Any) -> tuple[tuple[int, ...], Any]:
    shape = draw(SHAPES)
    return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=6))


@st.composite
def advanced(draw: Any) -> tuple[tuple[int, ...], Any]:
    """Whole numbers, slices and at least one array, of shapes that broadcast."""
    shape = draw(SHAPES)
    count = draw(st.integers(1, len(shape)))
    arrays = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=2, min_side=1, max_side=3))
    arrays = [form or (1,) for form in arrays.input_shapes]
    axes = draw(st.sets(st.sampled_from(range(len(shape))), min_size=count, max_size=count))
    key: list[Any] = []
    for axis, size in enumerate(shape):
        if axis in axes:
            places = st.integers(-size, size - 1)
            key.append(draw(hnp.arrays(np.int64, arrays.pop(), elements=places)))
        else:
            key.append(draw(st.one_of(st.slices(size), st.integers(-size, size - 1))))
    return shape, tuple(key)


def as_mxnet(key: Any, kind: str) -> Any:
    if not isinstance(key, tuple):
        return key
    made = {"numpy": lambda x: x, "list": lambda x: x.tolist(), "float": lambda x: nd.array(x)}[kind]
    return tuple(made(part) if isinstance(part, np.ndarray) else part for part in key)


@given(basic())
def test_a_basic_index_reads_what_numpy_reads(case: Any) -> None:
    shape, key = case
    values = numbered(shape)
    part = nd.array(values)[key]
    np.testing.assert_array_equal(part.asnumpy(), part_of(values, key))
    assert part.shape == part_of(values, key).shape


@given(advanced(), st.sampled_from(["numpy", "list", "float"]))
def test_an_advanced_index_reads_what_numpy_reads(case: Any, kind: str) -> None:
    shape, key = case
    values = numbered(shape)
    np.testing.assert_array_equal(
        nd.array(values)[as_mxnet(key, kind)].asnumpy(), part_of(values, key), strict=True
    )


@given(st.one_of(basic(), advanced()), st.sampled_from(["number", "array", "numpy", "row"]))
def test_assigning_writes_what_numpy_writes(case: Any, kind: str) -> None:
    shape, key = case
    expected, ours = numbered(shape), nd.array(numbered(shape))
    part = expected[key]
    if kind == "number":
        expected[key] = ours[key] = -7.5
    else:
        form = part.shape[-1:] if kind == "row" else part.shape
        values = -1 - np.arange(np.prod(form), dtype=np.float32).reshape(form)
        # Where an element is written twice, who wins is open: write one value.
        if isinstance(key, tuple) and any(isinstance(x, np.ndarray) for x in key):
            values[...] = -3
        expected[key] = values
        ours[key] = values if kind == "numpy" or not values.shape else nd.array(values)
    np.testing.assert_array_equal(ours.asnumpy(), expected)


@given(basic())
def test_a_part_in_one_piece_is_a_view_and_any_other_a_copy(case: Any) -> None:
    shape, key = case
    values = numbered(shape)
    array = nd.array(values)
    part = array[key]
    if part.size == 0:
        return
    whole = array.as_torch().untyped_storage().data_ptr()
    shares = part.as_torch().untyped_storage().data_ptr() == whole
    numbers = np.ravel(values[key])
    in_one_piece = np.array_equal(numbers, np.arange(numbers[0], numbers[0] + numbers.size))
    assert shares == in_one_piece


@given(st.one_of(basic(), advanced()))
def test_the_gradient_of_a_part_counts_how_often_each_element_is_in_it(case: Any) -> None:
    shape, key = case
    x = nd.zeros(shape)
    x.attach_grad()
    with autograd.record():
        part = x[key] * 1
    counts = np.zeros(shape, np.float32)
    np.add.at(counts, key, 1)
    part.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), counts)


@given(SHAPES, st.integers(-9, 9), st.data())
def test_an_index_out_of_bounds_says_axis_and_size(shape: Any, place: int, data: Any) -> None:
    axis = data.draw(st.sampled_from(range(len(shape))))
    size = shape[axis]
    if -size <= place < size:
        return
    x = nd.zeros(shape)
    said = f"index {place} is out of bounds for axis {axis} with size {size}"
    for key in ((slice(None),) * axis + (place,), (slice(None),) * axis + ([place],)):
        with pytest.raises(IndexError, match=said):
            x[key] = 1
        if len(shape) > 1:
            with pytest.raises(IndexError, match=said):
                x[key]
    assert not x.asnumpy().any()


def test_a_mask_is_refused_and_the_torch_way_is_named() -> None:
    x = nd.array([1, 2, 3])
    mask = nd.array([1, 0, 1], dtype="bool")
    with pytest.raises(ValueError, match=r"(?s)Cannot perform boolean indexing in legacy mode.*as_torch"):
        x[mask]
    assert x.as_torch()[mask.as_torch()].tolist() == [1, 3]


def test_a_value_that_does_not_fit_changes_nothing() -> None:
    x = nd.zeros((2, 3))
    for values in ([1, 2], np.ones((3, 2)), nd.ones((2, 2, 3)), "a", object()):
        with pytest.raises((ValueError, TypeError)):
            x[:] = values
        with pytest.raises((ValueError, TypeError)):
            x[0:1] = values
    assert not x.asnumpy().any()


def test_a_torch_tensor_can_be_assigned() -> None:
    x = nd.zeros((2, 3))
    x[1] = torch.arange(3)
    x[:, 0] = torch.tensor([7.0, 8.0], requires_grad=True)
    assert x.asnumpy().tolist() == [[7, 0, 0], [8, 1, 2]]
    assert not x.as_torch().requires_grad


def test_parts_cannot_be_written_to_in_a_graph() -> None:
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y = nd.zeros(2)
        with pytest.raises(MXNetError, match="Inplace operations"):
            y[0] = x[0]
        with pytest.raises(MXNetError, match="already in a computational graph"):
            x[0] = 1
    assert x.asnumpy().tolist() == [1, 2] and y.asnumpy().tolist() == [0, 0]


def test_slices_are_assigned_by_name_too() -> None:
    x = nd.zeros((2, 3))
    assert x.slice_assign(nd.ones((2, 1)), (0, 1), (2, 2), (1, 1)) is x
    assert x.slice_assign_scalar(5, (0, None), (1, None), (1, 2)) is x
    assert x.asnumpy().tolist() == [[5, 1, 5], [0, 1, 0]]
    with pytest.raises(MXNetError, match=r"Shape inconsistent, Provided = \[2,2\], inferred shape=\[2,1\]"):
        x.slice_assign(nd.ones((2, 2)), (0, 1), (2, 2), (1, 1))
