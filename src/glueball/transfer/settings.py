"""What values do not carry: settings of layers that differ, ties of one model that the other lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..views.table import names_text
from .matching import Match
from .pieces import Piece, Pieces

__all__ = ["activation_notes", "setting_notes", "tie_notes"]

# Kept here for the flattening, or told in the report where they matter.
_NOT_COMPARED = ("channels", "flattens", "flattened")
_WHILE_TRAINING = ("momentum",)
# What a layer that says nothing of a setting does; of settings that are not here nothing is known.
_USUAL = {"padding mode": "zeros", "added zero": False, "merge": "concat", "backwards": False}


def setting_notes(pairs: Sequence[Match]) -> list[str]:
    """A line for each setting that differs, with the layers that it concerns."""
    found: dict[tuple[str, Any, Any], list[str]] = {}
    for pair in pairs:
        mine, other = ({**_USUAL, **piece.layout.settings} for piece in (pair.source, pair.target))
        for name in mine:
            if name in other and name not in _NOT_COMPARED and not _equal(mine[name], other[name]):
                found.setdefault((name, str(mine[name]), str(other[name])), []).append(pair.target.name)
    return [
        f"{name} is {mine} in the source and {other} in the target: {names_text(layers)}"
        + (" (while it trains)" if name in _WHILE_TRAINING else "")
        for (name, mine, other), layers in found.items()
    ]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    return bool(one == other)


def activation_notes(source: Pieces, target: Pieces) -> list[str]:
    """Layers that compute GELU in the one model exactly and in the other by tanh."""
    ways: list[set[bool]] = [
        {bool(piece.layout.settings["approximate"]) for piece in model.all if piece.kind == "gelu"}
        for model in (source, target)
    ]
    if not all(ways) or ways[0] == ways[1]:
        return []
    words = [" and ".join("by tanh" if way else "exactly" for way in sorted(some)) for some in ways]
    return [f"GELU is computed {words[0]} in the source and {words[1]} in the target"]


def tie_notes(pairs: Sequence[Match]) -> list[str]:
    """A line for each array of the source that is tied there and is several in the target."""
    notes = []
    ways: dict[int, dict[str, set[int]]] = {}
    for pair in pairs:
        for name, row in pair.source.rows.items():
            if pair.source.tree.tied(row) and name in pair.target.rows:
                slot = f"{pair.source.path}.{pair.source.layout.arrays[name].site}"
                ways.setdefault(row, {}).setdefault(slot, set()).add(pair.target.rows[name])
    trees: dict[int, Piece] = {row: pair.target for pair in pairs for row in pair.source.rows.values()}
    for row, slots in ways.items():
        if len(slots) > 1 and len(set(map(frozenset, slots.values()))) > 1:
            tree = trees[row].tree
            others = sorted({tree.names[other] for rows in slots.values() for other in rows})
            notes.append(
                f"one array in the source, {', '.join(slots)}, is several in the target: {', '.join(others)}"
            )
    return notes
