"""HostAdapter: the base of an adapter whose arrays are read and written through NumPy.

A framework says where its arrays lie (`entries`), and how the values of one are read (`read`) and replaced
(`put`). All else is done here: the walk, ties, tables, checked writes, initialising from the streams. What a
framework can do better it overrides; what it cannot do at all is an error that names the framework.

An array, as this base hands it around, is a **cell**: the object that stays when values change (a Keras or
NNX Variable, or a handle of the adapter's own), with `shape` and `dtype`. Two sites that have the same cell
are tied.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from ..adapter import Adapter, Defaults, Facts, Memory, Shape
from ..errors import DeferredError, DTypeError, OptimizerError, TieError
from ..slots import Tree
from .values import coerced, dtype_kind

__all__ = ["Entries", "HostAdapter"]

Array = np.ndarray[Any, Any]

_LOOKED_AT = 1 << 16


class Entries(NamedTuple):
    """What lies directly in a layer, in the framework's own order.

    Attributes:
        arrays: (attribute, cell).
        layers: (name, layer); a name has no dot.
        buffers: attribute -> whether the buffer is saved with the model; the other arrays are parameters.
        unbuilt: a cell that stands for arrays not made yet, or None.
    """

    arrays: Sequence[tuple[str, Any]] = ()
    layers: Sequence[tuple[str, Any]] = ()
    buffers: Mapping[str, bool] = {}
    unbuilt: Any = None


class HostAdapter(Defaults, ABC):
    """An adapter in which values go through NumPy; each method as `glueball.adapter.Adapter` describes it."""

    # ---- what a framework has to say ----------------------------------------------------------------

    @abstractmethod
    def entries(self, owner: Any) -> Entries:
        """What lies directly in a layer."""

    @abstractmethod
    def read(self, cell: Any) -> Array:
        """The values of a cell on the host, a copy or not; nobody writes into it."""

    @abstractmethod
    def put(self, cell: Any, values: Array) -> None:
        """Replace the values of a cell by others of its shape and dtype."""

    # ---- the walk -----------------------------------------------------------------------------------

    def walk(self, root: Any, buffers: bool) -> Tree:
        """Every layer once, every cell once; a way from a layer back to one above it is left out."""
        tree = Tree(self._adapter(), root, buffers)
        first: dict[int, int] = {}  # row by the id of its cell
        seen: dict[int, int] = {}  # owner by its id
        keep: list[Any] = []  # ids stay theirs while the walk lasts
        above: list[tuple[int, Iterable[tuple[str, Any]]]] = []

        def enter(owner: Any, path: str, parent: int) -> None:
            at = seen[id(owner)] = len(tree.owners)
            tree.owners.append(owner)
            tree.paths.append(path)
            tree.parents.append(parent)
            here = self.entries(owner)
            for attribute, cell in here.arrays:
                saved = here.buffers.get(attribute)
                if saved is not None and not buffers:
                    continue
                row = first.get(id(cell))
                if row is not None:
                    tree.more_sites.setdefault(row, []).append((at, attribute))
                    if saved is None:  # a parameter anywhere is a parameter
                        tree.buffers.pop(row, None)
                    continue
                row = first[id(cell)] = len(tree.attributes)
                keep.append(cell)
                tree.attributes.append(attribute)
                if saved is not None:
                    tree.buffers[row] = saved
            if here.unbuilt is not None:
                tree.unbuilt.add(len(tree.attributes))
                tree.attributes.append("?")
            tree.ends.append(len(tree.attributes))
            if here.layers:
                above.append((at, iter(here.layers)))

        enter(root, "", -1)
        while above:
            at, layers = above[-1]
            found = next(iter(layers), None)
            if found is None:
                above.pop()
                continue
            name, layer = found
            other = seen.get(id(layer))
            if other is None:
                prefix = tree.paths[at]
                enter(layer, f"{prefix}.{name}" if prefix else name, at)
            elif all(other != on_the_way for on_the_way, _ in above):
                tree.more_edges.append((at, name, other))
        return tree

    def _adapter(self) -> Adapter:
        """What a tree asks: itself, or one for this tree alone, where a tree has a state of its own."""
        this: Any = self
        adapter: Adapter = this
        return adapter

    def children(self, owner: Any) -> list[str]:
        """The names of a layer's children, in order."""
        return [name for name, _ in self.entries(owner).layers]

    def child(self, owner: Any, key: str | int) -> tuple[str, Any] | None:
        """A child by name or position."""
        layers = self.entries(owner).layers
        if isinstance(key, int):
            return layers[key] if -len(layers) <= key < len(layers) else None
        return next((found for found in layers if found[0] == key), None)

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a layer's child of this name is this one."""
        return any(layer is child for known, layer in self.entries(owner).layers if known == name)

    def inside(self, owner: Any) -> set[int]:
        """The `id` of each of a layer's children."""
        return {id(layer) for _, layer in self.entries(owner).layers}

    def own_names(self, owners: Sequence[Any]) -> Mapping[int, Mapping[str, str]]:
        """The framework has none."""
        return {}

    def get(self, owner: Any, attribute: str) -> Any:
        """The cell at a site, None where there is none."""
        here = self.entries(owner)
        if attribute == "?":
            return here.unbuilt
        return next((cell for name, cell in here.arrays if name == attribute), None)

    def get_many(self, owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many sites; each layer is asked once."""
        found: list[Any] = []
        last, cells = -1, {}
        for holder, attribute in zip(holders, attributes, strict=True):
            if holder != last:
                here, last = self.entries(owners[holder]), holder
                cells = {**dict(here.arrays), "?": here.unbuilt}
            found.append(cells.get(attribute))
        return found

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Most frameworks cannot."""
        raise TieError(f"{self.name} cannot put another array in the place of {attribute!r}.")

    # ---- what an array is ---------------------------------------------------------------------------

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of a cell."""
        shape = self.shape(array, owner, attribute)
        size = None if shape is None or None in shape else math.prod(shape)  # type: ignore[arg-type]
        dtype = None if self.lazy(array) else self.numpy_dtype(self.dtype(array))
        nbytes = None if size is None or dtype is None else size * dtype.itemsize
        return Facts(
            shape,
            "?" if dtype is None else dtype.name,
            str(self.device(array)),
            size,
            nbytes,
            self.trainable(array),
        )

    def shape(self, array: Any, owner: Any, attribute: str) -> Shape | None:
        """Its shape; None for what is not built yet."""
        return None if self.lazy(array) else tuple(array.shape)

    def dtype(self, array: Any) -> Any:
        """The framework's dtype."""
        return array.dtype

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """The NumPy dtype for one of the framework's, by its name."""
        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, dtype, dtype) if isinstance(dtype, str) else dtype)
        return found

    def device(self, array: Any) -> Any:
        """The host's memory."""
        return "cpu"

    def floating(self, array: Any) -> bool:
        """Whether it holds real floating numbers."""
        return not self.lazy(array) and dtype_kind(self.numpy_dtype(self.dtype(array))) == "f"

    def trainable(self, array: Any) -> bool:
        """Whether it takes gradients."""
        return self.floating(array)

    def no_values(self, array: Any) -> str | None:
        """They all have values, but for what is not built yet."""
        return "its layer is not built yet; run the model once on a batch" if self.lazy(array) else None

    def lazy(self, array: Any) -> bool:
        """Whether its layer is not built yet."""
        return False

    def on_meta(self, array: Any) -> bool:
        """Nothing is built without memory."""
        return False

    def unwritable(self, array: Any) -> str | None:
        """They can be written."""
        return None

    def plain(self, arrays: Sequence[Any]) -> list[Any]:
        """None is known to be plain memory."""
        return [None] * len(arrays)

    def addresses(self, arrays: Sequence[Any]) -> list[int]:
        """Asked for plain memory only."""
        raise NotImplementedError

    def sizes(self, arrays: Sequence[Any]) -> list[int]:
        """The number of elements of each."""
        return [math.prod(array.shape) for array in arrays]

    def fingerprint(self, array: Any) -> bytes:
        """A digest of the values' bits; of more than 65,536 elements so many, spread evenly."""
        flat = self._values(array).reshape(-1)
        step = max(1, -(-flat.size // _LOOKED_AT))
        some = np.ascontiguousarray(flat[::step]).view(np.uint8)
        return hashlib.blake2b(some.data, digest_size=16).digest()

    def memory(self, array: Any) -> Memory | None:
        """Nothing is known of it."""
        return None

    # ---- values -------------------------------------------------------------------------------------

    def _values(self, array: Any) -> Array:
        """The values of a cell, or of an array that came from one."""
        return array if isinstance(array, np.ndarray) else self.read(array)

    def data(self, array: Any) -> Any:
        """The values; a framework with live arrays gives those."""
        return self._values(array)

    def grad(self, array: Any) -> Any:
        """The framework keeps none."""
        return None

    def numpy(self, array: Any) -> Array:
        """A copy of the values."""
        return np.array(self._values(array))

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A NumPy array of the cell's shape and dtype."""
        reason = self.unwritable(array)
        if reason:
            raise DTypeError(f"{name!r} cannot be written: {reason}.")
        if type(value) is type(array):  # a copy of another cell
            value = self._values(value)
        return coerced(value, tuple(array.shape), self.numpy_dtype(self.dtype(array)), name)

    def write(self, array: Any, value: Any) -> None:
        """Put a coerced value in; into an array that came from a cell, in place."""
        if isinstance(array, np.ndarray):
            array[...] = value
            return
        self.put(array, value)

    def view(self, array: Any) -> Array:
        """The values as they are read."""
        return self._values(array)

    def copy(self, array: Any) -> Any:
        """A NumPy array of its own with the same values."""
        return self.numpy(array)

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """The framework keeps none."""

    # ---- properties ---------------------------------------------------------------------------------

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """Not known to this framework."""
        raise DTypeError(f"{name!r} cannot be frozen or unfrozen: {self.name} has no such mark.")

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """Not known to this framework."""
        raise DTypeError(f"{name!r} cannot be cast in place: arrays of {self.name} keep their dtype.")

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """Not known to this framework."""
        raise DTypeError(f"{name!r} cannot be moved in place: arrays of {self.name} stay where they are.")

    # ---- initialising -------------------------------------------------------------------------------

    def fans(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """No layer is known."""
        return None

    def parts(self, owner: Any, attribute: str) -> tuple[str, ...]:
        """No layer is known."""
        return ()

    def axes(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """No layer is known."""
        return None

    def default(
        self, owner: Any, attribute: str, shape: tuple[int, ...], above: Callable[[], Sequence[Any]]
    ) -> Any:
        """No layer is known."""
        return None

    def part(self, owner: Any, attribute: str) -> Callable[[Any], None] | bool:
        """No weight is computed from others."""
        return False

    def fill_target(self, array: Any) -> Array | None:
        """The memory of an array of the host's; None of a cell."""
        return array if isinstance(array, np.ndarray) else None

    def fill_device(self, array: Any, distribution: Any, seed: int, name: str) -> bool:
        """The host fills."""
        return False

    def empty_host(self, array: Any) -> Array:
        """An array of the same shape and dtype, to be filled and written back."""
        return np.empty(tuple(array.shape), self.numpy_dtype(self.dtype(array)))

    def shard(self, array: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]] | None:
        """None is sharded between processes."""
        return None

    def blank(self, array: Any) -> Any:
        """A copy of the values."""
        return self.numpy(array)

    def materialise(
        self, array: Any, owner: Any, device: Any, known: dict[Any, Any]
    ) -> Callable[[], None] | None:
        """Nothing is built without memory."""
        return None

    def usable_device(self, device: Any) -> Any:
        """Nothing is built without memory."""
        raise DeferredError(f"device= is for models without memory, which {self.name} does not build.")

    def constructed_buffer(self, owner: Any, attribute: str, above: Any) -> Any:
        """Nothing is built without memory."""
        return None

    def when_shaped(self, owner: Any, attribute: str, fill: Callable[[Any, Any, str], None]) -> None:
        """Shapes are known, or the layer is not built (`when_built`)."""
        raise NotImplementedError

    def meta(self) -> AbstractContextManager[None]:
        """Nothing is built without memory."""
        raise NotImplementedError

    def filled(self, arrays: Sequence[Any]) -> None:
        """Nobody has to be told."""

    def seeded(self, run: Callable[[], None], seed: int) -> None:
        """There are no global generators."""
        run()

    # ---- optimizers ---------------------------------------------------------------------------------

    def group(self, names: list[str], arrays: list[Any], options: Mapping[str, Any]) -> Any:
        """A group as a dict, the model's own objects under "params"."""
        return {"params": self.own(arrays), "param_names": names, **options}

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """Not known to this framework."""
        raise OptimizerError(f"glueball cannot see what a {type(optimizer).__name__} holds.")

    def follow(self, optimizer: Any) -> None:
        """Not known to this framework."""
        self.held(optimizer)

    def exchange(
        self, optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[Any, Any]], names: Mapping[int, str]
    ) -> None:
        """Not known to this framework."""
        self.held(optimizer)
