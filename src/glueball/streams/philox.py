"""Words: the integers behind every initial value, by key and index.

A **key** is the name's: BLAKE2b of the seed and the parameter's name. A **word** is a 32-bit integer;
the stream of a key is an endless row of them, and word i belongs to element i (C order) of the whole
array. Words come from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC 2011), a keyed bijection of a 128-bit counter: there is no state, so any word can be
had without those before it.

The layout, which other implementations have to repeat: with tile = i // 1024, lane = (i % 1024) //
256 and j = i % 256, the counter is c = 256 tile + j, spelt (c mod 2^32, c >> 32, h2, h3), and the word
is output number `lane`. A tile of 1024 elements takes 256 calls and uses all of their output, and
four rows of 256 are each written in order, which a vector unit likes.

Invariants: `words(key, a, n)` is the slice [a, a + n) of the stream for any a and n; `block_words` of
a block equals the same block cut out of the whole. Philox is computed on uint64 arrays that hold 32
bits each, because NumPy has no 32 x 32 -> 64 bit product.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from glueball.errors import InitializerError, ShapeError

__all__ = [
    "LANE",
    "TILE",
    "Key",
    "Word",
    "block_words",
    "check_seed",
    "fresh_seed",
    "joined_words",
    "philox4x32_10",
    "stream_key",
    "words",
]

TILE = 1024  # elements that share their counters
LANE = 256  # counters of a tile, and the run of elements that one output word gives

Word = NDArray[np.uint32]
U64 = NDArray[np.uint64]

_MULTIPLY = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_RUN = 512  # a block whose runs are at least this long is made of whole tiles


class Key(NamedTuple):
    """Four 32-bit integers: Philox's key (k0, k1), and the upper half of its counters (h2, h3)."""

    k0: int
    k1: int
    h2: int
    h3: int


def stream_key(seed: int, name: str, suffix: str = "") -> Key:
    r"""The key of the parameter `name` under `seed`.

    BLAKE2b (RFC 7693) with 16 bytes of output over the UTF-8 text of seed, a zero byte, name and
    suffix, read as four little-endian words. The suffix "\0lo" gives the second key of float64.

    >>> stream_key(0, "weight")
    Key(k0=390669978, k1=2617716380, h2=2869214888, h3=1988765351)
    """
    digest = blake2b(f"{seed}\0{name}{suffix}".encode(), digest_size=16).digest()
    return Key(*(int.from_bytes(digest[i : i + 4], "little") for i in (0, 4, 8, 12)))


def check_seed(seed: SupportsIndex) -> int:
    """The seed as an int: any object with `__index__`, negative ones too, but no bool.

    >>> check_seed(np.int64(7))
    7
    """
    if not isinstance(seed, (bool, np.bool_)):
        try:
            return operator.index(seed)
        except TypeError:
            pass
    raise InitializerError(
        f"a seed must be an integer, not {seed!r} of type {type(seed).__name__}; write seed=0, or leave"
        " it out for a fresh one"
    )


def fresh_seed() -> int:
    """A seed from the system's entropy, 0 <= seed < 2^64: for who gives none. Record it."""
    return int.from_bytes(os.urandom(8), "little")


