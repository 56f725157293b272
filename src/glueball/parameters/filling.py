"""Filling one array apart: by a function of the user's, a shard, on another device, or later.

What can be drawn together in the host's memory is drawn by the plan; the rest comes here.
"""

from __future__ import annotations

from typing import Any

from .. import streams
from ..frameworks import adapter_for
from ..init import Initializer, Target
from ..init.initializers import Given
from ..slots import Adapter
from .parameter import native

__all__ = ["Later", "draw_apart", "make"]


def make(adapter: Adapter, initializer: Initializer, values: Any, seed: int, name: str) -> None:
    """Let an initializer of the user's own fill an array, under a seed made from (seed, name)."""
    key = streams.stream_key(seed, name)
    adapter.seeded(lambda: initializer._init_weight(name, values), key.k0 | key.k1 << 32)


def draw_apart(
    adapter: Adapter, array: Any, distribution: streams.Distribution, seed: int, name: str
) -> None:
    """Draw into an array that the plan cannot fill together with others.

    Of a sharded one each process draws its own block; where NumPy cannot reach the memory, the values
    are made on the host and copied.
    """
    part = adapter.shard(array)
    local, whole, offsets = (array, None, None) if part is None else part
    target = adapter.fill_target(local)
    values = adapter.empty_host(local) if target is None else target
    streams.fill(values, distribution, seed, name, whole_shape=whole, offsets=offsets)
    if target is None:
        adapter.write(local, adapter.coerce(local, values, name))
    else:
        adapter.filled([local])


class Later:
    """Fills a parameter of a lazy layer when its shape is known; copied and pickled with the layer."""

    def __init__(self, initializer: Initializer, seed: int, name: str) -> None:
        self.initializer = initializer
        self.seed = seed
        self.name = name

    def __call__(self, array: Any, owner: Any, attribute: str) -> None:
        """Fill the array that lies at (owner, attribute)."""
        adapter, initializer = adapter_for(owner), self.initializer
        if isinstance(initializer, Given):
            adapter.write(array, adapter.coerce(array, native(initializer.given, adapter), self.name))
            return
        shape: Any = adapter.shape(array, owner, attribute)
        distribution = initializer.distribution(
            Target(self.name, shape, adapter.fans(owner, attribute, shape))
        )
        if distribution is not None:
            draw_apart(adapter, array, distribution, self.seed, self.name)
            return
        values = adapter.blank(array, None)
        make(adapter, initializer, values, self.seed, self.name)
        adapter.write(array, values)
