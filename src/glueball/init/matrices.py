"""Initializers that look at the whole array: Orthogonal, Sparse; and fixed ones: Identity, Dirac, Bilinear.

They read a weight as torch and MXNet keep it, `(outputs, inputs, *kernel)`; one that Keras or JAX keeps as
`(*kernel, inputs, outputs)` is turned (`Target.blocks`). Blocks that are packed along an axis (gates, q k v)
are matrices of their own: each is orthogonal, each the identity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..errors import InitializerError
from .base import Target, Whole, integer, normal, number

__all__ = ["Bilinear", "Dirac", "Identity", "Orthogonal", "Sparse"]


def _need(how: Whole, target: Target, dims: tuple[int, ...]) -> None:
    if len(target.shape) not in dims:
        wanted = f"{dims[0]} or more" if len(dims) > 3 else " to ".join(map(str, sorted({dims[0], dims[-1]})))
        raise InitializerError(
            f"{how!r} needs a parameter of {wanted} dimensions, and {target.name!r} has shape "
            f"{target.shape}. Give it a rule of its own before this one: {{{target.name!r}: 0}}."
        )


_MATRICES = tuple(range(2, 65))


@dataclass(repr=False, eq=False)
class Orthogonal(Whole):
    """A matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    The array, as a matrix (outputs, inputs · kernel), is Q of the QR decomposition of a normal one, with
    the signs of R's diagonal made positive, which makes Q uniform over all such matrices: Saxe et al.
    (2014), Mezzadri (2007), and `torch.nn.init.orthogonal_`, Keras's and JAX's `Orthogonal`. These take a
    packed matrix as one; here each of a recurrent layer's gates is orthogonal, unless `whole` is true.

    It looks at the whole array at once. It is a function of seed and name on one machine's linear
    algebra: another machine may round the last bits otherwise.

    Raises:
        InitializerError: a gain that is no number, or a parameter of fewer than two dimensions.

    >>> import glueball as gb, torch
    >>> layer = gb.initialize(torch.nn.Linear(3, 5), {"weight": gb.init.Orthogonal(), "bias": 0}, seed=0)
    >>> torch.allclose(layer.weight.T @ layer.weight, torch.eye(3), atol=1e-6)
    True
    """

    gain: float = 1.0
    whole: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        number(self, "gain")

    def check(self, target: Target) -> None:
        """Two dimensions or more."""
        _need(self, target, _MATRICES)

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """Q of each block."""
        values = normal(target.name, target.shape, seed)
        if values.size:
            for block in (target._replace(parts=()) if self.whole else target).blocks(values):
                matrix = block.reshape(block.shape[0], -1)
                wide = matrix.shape[0] < matrix.shape[1]
                q, r = np.linalg.qr(matrix.T if wide else matrix)
                q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
                block[...] = (q.T if wide else q).reshape(block.shape)
            values *= self.gain
        return values


@dataclass(repr=False, eq=False)
class Sparse(Whole):
    """A normal matrix in which `sparsity` of each column is zero; Martens (2010).

    In each column ceil(sparsity · rows) elements, chosen at random, are 0; the others are normal with
    standard deviation `std`. As `torch.nn.init.sparse_`.

    Raises:
        InitializerError: a sparsity outside [0, 1], a negative std, or a parameter that is no matrix.

    >>> import glueball as gb, torch
    >>> layer = gb.initialize(torch.nn.Linear(3, 10), {"weight": gb.init.Sparse(0.25), "bias": 0}, seed=0)
    >>> (layer.weight == 0).sum(0)
    tensor([3, 3, 3])
    """

    sparsity: float
    std: float = 0.01

    def __post_init__(self) -> None:
        number(self, "sparsity", low=0)
        number(self, "std", low=0)
        if self.sparsity > 1:
            raise InitializerError(f"Sparse's sparsity is {self.sparsity:g}: write a share from 0 to 1.")

    def check(self, target: Target) -> None:
        """Two dimensions."""
        _need(self, target, (2,))

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """Normal values, and for each column the elements whose second random word is smallest zeroed."""
        values = normal(target.name, target.shape, seed) * self.std
        order = np.empty(target.shape)
        streams.fill(order, streams.Uniform(0, 1), seed, f"{target.name}\0zeros")
        alone = target._replace(parts=())
        (matrix,), (order,) = alone.blocks(values), alone.blocks(order)
        zeros = math.ceil(self.sparsity * len(matrix))
        np.put_along_axis(matrix, np.argsort(order, axis=0, kind="stable")[:zeros], 0.0, axis=0)
        return values


@dataclass(repr=False, eq=False)
class Identity(Whole):
    """The identity matrix times `gain`: 1 where row and column agree; a matrix need not be square.

    As `torch.nn.init.eye_` and Keras's `Identity`. Each of a recurrent layer's gates is one.

    Raises:
        InitializerError: a gain that is no number, or a parameter that is no matrix.

    >>> import glueball as gb, torch
    >>> gb.initialize(torch.nn.Linear(2, 3, bias=False), gb.init.Identity(2), seed=0).weight.data
    tensor([[2., 0.],
            [0., 2.],
            [0., 0.]])
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        number(self, "gain")

    def check(self, target: Target) -> None:
        """Two dimensions."""
        _need(self, target, (2,))

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """The same whatever the seed."""
        values = np.zeros(target.shape)
        for block in target.blocks(values):
            np.fill_diagonal(block, self.gain)
        return values


