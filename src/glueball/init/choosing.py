"""Initializers that choose another one: by name, by file, by the framework's habit; and Padded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import streams
from ..errors import InitializerError
from ..patterns import nearest
from .base import Drawn, Initializer, Target, integer, kind_of, plain
from .constants import Constant, array_from_json, array_to_json, equal, frozen
from .names import as_initializer, from_json, register
from .scaled import Scaled

__all__ = ["Default", "Load", "Mixed", "Padded"]


@dataclass(repr=False, eq=False)
class Default(Initializer):
    """What the framework's own constructor would use for the parameter's layer, from our streams.

    It stands for no rules at all, and by the name `"default"` in a rule for the rest.

    Raises:
        InitializerError: when used, a layer that is not known.

    >>> import glueball as gb
    >>> from torch import nn
    >>> gb.collect_params(nn.Linear(4, 8)).plan({"bias": 0, ".*": gb.init.Default()}, seed=0).rows[0].draws
    '[-0.5, 0.5]'
    """

    def _init_weight(self, name: str, data: Any) -> None:
        raise InitializerError(f"the framework has no default for {name!r}.")


class _Arrays(Mapping[str, Any]):
    """The arrays of a mapping, which nobody else changes, by our names for its names."""

    def __init__(self, arrays: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._arrays = arrays
        self._names = names

    def __getitem__(self, name: str) -> Any:
        return self._arrays[self._names[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._names  # Mapping's own would read the array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(init=False, repr=False, eq=False)
class Load(Initializer):
    """Values by name from any mapping of names to arrays; what it has not goes to `default`.

    Of a dict it keeps copies, but for arrays that are marked as not writeable (`np.load(…, mmap_mode="r")`).
    Any other mapping is taken for an opened file: its names are read at once, an array when it is used.

    Args:
        arrays: names to arrays; `arg:` and `aux:`, which old MXNet files put before a name, are dropped.
        default: the initializer for parameters without an array; without one they are an error. As
            MXNet's `init.Load`.

    Raises:
        InitializerError: when used, a parameter with neither.
        ShapeError, DTypeError: when used, an array that does not fit.

    >>> import glueball as gb, numpy as np
    >>> from torch import nn
    >>> layer = nn.Linear(2, 1)
    >>> gb.initialize(layer, gb.init.Load({"weight": np.array([[3, 4]])}, default=0)).weight.data
    tensor([[3., 4.]])
    """

    arrays: Mapping[str, Any]
    default: Initializer | None

    def __init__(self, arrays: Mapping[str, Any], default: Any = None) -> None:
        if not isinstance(arrays, Mapping):
            raise InitializerError(f"Load takes a mapping of names to arrays, not a {type(arrays).__name__}.")
        names = {}
        for name in arrays:
            given: Any = name
            if not isinstance(given, str):
                raise InitializerError(f"Load takes a mapping of names to arrays: {given!r} is no name.")
            names[name.removeprefix("arg:").removeprefix("aux:")] = name
        if isinstance(arrays, dict):
            arrays = {name: frozen(array) for name, array in arrays.items()}
        object.__setattr__(self, "arrays", _Arrays(arrays, names))
        object.__setattr__(self, "default", None if default is None else as_initializer(default))

    def choose(self, target: Target) -> Initializer:
        """The array of this name, or what the default chooses."""
        if target.name in self.arrays:
            array = self.arrays[target.name]
            # An array is given as it is; what stands for one (a Parameter, a file's entry) by its values now.
            as_it_is = isinstance(array, np.ndarray) or hasattr(array, "detach")
            return Constant.of(array) if as_it_is else Constant(array)
        if self.default is None:
            near = ", ".join(map(repr, nearest(target.name, list(self.arrays)))) or "none at all"
            raise InitializerError(
                f"{self!r} has no array for {target.name!r} (nearest: {near}). Give it another rule, or "
                f"Load(…, default=0)."
            )
        return self.default.choose(target)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Load) or type(self) is not type(other):
            return NotImplemented
        mine, others = self.arrays, other.arrays
        return (
            self.default == other.default
            and mine.keys() == others.keys()
            and all(equal(mine[name], others[name]) for name in mine)
        )

    def __hash__(self) -> int:
        return hash((Load, frozenset(self.arrays), self.default))

    def __repr__(self) -> str:
        rest = "" if self.default is None else f", default={self.default!r}"
        return f"{type(self).__name__}(<{len(self.arrays)} arrays>{rest})"

    def to_json(self) -> Any:
        """With the arrays as nested lists.

        Raises:
            InitializerError: an array that is complex, or too large for JSON.
        """
        form: dict[str, Any] = {
            "kind": kind_of(self),
            "arrays": {n: array_to_json(a, f"Load's {n!r}") for n, a in self.arrays.items()},
        }
        if self.default is not None:
            form["default"] = plain(self.default)
        return form

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        default = form.get("default")
        arrays = {name: array_from_json(value) for name, value in form["arrays"].items()}
        return cls(arrays, None if default is None else from_json(default, known=known))


@dataclass(init=False, repr=False, eq=False)
class Mixed(Initializer):
    r"""The first of several initializers whose pattern takes the parameter's name.

    A pattern is a regular expression that matches, whole, the name or the path of a layer in it, as in
    rules. Rules say the same and more; `Mixed` is for places that take one initializer, such as a
    model's own argument. As MXNet's `init.Mixed`.

    Raises:
        InitializerError: no regular expression; when used, a parameter that no pattern takes.

    >>> import glueball as gb
    >>> from torch import nn
    >>> mixed = gb.init.Mixed({"bias": 0, ".*": gb.init.Uniform(0.1)})
    >>> mixed
    Mixed({'bias': Constant(0), '.*': Uniform(-0.1, 0.1)})
    >>> gb.initialize(nn.Linear(2, 3), mixed, seed=0).bias.data
    tensor([0., 0., 0.])
    """

    rules: tuple[tuple[str, Initializer], ...]

    def __init__(self, rules: Mapping[str, Any]) -> None:
        given_rules: Any = rules
        if not isinstance(given_rules, Mapping) or not given_rules:
            raise InitializerError("Mixed takes {pattern: initializer}, with one pattern or more.")
        made = []
        for pattern, given in rules.items():
            written: Any = pattern
            try:
                if not isinstance(written, str):
                    raise TypeError("write a string")
                re.compile(pattern)
            except (TypeError, re.error) as error:
                raise InitializerError(f"Mixed: {pattern!r} is no regular expression: {error}.") from None
            made.append((pattern, as_initializer(given)))
        object.__setattr__(self, "rules", tuple(made))

    def choose(self, target: Target) -> Initializer:
        """What the first pattern that takes the name stands for."""
        for pattern, initializer in self.rules:
            path = target.name
            while path:
                if re.fullmatch(pattern, path):
                    return initializer.choose(target)
                path = path.rpartition(".")[0]
        raise InitializerError(f"{self!r} has no pattern for {target.name!r}: end it with '.*'.")

    def __repr__(self) -> str:
        rules = ", ".join(f"{pattern!r}: {how!r}" for pattern, how in self.rules)
        return f"{type(self).__name__}({{{rules}}})"

    def to_json(self) -> Any:
        """Patterns and initializers in order."""
        return {"kind": kind_of(self), "rules": {pattern: plain(how) for pattern, how in self.rules}}

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        return cls({pattern: from_json(how, known=known) for pattern, how in form["rules"].items()})


@dataclass(repr=False, eq=False)
class Padded(Initializer):
    """As another initializer that draws, with one row (index of the first axis) all 0 afterwards.

    For an embedding whose `padding_idx` stands for no word. The other rows are as without it.

    Raises:
        InitializerError: an initializer that does not draw, a row that is no integer, or, when used, no such
            row.

    >>> import glueball as gb
    >>> from torch import nn
    >>> gb.initialize(nn.Embedding(3, 2), gb.init.Padded(gb.init.Normal(1), 0), seed=0).weight[0].tolist()
    [0.0, 0.0]
    """

    initializer: Initializer
    row: int

    def __post_init__(self) -> None:
        initializer = as_initializer(self.initializer)
        object.__setattr__(self, "initializer", initializer)
        integer(self, "row")
        if not isinstance(initializer, (Drawn, Scaled)):
            raise InitializerError(f"Padded takes an initializer that draws, not {initializer!r}.")

    @property
    def needs_fan(self) -> bool:
        """As the initializer that draws."""
        return self.initializer.needs_fan

    def distribution(self, target: Target) -> streams.Distribution | None:
        """As the initializer that draws, where the row is there to be zeroed."""
        if not target.shape or not -target.shape[0] <= self.row < target.shape[0]:
            raise InitializerError(f"{self!r}: {target.name!r} of shape {target.shape} has no such row.")
        return self.initializer.distribution(target)

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        return cls(from_json(form["initializer"], known=known), form["row"])


register(Default, "default")
for _kind in (Load, Mixed, Padded):
    register(_kind)
