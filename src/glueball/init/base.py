"""What an initializer is: a value that says how a parameter begins, in one of four ways.

- It **gives** a value (`Given`): a number or an array.
- It names a **distribution** for the parameter (`distribution`); the stream draws from it, any part of
  the array alone.
- It computes the **whole** array (`Whole.values`), from the stream or from the shape alone.
- It **fills** an array of the model's framework by code of its own (`_init_weight`).

And it may **choose** another initializer by the parameter's name (`choose`). An initializer holds no
state, so the same one serves any number of parameters and any seed.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Mapping
from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..errors import InitializerError

__all__ = ["Drawn", "Given", "Initializer", "Target", "Whole"]


class Target(NamedTuple):
    """What an initializer may know of the parameter that it is for.

    Attributes:
        name: the parameter's name; under `values`, with the prefix that the stream's name has.
        shape: the whole shape.
        fans: (fan_in, fan_out) as the layer's kind counts them, None below two dimensions.
        parts: names of the equal blocks that lie packed along one axis: `("q", "k", "v")`,
            `("i", "f", "g", "o")` of an LSTM, `("r", "z", "n")` of a GRU; empty for a plain array.
            Fans are those of one block.
        axes: the order of axes that makes one block's `(*kernel, inputs, outputs)`, the layout in which
            Keras and JAX count fans; None where it is that already, or where nothing is known.
        along: the axis along which the blocks lie packed.
        biases: for a recurrent layer's bias, how many such biases the layer adds up.
        stacked: how many axes stand in front for equal layers that are kept as one (`jax.vmap`, `scan`).
            Fans, axes and `along` are those of one of these layers.
    """

    name: str
    shape: tuple[int, ...]
    fans: tuple[int, int] | None = None
    parts: tuple[str, ...] = ()
    axes: tuple[int, ...] | None = None
    along: int = 0
    biases: int = 2
    stacked: int = 0

    @property
    def one(self) -> Target:
        """One of the layers that are stacked; itself where none are."""
        return self._replace(shape=self.shape[self.stacked :], stacked=0) if self.stacked else self

    @property
    def outputs_first(self) -> tuple[int, ...] | None:
        """The order of axes that makes `(outputs, inputs, *kernel)` of a weight kept with these last.

        None where it is kept with outputs first, as torch and MXNet do.
        """
        if not self.axes or self.axes[0] != 0:
            return None
        *kernel, inputs, outputs = self.axes
        return (outputs, inputs, *kernel)

    def blocks(self, values: NDArray[Any]) -> NDArray[Any]:
        """An array of the target's shape as `(blocks, outputs, inputs, *kernel)`: a view to write into."""
        count, size = max(len(self.parts), 1), self.shape[self.along]
        before, after = self.shape[: self.along], self.shape[self.along + 1 :]
        view = np.moveaxis(values.reshape(*before, count, size // count, *after), self.along, 0)
        order = self.outputs_first
        return view if order is None else view.transpose(0, *(axis + 1 for axis in order))


class Initializer:
    """Says how a parameter begins. Subclass it and write `_init_weight` for a rule of your own.

    `_init_weight(name, data)` is given the parameter's name and a copy of the parameter on the host, an
    array of the model's framework with the parameter's shape and dtype, and fills it in place (or
    returns an array to take instead). What it draws from the global generators of its framework, of
    NumPy and of `random` is drawn under a seed made from (seed, name), so it depends on these alone.

    >>> import glueball as gb, torch
    >>> class Sparse(gb.init.Initializer):
    ...     def _init_weight(self, name, data):
    ...         data[:] = torch.empty_like(data).uniform_(-10, 10)
    ...         data *= data.abs() >= 5
    >>> layer = torch.nn.Linear(4, 8)
    >>> _ = gb.initialize(layer, {"weight": Sparse(), "bias": 0}, seed=0)
    >>> values = layer.weight.abs()
    >>> bool(((values == 0) | (values >= 5)).all())
    True
    """

    # Written once here and not by `dataclass(frozen=True)` for each class: thirty classes' worth of
    # generated code is a tenth of the time to import glueball.

    def __setattr__(self, name: str, value: Any) -> None:
        if name in getattr(self, "__dataclass_fields__", ()) and name in self.__dict__:
            raise FrozenInstanceError(f"an initializer does not change: make a new one with another {name}.")
        object.__setattr__(self, name, value)

    def __eq__(self, other: Any) -> bool:
        return self is other or (type(self) is type(other) and self._value() == other._value())

    def __hash__(self) -> int:
        return hash((type(self), self._value()))

    def _value(self) -> Any:
        """What makes it equal to another of its class: its arguments; of what keeps other things, itself."""
        this: Any = self
        if self._keeps_other():
            return id(self)
        return tuple(getattr(self, one.name) for one in fields(this) if one.compare) if vars(self) else ()

    def _keeps_other(self) -> bool:
        """Whether its arguments are not known: what makes it is no dataclass, though its base may be one."""
        made_by = next(kind for kind in type(self).__mro__ if "__init__" in vars(kind))
        return bool(vars(self)) and "__dataclass_fields__" not in vars(made_by)

    @property
    def needs_fan(self) -> bool:
        """Whether it can do nothing for a parameter without fans; a rule for layers then leaves it out."""
        return False

    def choose(self, target: Target) -> Initializer:
        """The initializer for this parameter: itself, but for those that choose among others."""
        return self

    def distribution(self, target: Target) -> streams.Distribution | None:
        """The distribution to draw from for this parameter; None for one that is not drawn so."""
        return None

    def _init_weight(self, name: str, data: Any) -> Any:
        raise InitializerError(
            f"{type(self).__name__} says neither a distribution nor how to fill {name!r}: "
            f"give it a method _init_weight(self, name, data) that fills data in place."
        )

    def to_json(self) -> Any:
        """It as plain numbers, strings, lists and dicts; `glueball.init.from_json` reads them.

        A number stands for itself, anything else is `{"kind": class name, argument: value, …}` with
        the defaults left out. A class of your own goes by its full name, `"package.module.Class"`, and
        its arguments are known where it is a dataclass.

        Raises:
            InitializerError: what no name leads to (a lambda, a class made in a function), and an object
                of a class of your own that keeps its arguments in another way.

        >>> import glueball as gb
        >>> gb.init.Xavier("gaussian", "in", 2).to_json()
        {'kind': 'Xavier', 'rnd_type': 'gaussian', 'factor_type': 'in', 'magnitude': 2.0}
        """
        form: dict[str, Any] = {"kind": kind_of(self)}
        if self._keeps_other():
            raise InitializerError(
                f"{self!r} has no JSON form: what it keeps ({', '.join(vars(self))}) is not known to be its "
                f"arguments. Make its class a dataclass, or give it to_json and _from_json."
            )
        for name, value, _ in self._arguments():
            form[name] = plain(value)
        return form

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in form.items()})

    def _arguments(self) -> list[tuple[str, Any, bool]]:
        """(name, value, by keyword) of what is not the default, in order."""
        found: list[tuple[str, Any, bool]] = []
        by_keyword = False
        this: Any = self
        known = [one for one in fields(this) if one.init] if is_dataclass(this) else []
        for one in sorted(known, key=lambda one: bool(one.kw_only)):
            value = getattr(self, one.name)
            if one.default is not MISSING and type(value) is type(one.default) and value == one.default:
                by_keyword = True
            else:
                found.append((one.name, value, by_keyword or bool(one.kw_only)))
        return found

    def __repr__(self) -> str:
        shown = [(f"{name}=" if key else "") + written(value) for name, value, key in self._arguments()]
        return f"{type(self).__name__}({', '.join(shown)})"


