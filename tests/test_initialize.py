"""Initialising by rule: initializers as values, matching, what is reported, and values by name and seed."""

from __future__ import annotations

import json
import math
import re
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from glueball import init, streams
from models import TiedLanguageModel, mlp, modules, rgnet, shared_net


def values(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# ---- the values ----------------------------------------------------------------------------------------


def test_each_initializer_draws_what_it_says():
    model = nn.Linear(300, 400)
    params = gb.collect_params(model)

    def filled(how, name="weight"):
        params.select(name).initialize(how, seed=5)
        return params[name].numpy()

    def drawn(distribution, name="weight"):
        out = np.empty(params[name].shape, np.float32)
        streams.fill(out, distribution, 5, name)
        return out

    assert np.array_equal(filled(init.Uniform(0.5)), drawn(streams.Uniform(-0.5, 0.5)))
    assert np.array_equal(filled(init.Uniform(1, 3)), drawn(streams.Uniform(1, 3)))
    assert np.array_equal(filled(init.Normal(2, mean=1)), drawn(streams.Normal(1, 2)))
    bound = math.sqrt(6 / 700)
    assert np.array_equal(filled("xavier"), drawn(streams.Uniform(-bound, bound)))
    std = math.sqrt(2 / 300)
    assert np.array_equal(filled(init.Xavier("gaussian", "in", 2)), drawn(streams.Normal(0, std)))
    assert np.array_equal(
        filled(init.Xavier("uniform", "out", 1.5)),
        drawn(streams.Uniform(-math.sqrt(1.5 / 400), math.sqrt(1.5 / 400))),
    )
    assert (filled(init.Zero()) == 0).all() and (filled(init.One()) == 1).all() and (filled(2.5) == 2.5).all()
    grid = np.arange(400)
    assert np.array_equal(filled(grid, "bias"), grid)
    assert np.array_equal(filled(torch.arange(400), "bias"), grid)
    assert (filled(params["bias"], "bias") == grid).all()
    assert (filled("ones", "bias") == 1).all() and (filled("Zeros", "bias") == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("transposed", [False, True])
def test_every_dtype_and_layout_is_filled(dtype, transposed):
    layer = nn.Linear(30, 70, dtype=dtype)
    if transposed:
        layer.weight = nn.Parameter(torch.zeros(30, 70, dtype=dtype).T)
    gb.initialize(layer, {"weight": init.Normal(0.5), "bias": init.Uniform(1)}, seed=1)
    params = gb.collect_params(layer)
    for name, distribution in (("weight", streams.Normal(0, 0.5)), ("bias", streams.Uniform(-1, 1))):
        out = np.empty(params[name].shape, params[name].numpy().dtype)
        streams.fill(out, distribution, 1, name)
        assert np.array_equal(params[name].numpy(), out)
    scalar = nn.Module()
    scalar.scale = nn.Parameter(torch.zeros((), dtype=dtype))
    gb.initialize(scalar, init.Normal(1), seed=1)
    assert scalar.scale != 0


def test_xavier_has_torch_s_bounds_for_every_layer_torch_counts_alike():
    for layer in (
        nn.Linear(7, 5),
        nn.Conv1d(4, 6, 3),
        nn.Conv2d(4, 6, (3, 5)),
        nn.Conv3d(2, 3, 2),
        nn.Embedding(9, 4),
    ):
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        (row,) = gb.collect_params(layer).select("weight").plan(init.Xavier(), seed=0).rows
        bound = math.sqrt(6 / (fan_in + fan_out))
        assert row.draws == f"[{-bound:.4g}, {bound:.4g}]"


@pytest.mark.parametrize(
    ("layer", "fans"),
    [
        (nn.Conv2d(8, 12, 3, groups=4), (2 * 9, 3 * 9)),
        (nn.Conv2d(8, 8, 3, groups=8), (9, 9)),
        (nn.ConvTranspose2d(8, 12, 3), (8 * 9, 12 * 9)),
        (nn.ConvTranspose1d(8, 12, 5, groups=4), (2 * 5, 3 * 5)),
    ],
)
def test_fans_count_real_connections(layer, fans):
    """Counted by running the layer: inputs that reach one inner output, outputs that one input reaches."""
    rank = layer.weight.ndim - 2
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.zero_()
        size = 15
        x = torch.ones(1, layer.in_channels, *[size] * rank)
        y = layer(x)
        middle = (0, 0, *[n // 2 for n in y.shape[2:]])
        assert y[middle] == fans[0]
        spot = torch.zeros_like(x)
        spot[(0, 0, *[size // 2] * rank)] = 1
        assert layer(spot).sum() == fans[1]
    adapter = gb.collect_params(layer)._tree.adapter
    assert adapter.fans(layer, "weight", tuple(layer.weight.shape)) == fans


# ---- by seed and name ----------------------------------------------------------------------------------


@given(modules(), st.integers(-(2**70), 2**70))
def test_values_depend_on_seed_and_name_alone(model, seed):
    params = gb.collect_params(model)
    params.initialize(init.Normal(1), seed=seed)
    whole = {name: p.numpy() for name, p in params.items()}
    for name in reversed(params.names()):
        part = params.select(lambda p, name=name: p.name == name)
        part.initialize(0)
        part.initialize(init.Normal(1), seed=seed)
        assert np.array_equal(params[name].numpy(), whole[name])


def test_a_part_collected_alone_takes_a_prefix():
    whole, part = rgnet(), rgnet()
    gb.initialize(whole, init.Uniform(1), seed=3)
    gb.collect_params(part[0][1]).initialize(init.Uniform(1), seed=3, prefix="0.block 1.")
    assert same(values(whole[0][1]), values(part[0][1]))


def test_a_fresh_seed_is_recorded_and_repeats():
    first, second = mlp(), mlp()
    plan = gb.collect_params(first).initialize(init.Normal(1))
    assert plan.seed != gb.collect_params(second).initialize(init.Normal(1)).seed
    assert not same(values(first), values(second))
    gb.initialize(second, init.Normal(1), seed=plan.seed)
    assert same(values(first), values(second))


def test_ties_draw_once_under_their_first_name():
    model = shared_net()
    gb.initialize(model, init.Normal(1), seed=0)
    apart = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8))
    gb.initialize(apart, init.Normal(1), seed=0)
    assert torch.equal(model[4].weight, apart[2].weight)


def test_custom_initializers_draw_under_the_seed_and_leave_the_global_generator():
    class Custom(init.Initializer):
        def _init_weight(self, name, data):
            data[:] = torch.randn(data.shape)

    models = [mlp(), mlp()]
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    for model in models:
        gb.initialize(model, {".*weight": Custom(), ".*bias": nn.init.ones_}, seed=1)
    assert torch.equal(torch.rand(3), wanted)
    assert same(values(models[0]), values(models[1]))
    part = mlp()
    gb.collect_params(part).select(r"2\.weight").initialize(Custom(), seed=1)
    assert torch.equal(part[2].weight, models[0][2].weight)
    gb.initialize(part, nn.init.uniform_, seed=2)
    assert not torch.equal(part[0].weight, models[0][0].weight)
    gb.initialize(part, {".*weight": nn.init.orthogonal_, ".*bias": 0}, seed=2)
    torch.testing.assert_close(part[0].weight.T @ part[0].weight, torch.eye(4))


# ---- rules ---------------------------------------------------------------------------------------------


def test_the_first_rule_wins_and_the_rest_is_reported():
    model = mlp()
    before = values(model)
    with pytest.warns(UserWarning, match=r"^no rule takes 2\.bias: it keeps its value\. Add a rule") as told:
        plan = gb.collect_params(model).initialize({"0.weight": 1, ".*weight": 2, "0": 3})
    assert len(told) == 1 and told[0].filename == __file__
    after = values(model)
    assert (after["0.weight"] == 1).all() and (after["2.weight"] == 2).all() and (after["0.bias"] == 3).all()
    assert np.array_equal(before["2.bias"], after["2.bias"])
    assert plan.unmatched == ("2.bias",)
    with pytest.warns(UserWarning, match="no rule takes") as told:
        gb.initialize(model, {"0": 1})
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gb.initialize(model, {"0": 1, ".*": None})


def test_rules_by_class_leave_what_has_no_fans_and_say_so():
    model = mlp()
    before = values(model)
    params = gb.collect_params(model)
    with pytest.warns(
        UserWarning, match=r"needs fans, which are not to be had for 0\.bias, 2\.bias: they keep their values"
    ):
        plan = params.initialize({nn.Linear: init.Xavier()}, seed=0)
    assert plan.left_alone == ("0.bias", "2.bias") and plan.unmatched == ()
    assert np.array_equal(before["0.bias"], values(model)["0.bias"])
    assert not np.array_equal(before["0.weight"], values(model)["0.weight"])
    assert "kept: no fans" in repr(plan)
    with pytest.warns(UserWarning, match="needs fans"):
        params.initialize("xavier")
    params.initialize({(nn.Linear, "weight"): "xavier", (nn.Linear, "bias"): 0})
    params.initialize({lambda p: p.ndim == 1: 0, ".*": "xavier"})


def test_rules_for_several_classes_and_for_a_layer_do_so_too():
    for rule in (lambda model: (nn.Linear, nn.ReLU), lambda model: model[0]):
        model = mlp()
        plan = gb.collect_params(model).plan({rule(model): "xavier", "2": 0}, seed=0)
        assert "0.bias" in plan.left_alone and "0.weight" not in plan.left_alone
    with pytest.raises(gb.InitializerError, match=r"'0\.bias' of shape \(8,\) has none"):
        gb.collect_params(mlp()).plan({(nn.Linear, ".*"): "xavier"}, seed=0)


def test_a_plan_changes_nothing_and_prints_as_a_table():
    model = mlp()
    before = values(model)
    plan = gb.collect_params(model).plan(
        {r"0\..*weight": init.Xavier(), ".*weight": 1, "0": None, "0.bias": 7}, seed=9
    )
    assert same(before, values(model))
    assert plan.seed == 9 and plan.unmatched == ("2.bias",) and plan.shadowed == ('"0.bias"',)
    assert [tuple(row) for row in plan.rows] == [
        ("0.weight", r'r"0\..*weight"', "Xavier()", "[-0.7071, 0.7071]"),
        ("0.bias", '"0"', "", "kept: the rule says so"),
        ("2.weight", '".*weight"', "Constant(1)", ""),
        ("2.bias", "", "", "kept: no rule"),
    ]
    table = repr(plan)
    assert (
        "seed 9" in table
        and 'rules with nothing left for them: "0.bias"' in table
        and "[-0.7071, 0.7071]" in table
    )


def test_an_empty_rule_may_be_allowed():
    params = gb.collect_params(mlp())
    with pytest.raises(gb.NothingSelectedError, match="takes none of the 4 parameters"):
        params.initialize({".*norm.*": 1, ".*": 0})
    params.initialize({".*norm.*": 1, ".*": 0}, allow_empty=True)


# ---- bad input: one error, nothing changed -------------------------------------------------------------


class Broken(init.Initializer):
    def _init_weight(self, name, data):
        data.fill_(3)
        if name.startswith("2"):
            raise RuntimeError("half-way")


@pytest.mark.parametrize(
    ("rules", "error", "says"),
    [
        (
            {".*": "xavier"},
            gb.InitializerError,
            r"Xavier needs fan_in and fan_out, and '0\.bias' of shape \(8,\) has none",
        ),
        (
            {".*weight": "xavierr", ".*": 0},
            gb.InitializerError,
            r"in the rule for \"\.\*weight\": no initializer is called 'xavierr'. Nearest names: 'xavier'",
        ),
        ({".*": object()}, gb.InitializerError, "is no initializer. Write one of glueball.init"),
        ({".*": init.Xavier}, gb.InitializerError, r"Xavier is the class: write Xavier\(\)"),
        ({"0.bias": np.zeros(7), ".*": 0}, gb.ShapeError, r"'0\.bias' has shape \(8,\), the value \(7,\)"),
        ({".*": 1j}, gb.DTypeError, "the value complex64, which it cannot hold"),
        ({".*": Broken()}, RuntimeError, "half-way"),
        ({".*": init.Initializer()}, gb.InitializerError, "give it a method _init_weight"),
        ({"0": 1, "weight": 1}, gb.NothingSelectedError, r'Write "\.\*weight"'),
        (
            {"0.bias": lambda data: torch.zeros(7), ".*": 0},
            gb.ShapeError,
            r"made what does not fit: '0\.bias' has shape \(8,\), the value \(7,\)\..* Nothing was changed",
        ),
        (
            {".*": lambda shape, dtype: torch.full(shape, math.nan, dtype=dtype)},
            gb.InitializerError,
            r"<lambda> made NaN in 32 of the 32 elements of '0\.weight'\. Nothing was changed",
        ),
        (
            {".*weight": "xavier", "2.bias": init.KaimingNormal(), ".*": 0},
            gb.InitializerError,
            r"KaimingNormal needs fan_in and fan_out, and '2\.bias' of shape \(1,\) has none",
        ),
        (
            {".*": init.Load({"0.wieght": 0})},
            gb.InitializerError,
            r"Load\(<1 arrays>\) has no array for '0\.weight' \(nearest: '0\.wieght'\)",
        ),
        ({3: 1}, gb.PatternError, "3 is no pattern"),
        ({None: 1}, gb.PatternError, r"None is no pattern\. For all parameters write '\.\*'"),
        (
            lambda data: float(data.normal_().std()),
            gb.InitializerError,
            r"<lambda> filled '0\.weight' and returned \d\S+: let it do one of both\. Nothing was changed",
        ),
    ],
)
def test_bad_rules_change_nothing(rules, error, says):
    model = mlp()
    before = values(model)
    with pytest.raises(error, match=says):
        gb.initialize(model, rules, seed=0)
    assert same(before, values(model))


@pytest.mark.parametrize("seed", [1.5, "0", True, None.__class__])
def test_a_seed_is_an_integer(seed):
    model = mlp()
    before = values(model)
    says = f"a seed must be an integer, not {seed!r} of type {type(seed).__name__}; write seed=0"
    with pytest.raises(gb.InitializerError, match=re.escape(says)):
        gb.initialize(model, init.Normal(1), seed=seed)
    assert same(before, values(model))


def test_integers_are_not_drawn():
    params = gb.collect_params(nn.BatchNorm1d(3), buffers=True)
    with pytest.raises(
        gb.DTypeError, match=r"'num_batches_tracked' is int64: Normal\(1\) draws floating numbers"
    ):
        params.initialize(init.Normal(1))
    params.initialize({"num_batches_tracked": 0, "running_var": 1, ".*": init.Normal(1)})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: init.Uniform(2, 1), r"Uniform\(.*: low lies above high"),
        (lambda: init.Uniform(-1), r"a scale is not negative; write 1"),
        (lambda: init.Normal(-1), "Normal's std is -1: write a number from 0 up"),
        (lambda: init.Normal(math.nan), "Normal's std is nan: write a number from 0 up"),
        (lambda: init.Uniform(math.inf), "Uniform's (low|high) is -?inf: write a finite number"),
        (lambda: init.TruncatedNormal(-1), "TruncatedNormal's std is -1: write a number above 0"),
        (lambda: init.VarianceScaling(-2), "VarianceScaling's scale is -2: write a number above 0"),
        (lambda: init.Xavier(magnitude=-3), "Xavier's magnitude is -3: write a number above 0"),
        (lambda: init.Xavier("normal"), "Xavier has no distribution 'normal': write 'uniform' or 'gaussian'"),
        (lambda: init.Xavier(factor_type="both"), "Xavier has no fan 'both'"),
        (lambda: init.Xavier(magnitude=0), "magnitude is 0: write a number above 0"),
    ],
)
def test_bad_arguments(make, says):
    with pytest.raises(gb.InitializerError, match=says):
        make()


def test_normal_refuses_two_positional_arguments():
    with pytest.raises(gb.InitializerError, match=r"two things: write Normal\(0\.01, mean=0\)"):
        init.Normal(0, 0.01)


# ---- values as values ----------------------------------------------------------------------------------


def test_initializers_are_values():
    for make, text in (
        (lambda: init.Zero(), "Zero()"),
        (lambda: init.One(), "One()"),
        (lambda: init.Constant(3), "Constant(3)"),
        (lambda: init.Constant(np.eye(2)), "Constant(<ndarray 2×2>)"),
        (lambda: init.Uniform(1), "Uniform(-1, 1)"),
        (lambda: init.Normal(0.5), "Normal(0.5)"),
        (lambda: init.Normal(0.5, mean=1), "Normal(0.5, mean=1)"),
        (lambda: init.Function(nn.init.ones_), "ones_"),
        (lambda: init.Xavier(), "Xavier()"),
        (lambda: init.Xavier("gaussian", "in", 2), "Xavier('gaussian', 'in', 2)"),
        (lambda: init.Xavier(factor_type="out"), "Xavier(factor_type='out')"),
    ):
        assert make() == make() and hash(make()) == hash(make()) and repr(make()) == text
    assert init.Uniform(1) != init.Uniform(2) and init.Zero() != init.One()
    assert init.Constant(np.eye(2)) != init.Constant(np.eye(3)) and init.Constant(1) != 1
    with pytest.raises(AttributeError):
        init.Normal(1).std = 2  # type: ignore[misc]


def test_initialize_returns_the_model_and_the_verb_its_plan():
    model = TiedLanguageModel()
    assert gb.initialize(model, init.Normal(0.02), seed=0) is model
    plan = gb.collect_params(model).initialize(init.Normal(0.02), seed=0)
    assert [row.name for row in plan.rows] == ["embed.weight", "norm.weight", "norm.bias"]


# ---- plans kept ----------------------------------------------------------------------------------------


def test_a_recipe_is_saved_compared_and_carried_out_again():
    rules = {r"0\.block 1": init.Xavier(), ".*bias": init.Uniform(1), (nn.Linear, "weight"): init.Normal(0.5)}
    rules = {".*bias": rules[".*bias"], **rules}
    first, second = rgnet(), rgnet()
    plan = gb.collect_params(first).initialize(rules, seed=3)
    saved = json.loads(json.dumps(plan.recipe.to_json()))
    recipe = gb.Recipe.from_json(saved)
    assert recipe == plan.recipe
    again = gb.collect_params(second).initialize(recipe)
    assert same(values(first), values(second))
    assert same(values(first), values(gb.initialize(rgnet(), plan)))
    assert again == plan
    assert again != gb.collect_params(second).plan(rules, seed=4)
    gb.collect_params(second).initialize(recipe, seed=4)
    assert not same(values(first), values(second))
    with pytest.raises(
        gb.NameNotFoundError, match=r"the recipe is for names that are not here: .*It fits the model it was"
    ):
        gb.initialize(mlp(), recipe)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "seed"),
        ({"seed": 1}, "prefix"),
        ({"seed": 1, "prefix": "", "initializers": [3]}, "int"),
        ({"seed": "1", "prefix": "", "initializers": []}, "its seed is '1'"),
        ({"seed": 1.5, "prefix": "", "initializers": []}, "its seed is 1.5"),
        ({"seed": True, "prefix": "", "initializers": []}, "its seed is True"),
        ({"seed": 1, "prefix": 2, "initializers": []}, "its prefix 2, where an integer and a string belong"),
        ({"seed": 1, "prefix": "", "initializers": [[0, "ab"]]}, "'ab' stands where a list of names"),
        ({"seed": 1, "prefix": "", "initializers": [[0, ["a", 3]]]}, "stands where a list of names"),
        ({"seed": 1, "prefix": "", "initializers": [[0, ["a"]], [1, ["a"]]]}, "it has 'a' twice"),
        ([], "list"),
    ],
)
def test_what_is_no_recipe_is_not_read(wrong, says):
    with pytest.raises(gb.InitializerError, match=f"no recipe that to_json wrote: .*{says}"):
        gb.Recipe.from_json(wrong)


def test_a_recipe_of_the_defaults_and_of_kept_values():
    model, other = rgnet(), rgnet()
    plan = gb.collect_params(model).initialize(None, seed=1)
    gb.initialize(other, gb.Recipe.from_json(plan.recipe.to_json()))
    assert same(values(model), values(other))
    kept = gb.collect_params(model).plan({".*bias": None, ".*": "xavier"}, seed=1).recipe
    assert gb.Recipe.from_json(kept.to_json()) == kept
