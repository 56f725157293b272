"""What was measured over the steps of a training, as lines or as a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .axes import Axes, axes_of_size

__all__ = ["over_steps"]

_LINES = 12
"""More parameters than these are drawn as a map: lines could not be told from each other."""

_TITLES = {
    "norm": "norm of the values",
    "mean": "mean of the values",
    "std": "standard deviation of the values",
    "max_abs": "largest magnitude of the values",
    "zeros": "share of zeros among the values",
    "grad_norm": "norm of the gradient",
    "grad_mean": "mean of the gradient",
    "grad_std": "standard deviation of the gradient",
    "grad_max_abs": "largest magnitude of the gradient",
    "grad_zeros": "share of zeros in the gradient",
    "update": "update relative to the weight",
}
_SIGNED = ("mean", "grad_mean")
_SHARES = ("zeros", "grad_zeros")


def over_steps(
    steps: Sequence[int], names: Sequence[str], found: np.ndarray[Any, Any], column: str, ax: Axes | None
) -> Axes:
    """Draw a column over the steps: lines for up to 12 parameters, for more a map with a row for each.

    Args:
        steps: their numbers.
        names: of the parameters.
        found: (steps, parameters); NaN where there is nothing.
        column: which of a log's columns it is.
        ax: the axes to draw into; None: new ones.
    """
    many = len(names) > _LINES
    ax = axes_of_size(ax, 9, max(4.5, min(12.0, 1.5 + 0.16 * len(names))) if many else 4.5)
    from matplotlib import colors, pyplot

    at = np.array(steps)
    finite = found[np.isfinite(found)]
    if many:
        remark = ""
        scale: Any = colors.Normalize(0, 1) if column in _SHARES else None
        if column in _SIGNED:
            most = float(np.abs(finite).max(initial=0)) or 1.0
            usual = float(np.median(np.abs(finite))) if len(finite) else most
            scale = colors.SymLogNorm(max(usual, most * 1e-6), vmin=-most, vmax=most)
        elif scale is None and (finite > 0).any():
            low, high = (float(edge) for edge in np.quantile(finite[finite > 0], (0.01, 1)))
            scale = colors.LogNorm(low, max(high, low * 10))
        shown = np.where(found > 0, found, np.nan) if isinstance(scale, colors.LogNorm) else found
        gaps = np.diff(at, append=at[-1] + (at[-1] - at[-2] if len(at) > 1 else 1))
        edges = np.append(at - gaps[0] / 2, at[-1] + gaps[-1] / 2)
        mesh = ax.pcolormesh(
            edges, np.arange(len(names) + 1), shown.T, norm=scale,
            cmap="RdBu_r" if column in _SIGNED else "viridis", rasterized=True,
        )  # fmt: skip
        if isinstance(scale, colors.LogNorm) and (found == 0).any():
            zeros = np.where(found == 0, 1.0, np.nan)
            grey = colors.ListedColormap(["0.82"])
            ax.pcolormesh(edges, np.arange(len(names) + 1), zeros.T, cmap=grey, rasterized=True)
            remark = "; grey where it is zero"
        ax.invert_yaxis()
        every = -(-len(names) // 60)
        ax.set_yticks(np.arange(0, len(names), every) + 0.5, names[::every], fontsize=7)
        ax.figure.colorbar(mesh, ax=ax, label=_TITLES[column], pad=0.01)
        ax.set_title(f"{_TITLES[column]}, by parameter{remark}", loc="left", fontsize=10)
    else:
        shades = pyplot.get_cmap("viridis")(np.linspace(0, 0.92, len(names)))  # in the model's order
        for values, name, shade in zip(found.T, names, shades, strict=True):
            ax.plot(at, values, color=shade, label=name, linewidth=1.5, marker="." * (len(at) < 25))
        if column not in _SIGNED + _SHARES and (finite > 0).any():
            ax.set_yscale("log", nonpositive="mask")
        ax.set_ylabel(_TITLES[column])
        ax.grid(alpha=0.25)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("step")
    ax.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    return ax
