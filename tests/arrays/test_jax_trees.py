"""Trees of JAX arrays and Equinox modules: replaced through the root; optax; Equinox's layers."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402

import glueball as gb  # noqa: E402

KEY = jax.random.key(0)


class Net(eqx.Module):
    layers: list
    scale: jax.Array
    act: object = jax.nn.relu
    rate: float = 0.5
    name: str = eqx.field(static=True, default="net")

    def __init__(self):
        self.layers = [eqx.nn.Linear(3, 4, key=KEY), eqx.nn.Linear(4, 2, key=KEY)]
        self.scale = jnp.ones(())

    def __call__(self, x):
        return self.layers[1](self.act(self.layers[0](x))) * self.scale


def test_a_dict_is_changed_in_place_and_an_array_never():
    old = jnp.ones(3)
    model = {"w": old, "t": (jnp.ones(2),)}
    params = gb.collect_params(model)
    params.initialize({"w": 2, "t": 3})
    assert params.root is model and old.tolist() == [1, 1, 1]
    assert model["w"].tolist() == [2, 2, 2] and model["t"][0].tolist() == [3, 3]
    assert params["w"].data() is model["w"] and params.tensors()[0] is model["w"]


def test_what_is_written_is_a_copy():
    memory = np.zeros(4096 + 64, np.float32)
    start = -memory.ctypes.data % 64 // 4  # at such addresses JAX keeps what it is given
    values = memory[start : start + 4096]
    model = {"w": jnp.ones(4096), "placed": jax.device_put(jnp.ones(4096), jax.devices()[0])}
    params = gb.collect_params(model)
    assert not model["w"].committed and model["placed"].committed
    for p in params.values():
        p.set_data(values)
    values[:] = 7
    assert not model["w"].any() and not model["placed"].any()
    assert not model["w"].committed and model["placed"].committed  # as before
    assert not params["w"].data().weak_type


def test_equinox_gives_a_new_root_and_keeps_the_old():
    model = Net()
    before = [np.array(leaf) for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))]
    params = gb.collect_params(model)
    names = ["scale", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert params.names() == names
    new = gb.initialize(model, {".*weight": gb.init.Xavier(), ".*": 0}, seed=0)
    assert type(new) is Net and new is not model and new.name == "net" and new.act is jax.nn.relu
    after = jax.tree.leaves(eqx.filter(model, eqx.is_array))
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert new.layers is not model.layers  # the list as well: the old model would see it otherwise
    bound = math.sqrt(6 / (3 + 4))
    weight = np.asarray(new.layers[0].weight)
    assert weight.shape == (4, 3) and abs(weight).max() <= bound and len(np.unique(weight)) == 12
    assert jax.tree.structure(new) == jax.tree.structure(model)
    assert eqx.filter_jit(lambda net, x: net(x))(new, jnp.ones(3)).shape == (2,)
    params["scale"].set_data(3)
    params.apply(lambda values: values + 1)
    assert params.root.scale == 4 and model.scale == 1
    assert params.root.layers[1].bias.tolist() == (np.asarray(model.layers[1].bias) + 1).tolist()
    assert params.select(eqx.nn.Linear).names() == names[1:]


def test_what_walks_anew_gives_its_new_root_to_the_collection(tmp_path):
    params = gb.collect_params(Net())
    alone = params.select("layers.0")
    before = {name: p.numpy() for name, p in params.items()}
    params.save(tmp_path / "net.safetensors")
    params.initialize(0)
    root = params.root
    params.load(tmp_path / "net.safetensors")
    assert params.root is not root and alone.root is params.root
    for name, value in before.items():
        np.testing.assert_array_equal(params[name].numpy(), value)
    assert params.root.layers[0].weight.any() and not root.layers[0].weight.any()


def test_buffers_that_are_given_come_into_the_new_root():
    model = eqx.filter_eval_shape(
        lambda: (eqx.nn.Linear(2, 2, key=KEY), eqx.nn.BatchNorm(2, "b", mode="ema"))
    )
    names = [n for n, p in gb.collect_params(model, buffers=True).items() if p.kind == "buffer"]
    given = dict.fromkeys(names, True)
    made = gb.initialize(model, {"1.*": 1, ".*": "default"}, seed=0, device="cpu", buffers=given)
    assert made[0].weight.shape == (2, 2) and made[1].weight.tolist() == [1, 1]
    assert all(
        isinstance(leaf, jax.Array)
        for leaf in jax.tree.leaves(eqx.filter(made[1].ema_state_index, eqx.is_array))
    )


def test_optax_by_labels_and_masks():
    model = Net()
    params = gb.collect_params(model)
    params.freeze("layers.0")
    groups = params.groups({".*bias": {"lr": 0.0}}, lr=1.0)
    grads = eqx.filter_grad(lambda net: net(jnp.ones(3)).sum())(model)
    for keep in (eqx.is_array, eqx.is_inexact_array):
        arrays = eqx.filter(model, keep)
        # optax calls what can be called, and a module can; so the labels are given by a function.
        transform = optax.multi_transform(
            {"0": optax.sgd(0.1), "1": optax.adam(0.1), "frozen": optax.set_to_zero()},
            lambda _: groups.labels(),
        )
        updates, _ = transform.update(grads, transform.init(arrays), arrays)
        new = eqx.apply_updates(model, updates)
        assert (new.layers[0].weight == model.layers[0].weight).all()
        assert (new.layers[1].weight != model.layers[1].weight).any()
        np.testing.assert_allclose(new.layers[1].bias, model.layers[1].bias - 0.1, rtol=1e-6)
    masks = groups.filters()
    chosen, rest = eqx.partition(model, masks["0"])
    assert [leaf.shape for leaf in jax.tree.leaves(chosen)] == [(2,)]
    assert (eqx.combine(chosen, rest)(jnp.ones(3)) == model(jnp.ones(3))).all()


def test_gradients_of_equinox():
    params = gb.collect_params(Net())
    grads = eqx.filter_grad(lambda net: net(jnp.ones(3)).sum())(params.root)
    params.attach_grads(grads)
    np.testing.assert_array_equal(params["layers.1.bias"].grad(), [1, 1])
    assert params["scale"].grad() == params.root(jnp.ones(3)).sum()
    params["scale"].set_data(5)
    assert params["layers.1.bias"].grad() is not None  # they stay with the names, whatever the root


def test_a_layer_in_two_places():
    layer = eqx.nn.Linear(2, 2, key=KEY)
    params = gb.collect_params(eqx.nn.Sequential([layer, layer]))
    assert params["layers.0.weight"].slots == ("layers.0.weight", "layers.1.weight")
    params["layers.0.weight"].set_data(2)
    assert params.root.layers[0] is params.root.layers[1] and (params.root.layers[1].weight == 2).all()
    grads = eqx.filter_grad(lambda net: net(jnp.ones(2)).sum())(params.root)
    params.attach_grads(grads)
    both = sum(np.asarray(part.bias) for part in grads.layers)
    np.testing.assert_array_equal(params["layers.0.bias"].grad(), both)


def test_jax_arrays_do_not_tie():
    same = jnp.ones(2)
    params = gb.collect_params({"a": same, "b": same})
    assert params.names() == ["a", "b"]
    with pytest.raises(gb.TieError, match=r"eqx\.nn\.Shared.*one Variable in Flax NNX"):
        params.tie("a", "b")
    shared = eqx.nn.Shared(
        (eqx.nn.Embedding(3, 2, key=KEY), eqx.nn.Linear(2, 3, key=KEY)),
        where=lambda pair: pair[1].weight, get=lambda pair: pair[0].weight,
    )  # fmt: skip
    assert gb.collect_params(shared).names() == ["pytree.0.weight", "pytree.1.bias"]


def test_keys_and_state_are_buffers():
    model = {"w": jnp.ones(2), "key": jax.random.key(0), "norm": eqx.nn.BatchNorm(3, "b", mode="ema")}
    params = gb.collect_params(model, buffers=True)
    kinds = {name: p.kind for name, p in params.items()}
    assert [name for name, kind in kinds.items() if kind == "parameter"] == ["w", "norm.weight", "norm.bias"]
    assert kinds["key"] == "buffer" and "key<fry>" in repr(params["key"])
    assert params["key"].numpy().dtype == np.uint32
    params["key"].set_data(jax.random.key(3))
    assert (jax.random.key_data(model["key"]) == jax.random.key_data(jax.random.key(3))).all()
    with pytest.raises(gb.DTypeError, match=r"holds random keys.*jax\.random\.key\(0\)"):
        params["key"].set_data(0)


def test_without_memory():
    shapes = eqx.filter_eval_shape(Net)
    params = gb.collect_params(shapes)
    assert all(p.deferred for p in params.values())
    with pytest.raises(gb.DeferredError, match="it has a shape and no memory"):
        params["scale"].numpy()
    with pytest.raises(gb.DeferredError, match="device 'tpu:9' cannot be used"):
        params.initialize(1, device="tpu:9")
    rules = {"scale": 1, ".*": gb.init.Normal(1)}
    made, whole = gb.initialize(shapes, rules, seed=0, device="cpu"), gb.initialize(Net(), rules, seed=0)
    for a, b in zip(*(jax.tree.leaves(eqx.filter(m, eqx.is_array)) for m in (made, whole)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_under_jit_names_and_shapes_are_there():
    seen = []

    @jax.jit
    def step(model):
        params = gb.collect_params(model)
        seen.append((params.names(), params["w"].shape, params.totals().count))
        with pytest.raises(gb.DeferredError, match="JAX is tracing a function"):
            params["w"].set_data(0)
        with pytest.raises(gb.DeferredError, match="JAX is tracing a function"):
            params.initialize(0)
        return model["w"] * 2

    assert step({"w": jnp.ones(3)}).tolist() == [2, 2, 2]
    assert seen == [(["w"], (3,), 3)]


def test_arrays_stay_sharded():
    code = """
