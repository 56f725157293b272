"""What is found of one array, against NumPy in long double, for every dtype, size and layout."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glueball as gb
from glueball.measures import (
    Meter,
    Source,
    array_source,
    compare,
    compiled,
    effective_rank,
    exact_quantiles,
    measure,
    measure_many,
)
from glueball.measures.parts import PIECE
from glueball.views.densities import counts_between

DTYPES = [
    np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, np.float32, np.float64,
    np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64, np.bool_, np.complex64, np.complex128,
]  # fmt: skip
SIZES = [0, 1, 2, 255, 257, 4096, 4097, 70_000, 600_000]


def sample(dtype, size, seed=0, bad=True):
    """Numbers around 0, with zeros, and NaN and infinities where the dtype has them."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng([seed, size])
    x = rng.normal(0, 3, size)
    x[rng.random(size) < 0.1] = 0
    if dtype.kind == "b":
        return x > 1
    if dtype.kind in "iu":
        return (np.abs(x) * 10 if dtype.kind == "u" else x * 10).astype(dtype)
    if dtype.kind == "c":
        x = x + 1j * rng.normal(0, 1, size)
    if bad:
        x[rng.random(size) < 0.01] = np.nan
        if dtype != ml_dtypes.float8_e4m3fn:  # which has no infinity
            x[rng.random(size) < 0.01] = np.inf
            x[rng.random(size) < 0.01] = -np.inf
    return x.astype(dtype)


def wide(x):
    return x.astype(np.clongdouble if x.dtype.kind == "c" else np.longdouble)


