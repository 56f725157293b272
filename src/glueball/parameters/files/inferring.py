r"""Inferring rename rules from structure: what would make the names of a file those of a model.

Numbered layers are counted as one: `h.0.attn.weight`, `h.1.attn.weight`, … are the template
`h.#.attn.weight` with an array for each number. Two templates can be the same parameter only if they have the
same numbers, with the same shape at each. Those that are left for one another alone are paired; a pair says
how the layers above it are called, which tells others apart; so on, until nothing follows any more. Nothing
is guessed: where two ways remain, there is no rule, and the reason is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ...errors import PatternError
from .renaming import renamed

__all__ = ["Inferred", "infer"]

Shape = tuple[int | None, ...] | None
Numbers = tuple[int, ...]
Template = tuple[str, ...]
_Group: TypeAlias = "dict[Numbers, Shape]"

_NUMBER = "#"
_MANY = 100_000  # pairs of templates of one shape; a search among more takes too long to wait for

_FEW = 300  # names, up to which each number is looked at by itself
_LONG = 64  # rules; nobody reads more


class Inferred(NamedTuple):
    """Rules that make everything fit, or why there are none.

    Attributes:
        rules: pattern -> replacement, for `rename=`; empty if none are certain.
        reason: why not.
    """

    rules: dict[str, str]
    reason: str = ""

    def __str__(self) -> str:
        if not self.rules:
            return self.reason
        if len(self.rules) == 1:
            ((pattern, replacement),) = self.rules.items()
            return f"rename={{{_quoted(pattern)}: {_quoted(replacement)}}}"
        lines = [f"    {_quoted(a)}: {_quoted(b)},\n" for a, b in self.rules.items()]
        return "rename={\n" + "".join(lines) + "  }"


def infer(wanted: Mapping[str, Shape], there: Mapping[str, tuple[int, ...]]) -> Inferred:
    r"""Rules under which the names in a file become those that a model wants.

    Args:
        wanted: names that the model has and the file has not, with their shapes (None: not known).
        there: names that the file has and the model has not, with their shapes.

    >>> there = {f"h.{i}.{part}.weight": (8, n) for i in range(3) for part, n in (("up", 2), ("down", 4))}
    >>> wanted = {f"layers.{i}.{part}.weight": (8, n) for i in range(3) for part, n in (("a", 2), ("b", 4))}
    >>> infer(wanted, there).rules
    {'h\\.(\\d+)\\.up': 'layers.\\1.a', 'h\\.(\\d+)\\.down': 'layers.\\1.b'}
    """
    if not wanted or not there:
        return Inferred({}, "")
    prefix = _one_prefix(wanted, there)
    if prefix is not None:
        return Inferred(prefix)
    found = _by_structure(wanted, there, numbered=True)
    # Layers that have numbers in one and names in the other (nn.Sequential) are told apart one by one.
    if found.rules or max(len(wanted), len(there)) > _FEW:
        return found
    return _by_structure(wanted, there, numbered=False, otherwise=found)


def _by_structure(
    wanted: Mapping[str, Shape],
    there: Mapping[str, tuple[int, ...]],
    numbered: bool,
    otherwise: Inferred | None = None,
) -> Inferred:
    """Rules from pairs of templates; `otherwise` where there are none."""
    found = _from_pairs(wanted, there, _templates(wanted, numbered), _templates(there, numbered))
    return found if found.rules or otherwise is None else otherwise


def _from_pairs(
    wanted: Mapping[str, Shape],
    there: Mapping[str, tuple[int, ...]],
    mine: dict[Template, _Group],
    theirs: dict[Template, _Group],
) -> Inferred:
    alike: dict[Any, set[Template]] = {}
    for name, group in theirs.items():
        alike.setdefault(tuple(group.items()), set()).add(name)
    candidates = {
        want: set(alike.get(tuple(group.items()), ()))
        if all(map(_known, group.values()))
        else {name for name, other in theirs.items() if _same(group, other)}
        for want, group in mine.items()
    }
    if sum(map(len, candidates.values())) > _MANY:
        return Inferred({}, "no rule was looked for: too many names have the same shape.")
    nowhere = [want for want, names in candidates.items() if not names]
    if nowhere:
        return Inferred(
            {},
            f"no rule is certain: nothing else in the file has the shapes of {_shown(nowhere)}.",
        )
    pairs = _pair(candidates)
    open_ = [want for want in mine if want not in pairs]
    if open_:
        left = [candidates[want].difference(pairs.values()) for want in open_]
        alike_ = [want for want, names in zip(open_, left, strict=True) if names == left[0]]
        more = f" And {len(open_) - len(alike_)} more are open." if len(open_) > len(alike_) else ""
        return Inferred(
            {},
            f"no rule is certain: {_shown(alike_)} may be any of {_shown(sorted(left[0]))} by name and "
            f"shape.{more}"
            if left[0]
            else f"no rule is certain: nothing in the file is left for {_shown(alike_)}.{more}",
        )
    rules: Any = _rules({name: want for want, name in pairs.items()})
    if len(rules) > _LONG:
        return Inferred({}, f"no few rules would do: {len(rules)} layers have names of their own.")
    try:
        made = renamed(there, rules)
    except PatternError:
        made = {}
    fits = {new for name, new in made.items() if new in wanted and _fits(wanted[new], there[name])}
    if fits != set(wanted):
        return Inferred({}, "no rule is certain: what fits by shape has names that follow no one rule.")
    return Inferred(rules)


def _shown(templates: list[Template]) -> str:
    names = [".".join("N" if part == _NUMBER else part for part in one) for one in templates[:3]]
    more = f" and {len(templates) - 3} more" if len(templates) > 3 else ""
    return ", ".join(names) + more


def _templates(names: Mapping[str, Shape], numbered: bool) -> dict[Template, _Group]:
    found: dict[Template, _Group] = {}
    for name, shape in names.items():
        parts = re.split(r"[./]", name)
        numbers = tuple(int(part) for part in parts if numbered and part.isdecimal())
        template = tuple(_NUMBER if numbered and part.isdecimal() else part for part in parts)
        found.setdefault(template, {})[numbers] = shape
    return {template: dict(sorted(group.items())) for template, group in found.items()}


def _fits(wanted: Shape, there: Shape) -> bool:
    if wanted is None or there is None:
        return True
    return len(wanted) == len(there) and all(a is None or a == b for a, b in zip(wanted, there, strict=True))


def _same(wanted: _Group, there: _Group) -> bool:
    return wanted.keys() == there.keys() and all(_fits(shape, there[at]) for at, shape in wanted.items())


def _known(shape: Shape) -> bool:
    return shape is not None and None not in shape


def _one_prefix(wanted: Mapping[str, Shape], there: Mapping[str, tuple[int, ...]]) -> dict[str, str] | None:
    """The rule that puts one prefix in the place of another, where it is the only one that does it all."""
    longest = max(wanted, key=lambda name: (name.count("."), len(name)))
    parts = longest.split(".")
    found: set[tuple[str, str]] = set()
    for cut in range(len(parts)):
        head, tail = ".".join(parts[:cut]), ".".join(parts[cut:])
        for name in there:
            if name == tail or name.endswith("." + tail):
                other = name[: len(name) - len(tail)].rstrip(".")
                # The shortest heads: what both have in common belongs to the tail.
                if not (head and other and head.split(".")[-1] == other.split(".")[-1]):
                    found.add((other, head))
    fitting = []
    for other, head in found:
        moved = ((shape, there.get(_moved(name, head, other))) for name, shape in wanted.items())
        if all(shape is not None and _fits(want, shape) for want, shape in moved):
            fitting.append((other, head))
    if len(fitting) != 1:
        return None
    other, head = fitting[0]
    if not other:
        return {"(.*)": f"{head}.\\1"}
    return {other: head} if not head else {re.escape(other) if "." in other else other: head}


def _moved(name: str, head: str, other: str) -> str:
    """A name with one head in the place of another; "" if it has another."""
    if head and not name.startswith(head + "."):
        return ""
    rest = name[len(head) + 1 :] if head else name
    return f"{other}.{rest}" if other else rest


def _pair(candidates: dict[Template, set[Template]]) -> dict[Template, Template]:
    """Templates of the model with those of the file that they must be."""
    left = {want: set(names) for want, names in candidates.items()}
    pairs: dict[Template, Template] = {}

    def take(want: Template, name: Template) -> None:
        pairs[want] = name
        del left[want]
        for names in left.values():
            names.discard(name)

    while left:
        # Alone for each other, by what is left; then by the longest common end; then by the layers above;
        # last by one word: a weight is no bias.
        step = _alone(left) or _by_end(left) or _by_layer(left, pairs) or _by_word(left)
        if not step:
            break
        for want, name in step:
            if want in left and name in left[want]:
                take(want, name)
    return pairs


def _alone(left: dict[Template, set[Template]]) -> list[tuple[Template, Template]]:
    wants: dict[Template, list[Template]] = {}
    for want, names in left.items():
        for name in names:
            wants.setdefault(name, []).append(want)
    return [
        (want, name)
        for want, names in left.items()
        if len(names) == 1
        for name in names
        if len(wants[name]) == 1
    ]


def _common_end(a: Template, b: Template) -> int:
    count = 0
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y:
            break
        count += 1
    return count


def _best(left: dict[Template, set[Template]], score: object) -> list[tuple[Template, Template]]:
    """Pairs that are the best of each other, with nothing as good beside them."""
    assert callable(score)
    scores = {(want, name): score(want, name) for want, names in left.items() for name in names}
    best_of_want: dict[Template, list[Template]] = {}
    best_of_name: dict[Template, list[Template]] = {}
    top_want: dict[Template, float] = {}
    top_name: dict[Template, float] = {}
    for (want, name), value in scores.items():
        for top, best, key, other in (
            (top_want, best_of_want, want, name),
            (top_name, best_of_name, name, want),
        ):
            if value > top.get(key, 0):
                top[key], best[key] = value, [other]
            elif value == top.get(key, 0) and value:
                best[key].append(other)
    return [
        (want, names[0])
        for want, names in best_of_want.items()
        if len(names) == 1 and best_of_name.get(names[0]) == [want]
    ]


def _by_end(left: dict[Template, set[Template]]) -> list[tuple[Template, Template]]:
    # An end of one word ("weight") says nothing.
    def score(want: Template, name: Template) -> int:
        common = _common_end(want, name)
        return common if len(set(want[len(want) - common :]) - {_NUMBER}) > 1 else 0

    return _best(left, score)


def _by_layer(
    left: dict[Template, set[Template]], pairs: dict[Template, Template]
) -> list[tuple[Template, Template]]:
    """What lies in a layer whose name is known from another parameter in it."""
    layers: dict[Template, set[Template]] = {}
    for want, name in pairs.items():
        common = _common_end(want, name) or 1
        a, b = want[: len(want) - common], name[: len(name) - common]
        if a and b:
            layers.setdefault(a, set()).add(b)

    def score(want: Template, name: Template) -> int:
        for depth in range(len(want) - 1, 0, -1):
            known = layers.get(want[:depth])
            if known is not None and len(known) == 1:
                (other,) = known
                if name[: len(other)] == other:
                    return 1 + depth * 100 + _common_end(want, name)
        return 0

    return _best(left, score)


def _by_word(left: dict[Template, set[Template]]) -> list[tuple[Template, Template]]:
    """What has the same last word, with nothing else of its shape that has."""
    return _best(left, lambda want, name: int(want[-1] == name[-1]))


def _rules(pairs: dict[Template, Template]) -> dict[str, str]:
    """Few rules for many pairs (file -> model): each for the highest layer below which all agree."""
    heads: dict[Template, Template] = {}
    for name, want in pairs.items():
        common = min(_common_end(name, want), len(name) - 1, len(want) - 1)
        a, b = name[: len(name) - common], want[: len(want) - common]
        if a == b:
            continue
        heads[a] = b
    # The longest first: a general rule would take the special case's name.
    ordered = sorted(heads.items(), key=lambda pair: -len(pair[0]))
    return {_pattern(name): _replacement(want) for name, want in ordered}


def _pattern(template: Template) -> str:
    return r"\.".join(r"(\d+)" if part == _NUMBER else re.escape(part) for part in template)


def _replacement(template: Template) -> str:
    count = 0
    parts = []
    for part in template:
        if part == _NUMBER:
            count += 1
            parts.append(rf"\{count}")
        else:
            parts.append(part)
    return ".".join(parts)


def _quoted(text: str) -> str:
    return f'r"{text}"' if "\\" in text else f'"{text}"'
