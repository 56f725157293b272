"""Recording what is computed, and going back through it for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import torch

from ._mode import mode
from .base import MXNetError
from .function import Function
from .ndarray.graph import backward_state, graph_state, raw
from .ndarray.ndarray import NDArray

__all__ = [
    "Function",
    "backward",
    "get_symbol",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]

NOT_RECORDED = (
    "Cannot differentiate node because it is not in a computational graph. You need to set is_recording to "
    "true or use autograd.record() to save computational graphs for backward. If you want to differentiate "
    "the same graph twice, you need to pass retain_graph=True to backward."
)
NO_INPUTS = "There are no inputs in computation graph that require gradients."


def is_recording() -> bool:
    """Whether this thread follows what it computes."""
    return mode.recording


def is_training() -> bool:
    """Whether this thread trains: Dropout drops, BatchNorm takes the batch's statistics."""
    return mode.training


def set_recording(is_recording: bool) -> bool:
    """Switch recording; returns what it was. `record()` switches it back by itself."""
    before = mode.recording
    mode.recording = bool(index(is_recording))
    if mode.recording and not before:
        mode.followed = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        graph_state.move()
    elif before and not mode.recording:
        torch.set_grad_enabled(mode.followed)
    return before


def set_training(train_mode: bool) -> bool:
    """Switch training; returns what it was."""
    before = mode.training
    mode.training = bool(index(train_mode))
    return before


class _RecordingStateScope:
    """A `with` that sets the switches and puts them back."""

    __slots__ = ("_before", "_inference", "_recording", "_training")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording = recording
        self._training = training
        self._before: list[tuple[bool, bool, bool]] = []
        self._inference: Any = None

    def __enter__(self) -> None:
        before = mode.recording
        self._before.append((before, mode.training, torch.is_grad_enabled()))
        recording = self._recording
        if recording is not None:
            if recording and torch.is_inference_mode_enabled():
                self._inference = torch.inference_mode(False)
                self._inference.__enter__()
            mode.recording = recording
            torch._C._set_grad_enabled(recording)
            if recording and not before:
                graph_state.move()
        if self._training is not None:
            mode.training = self._training

    def __exit__(self, *raised: Any) -> None:
        mode.recording, mode.training, followed = self._before.pop()
        if self._inference is not None:
            self._inference.__exit__(None, None, None)
            self._inference = None
        torch._C._set_grad_enabled(followed)


def record(train_mode: bool = True) -> _RecordingStateScope:
    """A `with` in which what is computed is followed, so that `backward` can go through it.

    >>> from glueball.mxnet import autograd, nd
    >>> x = nd.array([1, 2, 3])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    <BLANKLINE>
    [2. 4. 6.]
    <NDArray 3 @cpu(0)>
    """
    return _RecordingStateScope(True, train_mode)


def pause(train_mode: bool = False) -> _RecordingStateScope:
    """A `with` in which nothing is followed."""
    return _RecordingStateScope(False, train_mode)


def train_mode() -> _RecordingStateScope:
    """A `with` in which layers train."""
    return _RecordingStateScope(None, True)


def predict_mode() -> _RecordingStateScope:
    """A `with` in which layers predict."""
    return _RecordingStateScope(None, False)


def mark_variables(
    variables: NDArray | Sequence[NDArray],
    gradients: NDArray | Sequence[NDArray],
    grad_reqs: str | Sequence[str] = "write",
) -> None:
    """Make arrays variables, and other arrays their gradients.

    Args:
        variables: what to differentiate by.
        gradients: where `backward` writes, one for each, of its shape and dtype.
        grad_reqs: "write", "add" or "null", for all or for each.

    Raises:
        MXNetError: a gradient's shape or dtype is not its variable's.
    """
    if isinstance(variables, NDArray):
        variables = [variables]
        gradients = [gradients]  # type: ignore[list-item]  # one array goes with one array
    reqs = [grad_reqs] * len(variables) if isinstance(grad_reqs, str) else grad_reqs
    if not len(variables) == len(gradients) == len(reqs):
        raise ValueError(
            f"{len(variables)} variables, {len(gradients)} gradients and {len(reqs)} grad_reqs were given"
        )
    triples = list(zip(variables, gradients, reqs, strict=True))
    for variable, gradient, req in triples:
        if req not in ("write", "add", "null"):
            raise KeyError(req)
        if variable.shape != gradient.shape or variable.dtype is not gradient.dtype:
            raise MXNetError(
                "Backward shape inconsistent with the forward shape: the gradient is "
                f"{gradient.dtype.__name__} {gradient.shape}, the variable "
                f"{variable.dtype.__name__} {variable.shape}"
            )
    for variable, gradient, req in triples:
        if not variable._tensor.is_leaf:
            variable._tensor = variable._tensor.detach()
        variable.follow(req, gradient._tensor.data)


