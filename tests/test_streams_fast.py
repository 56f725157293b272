"""The faster implementations of the streams, compiled and in torch, against NumPy's: the same bits."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import glueball as gb
from glueball.errors import DTypeError, InitializerError, ShapeError
from glueball.frameworks.torch import TorchAdapter, arrays
from glueball.frameworks.torch import streams as torch_streams
from glueball.frameworks.torch.arrays import from_numpy, numpy
from glueball.streams import Normal, TruncatedNormal, Uniform, compiled, fill, fill_many, fill_memory

numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba (the extra `fast`) is not installed")

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
DISTRIBUTIONS = [
    Uniform(-0.3, 0.7),
    Normal(0.1, 1.3),
    Normal(0, 1e-6),  # subnormal in float16
    TruncatedNormal(0.0, 1.0, -2.0, 2.0),
    TruncatedNormal(-1.0, 0.5, 0.0, math.inf),  # far out, and so mirrored
    TruncatedNormal(0.0, 1.0, -math.inf, -7.0),
    TruncatedNormal(0.0, 1.0, -math.inf, math.inf),
    TruncatedNormal(0.5, 0.0, 0.0, 1.0),
]
NAME = "encoder.0.weight"
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
    ),
]


def by_numpy(out, distribution, **block):
    with compiled.implementation("numpy"):
        fill(out, distribution, 0, NAME, **block)
    return out


def by_compiled(out, distribution, **block):
    with compiled.implementation("compiled"):
        fill(out, distribution, 0, NAME, **block)
    return out


def by_torch(out, distribution, device="cpu", **block):
    tensor = from_numpy(np.zeros_like(out)).to(device)
    torch_streams.fill(tensor, distribution, 0, NAME, **block)
    out[...] = numpy(tensor)
    return out


def check(fast, shape, dtype, distribution, **block):
    expected = by_numpy(np.full(shape, 9, dtype), distribution, **block)
    got = fast(np.full(shape, 7, dtype), distribution, **block)
    assert got.tobytes() == expected.tobytes()


def on(device):
    return lambda *args, **block: by_torch(*args, device, **block)


FAST = [
    pytest.param(by_compiled, marks=numba, id="compiled"),
    pytest.param(on("cpu"), id="torch on cpu"),
    pytest.param(on("cuda"), marks=DEVICES[1].marks, id="torch on cuda"),
]
every = [pytest.mark.parametrize("fast", FAST), pytest.mark.parametrize("dtype", DTYPES)]


def each(test):
    for mark in every:
        test = mark(test)
    return test


@each
@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_the_same_bits_at_odd_sizes(fast, dtype, distribution):
    for size in (1, 255, 256, 257, 1023, 1024, 1025, 30_011):
        check(fast, size, dtype, distribution)
    check(fast, (), dtype, distribution)
    check(fast, (0, 3), dtype, distribution)


@each
@pytest.mark.parametrize("distribution", DISTRIBUTIONS[1::3], ids=repr)
@pytest.mark.parametrize("edge", [2**11, 2**32, 2**34, 2**40, 2**62])
def test_the_same_bits_across_edges(fast, dtype, distribution, edge):
    # c reaches 2^32 at element 2^34.
    whole = (2**63 - 1,)
    for before, count in ((1, 2), (3, 3), (300, 600), (257, 258), (1030, 3000), (0, 1024), (200, 56)):
        check(fast, count, dtype, distribution, whole_shape=whole, offsets=(edge - before,))


@st.composite
def blocks(draw):
    whole = draw(st.lists(st.integers(1, 9), max_size=4))
    if whole and draw(st.booleans()):
        whole[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(1, 2500))
    begin = [draw(st.integers(0, n)) for n in whole]
    shape = [draw(st.integers(0, n - b)) for n, b in zip(whole, begin, strict=True)]
    return tuple(whole), tuple(begin), tuple(shape)


@each
@given(block=blocks(), distribution=st.sampled_from(DISTRIBUTIONS))
def test_the_same_bits_in_any_block(fast, dtype, block, distribution):
    whole, begin, shape = block
    check(fast, shape, dtype, distribution, whole_shape=whole, offsets=begin)


@each
@pytest.mark.parametrize(
    ("whole", "begin", "shape"),
    [
        ((40, 3000), (3, 500), (30, 2000)),
        ((70000,), (333,), (40000,)),
        ((300, 200, 3), (5, 7, 0), (290, 180, 3)),
        ((2**31, 2**31), (2**30, 2**20 + 5), (50, 300)),
    ],
)
def test_the_same_bits_in_large_blocks(fast, dtype, whole, begin, shape):
    check(fast, shape, dtype, DISTRIBUTIONS[1], whole_shape=whole, offsets=begin)


@numba
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_pieces_join(dtype, monkeypatch):
    monkeypatch.setattr(compiled, "PIECE", 5000)
    for distribution in DISTRIBUTIONS:
        check(by_compiled, 123_457, dtype, distribution)
    check(by_compiled, (70, 900), dtype, DISTRIBUTIONS[0], whole_shape=(100, 1000), offsets=(7, 13))
    for view in (np.empty((500, 60), dtype).T, np.empty((120, 1500), dtype)[::2, ::3]):
        expected = by_numpy(np.empty(view.shape, dtype), DISTRIBUTIONS[1])
        assert by_compiled(view, DISTRIBUTIONS[1]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_torchs_chunks_join_and_strides_do_not_count(dtype, device, monkeypatch):
    expected = torch.empty(60, 500, dtype=dtype, device=device)
    torch_streams.fill(expected, DISTRIBUTIONS[1], 0, NAME)
    monkeypatch.setattr(torch_streams, "_CHUNK", 4096)
    views = [torch.empty(60, 500, dtype=dtype, device=device)]
    views += [torch.empty(500, 60, dtype=dtype, device=device).T]
    views += [torch.empty(120, 1500, dtype=dtype, device=device)[::2, ::3]]
    for view in views:
        torch_streams.fill(view, DISTRIBUTIONS[1], 0, NAME)
        assert torch.equal(view, expected)


def test_torchs_fill_refuses_what_numpys_refuses():
    with pytest.raises(DTypeError, match="not in int64"):
        torch_streams.fill(torch.zeros(3, dtype=torch.int64), Normal(0, 1), 0, "w")
    with pytest.raises(ShapeError, match="does not lie inside"):
        torch_streams.fill(torch.zeros(3), Normal(0, 1), 0, "w", whole_shape=(4,), offsets=(2,))


JOBS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 40), max_size=3) | st.sampled_from([[700], [4096], [4097], [20000]]),
        st.sampled_from(DTYPES),
        st.sampled_from(DISTRIBUTIONS),
        st.text(max_size=5),
    ),
    max_size=12,
)


@numba
@given(jobs=JOBS)
def test_many_small_arrays_are_the_same_bits(jobs):
    made = []
    for how in ("numpy", "compiled"):
        arrays = [np.full(shape, 9, dtype) for shape, dtype, _, _ in jobs]
        with compiled.implementation(how):
            fill_many([(a, case, name) for a, (*_, case, name) in zip(arrays, jobs, strict=True)], 3)
        made.append([a.tobytes() for a in arrays])
    assert made[0] == made[1]


@numba
@given(bits=st.lists(st.integers(0, 0x477FEFFF), min_size=1))
def test_rounding_is_numpys(bits):
    with compiled.implementation("compiled"):
        compiled.chosen(1)
    x = np.array(bits, np.uint32)
    x = np.concatenate([x, x | 0x80000000]).view(np.float32)
    for dtype, kernel in ((np.float16, "to_float16"), (ml_dtypes.bfloat16, "to_bfloat16")):
        out = np.empty(x.size, np.uint16)
        getattr(compiled._kernels, kernel)(x, out)
        with np.errstate(all="ignore"):
            assert out.tobytes() == x.astype(dtype).tobytes()


# ------------------------------------------------------------------ the choice

SPY = """
import json, sys, warnings
import numpy as np
import glueball.streams as streams
from glueball.streams import compiled
compiled.START = 100_000
{code}
print(json.dumps("numba" in sys.modules))
"""


def loads_numba(code):
    run = subprocess.run(
        [sys.executable, "-c", SPY.format(code=code)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


FILL = "streams.fill(np.empty({}, np.float32), streams.Normal(0, 1), 0, 'w')"
MANY = "streams.fill_many([(np.empty(16), streams.Normal(0, 1), str(n)) for n in range({})], 0)"


@numba
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", False),
        (FILL.format(99_999), False),
        (FILL.format(100_000), True),
        (MANY.format(500), False),
        (MANY.format(6250), True),
        ("for _ in range(3): " + FILL.format(40_000), True),  # together they pay
        (f"with streams.implementation('numpy'): {FILL.format(10**6)}", False),
        (f"with streams.implementation('compiled'): {FILL.format(1)}", True),
    ],
)
def test_numba_is_loaded_once_it_pays(code, expected):
    assert loads_numba(code) is expected


def test_without_numba_numpy_draws():
    hidden = (
        "import importlib.util as u; compiled.find_spec = lambda name: None; warnings.simplefilter('error')"
    )
    assert not loads_numba(f"{hidden}; {FILL.format(10**6)}")


NO_CACHE = """
from numba.core import caching
caching.CacheImpl._locator_classes = []  # no directory of numba's may be written to
"""


@numba
def test_where_nothing_can_be_kept_on_disk_it_is_compiled_each_time():
    code = f"""{NO_CACHE}
