"""`import glueball` is cheap: it loads its base dependencies at most, and no framework."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Modules that an import adds to a bare interpreter. Those without a spec are no imports: Cython
# registers a few names of its own.
REPORT = """
import json, sys
before = set(sys.modules)
{statement}
added = {{n for n, m in sys.modules.items() if n not in before and getattr(m, "__spec__", None)}}
print(json.dumps(sorted(added)))
"""

NEVER = {
    "torch",
    "keras",
    "tensorflow",
    "jax",
    "flax",
    "numba",
    "h5py",
    "sklearn",
    "matplotlib",
    "pandas",
    "scipy",
    "click",
}

BASE = {"numpy", "ml_dtypes", "safetensors", "rich"}
OF_RICH = {"markdown_it", "mdurl", "pygments"}


def loaded_by(statement: str) -> set[str]:
    """The top-level names that the statement adds to sys.modules in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", REPORT.format(statement=statement)],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return loaded_by("import glueball")


def test_the_report_sees_what_is_imported():
    assert {"numpy", "click"} <= loaded_by("import numpy, click")


def test_import_loads_no_framework_and_no_extra(loaded):
    assert not loaded & NEVER


def test_import_loads_the_base_dependencies_at_most(loaded):
    third_party = loaded - set(sys.stdlib_module_names) - {"glueball"}
    assert third_party <= BASE | OF_RICH


def test_without_torch_glueball_imports_and_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import glueball as gb\n"
        "gb.init.Normal(0.1)\n"
        "try:\n"
        "    gb.meta()\n"
        "except gb.MissingExtraError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "torch is not installed: pip install 'glueball[torch]'\n"
