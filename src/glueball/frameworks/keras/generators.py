"""Global random generators under a seed, and put back: Keras's own, and those of what it computes with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

from .. import adapter_named
from .building import eagerly

__all__ = ["seeded"]


def seeded(run: Callable[[], None], seed: int) -> None:
    """Run something that draws on global generators as if they were freshly seeded.

    Keras draws from its own; a custom initializer may draw from TensorFlow's or torch's, whatever the
    backend. JAX has none.
    """
    with ExitStack() as put_back:
        put_back.enter_context(eagerly())
        put_back.enter_context(_kerass(seed))
        if "tensorflow" in sys.modules:
            put_back.enter_context(_tensorflows(seed))
        if "torch" in sys.modules:
            adapter_named("torch").seeded(run, seed)
        else:
            run()


@contextmanager
def _kerass(seed: int) -> Iterator[None]:
    kept = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    generator = keras.random.SeedGenerator(seed & 0x7FFFFFFF, name=GLOBAL_SEED_GENERATOR)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, generator)
    try:
        yield
    finally:
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, kept)


@contextmanager
def _tensorflows(seed: int) -> Iterator[None]:
    """TensorFlow numbers the operations under its global seed; the count is put back with the seed."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    now: Any = context.context()
    kept = now._seed, getattr(now, "_rng", None)
    try:
        tf.random.set_seed(seed)
        yield
    finally:
        now._seed, now._rng = kept
