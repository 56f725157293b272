"""What operators are given: which arguments are arrays, and MXNet's words for what they cannot take."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any, NoReturn

from ..base import MXNetError

__all__ = ["Form", "choice", "count_arrays", "joined", "no_array"]


def joined(shape: Any) -> str:
    """A shape as MXNet's messages write it: `[2,3]`."""
    return f"[{','.join(map(str, shape))}]"


def choice(operator_name: str, parameter: str, value: str, known: Any, **others: Any) -> None:
    """Refuse a value that is none of those known.

    Raises:
        MXNetError: says which there are.
    """
    if value not in known:
        shown = ", ".join(f"'{name}'" for name in sorted(known))
        before = "".join(f', {name}="{other}"' for name, other in others.items())
        raise MXNetError(
            f"Invalid Input: '{value}', valid values are: {{{shown}}}, in operator "
            f'{operator_name}(name=""{before}, {parameter}="{value}")'
        )


def count_arrays(operator_name: str, sure: int, last: Any, wanted: bool) -> None:
    """Refuse a last array that an attribute does not want, and the lack of one that it does.

    Raises:
        MXNetError: says how many arrays the operator takes.
    """
    if wanted is (last is None):
        expects, got = sure + wanted, sure + (last is not None)
        raise MXNetError(f"Operator {operator_name} expects {expects} inputs, but got {got} instead.")


class Form:
    """What an operator's arguments are: which are arrays, which are needed, which are attributes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(function).parameters.values())
        self.name = function.__name__.rstrip("_")
        self.several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.arrays = [p.name for p in parameters if str(p.annotation).startswith("Tensor")]
        self.needed = [p.name for p in parameters if p.default is p.empty]
        self.attributes = {p.name: p for p in parameters if p.name not in self.arrays}
        self.names = [p.name for p in parameters]
        self.text = {p.name for p in parameters if str(p.annotation).startswith(("str", "Any"))}

    def read(self, given: dict[str, Any]) -> None:
        """Attributes that were written as text, as MXNet itself passes them on: `kernel="(3, 3)"`."""
        for name, value in given.items():
            if isinstance(value, str) and name in self.attributes and name not in self.text:
                try:
                    given[name] = ast.literal_eval(value)
                except (ValueError, SyntaxError):
                    written = self.kind(name)
                    kind = {"bool": "boolean", "int | None": "int or None"}.get(written, written)
                    raise MXNetError(
                        f"Invalid Parameter format for {name} expect {kind} but value='{value}', in "
                        f'operator {self.name}(name="", {name}="{value}")'
                    ) from None

    def refuse(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Say what is wrong with arguments that Python refused; return where it is not they."""
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        for name in kwargs:
            if name not in self.names:
                shown = "\n".join(
                    f"{p.name} : {p.annotation}"
                    + ("" if p.default is p.empty else f", optional, default={p.default}")
                    for p in self.attributes.values()
                )
                raise MXNetError(
                    f"Cannot find argument '{name}', Possible Arguments:\n----------------\n{shown}\n"
                    f", in operator {self.name}"
                )
        shown = "".join(f', {name}="{value}"' for name, value in given.items() if name in self.attributes)
        for name in sorted(self.attributes):
            if name in self.needed and name not in given:
                raise MXNetError(
                    f"Required parameter {name} of {self.kind(name)} is not presented, in operator "
                    f'{self.name}(name=""{shown})'
                )
        count = sum(given.get(name) is not None for name in self.arrays)
        needed = [name for name in self.arrays if name in self.needed]
        if not self.several and count < len(needed):
            raise MXNetError(f"Operator {self.name} expects {len(needed)} inputs, but got {count} instead.")

    def kind(self, name: str) -> str:
        """MXNet's word for what an attribute is."""
        written = str(self.attributes[name].annotation)
        return {"Sizes": "Shape(tuple)", "Axes": "Shape or None", "str": "int", "Any": "int"}.get(
            written, written
        )


def no_array(name: str, value: Any) -> NoReturn:
    """Refuse what is no array."""
    raise AssertionError(f"Argument {name} must have NDArray type, but got {value}")
