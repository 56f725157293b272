"""Watching training: hooks at an optimizer's step, and statistics of many tensors in few calls.

All work is started before the first result is read, so a GPU is waited for once.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import torch

from ...errors import OptimizerError
from ...gauges import Measures
from . import arrays as tensors

__all__ = ["TorchGauges"]

Column = np.ndarray[Any, Any]

_SMALL = 1 << 16
"""Of so many elements the deviation is computed in a pass of its own (Welford's), which costs ten others."""


_FEW = 1 << 12
"""Tensors of so few elements are copied to the host as one: a call for each would cost more."""


class _Values(NamedTuple):
    """A tensor ready to be measured, which may hold only those of `size` elements that are not zero."""

    tensor: torch.Tensor
    size: int


class TorchGauges:
    """Statistics of tensors, and hooks, as `glueball.gauges.Gauges` describes them."""

    keeps_gradients = True

    @torch.no_grad()
    def norms(self, arrays: Sequence[Any]) -> Column:
        """The Euclidean norm of each."""
        return _norms([_values(array).tensor for array in arrays])()

    @torch.no_grad()
    def measure(self, arrays: Sequence[Any]) -> Measures:
        """The statistics of each.

        Norm, mean, largest magnitude and zeros are of all elements, summed in float32 (float64 for that). So
        is the deviation up to 65,536 elements; above, it is computed from norm and mean, which leaves it
        right to about a thousandth of the mean.
        """
        values = [_values(array) for array in arrays]
        count = np.array([found.size for found in values], dtype=np.float64)
        columns = np.full((5, len(values)), np.nan)
        reads = []
        for places in _alike([found.tensor for found in values]):
            few = [place for place in places if values[place].size == values[place].tensor.numel() <= _FEW]
            if few:
                reads.append((few, _packed([values[place].tensor for place in few])))
            many = sorted(set(places) - set(few))
            if many:
                reads.append((many, _started([values[place] for place in many])))
        for places, read in reads:
            columns[:, places] = read()
        norm, mean, std, largest, nonzero = columns
        for place, found in enumerate(values):
            if not found.tensor.numel():  # no elements, or a sparse tensor of zeros only
                norm[place] = nonzero[place] = 0
                mean[place] = largest[place] = 0 if found.size else np.nan
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            mean = mean / np.where(count, count, np.nan)
            rest = np.sqrt(np.maximum(norm * norm / count - mean * mean, 0))
        std = np.where(np.isnan(std) & np.isfinite(norm), rest, std)
        return Measures(norm, mean, std, largest, count - nonzero)

    @torch.no_grad()
    def nonfinite(self, array: Any) -> tuple[int, int]:
        """How many elements are NaN, and how many infinite."""
        tensor = _values(array).tensor
        return int(tensor.isnan().sum()), int(tensor.isinf().sum())

    @torch.no_grad()
    def sample(self, arrays: Sequence[Any], most: int) -> Any:
        """A copy of at most so many elements of each, spread evenly."""
        return most, [_spread(_values(array).tensor, most).clone() for array in arrays]

    @torch.no_grad()
    def moved(self, before: Any, arrays: Sequence[Any]) -> Callable[[], Column]:
        """How far each is from its sample, over the sample's norm; NaN where it was cast or moved since."""
        most, old = before
        new = [_spread(_values(array).tensor, most) for array in arrays]
        for place, (a, b) in enumerate(zip(new, old, strict=True)):
            if (a.shape, a.dtype, a.device) != (b.shape, b.dtype, b.device):
                new[place] = torch.full_like(b, math.nan)
        read = _norms([*torch._foreach_sub(new, old), *old]) if old else _norms([])

        def ratios() -> Column:
            distance, norm = np.split(read(), 2)
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(distance == 0, 0.0, distance / norm)

        return ratios

    def on_step(
        self,
        optimizer: Any,
        begin: Callable[[], None],
        look: Callable[[float], None],
        end: Callable[[], None],
    ) -> Callable[[], None]:
        """Hooks at the steps of a `torch.optim.Optimizer`, or of what has hooks of the same form."""
        if not hasattr(optimizer, "register_step_pre_hook"):
            raise OptimizerError(
                f"a {type(optimizer).__name__} has no step hooks: leave optimizer= out, and call log.step() "
                f"after each backward."
            )
        counts = True

        def before(optimizer: Any, args: Any, kwargs: Any) -> None:
            nonlocal counts
            if _nested(optimizer):
                return
            # Set by GradScaler, for the step of an optimizer that scales back and skips by itself.
            found, scaled = getattr(optimizer, "found_inf", None), getattr(optimizer, "grad_scale", None)
            counts = found is None or not bool(found)
            if counts:
                begin()
                if not _closure(args, kwargs):
                    look(1.0 if scaled is None else float(scaled))

        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            if counts and not _nested(optimizer):
                if _closure(args, kwargs):
                    look(1.0)
                end()

        if "torch._dynamo" in sys.modules:  # importing it costs a second, and nothing is compiled without it
            before, after = map(torch.compiler.disable, (before, after))
        hooks = [optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)]
        return lambda: [hook.remove() for hook in hooks].clear()

    def arrivals(self, root: Any, arrays: Sequence[Any]) -> tuple[list[int], Callable[[], None]]:
        """Noted by hooks on the tensors, which autograd calls when a gradient is complete.

        A compiled backward hands all gradients over at once, in no order, so where something was compiled
        nothing is told.
        """
        order: list[int] = []
        hooks: list[Any] = []
        if not _compiled(root):
            seen: set[int] = set()

            def note(place: int) -> Callable[[Any], None]:
                def arrived(_: Any) -> None:
                    if place not in seen:
                        seen.add(place)
                        order.append(place)

                return arrived

            for place, array in enumerate(arrays):
                if array.requires_grad and array.is_leaf and not tensors.lazy(array):
                    hooks.append(array.register_post_accumulate_grad_hook(note(place)))

        def end() -> None:
            for hook in hooks:
                hook.remove()
            if _compiled(root):
                order.clear()

        return order, end


