"""NNX's layers: fans against counting connections, defaults against what the constructors draw."""

from __future__ import annotations

import math

import numpy as np
import pytest

jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")

import jax.numpy as jnp  # noqa: E402

import glueball as gb  # noqa: E402


def r():
    return nnx.Rngs(0)


LAYERS = {
    "Linear": lambda: nnx.Linear(30, 20, rngs=r()),
    "LinearGeneral": lambda: nnx.LinearGeneral((5, 6), (4, 7), axis=(-2, -1), rngs=r()),
    "batched LinearGeneral": lambda: nnx.LinearGeneral(9, 8, batch_axis={0: 6}, rngs=r()),
    "Einsum": lambda: nnx.Einsum("nta,hab->nthb", (8, 12, 4), (8, 4), rngs=r()),
    "Conv": lambda: nnx.Conv(6, 12, (3, 3), feature_group_count=3, rngs=r()),
    "ConvTranspose": lambda: nnx.ConvTranspose(6, 9, (3, 3), rngs=r()),
    "turned ConvTranspose": lambda: nnx.ConvTranspose(6, 9, (3, 3), transpose_kernel=True, rngs=r()),
    "Embed": lambda: nnx.Embed(40, 10, rngs=r()),
    "MultiHeadAttention": lambda: nnx.MultiHeadAttention(4, 16, normalize_qk=True, rngs=r()),
    "LSTMCell": lambda: nnx.LSTMCell(12, 10, rngs=r()),
    "OptimizedLSTMCell": lambda: nnx.OptimizedLSTMCell(12, 10, rngs=r()),
    "GRUCell": lambda: nnx.GRUCell(12, 10, rngs=r()),
    "SimpleCell": lambda: nnx.SimpleCell(12, 10, rngs=r()),
    "RNN": lambda: nnx.RNN(nnx.GRUCell(12, 10, rngs=r()), rngs=r()),
    "BatchNorm": lambda: nnx.BatchNorm(5, rngs=r()),
    "LayerNorm": lambda: nnx.LayerNorm(5, rngs=r()),
    "RMSNorm": lambda: nnx.RMSNorm(5, rngs=r()),
    "GroupNorm": lambda: nnx.GroupNorm(6, 3, rngs=r()),
    "InstanceNorm": lambda: nnx.InstanceNorm(5, rngs=r()),
    "LoRA": lambda: nnx.LoRA(30, 8, 20, rngs=r()),
    "LoRALinear": lambda: nnx.LoRALinear(30, 20, lora_rank=8, rngs=r()),
    "PReLU": lambda: nnx.PReLU(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_defaults_are_what_the_constructor_draws(name):
    layer = LAYERS[name]()
    own = {n: p.numpy() for n, p in gb.collect_params(layer).items()}
    params = gb.collect_params(LAYERS[name]())
    plan = params.initialize(seed=1)
    for row in plan.rows:
        theirs, ours = own[row.name], params[row.name].numpy()
        if np.unique(theirs).size == 1:
            np.testing.assert_array_equal(ours, theirs)
        elif row.initializer.startswith("Orthogonal"):
            small = min(theirs.shape)
            for matrix in (theirs, ours):
                gram = matrix @ matrix.T if matrix.shape[0] == small else matrix.T @ matrix
                np.testing.assert_allclose(gram, np.eye(small), atol=1e-5)
        else:  # the spread of 100 to 400 values, within five standard errors of it
            n = theirs.size
            assert abs(ours.std() / theirs.std() - 1) < 5 / math.sqrt(n), row
            assert abs(abs(ours).max() / abs(theirs).max() - 1) < 0.6, row


def connections(linear, inputs: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) counted in a linear function's matrix of derivatives: the fullest row and column."""
    matrix = jax.jacobian(linear)(jnp.ones(inputs))
    size = math.prod(inputs)
    table = np.asarray(matrix).reshape(-1, size) != 0
    return int(table.sum(1).max()), int(table.sum(0).max())


COUNTED = {
    "Linear": (30,),
    "LinearGeneral": (5, 6),
    "Einsum": (1, 1, 12),
    "Conv": (5, 5, 6),
    "ConvTranspose": (5, 5, 6),
    "turned ConvTranspose": (5, 5, 6),
}


@pytest.mark.parametrize("name", COUNTED)
def test_fans_are_the_connections(name):
    layer = LAYERS[name]()
    gb.collect_params(layer).initialize({"bias": 0, ".*": 1})
    count = connections(layer, COUNTED[name])
    assert drawn_bound(layer, "kernel") == pytest.approx(math.sqrt(6 / sum(count)))


def drawn_bound(layer, slot):
    params = gb.collect_params(layer).select(slot)
    (row,) = params.plan(gb.init.Xavier(), seed=0).rows
    low, high = map(float, row.draws[1:-1].split(","))
    exact = params.plan(gb.init.Xavier(), seed=0)._drawn
    (uniform,) = exact.values()
    assert (round(uniform.low, 4), round(uniform.high, 4)) == (low, high)
    return uniform.high


@pytest.mark.parametrize(
    ("name", "slot", "fans"),
    [
        ("Embed", "embedding", (10, 40)),
        ("OptimizedLSTMCell", "dense_i.kernel", (12, 10)),
        ("OptimizedLSTMCell", "dense_h.kernel", (10, 10)),
        ("GRUCell", "dense_i.kernel", (12, 10)),
        ("LSTMCell", "hf.kernel", (10, 10)),
        ("MultiHeadAttention", "query.kernel", (16, 16)),
        ("MultiHeadAttention", "out.kernel", (16, 16)),
        ("LoRA", "lora_b", (8, 20)),
        ("batched LinearGeneral", "kernel", (9, 8)),
    ],
)
def test_fans_by_kind(name, slot, fans):
    assert drawn_bound(LAYERS[name](), slot) == pytest.approx(math.sqrt(6 / sum(fans)))


def test_rules_for_layers_leave_biases_alone():
    layer = LAYERS["MultiHeadAttention"]()
    with pytest.warns(UserWarning, match=r"no rule takes|needs fans.*query\.bias"):
        gb.collect_params(layer).initialize({nnx.LinearGeneral: gb.init.Xavier()}, seed=0)
    with pytest.raises(gb.InitializerError, match=r"Xavier needs fan_in and fan_out"):
        gb.collect_params(layer).initialize({"query.bias": gb.init.Xavier()})


def test_gates_are_matrices_of_their_own():
    cell = LAYERS["OptimizedLSTMCell"]()
    params = gb.collect_params(cell).select("dense_h.kernel")
    params.initialize(gb.init.Orthogonal(), seed=0)
    for gate in np.split(params["dense_h.kernel"].numpy(), 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(10), atol=1e-5)
    bias = gb.collect_params(cell).select("dense_h.bias")
    bias.initialize(gb.init.LSTMBias(1.0))
    np.testing.assert_array_equal(cell.dense_h.bias[...], np.repeat([0, 1, 0, 0], 10))


def test_whole_arrays_by_the_layout():
    conv = nnx.Conv(4, 4, (3, 3), use_bias=False, rngs=r())
    gb.initialize(conv, gb.init.Dirac())
    x = jnp.arange(2 * 5 * 5 * 4.0).reshape(2, 5, 5, 4)
    np.testing.assert_allclose(conv(x), x)


def test_jax_initializers_see_the_layer_as_it_is():
    layer = nnx.Linear(400, 100, rngs=r())
    gb.initialize(layer, {"kernel": jax.nn.initializers.lecun_normal(), "bias": 0}, seed=0)
    assert abs(np.asarray(layer.kernel[...]).std() * 20 - 1) < 0.05


def test_a_constructor_of_ones_own_is_not_known():
    class Mine(nnx.Linear):
        def __init__(self, rngs):
            super().__init__(2, 2, kernel_init=nnx.initializers.ones, rngs=rngs)

    with pytest.raises(gb.InitializerError, match=r"kernel \(of Mine\)"):
        gb.initialize(Mine(r()))


STACKED = {
    "Linear": lambda rngs: nnx.Linear(6, 6, rngs=rngs),
    "LinearGeneral": lambda rngs: nnx.LinearGeneral((2, 3), (4, 2), axis=(-2, -1), rngs=rngs),
    "Conv": lambda rngs: nnx.Conv(4, 8, (3, 3), feature_group_count=2, rngs=rngs),
    "Einsum": lambda rngs: nnx.Einsum("ab,bc->ac", (6, 4), (4,), rngs=rngs),
    "Embed": lambda rngs: nnx.Embed(9, 4, rngs=rngs),
    "GRUCell": lambda rngs: nnx.GRUCell(5, 4, rngs=rngs),
}


def stack(make, count, axis=0):
    return nnx.split_rngs(splits=count)(nnx.vmap(make, out_axes=axis))(nnx.Rngs(0))


@pytest.mark.parametrize("name", STACKED)
def test_stacked_layers_are_filled_as_each_is_alone(name):
    """`nnx.vmap` puts an axis in front, which is none of the layer's own."""
    alone = gb.collect_params(STACKED[name](r()))
    model = stack(STACKED[name], 3)
    for rules in ({r".*(kernel|embedding)": gb.init.Xavier(), ".*": 0}, None):
        one, all_ = (p.plan(rules, seed=0, allow_empty=True) for p in (alone, gb.collect_params(model)))
        assert [row.draws for row in all_.rows] == [row.draws for row in one.rows]
    params = gb.collect_params(model)
    for each in (params, alone):
        each.select(r".*(kernel|embedding)").initialize(gb.init.Orthogonal(), seed=0)
    for parameter in params.values():
        if parameter.name.endswith("bias"):
            continue
        members = parameter.numpy()
        assert members.shape == (3, *alone[parameter.name].shape)
        assert not np.array_equal(members[0], members[1])
        wanted = np.linalg.norm(alone[parameter.name].numpy())
        np.testing.assert_allclose([np.linalg.norm(one) for one in members], wanted, rtol=1e-5)


def test_each_stacked_matrix_is_orthogonal():
    model = stack(STACKED["Linear"], 4)
    gb.initialize(model, {"kernel": gb.init.Orthogonal(), "bias": 0}, seed=0)
    for matrix in np.asarray(model.kernel[...]):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-5)


def test_a_stack_along_another_axis_has_no_fans():
    model = stack(lambda rngs: nnx.Linear(6, 5, rngs=rngs), 4, axis=1)
    with pytest.raises(gb.InitializerError, match="needs fan_in and fan_out"):
        gb.initialize(model, {"kernel": gb.init.Xavier(), "bias": 0})
    row = gb.collect_params(model).plan(seed=0).rows[1]
    assert row.initializer == "LecunNormal(fan=(6, 5))"
