"""Matching the names of what is loaded with those of a model; shapes and policies come after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import NothingSelectedError, PatternError
from ...patterns import Pattern, nothing_selected, select_rows
from ...slots import Tree
from ..collection import Collection
from ..selection import Selection
from .policies import Policy, row_policies, takes_name
from .renaming import Rename, renamed, unwrapped
from .sources import Source
from .whole import saved_rows

__all__ = ["Match", "match"]


class Match(NamedTuple):
    """Which array of a source each parameter takes.

    Attributes:
        collection: the model's.
        rows: of the parameters that are to be loaded, in order.
        takes: row -> the names that lead to it, as they are in the source; of a tied parameter several.
        missing: row -> policy, where none does.
        unexpected: names of arrays that lead nowhere in the model.
        left: names of arrays that were not asked for.
        names: name in the source -> what it became by renaming.
        notes: what was understood, in sentences.
        prefix: whether a prefix was understood.
    """

    collection: Collection
    rows: Sequence[int]
    takes: dict[int, list[str]]
    missing: dict[int, Policy]
    unexpected: list[str]
    left: list[str]
    names: dict[str, str]
    notes: list[str]
    prefix: bool


def match(
    selection: Selection,
    source: Source,
    *,
    include: Pattern | None,
    exclude: Pattern | None,
    rename: Rename | None,
    missing: Any,
) -> Match:
    """Find the array of each parameter by name.

    Raises:
        NothingSelectedError, PatternError: a pattern that takes nothing, or that is none.
    """
    collection, every = saved_rows(selection)
    tree, handle = collection.tree, collection.handle
    rows = _asked(tree, every, handle, include, exclude)
    lookup = _lookup(tree)
    policies = row_policies("missing", missing, ("error", "keep"), tree, rows, handle)
    notes: list[str] = []
    beside: list[str] = []
    prefix = False
    paths = _own_paths(tree, source) if rename is None else {}
    if rename is not None:
        names = renamed(source.names, rename)
    elif paths:
        # What is no variable of the model is the state of the optimizer that it was trained with.
        beside = [name for name in source.shapes if not paths.get(name) and name.startswith("optimizer/")]
        names = {name: paths.get(name) or name for name in source.names}
        for name in beside:
            del names[name]
        notes.append(f"by the paths that {tree.adapter.name.capitalize()} has in its own files")
    else:
        slots = [tree.slots(row) for row in rows if policies[row] == "error"]
        found = unwrapped(source.names, lookup, slots)
        names, beside, prefix = found.names, found.beside, bool(found.note)
        notes += [found.note] * prefix
    # Attributes of HDF5, the versions that a state_dict has of its layers, and layers without variables tell
    # little.
    other = [
        what
        for what in source.other
        if "@" not in what and what.split(".")[-1] != "_metadata" and not (paths and what.endswith("vars"))
    ]
    if other:
        more = ", …" if len(other) > 4 else ""
        notes.append(f"besides arrays the file has {', '.join(other[:4])}{more}")
    wanted = set(rows)
    takes: dict[int, list[str]] = {}
    others = _elsewhere(selection, lookup)
    left: list[str] = []
    lost: list[str] = []
    of_array: dict[str, list[str]] = {}
    for name in source.names:
        of_array.setdefault(source.kept(name), []).append(name)
    for mine in of_array.values():
        new = [(name, names[name]) for name in mine if name in names]
        here = [(name, lookup[text]) for name, text in new if text in lookup]
        for name, row in here:
            if row in wanted:
                takes.setdefault(row, []).append(name)
        if len(here) == 1 and here[0][1] in wanted:
            continue
        led = {row for _, row in here}
        if led.isdisjoint(wanted):
            theirs = led or any(text in others for _, text in new)
            judged = theirs or not new or not _in_question([text for _, text in new], include, exclude)
            (left if judged else lost).append(mine[0])
        elif len(led & wanted) > 1:
            tied = ", ".join(tree.names[row] for row in sorted(led))
            notes.append(f"tied in {source.title} and not in the model: {tied}")
    _check_unique(tree, takes, names, source)
    left = [name for name in left if name not in beside]
    if beside:
        notes.append(
            f"{len(beside):,} arrays that a trainer keeps beside the model were left: {beside[0]}, …"
        )
    absent = {row: policies[row] for row in rows if row not in takes}
    return Match(collection, rows, takes, absent, lost, left, names, notes, prefix)


def _own_paths(tree: Tree, source: Source) -> dict[str, str | None]:
    """Slot by path, for a file of the model's own framework; None for what that keeps beside the model.

    Empty where the file has no such paths.
    """
    if source.file is None or source.file.format not in ("hdf5", "keras"):
        return {}
    found = tree.adapter.saved_paths(tree.root)
    if not any(path in source.shapes for path in found):
        return {}
    rows = {id(array): row for row, array in enumerate(tree.arrays(range(len(tree))))}
    return {path: tree.names[rows[id(one)]] if id(one) in rows else None for path, one in found.items()}


def _asked(
    tree: Tree, rows: Sequence[int], handle: Any, include: Pattern | None, exclude: Pattern | None
) -> Sequence[int]:
    for pattern, kept in ((include, True), (exclude, False)):
        if pattern is None:
            continue
        taken = set(select_rows(tree, pattern, rows, handle))
        if not taken:
            raise nothing_selected(tree, pattern, rows)
        rows = [row for row in rows if (row in taken) == kept]
    if not rows:
        raise NothingSelectedError("there is nothing to load into: no parameter is left.")
    return rows


def _lookup(tree: Tree) -> dict[str, int]:
    """Row by every name that means the array itself: its slots, and the name that its layer has for it."""
    lookup = dict(tree.by_name)
    for row in tree.rows_with_more_slots:
        lookup |= dict.fromkeys(tree.slots(row), row)
    own: dict[str, list[int]] = {}
    for row, name in tree.own_names.items():
        own.setdefault(name, []).append(row)
    for name, rows in own.items():
        if len(rows) == 1:
            lookup.setdefault(name, rows[0])
    return lookup


def _elsewhere(selection: Selection, lookup: dict[str, int]) -> set[str]:
    """Names in the model that the collection has not: its buffers, of a selection of parameters."""
    tree = selection._collection.tree
    if tree.with_buffers or len(selection) == len(tree):
        return set()
    whole = tree.adapter.walk(tree.root, True)
    return set(whole.names).difference(lookup)


def _in_question(texts: list[str], include: Pattern | None, exclude: Pattern | None) -> bool:
    """Whether names that the model has not were asked for, as far as patterns can say."""
    try:
        if include is not None and not any(takes_name(include, text) for text in texts):
            return False
        return exclude is None or not any(takes_name(exclude, text) for text in texts)
    except PatternError:  # a class, a predicate: made for parameters
        return True


def _check_unique(tree: Tree, takes: dict[int, list[str]], names: dict[str, str], source: Source) -> None:
    """Two arrays of the source must not have become one name."""
    for mine in takes.values():
        made: dict[str, str] = {}
        for name in mine:
            other = made.setdefault(names[name], name)
            if source.kept(other) != source.kept(name):
                raise PatternError(f"rename makes {names[name]!r} of both {other!r} and {name!r}.")
