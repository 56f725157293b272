"""What a watch tells: each thing by name, once, and nothing about training that goes well."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball.watch.judging import Judge, Look
from models import TiedLanguageModel, mlp

X = torch.linspace(-1, 1, 24).reshape(6, 4)


def deep(layers, activation=nn.Tanh, gain=1.0):
    torch.manual_seed(0)
    net = nn.Sequential(*(m for _ in range(layers) for m in (nn.Linear(4, 4), activation())))
    for layer in net[::2]:
        layer.weight.data *= gain
    return net


def watched(net, optimizer, steps=5, loss=lambda out: out.pow(2).mean(), before=None, **options):
    """Train under a watch that only collects; returns the log."""
    with gb.watch(net, optimizer=optimizer, **{"every": 1, "on": None, **options}) as log:
        for step in range(steps):
            optimizer.zero_grad()
            if before is not None:
                before(step)
            loss(net(X)).backward()
            optimizer.step()
    return log


def adam(net, lr=1e-3):
    return torch.optim.Adam(net.parameters(), lr=lr)


def told(log):
    return [(found.step, found.kind, found.names) for found in log.findings]


# ---- nothing to tell --------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3])
def test_training_that_goes_well_is_silent(every):
    for net in (mlp(), deep(6), deep(3, nn.ReLU)):
        torch.manual_seed(0)
        gb.initialize(net, {".*weight": gb.init.Xavier(), ".*bias": gb.init.Uniform(0.1)}, seed=0)
        assert watched(net, adam(net), 30, every=every, on="raise").findings == []


# ---- NaN and infinity -------------------------------------------------------------------------------


def test_a_value_that_is_nan_is_told_before_the_update_and_once():
    net = mlp()

    def spoil(step):
        if step == 2:
            net[2].weight.data[0, :3] = torch.tensor([math.nan, math.inf, math.nan])

    log = watched(net, adam(net), before=spoil, ignore=["update"])
    first, *rest = log.findings
    assert (first.step, first.kind, first.names) == (3, "nonfinite", ("2.weight",))
    assert "2 NaN and 1 infinite of 8 elements" in first.message
    assert "after step 2, when all were finite" in first.message
    # Then everything becomes NaN, which is told once more with the other names, and never again.
    assert [found.step for found in rest] == [4] and "2.weight" not in rest[0].names
    assert "it began at step 3 in 2.weight" in rest[0].message


def test_an_infinite_loss_is_told_as_such():
    net = mlp()
    log = watched(net, adam(net), 1, loss=lambda out: out.mean() * math.inf)
    (found,) = log.findings
    assert "after step" not in found.message and "it began" not in found.message
    assert found.names[0] in ("2.weight", "2.bias") and len(found.names) == 4
    assert "No gradient is finite" in found.message and "the loss" in found.message


def test_where_the_backward_pass_went_wrong():
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad * math.inf

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x):
            return self.c(Bad.apply(self.b(self.a(x))))

    net = Net()
    (found,) = watched(net, adam(net), 1).findings
    assert found.kind == "nonfinite" and {found.names[0], found.names[1]} == {"b.weight", "b.bias"}
    assert set(found.names) == {"a.weight", "a.bias", "b.weight", "b.bias"}
    assert "and in no values before it" in found.message and "reached first in the backward" in found.message


def test_raising_stops_before_the_update():
    net = mlp()
    optimizer = adam(net)
    before = [p.detach().clone() for p in net.parameters()]
    with pytest.raises(gb.WatchError, match=r"step 1: NaN or infinity in the gradient of 2\.") as caught:
        watched(net, optimizer, loss=lambda out: out.mean() * math.nan, on="raise")
    assert isinstance(caught.value, RuntimeError)
    assert all(map(torch.equal, before, net.parameters()))
    assert not optimizer._optimizer_step_pre_hooks


def test_between_close_looks_too():
    net = mlp()

    def spoil(step):
        if step == 3:
            net[0].bias.data[0] = math.nan

    assert told(watched(net, adam(net), 4, before=spoil, every=100))[0] == (4, "nonfinite", ("0.bias",))


# ---- gradients --------------------------------------------------------------------------------------


def test_a_gradient_that_is_never_there():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.used(x)

    for steps, patience, at in ((10, 3, 3), (2, 3, 2), (10, 1, 1)):
        net = Net()
        log = watched(net, adam(net), steps, patience=patience)
        assert told(log) == [(at, "no gradient", ("unused.weight", "unused.bias"))]
        assert "not part of what the loss is computed from" in log.findings[0].message
    net = Net()
    net.unused.requires_grad_(False)
    assert watched(net, adam(net), 10).findings == []


def test_a_parameter_frozen_on_the_way_is_no_missing_gradient():
    net = mlp()
    log = watched(net, adam(net), 10, every=4, before=lambda step: step == 2 and net[0].requires_grad_(False))
    assert log.findings == [] and log["0.weight"][-1].note == "frozen"


def test_no_gradient_at_all_says_when_to_step():
    net = mlp()
    optimizer = adam(net)
    with gb.watch(net, optimizer=optimizer, on=None) as log:
        for _ in range(4):
            net(X).sum().backward()
            optimizer.zero_grad()
            optimizer.step()
    (found,) = log.findings
    assert found.kind == "no gradient" and len(found.names) == 4 and "after backward" in found.message


def test_a_gradient_of_zeros():
    net = mlp()
    net[0].bias.data.fill_(-100)  # no ReLU lets anything through
    log = watched(net, adam(net), 6)
    assert told(log) == [(3, "zero gradient", ("0.weight", "0.bias", "2.weight"))]


def test_a_gradient_that_comes_back_in_time_is_not_told():
    net = mlp()
    seen = []
    log = watched(net, adam(net), 9, loss=lambda out: out.mean() * (len(seen) % 3 == 0), before=seen.append)
    assert log.findings == []


def test_vanishing_and_exploding_along_depth():
    net = deep(10, nn.Sigmoid)
    log = watched(net, adam(net), ignore=["update"])
    assert [(step, kind) for step, kind, _ in told(log)] == [(3, "vanishing")]
    assert log.findings[0].names == ("0.weight", "2.weight", "4.weight")
    assert "root mean square" in log.findings[0].message

    class Sine(nn.Module):  # bounded, and steep wherever it is
        def forward(self, x):
            return x.sin()

    net = deep(12, Sine, 15.0)
    log = watched(net, adam(net, 1e-5))
    assert [(step, kind) for step, kind, _ in told(log)] == [(3, "exploding")]
    net = deep(10, nn.Sigmoid)
    assert watched(net, adam(net), depth=(0, math.inf), ignore=["update"]).findings == []


# ---- updates ----------------------------------------------------------------------------------------


def test_updates_out_of_the_usual_range():
    net = mlp()
    log = watched(net, adam(net, 0.5), 5)
    assert [(step, kind) for step, kind, _ in told(log)] == [(3, "update")]
    assert set(log.findings[0].names) == {"0.weight", "2.weight"}
    assert "The learning rate may be too high" in log.findings[0].message
    net = mlp()
    found = watched(net, adam(net, 1e-12), 5).findings[0]
    assert (found.step, found.kind) == (3, "update") and "too low" in found.message
    net = mlp()
    assert (
        "the update of 0.weight, 2.weight is 0 of the weight"
        in watched(net, adam(net, 0.0)).findings[0].message
    )
    net = mlp()
    assert watched(net, adam(net, 0.5), 5, update=(0, 100)).findings == []
    net = mlp()
    assert watched(net, adam(net, 0.5), 5, ignore=["update"]).findings == []


def test_an_update_lost_in_rounding():
    net = mlp().to(torch.bfloat16)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-9)
    with gb.watch(net, optimizer=optimizer, every=1, on=None) as log:
        for _ in range(3):
            net(X.bfloat16()).sum().backward()
            optimizer.step()
    assert "lost in rounding" in log.findings[0].message
    assert {row.update for row in log} == {0.0}


def test_what_begins_as_zeros_is_not_judged_by_its_update():
    net = mlp()
    net[2].weight.data.zero_()
    log = watched(net, adam(net, 1e-3), 4, ignore=["zero gradient"])
    assert log.findings == [] and log["2.weight"][1].update > 0.1


# ---- optimizers and ties ----------------------------------------------------------------------------


def test_what_the_optimizer_does_not_hold():
    net = mlp()
    log = watched(net, torch.optim.Adam(net[0].parameters()), 3)
    assert told(log) == [(0, "optimizer", ("2.weight", "2.bias"))]
    assert "does not hold 2.weight, 2.bias" in log.findings[0].message
    net = mlp()
    with pytest.raises(gb.WatchError, match=r"step 0: the optimizer does not hold"):
        watched(net, torch.optim.Adam(net[0].parameters()), on="raise")


def test_what_is_unfrozen_and_not_held():
    net = mlp()
    net[0].requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad])
    log = watched(net, optimizer, 6, every=2, before=lambda step: step == 3 and net[0].requires_grad_(True))
    assert told(log) == [(5, "optimizer", ("0.weight", "0.bias"))]


@pytest.mark.parametrize("how", ["tensor", "layer"])
def test_what_left_the_model_and_is_still_held(how):
    net = mlp()

    def replace(step):
        if step == 2 and how == "tensor":
            net[2].weight = nn.Parameter(torch.ones(1, 8))
        if step == 2 and how == "layer":
            net[2] = nn.Linear(8, 1, bias=False)

    log = watched(net, adam(net), 5, before=replace, every=10)
    kinds = {(step, kind) for step, kind, _ in told(log)}
    assert kinds == {(3, "optimizer")}
    missing, left = log.findings
    assert missing.names == ("2.weight",) and "does not hold 2.weight" in missing.message
    assert left.names == (("2.weight",) if how == "tensor" else ("2.weight", "2.bias"))
    assert "left the model" in left.message


def test_an_optimizer_of_two_models_is_told_of_and_can_be_ignored():
    net, other = mlp(), nn.Linear(3, 3)
    optimizer = torch.optim.Adam([*net.parameters(), *other.parameters()])
    (found,) = watched(net, optimizer, 1).findings
    assert found.kind == "optimizer" and "a tensor of shape (3, 3)" in found.message
    assert watched(net, optimizer, 1, ignore=["optimizer"], on="raise").findings == []


@pytest.mark.parametrize("how", ["assign", "attribute"])
def test_a_tie_that_broke(how):
    net = TiedLanguageModel()
    optimizer = adam(net)
    words = torch.tensor([[1, 2, 3]])
    with gb.watch(net, optimizer=optimizer, on=None, every=10) as log:
        for step in range(5):
            if step == 2 and how == "assign":
                net.load_state_dict({k: v.clone() for k, v in net.state_dict().items()}, assign=True)
            if step == 2 and how == "attribute":
                net.head.weight = nn.Parameter(net.head.weight.detach().clone())
            net(words).pow(2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    ties = [found for found in log.findings if found.kind == "tie"]
    assert [(found.step, found.names) for found in ties] == [(3, ("embed.weight", "head.weight"))]
    assert "embed.weight, head.weight broke" in ties[0].message and "params.retie()" in ties[0].message
    others = [found for found in log.findings if found.kind == "optimizer"]
    assert others and all(found.step == 3 for found in others)


def test_layers_that_are_new_are_rows_from_the_next_close_look():
    net = mlp()
    optimizer = adam(net)

    def grow(step):
        if step == 2:
            net.append(nn.Linear(1, 1))
            optimizer.add_param_group({"params": list(net[3].parameters())})

    log = watched(net, optimizer, 7, before=grow, every=2)
    assert log.findings == []
    assert [row.step for row in log["3.weight"]] == [3, 5, 7] and len(log["0.weight"]) == 4
    assert np.isnan(log.column("norm")[0, 4:]).all()


# ---- how it is told ---------------------------------------------------------------------------------


def test_warnings_name_the_users_line():
    net = mlp()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watched(net, adam(net), 1, loss=lambda out: out.mean() * math.nan, on="warn")
    assert [warning.category for warning in caught] == [gb.WatchWarning]
    assert caught[0].filename == __file__ and "step 1: NaN" in str(caught[0].message)


def test_a_function_is_given_each_finding():
    net, found = mlp(), []
    log = watched(net, adam(net), 2, loss=lambda out: out.mean() * math.nan, on=found.append)
    assert found == log.findings and isinstance(found[0], gb.Finding)
    assert re.search(r"step 1: NaN or infinity", str(log)) and "NaN or infinity" in log._repr_html_()


# ---- the judge alone --------------------------------------------------------------------------------


def look(step, grads, names=None):
    grads = np.array(grads, dtype=float)
    count = len(grads)
    ones = np.ones(count, dtype=bool)
    return Look(
        step, tuple(names or (f"p{i}" for i in range(count))), np.arange(count), ones, np.ones(count),
        ~np.isnan(grads), grads, np.full(count, 4), ones, ones, True,
    )  # fmt: skip


def test_counts_follow_names_when_parameters_come_and_go():
    judge = Judge(3, (1e-3, 1e3), (1e-7, 0.1))
    nothing = math.nan
    assert judge.look(look(1, [1, nothing], "ab"), lambda *_: (0, 0)) == []
    assert judge.look(look(2, [nothing, 1], "ba"), lambda *_: (0, 0)) == []
    (found,) = judge.look(look(3, [1, nothing, 1], "cba"), lambda *_: (0, 0))
    assert found.names == ("b",) and found.kind == "no gradient"


@pytest.mark.parametrize(
    ("ratio", "kind"), [(2e-4, "vanishing"), (5e3, "exploding"), (0.002, None), (500, None)]
)
def test_depth_compares_the_first_third_with_the_last(ratio, kind):
    judge = Judge(1, (1e-3, 1e3), (1e-7, 0.1))
    findings = judge.look(look(1, [ratio, ratio, 1, 1, 1, 1]), lambda *_: (0, 0))
    assert [found.kind for found in findings] == ([kind] if kind else [])
    # One matrix among them that is otherwise, as an embedding is, says nothing about depth.
    assert judge.look(look(2, [1, ratio, 1, 1, 1, 1], "uvwxyz"), lambda *_: (0, 0)) == []
