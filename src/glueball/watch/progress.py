"""The live line: one line of a terminal, or one output of a notebook's cell, written over and over."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Progress"]

_PAUSE = 0.1
"""Seconds between two lines at least."""


class Progress:
    """Writes the latest line in the place of the one before.

    Args:
        wanted: whether to write; None: where standard error is a terminal, or in a notebook.
    """

    def __init__(self, wanted: bool | None) -> None:
        self._notebook = _notebook() if wanted is not False else None
        self._on = bool(wanted) or (wanted is None and (self._notebook is not None or sys.stderr.isatty()))
        self._last = -_PAUSE
        self._line: Callable[[], str] | None = None
        self._shown: Any = None

    def show(self, line: Callable[[], str]) -> None:
        """Write a line, unless another was written a moment ago; then it is kept for the end."""
        if not self._on:
            return
        self._line = line
        now = time.monotonic()
        if now - self._last >= _PAUSE:
            self._last = now
            self._write(line())
            self._line = None

    def close(self) -> None:
        """Write the last line, and leave it there."""
        if self._line is not None:
            self._write(self._line())
            self._line = None
        if self._on and self._notebook is None and self._shown:
            print(file=sys.stderr, flush=True)
        self._shown = None

    def _write(self, text: str) -> None:
        if self._notebook is None:
            before = "\r\x1b[2K" if sys.stderr.isatty() else "\r"
            print(f"{before}{text}", end="", file=sys.stderr, flush=True)
            self._shown = True
            return
        shown = self._notebook.HTML(f'<code style="white-space:pre-wrap">{html.escape(text)}</code>')
        if self._shown is None:
            self._shown = self._notebook.display(shown, display_id=True)
        else:
            self._shown.update(shown)


def _notebook() -> Any:
    """`IPython.display` in a notebook's kernel, else None; IPython is not imported to ask."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from importlib import import_module

    return import_module("IPython.display")
