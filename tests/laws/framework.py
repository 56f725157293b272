"""One small model in every framework: two layers, `first` and `second`, each with `w` (4, 3) and `b` (4,).

All values are 1. The names are the same everywhere, so the same seed has to give the same bits everywhere. A
framework says, beside its models, what it refuses: law -> (error, text). Nothing is left out silently.
"""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar, NamedTuple

import numpy as np

import glueball as gb

NAMES = ["first.w", "first.b", "second.w", "second.b"]
SHAPES = {"w": (4, 3), "b": (4,)}


class Refusal(NamedTuple):
    """An error that a framework gives in the place of a law: its class, what it says, and why it has to."""

    error: type[Exception]
    text: str
    why: str


Refusals = dict[str, Refusal]


def without(name: str, *verbs: str) -> Refusals:
    """The forms of optimizers of other frameworks that the adapter of this name does not make."""
    forms = {
        "labels": ("labels for optax", "optax is for models of JAX"),
        "filters": ("filters of Flax NNX", "filters are NNX's, masks for trees of arrays"),
        "exclude": ("exclusions of Keras's optimizers", "only Keras's optimizers have exclusions"),
    }
    return {
        verb: Refusal(gb.OptimizerError, f"{forms[verb][0]} are not for {name}", forms[verb][1])
        for verb in verbs
    }


class Framework:
    """A framework by its models, and its own means to look at them."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    refuses: ClassVar[Refusals] = {}
    names: ClassVar[list[str]] = NAMES  # in the framework's own order

    def ordered(self, names: list[str]) -> list[str]:
        return sorted(names, key=self.names.index)

    def there(self) -> bool:
        """Whether it is installed."""
        return all(importlib.util.find_spec(name) for name in self.needs)

    def build(self) -> Any:
        raise NotImplementedError

    def layer(self, model: Any, name: str) -> Any:
        return getattr(model, name)

    def layer_class(self, model: Any) -> type:
        return type(self.layer(model, "first"))

    def own(self, model: Any, slot: str) -> Any:
        """The framework's own object at a slot."""
        layer, _, name = slot.partition(".")
        return getattr(self.layer(model, layer), name)

    def value(self, model: Any, slot: str) -> np.ndarray:
        """The values at a slot by the framework's own means."""
        return np.asarray(self.own(model, slot))

    def values(self, model: Any) -> dict[str, np.ndarray]:
        return {slot: np.array(self.value(model, slot)) for slot in NAMES}

    def trains(self, model: Any, slot: str) -> bool | None:
        """What the framework itself says, None where it keeps no such thing."""
        return None

    def replace_first(self, model: Any, other: Any) -> None:
        """Put another model's first layer in the place of this one's."""
        model.first = other.first

    def grads(self, model: Any) -> Any:
        """Gradients of `loss` as the framework gives them; None where arrays keep them."""
        raise NotImplementedError

    def loss(self, value: Any) -> Any:
        """1·Σ first.w + 2·Σ first.b + 3·Σ second.w + 4·Σ second.b, by a function slot -> array."""
        return sum((place + 1) * value(slot).sum() for place, slot in enumerate(NAMES))

    def dense(self) -> tuple[Any, str]:
        """A layer of 6 inputs and 4 outputs, and the name of its weight."""
        raise NotImplementedError

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        """A model without values, what `gb.initialize` needs for it, and what completes it then."""
        raise NotImplementedError

    def with_buffers(self) -> tuple[Any, list[str]]:
        """A model, and the names of its buffers."""
        raise NotImplementedError

    def optimizer(self, model: Any) -> Any:
        """An optimizer of the whole model."""
        raise NotImplementedError

    def new_optimizer(self) -> Any:
        """An optimizer that has seen no parameters yet."""
        return object()
