"""torch's way to scale by fans: a gain for the nonlinearity that follows, over the root of one fan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from .. import streams
from ..errors import InitializerError
from .base import number, one_of
from .scaled import Scaled, fan_of

__all__ = ["KaimingNormal", "KaimingUniform", "gain"]

_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def gain(nonlinearity: str, a: float = 0.01) -> float:
    """What a layer before this nonlinearity is scaled by, as `torch.nn.init.calculate_gain`.

    1 for linear, convolutions and sigmoid; 5/3 for tanh; sqrt(2) for relu; sqrt(2 / (1 + a²)) for
    leaky_relu of slope `a`; 3/4 for selu.

    Raises:
        InitializerError: an unknown nonlinearity.

    >>> import glueball as gb
    >>> gb.init.gain("leaky_relu", 1)
    1.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + a**2))
    given: Any = nonlinearity
    if not isinstance(given, str) or given not in _GAINS:
        known = ", ".join(map(repr, [*_GAINS, "leaky_relu"]))
        raise InitializerError(f"no gain is known for {nonlinearity!r}. Known: {known}.")
    return _GAINS[nonlinearity]


@dataclass(repr=False, eq=False)
class _Kaiming(Scaled):
    a: float = 0.0
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    nonlinearity: str = "leaky_relu"

    def __post_init__(self) -> None:
        super().__post_init__()
        number(self, "a")
        one_of(self, "mode", ("fan_in", "fan_out"), "mode")
        gain(self.nonlinearity, self.a)

    def _std(self, fan_in: float, fan_out: float) -> float:
        return gain(self.nonlinearity, self.a) / math.sqrt(fan_of(self.mode, fan_in, fan_out))


@dataclass(repr=False, eq=False)
class KaimingUniform(_Kaiming):
    """Uniform in ±sqrt(3) gain / sqrt(fan), as `torch.nn.init.kaiming_uniform_`; He et al. (2015).

    Args:
        a: the slope of the leaky ReLU that follows; 0 is a ReLU.
        mode: `"fan_in"` keeps the size of signals, `"fan_out"` that of gradients.
        nonlinearity: what follows the layer; see `gain`.
        fan: (fan_in, fan_out), to be taken instead of the layer's.

    Raises:
        InitializerError: an unknown name, a slope that is no number, a parameter that has no fans.

    >>> import glueball as gb
    >>> gb.init.KaimingUniform(nonlinearity="tanh")
    KaimingUniform(nonlinearity='tanh')
    """

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        bound = math.sqrt(3) * self._std(fan_in, fan_out)
        return streams.Uniform(-bound, bound)


@dataclass(repr=False, eq=False)
class KaimingNormal(_Kaiming):
    """Normal with std = gain / sqrt(fan), not cut, as `torch.nn.init.kaiming_normal_`.

    Arguments and errors are those of `KaimingUniform`.

    >>> import glueball as gb
    >>> gb.init.KaimingNormal(mode="fan_out", nonlinearity="relu")
    KaimingNormal(mode='fan_out', nonlinearity='relu')
    """

    def _scaled(self, fan_in: float, fan_out: float) -> streams.Distribution:
        return streams.Normal(0.0, self._std(fan_in, fan_out))