class Given(Initializer):
    """Base of those that put one given value: a number, an array or a Parameter."""

    given: Any


class Drawn(Initializer):
    """Base of those that draw from a stream with the same arguments everywhere."""

    drawn: streams.Distribution

    def distribution(self, target: Target) -> streams.Distribution:
        """The same for every parameter."""
        return self.drawn


class Whole(Initializer):
    """Base of those that compute the whole array at once, and so cannot fill a shard alone."""

    def check(self, target: Target) -> None:
        """Refuse a parameter that `values` can do nothing for, before anything is changed.

        Raises:
            InitializerError: it does not fit the parameter.
        """

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """The array, a function of the target and the seed alone; of one layer where layers are stacked."""
        raise NotImplementedError

    def all_values(self, target: Target, seed: int) -> NDArray[Any]:
        """The array; each of the layers that are stacked gets values of its own."""
        if not target.stacked:
            return self.values(target, seed)
        count = math.prod(target.shape[: target.stacked])
        names = [f"{target.name}\0{at}" for at in range(count)]
        made = [np.asarray(self.values(target.one._replace(name=name), seed)) for name in names]
        return np.stack(made).reshape(target.shape) if made else np.zeros(target.shape)


# ---- arguments ------------------------------------------------------------------------------------------


def number(owner: Initializer, name: str, *, low: float = -math.inf, above: float | None = None) -> None:
    """Make an argument a float, or raise: not a finite number, below `low`, or not above `above`."""
    value: Any = getattr(owner, name)
    wanted = f"a number above {above:g}" if above is not None else "a finite number"
    if low > -math.inf:
        wanted = f"a number from {low:g} up"
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        try:
            real = float(value) + 0.0  # no negative zero
        except OverflowError:
            real = math.inf
        if math.isfinite(real) and real >= low and (above is None or real > above):
            object.__setattr__(owner, name, real)
            return
    raise InitializerError(f"{type(owner).__name__}'s {name} is {value!r}: write {wanted}.")