@dataclass(repr=False, eq=False)
class Dirac(Whole):
    """A convolution that passes its input on: 1 at the kernel's middle where output equals input channel.

    In `groups`, each group passes its own channels; outputs beyond the inputs are zero. As
    `torch.nn.init.dirac_`, for weights `(outputs, inputs / groups, *kernel)` of 1 to 3 kernel dimensions.

    Raises:
        InitializerError: groups below 1, or a parameter of other dimensions, or whose outputs do not
            divide into the groups.

    >>> import glueball as gb, torch
    >>> layer = torch.nn.Conv1d(2, 2, 3, padding=1, bias=False)
    >>> x = torch.rand(1, 2, 5)
    >>> torch.equal(gb.initialize(layer, gb.init.Dirac())(x), x)
    True
    """

    groups: int = 1

    def __post_init__(self) -> None:
        integer(self, "groups", low=1)

    def check(self, target: Target) -> None:
        """Three to five dimensions, and outputs that divide into the groups."""
        _need(self, target, (3, 4, 5))
        outputs = target.shape[(target.outputs_first or (0,))[0]]
        if outputs % self.groups:
            raise InitializerError(
                f"{self!r} cannot divide the {outputs} outputs of {target.name!r}, of shape "
                f"{target.shape}, into {self.groups} groups. Write groups as the layer has them."
            )

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """The same whatever the seed."""
        values = np.zeros(target.shape)
        (weight,) = target._replace(parts=()).blocks(values)
        outputs, inputs, *kernel = weight.shape
        if values.size:
            each = outputs // self.groups
            channel = np.arange(min(each, inputs))
            middle: Any = tuple(size // 2 for size in kernel)
            for group in range(self.groups):
                weight[(group * each + channel, channel, *middle)] = 1
        return values


@dataclass(repr=False, eq=False)
class Bilinear(Whole):
    """The kernel of a transposed convolution that scales pictures up, for each pair of channels.

    Along an axis of size k, with f = ceil(k / 2) and c = (2 f − 1 − f mod 2) / (2 f), the weight at x is
    `1 − |x / f − c|`; axes are multiplied. As MXNet's `init.Bilinear`, which takes f from the last axis for
    all. Used with one group for each channel and k = 2 s − s mod 2, stride s, padding ceil((s − 1) / 2).

    Raises:
        InitializerError: a parameter without kernel dimensions.

    >>> import glueball as gb, torch
    >>> up = torch.nn.ConvTranspose1d(1, 1, 4, stride=2, padding=1, bias=False)
    >>> gb.initialize(up, gb.init.Bilinear()).weight.data
    tensor([[[0.2500, 0.7500, 0.7500, 0.2500]]])
    """

    def check(self, target: Target) -> None:
        """Three dimensions or more."""
        _need(self, target, _MATRICES[1:])

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """The same whatever the seed."""
        values = np.ones(target.shape)
        (weight,) = target._replace(parts=()).blocks(values)
        for axis, size in enumerate(weight.shape[2:], 2):
            f = math.ceil(size / 2)
            c = (2 * f - 1 - f % 2) / (2 * f) if f else 0.0
            along = 1 - np.abs(np.arange(size) / f - c) if f else np.ones(0)
            weight *= along.reshape(-1, *(1 for _ in weight.shape[axis + 1 :]))
        return values