def philox4x32_10(
    counter: tuple[U64, U64, U64, U64], k0: U64 | np.uint64, k1: U64 | np.uint64
) -> tuple[U64, U64, U64, U64]:
    """Ten rounds of Philox4x32: four output words for each counter.

    All are uint64 below 2^32 and broadcast against each other; the key may be one or an array.

    >>> zero = np.zeros(1, np.uint64)
    >>> [hex(int(word[0])) for word in philox4x32_10((zero,) * 4, zero, zero)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    for turn in range(10):
        if turn:
            k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
        left, right = c0 * _MULTIPLY[0], c2 * _MULTIPLY[1]
        c0 = (right >> _HALF) ^ (c1 ^ k0)
        c2 = (left >> _HALF) ^ (c3 ^ k1)
        c1, c3 = right & _LOW, left & _LOW
    return c0, c1, c2, c3


def _run_philox(key: Key, c: U64) -> tuple[U64, U64, U64, U64]:
    """The four output words of the counters c, 64 bits each, the first the least, the last the most."""
    top = c[-1:] >> _HALF
    if not c.size or int(c[0]) >> 32 != int(top[0]):
        top = c >> _HALF
    # Parts of length one stay so for the first rounds, which then cost nothing.
    h2, h3 = np.array([[key.h2], [key.h3]], np.uint64)
    return philox4x32_10((c & _LOW, top, h2, h3), np.uint64(key.k0), np.uint64(key.k1))


def _counter_and_lane(index: U64) -> tuple[U64, NDArray[np.intp]]:
    c = (index >> np.uint64(10) << np.uint64(8)) | (index & np.uint64(LANE - 1))
    return c, ((index >> np.uint64(8)) & np.uint64(3)).astype(np.intp)


def _words_at(key: Key, index: U64) -> Word:
    """The words of any elements, one call of Philox for each: for short runs."""
    c, lane = _counter_and_lane(index)
    outputs = _run_philox(key, c)
    return np.choose(lane, outputs).astype(np.uint32)


def words(key: Key, start: int, count: int) -> Word:
    """Elements start to start + count of the key's stream, uint32, for 0 <= start < 2^63.

    Whole tiles are computed, in memory of about 70 bytes for each element: ask for long ranges
    in parts.

    >>> key = stream_key(0, "weight")
    >>> bool((words(key, 2**40 + 5, 3) == words(key, 2**40, 8)[5:]).all())
    True
    """
    if count < LANE:
        return _words_at(key, np.arange(start, start + count, dtype=np.uint64))
    return _runs(key, [start], count).reshape(-1)


def _runs(key: Key, starts: Sequence[int], run: int) -> Word:
    """The words start to start + run for each of the ascending starts, as (len(starts), run)."""
    # Each run gets as many whole tiles as the worst placed one needs.
    tiles = max(-(-(s % TILE + run) // TILE) for s in starts)
    first = np.array([s // TILE * LANE for s in starts], np.uint64)
    c = np.add.outer(first, np.arange(tiles * LANE, dtype=np.uint64)).reshape(-1)
    whole = np.empty((len(starts) * tiles, TILE // LANE, LANE), np.uint32)
    for lane, output in enumerate(_run_philox(key, c)):
        whole[:, lane, :] = output.reshape(-1, LANE)
    rows = whole.reshape(len(starts), tiles * TILE)
    if len(starts) == 1:
        return rows[:, starts[0] % TILE :][:, :run]
    return np.stack([row[s % TILE :][:run] for row, s in zip(rows, starts, strict=True)])


def joined_words(keys: NDArray[np.uint32], counts: NDArray[np.intp]) -> Word:
    """The first counts[n] words of the key keys[n], for all n, joined: for many small arrays.

    keys has the shape (len(counts), 4), in the order of `Key`.

    >>> a, b = stream_key(0, "a"), stream_key(0, "b")
    >>> both = joined_words(np.array([a, b], np.uint32), np.array([2, 3]))
    >>> bool((both == np.concatenate([words(a, 0, 2), words(b, 0, 3)])).all())
    True
    """
    if len(counts) and counts[0] <= LANE and (counts == counts[0]).all():
        return _rows_of_words(keys, int(counts[0]))
    calls = counts // TILE * LANE + np.minimum(counts % TILE, LANE)
    first = np.cumsum(calls) - calls
    total = int(calls.sum())
    c = np.arange(total, dtype=np.uint64) - np.repeat(first.astype(np.uint64), calls)
    k0, k1, h2, h3 = (np.repeat(part.astype(np.uint64), calls) for part in keys.T)
    outputs = philox4x32_10((c, np.zeros(1, np.uint64), h2, h3), k0, k1)
    if counts.max(initial=0) <= LANE:  # output word 0 is all there is
        return outputs[0].astype(np.uint32)
    begin = np.cumsum(counts) - counts
    i = np.arange(int(counts.sum()), dtype=np.uint64) - np.repeat(begin.astype(np.uint64), counts)
    c, lane = _counter_and_lane(i)
    place = lane * total + c.astype(np.intp) + np.repeat(first, counts)
    return np.concatenate(outputs)[place].astype(np.uint32)


def _rows_of_words(keys: NDArray[np.uint32], count: int) -> Word:
    """The first `count` words of each key, joined, for count <= LANE: all of them are output word 0."""
    c, columns = np.arange(count, dtype=np.uint64), keys.T.astype(np.uint64)
    # What belongs to a key alone is computed once for each; NumPy is quick along a long last axis.
    tall = len(keys) >= count
    c, columns = (c[:, None], columns[:, None]) if tall else (c[None], columns[..., None])
    k0, k1, h2, h3 = columns
    output = philox4x32_10((c, np.zeros(1, np.uint64), h2, h3), k0, k1)[0]
    return (output.T if tall else output).astype(np.uint32, order="C").reshape(-1)


def check_block(
    whole_shape: Sequence[SupportsIndex], offsets: Sequence[SupportsIndex], shape: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """whole_shape and offsets as tuples of int, or ShapeError if the block is not inside."""
    whole = tuple(operator.index(n) for n in whole_shape)
    begin = tuple(operator.index(n) for n in offsets)
    inside = len(whole) == len(begin) == len(shape) and all(
        b >= 0 and b + n <= w for w, b, n in zip(whole, begin, shape, strict=True)
    )
    if not inside:
        raise ShapeError(
            f"a block of shape {tuple(shape)} at offsets {begin} does not lie inside the whole shape"
            f" {whole}; give one offset for each axis, with offset + length <= the whole's length"
        )
    if math.prod(whole) >= 2**63:
        raise ShapeError(f"a whole of shape {whole} has more than 2^63 elements")
    return whole, begin


def block_words(
    key: Key,
    whole_shape: Sequence[SupportsIndex],
    offsets: Sequence[SupportsIndex],
    shape: Sequence[int],
) -> Word:
    """The words of a block of an N-dimensional array, as a uint32 array of the block's shape.

    The block begins at `offsets` in an array of `whole_shape`. Raises ShapeError if it is not inside.

    >>> key = stream_key(0, "weight")
    >>> whole = words(key, 0, 12).reshape(3, 4)
    >>> bool((block_words(key, (3, 4), (1, 2), (2, 2)) == whole[1:, 2:]).all())
    True
    """
    whole, begin = check_block(whole_shape, offsets, shape)
    size = math.prod(shape)
    if not size:
        return np.empty(shape, np.uint32)
    starts = run_starts(whole, begin, shape)
    run = size // len(starts)
    if run == size:
        return words(key, int(starts[0]), size).reshape(shape)
    if run >= _RUN:
        return _runs(key, starts.tolist(), run).reshape(shape)
    index = np.add.outer(starts, np.arange(run, dtype=np.uint64))
    return _words_at(key, index.reshape(-1)).reshape(shape)


def run_starts(whole: Sequence[int], begin: Sequence[int], shape: Sequence[int]) -> U64:
    """The elements of the whole at which the block's runs start, in order."""
    axis, _ = split_runs(whole, shape)
    steps = [math.prod(whole[a + 1 :]) for a in range(len(whole))]
    starts = np.full((), sum(b * s for b, s in zip(begin, steps, strict=True)), np.uint64)
    for n, step in zip(shape[:axis], steps, strict=False):
        starts = np.add.outer(starts, np.arange(n, dtype=np.uint64) * np.uint64(step))
    return starts.reshape(-1)


def split_runs(whole: Sequence[int], shape: Sequence[int]) -> tuple[int, int]:
    """(axis, run): each of the block's parts shape[axis:] is one run of `run` elements of the whole."""
    axis = len(shape)
    shape, whole = tuple(shape), tuple(whole)
    while axis and shape[axis:] == whole[axis:]:
        axis -= 1
    # One axis that is not whole still is a run, and so are the axes of length one before it.
    while axis and shape[axis - 1] == 1:
        axis -= 1
    return axis, math.prod(shape[axis:])


def digests(seed: int, names: Sequence[str], suffix: str = "") -> NDArray[np.uint32]:
    """`stream_key` of many names, as an array (len(names), 4) of uint32."""
    end = suffix.encode()
    # A hash that has read the seed, copied for each name, takes half the time of a new one.
    begun = blake2b(f"{seed}\0".encode(), digest_size=16).copy
    found = []
    for name in names:
        one = begun()
        one.update(name.encode() + end)
        found.append(one.digest())
    joined = b"".join(found)
    table: NDArray[Any] = np.frombuffer(joined, "<u4").reshape(-1, 4)
    return table.astype(np.uint32)
