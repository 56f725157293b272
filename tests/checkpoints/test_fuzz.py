"""A short run of the fuzzer; the long one is `python tools/fuzz_checkpoints.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "fuzz_checkpoints.py"


@pytest.mark.skipif(sys.platform == "win32", reason="the tool limits its processes as POSIX has it")
def test_damaged_files_end_in_a_value_or_an_error_of_ours():
    seed = int.from_bytes(os.urandom(4), "little")
    command = [sys.executable, str(TOOL), "1000", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}:\n{done.stdout}{done.stderr}"
    rows = {line[:18].strip(): line[18:].split() for line in done.stdout.splitlines()[2:]}
    assert len(rows) >= 6 and all(int(row[1]) for row in rows.values()), done.stdout
    assert sum(int(row[0]) for row in rows.values()) > 20, done.stdout
