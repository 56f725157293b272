"""Policies: what to do with names that are missing, unexpected or of another shape, by pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import InitializerError, NothingSelectedError, PatternError
from ...init import Initializer, as_initializer
from ...patterns import Pattern, describe, nearest, nothing_selected, select_rows
from ...slots import Tree
from .renaming import parents

__all__ = ["Policy", "name_policies", "row_policies", "takes_name"]

Policy = str | tuple[str, Initializer]
"""A word, or an initializer with the label of the rule that has it."""


def row_policies(
    what: str,
    given: Any,
    words: Sequence[str],
    tree: Tree,
    rows: Sequence[int],
    handle: Callable[[int], Any],
) -> Mapping[int, Policy]:
    """The policy for each row; "error" where no pattern takes it.

    Args:
        what: the argument, for messages.
        given: a policy, or {pattern: policy}; the first pattern that takes a row counts.
        words: the words that a policy may be, besides an initializer.
        tree: of the model.
        rows: rows of it.
        handle: makes the Parameter of a row.

    Raises:
        NothingSelectedError: a pattern takes nothing in the model.
        InitializerError: a policy is neither a word nor an initializer.
    """
    if not isinstance(given, Mapping):
        return dict.fromkeys(rows, _policy(what, given, words, "all"))
    found: dict[int, Policy] = {}
    for pattern, policy in given.items():
        taken = select_rows(tree, pattern, rows, handle)
        if not taken:
            raise nothing_selected(tree, pattern, rows)
        read = _policy(what, policy, words, describe(pattern))
        for row in taken:
            found.setdefault(row, read)
    return {row: found.get(row, "error") for row in rows}


def _policy(what: str, given: Any, words: Sequence[str], label: str) -> Policy:
    if isinstance(given, str) and given in words:
        return given
    try:
        return label, as_initializer(given)
    except InitializerError as error:
        known = ", ".join(map(repr, words))
        raise InitializerError(
            f"{what}: {given!r} is no policy. Write {known}, or an initializer ({error})"
        ) from None


def name_policies(
    what: str, given: Any, names: Sequence[str], every: Sequence[str], renamed: Mapping[str, str]
) -> dict[str, bool]:
    """For each name whether it is to be ignored.

    Args:
        what: the argument, for messages.
        given: "error" or "ignore" ("keep" says the same), or {pattern: one of them}; a pattern may be meant
            for the name in the file, or for what it was renamed to.
        names: those that a policy is asked for.
        every: all names of the file, of which a pattern has to take one.
        renamed: what names became.

    Raises:
        NothingSelectedError: a pattern takes none.
        PatternError: a pattern that is no text, or another policy.
    """
    rules = given if isinstance(given, Mapping) else {None: given}
    for policy in rules.values():
        if policy not in ("error", "ignore", "keep"):
            raise PatternError(f"{what}: {policy!r} is no policy. Write 'error' or 'ignore'.")

    def takes(pattern: Pattern, name: str) -> bool:
        return takes_name(pattern, name) or takes_name(pattern, renamed.get(name, name))

    ignored: dict[str, bool] = {}
    for pattern, policy in rules.items():
        if pattern is not None and not any(takes(pattern, name) for name in every):
            near = ", ".join(nearest(str(pattern), list(every))) or "none at all"
            raise NothingSelectedError(
                f"{what}: {describe(pattern)} takes none of the file's {len(every)} names. Nearest: {near}."
            )
        for name in names:
            if pattern is None or takes(pattern, name):
                ignored.setdefault(name, policy != "error")
    return {name: ignored.get(name, False) for name in names}


def takes_name(pattern: Pattern, name: str) -> bool:
    """Whether a text pattern takes a name that belongs to no parameter: it, or a layer that contains it."""
    if not isinstance(pattern, (str, re.Pattern)):
        raise PatternError(f"{describe(pattern)} takes parameters, and a file has names: write text.")
    if isinstance(pattern, str) and (pattern == name or pattern in parents(name)):
        return True
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise PatternError(f"{pattern!r} is no regular expression: {error}.") from None
    return any(expression.fullmatch(path) for path in (name, *parents(name)))
