"""Uniform, normal and exponential numbers, and Dropout's masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import MXNetError
from .arguments import DTypeLike, Shape, count_of, dtype_of, refuse, shape_of
from .scalars import as_float32
from .threads import current
from .variates import EXPONENTIAL32, EXPONENTIAL64, NORMAL32, NORMAL64, UNIFORM32, UNIFORM64, Variate

__all__ = ["dropout_mask", "exponential", "normal", "uniform"]

_FLOATS = ("float16", "float32", "float64")


def uniform(
    low: Any = 0, high: Any = 1, shape: Shape = None, dtype: DTypeLike = None
) -> NDArray[np.floating[Any]]:
    """Uniform numbers between low and high; both ends can occur in float32.

    Args:
        low: the lower end, a number.
        high: the upper end, a number.
        shape: of the result; None is one element.
        dtype: float16, float32 (None) or float64.

    Raises:
        MXNetError: low is above high, an argument is no number of float32, or the dtype is another.

    >>> seed(1)
    >>> uniform(-1, 1, 3)
    array([ 0.04766667, -0.88997266, -0.92007405], dtype=float32)
    """
    operator = "_random_uniform"
    name = dtype_of(dtype, "float32", _FLOATS, operator)
    start, end = as_float32(low, "low", operator), as_float32(high, "high", operator)
    if not end >= start:
        reason = "low must be less or equal to high in uniform distribution"
        raise refuse(380, "param.high >= param.low", (end, start), reason)
    with np.errstate(over="ignore", invalid="ignore"):
        width = end - start

    def finish(u: NDArray[Any]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            u *= width
            u += start

    return _draw(UNIFORM32, UNIFORM64, name, shape, None if (start, end) == (0, 1) else finish)


def normal(
    loc: Any = 0, scale: Any = 1, shape: Shape = None, dtype: DTypeLike = None
) -> NDArray[np.floating[Any]]:
    """Normal numbers with mean loc and standard deviation scale.

    Args:
        loc: the mean, a number.
        scale: the standard deviation, a positive number.
        shape: of the result; None is one element.
        dtype: float16, float32 (None) or float64.

    Raises:
        MXNetError: scale is not positive, an argument is no number of float32, or the dtype is another.

    >>> seed(1)
    >>> normal(0, 0.01, 3)
    array([-0.00677652,  0.00100739,  0.00575954], dtype=float32)
    """
    operator = "_random_normal"
    name = dtype_of(dtype, "float32", _FLOATS, operator)
    mean, deviation = as_float32(loc, "loc", operator), as_float32(scale, "scale", operator)
    if not deviation > 0:
        reason = "scale parameter in gaussian has to be positive"
        raise refuse(399, "param.scale > 0", (deviation, 0), reason)

    def finish(z: NDArray[Any]) -> None:
        z *= deviation
        z += mean

    return _draw(NORMAL32, NORMAL64, name, shape, finish)


def exponential(
    scale: Any = 1, shape: Shape = None, dtype: DTypeLike = None
) -> NDArray[np.floating[Any]]:
    """Exponential numbers with mean scale.

    Args:
        scale: the mean, a positive number; MXNet takes the text of 1/scale.
        shape: of the result; None is one element.
        dtype: float16, float32 (None) or float64.

    Raises:
        ZeroDivisionError: scale is 0.
        MXNetError: scale is negative, 1/scale is no number of float32, or the dtype is another.

    >>> seed(1)
    >>> exponential(2, 3)
    array([1.483975  , 0.11316909, 0.08156672], dtype=float32)
    """
    operator = "_random_exponential"
    name = dtype_of(dtype, "float32", _FLOATS, operator)
    rate = as_float32(1.0 / scale, "lam", operator)
    if not rate > 0:
        reason = "lambda parameter in exponential distribution has to be positive"
        raise refuse(436, "param.lam > 0", (rate, 0), reason)

    def finish(negative: NDArray[Any]) -> None:
        negative /= -rate

    return _draw(EXPONENTIAL32, EXPONENTIAL64, name, shape, finish)


def dropout_mask(
    shape: Shape, p: Any = 0.5, axes: Sequence[int] = (), dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """What Dropout multiplies its input with: 0 or 1/(1 − p), as it draws it while training.

    For p = 0 the mask is 1 everywhere and nothing is drawn.

    Args:
        shape: of the input.
        p: the share that is dropped, a number from 0 to 1.
        axes: along which the mask is the same: it has length 1 there.
        dtype: of the input and the mask: float16, float32 or float64.

    Raises:
        MXNetError: p is not in [0, 1], or the dtype is another.

    >>> seed(1)
    >>> dropout_mask((2, 3), 0.5)
    array([[0., 2., 2.],
           [0., 2., 2.]], dtype=float32)
    """
    share = as_float32(p, "p", "Dropout")
    if not 0 <= share <= 1:
        raise MXNetError(
            f"MXNetError: value {share:g} for Parameter p exceed bound [0,1]\n"
            "p: Fraction of the input that gets dropped out during training time., in operator Dropout"
        )
    name = np.dtype(dtype).name
    if name not in _FLOATS:
        raise MXNetError(
            'Traceback (most recent call last):\n  File "../src/operator/nn/dropout.cc", line 46\n'
            f"MXNetError: This operation only support floating point types, not {name}"
        )
    sizes = list(shape_of(shape))
    for axis in axes:
        sizes[axis] = 1
    if share == 0:
        return np.ones(sizes, name)
    keep = np.float32(1) - share
    kept: Callable[..., NDArray[np.bool_]] = np.less if axes else np.less_equal
    with np.errstate(divide="ignore"):
        kept_value = np.float32(1) / keep

    def finish(u: NDArray[Any]) -> None:
        with np.errstate(invalid="ignore"):  # p = 1: 0 times infinity
            np.multiply(kept(u.astype(np.float32), keep), kept_value, out=u)

    return _draw(UNIFORM32, UNIFORM64, name, sizes, finish)


def _draw(
    single: Variate, double: Variate, dtype: str, shape: Shape, finish: Callable[[NDArray[Any]], None] | None
) -> NDArray[Any]:
    """Numbers of the standard distribution, finished in place; float16 is rounded from float64."""
    sizes = shape_of(shape)
    variate = single if dtype == "float32" else double
    values = current().parallel.draw(variate, count_of(sizes), finish)
    with np.errstate(over="ignore"):
        if dtype == "float16":
            # By way of float32, as MXNet's half precision does: one value of 16,000 is rounded twice.
            values = values.astype(np.float32)
        values = values.astype(dtype, copy=False)
    return values.reshape(sizes)
