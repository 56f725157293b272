"""The order of the rooms: import-linter's contracts in pyproject.toml hold, and they bite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = """
from importlinter.cli import lint_imports
raise SystemExit(lint_imports(no_cache=True, no_logo=True))
"""


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a checkout, reading its own sources."""
    return subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


def test_every_contract_is_kept():
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("room", "statement", "contract"),
    [
        ("errors", "import glueball.slots", "a room imports only the rooms below it"),
        ("patterns", "import torch", "only the torch adapter, the tour and Gluon import torch"),
        ("slots", "import jax", "only the adapters import keras, tensorflow, jax or flax"),
        ("slots", "import rich", "only the views, the shell and the tour import rich"),
        ("attic", "", "a room imports only the rooms below it"),
    ],
    ids=["upwards", "torch", "jax", "rich", "a room without a place"],
)
def test_an_import_out_of_order_breaks_its_contract(checkout, room, statement, contract):
    package = checkout / "src" / "glueball" / room
    file = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
    with file.open("a") as source:
        source.write(f"\n{statement}\n")
    run = lint(checkout)
    assert run.returncode == 1
    assert f"{contract} BROKEN" in run.stdout
