"""`glueball stats`: statistics of each array of a checkpoint."""

from __future__ import annotations

import click

from ..views.statistics import statistics_table
from .arguments import as_json, everything
from .output import line_limit, plain_blocks, show_json, show_table
from .sources import opened

__all__ = ["stats"]


@click.command()
@click.argument("file")
@click.argument("pattern", required=False)
@click.option("--sort", "by", metavar="COLUMN", help="By name, size, norm, std, zeros, nan, q0.99 …")
@click.option(
    "--quantile", "quantiles", multiple=True, type=float, metavar="SHARE", help="An exact quantile."
)
@click.option("--rank", is_flag=True, help="The effective rank of each matrix; slow for large ones.")
@everything
@as_json
def stats(
    file: str,
    pattern: str | None,
    by: str | None,
    quantiles: tuple[float, ...],
    rank: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Show statistics of each array: min, max, mean, std, norm, zeros, NaN, infinities, a histogram.

    Numbers are those of the finite elements. Each array is read once, in pieces, on all cores.
    """
    with opened(file) as params:
        taken = params if pattern is None else params.select(pattern)
        table = taken.stats(grad=False, quantiles=quantiles, rank=rank)
        if by is not None:
            table = table.sort(by)
        if as_json:
            show_json({"file": file, "arrays": [_as_json(row) for row in table]})
            return
        show_table(statistics_table(table.rows, limit=line_limit(everything), plain=plain_blocks()))


def _as_json(row: object) -> dict[str, object]:
    from ..parameters.seeing.statistics import StatsRow

    assert isinstance(row, StatsRow)
    found = row.as_dict()
    if row.data is not None:
        found["quantiles"] = {
            str(share): row.data.quantile(share) for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
        }
        histogram = row.data.histogram
        found["histogram"] = {
            "counts": histogram.counts.tolist(),
            "low": histogram.low,
            "high": histogram.high,
        }
    return found
