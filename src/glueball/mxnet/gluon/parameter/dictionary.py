"""ParameterDict: Parameters by their whole names, and what can be done to all of them."""

from __future__ import annotations

import gc
import os
from collections import OrderedDict
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import initializer
from ... import ndarray as nd
from ...base import MXNetType
from ...context import Context
from ...ndarray import NDArray
from ...ndarray.dtypes import torch_dtype
from .constant import Constant
from .loading import Policy, brief, load_into, read
from .parameter import Contexts, Parameter

__all__ = ["ParameterDict"]

_NAMING = (
    "For more info on naming, please see https://mxnet.io/api/python/docs/tutorials/packages/gluon/blocks/"
    "naming.html"
)


@contextmanager
def _all_kept() -> Iterator[None]:
    """Let Python look for no garbage meanwhile: new arrays are none, and looking is a third of the time."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


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
        self._params: OrderedDict[str, Parameter] = OrderedDict()

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

    # ---- finding and making -------------------------------------------------------------------------

    def _get_impl(self, name: str) -> Parameter | None:
        """One of this name here, or in the shared dictionary, from where it is taken over."""
        found = self._params.get(name)
        if found is None and self._shared is not None and name in self._shared:
            found = self._params[name] = self._shared[name]
        return found

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """The Parameter `prefix + name`, made now where there is none.

        Args:
            name: without the prefix.
            kwargs: what `Parameter` takes. One that is there already has to have the same; unknown
                dimensions of its shape are filled in.

        Raises:
            AssertionError: one that is there has other attributes.
        """
        whole = self._prefix + name
        found = self._get_impl(whole)
        if found is None:
            found = Parameter(whole, **kwargs)
            self._params[whole] = found
            return found
        for key, wanted in kwargs.items():
            stored = getattr(found, key, None)
            if stored is None:
                setattr(found, key, wanted)
                continue
            if key == "shape" and len(wanted) == len(stored):
                merged = _merged(wanted, stored)
                if merged is not None:
                    found._shape = merged
                    continue
            elif key == "dtype" and _same_type(wanted, stored):
                continue
            assert wanted is None or wanted == stored, (
                f"Cannot retrieve Parameter '{whole}' because desired attribute does not match with "
                f"stored for attribute '{key}': desired '{wanted}' vs stored '{stored}'."
            )
        return found

    def get_constant(self, name: str, value: Any = None) -> Constant:
        """The Constant `prefix + name`, made of `value` where there is none.

        Args:
            name: without the prefix.
            value: what `nd.array` takes; a Constant that is there has to have it.

        Raises:
            KeyError: there is none, and no value.
            AssertionError: there is one of another value, or a Parameter that is none.
        """
        whole = self._prefix + name
        found = self._get_impl(whole)
        if found is None:
            if value is None:
                raise KeyError(
                    f"No constant named '{whole}'. Please specify value if you want to create a new constant."
                )
            found = self._params[whole] = Constant(whole, value)
        elif value is not None:
            assert isinstance(found, Constant), (
                f"Parameter '{whole}' already exists but it is not a constant."
            )
            given = value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)
            assert given.shape == found.value.shape and (given == found.value.asnumpy()).all(), (
                f"Constant '{whole}' already exists but it's value doesn't match new value"
            )
        return found  # type: ignore[return-value]  # as in MXNet, what is there is given where nothing is asked

    def update(self, other: ParameterDict) -> None:
        """Take over every Parameter of another dictionary.

        Raises:
            AssertionError: another Parameter of the same name is here.
        """
        mine = self._params
        for name, parameter in other.items():
            if mine.get(name, parameter) is not parameter:
                raise AssertionError(
                    "Cannot update self with other because they have different Parameters with the same "
                    f"name '{name}'"
                )
        mine.update(other.items())

    # ---- all at once --------------------------------------------------------------------------------

    def initialize(
        self, init: Any = None, ctx: Contexts = None, verbose: bool = False, force_reinit: bool = False
    ) -> None:
        """Initialise every Parameter, in order.

        Args:
            init: for those without an initializer of their own; `Uniform()` by default.
            ctx: where.
            verbose: whether the initializer logs what it does.
            force_reinit: whether to fill again what is filled already.
        """
        init = _UNIFORM if init is None else init
        if verbose:
            init.set_verbosity(verbose=verbose)
        if not isinstance(init, (initializer.Initializer, str)):
            init = initializer.chosen(init)
        with _all_kept():
            for parameter in self.values():
                parameter.initialize(None, ctx, init, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Contexts) -> None:
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

    # ---- files --------------------------------------------------------------------------------------

    def save(self, filename: str | os.PathLike[str], strip_prefix: str = "") -> None:
        """Write every Parameter into a `.params` file, under its name.

        Args:
            filename: of the file.
            strip_prefix: is left out of the names.

        Raises:
            ValueError: a name does not begin with `strip_prefix`.
            RuntimeError: a Parameter has no values yet.
        """
        arrays: dict[str, NDArray] = {}
        for parameter in self.values():
            values = parameter.list_data()[0]
            if not parameter.name.startswith(strip_prefix):
                raise ValueError(
                    f"Prefix '{strip_prefix}' is to be striped before saving, but Parameter's name "
                    f"'{parameter.name}' does not start with '{strip_prefix}'. this may be due to your Block "
                    "shares parameters from other Blocks or you forgot to use 'with name_scope()' when "
                    f"creating child blocks. {_NAMING}"
                )
            arrays[parameter.name[len(strip_prefix) :]] = values
        nd.save(filename, arrays)

    def load(
        self,
        filename: str | os.PathLike[str],
        ctx: Contexts = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Load Parameters by name from a `.params` file; see `load_dict`."""
        arrays = read(filename)
        where = os.fspath(filename)
        self.load_dict(
            arrays, ctx, allow_missing, ignore_extra, restore_prefix, where, cast_dtype, dtype_source
        )

    def load_dict(
        self,
        param_dict: Mapping[str, Any],
        ctx: Contexts = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        filename: str | None = None,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Load Parameters by name: all of them, or none where something is wrong.

        Args:
            param_dict: arrays by name; `arg:` and `aux:` before a name are left out.
            ctx: where to load Parameters that were not initialised.
            allow_missing: whether a Parameter may have no array.
            ignore_extra: whether an array may have no Parameter.
            restore_prefix: is put before the names.
            filename: where the arrays come from, for messages.
            cast_dtype: whether to take an array of another dtype.
            dtype_source: then "current" casts the array, "saved" the Parameter.

        Raises:
            AssertionError: a name is missing or too much, or an array does not fit.
        """
        for name in self.keys() if restore_prefix else ():
            assert name.startswith(restore_prefix), (
                f"restore_prefix is '{restore_prefix}' but Parameters name '{name}' does not start with "
                f"'{restore_prefix}'. {_NAMING}"
            )
        arrays = {
            restore_prefix + (name[4:] if name.startswith(("arg:", "aux:")) else name): data
            for name, data in param_dict.items()
        }
        source = f"file: {filename}" if filename else "param_dict"
        cut = len(restore_prefix)
        for name in self.keys() if not allow_missing else ():
            assert name in arrays, (
                f"Parameter '{name[cut:]}' is missing in {source}, which contains parameters: "
                f"{brief(arrays.keys())}. Please make sure source and target networks have the same prefix."
                f"{_NAMING}"
            )
        for name in arrays if not ignore_extra else ():
            assert name in self._params, (
                f"Parameter '{name[cut:]}' loaded from {source} is not present in ParameterDict, choices "
                f"are: {brief(self.keys())}. Set ignore_extra to True to ignore. Please make sure source and "
                f"target networks have the same prefix.{_NAMING}"
            )
        pairs = [(self._params[name], data) for name, data in arrays.items() if name in self._params]
        load_into(pairs, Policy(ctx, cast_dtype, dtype_source))


_UNIFORM = initializer.Uniform()


def _same_type(one: Any, other: Any) -> bool:
    try:
        return torch_dtype(one) is torch_dtype(other)
    except TypeError:
        return False


def _merged(wanted: tuple[int, ...], stored: tuple[int, ...]) -> tuple[int, ...] | None:
    """Two shapes with each other's unknown dimensions filled in; None where they contradict."""
    merged = []
    for one, other in zip(wanted, stored, strict=True):
        if one != other and one > 0 and other > 0:
            return None
        merged.append(max(one, other))
    return tuple(merged)
