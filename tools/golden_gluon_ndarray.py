"""Keep what real MXNet 1.9.1 does on the transcripts: writes tests/golden/gluon_ndarray.json.

    python3.8 tools/golden_gluon_ndarray.py

Run it where `pip install mxnet==1.9.1 numpy==1.23.5` is; the transcripts are tests/gluon/transcripts/*.txt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mxnet as mx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "gluon"))
import transcript  # Python 3.8 finds it there

GOLDEN = {name: transcript.run(paragraph, mx) for name, paragraph in transcript.paragraphs().items()}

with transcript.GOLDEN.open("w", encoding="utf-8") as file:
    lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in GOLDEN.items())
    file.write("{\n" + ",\n".join(lines) + "\n}\n")
