"""What lies in a Keras layer, and under which names.

Keras keeps each layer's variables and layers in lists of its own, in the order in which they were
assigned; that order is kept. The names come from elsewhere:

- In `Sequential` and functional models a layer goes by its position in `model.layers`, or by its name
  where the user gave it one. Keras's own rule tells: an automatic name is the class in snake case, with a
  number (`dense_1`). A name with a dot in it, or all digits, is not used.
- Elsewhere a layer, and every variable, goes by the attribute in which it lies, without leading
  underscores where that leaves it unique (`_query_dense` is `query_dense`). What lies in a list or a dict
  goes by its place in it, below the attribute (`blocks.0`).
- A variable that lies in no attribute goes by its own name, or by its number where that name is automatic.

Keras's names with counters (`variable.path`) are names of its own, kept beside (`own_names`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import keras
from keras.src.models.functional import Functional

from ...errors import UnknownModelError

__all__ = [
    "KINDS",
    "NOTHING",
    "Named",
    "attributes",
    "contents",
    "fits",
    "kind_of",
    "scan",
    "stores",
]

Named: TypeAlias = list[tuple[str, Any]]

_CONTAINERS = (list, tuple, dict)

# Where layers and variables lie a second time, for Keras's own use.
_BOOKS = frozenset(
    (
        *("_layers", "_trainable_variables", "_non_trainable_variables", "_seed_generators", "_metrics"),
        *("_losses", "_modules", "_parameters", "_buffers", "_torch_params", "_tracked", "nnx_operations"),
        *("_operations", "_operations_by_depth", "_nodes_by_depth", "_inputs", "_outputs", "_functional"),
        *("_inbound_nodes", "_outbound_nodes"),
    )
)

_UNNAMED = re.compile(r"(\w+_)?variable(_\d+)?")  # what Keras calls a variable that was given no name


class Form(NamedTuple):
    """Where the layers of a class keep their things, as one of them was seen to.

    Attributes:
        keys: of the variables in the layer's `__dict__`, in Keras's order.
        names: what these are called here.
        node_keys: of the seed generators and layers.
        node_names: what these are called.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    node_keys: tuple[str, ...]
    node_names: tuple[str, ...]


NOTHING = Form((), (), (), ())


class Kind:
    """What is known of a class of owners; made once for each."""

    __slots__ = ("builds", "container", "forms", "generator", "last", "positional", "prefix")

    def __init__(self, owner: Any) -> None:
        cls = type(owner)
        self.container = is_container(owner)
        self.generator = isinstance(owner, keras.random.SeedGenerator)
        self.positional = isinstance(owner, (keras.Sequential, Functional))
        self.prefix = _snake(cls.__name__)
        self.builds = isinstance(owner, keras.Layer) and not self.positional
        self.builds &= not getattr(getattr(cls, "build", None), "_is_default", False)
        self.builds &= not cls.__module__.startswith("keras.src.layers.merging")  # they only check shapes
        self.forms: dict[tuple[int, int], Form] = {}
        self.last = NOTHING  # that of the latest layer


KINDS: dict[type, Kind] = {}


def kind_of(owner: Any) -> Kind:
    """What is known of an owner's class."""
    found = KINDS.get(type(owner))
    if found is None:
        if len(KINDS) > 4096:  # classes that were made in functions
            KINDS.clear()
        found = KINDS[type(owner)] = Kind(owner)
    return found


def is_container(thing: Any) -> bool:
    """Whether it is a list, tuple or dict, in which layers and variables may lie."""
    return isinstance(thing, _CONTAINERS)


def _snake(name: str) -> str:
    """A class's name as Keras writes it in automatic names."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def given_name(layer: Any) -> str | None:
    """The name that a user gave a layer; None where Keras made it, or where no path can have it."""
    name: str = layer.name
    key = type(layer), name
    if key not in _given:
        if len(_given) > 1 << 16:
            _given.clear()
        prefix = kind_of(layer).prefix
        automatic = name == prefix or (
            name.startswith(f"{prefix}_") and name.removeprefix(f"{prefix}_").isdigit()
        )
        _given[key] = None if automatic or "." in name or name.isdigit() or not name else name
    return _given[key]


_given: dict[tuple[type, str], str | None] = {}


# ---- what lies in one layer ----------------------------------------------------------------------------


def stores(owner: Any) -> tuple[Any, Any, Any, Any]:
    """A layer's own lists: variables that may train, others, seed generators, layers."""
    books = owner.__dict__
    try:
        return (
            books["_trainable_variables"],
            books["_non_trainable_variables"],
            books["_seed_generators"],
            books["_layers"],
        )
    except KeyError:
        raise UnknownModelError(
            f"a {type(owner).__name__} is not set up: its __init__ has to call super().__init__() first."
        ) from None


def contents(owner: Any) -> tuple[Named, Named]:
    """(variables, layers and the like) in an owner of any kind, each with its name."""
    kind = kind_of(owner)
    if kind.container:
        return _in_container(owner)
    if kind.generator:
        return [("state", owner.state)], []
    trains, others, generators, layers = stores(owner)
    variables = [*trains, *others]
    form = kind.forms.get((len(variables), len(generators) + len(layers)))
    if form is not None and fits(form, owner.__dict__, variables, generators, layers):
        return (
            list(zip(form.names, variables, strict=True)),
            list(zip(form.node_names, (*generators, *layers), strict=True)),
        )
    return scan(owner, kind)


def fits(form: Form, books: dict[str, Any], variables: Any, generators: Any, layers: Any) -> bool:
    """Whether a layer keeps its things where another of its class did."""
    keys = form.keys
    for key, variable in zip(keys, variables):  # noqa: B905
        if books.get(key) is not variable:
            return False
    if generators or layers:
        modules = books.get("_modules", books)  # where torch keeps them
        for key, node in zip(form.node_keys, (*generators, *layers), strict=True):
            if modules.get(key) is not node and books.get(key) is not node:
                return False
    return True


