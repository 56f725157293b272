"""Gradients that are handed over: for frameworks whose arrays do not keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import NameNotFoundError, ShapeError
from ..patterns import nearest
from ..slots import Tree
from ..views.table import names_text

__all__ = ["attach"]


def attach(tree: Tree, rows: Sequence[int], grads: Any) -> None:
    """Keep a gradient for each row that gets one; all are checked first."""
    if grads is None or np.isscalar(grads):
        raise ShapeError(
            f"the gradients are of {type(grads).__name__}: give what the gradient function returned, or "
            f"{{name: gradient}}."
        )
    given = tree.adapter.gradients(tree.root, grads)
    named = given if isinstance(given, Mapping) else _in_order(tree, rows, given)
    found: dict[int, Any] = {}
    inside = set(rows)
    for name, gradient in named.items():
        row = _row(tree, name)
        if row is None:
            near = ", ".join(nearest(name, tree.names)) or "none"
            raise NameNotFoundError(
                f"a gradient is for {name!r}, and no parameter is called so; nearest: {near}."
            )
        if gradient is None or row not in inside:
            continue
        shape = tree.facts(row, tree.array(row)).shape
        if not hasattr(gradient, "shape"):
            raise ShapeError(
                f"the gradient of {tree.names[row]!r} is a {type(gradient).__name__}: give an array."
            )
        if tuple(gradient.shape) != shape:
            raise ShapeError(f"{tree.names[row]!r} has shape {shape}, its gradient {tuple(gradient.shape)}.")
        found[row] = found[row] + gradient if row in found else gradient
    for row in rows:
        tree.attached.pop(row, None)
    tree.attached.update(found)


def _row(tree: Tree, name: str) -> int | None:
    if name in tree.by_name:
        return tree.by_name[name]
    rows = tree.by_other_name.get(name, ())
    return rows[0] if len(rows) == 1 else None


def _in_order(tree: Tree, rows: Sequence[int], grads: Sequence[Any]) -> dict[str, Any]:
    """Gradients one after the other: for all that trains in the model, or in the selection."""
    arrays = tree.arrays(range(len(tree)))
    trains = [
        row for row, array in enumerate(arrays) if row not in tree.buffers and tree.adapter.trainable(array)
    ]
    chosen = set(rows)
    here = [row for row in trains if row in chosen]
    for some in (here, trains):
        if len(some) == len(grads):
            return {tree.names[row]: gradient for row, gradient in zip(some, grads, strict=True)}
    raise ShapeError(
        f"{len(grads)} gradients were given, and {len(here)} parameters train here: "
        f"{names_text([tree.names[row] for row in here])}. Give them in this order, or by name."
    )
