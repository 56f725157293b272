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
            f"a {type(optimizer).__name__} is no optimizer: it has no param_groups, as torch's have."
        )
    found: list[tuple[str | None, Any]] = []
    for options in optimizer.param_groups:
        names = options.get("param_names") or [None] * len(options["params"])
        found += zip(names, options["params"], strict=False)
    return found


def follow(optimizer: Any) -> None:
    """Bring the state to the dtype and device of its parameters: what loading a state dict does."""
    optimizer.load_state_dict(optimizer.state_dict())


def exchange(
    optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[Any, Any]], names: Mapping[int, str]
) -> None:
    """Take tensors out of an optimizer, with their state, and put others in.

    Args:
        optimizer: one of torch.optim.
        drop: tensors to take out.
        add: (tensor, source): a tensor to put into the group that holds its source, or held one that was
            dropped; else into the first group.
        names: the names that tensors have now, by `id`, for groups that keep names.
    """
    homes = {id(tensor): options for options in optimizer.param_groups for tensor in options["params"]}
    gone = {id(tensor) for tensor in drop}
    lost = [homes[key] for key in gone if key in homes]
    for options in optimizer.param_groups:
        options["params"] = [tensor for tensor in options["params"] if id(tensor) not in gone]
    for tensor in drop:
        optimizer.state.pop(tensor, None)
    for tensor, source in add:
        if id(tensor) not in homes:
            home = homes.get(id(source)) or (lost[0] if lost else optimizer.param_groups[0])
            home["params"].append(tensor)
            homes[id(tensor)] = home
    for options in optimizer.param_groups:
        if "param_names" in options:
            options["param_names"] = [names.get(id(tensor), "?") for tensor in options["params"]]
