"""Sharded parameters in files: gathered into one file by all processes, and read by each for its own part."""

from __future__ import annotations

import functools

import safetensors.torch
import torch
import torch.distributed as dist
from torch import nn

import glueball as gb
from processes import in_processes


def model():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Linear(7, 5))


def sharded(net, count):
    from torch.distributed.fsdp import fully_shard

    mesh = dist.device_mesh.init_device_mesh("cpu", (count,))
    for layer in [net[0], net[2], net]:
        fully_shard(layer, mesh=mesh)
    return gb.collect_params(net)


def saved_and_loaded(folder, rank, count):
    whole = model().state_dict()
    params = sharded(model(), count)
    params.save(f"{folder}/net.safetensors")
    params.save(f"{folder}/net.pt", progress=True)
    params.save(f"{folder}/shards", max_shard_size=200)
    # All leave together: the file is there for each of them.
    for state in (
        safetensors.torch.load_file(f"{folder}/net.safetensors"),
        torch.load(f"{folder}/net.pt", weights_only=True),
    ):
        assert set(state) == set(whole)
        assert all(torch.equal(state[name], tensor) for name, tensor in whole.items())
    for path in ("net.safetensors", "net.pt", "shards"):
        for build in (lambda: torch.device("cpu"), gb.meta):
            with build():
                net = model()
            other = sharded(net, count)
            if not net[0].weight.is_meta:
                other.apply(lambda values: values * 0)
            other.load(f"{folder}/{path}")
            for name, parameter in other.items():
                assert torch.equal(torch.from_numpy(parameter.numpy()), whole[name]), name
                assert parameter.origin.edited is False
            other["0.weight"].data().add_(1)
            assert other["0.weight"].origin.edited
    wide = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Linear(7, 3))
    other = sharded(wide, count)
    other.load(f"{folder}/net.safetensors", mismatch="slice")
    assert torch.equal(torch.from_numpy(other["2.weight"].numpy()), whole["2.weight"][:3])


def a_failure_leaves_together(folder, rank, count):
    params = sharded(model(), count)
    try:
        params.save(f"{folder}/nowhere/net.safetensors")
    except FileNotFoundError:
        assert rank == 0
    else:
        assert rank != 0
    params.save(f"{folder}/net.safetensors")  # still of one mind
    assert len(gb.open(f"{folder}/net.safetensors")) == 9


def all_of_it(folder, rank, count):
    saved_and_loaded(folder, rank, count)
    a_failure_leaves_together(folder, rank, count)


def test_sharded(tmp_path):
    in_processes(functools.partial(all_of_it, str(tmp_path)), 2, tmp_path)
