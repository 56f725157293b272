"""What the whole test run shares: the pages that are run as tests, and Hypothesis's profiles.

Every ``python`` block of README.md and docs/*.md is a test; the blocks of one page run in their
order and share one namespace, so pytest-xdist needs ``--dist=loadfile``. The doctests in the
docstrings of src are collected by pytest itself (``--doctest-modules``).
"""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from importlib.util import find_spec
from io import StringIO

from hypothesis import settings
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser


def run_and_keep(example: Example) -> None:
    """Run a ``python`` block and keep what it printed for the ``text`` block that may follow."""
    with redirect_stdout(StringIO()) as printed:
        PythonEvaluator()(example)
    example.namespace["__printed__"] = printed.getvalue()


def compare(example: Example) -> None:
    """Hold a ``text`` block against what the block above it printed; elsewhere it is prose."""
    printed = example.namespace.pop("__printed__", "")
    if printed:
        got, wanted = (
            [line.rstrip() for line in text.strip().split("\n")] for text in (printed, example.parsed)
        )
        assert got == wanted, f"printed:\n{printed}"


def as_in_a_new_process(namespace: dict[str, object]) -> None:
    """Gluon counts names and draws numbers for each thread; a page shows what its reader will see."""
    if "glueball.mxnet" in sys.modules:
        from glueball.mxnet import generators, name

        name.NameManager._current.managers = None
        generators.seed(0)


python = PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)
python.codeblock_parser = CodeBlockParser(language="python", evaluator=run_and_keep)
pytest_collect_file = Sybil(
    parsers=[
        python,
        CodeBlockParser(language="text", evaluator=compare),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md"],
    setup=as_in_a_new_process,
).pytest()

collect_ignore = ["docs/conf.py"]
collect_ignore_glob = ["tests/*/conftest.py"]  # they have no doctests, and one name

# What needs a framework is left out where that is not installed. Keras takes its backend once in a process.
for package, parts in {
    "keras": ["src/glueball/frameworks/keras", "docs/keras.md"],
    "flax": ["src/glueball/frameworks/nnx", "docs/nnx.md"],
}.items():
    if find_spec(package) is None:
        collect_ignore += parts
os.environ.setdefault("KERAS_BACKEND", next(filter(find_spec, ("torch", "jax", "tensorflow")), "torch"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# "ci" draws the same examples in every run, so that a failure is the change's; "dev" explores.
# Neither has a deadline: on a shared machine a slow example is no failure.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
