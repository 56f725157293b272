"""How words become standard variates: each by attempts of a fixed number of words, some of them refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .logarithm import logf
from .logarithm64 import log
from .mersenne import Words

__all__ = [
    "EXPONENTIAL32",
    "EXPONENTIAL64",
    "INTEGER",
    "NORMAL32",
    "NORMAL64",
    "UNIFORM32",
    "UNIFORM64",
    "Variate",
]


@dataclass(frozen=True, eq=False)
class Variate:
    """A standard distribution.

    Attributes:
        dtype: of the variates.
        words: that one attempt takes.
        rate: the share of attempts that are accepted; 1 if all are.
        propose: from words, attempts side by side along the last axis, to what is known of each
            attempt: for rate 1 the variates; else a mask of the accepted ones and one array or more.
        finish: from these arrays, at accepted attempts only (one dimension), to the variates.
    """

    dtype: np.dtype[Any]
    words: int
    rate: float
    propose: Callable[[Words], tuple[NDArray[Any], ...]]
    finish: Callable[..., NDArray[Any]] | None = None


def _uniform32(words: Words) -> tuple[NDArray[np.float32]]:
    """In [0, 1], both ends included: the largest 128 words are rounded to 1."""
    u = words.astype(np.float32)
    u *= np.float32(2.0**-32)
    return (u,)


def _uniform64(words: Words) -> tuple[NDArray[np.float64]]:
    u = words[..., 1::2].astype(np.float64)
    u *= 2.0**32
    u += words[..., 0::2]
    u *= 2.0**-64
    return (u,)


def _polar32(words: Words) -> tuple[NDArray[Any], ...]:
    """A point (x, y) of the square; accepted inside the circle: mask, y, x² + y²."""
    point = words.astype(np.float32)
    point *= np.float32(2.0**-31)
    point -= np.float32(1)
    y = point[..., 1::2].copy()
    point *= point
    s = point[..., 0::2] + point[..., 1::2]
    accepted = s <= 1
    accepted &= s != 0
    return accepted, y, s


def _normal32(y: NDArray[np.float32], s: NDArray[np.float32]) -> NDArray[np.float32]:
    """The polar method's second number."""
    root = logf(s)
    root *= np.float32(-2)
    root /= s
    np.sqrt(root, out=root)
    root *= y
    return root


def _polar64(words: Words) -> tuple[NDArray[Any], ...]:
    (point,) = _uniform64(words)
    point *= 2
    point -= 1
    y = point[..., 1::2].copy()
    point *= point
    s = point[..., 0::2] + point[..., 1::2]
    accepted = s <= 1
    accepted &= s != 0
    return accepted, y, s


def _normal64(y: NDArray[np.float64], s: NDArray[np.float64]) -> NDArray[np.float64]:
    root = log(s)
    root *= -2
    root /= s
    np.sqrt(root, out=root)
    root *= y
    return root


def _negative_exponential32(words: Words) -> tuple[NDArray[np.float64]]:
    # Only the float32 next to the result is wanted, so any good logarithm does.
    (u,) = _uniform32(words)
    rest = u.astype(np.float64)
    np.subtract(1, rest, out=rest)
    with np.errstate(divide="ignore"):
        np.log(rest, out=rest)
    return (rest,)


def _negative_exponential64(words: Words) -> tuple[NDArray[np.float64]]:
    (u,) = _uniform64(words)
    np.subtract(1, u, out=u)
    return (log(u.reshape(-1)).reshape(u.shape),)


def _integer(words: Words) -> tuple[NDArray[np.int64]]:
    number = words[..., 0::2].astype(np.int64)
    number <<= 31
    number += words[..., 1::2]
    return (number,)


UNIFORM32 = Variate(np.dtype(np.float32), 1, 1, _uniform32)
"""The uniform on [0, 1] in float32."""

UNIFORM64 = Variate(np.dtype(np.float64), 2, 1, _uniform64)
"""The uniform on [0, 1] in float64."""

NORMAL32 = Variate(np.dtype(np.float32), 2, np.pi / 4, _polar32, _normal32)
"""The standard normal in float32."""

NORMAL64 = Variate(np.dtype(np.float64), 4, np.pi / 4, _polar64, _normal64)
"""The standard normal in float64."""

EXPONENTIAL32 = Variate(np.dtype(np.float64), 1, 1, _negative_exponential32)
"""Minus the standard exponential: float64 numbers, made of float32 uniform ones."""

EXPONENTIAL64 = Variate(np.dtype(np.float64), 2, 1, _negative_exponential64)
"""Minus the standard exponential in float64."""

INTEGER = Variate(np.dtype(np.int64), 2, 1, _integer)
"""Integers of 63 bits, whose lowest 31 and 32 bits come from one word each, added up."""
