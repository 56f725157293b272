"""The walk over a Keras model, and questions to one of its layers; `contents` knows what lies in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras

from ...adapter import Adapter
from ...slots import Tree
from ..host import Entries
from .building import Unbuilt
from .contents import KINDS, NOTHING, contents, fits, kind_of, scan, stores

__all__ = ["child", "entries", "get", "get_many", "holds", "own_names", "walk"]

# ---- questions to one owner ----------------------------------------------------------------------------


def entries(owner: Any) -> Entries:
    """What lies directly in an owner."""
    arrays, below = contents(owner)
    saved: dict[str, bool] = {}
    if isinstance(owner, keras.Layer):
        statistics = _statistics(owner)
        saved = {name: True for name, variable in arrays if id(variable) in statistics}
    elif kind_of(owner).generator:
        saved = {"state": False}
    return Entries(arrays, below, saved, Unbuilt(owner) if _is_unbuilt(owner) else None)


def _statistics(layer: Any) -> set[int]:
    """The `id` of the variables that a layer was told not to train: but not a quantised layer's values."""
    if getattr(layer, "_is_quantized", False):
        return set()
    return set(map(id, layer.__dict__["_non_trainable_variables"]))


def _is_unbuilt(owner: Any) -> bool:
    """Whether an owner may get variables when it is built."""
    if not isinstance(owner, keras.Layer) or owner.__dict__.get("built", True):
        return False
    kind = kind_of(owner)
    if not kind.builds:
        return False
    # Keras's own wrappers and recurrent layers hold weights in the layers in them.
    wraps = type(owner).__module__.startswith("keras.src.") and bool(owner.__dict__["_layers"])
    return not wraps or isinstance(owner, keras.layers.SpectralNormalization)


def get(owner: Any, attribute: str) -> Any:
    """The variable at a site; what stands for one that is not built yet; or None."""
    if attribute == "?":
        return Unbuilt(owner) if _is_unbuilt(owner) else None
    return next((variable for name, variable in contents(owner)[0] if name == attribute), None)


def get_many(owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
    """`get` of many sites; each owner is asked once."""
    found: list[Any] = []
    last, here = -1, {}
    for holder, attribute in zip(holders, attributes, strict=True):
        if holder != last:
            here, last = dict(contents(owners[holder])[0]), holder
        found.append(get(owners[holder], "?") if attribute == "?" else here.get(attribute))
    return found


def child(owner: Any, key: str | int) -> tuple[str, Any] | None:
    """A child by name or position; in Sequential and functional models by attribute too."""
    kind = kind_of(owner)
    if kind.generator:
        return None
    below = contents(owner)[1]
    if isinstance(key, int):
        below = [named for named in below if not isinstance(named[1], keras.random.SeedGenerator)]
        return below[key] if -len(below) <= key < len(below) else None
    found = next((named for named in below if named[0] == key), None)
    if found is None and kind.positional:
        if key.isdigit() and int(key) < len(below):
            return below[int(key)]
        layer = getattr(owner, key, None)
        found = next((named for named in below if named[1] is layer), None)
    return found


def holds(owner: Any, name: str, child: Any) -> bool:
    """Whether an owner's child of this name is this one."""
    kind = kind_of(owner)
    if kind.positional and name.isdigit():
        layers = owner.layers
        if int(name) < len(layers) and layers[int(name)] is child:
            return True
    elif not kind.container:
        books = owner.__dict__
        modules = books.get("_modules", books)
        if modules.get(name) is child or books.get(name) is child:
            return True
    return any(layer is child for known, layer in contents(owner)[1] if known == name)


# ---- the walk ------------------------------------------------------------------------------------------


def walk(adapter: Adapter, root: Any, buffers: bool) -> Tree:
    """Every layer once, every variable once; a way from a layer back to one above it is left out.

    Seed generators hold buffers only, and are left out with these.
    """
    tree = Tree(adapter, root, buffers)
    owners, paths, parents, attributes, ends = (
        tree.owners, tree.paths, tree.parents, tree.attributes, tree.ends,
    )  # fmt: skip
    first: dict[int, int] = {}  # row by the id of its variable
    seen: dict[int, int] = {}  # owner by its id
    statistics: set[int] = set()  # ids of buffers
    kinds = KINDS
    above: list[tuple[int, str, Iterator[tuple[str, Any]]]] = [(-1, "", iter([("", root)]))]
    while above:
        parent, prefix, nodes = above[-1]
        for name, owner in nodes:
            other = seen.get(id(owner))
            if other is not None:
                if all(other != on_the_way for on_the_way, _, _ in above):
                    tree.more_edges.append((parent, name, other))
                continue
            at = seen[id(owner)] = len(owners)
            owners.append(owner)
            paths.append(prefix + name)
            parents.append(parent)
            kind = kinds.get(type(owner)) or kind_of(owner)
            saved = True
            arrays: Iterable[tuple[str, Any]]
            below: Iterable[tuple[str, Any]] | None = None
            if kind.container or kind.generator:
                arrays, below = contents(owner)
                if kind.generator:
                    saved = False
                    statistics.add(id(owner.state))
            else:
                books = owner.__dict__
                try:
                    variables = books["_trainable_variables"]
                    others = books["_non_trainable_variables"]
                    generators = books["_seed_generators"]
                    layers = books["_layers"]
                except KeyError:
                    stores(owner)  # says what is wrong
                    raise
                if others:
                    if not books.get("_is_quantized"):
                        statistics.update(map(id, others))
                    variables = (*variables, *others)
                form = kind.last
                if len(form.keys) != len(variables) or len(form.node_keys) != len(generators) + len(layers):
                    form = kind.last = kind.forms.get(
                        (len(variables), len(generators) + len(layers)), NOTHING
                    )
                for attribute, variable in zip(form.keys, variables):  # noqa: B905
                    if books.get(attribute) is not variable:
                        form = NOTHING
                        break
                if (form is NOTHING and (variables or layers or generators)) or (
                    (layers or generators) and not fits(form, books, (), generators, layers)
                ):
                    arrays, below = scan(owner, kind)
                    if not buffers:
                        below = [
                            node for node in below if not isinstance(node[1], keras.random.SeedGenerator)
                        ]
                else:
                    arrays = zip(form.names, variables)  # noqa: B905
                    if generators and buffers:
                        below = zip(form.node_names, (*generators, *layers))  # noqa: B905
                    elif layers:
                        below = zip(form.node_names[len(generators) :], layers)  # noqa: B905
            for array_name, variable in arrays:
                key = id(variable)
                if statistics and key in statistics and not buffers:
                    continue
                row = len(attributes)
                known = first.setdefault(key, row)
                if known != row:
                    tree.more_sites.setdefault(known, []).append((at, array_name))
                    continue
                attributes.append(array_name)
                if buffers and key in statistics:
                    tree.buffers[row] = saved
            if kind.builds and not owner.__dict__.get("built", True) and _is_unbuilt(owner):
                tree.unbuilt.add(len(attributes))
                attributes.append("?")
            ends.append(len(attributes))
            if below:
                above.append((at, f"{prefix}{name}." if name else "", iter(below)))
                break
        else:
            above.pop()
    return tree


def own_names(owners: Sequence[Any]) -> Mapping[int, Mapping[str, str]]:
    """By place in `owners` Keras's own path of each variable, such as `sequential/dense_1/kernel`."""
    found = {}
    for at, owner in enumerate(owners):
        arrays = contents(owner)[0]
        if arrays:
            found[at] = {name: variable.path for name, variable in arrays}
    return found
