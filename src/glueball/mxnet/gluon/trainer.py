"""Trainer: applies an optimizer to Parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch.utils.hooks import RemovableHandle

from .. import optimizer as optimizers
from .._mode import mode
from ..base import MXNetType
from ..ndarray.graph import writable
from ..optimizer.states import packed, unpacked
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
        compression_params: how MXNet sends gradients to other devices; there are none.
        update_on_kvstore: accepted; there is no store to update on.

    Raises:
        ValueError: `params` holds something else, or no optimizer has the name.
        RuntimeError: a Parameter was never initialised.
        NotImplementedError: a kvstore for several processes.

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
        if isinstance(kvstore, str) and "dist" in kvstore:
            raise NotImplementedError(
                f"glueball has no kvstore {kvstore!r}: to train in several processes, take torch.distributed "
                f"and wrap the block in torch.nn.parallel.DistributedDataParallel."
            )
        if not (kvstore is None or isinstance(kvstore, str)):
            raise TypeError("kvstore must be KVStore, str or None")
        self._params: list[Parameter] = list(params)
        given = dict(optimizer_params or {})
        for parameter in self._params:
            parameter.list_ctx()  # raises where it was never initialised
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, optimizers.Optimizer):
            assert not given, (
                "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
            )
            self._optimizer = optimizer
            self._optimizer.param_dict = by_index
        else:
            self._optimizer = optimizers.create(optimizer, param_dict=by_index, **given)
        self._scale = self._optimizer.rescale_grad
        self._ready = False
        self._hooks: tuple[OrderedDict[int, Any], OrderedDict[int, Any]] = OrderedDict(), OrderedDict()
        self._updaters = [optimizers.get_updater(self._optimizer)]
        for parameter in self._params:
            parameter._set_trainer(self)

    @property
    def optimizer(self) -> optimizers.Optimizer:
        """The optimizer."""
        return self._optimizer

    @property
    def learning_rate(self) -> Any:
        """The rate now."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Take another rate from now on; an error where a scheduler gives it."""
        self._optimizer.set_learning_rate(lr)

    # ---- what torch's tools, and ours, ask of an optimizer ------------------------------------------

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The tensors that it updates, as torch's optimizers tell them: one group, with Gluon's names."""
        updated = [parameter for parameter in self._params if parameter.grad_req != "null"]
        return [
            {
                "params": [parameter._tensor for parameter in updated],
                "param_names": [parameter.name for parameter in updated],
            }
        ]

    def register_step_pre_hook(self, hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
        """Call `hook(trainer, args, kwargs)` before each update, as torch's optimizers do."""
        return self._register(0, hook)

    def register_step_post_hook(self, hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
        """Call `hook(trainer, args, kwargs)` after each update."""
        return self._register(1, hook)

    def _register(self, when: int, hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
        handle = RemovableHandle(self._hooks[when])
        self._hooks[when][handle.id] = hook
        return handle

    # ---- steps --------------------------------------------------------------------------------------

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
        self._must_be_ready()

    def _must_be_ready(self) -> None:
        """Raise, once, what `data()` raises where a Parameter still waits for its shape."""
        if not self._ready:
            for parameter in self._params:
                parameter.data()
            self._ready = True

    def update(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """What `step` does after adding up gradients."""
        self._must_be_ready()
        given = (self, batch_size, ignore_stale_grad)
        for hook in tuple(self._hooks[0].values()):
            hook(self, given, {})
        self._update(batch_size, ignore_stale_grad)
        for hook in tuple(self._hooks[1].values()):
            hook(self, given, {})

    def _update(self, batch_size: int, ignore_stale_grad: bool) -> None:
        self._optimizer.rescale_grad = self._scale / batch_size
        if mode.recording:
            for parameter in self._params:
                writable(parameter.data())  # raises, and says why
        indices, grads, weights = [], [], []
        for index, parameter in enumerate(self._params):
            if parameter.grad_req == "null":
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
            gradient.fresh = False  # not after the update: in MXNet a step that raised has used it
            indices.append(index)
            weights.append(weight)
            parameter._gradient._tensor = weight.settle()
            grads.append(parameter._gradient)
        if indices:
            self._updaters[0](indices, grads, weights)

    # ---- states -------------------------------------------------------------------------------------

    def save_states(self, fname: str | Path) -> None:
        """Write what the optimizer keeps, and its counts and rates, to a file.

        A safetensors file, which runs no code when it is read; MXNet's own states are pickles.
        """
        self._must_be_ready()
        Path(fname).write_bytes(packed(self._updaters[0]))

    def load_states(self, fname: str | Path) -> None:
        """Take up what `save_states` wrote: states, counts, rates, the scheduler, the kind of optimizer.

        The Parameters' own `lr_mult` and `wd_mult` stay.

        Raises:
            MXNetError: it is no such file, or holds states for Parameters that there are not.
        """
        self._must_be_ready()
        data = Path(fname).read_bytes()
        updater = optimizers.Updater(self._optimizer)
        unpacked(data, updater, repr(str(fname)), set(range(len(self._params))))
        self._optimizer = updater.optimizer
        self._optimizer.param_dict = dict(enumerate(self._params))
        self._updaters = [updater]
