"""Keras chooses its backend once in a process: KERAS_BACKEND, or the first that is installed.

`test_backends.py` runs this folder on the others, each in a process of its own.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

BACKENDS = [name for name in ("tensorflow", "torch", "jax") if find_spec(name)]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if BACKENDS:
    os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])

if find_spec("keras") is None or not BACKENDS:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def _fresh_names():
    """Each test sees Keras's counters as a new process does."""
    import keras

    keras.utils.clear_session(free_memory=False)
