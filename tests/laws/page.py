"""The table of `docs/frameworks.md`, made from the laws. `python tests/laws/page.py` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from laws.table import FRAMEWORKS
from laws.verbs import LAWS

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"
_BEGIN, _END = "<!-- the laws -->\n", "<!-- end of the laws -->\n"


def table() -> str:
    """Laws downwards, frameworks across; a cell that cannot be has the number of its error below."""
    notes: dict[str, list[str]] = {}
    lines = [
        "| | " + " | ".join(f.title for f in FRAMEWORKS) + " |",
        "|---|" + ":-:|" * len(FRAMEWORKS),
    ]
    for name, (title, _) in LAWS.items():
        cells = []
        for framework in FRAMEWORKS:
            if name not in framework.refuses:
                cells.append("✓")
                continue
            error, _, why = framework.refuses[name]
            note = f"`{error.__name__}`: {why}."
            told = notes.setdefault(note, [])
            told.append(framework.id)
            cells.append(f"{list(notes).index(note) + 1}")
        lines.append(f"| {title.replace('|', chr(92) + '|')} | " + " | ".join(cells) + " |")
    told = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *told, ""])


def with_table(text: str) -> str:
    """A page with the table as it is now."""
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
