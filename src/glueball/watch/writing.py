"""A log as a data frame and as files."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checkpoints.atomic import replacing
from ..errors import MissingExtraError

if TYPE_CHECKING:
    import pandas

    from .log import Log

__all__ = ["WRITERS", "frame"]


def columns(log: Log) -> dict[str, tuple[Any, Any]]:
    """By column all values, and where they are known (None: everywhere)."""
    from .log import COLUMNS

    blocks = log.blocks
    sizes = [len(block.names) for block in blocks]
    steps = np.repeat(np.array([block.step for block in blocks], dtype=np.int64), sizes)
    empty = np.zeros((len(COLUMNS), 0))
    values = np.concatenate([empty, *(block.values for block in blocks)], axis=1)
    known = np.concatenate([empty.astype(bool), *(block.known for block in blocks)], axis=1)
    found: dict[str, tuple[Any, Any]] = {
        "step": (steps, None),
        "name": ([name for block in blocks for name in block.names], None),
    }
    found.update({column: (values[at], known[at]) for at, column in enumerate(COLUMNS)})
    found["note"] = ([note for block in blocks for note in block.notes], None)
    return found


def frame(log: Log) -> pandas.DataFrame:
    """The rows as a pandas DataFrame."""
    try:
        import pandas
    except ModuleNotFoundError:
        raise MissingExtraError("pandas is not installed: pip install 'glueball[tables]'") from None
    return pandas.DataFrame(
        {
            column: values if known is None else np.where(known, values, math.nan)
            for column, (values, known) in columns(log).items()
        }
    )


def write_parquet(log: Log, path: str | os.PathLike[str]) -> None:
    """A Parquet file; what there is not is null."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtraError("pyarrow is not installed: pip install 'glueball[tables]'") from None
    kinds = {"step": pyarrow.int64(), "name": pyarrow.string(), "note": pyarrow.string()}
    table = pyarrow.table(
        {
            column: pyarrow.array(
                values, kinds.get(column, pyarrow.float64()), mask=None if known is None else ~known
            )
            for column, (values, known) in columns(log).items()
        }
    )
    with replacing(path) as file:
        parquet.write_table(table, file)


def write_lines(log: Log, path: str | os.PathLike[str]) -> None:
    """A line of JSON for each row."""
    with replacing(path) as file:
        for row in log:
            line = {column: _json(value) for column, value in row._asdict().items()}
            file.write(json.dumps(line, allow_nan=False).encode() + b"\n")


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


WRITERS: dict[str, Callable[[Any, Any], None]] = {
    ".parquet": write_parquet,
    ".jsonl": write_lines,
    ".ndjson": write_lines,
}
"""What writes a file, by its ending."""
