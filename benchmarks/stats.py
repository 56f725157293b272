"""Statistics against torch's own calls one after another, in one process, in turn; memory; the shell's start.

Run: python benchmarks/stats.py [millions of parameters, 400 unless given]

torch's side is what one writes by hand: min, max, mean, std, norm, zeros, NaN, infinities and a histogram of
each parameter. Ours are these, quantiles and the table.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from common import in_turn, line, linears
from torch import nn

import glueball as gb
from glueball.checkpoints.safetensors import write


def transformer(millions: int) -> nn.Module:
    """Layers of a width of 1024 until there are so many parameters, all drawn."""
    layers = nn.ModuleList()
    while sum(parameter.numel() for parameter in layers.parameters()) < millions * 1_000_000:
        layers.append(nn.TransformerEncoderLayer(1024, 16, 4096))
    return layers


def by_hand(model: nn.Module) -> list[tuple[torch.Tensor, ...]]:
    """The calls one after another."""
    with torch.no_grad():
        return [
            (p.min(), p.max(), p.mean(), p.std(correction=0), p.norm(), torch.count_nonzero(p),
             p.isnan().sum(), p.isinf().sum(), torch.histc(p, 64))
            for p in model.parameters()
        ]  # fmt: skip


def peak(run: Callable[[], object]) -> float:
    """MiB that a call takes above what the process has, at its peak; Linux only."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    run()
    return (resident("VmHWM") - before) / 1024


def resident(what: str) -> int:
    """A line of the process's state, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what)))


def main(millions: int) -> None:
    """Print the rows."""
    large(millions)
    small = linears(10_000)
    line("20,000 arrays of 4 and 16 | nine calls each",
         *in_turn(gb.collect_params(small).stats, lambda: by_hand(small), 3))  # fmt: skip
    files()


def large(millions: int) -> None:
    """A model in memory: time, and what it takes beside the model."""
    model = transformer(millions)
    params = gb.collect_params(model)
    title = f"{params.totals().count / 1e6:.0f} M parameters in {len(params)} arrays"
    print(f"{title:<62} {'glueball':>12} {'torch':>12}")
    ours, theirs = peak(params.stats), peak(lambda: by_hand(model))
    print(f"   peak of memory above the model's: {ours:.0f} MiB, torch {theirs:.0f} MiB")
    line("params.stats() | nine calls each", *in_turn(params.stats, lambda: by_hand(model), 3))
    before = params.snapshot()
    start = time.perf_counter()
    assert not gb.diff(before, params)
    print(f"   diff of a snapshot and the model: {time.perf_counter() - start:.2f} s")
    del before
    model.bfloat16()
    params.refresh()
    line("the same in bfloat16", *in_turn(params.stats, lambda: by_hand(model), 3))


def files() -> None:
    """A gigabyte in a file, and what the shell takes to start."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        for count in (256, 20_000):
            size = (1 << 28) // count
            path = f"{folder}/{count}.safetensors"
            write(path, {f"h.{i // 10}.part{i % 10}.weight": rng.standard_normal(size, np.float32)
                         for i in range(count)})  # fmt: skip
            tensors = nn.ParameterList(
                nn.Parameter(torch.from_numpy(gb.open(path)[name].numpy())) for name in gb.open(path)
            )
            line(f"1 GiB file in {count:,} arrays | nine calls each, in memory",
                 *in_turn(gb.open(path).stats, lambda model=tensors: by_hand(model), 3))  # fmt: skip
            del tensors
            shell("show", path)
        shell("--help")
        code = "import numpy, rich"
        print(f"   python -c '{code}': {best([sys.executable, '-c', code]):.2f} s")


def shell(*arguments: str) -> None:
    """Time a command in a process of its own."""
    seconds = best([sys.executable, "-m", "glueball", *arguments])
    file = Path(arguments[-1]).name if len(arguments) > 1 else ""
    print(f"   glueball {arguments[0]} {file}: {seconds:.2f} s")


def best(command: list[str]) -> float:
    """The shortest of five runs, in seconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
