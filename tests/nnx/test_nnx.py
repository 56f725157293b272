"""Flax NNX: what lies in a module, Variables as identity, freezing, filters, labels, optimizers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402

import glueball as gb  # noqa: E402


class Own(nnx.Variable):
    pass


class Special(nnx.Param):
    pass


class Inner(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(3, 3, rngs=rngs)
        self.scale = Special(jnp.ones(3))

    def __call__(self, x):
        return self.dense(x) * self.scale[...]


class Net(nnx.Module):
    def __init__(self, rngs):
        self.zeta = nnx.Linear(3, 3, rngs=rngs)
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.blocks = nnx.List([Inner(rngs), Inner(rngs)])
        self.table = nnx.Dict(one=nnx.Linear(3, 3, use_bias=False, rngs=rngs))
        self.plain = nnx.data([nnx.Linear(3, 1, rngs=rngs), {"w": nnx.Param(jnp.ones(2))}])
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.own = Own(jnp.zeros(2))
        self.seen = nnx.Variable(0)
        self.sizes = (3, 3)

    def __call__(self, x):
        x = self.norm(self.zeta(x))
        for block in self.blocks:
            x = block(x)
        return self.plain[0](self.drop(self.table["one"](x)))


def net():
    return Net(nnx.Rngs(0))


def paths(model, kind=nnx.Variable):
    return sorted(".".join(map(str, path)) for path, _ in nnx.to_flat_state(nnx.state(model, kind)))


# ---- the walk -------------------------------------------------------------------------------------------


def test_names_are_nnxs_own_paths():
    model = net()
    params = gb.collect_params(model)
    assert sorted(params.names()) == paths(model, nnx.Param)
    everything = gb.collect_params(model, buffers=True)
    assert sorted(everything.names()) == [name for name in paths(model) if name != "seen"]  # a number
    for name, parameter in everything.items():
        (path,) = [p for p, v in nnx.iter_graph(model) if v is parameter.tensor()]
        assert ".".join(map(str, path)) == name
        assert parameter.kind == ("parameter" if isinstance(parameter.tensor(), nnx.Param) else "buffer")
        np.testing.assert_array_equal(
            parameter.numpy(),
            jax.random.key_data(parameter.data()) if name.endswith("key") else parameter.tensor()[...],
        )
    assert params["blocks.1.scale"].kind == "parameter" and everything["own"].kind == "buffer"
    assert not everything["norm.mean"].trainable and "key<fry>" in str(everything["drop.rngs.key"])


def test_the_order_is_nnxs_own_which_its_functions_keep():
    model = net()
    names = gb.collect_params(model).names()
    assert names == [
        "plain.1.w",
        "blocks.0.scale", "blocks.0.dense.bias", "blocks.0.dense.kernel",
        "blocks.1.scale", "blocks.1.dense.bias", "blocks.1.dense.kernel",
        "norm.bias", "norm.scale", "plain.0.bias", "plain.0.kernel", "table.one.kernel",
        "zeta.bias", "zeta.kernel",
    ]  # fmt: skip
    assert gb.collect_params(nnx.merge(*nnx.split(model))).names() == names
    many = nnx.List([nnx.Param(jnp.ones(1)) for _ in range(12)])
    assert gb.collect_params(many).names() == [str(place) for place in range(12)]


def test_layers_by_path_class_and_position():
    model = net()
    params = gb.collect_params(model)
    assert params["blocks"].names() == params.blocks.names() == params.select("blocks").names()
    assert params["blocks"][1].names() == params["blocks.1"].names()
    assert params.select((nnx.Linear, "kernel")).names()[-1] == "zeta.kernel"
    assert params.select(model.blocks[0].dense).names() == ["blocks.0.dense.bias", "blocks.0.dense.kernel"]
    assert params["plain.0"].names() == ["plain.0.bias", "plain.0.kernel"]


def test_a_module_that_holds_its_parent_ends():
    model = net()
    model.blocks[0].up = model
    assert len(gb.collect_params(model)) == 14


def test_shared_modules_and_shared_variables():
    model = net()
    model.blocks[1] = model.blocks[0]
    model.plain[0].bias = model.plain[0].bias
    model.table["one"].kernel = model.zeta.kernel
    params = gb.collect_params(model)
    assert params["blocks.1.scale"] is params["blocks.0.scale"]
    assert len(params["blocks.0.scale"].sites) == 1
    assert params["zeta.kernel"].slots == ("table.one.kernel", "zeta.kernel")
    assert len(params["zeta.kernel"].sites) == 2
    with pytest.raises(gb.TieError, match=r"the Inner that holds it is itself used in several places"):
        params.untie("blocks.1.scale")


# ---- values ---------------------------------------------------------------------------------------------


def test_writes_keep_the_variable_and_its_metadata():
    model = nnx.Linear(3, 2, param_dtype=jnp.bfloat16, kernel_metadata={"note": "mine"}, rngs=nnx.Rngs(0))
    variable = model.kernel
    params = gb.collect_params(model)
    params["kernel"].set_data(np.arange(6.0).reshape(3, 2))
    assert model.kernel is variable and variable.dtype == jnp.bfloat16
    assert variable.get_metadata("note") == "mine" and variable[2, 1] == 5
    params.initialize(gb.init.Normal(1), seed=0)
    single = np.empty((3, 2), np.float32)
    gb.streams.fill(single, gb.streams.Normal(0, 1), 0, "kernel")
    np.testing.assert_array_equal(np.asarray(variable[...]), single.astype(variable.dtype))
    params.cast("float32")
    assert model.kernel is variable and variable.dtype == jnp.float32


def test_origin_and_edits():
    model = net()
    params = gb.collect_params(model)
    params.initialize({"plain.1.w|.*scale": 1, ".*": "default"}, seed=3)
    origin = params["zeta.kernel"].origin
    assert (origin.seed, origin.edited) == (3, False)
    model.zeta.kernel[...] = model.zeta.kernel[...] * 2
    assert params["zeta.kernel"].origin.edited


def test_references_to_memory():
    with nnx.var_defaults(ref=True):
        model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    params = gb.collect_params(model)
    params["kernel"].set_data(3)
    assert (model.kernel[...] == 3).all() and params["kernel"].shape == (2, 2)


# ---- ties -----------------------------------------------------------------------------------------------


def test_untying_makes_a_variable_of_the_same_kind():
    model = nnx.Dict(a=Special(jnp.ones(2), note="mine"), b=Special(jnp.zeros(2)), c=nnx.Param(jnp.zeros(2)))
    params = gb.collect_params(model)
    params.freeze("a")
    exchange = params.tie("b", "a")
    assert model["b"] is model["a"] and isinstance(exchange.drop[0], Special)
    exchange = params.untie("b")
    made = model["b"]
    assert exchange.add == [made] and made is not model["a"] and type(made) is Special
    assert made.get_metadata("note") == "mine" and not params["b"].trainable
    with pytest.raises(gb.TieError, match="is a Param and the other a Special"):
        params.tie("c", "a")
    assert model["c"] is not model["a"]


def test_ties_in_plain_lists_and_tuples():
    model = net()
    model.more = nnx.data([nnx.Param(jnp.ones(2)), (nnx.Param(jnp.ones(2)),)])
    params = gb.collect_params(model)
    params.tie("more.0", "plain.1.w")
    assert model.more[0] is model.plain[1]["w"]
    with pytest.raises(gb.TieError, match=r"'more\.1\.0' lies in a tuple"):
        params.tie("more.1.0", "plain.1.w")


def test_gradients_of_ties_are_sums():
    model = nnx.Dict(a=nnx.Param(jnp.ones(2)), b=nnx.Param(jnp.ones(2)))
    params = gb.collect_params(model)
    params.tie("b", "a")
    grads = nnx.grad(lambda m: (m["a"][...] * 2 + m["b"][...] * 3).sum())(model)
    params.attach_grads(grads)
    assert params["b"].grad().tolist() == [5, 5]
    params.attach_grads({"a": np.ones(2), "b": np.ones(2) * 3})
    assert params["b"].grad().tolist() == [4, 4]


# ---- training -------------------------------------------------------------------------------------------


class Small(nnx.Module):
    def __init__(self):
        self.zeta = nnx.Linear(3, 3, rngs=nnx.Rngs(0))
        self.blocks = nnx.List([Inner(nnx.Rngs(1))])
        self.unused = nnx.Param(jnp.ones(2))

    def __call__(self, x):
        return self.blocks[0](self.zeta(x))


X = np.random.default_rng(0).random((4, 3), np.float32)


def loss(model, x):
    return (model(x) ** 2).mean()


def test_an_optimizer_by_filters():
    model = Small()
    params = gb.collect_params(model)
    params.freeze("zeta")
    groups = params.groups({".*(bias|scale)": {"weight_decay": 0.0}}, lr=0.1)
    wanted = groups.filters()
    assert hash(wanted["0"]) == hash(groups.filters()["0"]) and wanted["0"] == groups.filters()["0"]
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=wanted["1"])
    before = {name: p.numpy() for name, p in params.items()}

    @nnx.jit
    def step(model, optimizer, x):
        grads = nnx.grad(loss, argnums=nnx.DiffState(0, wanted["1"]))(model, x)
        optimizer.update(model, grads)
        return grads

    grads = step(model, optimizer, X)
    params.attach_grads(grads)
    chosen = set(groups[1]["param_names"])
    assert {name for name, p in params.items() if p.grad() is not None} == chosen
    moved = {name for name, p in params.items() if not np.array_equal(before[name], p.numpy())}
    assert moved and moved <= chosen
    report = params.check_optimizer(optimizer)
    assert not report and set(report.missing) == set(groups[0]["param_names"])


def test_an_optimizer_by_labels():
    model = Small()
    params = gb.collect_params(model)
    params.freeze("zeta")
    groups = params.groups({".*(bias|scale)": {}}, lr=0.1)
    transform = optax.multi_transform(
        {"0": optax.sgd(0.0), "1": optax.adam(0.1), "frozen": optax.set_to_zero()}, groups.labels()
    )
    optimizer = nnx.Optimizer(model, transform, wrt=nnx.Param)
    before = {name: p.numpy() for name, p in params.items()}
    optimizer.update(model, nnx.grad(loss)(model, X))
    moved = {name for name, p in params.items() if not np.array_equal(before[name], p.numpy())}
    assert moved == set(groups[1]["param_names"]) - {"unused"}  # which the loss does not use


def test_what_an_optimizer_holds():
    model = net()
    params = gb.collect_params(model)
    optimizer = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)
    assert params.check_optimizer(optimizer)
    params.freeze("zeta.bias")
    assert params.check_optimizer(optimizer).frozen == ("zeta.bias",)
    model.late = nnx.Linear(3, 3, rngs=nnx.Rngs(0))
    del model.table["one"]
    report = params.refresh().check_optimizer(optimizer)
    assert report.missing == ("late.bias", "late.kernel") and report.gone == ("table.one.kernel",)
    exchange = params.tie("late.kernel", "zeta.kernel")
    with pytest.raises(gb.OptimizerError, match=r"make it anew, nnx\.Optimizer"):
        exchange.apply(optimizer)
    with pytest.raises(gb.OptimizerError, match=r"a dict is no nnx\.Optimizer"):
        params.check_optimizer({})


def test_freezing_is_a_mark_in_the_metadata():
    model = net()
    params = gb.collect_params(model)
    params.freeze("blocks")
    assert model.blocks[0].scale.get_metadata("trainable") is False
    assert not gb.collect_params(model)["blocks.0.scale"].trainable  # whoever collects
    trains = nnx.state(model, lambda path, v: isinstance(v, nnx.Param) and v.get_metadata("trainable", True))
    assert len(nnx.to_flat_state(trains)) == 14 - 6
    params.unfreeze()
    assert not model.blocks[0].scale.has_metadata("trainable")


# ---- without memory, sharded, traced ---------------------------------------------------------------------


def test_without_memory():
    model = nnx.eval_shape(net)
    params = gb.collect_params(model)
    assert (
        all(p.deferred for p in params.values())
        and params.totals().count == gb.collect_params(net()).totals().count
    )
    with pytest.raises(gb.DeferredError, match=r"zeta\.kernel.*no memory.*gb\.initialize"):
        params["zeta.kernel"].numpy()
    rules = {"plain.1.w|.*scale": 1, ".*": "default"}
    with pytest.raises(gb.DeferredError, match=r"the buffers own, seen, drop\.rngs\.key.*buffers="):
        gb.initialize(model, rules, seed=0, device="cpu")
    assert all(p.deferred for p in params.values())
    given = {"drop.rngs.key": jax.random.key(7), "own": np.zeros(2), "seen": 0}
    variable = model.zeta.kernel
    made = gb.initialize(model, rules, seed=0, device="cpu", buffers=given)
    assert made is model and model.zeta.kernel is variable
    whole = gb.initialize(net(), rules, seed=0)
    for a, b in zip(*(jax.tree.leaves(nnx.state(m, nnx.Param)) for m in (model, whole)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (model.norm.var[...] == 1).all() and model.drop.rngs.count[...] == 0
    assert model(jnp.ones((4, 3))).shape == (4, 1)


def test_under_jit():
    model, told = net(), []
    outside = gb.collect_params(model)

    @nnx.jit
    def step(model):
        params = gb.collect_params(model)
        told.append((params.names(), params["zeta.kernel"].shape, params.totals().count))
        for verb in (
            lambda: params["zeta.kernel"].set_data(0),
            lambda: params["zeta.kernel"].numpy(),
            lambda: params.initialize(0),
            lambda: params.apply(lambda values: values),
        ):
            with pytest.raises(gb.DeferredError, match="JAX is tracing a function"):
                verb()
        with pytest.raises(gb.DTypeError, match="JAX is tracing a function that did not get it"):
            outside["zeta.bias"].set_data(0)
        return model.zeta.bias[...]

    step(model)
    assert told == [(outside.names(), (3, 3), outside.totals().count)]


def test_sharded_variables_stay_sharded():
    code = """
