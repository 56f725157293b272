"""The streams in torch's own operations: for tensors where NumPy cannot reach, on any device.

The same bits as `glueball.streams`, because eager torch runs each operation by itself: nothing is fused,
and +, -, ×, ÷, √ and conversions are rounded as IEEE 754 says. What to heed in a change:

- torch turns a division by a Python number into a multiplication by its reciprocal on CUDA: divide
  tensors by tensors only.
- Words are int64 that hold 32 bits. A product of two of them has the right 64 bits, but `>>` drags the
  sign along: mask afterwards.
- torch's square root on the CPU is not rounded as IEEE 754 says; CUDA's is.
- `addcmul`, `lerp` and their like may fuse; they are not used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch

from ... import streams
from ...streams.coefficients import FLOAT32, FLOAT64
from ...streams.distributions import constants
from ...streams.filling import slabs
from ...streams.philox import TILE, check_block, run_starts, split_runs
from .arrays import numpy_dtype

__all__ = ["fill"]

_CHUNK = 256 * TILE  # elements; their temporaries take up to 60 MiB in float64, half of it in float32
_LOW = 0xFFFFFFFF
_TABLES: dict[Any, tuple[Any, Any, int]] = {
    torch.float32: (FLOAT32, torch.int32, 23),
    torch.float64: (FLOAT64, torch.int64, 52),
}


@torch.no_grad()
def fill(
    tensor: torch.Tensor,
    distribution: streams.Distribution,
    seed: SupportsIndex,
    name: str,
    *,
    whole_shape: Sequence[SupportsIndex] | None = None,
    offsets: Sequence[SupportsIndex] | None = None,
) -> None:
    """`glueball.streams.fill` for a tensor, computed where the tensor lies.

    >>> here, there = torch.empty(2, 3), np.empty((2, 3), np.float32)
    >>> fill(here, streams.Normal(0, 1), 0, "weight")
    >>> streams.fill(there, streams.Normal(0, 1), 0, "weight")
    >>> bool((here.numpy() == there).all())
    True
    """
    seed = streams.check_seed(seed)
    streams.check_fits(distribution, numpy_dtype(tensor.dtype))
    shape = tuple(tensor.shape)
    whole, begin = check_block(
        shape if whole_shape is None else whole_shape,
        (0,) * len(shape) if offsets is None else offsets,
        shape,
    )
    if not tensor.numel():
        return
    wide = tensor.dtype == torch.float64
    keys = [streams.stream_key(seed, name)] + [streams.stream_key(seed, name, "\0lo")] * wide
    columns = constants(distribution, np.float64 if wide else np.float32)
    numbers = [int(c) if isinstance(c, np.unsignedinteger) else float(c) for c in columns]
    for target, drawn in _drawn(tensor.detach(), keys, whole, begin):
        x = _values(type(distribution), drawn, numbers)
        target.copy_(x.view(target.shape))


def _drawn(
    out: torch.Tensor, keys: list[streams.Key], whole: tuple[int, ...], begin: tuple[int, ...]
) -> Iterator[tuple[torch.Tensor, list[torch.Tensor]]]:
    """The parts of `out` with their words, in chunks."""
    shape = tuple(out.shape)
    _, run = split_runs(whole, shape)
    if run == out.numel() and out.is_contiguous():
        flat = out.view(-1)
        start, at = int(run_starts(whole, begin, shape)[0]), 0
        while at < run:  # chunks end where tiles do
            end = min(run, (start + at) // TILE * TILE + _CHUNK - start)
            yield flat[at:end], [_words(key, start + at, end - at, out.device) for key in keys]
            at = end
        return
    for corner, part in slabs(shape, _CHUNK // 4):  # here each element has a call of Philox of its own
        place = tuple(slice(c, c + n) for c, n in zip(corner, part, strict=True))
        starts = run_starts(whole, [b + c for b, c in zip(begin, corner, strict=True)], part)
        first = torch.from_numpy(starts.astype(np.int64)).to(out.device)
        steps = torch.arange(math.prod(part) // len(starts), device=out.device)
        index = (first[:, None] + steps).view(-1)
        yield out[place], [_words_at(key, index) for key in keys]


def _philox(key: streams.Key, c: torch.Tensor) -> list[torch.Tensor]:
    """The four output words of the counters c."""
    c0, c1 = c & _LOW, c >> 32
    c2, c3 = torch.full_like(c, key.h2), torch.full_like(c, key.h3)
    k0, k1 = key.k0, key.k1
    for _ in range(10):
        left, right = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0 = ((right >> 32) & _LOW) ^ c1 ^ k0
        c2 = ((left >> 32) & _LOW) ^ c3 ^ k1
        c1, c3 = right & _LOW, left & _LOW
        k0, k1 = (k0 + 0x9E3779B9) & _LOW, (k1 + 0xBB67AE85) & _LOW
    return [c0, c1, c2, c3]


def _words(key: streams.Key, start: int, count: int, device: torch.device) -> torch.Tensor:
    tile, inside = divmod(start, TILE)
    tiles = -(-(inside + count) // TILE)
    c = torch.arange(tile * 256, (tile + tiles) * 256, device=device)
    rows = [word.view(tiles, 256) for word in _philox(key, c)]
    return torch.stack(rows, 1).view(-1)[inside : inside + count]


def _words_at(key: streams.Key, index: torch.Tensor) -> torch.Tensor:
    words = _philox(key, ((index >> 10) << 8) | (index & 255))
    lane = ((index >> 8) & 3).unsqueeze(0)
    return torch.stack(words).gather(0, lane).squeeze(0)


def _values(kind: type[streams.Distribution], drawn: list[torch.Tensor], numbers: list[Any]) -> torch.Tensor:
    """One float for each word: float32 of one, float64 of two."""
    dtype = torch.float32 if len(drawn) == 1 else torch.float64
    if kind is streams.TruncatedNormal:
        mean, std, low, high, sign, *parts = numbers
        x = _normal(_quantile(drawn, *parts), 64, dtype).mul_(sign).mul_(std).add_(mean)
        x = torch.where(x < low, low, x)
        return torch.where(x > high, high, x)
    offset, factor = numbers
    bits, width = (drawn[0], 32) if len(drawn) == 1 else ((drawn[0] << 21) | (drawn[1] >> 11), 53)
    if kind is streams.Normal:
        x = _normal(bits, width, dtype)
    else:
        kept = min(width, 24) if len(drawn) == 1 else 53
        x = (bits >> (width - kept)).to(dtype).mul_(2.0**-kept)
    return x.mul_(factor).add_(offset)


def _quantile(
    drawn: list[torch.Tensor], a: int, d1: int, d0: int, h1: int, h0: int, flip: int
) -> torch.Tensor:
    """The 64 bits of A + ((2w + 1) D >> 33), as `quantile_bits` puts them together."""
    w = drawn[0] ^ flip
    least = a - (a >> 63 << 64)  # the same bits, signed
    if len(drawn) == 1:
        return (((w * d0 + h0) >> 32) & _LOW) + w * d1 + (h1 + least)
    v = (drawn[1] ^ flip) >> 11
    carried = (((v * d0 + h0) >> 21) & (2**43 - 1)) + ((v * d1 + h1) << 11)
    upper, lower = (carried >> 32) & _LOW, carried & _LOW
    return (((w * d0 + lower) >> 32) & _LOW) + w * d1 + upper + least


def _normal(bits: torch.Tensor, width: int, dtype: torch.dtype) -> torch.Tensor:
    """`normal_from_bits`."""
    table, integer, mantissa = _TABLES[dtype]
    side = (bits << (64 - width)) >> 63
    x = (bits ^ (side if width == 64 else side & (2**width - 1))).to(dtype)
    x.add_(0.5).mul_(2.0 ** (1 - width))
    split = int(np.array(table.split, numpy_dtype(dtype)).view(numpy_dtype(integer)))
    raw = x.view(integer)
    k = (raw - split) >> mantissa
    r = (raw - ((k - 1) << mantissa)).view(dtype).sub_(2.0)
    log = _horner(r, table.log).mul_(r * r).add_(r).add_(k.to(dtype).mul_(table.two_ln2))
    t = _sqrt(table.shift - log)
    below = t + table.den[-1]
    for coefficient in table.den[-2::-1]:
        below.mul_(t).add_(coefficient)
    above = _horner(t, table.num)
    log.mul_(below)
    z = log.div_(below.mul_(t).add_(above))
    return (z.view(integer) ^ (side.to(integer) << (8 * z.element_size() - 1))).view(dtype)


def _sqrt(t: torch.Tensor) -> torch.Tensor:
    if t.is_cpu:  # torch's own takes MKL's, which is wrong by a unit in the last place now and then
        np.sqrt(t.numpy(), out=t.numpy())
        return t
    return t.sqrt_()


def _horner(x: torch.Tensor, coefficients: Sequence[float]) -> torch.Tensor:
    value = (x * coefficients[-1]).add_(coefficients[-2])
    for coefficient in coefficients[-3::-1]:
        value.mul_(x).add_(coefficient)
    return value
