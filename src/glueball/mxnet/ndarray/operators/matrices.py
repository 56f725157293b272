"""Linear algebra, on the matrices in the last two axes: `nd.linalg`."""

from __future__ import annotations

import math

import torch

from ...base import MXNetError
from ..ndarray import Tensor
from ..register import operator

__all__: list[str] = []


def _square(matrix: Tensor, message: str) -> None:
    if matrix.dim() < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise MXNetError(message)


def _product(a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool, axis: int) -> Tensor:
    if a.dim() < 2 or b.dim() != a.dim():
        raise MXNetError("Operator _linalg_gemm2 inferring shapes failed.")
    if not a.is_floating_point():
        raise MXNetError("This operation only supports 32-bit and 64-bit floating point")
    if axis % a.dim() != a.dim() - 2:
        a, b = a.movedim(axis, -2), b.movedim(axis, -2)
    left = a.mT if transpose_a else a
    right = b.mT if transpose_b else b
    if left.shape[-1] != right.shape[-2]:
        raise MXNetError("Incompatible matrix dimensions for multiplication")
    return left @ right


@operator
def linalg_gemm(
    A: Tensor,
    B: Tensor,
    C: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
) -> Tensor:
    """Alpha · A · B + beta · C; `axis` is that of the rows."""
    product = _product(A, B, transpose_a, transpose_b, int(axis))
    if axis % A.dim() != A.dim() - 2:
        product = product.movedim(-2, int(axis))
    if product.shape != C.shape:
        raise MXNetError("Incompatible matrix dimensions for multiplication")
    return alpha * product + beta * C


@operator
def linalg_gemm2(
    A: Tensor,
    B: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    axis: int = -2,
) -> Tensor:
    """Alpha · A · B; `axis` is that of the rows."""
    product = alpha * _product(A, B, transpose_a, transpose_b, int(axis))
    return product.movedim(-2, int(axis)) if axis % A.dim() != A.dim() - 2 else product


@operator
def linalg_potrf(A: Tensor) -> Tensor:
    """The lower triangular L with A = L · Lᵀ (Cholesky)."""
    _square(A, "No square matrix as input to potrf.")
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(A)
    if bool(failed.any()):
        raise MXNetError(
            "spotrf failed in lapack on cpu. This may happen when the input matrix is either not symmetric "
            "or not positive definite."
        )
    return factor


@operator
def linalg_potri(A: Tensor) -> Tensor:
    """The inverse of B · Bᵀ, of which A holds the lower triangular B."""
    _square(A, "No square matrix as input to potri.")
    inverse: Tensor = torch.linalg.solve_triangular(
        A.tril(), torch.eye(A.shape[-1], dtype=A.dtype, device=A.device).expand_as(A), upper=False
    )
    return inverse.mT @ inverse


def _triangle(matrix: Tensor, lower: bool) -> Tensor:
    return matrix.tril() if lower else matrix.triu()


@operator
def linalg_trmm(
    A: Tensor,
    B: Tensor,
    transpose: bool = False,
    rightside: bool = False,
    lower: bool = True,
    alpha: float = 1.0,
) -> Tensor:
    """Alpha · A · B, or with `rightside` alpha · B · A, of a triangular A."""
    _square(A, "First operand must be a tensor of square matrices")
    triangle = _triangle(A, lower)
    triangle = triangle.mT if transpose else triangle
    return alpha * (B @ triangle if rightside else triangle @ B)


@operator
def linalg_trsm(
    A: Tensor,
    B: Tensor,
    transpose: bool = False,
    rightside: bool = False,
    lower: bool = True,
    alpha: float = 1.0,
) -> Tensor:
    """X with A · X = alpha · B, or with `rightside` X · A = alpha · B, of a triangular A."""
    _square(A, "First operand must be a tensor of square matrices")
    if B.shape[-1 if rightside else -2] != A.shape[-1]:
        raise MXNetError("Incompatible matrix dimensions for multiplication")
    triangle = _triangle(A, lower)
    triangle = triangle.mT if transpose else triangle
    solution: Tensor = torch.linalg.solve_triangular(
        triangle, alpha * B, upper=bool(lower) is bool(transpose), left=not rightside
    )
    return solution


