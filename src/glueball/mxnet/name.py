"""How things without a name get one: a hint and a counter, each thread's own."""

from __future__ import annotations

import threading
import warnings
from typing import Any

from .base import MXNetType

__all__ = ["NameManager", "Prefix"]


class _Current(threading.local):
    managers: list[NameManager] | None = None


class _Managers(MXNetType):
    """`NameManager.current` is MXNet's way to ask for the one in force in this thread."""

    @property
    def current(cls) -> NameManager:
        warnings.warn(
            "NameManager.current has been deprecated. "
            "It is advised to use the `with` statement with NameManager.",
            DeprecationWarning,
            stacklevel=2,
        )
        return cls._in_force()  # type: ignore[attr-defined, no-any-return]


class NameManager(metaclass=_Managers):
    """Gives names that were not given: `dense0`, `dense1`, …; as a context manager, counts anew.

    >>> from glueball import mxnet as mx
    >>> with mx.name.NameManager() as names:
    ...     names.get(None, "dense"), names.get(None, "dense"), names.get("mine", "dense")
    ('dense0', 'dense1', 'mine')
    """

    _current = _Current()

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}

    def get(self, name: str | None, hint: str) -> str:
        """The name itself if there is one, else the hint and its next number."""
        if name:
            return name
        number = self._counter.get(hint, 0)
        self._counter[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> NameManager:
        NameManager._in_force()
        assert NameManager._current.managers
        NameManager._current.managers.append(self)
        return self

    def __exit__(self, *raised: Any) -> None:
        assert NameManager._current.managers
        NameManager._current.managers.pop()

    @staticmethod
    def _in_force() -> NameManager:
        """The one in force in this thread."""
        if NameManager._current.managers is None:
            NameManager._current.managers = [NameManager()]
        return NameManager._current.managers[-1]


class Prefix(NameManager):
    """Puts a prefix before every name, those that were given too.

    >>> from glueball import mxnet as mx
    >>> with mx.name.Prefix("net_") as names:
    ...     names.get(None, "dense"), names.get("mine", "dense")
    ('net_dense0', 'net_mine')
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        """The prefix, and the name that there would be without it."""
        return self._prefix + super().get(name, hint)
