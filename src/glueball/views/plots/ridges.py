"""Distributions as ridgelines: one for each parameter, in the model's order from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import PatternError
from ...measures import Stats
from ..densities import counts_between, inner_range
from .axes import FIRST, INK, Axes, axes_of_size, check_of, mark_labels, need_rows, room, shorten, tidy

__all__ = ["distributions"]

POINTS = 240
"""Points of a ridge."""

FILL = "#7aa9b8"


def distributions(
    rows: Iterable[Any],
    *,
    of: Literal["data", "grad"] = "data",
    scale: Literal["shared", "each"] = "shared",
    overlap: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Ridgelines of the values (or gradients) of many parameters.

    Each ridge has the same height at its highest point. What has no finite value, or no values at all, is a
    label without a ridge.

    Args:
        rows: rows with `name`, `data` and `grad`, as `params.stats()` gives them.
        of: the values or the gradients.
        scale: "shared" draws all over one axis, which leaves out the outermost thousandth of the widest
            ones; "each" draws every ridge in units of its own standard deviation, around its mean, so that
            shapes compare where sizes do not.
        overlap: how far a ridge rises, in distances between ridges; None for more where there are many.
        ax: axes to draw into; None for a new figure.

    Returns:
        The axes.

    Raises:
        NothingSelectedError: no row has a finite value.
        PatternError: `of` or `scale` is none of these.
        MissingExtraError: matplotlib is not installed.
    """
    check_of(of)
    if scale not in ("shared", "each"):
        raise PatternError(
            f'scale is {scale!r}: write "shared" for one axis, or "each" for standard deviations.'
        )
    given = [(row.name, getattr(row, of)) for row in rows]
    drawn = [stats for _, stats in given if stats is not None and stats.finite]
    need_rows(drawn, f"no parameter has {'values' if of == 'data' else 'a gradient'}")
    ax = axes_of_size(ax, 7.2, min(16.0, max(2.6, 0.9 + 0.3 * len(given))))
    low, high = (-4.0, 4.0) if scale == "each" else limits(drawn)
    across = np.linspace(low, high, POINTS)
    overlap = 0.9 + min(2.4, max(0, len(given) - 20) / 90) if overlap is None else overlap
    thin = max(0.25, min(0.9, 40 / len(given)))
    for at, (_, stats) in enumerate(given):
        if stats is None or not stats.finite:
            continue
        centre, unit = (stats.mean, stats.std or 1.0) if scale == "each" else (0.0, 1.0)
        height = density(stats, across * unit + np.real(centre))
        if not height.max():
            continue
        base = -float(at)
        line = base + height / height.max() * overlap
        ax.fill_between(across, base, line, color=FILL, linewidth=0, zorder=at)
        ax.plot(across, line, color="white", linewidth=thin, zorder=at)
        ax.plot(across[[0, -1]], [base, base], color=FIRST, alpha=0.35, linewidth=thin / 2, zorder=at)
    ax.set_xlim(low, high)
    ax.set_ylim(-len(given) + 0.6, overlap + 0.25)
    if low < 0 < high:
        ax.axvline(0, color=INK, linewidth=0.6, alpha=0.35, linestyle=(0, (2, 3)), zorder=len(given))
    tidy(ax)
    ax.spines["left"].set_visible(False)
    marks = mark_labels([name for name, _ in given], room(ax, True, 11.5))
    ax.set_yticks([-at for at, _ in marks], [shorten(label) for _, label in marks])
    ax.tick_params(axis="y", length=0 if len(marks) == len(given) else 3)
    what = "value" if of == "data" else "gradient"
    ax.set_xlabel(f"{what}, in standard deviations from the mean" if scale == "each" else what)
    return ax


def limits(drawn: Sequence[Stats]) -> tuple[float, float]:
    """One axis for all, without what a few far elements, or one wide layer among many, would add."""
    inner = np.array([stats.quantile([0.001, 0.999]) for stats in drawn])
    low = float(np.quantile(inner[:, 0], 0.02))
    high = float(np.quantile(inner[:, 1], 0.98))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def density(stats: Stats, across: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many elements lie around each point: within three points, or one and a half of the bins."""
    step = float(across[1] - across[0])
    low, high = inner_range(stats)
    half = max(1.5 * step, 0.75 * (high - low) / 64)
    edges = np.column_stack((across - half, across + half))
    return counts_between(stats, edges.ravel())[::2]
