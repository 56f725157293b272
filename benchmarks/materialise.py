"""A stack of Linear layers of 400 million parameters, from meta to filled, in one process, in turn.

Against constructing it in torch, and against meta, `to_empty` and a fill with zeros, which is the least
that any initialisation has to write.

Run: python benchmarks/materialise.py [rounds]
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

import glueball as gb

LAYERS, WIDTH = 24, 4096  # 24 · (4096² + 4096) = 403 million


def stack() -> nn.Module:
    """The model."""
    return nn.Sequential(*(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))


def ours() -> nn.Module:
    """Built under meta; torch's own defaults, drawn by name."""
    with gb.meta():
        model = stack()
    return gb.initialize(model, seed=0, device="cpu")


def normal() -> nn.Module:
    """Built under meta; normal weights, zero biases."""
    with gb.meta():
        model = stack()
    return gb.initialize(model, {".*weight": gb.init.Normal(0.02), ".*bias": 0}, seed=0, device="cpu")


def zeros() -> nn.Module:
    """The floor: memory and zeros."""
    with torch.device("meta"):
        model = stack()
    model.to_empty(device="cpu")
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model


def main(rounds: int) -> None:
    """Print a row for each way."""
    torch.set_num_threads(2)
    ways: dict[str, Callable[[], nn.Module]] = {
        "meta, to_empty, zeros": zeros,
        "torch's constructors": stack,
        "glueball: meta, defaults by name": ours,
        "glueball: meta, Normal(0.02) and 0": normal,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    normal()  # loads and compiles what is compiled
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            time.sleep(0.1)
            start = time.perf_counter()
            model = way()
            times[name].append(time.perf_counter() - start)
            del model
    floor, built = (statistics.median(times[name]) for name in list(ways)[:2])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(
            f"{name:<36} {median:6.2f} s   × zeros {median / floor:5.2f}   torch / it {built / median:5.2f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