import jax, jax.numpy as jnp, numpy as np, glueball as gb
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()), ("x",))
how = NamedSharding(mesh, P("x"))
model = {"w": jax.device_put(jnp.ones((8, 3)), how), "b": jnp.ones(3)}
params = gb.collect_params(model)
assert "4 devices" in str(params.table()), params
params.initialize(gb.init.Normal(1), seed=0)
alone = gb.initialize({"w": np.ones((8, 3), np.float32)}, gb.init.Normal(1), seed=0)
assert model["w"].sharding == how and (np.asarray(model["w"]) == alone["w"]).all()
params["w"].set_data(np.arange(24.0).reshape(8, 3))
assert model["w"].sharding == how and model["w"][7, 2] == 23
assert len(model["b"].devices()) == 1
params.select("b").to(NamedSharding(mesh, P()))
assert len(model["b"].devices()) == 4
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**__import__("os").environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


# ---- Equinox's layers -----------------------------------------------------------------------------------

nn = eqx.nn
LAYERS = {
    "Linear": nn.Linear(5, 4, key=KEY),
    "Conv2d": nn.Conv2d(4, 6, 3, groups=2, key=KEY),
    "ConvTranspose2d": nn.ConvTranspose2d(4, 6, 3, key=KEY),
    "Embedding": nn.Embedding(40, 30, key=KEY),
    "LSTMCell": nn.LSTMCell(5, 4, key=KEY),
    "GRUCell": nn.GRUCell(5, 4, key=KEY),
    "MultiheadAttention": nn.MultiheadAttention(2, 8, use_query_bias=True, key=KEY),
    "LayerNorm": nn.LayerNorm((3, 4)),
    "GroupNorm": nn.GroupNorm(2, 4),
    "RMSNorm": nn.RMSNorm(4),
    "PReLU": nn.PReLU(),
    "MLP": nn.MLP(3, 2, 4, 1, key=KEY),
}


