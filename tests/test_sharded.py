"""Sharded parameters: each process fills its own block, and the blocks are the whole's, bit for bit."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn

import glueball as gb
from glueball import init
from processes import in_processes

RULES = {
    r"0\.weight": init.Normal(0.5),
    r"0\.bias": init.Uniform(1),
    r"1\.weight": np.arange(7 * 5).reshape(5, 7),
    r"1\.bias": 3,
    r".*": nn.init.uniform_,
}


def model():
    return nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 5), nn.Linear(5, 3))


def fully_sharded(rank, count):
    from torch.distributed.fsdp import fully_shard

    wanted = gb.initialize(model(), RULES, seed=4)
    for build in (gb.meta, lambda: torch.device("meta"), lambda: torch.device("cpu")):
        with build():
            net = model()
        for layer in [*net, net]:
            fully_shard(layer, mesh=dist.device_mesh.init_device_mesh("cpu", (count,)))
        gb.initialize(net, RULES, seed=4, device="cpu")
        params = gb.collect_params(net)
        assert params["0.weight"].data().shape[0] < 7  # its own part only
        for name, tensor in wanted.state_dict().items():
            assert np.array_equal(params[name].numpy(), tensor.numpy()), name
            origin = params[name].origin
            assert (origin.name, origin.seed, origin.edited) == (name, 4, False), name
        params.apply(lambda values: values + 1)
        for name in wanted.state_dict():  # each process answers for its own part, if it has one
            assert params[name].origin.edited == (params[name].data().numel() > 0), name
        params["0.weight"].set_data(params["0.weight"])
        assert np.array_equal(params["0.weight"].numpy(), wanted[0].weight.detach().numpy() + 1)
        with pytest.raises(gb.InitializerError, match="each process would draw a seed of its own"):
            gb.initialize(net, init.Normal(1))
        optimizer = torch.optim.Adam(params.tensors(), lr=0.1)
        net(torch.ones(2, 5)).sum().backward()
        optimizer.step()


def every_dimension(rank, count):
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    shape = (6, 5, 7)
    whole = nn.Module()
    whole.weight = nn.Parameter(torch.zeros(shape))
    gb.initialize(whole, init.Normal(1), seed=9)
    line = dist.device_mesh.init_device_mesh("cpu", (count,))
    layouts = [(line, [Shard(d)]) for d in range(3)] + [(line, [Replicate()])]
    if count == 4:
        square = dist.device_mesh.init_device_mesh("cpu", (2, 2))
        layouts += [(square, [Shard(a), Shard(b)]) for a in range(3) for b in range(3)]
        layouts += [(square, [Replicate(), Shard(1)])]
    for mesh, placements in layouts:
        net = nn.Module()
        net.weight = nn.Parameter(distribute_tensor(torch.zeros(shape), mesh, placements))
        weight = gb.collect_params(net)["weight"]
        for how in (init.Normal(1), whole.weight.detach().numpy()):
            weight.set_data(0)
            gb.initialize(net, how, seed=9)
            assert np.array_equal(weight.numpy(), whole.weight.detach().numpy()), placements
        for how in (init.Padded(init.Normal(1), -2), init.Orthogonal(), nn.init.normal_):
            other = nn.Module()
            other.weight = nn.Parameter(torch.zeros(shape))
            gb.initialize(other, how, seed=9)
            gb.initialize(net, how, seed=9)
            assert np.array_equal(weight.numpy(), other.weight.detach().numpy()), (how, placements)
        weight.set_data(whole.weight.detach())
        assert np.array_equal(weight.numpy(), whole.weight.detach().numpy()), placements


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("work", [fully_sharded, every_dimension])
def test_shards_together_are_the_whole(work, count, tmp_path):
    in_processes(functools.partial(work), count, tmp_path)
