"""`torch.optim`: parameter groups in its form, what an optimizer holds, and exchanging tensors in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import OptimizerError

__all__ = ["exchange", "follow", "group", "held"]


def group(names: list[str], arrays: list[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter group; `param_names` is the field that torch's own optimizers keep names in."""
    return {"params": arrays, "param_names": names, **options}


def held(optimizer: Any) -> list[tuple[str | None, Any]]:
    """(name or None, tensor) for all that an optimizer holds."""
    if not hasattr(optimizer, "param_groups"):
        raise OptimizerError(
            f"a {type(optimizer).__name__} is no optimizer: it has no param_groups, as those of torch.optim do."
        )
    found: list[tuple[str | None, Any]] = []
    for options in optimizer.param_groups:
        names = options.get("param_names") or [None] * len(options["params"])
        found += zip(names, options["params"], strict=False)
    return found


def follow(optimizer: Any) -> None:
    """Bring the state to the dtype and device of its parameters: what loading a state dict does."""
    optimizer.load_state_dict(optimizer.state_dict())


def exchange(optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[str, Any]]) -> None:
    """Take tensors out of an optimizer, with their state, and put others into the first group that lost one.

    Where no group lost one, the first group takes them.
    """
    gone = {id(tensor) for tensor in drop}
    home = None
    for options in optimizer.param_groups:
        keep = [at for at, tensor in enumerate(options["params"]) if id(tensor) not in gone]
        if len(keep) < len(options["params"]):
            home = home or options
            for field in ("params", "param_names"):
                if field in options:
                    options[field] = [options[field][at] for at in keep]
    for tensor in drop:
        optimizer.state.pop(tensor, None)
    home = home or optimizer.param_groups[0]
    inside = {id(tensor) for options in optimizer.param_groups for tensor in options["params"]}
    for name, tensor in add:
        if id(tensor) not in inside:
            home["params"].append(tensor)
            if "param_names" in home:
                home["param_names"].append(name)