@pytest.mark.parametrize("name", LAYERS)
def test_defaults_are_what_the_constructor_draws(name):
    """The same bounds, by many draws of the constructor's own and of ours."""
    layer = LAYERS[name]
    made = gb.initialize(layer, seed=0)
    for own, ours in zip(
        jax.tree.leaves(eqx.filter(layer, eqx.is_array)),
        jax.tree.leaves(eqx.filter(made, eqx.is_array)),
        strict=True,
    ):
        own, ours = np.asarray(own), np.asarray(ours)
        if np.unique(own).size <= 1:
            np.testing.assert_array_equal(ours, own)
        elif name == "Embedding":
            assert abs(ours.std() - 1) < 0.1
        elif own.size > 20:  # the largest of 20 lies within a fifth of the bound
            assert abs(abs(ours).max() / abs(own).max() - 1) < 0.25


@pytest.mark.parametrize(
    ("name", "attribute", "fans"),
    [
        ("Linear", "weight", (5, 4)),
        ("Conv2d", "weight", (2 * 9, 3 * 9)),
        ("ConvTranspose2d", "weight", (4 * 9, 6 * 9)),
        ("Embedding", "weight", (30, 40)),
        ("LSTMCell", "weight_ih", (5, 4)),
        ("GRUCell", "weight_hh", (4, 4)),
        ("MultiheadAttention", "query_proj.weight", (8, 8)),
    ],
)
def test_fans(name, attribute, fans):
    (row,) = gb.collect_params(LAYERS[name]).select(attribute).plan(gb.init.Xavier(), seed=0).rows
    bound = math.sqrt(6 / sum(fans))
    assert row.draws == f"[-{bound:.4g}, {bound:.4g}]"


