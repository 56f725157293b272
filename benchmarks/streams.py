"""Filling 64 Mi float32 that lie in memory: glueball's streams against torch, in one process, in turn.

Run: python benchmarks/streams.py
"""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec

import torch
from common import in_turn

from glueball import streams

SIZE = 64 << 20
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7


def main() -> None:
    """Print the rows: rates in elements a second, and how many times torch's rate ours is."""
    torch.set_num_threads(2)
    tensor = torch.zeros(SIZE)
    array = tensor.numpy()

    def ours(distribution: streams.Distribution):
        return lambda: streams.fill(array, distribution, 0, "weight")

    def truncated(low: float, high: float):
        return lambda: torch.nn.init.trunc_normal_(tensor, a=low, b=high)

    uniform, normal = streams.Uniform(-1, 1), streams.Normal(0, 1)
    print(f"{'64 Mi float32, ' + ('compiled' if find_spec('numba') else 'NumPy'):<52} {'glueball':>9} {'torch':>9}")
    for what, distribution, theirs, rounds in (
        ("uniform | fill_", uniform, lambda: tensor.fill_(1.0), ROUNDS),
        ("uniform | uniform_", uniform, lambda: tensor.uniform_(-1, 1), ROUNDS),
        ("normal | normal_", normal, lambda: tensor.normal_(), ROUNDS),
        ("truncated, ±2 sigma | trunc_normal_", streams.TruncatedNormal(0, 1, -2, 2), truncated(-2, 2), 3),
        ("truncated, 4 to 6 sigma | trunc_normal_", streams.TruncatedNormal(0, 1, 4, 6), truncated(4, 6), 3),
        ("truncated, above 0 | trunc_normal_", streams.TruncatedNormal(0, 1, 0, math.inf), truncated(0, math.inf), 3),
    ):  # fmt: skip
        mine, other, ratio = in_turn(ours(distribution), theirs, rounds)
        print(f"{what:<52} {SIZE / mine / 1e9:7.2f} G {SIZE / other / 1e9:7.2f} G   {1 / ratio:6.2f} times")


if __name__ == "__main__":
    main()
