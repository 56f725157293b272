"""The same four models in four frameworks, written as each framework's users write them.

`build(framework, name)` gives a `Twin`: a model, and a function that runs it for evaluation on a NumPy batch
with channels last. All parameters and statistics hold random values.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

import glueball as gb

Array = np.ndarray[Any, Any]

FRAMEWORKS = ("torch", "gluon", "keras", "nnx")
EPSILON = 1e-3
WIDTH, HEADS, WORDS, LENGTH = 8, 2, 11, 5


class Twin(NamedTuple):
    """A model and how it is run."""

    model: Any
    run: Callable[[Array], Array]


def build(framework: str, name: str, seed: int) -> Twin:
    """A model with random values in all of its arrays; for one seed it is the same one, filled anew."""
    if framework in ("keras", "nnx"):
        pytest.importorskip("keras" if framework == "keras" else "flax")
    made = _built(framework, name, seed)
    randomise(made.model, seed)
    return made


@cache
def _built(framework: str, name: str, seed: int) -> Twin:
    made: Twin = getattr(importlib.import_module(f"transfer.in_{framework}"), name)()
    made.run(example(name))
    return made


def randomise(model: Any, seed: int) -> None:
    """Random values for all that is floating: of statistics too."""
    random = np.random.default_rng(seed)
    for name, parameter in gb.collect_params(model, buffers=True).items():
        if not str(parameter.dtype).rpartition(".")[2].startswith("float"):
            continue
        shape = parameter.shape
        positive = "var" in name.rpartition(".")[2]
        parameter.set_data(random.uniform(0.5, 2, shape) if positive else random.normal(0, 0.4, shape))


def example(name: str, seed: int = 5) -> Array:
    """A batch for a model."""
    random = np.random.default_rng(seed)
    if name == "transformer":
        return random.integers(0, WORDS, (3, LENGTH)).astype("int32")
    shape = {"mlp": (4, 6), "resnet": (2, 8, 8, 3)}.get(name, (2, LENGTH, 4))
    return random.normal(size=shape).astype("float32")
