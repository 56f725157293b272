"""Filling 64 Mi float32 that lie in memory: glueball's streams against torch, in one process, in turn.

Run: python benchmarks/streams.py
"""

from __future__ import annotations

import sys
import warnings
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
    kind = "compiled" if find_spec("numba") else "NumPy"
    print(f"{f'64 Mi float32, {kind}':<40} {'glueball':>9} {'torch':>9}")
    for what, distribution, theirs, rounds in (
        ("uniform | fill_", uniform, lambda: tensor.fill_(1.0), ROUNDS),
        ("uniform | uniform_", uniform, lambda: tensor.uniform_(-1, 1), ROUNDS),
        ("normal | normal_", normal, lambda: tensor.normal_(), ROUNDS),
        ("truncated, ±2 sigma | trunc_normal_", streams.TruncatedNormal(0, 1, -2, 2), truncated(-2, 2), 3),
    ):
        report(what, SIZE, *in_turn(ours(distribution), theirs, rounds, 0.1))

    # torch rejects until the last element is right, here in over a hundred passes: so fewer elements.
    tensor = tensor[: SIZE // 32]
    array = tensor.numpy()
    warnings.simplefilter("ignore", UserWarning)  # that its values may be incorrect
    print("2 Mi float32")
    far = streams.TruncatedNormal(0, 1, 4, 6)
    report(
        "truncated, 4 to 6 sigma | trunc_normal_",
        tensor.numel(),
        *in_turn(ours(far), truncated(4, 6), 3, 0.1),
    )


def report(what: str, size: int, mine: float, other: float, ratio: float) -> None:
    """One row."""
    print(f"{what:<40} {size / mine / 1e9:7.2f} G {size / other / 1e9:7.3f} G {1 / ratio:8.2f} times")


if __name__ == "__main__":
    main()