def check(found, x):
    """Hold every number against NumPy's, computed in long double."""
    values = wide(x.reshape(-1))
    nan, inf = np.isnan(values), np.isinf(values) & ~np.isnan(values)
    finite = values[np.isfinite(values)]
    assert (found.dtype, found.count) == (x.dtype.newbyteorder("=").name, x.size)
    assert (found.nan, found.inf, found.zeros) == (nan.sum(), inf.sum(), (finite == 0).sum())
    assert found.finite == len(finite)
    sizes = wide(np.abs(x[np.isfinite(x)])) if x.dtype.kind == "c" else finite
    assert found.histogram.counts.sum() == len(finite)
    if not len(finite):
        assert math.isnan(found.min) and math.isnan(found.mean) and found.norm == 0
        assert math.isnan(found.quantile(0.5)) and math.isnan(found.rms)
        return
    scale = float(np.abs(finite).max()) or 1.0
    np.testing.assert_allclose([found.min, found.max], [sizes.min(), sizes.max()], rtol=1e-15)
    assert abs(found.mean - complex(finite.mean())) <= 1e-14 * scale
    assert found.std == pytest.approx(float(finite.std()), rel=1e-12, abs=1e-15 * scale)
    assert found.norm == pytest.approx(float(np.sqrt((np.abs(finite) ** 2).sum())), rel=1e-12)
    assert found.rms == pytest.approx(found.norm / math.sqrt(len(finite)))
    shares = np.array([0, 0.01, 0.25, 0.5, 0.9, 1])
    exact = np.quantile(sizes.astype(np.float64), shares)
    near = found.quantile(shares)
    bound = found.resolution * np.maximum(np.abs(exact), np.abs(near)) + 1e-13 * np.abs(exact)
    # Between two elements that are far apart the bound is that of the larger.
    lower = np.quantile(sizes.astype(np.float64), shares, method="lower")
    upper = np.quantile(sizes.astype(np.float64), shares, method="higher")
    bound = np.maximum(bound, found.resolution * np.maximum(np.abs(lower), np.abs(upper)))
    assert (np.abs(near - exact) <= bound).all()
    assert found.median == found.quantile(0.5)
    if x.size <= 4096 or found.resolution == 0:
        counts, edges = np.histogram(sizes.astype(np.float64), 64)
        np.testing.assert_array_equal(found.histogram.counts, counts)
        np.testing.assert_allclose(found.histogram.edges, edges, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_size_is_right(dtype, size):
    x = sample(dtype, size)
    found = measure(x)
    check(found, x)
    if np.dtype(dtype).itemsize <= 2 or size <= 256:
        assert found.resolution == 0
    elif size >= 4096:
        assert found.resolution == 1 / 128


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_compiled_loops_find_the_same(dtype):
    pytest.importorskip("numba")
    for x in (sample(dtype, 600_000), sample(dtype, 50_000, bad=False), np.zeros(9000, dtype)):
        with compiled.implementation("numpy"):
            slow = next(measure_many([array_source(x)], threads=1))
        with compiled.implementation("compiled"):
            assert compiled.takes(np.dtype(dtype))
            fast = next(measure_many([array_source(x)], threads=1))
        check(fast, x)
        for name in ("count", "min", "max", "zeros", "nan", "inf"):
            assert getattr(fast, name) == getattr(slow, name)
        np.testing.assert_array_equal(fast.bins.keys, slow.bins.keys)
        np.testing.assert_array_equal(fast.bins.counts, slow.bins.counts)
        assert fast.std == pytest.approx(slow.std, rel=1e-13)


def test_threads_find_what_one_finds():
    arrays = [sample(np.float32, 1_500_000), sample(np.int64, 300_000), np.empty(0), sample("f2", 9)]
    several = list(measure_many(map(array_source, arrays), threads=3))
    for x, found in zip(arrays, several, strict=True):
        check(found, x)


def test_a_float32_sum_that_overflows_does_not():
    found = measure(np.full(5000, 3e38, np.float32))
    assert found.mean == pytest.approx(3e38)
    assert found.norm == pytest.approx(3e38 * math.sqrt(5000))
    assert found.std == 0
    for size in (1e300, 1e-300, 5e-324):
        x = np.array([size, -size, size, 0, 0, 0] * 2000)
        found = measure(x)
        assert found.mean == pytest.approx(size / 6, rel=1e-12, abs=5e-324)
        assert found.norm == pytest.approx(size * math.sqrt(6000), rel=1e-12)
        assert found.std == pytest.approx(size * math.sqrt(0.5 - 1 / 36), rel=1e-12, abs=5e-324)
        assert (found.min, found.max) == (-size, size)
    # Slopes between numbers so small, or so far apart, are beyond float64.
    for size in (1e-310, 5e307):
        x = np.random.default_rng(0).uniform(-size, size, 70_000)
        assert measure(x).histogram.counts.sum() == len(x)
        even = counts_between(measure(x), np.array([-np.inf, -size / 2, 0, size / 2, np.inf]))
        assert even.sum() == pytest.approx(len(x))
    both = measure(np.concatenate((np.full(70_000, 1e-200), [1e200])))
    assert both.norm == 1e200 and both.max == 1e200
    assert measure(np.array([1.7e308, -1.7e308])).histogram.counts[[0, -1]].tolist() == [1, 1]


def test_a_large_mean_costs_no_digits():
    rng = np.random.default_rng(1)
    x = (1e6 + rng.normal(size=400_000)).astype(np.float64)
    assert measure(x).std == pytest.approx(float(wide(x).std()), rel=1e-9)
    x = (1 + 1e-6 * rng.normal(size=400_000)).astype(np.float32)
    found = measure(x)
    assert found.std == pytest.approx(float(wide(x).std()), rel=1e-9)
    # Bins of bits are too wide here, so the histogram is counted in a second pass, exactly.
    np.testing.assert_array_equal(found.histogram.counts, np.histogram(x.astype(float), 64)[0])


@pytest.mark.parametrize(
    "turn",
    [
        lambda x: x.reshape(300, 200, 20).transpose(2, 0, 1),
        lambda x: x[::-1],
        lambda x: x[::3],
        lambda x: x[:300_000:3],
        lambda x: x.reshape(-1, 3)[:, :2],
        lambda x: np.broadcast_to(x[1], (300, 500)),
        lambda x: x.reshape(600, -1)[:, ::2],
        lambda x: np.broadcast_to(x[:6000].reshape(1, -1), (200, 6000)),
        lambda x: x.astype(x.dtype.newbyteorder()),
        lambda x: x[:1].reshape(()),
    ],
)
def test_every_layout_is_right(turn):
    x = turn(sample(np.float32, 1_200_000))
    check(measure(x), x)
    meter = Meter(x.dtype)
    meter.add(x)
    check(meter.stats(), x)
    # Whatever its strides, it is read in few pieces: 400,000 of three elements take half a minute.
    assert len(list(array_source(x).chunks())) <= 2 * (x.size // PIECE + 1)


def test_an_array_of_single_values_is_exact():
    ones = measure(np.ones(10_000, np.float32))
    assert (ones.median, ones.min, ones.max, ones.std) == (1, 1, 1, 0)
    x = np.zeros(10_000, np.float32)
    x[:10] = 5
    found = measure(x)
    assert (found.median, found.share_zeros) == (0, 0.999)
    assert measure(np.arange(1000)).min == 0 and type(measure(np.arange(1000)).max) is int


numbers = st.floats(width=32, allow_subnormal=True)


@given(hnp.arrays(np.float32, st.integers(0, 50), elements=numbers), st.integers(1, 5), st.randoms())
def test_a_meter_finds_the_same_however_it_is_fed(x, pieces, random):
    whole = measure(x)
    meters = [Meter(np.float32) for _ in range(pieces)]
    for part in np.array_split(x, 7):
        random.choice(meters).add(part)
    first, *rest = meters
    for other in rest:
        first.merge(other)
    found = first.stats()
    assert found.as_dict().keys() == whole.as_dict().keys()
    for name, value in whole.as_dict().items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-12, abs=1e-30, nan_ok=True), name
    np.testing.assert_array_equal(found.bins.keys, whole.bins.keys)
    assert repr(first.stats()) == repr(found)  # asking changes nothing


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_mean_and_deviation_are_those_of_exact_arithmetic(values):
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    square = sum((value - mean) ** 2 for value in exact) / len(exact)
    found = measure(np.array(values))
    assert found.mean == pytest.approx(float(mean), rel=1e-12, abs=1e-9)
    assert found.std == pytest.approx(math.sqrt(square), rel=1e-9, abs=1e-9)


def test_large_parts_merge_too():
    x = sample(np.float32, 100_000)
    first, second = Meter(np.float32), Meter(np.float32)
    first.add(x[:90_000])
    second.add(x[90_000:90_100])
    second.merge(first)
    third = Meter(np.float32)
    third.add(x[90_100:])
    second.merge(third)
    found = second.stats()
    assert found.nan == np.isnan(x).sum() and found.std == pytest.approx(measure(x).std, rel=1e-12)
    with pytest.raises(gb.DTypeError, match="a chunk of float64 in the measuring of an array of float32"):
        second.add(np.zeros(2))


# ---- quantiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_quantiles_are_numpys(dtype):
    x = sample(dtype, 30_000)
    shares = np.linspace(0, 1, 23)
    sizes = np.abs(x) if x.dtype.kind == "c" else x
    sizes = sizes[np.isfinite(sizes.astype(float))].astype(float)
    found = measure(x, quantiles=shares)
    np.testing.assert_allclose(found.quantile(shares), np.quantile(sizes, shares), rtol=1e-15, atol=0)
    assert found.as_dict()["q0.5"] == np.median(sizes)


def test_exact_quantiles_of_nothing_and_of_one():
    assert np.isnan(exact_quantiles(lambda: [np.array([np.nan])], np.dtype(float), [0.5]))
    assert measure(np.array([-0.0, -0.0]), quantiles=[0.5]).quantile(0.5) == 0
    assert measure(np.float32(7)).quantile(0.3) == 7


@pytest.mark.parametrize("q", [-0.1, 1.5, math.nan, "half"])
def test_a_share_that_is_none_is_refused(q):
    with pytest.raises(gb.MeasureError, match="a quantile is asked for by a share from 0 to 1, not by"):
        measure(np.ones(3)).quantile(q)


def test_fewer_bins_say_how_much_less_they_know():
    x = sample(np.float32, 300_000, bad=False)
    found = measure(x)
    coarse = found.coarse(300)
    assert len(coarse.bins.keys) <= 300 < len(found.bins.keys)
    assert coarse.resolution > found.resolution
    assert coarse.bins.counts.sum() == 300_000
    few = measure(np.repeat(np.linspace(1, 2, 400, dtype=np.float32), 250)).coarse(2)
    assert few.bins.counts.sum() == 100_000  # more than a bin's count took before
    check(coarse, x)
    assert found.coarse(10**6) is found


# ---- rank, bad input -------------------------------------------------------------------------------


def test_the_effective_rank_is_the_entropy_of_the_singular_values():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 30)).astype(np.float32)
    shares = np.linalg.svd(x.astype(float), compute_uv=False)
    shares /= shares.sum()
    assert measure(x, rank=True).rank == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    assert effective_rank(np.eye(7)) == pytest.approx(7)
    assert effective_rank(np.outer(np.arange(5), np.ones(9)) * 1e200) == pytest.approx(1)
    assert effective_rank(np.zeros((3, 3))) == 0 == effective_rank(np.zeros((0, 3)))
    assert math.isnan(effective_rank(np.full((2, 2), np.nan)))
    kernel = rng.normal(size=(8, 3, 2, 2))
    assert effective_rank(kernel) == pytest.approx(effective_rank(kernel.reshape(8, 12)))
    assert effective_rank(kernel.astype(np.float16)) > 6
    assert measure(np.ones(3), rank=True).rank is None
    with pytest.raises(gb.MeasureError, match=r"a matrix's, and this array has the shape \(3,\)"):
        effective_rank(np.ones(3))


