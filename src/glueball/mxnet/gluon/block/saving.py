"""A block's Parameters in files, by their places in it: `0.weight`, `body.1.gamma`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ... import ndarray as nd
from ..parameter.loading import Policy, brief, load_into, read
from ..parameter.parameter import Contexts, Parameter

if TYPE_CHECKING:
    from .base import Block

__all__ = ["load", "save"]


def save(block: Block, filename: str | os.PathLike[str], deduplicate: bool) -> None:
    """Write all Parameters of a block; see `Block.save_parameters`."""
    params = block._collect_params_with_prefix()
    if deduplicate:  # the last of the names of one Parameter
        last = {parameter: name for name, parameter in params.items()}
        params = {name: parameter for parameter, name in last.items()}
    nd.save(filename, {name: parameter.list_data()[0] for name, parameter in params.items()})


def load(
    block: Block,
    filename: str | os.PathLike[str],
    ctx: Contexts,
    allow_missing: bool,
    ignore_extra: bool,
    cast_dtype: bool,
    dtype_source: str,
) -> None:
    """Read Parameters of a block; see `Block.load_parameters`."""
    policy = Policy(ctx, cast_dtype, dtype_source)
    loaded = read(filename)
    params = block._collect_params_with_prefix()
    if not loaded and not params:
        return
    where = os.fspath(filename)
    if not any("." in name for name in loaded):
        block.collect_params().load_dict(
            loaded, ctx, allow_missing, ignore_extra, block.prefix, where, cast_dtype, dtype_source
        )
        return
    if not allow_missing:
        names: dict[Parameter, list[str]] = {}
        for name, parameter in params.items():
            names.setdefault(parameter, []).append(name)
        for name, parameter in params.items():
            assert any(known in loaded for known in names[parameter]), (
                f"Parameter '{name}' is missing in file '{where}', which contains parameters: "
                f"{brief(loaded)}. Set allow_missing=True to ignore missing parameters."
            )
    if not ignore_extra:
        for name in loaded:
            if name not in params:
                raise ValueError(
                    f"Parameter '{name}' loaded from file '{where}' is not present in ParameterDict, which "
                    f"contains parameters {brief(block.params.keys())}. Set ignore_extra=True to ignore. "
                )
    load_into([(params[name], data) for name, data in loaded.items() if name in params], policy)
