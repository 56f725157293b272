"""Functions of each element: `nd.exp(x)`, `x.relu()`, `nd.clip(x, -1, 1)`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ...base import MXNetError
from ..dtypes import torch_dtype
from ..followed import flat
from ..ndarray import Tensor
from ..register import operator
from .binary import same_shapes, same_types

__all__: list[str] = []


def _in_floats(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function on integers too: computed in float32, cut to the integers' type again."""

    def compute(data: Tensor) -> Tensor:
        if data.is_floating_point():
            return function(data)
        if data.dtype is torch.bool:
            raise MXNetError("Unknown type enum 7")
        return function(data.float()).to(data.dtype)

    return compute


def _exact(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function that leaves integers as they are."""
    return lambda data: function(data) if data.is_floating_point() else data.clone()


class _CubeRoot(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor) -> Tensor:
        return data.abs().double().pow(1 / 3).to(data.dtype) * data.sign()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (root,) = ctx.saved_tensors
        gradient: Tensor = gradients[0] / (3 * root * root)
        return gradient


def _cube_root(data: Tensor) -> Tensor:
    root: Tensor = _CubeRoot.apply(data)  # type: ignore[no-untyped-call]
    return root


def _gamma(data: Tensor) -> Tensor:
    """Γ(x) = ±exp(log|Γ(x)|), below zero negative between every other pair of its poles."""
    below = (data < 0) & (data.floor() % 2 != 0)
    size = torch.exp(torch.lgamma(data.double())).to(data.dtype)
    size = size.masked_fill((data < 0) & (data == data.floor()), torch.nan)
    return torch.where(below, -size, size)


def _halves_away(data: Tensor) -> Tensor:
    whole = data.trunc()
    return torch.where((data - whole).abs() >= 0.5, whole + data.sign(), whole)


def _halves_down(data: Tensor) -> Tensor:
    below = data.floor()
    return torch.where(data - below > 0.5, below + 1, below)


_UNARY: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "sqrt": ("√x", _in_floats(torch.sqrt)),
    "rsqrt": ("1/√x", _in_floats(torch.rsqrt)),
    "cbrt": ("The cube root.", _in_floats(_cube_root)),
    "rcbrt": ("1 over the cube root.", _in_floats(lambda x: 1 / _cube_root(x))),
    "square": ("x²", torch.square),
    "exp": ("eˣ", _in_floats(torch.exp)),
    "expm1": ("eˣ − 1, exact near 0.", _in_floats(torch.expm1)),
    "log": ("The natural logarithm.", _in_floats(torch.log)),
    "log2": ("The logarithm to base 2.", _in_floats(torch.log2)),
    "log10": ("The logarithm to base 10.", _in_floats(torch.log10)),
    "log1p": ("log(1 + x), exact near 0.", _in_floats(torch.log1p)),
    "sin": ("The sine.", _in_floats(torch.sin)),
    "cos": ("The cosine.", _in_floats(torch.cos)),
    "tan": ("The tangent.", _in_floats(torch.tan)),
    "arcsin": ("The inverse sine.", _in_floats(torch.asin)),
    "arccos": ("The inverse cosine.", _in_floats(torch.acos)),
    "arctan": ("The inverse tangent.", _in_floats(torch.atan)),
    "sinh": ("The hyperbolic sine.", _in_floats(torch.sinh)),
    "cosh": ("The hyperbolic cosine.", _in_floats(torch.cosh)),
    "tanh": ("The hyperbolic tangent.", _in_floats(torch.tanh)),
    "arcsinh": ("The inverse hyperbolic sine.", _in_floats(torch.asinh)),
    "arccosh": ("The inverse hyperbolic cosine.", _in_floats(torch.acosh)),
    "arctanh": ("The inverse hyperbolic tangent.", _in_floats(torch.atanh)),
    "degrees": ("Radians to degrees.", _in_floats(lambda x: x * (180 / math.pi))),
    "radians": ("Degrees to radians.", _in_floats(lambda x: x * (math.pi / 180))),
    "abs": ("|x|", torch.abs),
    "sign": ("−1, 0 or 1.", torch.sign),
    "relu": ("max(x, 0)", torch.relu),
    "round": ("To the nearest integer; halves away from 0.", _exact(_halves_away)),
    "rint": ("To the nearest integer; halves downwards.", _exact(_halves_down)),
    "fix": ("To the nearest integer towards 0.", _exact(torch.trunc)),
    "trunc": ("To the nearest integer towards 0.", _exact(torch.trunc)),
    "floor": ("To the nearest integer below.", _exact(torch.floor)),
    "ceil": ("To the nearest integer above.", _exact(torch.ceil)),
    "reciprocal": ("1/x", _in_floats(torch.reciprocal)),
    "sigmoid": ("1 / (1 + e⁻ˣ)", _in_floats(torch.sigmoid)),
    "softsign": ("x / (1 + |x|)", _in_floats(torch.nn.functional.softsign)),
    "gamma": ("The gamma function.", _in_floats(_gamma)),
    "gammaln": ("The logarithm of the gamma function's size.", _in_floats(torch.lgamma)),
    "erf": ("The error function.", _in_floats(torch.erf)),
    "erfinv": ("The inverse of the error function.", _in_floats(torch.erfinv)),
    "negative": ("−x", torch.neg),
    "logical_not": ("1 where x is 0, else 0.", lambda x: flat((x == 0).to(x.dtype), x)),
}
_NOT_METHODS = {"softsign", "gamma", "gammaln", "erf", "erfinv", "negative", "logical_not"}


def _install(name: str, meaning: str, function: Callable[[Tensor], Tensor]) -> None:
    def unary(data: Tensor) -> Tensor:
        return function(data)

    unary.__name__ = unary.__qualname__ = name
    unary.__doc__ = meaning
    operator(fresh=True, method=name not in _NOT_METHODS)(unary)


for _name, (_meaning, _function) in _UNARY.items():
    _install(_name, _meaning, _function)


@operator(names=("_copy",))
def identity(data: Tensor) -> Tensor:
    """A copy."""
    return data.clone()


@operator(names=("stop_gradient",))
def BlockGrad(data: Tensor) -> Tensor:
    """The values, through which no gradient goes back."""
    return flat(data.detach().clone(), data)


class _Loss(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, gradient: Tensor) -> Tensor:
        return data.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return ctx.saved_tensors[0], None


@operator
def make_loss(data: Tensor) -> Tensor:
    """The values as a loss: its gradient is 1 everywhere, whatever comes back to it."""
    loss: Tensor = _Loss.apply(data, torch.ones_like(data))  # type: ignore[no-untyped-call]
    return loss


@operator
def MakeLoss(
    data: Tensor, grad_scale: float = 1.0, valid_thresh: float = 0.0, normalization: str = "null"
) -> Tensor:
    """The values as a loss with gradient `grad_scale`, whatever comes back to it.

    Args:
        data: the loss.
        grad_scale: its gradient.
        valid_thresh: which elements "valid" counts: those above it.
        normalization: what the gradient is divided by: "null" (nothing), "batch" or "valid".
    """
    scale = torch.full_like(data, grad_scale)
    if normalization == "batch":
        scale = scale / data.shape[0]
    elif normalization == "valid":
        scale = scale / (data > valid_thresh).sum().clamp_min(1)
    loss: Tensor = _Loss.apply(data, scale)  # type: ignore[no-untyped-call]
    return loss


@operator(method=True)
def clip(data: Tensor, a_min: float, a_max: float) -> Tensor:
    """The values, those below `a_min` and above `a_max` replaced by these."""
    if data.is_floating_point():
        return data.clamp(a_min, a_max)
    limits = torch.iinfo(data.dtype)
    low, high = (max(limits.min, min(limits.max, int(end))) for end in (a_min, a_max))
    return data.clamp(low, high)


@operator
def hard_sigmoid(data: Tensor, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """`alpha`·x + `beta`, kept between 0 and 1."""
    line = alpha * data + beta
    return torch.where((line > 0) & (line < 1), line, line.detach().clamp(0, 1))


@operator
def smooth_l1(data: Tensor, scalar: float = 1.0) -> Tensor:
    """0.5·(σx)² where |x| < 1/σ², else |x| − 0.5/σ², with σ = `scalar`."""
    square = scalar * scalar
    size = data.abs()
    return torch.where(size < 1 / square, 0.5 * square * data * data, size - 0.5 / square).to(data.dtype)


@operator(names=("cast", "amp_cast"))
def Cast(data: Tensor, dtype: Any) -> Tensor:
    """The values in another type."""
    return data.to(torch_dtype(dtype))


@operator(names=("ElementWiseSum",))
def add_n(*args: Tensor) -> Tensor:
    """The sum of arrays of one shape."""
    if not args:
        raise MXNetError("value 0 for Parameter num_args should be greater equal to 1")
    total = args[0]
    for at, part in enumerate(args[1:], 1):
        same_shapes(total, part, at)
        same_types(total, part, at)
        total = total + part
    return total


@operator
def cast_storage(data: Tensor, stype: str) -> Tensor:
    """A copy stored in another way; only "default", which is dense, is there."""
    if stype != "default":
        raise MXNetError(f"glueball has no arrays stored as {stype!r}: take torch.Tensor.to_sparse")
    return data.clone()
