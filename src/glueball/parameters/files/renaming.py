r"""Renaming: from the names that a file has to those that a model has.

Rules are {pattern: replacement}, applied one after the other, each to what those before it made. A pattern
takes a name when it matches, as a regular expression and whole, the name or the path of a layer that
contains it; what it matched is replaced, and `\1` stands for a group. So `{"encoder": "enc"}` makes
`enc.0.weight` of `encoder.0.weight`, `{"model": ""}` takes a prefix away, and `{"(.*)": r"model.\1"}` puts
one in front. None as a replacement leaves the name out. Instead of rules, a function may be given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from ...errors import PatternError
from ...patterns import describe, nearest

__all__ = ["Rename", "Unwrapped", "parents", "renamed", "unwrapped"]

Rename: TypeAlias = "Mapping[str | re.Pattern[str], str | None] | Callable[[str], str | None]"


def renamed(names: Iterable[str], rename: Rename) -> dict[str, str]:
    r"""The new name of each name; those that are left out are not in it.

    Raises:
        PatternError: a rule is none, takes no name, or leaves nothing of one.

    >>> renamed(["model.encoder.0.weight", "model.head.bias"], {"model": "", r"(\w+)\.0": r"\1.first"})
    {'model.encoder.0.weight': 'encoder.first.weight', 'model.head.bias': 'head.bias'}
    """
    now = {name: name for name in names}
    if callable(rename):
        made: dict[str, Any] = {name: rename(name) for name in now}
        for name, new in made.items():
            if new is not None and (not isinstance(new, str) or not new):
                raise PatternError(
                    f"rename made {new!r} of {name!r}: return a name, or None to leave it out."
                )
        return {name: new for name, new in made.items() if new is not None}
    if not isinstance(rename, Mapping):
        raise PatternError(
            f"rename is a {type(rename).__name__}: write {{pattern: replacement}} or a function."
        )
    for pattern, replacement in rename.items():
        now = _one(now, pattern, replacement)
    return now


def _one(now: dict[str, str], pattern: Any, replacement: Any) -> dict[str, str]:
    """All names after one rule."""
    if replacement is not None and not isinstance(replacement, str):
        raise PatternError(f"rename: {replacement!r} is no replacement for {describe(pattern)}: write text.")
    try:
        expression = re.compile(pattern)
    except (TypeError, re.error) as error:
        raise PatternError(f"rename: {pattern!r} is no regular expression: {error}.") from None
    if not isinstance(expression.pattern, str):
        raise PatternError(f"rename: {pattern!r} is a pattern of bytes, and names are text.")
    # A name or path that is written whole means itself, as in every pattern.
    whole = isinstance(pattern, str) and "." in pattern
    if whole and any(pattern == path for name in now.values() for path in (name, *parents(name))):
        expression = re.compile(re.escape(pattern))
    after: dict[str, str] = {}
    took = False
    for name, new in now.items():
        for path in (new, *parents(new)):
            match = expression.fullmatch(path)
            if match is not None:
                break
        else:
            after[name] = new
            continue
        took = True
        if replacement is None:
            continue
        try:
            made = match.expand(replacement)
        except (re.error, IndexError) as error:
            raise PatternError(
                f"rename: {describe(pattern)} cannot become {replacement!r}: {error}."
            ) from None
        rest = new[len(path) :]
        made = made + rest if made else rest[1:]
        if not made:
            raise PatternError(f"rename: {describe(pattern)} leaves nothing of {new!r}.")
        after[name] = made
    if not took:
        near = ", ".join(nearest(expression.pattern, list(now.values()))) or "none at all"
        raise PatternError(
            f"rename: {describe(pattern)} takes none of the file's {len(now)} names. A pattern matches a "
            f"whole name, or the whole path of a layer. Nearest names: {near}."
        )
    return after


def parents(name: str) -> Iterator[str]:
    """The paths of the layers that contain a name, the longest first.

    >>> list(parents("encoder.0.weight"))
    ['encoder.0', 'encoder']
    """
    at = max(name.rfind("."), name.rfind("/"))
    while at > 0:
        name = name[:at]
        yield name
        at = max(name.rfind("."), name.rfind("/"))


# ---- what wraps a model's names -----------------------------------------------------------------------

# What torch's wrappers put anywhere into a path; a model's names never have it.
_INSIDE = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
# What stands before all of a model's names: a wrapper's, a trainer's, or of the file's own making.
_BEFORE = {
    *("module", "_orig_mod", "model", "net", "network", "_forward_module"),
    *("state_dict", "model_state_dict", "model_state", "model_weights", "weights", "params", "parameters"),
}
# What trainers keep beside a model.
_BESIDE = re.compile(
    r"optim\w*|\w*scheduler\w*|\w*scaler\w*|(model_)?ema\w*|ema_\w*|callbacks|loops|rng\w*|random\w*|args"
    r"|config|hparams|hyper_parameters|epoch|step|global_step|iteration|n_averaged|loss\w*|metrics|best\w*"
)


class Unwrapped(NamedTuple):
    """Names without what wraps them.

    Attributes:
        names: the new name of each that belongs to the model, or may.
        beside: names of other things that a trainer keeps.
        note: what was understood, for the report; "" for nothing.
    """

    names: dict[str, str]
    beside: list[str]
    note: str


def unwrapped(names: Iterable[str], known: Collection[str], required: Iterable[Collection[str]]) -> Unwrapped:
    """Take away what wrappers and trainers put before a model's names, where there is no doubt.

    Args:
        names: the file's.
        known: all names of the model.
        required: for each parameter that the file has to have, its names.

    A prefix is taken away when no name fits as it is, and with this one, and no other, all that is required
    is there. It has to be one that wrappers and trainers are known to put there.
    """
    new = {name: name for name in names}
    notes = []
    parts = {part for name in known for part in name.split(".")}
    if new and all(name.startswith(("arg:", "aux:")) for name in new):
        new = {name: name[4:] for name in new}
        notes.append("arg: and aux: left out of the names")
    inside = _INSIDE - parts
    if any(f"{part}." in name for name in new for part in inside):
        new = {
            name: ".".join(part for part in text.split(".") if part not in inside) or text
            for name, text in new.items()
        }
        took = sorted({part for name in names for part in name.split(".") if part in inside})
        notes.append(f"{', '.join(took)} left out of the names")
    if not any(name in known for name in new.values()):
        prefix = _prefix(set(new.values()), known, [*required])
        if prefix:
            notes.append(f"all names of the model are below {prefix[:-1]!r} in the file")
            beside = [
                name
                for name, text in new.items()
                if not text.startswith(prefix) and _BESIDE.fullmatch(re.split(r"[./:]", text)[0])
            ]
            for name in beside:
                del new[name]
            new = {name: text.removeprefix(prefix) for name, text in new.items()}
            return Unwrapped(new, beside, "; ".join(notes))
    return Unwrapped(new, [], "; ".join(notes))


def _prefix(names: set[str], known: Collection[str], required: list[Collection[str]]) -> str:
    """The one prefix under which all that is required is there, "" if there is none or more than one."""
    candidates: set[str] = set()
    # Prefixes of any one parameter are all that can be: of the one whose names are the longest there are few.
    some = max(required, key=lambda slots: max(map(len, slots)), default=sorted(known, key=len)[-8:])
    for slot in some:
        for name in names:
            if name.endswith(slot) and name != slot and name[-len(slot) - 1] in "./:":
                prefix = name[: -len(slot)]
                if all(part in _BEFORE for part in re.split(r"[./:]", prefix[:-1])):
                    candidates.add(prefix)
    whole = {
        prefix
        for prefix in candidates
        if all(any(prefix + slot in names for slot in slots) for slots in required)
    }
    if len(whole) == 1:
        return whole.pop()
    # Nothing but a wrapper: all names have it.
    every = {prefix for prefix in candidates if all(name.startswith(prefix) for name in names)}
    return min(every, key=len) if every and not whole else ""
