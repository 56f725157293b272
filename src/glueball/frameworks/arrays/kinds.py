"""Arrays of NumPy, torch and JAX: for each what is known of one, and how it takes other values.

NumPy's are written in place where they may be, torch's always; JAX's are replaced, and so are NumPy's that
are read-only. `written` returns the array that has the values then.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np

from ...adapter import Memory
from ...errors import DTypeError
from ..values import cast_array, coerced

__all__ = ["Kind", "kind_of"]


class Kind(Protocol):
    """What the adapter asks of an array.

    Attributes:
        name: the framework's.
        ties: whether one object in two places is one parameter.
    """

    name: str
    ties: bool

    def numpy_dtype(self, array: Any) -> np.dtype[Any]:
        """NumPy's dtype for its own."""

    def device(self, array: Any) -> Any:
        """Where it lies."""

    def trains(self, array: Any) -> bool | None:
        """Whether it takes gradients; None where the array itself does not say."""

    def no_values(self, array: Any) -> str | None:
        """Why it has none."""

    def unwritable(self, array: Any) -> str | None:
        """Why it takes no other values."""

    def read(self, array: Any) -> np.ndarray[Any, Any]:
        """The values on the host, not to be written into."""

    def data(self, array: Any) -> Any:
        """The live values."""

    def copy(self, array: Any) -> Any:
        """Another array with the same values."""

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A value that `written` takes."""

    def written(self, array: Any, value: Any) -> Any:
        """The array with these values: itself, where it was written in place."""

    def cast(self, array: Any, dtype: Any, name: str) -> Any:
        """What has another dtype, or what makes it so in place, or None."""

    def moved(self, array: Any, device: Any, name: str) -> Any:
        """What lies on another device, or what moves it in place, or None."""

    def memory(self, array: Any) -> Memory | None:
        """The bytes that it covers."""

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """Its memory for NumPy to fill."""


class OfNumPy:
    """A NumPy array of numbers."""

    name = "numpy"
    ties = True

    def numpy_dtype(self, array: Any) -> np.dtype[Any]:
        """Its own."""
        found: np.dtype[Any] = array.dtype
        return found

    def device(self, array: Any) -> Any:
        """The host's memory."""
        return "cpu"

    def trains(self, array: Any) -> bool | None:
        """It does not say."""
        return None

    def no_values(self, array: Any) -> str | None:
        """It has values."""
        return None

    def unwritable(self, array: Any) -> str | None:
        """A read-only one is replaced, an expanded one too."""
        return None

    def read(self, array: Any) -> np.ndarray[Any, Any]:
        """Itself."""
        found: np.ndarray[Any, Any] = array
        return found

    def data(self, array: Any) -> Any:
        """Itself."""
        return array

    def copy(self, array: Any) -> Any:
        """A copy, of a subclass too."""
        return array.copy()

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """An array of its shape and dtype."""
        return coerced(value, array.shape, array.dtype, name)

    def written(self, array: Any, value: Any) -> Any:
        """Itself where it may be written."""
        if array.flags.writeable:
            array[...] = value
            return array
        return np.array(value, array.dtype)

    def cast(self, array: Any, dtype: Any, name: str) -> Any:
        """Another array."""
        return cast_array(array, dtype, name)

    def moved(self, array: Any, device: Any, name: str) -> Any:
        """It stays on the host."""
        if str(device) == "cpu":
            return None
        raise DTypeError(f"{name!r} cannot be moved to {device}: it is a NumPy array, which is on the host.")

    def memory(self, array: Any) -> Memory | None:
        """By the addresses of its bytes."""
        if not array.size:
            return None
        start, stop = np.lib.array_utils.byte_bounds(array)
        view = array.__array_interface__["data"][0], array.shape, array.strides, array.dtype
        return Memory(view, ("numpy",), start, stop)

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """Itself where it may be written."""
        plain = array.flags.writeable and array.flags.aligned and array.dtype.isnative
        return np.asarray(array) if plain else None


