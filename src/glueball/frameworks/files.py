"""Opened checkpoint files: the adapter.

A file is a model too. Its names are paths: what they begin with are layers, what they end with lies there.
The arrays stay in the file until somebody reads them, or a part of them, and none can be written: a file
is read into a model, or saved as another one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

import numpy as np

from ..adapter import Facts, Shape
from ..errors import ReadOnlyError
from ..slots import Tree
from .host import Entries, HostAdapter

__all__ = ["FileArray", "Layer", "adapter"]

_DEEPEST = 100  # layers in a name; the paths of all layers of a longer one take memory by its square


class FileArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that lies in a file: it knows its shape and dtype, and is read when it is looked at.

    An index or a slice reads that part alone, where the format allows it; anything else that NumPy does
    with it reads the whole. It cannot be written.

    >>> import glueball as gb, torch
    >>> from tempfile import TemporaryDirectory
    >>> net = torch.nn.Linear(3, 3)
    >>> params = gb.collect_params(net)
    >>> plan = params.initialize({"weight": gb.init.Identity(), "bias": 0})
    >>> with TemporaryDirectory() as folder:
    ...     params.save(f"{folder}/net.safetensors")
    ...     weight = gb.open(f"{folder}/net.safetensors")["weight"].data()
    >>> weight
    FileArray weight (shape=(3, 3), dtype=float32, net.safetensors)
    >>> weight[1:, 0]
    array([0., 0.], dtype=float32)
    >>> float((weight * 2).sum())
    6.0
    """

    __slots__ = ("_file", "dtype", "name", "shape")

    def __init__(self, file: Any, name: str) -> None:
        entry = file[name]
        self._file = file
        self.name: str = name
        self.shape: tuple[int, ...] = entry.shape
        self.dtype: np.dtype[Any] = entry.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of all elements in memory."""
        return self.size * self.dtype.itemsize

    def view(self) -> np.ndarray[Any, Any]:
        """The whole, read-only: the file's own memory where it is mapped, read now where it is not."""
        array: np.ndarray[Any, Any] = self._file.lazy(self.name).make()
        return array

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        plain = all(part is ... or isinstance(part, (int, np.integer, slice)) for part in keys)
        if plain and self._file[self.name].storage == "default":
            return self._file.read(self.name, key)[()]
        return self.view()[key].copy()

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise _read_only(self.name)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without dimensions has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            return np.asarray(self.view(), dtype)
        return np.array(self.view(), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(out, FileArray) for out in options.get("out", ())):
            raise _read_only(self.name)
        read = [one.view() if isinstance(one, FileArray) else one for one in inputs]
        return getattr(ufunc, method)(*read, **options)

    __hash__ = object.__hash__  # as a cell it is itself; comparing elements is ==

    def __repr__(self) -> str:
        where = re.split(r"[/\\]", self._file.path)[-1]
        return f"FileArray {self.name} (shape={self.shape}, dtype={self.dtype.name}, {where})"


def _read_only(what: str) -> ReadOnlyError:
    return ReadOnlyError(
        f"{what!r} lies in a file that was opened, and files are not edited in place. Load it into a model "
        f"and edit that: gb.collect_params(model).load(params); or edit a copy in memory: values = "
        f"params[{what!r}].numpy(). To write other names or dtypes: glueball convert, glueball rename."
    )


class Layer:
    """What the names of a file begin with: the arrays that lie there, and the layers below.

    Attributes:
        file: the opened file.
        path: as the names have it; "" for the whole file.
        arrays: attribute -> the array; a tied one has several.
        layers: name -> the layer.
    """

    __slots__ = ("__weakref__", "arrays", "file", "layers", "path")

    def __init__(self, file: Any, path: str) -> None:
        self.file = file
        self.path = path
        self.arrays: dict[str, FileArray] = {}
        self.layers: dict[str, Layer] = {}

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        found: dict[str, str] = self.file.metadata
        return found

    def __repr__(self) -> str:
        return f"<{self.path or 'all'} of {self.file!r}>"


