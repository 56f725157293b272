"""The operators, each a function on tensors that `operator` dresses for NDArrays.

Element by element: `elementwise`, `binary`. Shapes and parts: `shaping`, `spreading`, `joining`, `slicing`,
`selecting`, `ordering`. Fewer numbers: `reductions`, `softmaxes`. Products: `linear`, `matrices`. Networks:
`layers`, `convolutions`, `poolings`, `normalizations`, `spatial`, `outputs`. What optimizers do: `updates`.
What is in nd.contrib: `contributed`. `followed` has the gradients that are MXNet's and not torch's.
"""

from . import (
    binary,
    contributed,
    convolutions,
    elementwise,
    joining,
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
    spreading,
    updates,
)

__all__ = [
    "binary",
    "contributed",
    "convolutions",
    "elementwise",
    "joining",
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
    "spreading",
    "updates",
]
