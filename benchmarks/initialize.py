"""Initialising 20,000 small parameters against a loop of torch.nn.init.normal_, in one process, in turn.

Run: python benchmarks/initialize.py
"""

from __future__ import annotations

import torch
from common import in_turn, line, linears
from torch import nn

import glueball as gb


class Two(nn.Module):
    """A layer of two 4×4 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.zeros(4, 4))
        self.second = nn.Parameter(torch.zeros(4, 4))


def squares() -> nn.Module:
    """20,000 parameters of 4×4 in 10,000 layers, three levels deep."""
    root = nn.Module()
    for block in range(100):
        inner = nn.Module()
        inner.layers = nn.ModuleList(Two() for _ in range(100))
        root.add_module(f"block{block}", inner)
    return root


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(2)
    model = squares()
    params, normal = gb.collect_params(model), gb.init.Normal(1.0)

    def loop() -> None:
        for parameter in model.parameters():
            nn.init.normal_(parameter)

    print(f"{'20,000 parameters of 4×4':<62} {'glueball':>12} {'torch':>12}")
    line("initialize, Normal | loop of normal_", *in_turn(
        lambda: params.initialize(normal, seed=0), loop, 15))  # fmt: skip
    line("collect and initialize, Normal | loop of normal_", *in_turn(
        lambda: gb.collect_params(model).initialize(normal, seed=0), loop, 15))  # fmt: skip

    layers = linears(10_000)
    rules = {(nn.Linear, "weight"): gb.init.Xavier(), (nn.Linear, "bias"): 0}

    def loop_over_layers() -> None:
        for layer in layers.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    print("20,000 parameters of 10,000 nn.Linear(4, 4)")
    line("collect and initialize, Xavier and 0 | loop of xavier_uniform_, zeros_", *in_turn(
        lambda: gb.collect_params(layers).initialize(rules, seed=0), loop_over_layers, 15))  # fmt: skip


if __name__ == "__main__":
    main()
