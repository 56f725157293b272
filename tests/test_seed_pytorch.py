"""All that the PyTorch notes' code does, by torch's own way and by glueball's verbs beside it.

The notes (in Chinese) walk through accessing, initialising, setting and sharing parameters. Each test
takes one of their pieces, runs it as it stands there, and shows that glueball sees and does the same.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from models import mlp, rgnet, shared_net

X = torch.rand(size=(2, 4))


@pytest.fixture
def net():
    model = mlp()
    model(X)
    return model


# ---- access --------------------------------------------------------------------------------------------


def test_the_whole_state(net):
    params = gb.collect_params(net)
    assert params.names() == list(net.state_dict())
    for name, value in net.state_dict().items():
        assert torch.equal(params[name].data(), value)


def test_the_state_of_one_layer(net):
    for n in (0, 2):
        layer = gb.collect_params(net)[n]
        assert [p.name.removeprefix(f"{n}.") for p in layer.values()] == list(net[n].state_dict())
    assert len(gb.collect_params(net)[1]) == len(net[1].state_dict()) == 0


def test_all_names_and_shapes_at_once(net):
    whole = [(name, param.shape) for name, param in net.named_parameters()]
    assert [(p.name, p.shape) for p in gb.collect_params(net).values()] == whole
    layer = [(name, param.shape) for name, param in net[0].named_parameters()]
    assert [(p.name, p.shape) for p in gb.collect_params(net[0]).values()] == layer


def test_nested_blocks_by_index():
    model = rgnet()
    model(X)
    params = gb.collect_params(model)
    assert len(params) == 18
    bias = params[0][1][0].bias
    assert bias.name == "0.block 1.0.bias"
    assert torch.equal(bias.data(), model[0][1][0].bias.data)
    assert bias.data().data_ptr() == model[0][1][0].bias.data.data_ptr()
    assert "0.block 1.0.bias" in repr(params)


# ---- initialisation ------------------------------------------------------------------------------------


def test_normal_weights_and_zero_biases(net):
    def init_normal(m):
        if type(m) == nn.Linear:  # noqa: E721 - as the notes write it
            nn.init.normal_(m.weight, mean=0, std=0.01)
            nn.init.zeros_(m.bias)

    net.apply(init_normal)
    gb.initialize(net, {(nn.Linear, "weight"): gb.init.Normal(0.01, mean=0), (nn.Linear, "bias"): 0}, seed=0)
    assert 0 < net[0].weight.abs().max() < 0.06
    assert net[0].bias.abs().max() == net[2].bias.abs().max() == 0


def test_constants(net):
    def init_constant(m):
        if type(m) == nn.Linear:  # noqa: E721
            nn.init.constant_(m.weight, 1)
            nn.init.zeros_(m.bias)

    net.apply(init_constant)
    wanted = {name: value.clone() for name, value in net.state_dict().items()}
    gb.initialize(net, gb.init.Normal(1), seed=0)
    gb.initialize(net, {".*weight": gb.init.Constant(1), ".*bias": gb.init.Zero()})
    assert all(torch.equal(net.state_dict()[name], value) for name, value in wanted.items())


def test_another_initializer_for_each_layer(net):
    def xavier(m):
        if type(m) == nn.Linear:  # noqa: E721
            nn.init.xavier_uniform_(m.weight)

    def init_42(m):
        if type(m) == nn.Linear:  # noqa: E721
            nn.init.constant_(m.weight, 42)

    net[0].apply(xavier)
    net[2].apply(init_42)
    biases = [net[0].bias.clone(), net[2].bias.clone()]
    plan = gb.collect_params(net).initialize(
        {r"0\.weight": gb.init.Xavier(), r"2\.weight": 42, ".*bias": None}, seed=0
    )
    bound = np.sqrt(6 / (4 + 8))
    assert bound / 2 < net[0].weight.abs().max() <= bound
    assert (net[2].weight == 42).all()
    assert torch.equal(net[0].bias, biases[0]) and torch.equal(net[2].bias, biases[1])
    assert plan.unmatched == ()


def test_a_custom_initializer(net, capsys):
    def my_init(m):
        if type(m) == nn.Linear:  # noqa: E721
            print("Init", *[(name, param.shape) for name, param in m.named_parameters()][0])  # noqa: RUF015
            nn.init.uniform_(m.weight, -10, 10)
            m.weight.data *= m.weight.data.abs() >= 5

    net.apply(my_init)
    capsys.readouterr()

    class MyInit(gb.init.Initializer):
        def _init_weight(self, name, data):
            print("Init", name, tuple(data.shape))
            nn.init.uniform_(data, -10, 10)
            data *= data.abs() >= 5

    gb.initialize(net, {".*weight": MyInit(), ".*bias": 0}, seed=0)
    assert capsys.readouterr().out == "Init 0.weight (8, 4)\nInit 2.weight (1, 8)\n"
    sizes = net[0].weight.abs()
    assert ((sizes == 0) | ((sizes >= 5) & (sizes <= 10))).all() and (sizes > 0).any()


def test_setting_values_directly(net):
    before = net[0].weight.detach().clone()
    net[0].weight.data[:] += 1
    net[0].weight.data[0, 0] = 42
    by_torch = net[0].weight.detach().clone()
    net[0].weight.data[:] = before
    weight = gb.collect_params(net)["0.weight"]
    weight.data()[:] += 1
    weight.data()[0, 0] = 42
    assert torch.equal(weight.data()[0], by_torch[0])
    assert torch.equal(net[0].weight.detach(), by_torch)


# ---- sharing -------------------------------------------------------------------------------------------


def test_a_shared_layer():
    model = shared_net()
    model(X)
    params = gb.collect_params(model)
    assert (model[2].weight.data[0] == model[4].weight.data[0]).all()
    model[2].weight.data[0, 0] = 100
    assert (model[2].weight.data[0] == model[4].weight.data[0]).all()
    assert params["2.weight"] is params["4.weight"]
    assert params["4.weight"].data()[0, 0] == 100
    assert params["2.weight"].tied and params["2.weight"].slots == ("2.weight", "4.weight")
    assert "tied with 4.weight" in repr(params)
    assert params.totals().count == sum(p.numel() for p in model.parameters())
