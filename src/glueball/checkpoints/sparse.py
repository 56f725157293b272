"""Arrays that are kept by their nonzero parts, as files have them: values, and where they belong.

They are values to look at and to pass on: `dense()` makes the array that they stand for, and indices keep
the order and the dtype that they came with. A shape may be far larger than what is kept; only `dense()` pays
for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glueball.errors import ShapeError

__all__ = ["CSR", "RowSparse", "index_shapes"]


@dataclass(frozen=True, eq=False, slots=True)
class RowSparse:
    """An array of which only some rows are kept; the others are zero.

    Attributes:
        data: the kept rows, (n, *shape[1:]).
        indices: which row each one is, (n,) integers in any order. Of a row named twice, the last counts.
        shape: of the whole.

    Raises:
        ShapeError: the three do not fit each other.

    >>> RowSparse(np.array([[1.0, 2.0]]), np.array([1]), (3, 2)).dense()
    array([[0., 0.],
           [1., 2.],
           [0., 0.]])
    """

    data: NDArray[Any]
    indices: NDArray[np.integer[Any]]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_indices("row_sparse", self.shape, self.data, self.indices)
        _check_range(self.indices, "row", self.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The values' dtype."""
        return self.data.dtype

    def dense(self) -> NDArray[Any]:
        """The whole array, zeros included, in memory of its own."""
        whole = np.zeros(self.shape, self.data.dtype)
        whole[self.indices] = self.data
        return whole


@dataclass(frozen=True, eq=False, slots=True)
class CSR:
    """A matrix by compressed sparse rows: row i has data[indptr[i]:indptr[i + 1]] in the columns of indices.

    Attributes:
        data: the kept values, (n,).
        indptr: where each row begins and the last ends, (rows + 1,) integers from 0 to n that never fall.
        indices: the column of each value, (n,) integers. Of a place named twice, the last counts.
        shape: (rows, columns).

    Raises:
        ShapeError: the four do not fit each other.

    >>> CSR(np.array([1.0, 2.0]), np.array([0, 0, 2]), np.array([0, 2]), (2, 3)).dense()
    array([[0., 0., 0.],
           [1., 0., 2.]])
    """

    data: NDArray[Any]
    indptr: NDArray[np.integer[Any]]
    indices: NDArray[np.integer[Any]]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_indices("csr", self.shape, self.data, self.indptr, self.indices)
        ends = int(self.indptr[0]), int(self.indptr[-1])
        if ends != (0, len(self.data)) or (self.indptr[1:] < self.indptr[:-1]).any():
            raise ShapeError(f"row pointers must rise from 0 to {len(self.data)}, the number of values")
        _check_range(self.indices, "column", self.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The values' dtype."""
        return self.data.dtype

    def dense(self) -> NDArray[Any]:
        """The whole matrix, zeros included, in memory of its own."""
        whole = np.zeros(self.shape, self.data.dtype)
        begins = self.indptr.astype(np.intp)
        counts = begins[1:] - begins[:-1]
        whole[np.repeat(np.arange(self.shape[0]), counts), self.indices] = self.data
        return whole


def index_shapes(storage: str, shape: tuple[int, ...], kept: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The shapes that the index arrays must have, in the order of the attributes above.

    Args:
        storage: "row_sparse" or "csr".
        shape: of the whole array.
        kept: the shape of the values that are kept.

    Raises:
        ShapeError: such values are no part of such an array.

    >>> index_shapes("csr", (2, 3), (5,))
    ((3,), (5,))
    """
    if storage == "row_sparse" and shape and kept and kept[1:] == shape[1:]:
        return (kept[:1],)
    if storage == "csr" and len(shape) == 2 and len(kept) == 1:
        return (shape[0] + 1,), kept
    raise ShapeError(f"values of shape {kept} are no part of a {storage} array of shape {shape}")


def _check_indices(
    storage: str, shape: tuple[int, ...], data: NDArray[Any], *indices: NDArray[np.integer[Any]]
) -> None:
    for given, wanted in zip(indices, index_shapes(storage, shape, data.shape), strict=True):
        if given.dtype.kind not in "iu" or given.shape != wanted:
            raise ShapeError(
                f"the indices of a {storage} array of shape {shape} with values of shape {data.shape} must be"
                f" integers of shape {wanted}, not {given.dtype} of shape {given.shape}"
            )


def _check_range(indices: NDArray[Any], what: str, size: int) -> None:
    for index in (int(indices.min()), int(indices.max())) if indices.size else ():
        if not 0 <= index < size:
            raise ShapeError(f"there is no {what} {index} among {size} {what}s")
