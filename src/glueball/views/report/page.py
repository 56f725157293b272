"""The report's file: data, style and script in one page that loads nothing.

The page says so itself, in a content-security policy: no source is allowed but its own style and script,
each by its hash. Names come from files that strangers wrote. They stand in the data alone, in which no
character can end the block, and the script shows them as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from .columns import columns
from .rows import Entry

__all__ = ["page"]

STYLES = ("style.css",)
SCRIPTS = (
    "data.js",
    "patterns.js",
    "format.js",
    "tree.js",
    "table.js",
    "colours.js",
    "treemap.js",
    "panel.js",
    "main.js",
)


def page(
    entries: Sequence[Entry], *, title: str, sides: Sequence[str], notes: Iterable[tuple[str, str]] = ()
) -> str:
    """A whole report as HTML.

    Args:
        entries: a line for each name.
        title: the report's title.
        sides: what the sides are called; one or two.
        notes: (what, text) about the report itself, such as when it was made.
    """
    data = {"title": title, "called": list(sides), "notes": list(notes), **columns(entries)}
    style, script = _text(*STYLES), _text(*SCRIPTS)
    policy = "; ".join((
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ))  # fmt: skip
    parts = {
        "title": html.escape(title),
        "policy": policy,
        "style": style,
        "script": script,
        "data": as_json(data),
    }
    # In one pass: what is put in is never looked at again.
    return re.sub(r"\{\{ (\w+) \}\}", lambda place: parts[place[1]], _text("page.html"))


def as_json(data: Any) -> str:
    r"""JSON that may stand in a `<script>`: nothing in it can end the block, or begin a comment.

    >>> print(as_json("</script><!--"))
    "\u003c/script\u003e\u003c!--"
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    # JSON has these characters in strings alone.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _text(*names: str) -> str:
    folder = files(__package__)
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
