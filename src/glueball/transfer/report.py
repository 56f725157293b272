"""What a transfer did, or why it was not done, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..views.table import Listing, names_text, plural
from .matching import Match
from .pieces import Piece

__all__ = ["Transfer", "TransferRow", "Wrong", "how", "wrong_table"]


class TransferRow(NamedTuple):
    """One layer of a transfer.

    Attributes:
        source: the layer that the values come from.
        target: the layer that they went to.
        kind: what both are ("dense", "batch norm").
        matched: by what they were matched: "name", "rename" or "order".
        turned: what was done to the values ("kernel: out, in → in, out"); "" where nothing was.
    """

    source: str
    target: str
    kind: str
    matched: str
    turned: str


class Transfer:
    """The report of a transfer: it prints as a table.

    Attributes:
        rows: one for each layer.
        kept: parameters and statistics of the target that were left as they were.
        unused: parameters and statistics of the source that went nowhere.
        notes: what values alone do not carry: settings that differ, ties, arrays copied as they are.
        model: the target; of an immutable one what it is now.
    """

    def __init__(
        self,
        rows: Sequence[TransferRow],
        kept: Sequence[str],
        unused: Sequence[str],
        notes: Sequence[str],
        model: Any,
    ) -> None:
        self.rows = list(rows)
        self.kept = list(kept)
        self.unused = list(unused)
        self.notes = list(notes)
        self.model = model

    def table(self, *, limit: int | None = 60) -> Listing:
        """The report as a table of at most so many lines."""
        below = [f"{plural(len(self.rows), 'layer')} transferred"]
        if self.kept:
            below.append(f"left as they were in the target: {names_text(self.kept)}")
        if self.unused:
            below.append(f"not taken from the source: {names_text(self.unused)}")
        below += [f"note: {note}" for note in self.notes]
        return Listing(["source", "target", "kind", "matched by", "turned"], self.rows, below, limit)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Listing:
        return self.table()


class Wrong(NamedTuple):
    """What stands in the way of a transfer: a layer of either model, and why."""

    source: Piece | None
    target: Piece | None
    reason: str


def wrong_table(wrong: Sequence[Wrong]) -> Listing:
    """What stands in the way, as a table."""

    def line(one: Wrong) -> list[str]:
        piece = one.source or one.target
        assert piece is not None
        source, target = ("" if side is None else side.name for side in (one.source, one.target))
        return [source, target, piece.kind, piece.sizes_text(), one.reason]

    return Listing(["source", "target", "kind", "sizes", ""], [line(one) for one in wrong], [], limit=None)


def how(pair: Match, remarks: Sequence[str]) -> str:
    """What is done to the values of a layer."""
    said: dict[str, dict[str, None]] = {}
    for name, held in pair.source.layout.arrays.items():
        other = pair.target.layout.arrays.get(name)
        if other is not None and held.form != other.form:
            turn = f"{held.form or 'plain'} → {other.form or 'plain'}"
            said.setdefault(turn, {})[name.partition(".")[0].replace("_", " ")] = None
    return "; ".join([*(f"{', '.join(names)}: {turn}" for turn, names in said.items()), *remarks])
