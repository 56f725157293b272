"""Adapters, one for each framework, found by the ancestry of a model's class.

No framework is imported to ask: a class names the module it was defined in, and an adapter is imported
when a model of its framework arrives.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import is_dataclass
from importlib import import_module
from typing import Any

from ..adapter import Adapter
from ..errors import MissingExtraError, UnknownModelError
from . import foreign as foreign  # a rule may hold any framework's initializer, whatever the model's

__all__ = ["adapter_for", "adapter_named", "register"]

# (where a framework defines its base class, the class) -> our module. The most special first: a class
# may descend from several of them.
_KNOWN = {
    ("glueball.checkpoints.base", "Checkpoint"): "files",
    ("keras.src.layers.layer", "Layer"): "keras",
    ("torch.nn.modules.module", "Module"): "torch",
    ("flax.nnx.pytreelib", "Pytree"): "nnx",
}
# What stands for any tree of arrays is asked for last.
_CONTAINERS = (list, tuple, Mapping)
_PACKAGES = {"nnx": "jax", "files": ""}  # the extra that an adapter of another name wants


_registered: dict[tuple[str, str], Adapter] = {}


def register(base: type, adapter: Adapter) -> None:
    """Let an adapter of yours serve the models that descend from a class; the latest is asked first.

    See `docs/add-a-framework.md`.
    """
    key = (base.__module__, base.__qualname__)
    _registered.pop(key, None)
    _registered[key] = adapter


def adapter_named(name: str) -> Adapter:
    """The adapter of a framework, imported now if it was not.

    Raises:
        MissingExtraError: the framework is not installed.
    """
    try:
        adapter: Adapter = import_module(f"{__name__}.{name}").adapter
    except ModuleNotFoundError as missing:
        extra = _PACKAGES.get(name, name)
        if missing.name not in ("torch", "keras", "jax", "flax"):
            raise
        raise MissingExtraError(f"{missing.name} is not installed: pip install 'glueball[{extra}]'") from None
    return adapter


def adapter_for(model: Any) -> Adapter:
    """The adapter for a model.

    Raises:
        UnknownModelError: no adapter knows the model's class.
    """
    ancestry = {(cls.__module__, cls.__qualname__) for cls in type(model).__mro__}
    for base, mine in reversed(_registered.items()):
        if base in ancestry:
            return mine
    for base, name in _KNOWN.items():
        if base in ancestry:
            return adapter_named(name)
    if ("glueball.parameters.selection", "Selection") in ancestry:  # a Mapping, and no tree of arrays
        raise UnknownModelError(
            f"a {type(model).__name__} is a collection and no model: write its .root, the model it is of."
        )
    if not isinstance(model, type) and (
        isinstance(model, _CONTAINERS) or is_dataclass(model) or _tree_of_jax(model)
    ):
        return adapter_named("arrays")
    hint = " Write a model, not its class." if isinstance(model, type) else ""
    known = ", ".join(f"{module.split('.')[0]}'s {name}" for module, name in _KNOWN)
    raise UnknownModelError(
        f"{type(model).__module__}.{type(model).__qualname__} is no model that glueball knows. "
        f"It knows: {known}; and trees of arrays (dicts, lists, tuples, dataclasses, Equinox).{hint}"
    )


def _tree_of_jax(model: Any) -> bool:
    """Whether JAX knows the class as a tree; who registered one has imported JAX."""
    trees = sys.modules.get("jax.tree_util")
    if trees is None or model is None:
        return False
    leaves = trees.tree_leaves(model, is_leaf=lambda part: part is not model)
    return not (len(leaves) == 1 and leaves[0] is model)
