"""Keras initializers, and TensorFlow's: rebuilt from their own config with a seed made from ours.

Neither need be imported for that; the object brings its class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...init import Foreign, Initializer
from ...init.constants import as_array
from ...streams import Key

__all__ = ["KerasInitializer", "initializer"]


@dataclass(repr=False, eq=False)
class KerasInitializer(Foreign):
    """A Keras initializer whose seed is replaced by one made from (seed, name).

    It is asked for float32, in Keras's own layout, so its fans are the layer's. Its own seed does not
    count. One of your own has to name `seed` in its `get_config` to be drawn anew for each parameter.
    """

    source: Any
    bare: bool = False

    def make(self, shape: tuple[int, ...], key: Key) -> Any:
        """What a twin of the initializer, with a seed of 32 bits, makes."""
        config = dict(self.source.get_config())
        source = self.source
        if "seed" in config:  # one without is asked itself: not every config tells all (Identity's gain)
            source = type(source).from_config({**config, "seed": key.k0 & 0x7FFFFFFF})
        return as_array(source(shape, dtype="float32"))

    def _config(self) -> dict[str, Any]:
        config = self.source.get_config().items()
        return {name: value for name, value in config if name != "seed" and value is not None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KerasInitializer):
            return NotImplemented
        return type(self.source) is type(other.source) and self._config() == other._config()

    def __hash__(self) -> int:
        return hash((KerasInitializer, type(self.source), repr(sorted(self._config().items()))))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._config().items())
        return f"{self._kind()}({shown})"

    def to_json(self) -> Any:
        """Class and config; `from_json` asks for one of them, `known={"keras.Zeros": keras…Zeros}`."""
        return {"kind": self._kind(), **self._config()}

    def _kind(self) -> str:
        kind = type(self.source)
        return f"{'tf' if kind.__module__.startswith('tensorflow.') else 'keras'}.{kind.__name__}"


def initializer(given: Any) -> Initializer:
    """A Keras initializer as one of ours."""
    return KerasInitializer(given)
