"""How words become standard variates: each by attempts of a fixed number of words, some of them refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .logarithm import logf
from .mersenne import Words

__all__ = ["NORMAL32", "NORMAL64", "UNIFORM32", "UNIFORM64", "Variate"]


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
    log = logf(s)
    log *= np.float32(-2)
    log /= s
    np.sqrt(log, out=log)
    log *= y
    return log


UNIFORM32 = Variate(np.dtype(np.float32), 1, 1, _uniform32)
"""The uniform on [0, 1] in float32."""

UNIFORM64 = Variate(np.dtype(np.float64), 2, 1, _uniform64)
"""The uniform on [0, 1] in float64."""

NORMAL32 = Variate(np.dtype(np.float32), 2, np.pi / 4, _polar32, _normal32)
"""The standard normal in float32."""

NORMAL64 = NORMAL32
