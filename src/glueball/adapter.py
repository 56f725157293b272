"""Adapter: all that glueball needs of a framework. No other room knows one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

import numpy as np

from .errors import OptimizerError
from .gauges import Gauges
from .layouts import Layout

__all__ = ["Adapter", "Defaults", "Facts", "Memory", "Shape"]

Shape = tuple[int | None, ...]
"""A shape; `None` stands for a dimension that is not known yet."""


class Facts(NamedTuple):
    """What a table says of one array, without its values."""

    shape: Shape | None
    dtype: str
    device: str
    size: int | None
    nbytes: int | None
    trainable: bool


class Memory(NamedTuple):
    """The bytes that an array covers: a key equal for the same view, and the block it is cut from."""

    view: tuple[Any, ...]
    block: tuple[Any, ...]
    start: int
    stop: int


class Adapter(Protocol):
    """All that a framework has to provide; arrays are the framework's own.

    A method that takes `name` raises, with that name in the message, before anything is changed. What
    `Defaults` answers, an adapter built on it may leave out; `glueball.frameworks.host` answers nearly all
    of it for arrays that are read and written through NumPy.

    Attributes:
        name: of the framework, for messages.
        written: whether a layer's children are in the order in which they were written.
        version: another number each time that owners were replaced by others: immutable ones are.
    """

    name: str
    written: bool
    version: int

    def walk(self, root: Any, buffers: bool) -> Any:
        """What stands in a model, as a `glueball.slots.Tree` (which is built on this protocol)."""

    def children(self, owner: Any) -> list[str]:
        """The names of a layer's children, in order."""

    def child(self, owner: Any, key: str | int) -> tuple[str, Any] | None:
        """A child by name or position, wrappers looked through; None where there is none."""

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a layer's child of this name ("" for the model in a wrapper) is this one."""

    def inside(self, owner: Any) -> set[int]:
        """The `id` of each of a layer's children."""

    def own_names(self, owners: Sequence[Any]) -> Mapping[int, Mapping[str, str]]:
        """By place in `owners`, for layers that call their arrays otherwise: attribute -> name."""

    def get(self, owner: Any, attribute: str) -> Any:
        """The array at a site, None where there is none."""

    def get_many(self, owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many sites, of which a holder is a place in `owners`."""

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Put another array at a site: that of another site, which is to be tied, or a copy of its own."""

    def own(self, arrays: Sequence[Any]) -> list[Any]:
        """The model's own objects, where `get` gives handles of ours."""

    def saved_paths(self, root: Any) -> Mapping[str, Any]:
        """Array by its path in the framework's own files, where these are not the slots."""

    # ---- what an array is

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of an array."""

    def shape(self, array: Any, owner: Any, attribute: str) -> Shape | None:
        """Its whole shape."""

    def dtype(self, array: Any) -> Any:
        """The framework's dtype."""

    def numpy_dtype(self, dtype: Any) -> np.dtype[Any]:
        """The NumPy dtype (ml_dtypes where NumPy has none) for one of the framework's."""

    def device(self, array: Any) -> Any:
        """The framework's device."""

    def floating(self, array: Any) -> bool:
        """Whether it holds real floating numbers."""

    def trainable(self, array: Any) -> bool:
        """Whether it takes gradients."""

    def no_values(self, array: Any) -> str | None:
        """Why it has no values, None where it has them."""

    def lazy(self, array: Any) -> bool:
        """Whether its shape is known only when its layer first runs."""

    def on_meta(self, array: Any) -> bool:
        """Whether it was built without memory."""

    def unwritable(self, array: Any) -> str | None:
        """Why its values cannot be written in place, None where they can."""

    def plain(self, arrays: Sequence[Any]) -> list[Any]:
        """For each its dtype where its values plainly lie in the host's memory, one after the other.

        These can be read and written; of the others, which get None, nothing is said.
        """

    def addresses(self, arrays: Sequence[Any]) -> list[int]:
        """Where the memory of each begins; of plain ones."""

    def sizes(self, arrays: Sequence[Any]) -> list[int]:
        """The number of elements of each, of a sharded one in the whole."""

    def fingerprint(self, array: Any) -> bytes:
        """What tells its values from others; of a sharded array those that lie in this process.

        Of many elements, 65,536 are looked at, spread evenly.
        """

    def memory(self, array: Any) -> Memory | None:
        """The bytes that it covers, None where that says nothing."""

    # ---- values

    def data(self, array: Any) -> Any:
        """The live values outside autograd."""

    def grad(self, array: Any) -> Any:
        """The live gradient or None."""

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of the values."""

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A value that `write` takes; raises where it does not fit."""

    def write(self, array: Any, value: Any) -> None:
        """Put a coerced value in, in place."""

    def copy(self, array: Any) -> Any:
        """An array of its own with the same values."""

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """Set gradients to zero, in place."""

    def gradients(self, root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
        """What a gradient function returned for a model: by slot, or in the order of what it trains."""

    # ---- properties

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """Check (and no more), or set, whether it takes gradients."""

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """What would change the dtype in place; None where nothing is to do."""

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """What would move it in place; None where nothing is to do."""

    # ---- initialising

    def stacked(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> int:
        """How many axes stand in front for equal layers kept as one; what follows is asked without them."""

    def fans(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """(fan_in, fan_out) as the layer's kind counts them, of one block; None where it has none."""

    def parts(self, owner: Any, attribute: str) -> tuple[str, ...]:
        """The names of the equal blocks packed along one axis (gates; q, k, v), or ()."""

    def packing(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """The axis along which parts are packed; for a bias of gates how many the layer adds up."""

    def axes(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The order of axes that makes `(*kernel, inputs, outputs)`; None where it is that already."""

    def layout(self, owner: Any) -> Sequence[Layout]:
        """What a layer holds in the form that all frameworks share; several where it is several layers."""

    def default(
        self, owner: Any, attribute: str, shape: tuple[int, ...], above: Callable[[], Sequence[Any]]
    ) -> Any:
        """The initializer for what the layer's constructor would draw, None where it is not known.

        `above` gives the layers that hold the owner, the nearest first.
        """

    def part(self, owner: Any, attribute: str) -> Callable[[Any], None] | bool:
        """What an array, from which a layer's weight is computed, begins with by default.

        True: what the weight itself would. False: nobody knows. Else what puts it into the array, when the
        other parts are filled.
        """

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """The array's own memory for NumPy to fill, None where NumPy cannot reach it."""

    def fill_device(self, array: Any, distribution: Any, seed: int, name: str) -> bool:
        """Fill an array from its stream where it lies; False where the host has to do it."""

    def view(self, array: Any) -> np.ndarray[Any, Any]:
        """The whole values to be read and not written: without a copy where NumPy reaches them.

        A sharded array is gathered, by all its processes together.
        """

    def pieces(self, array: Any, elements: int) -> Iterator[np.ndarray[Any, Any]]:
        """The values that lie in this process, each once, in any order, to be read and not written.

        What NumPy reaches comes whole and without a copy; else copies of at most so many elements. `array`
        may be a gradient.
        """

    def give_shape(
        self, array: Any, owner: Any, attribute: str, shape: tuple[int, ...]
    ) -> Callable[[], None]:
        """Give a lazy array a shape, and memory not yet written, in place; returns the way back."""

    def writer(self, shards: Sequence[Any]) -> AbstractContextManager[bool]:
        """Whether this process writes what several hold; it ends in all of them together.

        `shards` are the sharded arrays; without any, each process writes what it has.
        """

    def empty_host(self, array: Any) -> np.ndarray[Any, Any]:
        """A NumPy array of the same shape and dtype, to be filled and written back."""

    def shard(self, array: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]] | None:
        """(this process's part, the whole shape, the part's offsets); None where it is not sharded."""

    def blank(self, array: Any) -> Any:
        """An array of the whole shape on the host, to be filled by somebody: a copy of the values.

        Zeros where there are none, or not all of them are at hand.
        """

    def materialise(
        self, array: Any, owner: Any, device: Any, known: dict[Any, Any]
    ) -> Callable[[], None] | None:
        """Give an array that was built without memory some, keeping the object; returns the way back.

        `known` is one dict for all of a model, in which arrays of one memory find each other.
        """

    def usable_device(self, device: Any) -> Any:
        """A device by what a user writes for it; raises where there is no memory to be had."""

    def constructed_buffer(self, owner: Any, attribute: str, above: Any) -> Any:
        """What a known layer, in the layer `above`, puts into a buffer when it is built; None if not known.

        Where it is computed from random values and the parameters: what computes it in place, once the
        buffers hold standard normal values.
        """

    def when_shaped(self, owner: Any, attribute: str, fill: Callable[[Any, Any, str], None]) -> None:
        """Call `fill(array, owner, attribute)` once a lazy array has its shape."""

    def when_built(self, layers: Sequence[Any], fill: Callable[[], None]) -> None:
        """Call `fill()` whenever some of these layers were built; of several for a layer the last one."""

    def meta(self) -> AbstractContextManager[None]:
        """A context in which models are built without memory."""

    def filled(self, arrays: Sequence[Any]) -> None:
        """Arrays were filled through their memory: tell the framework."""

    def seeded(self, run: Callable[[], None], seed: int) -> None:
        """Run something that draws on the framework's global generators under a seed."""

    # ---- optimizers

    def group(self, names: list[str], arrays: list[Any], options: Mapping[str, Any]) -> Any:
        """A parameter group in the framework's own form."""

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        """(name or None, array) for all that an optimizer holds."""

    def follow(self, optimizer: Any) -> None:
        """Bring an optimizer's state to the dtype and device that its arrays have now."""

    def exchange(
        self, optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[Any, Any]], names: Mapping[int, str]
    ) -> None:
        """Take arrays out of an optimizer; add (array, the one it is a copy of); use these names by id."""

    def labels(self, root: Any, labels: Mapping[str, str]) -> Any:
        """A tree of the model's form with a label, given by slot, for each parameter."""

    def filters(self, root: Any, labels: Mapping[str, str]) -> Mapping[str, Any]:
        """For each label the framework's filter for what has it; labels are given by slot."""

    def exclude(self, optimizer: Any, option: str, names: Sequence[str], arrays: Sequence[Any]) -> None:
        """Keep an optimizer's option, such as weight decay, from arrays."""

    def gauges(self) -> Gauges | None:
        """What `watch` asks at each step; None: it reads the values through NumPy."""


class Defaults:
    """What most frameworks need not say: each method as `Adapter` describes it."""

    name = ""
    written = True
    version = 0

    def view(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy."""
        this: Any = self
        copied: np.ndarray[Any, Any] = this.numpy(array)
        return copied

    def pieces(self, array: Any, elements: int) -> Iterator[np.ndarray[Any, Any]]:
        """All at once."""
        yield self.view(array)

    def give_shape(
        self, array: Any, owner: Any, attribute: str, shape: tuple[int, ...]
    ) -> Callable[[], None]:
        """Asked for lazy arrays only."""
        raise NotImplementedError

    def writer(self, shards: Sequence[Any]) -> AbstractContextManager[bool]:
        """It does."""
        return nullcontext(True)

    def own(self, arrays: Sequence[Any]) -> list[Any]:
        """They are the model's own."""
        return list(arrays)

    def saved_paths(self, root: Any) -> Mapping[str, Any]:
        """Its files have the slots."""
        return {}

    def gradients(self, root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
        """As they are: by name, or one after the other."""
        found: Mapping[str, Any] | Sequence[Any] = grads
        return found

    def stacked(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> int:
        """Each layer is kept alone."""
        return 0

    def packing(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """Along the first axis; torch's and MXNet's recurrent layers add two biases."""
        return 0, 2

    def layout(self, owner: Any) -> Sequence[Layout]:
        """No layer is known."""
        return ()

    def when_built(self, layers: Sequence[Any], fill: Callable[[], None]) -> None:
        """Nothing waits to be built."""

    def labels(self, root: Any, labels: Mapping[str, str]) -> Any:
        """There are none."""
        raise self._no("labels for optax")

    def filters(self, root: Any, labels: Mapping[str, str]) -> Mapping[str, Any]:
        """There are none."""
        raise self._no("filters of Flax NNX")

    def exclude(self, optimizer: Any, option: str, names: Sequence[str], arrays: Sequence[Any]) -> None:
        """There is no such thing."""
        raise self._no("exclusions of Keras's optimizers")

    def gauges(self) -> Gauges | None:
        """There are none of its own."""
        return None

    def _no(self, what: str) -> OptimizerError:
        return OptimizerError(
            f"{what} are not for {self.name}: use the groups as they are, or those of its own framework."
        )
