"""Which array belongs at which path of Keras's: by the path itself, by the layer's name, or by the shapes.

Keras keeps the variables of a layer in their order, `layers/dense_1/vars/0`, and counts layers of one class
in the model's order. An array's name says who owns it and what it is there: `encoder.out.kernel`. So owners
are matched with groups, and the arrays of an owner with the variables of its group, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from glueball.errors import FileFormatError

from ..hdf5 import Hdf5File

__all__ = ["by_like", "by_pairs", "is_path"]

T = TypeVar("T")
Shapes: TypeAlias = "tuple[tuple[int, ...], ...]"

_PATH = re.compile(r"(.+/)?vars/\d+")
_COUNTER = re.compile(r"_\d+(?=/|$)")
# What a model's parameters may leave out: the file's own values stay.
_SPARE = re.compile(r"optimizer/|(.*/)?seed_generator\w*/vars/")


def is_path(name: str) -> bool:
    """Whether Keras could have called an array so.

    >>> is_path("layers/dense_1/vars/0"), is_path("dense.kernel")
    (True, False)
    """
    return _PATH.fullmatch(name) is not None


def by_pairs(arrays: Mapping[str, T], pairs: Iterable[tuple[str, str]]) -> dict[str, T]:
    """The arrays by Keras's paths, as pairs of (path, name) say; a name may stand at several paths.

    Raises:
        FileFormatError: a pair names no array, a path is there twice, or an array has none.

    >>> by_pairs({"dense.kernel": "an array"}, [("layers/dense/vars/0", "dense.kernel")])
    {'layers/dense/vars/0': 'an array'}
    """
    placed: dict[str, T] = {}
    used = set()
    for path, name in pairs:
        if name not in arrays:
            raise FileFormatError(f"{path!r} is to have {name!r}, which is no array that is given")
        if path in placed:
            raise FileFormatError(f"two arrays are to be at {path!r}")
        placed[path] = arrays[name]
        used.add(name)
    left = [name for name in arrays if name not in used]
    if left:
        raise FileFormatError(f"no path is given for {_some(left)}")
    return placed


def by_like(arrays: Mapping[str, Any], like: Hdf5File) -> dict[str, str]:
    """Path → name of the array that belongs there, as a file that Keras has written of the same model tells.

    All arrays find a place, and all places an array, but those of an optimizer and of seeds.

    Args:
        arrays: anything with a shape, by names that are paths already, or an owner's name and their own,
            joined by dots or slashes.
        like: the file; of an archive its `weights`.

    Raises:
        FileFormatError: it cannot be told; it says where the first doubt is.
    """
    given = list(arrays)
    if all(name in like or name in like.aliases for name in given):
        return _checked({name: name for name in given}, arrays, like)
    owners = _owners(given)
    groups: dict[str, list[str]] = {}
    for path in like:
        if not _SPARE.match(path):
            groups.setdefault(path.rpartition("/")[0], []).append(path)
    placed = _by_names(owners, groups, like)
    if placed is None:
        placed = _by_shapes(owners, groups, arrays, like)
    pairs: dict[str, str] = {}
    for owner, group in placed.items():
        if len(owners[owner]) != len(groups[group]):
            raise FileFormatError(
                f"{_shown(owner)} has {len(owners[owner])} arrays ({_some(owners[owner])}), and {group!r} of"
                f" {like.path} has {len(groups[group])}"
            )
        pairs.update(zip(groups[group], owners[owner], strict=True))
    return _checked(pairs, arrays, like)


def _checked(pairs: dict[str, str], arrays: Mapping[str, Any], like: Hdf5File) -> dict[str, str]:
    for path, name in pairs.items():
        shape = like[like.aliases.get(path, path)].shape
        if tuple(arrays[name].shape) != shape:
            raise FileFormatError(
                f"{name!r} of shape {tuple(arrays[name].shape)} does not fit {path!r} of {like.path}, which"
                f" has the shape {shape}"
            )
    missing = [path for path in like if path not in pairs and not _SPARE.match(path)]
    if missing:
        raise FileFormatError(f"no array is given for {_some(missing)} of {like.path}")
    return pairs


def _owners(names: list[str]) -> dict[tuple[str, ...], list[str]]:
    owners: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        owners.setdefault(tuple(re.split(r"[./]", name)[:-1]), []).append(name)
    return owners


def _by_names(
    owners: Mapping[tuple[str, ...], Any], groups: Mapping[str, Any], like: Hdf5File
) -> dict[tuple[str, ...], str] | None:
    """Owner → group, by the layers' names; None if the file has none, or not these."""
    chains = {group: _chain(group, like) for group in groups}
    placed: dict[tuple[str, ...], str] = {}
    for owner in owners:
        fitting = [
            group
            for group, chain in chains.items()
            if chain and owner and (chain[-len(owner) :] == owner or owner[-len(chain) :] == chain)
        ]
        if len(fitting) != 1:
            return None
        placed[owner] = fitting[0]
    return placed if len(set(placed.values())) == len(placed) else None


def _chain(group: str, like: Hdf5File) -> tuple[str, ...]:
    """The names of the layers that lead to a group of variables; empty if its own layer has none."""
    if "name" not in like.attributes.get(group, {}):
        return ()
    parts = group.split("/")[:-1]
    steps = ["/".join([*parts[:depth], "vars"]) for depth in range(len(parts) + 1)]
    return tuple(like.attributes[step]["name"] for step in steps if "name" in like.attributes.get(step, {}))


def _by_shapes(
    owners: Mapping[tuple[str, ...], list[str]],
    groups: Mapping[str, list[str]],
    arrays: Mapping[str, Any],
    like: Hdf5File,
) -> dict[tuple[str, ...], str]:
    """Owner → group, where the shapes leave no choice but the order of layers of one class."""
    wanted: dict[Shapes, list[tuple[str, ...]]] = {}
    for owner, names in owners.items():
        wanted.setdefault(tuple(tuple(arrays[name].shape) for name in names), []).append(owner)
    there: dict[Shapes, list[str]] = {}
    for group, paths in groups.items():
        there.setdefault(tuple(like[path].shape for path in paths), []).append(group)
    placed: dict[tuple[str, ...], str] = {}
    for shapes, these in wanted.items():
        found = there.get(shapes, [])
        kinds = {_COUNTER.sub("", group) for group in found}
        if len(found) != len(these):
            raise _unknown(
                like, f"{_shown(these[0])} has arrays of shapes {shapes}, as {len(these)} of the given and"
                f" {len(found)} of the file's layers have"
            )  # fmt: skip
        if len(kinds) > 1:
            raise _unknown(like, f"{_shown(these[0])} could be {_some(found)} by its shapes")
        placed.update(zip(these, sorted(found, key=_counted), strict=True))
    return placed


def _counted(group: str) -> list[int]:
    """By the counters of layers: "dense" is before "dense_1"."""
    return [int(found[1:]) if (found := _last(part)) else 0 for part in group.split("/")]


def _last(part: str) -> str:
    found = _COUNTER.search(part)
    return found.group() if found else ""


def _unknown(like: Hdf5File, why: str) -> FileFormatError:
    return FileFormatError(
        f"{like.path} does not tell which array belongs where: {why}. Name the arrays by its paths, such as"
        f" {next(iter(like), 'layers/dense/vars/0')!r}, or give pairs of (path, name)"
    )


def _shown(owner: tuple[str, ...]) -> str:
    return repr(".".join(owner)) if owner else "the model itself"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