@pytest.mark.parametrize("x", [np.array(["a"]), np.array([None]), np.array(["2026"], "M8[Y]")])
def test_what_holds_no_numbers_is_refused(x):
    with pytest.raises(gb.DTypeError, match="holds no numbers that could be measured"):
        measure(x)


def test_a_source_that_fails_is_told():
    def broken():
        yield np.zeros(300_000, np.float32)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(measure_many([Source(np.dtype("f4"), 2_000_000, broken)], threads=2))


# ---- two arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.complex64])
@pytest.mark.parametrize("size", [1, 1000, 1_300_000])
def test_a_comparison_is_the_formula(dtype, size):
    a, b = sample(dtype, size, bad=False), sample(dtype, size, seed=1, bad=False)
    b[::2] = a[::2]
    found = compare(a, b)
    x, y = wide(a), wide(b)
    assert found.changed == (x != y).sum()
    if size > 1:
        norms = np.sqrt((np.abs(x) ** 2).sum()), np.sqrt((np.abs(y) ** 2).sum())
        assert found.relative == pytest.approx(float(np.sqrt((np.abs(y - x) ** 2).sum()) / norms[0]))
        assert found.cosine == pytest.approx(float((x * y.conj()).real.sum() / norms[0] / norms[1]))
        assert found.largest == pytest.approx(float(np.abs(y - x).max()))
    assert compare(a, a.copy()).equal


