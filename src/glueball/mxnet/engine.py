"""MXNet's engine bundled small operators; torch runs each as it comes, so the size is only remembered."""

from __future__ import annotations

from typing import Any

__all__ = ["bulk", "set_bulk_size"]


class _Size:
    now = 0


def set_bulk_size(size: int) -> int:
    """Remember a size; returns the one before."""
    before, _Size.now = _Size.now, size
    return before


class _BulkScope:
    """A `with` that remembers a size and gives the one before back."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._before = 0

    def __enter__(self) -> _BulkScope:
        self._before = set_bulk_size(self._size)
        return self

    def __exit__(self, *raised: Any) -> None:
        set_bulk_size(self._before)


def bulk(size: int) -> _BulkScope:
    """A `with` in which MXNet would bundle up to `size` operators."""
    return _BulkScope(size)
