"""The less common optimizers, as rules on lists of tensors; `rules` says how to read them."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch

from .. import generators
from ..ndarray import NDArray
from .optimizer import register
from .rules import SGD, Rule, Tensors, _columns, _correction, _rest

__all__ = ["DCASGD", "FTML", "LAMB", "LARS", "SGLD", "Adamax", "Ftrl", "Nadam", "Signum", "Test", "ccSGD"]


@register
class Signum(Rule):
    """Bernstein et al. (2018): m = momentum · m - (1 - momentum)(g + wd w), w += lr (sign m - wd_lh w).

    Args:
        learning_rate: 0.01.
        momentum: 0 keeps no state: w = (1 - lr wd) w - lr sign g.
        wd_lh: Loshchilov and Hutter's decay.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh
        self.states = 1 if momentum else 0

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        grads = self._rescaled(grads)
        if not self.momentum:
            torch._foreach_mul_(weights, 1 - lr * wd)
            torch._foreach_add_(weights, torch._foreach_sign(grads), alpha=-lr)
            return
        (momenta,) = kept
        rest = 1 - self.momentum
        torch._foreach_mul_(momenta, self.momentum)
        torch._foreach_add_(momenta, weights, alpha=-rest * wd)
        torch._foreach_add_(momenta, grads, alpha=-rest)
        torch._foreach_mul_(weights, 1 - lr * self.wd_lh)
        torch._foreach_add_(weights, torch._foreach_sign(momenta), alpha=lr)


@register
class FTML(Rule):
    """Zheng and Kwok (2017), "Follow the moving leader". Decays before it clips.

    Args:
        beta1: how slowly z moves.
        beta2: how slowly the mean v of g² moves.
        epsilon: against division by zero.
    """

    states = 3

    def __init__(
        self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        grads = self._decayed(weights, grads, wd)
        first, second = _correction(self.beta1, count), _correction(self.beta2, count)
        for w, g, d, v, z in zip(weights, grads, *kept, strict=True):
            v.mul_(self.beta2).addcmul_(g, g, value=_rest(self.beta2))
            now = (v / second).sqrt_().add_(self.epsilon).mul_(first / lr)
            z.mul_(self.beta1).add_(g, alpha=_rest(self.beta1)).sub_((now - self.beta1 * d).mul_(w))
            d.copy_(now)
            w.copy_(z / now).neg_()


@register
class Ftrl(Rule):
    """McMahan et al. (2013), "follow the regularized leader", per coordinate.

    Args:
        lamda1: weights whose |z| is below it are zero.
        learning_rate: 0.1.
        beta: the rate falls as lr / (beta + sqrt(sum of g²)).
    """

    states = 2

    def __init__(
        self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.lamda1 = lamda1
        self.beta = beta
        self.lr = learning_rate

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        for w, g, z, n in zip(weights, self._rescaled(grads), *kept, strict=True):
            before = n.sqrt()
            n.addcmul_(g, g)
            after = n.sqrt()
            z.add_(g).sub_((after - before).mul_(w), alpha=1 / lr)
            new = (z.sign() * self.lamda1 - z).div_((after + self.beta).div_(lr).add_(wd))
            w.copy_(new.mul_(z.abs() > self.lamda1))


@register
class Adamax(Rule):
    """Adam by the largest gradient, Kingma and Ba (2015): w -= lr / (1 - beta1^t) · m / u.

    Decays before it clips. A weight whose gradients are all zero becomes nan, as in MXNet.

    Args:
        learning_rate: 0.002.
        beta1: how slowly the mean m of g moves.
        beta2: how slowly u = max(beta2 · u, |g|) falls.
    """

    states = 2

    def __init__(
        self, learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        means, largest = kept
        grads = self._decayed(weights, grads, wd)
        torch._foreach_mul_(means, self.beta1)
        torch._foreach_add_(means, grads, alpha=1 - self.beta1)
        torch._foreach_mul_(largest, self.beta2)
        torch._foreach_maximum_(largest, torch._foreach_abs(grads))
        torch._foreach_addcdiv_(weights, means, largest, value=-lr / (1 - self.beta1**count))


@register
class Nadam(Rule):
    """Adam with Nesterov's momentum, Dozat (2016). Decays before it clips.

    The product of the schedule is one for the optimizer and grows with every weight, as in MXNet, so the
    order of the weights counts.

    Args:
        learning_rate: 0.001.
        beta1: how slowly the mean m of g moves.
        beta2: how slowly the mean v of g² moves.
        epsilon: against division by zero.
        schedule_decay: of the momentum.
    """

    together = False
    states = 2

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        ((w,), (g,), ((m,), (v,))) = weights, self._decayed(weights, grads, wd), kept
        now, after = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.schedule_decay)) for t in (count, count + 1))
        self.m_schedule *= now
        m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
        v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
        ahead = g * ((1 - now) / (1 - self.m_schedule)) + m * (after / (1 - self.m_schedule * after))
        w.addcdiv_(ahead, (v / (1 - self.beta2**count)).sqrt_().add_(self.epsilon), value=-lr)


@register
class SGLD(Rule):
    """Welling and Teh (2011), Langevin dynamics: w -= lr / 2 · (g + wd w), plus normal noise of variance lr.

    The noise is drawn from MXNet's generator, weight by weight.
    """

    together = False

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        ((w,), (g,)) = weights, self._rescaled(grads)
        w.sub_(g.add_(w, alpha=wd), alpha=lr / 2)
        kind = str(w.dtype).removeprefix("torch.")
        w.add_(torch.from_numpy(generators.normal(0, sqrt(lr), w.shape, kind)).to(w.device))