def backward(
    heads: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Write the gradients of the sum of `heads` into the variables that they were computed from.

    Args:
        heads: arrays that were recorded.
        head_grads: the gradient of each, of its shape; ones for None.
        retain_graph: whether what was recorded can be gone through again.
        train_mode: what `is_training()` says meanwhile.

    Raises:
        MXNetError: a head was not recorded, or was gone through already.
    """
    if isinstance(heads, NDArray):
        heads = [heads]
        head_grads = None if head_grads is None else [head_grads]  # type: ignore[list-item]
    tensors, grads = _roots(heads, head_grads)
    before = mode.training
    mode.training = train_mode
    try:
        with backward_state:
            torch.autograd.backward(tensors, grads, retain_graph=retain_graph)
    except RuntimeError as error:
        raise _explained(error) from error
    finally:
        mode.training = before
    if not retain_graph:
        _forget(heads)


def _roots(heads: Sequence[NDArray], head_grads: Any) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The tensors to begin with, and the gradient of each."""
    if not len(heads):
        raise MXNetError(NO_INPUTS)
    tensors = [head._tensor for head in heads]
    if isinstance(head_grads, NDArray):
        head_grads = [head_grads]
    if head_grads is not None and len(head_grads) != len(heads):
        raise AssertionError("heads and head_grads must be lists of the same length")
    for tensor in tensors:
        if not tensor.requires_grad:
            refused = MXNetError(NOT_RECORDED)
            if not tensor.is_floating_point():
                refused.add_note("Integers have no gradients here: take astype('float32').")
            raise refused
    if head_grads is None:
        return tensors, [torch.ones_like(tensor) for tensor in tensors]
    return tensors, [
        torch.ones_like(tensor) if grad is None else _head_grad(tensor, grad)
        for tensor, grad in zip(tensors, head_grads, strict=True)
    ]


def _head_grad(tensor: torch.Tensor, grad: Any) -> torch.Tensor:
    if not isinstance(grad, NDArray):
        raise AttributeError(f"'{type(grad).__name__}' object has no attribute 'handle': it is no NDArray")
    values = raw(grad)
    if values.shape != tensor.shape:
        raise MXNetError(
            f"Shape inconsistent: the head is {tuple(tensor.shape)} and its gradient {tuple(values.shape)}"
        )
    if values.dtype is not tensor.dtype:
        kinds = (str(x.dtype).removeprefix("torch.") for x in (tensor, values))
        raise MXNetError(
            "data type do not match specified type. The head is {}, its gradient {}".format(*kinds)
        )
    return values


def _forget(heads: Sequence[NDArray]) -> None:
    """A graph was freed: its heads are constants from now on, and so is what `raw` finds to hang on it."""
    graph_state.free()
    for head in heads:
        if head._gradient is None:
            head._tensor = head._tensor.data


def _explained(error: RuntimeError) -> Exception:
    """What torch says of a graph, in MXNet's words."""
    text = str(error).splitlines()[0]
    if isinstance(error, MXNetError):
        return error
    if "backward through the graph a second time" in text:
        refused = MXNetError(NO_INPUTS)
        refused.add_note(
            "A part of the graph was gone through already and forgotten: pass retain_graph=True to the "
            "backward before."
        )
        return refused
    return MXNetError(f"Error in backward: {text}")


def grad(
    heads: NDArray | Sequence[NDArray],
    variables: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[NDArray]:
    """The gradients of the sum of `heads` by `variables`, as new arrays.

    Args:
        heads: arrays that were recorded.
        variables: what to differentiate by; each needs `attach_grad`.
        head_grads: the gradient of each head; ones for None.
        retain_graph: whether what was recorded can be gone through again; by default as `create_graph`.
        create_graph: whether the gradients are recorded themselves, for derivatives of higher order.
        train_mode: what `is_training()` says meanwhile.

    Raises:
        MXNetError: a head was not recorded, or does not depend on a variable.

    >>> from glueball.mxnet import autograd, nd
    >>> x = nd.array([1, 2, 3])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     first = autograd.grad(x * x * x, x, create_graph=True)[0]
    >>> first.backward()
    >>> x.grad
    <BLANKLINE>
    [ 6. 12. 18.]
    <NDArray 3 @cpu(0)>
    """
    heads = [heads] if isinstance(heads, NDArray) else heads
    variables = [variables] if isinstance(variables, NDArray) else variables
    if not len(variables):
        raise AssertionError("variables cannot be an empty list.")
    tensors, grads = _roots(heads, head_grads)
    for at, variable in enumerate(variables, 1):
        if variable._gradient is None or not variable._tensor.requires_grad:
            raise MXNetError(
                f"Cannot differentiate with respect to the {at}-th variable because it does not require "
                "gradient."
            )
    retain = create_graph if retain_graph is None else retain_graph
    before = mode.training
    mode.training = train_mode
    try:
        found = torch.autograd.grad(
            tensors,
            [variable._tensor for variable in variables],
            grads,
            retain_graph=retain,
            create_graph=create_graph,
            allow_unused=True,
        )
    except RuntimeError as error:
        raise _explained(error) from error
    finally:
        mode.training = before
    for at, gradient in enumerate(found, 1):
        if gradient is None:
            raise MXNetError(
                f"Cannot differentiate with respect to the {at}-th variable because it is unreachable from "
                "the outputs."
            )
    if not retain:
        _forget(heads)
    return [NDArray(gradient, variable._context) for gradient, variable in zip(found, variables, strict=True)]


def get_symbol(x: NDArray) -> Any:
    """Not there: raises and says so."""
    raise NotImplementedError(
        "there are no Symbols here: x.as_torch().grad_fn is the graph of what was recorded, and torch.export "
        "or torch.fx traces a block"
    )
