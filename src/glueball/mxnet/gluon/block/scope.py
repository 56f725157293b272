"""Names of blocks: counters of the thread, or of the block in whose `name_scope()` they are made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...name import NameManager
from ..parameter import ParameterDict

if TYPE_CHECKING:
    from .node import Node

__all__ = ["NameScope", "name_of"]


class _Current(threading.local):
    scope: NameScope | None = None


_current = _Current()


class NameScope:
    """A `with` in which new blocks are named as children of a block, counted by it alone.

    The block keeps the counts and not its scope, so that it is freed with the last reference to it.
    """

    def __init__(self, block: Node) -> None:
        self._block = block
        self._before: list[NameScope | None] = []

    def __enter__(self) -> NameScope:
        self._before.append(_current.scope)
        if not self._block._empty_prefix:
            _current.scope = self
        return self

    def __exit__(self, *raised: object) -> None:
        _current.scope = self._before.pop()

    def _next(self, hint: str) -> str:
        """The next prefix for a child of this kind."""
        counts = self._block._scope_counts
        number = counts.get(hint, 0)
        counts[hint] = number + 1
        return f"{hint}{number}_"


def name_of(prefix: str | None, params: ParameterDict | None, hint: str) -> tuple[str, ParameterDict]:
    """The whole prefix of a new block, and its own dictionary.

    Args:
        prefix: what the user gave.
        params: another block's dictionary, to be shared.
        hint: what the counter counts where there is no prefix.
    """
    scope = _current.scope
    if scope is None:
        if prefix is None:
            prefix = NameManager._in_force().get(None, hint) + "_"
        if params is None:
            return prefix, ParameterDict(prefix)
        return prefix, ParameterDict(params.prefix, params)
    above = scope._block
    if prefix is None:
        prefix = scope._next(hint)
    if params is None:
        params = ParameterDict(above.params.prefix + prefix, above.params._shared)
    else:
        params = ParameterDict(params.prefix, params)
    return above.prefix + prefix, params
