"""Node: a block as a node of the tree: its name, its attributes, its children, and torch's tables.

Children and tensors lie in torch's tables only, so that torch's tools may put others in their place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

import torch
from torch.nn.parameter import is_lazy

from ...base import MXNetType
from ...context import cpu
from ...ndarray import NDArray
from ..parameter import Parameter, ParameterDict
from . import foreign
from .itself import KNOWS
from .scope import NameScope, name_of

__all__ = ["Node"]

_Module = torch.nn.Module


class Node(_Module, metaclass=MXNetType):
    """What a Block is before it has Parameters to collect or anything to compute; see `Block`."""

    __glueball__: ClassVar[Any] = KNOWS
    _prints_all: ClassVar[bool] = False  # a container prints what was only registered too

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        before = [name for name, value in self.__dict__.items() if _may_hide(value)]
        super().__init__()
        self._empty_prefix = prefix == ""
        self._prefix, self._params = name_of(prefix, params, self._alias())
        self._name = self._prefix.removesuffix("_")
        tables = self.__dict__
        tables["_scope_counts"] = {}
        tables["_containers"] = dict.fromkeys(before)
        tables["_attributes"] = {}
        tables["_deleted"] = set()
        tables["_reg_params"] = {}

    def _alias(self) -> str:
        return type(self).__name__.lower()

    # ---- names --------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """What stands before the names of its Parameters."""
        return self._prefix

    @property
    def name(self) -> str:
        """Its prefix without the underscore at the end."""
        return self._name

    @property
    def params(self) -> ParameterDict:
        """Its own Parameters, those of its children not among them."""
        return self._params

    @property
    def _children(self) -> dict[str, Any]:
        return self._modules

    def name_scope(self) -> NameScope:
        """A `with` in which new blocks are named as its children."""
        return NameScope(self)

    def __repr__(self) -> str:
        children = self.__dict__.get("_modules", {})
        lines = "\n".join(
            f"  ({name}): {_indented(repr(children[name]))}"
            for name in (children if self._prints_all else self.__dict__.get("_attributes", ()))
            if children.get(name) is not None
        )
        return f"{type(self).__name__}(\n{lines}\n)"

    # ---- attributes ---------------------------------------------------------------------------------
    #
    # `_attributes` are the children that were set as attributes, in order; those that were only registered
    # are children too, but are not printed. What is deleted as an attribute stays a child, as in MXNet.

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__
        registered = tables.get("_reg_params")
        if registered is not None:
            if name in tables["_deleted"]:
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            if name in registered:
                parameter = registered[name]
                if parameter._sharded and _asked_by_fsdp(sys._getframe(1)):
                    return parameter._tensor
                return parameter
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        registered = tables.get("_reg_params")
        if registered is None:
            if isinstance(value, (Node, Parameter)):
                missing = "_children" if isinstance(value, Node) else "_reg_params"
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{missing}'")
            super().__setattr__(name, value)
            return
        if isinstance(value, torch.Tensor) and name in registered:
            self._adopt(name, value)
            return
        if name not in tables["_deleted"]:
            existing = registered.get(name)
            if existing is None:
                existing = tables["_modules"].get(name)
            if isinstance(existing, (Parameter, Node)) and not isinstance(value, type(existing)):
                raise TypeError(
                    f"Changing attribute type for {name} from {type(existing)} "
                    f"to {type(value)}is not allowed."
                )
        if isinstance(value, _Module):
            self.register_child(value, name)
            tables.pop(name, None)
            tables["_attributes"][name] = None
            tables["_deleted"].discard(name)
            self._keep_visible(name, value)
        elif isinstance(value, Parameter):
            if name in registered:
                raise AssertionError(
                    "Overriding Parameter attribute %s is not allowed. If you want to share parameters "
                    "between blocks, please set 'params' at Block construction instead."
                )
            tables.pop(name, None)
            tables["_deleted"].discard(name)
            registered[name] = value
            table = self._parameters if value._differentiable else self._buffers
            table[name] = value._tensor  # type: ignore[assignment]
            self._keep_visible(name, value)
        else:
            if _may_hide(value):
                tables["_containers"][name] = None
            if name in tables["_deleted"]:
                tables[name] = value
            else:
                super().__setattr__(name, value)

    def _keep_visible(self, name: str, value: Any) -> None:
        # Tables are looked into last: a class's own attribute (`head = None`) or a method of torch's that
        # MXNet's Block has not (`half`, `children`) would be found before.
        if hasattr(type(self), name):
            self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        tables = self.__dict__
        here = name in tables["_reg_params"] or name in tables["_modules"]
        if here and name not in tables["_deleted"]:
            tables["_deleted"].add(name)
            tables.pop(name, None)
            tables["_attributes"].pop(name, None)
        elif name in tables:
            object.__delattr__(self, name)
        else:
            raise AttributeError(name)

    def register_child(self, block: Any, name: str | None = None) -> None:
        """Make a block, or a torch module, a child, under a name or the next number."""
        self._modules[str(len(self._modules)) if name is None else name] = block
        if isinstance(block, _Module) and not isinstance(block, Node):
            foreign.bridge(block)

    def apply(self, fn: Callable[[Any], Any]) -> Any:
        """Call a function with each block in it, children first, and with itself."""
        for child in self._modules.values():
            if child is not None:
                child.apply(fn)
        fn(self)
        return self

    # ---- torch's tools ------------------------------------------------------------------------------

    def get_parameter(self, target: str) -> Any:
        """The torch parameter at a path such as `"0.weight"`."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._parameters.get(name)
        return super().get_parameter(target) if found is None else found

    def get_buffer(self, target: str) -> Any:
        """The torch buffer at a path such as `"0.running_mean"`."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._buffers.get(name)
        return super().get_buffer(target) if found is None else found

    def _adopt(self, name: str, tensor: torch.Tensor) -> None:
        """Take a tensor that torch's own tools put in a Parameter's place."""
        parameter = self._reg_params[name]
        parameter.adopt(tensor)
        table = self._parameters if parameter._differentiable else self._buffers
        table[name] = tensor  # type: ignore[assignment]

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, parameter in self._reg_params.items():
            there: torch.Tensor | None
            if parameter._differentiable:
                there = self._parameters.get(name)
            else:
                # Torch makes new buffers. One that is shared has to stay one.
                there = self._buffers.get(name)
                if there is not None and there is not parameter._tensor and not there.is_meta:
                    parameter._tensor.data = there
                    there = self._buffers[name] = parameter._tensor
            if there is not None and there is not parameter._tensor:
                parameter.adopt(there)
            parameter._note_kind()
        return self

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """As torch's; what waits for its shape goes in as it is, like that of torch's own lazy layers."""
        waiting = any(is_lazy(parameter._tensor) for parameter in self._reg_params.values())
        super()._save_to_state_dict(destination, prefix, keep_vars or waiting)
        if waiting and not keep_vars:
            for name in self._reg_params:
                saved = destination.get(prefix + name)
                if saved is not None and not is_lazy(saved):
                    destination[prefix + name] = saved.detach()

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: Any, strict: bool, *args: Any
    ) -> None:
        """Give Parameters that wait for their shape that of the state, before torch copies."""
        if not local_metadata.get("assign_to_params_buffers", False):
            for name, parameter in self._reg_params.items():
                saved = state_dict.get(prefix + name)
                if saved is None or is_lazy(saved) or not is_lazy(parameter._tensor):
                    continue
                shape = tuple(saved.shape)
                known = parameter.shape or (0,) * len(shape)
                if len(known) == len(shape) and all(
                    a in (0, -1, b) for a, b in zip(known, shape, strict=True)
                ):
                    planned = parameter._deferred_init
                    parameter._shape = shape
                    parameter._fill(None, planned[1] if planned else [cpu()], None, saved)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, *args)

    def _put_in(self) -> list[tuple[Parameter, NDArray | None]]:
        """Let `data()` give what `torch.func.functional_call` has put into torch's tables for now.

        Returns:
            The Parameters in question, each with its own array.
        """
        own: list[tuple[Parameter, NDArray | None]] = []
        for name, parameter in self._reg_params.items():
            table = self._parameters if parameter._differentiable else self._buffers
            there = table.get(name)
            if there is not None and there is not parameter._tensor:
                own.append((parameter, parameter._array))
                parameter._array = NDArray(there, parameter._context)
        return own


def _may_hide(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict))


def _asked_by_fsdp(caller: FrameType) -> bool:
    """Whether `fully_shard` looks for the tensor that it put into a block, by the name of a Parameter."""
    return str(caller.f_globals.get("__name__", "")).startswith("torch.distributed.fsdp.")


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
