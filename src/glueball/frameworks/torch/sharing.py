"""Which process writes what several hold together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch.distributed as dist

__all__ = ["writer"]


@contextmanager
def writer(shards: Sequence[Any]) -> Iterator[bool]:
    """Whether this process is the one that writes what is gathered from several: the first of all.

    All of them leave together, so that none looks for the file before it is there. Without shards each
    process is alone.
    """
    if not shards or not dist.is_initialized():
        yield True
        return
    try:
        yield dist.get_rank() == 0
    finally:
        dist.barrier()
