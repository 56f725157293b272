"""One `jax.Array`: how it is read, and how another with the same place takes its values.

For the adapters of Flax NNX and of plain trees. JAX is imported by whoever has such an array.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..adapter import Facts, Shape
from ..errors import DeferredError, DTypeError
from .values import cast_array

__all__ = [
    "as_key",
    "built",
    "cast",
    "device_text",
    "is_abstract",
    "is_array",
    "is_key",
    "key_facts",
    "moved",
    "no_values",
]
__all__ += ["placed", "read", "usable_device"]


def is_array(value: Any) -> bool:
    """Whether it is an array of JAX, or what stands for one while JAX looks at a program."""
    return isinstance(value, (jax.Array, jax.ShapeDtypeStruct))


def is_abstract(value: Any) -> bool:
    """Whether it has a shape and a dtype and no memory, as `jax.eval_shape` makes it."""
    return isinstance(value, jax.ShapeDtypeStruct)


def is_key(value: Any) -> bool:
    """Whether it holds keys of JAX's random numbers, which are no numbers to work with."""
    return bool(jnp.issubdtype(value.dtype, jax.dtypes.prng_key))


def no_values(value: Any) -> str | None:
    """Why nothing can be read or written, None where it can."""
    if isinstance(value, jax.core.Tracer):
        return (
            "JAX is tracing a function (jit, grad, vmap), in which arrays have shapes and no values: "
            "do this outside of it"
        )
    if is_abstract(value):
        return (
            "it has a shape and no memory (eval_shape); "
            'give it memory and values at once: gb.initialize(model, device="cpu")'
        )
    return None


def read(value: Any) -> np.ndarray[Any, Any]:
    """The values on the host, of a key its words; not to be written into."""
    return np.asarray(jax.random.key_data(value) if is_key(value) else value)


def placed(values: Any, like: Any) -> Any:
    """An array with these values that lies where another lies, and is sharded as that is."""
    mine = np.array(values, like.dtype)  # JAX may keep the memory that it is given, whatever one asks
    if not like.committed:  # JAX may take it wherever the others are
        return jnp.asarray(mine)
    return jax.device_put(mine, like.sharding)


def built(abstract: Any, where: Any) -> Any:
    """An array of zeros for one without memory, sharded as it asks."""
    sharding = getattr(abstract, "sharding", None)
    return jnp.zeros(abstract.shape, abstract.dtype, device=where if sharding is None else sharding)


def cast(value: Any, dtype: Any, name: str) -> Any:
    """An array in another floating dtype, without memory where it has none; None where nothing changes.

    Raises:
        DTypeError: it is no floating dtype, or would lose a part.
    """
    if is_key(value):
        return None
    if not is_abstract(value):
        return cast_array(value, dtype, name)
    made = cast_array(np.empty(0, value.dtype), dtype, name)
    return None if made is None else value.update(dtype=made.dtype)


def moved(value: Any, device: Any, name: str) -> Any:
    """The same values on another device, or sharded otherwise.

    Raises:
        DeferredError: there are none, or there is no such device.
    """
    reason = no_values(value)
    if reason:
        raise DeferredError(f"{name!r} cannot be moved: {reason}.")
    return jax.device_put(value, usable_device(device))


def as_key(like: Any, value: Any, name: str) -> Any:
    """A value for random keys: keys of the same kind and shape.

    Raises:
        DTypeError: it is no such thing.
    """
    if isinstance(value, jax.Array) and (value.dtype, value.shape) == (like.dtype, like.shape):
        return value
    raise DTypeError(
        f"{name!r} holds random keys ({like.dtype}, shape {like.shape}): write such keys, jax.random.key(0)."
    )


def device_text(value: Any) -> str:
    """`cpu`, `cuda:1`, or over how many devices it is spread; a NumPy array lies on the host."""
    if isinstance(value, np.ndarray):
        return "cpu"
    if is_abstract(value):
        return "none"
    if isinstance(value, jax.core.Tracer):
        return "traced"
    devices = value.devices()
    if len(devices) > 1:
        return f"{len(devices)} devices"
    (one,) = devices
    return "cpu" if (one.platform, one.id) == ("cpu", 0) else f"{one.platform}:{one.id}"


def usable_device(device: Any) -> Any:
    """A device by what a user writes for it: `"cpu"`, `"cuda:1"`, JAX's own, or a sharding.

    Raises:
        DeferredError: there is none.
    """
    if isinstance(device, (jax.Device, jax.sharding.Sharding)):
        return device
    platform, _, index = str(device).partition(":")
    try:
        return jax.devices(platform)[int(index or 0)]
    except (RuntimeError, ValueError, IndexError) as error:
        raise DeferredError(f"device {device!r} cannot be used: {error}") from None


def key_facts(value: Any, shape: Shape | None) -> Facts:
    """What a table says of keys, whose dtype NumPy does not know."""
    size = int(value.size)
    nbytes = 0 if is_abstract(value) else size * int(value.dtype.itemsize)
    return Facts(shape, str(value.dtype), device_text(value), size, nbytes, False)
