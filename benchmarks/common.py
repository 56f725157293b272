"""What the benchmarks share: a model of many small layers, and timing two ways in turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from torch import nn


def linears(count: int) -> nn.Module:
    """`count` layers of nn.Linear(4, 4), two parameters each, three levels deep, about √count in a block."""
    root = nn.Module()
    side = max(1, round(count**0.5))
    for start in range(0, count, side):
        block = nn.Module()
        block.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(min(side, count - start)))
        root.add_module(f"block{start // side}", block)
    return root


def in_turn(
    ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 21, pause: float = 0
) -> tuple[float, float, float]:
    """Median seconds of each, and the median of the ratios of neighbouring runs; one run of each first.

    `pause`: seconds before each run. Threads of OpenMP spin for some milliseconds when their work is
    done; without a pause the one that follows is timed with a core less.
    """
    pairs = []
    ours(), theirs()
    gc.collect()
    for _ in range(rounds):
        pair = []
        for run in (ours, theirs):
            time.sleep(pause)
            start = time.perf_counter()
            kept = run()
            pair.append(time.perf_counter() - start)
            del kept
        pairs.append(pair)
    ours_s, theirs_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return ours_s, theirs_s, statistics.median(a / b for a, b in pairs)


def line(what: str, ours: float, theirs: float, ratio: float) -> None:
    """One row: what was timed, both times, their ratio."""
    print(f"{what:<62} {ours * 1e3:9.2f} ms {theirs * 1e3:9.2f} ms   ratio {ratio:.2f}")
