"""The path of each thing in a tree of nodes: tensors by name, and what else there is in a few words."""

from __future__ import annotations

from typing import Any

from glueball.errors import FileFormatError

from .nodes import Dict, Object, Persistent, Symbol
from .tensors import Tensor, Unreadable, storage_of, tensor_of

__all__ = ["Places", "short"]

_DEEPEST = 100
_LETTERS = 16  # of names, for each byte of the pickle; trees that share branches could have any number
_SCALARS = {bool, int, float, str, bytes, type(None), Symbol}
_MODULE = ("_parameters", "_buffers", "_modules")  # a torch.nn.Module's tables


class Places:
    """All places of a tree, found once.

    A flat dict of tensors gives its own keys, a nested one keys joined by dots. Lists are counted from 0,
    objects have their attributes, and a whole `torch.nn.Module` has the names of its `state_dict`. A single
    tensor is called "0". What stands in several places is found in each.

    Args:
        root: of the tree.
        size: of the pickle in bytes; names cannot take far more than it.
        where: the file, for messages.

    Attributes:
        tensors: by path, in the file's order.
        other: everything else: path → a few words.
        storages: the keys of all storages that are used.
    """

    def __init__(self, root: Any, size: int, where: str) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.other: dict[str, str] = {}
        self.storages: set[str] = set()
        self._where, self._left = where, _LETTERS * size + (1 << 16)
        self._above: set[int] = set()
        self._visit(root, "")

    def _visit(self, node: Any, path: str) -> None:
        """Find what a node holds; it is no scalar in a list of scalars, which are shown together."""
        # Whatever is looked at is paid for, so that trees which share branches end.
        self._left -= len(path) + (len(node) if type(node) in (list, tuple) else 1)
        if self._left < 0:
            raise FileFormatError(f"{self._where}: the names of all places take far more than the pickle")
        if _plain(node):
            self._note(path, short(node))
            return
        if id(node) in self._above:
            self._note(path, "what contains it, again")
            return
        if len(self._above) >= _DEEPEST:
            raise FileFormatError(f"{self._where}, {_shown(path)}: nested more than {_DEEPEST} deep")
        self._above.add(id(node))
        if type(node) in (list, tuple):
            for index, item in enumerate(node):
                self._visit(item, _joined(path, index))
        elif type(node) is Dict:
            self._pairs(node.pairs, path)
            if _keys(node.state) == {"_metadata"}:
                self._note(_joined(path, "_metadata"), "the versions of its layers, as a state_dict has them")
            elif node.state is not None:
                self._note(_joined(path, "__dict__"), _summary(node.state))
            elif not node.pairs:
                self._note(path, "{}")
        elif type(node) is Object:
            self._object(node, path)
        elif type(node) is Persistent:
            self._note(path, self._storage(node, path))
        self._above.discard(id(node))

    def _pairs(self, pairs: list[tuple[Any, Any]], path: str) -> None:
        # As in Python, a key that is set again keeps its place.
        last: dict[object, tuple[Any, Any]] = {}
        for pair in pairs:
            last[pair[0] if type(pair[0]) is str or _small(pair[0]) else id(pair)] = pair
        for key, value in last.values():
            self._visit(value, _joined(path, key))

    def _object(self, node: Object, path: str) -> None:
        try:
            tensor = tensor_of(node)
        except ValueError as error:
            raise FileFormatError(f"{self._where}, {_shown(path)}: {error}") from None
        if isinstance(tensor, Tensor):
            self.tensors[self._free(path)] = tensor
            self.storages.add(tensor.storage.key)
        elif isinstance(tensor, Unreadable):
            self._note(path, tensor.what)
            self.storages.update([tensor.storage] if tensor.storage is not None else [])
            for name, part in tensor.parts:
                self._visit(part, _joined(path, name))
        elif _is_numpy(node):
            self._note(path, _numpy(node))
        else:
            self._any(node, path)

    def _any(self, node: Object, path: str) -> None:
        """An object of an unknown kind: what it is, and what is in it."""
        made_by = node.made_by if type(node.made_by) is Symbol else "something"
        self._left -= sum(len(item) for item in node.args if type(item) in (list, tuple))
        scalars = all(map(_plain, node.args))
        tables = _tables(node.state)
        if tables is None:
            self._note(path, f"{made_by}({short(node.args)[1:-1].rstrip(',') if scalars else '…'})")
        if not scalars:
            for index, item in enumerate(node.args):
                self._visit(item, _joined(path, index))
        if type(node.made_by) is Object:
            self._visit(node.made_by, _joined(path, "made_by"))
        for index, item in enumerate(node.items or ()):
            self._visit(item, _joined(path, index))
        self._pairs(node.pairs or [], path)
        # Python keeps what lies in slots apart: (attributes or None, those in slots)
        states = node.state if type(node.state) is tuple and len(node.state) == 2 else (node.state,)
        for state in states:
            if type(state) is not Dict:
                if state is not None:
                    self._visit(state, _joined(path, "state"))
                continue
            for key, value in state.pairs:
                inner = tables is not None and key in _MODULE and type(key) is str and type(value) is Dict
                if inner:
                    self._pairs(value.pairs, path)
                elif tables is None:
                    self._visit(value, _joined(path, key))
        if tables is not None:
            kept = [key for key, _ in tables if type(key) is str and not key.startswith("_")]
            self._note(path, _cut(f"a module of class {made_by}, with {', '.join(kept)}", 300))

    def _storage(self, node: Persistent, path: str) -> str:
        try:
            found = storage_of(node)
        except ValueError as error:
            raise FileFormatError(f"{self._where}, {_shown(path)}: {error}") from None
        self.storages.add(found.key)
        return f"a storage of {found.length} elements"

    def _note(self, path: str, text: str) -> None:
        self.other[self._free(path)] = text

    def _free(self, path: str) -> str:
        """The path as a name that is not taken: 1 and "1" are two keys of a dict, and one name."""
        name, count = path or "0", 1
        while name in self.tensors or name in self.other:
            count += 1
            name = f"{path or '0'} ({count})"
        return name


