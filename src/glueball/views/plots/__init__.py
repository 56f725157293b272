"""Plots of parameters by matplotlib (the extra `plot`): they take rows or an array, and return the axes.

- `distributions`: how the values of each layer are spread, as ridgelines, one above the other.
- `gradient_flow`: how large the gradients are from the first layer to the last.
- `change`: how far each parameter moved, from the first layer to the last.
- `over_steps`: what a watch measured, step by step.
- `image`: one matrix, or the kernels of a convolution, as an image.

Each takes `ax=`, axes to draw into; without it a figure of a fitting size is made. Nothing is shown: a
notebook does that by itself, elsewhere `ax.figure.savefig("plot.png")` or `matplotlib.pyplot.show()`.
"""

from .axes import Axes, check_of
from .depth import change, gradient_flow
from .images import image
from .ridges import distributions
from .steps import over_steps

__all__ = ["Axes", "change", "check_of", "distributions", "gradient_flow", "image", "over_steps"]