def _cut(name: str) -> int:
    """Where a name's last part begins, less one: at its last dot or slash, unless it begins with that."""
    return max(name.rfind("."), name.rfind("/"), 0)


def _layers(file: Any) -> Layer:
    """The layers of a file's names."""
    root = Layer(file, "")
    found = {"": root}

    def layer(path: str) -> Layer:
        # From the longest path that is known down; a long name must not recurse as deep.
        missing = []
        while path not in found:
            missing.append(path)
            path = path[: _cut(path)]
        at = found[path]
        for path in reversed(missing):
            name = path[len(at.path) :].lstrip("./") or path
            name = name if name not in at.layers else path
            at.layers[name] = found[path] = at = Layer(file, path)
        return at

    def put(name: str, array: FileArray) -> None:
        deep = name.count(".") + name.count("/") > _DEEPEST
        cut = 0 if deep else _cut(name)
        at = found.get(name[:cut]) or layer(name[:cut])
        attribute = name[cut + 1 :] if cut else name
        if attribute in at.arrays:  # "a.b" and "a/b"
            at, attribute = root, name
        at.arrays[attribute] = array

    arrays = {name: FileArray(file, name) for name in file}
    for name, array in arrays.items():
        put(name, array)
    for alias, name in file.aliases.items():
        put(alias, arrays[name])
    return root


class FileTree(Tree):
    """What lies in a file; a name is as the file has it, whether it has dots or slashes."""

    @cached_property
    def names(self) -> list[str]:
        """For each row the name that is stored."""
        return [
            self.owners[holder].arrays[attribute].name
            for holder, attribute in zip(self.holders, self.attributes, strict=True)
        ]

    @cached_property
    def steps(self) -> list[str]:
        """For each owner its name in the owner above it."""
        steps = {id(below): name for owner in self.owners for name, below in owner.layers.items()}
        return [steps.get(id(owner), "") for owner in self.owners]

    def _slots_of(self, places: Sequence[tuple[int, str]]) -> tuple[str, ...]:
        return tuple(_name(self.owners[at], attribute) for at, attribute in places)

    def check_way(self, owner: int) -> None:
        """Nothing in a file is replaced."""

    def check_ways(self) -> None:
        """Nothing in a file is replaced."""

    @cached_property
    def by_other_name(self) -> dict[str, tuple[int, ...]]:
        """Rows by their other names; a name with slashes is found with dots too."""
        found: dict[str, tuple[int, ...]] = {}
        for row in self.rows_with_more_slots:
            found |= {slot: (row,) for slot in self.slots(row)[1:]}
        for name, at in [*((name, (row,)) for row, name in enumerate(self.names)), *found.items()]:
            dotted = name.replace("/", ".")
            if dotted not in self.by_name:
                found.setdefault(dotted, at)
        return found


def _name(owner: Layer, attribute: str) -> str:
    """The name of what lies in a layer, as the file has it."""
    if not owner.path:
        return attribute
    for separator in "./":
        name = f"{owner.path}{separator}{attribute}"
        if name in owner.file or name in owner.file.aliases:
            return name
    return attribute


