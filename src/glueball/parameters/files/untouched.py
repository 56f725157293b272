"""What is still as its constructor made it, as far as that can be known.

glueball does not build models, and a tensor does not say who wrote it. What can be known: where a rule or a
load has put values, which is noted with the place (`origin`); where a verb has written; and, of a place that
was looked at before, whether its values are the same. Loading looks at all that it leaves alone, and so does
asking. What others wrote before glueball first looked, nobody can tell from the constructor's values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from weakref import ref

from ...slots import Tree
from ..origin import is_noted

__all__ = ["look", "touch", "untouched_rows"]

_TOUCHED = b""
_seen: dict[int, tuple[ref[Any], dict[str, bytes]]] = {}
"""By the `id` of a layer, until it dies: by attribute a fingerprint, or that a verb has written there."""


def _note(owner: Any, attribute: str, what: bytes) -> None:
    key = id(owner)
    if key not in _seen:

        def forget(gone: ref[Any], pop: Callable[..., Any] = _seen.pop) -> None:
            pop(key, None)

        try:
            _seen[key] = ref(owner, forget), {}
        except TypeError:  # a plain dict of arrays
            return
    _seen[key][1][attribute] = what


def touch(sites: Iterable[tuple[Any, str]]) -> None:
    """Note that a verb has written at these places."""
    for owner, attribute in sites:
        _note(owner, attribute, _TOUCHED)


def look(tree: Tree, rows: Iterable[int]) -> None:
    """Note the values of rows that were not looked at before, as a fingerprint."""
    for row in rows:
        _same(tree, row)


def _same(tree: Tree, row: int) -> bool:
    """Whether a row's values are those that were there when it was first looked at."""
    owner, attribute = tree.owners[tree.holders[row]], tree.attributes[row]
    adapter = tree.adapter
    array = adapter.get(owner, attribute)
    known = _seen.get(id(owner), (None, {}))[1].get(attribute)
    if known == _TOUCHED:
        return False
    if array is None or adapter.no_values(array):
        return True
    now = adapter.fingerprint(array)
    if known is None:
        _note(owner, attribute, now)
    return known in (None, now)


def untouched_rows(tree: Tree, rows: Sequence[int]) -> list[int]:
    """The rows that nothing has put values into since glueball first looked."""
    return [row for row in rows if not is_noted(tree.sites(row)) and _same(tree, row)]
