"""Filling arrays: a stream meets a distribution.

Invariants: an element depends on the seed, the name, its index in the whole array, the distribution
and the dtype, on nothing else; not on the block, the strides, the chunks or the company in which it
is made. Arrays are filled in chunks whose temporaries stay in a core's cache, so a fill needs a few MB
beside `out`, however large. Everything is checked before the first element is written.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from ctypes import memmove
from types import SimpleNamespace
from typing import Any, SupportsIndex

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, InitializerError

from . import compiled
from .distributions import Distribution, Normal, TruncatedNormal, Uniform, constants, values
from .philox import (
    TILE,
    Key,
    Word,
    block_words,
    check_block,
    check_seed,
    run_starts,
    split_runs,
    stream_key,
    words,
)
from .small import passes

__all__ = ["SMALL", "check_fits", "fill", "fill_many", "fill_memory", "slabs"]

_CHUNK = 16 * TILE
SMALL = 4 * TILE
"""Arrays of up to this many elements are drawn together."""

_finfo: Any = ml_dtypes.finfo  # it has no types
_DTYPES: dict[np.dtype[Any], float] = {  # and where each of them ends
    np.dtype(dtype): float(_finfo(dtype).max)
    for dtype in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
}
_FLOAT64 = np.dtype(np.float64)
_KINDS = (Uniform, Normal, TruncatedNormal)


def fill(
    out: NDArray[Any],
    distribution: Distribution,
    seed: SupportsIndex,
    name: str,
    *,
    whole_shape: Sequence[SupportsIndex] | None = None,
    offsets: Sequence[SupportsIndex] | None = None,
) -> None:
    """Fill `out` with the block of the whole array `name` that begins at `offsets`.

    out may be float16, bfloat16, float32 or float64, of any strides; by default it is the whole. Raises
    DTypeError for another dtype, ShapeError if the block is not inside `whole_shape`, and
    InitializerError if the seed is no integer or the values would leave the dtype's range; `out` is
    unchanged then.

    >>> whole, part = np.empty((4, 6), np.float32), np.empty((2, 3), np.float32)
    >>> fill(whole, Normal(0, 1), 0, "weight")
    >>> fill(part, Normal(0, 1), 0, "weight", whole_shape=(4, 6), offsets=(1, 3))
    >>> bool((part == whole[1:3, 3:]).all())
    True
    """
    seed = check_seed(seed)
    _check(out, distribution)
    whole, begin = check_block(
        out.shape if whole_shape is None else whole_shape,
        (0,) * out.ndim if offsets is None else offsets,
        out.shape,
    )
    if not out.size:
        return
    wide = out.dtype == _FLOAT64
    columns = constants(distribution, np.float64 if wide else np.float32)
    keys = [stream_key(seed, name)] + [stream_key(seed, name, "\0lo")] * wide
    if compiled.chosen(out.size):
        pieces = _pieces(out, whole, begin)
        if compiled.fill_pieces(pieces, distribution, keys, wide):
            return
    for target, drawn in _drawn(out, keys, whole, begin):
        _put(target, values(type(distribution), drawn[0], drawn[1] if wide else None, columns))


def _drawn(
    out: NDArray[Any], keys: list[Key], whole: tuple[int, ...], begin: tuple[int, ...]
) -> Iterator[tuple[NDArray[Any], list[Word]]]:
    """The parts of `out` with their words, in chunks."""
    _, run = split_runs(whole, out.shape)
    if run == out.size and out.flags.c_contiguous:
        flat = out.reshape(-1)
        steps = [math.prod(whole[a + 1 :]) for a in range(len(whole))]
        start = sum(b * s for b, s in zip(begin, steps, strict=True))
        at = 0
        while at < run:  # chunks end where tiles do, so no call of Philox is made twice
            end = min(run, (start + at) // TILE * TILE + _CHUNK - start)
            yield flat[at:end], [words(key, start + at, end - at) for key in keys]
            at = end
        return
    for corner, shape in slabs(out.shape):
        place = tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))
        there = [b + c for b, c in zip(begin, corner, strict=True)]
        yield out[place], [block_words(key, whole, there, shape) for key in keys]


def _pieces(out: NDArray[Any], whole: tuple[int, ...], begin: tuple[int, ...]) -> Iterator[compiled.Piece]:
    """The parts of `out` as compiled code takes them: each with the starts and the length of its runs."""
    _, run = split_runs(whole, out.shape)
    if run == out.size and out.flags.c_contiguous:  # as one axis, so that the parts are of one size
        first = int(run_starts(whole, begin, out.shape)[0])
        out, whole, begin = out.reshape(-1), (first + run,), (first,)
    for corner, shape in slabs(out.shape, compiled.PIECE):
        place = tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))
        there = [b + c for b, c in zip(begin, corner, strict=True)]
        starts = run_starts(whole, there, shape)
        yield out[place], starts.astype(np.int64), math.prod(shape) // len(starts)


def slabs(shape: tuple[int, ...], most: int = _CHUNK) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(corner, shape) of parts of at most `most` elements that cover an array, in C order."""
    if not shape:
        yield (), ()
        return
    axis = len(shape) - 1
    while axis > 0 and math.prod(shape[axis:]) <= most:
        axis -= 1
    rest = shape[axis + 1 :]
    step = max(1, most // math.prod(rest))
    for outer in itertools.product(*map(range, shape[:axis])):
        for at in range(0, shape[axis], step):
            corner = (*outer, at, *(0 for _ in rest))
            yield corner, (*(1 for _ in outer), min(step, shape[axis] - at), *rest)


def _put(target: NDArray[Any], x: NDArray[Any]) -> None:
    # Values below float16's smallest normal number round to subnormal ones: no error.
    with np.errstate(under="ignore"):
        target[...] = x.reshape(target.shape)


def fill_many(jobs: Sequence[tuple[NDArray[Any], Distribution, str]], seed: SupportsIndex) -> None:
    """Fill each array of (array, distribution, name) as `fill` does, small arrays together.

    Each array is the whole of its name. A model of many small parameters costs a few vectorised passes
    and little Python for each. Raises what `fill` raises, before any array is changed.

    >>> one, two = np.empty(3, np.float32), np.empty((2, 2), np.float16)
    >>> fill_many([(one, Uniform(0, 1), "a"), (two, Normal(0, 1), "b")], seed=0)
    >>> again = np.empty(3, np.float32)
    >>> fill(again, Uniform(0, 1), 0, "a")
    >>> bool((one == again).all())
    True
    """
    seed = check_seed(seed)
    checked = set()
    large = []
    groups: dict[tuple[type[Distribution], bool], list[tuple[NDArray[Any], Distribution, str]]] = {}
    for job in jobs:
        out, distribution, _ = job
        asked = distribution, getattr(out, "dtype", None)
        if type(distribution) not in _KINDS or asked not in checked:
            _check(out, distribution)
            checked.add(asked)
        if out.size > SMALL:
            large.append(job)
        elif out.size:
            group = type(distribution), out.dtype == _FLOAT64
            groups.setdefault(group, []).append(job)
    for (kind, wide), members in groups.items():
        outs, distributions, names = zip(*members, strict=True)
        counts = np.array([out.size for out in outs])
        dtype = np.float64 if wide else np.float32
        for part, x in passes(kind, dtype, distributions, counts, names, seed):
            at = 0
            for out in outs[part]:
                size = out.size
                _put(out, x[at : at + size])
                at += size
    for out, distribution, name in large:
        fill(out, distribution, seed, name)


def fill_memory(
    dtype: np.dtype[Any],
    addresses: Sequence[int],
    counts: Sequence[int],
    distributions: Sequence[Distribution],
    names: Sequence[str],
    seed: SupportsIndex,
) -> None:
    """Fill small arrays of one dtype by address, which is much quicker than to make NumPy arrays of them.

    Each is counts[n] elements without gaps from addresses[n] on, and the whole of names[n]; at most
    `SMALL` of them. The caller keeps the memory alive, and vouches for it: nothing here can check it.
    Raises what `fill` raises, before any memory is changed.
    """
    seed = check_seed(seed)
    for distribution in dict(zip(map(id, distributions), distributions, strict=True)).values():
        check_fits(distribution, dtype)
    computed = np.float64 if dtype == _FLOAT64 else np.float32
    there, sizes = np.array(addresses, np.uintp), np.array(counts)
    kinds = list(map(type, distributions))
    for kind in dict.fromkeys(kinds):
        mine: Any = slice(None)
        chosen, called = distributions, names
        if kinds.count(kind) < len(kinds) or 0 in counts:
            mine = [n for n, d in enumerate(distributions) if type(d) is kind and counts[n]]
            chosen, called = [distributions[n] for n in mine], [names[n] for n in mine]
        if not chosen:
            continue
        for part, x in passes(kind, computed, chosen, sizes[mine], called, seed):
            with np.errstate(under="ignore"):
                rounded = x.astype(dtype, copy=False)
            _scatter(rounded, there[mine][part], sizes[mine][part] * dtype.itemsize)


def _scatter(values: NDArray[Any], addresses: NDArray[np.uintp], sizes: NDArray[np.intp]) -> None:
    """Copy the values, one piece after the other, to addresses; sizes are in bytes.

    Pieces of one size are copied together, as elements of an array that begins at the lowest address and
    has an element at every byte.
    """
    begins = np.cumsum(sizes) - sizes
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes == size)
        if len(mine) < _FEW:
            for n in mine.tolist():
                memmove(int(addresses[n]), values.ctypes.data + int(begins[n]), size)
            continue
        to = addresses[mine]
        base = int(to.min())
        there = _pieces_from(base, int(to.max()) - base + 1, size)
        here = _pieces_from(values.ctypes.data, values.nbytes - size + 1, size)
        there[to - np.uintp(base)] = here[begins[mine]]