class OfTorch:
    """A torch tensor: the adapter of torch answers."""

    name = "torch"
    ties = True

    def __init__(self) -> None:
        from .. import adapter_named

        self.adapter: Any = adapter_named("torch")

    def numpy_dtype(self, array: Any) -> np.dtype[Any]:
        """Through ml_dtypes where NumPy has none."""
        found: np.dtype[Any] = self.adapter.numpy_dtype(array.dtype)
        return found

    def device(self, array: Any) -> Any:
        """A device of torch."""
        return array.device

    def trains(self, array: Any) -> bool | None:
        """requires_grad."""
        return bool(array.requires_grad)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)

    def read(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy."""
        found: np.ndarray[Any, Any] = self.adapter.numpy(array)
        return found

    def copy(self, array: Any) -> Any:
        """A leaf of its own."""
        if type(array).__name__ == "Tensor":
            return array.detach().clone().requires_grad_(array.requires_grad)
        return self.adapter.copy(array)

    def written(self, array: Any, value: Any) -> Any:
        """Itself."""
        self.adapter.write(array, value)
        return array

    def moved(self, array: Any, device: Any, name: str) -> Any:
        """What moves it in place."""
        return self.adapter.move(array, device, name)


class OfJAX:
    """An array of JAX, which never changes: another takes its place."""

    name = "jax"
    ties = False

    def __init__(self) -> None:
        from .. import jax_arrays

        self.jax = jax_arrays

    def numpy_dtype(self, array: Any) -> np.dtype[Any]:
        """NumPy's, but for keys."""
        return np.dtype(np.uint32) if self.jax.is_key(array) else np.dtype(array.dtype)

    def device(self, array: Any) -> Any:
        """As text."""
        return self.jax.device_text(array)

    def trains(self, array: Any) -> bool | None:
        """It does not say; a key never does."""
        return False if self.jax.is_key(array) else None

    def no_values(self, array: Any) -> str | None:
        """While it is traced, or was built without memory."""
        return self.jax.no_values(array)

    def unwritable(self, array: Any) -> str | None:
        """It is replaced."""
        return None

    def read(self, array: Any) -> np.ndarray[Any, Any]:
        """On the host."""
        return self.jax.read(array)

    def data(self, array: Any) -> Any:
        """Itself."""
        return array

    def copy(self, array: Any) -> Any:
        """Itself: it never changes."""
        return array

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """A NumPy array of its shape and dtype; for keys, keys."""
        if self.jax.is_key(array):
            return self.jax.as_key(array, value, name)
        return coerced(value, tuple(array.shape), self.numpy_dtype(array), name)

    def written(self, array: Any, value: Any) -> Any:
        """Another, where this one lies."""
        return value if self.jax.is_key(array) else self.jax.placed(value, array)

    def cast(self, array: Any, dtype: Any, name: str) -> Any:
        """Another."""
        return self.jax.cast(array, dtype, name)

    def moved(self, array: Any, device: Any, name: str) -> Any:
        """Another."""
        return self.jax.moved(array, device, name)

    def memory(self, array: Any) -> Memory | None:
        """JAX's alone."""
        return None

    def fill_target(self, array: Any) -> np.ndarray[Any, Any] | None:
        """JAX's alone."""
        return None


_made: dict[type, Kind] = {}


def _kind(which: Any) -> Kind:
    if which not in _made:
        _made[which] = which()
    return _made[which]


def kind_of(thing: Any) -> Kind | None:
    """Of which kind an array is; None for what is no array of numbers."""
    if isinstance(thing, np.ndarray):
        dtype = thing.dtype
        number = dtype.kind in "biufc" or (dtype.kind == "V" and dtype.type.__module__ == "ml_dtypes")
        return _kind(OfNumPy) if number else None
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(thing, torch.Tensor):
        return _kind(OfTorch)
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(thing, (jax.Array, jax.ShapeDtypeStruct)):
        return _kind(OfJAX)
    return None
