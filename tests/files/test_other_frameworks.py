"""Files of models of other frameworks: through the same verbs, and from one framework into another."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy
import torch
from torch import nn

import glueball as gb


def tree(fill):
    return {
        "enc": {"w": np.full((2, 3), fill, "f4"), "b": np.full(3, float(fill))},
        "layers": [np.full(2, float(fill))],
    }


def test_plain_arrays(tmp_path):
    gb.collect_params(tree(1)).save(tmp_path / "x.safetensors")
    read = safetensors.numpy.load_file(tmp_path / "x.safetensors")
    assert set(read) == {"enc.w", "enc.b", "layers.0"} and read["enc.b"].dtype == np.float64
    mine = tree(0)
    held = mine["enc"]["w"]
    gb.collect_params(mine).load(tmp_path / "x.safetensors")
    assert mine["enc"]["w"] is held and held.sum() == 6 and mine["layers"][0].sum() == 2
    larger = tree(0) | {"layers": [np.zeros(3)]}
    gb.collect_params(larger).load(tmp_path / "x.safetensors", mismatch="pad")
    assert larger["layers"][0].tolist() == [1, 1, 0]


def test_plain_arrays_into_a_module(tmp_path):
    gb.collect_params({"kernel": np.ones((3, 2), "f4"), "bias": np.ones(3)}).save(tmp_path / "x.npz")
    net = nn.Linear(2, 3)
    gb.collect_params(net).load(tmp_path / "x.npz", rename={"kernel": "weight"})
    assert net.weight.sum() == 6 and net.bias.dtype == torch.float32


def test_jax_arrays(tmp_path):
    jnp = pytest.importorskip("jax.numpy")
    gb.collect_params({"w": jnp.ones((2, 3), jnp.bfloat16)}).save(tmp_path / "x.safetensors")
    params = gb.collect_params({"w": jnp.zeros((2, 3), jnp.bfloat16)})
    params.load(tmp_path / "x.safetensors")
    assert params.root["w"].dtype == jnp.bfloat16 and params.root["w"].sum() == 6
    with pytest.raises(gb.LoadError, match=r"w model \(3, 3\), file \(2, 3\)"):
        gb.collect_params({"w": jnp.zeros((3, 3))}).load(tmp_path / "x.safetensors")


def test_nnx_modules(tmp_path):
    nnx = pytest.importorskip("flax.nnx")
    net, other = (nnx.Linear(2, 3, rngs=nnx.Rngs(seed)) for seed in (0, 1))
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    params = gb.collect_params(other)
    params.load(tmp_path / "x.safetensors")
    assert np.array_equal(net.kernel[...], other.kernel[...])
    assert params["kernel"].origin.name == "kernel" and params["kernel"].origin.edited is False
    other.kernel[...] = other.kernel[...] + 1
    assert params["kernel"].origin.edited
    assert params.untouched().names() == []
