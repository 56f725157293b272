"""Buffers of a model on the meta device: computed again where the layer is known, given, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DeferredError, InitializerError, NameNotFoundError
from ..frameworks import adapter_for
from ..patterns import missing_name
from .parameter import Parameter, native

__all__ = ["buffer_values"]


def buffer_values(model: Any, device: Any, given: Mapping[str, Any]) -> list[tuple[Parameter, Any]]:
    """(buffer, what to write into it) for given buffers, and for those on meta where there is a device.

    Raises:
        NameNotFoundError: a name given is no buffer of the model.
        ShapeError, DTypeError: a value does not fit.
        DeferredError: a buffer on the meta device is neither known nor given.
    """
    if not isinstance(given, Mapping):
        raise InitializerError(f"buffers is a {type(given).__name__}: write {{name: value}}.")
    adapter = adapter_for(model)
    tree = adapter.walk(model, True)
    rows = list(tree.buffers)
    names = {tree.names[row]: row for row in rows}
    for name in given:
        if name not in names:
            raise NameNotFoundError("buffers: " + missing_name(tree, name, "", rows))
    found: list[tuple[Parameter, Any]] = []
    unknown = []
    for (name, row), array in zip(names.items(), tree.arrays(rows), strict=True):
        if adapter.lazy(array) or (name in given and device is None and adapter.on_meta(array)):
            if name in given:
                raise DeferredError(
                    f"the buffer {name!r} cannot be set: {adapter.no_values(array)}; or write device=."
                )
            continue
        if name in given:
            value = native(given[name], adapter)
        elif device is not None and adapter.on_meta(array):
            owner = tree.owners[tree.holders[row]]
            value = adapter.constructed_buffer(owner, tree.attributes[row])
            if value is None:
                unknown.append(name)
                continue
        else:
            continue
        found.append((Parameter(tree, row), adapter.coerce(array, value, name)))
    if unknown:
        raise DeferredError(
            f"cannot compute the buffers {', '.join(unknown)} of layers that glueball does not know. Give "
            f"them, buffers={{{unknown[0]!r}: …}}, or build the model under gb.meta(), which keeps them."
        )
    return found
