"""This folder on the other backends, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest

HERE = Path(__file__).parent
OTHERS = [
    name for name in ("tensorflow", "torch", "jax") if find_spec(name) and name != keras.backend.backend()
]


@pytest.mark.skipif("GLUEBALL_ONE_BACKEND" in os.environ, reason="started by this test, or by a developer")
@pytest.mark.parametrize("backend", OTHERS)
def test_backend(backend):
    env = os.environ | {"KERAS_BACKEND": backend, "GLUEBALL_ONE_BACKEND": "1"}
    for name in [name for name in env if name.startswith(("PYTEST_", "COV_"))]:
        del env[name]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(HERE)]
    done = subprocess.run(
        command, env=env, cwd=HERE.parent.parent, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