_FEW = 8


def _pieces_from(address: int, count: int, size: int) -> NDArray[Any]:
    """An array of `count` pieces of memory, each `size` bytes long, a byte apart."""
    interface = {
        "data": (address, False),
        "shape": (count,),
        "strides": (1,),
        "typestr": f"|V{size}",
        "version": 3,
    }
    return np.asarray(SimpleNamespace(__array_interface__=interface))


def _check(out: NDArray[Any], distribution: Distribution) -> None:
    if not isinstance(out, np.ndarray):
        raise DTypeError(f"out must be a NumPy array to fill, not {type(out).__name__}")
    check_fits(distribution, out.dtype)


def check_fits(distribution: Distribution, dtype: np.dtype[Any]) -> None:
    """Check that values of a distribution can be drawn in a dtype; `fill` does it by itself.

    Raises DTypeError for a dtype that is not drawn in, InitializerError for what is no distribution and
    for one that reaches beyond the dtype.

    >>> import numpy as np
    >>> check_fits(Normal(0, 1), np.dtype(np.float16))
    """
    limit = _DTYPES.get(dtype)
    if limit is None:
        raise DTypeError(
            f"random values are drawn in {', '.join(map(str, _DTYPES))}, not in {dtype}; fill an"
            " array of one of these and convert it"
        )
    d = distribution
    if isinstance(d, Uniform):
        ends, inner = (d.low, d.high), d.high - d.low
    elif isinstance(d, Normal):
        wing = (8.3 if dtype == _FLOAT64 else 6.4) * d.std
        ends, inner = (d.mean - wing, d.mean + wing), d.std
    elif isinstance(d, TruncatedNormal):
        ends = max(d.low, d.mean - 9.2 * d.std), min(d.high, d.mean + 9.2 * d.std)
        inner = max(abs(d.mean), d.std)
    else:
        raise InitializerError(
            f"{d!r} is no distribution; write Uniform(low, high), Normal(mean, std) or"
            " TruncatedNormal(mean, std, low, high)"
        )
    reach = max(map(abs, ends))
    # Constants have to fit the dtype of the computation, which is wider than float16.
    if not (reach <= limit and inner <= _DTYPES[_FLOAT64 if limit > 1e39 else np.dtype("f4")]):
        raise InitializerError(
            f"{d} reaches {max(reach, inner):.3g}, and {dtype} ends at {limit:.3g}; scale the"
            " distribution down or take a wider dtype"
        )
