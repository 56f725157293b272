"""JSON as a file's header has it: each key once, numbers that are numbers, and errors with their byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from glueball.errors import FileFormatError

__all__ = ["parsed", "unique"]


def parsed(
    content: bytes, where: str, at: int = 0, hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """The value that JSON text says.

    Args:
        content: the text in UTF-8.
        where: the file, for messages.
        at: the byte of the file where the text begins, for messages.
        hook: what makes a value of an object's pairs; without one a dict, in which each key is once.

    Raises:
        FileFormatError: it is no JSON, or a key is there twice.
    """
    try:
        text = str(content, "utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{where}, byte {at + error.start}: the JSON is not UTF-8") from None

    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(text, object_pairs_hook=hook or unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        byte = at + len(text[: error.pos].encode())
        raise FileFormatError(f"{where}, byte {byte}: the JSON is damaged: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise FileFormatError(f"{where}, byte {at}: the JSON cannot be read: {why}") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict of pairs; ValueError if a key is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"{key!r} is there twice")
            seen.add(key)
    return found
