"""What a rule's initializer comes to for one parameter: which one, and what it may know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...adapter import Adapter
from ...errors import InitializerError
from ...init import Default, Initializer, Target
from ...slots import Tree
from ...views.table import names_text

__all__ = ["no_default", "part_of", "resolve", "resolve_row", "target_of", "target_of_row"]


def target_of(adapter: Adapter, name: str, owner: Any, attribute: str, shape: tuple[int, ...]) -> Target:
    """What an initializer may know of the array at a site."""
    stacked = adapter.stacked(owner, attribute, shape)
    one = shape[stacked:]
    return Target(
        name,
        shape,
        adapter.fans(owner, attribute, one),
        adapter.parts(owner, attribute),
        adapter.axes(owner, attribute, one),
        *adapter.packing(owner, attribute, one),
        stacked,
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
    default: Initializer | None = adapter.default(owner, attribute, target.one.shape, above)
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
    """`resolve` for a row; `Default` itself for a part that is computed from another when that is filled."""
    at, attribute = _place(tree, row)
    if tree.computes and tree.computed(row):
        chosen = how.choose(target)
        part = part_of(tree, row)
        if isinstance(chosen, Default) and part is not True:
            return chosen if part else None

    def above() -> list[Any]:
        found, owner = [], tree.parents[at]
        while owner >= 0:
            found.append(tree.owners[owner])
            owner = tree.parents[owner]
        return found

    return resolve(tree.adapter, how, target, tree.owners[at], attribute, above)


def part_of(tree: Tree, row: int) -> Any:
    """What the adapter knows of a row as a part of a computed weight (`Adapter.part`)."""
    return tree.adapter.part(tree.owners[tree.holders[row]], tree.attributes[row])


def no_default(tree: Tree, rows: Sequence[int]) -> InitializerError:
    """The error for parameters of layers that nobody knows."""
    names, parts = [], 0
    for row in rows:
        serves = tree.computed(row) if tree.computes and not part_of(tree, row) else []
        parts += bool(serves)
        kind = type(tree.owners[_place(tree, row)[0]]).__name__
        what = f"of {kind}"
        if serves:
            what = f"a part from which the {serves[0][1]} {what} is computed"
        names.append(f"{tree.names[row]} ({what})")
    why = f"the layer is not one of {tree.adapter.name}'s own, or resets its parameters in a way of its own"
    if parts == len(rows):
        why = "how it is computed is not known"
    elif parts:
        why += "; or how a part is used is not known"
    return InitializerError(
        f"no default is known for {names_text(names)}: {why}. Give a rule for it, and the rest its default: "
        f'{{{tree.names[rows[0]]!r}: 0, ".*": "default"}}. Nothing was changed.'
    )
