"""Opening, reading and writing files against their own packages, in one process, in turn.

Run: python benchmarks/checkpoints.py [MiB of the large file, 1024 unless given]

Both sides of a write are synced; what is read has just been written, so it lies in the page cache.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import safetensors
import safetensors.numpy
import torch
from common import in_turn, line

from glueball.checkpoints import pytorch
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.safetensors import write


def main(size: int) -> None:
    """Print the rows."""
    with TemporaryDirectory() as folder:
        many = {f"layers.{i // 10}.block{i % 10}.weight": np.full(16, i, "f4") for i in range(20_000)}
        compare("20,000 arrays of 64 bytes", many, Path(folder), 7)
        del many
        rng = np.random.default_rng(0)
        large = {f"layer.{i}.weight": rng.random(size * 1024, np.float32) for i in range(256)}
        compare(f"{size} MiB in 256 arrays", large, Path(folder), 5)


def compare(title: str, arrays: dict[str, np.ndarray], folder: Path, rounds: int) -> None:
    """Save the arrays in both formats; time what both sides can do."""
    print(f"{title:<62} {'glueball':>12} {'package':>12}")
    ours, theirs, saved = (folder / name for name in ("ours", "theirs", "saved"))
    line("write and sync | safetensors.numpy.save_file", *in_turn(
        lambda: save(arrays, ours), lambda: save_and_sync(arrays, theirs), rounds))  # fmt: skip
    line("write plain bytes and sync | safetensors.numpy.save_file", *in_turn(
        lambda: save_plain(arrays, ours), lambda: save_and_sync(arrays, theirs), rounds))  # fmt: skip
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    line("write .pt and sync | torch.save", *in_turn(
        lambda: save_pytorch(arrays, ours), lambda: save_with_torch(tensors, saved), rounds))  # fmt: skip
    line("open | safe_open and the shapes", *in_turn(
        lambda: open_file(theirs), lambda: shapes(theirs), rounds))  # fmt: skip
    line("open and read all | safetensors.numpy.load_file", *in_turn(
        lambda: read(theirs), lambda: safetensors.numpy.load_file(theirs), rounds))  # fmt: skip
    line("open | torch.load(mmap=True)", *in_turn(
        lambda: open_file(saved), lambda: torch.load(saved, mmap=True), rounds))  # fmt: skip
    line("open and read all | torch.load(mmap=True) and clone", *in_turn(
        lambda: read(saved), lambda: clones(saved), rounds))  # fmt: skip


def save(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write, beside nothing."""
    path.unlink(missing_ok=True)
    write(path, arrays)


def save_plain(arrays: dict[str, np.ndarray], path: Path) -> None:
    """The least that a writer has to do: the same bytes, and wait for the disk."""
    path.unlink(missing_ok=True)
    with open(path, "wb") as file:
        for array in arrays.values():
            file.write(array.data)
        file.flush()
        os.fsync(file.fileno())


def save_pytorch(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write, beside nothing."""
    path.unlink(missing_ok=True)
    pytorch.write(path, arrays)


def save_with_torch(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write as torch does, and wait for the disk as we do."""
    path.unlink(missing_ok=True)
    torch.save(tensors, path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def save_and_sync(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write as the package does, and wait for the disk as we do."""
    path.unlink(missing_ok=True)
    safetensors.numpy.save_file(arrays, path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def shapes(path: Path) -> dict[str, list[int]]:
    """What an opened file says of its arrays."""
    with safetensors.safe_open(path, "np") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118


def read(path: Path) -> dict[str, object]:
    """All arrays, each in memory of its own."""
    with open_file(path) as file:
        return {name: file.read(name) for name in file}


def clones(path: Path) -> dict[str, torch.Tensor]:
    """The same with torch."""
    return {name: tensor.clone() for name, tensor in torch.load(path, mmap=True).items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
