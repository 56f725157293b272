"""What all plots share: axes to draw into, and labels of layers that stay readable however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ...errors import MissingExtraError, NothingSelectedError, PatternError

if TYPE_CHECKING:
    from matplotlib import axes

__all__ = ["Axes", "axes_of_size", "check_of", "mark_labels", "need_rows", "room", "shorten", "tidy"]

Axes: TypeAlias = "axes.Axes"

INK, QUIET, FIRST, SECOND, ALARM = "#1c1d20", "#8a8d94", "#24728b", "#c77a35", "#b3261e"


def axes_of_size(ax: Axes | None, width: float, height: float) -> Axes:
    """The given axes, or those of a new figure of so many inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as missing:
        if missing.name != "matplotlib":
            raise
        raise MissingExtraError("matplotlib is not installed: pip install 'glueball[plot]'") from None
    if ax is not None:
        return ax
    made: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return made


def check_of(of: str) -> None:
    """Refuse to plot what is neither values nor gradients.

    Raises:
        PatternError: it is not.
    """
    if of not in ("data", "grad"):
        raise PatternError(f'of is {of!r}: write "data" for the values or "grad" for the gradients.')


def need_rows(rows: Sequence[Any], what: str) -> None:
    """Refuse to plot nothing.

    Raises:
        NothingSelectedError: there are no rows.
    """
    if not rows:
        raise NothingSelectedError(f"there is nothing to plot: {what}.")


def tidy(ax: Axes) -> None:
    """Quiet axes: no box, thin ticks."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)
    ax.tick_params(colors=INK, which="both", labelsize=9, width=0.6)


def room(ax: Axes, vertical: bool, points: float) -> int:
    """How many labels, each so many points high, find room along an axis."""
    box = ax.get_position()
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    inches = box.height * height if vertical else box.width * width
    return max(2, int(inches * 72 / points))


def mark_labels(names: Sequence[str], most: int) -> list[tuple[int, str]]:
    """(place, label) for at most so many of the names, in order.

    Few names are all written. Of many, the first of each layer is, under the layer's name: of the smallest
    layers for which there is room. Where no level of layers fits, names are taken at equal distances.

    >>> names = [f"blocks.{i}.{kind}.weight" for i in range(4) for kind in ("attn", "mlp")]
    >>> mark_labels(names, 5)
    [(0, 'blocks.0'), (2, 'blocks.1'), (4, 'blocks.2'), (6, 'blocks.3')]
    >>> mark_labels(["a.weight", "a.bias"], 5)
    [(0, 'a.weight'), (1, 'a.bias')]
    """
    if len(names) <= most:
        return list(enumerate(names))
    parts = [name.split(".") for name in names]
    best: list[tuple[int, str]] = []
    for depth in range(1, max(map(len, parts))):
        layers = [".".join(part[:depth]) for part in parts]
        starts = [(at, layer) for at, layer in enumerate(layers) if at == 0 or layers[at - 1] != layer]
        if len(starts) > most:
            break
        best = starts
    # A model that is one long list of layers has a single start, or few that say nothing.
    if len(best) < most / 4:
        step = -(-len(names) // most)
        return [(at, names[at]) for at in range(0, len(names), step)]
    return _apart(best, len(names), len(names) / most)


def _apart(starts: Sequence[tuple[int, str]], count: int, least: float) -> list[tuple[int, str]]:
    """Those that do not stand too near to one of a larger layer."""
    ends = [at for at, _ in starts[1:]] + [count]
    kept: list[tuple[int, str]] = []
    for _, start in sorted(zip(ends, starts, strict=True), key=lambda one: one[1][0] - one[0]):
        if all(abs(start[0] - at) >= least for at, _ in kept):
            kept.append(start)
    return sorted(kept)


def shorten(label: str, most: int = 34) -> str:
    """A label of at most so many letters, the middle left out.

    >>> shorten("encoder.layers.0.attention.weight", 20)
    'encoder.l…ion.weight'
    """
    if len(label) <= most:
        return label
    tail = most // 2
    return f"{label[: most - tail - 1]}…{label[-tail:]}"