def test_comparisons_at_the_ends():
    zero, one = np.zeros(3), np.array([0, 0, 2.0])
    assert compare(zero, one).relative == math.inf
    assert math.isnan(compare(zero, one).cosine)
    assert compare(zero, zero).relative == 0 and math.isnan(compare(zero, zero).cosine)
    nan = np.array([np.nan, 1, np.inf])
    assert compare(nan, nan.astype(np.float32)).equal
    found = compare(nan, np.array([0, 2, -np.inf]))
    assert (found.changed, found.broken, found.relative) == (3, 2, 1)
    assert compare(np.full(3, 1e300), np.full(3, 2e300)).relative == pytest.approx(1)
    assert compare(np.full(3, 1e300), np.full(3, 2e300)).largest == pytest.approx(1e300)
    assert compare(np.array([2**53]), np.array([2**53 + 1])).changed == 1
    assert compare(np.empty(0), np.empty(0)).equal
    assert compare(np.array([0.0]), np.array([-0.0])).equal
    turned = np.arange(12.0).reshape(3, 4)
    assert compare(turned, np.asfortranarray(turned)).equal
    columns = np.arange(1_200_000.0).reshape(-1, 3)[:, :2]
    found = compare(columns, columns.T.copy().T + 1)
    assert (found.count, found.changed, found.largest) == (800_000, 800_000, 1)
    with pytest.raises(gb.ShapeError, match="cannot be compared element by element"):
        compare(np.ones(2), np.ones(3))
