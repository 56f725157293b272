"""`glueball diff`: how two checkpoints differ."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from .arguments import as_json, everything, rename_option, rules_of, selecting
from .output import line_limit, show_json, show_table
from .sources import chosen, opened

__all__ = ["diff"]


@click.command()
@click.argument("a")
@click.argument("b")
@rename_option
@click.option("--tol", type=float, default=0.0, metavar="CHANGE", help="A relative change that is none.")
@selecting
@click.option("--quiet", "-q", is_flag=True, help="Print nothing; only the exit code says.")
@everything
@as_json
def diff(
    a: str,
    b: str,
    rename: tuple[str, ...],
    tol: float,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    quiet: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Show how checkpoint B differs from A: what is added, removed, reshaped, retied, changed.

    Arrays belong together by name, after --rename has changed the names of A; of those left over, equal
    contents are told as renamed or transposed. Changes are relative to the norm in A.

    Exits with 0 where nothing differs, 1 where something does, 2 for trouble.
    """
    from ..parameters.seeing.differences import diff as difference

    with ExitStack() as stack:
        first, second = (chosen(stack.enter_context(opened(file)), include, exclude) for file in (a, b))
        found = difference(first, second, rename=rules_of(rename) or None, tol=tol)
        found.a, found.b = a, b
        if as_json:
            show_json(
                {"a": a, "b": b, "differs": bool(found), "counts": found.counts(),
                 "rows": [row.as_dict() for row in found]}
            )  # fmt: skip
        elif not quiet:
            fold = False if everything else None
            show_table(found.table(all=everything, fold=fold, limit=line_limit(everything)))
        sys.exit(1 if found else 0)
