"""Functions of `jax.nn.initializers` (Flax's are the same): called with a key made from our seed."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from ...errors import InitializerError
from ...init import Foreign, Initializer
from ...streams import Key

__all__ = ["JaxFunction", "initializer"]


@dataclass(repr=False, eq=False)
class JaxFunction(Foreign):
    """A function of (key, shape, dtype), given a threefry key made from (seed, name).

    It is asked for float32, in JAX's own layout (*kernel, inputs, outputs), so its fans are the layer's.
    """

    source: Any

    def make(self, shape: tuple[int, ...], key: Key) -> Any:
        """The function's array, on the host."""
        import jax  # already loaded by whoever has such a function

        words = jax.numpy.asarray(np.array([key.k0, key.k1], np.uint32))
        random = jax.random.wrap_key_data(words, impl="threefry2x32")
        return np.asarray(self.source(random, shape, np.float32))

    def __repr__(self) -> str:
        return "jax." + getattr(self.source, "__qualname__", repr(self.source)).partition(".")[0]

    def to_json(self) -> Any:
        """Its name; `from_json` asks for the function by it."""
        return {"kind": repr(self)}


def initializer(given: Any) -> Initializer:
    """A JAX initializer as one of ours.

    Raises:
        InitializerError: a function that makes initializers, not yet called.
    """
    if next(iter(signature(given).parameters), "") not in ("key", "rng"):
        name = given.__name__
        raise InitializerError(f"jax's {name} makes an initializer: write {name}().")
    return JaxFunction(given)
