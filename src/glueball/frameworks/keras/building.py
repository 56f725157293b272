"""Layers that are not built yet: what stands for their variables, and how to be told when they are built.

Keras gives each layer a `build` of its own, in the instance's `__dict__`, and calls it before the layer
first runs, or when `model.build(shape)` is called. That is where we listen. A model builds its layers inside
its own `build`, so who waits is told once, when the outermost of them is done.

Some models are built while Keras only looks what shapes come out (`fit`, a subclassed model's first call).
The variables get their first values when that is over, so whoever waits is told after them. What goes wrong
then Keras would take for a model that it cannot look through, and go on; so it is raised a little later, when
the model's own `build`, if that comes, is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.backend.common.stateless_scope import in_stateless_scope
from keras.src.backend.common.variables import register_uninitialized_variable

__all__ = ["Unbuilt", "eagerly", "traced", "when_built"]


class Unbuilt:
    """Stands for the variables that a layer will have once it is built."""

    __slots__ = ("layer",)

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    @property
    def trainable(self) -> bool:
        """Whether the layer's variables will take gradients."""
        return bool(self.layer.trainable)


class _Now(threading.local):
    """What is being built in this thread."""

    def __init__(self) -> None:
        self.depth = 0
        self.due: list[Callable[[], None]] = []


_now = _Now()


def when_built(layers: Sequence[Any], above: Sequence[Any], fill: Any) -> None:
    """Call `fill()` when some of the layers were built, once for all that are built inside one of `above`.

    Where another waits for a layer already, `fill.after(layer, other)` takes the layer over from it.
    """
    for layer in layers:
        listening = _listen(layer)
        if listening.fill is not None and listening.fill is not fill:
            fill.after(layer, listening.fill)
        listening.fill = fill
    for layer in above:
        if not layer.built:
            _listen(layer)


def _listen(layer: Any) -> Any:
    """The layer's `build`, which tells us; replaced once."""
    original = layer.build
    if hasattr(original, "fill"):
        return original

    # Keras looks at the signature, and whether it is the default, so both stay.
    @wraps(original)
    def build(*args: Any, **kwargs: Any) -> Any:
        _now.depth += 1
        try:
            result = original(*args, **kwargs)
            if listening.fill is not None and all(fill is not listening.fill for fill in _now.due):
                _now.due.append(listening.fill)
            listening.fill = None
        except BaseException:
            if _now.depth == 1:
                _now.due.clear()
            raise
        finally:
            _now.depth -= 1
        if not _now.depth:
            due, _now.due = _now.due, []
            if due:
                _tell(due)
            if listening.wrong is not None:
                wrong, listening.wrong = listening.wrong, None
                raise wrong
        return result

    listening: Any = build
    listening.fill = listening.wrong = None
    # Into the dict, past the tracking of attributes, as Keras's own `__new__` has it before it tracks.
    vars(layer)["build"] = build
    return listening


def _tell(due: Sequence[Callable[[], None]]) -> None:
    if in_stateless_scope():
        after = next((one for one in reversed(_queue()) if isinstance(one, _After)), None)
        if after is None:
            after = _After()
            register_uninitialized_variable(after)
        after.due += [fill for fill in due if all(fill is not other for other in after.due)]
        return
    with eagerly():
        for fill in due:
            fill()


class _After:
    """Takes the place of a variable that Keras has to initialise, and waits until it is the last."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def _deferred_initialize(self) -> None:
        queue = _queue()
        if queue and queue[-1] is not self:
            register_uninitialized_variable(self)  # Keras runs over the list while it grows
            return
        try:
            _tell(self.due)
        except Exception as wrong:
            queue.clear()  # as Keras would, were nothing wrong
            for fill in self.due:
                root = getattr(fill, "root", None)
                if root is not None and not root.built and hasattr(root.build, "wrong"):
                    root.build.wrong = wrong
                    return
            raise


def _queue() -> list[Any]:
    """What Keras initialises when the scope ends."""
    return global_state.get_global_attribute("uninitialized_variables") or []


def traced(variable: Any) -> str | None:
    """Why a variable can be neither read nor written now: a function is traced; None where it can."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        if not tf.executing_eagerly():
            return (
                "TensorFlow is tracing a function (tf.function), in which variables have no values: do this "
                "outside of it"
            )
    if backend == "jax":
        from ..jax_arrays import no_values

        return no_values(variable.value)
    return None


def eagerly() -> AbstractContextManager[Any]:
    """A context in which values are computed now, also while a function is traced."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        scope: AbstractContextManager[Any] = tf.init_scope()
        return scope
    if backend == "jax":
        import jax

        scope = jax.ensure_compile_time_eval()
        return scope
    return nullcontext()