one, two = np.empty((2, 200_001), np.float32)
streams.fill(one, streams.Normal(0, 1), 0, "w")
assert compiled._kernels and not compiled._broken
with streams.implementation("numpy"):
    streams.fill(two, streams.Normal(0, 1), 0, "w")
assert (one == two).all()
"""
    assert loads_numba(code)


@numba
def test_processes_that_start_at_once_share_a_cache(tmp_path):
    code = SPY.format(code=FILL.format(200_000) + "; assert compiled._kernels and not compiled._broken")
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", code], env=env) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert list(tmp_path.rglob("kernels.fill*.nbc"))


@numba
def test_what_fails_warns_once_and_numpy_draws(monkeypatch):
    class Broken:
        threads = staticmethod(lambda: 1)

        @staticmethod
        def fill(*_):
            raise RuntimeError("no compiler today")

    monkeypatch.setattr(compiled, "_kernels", Broken)
    monkeypatch.setattr(compiled, "_broken", False)
    expected = by_numpy(np.empty(5000, np.float32), Normal(0, 1))
    got = np.empty(5000, np.float32)
    with pytest.warns(RuntimeWarning, match=r"RuntimeError: no compiler today.*slower"):
        fill(got, Normal(0, 1), 0, NAME)
    assert np.array_equal(got, expected)
    got[:] = 0
    fill_many([(got[:30], Normal(0, 1), NAME)], 0)  # a second warning would be an error
    assert np.array_equal(got[:30], expected[:30])
    with pytest.raises(RuntimeError, match="no compiler today"):
        by_compiled(got, Normal(0, 1))


@numba
def test_no_multiplication_is_fused_with_an_addition():
    code = f"""{NO_CACHE}
