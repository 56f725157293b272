"""Initializers that draw from one distribution, whatever the parameter: Uniform, Normal, TruncatedNormal."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import streams
from ..errors import InitializerError
from .base import Drawn, number, written

__all__ = ["Normal", "TruncatedNormal", "Uniform"]


@dataclass(init=False, repr=False, eq=False)
class Uniform(Drawn):
    """Uniform in [low, high]; `Uniform(scale)` is [-scale, scale], and `Uniform()` [-0.07, 0.07].

    The interval is closed, since its ends are reached by rounding. 0.07 is MXNet's default scale.

    Raises:
        InitializerError: low above high, or not finite.

    >>> import glueball as gb
    >>> gb.init.Uniform(0.5)
    Uniform(-0.5, 0.5)
    """

    low: float
    high: float
    drawn: streams.Uniform = field(init=False, repr=False, compare=False)

    def __init__(self, low: float = 0.07, high: float | None = None) -> None:
        object.__setattr__(self, "low", low)
        number(self, "low")
        if high is None:
            if low < 0:
                raise InitializerError(f"Uniform({low}): a scale is not negative; write {-low}.")
            object.__setattr__(self, "low", -self.low + 0.0)
            high = low
        object.__setattr__(self, "high", high)
        number(self, "high")
        object.__setattr__(self, "drawn", streams.Uniform(self.low, self.high))


@dataclass(init=False, repr=False, eq=False)
class Normal(Drawn):
    """Normal with standard deviation `std` (0.01, MXNet's default) and a mean (0).

    The mean is given by name only: `Normal(0, 0.01)` means one thing to a user of torch and another to
    a user of MXNet, so it is refused.

    Raises:
        InitializerError: a negative standard deviation, or one that is not finite, or two positional
            arguments.

    >>> import glueball as gb
    >>> gb.init.Normal(0.02)
    Normal(0.02)
    """

    std: float = 0.01
    mean: float = field(default=0.0, kw_only=True)
    drawn: streams.Normal = field(init=False, repr=False, compare=False)

    def __init__(self, std: float = 0.01, *more: float, mean: float = 0.0) -> None:
        if more:
            raise InitializerError(
                f"Normal({std}, {', '.join(map(str, more))}) could mean two things: "
                f"write Normal({more[0]}, mean={std})."
            )
        object.__setattr__(self, "std", std)
        object.__setattr__(self, "mean", mean)
        number(self, "std", low=0)
        number(self, "mean")
        object.__setattr__(self, "drawn", streams.Normal(self.mean, self.std))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({written(self.std)}" + (
            f", mean={written(self.mean)})" if self.mean else ")"
        )


@dataclass(repr=False, eq=False)
class TruncatedNormal(Drawn):
    """Normal with `std` and `mean`, conditioned on lying in [low, high]; by default mean ± 2 std.

    `std` is that of the normal before it is cut: cut at two, 0.8796 of it remain (VarianceScaling
    corrects for that). This is Keras's `TruncatedNormal` and JAX's `truncated_normal`, and
    `torch.nn.init.trunc_normal_` with its bounds given: torch's own are −2 and 2 whatever the `std`,
    which cuts nothing at `std=0.02`. Nothing is rejected and drawn again: one word, one value.

    Args:
        std: above 0.
        mean: of the normal before it is cut.
        low, high: bounds as they are, not multiples of `std`; infinities are allowed.

    Raises:
        InitializerError: a wrong argument, or bounds that hold less than 2^-53 of the normal.

    >>> import glueball as gb
    >>> gb.init.TruncatedNormal(0.02)
    TruncatedNormal(0.02)
    >>> gb.init.TruncatedNormal(1, low=0, high=3)
    TruncatedNormal(1, low=0, high=3)
    """

    std: float = 0.01
    mean: float = field(default=0.0, kw_only=True)
    low: float | None = field(default=None, kw_only=True)
    high: float | None = field(default=None, kw_only=True)
    drawn: streams.TruncatedNormal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        number(self, "std", above=0)
        number(self, "mean")
        low = self.mean - 2 * self.std if self.low is None else self.low
        high = self.mean + 2 * self.std if self.high is None else self.high
        drawn = streams.TruncatedNormal(self.mean, self.std, low, high)
        object.__setattr__(self, "drawn", drawn)
        for name in ("low", "high"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, getattr(drawn, name))

    def __repr__(self) -> str:
        shown = [written(self.std)]
        for name, default in (("mean", 0.0), ("low", None), ("high", None)):
            if getattr(self, name) != default:
                shown.append(f"{name}={written(getattr(self, name))}")
        return f"{type(self).__name__}({', '.join(shown)})"
