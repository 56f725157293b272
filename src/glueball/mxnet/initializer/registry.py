"""Initializers by name: `"xavier"`, or `'["xavier", {"magnitude": 2}]'` as `dumps` writes it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .base import Initializer

__all__ = ["alias", "create", "register"]

Class = TypeVar("Class", bound=type)

_KNOWN: dict[str, type[Initializer]] = {}


def register(klass: Class) -> Class:
    """Make a class known by its name in lower case; a decorator.

    >>> from glueball import mxnet as mx
    >>> @mx.init.register
    ... class Eights(mx.init.Initializer):
    ...     def _init_weight(self, name, data):
    ...         data[:] = 8
    >>> mx.init.create("eights").dumps()
    '["eights", {}]'
    """
    _enter(klass, klass.__name__)
    return klass


def alias(*aliases: str) -> Callable[[Class], Class]:
    """A decorator that makes a class known by other names (and by none of its own)."""

    def enter(klass: Class) -> Class:
        for name in aliases:
            _enter(klass, name)
        return klass

    return enter


def _enter(klass: type[Any], name: str) -> None:
    from .base import Initializer

    assert issubclass(klass, Initializer), "Can only register subclass of Initializer"
    name = name.lower()
    before = _KNOWN.get(name)
    if before is not None:
        warnings.warn(
            f"\033[91mNew initializer {klass.__module__}.{klass.__name__} registered with name {name} is"
            f"overriding existing initializer {before.__module__}.{before.__name__}\033[0m",
            UserWarning,
            stacklevel=3,
        )
    _KNOWN[name] = klass


def create(*args: Any, **kwargs: Any) -> Initializer:
    """An initializer by its name and its arguments; one that is there already is given back.

    Args:
        args: a registered name (or what `dumps` wrote), then the initializer's arguments.
        kwargs: its arguments by name; the name itself may be given as `initializer`.

    Raises:
        AssertionError: what is given is no name, or one that nothing is registered by.

    >>> from glueball import mxnet as mx
    >>> mx.init.create("normal", sigma=2).dumps()
    '["normal", {"sigma": 2}]'
    """
    if len(args) == 1 and not kwargs and type(args[0]) is str and args[0] in _KNOWN:
        made: Initializer = _KNOWN[args[0]]()  # a bare name, of which a large model has thousands
        return made
    from .base import Initializer

    name, args = (args[0], args[1:]) if args else (kwargs.pop("initializer"), ())
    if isinstance(name, Initializer):
        assert not args and not kwargs, "initializer is already an instance. Additional arguments are invalid"
        return name
    if isinstance(name, dict):
        return create(**name)
    assert isinstance(name, str), "initializer must be of string type"
    if name.startswith("["):
        assert not args and not kwargs
        name, kwargs = json.loads(name)
        return create(name, **kwargs)
    if name.startswith("{"):
        assert not args and not kwargs
        return create(**json.loads(name))
    name = name.lower()
    assert name in _KNOWN, f"{name} is not registered. Please register with initializer.register first"
    return _KNOWN[name](*args, **kwargs)