def integer(owner: Initializer, name: str, *, low: float = -math.inf) -> None:
    """Make an argument an int, or raise: not an integer, or below `low`."""
    value: Any = getattr(owner, name)
    try:
        whole = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        whole = None
    if whole is None or whole < low:
        wanted = "an integer" if low == -math.inf else f"an integer from {low} up"
        raise InitializerError(f"{type(owner).__name__}'s {name} is {value!r}: write {wanted}.")
    object.__setattr__(owner, name, whole)


def one_of(owner: Initializer, name: str, known: tuple[str, ...], what: str) -> None:
    """Raise where an argument is none of these."""
    value = getattr(owner, name)
    if not isinstance(value, str) or value not in known:
        raise InitializerError(
            f"{type(owner).__name__} has no {what} {value!r}: write {' or '.join(map(repr, known))}."
        )


def kind_of(initializer: Initializer) -> str:
    """The name of its class in JSON: one of ours by its own name, another by a name that has dots."""
    kind = type(initializer)
    return kind.__name__ if kind.__module__.startswith(__package__ + ".") else full_name(kind)


def full_name(thing: Any) -> str:
    """The dotted name that leads to a function or a class.

    Raises:
        InitializerError: none does (a lambda, a partial, what was made in a function).
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    found: Any = sys.modules.get(module or "")
    for step in name.split("."):
        found = getattr(found, step, None)
    if found is None or found is not thing:
        raise InitializerError(
            f"{thing!r} has no JSON form: no name leads to it. Define a function with def, or a class, at "
            f"the top of a module."
        )
    return f"{module}.{name}"


def written(value: Any) -> str:
    """An argument as a user would write it: 1 for 1.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def plain(value: Any) -> Any:
    """An argument in JSON's own kinds."""
    if isinstance(value, Initializer):
        return value.to_json()
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InitializerError(f"{value!r} has no JSON form.")


def normal(name: str, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """Standard normal values of the parameter's stream, in float64."""
    values = np.empty(shape)
    streams.fill(values, streams.Normal(0, 1), seed, name)
    return values
