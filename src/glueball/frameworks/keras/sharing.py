"""Sharing a layer before it is built, which is how Keras ties."""

from __future__ import annotations

from typing import Any

import keras

from ...adapter import Adapter
from ...errors import TieError
from .contents import attributes

__all__ = ["share"]


def share(adapter: Adapter, root: Any, old: Any, new: Any) -> None:
    """Put a layer in the place of another that is not built, everywhere in a model.

    Raises:
        TieError: they are of other classes or other settings, or the other lies where no layer can be
            put; nothing was changed.
    """
    one, other = _settings(old), _settings(new)
    if type(old) is not type(new) or one != other:
        differs = [name for name in one if name in other and one[name] != other[name]]
        settings = "".join(f" {name} is {one[name]!r} and {other[name]!r}." for name in differs)
        raise TieError(
            f"a {type(old).__name__} and a {type(new).__name__} cannot be one layer: only layers of one "
            f"class and the same settings can be shared.{settings if type(old) is type(new) else ''}"
        )
    owners = adapter.walk(root, False).owners
    places = [place for owner in owners for place in _places(owner, old)]
    if old is root or not places:
        raise TieError(f"{old.name!r} lies in no layer of the model, so nothing can be put in its place.")
    for owner, key in places:
        _put(owner, key, old, new)


def _settings(layer: Any) -> dict[str, Any]:
    """A layer's config without its name, and without the seeds, which make no other layer."""
    if type(layer).get_config is keras.Layer.get_config:
        return {}
    config = layer.get_config()
    return {name: _unseeded(value) for name, value in config.items() if name not in ("name", "seed")}


def _unseeded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unseeded(part) for key, part in value.items() if key not in ("seed", "name")}
    return [_unseeded(part) for part in value] if isinstance(value, (list, tuple)) else value


def _places(owner: Any, layer: Any) -> list[tuple[Any, Any]]:
    """(container or layer, key) for each place directly in an owner."""
    if isinstance(owner, keras.Sequential):
        return [(owner._layers, at) for at, one in enumerate(owner._layers) if one is layer]
    if isinstance(owner, dict):
        return [(owner, key) for key, one in owner.items() if one is layer]
    if isinstance(owner, list):
        return [(owner, at) for at, one in enumerate(owner) if one is layer]
    if isinstance(owner, keras.Layer):
        return [(owner, key) for key, one in attributes(owner) if one is layer]
    return []


def _put(owner: Any, key: Any, old: Any, new: Any) -> None:
    if isinstance(owner, keras.Layer):
        owner._tracker.untrack(old)
        setattr(owner, key, new)
        return
    tracker = getattr(owner, "tracker", None)
    if tracker is not None:
        tracker.untrack(old)
        tracker.track(new)
    owner[key] = new
