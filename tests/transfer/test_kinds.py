"""For each kind of layer, its settings and each pair of frameworks: equal outputs, and the same bits back."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glueball as gb
from transfer.kinds import KINDS, Kind, example, keras, nnx
from transfer.zoo import Twin, randomise

HERE = {"torch", "gluon", *(["keras"] if keras else []), *(["nnx"] if nnx else [])}


def frameworks(kind: Kind) -> list[str]:
    return [name for name in kind.builders if name.partition(",")[0] in HERE]


def made(kind: Kind, framework: str, options: dict[str, Any], seed: int) -> Twin:
    twin = kind.builders[framework](**options)
    randomise(twin.model, seed)
    return twin


def bits(model: Any) -> dict[str, bytes]:
    """The arrays by name, but for the states of random generators and the count of batches."""
    params = gb.collect_params(model, buffers=True)
    return {
        name: parameter.numpy().tobytes()
        for name, parameter in params.items()
        if str(parameter.dtype).rpartition(".")[2].startswith("float")
    }


CASES = {
    "dense": {"inputs": 3, "outputs": 2, "bias": True},
    "einsum": {"inputs": 3, "outputs": 2, "bias": True},
    "embedding": {"words": 4, "width": 3},
    "convolution": {"groups": 2, "inputs": 2, "outputs": 2, "kernel": (3, 2), "stride": 2, "bias": True},
    "transposed convolution": {"inputs": 3, "outputs": 2, "kernel": (3, 2), "stride": 2, "bias": True},
    "depthwise": {"inputs": 3, "multiplier": 2, "bias": True},
    "separable": {"inputs": 3, "outputs": 4, "multiplier": 2},
    "batch norm": {"channels": 3},
    "layer norm": {"channels": 3},
    "group norm": {"groups": 2, "each": 2},
    "instance norm": {"channels": 3},
    "rms norm": {"channels": 3},
    "prelu": {"channels": 1},
    "prelus": {"channels": 3},
    "lstm": {"inputs": 3, "units": 2, "depth": 2, "both": True},
    "gru": {"inputs": 3, "units": 2, "depth": 2, "both": True},
    "rnn": {"inputs": 3, "units": 2, "depth": 2, "both": False},
    "attention": {"heads": 2, "each": 3, "bias": True},
}


@pytest.mark.parametrize("name", KINDS)
def test_each_layer_computes_the_same(name: str) -> None:
    kind, options = KINDS[name], CASES[name]
    x = example(kind.batch(**options))
    twins = {framework: made(kind, framework, options, 1) for framework in frameworks(kind)}
    for one, other in permutations(twins, 2):
        randomise(twins[one].model, 1)
        randomise(twins[other].model, 2)
        wanted = twins[one].run(x)
        report = gb.transfer(twins[one].model, twins[other].model)
        np.testing.assert_allclose(
            twins[other].run(x), wanted, rtol=1e-4, atol=1e-5, err_msg=f"{one} → {other}"
        )
        differ = [note for note in report.notes if not note.startswith(("momentum", "output padding"))]
        assert not differ, f"{one} → {other}"


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=4)
@given(data=st.data())
def test_there_and_back_gives_the_same_bits(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    options = data.draw(kind.settings)
    models = {name: [kind.builders[name](**options).model for _ in range(2)] for name in frameworks(kind)}
    for one, other in product(models, repeat=2):
        (first, back), (second, again) = models[one], models[other]
        if one == other:
            second, again = models[other][::-1]
        randomise(first, 1)
        before = bits(first)
        there = gb.transfer(first, second)
        gb.transfer(second, back)
        if not any("bias + recurrent bias" in row.turned for row in there.rows):
            assert bits(back) == before, f"{one} → {other} → {one}"
        # A sum of two biases comes back as that and 0, so that from then on it stays.
        after = bits(second)
        gb.transfer(back, again)
        assert bits(again) == after, f"{other} → {one} → {other}"
