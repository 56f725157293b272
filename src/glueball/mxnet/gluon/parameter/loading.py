"""Saved arrays and Parameters: what fits, what does not and why, and the files."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ... import autograd
from ... import ndarray as nd
from ...context import Context, cpu
from ...ndarray import NDArray
from ...ndarray.dtypes import torch_dtype

if TYPE_CHECKING:
    from .parameter import Parameter

__all__ = ["Policy", "brief", "load_into", "read"]


class Policy:
    """What to do with a saved array.

    Args:
        ctx: where to load Parameters that were not initialised; others have to lie there.
        cast_dtype: whether a saved array of another dtype is taken.
        dtype_source: then "current" casts the array, "saved" the Parameter.
    """

    def __init__(
        self,
        ctx: Context | Sequence[Context] | None = None,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        if cast_dtype:
            assert dtype_source in ("current", "saved")
        self.contexts = [ctx] if isinstance(ctx, Context) else None if ctx is None else list(ctx)
        self.cast_dtype = cast_dtype
        self.dtype_source = dtype_source

    def check(self, parameter: Parameter, data: Any) -> None:
        """Raise where an array cannot be loaded into a Parameter; nothing is changed.

        Raises:
            AssertionError: another shape, dtype or context.
        """
        if parameter.shape:
            fits = len(parameter.shape) == len(data.shape) and all(
                own in (0, -1, other) for own, other in zip(parameter.shape, data.shape, strict=True)
            )
            assert fits, (
                f"Failed loading Parameter '{parameter.name}' from saved params: shape incompatible expected "
                f"{parameter.shape} vs saved {tuple(data.shape)}"
            )
        if parameter.dtype and not self.cast_dtype:
            assert torch_dtype(parameter.dtype) is torch_dtype(data.dtype), (
                f"Failed loading Parameter '{parameter.name}' from saved params: dtype incompatible expected "
                f"{parameter.dtype} vs saved {data.dtype}. Set cast_dtype=True to cast the dtype of saved "
                f"params."
            )
        if parameter._array is not None or parameter._deferred_init:
            there = parameter.list_ctx()
            assert self.contexts is None or set(self.contexts) == set(there), (
                f"Failed to load Parameter '{parameter.name}' on {self.contexts} because it was previous "
                f"initialized on {there}."
            )

    def load(self, parameter: Parameter, data: Any) -> None:
        """Put an array that was checked into a Parameter, which is initialised by it where it was not."""
        if parameter.shape is None or 0 in parameter.shape or -1 in parameter.shape:
            parameter._shape = tuple(data.shape)
        takes_dtype = self.cast_dtype and self.dtype_source == "saved"
        if takes_dtype and torch_dtype(parameter.dtype) is not torch_dtype(data.dtype):
            parameter.cast(data.dtype)
        with autograd.pause():
            if parameter._array is not None:
                parameter.set_data(data)
                return
            ctx = parameter._deferred_init[1] if parameter._deferred_init else self.contexts
            parameter._fill(None, [cpu()] if ctx is None else ctx, None, data)


def load_into(pairs: Sequence[tuple[Parameter, Any]], policy: Policy) -> None:
    """Load arrays into Parameters: all of them, or none where one does not fit."""
    for parameter, data in pairs:
        policy.check(parameter, data)
    for parameter, data in pairs:
        policy.load(parameter, data)


def brief(names: Collection[Any]) -> str:
    """Names for a message: all of them up to seven, else the first three and the last four.

    >>> brief("abcdefgh")
    "'a', 'b', 'c', ..., 'e', 'f', 'g', 'h'"
    """
    listed = [f"'{name}'" for name in names]
    if len(listed) > 7:
        listed = [*listed[:3], "...", *listed[-4:]]
    return ", ".join(listed)


# ---- files ----------------------------------------------------------------------------------------------


def read(filename: str | os.PathLike[str]) -> dict[str, NDArray]:
    """The arrays of a `.params` file by name.

    Raises:
        MXNetError: there is no such file, or it is no `.params` file.
        AttributeError: its arrays have no names.
    """
    found = nd.load(filename)
    if isinstance(found, dict):
        return found
    if found:
        raise AttributeError(
            f"the arrays in {os.fspath(filename)} have no names: 'list' object has no attribute 'keys'"
        )
    return {}