def test_a_constructor_of_ones_own_is_not_known():
    class Mine(nn.Linear):
        def __init__(self, size):
            super().__init__(size, size, key=KEY)

    class Named(nn.Linear):
        pass

    with pytest.raises(gb.InitializerError, match=re.escape("no default is known for weight (of Mine)")):
        gb.initialize(Mine(3))
    gb.initialize(Named(3, 3, key=KEY), seed=0)


def test_the_state_of_equinox_is_no_parameter():
    model, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(4, axis_name="batch", mode="ema")
    params = gb.collect_params((model, state))
    assert params.names() == ["0.weight", "0.bias"]
    params.initialize(3)
    both = gb.collect_params((model, state), buffers=True)
    assert len(both) > 2 and not any(p.trainable for p in both.values() if p.name.startswith("1"))


def test_cast_without_memory():
    shapes = eqx.filter_eval_shape(eqx.nn.Linear, 3, 2, key=KEY)
    params = gb.collect_params(shapes)
    params.cast("float16")
    assert params["weight"].deferred and params.root.weight.dtype == jnp.float16


@pytest.mark.parametrize(
    "make",
    [
        lambda key: eqx.nn.Linear(4, 4, key=key),
        lambda key: eqx.nn.Conv2d(4, 6, 3, groups=2, key=key),
        lambda key: eqx.nn.Embedding(9, 4, key=key),
        lambda key: eqx.nn.LSTMCell(5, 4, key=key),
    ],
)
def test_stacked_layers_are_filled_as_each_is_alone(make):
    """`eqx.filter_vmap` puts an axis in front, which is none of the layer's own."""
    rules = {".*weight.*": gb.init.Xavier(), ".*": None}
    ensemble = eqx.filter_vmap(make)(jax.random.split(KEY, 3))
    alone = gb.collect_params(make(KEY))
    params = gb.collect_params(ensemble)
    plan, one = (each.plan(rules, seed=0, allow_empty=True) for each in (params, alone))
    assert [row.draws for row in plan.rows] == [row.draws for row in one.rows]
    rules = {".*weight.*": gb.init.Orthogonal(), ".*": None}
    params.initialize(rules, seed=0, allow_empty=True)
    alone.initialize(rules, seed=0, allow_empty=True)
    for name, parameter in alone.items():
        if "weight" not in name:
            continue
        wanted = np.linalg.norm(parameter.numpy())
        norms = [np.linalg.norm(one) for one in params[name].numpy()]
        np.testing.assert_allclose(norms, [wanted] * 3, rtol=1e-5)
