"""Numbered names as one line: `blocks.{0..11}.attn.weight`, and only where the lines truly are alike."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import NamedTuple

__all__ = ["NUMBER", "Fold", "fold"]

# A number that is a part of a path ("layers.3.weight", "layers/3/kernel") or ends one ("block3.weight").
NUMBER = re.compile(r"(?<![0-9])(0|[1-9][0-9]*)(?=[./]|$)")


class Fold(NamedTuple):
    """One line for several names: its label, and the positions of the names that it stands for."""

    label: str
    members: tuple[int, ...]


def fold(names: Sequence[str], alike: Sequence[Hashable]) -> list[Fold]:
    """Fold names that differ in numbers alone, where all else about them is equal.

    Args:
        names: distinct names.
        alike: for each name all else that a line shows; only names with equal entries are folded.

    Returns:
        Lines in the order of their first names. Writing a label's ranges out gives its members' names
        and no others.

    >>> fold(["0.weight", "0.bias", "1.weight", "1.bias"], [8, 2, 8, 2])
    [Fold(label='{0..1}.weight', members=(0, 2)), Fold(label='{0..1}.bias', members=(1, 3))]
    """
    groups: dict[Hashable, dict[tuple[int, ...], int]] = {}
    templates: dict[Hashable, list[str]] = {}
    for at, (name, rest) in enumerate(zip(names, alike, strict=True)):
        parts = NUMBER.split(name)
        key = (tuple(parts[::2]), rest)
        templates[key] = parts[::2]
        groups.setdefault(key, {})[tuple(map(int, parts[1::2]))] = at
    folds = [
        Fold(_write(templates[key], block), tuple(sorted(members[point] for point in _points(block))))
        for key, members in groups.items()
        for block in _blocks(list(members))
    ]
    return sorted(folds, key=lambda line: line.members)


_Block = tuple[tuple[int, ...], ...]
"""For each number in a name the values it takes; a block stands for all their combinations."""


def _blocks(points: list[tuple[int, ...]]) -> list[_Block]:
    """Cover a set of points with blocks, each exactly: the last number is folded first."""
    if not points or not points[0]:
        return [()] if points else []
    below: dict[int, list[tuple[int, ...]]] = {}
    for point in points:
        below.setdefault(point[0], []).append(point[1:])
    merged: dict[_Block, list[int]] = {}
    for first, rest in below.items():
        for block in _blocks(rest):
            merged.setdefault(block, []).append(first)
    return [(tuple(sorted(firsts)), *block) for block, firsts in merged.items()]


def _points(block: _Block) -> list[tuple[int, ...]]:
    points: list[tuple[int, ...]] = [()]
    for values in block:
        points = [(*point, value) for point in points for value in values]
    return points


def _write(template: list[str], block: _Block) -> str:
    label = template[0]
    for values, text in zip(block, template[1:], strict=True):
        label += _range(values) + text
    return label


def _range(values: tuple[int, ...]) -> str:
    if len(values) == 1:
        return str(values[0])
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return "{" + ",".join(str(a) if a == b else f"{a}..{b}" for a, b in runs) + "}"
