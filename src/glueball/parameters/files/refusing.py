"""What to say when a file and a model do not fit: everything at once, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...adapter import Shape
from ...errors import LoadError, PatternError
from ...views.loads import LoadRow, failures_text
from ...views.table import names_text
from .inferring import infer
from .loaded import LoadReport
from .matching import Match
from .renaming import Rename, renamed
from .sources import Source

__all__ = ["ERRORS", "refusal"]

ERRORS = ("missing", "unexpected", "mismatch", "conflict", "unreadable", "dtype")
"""What a row may be that makes a load fail."""


def refusal(
    rows: Sequence[LoadRow],
    shape: Callable[[int], Shape | None],
    found: Match,
    source: Source,
    rename: Rename | None,
) -> LoadError:
    """The error with everything that does not fit, and what would mend it.

    Args:
        rows: what was judged.
        shape: gives that of a row.
        found: which names met.
        source: what was to be loaded.
        rename: the rules that were given.
    """
    wrong = [row for row in rows if row.status in ERRORS]
    counts: dict[str, int] = {}
    for row in wrong:
        counts[row.status] = counts.get(row.status, 0) + 1
    words = {"mismatch": "of another shape", "conflict": "in conflict", "dtype": "of another dtype"}
    told = ", ".join(f"{count:,} {words.get(status, status)}" for status, count in counts.items())
    lines = [f"{source.title} does not fit the model: {told}. Nothing was changed."]
    lines += [f"  {note}" for note in found.notes]
    lines += failures_text(wrong)
    if "missing" in counts and "unexpected" in counts:
        lines += _proposed(rows, shape, found, source, rename)
    elif "missing" in counts:
        lines.append('  To leave them as they are: missing="keep"; to initialise them: missing="default".')
    elif "unexpected" in counts:
        lines.append('  To leave them in the file: unexpected="ignore".')
    error = LoadError("\n".join(lines))
    error.report = LoadReport(source.title, rows, found.notes, None)
    return error


def _proposed(
    rows: Sequence[LoadRow],
    shape: Callable[[int], Shape | None],
    found: Match,
    source: Source,
    rename: Rename | None,
) -> list[str]:
    """Rename rules that would make it fit, or why there are none."""
    if callable(rename):
        return []
    tree, names = found.collection.tree, found.names
    if found.prefix:  # rules replace what was understood, so they are for all names
        wanted = {tree.names[row]: shape(row) for row in found.rows}
        there = dict(source.shapes)
    else:
        wanted = {row.name: row.shape for row in rows if row.status == "missing"}
        there = {
            names.get(row.source, row.source): source.shapes[source.kept(row.source)]
            for row in rows
            if row.status == "unexpected"
        }
    inferred = infer(wanted, there)
    if not inferred.rules:
        return [f"  {inferred.reason[0].upper()}{inferred.reason[1:]}"] if inferred.reason else []
    rules: Mapping[Any, str | None] = {**(rename or {}), **inferred.rules}
    try:
        made = set(renamed(source.names, rules).values())
    except PatternError:
        return []
    lost = [names[name] for mine in found.takes.values() for name in mine if names[name] not in made]
    if lost and not found.prefix:
        return [f"  Rules that would fit the rest would take names that fit: {names_text(lost)}."]
    return [
        f"  {'With these rules after yours' if rename else 'With this'} everything that is missing is found:",
        f"  {inferred}",
    ]
