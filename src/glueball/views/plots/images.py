"""A matrix as an image: zero is white, signs are two hues, and a few far elements do not hide the rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ShapeError
from .axes import Axes, axes_of_size, need_rows

if TYPE_CHECKING:
    from matplotlib.axis import Axis

__all__ = ["image"]

MOST = 1024
"""Rows or columns of an image; of more, blocks are averaged."""

NOT_FINITE = "#c2185b"


def image(array: Any, *, title: str = "", limit: float | None = None, ax: Axes | None = None) -> Axes:
    """A matrix, a vector or a convolution's kernels as an image.

    The scale is symmetric around 0, from -limit to limit; the colour bar has arrows where elements lie
    beyond. NaN and infinities have a colour of their own. Of a convolution `(outputs, inputs, *kernel)` each
    kernel is a tile: outputs from top to bottom, inputs from left to right. Large arrays are averaged over
    blocks, and the colour bar says so.

    Args:
        array: of any number of dimensions; of complex numbers the magnitudes are shown.
        title: above the image.
        limit: of the scale; None for the 99.5th percentile of the magnitudes that are shown.
        ax: axes to draw into; None for a new figure.

    Returns:
        The axes.

    Raises:
        NothingSelectedError: the array is empty.
        ShapeError: it has no dimensions, or the limit is not above 0.
        MissingExtraError: matplotlib is not installed.
    """
    values = np.asarray(array)
    if not values.ndim:
        raise ShapeError(
            "a single number is no image: print it, or plot a parameter of one dimension or more."
        )
    need_rows(range(values.size), f"an array of shape {values.shape} has no elements")
    if limit is not None and not limit > 0:
        raise ShapeError(f"limit is {limit!r}; write a number above 0, or None.")
    says = "value"
    if np.iscomplexobj(values):
        values, says = np.abs(values), "magnitude"
    shown = sheet(values.astype(np.float64 if values.dtype.itemsize > 4 else np.float32))
    shown, block = averaged(shown)
    if block != (1, 1):
        says = f"mean of {block[0]} × {block[1]} elements"
    finite = shown[np.isfinite(shown)]
    sizes = np.abs(finite)
    if limit is None:
        limit = float(np.quantile(sizes, 0.995)) if sizes.size else 0.0
    most = limit or float(sizes.max(initial=0)) or 1.0
    height, width = shown.shape
    ax = axes_of_size(ax, *figure_size(width, height))
    import matplotlib
    from matplotlib.colors import to_rgba

    colours = matplotlib.colormaps["RdBu_r"].with_extremes(bad="none")
    wide = max(width / height, height / width) > 6
    drawn = ax.imshow(
        np.where(np.isfinite(shown), shown, np.nan), cmap=colours, vmin=-most, vmax=most,
        interpolation="nearest" if max(shown.shape) < 400 else "antialiased", interpolation_stage="data",
        aspect="auto" if wide else "equal",
    )  # fmt: skip
    if not np.isfinite(values).all():
        gaps = np.isnan(sheet(np.zeros(values.shape, np.float32)))
        broken = ~np.isfinite(shown) & (~gaps if block == (1, 1) else True)
        marks = np.where(broken[..., None], to_rgba(NOT_FINITE), 0.0)
        ax.imshow(marks, interpolation="nearest", aspect="auto" if wide else "equal")
    below, above = finite.min(initial=0) < -most, finite.max(initial=0) > most
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    bar = ax.figure.colorbar(drawn, ax=ax, extend=extend, shrink=0.86, aspect=24, pad=0.02)
    bar.set_label(says, fontsize=9)
    bar.ax.tick_params(labelsize=8.5, width=0.6)
    bar.outline.set_visible(False)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)
        spine.set_color("#8a8d94")
    ax.tick_params(labelsize=8.5, width=0.6)
    label_places(ax, values.shape, shown.shape)
    if title:
        ax.set_title(title, fontsize=10, loc="left")
    return ax


def sheet(values: NDArray[Any]) -> NDArray[Any]:
    """Any array as a matrix; kernels are tiles, with a gap of NaN between them where there is room."""
    if values.ndim == 1:
        return values[None, :]
    if values.ndim == 2:
        return values
    if values.ndim == 3:
        values = values[:, :, None, :]
    # Of volumes the slices stand side by side.
    outputs, inputs, *slices, rows, columns = values.shape
    inputs *= math.prod(slices)
    values = values.reshape(outputs, inputs, rows, columns)
    gap = int(rows * columns > 1 and max(outputs * (rows + 1), inputs * (columns + 1)) <= MOST)
    made = np.full((outputs, rows + gap, inputs, columns + gap), np.nan, values.dtype)
    made[:, :rows, :, :columns] = values.transpose(0, 2, 1, 3)
    made = made.reshape(outputs * (rows + gap), inputs * (columns + gap))
    return made[: made.shape[0] - gap, : made.shape[1] - gap]


def averaged(values: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, int]]:
    """At most `MOST` rows and columns, by the means of blocks; and the blocks' size."""
    steps = [-(-length // MOST) for length in values.shape]
    if steps == [1, 1]:
        return values, (1, 1)
    for axis, step in enumerate(steps):
        starts = np.arange(0, values.shape[axis], step)
        counts = np.diff([*starts, values.shape[axis]])
        means = np.add.reduceat(values, starts, axis=axis) / (counts if axis else counts[:, None])
        values = means.astype(values.dtype)
    return values, (steps[0], steps[1])


def figure_size(width: int, height: int) -> tuple[float, float]:
    """Inches for an image of so many columns and rows, with its colour bar."""
    ratio = width / height
    if ratio > 6:
        return 7.2, 1.9
    if ratio < 1 / 6:
        return 3.0, 7.2
    tall = 5.2 / max(ratio, 0.6) if ratio > 1 else 5.2
    return min(9.0, max(3.4, tall * ratio + 1.5)), max(2.0, min(7.5, tall + 0.4))


def label_places(ax: Axes, shape: tuple[int, ...], shown: tuple[int, ...]) -> None:
    """Ticks that count the array's own rows and columns, whatever they became in the image."""
    from matplotlib.ticker import MaxNLocator

    if len(shape) == 1:
        sides: list[tuple[Axis, str, int, int]] = [(ax.xaxis, "element", shape[0], shown[1])]
        ax.set_yticks([])
    else:
        sides = [(ax.yaxis, "output", shape[0], shown[0]), (ax.xaxis, "input", shape[1], shown[1])]
    for axis, name, count, length in sides:
        every = MaxNLocator(6, integer=True, min_n_ticks=1).tick_values(0, max(1, count - 1))
        ticks = [int(tick) for tick in every if 0 <= tick < count and float(tick).is_integer()]
        middles = [(tick + 0.5) * length / count - 0.5 for tick in ticks]
        axis.set_ticks(middles, [f"{tick:,}" for tick in ticks])
        axis.set_label_text(f"{name} ({count:,})", fontsize=9)
