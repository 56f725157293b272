"""Watching a model that is sharded over processes: each sees its own part."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from torch import nn

import glueball as gb
from processes import in_processes


def fully_sharded(rank, count):
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    net[0].weight.data[0] = 0  # in the first process's part
    whole = net[0].weight.detach().clone()
    for layer in (net[0], net[2], net):
        fully_shard(layer, mesh=dist.device_mesh.init_device_mesh("cpu", (count,)))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    with gb.watch(net, optimizer=optimizer, every=1, on="raise") as log:
        for step in range(4):
            net(torch.ones(3, 4) * (rank + 1)).pow(2).mean().backward()
            if step == 0:
                local = net[0].weight.grad.to_local().clone()
            optimizer.step()
            optimizer.zero_grad()
    row = log["0.weight"][0]
    part = whole.chunk(count)[rank]
    assert row.norm == pytest.approx(float(part.norm()), rel=1e-6)
    assert row.zeros == (4 / part.numel() if rank == 0 else 0)
    assert row.grad_norm == pytest.approx(float(local.norm()), rel=1e-6)
    assert len(log) == 16 and 0 < row.update < 1
    assert log["2.bias"][0].mean is None or rank == 0  # one element lies in one process


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_each_process_sees_its_part(tmp_path):
    in_processes(fully_sharded, 2, tmp_path)
