"""Several processes joined by gloo, for what torch does across processes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist


def in_processes(work, count, tmp):
    """Run work(rank, count) in `count` processes; an error in one is an error here."""
    rendezvous = Path(tempfile.mkdtemp(dir=tmp)) / "rendezvous"
    torch.multiprocessing.spawn(_start, args=(work, count, str(rendezvous)), nprocs=count)


def _start(rank, work, count, rendezvous):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=count)
    work(rank, count)
    # Who leaves first takes the connections along that others still read from.
    dist.barrier()
    dist.destroy_process_group()
    # Past Python's own end: threads that torch leaves running there abort the process now and then
    # ("terminate called without an active exception").
    os._exit(0)
