r"""Layouts: what each kind of layer holds, in one form that all frameworks can be turned to and from.

A framework's adapter says of a layer which **kind** it is, and for each **canonical array** of that kind
where it lies: in which array of the layer, and as which *view* of it. One view serves both ways: values are
read through it, and written through it into a copy of the layer's array. So nothing has to be inverted, and
a transfer there and back gives the same bits.

The kinds and their arrays; sizes in parentheses, axes in this order:

- ``dense``: kernel (inputs, outputs), bias (outputs,)
- ``convolution``: kernel (\*sizes, inputs / groups, outputs), bias. Depthwise is ``groups = inputs``.
- ``transposed convolution``: kernel (\*sizes, outputs / groups, inputs), as the gradient of a convolution
  has it, bias
- ``embedding``: table (words, width)
- ``batch norm``: scale, bias, mean, variance (channels,), batches (): how many were seen
- ``layer norm``, ``group norm``, ``instance norm``: scale, bias; ``rms norm``: scale
- ``lstm`` (gates i, f, g, o), ``gru`` (r, z, n), ``rnn`` (h): for each gate kernel.g (inputs, units),
  recurrent.g (units, units), bias.g (units,), recurrent_bias.g (units,); projection (units, outputs)
- ``prelu``: slope (channels,); ``bilinear``: kernel (outputs, first, second), bias
- ``random``: the state of a random generator, which is never transferred
- ``array``: one that no layer of the framework explains, as it is

Layers without arrays that tell something: ``sequence`` (its children run in order), ``flatten``,
``channelwise`` (keeps the channels: pooling, an activation) and ``gelu``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Held",
    "Layout",
    "contracted",
    "convolving",
    "flat",
    "gates",
    "inside",
    "matrix",
    "padding",
    "transposed",
]

Array = np.ndarray[Any, Any]


def _as_it_is(array: Array) -> Array:
    return array


class Held(NamedTuple):
    """Where a canonical array lies.

    Attributes:
        site: the attribute of the layer that holds it, or the dotted path to it from the layer.
        view: the canonical array as a view of that array; never a copy.
        form: how a person calls the framework's own form ("out, in").
    """

    site: str
    view: Callable[[Array], Array] = _as_it_is
    form: str = ""


class Layout(NamedTuple):
    """One layer in canonical form.

    Attributes:
        kind: one of those above.
        arrays: canonical name -> where it lies.
        step: what is added to the layer's path, where a layer is several ("query", "l0").
        role: what tells it from layers of the same kind and sizes beside it ("query"), or "".
        settings: numbers and words that change what the layer computes ("epsilon").
    """

    kind: str
    arrays: Mapping[str, Held] = {}
    step: str = ""
    role: str = ""
    settings: Mapping[str, Any] = {}


def transposed(array: Array) -> Array:
    """A matrix the other way round."""
    return array.T


def flat(array: Array) -> Array:
    """All axes as one."""
    return array.reshape(-1, copy=False)


def matrix(axes: int) -> Callable[[Array], Array]:
    """A view of the first so many axes as one, and of the others as one: (inputs, outputs)."""

    def view(array: Array) -> Array:
        return array.reshape(math.prod(array.shape[:axes]), -1, copy=False)

    return view


def contracted(equation: str) -> int | None:
    """How many axes of the second operand an einsum sums over, where it is a dense layer; else None.

    It is one where the weight has the summed axes first, in the input's order, and the others in the
    output's.

    >>> contracted("abc,cde->abde"), contracted("...hk,hkd->...d"), contracted("ab,ba->b")
    (1, 2, None)
    """
    operands, _, result = equation.replace(" ", "").replace("...", "").partition("->")
    data, _, weight = operands.partition(",")
    summed = [axis for axis in data if axis in weight and axis not in result]
    rest = [axis for axis in result if axis in weight]
    if not summed or not rest or [*summed, *rest] != list(weight) or set(rest) & set(data):
        return None
    kept = [axis for axis in data if axis not in summed]
    return len(summed) if [*kept, *rest] == list(result) else None


def inside(child: str, layout: Layout, step: str | None = None) -> Layout:
    """The layout of a child as a part of the layer that holds it."""
    arrays = {name: held._replace(site=f"{child}.{held.site}") for name, held in layout.arrays.items()}
    return layout._replace(arrays=arrays, step=layout.step if step is None else step)


def gates(name: str, site: str, order: Sequence[str], *, axis: int, turn: bool, form: str) -> dict[str, Held]:
    """Gates packed along an axis of one array; `turn` for matrices that stand (outputs, inputs).

    >>> import numpy as np
    >>> held = gates("bias", "bias", ("z", "r", "n"), axis=0, turn=False, form="z r h")
    >>> held["bias.r"].view(np.arange(6))
    array([2, 3])
    """

    def view(at: int) -> Callable[[Array], Array]:
        def cut(array: Array) -> Array:
            units = array.shape[axis] // len(order)
            part = array[(slice(None),) * axis + (slice(at * units, (at + 1) * units),)]
            return part.T if turn else part

        return cut

    return {f"{name}.{gate}": Held(site, view(at), form) for at, gate in enumerate(order)}


def convolving(
    kernel: Sequence[int],
    strides: Any,
    dilation: Any,
    given: Any,
    *,
    groups: int = 1,
    channels: str,
    transposed: bool = False,
) -> dict[str, Any]:
    """The settings of a convolution.

    Args:
        kernel: its sizes.
        strides: one number, or one for each axis; None is 1.
        dilation: the same.
        given: the padding, as `padding` takes it.
        groups: the channels are cut into so many.
        channels: "first" or "last": where the axis of the channels stands in the data.
        transposed: whether the convolution is a transposed one.
    """
    steps, apart = _each(strides, len(kernel)), _each(dilation, len(kernel))
    return {
        "strides": steps,
        "dilation": apart,
        "padding": padding(given, kernel, apart, steps, transposed),
        "groups": groups,
        "channels": channels,
    }


def _each(sizes: Any, count: int) -> tuple[int, ...]:
    if sizes is None:
        sizes = 1
    return (sizes,) * count if isinstance(sizes, int) else tuple(sizes)


def padding(
    given: Any,
    kernel: Sequence[int],
    dilation: Sequence[int],
    strides: Sequence[int],
    transposed: bool = False,
) -> Any:
    """A padding as ((before, after), …); "same" where the sizes depend on the input.

    `given` is a number, one for each axis, pairs, "valid" or "same".

    >>> padding("same", (3, 5), (1, 1), (1, 1))
    ((1, 1), (2, 2))
    >>> padding("same", (3, 3), (1, 1), (2, 2)), padding(1, (3, 3), (1, 1), (2, 2))
    ('same', ((1, 1), (1, 1)))
    """
    if isinstance(given, str):
        given = given.lower()
        if given == "valid":
            return ((0, 0),) * len(kernel)
        if given != "same" or transposed or any(step != 1 for step in strides):
            return given
        total = [(size - 1) * apart for size, apart in zip(kernel, dilation, strict=True)]
        return tuple((size // 2, size - size // 2) for size in total)
    sides = [given] * len(kernel) if isinstance(given, int) else list(given)
    return tuple((side, side) if isinstance(side, int) else tuple(side) for side in sides)
