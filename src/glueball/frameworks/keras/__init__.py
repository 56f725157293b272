"""Keras 3 on TensorFlow, PyTorch and JAX: the adapter.

`contents` says what lies in a layer and how it is called, `walk` walks, `building` waits for layers that
are not built; `layers` knows the fans of a layer, `layouts` what it holds, `defaults` what its
constructor draws; `generators` seeds what custom initializers draw from; `sharing` ties; `optim` speaks
with Keras's optimizers, `paths` knows where Keras's own files keep a variable. An array, as the core
hands it around, is a Keras variable. On the torch backend its values are handled as the torch adapter
handles tensors: in place, where they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ...adapter import Adapter, Facts, Memory, Shape
from ...errors import DTypeError, TieError
from ...slots import Tree
from .. import adapter_named
from ..host import HostAdapter
from ..values import as_host, coerced
from . import building, defaults, generators, layers, layouts, optim, paths, sharing
from . import walk as walking
from .building import Unbuilt

__all__ = ["KerasAdapter", "adapter"]

Array = np.ndarray[Any, Any]

BACKEND = keras.backend.backend()


class KerasAdapter(HostAdapter):
    """Keras layers and models, their variables and optimizers, as glueball needs them (see `Adapter`).

    Args:
        root: the model that a tree is of: Keras asks it whether anything trains.
    """

    name = "Keras"
    layout = staticmethod(layouts.layout)

    def __init__(self, root: Any = None) -> None:
        self.root = root
        self.torch: Any = adapter_named("torch") if BACKEND == "torch" else None

    # ---- the walk -----------------------------------------------------------------------------------

    def walk(self, root: Any, buffers: bool) -> Tree:
        """What stands in a layer or model, in columns."""
        return walking.walk(type(self)(root), root, buffers)

    entries = staticmethod(walking.entries)
    child = staticmethod(walking.child)
    holds = staticmethod(walking.holds)
    own_names = staticmethod(walking.own_names)
    get = staticmethod(walking.get)
    get_many = staticmethod(walking.get_many)

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Share a layer that is not built; a variable cannot be put in another's place."""
        if isinstance(array, Unbuilt):
            sharing.share(self, self.root, owner, array.layer)
            return
        raise TieError(
            f"Keras keeps the variables of a built layer: {attribute!r} of this {type(owner).__name__} "
            f"cannot be replaced by another. Use one layer in both places when the model is made; for an "
            f"embedding and its output layer keras.layers.ReversibleEmbedding."
        )

    # ---- what a variable is -------------------------------------------------------------------------

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of a variable; its device in short, `cpu` or `gpu:0`."""
        return super().facts(array, owner, attribute)._replace(device=self._short_device(array))

    def _short_device(self, array: Any) -> str:
        if isinstance(array, Unbuilt):
            return ""
        if BACKEND == "torch":
            return str(array.value.device)
        if BACKEND == "jax":
            devices = [d for d in array.value.devices()]
            name = (
                f"{devices[0].platform}:{devices[0].id}" if len(devices) == 1 else f"{len(devices)} devices"
            )
        else:
            name = str(array.value.device).rpartition("device:")[2].lower()
        return "cpu" if name in ("cpu:0", "") else name

    def shape(self, array: Any, owner: Any, attribute: str) -> Shape | None:
        """Its shape; None for what is not built yet."""
        return None if isinstance(array, Unbuilt) else tuple(array.shape)

    def dtype(self, array: Any) -> Any:
        """Keras's own name for it, such as "float32"; None for what is not built yet."""
        return None if isinstance(array, Unbuilt) else array.dtype

    def device(self, array: Any) -> Any:
        """As the backend calls it; None for what is not built yet."""
        if isinstance(array, Unbuilt):
            return None
        if BACKEND == "jax":
            return next(iter(array.value.devices()))
        return array.value.device

    def trainable(self, array: Any) -> bool:
        """`variable.trainable`; of what is not built yet its layer's."""
        return bool(array.trainable)

    def lazy(self, array: Any) -> bool:
        """Whether its layer is not built yet."""
        return isinstance(array, Unbuilt)

    def no_values(self, array: Any) -> str | None:
        """A variable has none while its layer is not built, Keras only looks for shapes, or one is traced."""
        if isinstance(array, Unbuilt):
            kind = type(array.layer).__name__
            return f"this {kind} is not built yet; call the model on a batch, or model.build(input_shape)"
        return "Keras has not given it values yet" if array._value is None else building.traced(array)

    def memory(self, array: Any) -> Memory | None:
        """Two variables may keep one backend's variable; torch's may share memory in part, too."""
        if self.torch is not None:
            found: Memory | None = self.torch.memory(self._tensor(array))
            return found
        if not isinstance(array, keras.Variable):
            return super().memory(array)
        key = (id(array._value),)
        return Memory(key, key, 0, 1)

    # ---- values -------------------------------------------------------------------------------------

    def _tensor(self, array: Any) -> Any:
        return array.value if isinstance(array, keras.Variable) else array

    def read(self, cell: Any) -> Array:
        """The values on the host."""
        return as_host(self._tensor(cell))

    def put(self, cell: Any, values: Array) -> None:
        """`variable.assign`, which no gradient tape records and to which no constraint applies."""
        cell.assign(values)

    def data(self, array: Any) -> Any:
        """torch: the live tensor outside autograd; TensorFlow: its variable; JAX: the array as it is now."""
        if self.torch is not None:
            return self.torch.data(self._tensor(array))
        return self._tensor(array)

    def grad(self, array: Any) -> Any:
        """What torch keeps; other backends keep none."""
        return None if self.torch is None else self.torch.grad(array.value)

    def numpy(self, array: Any) -> Array:
        """A copy of the values."""
        if self.torch is not None:
            values: Array = self.torch.numpy(self._tensor(array))
            return values
        return super().numpy(array)

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A value of the variable's shape and dtype."""
        if isinstance(value, keras.Variable):
            value = value.value
        if self.torch is not None:
            return self.torch.coerce(self._tensor(array), value, name)
        return coerced(value, tuple(array.shape), self.numpy_dtype(array.dtype), name)

    def write(self, array: Any, value: Any) -> None:
        """Put a coerced value in, in place."""
        if self.torch is not None:
            self.torch.write(self._tensor(array), value)
        else:
            super().write(array, value)

    def copy(self, array: Any) -> Any:
        """A tensor of torch, or a NumPy array: what may be edited in place."""
        return super().copy(array) if self.torch is None else self.torch.copy(self._tensor(array))

    def blank(self, array: Any) -> Any:
        """A copy of the values on the host."""
        return super().blank(array) if self.torch is None else self.torch.blank(self._tensor(array))

    def fingerprint(self, array: Any) -> bytes:
        """A digest of the values' bits."""
        return super().fingerprint(array if not hasattr(array, "detach") else self.torch.numpy(array))

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """Of torch."""
        if self.torch is not None:
            self.torch.zero_grad([array.value for array in arrays if not isinstance(array, Unbuilt)])

    def gradients(self, root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
        """By slot: a list is in the order of `model.trainable_variables`."""
        if not isinstance(grads, (Mapping, list, tuple)):
            grads = list(grads)
        tree = self.walk(root, True)
        arrays = tree.arrays(range(len(tree)))
        names = {id(array): name for array, name in zip(arrays, tree.names, strict=True)}
        found: Mapping[str, Any] | Sequence[Any] = optim.by_name(root, grads, names)
        return found

    # ---- filling ------------------------------------------------------------------------------------

    def plain(self, arrays: Sequence[Any]) -> list[Any]:
        """The dtype of variables whose tensors lie plainly in the host's memory; None on other backends."""
        if self.torch is None:
            return super().plain(arrays)
        known = self.torch.plain([self._tensor(array) for array in arrays])
        return [None if dtype is None else array.dtype for array, dtype in zip(arrays, known, strict=True)]

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """The NumPy dtype for Keras's name, or for a torch dtype."""
        if self.torch is not None and not isinstance(dtype, (str, np.dtype)):
            found: np.dtype[Any] = self.torch.numpy_dtype(dtype)
            return found
        return super().numpy_dtype(dtype)

    def addresses(self, arrays: Sequence[Any]) -> list[int]:
        """Where the memory of each tensor begins; of plain ones."""
        found: list[int] = self.torch.addresses([self._tensor(array) for array in arrays])
        return found

    def fill_target(self, array: Any) -> Array | None:
        """The tensor's own memory."""
        if self.torch is None:
            return super().fill_target(array)
        found: Array | None = self.torch.fill_target(self._tensor(array))
        return found

    def fill_device(self, array: Any, distribution: Any, seed: int, name: str) -> bool:
        """Fill a tensor on a GPU there."""
        if self.torch is None:
            return False
        return bool(self.torch.fill_device(self._tensor(array), distribution, seed, name))

    def filled(self, arrays: Sequence[Any]) -> None:
        """Tell torch's autograd."""
        if self.torch is not None:
            self.torch.filled([self._tensor(array) for array in arrays])

    # ---- properties ---------------------------------------------------------------------------------

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """`variable.trainable`; of what is not built yet `layer.trainable`.

        Where the whole model was frozen (`model.trainable = False`), Keras trains nothing in it whatever its
        variables say; unfreezing one lifts that, and leaves the other variables as they are.
        """
        if isinstance(array, Unbuilt):
            if not check:
                array.layer.trainable = trainable
            return
        if check:
            if trainable and not self.floating(array):
                raise DTypeError(f"{name!r} is {array.dtype}: only floating numbers take gradients.")
            return
        array.trainable = trainable
        if trainable and isinstance(self.root, keras.Layer) and not self.root.trainable:
            self.root._trainable = True

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """Keras has the dtype in the layer's policy, and the variable keeps it."""
        wanted = keras.backend.standardize_dtype(dtype)
        if isinstance(array, Unbuilt) or array.dtype == wanted or not self.floating(array):
            return None
        raise DTypeError(
            f"{name!r} is {array.dtype} and cannot be cast: a Keras variable keeps its dtype. "
            f'Make the model with dtype="{wanted}" (keras.config.set_dtype_policy) and copy the values.'
        )

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """Keras decides where variables lie when they are made."""
        if isinstance(array, Unbuilt) or str(device) in (str(self.device(array)), self._short_device(array)):
            return None
        raise DTypeError(
            f"{name!r} lies on {self._short_device(array)} and cannot be moved: Keras decides where a "
            f"variable lies when it is made. Make the model under keras.device({str(device)!r}), and copy."
        )

    # ---- initialising -------------------------------------------------------------------------------

    fans = staticmethod(layers.fans)
    parts = staticmethod(layers.parts)
    packing = staticmethod(layers.packing)
    axes = staticmethod(layers.axes)
    default = staticmethod(defaults.default)
    seeded = staticmethod(generators.seeded)

    def when_built(self, layers: Sequence[Any], fill: Callable[[], None]) -> None:
        """Called once for all that a model builds at a time."""
        root = getattr(fill, "root", self.root)
        above = [owner for owner in self.walk(root, False).owners if isinstance(owner, keras.Layer)]
        building.when_built(layers, above, fill)

    # ---- optimizers ---------------------------------------------------------------------------------

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """(path, variable) for all that an optimizer holds."""
        return optim.held(optimizer, self.root)

    exclude = staticmethod(optim.exclude)
    saved_paths = staticmethod(paths.saved_paths)


adapter: Adapter = KerasAdapter()
