"""How parameters begin, by MXNet's names and MXNet's numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .base import MXNetType
from .ndarray import NDArray, random

__all__ = [
    "Constant",
    "InitDesc",
    "Initializer",
    "Normal",
    "One",
    "Uniform",
    "Xavier",
    "Zero",
    "create",
    "register",
]

_REGISTRY: dict[str, type[Initializer]] = {}


def same_type(one: Any, other: Any) -> bool:
    """Whether two ways of writing a dtype mean the same."""
    return bool(np.dtype(one) == np.dtype(other))


class InitDesc(str):
    """A Parameter's name, with what is known of it besides."""

    attrs: Mapping[str, Any]

    def __new__(cls, name: str, attrs: Mapping[str, Any] | None = None) -> InitDesc:
        """A name with attributes."""
        made = super().__new__(cls, name)
        made.attrs = attrs or {}
        return made


def register(klass: type[Initializer]) -> type[Initializer]:
    """Make a class known by its name in lower case."""
    _REGISTRY[klass.__name__.lower()] = klass
    return klass


def create(init: Any, **arguments: Any) -> Any:
    """An initializer by itself, or by its registered name."""
    if isinstance(init, Initializer):
        return init
    if isinstance(init, str):
        name = init.lower()
        assert name in _REGISTRY, f"{init} is not registered. Please register with initializer.register first"
        return _REGISTRY[name](**arguments)
    return init


class Initializer(metaclass=MXNetType):
    """Fills arrays. Write a subclass with `_init_weight(self, name, data)` that fills `data` in place."""

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False

    def set_verbosity(self, verbose: bool = False, print_func: Any = None) -> Initializer:
        """Whether it prints what it fills."""
        self._verbose = verbose
        return self

    def __call__(self, desc: InitDesc, arr: NDArray) -> None:
        """Fill an array."""
        init = desc.attrs.get("__init__")
        (self if init is None else create(init))._init_weight(desc, arr)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError("Must override it")


@register
class Zero(Initializer):
    """Zeros."""

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = 0


_REGISTRY["zeros"] = Zero


@register
class One(Initializer):
    """Ones."""

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = 1


_REGISTRY["ones"] = One


@register
class Constant(Initializer):
    """One value everywhere, or the values of an array."""

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = self.value


@register
class Uniform(Initializer):
    """Even between -scale and scale."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.uniform(-self.scale, self.scale, arr.shape, out=arr)


@register
class Normal(Initializer):
    """Normal with mean 0."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.normal(0, self.sigma, arr.shape, out=arr)


@register
class Xavier(Initializer):
    """Scaled by the fans: scale = sqrt(magnitude / factor); Glorot and Bengio (2010)."""

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
        field = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * field, shape[0] * field
        factor = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[self.factor_type]
        scale = math.sqrt(self.magnitude / factor)
        if self.rnd_type == "uniform":
            random.uniform(-scale, scale, shape, out=arr)
        else:
            random.normal(0, scale, shape, out=arr)
