"""NDArray: a torch tensor with MXNet's manners.

It wraps a tensor and is none, because the two mean different things by `shape`, `size`, `dtype`,
`reshape` and `==`. What every operator needs of it is here: `raw` takes the tensor out and `wrap` puts one
in. The operators are in the files beside this one.

Gradients are torch's. A variable (`attach_grad`) is a leaf tensor that requires gradients; while a thread
records, `raw` gives that tensor itself, and outside a detached one, so that nothing is followed. Its
gradient array is made once and written in place, so that it stays the same memory: a hook on the leaf
empties it when MXNet's `backward` comes by and `grad_req` is "write".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.hooks import unserializable_hook

from .._mode import mode
from ..base import MXNetError, MXNetType
from ..context import Context, context_of, device_of
from .dtypes import numpy_type, torch_dtype

__all__ = ["NDArray", "raw", "wrap"]

Tensor = torch.Tensor


class Gradient:
    """What a variable knows of its gradient.

    Attributes:
        req: "write" (each backward overwrites), "add" (each adds) or "null" (none).
        buffer: the gradient's memory, None under "null".
        fresh: whether a backward wrote it since a Trainer last used it.
    """

    __slots__ = ("buffer", "fresh", "req")

    def __init__(self, req: str, buffer: Tensor | None) -> None:
        self.req = req
        self.buffer = buffer
        self.fresh = False


class _Backward:
    """Whether an MXNet backward is at work; the hooks run in torch's threads, so it is no thread's own."""

    running = 0


backward_state = _Backward()


class NDArray(metaclass=MXNetType):
    """An array of MXNet's, on a torch tensor.

    Made by `nd.array`, `nd.zeros`, …; `nd.from_torch(tensor)` and `as_torch()` go between the worlds
    without a copy.

    >>> from glueball.mxnet import nd
    >>> x = nd.array([[1, 2], [3, 4]])
    >>> (x >= 2) * x
    <BLANKLINE>
    [[0. 2.]
     [3. 4.]]
    <NDArray 2x2 @cpu(0)>
    """

    __slots__ = ("__weakref__", "_context", "_gradient", "_tensor")

    __hash__ = object.__hash__  # `==` compares elements; an array is itself in a dict
    __array_priority__ = 1000.0

    _tensor: Tensor
    _context: Context | None
    _gradient: Gradient | None

    if TYPE_CHECKING:  # what `arithmetic`, `indexing` and the operators give it

        def __getitem__(self, key: Any) -> NDArray: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, tensor: Tensor, context: Context | None = None) -> None:
        self._tensor = tensor
        self._context = context
        self._gradient = None

    # ---- what it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape; an array of one element and no dimensions is of shape (1,) in MXNet."""
        return tuple(self._tensor.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._tensor.dim()

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._tensor.numel()

    @property
    def dtype(self) -> Any:
        """The type of its elements, a NumPy scalar type such as `numpy.float32`."""
        return numpy_type(self._tensor.dtype)

    @property
    def stype(self) -> str:
        """How it is stored: always "default", which is dense."""
        return "default"

    @property
    def context(self) -> Context:
        """Where it lies."""
        return self._context or context_of(self._tensor.device)

    ctx = context

    # ---- out of MXNet -------------------------------------------------------------------------------

    def as_torch(self) -> Tensor:
        """The tensor itself: the same memory, and inside `record` the same graph."""
        return raw(self)

    def asnumpy(self) -> np.ndarray[Any, Any]:
        """A copy as a NumPy array."""
        tensor = self._tensor.detach()
        if tensor.dtype is torch.bfloat16:
            import ml_dtypes

            bits: np.ndarray[Any, Any] = tensor.cpu().view(torch.int16).numpy().copy()
            return bits.view(ml_dtypes.bfloat16)
        return np.array(tensor.cpu().numpy(), order="C")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.asnumpy() if dtype is None else self.asnumpy().astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        return self._tensor.detach().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._tensor.__dlpack_device__()

    def asscalar(self) -> Any:
        """The only element as a NumPy scalar.

        Raises:
            ValueError: there is more than one, or none.
        """
        if self.size != 1:
            raise ValueError("The current array is not a scalar")
        return self.asnumpy().reshape(-1)[0]

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        for at in range(len(self)):
            yield self[at]

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{self.asnumpy()!s}\n<NDArray {shape} @{self.context}>"

    def __reduce__(self) -> Any:
        return _rebuild, (self._tensor.detach().clone(), self._context)

    def wait_to_read(self) -> None:
        """Return when its values are there."""
        if self._tensor.is_cuda:
            torch.cuda.synchronize(self._tensor.device)

    # ---- to another place or type -------------------------------------------------------------------

    def as_in_context(self, context: Context) -> NDArray:
        """Itself where it lies there already, else a copy there."""
        return self if self.context == context else self.copyto(context)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy the values into another array, or into a new one in a context."""
        if isinstance(other, NDArray):
            other._write(raw(self))
            return other
        if isinstance(other, Context):
            return wrap(raw(self).to(device_of(other), copy=True), other)
        raise TypeError(f"copyto does not support type {type(other)}")

    def copy(self) -> NDArray:
        """A copy in the same context."""
        return wrap(raw(self).clone(), self._context)

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """A copy of another type; itself where `copy` is false and it is of that type already."""
        wanted = torch_dtype(dtype)
        if not copy and wanted is self._tensor.dtype:
            return self
        return wrap(raw(self).to(wanted, copy=True), self._context)

    # ---- gradients ----------------------------------------------------------------------------------

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make it a variable: from now on `backward` writes into `.grad`, zeros at first.

        What was recorded before it is no longer followed through it.

        Args:
            grad_req: "write", "add" or "null".
            stype: of the gradient; only "default", dense, is there.
        """
        if grad_req not in ("write", "add", "null"):
            raise ValueError(f"grad_req must be in ['null', 'write', 'add'], but got {grad_req}")
        if not self._tensor.is_leaf:
            self._tensor = self._tensor.detach()
        self.follow(grad_req, torch.zeros_like(self._tensor))

    def follow(self, req: str, buffer: Tensor | None) -> None:
        """Make the tensor itself a variable whose gradient is this memory."""
        tensor = self._tensor
        tensor._backward_hooks = None
        self._gradient = Gradient(req, buffer)
        tensor.grad = None
        differs = tensor.is_floating_point() and req != "null"
        tensor.requires_grad_(differs)
        if differs:
            tensor.grad = buffer
            tensor.register_hook(_before_writing(self._gradient))  # type: ignore[no-untyped-call]

    @property
    def grad(self) -> NDArray | None:
        """The gradient's live array; None for what is no variable."""
        if self._gradient is None or self._gradient.buffer is None:
            return None
        return NDArray(self.settle(), self._context)

    def settle(self) -> Tensor:
        """The gradient's memory, after what torch's own tools put elsewhere has been brought there."""
        assert self._gradient is not None and self._gradient.buffer is not None
        buffer = self._gradient.buffer
        tensor = self._tensor
        if tensor.grad is not buffer and tensor.requires_grad:
            if tensor.grad is None:
                buffer.zero_()
            else:
                buffer.copy_(tensor.grad)
            tensor.grad = buffer
        return buffer

    @property
    def _fresh_grad(self) -> bool:
        return self._gradient is not None and self._gradient.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, fresh: bool) -> None:
        if self._gradient is not None:
            self._gradient.fresh = fresh

    def detach(self) -> NDArray:
        """The same memory, not followed."""
        return wrap(self._tensor.detach(), self._context)

    def backward(
        self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True
    ) -> None:
        """Write the gradients of this array into those of the variables that it was computed from.

        Args:
            out_grad: the gradient of this array itself, of its shape; ones where it is not given.
            retain_graph: whether what was recorded can be gone through again.
            train_mode: what `autograd.is_training()` says meanwhile.
        """
        from ..autograd import backward

        backward([self], [out_grad], retain_graph, train_mode)

    # ---- writing ------------------------------------------------------------------------------------

    def _write(self, values: Any) -> None:
        """Put values in, in place, spread over the shape."""
        if type(values) is Tensor and values.requires_grad and mode.recording:
            writable(self).copy_(values.broadcast_to(self.shape))
        else:
            writable(self).copy_(torch.as_tensor(values))


