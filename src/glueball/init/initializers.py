"""The initializers, and how what a user writes becomes one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from .. import streams
from ..errors import InitializerError
from ..patterns import nearest

__all__ = [
    "NAMES",
    "Constant",
    "Function",
    "Initializer",
    "Normal",
    "One",
    "Target",
    "Uniform",
    "Xavier",
    "Zero",
    "as_initializer",
]


class Target(NamedTuple):
    """What an initializer may know of the parameter that it is for.

    `fans` is (fan_in, fan_out) as the layer's kind counts them, None below two dimensions.
    """

    name: str
    shape: tuple[int, ...]
    fans: tuple[int, int] | None


class Initializer:
    """Says how a parameter begins. Subclass it and write `_init_weight` for a rule of your own.

    `_init_weight(name, data)` is given the parameter's name and an array of the model's framework, with
    the parameter's shape, dtype and device, and fills it in place. What it draws from its framework's
    global generator is drawn under a seed made from (seed, name), so it too depends on these alone.

    >>> import glueball as gb, torch
    >>> class Sparse(gb.init.Initializer):
    ...     def _init_weight(self, name, data):
    ...         data[:] = torch.empty_like(data).uniform_(-10, 10)
    ...         data *= data.abs() >= 5
    >>> layer = torch.nn.Linear(4, 8)
    >>> _ = gb.initialize(layer, {"weight": Sparse(), "bias": 0}, seed=0)
    >>> values = layer.weight.abs()
    >>> bool(((values == 0) | (values >= 5)).all())
    True
    """

    needs_fan: ClassVar[bool] = False

    def distribution(self, target: Target) -> streams.Distribution | None:
        """The distribution to draw from for this parameter; None for one that is not drawn so."""
        return None

    def _init_weight(self, name: str, data: Any) -> None:
        raise InitializerError(
            f"{type(self).__name__} says neither a distribution nor how to fill {name!r}: "
            f"give it a method _init_weight(self, name, data) that fills data in place."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Given(Initializer):
    """Base of those that put one given value: a number, an array or a Parameter."""

    given: Any


@dataclass(frozen=True, repr=False)
class Zero(Given):
    """All elements 0."""

    given = 0


@dataclass(frozen=True, repr=False)
class One(Given):
    """All elements 1."""

    given = 1


@dataclass(frozen=True, eq=False)
class Constant(Given):
    """All elements one number, or the elements of an array (or Parameter) of the parameter's shape."""

    value: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", self.value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant):
            return NotImplemented
        return self.value is other.value or bool(np.array_equal(as_array(self.value), as_array(other.value)))

    def __hash__(self) -> int:
        return hash((Constant, as_array(self.value).tobytes()))

    def __repr__(self) -> str:
        shape = getattr(self.value, "shape", ())
        if shape:
            return f"Constant(<{type(self.value).__name__} {'×'.join(map(str, shape))}>)"
        return f"Constant({self.value!r})"


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """A given constant as a NumPy array; a Parameter and a tensor by their own `numpy()`."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach"):
        value = value.detach()
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


class Drawn(Initializer):
    """Base of those that draw from a stream with the same arguments everywhere."""

    drawn: streams.Distribution

    def distribution(self, target: Target) -> streams.Distribution:
        """The same for every parameter."""
        return self.drawn


@dataclass(frozen=True, init=False)
class Uniform(Drawn):
    """Uniform in [low, high]; `Uniform(scale)` is [-scale, scale], and `Uniform()` [-0.07, 0.07].

    The interval is closed, since its ends are reached by rounding. 0.07 is MXNet's default scale.

    Raises:
        InitializerError: low above high, or not finite.
    """

    low: float
    high: float
    drawn: streams.Uniform = field(repr=False, compare=False)

    def __init__(self, low: float = 0.07, high: float | None = None) -> None:
        if high is None:
            if low < 0:
                raise InitializerError(f"Uniform({low}): a scale is not negative; write {-low}.")
            low, high = -low, low
        object.__setattr__(self, "low", float(low))
        object.__setattr__(self, "high", float(high))
        object.__setattr__(self, "drawn", streams.Uniform(self.low, self.high))

    def __repr__(self) -> str:
        return f"Uniform({self.low:g}, {self.high:g})"


@dataclass(frozen=True, init=False)
class Normal(Drawn):
    """Normal with standard deviation `std` (0.01, MXNet's default) and a mean (0).

    The mean is given by name only: `Normal(0, 0.01)` means one thing to a user of torch and another to
    a user of MXNet, so it is refused.

    Raises:
        InitializerError: a negative standard deviation, or one that is not finite.
    """

    std: float
    mean: float
    drawn: streams.Normal = field(repr=False, compare=False)

    def __init__(self, std: float = 0.01, *more: float, mean: float = 0.0) -> None:
        if more:
            raise InitializerError(
                f"Normal({std}, {', '.join(map(str, more))}) could mean two things: "
                f"write Normal({more[0]}, mean={std})."
            )
        object.__setattr__(self, "std", float(std))
        object.__setattr__(self, "mean", float(mean))
        object.__setattr__(self, "drawn", streams.Normal(self.mean, self.std))

    def __repr__(self) -> str:
        return f"Normal({self.std:g}" + (f", mean={self.mean:g})" if self.mean else ")")


@dataclass(frozen=True, repr=False)
class Xavier(Initializer):
    """Scaled by the layer's fans so that signals keep their size; Glorot and Bengio (2010), eq. 16.

    scale = sqrt(magnitude / fan), where fan is fan_in, fan_out or their average. `"uniform"` draws from
    [-scale, scale], `"gaussian"` with standard deviation scale. The defaults are Glorot's uniform:
    [-sqrt(6 / (fan_in + fan_out)), +…]; `Xavier("gaussian", "in", 2)` is He's normal. Arguments and
    formula are those of MXNet's `init.Xavier`.

    Raises:
        InitializerError: an unknown kind, a magnitude that is not above 0, or, when used, a parameter
            of fewer than two dimensions, which has no fans.
    """

    rnd_type: Literal["uniform", "gaussian"] = "uniform"
    factor_type: Literal["avg", "in", "out"] = "avg"
    magnitude: float = 3.0

    needs_fan: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for asked, known, what in (
            (self.rnd_type, ("uniform", "gaussian"), "distribution"),
            (self.factor_type, ("avg", "in", "out"), "fan"),
        ):
            if asked not in known:
                raise InitializerError(
                    f"Xavier has no {what} {asked!r}: write {' or '.join(map(repr, known))}."
                )
        if not (self.magnitude > 0 and math.isfinite(self.magnitude)):
            raise InitializerError(f"Xavier's magnitude is {self.magnitude}: write one above 0.")

    def distribution(self, target: Target) -> streams.Distribution:
        """With the scale of this parameter's fans."""
        if target.fans is None:
            raise InitializerError(
                f"Xavier needs fan_in and fan_out, and {target.name!r} of shape {target.shape} has none "
                f"(fewer than two dimensions). Give it a rule of its own before this one: "
                f"{{{target.name!r}: 0}}."
            )
        return self._scaled(*target.fans)

    @lru_cache(maxsize=1024)  # noqa: B019 - a frozen value; a model has few shapes
    def _scaled(self, fan_in: int, fan_out: int) -> streams.Distribution:
        fan = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[self.factor_type]
        scale = math.sqrt(self.magnitude / max(fan, 1))
        if self.rnd_type == "uniform":
            return streams.Uniform(-scale, scale)
        return streams.Normal(0.0, scale)

    def __repr__(self) -> str:
        given = [repr(self.rnd_type), repr(self.factor_type), f"{self.magnitude:g}"]
        defaults = ["'uniform'", "'avg'", "3"]
        while given and given[-1] == defaults[len(given) - 1]:
            given.pop()
        return f"Xavier({', '.join(given)})"


@dataclass(frozen=True)
class Function(Initializer):
    """A function that fills the array it is given, in place: `torch.nn.init.orthogonal_`, your own.

    What it draws from its framework's global generator is drawn under a seed made from (seed, name).
    """

    fill: Callable[[Any], Any]

    def _init_weight(self, name: str, data: Any) -> None:
        self.fill(data)

    def __repr__(self) -> str:
        return getattr(self.fill, "__name__", repr(self.fill))


NAMES: dict[str, Callable[[], Initializer]] = {
    "zero": Zero,
    "zeros": Zero,
    "one": One,
    "ones": One,
    "uniform": Uniform,
    "normal": Normal,
    "xavier": Xavier,
}
"""The names that stand for an initializer with its defaults."""


def as_initializer(given: Any) -> Initializer:
    """What a user wrote in a rule, as an initializer.

    Raises:
        InitializerError: it is nothing that can initialise, or an unknown name.
    """
    if isinstance(given, Initializer):
        return given
    if isinstance(given, str):
        make = NAMES.get(given.lower())
        if make is None:
            near = ", ".join(map(repr, nearest(given, list(NAMES))))
            raise InitializerError(f"no initializer is called {given!r}. Nearest names: {near}.")
        return make()
    if isinstance(given, type) and issubclass(given, Initializer):
        raise InitializerError(f"{given.__name__} is the class: write {given.__name__}().")
    if isinstance(given, (bool, int, float, complex, np.generic, list, tuple)) or hasattr(given, "shape"):
        return Constant(given)
    if callable(given) and not isinstance(given, type):
        return Function(given)
    raise InitializerError(
        f"{given!r} is no initializer. Write one of glueball.init, a number, an array, a Parameter, "
        f"a name such as 'xavier', or a function that fills an array."
    )