with streams.implementation("compiled"):
    for dtype in (np.float32, np.float64):
        streams.fill(np.empty(3, dtype), streams.Normal(0, 1), 0, "w")
assembly = "".join(compiled._kernels.fill.inspect_asm().values())
assert "mul" in assembly and "fmadd" not in assembly and "fmla" not in assembly
"""
    assert loads_numba(code)


def test_a_model_that_numpy_cannot_reach_is_filled_where_it_lies(monkeypatch):
    here, there = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
    gb.initialize(here, gb.init.Normal(0.5), seed=1)
    monkeypatch.setattr(TorchAdapter, "fill_target", staticmethod(lambda tensor: None))
    monkeypatch.setattr(arrays, "FILLED_THERE", {"cpu"})
    versions = [p._version for p in there.parameters()]
    gb.initialize(there, gb.init.Normal(0.5), seed=1)
    for mine, other, version in zip(here.parameters(), there.parameters(), versions, strict=True):
        assert torch.equal(mine, other)
        assert other._version > version


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_model_on_cuda_is_filled_as_on_the_host():
    here, there = torch.nn.Linear(500, 300), torch.nn.Linear(500, 300).cuda()
    for model in (here, there):
        gb.initialize(model, gb.init.Normal(0.5), seed=1)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(here.parameters(), there.parameters(), strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_by_address_is_filled_as_arrays_are(dtype):
    dtype = np.dtype(dtype)
    sizes = [1, 16, 0, 300, 4096, 7, *[16, 5] * 12, *[3] * 9]  # many of one size are copied at once
    how = [DISTRIBUTIONS[n] for n in (0, 1, 1, 3, 1, 0, *[1] * 24, *[0] * 9)]
    names = [f"p{n}" for n in range(len(sizes))]
    whole = np.full(sum(sizes) + 2, 9, dtype)
    ends = 1 + np.cumsum(sizes)
    addresses = [
        whole.ctypes.data + int(end - size) * dtype.itemsize for end, size in zip(ends, sizes, strict=True)
    ]
    turned = [column[::-1] for column in (addresses, sizes, how, names)]  # addresses need not ascend
    fill_memory(dtype, *turned, 0)
    for end, size, distribution, name in zip(ends, sizes, how, names, strict=True):
        alone = np.empty(size, dtype)
        fill(alone, distribution, 0, name)
        assert whole[end - size : end].tobytes() == alone.tobytes()
    assert whole[0] == whole[-1] == 9


def test_memory_is_unchanged_where_a_distribution_does_not_fit():
    array = np.full(2, 9, np.float16)
    addresses = [array.ctypes.data, array.ctypes.data + 2]
    with pytest.raises(InitializerError, match="float16 ends at"):
        fill_memory(array.dtype, addresses, [1, 1], [Normal(0, 1), Normal(0, 2e4)], ["a", "b"], 0)
    assert (array == 9).all()


def test_parameters_with_gaps_are_filled_through_their_strides():
    plain, gaps = torch.nn.Module(), torch.nn.Module()
    plain.weight = torch.nn.Parameter(torch.empty(6, 4))
    plain.other = torch.nn.Parameter(torch.empty(3, 5, dtype=torch.bfloat16))
    gaps.weight = torch.nn.Parameter(torch.empty(4, 6).T)
    gaps.other = torch.nn.Parameter(torch.empty(6, 10, dtype=torch.bfloat16)[::2, ::2])
    for model in (plain, gaps):
        gb.initialize(model, gb.init.Normal(0.5), seed=1)
    assert torch.equal(plain.weight, gaps.weight)
    assert torch.equal(plain.other, gaps.other)
