"""Containers: what lies in one, and how a thing in it is replaced.

Some can be changed in place (dicts, lists, dataclasses that are not frozen). The others are made anew with
one thing replaced: tuples, frozen dataclasses, Equinox modules, every class that JAX knows as a node of
a tree. The caller then puts the new one into what held the old.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import MutableMapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ...errors import UnknownModelError

__all__ = ["Boxed", "Child", "children", "fetch", "is_container", "is_fixed", "replaced"]


class Child(NamedTuple):
    """One thing in a container: the name it has in a path, what finds it there, and the thing."""

    name: str
    key: Any
    value: Any


class Boxed(NamedTuple):
    """The key of an array that lies in a Variable of Flax NNX, which stays when the array is replaced."""

    key: Any


def _is_box(thing: Any) -> bool:
    return any((c.__module__, c.__qualname__) == _VARIABLE for c in type(thing).__mro__)


_VARIABLE = ("flax.nnx.variablelib", "Variable")


def _child(name: str, key: Any, value: Any) -> Child:
    if type(value).__module__.startswith("flax.") and _is_box(value):
        return Child(name, Boxed(key), value.get_raw_value())
    return Child(name, key, value)


def _name(key: Any, container: Any) -> str:
    """The name for a key: text as it is, a tuple joined by dots (flattened trees), anything else as text."""
    if isinstance(key, tuple) and key:
        return ".".join(_name(part, container) for part in key)
    text = key if isinstance(key, str) else str(key)
    if not text:
        raise UnknownModelError(
            f"a {type(container).__name__} has the key {key!r}, which makes no name: give it another."
        )
    return text


# ---- what kind of container -----------------------------------------------------------------------------

_MAPPING, _LIST, _TUPLE, _NAMED, _FIELDS, _FROZEN, _NODE = (
    "mapping", "list", "tuple", "named", "fields", "frozen", "node",
)  # fmt: skip
_IN_PLACE = (_MAPPING, _LIST, _FIELDS)
_kinds: dict[type, str] = {}


def _kind(thing: Any) -> str:
    """Which kind of container it is, "" for none; known by its class."""
    cls = type(thing)
    found = _kinds.get(cls)
    if found is None:
        found = _new_kind(thing, cls)
        if found or _pytrees() is not None:  # a class may be registered once JAX is there
            _kinds[cls] = found
    return found


def _new_kind(thing: Any, cls: type) -> str:
    if isinstance(thing, (MutableMapping, MappingProxyType)):
        return _MAPPING
    if isinstance(thing, list):
        return _LIST
    if isinstance(thing, tuple):
        return _NAMED if hasattr(cls, "_fields") else _TUPLE
    dataclass = is_dataclass(thing) and not isinstance(thing, type)
    if dataclass and not any("__setattr__" in vars(c) for c in cls.__mro__[:-1]):  # not frozen, nor Equinox's
        return _FIELDS
    if thing is not None and _registered(thing):
        return _NODE
    return _FROZEN if dataclass else ""


def _pytrees() -> Any:
    """JAX's registry of trees, None before JAX was imported."""
    return sys.modules.get("jax.tree_util")


def _registered(thing: Any) -> bool:
    trees = _pytrees()
    if trees is None:
        return False
    leaves = trees.tree_leaves(thing, is_leaf=lambda part: part is not thing)
    return not (len(leaves) == 1 and leaves[0] is thing)


def is_container(thing: Any) -> bool:
    """Whether other things may lie in it."""
    return _kind(thing) != ""


def is_fixed(container: Any, root: bool) -> bool:
    """Whether nothing below it is to be changed in place, so that who holds it sees it as it was.

    So it is with classes that promise it (Equinox, frozen dataclasses, FrozenDict), with a read-only view,
    and with a tuple that is the model.
    """
    kind = _kind(container)
    if kind in (_NODE, _FROZEN) or isinstance(container, MappingProxyType):
        return True
    return root and kind not in _IN_PLACE


# ---- what lies in one -----------------------------------------------------------------------------------


def _own(container: Any) -> Any:
    """The dict behind an `nnx.State`, which makes new views of its inner dicts each time."""
    return getattr(container, "raw_mapping", container)


