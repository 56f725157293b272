"""`glueball report`: a report of a checkpoint as one HTML file."""

from __future__ import annotations

import os
from contextlib import ExitStack

import click

from .output import tell
from .sources import opened

__all__ = ["report"]


@click.command()
@click.argument("file")
@click.argument("other", required=False)
@click.option("--output", "-o", metavar="HTML", help="By default FILE's name with .html, in this folder.")
@click.option("--title", help="Above the report.")
def report(file: str, other: str | None, output: str | None, title: str | None) -> None:
    """Write a report: totals, a map by size, a table to search and sort, a page for each array.

    With OTHER it has both sides and how they differ. It is one file that loads nothing, to be opened in any
    browser.
    """
    with ExitStack() as stack:
        first = stack.enter_context(opened(file))
        second = None if other is None else stack.enter_context(opened(other))
        name = os.path.basename(os.path.normpath(file)) if file != "-" else "report"
        target = output or f"{name}.html"
        first.report(target, second, title=title)
    tell(f"{target}: {os.path.getsize(target):,} bytes")
