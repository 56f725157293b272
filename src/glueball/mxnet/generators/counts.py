"""Gamma and Poisson numbers, and the negative binomial numbers that are made of both.

- gamma: Marsaglia and Tsang's method (2000), with one more uniform number where alpha is below 1;
- Poisson: Knuth's product of uniform numbers below a mean of 12, else rejection under a Cauchy curve
  (Numerical Recipes, `poidev`), in float32 whatever the result's dtype;
- negative binomial: Poisson numbers whose mean is a gamma number.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import FLOATS, DTypeLike, Parameter, Shape, dtype_of, refuse, shape_of
from .elementwise import parameters_of, rounded_to
from .functions import lgammaf, tanf
from .lanes import Lanes, Rows
from .logarithm import logf
from .scalars import as_float32, as_integer
from .threads import current

__all__ = ["gamma", "generalized_negative_binomial", "negative_binomial", "poisson"]

Array = NDArray[Any]
Floats = NDArray[np.float32]

_PI = np.float32(3.1415926)
_KNUTH = 12  # means from which on the product of uniform numbers would take too many


def gamma(
    alpha: Parameter = 1, beta: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Gamma numbers of shape alpha and scale beta.

    Args:
        alpha: the shape, a positive number; or an array of shapes.
        beta: the scale, a positive number; or an array of scales, as many.
        shape: of the result; None is one element. For arrays, of what is drawn for each of their elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: alpha or beta, a number, is not positive, an argument is no number of float32, the
            arrays have different shapes or dtypes, or the dtype is another.
        NotImplementedError: the arrays are of float16.

    >>> from glueball.mxnet import generators
    >>> generators.seed(7)
    >>> generators.gamma(2, 1, 2)
    array([2.9328253, 0.8821826], dtype=float32)
    """
    double = dtype_of(dtype, FLOATS, "_random_gamma") == "float64"

    def check(shapes: np.float32, scales: np.float32) -> None:
        for name, value in (("alpha", shapes), ("beta", scales)):
            if not value > 0:
                reason = f"{name} parameter in gamma distribution has to be positive"
                raise refuse(f"param.{name} > 0", (value, 0), reason)

    def make(lanes: Lanes, rows: Rows, shapes: Array, scales: Array) -> Array:
        return _gamma(lanes, rows, shapes, scales, np.float64 if double else np.float32)

    return _draw("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, check, make)


def poisson(
    lam: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Poisson numbers of mean lam.

    Args:
        lam: the mean, a number that is not negative; or an array of means.
        shape: of the result; None is one element. For an array, of what is drawn for each of its elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: lam, a number, is negative, it is no number of float32, or the dtype is another.
        NotImplementedError: the array is of float16.

    >>> from glueball.mxnet import generators
    >>> generators.seed(7)
    >>> generators.poisson(3, 4)
    array([6., 1., 7., 4.], dtype=float32)
    """

    def check(mean: np.float32) -> None:
        if not mean >= 0:
            reason = "lambda parameter in poisson distribution has to be non-negative"
            raise refuse("param.lam >= 0", (mean, 0), reason)

    return _draw("poisson", {"lam": lam}, shape, dtype, check, _poisson)


def negative_binomial(
    k: Parameter = 1, p: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Failures before the k-th success, where p is the probability of a success.

    Args:
        k: the successes, an integer that is not negative; or an array of numbers.
        p: the probability, a number; or an array of probabilities, as many.
        shape: of the result; None is one element. For arrays, of what is drawn for each of their elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: k, a number, is no integer or negative, p is a negative number, an argument is no number
            of float32, the arrays have different shapes or dtypes, or the dtype is another.
        NotImplementedError: the arrays are of float16.

    >>> from glueball.mxnet import generators
    >>> generators.seed(7)
    >>> generators.negative_binomial(3, 0.5, 4)
    array([4., 7., 3., 0.], dtype=float32)
    """
    if not isinstance(k, np.ndarray):
        k = as_integer(k, "k", "int", "_random_negative_binomial")

    def check(successes: np.float32, probability: np.float32) -> None:
        for name, value in (("k", successes), ("p", probability)):
            if not value >= 0:
                reason = f"{name} parameter in negative binomial distribution has to be non-negative"
                raise refuse(f"param.{name} >= 0", (value, 0), reason)

    def make(lanes: Lanes, rows: Rows, successes: Array, probabilities: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            scales = ((1 - probabilities.astype(np.float64)) / probabilities).astype(np.float32)
        means = _gamma(lanes, rows, successes, scales, np.float32)
        return _poisson(lanes, rows, means)

    return _draw("negative_binomial", {"k": k, "p": p}, shape, dtype, check, make)


def generalized_negative_binomial(
    mu: Parameter = 1, alpha: Parameter = 1, shape: Shape = None, dtype: DTypeLike = "float32"
) -> NDArray[np.floating[Any]]:
    """Poisson numbers whose mean is a gamma number of mean mu and variance alpha·mu².

    Args:
        mu: the mean, a number that is not negative; or an array of means.
        alpha: the dispersion, a number that is not negative; or an array of dispersions, as many.
        shape: of the result; None is one element. For arrays, of what is drawn for each of their elements.
        dtype: float16, float32 or float64.

    Raises:
        MXNetError: mu or alpha is a negative number, an argument is no number of float32, the arrays have
            different shapes or dtypes, or the dtype is another.
        NotImplementedError: the arrays are of float16.

    >>> from glueball.mxnet import generators
    >>> generators.seed(7)
    >>> generators.generalized_negative_binomial(2, 0.5, 2)
    array([4., 6.], dtype=float32)
    """

    def check(mean: np.float32, dispersion: np.float32) -> None:
        for name, value in (("mu", mean), ("alpha", dispersion)):
            if not value >= 0:
                reason = (
                    f"{name} parameter in generalized negative binomial distribution has to be non-negative"
                )
                raise refuse(f"param.{name} >= 0", (value, 0), reason)

    def make(lanes: Lanes, rows: Rows, means: Array, dispersions: Array) -> Array:
        mixed = means.astype(np.float32)
        spread = np.flatnonzero(dispersions != 0)
        shapes, scales = 1 / dispersions[spread], means[spread] * dispersions[spread]
        mixed[spread] = _gamma(lanes, rows[spread], shapes, scales, np.float32)
        return _poisson(lanes, rows, mixed)

    return _draw("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, check, make)


def _draw(
    name: str,
    parameters: dict[str, Parameter],
    shape: Shape,
    dtype: DTypeLike,
    check: Callable[..., None],
    make: Callable[..., Array],
) -> Array:
    """Numbers of a distribution whose words cannot be told in advance.

    Args:
        name: of the distribution.
        parameters: its parameters, by name: numbers or arrays.
        shape: of the result, or of what is drawn for each element of the arrays.
        dtype: of the result.
        check: raises the error of numbers that are out of range.
        make: from lanes, rows, and the parameters of each row to a number for each.
    """
    if any(isinstance(value, np.ndarray) for value in parameters.values()):
        operator = f"_sample_{name}"
        kind = dtype_of(dtype, FLOATS, operator)
        arrays, sizes = parameters_of(list(parameters.values()), shape, operator)
        if arrays[0].dtype == np.float16:
            raise NotImplementedError(f"{name} takes arrays of float32 or float64, not float16: use astype")
        each = prod(sizes) // max(1, arrays[0].size)
        values = [array.reshape(-1) for array in arrays]
    else:
        operator = f"_random_{name}"
        kind = dtype_of(dtype, FLOATS, operator)
        numbers = [as_float32(value, key, operator) for key, value in parameters.items()]
        check(*numbers)
        sizes = shape_of(shape)
        each = prod(sizes)
        values = [np.array([number]) for number in numbers]
    made_as = np.float64 if kind == "float64" else np.float32
    with np.errstate(all="ignore"):

        def one(lanes: Lanes, rows: Rows, outputs: Rows) -> Array:
            return make(lanes, rows, *(value[outputs // each] for value in values))

        made = current().parallel.draw_one_by_one(prod(sizes), made_as, one)
        return rounded_to(made, kind).reshape(sizes)


def _gamma(lanes: Lanes, rows: Rows, shapes: Array, scales: Array, dtype: type[np.floating[Any]]) -> Array:
    """A gamma number from each row; shapes and scales in their own dtype."""
    alpha = shapes.astype(np.float64)
    d = np.where(alpha < 1, alpha + 2.0 / 3.0, alpha - 1.0 / 3.0).astype(dtype)
    k = dtype(1) / np.sqrt(9.0 * d.astype(np.float64)).astype(dtype)
    c = dtype(1) / k
    result = np.empty(len(rows), dtype)
    waiting = np.arange(len(rows))
    while len(waiting):
        z = lanes.normal(rows[waiting], dtype)
        inside = z > -c[waiting]
        tried, z = waiting[inside], z[inside]
        u = lanes.uniform(rows[tried], dtype).astype(np.float64)
        x = dtype(1) + k[tried] * z
        v = x * x * x
        volume = v.astype(np.float64)
        bound = 0.5 * z.astype(np.float64) * z + d[tried] * (1.0 - volume + np.log(volume))
        accepted = np.log(1.0 - u) < bound
        result[tried[accepted]] = (d[tried] * v)[accepted]
        waiting = np.concatenate([waiting[~inside], tried[~accepted]])
    result = (result * scales.astype(np.float64)).astype(dtype)
    small = np.flatnonzero(alpha < 1)
    u = lanes.uniform(rows[small], dtype).astype(np.float64)
    exponents = (1.0 / alpha[small]).astype(dtype).astype(np.float64)
    if dtype is np.float32:
        power = u**exponents
    else:  # float64 shows the last bit, which NumPy and the C library do not agree on
        power = np.array(
            [float(base) ** float(exponent) for base, exponent in zip(u, exponents, strict=True)]
        )
    result[small] = (result[small] * power).astype(dtype)
    return result


def _poisson(lanes: Lanes, rows: Rows, means: Array) -> Array:
    """A Poisson number from each row."""
    means = means.astype(np.float32)
    result = np.empty(len(rows), np.float32)
    few = means < _KNUTH
    result[few] = _product(lanes, rows[few], means[few])
    result[~few] = _rejection(lanes, rows[~few], means[~few])
    return result


def _product(lanes: Lanes, rows: Rows, means: Floats) -> Floats:
    """How many uniform numbers can be multiplied before the product is exp(-mean) or less."""
    limit = np.exp(-means.astype(np.float64)).astype(np.float32)
    product = np.ones(len(rows), np.float32)
    counted = np.zeros(len(rows), np.float32)
    waiting = np.arange(len(rows))
    while len(waiting):
        product[waiting] *= lanes.uniform(rows[waiting], np.float32)
        waiting = waiting[product[waiting] > limit[waiting]]
        counted[waiting] += 1
    return counted


def _rejection(lanes: Lanes, rows: Rows, means: Floats) -> Floats:
    """Numbers under a Cauchy curve, kept with the ratio of the distribution to the curve."""
    one = np.float32(1)
    width = np.sqrt(np.float32(2) * means)
    logarithm = logf(means)
    top = means * logarithm - lgammaf(means + one)
    result = np.empty(len(rows), np.float32)
    waiting = np.arange(len(rows))
    while len(waiting):
        y = tanf(_PI * lanes.uniform(rows[waiting], np.float32))
        number = width[waiting] * y + means[waiting]
        inside = ~(number < 0)
        tried, y, number = waiting[inside], y[inside], np.floor(number[inside])
        exponent = number * logarithm[tried] - lgammaf(number + one) - top[tried]
        height = np.exp(exponent.astype(np.float64)).astype(np.float32)
        ratio = (0.9 * (1.0 + (y * y).astype(np.float64)) * height).astype(np.float32)
        accepted = ~(lanes.uniform(rows[tried], np.float32) > ratio)
        result[tried[accepted]] = number[accepted]
        waiting = np.concatenate([waiting[~inside], tried[~accepted]])
    return result
