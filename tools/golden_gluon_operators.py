"""Golden data for the operators, from MXNet itself: results, gradients and errors.

    python tools/golden_gluon_operators.py > tests/golden/gluon_operators.json

Runs where mxnet 1.9.1 is installed (Python 3.8, numpy 1.23). What is asked stands in
tests/gluon/operator_expressions.py. Wrong arguments can make MXNet write where it should not, so each
group is asked in a process of its own, and twice: what differs is no answer.
"""

import json
import os
import subprocess
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "gluon"))

from operator_cases import answer
from operator_expressions import GROUPS


def ask(group):
    """Answer a group's expressions, one line each."""
    import mxnet as mx

    for expression in GROUPS[group]:
        print(json.dumps([expression, answer(mx, expression)]), flush=True)
    os._exit(0)  # MXNet does not always survive its own end


def asked(group):
    """The answers of a group from a new process; again where it did not come to its end."""
    environment = dict(os.environ, MXNET_MKLDNN_ENABLED="0")  # its descriptors fail at random
    for _ in range(5):
        run = subprocess.run(
            [sys.executable, __file__, group],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if run.returncode == 0:
            return dict(json.loads(line) for line in run.stdout.decode().splitlines() if line.startswith("["))
    raise SystemExit("MXNet does not come to the end of " + group)


if len(sys.argv) > 1:
    warnings.simplefilter("ignore")
    ask(sys.argv[1])
lines = []
for group in GROUPS:
    first, second = asked(group), asked(group)
    for expression, found in first.items():
        if found == second[expression]:
            lines.append(f"{json.dumps(expression)}: {json.dumps(found)}")
        else:
            print("differs: " + expression, file=sys.stderr)
print("{\n" + ",\n".join(dict.fromkeys(lines)) + "\n}")
