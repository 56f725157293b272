"""What one collected tree has to remember: its leaves, its containers as they are now, what is frozen.

A **leaf** stands for an array whose object may be replaced. It knows its places; the array is whatever lies
there now. A container that cannot be changed is made anew when something in it is, and so is all above it:
`owners`, which is the tree's own list, then holds the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

from ...errors import UnknownModelError
from ...slots import Tree, join
from .containers import children, fetch, is_container, is_fixed, replaced
from .kinds import Kind, kind_of

__all__ = ["Family", "Leaf", "State", "look", "refuse_models", "tensors", "value_of"]


class Leaf:
    """An array by its places, (owner's index, name, key); without any it is what was there last."""

    __slots__ = ("buffer", "last", "places", "state")

    def __init__(self, state: State, last: Any) -> None:
        self.state = state
        self.places: list[tuple[int, str, Any]] = []
        self.last = last
        self.buffer = False

    @property
    def value(self) -> Any:
        """The array that lies there now."""
        if not self.places:
            return self.last
        at, _, key = self.places[0]
        found = fetch(self.state.owners[at], key)
        return self.last if kind_of(found) is None else found

    @property
    def shape(self) -> Any:
        """Of that array."""
        return tuple(self.value.shape)

    @property
    def dtype(self) -> Any:
        """Of that array."""
        return self.value.dtype


def value_of(array: Any) -> Any:
    """The array behind a leaf; a bare one as it is."""
    return array.value if isinstance(array, Leaf) else array


def look(array: Any) -> tuple[Any, Kind]:
    """The array behind a leaf, or a bare one, and its kind."""
    value = value_of(array)
    kind = kind_of(value)
    if kind is None:
        raise TypeError(f"a {type(value).__name__} is no array")
    return value, kind


def tensors(arrays: Sequence[Any]) -> list[Any]:
    """Those that are torch's."""
    values = [value_of(array) for array in arrays]
    return [value for value in values if kind_of(value) is not None and hasattr(value, "requires_grad_")]


class Family:
    """What trees that were walked from one another have in common.

    Attributes:
        states: theirs; a container that one of them makes anew is replaced in all.
        frozen: the slots that are frozen.
    """

    def __init__(self) -> None:
        self.states: WeakSet[State] = WeakSet()
        self.frozen: frozenset[str] = frozenset()


class State:
    """A tree's leaves and containers; `changed` is called when one of these was made anew."""

    def __init__(self, family: Family, changed: Callable[[], None]) -> None:
        self.family = family
        family.states.add(self)
        self._changed = changed
        self.buffers: set[int] = set()  # the id of a container in which all is a buffer
        self.owners: list[Any] = []
        self._paths: list[str] = []
        self._at: dict[int, int] = {}  # index by the id of an owner
        self._met: dict[Any, Leaf] = {}  # while the walk lasts: by object, and by the owner's id and name
        self._leaf: dict[tuple[int, str], tuple[Leaf, Any]] = {}  # by owner and name: leaf, key
        self._keys: dict[tuple[int, str], Any] = {}  # of a container by the owner above and its name
        self._ways: dict[int, list[tuple[int, Any]]] = {}  # to an owner: (owner above, key)
        self._fixed: set[int] = set()  # what lies below a container that may not be changed

    # ---- the walk -----------------------------------------------------------------------------------

    def leaf(self, owner: Any, name: str, value: Any, ties: bool) -> Leaf:
        """The leaf for an array that the walk meets: one for each object, of JAX one for each place."""
        here = id(owner), name
        found = self._met.setdefault(id(value), Leaf(self, value)) if ties else Leaf(self, value)
        self._met[here] = found
        return found

    def settle(self, tree: Tree) -> None:
        """Learn the places of all that was met, and the ways to each container.

        Raises:
            UnknownModelError: two arrays have one name.
        """
        self.owners, self._paths = tree.owners, tree.paths
        self._at = {id(owner): at for at, owner in enumerate(tree.owners)}
        dotted = False
        for at, owner in enumerate(tree.owners):
            for name, key, value in children(owner):
                leaf = self._met.get((id(owner), name))
                if leaf is not None:
                    leaf.places.append((at, name, key))
                    leaf.last = None
                    self._leaf[at, name] = leaf, key
                    dotted |= "." in name
                elif id(value) in self._at and is_container(value):
                    self._ways.setdefault(self._at[id(value)], []).append((at, key))
                    self._keys[at, name] = key
                    dotted |= "." in name
            if is_fixed(owner, at == 0) or tree.parents[at] in self._fixed:
                self._fixed.add(at)
        self._met = {}
        if dotted and len(set(tree.names)) < len(tree.names):
            name = next(name for name in tree.names if tree.names.count(name) > 1)
            raise UnknownModelError(f"two arrays have the name {name!r}: a key has a dot in it. Rename it.")

    def kinds(self) -> set[str]:
        """Of which frameworks the arrays are."""
        return {kind.name for leaf, _ in self._leaf.values() if (kind := kind_of(leaf.value)) is not None}

    def get(self, owner: Any, name: str) -> Leaf | None:
        """The leaf at a place; another one where the places of a tie hold different objects now."""
        at = self._at.get(id(owner), -1)
        leaf, key = self._leaf.get((at, name), (None, None))
        if leaf is None:
            return None
        here = fetch(self.owners[at], key)
        if kind_of(here) is None:
            return None
        if len(leaf.places) > 1 and here is not leaf.value:
            return Leaf(self, here)
        return leaf

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a container of this name lies in another, without a look at all that lies there."""
        place = self._at.get(id(owner), -1), name
        return place in self._keys and fetch(owner, self._keys[place]) is child

    # ---- changes ------------------------------------------------------------------------------------

    def replace(self, leaf: Leaf, array: Any) -> None:
        """Put another array in all places of a leaf."""
        if not leaf.places:
            leaf.last = array
        for at, _, key in leaf.places:
            self._set(at, key, array)

    def _set(self, at: int, key: Any, thing: Any, anew: frozenset[int] = frozenset()) -> None:
        """Put a thing into a container; where that is made anew, the new one into what held it.

        `anew` are those that this change made anew already: a way may lead back to one.
        """
        old = self.owners[at]
        new = replaced(old, {key: thing}, anew=at in self._fixed and at not in anew)
        if new is old:
            return
        for state in list(self.family.states):
            state._exchange(old, new)
        for above, way in self._ways.get(at, ()):
            self._set(above, way, new, anew | {at})

    def _exchange(self, old: Any, new: Any) -> None:
        """See a container that was made anew."""
        at = self._at.pop(id(old), None)
        if at is not None:
            self.owners[at] = new
            self._at[id(new)] = at
            self._changed()

    def rebind(self, leaf: Leaf, owner: Any, name: str, array: Any) -> None:
        """Put the object of another leaf, or an array of its own, at one place."""
        at = self._at[id(owner)]
        place = at, name, self._leaf[at, name][1]
        other = array if isinstance(array, Leaf) else Leaf(self, array)
        thing, frozen = other.value, self.is_frozen(other if isinstance(array, Leaf) else leaf)
        if place in leaf.places:
            if len(leaf.places) == 1:
                leaf.last = leaf.value
            leaf.places.remove(place)
        self._set(at, place[2], thing)
        other.places.append(place)
        self._leaf[at, name] = other, place[2]
        self.freeze(other, frozen)

    # ---- what is frozen -----------------------------------------------------------------------------

    def is_frozen(self, leaf: Any) -> bool:
        """Whether a leaf has the mark."""
        frozen = self.family.frozen
        return bool(frozen) and isinstance(leaf, Leaf) and not frozen.isdisjoint(self._slots(leaf))

    def freeze(self, leaf: Any, frozen: bool) -> None:
        """Set the mark."""
        slots, known = self._slots(leaf), self.family.frozen
        self.family.frozen = known.union(slots) if frozen else known.difference(slots)

    def _slots(self, leaf: Leaf) -> list[str]:
        return [join(self._paths[at], name) for at, name, _ in leaf.places]


_MODELS = {
    ("torch.nn.modules.module", "Module"): "a module of torch",
    ("keras.src.layers.layer", "Layer"): "a layer of Keras",
    ("flax.nnx.pytreelib", "Pytree"): "a module of Flax NNX",
}
_models: dict[type, str] = {}


def refuse_models(owner: Any, name: str, thing: Any) -> bool:
    """Raise UnknownModelError for a model of a framework: its parameters are to be collected from itself."""
    cls = type(thing)
    if cls not in _models:
        found = [_MODELS[key] for c in cls.__mro__ if (key := (c.__module__, c.__qualname__)) in _MODELS]
        _models[cls] = found[0] if found else ""
    if _models[cls]:
        raise UnknownModelError(
            f"{name!r} in a {type(owner).__name__} is {_models[cls]} ({cls.__name__}): collect it by itself."
        )
    return False
