"""Plain trees of arrays: dicts, lists, tuples, dataclasses, and every tree that JAX knows (Equinox modules).

`containers` knows what lies in each kind of container, `kinds` the arrays of NumPy, torch and JAX; `state`
is what one collected tree has to remember; `forms` makes trees of the model's form (labels, masks) and reads
them (gradients); `equinox` knows Equinox's layers, `layouts` what they hold.

An array is a parameter. A random key, and what lies in Equinox's `StateIndex` and `State`, is a buffer.
Everything else, plain numbers too, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...adapter import Adapter, Facts, Memory
from ...errors import DeferredError, DTypeError, OptimizerError, TieError
from ...slots import Tree
from .. import adapter_named
from ..host import Entries, HostAdapter
from ..values import dtype_kind
from . import equinox, forms, layouts
from .containers import children, is_container
from .kinds import kind_of
from .state import Family, Leaf, State, look, refuse_models, tensors, value_of

__all__ = ["adapter"]


class ArraysAdapter(HostAdapter):
    """Trees of arrays; each tree that is walked gets an adapter of its own, with its state."""

    name = "arrays"
    layout = staticmethod(layouts.layout)

    def __init__(self, family: Family | None = None) -> None:
        self.version = 0
        self.state = State(family or Family(), self._changed)

    def _changed(self) -> None:
        """A container was made anew."""
        self.version += 1

    # ---- the walk -----------------------------------------------------------------------------------

    def walk(self, root: Any, buffers: bool) -> Tree:
        """Every container once; an array of NumPy or torch once, one of JAX in each of its places."""
        mine = ArraysAdapter(None if self is adapter else self.state.family)
        tree = HostAdapter.walk(mine, root, buffers)
        mine.state.settle(tree)
        return tree

    def entries(self, owner: Any) -> Entries:
        """Arrays and containers; what is neither is left out."""
        arrays: list[tuple[str, Any]] = []
        layers: list[tuple[str, Any]] = []
        buffers: dict[str, bool] = {}
        kept, kind_name = self.state.buffers, type(owner).__name__
        all_buffers = id(owner) in kept or (kind_name in ("StateIndex", "State") and _of_equinox(owner))
        for name, _, value in children(owner):
            kind = kind_of(value)
            if kind is not None:
                leaf = self.state.leaf(owner, name, value, kind.ties)
                arrays.append((name, leaf))
                if all_buffers or (kind.name == "jax" and kind.trains(value) is False):
                    buffers[name] = leaf.buffer = True
            elif not refuse_models(owner, name, value) and is_container(value):
                layers.append((name, value))
                if all_buffers:
                    kept.add(id(value))
        return Entries(arrays, layers, buffers)

    def children(self, owner: Any) -> list[str]:
        """The names of the containers in one."""
        return [name for name, _ in self._inside(owner)]

    def _inside(self, owner: Any) -> list[tuple[str, Any]]:
        return [
            (name, value)
            for name, _, value in children(owner)
            if kind_of(value) is None and is_container(value)
        ]

    def child(self, owner: Any, key: str | int) -> tuple[str, Any] | None:
        """A container by name or position."""
        inside = self._inside(owner)
        if isinstance(key, int):
            return inside[key] if -len(inside) <= key < len(inside) else None
        return next((found for found in inside if found[0] == key), None)

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a container of this name is this one."""
        return self.state.holds(owner, name, child)

    def inside(self, owner: Any) -> set[int]:
        """The `id` of each thing in a container."""
        return {id(value) for _, _, value in children(owner)}

    def get(self, owner: Any, attribute: str) -> Any:
        """The leaf at a place, None where no array lies there."""
        return self.state.get(owner, attribute)

    def get_many(self, owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many."""
        return [self.get(owners[at], attribute) for at, attribute in zip(holders, attributes, strict=True)]

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Put the object of another leaf, or a copy, at a place.

        Raises:
            TieError: an array of JAX.
        """
        leaf = self.get(owner, attribute)
        kind: Any = kind_of(leaf.value)  # what was collected is of a known kind
        if not kind.ties:
            raise TieError(
                f"{attribute!r} is an array of JAX, and no tie holds those together: every function of JAX "
                f"gives a copy to each place. Let the model use one of its arrays twice: eqx.nn.Shared in "
                f"Equinox, one Variable in Flax NNX, one key in a dict."
            )
        self.state.rebind(leaf, owner, attribute, array)

    def own(self, arrays: Sequence[Any]) -> list[Any]:
        """The arrays themselves."""
        return [value_of(array) for array in arrays]

    # ---- what an array is ---------------------------------------------------------------------------

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of an array."""
        value, kind = look(array)
        if kind.name == "jax" and kind.trains(value) is False:
            from ..jax_arrays import key_facts

            return key_facts(value, tuple(value.shape))
        return super().facts(array, owner, attribute)

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """NumPy's for any framework's."""
        if type(dtype).__module__ == "torch":
            found: np.dtype[Any] = adapter_named("torch").numpy_dtype(dtype)
            return found
        try:
            return super().numpy_dtype(dtype).newbyteorder("=")
        except TypeError:  # keys of JAX
            return np.dtype(np.uint32)

    def device(self, array: Any) -> Any:
        """Where it lies."""
        value, kind = look(array)
        return kind.device(value)

    def floating(self, array: Any) -> bool:
        """Whether it holds real floating numbers."""
        value, kind = look(array)
        return dtype_kind(kind.numpy_dtype(value)) == "f"

    def trainable(self, array: Any) -> bool:
        """What torch says; of the others, whether they hold floating numbers and are not frozen."""
        value, kind = look(array)
        says = kind.trains(value)
        if says is not None:
            return says
        if isinstance(array, Leaf) and array.buffer:
            return False
        return dtype_kind(kind.numpy_dtype(value)) in "fc" and not self.state.is_frozen(array)

    def no_values(self, array: Any) -> str | None:
        """Why it has no values."""
        value, kind = look(array)
        return kind.no_values(value)

    def on_meta(self, array: Any) -> bool:
        """Whether it has a shape and no memory."""
        value, _ = look(array)
        return type(value).__name__ == "ShapeDtypeStruct" or bool(getattr(value, "is_meta", False))

    def unwritable(self, array: Any) -> str | None:
        """Why it takes no other values."""
        value, kind = look(array)
        return kind.unwritable(value)

    def fingerprint(self, array: Any) -> bytes:
        """As torch's adapter makes it, or the host."""
        value, kind = look(array)
        if kind.name == "torch":
            found: bytes = adapter_named("torch").fingerprint(value)
            return found
        return super().fingerprint(kind.read(value))

    def memory(self, array: Any) -> Memory | None:
        """The bytes of an array of NumPy or torch."""
        value, kind = look(array)
        return kind.memory(value)

    # ---- values -------------------------------------------------------------------------------------

    def read(self, cell: Any) -> np.ndarray[Any, Any]:
        """The values on the host."""
        value, kind = look(cell)
        return kind.read(value)

    def put(self, cell: Any, values: Any) -> None:
        """Write into the array, or put another in its place."""
        value, kind = look(cell)
        written = kind.written(value, values)
        if written is not value:
            self.state.replace(cell, written)

    def view(self, array: Any) -> np.ndarray[Any, Any]:
        """The values as they are read."""
        return self.read(array)

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of the values."""
        return np.array(self.read(array))

    def data(self, array: Any) -> Any:
        """The live array."""
        value, kind = look(array)
        return kind.data(value)

    def grad(self, array: Any) -> Any:
        """What a torch tensor keeps."""
        value, kind = look(array)
        return adapter_named("torch").grad(value) if kind.name == "torch" else None

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A value that `write` takes."""
        held, kind = look(array)
        reason = kind.unwritable(held)
        if reason:
            raise DTypeError(f"{name!r} cannot be written: {reason}.")
        return kind.coerce(held, value, name)

    def write(self, array: Any, value: Any) -> None:
        """Put a coerced value in."""
        self.put(array, value)

    def copy(self, array: Any) -> Any:
        """An array of its own with the same values."""
        value, kind = look(array)
        return kind.copy(value)

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """Of torch tensors."""
        mine = tensors(arrays)
        if mine:
            adapter_named("torch").zero_grad(mine)

    # ---- properties ---------------------------------------------------------------------------------

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """requires_grad of a torch tensor; of the others a mark that the collection keeps."""
        value, kind = look(array)
        if kind.name == "torch":
            adapter_named("torch").set_trainable(value, trainable, name, check)
        elif trainable and dtype_kind(kind.numpy_dtype(value)) not in "fc":
            raise DTypeError(f"{name!r} is {value.dtype}: only floating parameters train.")
        elif not check:
            self.state.freeze(array, not trainable)

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """What changes the dtype: in place of a torch tensor, else by another array."""
        value, kind = look(array)
        return self._change(array, kind.cast(value, dtype, name))

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """What moves it, as `cast`."""
        value, kind = look(array)
        return self._change(array, kind.moved(value, device, name))

    def _change(self, leaf: Any, made: Any) -> Callable[[], None] | None:
        if made is None or kind_of(made) is None:
            change: Callable[[], None] | None = made
            return change
        return lambda: self.state.replace(leaf, made)

    # ---- initialising -------------------------------------------------------------------------------

    def stacked(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> int:
        """What `eqx.filter_vmap` put in front of the arrays of Equinox's layers."""
        return equinox.stacked(owner, attribute, shape)

    def fans(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """Those of Equinox's layers."""
        return equinox.fans(owner, attribute, shape)

    def parts(self, owner: Any, attribute: str) -> tuple[str, ...]:
        """Those of Equinox's recurrent cells."""
        return equinox.parts(owner, attribute)

    def packing(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """Along the first axis; a cell of Equinox adds one bias."""
        return 0, 1

    def axes(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """Those of Equinox's layers."""
        return equinox.axes(owner, attribute, shape)

    def default(
        self, owner: Any, attribute: str, shape: tuple[int, ...], above: Callable[[], Sequence[Any]]
    ) -> Any:
        """What Equinox's layers draw."""
        return equinox.default(owner, attribute, shape)

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """The memory of an array of NumPy or torch."""
        value, kind = look(array)
        return kind.fill_target(value)

    def empty_host(self, array: Any) -> np.ndarray[Any, Any]:
        """An array of the same shape and dtype."""
        value, kind = look(array)
        return np.empty(tuple(value.shape), kind.numpy_dtype(value).newbyteorder("="))

    def fill_device(self, array: Any, distribution: Any, seed: int, name: str) -> bool:
        """A torch tensor on a GPU is filled there."""
        value, kind = look(array)
        torch = kind.name == "torch"
        return torch and adapter_named("torch").fill_device(value, distribution, seed, name)

    def filled(self, arrays: Sequence[Any]) -> None:
        """Tell torch."""
        mine = tensors(arrays)
        if mine:
            adapter_named("torch").filled(mine)

    def blank(self, array: Any) -> Any:
        """A copy of the values on the host."""
        value, kind = look(array)
        if kind.name == "torch":
            return adapter_named("torch").blank(value)
        if kind.no_values(value):
            return np.zeros(tuple(value.shape), kind.numpy_dtype(value))
        return np.array(kind.read(value))

    def usable_device(self, device: Any) -> Any:
        """A device of torch, or of JAX, whichever a tree without memory is of."""
        names = self.state.kinds()
        if "torch" in names:
            return adapter_named("torch").usable_device(device)
        if "jax" not in names:
            raise DeferredError("device= is for trees without memory; NumPy's arrays all have some.")
        from ..jax_arrays import usable_device

        return usable_device(device)

    def materialise(
        self, array: Any, owner: Any, device: Any, known: dict[Any, Any]
    ) -> Callable[[], None] | None:
        """Give an array some memory: a torch tensor in place, one of JAX by another."""
        value, kind = look(array)
        if not self.on_meta(array):
            return None
        if kind.name == "torch":
            back: Callable[[], None] | None = adapter_named("torch").materialise(value, owner, device, known)
            return back
        from ..jax_arrays import built

        self.state.replace(array, built(value, device))
        return lambda: self.state.replace(array, value)

    def seeded(self, run: Callable[[], None], seed: int) -> None:
        """Under a seed of torch's generators where the tree has tensors."""
        if "torch" in self.state.kinds():
            adapter_named("torch").seeded(run, seed)
        else:
            run()

    # ---- optimizers ---------------------------------------------------------------------------------

    def gradients(self, root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
        """A tree of the model's form, or a list for one that is none."""
        return forms.gradients(root, grads)

    def labels(self, root: Any, labels: Mapping[str, str]) -> Any:
        """A tree of the model's form: a label for each array, None for anything else."""
        return forms.mapped(root, lambda name, array: None if array is None else labels.get(name, "frozen"))

    def filters(self, root: Any, labels: Mapping[str, str]) -> Mapping[str, Any]:
        """A tree of the model's form for each label: true where an array has it."""

        def mask(label: str) -> Any:
            return forms.mapped(root, lambda name, array: array is not None and labels.get(name) == label)

        return {label: mask(label) for label in dict.fromkeys(labels.values())}

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """What an optimizer of torch holds; others hold no arrays of a tree."""
        if hasattr(optimizer, "param_groups"):
            found: list[tuple[str | None, Any]] = adapter_named("torch").held(optimizer)
            return found
        raise OptimizerError(
            f"a {type(optimizer).__name__} holds no parameters: optimizers of JAX get them at each step."
        )

    def follow(self, optimizer: Any) -> None:
        """As torch's."""
        self.held(optimizer)
        adapter_named("torch").follow(optimizer)

    def exchange(
        self, optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[Any, Any]], names: Mapping[int, str]
    ) -> None:
        """As torch's."""
        self.held(optimizer)
        adapter_named("torch").exchange(optimizer, drop, add, names)


def _of_equinox(thing: Any) -> bool:
    return type(thing).__module__.startswith("equinox.")


adapter: Adapter = ArraysAdapter()
