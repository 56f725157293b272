"""Snippets of Gluon code and what real MXNet printed for them; read by Python 3.8 and ours alike.

A file in `recorded/` is Python, cut by lines ``# %% name``. Each part runs in a namespace, a thread and a
folder of its own. ``show(function)``, which each has, prints what a call gives or raises and what it warns
of. A part that begins with ``# needs nd.dot`` is left out where there is no such thing.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

FOLDER = Path(__file__).parent / "recorded"
MARK = re.compile(r"^# %% (\S+)\n", re.MULTILINE)
PRELUDE = """\
import copy, logging, os, pickle, sys, threading
import numpy as np
{mx}
from {name} import autograd, gluon, init, nd
from {name}.gluon import Block, Constant, HybridBlock, Parameter, ParameterDict, nn
"""
PRELUDES = {
    "mxnet": PRELUDE.format(mx="import mxnet as mx", name="mxnet"),
    "glueball": PRELUDE.format(mx="from glueball import mxnet as mx", name="glueball.mxnet"),
}


def recorded(area):
    """The parts of a file by name."""
    common, *parts = MARK.split((FOLDER / f"{area}.py").read_text(encoding="utf-8"))
    return {name: common + code for name, code in zip(parts[::2], parts[1::2])}  # noqa: B905 (Python 3.8)


def needs(code):
    """What a part cannot do without, such as ``["nd.dot"]``."""
    found = re.search(r"^# needs (.*)\n", code, re.MULTILINE)
    return found.group(1).split(", ") if found else []


def plain(text):
    """The text without what differs between versions of Python and NumPy, and without MXNet's C++."""
    text = text.split("\nStack trace:")[0]
    text = re.sub(r'Traceback \(most recent call last\):\n  File "[^"]*", line \d+\n', "", text)
    text = re.sub(r"MXNetError: (?=\S)", "", text)
    text = re.sub(r"(?:LocalFileSystem: )?Check failed: allow_null: :", "", text)
    text = re.sub(r"Check failed: .*?: ?:IsNone\(\*output\): ", "", text)
    text = re.sub(r"0x[0-9a-f]+", "0x…", text).replace("glueball.mxnet", "mxnet")
    text = re.sub(r"<(class '|)mxnet\.(?:\w+\.)*(\w+)", r"<\1mxnet.\2", text)
    text = re.sub(r"\b(?:\w+\.)+(\w+\(\) (?:missing|takes|got))", r"\1", text)
    text = re.sub(r"OrderedDict\(\[\]\)", "{}", text)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def run(code, library):
    """The lines that a part prints."""

    def show(function):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                print(repr(function()))
            except Exception as error:
                print(type(error).__name__ + " | " + plain(str(error)))
        for warning in warned:
            print("  " + warning.category.__name__ + " | " + str(warning.message))

    def body():
        try:
            exec(
                compile(PRELUDES[library] + code, "<recorded>", "exec"),
                {"__name__": "__main__", "show": show},
            )
        except Exception as error:
            raised.append(error)

    raised: list = []
    back = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()) as printed:
        os.chdir(folder)
        try:
            thread = threading.Thread(target=body)
            thread.start()
            thread.join()
        finally:
            os.chdir(back)
    for error in raised:
        printed.write("RAISED " + type(error).__name__ + " | " + str(error))
    return plain(printed.getvalue()).split("\n")
