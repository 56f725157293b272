"""Buffers of a model on the meta device: computed again where the layer is known, given, or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import streams
from ...errors import DeferredError, InitializerError, NameNotFoundError
from ...patterns import nearest
from ...slots import Tree
from ..parameter import Parameter, native
from .filling import draw_apart

__all__ = ["Buffer", "plan_buffers", "write_buffers"]


class Buffer:
    """A buffer and what is to be put into it: a value, or what a layer computes when all is filled."""

    def __init__(self, parameter: Parameter, value: Any) -> None:
        self.parameter = parameter
        self.value = value

    @property
    def owner(self) -> Any:
        """The layer that holds it."""
        return self.parameter.sites[0].owner


def plan_buffers(
    tree: Tree, layers: set[int] | None, device: Any, given: Any, filled: set[int]
) -> list[Buffer]:
    """What to put into given buffers, and into those on meta where there is a device.

    Args:
        tree: the tree that was planned on.
        layers: the `id` of each layer whose buffers are meant; None for all.
        device: where buffers on meta get memory; None leaves them.
        given: values by name, or None.
        filled: the `id` of each array that a rule fills.

    Raises:
        NameNotFoundError: a name given is no buffer of the model.
        ShapeError, DTypeError: a value does not fit.
        DeferredError: a buffer on the meta device is neither known nor given.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InitializerError(f"buffers is a {type(given).__name__}: write {{name: value}}.")
    if device is None and not given:
        return []
    adapter, given = tree.adapter, given or {}
    tree = adapter.walk(tree.root, True)
    rows = list(tree.buffers)
    names = {tree.names[row]: row for row in rows}
    for name in given:
        if name not in names:
            near = ", ".join(nearest(str(name), list(names))) or "none at all"
            raise NameNotFoundError(f"buffers: the model has no buffer {name!r} (nearest: {near}).")
    found: list[Buffer] = []
    unknown = []
    for (name, row), array in zip(names.items(), tree.arrays(rows), strict=True):
        if adapter.lazy(array) or (name in given and device is None and adapter.on_meta(array)):
            if name in given:
                raise DeferredError(
                    f"the buffer {name!r} cannot be set: {adapter.no_values(array)}; or write device=."
                )
            continue
        at = tree.holders[row]
        meant = (layers is None or id(tree.owners[at]) in layers) and id(array) not in filled
        if name in given:
            value = native(given[name], adapter)
        elif meant and device is not None and adapter.on_meta(array):
            above = tree.owners[tree.parents[at]] if at else None
            value = adapter.constructed_buffer(tree.owners[at], tree.attributes[row], above)
            if value is None:
                unknown.append(name)
                continue
        else:
            continue
        found.append(
            Buffer(Parameter(tree, row), value if callable(value) else adapter.coerce(array, value, name))
        )
    if unknown:
        raise DeferredError(
            f"cannot compute the buffers {', '.join(unknown)} of layers that glueball does not know. Give "
            f"them, buffers={{{unknown[0]!r}: …}}, or build the model under gb.meta(), which keeps what is "
            f"not computed from parameters."
        )
    return found


def write_buffers(buffers: list[Buffer], seed: int, prefix: str) -> None:
    """Fill buffers that have memory, the parameters being filled."""
    last: dict[int, Callable[[], None]] = {}
    for buffer in buffers:
        parameter = buffer.parameter
        adapter, array = parameter._tree.adapter, parameter._array()
        if callable(buffer.value):
            draw_apart(adapter, array, streams.Normal(0, 1), seed, prefix + parameter.name)
            last[id(buffer.owner)] = buffer.value
        else:
            adapter.write(array, buffer.value)
    for compute in last.values():
        compute()
