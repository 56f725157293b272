"""Initializers that treat each element alike: given values, and one distribution."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..base import MXNetError
from ..ndarray import NDArray, random
from ..ndarray.graph import writable
from .base import Initializer
from .registry import alias, create, register

__all__ = ["Constant", "FusedRNN", "LSTMBias", "Normal", "One", "Uniform", "Zero"]


@alias("zeros")
@register
class Zero(Initializer):
    """Zeros."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: NDArray) -> None:
        writable(arr).zero_()


@alias("ones")
@register
class One(Initializer):
    """Ones."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: NDArray) -> None:
        writable(arr).fill_(1)


@register
class Constant(Initializer):
    """One value everywhere, or the values of an array, spread over the parameter's shape.

    >>> from glueball import mxnet as mx
    >>> weight = mx.gluon.Parameter("weight", shape=(2, 2))
    >>> weight.initialize(mx.init.Constant([1, 2]))
    >>> weight.data()
    <BLANKLINE>
    [[1. 2.]
     [1. 2.]]
    <NDArray 2x2 @cpu(0)>
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        return bool(np.array_equal(_array(self.value), _array(other.value)))

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        """Its name and its value; an array as a list."""
        value = _array(self.value)
        plain = self.value if isinstance(self.value, (int, float, str)) else value.tolist()
        return json.dumps(["constant", {"value": plain}])


def _array(value: Any) -> Any:
    return value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)


@register
class Uniform(Initializer):
    """Even between -scale and scale."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.uniform(-self.scale, self.scale, arr.shape, arr.dtype, out=arr)


@register
class Normal(Initializer):
    """Normal with mean 0 and deviation sigma."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.normal(0, self.sigma, arr.shape, arr.dtype, out=arr)


@register
class LSTMBias(Initializer):
    """Zeros, but `forget_bias` for the forget gate, the second quarter; Jozefowicz et al. (2015)."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 0
        hidden = arr.shape[0] // 4
        arr[hidden : 2 * hidden] = self.forget_bias


@register
class FusedRNN(Initializer):
    """For the one array in which MXNet's fused recurrent operator keeps its weights: not there.

    Args:
        init: for the weights inside; None takes the one that the model is initialised with.
        num_hidden: width of a layer.
        num_layers: how many.
        mode: "rnn_relu", "rnn_tanh", "lstm" or "gru".
        bidirectional: whether it runs both ways.
        forget_bias: of an LSTM's forget gate.
    """

    def __init__(
        self,
        init: Any,
        num_hidden: int,
        num_layers: int,
        mode: str,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        if isinstance(init, str):
            init = create(*_read(init))
        super().__init__(
            init=None if init is None else init.dumps(),
            num_hidden=num_hidden,
            num_layers=num_layers,
            mode=mode,
            bidirectional=bidirectional,
            forget_bias=forget_bias,
        )
        self._init = init

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise MXNetError(
            f"FusedRNN cannot fill {name!r}: the fused recurrent operator is not here. Gluon's recurrent "
            "layers keep each gate's weights in parameters of their own: initialise those, or take "
            "torch.nn.LSTM."
        )


def _read(written: str) -> tuple[Any, ...]:
    name, arguments = json.loads(written)
    return name, *arguments.values()
