"""The optimizers: each a rule on lists of tensors, so that a step is a few calls however many weights.

w is a weight, g its gradient after rescaling and clipping, all else as in the papers. In which order MXNet
clips and decays differs from rule to rule; each docstring gives its own.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from ..ndarray import NDArray
from ..ndarray.dtypes import numpy_type
from .optimizer import Optimizer, register

__all__ = ["NAG", "SGD", "AdaDelta", "AdaGrad", "Adam", "RMSProp"]

Tensors = list[torch.Tensor]


def _rest(share: float) -> float:
    """1 - share, as float32 has it: 1 - 0.999 is off by 5e-5 of itself there, and so are MXNet's means."""
    return float(np.float32(1) - np.float32(share))


def _correction(share: float, count: int) -> float:
    """1 - share^count, as float32 has it."""
    return float(np.float32(1) - np.float32(share) ** np.float32(count))


def _columns(weight: torch.Tensor, grad: torch.Tensor, state: Any) -> list[Any]:
    """The tensors of a weight's state, which have to be of its shape and type.

    Raises:
        MXNetError: they are not: the weight was cast or given another shape since.
    """
    arrays = state if isinstance(state, tuple) else () if state is None else (state,)
    columns = [None if array is None else array._tensor for array in arrays]
    for place, one in enumerate((grad, *columns), 1):
        if one is None:
            continue
        if one.dtype is not weight.dtype:
            wanted, got = numpy_type(weight.dtype).__name__, numpy_type(one.dtype).__name__
        elif one.shape != weight.shape:
            wanted, got = (f"[{','.join(map(str, shape))}]" for shape in (weight.shape, one.shape))
        else:
            continue
        raise MXNetError(
            f"Incompatible attr in node  at {place}-th input: expected {wanted}, got {got}. (A Parameter "
            "keeps its optimizer's state when it is cast: cast first, then make the Trainer.)"
        )
    return columns


class Rule(Optimizer):
    """Base: `_step` changes a list of weights that have one rate, one decay and one count."""

    takes_lists = True
    together = True
    """Whether weights may be changed many at a time, whatever their order."""
    counted = 1
    """How many weights are counted before a scheduler is asked for their rate, as MXNet has it."""
    states = 0
    """How many arrays like the weight are kept for it."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update" in cls.__dict__ and "takes_lists" not in cls.__dict__:
            cls.takes_lists = False  # a user's own rule, for one weight at a time

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """Zeros: None, one array, or a tuple of them."""
        made = tuple(NDArray(torch.zeros_like(weight._tensor), weight._context) for _ in range(self.states))
        return (made[0] if self.states == 1 else made) if made else None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Change weights, in place, by their gradients; lists of each are taken too."""
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        weights = [one._tensor for one in weight]
        kept = [_columns(weights[at], grad[at]._tensor, state[at]) for at in range(len(weights))]
        lrs = self._count(index)
        groups: dict[Any, list[int]] = {}
        counts = self._index_update_count
        for at, (lr, wd) in enumerate(zip(lrs, self._get_wds(index), strict=True)):
            like = (weights[at].dtype, weights[at].device) if self.together else at
            groups.setdefault((counts[index[at]], lr, wd, like), []).append(at)
        followed = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        try:
            for (count, lr, wd, _), places in groups.items():
                columns = [list(column) for column in zip(*(kept[at] for at in places), strict=True)]
                grads = [grad[at]._tensor for at in places]
                self._step([weights[at] for at in places], grads, columns, lr, wd, count)
        finally:
            torch._C._set_grad_enabled(followed)

    def _count(self, index: Any) -> list[float]:
        """Count an update of each weight, and the rates for them."""
        if self.lr_scheduler is None:
            self._update_count(index)
            return self._get_lrs(index)
        rates = []
        for start in range(0, len(index), self.counted):
            self._update_count(index[start : start + self.counted])
            rates += self._get_lrs(index[start : start + self.counted])
        return rates

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        raise NotImplementedError

    def _rescaled(self, grads: Tensors) -> Tensors:
        """New tensors: the gradients rescaled and clipped."""
        made = list(torch._foreach_mul(grads, self.rescale_grad))
        self._clip(made)
        return made

    def _clip(self, grads: Tensors) -> None:
        if self.clip_gradient is not None and self.clip_gradient > 0:
            torch._foreach_clamp_min_(grads, -self.clip_gradient)
            torch._foreach_clamp_max_(grads, self.clip_gradient)

    def _decayed(self, weights: Tensors, grads: Tensors, wd: float) -> Tensors:
        """New tensors: rescaled, wd · w added, then clipped."""
        made = list(torch._foreach_mul(grads, self.rescale_grad))
        if wd:
            torch._foreach_add_(made, weights, alpha=wd)
        self._clip(made)
        return made


