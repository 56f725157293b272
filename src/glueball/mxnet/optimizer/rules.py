"""The optimizers: each a rule on lists of tensors, so that a step is a few calls however many weights.

w is a weight, g its gradient after rescaling and clipping, all else as in the papers. In which order MXNet
clips and decays differs from rule to rule; each docstring gives its own.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import torch

from ..ndarray import NDArray
from .optimizer import Optimizer, register

__all__ = ["NAG", "SGD", "AdaDelta", "AdaGrad", "Adam", "RMSProp"]

Tensors = list[torch.Tensor]


def _rest(share: float) -> float:
    """1 - share, as float32 has it: 1 - 0.999 is off by 5e-5 of itself there, and so are MXNet's means."""
    return float(np.float32(1) - np.float32(share))


class Rule(Optimizer):
    """Base: `_step` changes a list of weights that have one rate, one decay and one count."""

    takes_lists = True
    states = 0
    """How many arrays like the weight are kept for it."""

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """Zeros: None, one array, or a tuple of them."""
        made = [NDArray(torch.zeros_like(weight._tensor), weight._context) for _ in range(self.states)]
        return (made[0] if self.states == 1 else tuple(made)) if made else None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Change weights, in place, by their gradients; lists of each are taken too."""
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        self._update_count(index)
        groups: dict[Any, list[int]] = {}
        counts = self._index_update_count
        kinds = [(array._tensor.dtype, array._tensor.device) for array in weight]
        for at, key in enumerate(zip(self._get_lrs(index), self._get_wds(index), kinds, strict=True)):
            groups.setdefault((counts[index[at]], *key), []).append(at)
        followed = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        try:
            for (count, lr, wd, _), places in groups.items():
                kept: list[Tensors] = [[] for _ in range(self.states)]
                for at in places:
                    arrays = state[at] if self.states > 1 else (state[at],)
                    for column, array in zip(kept, arrays, strict=False):
                        column.append(array._tensor)
                weights = [weight[at]._tensor for at in places]
                self._step(weights, [grad[at]._tensor for at in places], kept, lr, wd, count)
        finally:
            torch._C._set_grad_enabled(followed)

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

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lazy_update = lazy_update
        self.states = 1 if momentum else 0

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        rescaled = 1.0
        if self.clip_gradient is None:
            rescaled = self.rescale_grad
        else:
            grads = self._rescaled(grads)
        if not self.momentum:
            if wd:
                torch._foreach_mul_(weights, 1 - lr * wd)
            torch._foreach_add_(weights, grads, alpha=-lr * rescaled)
            return
        (momenta,) = kept
        torch._foreach_mul_(momenta, self.momentum)
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
        grads = self._rescaled(grads)
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
