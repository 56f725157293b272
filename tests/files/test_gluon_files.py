"""Gluon's blocks in files: those that wait for their shapes, under the names that Gluon and MXNet use."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import glueball as gb
from glueball.mxnet import autograd, nd
from glueball.mxnet.gluon import Trainer, nn


def block(**names):
    net = nn.HybridSequential(**names)
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Dense(3))
    return net


def filled(**names):
    net = block(**names)
    net.initialize()
    net(nd.ones((2, 1, 5, 5)))
    return net


def same(a, b):
    mine, theirs = (net._collect_params_with_prefix() for net in (a, b))
    assert mine.keys() == theirs.keys()
    return all(np.array_equal(mine[n].data().asnumpy(), theirs[n].data().asnumpy()) for n in mine)


@pytest.mark.parametrize("suffix", ["safetensors", "params", "npz", "pt"])
def test_every_format(tmp_path, suffix):
    net = filled()
    gb.collect_params(net).save(tmp_path / f"net.{suffix}")
    other = filled()
    gb.collect_params(other).load(tmp_path / f"net.{suffix}")
    assert same(net, other)


def test_params_files_go_both_ways(tmp_path):
    net = filled()
    gb.collect_params(net).save(tmp_path / "ours.params")
    other = block()
    other.load_parameters(str(tmp_path / "ours.params"))
    assert same(net, other)
    net.save_parameters(str(tmp_path / "theirs.params"))
    third = filled()
    gb.collect_params(third).load(tmp_path / "theirs.params")
    assert same(net, third)


def test_names_of_gluons_own_are_known(tmp_path):
    def named():
        net = nn.HybridSequential(prefix="net_")
        with net.name_scope():
            net.add(nn.Dense(4, in_units=2), nn.Dense(3, in_units=4))
        net.initialize()
        return net

    net, other = named(), named()
    net.collect_params().save(str(tmp_path / "own.params"))
    assert "net_dense0_weight" in gb.open(tmp_path / "own.params")
    report = gb.collect_params(other).load(tmp_path / "own.params")
    assert same(net, other) and report.loaded["0.weight"] == "net_dense0_weight"


@pytest.mark.parametrize("begin", [False, True])
def test_blocks_that_wait_take_their_shapes_from_the_file(tmp_path, begin):
    net = filled()
    gb.collect_params(net).save(tmp_path / "net.params")
    other = block()
    if begin:
        other.initialize()
    weight = other[0].weight
    report = gb.collect_params(other).load(tmp_path / "net.params")
    assert same(net, other) and other[0].weight is weight and len(report.loaded) == 8
    trainer = Trainer(other.collect_params(), "sgd", {"learning_rate": 0.1})
    with autograd.record():
        loss = (other(nd.ones((2, 1, 5, 5))) ** 2).sum()
    loss.backward()
    trainer.step(1)
    assert not same(net, other) and other[2].weight.grad().shape == (3, 36)
    assert gb.collect_params(other)["2.bias"].origin.edited


def test_what_is_refused_leaves_a_block_waiting(tmp_path):
    gb.collect_params(filled()).save(tmp_path / "net.params")
    other = block()
    other.add(nn.Dense(2))
    other.initialize()
    with pytest.raises(gb.LoadError, match=r"missing +3\.weight \(2, \?\)"):
        gb.collect_params(other).load(tmp_path / "net.params")
    assert other[0].weight.shape == (4, 0, 3, 3) and other[0].weight._deferred_init
    other(nd.ones((2, 1, 5, 5)))


def test_the_way_back_leaves_a_parameter_as_it_waited():
    net = block()
    net.initialize()
    params = gb.collect_params(net)
    adapter, tensor = params._tree.adapter, net[2].weight._tensor
    back = adapter.give_shape(tensor, net[2], "weight", (3, 7))
    assert net[2].weight.data().shape == (3, 7) and isinstance(tensor, torch.nn.Parameter)
    back()
    assert adapter.lazy(tensor) and net[2].weight.shape == (3, 0)
    net(nd.ones((2, 1, 5, 5)))
    assert net[2].weight.shape == (3, 36)
