"""Between arrays and torch's graph: which tensor an operator gets, which one is written to.

Gradients are torch's. A variable (`attach_grad`) is a leaf tensor that requires gradients; while a thread
records, `raw` gives that tensor itself, and outside a detached one, so that nothing is followed. A gradient
is one memory, made once and written in place: a hook on the leaf empties it when MXNet's `backward` comes by
and `grad_req` is "write".

MXNet forgets a graph when `backward` has gone through it: what was computed in it counts as a constant from
then on. Torch frees the graph and complains. `raw` therefore looks closer at an array that was recorded
before the last `record` or `backward`, and lets go of a graph that was freed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import ref

import torch

from .._mode import mode
from ..base import MXNetError

if TYPE_CHECKING:
    from .ndarray import NDArray

__all__ = ["Gradient", "backward_state", "follow", "graph_state", "raw", "shares_memory", "writable"]

Tensor = torch.Tensor

IN_GRAPH = (
    "Assigning to NDArrays that are already in a computational graph will cause undefined behavior when "
    "evaluating gradients. Please call backward first to clear the graph or do this out side of a record "
    "section. Also note that you cannot use inplace operations like +=, *=, relu(x, out=x), y[idx]=x, etc "
    "inside a record section."
)
INPLACE = "Inplace operations (+=, -=, x[:]=, etc) are not supported when recording with autograd."


class Gradient:
    """What a variable knows of its gradient; and the hook on its leaf, which runs before torch adds to it.

    Attributes:
        req: "write" (each backward overwrites), "add" (each adds) or "null" (none).
        buffer: the gradient's memory; None where there is none.
        fresh: whether a backward wrote it since a Trainer last used it.
        frees: how many graphs had been freed when it was made.
        variable: the array, which may be gone while its tensor is not.
    """

    __slots__ = ("buffer", "frees", "fresh", "req", "variable")

    # To torch: a hook that is not pickled with its tensor. It is made again where a variable is read back.
    __torch_unserializable__ = True

    def __init__(self, req: str, buffer: Tensor | None, variable: NDArray) -> None:
        self.variable = ref(variable)
        self.req = req
        self.buffer = buffer
        self.fresh = False
        self.frees = graph_state.frees

    def __call__(self, arriving: Tensor) -> None:
        """A gradient arrives: empty the memory that it will be added to, where it is to overwrite."""
        self.fresh = True
        if self.req == "write" and backward_state.here(arriving):
            assert self.buffer is not None
            self.buffer.zero_()
            variable = self.variable()
            there = None if variable is None else variable._tensor.grad
            if there is not None and there is not self.buffer:  # torch's tools have put another there
                there.zero_()


class _Backward:
    """Which threads go backward by MXNet's rules.

    Torch runs the hooks of a graph on the CPU in the thread that called; those of a graph on a GPU run in
    a thread of torch's own, which cannot tell, and goes by whether anyone does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = threading.local()
        self.running = 0

    def __enter__(self) -> None:
        with self._lock:
            self.running += 1
        self._threads.depth = getattr(self._threads, "depth", 0) + 1

    def __exit__(self, *raised: Any) -> None:
        self._threads.depth -= 1
        with self._lock:
            self.running -= 1

    def here(self, gradient: Tensor) -> bool:
        """Whether the backward that brings this gradient is one of MXNet's."""
        return getattr(self._threads, "depth", 0) > 0 or (gradient.is_cuda and self.running > 0)


class _Graph:
    """The time as graphs have it: it moves on when a thread begins to record and when a graph is freed."""

    def __init__(self) -> None:
        self._times = count(1)
        self._frees = count(1)
        self.time = 0
        self.frees = 0

    def move(self) -> None:
        """Make every array that is there one recorded before."""
        self.time = next(self._times)

    def free(self) -> None:
        """A graph was freed."""
        self.frees = next(self._frees)
        self.move()


backward_state = _Backward()
graph_state = _Graph()


def raw(array: NDArray) -> Tensor:
    """The tensor of an array, followed by autograd only while this thread records."""
    tensor = array._tensor
    if not tensor.requires_grad:
        return tensor
    if not mode.recording:
        return tensor.detach()
    if array._time != graph_state.time and tensor.grad_fn is not None:
        if _freed(tensor.grad_fn):
            array._tensor = tensor = tensor.data
        array._time = graph_state.time
    return tensor


def _freed(node: Any) -> bool:
    """Whether backward went through a graph; not known of one in which nothing was kept for it."""
    seen, nodes, freed = {node}, [node], False
    while nodes:
        node = nodes.pop()
        kept = _keeps(node)
        if kept:
            return False
        if kept is None:
            freed = True
            continue
        for above, _ in node.next_functions:
            if above is not None and above not in seen:
                seen.add(above)
                nodes.append(above)
    return freed


def _keeps(node: Any) -> bool | None:
    """Whether a node keeps tensors for its backward; None where they were freed."""
    kept = False
    for name in dir(node):
        if name.startswith("_saved_") or name == "saved_tensors":
            try:
                value = getattr(node, name)
            except RuntimeError:
                return None
            kept = kept or isinstance(value, Tensor) or (isinstance(value, tuple) and len(value) > 0)
    return kept


def shares_memory(result: Tensor, *inputs: Tensor) -> bool:
    """Whether a result lies in the memory of one of these.

    Tensors of torch's compiler and of torch.func's transforms do not show their memory: what may share it is
    said to.
    """
    if torch.compiler.is_compiling():
        return result._base is not None or any(result is x for x in inputs)
    try:
        there = result.untyped_storage().data_ptr()
        return any(there == x.untyped_storage().data_ptr() for x in inputs)
    except NotImplementedError:
        return result._is_view() or any(result is x for x in inputs)


def writable(array: NDArray) -> Tensor:
    """The tensor of an array, to be written in place, unnoticed by what was recorded with it.

    MXNet's backward reads arrays when it comes by; it does not mind that they were written to since.

    Raises:
        MXNetError: the thread records and the array is part of what was recorded.
    """
    tensor = array._tensor
    if mode.recording and (
        (tensor.requires_grad and raw(array).requires_grad) or array._gradient is not None
    ):
        raise MXNetError(IN_GRAPH)
    return tensor.data


def follow(tensor: Tensor, gradient: Gradient) -> None:
    """Make a leaf a variable whose gradient is the memory that `gradient` names."""
    tensor._backward_hooks = None
    tensor.grad = None
    differs = tensor.is_floating_point() and gradient.req != "null"
    tensor.requires_grad_(differs)
    if differs:
        tensor.grad = gradient.buffer
        # What `register_hook` does for a leaf, without a handle to remove it by: that costs three times this.
        tensor._backward_hooks = OrderedDict({0: gradient})