def children(container: Any) -> list[Child]:
    """What lies in a container, in its own order.

    Raises:
        UnknownModelError: two keys would have one name.
    """
    kind = _kind(container)
    if kind == _MAPPING:
        inside = _own(container)
        found = [_child(_name(key, container), key, value) for key, value in inside.items()]
        if len({child.name for child in found}) < len(found):
            names = [child.name for child in found]
            name = next(name for name in names if names.count(name) > 1)
            keys = " and ".join(repr(child.key) for child in found if child.name == name)
            raise UnknownModelError(
                f"the keys {keys} of a {type(container).__name__} have one name, {name!r}: rename one."
            )
        return found
    if kind in (_LIST, _TUPLE):
        return [Child(str(place), place, value) for place, value in enumerate(container)]
    if kind == _NAMED:
        return [Child(name, place, container[place]) for place, name in enumerate(container._fields)]
    if kind in (_FIELDS, _FROZEN):
        names = [field.name for field in fields(container)]
        if _registered(container):  # what JAX does not look into is no part of the tree
            steps = {getattr(path[0], "name", None) for path, _ in _flat(container)[0]}
            names = [name for name in names if name in steps]
        return [Child(name, name, getattr(container, name)) for name in names if hasattr(container, name)]
    if kind == _NODE:
        parts, _ = _flat(container)
        return [Child(_step(path, container), at, value) for at, (path, value) in enumerate(parts)]
    return []


def _flat(node: Any) -> tuple[list[Any], Any]:
    flat: tuple[list[Any], Any] = _pytrees().tree_flatten_with_path(
        node, is_leaf=lambda part: part is not node
    )
    return flat


def _step(path: Any, container: Any) -> str:
    """The name of a step of JAX's: an attribute, a key, or a place."""
    (step,) = path
    for what in ("name", "key", "idx"):
        if hasattr(step, what):
            return _name(getattr(step, what), container)
    return str(step)


def fetch(container: Any, key: Any) -> Any:
    """What lies under a key now, None where there is nothing."""
    if isinstance(key, Boxed):
        box = fetch(container, key.key)
        return box.get_raw_value() if _is_box(box) else None
    kind = _kind(container)
    if kind == _MAPPING:
        return _own(container).get(key)
    if kind in (_LIST, _TUPLE, _NAMED):
        return container[key] if key < len(container) else None
    if kind in (_FIELDS, _FROZEN):
        return getattr(container, key, None)
    parts, _ = _flat(container)
    return parts[key][1] if key < len(parts) else None


# ---- replacing ------------------------------------------------------------------------------------------


def replaced(container: Any, new: dict[Any, Any], *, anew: bool = False) -> Any:
    """The container with other things under some keys: the same one, changed, where it can be.

    Args:
        container: the container.
        new: what is to lie under which key.
        anew: leave it as it is and make another.
    """
    kind = _kind(container)
    if kind in _IN_PLACE and not anew and not isinstance(container, MappingProxyType):
        if kind == _FIELDS:
            for key, value in new.items():
                setattr(container, key, value)
        else:
            inside = _own(container)
            for key, value in new.items():
                if isinstance(key, Boxed):
                    inside[key.key].set_raw_value(value)
                else:
                    inside[key] = value
        return container
    if isinstance(container, MappingProxyType):
        return MappingProxyType({**container, **new})
    if kind in (_MAPPING, _LIST):
        other = copy.copy(container)
        if other is not container and _own(other) is _own(container):  # a shallow copy of a view
            other = type(container)(dict(_own(container)))
        for key, value in new.items():
            _own(other)[key.key if isinstance(key, Boxed) else key] = value
        return other
    if kind in (_TUPLE, _NAMED):
        parts = [new.get(place, value) for place, value in enumerate(container)]
        return container._make(parts) if kind == _NAMED else type(container)(parts)
    if kind in (_FIELDS, _FROZEN):
        other = copy.copy(container)
        for key, value in new.items():
            object.__setattr__(other, key, value)
        return other
    parts, form = _flat(container)
    return form.unflatten([new.get(at, value) for at, (_, value) in enumerate(parts)])