import jax, jax.numpy as jnp, numpy as np, glueball as gb
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec as P
mesh = jax.make_mesh((4,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
def build():
    how = nnx.with_partitioning(nnx.initializers.lecun_normal(), ("x", None))
    return nnx.Linear(8, 4, kernel_init=how, rngs=nnx.Rngs(0))
with jax.set_mesh(mesh):
    model = build()
how = model.kernel[...].sharding
assert len(how.device_set) == 4, how
params = gb.collect_params(model)
assert "4 devices" in str(params.table())
params.initialize(gb.init.Normal(1), seed=0)
alone = gb.initialize(nnx.Linear(8, 4, rngs=nnx.Rngs(1)), gb.init.Normal(1), seed=0)
assert model.kernel[...].sharding == how
assert (np.asarray(model.kernel[...]) == np.asarray(alone.kernel[...])).all()
params["kernel"].set_data(np.arange(32.0).reshape(8, 4))
assert model.kernel[...].sharding == how and model.kernel[7, 3] == 31
before = model.kernel.get_metadata()
params.apply(lambda values: values * 2)
assert model.kernel[...].sharding == how and model.kernel.get_metadata() == before
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**__import__("os").environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_numpy_array_in_a_variable():
    class Held(nnx.Module):
        def __init__(self):
            self.w = nnx.Param(np.ones(3, np.float32))

    model = Held()
    params = gb.collect_params(model)
    assert params.totals().count == 3 and " cpu" in str(params.table())
    params["w"].set_data([1, 2, 3])
    assert isinstance(model.w.get_raw_value(), np.ndarray) and model.w[2] == 3


def test_cast_without_memory():
    model = nnx.eval_shape(lambda: nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    params = gb.collect_params(model)
    params.cast("bfloat16")
    assert params["kernel"].deferred and params["kernel"].dtype == jnp.bfloat16
    with pytest.raises(gb.DTypeError, match="write a floating dtype"):
        params.cast("int32")
    assert gb.initialize(model, seed=0, device="cpu").kernel[...].dtype == jnp.bfloat16


def test_the_default_of_statistics():
    norm = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
    params = gb.collect_params(norm, buffers=True)
    params.apply(lambda values: values + 5)
    params.initialize("default")
    assert norm.mean[...].tolist() == [0, 0, 0] and norm.var[...].tolist() == [1, 1, 1]


def test_keys_with_dots():
    class Held(nnx.Module):
        def __init__(self):
            self.plain = nnx.data({"a.b": nnx.Param(jnp.ones(1)), "a": {"c.d": nnx.Param(jnp.ones(2))}})

    model = Held()
    params = gb.collect_params(model)
    assert params.names() == ["plain.a.b", "plain.a.c.d"] or params.names() == ["plain.a.c.d", "plain.a.b"]
    params.initialize({".*b": 2, ".*d": 3})
    assert model.plain["a.b"][0] == 2 and model.plain["a"]["c.d"][1] == 3
