"""Damaged files for every reader: each must end in a value or an error of ours, quickly and in little memory.

Run: python tools/fuzz_checkpoints.py [files, 100,000 unless given] [--seed N] [--only KIND] [--keep DIR]

Small whole files of every kind are made, then changed in a few places, opened and read wholly in a process
of its own, which is watched. What counts as found:

    crash    the process ended by a signal
    hang     it took more than five seconds for one file
    memory   opening took more than twice the file and 200 MB
    error    an exception that is neither a GlueballError nor an OSError

Every file can be made again from the seed and its number. With --keep those that were found are written.
The exit code is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np

from glueball.checkpoints import hdf5, npz, params, pytorch, safetensors
from glueball.checkpoints.opening import open_file
from glueball.errors import GlueballError

SECONDS = 5.0
SPARE = 200 << 20
KINDS = (
    *("safetensors", "shards", "pytorch", "torch", "torch before 1.6", "params", "npz", "npz, compressed"),
    *("npy", "hdf5", "keras"),
)


def arrays() -> dict[str, np.ndarray]:
    return {
        "layers.0.weight": np.arange(12, dtype="f4").reshape(3, 4),
        "layers.0.bias": np.arange(3.0),
        "embed": np.arange(6).reshape(2, 3),
        "mask": np.ones(5, "?"),
        "none": np.zeros((0, 2), "f4"),
    }


def made() -> dict[str, dict[str, bytes]]:
    """Files by kind; of several the first is opened, or their folder."""
    half = {"half": np.ones(3, ml_dtypes.bfloat16)}
    seeds: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def take(kind: str, file: str = "x") -> None:
            seeds[kind] = {file: (folder / file).read_bytes()}

        safetensors.write(folder / "x", arrays() | half, metadata={"by": "us"}, aliases={"tied": "embed"})
        take("safetensors")
        safetensors.write_shards(folder / "s", arrays(), max_shard_size=60)
        names = sorted(os.listdir(folder / "s"), key=lambda one: not one.endswith(".json"))
        seeds["shards"] = {one: (folder / "s" / one).read_bytes() for one in names}
        pytorch.write(folder / "x", arrays() | half, aliases={"tied": "embed"})
        take("pytorch")
        params.write(folder / "x", {key: value for key, value in arrays().items() if key != "mask"})
        take("params")
        npz.write(folder / "x", arrays())
        take("npz")
        np.savez_compressed(folder / "x.npz", **arrays())
        take("npz, compressed", "x.npz")
        np.save(folder / "x.npy", np.arange(12.0).reshape(3, 4))
        take("npy", "x.npy")
        try:
            import torch

            tensors = {key: torch.from_numpy(value) for key, value in arrays().items()}
            state = {"model": tensors, "view": tensors["embed"].T, "epoch": 3, "lr": [0.1, None, "x"]}
            torch.save(state, folder / "x")
            take("torch")
            torch.save(state, folder / "x", _use_new_zipfile_serialization=False)
            take("torch before 1.6")
        except ImportError:
            pass
        try:
            import h5py

            hdf5.write(
                folder / "x",
                {key.replace(".", "/"): value for key, value in (arrays() | half).items()},
                aliases={"tied": "embed"},
                metadata={"by": "us", "text": "words " * 20},
            )
            with h5py.File(folder / "x", "a") as file:
                file.create_dataset(
                    "chunked", data=np.arange(60.0).reshape(6, 10), chunks=(2, 5), compression="gzip"
                )
                file["layers"].attrs["names"] = ["a", "bc"]
                file["layers"].attrs["fixed"] = np.bytes_("fixed")
                file["text"] = ["some", "text"]
            take("hdf5")
            with zipfile.ZipFile(folder / "k", "w") as archive:
                archive.writestr("metadata.json", json.dumps({"keras_version": "3.0"}))
                archive.writestr("config.json", "{}")
                archive.write(folder / "x", "model.weights.h5")
            take("keras", "k")
        except ImportError:
            pass
    return seeds


def changed(data: bytes, rng: random.Random) -> bytes:
    """The same bytes with a few things wrong."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if not found:
            break
        at = rng.randrange(len(found))
        match rng.randrange(9):
            case 0:
                found[at] ^= 1 << rng.randrange(8)
            case 1:
                found[at] = rng.randrange(256)
            case 2:
                del found[at:]
            case 3:
                del found[at : at + rng.randint(1, 32)]
            case 4:
                found[at:at] = found[at : at + rng.randint(1, 200)]
            case 5:
                size = rng.choice((1, 2, 4, 8))
                new = rng.choice((b"\xff", b"\0", b"\x7f", b"\x80")) * size
                found[at : at + size] = new
            case 6:
                size = rng.choice((2, 4, 8))
                number = int.from_bytes(found[at : at + size], "little") + rng.randint(-40, 40)
                found[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, "little")
            case 7:
                other = rng.randrange(len(found))
                size = rng.randint(1, 64)
                found[at : at + size] = found[other : other + size]
            case 8:
                digits = [place for place, byte in enumerate(found) if 48 <= byte < 58]
                if digits:
                    place = rng.choice(digits)
                    found[place : place + 1] = rng.choice((b"9" * 19, b"-1", b"0", b"1e9", b"4"))
    return bytes(found)


