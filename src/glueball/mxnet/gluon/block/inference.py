"""The shapes of a user's own Parameters, told by what they are used for.

A block with Parameters of unknown shape is run once on torch's meta device, where arrays have shapes and no
values: nothing is computed, nothing is drawn. A Parameter of unknown shape comes as an `Unknown`, and the
first operator that takes it and knows how tells its shape: `F.FullyConnected(x, weight, num_hidden=3)` makes
(3, 0) to (3, 4). Built-in layers in the block say their shapes themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ... import autograd
from ... import ndarray as nd
from ..._mode import mode
from ...base import MXNetError
from ...ndarray import NDArray
from ...ndarray.dtypes import torch_dtype
from ..parameter import Parameter, shape_is_known

if TYPE_CHECKING:
    from .base import Block

__all__ = ["infer_shapes", "outline"]

Shape = tuple[int, ...]


def infer_shapes(block: Block, args: tuple[Any, ...]) -> None:
    """Set the shapes of all Parameters in a block that are not known, by its inputs."""
    with autograd.pause(train_mode=False):
        mode.inferring = True
        try:
            outline(block, tuple(map(_emptied, args)))
        finally:
            mode.inferring = False


def outline(block: Any, args: tuple[Any, ...]) -> Any:
    """Run a block on arrays without values; gives such arrays."""
    computes = hasattr(type(block), "compute")
    if not computes and type(block).forward is not _hybrid_forward():
        return block.forward(*args)
    if computes:
        block.infer_shape(*args)
    own: dict[str, Any] = {name: _stand_in(parameter) for name, parameter in block._reg_params.items()}
    if computes and isinstance(args[0], torch.Tensor):
        own = {name: array._tensor for name, array in own.items()}
    return block.hybrid_forward(nd if computes else _OPERATORS, *args, **own)


def _hybrid_forward() -> Any:
    from .hybrid import HybridBlock

    return HybridBlock.forward


def _emptied(value: Any) -> Any:
    if isinstance(value, NDArray):
        return NDArray(value._tensor.detach().to("meta"), value._context)
    return type(value)(map(_emptied, value)) if type(value) in (list, tuple) else value


def _stand_in(parameter: Parameter) -> NDArray:
    if shape_is_known(parameter.shape):
        return NDArray(_empty(parameter))
    return Unknown(parameter)


def _empty(parameter: Parameter) -> torch.Tensor:
    return torch.empty(parameter.shape, dtype=torch_dtype(parameter.dtype), device="meta")


class Unknown(NDArray):
    """The array of a Parameter whose shape is still to be told."""

    __slots__ = ("_parameter",)

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._context = None
        self._gradient = None

    @property
    def _tensor(self) -> torch.Tensor:  # type: ignore[override]
        if not shape_is_known(self._parameter.shape):
            raise MXNetError(
                f"what is done with {self._parameter} first does not tell its shape: give the whole shape, "
                "or use it first in F.FullyConnected, F.Convolution, F.dot, F.Embedding or with another "
                "array."
            )
        return _empty(self._parameter)

    @property
    def shape(self) -> Shape:
        """What is known of it."""
        shape: Shape = self._parameter.shape
        return shape

    def _told(self, shape: Sequence[int]) -> None:
        """Take what an operator says of the shape; 0 where it says nothing."""
        known = self._parameter.shape
        if known is None:
            self._parameter.shape = tuple(shape)
            return
        if len(known) == len(shape):
            shape = [size if size > 0 else own for own, size in zip(known, shape, strict=True)]
        try:
            self._parameter.shape = tuple(shape)
        except AssertionError as error:
            raise MXNetError(
                f"Shape inconsistent, Provided = {list(known)}, inferred shape={tuple(shape)}".replace(
                    " ", ""
                )
            ) from error


def _with_other(name: str) -> Callable[[Unknown, Any], Any]:
    plain = getattr(NDArray, name)

    def method(self: Unknown, other: Any) -> Any:
        _elementwise([self, other], {})
        return plain(self, other)

    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(Unknown, _form, _with_other(_form))


# ---- the operators that tell a shape --------------------------------------------------------------------


class _Operators:
    """The operators of `nd`, which tell the shapes of the Unknowns that they are given."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(nd, name)
        if name == "random":
            return _Undrawn()
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())):
                rule = _RULES.get(name)
                if rule is None and name.startswith(("broadcast_", "elemwise_")):
                    rule = _elementwise
                if rule is not None:
                    rule(list(args), kwargs)
            return _emptied(found(*args, **kwargs))

        return call