class FileAdapter(HostAdapter):
    """An opened `Checkpoint`, as glueball needs it (see `Adapter`)."""

    name = "files"

    def entries(self, owner: Any) -> Entries:
        """The arrays and the layers of a layer."""
        return Entries(list(owner.arrays.items()), list(owner.layers.items()))

    def walk(self, root: Any, buffers: bool) -> Tree:
        """What lies in a file, in columns: each array where the name is that is stored."""
        root = root if isinstance(root, Layer) else _layers(root)
        tree = FileTree(self._adapter(), root, buffers)
        rows: dict[int, int] = {}
        more: list[tuple[int, int, str]] = []
        todo: list[tuple[Layer, int]] = [(root, -1)]
        while todo:
            layer, above = todo.pop()
            at = len(tree.owners)
            tree.owners.append(layer)
            tree.paths.append(layer.path)
            tree.parents.append(above)
            for attribute, array in layer.arrays.items():
                if array.name == _name(layer, attribute):
                    rows[id(array)] = len(tree.attributes)
                    tree.attributes.append(attribute)
                else:
                    more.append((id(array), at, attribute))
            tree.ends.append(len(tree.attributes))
            todo += [(below, at) for below in reversed(layer.layers.values())]
        for key, at, attribute in more:
            tree.more_sites.setdefault(rows[key], []).append((at, attribute))
        return tree

    def children(self, owner: Any) -> list[str]:
        """The names of a layer's children, in order."""
        return list(owner.layers)

    def child(self, owner: Any, key: str | int) -> tuple[str, Any] | None:
        """A child by name or position; a name with slashes leads through several."""
        if isinstance(key, int):
            layers = list(owner.layers.items())
            return layers[key] if -len(layers) <= key < len(layers) else None
        at = owner
        for step in (key,) if key in owner.layers else key.split("/"):
            at = at.layers.get(step)
            if at is None:
                return None
        return key, at

    def holds(self, owner: Any, name: str, child: Any) -> bool:
        """Whether a layer's child of this name is this one."""
        return owner.layers.get(name) is child

    def inside(self, owner: Any) -> set[int]:
        """The `id` of each of a layer's children."""
        return set(map(id, owner.layers.values()))

    def get(self, owner: Any, attribute: str) -> Any:
        """The array at a site."""
        return owner.arrays.get(attribute)

    def get_many(self, owners: Sequence[Any], holders: Sequence[int], attributes: Sequence[str]) -> list[Any]:
        """`get` of many sites."""
        return [owners[at].arrays.get(name) for at, name in zip(holders, attributes, strict=True)]

    def facts(self, array: Any, owner: Any, attribute: str) -> Facts:
        """What a table says of an array."""
        return Facts(array.shape, array.dtype.name, "file", array.size, array.nbytes, False)

    def shape(self, array: Any, owner: Any, attribute: str) -> Shape | None:
        """Its shape."""
        shape: Shape = array.shape
        return shape

    def device(self, array: Any) -> Any:
        """It lies in a file."""
        return "file"

    def trainable(self, array: Any) -> bool:
        """Nothing in a file trains."""
        return False

    def unwritable(self, array: Any) -> NoReturn:
        """It is asked for before an edit, and there is none."""
        raise _read_only(array.name)

    def read(self, cell: Any) -> np.ndarray[Any, Any]:
        """The whole array, read-only."""
        array: np.ndarray[Any, Any] = cell.view()
        return array

    def put(self, cell: Any, values: np.ndarray[Any, Any]) -> None:
        """Files are read."""
        raise _read_only(cell.name)

    def data(self, array: Any) -> Any:
        """The array, to be read by parts."""
        return array

    def coerce(self, array: Any, value: Any, name: str) -> Any:
        """Files are read."""
        raise _read_only(name)

    def write(self, array: Any, value: Any) -> None:
        """Files are read."""
        raise _read_only(array.name)

    def zero_grad(self, arrays: Sequence[Any]) -> None:
        """There are no gradients."""

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        """Files are read."""
        raise _read_only(name)

    def cast(self, array: Any, dtype: Any, name: str) -> Callable[[], None] | None:
        """Files are read."""
        raise _read_only(name)

    def move(self, array: Any, device: Any, name: str) -> Callable[[], None] | None:
        """Files are read."""
        raise _read_only(name)

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        """Files are read."""
        raise _read_only(_name(owner, attribute))

    def group(self, names: list[str], arrays: list[Any], options: Mapping[str, Any]) -> Any:
        """Nothing in a file trains."""
        raise _read_only(names[0] if names else "it")


adapter = FileAdapter()
