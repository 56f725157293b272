"""What a rule's initializer comes to for one parameter: which one, and what it may know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..adapter import Adapter
from ..errors import InitializerError
from ..init import Default, Initializer, Target
from ..slots import Tree
from ..views.table import names_text

__all__ = ["no_default", "resolve", "resolve_row", "target_of", "target_of_row"]


def target_of(adapter: Adapter, name: str, owner: Any, attribute: str, shape: tuple[int, ...]) -> Target:
    """What an initializer may know of the array at a site."""
    return Target(
        name,
        shape,
        adapter.fans(owner, attribute, shape),
        adapter.parts(owner, attribute),
        adapter.axes(owner, attribute, shape),
    )


def resolve(
    adapter: Adapter,
    how: Initializer,
    target: Target,
    owner: Any,
    attribute: str,
    above: Callable[[], Sequence[Any]],
) -> Initializer | None:
    """The initializer for a parameter, after all choosing; None where no default is known."""
    chosen = how.choose(target)
    if not isinstance(chosen, Default):
        return chosen
    default: Initializer | None = adapter.default(owner, attribute, target.shape, above)
    return default


def _place(tree: Tree, row: int) -> tuple[int, str]:
    """Owner and attribute of a row; of a part of a computed weight (weight_norm) those that it serves."""
    serves = tree.computed(row) if tree.computes else []
    return serves[0] if serves else (tree.holders[row], tree.attributes[row])


def target_of_row(tree: Tree, row: int, shape: tuple[int, ...]) -> Target:
    """What an initializer may know of a row."""
    at, attribute = _place(tree, row)
    return target_of(tree.adapter, tree.names[row], tree.owners[at], attribute, shape)


def resolve_row(tree: Tree, row: int, how: Initializer, target: Target) -> Initializer | None:
    """`resolve` for a row; a computed weight has a default only where one array makes it."""
    at, attribute = _place(tree, row)
    if tree.computes and tree.computed(row):
        own = tree.attributes[row]
        chosen = how.choose(target)
        if isinstance(chosen, Default) and own != "original" and not own.endswith("_orig"):
            return None

    def above() -> list[Any]:
        found, owner = [], tree.parents[at]
        while owner >= 0:
            found.append(tree.owners[owner])
            owner = tree.parents[owner]
        return found

    return resolve(tree.adapter, how, target, tree.owners[at], attribute, above)


def no_default(tree: Tree, rows: Sequence[int]) -> InitializerError:
    """The error for parameters of layers that nobody knows."""
    holders = [type(tree.owners[tree.holders[row]]).__name__ for row in rows]
    names = [f"{tree.names[row]} (of {kind})" for row, kind in zip(rows, holders, strict=True)]
    return InitializerError(
        f"no default is known for {names_text(names)}: the layer is not one of {tree.adapter.name}'s "
        f"own, or resets its parameters in a way of its own. Give a rule for it, and the rest its default: "
        f'{{{tree.names[rows[0]]!r}: 0, ".*": "default"}}. Nothing was changed.'
    )
