"""Flax NNX: modules and their Variables.

`walk` says what lies in a module, `layers` knows the fans of NNX's own layers, `layouts` what they hold and
`defaults` what their constructors draw; `optim` speaks with optax and `nnx.Optimizer`.

A `nnx.Param`, or a Variable of a class derived from it, is a parameter. Any other Variable is a buffer:
`BatchStat`, `Cache`, `Intermediate`, the keys and counts of `nnx.Rngs`, and classes of your own. The Variable
is the identity: one Variable in two places is one parameter. Values are put into it; sharding, dtype and
metadata stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from ...adapter import Adapter, Facts
from ...errors import DTypeError, TieError
from ...slots import Tree
from .. import jax_arrays
from ..host import Entries, HostAdapter
from ..jax_arrays import is_key
from ..values import dtype_kind
from . import defaults, layers, layouts, optim, walk

__all__ = ["adapter"]

FROZEN = "trainable"
"""The entry of a Variable's metadata that says, when it is False, that the Variable is frozen."""


class NNXAdapter(HostAdapter):
    """`nnx.Module`; a walked tree's adapter knows the model, for what an `nnx.Optimizer` trains of it."""

    name = "nnx"
    written = False  # nnx.jit, and merging, leave attributes sorted by name
    layout = staticmethod(layouts.layout)

    def __init__(self, model: Any = None) -> None:
        self.model = model

    # ---- the walk -----------------------------------------------------------------------------------

    def walk(self, root: Any, buffers: bool) -> Tree:
        """Every module once, every Variable once, by name as NNX itself sorts them."""
        return HostAdapter.walk(NNXAdapter(root), root, buffers)

    def entries(self, owner: Any) -> Entries:
        """The Variables and modules in a module."""
        return walk.entries(owner)

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a module of this name is this one."""
        return walk.find(owner, name)[2] is child

    def get(self, owner: Any, attribute: str) -> Any:
        """The Variable at a site."""
        return walk.get(owner, attribute)

    def get_many(self, owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many."""
        return [walk.get(owners[at], name) for at, name in zip(holders, attributes, strict=True)]

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Put another Variable at a site.

        Raises:
            TieError: the site is in a tuple; or JAX is tracing.
        """
        mine = walk.get(owner, attribute)
        if site is not None and type(mine) is not type(array):
            raise TieError(
                f"{attribute!r} is a {type(mine).__name__} and the other a {type(array).__name__}: "
                f"NNX's filters would take them for different things."
            )
        walk.put(owner, attribute, array)

    # ---- what a Variable is -------------------------------------------------------------------------

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of a Variable."""
        value = walk.value(array)
        if is_key(value):
            return jax_arrays.key_facts(value, tuple(value.shape))
        return super().facts(array, owner, attribute)

    def shape(self, array: Any, owner: Any, attribute: str) -> tuple[int, ...]:
        """Its array's."""
        return tuple(walk.value(array).shape)

    def dtype(self, array: Any) -> Any:
        """Its array's."""
        return walk.value(array).dtype

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """NumPy's; for keys that of their words."""
        try:
            return super().numpy_dtype(dtype)
        except TypeError:
            return np.dtype(np.uint32)

    def device(self, array: Any) -> Any:
        """Where it lies, as text."""
        return jax_arrays.device_text(walk.value(array))

    def floating(self, array: Any) -> bool:
        """Whether it holds real floating numbers."""
        value = walk.value(array)
        return not is_key(value) and dtype_kind(np.dtype(value.dtype)) == "f"

    def trainable(self, array: Any) -> bool:
        """Whether it is a Param of floating numbers that is not frozen."""
        if not isinstance(array, nnx.Param) or array.get_metadata(FROZEN, True) is False:
            return False
        return dtype_kind(np.dtype(walk.value(array).dtype)) in "fc"

    def no_values(self, array: Any) -> str | None:
        """Why it has none: JAX is tracing, or it was built without memory."""
        return jax_arrays.no_values(walk.value(array))

    def on_meta(self, array: Any) -> bool:
        """Whether it was built without memory (`nnx.eval_shape`)."""
        return jax_arrays.is_abstract(walk.value(array))

    def unwritable(self, array: Any) -> str | None:
        """Inside a function that JAX traces, Variables from outside cannot be written."""
        if isinstance(array, nnx.Variable) and not getattr(array, "_can_update", True):
            return "JAX is tracing a function that did not get it as an argument: do this outside of it"
        return None

    # ---- values -------------------------------------------------------------------------------------

    def read(self, cell: Any) -> np.ndarray[Any, Any]:
        """The values on the host; of keys their words."""
        return jax_arrays.read(walk.value(cell))

    def put(self, cell: Any, values: Any) -> None:
        """Put an array that lies where the old one does into the Variable."""
        old = walk.value(cell)
        if isinstance(old, np.ndarray):
            walk.set_value(cell, np.array(values, old.dtype))
        elif is_key(old):
            walk.set_value(cell, jax.device_put(values, old.sharding) if old.committed else values)
        else:
            walk.set_value(cell, jax_arrays.placed(values, old))

    def data(self, array: Any) -> Any:
        """The array in a Variable, which never changes: `set_data` puts another there."""
        return walk.value(array)

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of the values."""
        return np.array(self.read(array))

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A NumPy array of the Variable's shape and dtype; for keys, keys."""
        held = walk.value(array)
        if is_key(held):
            return jax_arrays.as_key(held, walk.value(value), name)
        return super().coerce(array, walk.value(value), name)

    def copy(self, array: Any) -> Any:
        """A Variable of the same class, with the same metadata and values."""
        return array.copy() if isinstance(array, nnx.Variable) else array

    def fingerprint(self, array: Any) -> bytes:
        """A digest of the values."""
        return super().fingerprint(self.read(array))

    # ---- properties ---------------------------------------------------------------------------------

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """A mark in the Variable's metadata, `trainable=False`."""
        if check:
            reason = self.unwritable(array)
            if reason:
                raise DTypeError(f"{name!r} cannot be frozen or unfrozen: {reason}.")
            if trainable and dtype_kind(np.dtype(walk.value(array).dtype)) not in "fc":
                raise DTypeError(f"{name!r} is {walk.value(array).dtype}: only floating parameters train.")
        elif not trainable:
            array.set_metadata(FROZEN, False)
        elif array.has_metadata(FROZEN):
            array.del_metadata(FROZEN)

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """What puts an array of another dtype into the Variable."""
        made = jax_arrays.cast(walk.value(array), dtype, name)
        return None if made is None else lambda: walk.set_value(array, made)

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """What puts an array on another device, or sharded otherwise, into the Variable."""
        made = jax_arrays.moved(walk.value(array), device, name)
        return lambda: walk.set_value(array, made)

    # ---- initialising -------------------------------------------------------------------------------

    stacked = staticmethod(layers.stacked)
    fans = staticmethod(layers.fans)
    parts = staticmethod(layers.parts)
    packing = staticmethod(layers.packing)
    axes = staticmethod(layers.axes)
    default = staticmethod(defaults.default)

    def constructed_buffer(self, owner: Any, attribute: str, above: Any) -> Any:
        """What a layer of NNX's own puts into a buffer when it is built."""
        return defaults.buffer(owner, attribute)

    def empty_host(self, array: Any) -> np.ndarray[Any, Any]:
        """An array of the same shape and dtype."""
        value = walk.value(array)
        return np.empty(tuple(value.shape), np.dtype(value.dtype))

    def blank(self, array: Any) -> Any:
        """A copy of the values on the host, zeros where there are none."""
        value = walk.value(array)
        if self.no_values(array):
            return np.zeros(tuple(value.shape), np.dtype(value.dtype))
        return self.numpy(array)

    def usable_device(self, device: Any) -> Any:
        """A device, or a sharding, of JAX."""
        return jax_arrays.usable_device(device)

    def materialise(
        self, array: Any, owner: Any, device: Any, known: dict[Any, Any]
    ) -> Callable[[], None] | None:
        """Give a Variable without memory some, sharded as it asks."""
        old = walk.value(array)
        if not jax_arrays.is_abstract(old):
            return None
        walk.set_value(array, jax_arrays.built(old, device))
        return lambda: walk.set_value(array, old)

    # ---- optimizers ---------------------------------------------------------------------------------

    gradients = staticmethod(optim.gradients)
    labels = staticmethod(optim.labels)
    filters = staticmethod(optim.filters)
    follow = staticmethod(optim.follow)
    exchange = staticmethod(optim.exchange)

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """What an `nnx.Optimizer` trains of this model."""
        return optim.held(self.model, optimizer)


adapter: Adapter = NNXAdapter()