@register
class SGD(Rule):
    """w -= lr (g + wd w); with momentum m = momentum · m - lr (g + wd w), w += m. Clips before it decays.

    Args:
        momentum: 0 keeps no state.
        lazy_update: about sparse gradients, which there are none of.
    """

    counted = 4
    _copy_last = True
    _called = "SGD optimizer"

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lazy_update = lazy_update
        self.states = 1 if momentum else 0

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        self._descend(weights, grads, kept, lr, wd, self.momentum)

    def _descend(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, momentum: float
    ) -> None:
        rescaled = 1.0
        if self.clip_gradient is None:
            rescaled = self.rescale_grad
        else:
            grads = self._rescaled(grads)
        if not kept:
            if wd:
                torch._foreach_mul_(weights, 1 - lr * wd)
            torch._foreach_add_(weights, grads, alpha=-lr * rescaled)
            return
        (momenta,) = kept
        torch._foreach_mul_(momenta, momentum)
        if wd:
            torch._foreach_add_(momenta, weights, alpha=-lr * wd)
        torch._foreach_add_(momenta, grads, alpha=-lr * rescaled)
        torch._foreach_add_(weights, momenta)


@register
class NAG(Rule):
    """Nesterov's momentum: w += momentum² · m - (1 + momentum) lr (g + wd w), then m as SGD's.

    The decay in m is that of the new w, as MXNet computes it. Clips before it decays.

    Args:
        momentum: 0 keeps no state, and is plain SGD.
    """

    _copy_last = True
    _called = "NAG optimizer"

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.states = 1 if momentum else 0

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        grads = self._rescaled(grads)
        decayed = torch._foreach_add(grads, weights, alpha=wd) if wd else grads
        if not self.momentum:
            torch._foreach_add_(weights, decayed, alpha=-lr)
            return
        (momenta,) = kept
        torch._foreach_mul_(momenta, self.momentum)
        torch._foreach_add_(weights, momenta, alpha=self.momentum)
        torch._foreach_add_(weights, decayed, alpha=-lr * (1 + self.momentum))
        torch._foreach_add_(momenta, grads, alpha=-lr)
        if wd:
            torch._foreach_add_(momenta, weights, alpha=-lr * wd)


@register
class Adam(Rule):
    """Kingma and Ba (2015), with epsilon outside the root's correction. Decays before it clips.

    w -= lr · sqrt(1 - beta2^t) / (1 - beta1^t) · m / (sqrt(v) + epsilon).

    Args:
        learning_rate: 0.001.
        beta1: how slowly the mean m of g moves.
        beta2: how slowly the mean v of g² moves.
        epsilon: against division by zero.
        lazy_update: about sparse gradients, which there are none of.
    """

    states = 2

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lazy_update = lazy_update

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        means, squares = kept
        grads = self._decayed(weights, grads, wd)
        lr *= sqrt(1 - self.beta2**count) / (1 - self.beta1**count)
        torch._foreach_mul_(means, self.beta1)
        torch._foreach_add_(means, grads, alpha=_rest(self.beta1))
        torch._foreach_mul_(squares, self.beta2)
        torch._foreach_addcmul_(squares, grads, grads, value=_rest(self.beta2))
        roots = torch._foreach_sqrt(squares)
        torch._foreach_add_(roots, self.epsilon)
        torch._foreach_addcdiv_(weights, means, roots, value=-lr)


