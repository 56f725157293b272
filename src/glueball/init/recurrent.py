"""Biases of recurrent layers: gates that begin open, so that a network remembers from the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InitializerError
from .base import Target, Whole, number

__all__ = ["ForgetBias", "LSTMBias"]


@dataclass(repr=False, eq=False)
class LSTMBias(Whole):
    """An LSTM's packed bias: `forget_bias` for the forget gate, 0 for the others.

    Gates lie packed as i, f, g, o, in torch and in MXNet: the second quarter is the forget gate's. As
    MXNet's `init.LSTMBias`; Jozefowicz et al. (2015) found 1 better than 0. torch adds two biases,
    `bias_ih` and `bias_hh`: give it to one of them, or write `ForgetBias`, which shares between them.

    Raises:
        InitializerError: a bias that is no number, or a parameter that is no vector of four parts.

    >>> import glueball as gb
    >>> from torch import nn
    >>> lstm = nn.LSTMCell(3, 2)
    >>> rules = {"bias_ih": gb.init.LSTMBias(), "bias_hh": 0, ".*": "orthogonal"}
    >>> gb.initialize(lstm, rules, seed=0).bias_ih.data
    tensor([0., 0., 1., 1., 0., 0., 0., 0.])
    """

    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        number(self, "forget_bias")

    def check(self, target: Target) -> None:
        """A vector of four parts."""
        if len(target.shape) != 1 or target.shape[0] % 4:
            raise InitializerError(
                f"{self!r} needs a vector of four gates, and {target.name!r} has shape {target.shape}. "
                f"Name the biases of LSTM layers in its rule."
            )

    def values(self, target: Target, seed: int) -> NDArray[np.float64]:
        """The same whatever the seed."""
        values = np.zeros(target.shape)
        size = target.shape[0] // 4
        values[size : 2 * size] = self.forget_bias
        return values


@dataclass(repr=False, eq=False)
class ForgetBias(Whole):
    """A recurrent layer's biases such that the gate that keeps the state begins at `bias`, others at 0.

    That is an LSTM's forget gate, and a GRU's update gate z (h' = z h + (1 − z) n). The layer adds two
    biases, `bias_ih` and `bias_hh`; each gets half, so that one rule serves both: Gers, Schmidhuber and
    Cummins (2000), Jozefowicz et al. (2015). A layer of Keras adds one bias, or two in the rows of one array.

    Raises:
        InitializerError: a bias that is no number, or a parameter that is no bias of an LSTM or a GRU.

    >>> import glueball as gb
    >>> from torch import nn
    >>> gru = gb.initialize(nn.GRU(3, 1), {r"bias.*": gb.init.ForgetBias(1), ".*": "orthogonal"}, seed=0)
    >>> gru.bias_ih_l0.data, gru.bias_hh_l0.data
    (tensor([0.0000, 0.5000, 0.0000]), tensor([0.0000, 0.5000, 0.0000]))
    """

    bias: float = 1.0

    def __post_init__(self) -> None:
        number(self, "bias")

    def check(self, target: Target) -> None:
        """A vector whose layer has gates."""
        plain = len(target.shape) == 1 + target.along and target.fans is None
        if not plain or not {"f", "z"} & set(target.parts):
            raise InitializerError(
                f"{self!r} is for the biases of LSTM and GRU layers, and {target.name!r} of shape "
                f"{target.shape} is none. Name them in its rule."
            )

    def values(self, target: Target, seed: int) -> NDArray[np.float64]:
        """The same whatever the seed."""
        values = np.zeros(target.shape)
        for gate, block in zip(target.parts, target.blocks(values), strict=True):
            if gate in ("f", "z"):
                block[...] = self.bias / target.biases
        return values
