"""What `import glueball` costs over `import numpy, rich`.

Fresh processes, alternating so that both see the same machine; the time of the import statement
alone, without the interpreter's start, with bytecode kept as it is after `pip install`. Medians in
milliseconds.

    python benchmarks/import_time.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

BUDGET_MS = 60

TIMED = """
from time import perf_counter
start = perf_counter()
import {modules}
print((perf_counter() - start) * 1000)
"""


def milliseconds(modules: str, bytecode: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    run = subprocess.run(
        [sys.executable, "-c", TIMED.format(modules=modules)],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    )
    return float(run.stdout)


def main(rounds: int) -> None:
    statements = ("numpy, rich", "glueball")
    times: dict[str, list[float]] = {modules: [] for modules in statements}
    with tempfile.TemporaryDirectory() as bytecode:
        for modules in statements:
            milliseconds(modules, bytecode)  # once unmeasured: it writes the bytecode
        for _ in range(rounds):
            for modules in statements:
                times[modules].append(milliseconds(modules, bytecode))
    base, ours = (statistics.median(times[modules]) for modules in statements)
    print(f"{'statement':<24}{'median ms':>10}{'least ms':>10}")
    for modules in statements:
        median, least = statistics.median(times[modules]), min(times[modules])
        print(f"{'import ' + modules:<24}{median:>10.1f}{least:>10.1f}")
    print(f"{'difference':<24}{ours - base:>10.1f}   (budget {BUDGET_MS})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
