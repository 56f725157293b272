"""Initializers whose scale comes from the layer's fans, so that signals keep their size through it.

fan_in is how many inputs one output sums over, fan_out how many outputs one input reaches; the
framework's adapter counts them by the layer's kind. A matrix that is packed with others (a recurrent
layer's gates, attention's q, k and v) has the fans of one. `fan=(in, out)` overrides the count, and
then serves parameters of one dimension too.

Three dialects meet here. Their differences are in what they call the same:

- **MXNet**: `Xavier(rnd_type, factor_type, magnitude)`, scale = sqrt(magnitude / fan), which is the
  standard deviation of a gaussian, or half the width of a uniform.
- **Keras** and JAX: `VarianceScaling(scale, mode, distribution)`; variance = scale / fan. Its normals
  (`GlorotNormal`, `HeNormal`, `LecunNormal`) are cut at two standard deviations and widened by
  1 / 0.8796, so that the variance is right after the cut.
- **torch** (in `kaiming`): `KaimingUniform`, `KaimingNormal`; std = gain(nonlinearity) / sqrt(fan). Its
  normals are not cut. `"xavier_normal"` by name is torch's too, `"glorot_normal"` Keras's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

from .. import streams
from ..errors import InitializerError
from .base import Initializer, Target, number, one_of

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "MSRAPrelu",
    "VarianceScaling",
    "Xavier",
]

Fan = tuple[float, float]

# What is left of the standard deviation of a normal cut at ±2 of it, as SciPy's truncnorm(-2, 2).std().
_CUT = 0.87962566103423978


@dataclass(repr=False, eq=False)
class Scaled(Initializer):
    """Base of those that are scaled by fans: `_scaled` gives the distribution for a pair of them."""

    fan: Fan | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.fan is None:
            return
        given: Any = self.fan
        try:
            fan_in, fan_out = (f.item() if hasattr(f, "item") else f for f in given)
            good = all(not isinstance(f, bool) and math.isfinite(f) and f > 0 for f in (fan_in, fan_out))
        except (TypeError, ValueError, RuntimeError):
            good = False
        if not good:
            raise InitializerError(
                f"{type(self).__name__}'s fan is {given!r}: write two numbers above 0, fan=(inputs, outputs)."
            )
        object.__setattr__(self, "fan", (fan_in, fan_out))

    @property
    def needs_fan(self) -> bool:
        """Unless it was given."""
        return self.fan is None

    def distribution(self, target: Target) -> streams.Distribution:
        """With the scale of this parameter's fans.

        Raises:
            InitializerError: the parameter has none, and none were given.
        """
        fans = self.fan or target.fans
        if fans is None:
            why = "its layer is not known, so neither is which axis is which"
            if len(target.shape) < 2:
                why = "fewer than two dimensions"
            raise InitializerError(
                f"{type(self).__name__} needs fan_in and fan_out, and {target.name!r} of shape "
                f"{target.shape} has none ({why}). Give it a rule of its own before "
                f"this one, {{{target.name!r}: 0}}, or give the fans: fan=(inputs, outputs)."
            )
        return _scaled(self, fans)

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        raise NotImplementedError


@lru_cache(maxsize=4096)  # a model has few shapes
def _scaled(how: Scaled, fans: Fan) -> streams.Distribution:
    return how._scaled(*fans)


@dataclass(repr=False, eq=False)
class Xavier(Scaled):
    """Scaled by the layer's fans so that signals keep their size; Glorot and Bengio (2010), eq. 16.

    scale = sqrt(magnitude / fan), where fan is fan_in, fan_out or their average. `"uniform"` draws from
    [-scale, scale], `"gaussian"` with standard deviation scale. The defaults are Glorot's uniform:
    [-sqrt(6 / (fan_in + fan_out)), +…]; `Xavier("gaussian", "in", 2)` is He's normal. Arguments and
    formula are those of MXNet's `init.Xavier`, whose fans differ for a transposed convolution (it
    reads any weight as outputs first).

    Args:
        rnd_type: `"uniform"` or `"gaussian"`.
        factor_type: `"avg"`, `"in"` or `"out"`.
        magnitude: above 0.
        fan: (fan_in, fan_out), to be taken instead of the layer's.

    Raises:
        InitializerError: an unknown kind, a magnitude that is not above 0, or, when used, a parameter
            of fewer than two dimensions, which has no fans.

    >>> import glueball as gb
    >>> from torch import nn
    >>> gb.collect_params(nn.Linear(4, 8)).select("weight").plan(gb.init.Xavier(), seed=0).rows[0].draws
    '[-0.7071, 0.7071]'
    """

    rnd_type: Literal["uniform", "gaussian"] = "uniform"
    factor_type: Literal["avg", "in", "out"] = "avg"
    magnitude: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "rnd_type", ("uniform", "gaussian"), "distribution")
        one_of(self, "factor_type", ("avg", "in", "out"), "fan")
        number(self, "magnitude", above=0)

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        scale = math.sqrt(self.magnitude / fan_of(self.factor_type, fan_in, fan_out))
        if self.rnd_type == "uniform":
            return streams.Uniform(-scale, scale)
        return streams.Normal(0.0, scale)


def fan_of(mode: str, fan_in: float, fan_out: float) -> float:
    """The fan that a mode names ("in", "fan_out", "avg"…), at least 1."""
    # A layer of no inputs has nothing to keep; Keras divides by one then, and so does everything here.
    return max({"in": fan_in, "out": fan_out}.get(mode.removeprefix("fan_"), (fan_in + fan_out) / 2), 1)


@dataclass(repr=False, eq=False)
class MSRAPrelu(Scaled):
    """Normal with std = sqrt(2 / ((1 + slope²) fan)), for layers before a PReLU of that slope.

    He et al. (2015), "Delving deep into rectifiers", eq. 15; arguments as MXNet's `init.MSRAPrelu`.

    Raises:
        InitializerError: an unknown fan, a slope that is no number, a parameter that has no fans.

    >>> import glueball as gb
    >>> gb.init.MSRAPrelu("in", slope=0)
    MSRAPrelu('in', 0)
    """

    factor_type: Literal["avg", "in", "out"] = "avg"
    slope: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "factor_type", ("avg", "in", "out"), "fan")
        number(self, "slope")

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        variance = 2 / (1 + self.slope**2) / fan_of(self.factor_type, fan_in, fan_out)
        return streams.Normal(0.0, math.sqrt(variance))


# ---- Keras's family -------------------------------------------------------------------------------------

Spread = Literal["truncated_normal", "untruncated_normal", "uniform"]


def _variance(scale: float, mode: str, spread: str, fan_in: float, fan_out: float) -> streams.Distribution:
    variance = scale / fan_of(mode, fan_in, fan_out)
    if spread == "uniform":
        bound = math.sqrt(3 * variance)
        return streams.Uniform(-bound, bound)
    if spread == "untruncated_normal":
        return streams.Normal(0.0, math.sqrt(variance))
    std = math.sqrt(variance) / _CUT
    return streams.TruncatedNormal(0.0, std, -2 * std, 2 * std)


@dataclass(init=False, repr=False, eq=False)
class VarianceScaling(Scaled):
    """Variance scale / fan, of one of three distributions; Keras's `VarianceScaling`, JAX's too.

    `"truncated_normal"` is cut at two standard deviations and widened by 1 / 0.8796, so that what is
    left has the variance; `"untruncated_normal"` has std = sqrt(scale / fan); `"uniform"` the bounds
    ±sqrt(3 scale / fan).

    Args:
        scale: above 0.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: the name of one of the three.
        fan: (fan_in, fan_out), to be taken instead of the layer's.

    Raises:
        InitializerError: an unknown name, a scale that is not above 0, a parameter that has no fans.

    >>> import glueball as gb
    >>> gb.init.VarianceScaling(2, "fan_out", "uniform")
    VarianceScaling(2, 'fan_out', 'uniform')
    """

    scale: float = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    spread: Spread = "truncated_normal"

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: Spread = "truncated_normal",
        *,
        fan: Fan | None = None,
    ) -> None:
        # Keras calls the argument `distribution`, which is a method here.
        for name, value in (("scale", scale), ("mode", mode), ("spread", distribution), ("fan", fan)):
            object.__setattr__(self, name, value)
        self.__post_init__()
        number(self, "scale", above=0)
        one_of(self, "mode", ("fan_in", "fan_out", "fan_avg"), "mode")
        one_of(self, "spread", ("truncated_normal", "untruncated_normal", "uniform"), "distribution")

    def _arguments(self) -> list[tuple[str, Any, bool]]:
        names = {"spread": "distribution"}
        return [(names.get(name, name), value, key) for name, value, key in super()._arguments()]

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        return _variance(self.scale, self.mode, self.spread, fan_in, fan_out)


class _Named(Scaled):
    form: ClassVar[tuple[float, str, Spread]]

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        return _variance(*self.form, fan_in, fan_out)


@dataclass(repr=False, eq=False)
class GlorotUniform(_Named):
    """Uniform in ±sqrt(6 / (fan_in + fan_out)); Glorot and Bengio (2010). Keras's default for weights.

    >>> import glueball as gb
    >>> gb.init.GlorotUniform(fan=(3, 3)).distribution(gb.init.Target("bias", (3,)))
    Uniform(low=-1.0, high=1.0)
    """

    form = (1.0, "fan_avg", "uniform")


@dataclass(repr=False, eq=False)
class GlorotNormal(_Named):
    """Variance 2 / (fan_in + fan_out), a normal cut at two deviations; Keras's `GlorotNormal`.

    `torch.nn.init.xavier_normal_` is not cut: `Xavier("gaussian", magnitude=1)`, or `"xavier_normal"`.

    >>> import glueball as gb
    >>> gb.init.GlorotNormal()
    GlorotNormal()
    """

    form = (1.0, "fan_avg", "truncated_normal")


@dataclass(repr=False, eq=False)
class HeUniform(_Named):
    """Uniform in ±sqrt(6 / fan_in); He et al. (2015). Keras's `HeUniform`, torch's for ReLU.

    >>> import glueball as gb
    >>> gb.init.HeUniform(fan=(6, 1)).distribution(gb.init.Target("bias", (3,)))
    Uniform(low=-1.0, high=1.0)
    """

    form = (2.0, "fan_in", "uniform")


@dataclass(repr=False, eq=False)
class HeNormal(_Named):
    """Variance 2 / fan_in, a normal cut at two deviations; Keras's `HeNormal`, He et al. (2015).

    `torch.nn.init.kaiming_normal_` is not cut: `KaimingNormal`.

    >>> import glueball as gb
    >>> gb.init.HeNormal(fan=(8, 1))
    HeNormal(fan=(8, 1))
    """

    form = (2.0, "fan_in", "truncated_normal")


@dataclass(repr=False, eq=False)
class LecunUniform(_Named):
    """Uniform in ±sqrt(3 / fan_in); LeCun et al. (1998), "Efficient backprop"; Keras's `LecunUniform`.

    >>> import glueball as gb
    >>> gb.init.LecunUniform(fan=(3, 1)).distribution(gb.init.Target("bias", (3,)))
    Uniform(low=-1.0, high=1.0)
    """

    form = (1.0, "fan_in", "uniform")


@dataclass(repr=False, eq=False)
class LecunNormal(_Named):
    """Variance 1 / fan_in, a normal cut at two deviations; Keras's and JAX's `LecunNormal`.

    >>> import glueball as gb
    >>> gb.init.LecunNormal()
    LecunNormal()
    """

    form = (1.0, "fan_in", "truncated_normal")
