"""mx.test_utils, mx.util and mx.engine; what is expected was asked of MXNet 1.9.1."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glueball import mxnet as mx
from glueball.mxnet import nd, test_utils, util

LARGEST = """
Items are not equal:
Error 784.313725 exceeds tolerance rtol=1.000000e-03, atol=1.000000e-04 (mismatch 75.000000%).
Location of maximum error: (1, 0), x=1.00000000, y=5.00000000
 ACTUAL: array([[1., 1.],
       [1., 1.]])
 DESIRED: array([[1. , 2. ],
       [5. , 1.1]])"""
PRINTED = """
*** Maximum errors for vector of size 4:  rtol=0.001, atol=0.0001

  1: Error 784.313725  Location of error: (1, 0), x=1.00000000, y=5.00000000
  2: Error 476.190476  Location of error: (0, 1), x=1.00000000, y=2.00000000
  3: Error 83.333333  Location of error: (1, 1), x=1.00000000, y=1.10000000
"""


def test_the_largest_errors_are_told(capsys):
    with pytest.raises(AssertionError) as raised:
        test_utils.assert_almost_equal(
            np.ones((2, 2)), np.array([[1, 2.0], [5, 1.1]]), rtol=1e-3, atol=1e-4, names=("x", "y")
        )
    assert str(raised.value) == LARGEST
    assert capsys.readouterr().out == PRINTED


def test_only_so_many_errors_are_looked_for(capsys):
    with pytest.raises(AssertionError, match=r"mismatch at least 50.000000%"):
        test_utils.assert_almost_equal(np.zeros(4), np.arange(1.0, 5), mismatches=(1, 1))
    assert capsys.readouterr().out.count("Location of error") == 1


@pytest.mark.parametrize(
    ("a", "b", "options", "text"),
    [
        (1.0, 1.5, {}, "Error 33333.333333 exceeds tolerance rtol=1.000000e-05, atol=1.000000e-20."),
        (
            np.ones(2),
            np.ones((2, 2)),
            {"use_broadcast": False},
            "a.shape = (2,) and b.shape = (2, 2) are not",
        ),
        (np.array([np.nan]), np.array([np.nan]), {}, "Error nan exceeds tolerance"),
        (np.array([True]), np.array([False]), {}, "Arrays are not equal"),
        (nd.ones(2), np.array([1, 2.0]), {}, "rtol=1.000000e-04, atol=1.000000e-03 (mismatch 50.000000%)"),
    ],
)
def test_what_differs(a, b, options, text):
    with pytest.raises(AssertionError, match=re.escape(text)):
        test_utils.assert_almost_equal(a, b, **options)


def test_what_is_near_enough():
    test_utils.assert_almost_equal(nd.ones(2), np.ones(2))
    test_utils.assert_almost_equal(nd.ones(2, dtype="float16"), nd.ones(2) + 0.05)  # the less exact decides
    test_utils.assert_almost_equal(np.array([np.nan]), np.array([np.nan]), equal_nan=True)
    test_utils.assert_almost_equal(nd.ones(2), nd.ones(2) + 0.2, rtol={np.dtype("float32"): 0.5})
    test_utils.assert_almost_equal_ignore_nan(np.array([np.nan, 1]), np.array([2.0, 1]))
    assert [test_utils.almost_equal(np.ones(2), np.ones(2) * (1 + e)) for e in (1e-7, 1e-5, 1e-4)] == [
        True,
        True,
        False,
    ]
    with pytest.raises(AssertionError):
        test_utils.assert_allclose(nd.ones(2), np.ones(2) * 1.001)


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=5), st.floats(1e-9, 1))
def test_it_judges_as_numpy_does(numbers, error):
    a, b = np.array(numbers), np.array(numbers) + error
    try:
        test_utils.assert_almost_equal(a, b, rtol=0, atol=0.1)
        near = True
    except AssertionError:
        near = False
    assert near == np.allclose(a, b, rtol=0, atol=0.1)


def test_same_values_and_same_memory():
    x = nd.array([0.1, 3e8])
    assert test_utils.same(x, x.asnumpy())
    assert not test_utils.same(x, nd.zeros(2))
    assert test_utils.same_array(x, x)
    assert not test_utils.same_array(x, x.copy())
    assert x.asnumpy().tolist() == nd.array([0.1, 3e8]).asnumpy().tolist()


def test_random_arrays_and_shapes_are_numpys():
    np.random.seed(1)
    assert test_utils.rand_shape_2d() == (6, 9)
    assert test_utils.rand_shape_3d(3, 4, 5) == (2, 4, 1)
    assert test_utils.rand_shape_nd(4, dim=3) == (1, 2, 1, 2)
    assert test_utils.rand_shape_nd(4, dim=3, allow_zero_size=True) == (0, 2, 1, 2)
    wanted = np.array([[-0.46468633, 0.86182714], [-2.654262, 1.152265]], "float32")
    assert test_utils.rand_ndarray((2, 2)).asnumpy().tolist() == wanted.tolist()
    assert test_utils.rand_ndarray((2,), dtype="float64").dtype is np.float64
    one, other = test_utils.random_arrays((2,), (1, 2))
    assert (one.dtype, one.shape, other.shape) == (np.float32, (2,), (1, 2))
    (even,) = test_utils.random_uniform_arrays((50,), low=2, high=3)
    assert 2 <= even.min() <= even.max() <= 3
    assert sorted(test_utils.random_sample([1, 2, 3], 3)) == [1, 2, 3]
    with pytest.raises(NotImplementedError, match=r"torch\.sparse"):
        test_utils.rand_ndarray((2, 2), "csr")


def test_defaults():
    assert (test_utils.default_context(), test_utils.default_dtype()) == (mx.cpu(), np.float32)
    assert len(test_utils.list_gpus()) == mx.context.num_gpus()
    try:
        test_utils.set_default_context(mx.cpu(1))
        assert str(nd.ones(1).context) == "cpu(1)"
    finally:
        test_utils.set_default_context(mx.cpu(0))
    assert str(nd.ones(1).context) == "cpu(0)"


def test_helpers_of_tests():
    test_utils.assert_exception(lambda: 1 / 0, ZeroDivisionError)
    with pytest.raises(AssertionError):
        test_utils.assert_exception(lambda: 1, ZeroDivisionError)
    left = [3]

    @test_utils.retry(3)
    def flaky():
        left[0] -= 1
        assert left[0] == 0

    flaky()
    with pytest.raises(AssertionError):
        flaky()
    with test_utils.environment({"GB_X": "1", "HOME": None}):
        assert os.environ["GB_X"] == "1"
        assert "HOME" not in os.environ
    with test_utils.environment("GB_X", "2"):
        assert util.getenv("GB_X") == "2"
    assert "GB_X" not in os.environ
    assert "HOME" in os.environ


def test_numpys_semantics_are_off_and_stay_off():
    assert (util.is_np_array(), mx.is_np_shape(), mx.set_np_shape(False)) == (False, False, False)
    util.reset_np()
    with mx.np_shape(False), mx.util.np_array(False):
        pass
    for call in (
        util.set_np,
        lambda: mx.set_np_shape(True),
        lambda: mx.np_shape(),
        lambda: mx.np_array(True),
        lambda: mx.use_np(type),
        lambda: mx.use_np_shape(type),
    ):
        with pytest.raises(NotImplementedError, match=r"take mx\.nd, NumPy or torch itself"):
            call()


def test_the_engines_size_is_remembered():
    before = mx.engine.set_bulk_size(3)
    with mx.engine.bulk(10):
        assert mx.engine.set_bulk_size(11) == 10
    assert mx.engine.set_bulk_size(before) == 3
