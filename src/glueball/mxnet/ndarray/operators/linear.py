"""Products of matrices."""

from __future__ import annotations

import torch

from ...base import MXNetError
from ..arguments import joined
from ..ndarray import NDArray, Tensor
from ..register import OPERATORS, operator
from .binary import same_types

__all__: list[str] = []


_PRODUCTS = (torch.float32, torch.float64)


def _has_products(name: str, data: Tensor) -> None:
    """Refuse what MXNet has no products of; on a GPU float16 has them, and bfloat16 everywhere."""
    known = (*_PRODUCTS, torch.bfloat16, *([torch.float16] if data.is_cuda else []))
    if data.dtype not in known:
        raise MXNetError(f"{name} only supports float32/float64 for CPU, and float16/float32/float64 for GPU")


@operator(fresh=True)
def dot(
    lhs: Tensor,
    rhs: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: str | None = None,
) -> Tensor:
    """The product along the last axis of `lhs` and the first of `rhs`.

    Args:
        lhs: of any number of dimensions; two vectors give their inner product, of shape (1,).
        rhs: of any number of dimensions.
        transpose_a: whether the first axis of `lhs` goes to its end before.
        transpose_b: whether the last axis of `rhs` goes to its front before.
        forward_stype: how the result is stored: only "default".
    """
    if lhs.dim() == rhs.dim() == 2 and lhs.dtype is rhs.dtype and lhs.dtype in _PRODUCTS:
        a = lhs.T if transpose_a else lhs
        b = rhs.T if transpose_b else rhs
        if a.shape[1] == b.shape[0]:
            return torch.mm(a, b)
    a = lhs.movedim(0, -1) if transpose_a and lhs.dim() > 1 else lhs
    b = rhs.movedim(-1, 0) if transpose_b and rhs.dim() > 1 else rhs
    if a.shape[-1] != b.shape[0]:
        raise MXNetError(f"dot shape error: {joined(lhs.shape)} X {joined(rhs.shape)}")
    same_types(lhs, rhs)
    _has_products("dot", lhs)
    product: Tensor = torch.tensordot(a, b, 1)
    return product


def _dot(self: NDArray, other: NDArray, **options: bool) -> NDArray:
    """`nd.dot(self, other)`."""
    product: NDArray = OPERATORS["dot"](self, other, **options)
    return product


if "dot" not in NDArray.__dict__:
    setattr(NDArray, "dot", _dot)  # noqa: B010


@operator(fresh=True)
def batch_dot(
    lhs: Tensor,
    rhs: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: str | None = None,
) -> Tensor:
    """The products of the matrices in the last two axes, one for each place in the axes before."""
    if lhs.dim() < 3 or rhs.dim() != lhs.dim():
        raise MXNetError(
            "batch_dot currently only support N-D*N-D array (N >= 3)"
            f"{joined(lhs.shape)} v.s. {joined(rhs.shape)}"
        )
    a = lhs.mT if transpose_a else lhs
    b = rhs.mT if transpose_b else rhs
    batches_differ = a.shape[:-2] != b.shape[:-2]
    if batches_differ or a.shape[-1] != b.shape[-2]:
        what = "the leading batch dimensions must be equal" if batches_differ else "shape mismatch"
        raise MXNetError(
            f"batch_dot shape error ({what}): {joined(lhs.shape)} X {joined(rhs.shape)} "
            f"trans_a={int(transpose_a)} trans_b={int(transpose_b)}"
        )
    same_types(lhs, rhs)
    _has_products("batch_dot", lhs)
    return a @ b


@operator
def khatri_rao(*args: Tensor) -> Tensor:
    """The Khatri–Rao product: column by column the Kronecker product of matrices."""
    product = args[0]
    for matrix in args[1:]:
        product = (product[:, None, :] * matrix[None, :, :]).reshape(-1, matrix.shape[1])
    return product
