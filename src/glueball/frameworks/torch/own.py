"""What a module says of itself: kinds of modules that know more than torch's tables hold.

A class of modules may have an attribute `__glueball__`, an object with the methods of `Itself`; Gluon's
blocks have one. It is asked of the class, so a plain module costs one look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ...adapter import Shape
from ...layouts import Layout

__all__ = ["Itself", "Layer", "itself", "own_names"]


class Layer(NamedTuple):
    """What an array is to its layer.

    Attributes:
        kind: "transposed" (a convolution's (inputs, outputs, *kernel)), "embedding", or "" for all else.
        groups: of a convolution.
    """

    kind: str = ""
    groups: int = 1


class Itself(Protocol):
    """What a kind of modules knows of itself."""

    def names(self, owner: Any) -> Mapping[str, str]:
        """The names by which it calls the arrays that lie in it, by attribute."""

    def shape(self, owner: Any, attribute: str) -> Shape | None:
        """What is known of the shape of an array that waits for it."""

    def layer(self, owner: Any, attribute: str) -> Layer:
        """What an array is to it."""

    def layout(self, owner: Any) -> Sequence[Layout]:
        """What it holds in the form that all frameworks share, () where it is no known layer."""

    def default(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> Any:
        """The initializer for what its constructor would draw, None where it is not known."""

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None) -> None:
        """Take another array: that of another site, which is to be tied, or a copy of its own."""

    def give_shape(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> Callable[[], None]:
        """Give an array that waits a shape, and memory not yet written; returns the way back."""

    def when_shaped(self, owner: Any, attribute: str, fill: Callable[[Any, Any, str], None]) -> None:
        """Call `fill(array, owner, attribute)` once an array has its shape; now, where it is known."""


def itself(owner: Any) -> Itself | None:
    """What a module says of itself, None for a plain one."""
    found: Itself | None = getattr(type(owner), "__glueball__", None)
    return found


def own_names(owners: Sequence[Any]) -> dict[int, Mapping[str, str]]:
    """By place in `owners`, the names that modules have for arrays in them; plain modules have none."""
    kinds = {kind: getattr(kind, "__glueball__", None) for kind in set(map(type, owners))}
    if not any(kinds.values()):
        return {}
    found = {}
    for at, owner in enumerate(owners):
        says = kinds[type(owner)]
        if says is not None:
            found[at] = says.names(owner)
    return found
