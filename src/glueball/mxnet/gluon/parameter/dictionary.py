"""ParameterDict: Parameters by their whole names, and what can be done to all of them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Sequence, ValuesView
from typing import Any

from ... import initializer
from ...base import MXNetType
from ...context import Context
from .parameter import Constant, Parameter

__all__ = ["ParameterDict", "brief"]


def brief(names: Sequence[Any] | KeysView[Any]) -> str:
    """Names for a message: all of them up to seven, else the first three and the last four."""
    listed = [f"'{name}'" for name in names]
    if len(listed) > 7:
        listed = [*listed[:3], "...", *listed[-4:]]
    return ", ".join(listed)


class ParameterDict(metaclass=MXNetType):
    """Parameters by name; `get` makes those that are not there yet.

    Args:
        prefix: stands before every name that `get` makes.
        shared: another dictionary, in which `get` looks before it makes one.

    >>> from glueball import mxnet as mx
    >>> params = mx.gluon.ParameterDict("net_")
    >>> params.get("weight", shape=(2, 3))
    Parameter net_weight (shape=(2, 3), dtype=<class 'numpy.float32'>)
    >>> list(params.keys())
    ['net_weight']
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        self._prefix = prefix
        self._shared = shared
        self._params: dict[str, Parameter] = {}

    def __repr__(self) -> str:
        name = self._prefix + " " if self._prefix else ""
        lines = "\n".join(f"  {parameter}" for parameter in self.values())
        return f"{name}(\n{lines}\n)"

    def __getitem__(self, key: str) -> Parameter:
        return self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def items(self) -> ItemsView[str, Parameter]:
        """(name, Parameter), in the order in which they came."""
        return self._params.items()

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        """The Parameters."""
        return self._params.values()

    @property
    def prefix(self) -> str:
        """What stands before every name that `get` makes."""
        return self._prefix

    def _find(self, name: str) -> Parameter | None:
        """One of this name here, or in the shared dictionary, from where it is taken over."""
        found = self._params.get(name)
        if found is None and self._shared is not None and name in self._shared:
            found = self._params[name] = self._shared[name]
        return found

    def get(self, name: str, **attributes: Any) -> Parameter:
        """The Parameter `prefix + name`, made now where there is none.

        Args:
            name: without the prefix.
            attributes: what `Parameter` takes. One that is there already has to have the same; unknown
                dimensions of its shape are filled in.

        Raises:
            AssertionError: one that is there has other attributes.
        """
        whole = self._prefix + name
        found = self._find(whole)
        if found is None:
            found = self._params[whole] = Parameter(whole, **attributes)
            return found
        for key, wanted in attributes.items():
            if getattr(found, key, None) is None:
                setattr(found, key, wanted)
                continue
            stored = getattr(found, key)
            if key == "shape" and wanted is not None and len(wanted) == len(stored):
                merged = _merged(tuple(wanted), stored)
                if merged is not None:
                    found._shape = merged
                    continue
            elif key == "dtype" and initializer.same_type(wanted, stored):
                continue
            assert wanted is None or wanted == stored, (
                f"Cannot retrieve Parameter '{whole}' because desired attribute does not match with "
                f"stored for attribute '{key}': desired '{wanted}' vs stored '{stored}'."
            )
        return found

    def get_constant(self, name: str, value: Any = None) -> Constant:
        """The Constant `prefix + name`, made of `value` where there is none."""
        whole = self._prefix + name
        found = self._find(whole)
        if found is None:
            if value is None:
                raise KeyError(
                    f"No constant named '{whole}'. Please specify value if you want to create a new constant."
                )
            found = self._params[whole] = Constant(whole, value)
        assert isinstance(found, Constant), f"Parameter '{whole}' already exists but it is not a constant."
        return found

    def update(self, other: ParameterDict) -> None:
        """Take over every Parameter of another dictionary.

        Raises:
            AssertionError: another Parameter of the same name is here.
        """
        for name, parameter in other.items():
            assert self._params.get(name, parameter) is parameter, (
                f"Cannot update self with other because they have different Parameters with the same "
                f"name '{name}'"
            )
        self._params.update(other._params)

    def initialize(
        self,
        init: Any = None,
        ctx: Context | Sequence[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Initialise every Parameter, in order.

        Args:
            init: for those without an initializer of their own; `Uniform()` by default.
            ctx: where.
            verbose: whether the initializer prints what it does.
            force_reinit: whether to fill again what is filled already.
        """
        init = initializer.Uniform() if init is None else init
        if verbose:
            init.set_verbosity(verbose=verbose)
        for parameter in self.values():
            parameter.initialize(None, ctx, init, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Context | Sequence[Context]) -> None:
        """Move every Parameter to another context."""
        for parameter in self.values():
            parameter.reset_ctx(ctx)

    def list_ctx(self) -> list[Context]:
        """The contexts in which there is any Parameter."""
        return list({ctx: None for parameter in self.values() for ctx in parameter.list_ctx()})

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of every Parameter: `params.setattr("grad_req", "null")`."""
        for parameter in self.values():
            setattr(parameter, name, value)


def _merged(wanted: tuple[int, ...], stored: tuple[int, ...]) -> tuple[int, ...] | None:
    """Two shapes with each other's unknown dimensions filled in; None where they contradict."""
    merged = []
    for one, other in zip(wanted, stored, strict=True):
        if one != other and one > 0 and other > 0:
            return None
        merged.append(max(one, other))
    return tuple(merged)
