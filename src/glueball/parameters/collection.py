"""What all selections of one collected model share: the tree, the handles, what was learnt of aliases.

A selection says how it chooses rows; when the tree is renewed (`refresh`, a tie) each chooses again when
next asked, so no selection is left behind on an old one.
"""

from __future__ import annotations

from typing import Any

from ..slots import Tree
from .parameter import Parameter

__all__ = ["Collection"]


class Collection:
    """One walk over a model, and the Parameter objects that were asked for."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.aliases: list[tuple[str, ...]] = []
        self._handles: dict[int, Parameter] = {}

    def handle(self, row: int) -> Parameter:
        """The Parameter of a row, the same object each time."""
        found = self._handles.get(row)
        if found is None:
            found = self._handles[row] = Parameter(self.tree, row)
        return found

    def names_of(self) -> dict[int, str]:
        """Name by the `id` of the model's own object, as the model is now."""
        tree = self.tree
        own = tree.adapter.own(tree.arrays(range(len(tree))))
        return {id(array): name for array, name in zip(own, tree.names, strict=True)}

    def walk(self) -> Tree:
        """The model as it is now."""
        tree: Tree = self.tree.adapter.walk(self.tree.root, self.tree.with_buffers)
        return tree

    def renew(self) -> None:
        """See the model as it is now. Parameter objects go over to the new tree by any of their slots.

        One whose slots are all gone stays on the old tree, and says that it left the model.
        """
        old, self.tree = self.tree, self.walk()
        for row, gradient in old.attached.items():
            new = self._row(old.names[row])
            if new is not None:
                self.tree.attached[new] = gradient
        handles, self._handles = self._handles, {}
        for row, handle in handles.items():
            for slot in old.slots(row):
                new = self._row(slot)
                if new is not None:
                    handle.move(self.tree, new, self._handles.setdefault(new, handle))
                    break

    def _row(self, slot: str) -> int | None:
        tree: Any = self.tree
        if slot in tree.by_name:
            return int(tree.by_name[slot])
        rows = tree.by_other_name.get(slot, ())
        return rows[0] if len(rows) == 1 else None