class _Undrawn:
    """`F.random`: arrays of the shapes that would be drawn."""

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, shape: Any = (1,), dtype: Any = None, **kwargs: Any) -> NDArray:
            sizes = (shape,) if isinstance(shape, int) else tuple(shape)
            return NDArray(torch.empty(sizes, dtype=torch_dtype(dtype or "float32"), device="meta"))

        return call


_OPERATORS = _Operators()

Arguments = Mapping[str, Any]


def _named(args: list[Any], kwargs: Arguments, *names: str) -> list[Any]:
    """Arrays by position or by name, None where one was not given."""
    return [args[at] if at < len(args) else kwargs.get(name) for at, name in enumerate(names)]


def _tell(array: Any, *shape: int) -> None:
    if isinstance(array, Unknown):
        array._told(shape)


def _fully_connected(args: list[Any], kwargs: Arguments) -> None:
    data, weight, bias = _named(args, kwargs, "data", "weight", "bias")
    units = int(kwargs.get("num_hidden", 0))
    inner = math.prod(data.shape[1:]) if kwargs.get("flatten", True) else data.shape[-1]
    _tell(weight, units, inner)
    _tell(bias, units)


def _convolution(args: list[Any], kwargs: Arguments) -> None:
    data, weight, bias = _named(args, kwargs, "data", "weight", "bias")
    filters, groups = int(kwargs["num_filter"]), int(kwargs.get("num_group", 1))
    kernel = kwargs["kernel"] if isinstance(kwargs["kernel"], (tuple, list)) else (kwargs["kernel"],)
    _tell(weight, filters, data.shape[1] // groups, *kernel)
    _tell(bias, filters)


def _deconvolution(args: list[Any], kwargs: Arguments) -> None:
    data, weight, bias = _named(args, kwargs, "data", "weight", "bias")
    filters, groups = int(kwargs["num_filter"]), int(kwargs.get("num_group", 1))
    kernel = kwargs["kernel"] if isinstance(kwargs["kernel"], (tuple, list)) else (kwargs["kernel"],)
    _tell(weight, data.shape[1], filters // groups, *kernel)
    _tell(bias, filters)


def _dot(args: list[Any], kwargs: Arguments) -> None:
    left, right = _named(args, kwargs, "lhs", "rhs")
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        return
    at_left = 0 if kwargs.get("transpose_a") else -1
    at_right = -1 if kwargs.get("transpose_b") else 0
    for one, at, other, there in ((left, at_left, right, at_right), (right, at_right, left, at_left)):
        if isinstance(one, Unknown) and one.shape is not None:
            shape = [0] * len(one.shape)
            shape[at] = other.shape[there]
            one._told(shape)


def _embedding(args: list[Any], kwargs: Arguments) -> None:
    _, weight = _named(args, kwargs, "data", "weight")
    _tell(weight, int(kwargs.get("input_dim", 0)), int(kwargs.get("output_dim", 0)))


def _channels(axis: int) -> Callable[[list[Any], Arguments], None]:
    def rule(args: list[Any], kwargs: Arguments) -> None:
        data = args[0] if args else kwargs["data"]
        size = data.shape[int(kwargs.get("axis", axis))]
        for array in (*args[1:], *kwargs.values()):
            _tell(array, size)

    return rule


def _elementwise(args: list[Any], kwargs: Arguments) -> None:
    """Two arrays side by side: an unknown size is that of the other, counted from the last."""
    left, right = args if len(args) == 2 else _named(args, kwargs, "lhs", "rhs")
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Unknown) and isinstance(other, NDArray) and not isinstance(other, Unknown):
            known: Any = one.shape
            if known is None:
                one._told(other.shape)
            elif len(known) <= len(other.shape):
                sizes = other.shape[len(other.shape) - len(known) :]
                one._told([own or size for own, size in zip(known, sizes, strict=True)])


_RULES: dict[str, Callable[[list[Any], Arguments], None]] = {
    "FullyConnected": _fully_connected,
    "Convolution": _convolution,
    "Deconvolution": _deconvolution,
    "dot": _dot,
    "Embedding": _embedding,
    "BatchNorm": _channels(1),
    "LayerNorm": _channels(-1),
    "InstanceNorm": _channels(1),
    "GroupNorm": _channels(1),
    "LeakyReLU": _channels(1),
    "add": _elementwise,
    "subtract": _elementwise,
    "multiply": _elementwise,
    "divide": _elementwise,
}
