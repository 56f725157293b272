"""Golden data for Gluon, from MXNet itself: what each snippet and each script was seen to do.

    python tools/golden_gluon.py            write tests/golden/gluon_snippets.json and gluon_scripts/
    python tools/golden_gluon.py --check    run everything again, say what differs from the files
    python tools/golden_gluon.py naming/    print what the snippets whose names start so do; write nothing

It runs where MXNet is installed (mxnet 1.9.1 wants Python 3.8 and numpy 1.23). Each snippet and each
script has a process of its own, forked when MXNet is imported and nothing has been drawn or named.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

os.environ.setdefault("MXNET_ENGINE_TYPE", "NaiveEngine")  # errors come from the line that causes them
os.environ["OMP_NUM_THREADS"] = "1"  # sums in one order
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "gluon"))

import mxnet
from comparison import difference, differences
from corpus import GOLDEN, GOLDEN_SCRIPTS, SCRIPTS, digest, execute, snippets

# MXNet 1.9.1 uses names that the last NumPy it runs on calls old: no behaviour of Gluon's.
NUMPYS = "`np."


def snippet(code: str) -> dict:
    seen = execute(code)
    seen["warnings"] = [warning for warning in seen["warnings"] if NUMPYS not in warning[1]]
    return {"code": digest(code), **seen}


def script(path: str) -> str:
    with redirect_stdout(StringIO()) as printed:
        runpy.run_path(path, run_name="__main__")
    return printed.getvalue()


def apart(function, argument, seconds: int = 120):
    """Call the function in a forked process and return what it returns, sent as JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(seconds)
        os.close(reading)
        with os.fdopen(writing, "w") as sent:
            json.dump(function(argument), sent)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as received:
        text = received.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"status {status} from {argument}")
    return json.loads(text)


def main(arguments: list[str]) -> int:
    checking = arguments == ["--check"]
    prefix = "" if checking or not arguments else arguments[0]
    seen = {name: apart(snippet, code) for name, code in snippets().items() if name.startswith(prefix)}
    if prefix:
        for name, record in seen.items():
            print(f"# {name}", "\n".join(record["stdout"]).rstrip(), sep="\n")
            for key in ("exception", "warnings"):
                if record[key]:
                    print(f"  {key}: {record[key]}")
        return 0
    printed = {path.stem: apart(script, str(path)) for path in sorted(SCRIPTS.glob("*.py"))}
    if checking:
        golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["snippets"]
        bad = 0
        for name, record in seen.items():
            for line in differences(golden[name], record) if name in golden else ["new"]:
                print(f"{name}: {line}")
                bad += 1
        for name, text in printed.items():
            wanted = (GOLDEN_SCRIPTS / f"{name}.txt").read_text(encoding="utf-8")
            line = difference(wanted, text, atol=1e-12, zeros=True)
            if line:
                print(f"{name}: {line}")
                bad += 1
        print(f"{len(seen)} snippets, {len(printed)} scripts, {bad} differences")
        return bool(bad)
    made = {"source": f"mxnet {mxnet.__version__}", "snippets": seen}
    GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, text in printed.items():
        (GOLDEN_SCRIPTS / f"{name}.txt").write_text(text, encoding="utf-8")
    print(f"{len(seen)} snippets, {len(printed)} scripts")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
