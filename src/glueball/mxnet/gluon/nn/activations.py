"""Functions of each element as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ... import initializer
from ...base import MXNetError
from ...ndarray import NDArray
from ...ndarray.graph import raw
from .layer import Layer, type_name

__all__ = ["ELU", "GELU", "SELU", "Activated", "Activation", "LeakyReLU", "PReLU", "Swish"]

Tensor = torch.Tensor

_QUARTER = initializer.Constant(0.25)
_SELU_SCALE = 1.0507009873554804934193349852946

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
    "tanh": torch.tanh,
}


def unknown_activation(kind: Any) -> str:
    """What MXNet says of an activation that it does not have."""
    valid = ", ".join(f"'{name}'" for name in _ACTIVATIONS)
    return (
        f"Invalid Input: '{kind}', valid values are: {{{valid}}}, in operator Activation(name=\"\", "
        f'act_type="{kind}")'
    )


def must_be_floating(x: Tensor) -> None:
    """Refuse whole numbers.

    Raises:
        MXNetError: the elements are no floating-point numbers.
    """
    if not x.is_floating_point():
        raise MXNetError(f"This operation only support floating point types, not {type_name(x)}")


class Activation(Layer):
    """One of "relu", "sigmoid", "softrelu" (log(1 + eˣ)), "softsign" (x / (1 + |x|)), "tanh".

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> nn.Activation("relu")(nd.array([-1, 0, 2]))
    <BLANKLINE>
    [0. 0. 2.]
    <NDArray 3 @cpu(0)>
    """

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation
        super().__init__(**kwargs)
        self._act_type = activation

    def _alias(self) -> str:
        return str(self.__dict__["_act_type"])

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        function = _ACTIVATIONS.get(self._act_type)
        if function is None:
            raise MXNetError(unknown_activation(self._act_type))
        if function is not torch.relu:
            must_be_floating(x)
        return function(x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"


class Activated(Layer):
    """A layer with an activation after it, its child `act` or None; `linear` is what comes before."""

    _takes_tensors = True

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """What the layer computes before its activation."""
        raise NotImplementedError

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute on an array or on a tensor."""
        act = self._modules.get("act")
        if act is not None and (
            type(act) is not Activation or act._forward_hooks or act._forward_pre_hooks
        ):  # its own call has to be seen
            if type(x) is NDArray:
                return act(NDArray(self._run(self.linear, raw(x)), x._context))
            return act(self._run(self.linear, x))
        return super().forward(x, *args)

    def compute(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The linear part, then the activation."""
        y = self.linear(x, weight, bias)
        act: Any = self._modules.get("act")
        return y if act is None else act.compute(y)

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Set the weight's shape by the input's, where there is such an activation."""
        act = self._modules.get("act")
        if type(act) is Activation and act._act_type not in _ACTIVATIONS:
            raise MXNetError(unknown_activation(act._act_type))
        super().infer_shape(x, *args)


class LeakyReLU(Layer):
    """x where it is above 0, else alpha · x."""

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        assert alpha >= 0, "Slope coefficient for LeakyReLU must be no less than 0."
        super().__init__(**kwargs)
        self._alpha = alpha

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        must_be_floating(x)
        return functional.leaky_relu(x, self._alpha)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"


class PReLU(Layer):
    """LeakyReLU with a slope that is learnt, one for all or one for each channel.

    He et al. (2015), "Delving deep into rectifiers".

    Args:
        alpha_initializer: the slope's; 0.25 by default.
        in_channels: 1, or the number of channels (axis 1).
    """

    def __init__(self, alpha_initializer: Any = _QUARTER, in_channels: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.alpha: Any = self.params.get("alpha", shape=(in_channels,), init=alpha_initializer)

    def compute(self, x: Tensor, alpha: Tensor) -> Tensor:
        """Element by element."""
        must_be_floating(x)
        if x.dim() > 1:
            return functional.prelu(x, alpha)
        return torch.where(x > 0, x, alpha * x)


class ELU(Layer):
    """x where it is above 0, else alpha · (eˣ − 1). Clevert et al. (2016)."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._alpha = alpha

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        must_be_floating(x)
        return functional.elu(x, self._alpha)


class SELU(Layer):
    """ELU with the two constants that keep mean 0 and variance 1. Klambauer et al. (2017).

    As in MXNet the gradient below 0 is λ · (y + α), which is larger than that of y by (λ − 1) · y.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        must_be_floating(x)
        y = functional.selu(x)
        if not y.requires_grad:
            return y
        excess = (_SELU_SCALE - 1) * y.detach().clamp(max=0)
        return y + excess * (x - x.detach())


class GELU(Layer):
    """x · Φ(x), Φ the normal distribution's. Hendrycks and Gimpel (2016)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        must_be_floating(x)
        return functional.gelu(x)


class Swish(Layer):
    """x · sigmoid(beta · x). Ramachandran et al. (2017)."""

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._beta = beta

    def compute(self, x: Tensor) -> Tensor:
        """Element by element."""
        return x * torch.sigmoid(self._beta * x)
