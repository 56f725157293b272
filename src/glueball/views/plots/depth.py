"""Sizes from the first layer to the last: of gradients, and of changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .axes import (
    ALARM,
    FIRST,
    INK,
    QUIET,
    SECOND,
    Axes,
    axes_of_size,
    mark_labels,
    need_rows,
    room,
    shorten,
    tidy,
)

__all__ = ["change", "gradient_flow"]

ROLES = (FIRST, SECOND, "#6a8f4e", "#8d6a9f", QUIET)
"""Colours of the kinds of parameter, by the last part of their names; the last is for all others."""


def gradient_flow(rows: Iterable[Any], *, ax: Axes | None = None) -> Axes:
    """How large the gradients are by depth: the root of the mean square for each parameter, on a log scale.

    Parameters of one role (`weight`, `bias`) are one line, with a bar up to the largest element. A gradient
    that is zero everywhere, that is not there, or that has a NaN or an infinity stands on a line of its own
    below.

    Args:
        rows: rows with `name` and `grad`, in the order of depth, as `params.stats()` gives them.
        ax: axes to draw into; None for a new figure.

    Returns:
        The axes.

    Raises:
        NothingSelectedError: there are no rows.
        MissingExtraError: matplotlib is not installed.
    """
    points = []
    for row in rows:
        stats = row.grad
        if stats is None:
            points.append(Point(row.name, "no gradient"))
        elif stats.nan or stats.inf:
            points.append(Point(row.name, "NaN or ∞"))
        else:
            size = stats.norm / math.sqrt(stats.count) if stats.count else 0.0
            largest = max(abs(stats.min), abs(stats.max))
            points.append(Point(row.name, "zero") if not size else Point(row.name, "", size, largest))
    need_rows(points, "there are no parameters")
    return plot(points, "gradient, root mean square", ax)


def change(rows: Iterable[Any], *, ax: Axes | None = None) -> Axes:
    """How far parameters moved by depth: the norm of the difference over the norm before, on a log scale.

    Args:
        rows: rows with `name`, `status` and `relative`, in the order of depth, as `gb.diff(before, after)`
            gives them. What did not change, and what has no counterpart, stands on a line of its own below.
        ax: axes to draw into; None for a new figure.

    Returns:
        The axes.

    Raises:
        NothingSelectedError: there are no rows.
        MissingExtraError: matplotlib is not installed.
    """
    points = []
    for row in rows:
        size = row.relative
        if row.status in ("added", "removed", "reshaped"):
            points.append(Point(row.name, row.status))
        elif math.isinf(size):
            points.append(Point(row.name, "zero before"))
        elif math.isnan(size):
            points.append(Point(row.name, "no number"))
        else:
            points.append(Point(row.name, "", size) if size else Point(row.name, "unchanged"))
    need_rows(points, "there are no parameters")
    return plot(points, "relative change", ax)


class Point:
    """One parameter: its size, or the line below on which it stands."""

    def __init__(self, name: str, below: str, size: float = math.nan, largest: float = math.nan) -> None:
        self.name, self.below, self.size, self.largest = name, below, size, largest

    @property
    def role(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


def plot(points: Sequence[Point], what: str, ax: Axes | None) -> Axes:
    """Draw points over their places in the model."""
    ax = axes_of_size(ax, min(13.0, max(5.4, 3.2 + 0.16 * len(points))), 4.2)
    many = len(points) > 60
    sized = [at for at, point in enumerate(points) if not point.below]
    counts: dict[str, int] = {}
    for point in points:
        counts[point.role] = counts.get(point.role, 0) + 1
    named = sorted(counts, key=lambda role: -counts[role])[: len(ROLES) - 1]
    for colour, role in zip(ROLES, [*named, None], strict=False):
        mine = [at for at in sized if (points[at].role == role if role else points[at].role not in named)]
        if not mine:
            continue
        sizes = [points[at].size for at in mine]
        ax.plot(
            mine, sizes, "o-" if role else "o", label=role or "others", color=(colour, 0.4), linewidth=0.9,
            markerfacecolor=colour, markersize=2.4 if many else 5, markeredgewidth=0, zorder=3,
        )  # fmt: skip
        tall = [at for at in mine if points[at].largest > points[at].size]
        ax.vlines(
            tall, [points[at].size for at in tall], [points[at].largest for at in tall],
            color=colour, alpha=0.3, linewidth=1 if many else 2.4, zorder=2,
        )  # fmt: skip
    if sized:
        ax.set_yscale("log")
        fit_decades(ax, [points[at].size for at in sized] + [points[at].largest for at in sized])
    else:
        ax.set_yticks([])
    stand_below(ax, points, many)
    tidy(ax)
    ax.grid(axis="y", color=QUIET, alpha=0.25, linewidth=0.5)
    ax.set_xlim(-0.5 - 0.01 * len(points), len(points) - 0.5 + 0.01 * len(points))
    label_depth(ax, [point.name for point in points])
    ax.set_ylabel(what)
    if len(named) > 1 and sized:
        ax.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(ROLES), frameon=False, fontsize=9,
            handlelength=1.2, columnspacing=1.4, borderaxespad=0.2,
        )  # fmt: skip
    return ax


def fit_decades(ax: Axes, sizes: Iterable[float]) -> None:
    """Limits with some room, at least a decade apart."""
    known = np.log10([size for size in sizes if size > 0 and math.isfinite(size)])
    low, high = float(known.min()), float(known.max())
    margin = max(0.08 * (high - low), (1 - (high - low)) / 2, 0.05)
    ax.set_ylim(10 ** (low - margin), 10 ** (high + margin))


def stand_below(ax: Axes, points: Sequence[Point], many: bool) -> None:
    """What has no size, on lines under the axes: one for each reason."""
    from matplotlib.transforms import blended_transform_factory

    reasons = list(dict.fromkeys(point.below for point in points if point.below))
    lines = blended_transform_factory(ax.transData, ax.transAxes)
    for line, reason in enumerate(reasons):
        height = 0.035 + 0.055 * line
        mine = [at for at, point in enumerate(points) if point.below == reason]
        colour = ALARM if reason.startswith("NaN") else INK if reason == "zero" else QUIET
        ax.plot(
            mine, [height] * len(mine), "x" if reason.startswith("NaN") else "|", transform=lines,
            color=colour, markersize=4 if many else 6, markeredgewidth=1.2, zorder=4, clip_on=False,
        )  # fmt: skip
        ax.annotate(
            f"{reason} ({len(mine)})", (1.0, height), xycoords="axes fraction", xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=colour, annotation_clip=False,
        )  # fmt: skip
    if reasons and ax.get_yscale() == "log":
        low, high = np.log10(ax.get_ylim())
        share = 0.03 + 0.055 * len(reasons)
        ax.set_ylim(10 ** (low - (high - low) * share / (1 - share)), 10**high)
        # There is no scale on these lines.
        for minor in (False, True):
            ticks = ax.yaxis.get_ticklocs(minor=minor)
            ax.set_yticks([tick for tick in ticks if 10**low <= tick <= 10**high], minor=minor)
        ax.axhline(10**low, color=QUIET, linewidth=0.5, zorder=1)


def label_depth(ax: Axes, names: Sequence[str]) -> None:
    """Names or layers below the axis, turned where they are long."""
    marks = mark_labels(names, room(ax, False, 13))
    longest = max(len(label) for _, label in marks)
    flat = len(marks) * longest * 6.2 < room(ax, False, 1)
    ax.set_xticks([at for at, _ in marks], [shorten(label, 30) for _, label in marks])
    if not flat:
        ax.tick_params(axis="x", labelrotation=90 if len(marks) > 10 else 35)
        if len(marks) <= 10:
            for label in ax.get_xticklabels():
                label.set_horizontalalignment("right")
                label.set_rotation_mode("anchor")
