"""What a pickle says, as data: nodes that no code of its author's ever sees.

Lists, tuples, numbers, text and bytes are Python's own. A dict is a `Dict`, a list of pairs: keys are never
hashed, since they are the file's. A function or class is its name, a `Symbol`, and what it would have made an
`Object` with the arguments that it would have been given.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Dict", "Object", "Persistent", "Symbol"]


class Symbol(str):
    """The full name of a function or a class, "torch._utils._rebuild_tensor_v2"; only ever a name."""

    __slots__ = ()


class Persistent:
    """What the pickle leaves to its reader: for PyTorch, a storage.

    Attributes:
        id: what it says of it.
    """

    __slots__ = ("id",)

    def __init__(self, id: Any) -> None:
        self.id = id


class Dict:
    """A dict, or one of its kin.

    Attributes:
        pairs: keys and values, in the order in which they were set; a key that is repeated counts last.
        state: attributes that it was given besides, or None.
    """

    __slots__ = ("pairs", "state")

    def __init__(self, pairs: list[tuple[Any, Any]] | None = None) -> None:
        self.pairs: list[tuple[Any, Any]] = [] if pairs is None else pairs
        self.state: Any = None


class Object:
    """What a function or a class would have made.

    Attributes:
        made_by: the Symbol, or whatever stood there.
        args: what it would have been called with.
        state: the attributes that it was to have, or None.
        items: what was to be added to it, if it were a list or a set.
        pairs: what was to be set in it, if it were a dict.
    """

    __slots__ = ("args", "items", "made_by", "pairs", "state")

    def __init__(self, made_by: Any, args: tuple[Any, ...]) -> None:
        self.made_by, self.args = made_by, args
        self.state: Any = None
        self.items: list[Any] | None = None
        self.pairs: list[tuple[Any, Any]] | None = None
