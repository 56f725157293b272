"""Building modules without memory, giving them memory in place, and filling lazy ones when they first run.

A parameter on the meta device has a shape and a dtype and no values. It gets memory through
`torch.utils.swap_tensors`: the object stays the one that ties and optimizers hold.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import ParametrizationList

from ...errors import DeferredError
from . import arrays
from .own import itself

__all__ = ["blank", "constructed_buffer", "give_shape", "materialise", "meta", "when_shaped"]

_inside = threading.local()
_lock = threading.Lock()
_open = 0
_register: Any = nn.Module.register_parameter


def _register_on_meta(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
    """`Module.register_parameter` while `meta()` is open: what is registered loses its memory."""
    if (
        getattr(_inside, "depth", 0)
        and parameter is not None
        and not parameter.is_meta
        and not arrays.lazy(parameter)
    ):
        # One parameter registered in two places stays one: its twin is noted on it.
        twin = parameter.__dict__.get("_on_meta")
        if twin is None:
            twin = _as(parameter, parameter.detach().to("meta"))
            twin.__dict__.update(parameter.__dict__)
            parameter.__dict__["_on_meta"] = twin
        parameter = twin
    _register(module, name, parameter)


@contextmanager
def meta() -> Iterator[None]:
    """Modules built inside have their parameters on the meta device; buffers are computed and real.

    torch's own layers allocate a parameter, register it, and only then write its initial values. Memory
    that was never written costs nothing, and what is registered is on the meta device, where writing
    costs nothing either. (A single parameter larger than the machine's memory is refused by the system.)
    Only this thread is concerned; openings may nest.
    """
    global _open, _register
    with _lock:
        if _open == 0:
            _register = nn.Module.register_parameter
            nn.Module.register_parameter = _register_on_meta  # type: ignore[method-assign, assignment]
        _open += 1
    _inside.depth = getattr(_inside, "depth", 0) + 1
    try:
        yield
    finally:
        _inside.depth -= 1
        with _lock:
            _open -= 1
            if _open == 0:
                nn.Module.register_parameter = _register  # type: ignore[method-assign]


def blank(tensor: Any) -> torch.Tensor:
    """A plain tensor of the whole shape on the host, to be filled by somebody: a copy of the values.

    Zeros where the tensor has no values, or holds a shard of them only. On the host, because a GPU's
    generator would draw other values.
    """
    whole: torch.Tensor = tensor.detach()
    if whole.is_meta or arrays.sharded(whole):
        return torch.zeros(tuple(whole.shape), dtype=whole.dtype, device="cpu")
    return whole.to("cpu", copy=True)


def _as(parameter: nn.Parameter, values: torch.Tensor) -> nn.Parameter:
    """A parameter of the same class with other values."""
    made = nn.Parameter(values, parameter.requires_grad)
    if type(made) is not type(parameter):
        made.__class__ = type(parameter)
    return made


_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")


def _empty(tensor: Any, device: Any, known: dict[Any, Any]) -> Any:
    """Memory for a tensor on the meta device: that of another where the two have one on meta.

    What has memory goes into `known`, by what it had on meta.
    """
    there: Any = tensor.detach()
    if arrays.sharded(tensor):
        return torch.empty_like(there, device=device)
    storage = there.untyped_storage()
    # The tensor on meta is kept with it, so that no other gets its key.
    shared, _ = known.get(storage._cdata, (None, None))
    if shared is None:
        if there.numel() * there.element_size() == storage.nbytes():
            fresh = torch.empty_like(there, device=device)
            known[storage._cdata] = fresh.untyped_storage(), there
            return fresh
        shared = torch.UntypedStorage(storage.nbytes(), device=device)  # type: ignore[no-untyped-call]
        known[storage._cdata] = shared, there
    bare = torch.empty(0, dtype=there.dtype, device=device)
    return bare.set_(shared, there.storage_offset(), there.shape, there.stride())


def materialise(
    tensor: Any, owner: nn.Module, device: Any, known: dict[Any, Any]
) -> Callable[[], None] | None:
    """Give a tensor on the meta device memory, not yet written; the object stays, and its hooks with it.

    Args:
        tensor: the tensor.
        owner: the layer that holds it.
        device: where.
        known: what was given memory with it; the same dict for a whole model.

    Returns:
        What takes it back; None for a tensor that has memory, which is left.

    Raises:
        DeferredError: there is no memory for it, or torch cannot exchange its inside; it is as it was.
    """
    if not tensor.is_meta:
        return None
    try:
        fresh: Any = _empty(tensor, device, known)
    except RuntimeError as error:
        raise DeferredError(f"it cannot be given memory on {device}: {error}.") from None
    if isinstance(tensor, nn.Parameter):
        fresh = _as(tensor, fresh)
    fresh.__dict__.update(tensor.__dict__)  # what users note on a parameter goes with it

    def swap() -> None:
        # Recurrent layers keep weak references to their weights, and swapping refuses those; they are
        # made anew from the weights' names.
        recurrent: Any = owner if isinstance(owner, nn.RNNBase) else None
        if recurrent:
            recurrent._flat_weight_refs = []
        # Hooks lie half in the object and half in its inside: they are taken off and put on again.
        hooks = {name: getattr(tensor, name) for name in _HOOKS if getattr(tensor, name, None)}
        for name in hooks:
            setattr(tensor, name, None)
        try:
            torch.utils.swap_tensors(tensor, fresh)  # type: ignore[no-untyped-call]
        finally:
            for name, held in hooks.items():
                setattr(tensor, name, held)
            if recurrent:
                recurrent._init_flat_weights()

    try:
        swap()
    except RuntimeError as error:
        raise DeferredError(
            f"a parameter on the meta device cannot be given memory in place: {error}. Drop what else refers "
            f"to it (a graph of a forward pass, a weak reference)."
        ) from None
    return swap


def give_shape(array: Any, owner: Any, attribute: str, shape: tuple[int, ...]) -> Callable[[], None]:
    """Give a lazy array its shape, as `load_state_dict` does; its layer finds it so when it first runs.

    Returns:
        What makes it lazy again.

    Raises:
        DeferredError: there is no memory for it; it is as it was.
    """
    says = itself(owner)
    try:
        if says is not None:
            return says.give_shape(owner, attribute, shape)
        kind, empty = type(array), array.data
        array.materialize(shape)
    except RuntimeError as error:
        raise DeferredError(f"it cannot be given memory: {error}.") from None

    def back() -> None:
        array.data = empty
        array.__class__ = kind

    return back


def constructed_buffer(owner: nn.Module, attribute: str, above: Any) -> float | Callable[[], None] | None:
    """What a layer of torch's own puts into a buffer when it is built, None if not known.

    That is a number, or, of spectral normalisation, what makes its vectors of normal values.
    """
    norm = nn.modules.batchnorm._NormBase
    if isinstance(owner, norm) and type(owner).reset_running_stats is norm.reset_running_stats:
        return {"running_mean": 0.0, "running_var": 1.0, "num_batches_tracked": 0}.get(attribute)
    if isinstance(owner, _SpectralNorm) and attribute in ("_u", "_v"):
        return partial(_iterate, owner, above)
    return None


def _iterate(spectral: Any, computed: ParametrizationList) -> None:
    """Bring the vectors near the weight's first singular ones: 15 steps, as when torch builds them."""
    with torch.no_grad():
        for vector in (spectral._u, spectral._v):
            vector.copy_(nn.functional.normalize(vector, dim=0, eps=spectral.eps))
        # `parametrize` keeps one original, or as many as the first parametrization takes.
        parts = ["original"] if computed.is_tensor else [f"original{n}" for n in range(computed.ntensors)]
        found: Any = [getattr(computed, part) for part in parts]
        for module in itertools.takewhile(lambda one: one is not spectral, computed):
            found = [module(*found)]
        (weight,) = found
        training, steps = spectral.training, spectral.n_power_iterations
        spectral.training, spectral.n_power_iterations = True, 15
        try:
            spectral(weight)
        finally:
            spectral.training, spectral.n_power_iterations = training, steps


def _version(tensor: torch.Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version


class _Later:
    """Forward pre-hooks that fill a lazy layer once its shapes are known, and take themselves away.

    One runs before the layer's own hook and looks which parameters still wait: what a checkpoint or
    another verb has filled by then stays. The other runs after it, when the shapes are known. Where an
    initializer fails, the parameters have memory but no values, and it is tried again at the next pass.
    """

    def __init__(self) -> None:
        self.fills: dict[str, Callable[[Any, nn.Module, str], None]] = {}
        self.shaped: dict[str, int] = {}  # versions of those that have memory only

    def look(self, module: nn.Module, inputs: Any) -> None:
        def waits(name: str) -> bool:
            tensor = getattr(module, name)
            return arrays.lazy(tensor) or self.shaped.get(name) == _version(tensor)

        self.fills = {name: fill for name, fill in self.fills.items() if waits(name)}

    def fill(self, module: nn.Module, inputs: Any) -> None:
        self.shaped = {name: _version(getattr(module, name)) for name in self.fills}
        for attribute, fill in list(self.fills.items()):
            fill(getattr(module, attribute), module, attribute)
            del self.fills[attribute]
        for key, hook in list(module._forward_pre_hooks.items()):
            if getattr(hook, "__self__", None) is self:
                del module._forward_pre_hooks[key]


def when_shaped(owner: nn.Module, attribute: str, fill: Callable[[Any, nn.Module, str], None]) -> None:
    """Call `fill(tensor, owner, attribute)` when a lazy layer has its shapes, before it first computes.

    Asked again for the same attribute, the later one counts.
    """
    says = itself(owner)
    if says is not None:
        says.when_shaped(owner, attribute, fill)
        return
    for hook in owner._forward_pre_hooks.values():
        later = getattr(hook, "__self__", None)
        if isinstance(later, _Later):
            later.fills[attribute] = fill
            return
    later = _Later()
    later.fills[attribute] = fill
    owner.register_forward_pre_hook(later.look, prepend=True)
    owner.register_forward_pre_hook(later.fill)
