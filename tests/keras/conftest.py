"""Keras on the backend that KERAS_BACKEND names, or the first that is installed.

`test_keras_backends.py` runs this folder on the others, each in a process of its own.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

if find_spec("keras") is None or not any(map(find_spec, ("tensorflow", "torch", "jax"))):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def _fresh_names():
    """Each test sees Keras's counters as a new process does."""
    import keras

    keras.utils.clear_session(free_memory=False)
