"""What lies in a module of NNX.

A module's attributes stand in its `__dict__`; NNX keeps beside them which are data. Names are the attributes,
keys and places, as in NNX's own paths. The order is NNX's own, by name, since its functions make modules anew
in that order; a module's own Variables stand before those of the modules in it.
"""

from __future__ import annotations

from typing import Any

import jax
from flax import nnx

from ...errors import TieError
from ..host import Entries
from . import layers

__all__ = ["entries", "find", "get", "put", "set_value", "value"]

_PARAM, _BUFFER, _LAYER, _PLAIN, _NOTHING = range(5)
_roles: dict[type, int] = {}


def _role(kind: type) -> int:
    """What a thing of a class is to the walk."""
    if issubclass(kind, nnx.Variable):
        found = _PARAM if issubclass(kind, nnx.Param) else _BUFFER
    elif issubclass(kind, nnx.Pytree):
        found = _LAYER
    else:
        found = _PLAIN if issubclass(kind, (list, dict, tuple)) else _NOTHING
    _roles[kind] = found
    return found


def value(thing: Any) -> Any:
    """The array in a Variable, without its hooks; anything else as it is."""
    if not isinstance(thing, nnx.Variable):
        return thing
    raw = thing.get_raw_value()
    return raw[...] if thing.ref and not isinstance(raw, (jax.Array, jax.ShapeDtypeStruct)) else raw


def set_value(variable: Any, array: Any) -> None:
    """Put an array into a Variable, without its hooks."""
    raw = variable.get_raw_value()
    if variable.ref and not isinstance(raw, (jax.Array, jax.ShapeDtypeStruct)):
        raw[...] = array
    else:
        variable.set_raw_value(array)


def _inside(thing: Any) -> list[tuple[Any, Any]]:
    """(key, thing) for what lies in a plain list, tuple or dict."""
    return sorted(thing.items()) if isinstance(thing, dict) else list(enumerate(thing))


def _place(name: str) -> tuple[int, str]:
    """By which attributes are sorted: those of a `nnx.List` are numbers."""
    return (int(name), "") if name.isdecimal() else (-1, name)


def entries(owner: Any) -> Entries:
    """The Variables that hold an array, and the modules, in a module.

    Plain lists, tuples and dicts are looked through, so that a name may have dots: functions of JAX put
    others with the same content in their place.
    """
    arrays: list[tuple[str, Any]] = []
    below: list[tuple[str, Any]] = []
    buffers: dict[str, bool] = {}
    table = owner.__dict__
    data = table["_pytree__nodes"]
    roles = _roles

    def take(name: str, thing: Any) -> None:
        kind = type(thing)
        role = roles[kind] if kind in roles else _role(kind)
        if role <= _BUFFER:
            if hasattr(thing.get_raw_value(), "shape"):  # not a number, nor a whole tree in one Variable
                arrays.append((name, thing))
                if role == _BUFFER:
                    buffers[name] = True
        elif role == _LAYER:
            below.append((name, thing))
        elif role == _PLAIN:
            for key, part in _inside(thing):
                take(f"{name}.{key}", part)

    for name in sorted([name for name, is_data in data.items() if is_data], key=_place):
        take(name, table[name])
    layers.note_gates(owner)
    return Entries(arrays, below, buffers)


def find(owner: Any, attribute: str) -> tuple[Any, Any, Any]:
    """What holds the thing of this name, directly or in a plain list, the key there, and the thing."""
    table = owner.__dict__
    if attribute in table:
        return owner, attribute, table[attribute]
    name, _, rest = attribute.partition(".")
    return _within(table.get(name), rest) or (owner, attribute, None)


def _within(thing: Any, rest: str) -> tuple[Any, Any, Any] | None:
    """What `_follow` gives, in a plain list, tuple or dict; a key may have dots itself."""
    for key, part in _inside(thing) if isinstance(thing, (list, tuple, dict)) else ():
        if str(key) == rest:
            return thing, key, part
        if rest.startswith(f"{key}.") and (found := _within(part, rest[len(str(key)) + 1 :])):
            return found
    return None


def get(owner: Any, attribute: str) -> Any:
    """The Variable at a site, None where there is none."""
    found = owner.__dict__.get(attribute)
    if found is None and "." in attribute:
        found = find(owner, attribute)[2]
    return found if isinstance(found, nnx.Variable) else None


def put(owner: Any, attribute: str, variable: Any) -> None:
    """Put a Variable at a site.

    Raises:
        TieError: the site is in a tuple.
    """
    holder, key, _ = find(owner, attribute)
    if isinstance(holder, tuple):
        raise TieError(f"{attribute!r} lies in a tuple, which cannot be changed: use a nnx.List.")
    if isinstance(holder, nnx.List):
        holder[int(key)] = variable
    elif isinstance(holder, (list, dict)):
        holder[key] = variable
    else:
        setattr(holder, key, variable)
