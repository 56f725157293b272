"""Initialising 20,000 small parameters against a loop of torch.nn.init.normal_, in one process, in turn.

Run: python benchmarks/initialize.py
"""

from __future__ import annotations

import torch
from common import in_turn, line, linears
from torch import nn

import glueball as gb


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(2)
    model = linears(10_000)

    def loop() -> None:
        for parameter in model.parameters():
            nn.init.normal_(parameter)

    def loop_over_layers() -> None:
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    print(f"{'20,000 parameters of 4×4 and 4':<62} {'glueball':>12} {'torch':>12}")
    line("collect and initialize, Normal | loop of normal_", *in_turn(
        lambda: gb.collect_params(model).initialize(gb.init.Normal(1.0), seed=0), loop, 11))  # fmt: skip
    rules = {(nn.Linear, "weight"): gb.init.Xavier(), (nn.Linear, "bias"): 0}
    line("collect and initialize, Xavier and 0 | loop of xavier_uniform_, zeros_", *in_turn(
        lambda: gb.collect_params(model).initialize(rules, seed=0), loop_over_layers, 11))  # fmt: skip


if __name__ == "__main__":
    main()