def case(
    seeds: dict[str, dict[str, bytes]], seed: int, number: int, only: str | None
) -> tuple[str, dict[str, bytes]]:
    """The kind and the files of one number."""
    rng = random.Random(f"{seed}.{number}")
    kinds = [only] if only else list(seeds)
    kind = kinds[number % len(kinds)]
    files = dict(seeds[kind])
    name = rng.choice(list(files))
    files[name] = changed(files[name], rng)
    return kind, files


def resident() -> int:
    """The most memory that this process has had since it last asked."""
    text = Path("/proc/self/status").read_text()
    peak = int(text.partition("VmHWM:")[2].split()[0]) << 10
    Path("/proc/self/clear_refs").write_text("5")
    return peak


def run(path: str, size: int) -> str:
    """What comes of a file: "value", "refused", "memory" or "error: …"."""
    before = resident() if sys.platform == "linux" else 0
    before = resident() if before else 0
    try:
        file = open_file(path)
    except (GlueballError, OSError):
        return "refused" if not before or resident() - before <= 2 * size + SPARE else "memory"
    except Exception as error:
        return f"error: {type(error).__name__}: {error}"
    if before and resident() - before > 2 * size + SPARE:
        return "memory"
    result = "value"
    with file:
        for name in [*file, *file.aliases]:
            try:
                file.read(name)
            except (GlueballError, OSError):
                result = "refused"
            except Exception as error:
                return f"error: {type(error).__name__}: {error}"
    return result


def work(first: int, last: int, seed: int, only: str | None, state, results) -> None:
    """Numbers from first to last, one after the other; the state says which, and since when."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seeds = made()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        for number in range(first, last):
            kind, files = case(seeds, seed, number, only)
            for name, data in files.items():
                Path(folder, name).write_bytes(data)
            path = folder if kind == "shards" else os.path.join(folder, next(iter(files)))
            state[0], state[1] = number, time.monotonic()
            result = run(path, sum(map(len, files.values())))
            state[1] = 0.0
            results.put((number, kind, result))
            for name in files:
                Path(folder, name).unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    found: list[tuple[int, str, str]] = []
    context = multiprocessing.get_context("spawn")
    done, begun = 0, time.monotonic()
    seeds = made()

    def note(number: int, kind: str, result: str) -> None:
        nonlocal done
        done = max(done, number + 1)
        counts[kind][result.partition(":")[0]] += 1
        if result not in ("value", "refused"):
            found.append((number, kind, result))
            print(f"file {number} ({kind}): {result}", flush=True)

    while done < given.files:
        state, results = context.Array("d", [done, 0.0], lock=False), context.SimpleQueue()
        worker = context.Process(
            target=work, args=(done, given.files, given.seed, given.only, state, results)
        )
        worker.start()
        while True:
            alive = worker.is_alive()
            while not results.empty():
                note(*results.get())
            if not alive:
                break
            since = state[1]
            if since and time.monotonic() - since > SECONDS and state[1] == since:
                worker.kill()
                worker.join()
                while not results.empty():
                    note(*results.get())
                note(int(state[0]), case(seeds, given.seed, int(state[0]), given.only)[0], "hang")
                break
            time.sleep(0.02)
        worker.join()
        if worker.exitcode and not (found and found[-1][2] == "hang" and found[-1][0] == done - 1):
            note(done, case(seeds, given.seed, done, given.only)[0], f"crash: exit code {worker.exitcode}")

    print(f"{done} files in {time.monotonic() - begun:.0f} s, seed {given.seed}")
    columns = "value", "refused", "error", "memory", "hang", "crash"
    print(f"{'':<18}" + "".join(f"{column:>9}" for column in columns))
    for kind, counter in counts.items():
        print(f"{kind:<18}" + "".join(f"{counter[column]:>9}" for column in columns))
    if given.keep:
        for number, kind, _ in found:
            for name, data in case(seeds, given.seed, number, given.only)[1].items():
                target = given.keep / f"{kind}-{number}" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
