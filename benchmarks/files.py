"""Saving and loading models against safetensors' and torch's own functions, in one process, in turn.

Run: python benchmarks/files.py [MiB of the large models, 1024 unless given]

Both sides of a write are synced, or neither is: safetensors and torch do not sync, so their file is synced
after they have written it. What is loaded has just been written, so it lies in the page cache. Memory is the
peak of the process above what it had before, from the system's own count.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import safetensors.torch
import torch
from common import in_turn, line
from torch import nn

import glueball as gb


def large(size: int) -> nn.Module:
    """256 parameters, of so many MiB together."""
    return nn.ParameterList(torch.rand(size * 1024) for _ in range(256))


def many(size: int = 16) -> nn.Module:
    """20,000 parameters of so many elements."""
    return nn.ModuleList(
        nn.ParameterList(torch.full((size,), float(i)) for _ in range(10)) for i in range(2000)
    )


def main(size: int) -> None:
    """Print the rows."""
    with TemporaryDirectory() as folder:
        compare("20,000 parameters of 64 bytes", many(), Path(folder), 5)
        compare(f"{size} MiB in 20,000 parameters", many(size * (1 << 20) // 80_000), Path(folder), 3)
        compare(f"{size} MiB in 256 parameters", large(size), Path(folder), 5)
        for which in ("ours", "theirs"):
            peak(which, size, Path(folder))


def compare(title: str, net: nn.Module, folder: Path, rounds: int) -> None:
    """Save and load a model both ways."""
    print(f"{title:<62} {'glueball':>12} {'theirs':>12}")
    ours, theirs, saved = (folder / name for name in ("o.safetensors", "t.safetensors", "t.pt"))
    params = gb.collect_params(net)
    line("save | safetensors.torch.save_model and sync", *in_turn(
        lambda: fresh(ours, params.save),
        lambda: synced(theirs, lambda path: safetensors.torch.save_model(net, path)), rounds))  # fmt: skip
    line("save | a plain write of the same bytes and sync", *in_turn(
        lambda: fresh(ours, params.save), lambda: plain(net, folder / "plain"), rounds))  # fmt: skip
    line("save a .pt | torch.save and sync", *in_turn(
        lambda: fresh(folder / "o.pt", params.save),
        lambda: synced(saved, lambda path: torch.save(net.state_dict(), path)), rounds))  # fmt: skip
    line("load | load_file and load_state_dict", *in_turn(
        lambda: params.load(theirs),
        lambda: net.load_state_dict(safetensors.torch.load_file(theirs)), rounds))  # fmt: skip
    line("load a .pt | torch.load(mmap=True) and load_state_dict", *in_turn(
        lambda: params.load(saved),
        lambda: net.load_state_dict(torch.load(saved, mmap=True)), rounds))  # fmt: skip
    line("open and print | load_file", *in_turn(
        lambda: str(gb.open(theirs)), lambda: safetensors.torch.load_file(theirs), rounds))  # fmt: skip


def fresh(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside nothing."""
    path.unlink(missing_ok=True)
    write(path)


def synced(path: Path, write: Callable[[Path], object]) -> None:
    """Write as a package does, and wait for the disk as we do."""
    fresh(path, write)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def plain(net: nn.Module, path: Path) -> None:
    """The arrays' bytes and nothing else."""
    path.unlink(missing_ok=True)
    with open(path, "wb", buffering=1 << 20) as file:
        for tensor in net.parameters():
            file.write(tensor.detach().numpy().data)
        file.flush()
        os.fsync(file.fileno())


_PEAK = """
import sys, torch
from pathlib import Path
from benchmarks.files import large
import glueball as gb, safetensors.torch
net = large({size})
def high():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
open("/proc/self/clear_refs", "w").write("5")
before = high()
{load}
print((high() - before) // 1024)
"""


def peak(which: str, size: int, folder: Path) -> None:
    """Print how much more memory a process takes at most while it loads."""
    path = folder / "t.safetensors"
    load = {
        "ours": f"gb.collect_params(net).load({str(path)!r})",
        "theirs": f"net.load_state_dict(safetensors.torch.load_file({str(path)!r}))",
    }[which]
    code = _PEAK.format(size=size, load=load)
    here = Path(__file__).resolve().parent
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parent), str(here), *sys.path])}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    print(f"peak of memory above the model while loading, {which:<35} {out.stdout.strip():>9} MiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
