"""Layers and losses under torch: tensors in, tensors out, the same numbers, torch's rules."""

from __future__ import annotations

import copy
import pickle

import layer_cases as cases
import numpy as np
import pytest
import torch

from glueball import mxnet as mx
from glueball.mxnet import autograd, generators, nd
from glueball.mxnet.gluon import loss, nn

DRAWN = [case for case in cases.LAYERS if "Dropout(0." not in case[0]]


def arrays_and_tensors(expression, given, training):
    """A layer's output and gradients, once with NDArrays and once with tensors."""
    for kind in ("arrays", "tensors"):
        state = cases.seeded(expression)
        layer = eval(expression, {"nn": nn, "nd": nd})
        layer.initialize()
        values = cases.made(given, state)
        layer(nd.array(values))
        params = layer.collect_params()
        cases.fill(params, state, nd.array)
        if kind == "arrays":
            x = nd.array(values)
            x.attach_grad()
            with autograd.record(train_mode=training):
                y = layer(x)
            head = state.uniform(0.5, 1.5, y.shape).astype(np.float32)
            y.backward(nd.array(head), train_mode=training)
            seen = [y.asnumpy(), x.grad.asnumpy()]
        else:
            layer.train(training)
            t = torch.from_numpy(values).requires_grad_()
            y = layer(t)
            assert type(y) is torch.Tensor
            head = state.uniform(0.5, 1.5, tuple(y.shape)).astype(np.float32)
            y.backward(torch.from_numpy(head))
            seen = [y.detach().numpy(), np.zeros_like(values) if t.grad is None else t.grad.numpy()]
        yield [*seen, *(p.data().asnumpy() for p in params.values())] + [
            p.grad().asnumpy() for p in params.values() if p.grad_req != "null"
        ]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", DRAWN, ids=lambda case: cases.key(*case))
def test_tensors_give_what_arrays_give(case, training):
    for array, tensor in zip(*arrays_and_tensors(*case, training), strict=True):
        np.testing.assert_allclose(tensor, array, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "case", [c for c in cases.LOSSES if None not in c[1]], ids=lambda case: cases.key(*case)
)
def test_losses_of_tensors(case):
    expression, given = case
    state = cases.seeded(expression)
    values = [cases.made(one, state) for one in given]
    function = eval(expression, {"loss": loss})
    there = function(*map(nd.array, values))
    here = function(*map(torch.from_numpy, values))
    assert type(here) is torch.Tensor
    np.testing.assert_allclose(here.numpy(), there.asnumpy(), rtol=1e-6)


def test_dropout_of_tensors_is_torchs():
    layer = nn.Dropout(0.4)
    x = torch.ones(50, 4)
    torch.manual_seed(1)
    here = layer(x)
    torch.manual_seed(1)
    torch.testing.assert_close(here, torch.nn.functional.dropout(x, 0.4))
    layer.eval()
    torch.testing.assert_close(layer(x), x)
    columns = nn.Dropout(0.4, axes=(0,))(x)
    assert (columns == columns[:1]).all()


def test_training_loop_of_torch():
    generators.seed(1)
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, activation="relu"),
        nn.BatchNorm(),
        nn.MaxPool2D(),
        nn.Dropout(0.1),
        nn.Dense(8, activation="tanh"),
        nn.LayerNorm(),
        nn.PReLU(),
        nn.Dense(3),
    )
    net.initialize(mx.init.Xavier())
    torch.manual_seed(0)
    x, y = torch.randn(32, 2, 8, 8), torch.randint(0, 3, (32,))
    net(x)
    function = loss.SoftmaxCrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        value = function(net(x), y).mean()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert losses[-1] < 0.3 * losses[0]
    assert net[1].running_mean.data().asnumpy().any()
    net.eval()
    before = net[1].running_mean.data().asnumpy()
    first = net(x)
    np.testing.assert_array_equal(net[1].running_mean.data().asnumpy(), before)
    torch.testing.assert_close(first, net(x))
    np.testing.assert_allclose(net(nd.from_torch(x)).asnumpy(), first.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_running_statistics_are_buffers():
    layer = nn.BatchNorm(in_channels=3, center=False)
    layer.initialize()
    assert set(dict(layer.named_buffers())) == {"beta", "running_mean", "running_var"}
    assert set(dict(layer.named_parameters())) == {"gamma"}


def test_autocast():
    net = nn.HybridSequential()
    net.add(nn.Dense(4), nn.LayerNorm(), nn.BatchNorm(), nn.Dense(2))
    net.initialize()
    with torch.autocast("cpu", torch.bfloat16):
        y = net(torch.randn(3, 5))
    assert y.dtype is torch.bfloat16


def test_copies_and_pickles():
    net = nn.HybridSequential()
    net.add(nn.Conv1D(2, 3, activation="relu"), nn.BatchNorm(), nn.AvgPool1D(), nn.Dense(2))
    net.initialize()
    x = nd.ones((2, 3, 9))
    wanted = net(x).asnumpy()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin(x).asnumpy(), wanted)
        twin[3].bias.set_data(nd.ones((2,)))
    np.testing.assert_array_equal(net(x).asnumpy(), wanted)
