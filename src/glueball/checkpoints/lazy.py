"""Arrays that are made when their turn comes: how writers take more than fits into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, FileFormatError, ShapeError

T = TypeVar("T")

__all__ = ["Arrays", "Lazy", "check_names", "taken", "with_copies"]


@dataclass(frozen=True, eq=False, slots=True)
class Lazy:
    """An array that is made when it is written, and not kept.

    Attributes:
        shape: what it will have.
        dtype: what it will have.
        make: gives the array; called once for each file that is written.

    >>> Lazy((2, 3), np.dtype(np.float32), lambda: np.zeros((2, 3), np.float32)).dtype
    dtype('float32')
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    make: Callable[[], NDArray[Any]]


Arrays: TypeAlias = "Mapping[str, NDArray[Any] | Lazy]"


def taken(name: str, value: NDArray[Any] | Lazy) -> NDArray[Any]:
    """The array itself, made now if it has to be.

    Raises:
        ShapeError: a lazy array did not get the shape that it said.
        DTypeError: nor the dtype.
    """
    if not isinstance(value, Lazy):
        return value
    array = value.make()
    if array.dtype != value.dtype:
        raise DTypeError(f"{name!r} was to be {value.dtype}, and became {array.dtype}")
    if array.shape != value.shape:
        raise ShapeError(f"{name!r} was to have the shape {value.shape}, and has {array.shape}")
    return array


def check_names(arrays: Mapping[str, Any], aliases: Mapping[str, str]) -> None:
    """Names are text that UTF-8 and a terminal can hold, and aliases lead to arrays.

    Raises:
        FileFormatError: not so.
    """
    names: list[object] = [*arrays, *aliases]
    for name in names:
        if not isinstance(name, str) or not name.isprintable():
            raise FileFormatError(f"a name must be text that can be printed, not {name!r}")
    for alias, name in aliases.items():
        if alias in arrays:
            raise FileFormatError(f"{alias!r} is an array, and cannot be another name of {name!r} too")
        if name not in arrays:
            raise FileFormatError(f"{alias!r} is to be another name of {name!r}, which is no array")


def with_copies(arrays: Mapping[str, T], aliases: Mapping[str, str] | None) -> dict[str, T]:
    """All arrays by all names, for formats that cannot tie: each name gets the bytes."""
    check_names(arrays, aliases or {})
    return {**arrays, **{alias: arrays[name] for alias, name in (aliases or {}).items()}}