_HOOKED: Any = torch.optim.Optimizer.profile_hook_step
_STEP = _HOOKED(_HOOKED).__code__
"""The code that torch puts around the step of every class of optimizers, to call hooks."""


def _nested(optimizer: Any) -> bool:
    """Whether this step is part of another: a class whose step calls super().step() is hooked twice.

    Frames are looked at, since no hook is called after a step that raised.
    """
    frame: FrameType | None = sys._getframe(1)
    steps = 0
    while frame and steps < 2:
        steps += bool(frame.f_code is _STEP and frame.f_locals["args"][0] is optimizer)
        frame = frame.f_back
    return steps > 1


def _closure(args: Any, kwargs: Any) -> bool:
    """Whether a step was given what computes the gradients; the first argument is the optimizer."""
    return callable(args[1]) if len(args) > 1 else callable(kwargs.get("closure"))


def _compiled(root: Any) -> bool:
    """Whether a model, or any function in this process, was compiled; torch's compiler is not imported."""
    dynamo: Any = sys.modules.get("torch._dynamo.utils")
    if dynamo is not None and dynamo.counters["frames"].get("ok"):
        return True
    return any(
        type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None
        for module in root.modules()
    )


# ---- values -----------------------------------------------------------------------------------------


def _values(array: Any) -> _Values:
    """A dense tensor of real numbers that norms can be taken of; what is done with it is under no_grad."""
    if type(array) in _PLAIN and array.dtype in _READY and array.layout is torch.strided:
        return _Values(array, array.numel())
    if not isinstance(array, torch.Tensor):
        array = torch.as_tensor(np.asarray(array))
    tensor: torch.Tensor = tensors.data(array)
    if type(tensor) is torch.Tensor and tensor.dtype in _READY and tensor.layout is torch.strided:
        return _Values(tensor, tensor.numel())
    count = tensor.numel()
    if tensor.layout is torch.sparse_coo:
        tensor = tensor.coalesce().values()
    elif tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_complex():
        tensor = tensor.abs()
    elif tensor.dtype not in _READY:
        tensor = tensor.to(torch.float32 if tensor.is_floating_point() else torch.float64)
    return _Values(tensor, count)


_PLAIN = {torch.Tensor, torch.nn.Parameter}
_READY = {torch.float32, torch.float64, torch.float16, torch.bfloat16}