def scan(owner: Any, kind: Kind) -> tuple[Named, Named]:
    """`contents` of a layer, by looking at all of its attributes."""
    trains, others, generators, layers = stores(owner)
    variables = [*trains, *others]
    nodes = [*generators, *layers]
    positions: Named = []
    if kind.positional:
        positions = _positions(owner)
        begun = bool(layers) and isinstance(layers[0], keras.layers.InputLayer) and len(layers) > 1
        if not variables and not generators and len(layers) - begun <= len(positions):
            return [], positions
        listed = {id(layer) for _, layer in positions}
        nodes = [
            node for node in nodes if id(node) not in listed and not isinstance(node, keras.layers.InputLayer)
        ]
    # A thing's place in Keras's order; a container stands where its first thing does.
    order = {id(thing): place for place, thing in enumerate((*variables, *nodes))}
    found: dict[str, tuple[int, Any]] = {}
    known: set[int] = set()
    held = list(attributes(owner)) if order else []
    for key, value in held:
        if id(value) in order:
            known.add(id(value))
            found[key] = order[id(value)], value
    # Containers last: on torch layers lie in a table of their own, so what came first is not known there.
    for key, value in held:
        new = [at for at in _inside(value) if at in order and at not in known]
        if new:
            known.update(new)
            found[key] = min(order[at] for at in new), value
    names = _shortened(found)
    arrays: Named = []
    below: Named = []
    for key, (_, value) in sorted(found.items(), key=lambda item: item[1][0]):
        (arrays if isinstance(value, keras.Variable) else below).append((names[key], value))
    simple = not kind.positional and len(found) == len(order)
    simple &= not any(map(is_container, (value for _, value in below)))
    loose = [thing for thing in (*variables, *nodes) if id(thing) not in known]
    if simple and not loose:
        keys = {id(value): key for key, (_, value) in found.items()}
        form = kind.last = Form(
            tuple(keys[id(variable)] for variable in variables),
            tuple(name for name, _ in arrays),
            tuple(keys[id(node)] for node in nodes),
            tuple(name for name, _ in below),
        )
        kind.forms[len(variables), len(nodes)] = form
    taken = set(names.values()) | {name for name, _ in positions}
    wrapped = _torchs(owner) if loose else {}
    for number, thing in enumerate(loose):
        name = wrapped.get(id(getattr(thing, "_value", None))) or _own_name(thing, number)
        while name in taken:
            name = str(number) if name != str(number) else f"{name}_"
        taken.add(name)
        (arrays if isinstance(thing, keras.Variable) else below).append((name, thing))
    return arrays, [*positions, *below]


def attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    """(key, value) of a layer's attributes, but for Keras's own books."""
    books = owner.__dict__
    for key, value in (*books.items(), *books.get("_modules", {}).items()):
        if key not in _BOOKS and "." not in key and not key.startswith("_self_"):  # TensorFlow's books
            yield key, value


def _inside(value: Any) -> list[int]:
    """The `id` of each thing in a container, and in those in it."""
    if not is_container(value):
        return []
    return [at for _, item in _items(value) for at in (_inside(item) if is_container(item) else [id(item)])]


def _items(container: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(container, dict):
        keys = [key if isinstance(key, str) and key and "." not in key else None for key in container]
        taken = set(keys)
        for place, (key, value) in enumerate(zip(keys, container.values(), strict=True)):
            yield (key if key is not None else str(place) if str(place) not in taken else f"{place}_"), value
        return
    fields = getattr(container, "_fields", None)
    yield from zip(fields or map(str, range(len(container))), container, strict=True)


def _holds_some(value: Any) -> bool:
    if is_container(value):
        return any(_holds_some(item) for _, item in _items(value))
    return isinstance(value, (keras.Variable, keras.Layer, keras.random.SeedGenerator))


def _in_container(container: Any) -> tuple[Named, Named]:
    arrays: Named = []
    below: Named = []
    for name, value in _items(container):
        if _holds_some(value):
            (arrays if isinstance(value, keras.Variable) else below).append((name, value))
    return arrays, below


def _shortened(keys: Iterable[str]) -> dict[str, str]:
    """Each key without leading underscores, where no other key is called so then."""
    keys = list(keys)
    short = [key.lstrip("_") or key for key in keys]
    return {key: name if short.count(name) == 1 else key for key, name in zip(keys, short, strict=True)}


def _torchs(owner: Any) -> dict[int, str]:
    """By the `id` of a tensor its name in the torch module that a `TorchModuleWrapper` holds."""
    module = owner.__dict__.get("_modules", {}).get("module")
    if module is None or isinstance(module, keras.Layer):
        return {}
    return {id(tensor): f"module.{name}" for name, tensor in module.named_parameters()}


def _own_name(thing: Any, number: int) -> str:
    if isinstance(thing, keras.Variable):
        name: str = thing.name
        return str(number) if _UNNAMED.fullmatch(name) or "." in name or not name else name
    return (isinstance(thing, keras.Layer) and given_name(thing)) or str(number)


def _positions(model: Any) -> Named:
    """The layers of a Sequential or functional model; one that is used twice has its name once."""
    taken: set[str] = set()
    found: Named = []
    for place, layer in enumerate(model.layers):
        name = _given.get((type(layer), layer.name), "")
        if name == "":
            name = given_name(layer)
        if name is None or name in taken:
            name = str(place)
        else:
            taken.add(name)
        found.append((name, layer))
    return found
