"""Record what real MXNet 1.9.1's layers and losses compute: tests/golden/gluon_layers.json.

Run it with the Python of an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.8):

    python tools/golden_gluon_layers.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mxnet as mx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "gluon"))

import layer_cases as cases  # noqa: E402

seen = {
    "layers": {cases.key(*case): cases.layer_seen(mx, mx.random.seed, *case) for case in cases.LAYERS},
    "losses": {cases.key(*case): cases.loss_seen(mx, *case) for case in cases.LOSSES},
}
written = {
    part: ",\n".join(
        f"{json.dumps(name)}: {json.dumps(values, separators=(',', ':'))}" for name, values in found.items()
    )
    for part, found in seen.items()
}
text = ",\n".join(f'"{part}": {{\n{lines}\n}}' for part, lines in written.items())
target = ROOT / "tests" / "golden" / "gluon_layers.json"
target.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