def _alike(values: Sequence[torch.Tensor]) -> list[list[int]]:
    """Places by device and dtype; what has no elements is left out."""
    groups: dict[tuple[torch.device, torch.dtype], list[int]] = {}
    for place, tensor in enumerate(values):
        if tensor.numel():
            groups.setdefault((tensor.device, tensor.dtype), []).append(place)
    return list(groups.values())


def _wide(dtype: torch.dtype) -> torch.dtype:
    """What sums are kept in."""
    return torch.float64 if dtype is torch.float64 else torch.float32


def _norms(values: Sequence[torch.Tensor]) -> Callable[[], Column]:
    """Start the norms of tensors; what is returned reads them, 0 of those without elements."""
    started = []
    for places in _alike(values):
        chosen = [values[place] for place in places]
        norms = torch._foreach_norm(chosen, 2, dtype=_wide(chosen[0].dtype))
        started.append((places, torch.stack(norms)))

    def read() -> Column:
        found = np.zeros(len(values))
        for places, norms in started:
            found[places] = norms.cpu().numpy()
        return found

    return read


def _started(values: Sequence[_Values]) -> Callable[[], Column]:
    """Start the statistics of tensors of one device and dtype.

    Returns:
        What reads them: rows of norm, sum, deviation (NaN: not computed), largest magnitude, non-zeros.
    """
    chosen = [found.tensor for found in values]
    wide = _wide(chosen[0].dtype)
    norm = torch._foreach_norm(chosen, 2, dtype=wide)
    small = [place for place, found in enumerate(values) if found.size == found.tensor.numel() <= _SMALL]
    sums = [tensor.sum(dtype=wide) for tensor in chosen]
    deviations = [chosen[place].to(wide).std(correction=0) for place in small]
    if chosen[0].is_cpu:
        ends = [end for tensor in chosen for end in torch.aminmax(tensor)]
        nonzero = [torch.count_nonzero(tensor) for tensor in chosen]
    else:  # kernels for many tensors, which the CPU has none of
        ends = list(torch._foreach_norm(chosen, math.inf, dtype=wide))
        nonzero = list(torch._foreach_norm(chosen, 0, dtype=wide))
    packed = [torch.stack(found) for found in (norm, sums, ends, nonzero, deviations) if found]

    def read() -> Column:
        norm, sums, ends, nonzero, *rest = [found.to("cpu").double().numpy() for found in packed]
        if len(ends) > len(norm):
            ends = np.abs(ends).reshape(-1, 2).max(axis=1)
        std = np.full(len(norm), np.nan)
        if rest:
            std[small] = rest[0]
        return np.stack([norm, sums, std, ends, nonzero])

    return read


def _packed(tensors: Sequence[torch.Tensor]) -> Callable[[], Column]:
    """As `_started`, for tensors that are small and perhaps many: all in one copy, and the host counts."""
    sizes = np.array([tensor.numel() for tensor in tensors])
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    starts = np.cumsum(sizes) - sizes

    def read() -> Column:
        values = flat.to("cpu").double().numpy()
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.add.reduceat(values, starts)
            norm = np.sqrt(np.add.reduceat(values * values, starts))
            away = values - np.repeat(sums / sizes, sizes)
            std = np.sqrt(np.add.reduceat(away * away, starts) / sizes)
        largest = np.maximum.reduceat(np.abs(values), starts)
        return np.stack([norm, sums, std, largest, np.add.reduceat(values != 0, starts, dtype=np.float64)])

    return read


@lru_cache(maxsize=4096)
def _step(shape: tuple[int, ...], most: int) -> int:
    """How far apart the elements of a sample stand: prime to every dimension, so no column is passed over."""
    count = math.prod(shape)
    step = max(1, -(-count // most))
    while step > 1 and math.gcd(step, count) > 1:
        step += 1
    return step


def _spread(tensor: torch.Tensor, most: int) -> torch.Tensor:
    """At most so many elements of a tensor, evenly spread; a view where its elements lie close."""
    if tensor.numel() <= most:
        return tensor
    return tensor.reshape(-1)[:: _step(tuple(tensor.shape), most)]
