"""What an optimizer keeps, as bytes: the states of its weights, its counts, its rates, its scheduler.

The bytes are a safetensors file. MXNet's are a pickle, which can run code when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.numpy

from .. import lr_scheduler
from ..base import MXNetError
from ..ndarray import NDArray, array

if TYPE_CHECKING:
    from .optimizer import Optimizer, Updater

__all__ = ["packed", "unpacked"]

_KEY = "glueball.trainer"
_OWN = ("rescale_grad", "lr_scheduler", "param_dict", "idx2name", "lr_mult", "wd_mult", "_index_update_count")


def packed(updater: Updater) -> bytes:
    """The bytes that `unpacked` takes up.

    Raises:
        MXNetError: a state is no array, number, None, or tuple of these.
    """
    tensors: dict[str, np.ndarray[Any, Any]] = {}

    def form(state: Any) -> Any:
        if isinstance(state, NDArray):
            tensors[str(len(tensors))] = state.asnumpy()
            return {"array": str(len(tensors) - 1)}
        if isinstance(state, (tuple, list)):
            return [form(part) for part in state]
        if _plain(state):
            return {"value": _json(state)}
        raise MXNetError(
            f"a state is {type(state).__name__}: arrays, numbers and tuples of them can be saved."
        )

    optimizer = updater.optimizer
    scheduler = optimizer.lr_scheduler
    about = {
        "optimizer": type(optimizer).__name__,
        "attributes": _attributes(optimizer),
        "rescale_grad": _json(optimizer.rescale_grad),
        "scheduler": None if scheduler is None else [type(scheduler).__name__, _attributes(scheduler)],
        "counts": list(optimizer._index_update_count.items()),
        "states": [[index, form(state)] for index, state in updater.states.items()],
    }
    return safetensors.numpy.save(tensors, {_KEY: json.dumps(about)})


def unpacked(data: bytes, updater: Updater, name: str = "it", among: set[Any] | None = None) -> None:
    """Give an updater the states, and the optimizer, that were packed; all of them, or nothing.

    Args:
        data: the bytes.
        updater: the updater; its optimizer is replaced where another kind was packed.
        name: what messages call the bytes, such as a file's name.
        among: the indices that there are; None for any.

    Raises:
        MXNetError: the bytes are others, or of an optimizer or scheduler that is not known here.
    """
    try:
        tensors = safetensors.numpy.load(data)
        size = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_KEY])
        states = {index: _formed(form, tensors.__getitem__) for index, form in about["states"]}
        counts = {index: int(count) for index, count in about["counts"]}
        kind, attributes, scheduler = about["optimizer"], about["attributes"], about["scheduler"]
        rescale = about["rescale_grad"]
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, IndexError) as error:
        raise MXNetError(
            f"{name} holds no states of a Trainer that save_states wrote. (MXNet's own states are pickles, "
            f"which can run code, and are not read.)"
        ) from error
    if among is not None and not states.keys() <= among:
        raise MXNetError(f"{name} holds a state for Parameter {max(states)}; there are {len(among)}.")
    optimizer = _optimizer(kind, updater.optimizer, name)
    planned = None if scheduler is None else _scheduler(scheduler, updater.optimizer.lr_scheduler, name)
    vars(optimizer).update(attributes, rescale_grad=rescale, lr_scheduler=planned)
    optimizer._index_update_count = counts
    updater.optimizer = optimizer
    updater.states = states
    updater.elsewhere = set(states)


def _optimizer(kind: str, there: Optimizer, name: str) -> Optimizer:
    if type(there).__name__ == kind:
        return there
    known = there.opt_registry.get(kind.lower())
    try:
        if known is not None:
            return known()
    except TypeError:  # it needs arguments that only its user knows
        pass
    raise MXNetError(
        f"{name} holds the states of the optimizer {kind}, which is not registered or needs arguments: make "
        f"the Trainer with it. It has {type(there).__name__}."
    )


def _scheduler(saved: Any, there: Any, name: str) -> Any:
    kind, attributes = saved
    if type(there).__name__ == kind:
        made = there
    elif kind in lr_scheduler.__all__:
        made = object.__new__(getattr(lr_scheduler, kind))
    else:
        raise MXNetError(
            f"{name} was saved with a scheduler of the kind {kind}: make the optimizer with one. It has "
            f"{type(there).__name__}."
        )
    if attributes:
        vars(made).update(attributes)
    return made


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (bool, int, float, str, np.integer, np.floating, np.bool_))


def _json(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_json(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _attributes(this: Any) -> dict[str, Any]:
    """An object's own attributes that are plain numbers and words."""
    return {
        name: _json(value)
        for name, value in getattr(this, "__dict__", {}).items()
        if name not in _OWN and _plain(value)
    }


def _formed(form: Any, tensor: Callable[[str], Any]) -> Any:
    if isinstance(form, list):
        return tuple(_formed(part, tensor) for part in form)
    if "value" in form:
        return form["value"]
    values = tensor(form["array"])
    return array(values, dtype=values.dtype)
