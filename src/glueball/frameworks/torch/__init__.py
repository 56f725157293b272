"""PyTorch: the adapter.

`walk` finds the tensors, `own` asks modules that know more of them, `arrays` reads and writes one,
`changing` gives it another dtype or device, `meta` builds without memory; `layers` knows the fans of a layer,
`layouts` what it holds, and `defaults` what its constructor draws; `streams` draws on a GPU; `optim` speaks
with `torch.optim`.
`changing` gives it another dtype or device, `meta` builds without memory; `layers` knows the fans of a layer
and `defaults` what its constructor draws; `streams` draws on a GPU; `optim` speaks with `torch.optim`;
`watching` measures at each step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ...adapter import Adapter, Defaults
from ...errors import UnknownModelError
from ...gauges import Gauges
from ...slots import Tree
from . import arrays, changing, defaults, layers, layouts, meta, optim, own, reading, sharing
from . import walk as walking

__all__ = ["adapter"]


class TorchAdapter(Defaults):
    """`torch.nn.Module`, its tensors and its optimizers, as glueball needs them (see `Adapter`)."""

    name = "torch"

    children = staticmethod(walking.children)
    child = staticmethod(walking.child)
    holds = staticmethod(walking.holds)
    inside = staticmethod(walking.inside)
    own_names = staticmethod(own.own_names)

    lazy = staticmethod(arrays.lazy)
    facts = staticmethod(arrays.facts)
    shape = staticmethod(arrays.shape)
    no_values = staticmethod(arrays.no_values)
    unwritable = staticmethod(arrays.unwritable)
    plain = staticmethod(arrays.plain)
    memory = staticmethod(arrays.memory)
    fingerprint = staticmethod(arrays.fingerprint)
    data = staticmethod(arrays.data)
    grad = staticmethod(arrays.grad)
    numpy = staticmethod(arrays.numpy)
    coerce = staticmethod(arrays.coerce)
    write = staticmethod(arrays.write)
    copy = staticmethod(arrays.copy)
    zero_grad = staticmethod(arrays.zero_grad)
    set_trainable = staticmethod(changing.set_trainable)
    cast = staticmethod(changing.caster)
    move = staticmethod(changing.mover)
    usable_device = staticmethod(changing.usable_device)
    numpy_dtype = staticmethod(arrays.numpy_dtype)
    fill_target = staticmethod(arrays.fill_target)
    pieces = staticmethod(reading.pieces)
    view = staticmethod(arrays.view)
    give_shape = staticmethod(meta.give_shape)
    writer = staticmethod(sharing.writer)

    shard = staticmethod(arrays.shard)

    blank = staticmethod(meta.blank)
    materialise = staticmethod(meta.materialise)
    constructed_buffer = staticmethod(meta.constructed_buffer)
    when_shaped = staticmethod(meta.when_shaped)
    meta = staticmethod(meta.meta)

    fans = staticmethod(layers.fans)
    parts = staticmethod(layers.parts)
    axes = staticmethod(layers.axes)
    layout = staticmethod(layouts.layout)
    default = staticmethod(defaults.default)
    part = staticmethod(defaults.part)

    group = staticmethod(optim.group)
    held = staticmethod(optim.held)
    follow = staticmethod(optim.follow)
    exchange = staticmethod(optim.exchange)

    def walk(self, root: Any, buffers: bool) -> Tree:
        """What stands in a module, in columns."""
        try:
            return walking.walk(self, root, buffers)
        except KeyError as missing:
            raise UnknownModelError(
                f"a module in {type(root).__name__} has no {missing}: its __init__ has to call "
                f"super().__init__() first."
            ) from None

    @staticmethod
    def get(owner: Any, attribute: str) -> Any:
        """The tensor at a site, or None where there is none any more."""
        found = owner._parameters.get(attribute)
        return owner._buffers.get(attribute) if found is None else found

    @staticmethod
    def get_many(owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many sites."""
        tables = [owner._parameters for owner in owners]
        found = [tables[at].get(name) for at, name in zip(holders, attributes, strict=True)]
        if id(None) in map(id, found):
            for place, tensor in enumerate(found):
                if tensor is None:
                    found[place] = owners[holders[place]]._buffers.get(attributes[place])
        return found

    @staticmethod
    def rebind(owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Put another tensor at a site: that of another site, which is to be tied, or a copy of its own."""
        says = own.itself(owner)
        if says is not None:
            says.rebind(owner, attribute, array, site)
            return
        table = owner._parameters if attribute in owner._parameters else owner._buffers
        table[attribute] = array

    @staticmethod
    def gauges() -> Gauges:
        """Statistics by torch's operations over many tensors at once."""
        from .watching import TorchGauges

        return TorchGauges()

    @staticmethod
    def dtype(array: Any) -> Any:
        """The tensor's `torch.dtype`."""
        return array.dtype

    @staticmethod
    def device(array: Any) -> Any:
        """The tensor's `torch.device`."""
        return array.device

    @staticmethod
    def floating(array: Any) -> bool:
        """Whether the tensor holds real floating numbers."""
        return bool(array.is_floating_point())

    @staticmethod
    def addresses(tensors: Sequence[Any]) -> list[int]:
        """Where the memory of each begins."""
        return [tensor.data_ptr() for tensor in tensors]

    @staticmethod
    def sizes(tensors: Sequence[Any]) -> list[int]:
        """The number of elements of each."""
        return [tensor.numel() for tensor in tensors]

    @staticmethod
    def on_meta(array: Any) -> bool:
        """Whether the tensor lies on the meta device."""
        return bool(array.is_meta)

    @staticmethod
    def trainable(array: Any) -> bool:
        """Whether autograd follows the tensor."""
        return bool(array.requires_grad)

    @staticmethod
    def filled(filled: Sequence[Any]) -> None:
        """Tell autograd that tensors were written through their memory."""
        if filled:
            torch.autograd.graph.increment_version(filled)

    @staticmethod
    def fill_device(array: Any, distribution: Any, seed: int, name: str) -> bool:
        """Fill a tensor on a CUDA device there; False for any other."""
        if array.device.type not in arrays.FILLED_THERE or arrays.sharded(array):
            return False
        from . import streams

        streams.fill(array, distribution, seed, name)
        return True

    @staticmethod
    def empty_host(array: Any) -> np.ndarray[Any, Any]:
        """A NumPy array of the tensor's shape and dtype, for a tensor that NumPy cannot reach."""
        return np.empty(tuple(array.shape), arrays.numpy_dtype(array.dtype))

    @staticmethod
    def seeded(run: Callable[[], None], seed: int) -> None:
        """Run something that draws on torch's global generators as if they were freshly seeded."""
        # Without a GPU at work only the host's: torch.manual_seed would leave a note to seed GPUs with
        # our seed when they are first used, and forking theirs would start them.
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                run()
            return
        state = torch.get_rng_state()
        try:
            torch.default_generator.manual_seed(seed)
            run()
        finally:
            torch.set_rng_state(state)


adapter: Adapter = TorchAdapter()
