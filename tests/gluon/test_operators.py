"""Every operator gives what real MXNet gave: results, gradients and errors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from operator_cases import answer, read
from operator_expressions import EXPRESSIONS

from glueball import mxnet as mx

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "gluon_operators.json").read_text())
CLOSE = {"float16": (2e-3, 2e-4), "float32": (2e-5, 3e-6), "float64": (1e-6, 1e-7)}


def says(ours, theirs):
    """Whether our message holds the sentence of theirs, without the condition in C++ that failed."""
    ours, theirs = (text.split(", in operator")[0] for text in (ours, theirs))
    if theirs in ours:
        return True
    parts = [part.strip() for part in re.split(r": | \(\S+ vs\. \S+\)", theirs)]
    sentences = [part for part in parts if len(part) > 10]
    return bool(sentences) and sentences[-1] in ours


def same(ours, theirs):
    ours, theirs = read(ours), read(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    rtol, atol = CLOSE.get(theirs.dtype.name, (0, 0))
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_operator(expression):
    theirs = GOLDEN[expression]
    ours = answer(mx, expression)
    if "error" in theirs:
        assert ours.get("error") == theirs["error"], ours
        assert says(ours["message"], theirs["message"]), ours["message"]
        return
    assert "error" not in ours, ours
    assert ours.get("value") == theirs.get("value")
    for kind in ("results", "gradients"):
        found = ours.get(kind, [])
        for at, wanted in enumerate(theirs.get(kind, [])):
            same(found[at], wanted)
    assert len(ours.get("results", [])) == len(theirs.get("results", []))


def test_every_answer_has_its_question():
    assert set(GOLDEN) == set(EXPRESSIONS)
