"""Optimizer: what all of them share, and the Updater that keeps their states."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..base import MXNetError, MXNetType
from ..context import Context
from ..ndarray import NDArray
from ..ndarray.graph import writable
from .states import packed, unpacked

__all__ = ["Optimizer", "Updater", "create", "get_updater", "register"]

Klass = TypeVar("Klass", bound="type[Optimizer]")


class Optimizer(metaclass=MXNetType):
    """Changes weights by their gradients. A subclass writes `create_state` and `update`.

    Args:
        rescale_grad: what gradients are multiplied by first; a Trainer sets it.
        param_idx2name: the name of each index.
        wd: weight decay.
        clip_gradient: each element of a gradient is cut to ± this.
        learning_rate: by default the scheduler's, or 0.01.
        lr_scheduler: gives the rate by the number of updates.
        sym: MXNet's graphs; only None.
        begin_num_update: the number of updates to count from.
        multi_precision: keep float32 copies of float16 weights, and update these.
        param_dict: the Parameter of each index; its `lr_mult` and `wd_mult` count.

    >>> from glueball import mxnet as mx
    >>> sgd = mx.optimizer.create("sgd", learning_rate=0.5)
    >>> weight, grad = mx.nd.ones(2), mx.nd.ones(2)
    >>> sgd.update(0, weight, grad, sgd.create_state(0, weight))
    >>> weight
    <BLANKLINE>
    [0.5 0.5]
    <NDArray 2 @cpu(0)>
    """

    opt_registry: ClassVar[dict[str, type[Optimizer]]] = {}
    takes_lists: ClassVar[bool] = False  # `update` takes lists of weights too
    _copy_last: ClassVar[bool] = False  # where a state has the float32 copy of a float16 weight
    _called: ClassVar[str] = "optimizer"  # by a warning

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: Mapping[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: Any = None,
        sym: None = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: Mapping[int, Any] | None = None,
    ) -> None:
        if sym is not None:
            raise NotImplementedError("glueball has no Symbol: give lr_mult and wd_mult to the Parameters.")
        self.rescale_grad = rescale_grad
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is None and learning_rate is None:
            learning_rate = 0.01
        self.lr: Any = learning_rate
        if lr_scheduler is not None and learning_rate is not None and lr_scheduler.base_lr != learning_rate:
            print(
                "learning rate from ``lr_scheduler`` has been overwritten by ``learning_rate`` in optimizer."
            )
            lr_scheduler.base_lr = learning_rate
        self.wd = wd
        self.clip_gradient = clip_gradient
        self.multi_precision = multi_precision
        self.begin_num_update = begin_num_update
        self.num_update = begin_num_update
        self._index_update_count: dict[Any, int] = {}
        assert param_idx2name is None or isinstance(param_idx2name, dict), (
            "param_idx2name should be a dict of param indexes to names."
        )
        self.idx2name = dict(param_idx2name or {})
        self.param_dict = param_dict or {}
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}
        self.set_lr_mult({})
        self.set_wd_mult({})

    @staticmethod
    def register(klass: Klass) -> Klass:
        """Make a class known by its name in lower case; the last one of a name counts."""
        name = klass.__name__.lower()
        before = Optimizer.opt_registry.get(name)
        if before is not None:
            warnings.warn(
                f"WARNING: New optimizer {klass.__module__}.{klass.__name__} is overriding existing "
                f"optimizer {before.__module__}.{before.__name__}",
                stacklevel=2,
            )
        Optimizer.opt_registry[name] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """An optimizer by its registered name.

        Raises:
            ValueError: there is none of this name.
        """
        klass = Optimizer.opt_registry.get(name.lower())
        if klass is None:
            raise ValueError(f"Cannot find optimizer {name}")
        return klass(**kwargs)

    # ---- rates --------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The rate now, before a Parameter's own multiplier."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Take another rate from now on.

        Raises:
            UserWarning: a scheduler gives it.
        """
        if self.lr_scheduler is not None:
            raise UserWarning(
                "LRScheduler of the optimizer has already been defined. Note that set_learning_rate can "
                "mutate the value of the learning rate of the optimizer only when the LRScheduler of the "
                "optimizer is undefined."
            )
        self.lr = lr

    def set_lr_scale(self, args_lrscale: Mapping[Any, float]) -> None:
        """MXNet's old name of `set_lr_mult`; an error there too."""
        raise DeprecationWarning

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Multipliers of the rate, by name or index; a Parameter's own counts before them."""
        self.lr_mult = dict(args_lr_mult)

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Multipliers of the decay, by name or index; 0 for names that end in no `_weight` or `_gamma`."""
        self.wd_mult = {
            name: 0.0 for name in self.idx2name.values() if not name.endswith(("_weight", "_gamma"))
        }
        self.wd_mult.update(args_wd_mult)

    def _update_count(self, index: Any) -> None:
        for one in index if isinstance(index, (list, tuple)) else (index,):
            count = self._index_update_count.get(one, self.begin_num_update) + 1
            self._index_update_count[one] = count
            self.num_update = max(count, self.num_update)

    def _multiplied(self, base: float, what: str, indices: Sequence[Any]) -> list[float]:
        given: dict[Any, float] = getattr(self, what)
        found = []
        for index in indices:
            if index in self.param_dict:
                found.append(base * getattr(self.param_dict[index], what))
            elif index in given:
                found.append(base * given[index])
            else:
                found.append(base * given.get(self.idx2name.get(index), 1.0))
        return found

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        return self._multiplied(self.learning_rate, "lr_mult", indices)

    def _get_lr(self, index: Any) -> float:
        return self._get_lrs([index])[0]

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        return self._multiplied(self.wd, "wd_mult", indices)

    def _get_wd(self, index: Any) -> float:
        return self._get_wds([index])[0]

    # ---- updating -----------------------------------------------------------------------------------

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """What the optimizer keeps for a weight: None, an array or a tuple of them."""
        return None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Change a weight, in place, by its gradient."""
        raise NotImplementedError

    def create_state_multi_precision(self, index: Any, weight: NDArray) -> Any:
        """`create_state`, for a float16 weight beside a float32 copy of it where that was asked for."""
        if weight.dtype is not np.float16:
            return self.create_state(index, weight)
        if self.multi_precision:
            copy = weight.astype("float32")
            state = self.create_state(index, copy)
            return (state, copy) if self._copy_last else (copy, state)
        warnings.warn(
            "Accumulating with float16 in optimizer can lead to poor accuracy or slow convergence. "
            f"Consider using multi_precision=True option of the {self._called}",
            stacklevel=2,
        )
        return self.create_state(index, weight)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """`update`, on the float32 copies of float16 weights where there are any."""
        if not self.multi_precision:
            self.update(index, weight, grad, state)
            return
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        for one, there, gradient, kept in zip(index, weight, grad, state, strict=True):
            if there.dtype is not np.float16:
                self.update(one, there, gradient, kept)
                continue
            copy, inner = _parted(kept, self._copy_last)
            self.update(one, copy, gradient.astype("float32"), inner)
            writable(there).copy_(copy._tensor)


