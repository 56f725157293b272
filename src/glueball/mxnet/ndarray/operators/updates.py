"""The steps of optimizers, as operators: they give the new weight and write their states in place.

`out=weight` writes the weight too, as MXNet's own optimizers do. g below is the gradient times
`rescale_grad`, kept between ±`clip_gradient` where that is above 0.
"""

from __future__ import annotations

import torch

from ...base import MXNetError
from ..ndarray import Tensor
from ..register import operator

__all__: list[str] = []


def _scaled(grad: Tensor, rescale_grad: float, clip_gradient: float | None) -> Tensor:
    g = grad.detach() * rescale_grad
    return g if clip_gradient is None or clip_gradient < 0 else g.clamp(-clip_gradient, clip_gradient)


@operator
def sgd_update(
    weight: Tensor, grad: Tensor, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True,
) -> Tensor:  # fmt: skip
    """W · (1 − lr·wd) − lr·g."""
    return (1 - lr * wd) * weight.detach() - lr * _scaled(grad, rescale_grad, clip_gradient)


@operator
def sgd_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True,
) -> Tensor:  # fmt: skip
    """M ← momentum·m − lr·(g + wd·w); w + m."""
    w, g = weight.detach(), _scaled(grad, rescale_grad, clip_gradient)
    mom.mul_(momentum).sub_(lr * wd * w + lr * g)
    return w + mom


@operator
def nag_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """G' = g + wd·w; m ← momentum·m − lr·g'; w + momentum·m − lr·g' (Nesterov)."""
    w = weight.detach()
    g = _scaled(grad, rescale_grad, clip_gradient) + wd * w
    mom.mul_(momentum).sub_(lr * g)
    return w + momentum * mom - lr * g


@operator
def adam_update(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, lr: float, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True,
) -> Tensor:  # fmt: skip
    """Adam without its correction for the first steps, which the caller puts into `lr`."""
    w = weight.detach()
    g = grad.detach() * rescale_grad + wd * w
    if clip_gradient >= 0:
        g = g.clamp(-clip_gradient, clip_gradient)
    mean.mul_(beta1).add_((1 - beta1) * g)
    var.mul_(beta2).add_((1 - beta2) * g * g)
    return w - lr * mean / (var.sqrt() + epsilon)


def _between(values: Tensor, clip: float) -> Tensor:
    return values.clamp(-clip, clip) if clip >= 0 else values


@operator
def rmsprop_update(
    weight: Tensor, grad: Tensor, n: Tensor, lr: float, gamma1: float = 0.95, epsilon: float = 1e-8,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0,
) -> Tensor:  # fmt: skip
    """N ← gamma1·n + (1 − gamma1)·g²; w − lr·g/√(n + epsilon) (Tieleman and Hinton)."""
    w = weight.detach()
    g = _between(grad.detach() * rescale_grad + wd * w, clip_gradient)
    n.mul_(gamma1).add_((1 - gamma1) * g * g)
    return _between(w - lr * g / (n + epsilon).sqrt(), clip_weights)


@operator
def rmspropalex_update(
    weight: Tensor, grad: Tensor, n: Tensor, g: Tensor, delta: Tensor, lr: float, gamma1: float = 0.95,
    gamma2: float = 0.9, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, clip_weights: float = -1.0,
) -> Tensor:  # fmt: skip
    """RMSProp with a mean and a momentum; Graves (2013)."""
    w = weight.detach()
    new = _between(grad.detach() * rescale_grad + wd * w, clip_gradient)
    n.mul_(gamma1).add_((1 - gamma1) * new * new)
    g.mul_(gamma1).add_((1 - gamma1) * new)
    delta.mul_(gamma2).sub_(lr * new / (n - g * g + epsilon).sqrt())
    return _between(w + delta, clip_weights)


