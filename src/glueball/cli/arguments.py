"""Options that several commands have, and how their text is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import PatternError

__all__ = ["as_json", "everything", "pairs_of", "rename_option", "rules_of", "selecting"]

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
everything = click.option(
    "--all", "everything", is_flag=True, help="Every line: nothing folded, nothing left out."
)
rename_option = click.option(
    "--rename",
    "rename",
    multiple=True,
    metavar="PATTERN=NAME",
    help="Change names: what the pattern matches is replaced; \\1 is a group. PATTERN=>NAME where there is "
    "an = in the pattern; @FILE.json for many rules.",
)


def selecting(command: Command) -> Command:
    """`--include` and `--exclude`."""
    for name, what in (
        ("exclude", "Leave out what a pattern takes."),
        ("include", "Only what a pattern takes."),
    ):
        command = click.option(f"--{name}", multiple=True, metavar="PATTERN", help=what)(command)
    return command


def rules_of(rules: Sequence[str]) -> dict[Any, str | None]:
    r"""Rules for renaming, as `glueball.parameters.files.renaming` takes them.

    Raises:
        PatternError: one of them is none.

    >>> rules_of(["model=", r"h\.(\d+)=>layers.\1"])
    {'model': '', 'h\\.(\\d+)': 'layers.\\1'}
    """
    found: dict[Any, str | None] = {}
    for rule in rules:
        if rule.startswith("@"):
            found.update(_of_file(rule[1:]))
            continue
        pattern, arrow, replacement = rule.partition("=>" if "=>" in rule else "=")
        if not arrow or not pattern:
            raise PatternError(f"{rule!r} is no rule: write PATTERN=NAME, or PATTERN= to take a prefix away.")
        found[pattern] = replacement
    return found


def _of_file(path: str) -> dict[str, str | None]:
    try:
        found = json.loads(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise PatternError(f"{path}: {error}; rules are an object of pattern: replacement.") from None
    if not isinstance(found, dict) or not all(isinstance(to, (str, type(None))) for to in found.values()):
        raise PatternError(f"{path}: rules are an object of pattern: replacement, or null to leave out.")
    return found


def pairs_of(pairs: Sequence[str]) -> dict[str, str]:
    """Text by text, from `key=value`.

    >>> pairs_of(["epoch=3", "note=a=b"])
    {'epoch': '3', 'note': 'a=b'}
    """
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{pair!r} is no metadata: write KEY=VALUE.")
        found[key] = value
    return found
