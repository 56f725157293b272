"""Initializers of other frameworks, recognised by ancestry and module name, and run under our seed.

Nothing is imported to ask: an object tells where its class or function was defined, and the small
adapter for it is imported only when such an object arrives. It serves models of any framework; a
layer's adapter says only how its axes lie.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...init import Initializer, recognise

__all__ = ["foreign"]


def _top(thing: Any) -> str:
    return (getattr(thing, "__module__", None) or "").partition(".")[0]


def _is_keras(given: Any) -> bool:
    return any(
        c.__qualname__ == "Initializer" and _top(c) in ("keras", "tf_keras", "tensorflow")
        for c in type(given).__mro__
    )


def _is_jax(given: Any) -> bool:
    return callable(given) and not isinstance(given, type) and _top(given) in ("jax", "flax")


_KNOWN = {"keras": _is_keras, "jax": _is_jax}


@recognise
def foreign(given: Any) -> Initializer | None:
    """The object as an initializer of ours, None where it is of no framework that is known here."""
    for name, is_it in _KNOWN.items():
        if is_it(given):
            found: Initializer = import_module(f"{__name__}.{name}").initializer(given)
            return found
    return None
