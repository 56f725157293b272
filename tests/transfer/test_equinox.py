"""Equinox: its layers turn as the others' do, and the new model is in the report, since it is immutable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb

eqx = pytest.importorskip("equinox")
jax = pytest.importorskip("jax")

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def transferred(source: nn.Module, target: Any) -> Any:
    """The target with the source's values, after a way back that has to give the same bits."""
    new = gb.transfer(source, target).model
    again = gb.transfer(new, type(target)(*ARGUMENTS[type(target)], key=KEY)).model
    for one, other in zip(jax.tree.leaves(new), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, other)
    return new


ARGUMENTS: dict[Any, tuple[Any, ...]] = {
    eqx.nn.Linear: (3, 2),
    eqx.nn.Conv1d: (4, 5, 2),
    eqx.nn.ConvTranspose1d: (4, 5, 2),
    eqx.nn.LSTMCell: (3, 5),
    eqx.nn.GRUCell: (3, 5),
    eqx.nn.MultiheadAttention: (2, 4),
}


def made(kind: Any) -> Any:
    return kind(*ARGUMENTS[kind], key=KEY)


def test_a_model() -> None:
    source = nn.Sequential(nn.Linear(3, 7), nn.LayerNorm(7), nn.ReLU(), nn.Linear(7, 2))
    parts = [eqx.nn.Linear(3, 7, key=KEY), eqx.nn.LayerNorm(7), eqx.nn.Lambda(jax.nn.relu)]
    target = eqx.nn.Sequential([*parts, eqx.nn.Linear(7, 2, key=KEY)])
    report = gb.transfer(source, target)
    with torch.no_grad():
        wanted = source(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(jax.vmap(report.model)(X), wanted, rtol=1e-4, atol=1e-5)
    before = [value.clone() for value in source.parameters()]
    for value in source.parameters():
        nn.init.zeros_(value)
    gb.transfer(report.model, source)
    assert all(torch.equal(one, other) for one, other in zip(source.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("layer", "kind"),
    [(nn.Conv1d(4, 5, 2), eqx.nn.Conv1d), (nn.ConvTranspose1d(4, 5, 2), eqx.nn.ConvTranspose1d)],
)
def test_convolutions(layer: nn.Module, kind: Any) -> None:
    target = transferred(layer, made(kind))
    with torch.no_grad():
        wanted = layer(torch.from_numpy(X)[None])[0].numpy()
    np.testing.assert_allclose(target(X), wanted, rtol=1e-4, atol=1e-5)


def test_cells() -> None:
    x, h, c = (
        np.random.default_rng(at).normal(size=size).astype("float32") for at, size in enumerate((3, 5, 5))
    )
    lstm, gru = nn.LSTMCell(3, 5), nn.GRUCell(3, 5)
    with torch.no_grad():
        tensors = [torch.from_numpy(one) for one in (x, h, c)]
        states, state = lstm(tensors[0], tuple(tensors[1:])), gru(*tensors[:2])
    for found, wanted in zip(transferred(lstm, made(eqx.nn.LSTMCell))(x, (h, c)), states, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        transferred(gru, made(eqx.nn.GRUCell))(x, h), state.numpy(), rtol=1e-4, atol=1e-5
    )


def test_attention() -> None:
    source = nn.MultiheadAttention(4, 2, bias=False)
    target = transferred(source, made(eqx.nn.MultiheadAttention))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    with torch.no_grad():
        wanted = source(*[torch.from_numpy(x)] * 3, need_weights=False)[0].numpy()
    np.testing.assert_allclose(target(x, x, x), wanted, rtol=1e-4, atol=1e-5)


def test_stacked_layers_go_to_their_like_alone() -> None:
    """Three axes of one length: by sizes alone they would fit, turned wrongly."""
    nnx = pytest.importorskip("flax.nnx")

    def ensemble(seed: int) -> Any:
        keys = jax.random.split(jax.random.key(seed), 4)
        return eqx.filter_vmap(lambda key: eqx.nn.Linear(4, 4, key=key))(keys)

    def stacked() -> Any:
        one = nnx.vmap(lambda rngs: nnx.Linear(4, 4, rngs=rngs))
        return nnx.split_rngs(splits=4)(one)(nnx.Rngs(0))

    one, other = ensemble(0), ensemble(1)
    new = gb.transfer(one, other).model
    assert eqx.tree_equal(new, one)
    target = stacked()
    before = np.asarray(target.kernel[...])
    for source in (one, nn.Linear(4, 4)):
        with pytest.raises(gb.TransferError, match="stacked in nnx"):
            gb.transfer(source, target)
    np.testing.assert_array_equal(target.kernel[...], before)
    source = stacked()
    gb.initialize(source, gb.init.Normal(1), seed=0)
    gb.transfer(source, target)
    np.testing.assert_array_equal(target.kernel[...], source.kernel[...])
