"""The operators, each a function on tensors that `operator` dresses for NDArrays.

Element by element: `elementwise`, `binary`. Shapes and parts: `shaping`, `slicing`, `selecting`,
`ordering`. Fewer numbers: `reductions`, `softmaxes`. Products: `linear`, `matrices`. Networks: `layers`,
`convolutions`, `poolings`, `normalizations`, `spatial`, `outputs`. What optimizers do: `updates`.
"""

from . import (
    binary,
    contributed,
    convolutions,
    elementwise,
    layers,
    linear,
    matrices,
    normalizations,
    ordering,
    outputs,
    poolings,
    reductions,
    selecting,
    shaping,
    slicing,
    softmaxes,
    spatial,
    updates,
)

__all__ = [
    "binary",
    "contributed",
    "convolutions",
    "elementwise",
    "layers",
    "linear",
    "matrices",
    "normalizations",
    "ordering",
    "outputs",
    "poolings",
    "reductions",
    "selecting",
    "shaping",
    "slicing",
    "softmaxes",
    "spatial",
    "updates",
]
