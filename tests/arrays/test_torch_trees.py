"""Dicts of torch tensors: in place, as torch has them, and with torch's optimizers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import glueball as gb  # noqa: E402


def test_an_optimizer_on_a_dict():
    model = {"w": torch.ones(3, requires_grad=True), "b": [torch.ones(1, requires_grad=True), torch.ones(2)]}
    params = gb.collect_params(model)
    assert [p.trainable for p in params.values()] == [True, True, False]
    optimizer = torch.optim.SGD(params.groups({"w": {"lr": 0.5}}, lr=0.1))
    (model["w"].sum() + 2 * model["b"][0].sum()).backward()
    optimizer.step()
    assert params["w"].numpy()[0] == 0.5 and abs(params["b.0"].numpy()[0] - 0.8) < 1e-6
    assert params["w"].grad() is model["w"].grad
    assert params.check_optimizer(optimizer)
    params.zero_grad()
    assert not model["w"].grad.any()


def test_identity_and_memory_stay():
    tensor = torch.zeros(3, requires_grad=True)
    model = {"w": tensor, "again": (tensor,), "view": tensor.detach()}
    params = gb.collect_params(model)
    assert params["w"].slots == ("w", "again.0")
    assert params.aliases().groups == (("w", "view"),)
    params["w"].set_data([1, 2, 3])
    assert model["w"] is tensor and tensor.tolist() == [1, 2, 3] and tensor.requires_grad
    params.cast("bfloat16")
    assert model["w"] is tensor and tensor.dtype == torch.bfloat16
    params.freeze("w")
    assert not tensor.requires_grad
    with pytest.raises(gb.ShapeError):
        params["w"].set_data(torch.zeros(4))


def test_ties_and_the_optimizer_that_has_to_follow():
    model = {"a": torch.ones(2, requires_grad=True), "b": torch.zeros(2, requires_grad=True)}
    params = gb.collect_params(model)
    optimizer = torch.optim.SGD(params.groups(lr=0.1), momentum=0.9)
    old = model["b"]
    exchange = params.tie("b", "a")
    assert exchange.drop[0] is old and model["b"] is model["a"]
    assert not params.check_optimizer(optimizer)
    exchange.apply(optimizer)
    assert params.check_optimizer(optimizer) and optimizer.param_groups[0]["param_names"] == ["a"]
    exchange = params.untie("b")
    exchange.apply(optimizer)
    assert params.check_optimizer(optimizer) and optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert exchange.add[0] is model["b"] and model["b"].requires_grad


def test_on_meta():
    model = {"w": torch.empty(3, 2, device="meta"), "t": (torch.empty(1, device="meta"),)}
    params = gb.collect_params(model)
    assert params["w"].deferred
    tensor = model["w"]
    with pytest.raises(gb.DeferredError, match=r"no rule fills t\.0"):
        params.initialize({"w": 1}, device="cpu")
    params.initialize({"w": gb.init.Normal(1), ".*": 2}, seed=0, device="cpu")
    assert model["w"] is tensor and model["t"][0].tolist() == [2]


def test_functions_run_under_torchs_seed():
    model = {"w": torch.zeros(50)}
    gb.initialize(model, torch.nn.init.normal_, seed=0)
    first = model["w"].clone()
    gb.initialize(model, torch.nn.init.normal_, seed=0)
    assert torch.equal(first, model["w"]) and first.std() > 0.5
