"""Trees of a model's form: made, with something else in the place of each array, and read by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import OptimizerError, ShapeError
from ...slots import join
from .containers import Boxed, children, is_container, replaced
from .kinds import kind_of

__all__ = ["gradients", "mapped"]


def mapped(root: Any, put: Callable[[str, Any], Any]) -> Any:
    """A tree of the model's form with `put(slot, array)` in the place of each array.

    What is neither array nor container is replaced by `put(slot, None)`.

    Raises:
        OptimizerError: a container holds itself, so the tree has no end.
    """
    way: list[Any] = []

    def made(container: Any, path: str) -> Any:
        if any(container is above for above in way):
            raise OptimizerError(
                f"{path!r} leads back to a container above it, and trees of JAX have no such ways."
            )
        way.append(container)
        new = {}
        for name, key, value in children(container):
            slot = join(path, name)
            if kind_of(value) is not None:
                here = put(slot, value)
            elif value is None:
                continue
            else:
                here = made(value, slot) if is_container(value) else put(slot, None)
            new[key.key if isinstance(key, Boxed) else key] = here
        way.pop()
        return replaced(container, new, anew=True)

    return made(root, "")


def gradients(root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
    """Gradients by slot, from a tree of the model's form (or by name, which is a flat one); or a plain list.

    Raises:
        ShapeError: what was given is no tree.
    """
    if isinstance(grads, (list, tuple)) and not isinstance(root, (list, tuple)):
        return list(grads)
    if not is_container(grads):
        raise ShapeError(
            f"the gradients are of {type(grads).__name__}: give what the gradient function returned, a tree "
            f"of the model's form, or {{name: gradient}}."
        )
    found: dict[str, Any] = {}
    todo = [("", grads)]
    while todo:
        path, container = todo.pop()
        for name, _, value in children(container):
            slot = join(path, name)
            if kind_of(value) is not None:
                found[slot] = value
            elif is_container(value):
                todo.append((slot, value))
    return found
