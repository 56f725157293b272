"""Records what real MXNet 1.9.1 does with the snippets in tests/gluon/recorded, for tests/golden.

Run with MXNet's own interpreter: python tools/golden_gluon_block.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "gluon"))

from recording import FOLDER, recorded, run  # noqa: E402

golden = {
    path.stem: {name: run(code, "mxnet") for name, code in recorded(path.stem).items()}
    for path in sorted(FOLDER.glob("[!c]*.py"))
}
printed = [line for area in golden.values() for part in area.values() for line in part]
assert not any(line.startswith("RAISED") for line in printed)
target = ROOT / "tests" / "golden" / "gluon_block.json"
target.write_text(json.dumps(golden, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