@register
class DCASGD(Rule):
    """Zheng et al. (2016), delay-compensated SGD: what is added is -lr (g + wd w + lamda g² (w - before)).

    Args:
        momentum: of what is added.
        lamda: how much the delay counts.
    """

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lamda = lamda

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """The momentum, where there is any, and a copy of the weight."""
        zeros = NDArray(torch.zeros_like(weight._tensor), weight._context) if self.momentum else None
        return zeros, weight.copy()

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        for w, g, m, before in zip(weights, self._rescaled(grads), *kept, strict=True):
            added = (g + wd * w + self.lamda * g * g * (w - before)).mul_(-lr)
            if self.momentum:
                added = m.mul_(self.momentum).add_(added)
            before.copy_(w)
            w.add_(added)


@register
class LAMB(Rule):
    """You et al. (2019): Adam's step with wd w added, scaled to the norm of the weight.

    Args:
        learning_rate: 0.001.
        beta1: how slowly the mean of g moves.
        beta2: how slowly the mean of g² moves.
        epsilon: against division by zero.
        lower_bound: of the weight's norm.
        upper_bound: of the weight's norm.
        bias_correction: whether the means are corrected for their start at zero.
    """

    states = 2

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        bias_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.bias_correction = bias_correction

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        first, second = 1.0, 1.0
        if self.bias_correction:
            first, second = _correction(self.beta1, count), _correction(self.beta2, count)
        for w, g, m, v in zip(weights, self._rescaled(grads), *kept, strict=True):
            m.mul_(self.beta1).add_(g, alpha=_rest(self.beta1))
            v.mul_(self.beta2).addcmul_(g, g, value=_rest(self.beta2))
            step = (m / first).div_((v / second).sqrt_().add_(self.epsilon)).add_(w, alpha=wd)
            size, there = w.norm(), step.norm()
            if self.lower_bound or self.upper_bound:
                size = size.clamp(self.lower_bound or None, self.upper_bound or None)
            ratio = torch.where((size == 0) | (there == 0), torch.ones_like(size), size / there)
            w.sub_(step.mul_(ratio), alpha=lr)


@register
class LARS(SGD):
    """You et al. (2017): SGD whose rate is scaled by eta |w| / (|g| + wd |w| + eps), weight by weight.

    Weights whose index is named (`param_idx2name`) with gamma, beta or bias at the end keep their rate.

    Args:
        momentum: 0 keeps no state.
        lazy_update: about sparse gradients, which there are none of.
        eta: the share of a weight's norm that a step may have.
        eps: against division by zero.
        momentum_correction: whether the momentum follows a change of the rate.
    """

    takes_lists = True

    def __init__(
        self,
        momentum: float = 0.0,
        lazy_update: bool = True,
        eta: float = 0.001,
        eps: float = 0,
        momentum_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(momentum, lazy_update, **kwargs)
        self.momentum_correction = momentum_correction
        self.eta = eta
        self.eps = eps
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def set_wd_mult(self, args_wd_mult: Any) -> None:
        """Multipliers of the decay; 0 for names that end in no `_weight`."""
        self.wd_mult = {name: 0.0 for name in self.idx2name.values() if not name.endswith("_weight")}
        self.wd_mult.update(args_wd_mult)

    def _get_lrs(self, indices: Any) -> list[float]:
        now = self.learning_rate
        self.last_lr = now if self.cur_lr is None else self.cur_lr
        self.cur_lr = now
        return super()._get_lrs(indices)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Change weights, in place, by their gradients; a changed rate counts for the first four only."""
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        kept = [_columns(w._tensor, g._tensor, s) for w, g, s in zip(weight, grad, state, strict=True)]
        for start in range(0, len(index), self.counted):
            part = slice(start, start + self.counted)
            self._update_count(index[part])
            rates = zip(self._get_lrs(index[part]), self._get_wds(index[part]), strict=True)
            momentum = self.momentum
            if self.momentum_correction and self.last_lr and self.cur_lr is not None:
                momentum *= self.cur_lr / self.last_lr
            for at, (lr, wd) in enumerate(rates, start):
                w, g = weight[at]._tensor, grad[at]._tensor
                with torch.no_grad():
                    lr *= self._trust(index[at], w, g, wd)
                    self._descend([w], [g], [[one] for one in kept[at]], lr, wd, momentum)

    def _trust(self, index: Any, w: torch.Tensor, g: torch.Tensor, wd: float) -> float:
        if self.idx2name.get(index, "").endswith(("gamma", "beta", "bias")):
            return 1.0
        size, slope = float(w.float().norm()), float(g.float().norm()) * self.rescale_grad
        return self.eta * size / (slope + wd * size + self.eps) if size > 0 and slope > 0 else 1.0


@register
class ccSGD(SGD):
    """MXNet's old name of SGD."""


@register
class Test(Rule):
    """w += g, and the state is the new w: for MXNet's own tests."""

    states = 1

    def _step(
        self, weights: Tensors, grads: Tensors, kept: list[Tensors], lr: float, wd: float, count: int
    ) -> None:
        torch._foreach_add_(weights, grads, alpha=self.rescale_grad)
        torch._foreach_copy_(kept[0], weights)
