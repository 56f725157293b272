"""Where values came from: the rule, seed and time of the plan that filled them, and edits since."""

from __future__ import annotations

import copy
import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball import init
from glueball.parameters import origin as notes
from models import TiedLanguageModel, mlp


def test_a_parameter_says_where_its_values_came_from():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    assert params["embed.weight"].origin is None
    params.initialize({"embed": init.Normal(0.5), nn.LayerNorm: 1}, seed=3)
    origin = gb.collect_params(model)["head.weight"].origin  # collected again, by another of its names
    assert (origin.rule, origin.initializer, origin.seed) == ('"embed"', "Normal(0.5)", 3)
    assert origin.name == "embed.weight"
    assert not origin.edited
    assert params["norm.bias"].origin.rule == "LayerNorm"
    with torch.no_grad():
        model.norm.bias.add_(1)
    assert params["norm.bias"].origin.edited
    assert not params["norm.weight"].origin.edited
    params.select("norm").initialize(init.One(), seed=4)
    assert params["norm.bias"].origin.seed == 4
    assert not params["norm.bias"].origin.edited
    assert params["embed.weight"].origin.seed == 3
    gb.initialize(model, None, seed=5)
    assert params["embed.weight"].origin.initializer == "Normal(1)"
    assert params["norm.weight"].origin.initializer == "One()"


EVERY = {
    "drawn": init.Normal(1),
    "cut": init.TruncatedNormal(1),
    "padded": init.Padded(init.Uniform(1), 1),
    "number": 0.1,
    "nan": float("nan"),
    "array": np.random.default_rng(0).random((300, 400)),
    "whole": init.Orthogonal(),
    "function": nn.init.normal_,
}


@pytest.mark.parametrize("how", EVERY.values(), ids=list(EVERY))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_an_edit_is_seen_however_it_was_made(how, dtype):
    layer = nn.Linear(400, 300, bias=False, dtype=dtype)
    with torch.no_grad():
        layer.weight.zero_()
    weight = gb.collect_params(layer)["weight"]
    gb.initialize(layer, how, seed=1, prefix="a.")
    assert (weight.origin.name, weight.origin.edited) == ("a.weight", False)
    kept = layer.weight.detach().clone()
    version = layer.weight._version
    layer.weight.data[150, 200] += 1  # of so many elements a fingerprint takes the even ones
    assert layer.weight._version == version
    assert weight.origin.edited is not (isinstance(how, float) and how != how)
    layer.weight.data = kept
    assert not weight.origin.edited
    layer.weight.data = kept[:-1]
    assert weight.origin.edited


def test_training_by_a_fused_optimizer_is_seen():
    model = mlp()
    gb.initialize(model, init.Normal(1), seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    origin = gb.collect_params(model)["2.weight"].origin
    assert origin.edited and origin.seed == 0


@pytest.mark.parametrize(
    "rules", [{"0": init.Xavier("gaussian", fan=(2, 3))}, {".*": 2}, {".*": nn.init.ones_}, None]
)
def test_lazy_layers_say_it_once_they_have_run(rules):
    model = nn.Sequential(nn.LazyLinear(3))
    gb.initialize(model, rules, seed=6, prefix="p.")
    params = gb.collect_params(model)
    assert params["0.weight"].origin is None
    model = copy.deepcopy(model)
    model(torch.ones(1, 2))
    plan = gb.collect_params(nn.Sequential(nn.Linear(2, 3))).plan(rules, seed=6)
    for row in plan.rows:
        origin = gb.collect_params(model)[row.name].origin
        assert (origin.rule, origin.initializer, origin.seed) == (row.rule, row.initializer, 6)
        assert (origin.name, origin.edited) == ("p." + row.name, False)
    model[0].weight.data += 1
    assert gb.collect_params(model)["0.weight"].origin.edited


def test_it_survives_whatever_the_model_is_put_into():
    model = gb.initialize(mlp(), init.Normal(1), seed=2)
    outer = nn.Sequential(nn.Identity(), nn.DataParallel(model))
    del model
    gc.collect()
    params = gb.collect_params(outer)
    assert params["1.0.weight"].origin.seed == 2
    gb.collect_params(outer[1].module[2]).initialize(1, seed=3)
    assert params["1.2.bias"].origin.rule == "all"
    assert params["1.2.bias"].origin.seed == 3 and params["1.0.weight"].origin.seed == 2


def test_any_number_of_plans_may_come_after():
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(50)))
    params = gb.collect_params(model)
    for seed, name in enumerate(params.names()):
        params.select(lambda p, name=name: p.name == name).initialize(init.Normal(1), seed=seed)
    assert [p.origin.seed for p in params.values()] == list(range(100))


def test_notes_live_as_long_as_their_layers():
    gc.collect()
    params = gb.collect_params(gb.initialize(mlp(), 0, seed=0))
    assert params["0.bias"].origin is not None  # and so are all that waited made
    before = len(notes._notes)
    for seed in range(40):
        model = gb.initialize(mlp(), init.Normal(1), seed=seed)
        if seed % 5 == 0:
            gb.collect_params(model)["2.bias"].origin  # noqa: B018
        layer, gone = model[0], weakref.ref(model[2])
        del model
        assert gone() is None
    gc.collect()
    assert layer.weight is not None and len(notes._pending) <= 8
    assert params["0.bias"].origin is not None
    assert len(notes._notes) == before + 1
    assert gb.collect_params(layer)["weight"].origin.name == "0.weight"


def test_another_array_is_not_taken_for_the_one_that_was_filled():
    layer = nn.Linear(4, 4)
    bias = gb.collect_params(layer)["bias"]
    for _ in range(200):  # some get the memory and the id of the one before
        gb.initialize(layer, 0, seed=0)
        layer.bias = None
        layer.bias = nn.Parameter(torch.ones(4))
        assert bias.origin.edited
    layer.register_parameter("other", nn.Parameter(torch.zeros(4)))
    assert gb.collect_params(layer)["other"].origin is None


def test_ties_copies_and_aliases_answer_for_their_values():
    model = nn.ModuleDict({"a": nn.Linear(3, 3, bias=False), "b": nn.Linear(3, 3, bias=False)})
    params = gb.collect_params(model)
    params.initialize(init.Normal(1), seed=1)
    params.tie("a.weight", "b.weight")
    assert (params["a.weight"].origin.name, params["a.weight"].origin.edited) == ("b.weight", False)
    params.untie("a.weight")
    assert params["a.weight"].origin.edited and not params["b.weight"].origin.edited
    model["a"].weight = nn.Parameter(model["b"].weight.data)
    params = gb.collect_params(model)
    params.initialize(init.Normal(1), seed=2)  # both into one memory, b last
    assert params["a.weight"].origin.edited and not params["b.weight"].origin.edited
    tied = gb.initialize(TiedLanguageModel(), init.Normal(1), seed=1)
    gb.collect_params(tied).untie("head.weight")
    origin = gb.collect_params(tied)["head.weight"].origin
    assert origin.name == "embed.weight" and not origin.edited
    assert gb.collect_params(copy.deepcopy(tied))["head.weight"].origin is None