def _parted(state: Any, copy_last: bool) -> tuple[NDArray, Any]:
    """The float32 copy of a weight, and what is kept for it."""
    if isinstance(state, tuple) and len(state) == 2:
        copy, inner = reversed(state) if copy_last else state
        if isinstance(copy, NDArray) and copy.dtype is np.float32:
            return copy, inner
    raise MXNetError(
        "Incompatible attr: the state of a float16 weight has no float32 copy of it. It was made before the "
        "Parameter was cast: cast first, then make the Trainer."
    )


create = Optimizer.create_optimizer
register = Optimizer.register


class Updater(metaclass=MXNetType):
    """An optimizer with the state that it keeps for each weight, by index.

    Called with (index, gradient, weight), or with lists of them.

    Attributes:
        optimizer: the optimizer.
        states: what it keeps, by index.
        elsewhere: the indices whose states were read, and have not been brought to their weights' context.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}
        self.elsewhere: set[Any] = set()

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Update weights, making their states when they first come."""
        if not isinstance(index, (list, tuple)):
            index, grad, weight = [index], [grad], [weight]
        states, optimizer = self.states, self.optimizer
        for one, array in zip(index, weight, strict=True):
            if one not in states:
                states[one] = optimizer.create_state_multi_precision(one, array)
            elif one in self.elsewhere:
                states[one] = self.sync_state_context(states[one], array.context)
                self.elsewhere.discard(one)
        if optimizer.takes_lists:
            optimizer.update_multi_precision(index, weight, grad, [states[one] for one in index])
            return
        for one, array, gradient in zip(index, weight, grad, strict=True):
            optimizer.update_multi_precision(one, array, gradient, states[one])

    def sync_state_context(self, state: Any, context: Context) -> Any:
        """A state with its arrays in a context."""
        if isinstance(state, NDArray):
            return state.as_in_context(context)
        if isinstance(state, (tuple, list)):
            return type(state)(self.sync_state_context(part, context) for part in state)
        return state

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """The states as bytes; the optimizer's rates and counts are always with them."""
        return packed(self)

    def set_states(self, states: bytes) -> None:
        """Take up what `get_states` gave.

        Raises:
            MXNetError: the bytes are others.
        """
        unpacked(states, self)


def get_updater(optimizer: Optimizer) -> Updater:
    """An Updater for an optimizer."""
    return Updater(optimizer)
