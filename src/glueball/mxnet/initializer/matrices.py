"""Initializers that look at the shape of the array: by its fans, or as one matrix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ndarray import NDArray, random
from .base import Initializer
from .registry import register

__all__ = ["Bilinear", "MSRAPrelu", "Orthogonal", "Xavier"]


@register
class Xavier(Initializer):
    """Scaled by the fans: scale = √(magnitude / factor); Glorot and Bengio (2010).

    Args:
        rnd_type: "uniform" (between ±scale) or "gaussian" (of deviation scale).
        factor_type: the factor: "in" (shape[1] times the kernel), "out" (shape[0] times it), or their "avg".
        magnitude: see above.

    Raises:
        ValueError: when used: an array of one dimension, an unknown type.

    >>> from glueball import mxnet as mx
    >>> weight = mx.gluon.Parameter("weight", shape=(100, 200))
    >>> weight.initialize(mx.init.Xavier())
    >>> bool(abs(weight.data().asnumpy()).max() <= (3 / 150) ** 0.5)
    True
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise ValueError(
                f"Xavier initializer cannot be applied to vector {name}. It requires at least 2D."
            )
        kernel = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * kernel, shape[0] * kernel
        factors = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}
        if self.factor_type not in factors:
            raise ValueError("Incorrect factor type")
        scale = math.sqrt(self.magnitude / factors[self.factor_type])
        if self.rnd_type == "uniform":
            random.uniform(-scale, scale, shape, arr.dtype, out=arr)
        elif self.rnd_type == "gaussian":
            random.normal(0, scale, shape, arr.dtype, out=arr)
        else:
            raise ValueError("Unknown random type")


@register
class MSRAPrelu(Xavier):
    """Xavier, gaussian, of magnitude 2 / (1 + slope²): for PReLU of that slope; He et al. (2015)."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Orthogonal(Initializer):
    """Rows, or columns where there are more of them, at right angles; Saxe et al. (2013).

    Args:
        scale: their length.
        rand_type: "uniform" or "normal": what is drawn for the decomposition to start from.
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, _: str, arr: NDArray) -> None:
        shape = arr.shape[0], math.prod(arr.shape[1:])
        if self.rand_type == "uniform":
            drawn = random.uniform(-1.0, 1.0, shape).asnumpy()
        elif self.rand_type == "normal":
            drawn = random.normal(0.0, 1.0, shape).asnumpy()
        else:
            raise ValueError(f"Orthogonal draws 'uniform' or 'normal' numbers, not {self.rand_type!r}")
        left, _lengths, right = np.linalg.svd(drawn, full_matrices=False)
        arr[:] = self.scale * (left if left.shape == shape else right).reshape(arr.shape)


@register
class Bilinear(Initializer):
    """Kernels (…, …, height, width) that upsample by bilinear interpolation."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: NDArray) -> None:
        height, width = arr.shape[2], arr.shape[3]
        half = math.ceil(width / 2.0)
        centre = (2 * half - 1 - half % 2) / (2.0 * half)

        def falling(count: int) -> Any:
            return 1 - abs(np.arange(count) / half - centre)

        arr[:] = np.broadcast_to(np.outer(falling(height), falling(width)), arr.shape).astype(np.float32)
