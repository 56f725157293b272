"""Filling one array apart: a shard, on another device, or later.

What can be drawn together in the host's memory is drawn by the plan; the rest comes here.
"""

from __future__ import annotations

from typing import Any

from ... import streams
from ...adapter import Adapter
from ...errors import InitializerError
from ...frameworks import adapter_for
from ...init import Given, Initializer, Padded, Whole
from ..origin import Note, note, noted, now
from ..parameter import native
from .making import make
from .resolving import resolve, target_of

__all__ = ["Later", "draw_apart", "zero_row"]


def draw_apart(
    adapter: Adapter, array: Any, distribution: streams.Distribution, seed: int, name: str
) -> None:
    """Draw into an array that the plan cannot fill together with others.

    Of a sharded one each process draws its own block; where NumPy cannot reach the memory, the values
    are made on the host and copied.
    """
    part = adapter.shard(array)
    local, whole, offsets = (array, None, None) if part is None else part
    if part is None and adapter.fill_device(array, distribution, seed, name):
        return
    target = adapter.fill_target(local)
    values = adapter.empty_host(local) if target is None else target
    streams.fill(values, distribution, seed, name, whole_shape=whole, offsets=offsets)
    if target is None:
        adapter.write(local, adapter.coerce(local, values, name))
    else:
        adapter.filled([local])


def zero_row(adapter: Adapter, array: Any, row: int) -> None:
    """Put 0 into one row of an array; of a sharded one, where this process has the row."""
    part = adapter.shard(array)
    if part is None:
        target = adapter.fill_target(array)
        if target is not None:
            target[row] = 0
            adapter.filled([array])
            return
        whole = adapter.blank(array)
        whole[row] = 0
        adapter.write(array, adapter.coerce(array, whole, f"row {row}"))
        return
    local, whole, offsets = part
    row = row % whole[0] - offsets[0]
    if 0 <= row < local.shape[0]:
        adapter.write(local[row], 0)


class Later:
    """Fills a parameter of a lazy layer when its shape is known; copied and pickled with the layer."""

    def __init__(self, initializer: Initializer, rule: str, seed: int, name: str) -> None:
        self.initializer = initializer
        self.rule = rule
        self.seed = seed
        self.name = name

    def __call__(self, array: Any, owner: Any, attribute: str) -> None:
        """Fill the array that lies at (owner, attribute)."""
        adapter = adapter_for(owner)
        shape: Any = adapter.shape(array, owner, attribute)
        target = target_of(adapter, self.name, owner, attribute, shape)
        initializer = resolve(adapter, self.initializer, target, owner, attribute, list)
        if initializer is None:
            raise InitializerError(f"no default is known for {self.name} (of {type(owner).__name__}).")
        put: Any = initializer.distribution(target)
        row = initializer.row if isinstance(initializer, Padded) else None
        if put is not None:
            draw_apart(adapter, array, put, self.seed, self.name)
            if row is not None:
                zero_row(adapter, array, row)
        elif isinstance(initializer, Given):
            put = adapter.coerce(array, native(initializer.given, adapter), self.name)
            adapter.write(array, put)
        else:
            if isinstance(initializer, Whole):
                initializer.check(target.one)
            put = make(adapter, array, initializer, target, self.name, self.seed)
            adapter.write(array, put)
        (size,) = adapter.sizes([array])
        told = self.rule, repr(initializer), self.seed, self.name, now()
        note(owner, attribute, Note(*told, size, noted(adapter, array, put), row))
