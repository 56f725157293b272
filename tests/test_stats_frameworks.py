"""Statistics, snapshots and differences of models of other frameworks, and of plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

import glueball as gb


def test_trees_of_arrays():
    tree = {"dense": {"kernel": np.arange(6.0).reshape(2, 3), "bias": np.zeros(3, np.float32)}}
    params = gb.collect_params(tree)
    stats = params.stats()
    assert [row.name for row in stats] == ["dense.kernel", "dense.bias"]
    assert stats["dense.kernel"].data.max == 5 and stats["dense.bias"].data.zeros == 3
    before = params.snapshot()
    params["dense.bias"].set_data(2)
    assert [row.name for row in gb.diff(before, tree) if row.differs] == ["dense.bias"]
    params.attach_grads({"dense.kernel": np.full((2, 3), 0.5)})
    assert params.stats()["dense.kernel"].grad.mean == 0.5
    assert params.stats()["dense.bias"].grad is None


def test_jax_arrays_and_their_gradients():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    tree = {"w": jnp.arange(4, dtype=jnp.bfloat16).reshape(2, 2), "b": jnp.ones(2)}
    params = gb.collect_params(tree)
    grads = jax.grad(lambda t: (t["w"].astype("float32") ** 2).sum() + 3 * t["b"].sum())(tree)
    params.attach_grads(grads)
    stats = params.stats(rank=True)
    assert stats["w"].dtype == "bfloat16" and stats["w"].data.max == 3
    assert stats["w"].grad.max == 6 and stats["b"].grad.mean == 3
    assert not gb.diff(params.snapshot(), tree)


def test_nnx_models():
    nnx = pytest.importorskip("flax.nnx")
    net = nnx.Linear(3, 4, rngs=nnx.Rngs(0))
    params = gb.collect_params(net)
    kernel = np.asarray(net.kernel[...])
    assert params.stats()["kernel"].data.norm == pytest.approx(float(np.linalg.norm(kernel)), rel=1e-6)
    before = params.snapshot()
    params["bias"].set_data(1)
    assert [row.name for row in gb.diff(before, net) if row.differs] == ["bias"]


def test_keras_models():
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras")
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    params = gb.collect_params(net)
    stats = params.stats()
    assert len(stats) == 4 and stats[0].data.count == 12
    assert stats[0].data.norm == pytest.approx(float(np.linalg.norm(params[stats[0].name].numpy())), rel=1e-6)
    before = params.snapshot()
    params[stats[3].name].set_data(1)
    assert [row.name for row in gb.diff(before, net) if row.differs] == [stats[3].name]