@operator
def ftrl_update(
    weight: Tensor, grad: Tensor, z: Tensor, n: Tensor, lr: float, lamda1: float = 0.01, beta: float = 1.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """Follow the regularized leader; McMahan et al. (2013)."""
    w, g = weight.detach(), _scaled(grad, rescale_grad, clip_gradient)
    z.add_(g - ((n + g * g).sqrt() - n.sqrt()) * w / lr)
    n.add_(g * g)
    return (z.sign() * lamda1 - z) / ((beta + n.sqrt()) / lr + wd) * (z.abs() > lamda1)


@operator
def ftml_update(
    weight: Tensor, grad: Tensor, d: Tensor, v: Tensor, z: Tensor, lr: float, t: int, beta1: float = 0.6,
    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_grad: float = -1.0,
) -> Tensor:  # fmt: skip
    """Follow the moving leader; Zheng and Kwok (2017)."""
    w = weight.detach()
    g = _between(grad.detach() * rescale_grad + wd * w, clip_grad)
    v.mul_(beta2).add_((1 - beta2) * g * g)
    new = (1 - beta1**t) / lr * ((v / (1 - beta2**t)).sqrt() + epsilon)
    z.mul_(beta1).add_((1 - beta1) * g - (new - beta1 * d) * w)
    d.copy_(new)
    return -z / d


@operator
def signsgd_update(
    weight: Tensor, grad: Tensor, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """W · (1 − lr·wd) − lr·sign(g)."""
    return (1 - lr * wd) * weight.detach() - lr * _scaled(grad, rescale_grad, clip_gradient).sign()


@operator
def signum_update(
    weight: Tensor, grad: Tensor, mom: Tensor, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0,
) -> Tensor:  # fmt: skip
    """The sign of a momentum; Bernstein et al. (2018)."""
    w, g = weight.detach(), _scaled(grad, rescale_grad, clip_gradient)
    mom.mul_(momentum).sub_((1 - momentum) * (wd * w + g))
    return (1 - lr * wd_lh) * w + lr * mom.sign()


@operator
def lamb_update_phase1(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, t: int, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-6, bias_correction: bool = True, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """The direction of LAMB; You et al. (2020)."""
    w, g = weight.detach(), _scaled(grad, rescale_grad, clip_gradient)
    mean.mul_(beta1).add_((1 - beta1) * g)
    var.mul_(beta2).add_((1 - beta2) * g * g)
    m, v = (mean / (1 - beta1**t), var / (1 - beta2**t)) if bias_correction else (mean, var)
    return m / (v.sqrt() + epsilon) + wd * w


@operator
def lamb_update_phase2(
    weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, lr: float, lower_bound: float = -1.0,
    upper_bound: float = -1.0,
) -> Tensor:  # fmt: skip
    """A step along LAMB's direction `g`, as long as the ratio of the norms `r1` and `r2` says."""
    size = r1.clamp_min(lower_bound) if lower_bound >= 0 else r1
    size = size.clamp_max(upper_bound) if upper_bound >= 0 else size
    ratio = torch.where((size == 0) | (r2 == 0), torch.ones_like(size), size / r2)
    return weight.detach() - lr * ratio * g.detach()


@operator
def all_finite(data: Tensor, init_output: bool = True) -> Tensor:
    """1 where all elements are finite, else 0."""
    return torch.isfinite(data).all().to(torch.float32).reshape(1)


@operator
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True) -> Tensor:
    """1 where all elements of all arrays are finite, else 0."""
    _counted("multi_all_finite", data, num_arrays)
    return torch.stack([torch.isfinite(x).all() for x in data]).all().to(torch.float32).reshape(1)


@operator
def multi_sum_sq(*data: Tensor, num_arrays: int = 1) -> Tensor:
    """The sum of squares of each array."""
    _counted("multi_sum_sq", data, num_arrays)
    return torch.stack([x.square().sum() for x in data])


@operator
def amp_multicast(*data: Tensor, num_outputs: int, cast_narrow: bool = False) -> list[Tensor]:
    """The arrays in the widest type among them, or with `cast_narrow` in the narrowest."""
    _counted("amp_multicast", data, num_outputs)
    order = sorted({x.dtype for x in data}, key=lambda dtype: torch.finfo(dtype).bits)
    return [x.to(order[0] if cast_narrow else order[-1]) for x in data]


def _counted(name: str, data: tuple[Tensor, ...], count: int) -> None:
    if len(data) != count:
        raise MXNetError(f"Operator {name} expects {count} inputs, but got {len(data)} instead.")


@operator
def reset_arrays(*data: Tensor, num_arrays: int) -> None:
    """Fill arrays with zeros, in place."""
    for x in data:
        x.detach().zero_()
