"""Matching: which layer of the source goes to which layer of the target.

By a renaming that was asked for; else by equal places; else by order, where the kinds and sizes of the
layers agree one to one. Names that contradict the order are not guessed about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import NothingSelectedError, PatternError
from .pieces import Piece

__all__ = ["Match", "Matches", "match"]


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


def match(sources: Sequence[Piece], targets: Sequence[Piece], rename: Mapping[str, str] | None) -> Matches:
    """Match the layers of two models; see the module."""
    renamed, sources, wrong = _renamed(sources, targets, rename or {})
    taken = {id(pair.target) for pair in renamed}
    targets = [piece for piece in targets if id(piece) not in taken]
    found, left, free = _by_place_or_order(sources, targets)
    kinds = {piece.path: piece.kind for piece in targets}
    why_left = [(piece, _why(piece, kinds)) for piece in left]
    kinds = {piece.path: piece.kind for piece in sources}
    return Matches([*renamed, *found], [*wrong, *why_left], [(piece, _why(piece, kinds)) for piece in free])


def _why(piece: Piece, other: Mapping[str, str]) -> str:
    kind = other.get(piece.path)
    return "" if kind is None or kind == piece.kind else f"the layer of this name is a {kind} there"


def _renamed(
    sources: Sequence[Piece], targets: Sequence[Piece], rename: Mapping[str, str]
) -> tuple[list[Match], list[Piece], list[tuple[Piece, str]]]:
    """The pairs that renaming makes, the sources that it does not concern, those that it leads nowhere."""
    by_path = {piece.path: piece for piece in targets}
    pairs, rest, wrong = [], [], []
    used: set[str] = set()
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
        else:
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


def _by_place_or_order(
    sources: Sequence[Piece], targets: Sequence[Piece]
) -> tuple[list[Match], list[Piece], list[Piece]]:
    by_place = {piece.place: at for at, piece in enumerate(targets)}
    named = {
        at: by_place[piece.place]
        for at, piece in enumerate(sources)
        if piece.place in by_place and targets[by_place[piece.place]].kind == piece.kind
    }
    if len(named) == len(sources) == len(targets):
        return [Match(sources[s], targets[t], "name") for s, t in named.items()], [], []
    if [piece.signature for piece in sources] == [piece.signature for piece in targets]:
        # A number says where a layer stands; a word that says something else than the order is a doubt.
        if all(s == t or _numbered(sources[s].place) for s, t in named.items()):
            pairs = zip(sources, targets, strict=True)
            return [Match(s, t, "name" if s.place == t.place else "order") for s, t in pairs], [], []
        return _named_alone(sources, targets, [(s, t) for s, t in named.items() if s == t])
    anchors = sorted(named.items())
    crossing = {pair for pair in anchors for s, t in anchors if (s < pair[0]) != (t < pair[1])}
    if crossing:
        trusted = [pair for pair in anchors if pair not in crossing or not _numbered(sources[pair[0]].place)]
        return _named_alone(sources, targets, trusted)
    return _between(sources, targets, anchors)


def _numbered(place: str) -> bool:
    return place.rpartition(".")[2].isdigit()


def _named_alone(
    sources: Sequence[Piece], targets: Sequence[Piece], named: Sequence[tuple[int, int]]
) -> tuple[list[Match], list[Piece], list[Piece]]:
    """These pairs and no others, where names and order contradict each other."""
    some, others = {s for s, _ in named}, {t for _, t in named}
    return (
        [Match(sources[s], targets[t], "name") for s, t in named],
        [piece for at, piece in enumerate(sources) if at not in some],
        [piece for at, piece in enumerate(targets) if at not in others],
    )


def _between(
    sources: Sequence[Piece], targets: Sequence[Piece], anchors: Sequence[tuple[int, int]]
) -> tuple[list[Match], list[Piece], list[Piece]]:
    """The anchors as pairs, and what lies between two of them by order where it agrees one to one."""
    pairs: list[Match] = []
    left: list[Piece] = []
    free: list[Piece] = []
    last = (-1, -1)
    for s, t in [*anchors, (len(sources), len(targets))]:
        here, there = sources[last[0] + 1 : s], targets[last[1] + 1 : t]
        if [piece.signature for piece in here] == [piece.signature for piece in there]:
            pairs += [Match(a, b, "order") for a, b in zip(here, there, strict=True)]
        else:
            left += here
            free += there
        if s < len(sources):
            pairs.append(Match(sources[s], targets[t], "name"))
        last = (s, t)
    return pairs, left, free
