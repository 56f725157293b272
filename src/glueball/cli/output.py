"""What a command prints: a table for a person, JSON for a program.

A terminal gets colour (not with NO_COLOR) and tables that fit it. Anything else, a pipe or a file, gets plain
text in which no line is cut or wrapped, and all lines.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import click

from ..views.table import Listing

__all__ = ["line_limit", "plain_blocks", "show_json", "show_table", "tell"]


def show_table(listing: Listing) -> None:
    """Print a table."""
    if not sys.stdout.isatty():
        click.echo(_encodable(str(listing)))
        return
    from rich.console import Console

    console = Console()
    console.print(listing)


def line_limit(everything: bool) -> int | None:
    """How many lines a table may have: a page or two on a terminal, and all elsewhere."""
    return None if everything or not sys.stdout.isatty() else 60


def plain_blocks() -> bool:
    """Whether the output cannot have block characters."""
    return _encodable("▁█") != "▁█"


def _encodable(text: str) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, "replace").decode(encoding)
    except LookupError:
        return text


def show_json(found: Any) -> None:
    """Print JSON: NaN as null, infinities as text, a complex number as its two parts."""
    click.echo(json.dumps(_plain(found), ensure_ascii=False))


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(key): _plain(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_plain(value) for value in found]
    if isinstance(found, complex):
        return [_plain(found.real), _plain(found.imag)]
    if isinstance(found, float):
        return None if math.isnan(found) else found if math.isfinite(found) else f"{found}"
    if hasattr(found, "item"):
        return _plain(found.item())
    return found


def tell(message: str) -> None:
    """Say something beside the output."""
    click.echo(message, err=True)
