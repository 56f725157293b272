"""Trainer: applies an optimizer to Parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from .. import optimizer as optimizers
from ..base import MXNetError, MXNetType
from ..ndarray import NDArray, array
from .parameter import Parameter, ParameterDict

__all__ = ["Trainer"]


class Trainer(metaclass=MXNetType):
    """Changes Parameters by their gradients, one `step` after each `backward`.

    Args:
        params: a ParameterDict or a dict, taken in the order of the names, or a list.
        optimizer: an Optimizer, or the name of one.
        optimizer_params: the optimizer's arguments, where it was given by name.
        kvstore: MXNet's way to add up gradients over devices. There is one device here; to train on
            several, wrap the block in `torch.nn.parallel.DistributedDataParallel`.
        compression_params: for MXNet's stores; only None.
        update_on_kvstore: accepted; there is no store to update on.

    Raises:
        ValueError: `params` holds something else, or no optimizer has the name.

    >>> from glueball.mxnet import autograd, gluon, init, nd
    >>> net = gluon.nn.Dense(1, in_units=2)
    >>> net.initialize(init.One())
    >>> trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    >>> with autograd.record():
    ...     loss = net(nd.array([[1, 2], [3, 4]]))
    >>> loss.backward()
    >>> trainer.step(batch_size=2)
    >>> net.weight.data()
    <BLANKLINE>
    [[ 0.  -0.5]]
    <NDArray 1x2 @cpu(0)>
    """

    def __init__(
        self,
        params: Any,
        optimizer: str | optimizers.Optimizer,
        optimizer_params: Mapping[str, Any] | None = None,
        kvstore: Any = "device",
        compression_params: Any = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        if isinstance(params, (dict, ParameterDict)):
            params = [params[name] for name in sorted(params.keys())]
        if not isinstance(params, (list, tuple)):
            raise ValueError(f"First argument must be a list or dict of Parameters, got {type(params)}.")
        for parameter in params:
            if not isinstance(parameter, Parameter):
                raise ValueError(
                    f"First argument must be a list or dict of Parameters, got list of {type(parameter)}."
                )
        if compression_params is not None:
            raise NotImplementedError(
                "glueball does not compress gradients: compression_params must be None."
            )
        self._params: list[Parameter] = list(params)
        given = dict(optimizer_params or {})
        self._scale = float(given.get("rescale_grad", 1.0))
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, optimizers.Optimizer):
            assert not given, (
                "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
            )
            self._optimizer = optimizer
            self._optimizer.param_dict = by_index
        else:
            self._optimizer = optimizers.create(optimizer, param_dict=by_index, **given)
        self._updaters = [optimizers.get_updater(self._optimizer)]
        for parameter in self._params:
            parameter._trainer = self

    @property
    def optimizer(self) -> optimizers.Optimizer:
        """The optimizer."""
        return self._optimizer

    @property
    def learning_rate(self) -> float:
        """The rate now."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Take another rate from now on; an error where a scheduler gives it."""
        self._optimizer.set_learning_rate(lr)

    def step(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """Update every Parameter by its gradient divided by `batch_size`.

        Args:
            batch_size: of the data that the loss was summed over.
            ignore_stale_grad: whether to pass over Parameters whose gradient no backward has written since
                the last step, rather than raise.

        Raises:
            UserWarning: there is such a Parameter. Nothing was updated, and the Parameters before it count
                as used.
        """
        self.update(batch_size, ignore_stale_grad)

    def allreduce_grads(self) -> None:
        """Add up the gradients of all devices; there is one, so nothing is to do."""

    def update(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """What `step` does after adding up gradients."""
        indices, grads, weights = [], [], []
        for index, parameter in enumerate(self._params):
            if parameter._grad_req == "null":
                continue
            weight = parameter._array
            if weight is None:
                parameter.list_ctx()  # these raise, and say why
                weight = parameter.data()
            gradient = weight._gradient
            assert gradient is not None and parameter._gradient is not None
            if not gradient.fresh:
                if ignore_stale_grad:
                    continue
                raise UserWarning(
                    f"Gradient of Parameter `{parameter.name}` on context {parameter.list_ctx()[0]} has not "
                    "been updated by backward since last `step`. This could mean a bug in your model that "
                    "made it only use a subset of the Parameters (Blocks) for this iteration. If you are "
                    "intentionally only using a subset, call step with ignore_stale_grad=True to suppress "
                    "this warning and skip updating of Parameters with stale gradient"
                )
            gradient.fresh = (
                False  # here and not after the update, as in MXNet: a step that raised has used it
            )
            indices.append(index)
            weights.append(weight)
            parameter._gradient._tensor = weight.settle()
            grads.append(parameter._gradient)
        self._optimizer.rescale_grad = self._scale / batch_size
        if indices:
            self._updaters[0](indices, grads, weights)

    # ---- states -------------------------------------------------------------------------------------

    def save_states(self, fname: str | Path) -> None:
        """Write what the optimizer keeps, and its counts and rates, to a file.

        A safetensors file, which runs no code when it is read; MXNet's own states are pickles.
        """
        tensors, forms = {}, {}
        for index, state in self._updaters[0].states.items():
            arrays: list[NDArray] = []
            forms[str(index)] = _form(state, arrays)
            tensors.update({f"{index}.{at}": one.asnumpy() for at, one in enumerate(arrays)})
        about = {
            "optimizer": type(self._optimizer).__name__,
            "numbers": _numbers(self._optimizer),
            "scheduler": _numbers(self._optimizer.lr_scheduler),
            "counts": {str(index): n for index, n in self._optimizer._index_update_count.items()},
            "states": forms,
        }
        Path(fname).write_bytes(safetensors.numpy.save(tensors, {"glueball.trainer": json.dumps(about)}))

    def load_states(self, fname: str | Path) -> None:
        """Take up what `save_states` wrote.

        Raises:
            MXNetError: it is no such file, or another optimizer's.
        """
        try:
            with safetensors.safe_open(str(fname), "np") as file:
                about = json.loads(file.metadata()["glueball.trainer"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
            raise MXNetError(
                f"{str(fname)!r} holds no states of a Trainer that save_states wrote. (MXNet's own files of "
                f"states are pickles, which can run code, and are not read.)"
            ) from error
        optimizer = self._optimizer
        if about["optimizer"] != type(optimizer).__name__:
            raise MXNetError(
                f"{str(fname)!r} holds the states of {about['optimizer']}, and this Trainer's optimizer is "
                f"{type(optimizer).__name__}."
            )
        weights = {str(index): parameter for index, parameter in enumerate(self._params)}
        for index in about["states"]:
            if index not in weights:
                raise MXNetError(
                    f"{str(fname)!r} holds a state for Parameter {index}; there are {len(weights)}."
                )
        self._updaters[0].states = {
            int(index): _formed(form, lambda at, index=index: tensors[f"{index}.{at}"], weights[index])
            for index, form in about["states"].items()
        }
        vars(optimizer).update(about["numbers"])
        if optimizer.lr_scheduler is not None:
            vars(optimizer.lr_scheduler).update(about["scheduler"])
        optimizer._index_update_count = {int(index): n for index, n in about["counts"].items()}


def _numbers(this: Any) -> dict[str, Any]:
    """An object's own attributes that are plain numbers."""
    if this is None:
        return {}
    plain = (bool, int, float, np.integer, np.floating)
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in vars(this).items()
        if isinstance(value, plain) or value is None
    }


def _form(state: Any, arrays: list[NDArray]) -> Any:
    """How a state is nested, with numbers for its arrays."""
    if isinstance(state, (tuple, list)):
        return [_form(part, arrays) for part in state]
    if isinstance(state, NDArray):
        arrays.append(state)
        return len(arrays) - 1
    if state is None:
        return None
    raise MXNetError(f"a state is {type(state).__name__}: arrays, tuples of them and None can be saved.")


def _formed(form: Any, tensor: Any, parameter: Parameter) -> Any:
    if isinstance(form, list):
        return tuple(_formed(part, tensor, parameter) for part in form)
    if form is None:
        return None
    values = tensor(form)
    ctx = parameter.list_ctx()[0]
    return array(values, ctx=ctx, dtype=values.dtype)
