"""Values that are given, not drawn: a number, an array, another model's Parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InitializerError
from .base import Given, Initializer, kind_of

__all__ = ["Constant", "One", "Zero", "as_array", "equal", "frozen"]

MOST_IN_JSON = 1_000_000
"""Elements of an array that may stand in a JSON form; larger ones belong in a file."""


@dataclass(repr=False, eq=False)
class Zero(Given):
    """All elements 0.

    >>> import glueball as gb
    >>> gb.init.Zero()
    Zero()
    """

    given = 0


@dataclass(repr=False, eq=False)
class One(Given):
    """All elements 1.

    >>> import glueball as gb
    >>> gb.init.One()
    One()
    """

    given = 1


@dataclass(repr=False, eq=False)
class Constant(Given):
    """All elements one number, or the elements of an array (or Parameter) of the parameter's shape.

    It keeps a copy, of another model's Parameter the values that this has now; an array that is marked
    as not writeable is kept as it is. An array without dimensions is a number. Two are equal when their
    values are.

    Raises:
        InitializerError: nested lists that make no array.
        DeferredError: a Parameter that has no values yet.
        ShapeError, DTypeError: when used, an array of another shape, or of a kind that does not fit.

    >>> import glueball as gb, numpy as np
    >>> gb.init.Constant(3), gb.init.Constant(np.eye(2))
    (Constant(3), Constant(<ndarray 2×2>))
    """

    value: Any

    def __post_init__(self) -> None:
        value = frozen(self.value)
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "given", self.value)

    @classmethod
    def of(cls, frozen_value: Any) -> Constant:
        """With a value that nobody else can change, or that lives for one use: without a copy."""
        made = object.__new__(cls)
        made.value = made.given = frozen_value
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant) or type(self) is not type(other):
            return NotImplemented
        return equal(self.value, other.value)

    def __hash__(self) -> int:
        # Equal numbers of different kinds are equal constants, so they hash alike.
        array = as_array(self.value)
        few = np.nan_to_num(array.reshape(-1)[:8].astype(np.complex128))
        return hash((Constant, array.shape, tuple(few.tolist())))

    def __repr__(self) -> str:
        shape = getattr(self.value, "shape", ())
        if shape:
            return f"{type(self).__name__}(<{type(self.value).__name__} {'×'.join(map(str, shape))}>)"
        return f"{type(self).__name__}({self.value!r})"

    def to_json(self) -> Any:
        """A number as itself; an array as nested lists with its dtype.

        Raises:
            InitializerError: complex, or more elements than belong in JSON.
        """
        form = array_to_json(self.value, "Constant")
        if isinstance(form, dict):
            return {"kind": kind_of(self), **form}
        return form if type(self) is Constant else {"kind": kind_of(self), "value": form}

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        return cls(array_from_json(form))


def frozen(value: Any) -> Any:
    """A copy that nobody else holds, of a Parameter its values now; NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        try:
            value = np.array(value)
        except ValueError as error:
            raise InitializerError(f"this list makes no array: {error}.") from None
    elif isinstance(value, np.ndarray):
        if not value.flags.writeable:
            return value
        value = value.copy()
    elif hasattr(value, "detach"):
        value = value.detach().clone()
    elif hasattr(value, "shape"):  # a Parameter, or an array of another framework
        value = np.array(as_array(value))
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    return value


def equal(one: Any, other: Any) -> bool:
    """Whether two given values are the same numbers, NaN as another NaN."""
    if one is other:
        return True
    arrays = as_array(one), as_array(other)
    numbers = all(array.dtype.kind in "fc" for array in arrays)
    return bool(np.array_equal(*arrays, equal_nan=numbers))


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """A given constant as a NumPy array; a Parameter and a tensor by their own `numpy()`."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if not hasattr(value, "numpy"):
        return np.asarray(value)
    try:
        return np.asarray(value.numpy())
    except TypeError:  # torch's bfloat16 and float8, which NumPy has not
        return np.asarray(value.float().numpy())


def array_to_json(value: Any, owner: str) -> Any:
    """A number as itself, an array as nested lists, with its dtype."""
    if isinstance(value, (bool, int, float)):
        return value
    array = as_array(value)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InitializerError(f"{owner} of {array.dtype} has no JSON form: JSON has real numbers only.")
    if array.size > MOST_IN_JSON:
        raise InitializerError(
            f"{owner} has no JSON form: {array.size:,} elements are too many (the most is "
            f"{MOST_IN_JSON:,}). Save the array in a file."
        )
    form = {"value": array.tolist(), "dtype": array.dtype.name}
    return form if array.size else {**form, "shape": list(array.shape)}


def array_from_json(form: Any) -> Any:
    """What `array_to_json` wrote."""
    if isinstance(form, (bool, int, float)):
        return form
    name = form.get("dtype")
    if name == "bfloat16":
        import ml_dtypes

        name = ml_dtypes.bfloat16
    array = np.array(form["value"], None if name is None else np.dtype(name))
    return array.reshape(form["shape"]) if "shape" in form else array
