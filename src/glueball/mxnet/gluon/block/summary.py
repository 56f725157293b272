"""What one forward pass goes through, as MXNet's table: each layer's output and its number of Parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ...ndarray import NDArray

if TYPE_CHECKING:
    from .base import Block

__all__ = ["summarize"]

_LINE = "{:>20}  {:>42} {:>15}"


class _Counts:
    """The rows of the table, and the sums below it."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int]] = []
        self.total = self.trainable = self.shared = 0
        self._seen: set[Any] = set()

    def add(self, block: Any, output: str) -> None:
        """Note that a block, or a torch module, gave an output."""
        count = 0
        for parameter, trains in _own(block):
            size = math.prod(parameter.shape or ())
            count += size
            self.trainable += size if trains else 0
            self.shared += size if parameter in self._seen else 0
            self._seen.add(parameter)
        self.total += count
        self.rows.append((f"{type(block).__name__}-{len(self.rows) + 1}", output, count))


def _own(block: Any) -> list[tuple[Any, bool]]:
    """Its own Parameters, and whether they train."""
    if isinstance(block, torch.nn.Module) and not hasattr(block, "_reg_params"):
        return [(tensor, tensor.requires_grad) for tensor in block.parameters(recurse=False)]
    return [(parameter, parameter.grad_req != "null") for parameter in block.params.values()]


def summarize(block: Block, inputs: tuple[Any, ...]) -> None:
    """Run a block on inputs and print the table; see `Block.summary`."""
    from .base import Block

    counts = _Counts()
    handles = []

    def shapes(layer: Any, _: Any, output: Any) -> None:
        counts.add(layer, _shapes(output))

    def symbols(layer: Any, _: Any) -> None:
        # MXNet infers a deferred layer's shapes from a graph of symbols, in which the layers inside it are
        # called once more, and counts those calls too.
        if not any(parameter._deferred_init for parameter in getattr(layer, "_reg_params", {}).values()):
            return
        for child in layer._modules.values():
            if isinstance(child, Block):
                child.apply(lambda inner: counts.add(inner, f"<Symbol {inner.name}_fwd>"))

    def watch(layer: Any) -> None:
        assert not getattr(layer, "_active", False), (
            f'"{layer.name}" must not be hybridized to print summary.'
        )
        if not _container(layer):
            handles.append(layer.register_forward_hook(shapes))
            handles.append(layer.register_forward_pre_hook(symbols))

    try:
        block.apply(watch)
        block(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    print("-" * 80)
    print(_LINE.format("Layer (type)", "Output Shape", "Param #"))
    print("=" * 80)
    for row in [("Input", _shapes(inputs), 0), *counts.rows]:
        print(_LINE.format(*row))
    print("=" * 80)
    print("Parameters in forward computation graph, duplicate included")
    print(f"   Total params: {counts.total}")
    print(f"   Trainable params: {counts.trainable}")
    print(f"   Non-trainable params: {counts.total - counts.trainable}")
    print(f"Shared params in forward computation graph: {counts.shared}")
    print(f"Unique parameters in model: {counts.total - counts.shared}")
    print("-" * 80)


def _container(block: Any) -> bool:
    from ..nn import HybridSequential, Sequential

    return isinstance(block, (Sequential, HybridSequential))


def _shapes(values: Any) -> str:
    """The shapes of arrays in nested lists; the outermost list without brackets."""
    shown = _shape(values)
    return str(shown)[1:-1] if isinstance(shown, list) else str(shown)


def _shape(value: Any) -> Any:
    if isinstance(value, (NDArray, torch.Tensor)):
        return tuple(value.shape)
    return list(map(_shape, value)) if isinstance(value, (list, tuple)) else value