def _rebuild(tensor: Tensor, context: Context | None) -> NDArray:
    return NDArray(tensor, context)


def _before_writing(gradient: Gradient) -> Callable[[Tensor], None]:
    def hook(_: Tensor) -> None:
        gradient.fresh = True
        if backward_state.running and gradient.req == "write":
            assert gradient.buffer is not None
            gradient.buffer.zero_()

    unserializable_hook(hook)  # type: ignore[no-untyped-call]  # it is made again where a variable is read back
    return hook


def raw(array: NDArray) -> Tensor:
    """The tensor of an array, followed by autograd only while this thread records."""
    tensor = array._tensor
    return tensor.detach() if tensor.requires_grad and not mode.recording else tensor


def writable(array: NDArray) -> Tensor:
    """The tensor of an array, to be written in place.

    Raises:
        MXNetError: the thread records and the array is part of what was recorded.
    """
    tensor = array._tensor
    if not tensor.requires_grad:
        return tensor
    if mode.recording:
        raise MXNetError(
            "Assigning to NDArrays that are already in a computational graph will cause undefined "
            "behavior when evaluating gradients. Please call backward first to clear the graph or do this "
            "out side of a record section. Also note that you cannot use inplace operations like +=, *=, "
            "relu(x, out=x), y[idx]=x, etc inside a record section."
        )
    return tensor.detach()


def wrap(tensor: Tensor, context: Context | None = None) -> NDArray:
    """An array around a tensor."""
    return NDArray(tensor, context)
