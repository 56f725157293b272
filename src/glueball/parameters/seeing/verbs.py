"""Seeing: the verbs that show parameters, as plots and as a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...errors import PatternError
from ..selection import Selection

if TYPE_CHECKING:
    from ...views.plots import Axes

__all__ = ["Seeing"]


class Seeing(Selection):
    """A selection that can be plotted and reported."""

    def plot(
        self,
        kind: Literal["distributions", "gradients", "changes"] = "distributions",
        *,
        since: Any = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Axes:
        """Plot these parameters with matplotlib, in the order of depth.

        - "distributions": how their values are spread, as ridgelines, one above the other. `of="grad"` takes
          the gradients, and `scale="each"` draws each in its own standard deviations.
        - "gradients": how large the gradients are from the first layer to the last.
        - "changes": how far each has moved since it was as in `since`, relative to its norm there.

        One matrix is plotted as an image by `params[name].plot()`.

        Args:
            kind: one of these.
            since: for "changes": a snapshot, a model, other parameters or a file.
            ax: axes to draw into; None for a new figure of a fitting size.
            **options: of `glueball.views.plots`.

        Returns:
            The axes; `.figure.savefig("plot.png")` keeps them.

        Raises:
            MissingExtraError: matplotlib is not installed.
            NothingSelectedError: there is nothing to plot.
            PatternError: there is no such plot, or `since` is missing.

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)))
        >>> ax = params.plot("distributions")
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['0.weight', '0.bias', '1.weight', '1.bias']
        """
        from ...views import plots
        from .statistics import measure_rows

        if kind not in ("distributions", "gradients", "changes"):
            raise PatternError(f'{kind!r} is no plot: write "distributions", "gradients" or "changes".')
        if (kind == "changes") == (since is None):
            raise PatternError(
                'plot("changes", since=…) needs what the parameters were before, such as params.snapshot(); '
                "the other plots take no since."
            )
        if kind == "changes":
            from .differences import diff

            return plots.change([row for row in diff(since, self) if row.name in self], ax=ax, **options)
        grad = kind == "gradients" or options.get("of") == "grad"
        rows = measure_rows(self._tree, self._rows, grad=grad, quantiles=(), rank=False)
        if kind == "distributions":
            return plots.distributions(rows, ax=ax, **options)
        trains = [row for row, parameter in zip(rows, self.values(), strict=True) if parameter.trainable]
        return plots.gradient_flow(trains, ax=ax, **options)

    def report(
        self,
        path: str | os.PathLike[str],
        other: Any = None,
        *,
        title: str | None = None,
        labels: Sequence[str] | None = None,
        grad: bool = True,
    ) -> Path:
        """Write a report of these parameters: one HTML file, to be opened in any browser.

        It holds totals, a map by size, a table that is searched with the patterns of `select` and sorted, and
        for each parameter its statistics, histogram, ties and origin. It loads nothing from anywhere, so it
        can be kept, sent and opened without a network.

        Args:
            path: of the file, which is replaced when the report is complete.
            other: a second side to compare with, as `gb.diff` takes it: a model, other parameters, a
                snapshot, arrays by name, or the path of a file.
            title: above the report; None for the model's class or the file's name.
            labels: what the sides are called, one text for each.
            grad: whether to measure gradients too, where there are any.

        Returns:
            The path.

        Raises:
            FileFormatError: `other` is a file that nothing here knows, or it is damaged.
            MeasureError: `other` is nothing that can be compared.
            PatternError: there are not as many labels as sides.
            OSError: the file cannot be written.

        >>> import glueball as gb
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Linear(4, 8))
        >>> with TemporaryDirectory() as folder:
        ...     path = params.report(Path(folder, "net.html"))
        ...     path.read_text()[:15]
        '<!doctype html>'
        """
        from .reporting import write_report

        return write_report(self, path, other, title=title, labels=labels, grad=grad)
