"""A process that is killed while it saves, at any moment, leaves a whole checkpoint: the old one or the new.

GLUEBALL_KILLS says at how many moments of each kind (25 unless given).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork, as POSIX has them")

# One process that forks: each child saves version after version until it is killed.
SCRIPT = """
import json, os, random, signal, sys, time
import numpy as np
from glueball.checkpoints import hdf5, npz, params, pytorch, safetensors
from glueball.checkpoints.opening import open_file

way, folder, kills, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random.seed(seed)
path = os.path.join(folder, "net") if way != "shards" else os.path.join(folder, "shards")

def save(version):
    arrays = {f"layer.{i}": np.full(20_000, version, "f4") for i in range(6)}
    match way:
        case "safetensors":
            safetensors.write(path, arrays, metadata={"version": str(version)})
        case "shards":
            safetensors.write_shards(path, arrays, max_shard_size=170_000, metadata={"version": str(version)})
        case "npz":
            npz.write(path, arrays)
        case "params":
            params.write(path, arrays)
        case "pytorch":
            pytorch.write(path, arrays)
        case "hdf5":
            hdf5.write(path, arrays)

save(0)
version, seen = 0, []
for _ in range(kills):
    child = os.fork()
    if not child:
        while True:
            version += 1
            save(version)
    time.sleep(random.uniform(0, 0.04))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with open_file(path) as file:
        values = {float(value) for name in file for value in np.unique(file.read(name))}
        assert len(file) == 6 and len(values) == 1, values
        (value,) = values
        assert value >= version and file.metadata in ({}, {"version": str(int(value))})
        assert not file.other, file.other
    inside = os.listdir(path if way == "shards" else folder)
    rest = len(inside) - (len(file.files) + 1 if way == "shards" else 1)
    seen.append([int(value) - version, rest])
    version = int(value)
    if way == "shards":  # what was left is removed by the next save
        save(version + 1)
        left = os.listdir(path)
        with open_file(path) as file:
            kept = {os.path.basename(shard) for shard in file.files}
        assert {name for name in left if not name.startswith(".")} == kept | {"model.safetensors.index.json"}
        version += 1
    for name in os.listdir(folder):
        if name.startswith(".glueball-"):
            os.unlink(os.path.join(folder, name))
print(json.dumps(seen))
"""


@pytest.mark.parametrize("way", ["safetensors", "shards", "npz", "params", "pytorch", "hdf5"])
def test_a_killed_save_leaves_a_whole_checkpoint(tmp_path, way):
    if way == "hdf5":
        pytest.importorskip("h5py")
    kills = int(os.environ.get("GLUEBALL_KILLS", "25"))
    seed = int.from_bytes(os.urandom(4), "little")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way, str(tmp_path), str(kills), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}:\n{done.stderr}"
    seen = json.loads(done.stdout)
    assert len(seen) == kills
    # The test has seen what it is about: some were killed in the middle, which left something behind.
    assert sum(rest > 0 for _, rest in seen) > kills / 10, seen


MANY = """
import os, sys
import numpy as np
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.safetensors import write_shards

folder = sys.argv[1]
children = []
for process in range(4):
    children.append(os.fork())
    if not children[-1]:
        for version in range(8):
            arrays = {f"layer.{i}": np.full(1000, 10 * process + version, "f4") for i in range(6)}
            write_shards(folder, arrays, max_shard_size=9000)
        os._exit(0)
assert not any(os.waitpid(child, 0)[1] for child in children)
with open_file(folder) as file:
    assert len({float(file.read(name, 0)) for name in file}) == 1 and len(file) == 6
    assert len(os.listdir(folder)) == len(file.files) + 1
"""


def test_processes_that_save_into_one_folder_wait_for_each_other(tmp_path):
    pytest.importorskip("fcntl")
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
