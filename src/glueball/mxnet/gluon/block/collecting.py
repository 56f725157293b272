"""The Parameters of a block and of all blocks in it, in one pass over the tree.

MXNet makes a dictionary for each block and merges them upwards. Here one loop goes down, parents first, in
the order of the children, and only a block whose class has a `collect_params` of its own is asked itself.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..parameter import Parameter, ParameterDict

if TYPE_CHECKING:
    from .base import Block

__all__ = ["collect", "collect_by_place"]

_own_way: dict[type, bool] = {}


def _overrides(kind: type, base: type) -> bool:
    own = _own_way.get(kind)
    if own is None:
        own = _own_way[kind] = (
            not issubclass(kind, base) or kind.collect_params is not base.collect_params  # type: ignore[attr-defined]
        )
    return own


def collect(root: Block, select: str | None) -> ParameterDict:
    """See `Block.collect_params`."""
    from .base import Block
    from .foreign import own_of

    found = ParameterDict(root._params.prefix)
    into = found._params
    matches: Callable[[str], Any] | None = re.compile(select).match if select is not None else None
    seen: set[int] = set()
    below = [root]
    while below:
        block = below.pop()
        tables = block.__dict__
        children = tables["_modules"]
        if children:  # a leaf that is met again costs less than to remember them all
            if id(block) in seen:
                continue
            seen.add(id(block))
        if tables["_containers"]:
            _warn_of_hidden_blocks(block)
        for name, parameter in tables["_params"]._params.items():
            if (matches is None or matches(name)) and into.setdefault(name, parameter) is not parameter:
                _refuse(name)
        if len(tables["_parameters"]) + len(tables["_buffers"]) > len(tables["_reg_params"]):
            for _, parameter in own_of(block):
                name = parameter.name
                if (matches is None or matches(name)) and into.setdefault(name, parameter) is not parameter:
                    _refuse(name)
        if not children:
            continue
        kinds = set(map(type, children.values()))
        kinds.discard(type(None))
        if not any(_overrides(kind, Block) for kind in kinds):
            below += [child for child in reversed(children.values()) if child is not None]
            continue
        # Somebody answers for itself: the order of what is found has to be kept, so each in its turn.
        for path, child in children.items():
            if child is None:
                continue
            if isinstance(child, Block):
                found.update(child.collect_params(select))
            else:
                for name, parameter in _of_torch(block, path, child, select):
                    if into.setdefault(name, parameter) is not parameter:
                        _refuse(name)
    return found


def _refuse(name: str) -> None:
    raise AssertionError(
        f"Cannot update self with other because they have different Parameters with the same name '{name}'"
    )


def _of_torch(block: Block, path: str, module: Any, select: str | None) -> list[tuple[str, Parameter]]:
    from .base import Block
    from .foreign import parameters_of

    pairs: list[tuple[str, Parameter]] = []
    for part in parameters_of(block, path, module):
        if isinstance(part, Block):
            pairs += part.collect_params(select).items()
        elif select is None or re.match(select, part.name):
            pairs.append((part.name, part))
    return pairs


def collect_by_place(block: Block, prefix: str) -> dict[str, Parameter]:
    """See `Block._collect_params_with_prefix`."""
    from .base import Block
    from .foreign import own_of, places_of

    inner = prefix + "." if prefix else ""
    found = {inner + name: parameter for name, parameter in block._reg_params.items()}
    found.update((inner + name, parameter) for name, parameter in own_of(block))
    for name, child in block._modules.items():
        if isinstance(child, Block):
            found.update(child._collect_params_with_prefix(inner + name))
        elif child is not None:
            for path, part in places_of(block, name, child):
                if isinstance(part, Block):
                    found.update(part._collect_params_with_prefix(inner + path))
                else:
                    found[inner + path] = part
    return found


def _warn_of_hidden_blocks(block: Block) -> None:
    inside = set(map(id, block._modules.values()))
    for name in block._containers:
        value = block.__dict__.get(name)
        if isinstance(value, (list, tuple, dict)) and _hides(value, inside):
            warnings.warn(
                f'"{type(block).__name__}.{name}" is an unregistered container with Blocks. Note that '
                "Blocks inside the list, tuple or dict will not be registered automatically. Make sure "
                "to register them using register_child() or switching to "
                "nn.Sequential/nn.HybridSequential instead. ",
                stacklevel=4,
            )


def _hides(value: Any, inside: set[int]) -> bool:
    from .base import Block

    if isinstance(value, (list, tuple)):
        return any(_hides(part, inside) for part in value)
    if isinstance(value, dict):
        return any(_hides(part, inside) for part in value.values())
    return isinstance(value, Block) and id(value) not in inside