@operator
def linalg_syrk(A: Tensor, transpose: bool = False, alpha: float = 1.0) -> Tensor:
    """Alpha · A · Aᵀ, or with `transpose` alpha · Aᵀ · A."""
    if A.dim() < 2:
        raise MXNetError("Operator _linalg_syrk inferring shapes failed.")
    return alpha * (A.mT @ A if transpose else A @ A.mT)


@operator
def linalg_sumlogdiag(A: Tensor) -> Tensor:
    """The sum of the logarithms of the diagonal."""
    _square(A, "Input A's last two dimension must be equal")
    return A.diagonal(0, -2, -1).log().sum(-1)


@operator
def linalg_extractdiag(A: Tensor, offset: int = 0) -> Tensor:
    """The diagonal, or the one `offset` above it."""
    return A.diagonal(int(offset), -2, -1)


@operator
def linalg_makediag(A: Tensor, offset: int = 0) -> Tensor:
    """Matrices with these diagonals, `offset` above the middle, and zeros elsewhere."""
    return torch.diag_embed(A, int(offset))


def _places(size: int, offset: int, lower: bool, like: Tensor) -> Tensor:
    """The indices of a triangle: of the lower one row by row, of the upper one column by column.

    An offset other than 0 says which of the two it is.
    """
    if offset < 0 or (offset == 0 and lower):
        return torch.tril_indices(size, size, offset, device=like.device)
    return torch.tril_indices(size, size, -offset, device=like.device).flip(0)


@operator
def linalg_extracttrian(A: Tensor, offset: int = 0, lower: bool = True) -> Tensor:
    """The elements of a triangle, the lower one row by row; it begins `offset` above the diagonal."""
    _square(A, "Input A's last two dimension must be equal")
    rows, columns = _places(A.shape[-1], int(offset), bool(lower), A)
    return A[..., rows, columns]


@operator
def linalg_maketrian(A: Tensor, offset: int = 0, lower: bool = True) -> Tensor:
    """Matrices with these elements in a triangle, as `extracttrian` reads it, and zeros elsewhere."""
    count = A.shape[-1]
    side = (math.isqrt(8 * count + 1) - 1) // 2
    if side * (side + 1) // 2 != count:
        raise MXNetError("Input tensor of maketrian has an invalid dimension for the last axis.")
    size = side + abs(int(offset))
    rows, columns = _places(size, int(offset), bool(lower), A)
    places = (rows * size + columns).expand(A.shape)
    flat = torch.zeros((*A.shape[:-1], size * size), dtype=A.dtype, device=A.device)
    return flat.scatter(-1, places, A).reshape(*A.shape[:-1], size, size)


@operator
def linalg_det(A: Tensor) -> Tensor:
    """The determinant."""
    _square(A, "Input A's last two dimension must be equal")
    determinant: Tensor = torch.linalg.det(A)
    return determinant


@operator
def linalg_slogdet(A: Tensor) -> list[Tensor]:
    """The determinant's sign and the logarithm of its size."""
    _square(A, "Input A's last two dimension must be equal")
    return list(torch.linalg.slogdet(A))


@operator
def linalg_inverse(A: Tensor) -> Tensor:
    """The inverse."""
    _square(A, "Input A's last two dimension must be equal")
    inverse: Tensor
    inverse, failed = torch.linalg.inv_ex(A)
    if bool(failed.any()):
        raise MXNetError("the input matrix is non-convertible")
    return inverse


@operator
def linalg_gelqf(A: Tensor) -> list[Tensor]:
    """Q with orthonormal rows and the lower triangular L with A = L · Q."""
    q, r = torch.linalg.qr(A.mT)
    return [q.mT, r.mT]


@operator
def linalg_syevd(A: Tensor) -> list[Tensor]:
    """The eigenvectors of a symmetric A, as rows whose largest element is above 0, and the eigenvalues."""
    _square(A, "Input A's last two dimension must be equal")
    values, vectors = torch.linalg.eigh(A)
    rows = vectors.mT
    largest = rows.detach().gather(-1, rows.detach().abs().argmax(-1, True))
    return [rows * largest.sign(), values]
