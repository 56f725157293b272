"""What a whole model is in a file: its parameters, and the buffers that are saved with it."""

from __future__ import annotations

from collections.abc import Sequence

from ..collection import Collection
from ..selection import Selection

__all__ = ["saved_rows"]


def saved_rows(selection: Selection) -> tuple[Collection, Sequence[int]]:
    """The collection and the rows that a file has of a selection.

    Of all parameters of a model, its persistent buffers too, so that the file is the model's whole state;
    of a part what was selected. Buffers that are not saved with a model are never among them.
    """
    collection, rows = selection._collection, selection._rows
    if len(rows) == len(collection.tree) and not collection.tree.with_buffers:
        tree = collection.tree
        collection = Collection(tree.adapter.walk(tree.root, True))
        rows = range(len(collection.tree))
    buffers = collection.tree.buffers
    return collection, [row for row in rows if buffers.get(row, True)]
