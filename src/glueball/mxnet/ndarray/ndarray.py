"""NDArray: a torch tensor with MXNet's manners.

It wraps a tensor and is none, because the two mean different things by `shape`, `size`, `dtype`,
`reshape` and `==`. What every array is and how it leaves MXNet is here; how it hangs together with torch's
graph is in `graph`, and the operators are in the files beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .._mode import mode
from ..base import MXNetError, MXNetType
from ..context import Context, context_of, device_of
from . import single
from .dtypes import numpy_type, torch_dtype
from .graph import Gradient, follow, graph_state, raw, writable

__all__ = ["NDArray", "wrap"]

Tensor = torch.Tensor


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

    __slots__ = ("__weakref__", "_context", "_gradient", "_tensor", "_time")

    __hash__ = object.__hash__  # `==` compares elements; an array is itself in a dict
    __array_priority__ = 1000.0  # NumPy's numbers and arrays leave `number * array` to us

    _tensor: Tensor
    _context: Context | None
    _gradient: Gradient | None
    _time: int

    if TYPE_CHECKING:  # what `arithmetic`, `indexing` and the operators give it

        def __getitem__(self, key: Any) -> NDArray: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, tensor: Tensor, context: Context | None = None) -> None:
        self._tensor = tensor
        self._context = context
        self._gradient = None
        self._time = graph_state.time

    # ---- what it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
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

    @property
    def writable(self) -> bool:
        """Whether it may be written to: always."""
        return True

    @property
    def handle(self) -> int:
        """The address of its memory, where MXNet has a pointer to an object of its own."""
        return self._tensor.data_ptr()

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        for at in range(len(self)):
            yield self[at]

    def __bool__(self) -> bool:
        size = self.size
        if size == 0:
            return False
        if size == 1:
            return bool(self._tensor.detach().reshape(()))
        raise ValueError("The truth value of an NDArray with multiple elements is ambiguous.")

    __nonzero__ = __bool__

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        # As NumPy wrote numbers in MXNet's time: 2.4 goes over to exponents earlier for short floats.
        with np.printoptions(legacy="1.25"):
            return f"\n{self._as_numpy()!s}\n<NDArray {shape} @{self.context}>"

    # ---- out of MXNet -------------------------------------------------------------------------------

    def as_torch(self) -> Tensor:
        """The tensor itself: the same memory, and inside `record` the same graph.

        >>> from glueball.mxnet import nd
        >>> x = nd.zeros(2)
        >>> x.as_torch().add_(1)
        tensor([1., 1.])
        >>> x.asnumpy()
        array([1., 1.], dtype=float32)
        """
        return raw(self)

    def asnumpy(self) -> np.ndarray[Any, Any]:
        """A copy as a NumPy array."""
        copied = self._as_numpy().copy()
        return copied.view(single.ndarray) if copied.size == 1 else copied

    def _as_numpy(self) -> np.ndarray[Any, Any]:
        """Its memory as a NumPy array; of what lies on a GPU a copy."""
        tensor = self._tensor.detach().cpu()
        if tensor.dtype is torch.bfloat16:
            bits: np.ndarray[Any, Any] = tensor.view(torch.int16).numpy()
            return bits.view(numpy_type(tensor.dtype))
        there: np.ndarray[Any, Any] = tensor.numpy()
        return there

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        there = self._as_numpy()
        if dtype is not None and np.dtype(dtype) != there.dtype:
            if copy is False:
                raise ValueError(f"an array of {there.dtype} as one of {np.dtype(dtype)} has to be copied")
            return there.astype(dtype)
        return there.copy() if copy else there

    def __dlpack__(self, **options: Any) -> Any:
        return self._tensor.detach().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._tensor.__dlpack_device__()

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule of its memory, to be read once by another library."""
        return self.__dlpack__()

    def to_dlpack_for_write(self) -> Any:
        """A DLPack capsule of its memory, to be read once by another library, which may write to it."""
        return self.__dlpack__()

    def asscalar(self) -> Any:
        """The only element, as a NumPy scalar.

        As in MXNet an array of one element and several dimensions comes as a NumPy array.

        Raises:
            ValueError: there is more than one, or none.
        """
        if self.size != 1:
            raise ValueError("The current array is not a scalar")
        values = self.asnumpy()
        return values[0] if values.ndim == 1 else values[()]

    def wait_to_read(self) -> None:
        """Return when its values are there."""
        if self._tensor.is_cuda:
            torch.cuda.synchronize(self._tensor.device)

    def __reduce__(self) -> Any:
        tensor = self._tensor.detach()
        if tensor.untyped_storage().nbytes() != tensor.numel() * tensor.element_size():
            tensor = tensor.clone()  # without what else lies in that memory
        return _rebuilt, (tensor, self._context)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Only what real MXNet pickled comes here: an array without values, then the record of a file.
        from .utils import of_handle

        self.__init__(of_handle(state["handle"]))  # type: ignore[misc]

    def __deepcopy__(self, memo: dict[int, Any]) -> NDArray:
        return wrap(self._tensor.detach().clone(), self._context)

    def __copy__(self) -> NDArray:
        return self.__deepcopy__({})

    # ---- to another place or type -------------------------------------------------------------------

    def as_nd_ndarray(self) -> NDArray:
        """Itself: it is no array of `mx.np`."""
        return self

    def as_np_ndarray(self) -> NDArray:
        """Not there: raises and says so."""
        raise NotImplementedError("there is no mx.np here: take asnumpy(), or as_torch() to compute on")

    def tostype(self, stype: str) -> NDArray:
        """A copy that is stored otherwise; only "default", dense, is there."""
        if stype == "default":
            return self.copy()
        if stype in ("row_sparse", "csr"):
            raise NotImplementedError(
                f"there are no {stype} arrays here: take as_torch().to_sparse() or .to_sparse_csr()"
            )
        raise MXNetError(
            f"Invalid Input: '{stype}', valid values are: {{'csr', 'default', 'row_sparse'}}, in operator "
            f'cast_storage(name="", stype="{stype}")'
        )

    def as_in_context(self, context: Context) -> NDArray:
        """Itself where it lies there already, else a copy there."""
        return self if self.context == context else self.copyto(context)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy the values into another array of the same shape, or into a new one in a context.

        Raises:
            MXNetError: another shape.
        """
        if isinstance(other, NDArray):
            if other is self:
                warnings.warn("You are attempting to copy an array to itself", RuntimeWarning, stacklevel=2)
                return False  # type: ignore[return-value]  # what MXNet returns
            if other._tensor.shape != self._tensor.shape:
                shapes = (str(list(x.shape)).replace(" ", "") for x in (self, other))
                raise MXNetError(
                    "Incompatible attr in node  at 0-th output: expected {}, got {}".format(*shapes)
                )
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
            grad_req: "write" (each backward overwrites), "add" (each adds), "null" (none comes).
            stype: of the gradient; only "default", dense, is there.
        """
        if grad_req not in ("write", "add", "null"):
            raise KeyError(grad_req)
        if stype not in (None, "default"):
            if stype in ("row_sparse", "csr"):
                raise NotImplementedError(f"there are no {stype} gradients here: take a dense one")
            raise ValueError(f"unknown storage type{stype}")
        if not self._tensor.is_leaf:
            self._tensor = self._tensor.detach()
        self.follow(grad_req, torch.zeros_like(self._tensor))

    def follow(self, req: str, buffer: Tensor | None) -> None:
        """Make the tensor itself a variable whose gradient is this memory."""
        if self._tensor.is_inference():
            raise MXNetError(
                "this array was made in torch.inference_mode() and can have no gradient: make it outside, "
                "or take a copy() there"
            )
        gradient = Gradient(req, buffer, self)
        follow(self._tensor, gradient)
        self._gradient = gradient

    @property
    def grad(self) -> NDArray | None:
        """The gradient's live memory; None for what is no variable.

        Under "null" it is zeros until a graph has been gone through: MXNet's backward makes variables that
        want no gradient constants again.
        """
        gradient = self._gradient
        if gradient is None or gradient.buffer is None:
            return None
        if gradient.req == "null" and gradient.frees != graph_state.frees:
            self._gradient = None
            return None
        return NDArray(self.settle(), self._context)

    def settle(self) -> Tensor:
        """The gradient's memory, after what torch's own tools put elsewhere has been brought there."""
        assert self._gradient is not None and self._gradient.buffer is not None
        buffer = self._gradient.buffer
        tensor = self._tensor
        if tensor.grad is not buffer and tensor.requires_grad:
            if buffer.dtype is not tensor.dtype or buffer.device != tensor.device:  # it was cast or moved
                buffer = torch.zeros_like(tensor.data)
                self._gradient.buffer = buffer
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
        if self._gradient is None:
            raise MXNetError("NDArray has not been marked as a variable and does not have gradient state")
        self._gradient.fresh = bool(fresh)

    def detach(self) -> NDArray:
        """The same memory, not followed."""
        return wrap(self._tensor.data, self._context)

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
        """Put values in, in place, spread over the shape.

        Recorded values make it part of the graph, as the array that they are now in.
        """
        target = writable(self)
        if isinstance(values, Tensor):
            target.copy_(values)  # followed where the values are
            if target.requires_grad:
                if not mode.recording:
                    target = target.data
                self._tensor = target
                self._time = graph_state.time
        else:
            target.copy_(torch.as_tensor(values))

    def _sync_copyfrom(self, source_array: Any) -> None:
        """Take the values of what NumPy reads, of the same shape."""
        values = np.ascontiguousarray(source_array, dtype=self.dtype)
        if values.shape != self.shape:
            raise ValueError(f"Shape inconsistent: expected {values.shape} vs got {self.shape}")
        self._write(torch.from_numpy(values))


def _rebuilt(tensor: Tensor, context: Context | None) -> NDArray:
    return NDArray(tensor, context)


def wrap(tensor: Tensor, context: Context | None = None) -> NDArray:
    """An array around a tensor."""
    return NDArray(tensor, context)
