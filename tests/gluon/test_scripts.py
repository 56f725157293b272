"""`glueball run` on the code of the Gluon book and lecture prints what MXNet 1.9.1 prints."""

import os
import subprocess
import sys

import pytest
from comparison import difference
from corpus import GOLDEN_SCRIPTS, SCRIPTS

SHELL = "import sys; from glueball.cli import main; sys.exit(main())"


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_prints_what_mxnet_prints(path):
    # Warnings are errors here too, so that nothing of torch's or NumPy's reaches the reader.
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", SHELL, "run", str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert ran.returncode == 0, ran.stderr
    wanted = (GOLDEN_SCRIPTS / f"{path.stem}.txt").read_text(encoding="utf-8")
    assert not difference(wanted, ran.stdout, atol=1e-12, zeros=True)
