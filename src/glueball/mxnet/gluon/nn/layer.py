"""Layer: a built-in block that computes on torch tensors, and so runs in both worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np
import torch

from ..._mode import mode
from ...base import MXNetError
from ...ndarray import NDArray
from ...ndarray.arguments import joined
from ...ndarray.dtypes import numpy_type
from ...ndarray.graph import raw, shares_memory
from ..block import HybridBlock

__all__ = ["Layer", "ModalLayer", "fresh", "rows", "type_name"]

Shape = tuple[int, ...]


def type_name(tensor: torch.Tensor) -> str:
    """The name of a tensor's dtype, such as `float32`."""
    return str(np.dtype(numpy_type(tensor.dtype)).name)


def rows(x: torch.Tensor) -> torch.Tensor:
    """All axes but the first made one."""
    return x.flatten(1) if x.dim() > 1 else x.reshape(x.shape[0], 1)


def fresh(result: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A result that may be a view of `x`, in memory of its own.

    One that autograd follows stays a view: MXNet's rules forbid to write into it.
    """
    if result.requires_grad or not shares_memory(result, x):
        return result
    return result.clone(memory_format=torch.contiguous_format)


class Layer(HybridBlock):
    """Base of the built-in layers: `compute` takes tensors, its own Parameters by name after them.

    A layer whose Parameters' shapes come from its input says them in `shapes`, and refuses there the
    inputs that it cannot take, in MXNet's words.
    """

    _takes_tensors = True
    _writes_shape: ClassVar[Any] = staticmethod(lambda shape: f"({','.join(map(str, shape))})")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "hybrid_forward" in cls.__dict__ and "forward" not in cls.__dict__:
            cls.forward = HybridBlock.forward  # type: ignore[method-assign]  # a user's own computation

    # ---- what a layer writes ------------------------------------------------------------------------

    def compute(self, x: Any, *args: Any, **params: Any) -> Any:
        """What the layer computes, on tensors."""
        raise NotImplementedError

    def shapes(self, x: torch.Tensor) -> Mapping[str, Shape]:
        """The shapes of those Parameters that depend on its input, by name.

        Raises:
            MXNetError: the layer cannot take such an input.
        """
        return {}

    def check_types(self, x: torch.Tensor) -> None:
        """Refuse an input of another dtype than the Parameters', in MXNet's words.

        Raises:
            MXNetError: the dtypes differ.
        """
        for parameter in self._reg_params.values():
            if parameter._tensor.dtype is not x.dtype:
                raise MXNetError(
                    f"Incompatible attr in node  at 1-th input: expected {type_name(x)}, got "
                    f"{type_name(parameter._tensor)}"
                )

    # ---- running ------------------------------------------------------------------------------------

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute on arrays or on tensors."""
        if type(x) is NDArray:
            if args:
                args = tuple(raw(arg) if type(arg) is NDArray else arg for arg in args)
            return NDArray(self._run(self.compute, raw(x), *args), x._context)
        return self._run(self.compute, x, *args)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **params: Any) -> Any:
        """Compute with Parameters that were given."""
        inputs = [raw(arg) if isinstance(arg, NDArray) else arg for arg in args]
        given = {name: raw(p) if isinstance(p, NDArray) else p for name, p in params.items()}
        if isinstance(x, NDArray):
            return NDArray(self.compute(raw(x), *inputs, **given), x._context)
        return self.compute(x, *inputs, **given)

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Set the shapes of its Parameters by that of its input."""
        for name, shape in self.shapes(raw(x) if isinstance(x, NDArray) else x).items():
            self._reg_params[name].shape = shape

    def _run(self, function: Any, *inputs: Any) -> Any:
        try:
            return function(*inputs, **self._parameters, **self._buffers)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            waited = self._make_ready(inputs) or "an uninitialized parameter" in str(error)
            if not waited:  # for its shape, which another thread may have told meanwhile
                self._explain(error, inputs)
        try:
            return function(*inputs, **self._parameters, **self._buffers)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            self._explain(error, inputs)

    def _make_ready(self, inputs: Sequence[Any]) -> bool:
        """After a failure: fill what waits for its shape. False where nothing did.

        Raises:
            ValueError: there is no array in the input, or it does not tell the shapes.
            RuntimeError: a Parameter was never initialised.
        """
        if not inputs or not isinstance(inputs[0], torch.Tensor):
            raise ValueError(
                "In HybridBlock, there must be one NDArray or one Symbol in the input. Please check the "
                "type of the args.\n"
            )
        waiting = False
        for parameter in self._reg_params.values():
            if parameter._array is None:
                waiting = True
                if not parameter._deferred_init:
                    parameter.data()
        if not waiting:
            return False
        try:
            self.infer_shape(*inputs)
        except MXNetError as error:
            raise self.not_inferred(error, inputs[0]) from error
        except AssertionError:
            self._compare_shapes(inputs[0])
            raise
        for parameter in self._params.values():
            parameter._finish_deferred_init()
        return True

    def not_inferred(self, error: MXNetError, x: torch.Tensor) -> ValueError:
        """What is raised where the input does not tell the shapes that are waited for."""
        reason = str(error)
        if not reason.startswith(("value ", "Invalid ")):  # it is the input's fault, not an argument's
            print(f"infer_shape error. Arguments:\n  data: {tuple(x.shape)}")  # as MXNet does
            reason = f"Error in operator {self.name}_fwd: {reason}"
        return ValueError(
            f"Deferred initialization failed because shape cannot be inferred. MXNetError: {reason}"
        )

    def _compare_shapes(self, x: torch.Tensor) -> None:
        """Refuse an input that asks for other shapes than the Parameters have.

        Raises:
            MXNetError: it does, or the layer cannot take it at all.
        """
        for name, inferred in self.shapes(x).items():
            known = self._reg_params[name].shape
            assert known is not None
            differ = len(known) != len(inferred) or any(
                old not in (0, new) for old, new in zip(known, inferred, strict=True)
            )
            if differ:
                raise MXNetError(
                    f"Shape inconsistent, Provided = {joined(known)}, inferred "
                    f"shape={self._writes_shape(inferred)}"
                )

    def _explain(self, error: Exception, inputs: Sequence[Any]) -> NoReturn:
        """Raise what MXNet raises where torch raised this."""
        if isinstance(error, MXNetError):
            raise error
        if isinstance(error, RuntimeError):
            self._compare_shapes(inputs[0])
            self.check_types(inputs[0])
        if isinstance(error, (RuntimeError, IndexError)):
            raise MXNetError(f"Error in operator {self.name}: {str(error).splitlines()[0]}") from error
        raise error


class ModalLayer(Layer):
    """A layer that computes something else while it trains: `compute` takes that as its last argument.

    NDArrays: `autograd.is_training()` says it. Tensors: `module.training`.
    """

    _takes_tensors = True

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute on an array or on a tensor."""
        if type(x) is NDArray:
            return NDArray(self._run(self.compute, raw(x), *args, mode.training), x._context)
        return self._run(self.compute_torch, x, *args, self.training)

    def compute_torch(self, x: Any, *args: Any, **params: Any) -> Any:
        """What it computes on tensors under torch's rules, where those differ."""
        return self.compute(x, *args, **params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **params: Any) -> Any:
        """Compute with Parameters that were given."""
        training = mode.training if isinstance(x, NDArray) else self.training
        return super().hybrid_forward(F, x, *args, training, **params)
