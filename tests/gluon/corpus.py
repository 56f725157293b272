"""Snippets of Gluon code: reading them, running one, and keeping what it was seen to do.

A file of snippets is Python, cut by lines ``# %% name``; what stands above the first belongs to each.
A snippet runs after PRELUDE in a namespace, a folder and a thread of its own, so with MXNet's naming
counters, generators and autograd state as they are at first. ``attempt(function)``, which every
snippet has, prints what a call returns or raises.

Real MXNet runs on Python 3.8 and so does this module: tools/golden_gluon.py makes the golden data
with it, and the tests run glueball.mxnet with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

HERE = Path(__file__).parent
SNIPPETS = HERE / "snippets"
SCRIPTS = HERE / "scripts"
GOLDEN = HERE.parent / "golden" / "gluon_snippets.json"
GOLDEN_SCRIPTS = HERE.parent / "golden" / "gluon_scripts"

PRELUDE = """\
import os
import threading

import mxnet as mx
import numpy as np
from mxnet import autograd, context, gluon, init, nd
from mxnet.gluon import Block, HybridBlock, Parameter, ParameterDict, Trainer, nn, utils
from mxnet.gluon import data as gdata
from mxnet.gluon import loss as gloss
"""

MARK = re.compile(r"^# %% (\S+)\n", re.MULTILINE)


def snippets() -> dict[str, str]:
    """The code of every snippet by its name, ``area/name``, in the files' order."""
    found = {}
    for path in sorted(SNIPPETS.glob("*.py")):
        common, *parts = MARK.split(path.read_text(encoding="utf-8"))
        for name, code in zip(parts[::2], parts[1::2]):  # noqa: B905 (Python 3.8)
            key = f"{path.stem}/{name}"
            if key in found:
                raise ValueError(f"two snippets are called {key}")
            found[key] = f"{common}\n{code}".strip() + "\n"
    return found


def digest(code: str) -> str:
    """What tells that a snippet was changed after its golden data were made."""
    return hashlib.sha256((PRELUDE + code).encode()).hexdigest()[:12]


def meaning(error: BaseException) -> str:
    """An exception's message without what comes from MXNet's C++: files, lines, conditions, traces."""
    text = str(error).split("\nStack trace:")[0]
    text = re.sub(r"^Traceback \(most recent call last\):\n(?:  File .*\n)+", "", text)
    text = re.sub(r"^\[\d\d:\d\d:\d\d\] \S+:\d+: ", "", text)
    if type(error).__name__ == "MXNetError":
        text = re.sub(r"^\w+: (?=\S)", "", text) if text.startswith(("MXNetError: ", "Error")) else text
        text = re.sub(r"^[\w.:]+: (?=Check failed)", "", text).replace(": :", "::")
        text = text.split("\n")[0].split(", in operator ")[0]
        text = re.sub(r"^Error in operator \w+: (?:\[\d\d:\d\d:\d\d\] \S+:\d+: )?", "", text)
    if text.startswith("Check failed: "):
        compared = re.match(r"Check failed: .*? \([^()]*(?:\([^()]*\))?[^()]* vs\. .*?\) : ?", text)
        plain = re.match(r"Check failed: .*?: ?(?!:)", text.replace("::", "··"))
        cut = compared or plain
        text = text[cut.end() :] if cut else ""
    return anywhere(text.strip())


def anywhere(text: str) -> str:
    """The text without the addresses of objects."""
    return re.sub(r"\b0x[0-9a-f]+\b", "0x…", text)


def execute(code: str) -> dict:
    """Run one snippet and return what it printed, raised and warned of.

    Returns:
        ``stdout``, a list of lines; ``exception``, None or its ``types`` (the names of its class and
        of that class's bases) and ``message``; ``warnings``, pairs of category and text.
    """
    raised: list[BaseException] = []

    def attempt(function) -> None:
        try:
            print(function())
        except Exception as error:
            print(f"{type(error).__name__}: {meaning(error)}")

    def run() -> None:
        try:
            exec(compile(PRELUDE, "<prelude>", "exec"), namespace)
            exec(compile(code, "<snippet>", "exec"), namespace)
        except Exception as error:
            raised.append(error)

    namespace = {"__name__": "__main__", "attempt": attempt}
    back = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        os.chdir(folder)
        try:
            with redirect_stdout(StringIO()) as printed:
                thread = threading.Thread(target=run)
                thread.start()
                thread.join()
        finally:
            os.chdir(back)
    error = raised[0] if raised else None
    return {
        "stdout": anywhere(printed.getvalue()).split("\n"),
        "exception": error
        and {
            "types": [kind.__name__ for kind in type(error).__mro__ if kind is not object],
            "message": meaning(error),
        },
        "warnings": [[warning.category.__name__, anywhere(str(warning.message))] for warning in warned],
    }