def short(value: Any, most: int = 60) -> str:
    """A scalar, or a list of scalars, in at most so many letters that can be printed.

    >>> short(["adam", 0.001, None])
    "['adam', 0.001, None]"
    """
    if type(value) is Symbol:
        return _cut(value, most)
    if type(value) is str:
        text = repr(value[: most + 1])
        return text if len(text) <= most else f"{text[: most - 1]}… ({len(value)} letters)"
    if type(value) is bytes:
        return f"{len(value)} bytes"
    if type(value) is int and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"
    if type(value) in (list, tuple):
        shown = [short(item, 20) for item in value[:8]]
        more = [f"… {len(value) - 8} more"] if len(value) > 8 else []
        text = ", ".join(shown + more)
        comma = "," if len(value) == 1 else ""
        return f"[{text}]" if type(value) is list else f"({text}{comma})"
    return repr(value)


def _cut(text: str, most: int) -> str:
    text = text if text.isprintable() else repr(str(text))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _small(key: Any) -> bool:
    return type(key) is int and key.bit_length() < 64


def _plain(value: Any) -> bool:
    """Whether this is a scalar, or a list of scalars."""
    if type(value) in (list, tuple):
        return all(type(item) in _SCALARS for item in value)
    return type(value) in _SCALARS


def _joined(path: str, key: Any) -> str:
    key = key if type(key) is str else short(key)
    return f"{path}.{key}" if path else key


def _shown(path: str) -> str:
    return repr(path) if path else "the root"


def _summary(state: Any) -> str:
    if type(state) is Dict:
        return "attributes: " + ", ".join(short(key) for key, _ in state.pairs[:8])
    return "attributes"


def _tables(state: Any) -> list[tuple[Any, Any]] | None:
    """The attributes of a module; None of anything else."""
    return state.pairs if _keys(state).issuperset(_MODULE) else None


def _keys(state: Any) -> set[Any]:
    return {key for key, _ in state.pairs if type(key) is str} if type(state) is Dict else set()


def _is_numpy(node: Object) -> bool:
    return type(node.made_by) is Symbol and node.made_by.startswith(("numpy.", "_codecs."))


def _numpy(node: Object) -> str:
    """NumPy's arrays and numbers, which are no tensors: their kind and shape, if they say them."""
    what = str(node.made_by).rpartition(".")[2]
    state = node.state
    if what == "_reconstruct" and type(state) is tuple and len(state) == 5 and type(state[1]) is tuple:
        return f"a NumPy array{_dtype(state[2])} of shape {short(state[1])}"
    if what == "_frombuffer" and len(node.args) == 4 and type(node.args[2]) is tuple:
        return f"a NumPy array{_dtype(node.args[1])} of shape {short(node.args[2])}"
    if what == "scalar" and node.args:
        return f"a NumPy number{_dtype(node.args[0])}"
    return _cut(f"NumPy's {what}", 60)


def _dtype(node: Any) -> str:
    return (
        f" of {short(node.args[0])}"
        if type(node) is Object and node.args and type(node.args[0]) is str
        else ""
    )
