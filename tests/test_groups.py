"""Parameter groups for torch.optim, and the check of what an optimizer holds."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, modules, rgnet


def test_groups_by_rule_with_defaults_and_names():
    params = gb.collect_params(TiedLanguageModel())
    groups = params.groups(
        {r".*\.bias|.*norm.*": {"weight_decay": 0.0}, nn.Embedding: {"lr": 5e-4}}, lr=1e-3, weight_decay=0.1
    )
    assert [group["param_names"] for group in groups] == [["norm.weight", "norm.bias"], ["embed.weight"]]
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(1e-3, 0.0), (5e-4, 0.1)]
    for group in groups:
        assert [params[name].tensor() for name in group["param_names"]] == group["params"]
    optimizer = torch.optim.AdamW(groups)
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["norm.weight", "norm.bias"]
    assert params.check_optimizer(optimizer)


@given(modules(), st.lists(st.sampled_from(["a", "b", ".*c", "0", "x.*", "1|y z"]), unique=True, max_size=4))
def test_every_parameter_stands_in_exactly_one_group(model, patterns):
    params = gb.collect_params(model)
    rules = {p: {"lr": 1.0} for p in patterns if len(params.select(p, allow_empty=True))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rules that are left nothing
        groups = params.groups(rules, lr=0.1)
    names = [name for group in groups for name in group["param_names"]]
    assert sorted(names) == sorted(params.names()) and len(set(names)) == len(names)
    tensors = [id(tensor) for group in groups for tensor in group["params"]]
    assert set(tensors) == {id(tensor) for tensor in model.parameters()} and len(tensors) == len(params)


def test_the_first_rule_wins_and_no_rules_is_one_group():
    params = gb.collect_params(mlp())
    groups = params.groups({"0": {"lr": 1.0}, ".*bias": {"lr": 2.0}}, lr=3.0)
    assert [(g["param_names"], g["lr"]) for g in groups] == [
        (["0.weight", "0.bias"], 1.0),
        (["2.bias"], 2.0),
        (["2.weight"], 3.0),
    ]
    assert [g["param_names"] for g in params.groups(lr=0.1)] == [params.names()]


def test_frozen_parameters_are_in_no_group():
    params = gb.collect_params(mlp())
    params.freeze("0")
    groups = params.groups({"0": {"lr": 1.0}}, lr=0.1)
    assert [g["param_names"] for g in groups] == [["2.weight", "2.bias"]]
    optimizer = torch.optim.SGD(groups)
    assert params.check_optimizer(optimizer)
    params.freeze("2.bias")
    report = params.check_optimizer(optimizer)
    assert report and report.frozen == ("2.bias",) and str(report) == "held, but frozen: 2.bias"
    params.unfreeze()
    assert str(params.check_optimizer(optimizer)) == "trainable, but not held: 0.weight, 0.bias"


def test_multipliers_are_honoured():
    params = gb.collect_params(mlp())
    params["0.weight"].lr_mult = 0.1
    params["0.bias"].wd_mult = 0
    params.select("2")["2.weight"].lr_mult = 0.1
    groups = params.groups({"2.bias": {"lr": 2.0}}, lr=1.0, weight_decay=0.5)
    got = {name: (g["lr"], g["weight_decay"]) for g in groups for name in g["param_names"]}
    assert got == {"2.bias": (2.0, 0.5), "0.weight": (0.1, 0.5), "2.weight": (0.1, 0.5), "0.bias": (1.0, 0.0)}
    assert len(groups) == 3
    with pytest.raises(
        gb.OptimizerError, match=r"'0\.weight' has lr_mult=0.1, and there is no lr to multiply"
    ):
        params.groups(weight_decay=0.5)
    params["0.weight"].lr_mult = 1
    params["2.weight"].lr_mult = 1
    assert {g.get("weight_decay") for g in params.groups()} == {None, 0.0}


def test_bad_rules():
    params = gb.collect_params(mlp())
    with pytest.raises(gb.NothingSelectedError, match=r'Write "\.\*bias": it takes 2'):
        params.groups({"bias": {"lr": 1.0}})
    with pytest.raises(gb.OptimizerError, match=r"the rule for \"2\" is 0.5: write the group's options"):
        params.groups({"2": 0.5})


def test_one_tensor_in_two_groups_is_refused():
    model = rgnet()
    params = gb.collect_params(model)
    model[0][1][0].bias = model[0][0][0].bias
    with pytest.raises(
        gb.OptimizerError, match=r"'0\.block 0\.0\.bias' and '0\.block 1\.0\.bias' hold one tensor.*refresh"
    ):
        params.groups(lr=0.1)
    assert len(params.refresh().groups(lr=0.1)[0]["params"]) == len(list(model.parameters()))


def test_check_tells_a_replaced_tensor_with_and_without_names():
    model = mlp()
    params = gb.collect_params(model)
    named = torch.optim.SGD(params.groups(lr=0.1))
    bare = torch.optim.SGD(model.parameters(), lr=0.1)
    model[2].bias = nn.Parameter(torch.zeros(1))
    assert params.check_optimizer(named).gone == ("2.bias",)
    assert params.check_optimizer(bare).gone == ("a tensor of shape (1,)",)
    assert params.check_optimizer(bare).missing == ("2.bias",)
