"""Layer: a built-in block that computes on torch tensors, and so runs in both worlds."""

from __future__ import annotations

from typing import Any

import torch

from ...base import MXNetError
from ...ndarray import NDArray
from ...ndarray.ndarray import raw
from ..block import HybridBlock

__all__ = ["Layer"]


class Layer(HybridBlock):
    """Base of the built-in layers: `compute` takes tensors, its own Parameters by name after them.

    A layer whose Parameters' shapes come from its input says them in `infer_shape`.
    """

    _takes_tensors = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "hybrid_forward" in cls.__dict__ and "forward" not in cls.__dict__:
            cls.forward = HybridBlock.forward  # type: ignore[method-assign]  # a user's own computation

    def compute(self, x: Any, *args: Any, **params: Any) -> Any:
        """What the layer computes, on tensors."""
        raise NotImplementedError

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Set the shapes of its Parameters by those of its input."""

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute on arrays or on tensors."""
        if type(x) is NDArray:
            inputs = [raw(x), *(raw(arg) if type(arg) is NDArray else arg for arg in args)]
            return NDArray(self._run(*inputs), x._context)
        return self._run(x, *args)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **params: Any) -> Any:
        """Compute with Parameters that were given."""
        inputs = [raw(arg) if isinstance(arg, NDArray) else arg for arg in (x, *args)]
        given = {name: raw(p) if isinstance(p, NDArray) else p for name, p in params.items()}
        result = self.compute(*inputs, **given)
        return NDArray(result, x._context) if isinstance(x, NDArray) else result

    def _run(self, *inputs: Any) -> Any:
        compute: Any = self.compute
        try:
            return compute(*inputs, **self._parameters, **self._buffers)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            if not self._make_ready(inputs):
                if isinstance(error, RuntimeError) and not isinstance(error, MXNetError):
                    raise MXNetError(f"Error in operator {self.name}: {error}") from error
                raise
        return compute(*inputs, **self._parameters, **self._buffers)

    def _make_ready(self, inputs: Any) -> bool:
        """After a failure: fill what waits for its shape. False where nothing did.

        Raises:
            RuntimeError: a Parameter was never initialised.
            MXNetError: the input does not fit the Parameters' shapes.
        """
        if not any(isinstance(x, torch.Tensor) for x in inputs):
            return False
        waiting = any(p._array is None for p in self._reg_params.values())
        for parameter in self._reg_params.values():
            if parameter._array is None and not parameter._deferred_init:
                parameter.data()
        known = {name: p.shape for name, p in self._reg_params.items()}
        try:
            self.infer_shape(*inputs)
        except AssertionError as error:
            provided = next((s for s in known.values() if s and 0 not in s), ())
            raise MXNetError(
                f"Shape inconsistent, Provided = [{','.join(map(str, provided))}], inferred "
                f"shape={str(self._inferred(*inputs)).replace(' ', '')}"
            ) from error
        if not waiting:
            return False
        for parameter in self._params.values():
            parameter._finish_deferred_init()
        return True

    def _inferred(self, *inputs: Any) -> Any:
        return "?"
