"""The same input gives the same output, in each direction between the frameworks."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import glueball as gb
from transfer.zoo import FRAMEWORKS, build, example

MODELS = ("mlp", "resnet", "lstm", "gru", "transformer")

# A functional model of Keras has flat names where the others have blocks.
RENAMED: dict[tuple[str, bool], dict[str, str]] = {
    ("resnet", True): {r"block(\d)\.(\w+)": r"block\1_\2"},
    ("resnet", False): {r"block(\d)_(\w+)": r"block\1.\2"},
}


def without_recurrent_bias(model: Any) -> None:
    """NNX's GRU has no bias where the reset gate multiplies it, so that one has to be 0."""
    for name, parameter in gb.collect_params(model).items():
        values = parameter.numpy()
        if re.search(r"bias_hh_l\d(_reverse)?$", name):
            values[10:] = 0
        elif name.endswith("cell.bias"):
            values[1, 10:] = 0
        else:
            continue
        parameter.set_data(values)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("one", "other"), list(permutations(FRAMEWORKS, 2)))
def test_the_same_input_gives_the_same_output(name: str, one: str, other: str) -> None:
    source, target = build(one, name, seed=1), build(other, name, seed=2)
    options: dict[str, Any] = {}
    if name == "gru" and other == "nnx":
        without_recurrent_bias(source.model)
    if "keras" in (one, other) and name == "resnet":
        options["rename"] = RENAMED[name, other == "keras"]
    elif name == "resnet" and "nnx" in (one, other):
        options["flatten"] = {"head": (6, 4, 4)}
    x = example(name)
    wanted, before = source.run(x), target.run(x)
    report = gb.transfer(source.model, target.model, **options)
    assert not np.allclose(before, wanted, atol=1e-2)
    np.testing.assert_allclose(target.run(x), wanted, rtol=2e-4, atol=2e-5)
    np.testing.assert_array_equal(source.run(x), wanted)
    assert not report.kept and not report.unused