@register
class AdaGrad(Rule):
    """Duchi et al. (2011): h += g², w -= lr (g / sqrt(h + eps) + wd w). Clips before it decays.

    Args:
        eps: against division by zero.
    """

    states = 1

    def __init__(self, eps: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        (history,) = kept
        grads = self._rescaled(grads)
        torch._foreach_addcmul_(history, grads, grads)
        roots = torch._foreach_add(history, self.float_stable_eps)
        torch._foreach_sqrt_(roots)
        if wd:
            torch._foreach_mul_(weights, 1 - lr * wd)
        torch._foreach_addcdiv_(weights, grads, roots, value=-lr)


@register
class AdaDelta(Rule):
    """Zeiler (2012): d = sqrt(D + epsilon) / sqrt(G + epsilon) · g, w -= d + wd w. It has no rate.

    Args:
        rho: how slowly the means G of g² and D of d² move.
        epsilon: against division by zero.
    """

    states = 2

    def __init__(self, rho: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        squares, changes = kept
        torch._foreach_mul_(grads, self.rescale_grad)  # in place, as MXNet does: `grad()` shows it
        grads = list(torch._foreach_add(grads, 0))
        self._clip(grads)
        torch._foreach_mul_(squares, self.rho)
        torch._foreach_addcmul_(squares, grads, grads, value=_rest(self.rho))
        delta = torch._foreach_add(changes, self.epsilon)
        torch._foreach_div_(delta, torch._foreach_add(squares, self.epsilon))
        torch._foreach_sqrt_(delta)
        torch._foreach_mul_(delta, grads)
        torch._foreach_mul_(changes, self.rho)
        torch._foreach_addcmul_(changes, delta, delta, value=_rest(self.rho))
        if wd:
            torch._foreach_mul_(weights, 1 - wd)
        torch._foreach_sub_(weights, delta)


@register
class RMSProp(Rule):
    """Tieleman and Hinton (2012): n = mean of g², w -= lr g / sqrt(n + epsilon). Decays before it clips.

    Centered, Graves (2013): d = gamma2 · d - lr g / sqrt(n - mean(g)² + epsilon), w += d.

    Args:
        learning_rate: 0.001.
        gamma1: how slowly the means move.
        gamma2: the momentum of the centered rule.
        epsilon: against division by zero.
        centered: which rule.
        clip_weights: weights are cut to ± this after each update.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        gamma1: float = 0.9,
        gamma2: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1 = gamma1
        self.gamma2 = gamma2
        self.epsilon = epsilon
        self.centered = centered
        self.clip_weights = clip_weights
        self.states = 3 if centered else 1

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """Zeros: the means of g² and, centered, those of g and the steps; a tuple always."""
        made = super().create_state(index, weight)
        return made if self.centered else (made,)

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        grads = self._decayed(weights, grads, wd)
        squares = kept[0]
        torch._foreach_mul_(squares, self.gamma1)
        torch._foreach_addcmul_(squares, grads, grads, value=_rest(self.gamma1))
        if self.centered:
            _, means, deltas = kept
            torch._foreach_mul_(means, self.gamma1)
            torch._foreach_add_(means, grads, alpha=_rest(self.gamma1))
            roots = list(torch._foreach_addcmul(squares, means, means, value=-1))
            torch._foreach_add_(roots, self.epsilon)
            torch._foreach_sqrt_(roots)
            torch._foreach_mul_(deltas, self.gamma2)
            torch._foreach_addcdiv_(deltas, grads, roots, value=-lr)
            torch._foreach_add_(weights, deltas)
        else:
            roots = list(torch._foreach_add(squares, self.epsilon))
            torch._foreach_sqrt_(roots)
            torch._foreach_addcdiv_(weights, grads, roots, value=-lr)
        if self.clip_weights:
            torch._foreach_clamp_min_(weights, -self.clip_weights)
            torch._foreach_clamp_max_(weights, self.clip_weights)
