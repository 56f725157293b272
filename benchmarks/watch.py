"""What watching costs a training step: a small Transformer, 10 M parameters, batches of 16.

Ten steps without a watch, ten with one that looks closely every 10 steps, ten with one that does at each, in
turn; on a GPU too, where there is one. The ratios are of neighbouring rounds. On the CPU they are of the time
that the process computed, beside that on the wall, which others on the machine disturb.

Run: python benchmarks/watch.py
"""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

import glueball as gb

STEPS = 10
BATCH, LENGTH, WORDS, WIDTH, LAYERS = 16, 64, 2000, 384, 5


class LanguageModel(nn.Module):
    """Embedding, Transformer blocks, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WIDTH)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, 6, 4 * WIDTH, dropout=0.1, batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Scores of the next word."""
        hidden = self.embed(words)
        for block in self.blocks:
            hidden = block(hidden)
        scores: torch.Tensor = self.head(self.norm(hidden))
        return scores


def main() -> None:
    """Print the rows."""
    for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        torch.manual_seed(0)
        net = LanguageModel().to(device)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
        words = torch.randint(0, WORDS, (BATCH, LENGTH + 1), device=device)
        count = sum(parameter.numel() for parameter in net.parameters())
        print(f"{device}, {count / 1e6:.1f} M parameters in {len(list(net.parameters()))} tensors")

        def steps(
            watch: AbstractContextManager[Any], net: Any = net, words: Any = words, optimizer: Any = optimizer
        ) -> tuple[float, float]:
            with watch:
                start = time.perf_counter(), time.process_time()
                for _ in range(STEPS):
                    scores = net(words[:, :-1])
                    nn.functional.cross_entropy(scores.flatten(0, 1), words[:, 1:].flatten()).backward()
                    optimizer.step()
                    optimizer.zero_grad()
                if words.is_cuda:
                    torch.cuda.synchronize()
                wall, computed = time.perf_counter() - start[0], time.process_time() - start[1]
                return wall / STEPS, (wall if words.is_cuda else computed) / STEPS

        steps(nullcontext())
        times: dict[str, list[tuple[float, float]]] = {}
        for _ in range(5 if device == "cpu" else 21):
            times.setdefault("no watch", []).append(steps(nullcontext()))
            for every in (10, 1):
                watch = gb.watch(net, optimizer=optimizer, every=every, on=None)
                times.setdefault(f"every {every}", []).append(steps(watch))
        for what, found in times.items():
            walls, computed = zip(*found, strict=True)
            pairs = list(zip(found, times["no watch"], strict=True))
            wall, own = (statistics.median(a[at] / b[at] for a, b in pairs) - 1 for at in (0, 1))
            print(
                f"  {what:<10} {statistics.median(walls) * 1e3:8.2f} ms a step on the wall {wall:+6.1%}"
                f"   {statistics.median(computed) * 1e3:8.2f} ms computed {own:+6.1%}"
            )


if __name__ == "__main__":
    main()
