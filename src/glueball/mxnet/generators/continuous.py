"""Uniform, normal and exponential numbers, and Dropout's masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import MXNetError
from .arguments import FLOATS, DTypeLike, Parameter, Shape, dtype_of, refuse, shape_of
from .elementwise import over, parameters_of, plus, reciprocal, rounded_to, times
from .scalars import as_float32
from .threads import current
from .variates import EXPONENTIAL32, EXPONENTIAL64, NORMAL32, NORMAL64, UNIFORM32, UNIFORM64, Variate

__all__ = ["dropout_mask", "exponential", "normal", "uniform"]


def uniform(
    low: Parameter = 0, high: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Uniform numbers between low and high; both ends can occur in float32.

    Args:
        low: the lower end, a number; or an array of lower ends.
        high: the upper end, a number; or an array of upper ends, as many.
        shape: of the result; None is one element. For arrays, of what is drawn for each of their elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: low, a number, is above high, an argument is no number of float32, the arrays have
            different shapes or dtypes, or the dtype is another.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.uniform(-1, 1, 3)
    array([ 0.04766667, -0.8899727 , -0.92007405], dtype=float32)
    >>> generators.uniform(np.array([0, 10]), np.array([1, 20])).astype(int)
    array([ 0, 11])
    """
    if isinstance(low, np.ndarray) or isinstance(high, np.ndarray):
        name = dtype_of(dtype, FLOATS, "_sample_uniform")
        (lows, highs), sizes = parameters_of([low, high], shape, "_sample_uniform")
        u = _standard(UNIFORM32, UNIFORM64, name, sizes)
        with np.errstate(over="ignore", invalid="ignore"):
            return rounded_to(plus(times(u, highs - lows), lows), name)
    operator = "_random_uniform"
    name = dtype_of(dtype, FLOATS, operator)
    start, end = as_float32(low, "low", operator), as_float32(high, "high", operator)
    if not end >= start:
        reason = "low must be less or equal to high in uniform distribution"
        raise refuse("param.high >= param.low", (end, start), reason)
    with np.errstate(over="ignore", invalid="ignore"):
        width = end - start

    def finish(u: NDArray[Any]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            u *= width
            u += start

    return _draw(UNIFORM32, UNIFORM64, name, shape, None if start == 0 and end == 1 else finish)


def normal(
    loc: Parameter = 0, scale: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Normal numbers with mean loc and standard deviation scale.

    Args:
        loc: the mean, a number; or an array of means.
        scale: the standard deviation, a positive number; or an array of deviations, as many.
        shape: of the result; None is one element. For arrays, of what is drawn for each of their elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: scale, a number, is not positive, an argument is no number of float32, the arrays
            have different shapes or dtypes, or the dtype is another.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.normal(0, 0.01, 3)
    array([-0.00677651,  0.00100739,  0.00575954], dtype=float32)
    """
    if isinstance(loc, np.ndarray) or isinstance(scale, np.ndarray):
        name = dtype_of(dtype, FLOATS, "_sample_normal")
        (means, deviations), sizes = parameters_of([loc, scale], shape, "_sample_normal")
        z = _standard(NORMAL32, NORMAL64, name, sizes)
        with np.errstate(over="ignore", invalid="ignore"):
            return rounded_to(plus(times(z, deviations), means), name)
    operator = "_random_normal"
    name = dtype_of(dtype, FLOATS, operator)
    mean, deviation = as_float32(loc, "loc", operator), as_float32(scale, "scale", operator)
    if not deviation > 0:
        reason = "scale parameter in gaussian has to be positive"
        raise refuse("param.scale > 0", (deviation, 0), reason)

    def finish(z: NDArray[Any]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            z *= deviation
            z += mean

    return _draw(NORMAL32, NORMAL64, name, shape, finish)


def exponential(
    scale: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Exponential numbers with mean scale.

    Args:
        scale: the mean, a positive number, of which MXNet takes the text of 1/scale; or an array of means.
        shape: of the result; None is one element. For an array, of what is drawn for each of its elements.
        dtype: float16, float32 or float64.

    Raises:
        ZeroDivisionError: scale is the number 0.
        MXNetError: scale, a number, is negative, 1/scale is no number of float32, or the dtype is another.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.exponential(2, 3)
    array([1.4839747 , 0.11316964, 0.08156684], dtype=float32)
    """
    if isinstance(scale, np.ndarray):
        name = dtype_of(dtype, FLOATS, "_sample_exponential")
        (rates,), sizes = parameters_of([reciprocal(scale)], shape, "_sample_exponential")
        negative = _standard(EXPONENTIAL32, EXPONENTIAL64, name, sizes)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return rounded_to(over(-negative, rates), name)
    operator = "_random_exponential"
    name = dtype_of(dtype, FLOATS, operator)
    rate = as_float32(1.0 / scale, "lam", operator)
    if not rate > 0:
        reason = "lambda parameter in exponential distribution has to be positive"
        raise refuse("param.lam > 0", (rate, 0), reason)

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

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.dropout_mask((2, 3), 0.5)
    array([[0., 2., 2.],
           [0., 2., 0.]], dtype=float32)
    """
    share = as_float32(p, "p", "Dropout")
    if not 0 <= share <= 1:
        raise MXNetError(
            f"value {share:g} for Parameter p exceed bound [0,1]\n"
            "p: Fraction of the input that gets dropped out during training time., in operator Dropout"
        )
    name = np.dtype(dtype).name
    if name not in FLOATS:
        raise MXNetError(f"This operation only support floating point types, not {name}")
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
    values = current().parallel.draw(variate, prod(sizes), finish)
    return rounded_to(values, dtype).reshape(sizes)


def _standard(single: Variate, double: Variate, dtype: str, sizes: tuple[int, ...]) -> NDArray[Any]:
    """Standard numbers for arrays of parameters: a row for each of their elements."""
    variate = single if dtype == "float32" else double
    values = current().parallel.draw(variate, prod(sizes))
    return values.reshape(sizes)
