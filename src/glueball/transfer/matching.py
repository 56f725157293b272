"""Matching: which layer of the source goes to which layer of the target.

By a renaming that was asked for; else by equal places in the two models; else by order, where the layers
that are left agree one to one in kinds and sizes. Layers of one kind and size are told apart by their order
only where that is sure: in a container that runs its layers in order, by their numbers (`fc1`, `fc2`), or by
the order in which they were written, if other layers stand between them and all of the two models agrees.
Where names contradict the order, nothing is guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import NothingSelectedError, PatternError
from .pieces import Piece, Pieces

__all__ = ["Match", "Matches", "match"]

_NUMBERED = re.compile(r"(.*?)(\d+)")

_ALIKE = "others are of the same kind and sizes, and neither names nor order tell which is which"


class Match(NamedTuple):
    """A layer of the source, the layer of the target that gets its values, and how they were found."""

    source: Piece
    target: Piece
    by: str


class Matches(NamedTuple):
    """What was matched, what was not, and why."""

    pairs: list[Match]
    sources: list[tuple[Piece, str]]
    targets: list[tuple[Piece, str]]


def match(source: Pieces, target: Pieces, rename: Mapping[str, str] | None) -> Matches:
    """Match the layers of two models; see the module."""
    pairs, sources, wrong = _renamed(source.filled, target.filled, rename or {})
    taken = {id(pair.target) for pair in pairs}
    targets = [piece for piece in target.filled if id(piece) not in taken]
    both = _Both(source, target, _required(sources), _required(targets))
    pairs += both.match()
    pairs += _others(sources, targets)
    matched = {id(piece) for pair in pairs for piece in pair[:2]}
    left = [piece for piece in sources if id(piece) not in matched]
    free = [piece for piece in targets if id(piece) not in matched]
    return Matches(pairs, [*wrong, *_why(left, targets, both.alike)], _why(free, sources, both.alike))


def _required(pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.required]


def _others(sources: Sequence[Piece], targets: Sequence[Piece]) -> list[Match]:
    """Buffers that no layer explains: by their names, where the sizes agree too."""
    places = {piece.place: piece for piece in targets if not piece.required}
    found = [(piece, places.get(piece.place)) for piece in sources if not piece.required]
    return [Match(s, t, "name") for s, t in found if t is not None and s.shapes == t.shapes]


def _why(pieces: Sequence[Piece], others: Sequence[Piece], alike: set[int]) -> list[tuple[Piece, str]]:
    kinds = {piece.path: piece.kind for piece in others}
    found = []
    for piece in pieces:
        kind = kinds.get(piece.path, piece.kind)
        why = "" if kind == piece.kind else f"the layer of this name is a {kind} there"
        found.append((piece, why or (_ALIKE if id(piece) in alike else "")))
    return found


# ---- by a renaming ------------------------------------------------------------------------------------


def _renamed(
    sources: Sequence[Piece], targets: Sequence[Piece], rename: Mapping[str, str]
) -> tuple[list[Match], list[Piece], list[tuple[Piece, str]]]:
    """The pairs that renaming makes, the sources that it does not concern, those that it leads nowhere."""
    by_path = {piece.path: piece for piece in targets}
    pairs, rest, wrong = [], [], []
    used: set[str] = set()
    taken: dict[str, Piece] = {}
    for piece in sources:
        path, rule = _rewrite(piece.path, rename)
        if rule is None:
            rest.append(piece)
            continue
        used.add(rule)
        target = by_path.get(path)
        if target is None:
            wrong.append((piece, f"{rule!r} renames it to {path!r}, which the target does not have"))
        elif target.kind != piece.kind:
            wrong.append((piece, f"{rule!r} renames it to {path!r}, which is a {target.kind} there"))
        elif path in taken:
            wrong.append((piece, f"{rule!r} renames it to {path!r}, as it does {taken[path].path!r}"))
        else:
            taken[path] = piece
            pairs.append(Match(piece, target, "rename"))
    for rule in rename:
        if rule not in used:
            paths = ", ".join(piece.path for piece in sources[:8])
            raise NothingSelectedError(
                f"rename: {rule!r} matches the whole path of no layer of the source, nor of one that "
                f"holds it. Its layers are: {paths}{', …' if len(sources) > 8 else ''}."
            )
    return pairs, rest, wrong


def _rewrite(path: str, rename: Mapping[str, str]) -> tuple[str, str | None]:
    """A path by the first rule that matches it, or a layer above it, whole; and that rule."""
    parts = path.split(".")
    for rule, replacement in rename.items():
        for end in range(len(parts), 0, -1):
            try:
                found = re.fullmatch(rule, ".".join(parts[:end]))
                if found is not None:
                    return ".".join(filter(None, [found.expand(replacement), *parts[end:]])), rule
            except (re.error, IndexError) as error:
                raise PatternError(f"rename: {rule!r} → {replacement!r} cannot be read: {error}.") from None
    return path, None


# ---- by place, by order -------------------------------------------------------------------------------


class _Both:
    """The layers of two models that no renaming concerns.

    Attributes:
        alike: the `id` of each layer that could be one of several.
    """

    def __init__(
        self, source: Pieces, target: Pieces, sources: Sequence[Piece], targets: Sequence[Piece]
    ) -> None:
        self._source, self._target = source, target
        self._sources, self._targets = sources, targets
        self._written = source.written and target.written
        self.alike: set[int] = set()

    def match(self) -> list[Match]:
        """The pairs."""
        sources, targets = self._sources, self._targets
        places = {piece.place: at for at, piece in enumerate(targets)}
        named = {
            at: places[piece.place]
            for at, piece in enumerate(sources)
            if piece.place in places and targets[places[piece.place]].kind == piece.kind
        }
        if len(named) == len(sources) == len(targets):
            return self._pairs(named, "name")
        ordered = self._by_order(range(len(sources)), range(len(targets)))
        if ordered is not None and len(ordered) == len(sources):
            # A number says where a layer stands; a word that says something else than the order is a doubt.
            if all(ordered[s] == t or _last_is_number(sources[s]) for s, t in named.items()):
                return [
                    Match(sources[s], targets[t], "name" if named.get(s) == t else "order")
                    for s, t in ordered.items()
                ]
            return self._pairs({s: t for s, t in named.items() if ordered[s] == t}, "name")
        named = self._trusted(named)
        given = set(named.values())
        rest = [at for at in range(len(sources)) if at not in named]
        ordered = self._by_order(rest, [at for at in range(len(targets)) if at not in given]) or {}
        if self._written and _crosses([*named.items(), *ordered.items()], ordered):
            ordered = {}
        return [*self._pairs(named, "name"), *self._pairs(ordered, "order")]

    def _pairs(self, pairs: Mapping[int, int], by: str) -> list[Match]:
        return [Match(self._sources[s], self._targets[t], by) for s, t in pairs.items()]

    def _trusted(self, named: Mapping[int, int]) -> dict[int, int]:
        """Pairs of equal places, but for numbers that contradict the order."""
        crossing = _crosses(list(named.items()), named) if self._written else set()
        return {s: t for s, t in named.items() if s not in crossing or not _last_is_number(self._sources[s])}

    def _by_order(self, here: Sequence[int], there: Sequence[int]) -> dict[int, int] | None:
        """Pairs by order; None where kinds and sizes do not agree one to one."""
        sides = (
            (self._source, [(at, self._sources[at]) for at in here]),
            (self._target, [(at, self._targets[at]) for at in there]),
        )
        groups = []
        for _, pieces in sides:
            found = defaultdict(list)
            for at, piece in pieces:
                found[piece.signature].append(at)
            groups.append(found)
        mine, other = groups
        if {sign: len(group) for sign, group in mine.items()} != {sign: len(g) for sign, g in other.items()}:
            return None
        same = [p.signature for _, p in sides[0][1]] == [p.signature for _, p in sides[1][1]]
        pairs: dict[int, int] = {}
        for sign, group in mine.items():
            if len(group) == 1 or (
                _told_apart(self._source, self._sources, group, same)
                and _told_apart(self._target, self._targets, other[sign], same)
            ):
                pairs.update(zip(group, other[sign], strict=True))
            else:
                self.alike |= {id(self._sources[at]) for at in group}
                self.alike |= {id(self._targets[at]) for at in other[sign]}
        return dict(sorted(pairs.items()))


def _told_apart(model: Pieces, pieces: Sequence[Piece], group: Sequence[int], agreed: bool) -> bool:
    """Whether the order of layers of one kind and size is sure; `agreed`: all layers agree in order."""
    for one, other in pairwise(group):
        a, b = pieces[one].path.split("."), pieces[other].path.split(".")
        at = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if at is None:
            return False  # one layer in two roles, or a layer below another
        if ".".join(a[:at]) in model.sequences:
            continue
        x, y = _NUMBERED.fullmatch(a[at]), _NUMBERED.fullmatch(b[at])
        if x is not None and y is not None and x[1] == y[1] and int(x[2]) < int(y[2]):
            continue
        if not (agreed and model.written and other > one + 1):
            return False
    return True


def _last_is_number(piece: Piece) -> bool:
    return piece.place.rpartition(".")[2].isdigit()


def _crosses(pairs: Sequence[tuple[int, int]], asked: Iterable[int]) -> set[int]:
    """Those of the sources whose pair crosses another: one of them would change the order."""
    wanted = set(asked)
    return {s for s, t in pairs if s in wanted and any((s < a) != (t < b) for a, b in pairs if a != s)}
