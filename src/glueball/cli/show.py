"""`glueball show`: what is in a checkpoint, without reading its arrays."""

from __future__ import annotations

import os
from functools import cache
from operator import attrgetter
from typing import Any

import click

from ..checkpoints.base import Checkpoint
from ..parameters.dictionary import ParameterDict
from ..parameters.garbage import no_garbage
from ..views.files import FileRow, file_table, file_tree
from ..views.table import bytes_text, plural
from .arguments import as_json, everything
from .output import line_limit, show_json, show_table
from .sources import opened

__all__ = ["show"]


@click.command()
@click.argument("file")
@click.argument("pattern", required=False)
@click.option("--tree", is_flag=True, help="Layers in layers, each with its totals.")
@click.option("--metadata", is_flag=True, help="The file's metadata, and what is in it besides arrays.")
@everything
@as_json
def show(file: str, pattern: str | None, tree: bool, metadata: bool, everything: bool, as_json: bool) -> None:
    """Show what is in a checkpoint: names, shapes, dtypes, bytes, ties.

    No array is read. Numbered layers that are alike are one line, unless --all is given.
    """
    with no_garbage(), opened(file) as params:
        whole = params._tree.root.file
        taken = params if pattern is None else params.select(pattern)
        rows = _rows(taken, whole)
        if as_json:
            show_json({**_description(whole, rows), "file": file})
            return
        below = _below(whole, rows, metadata, file)
        limit = line_limit(everything)
        if tree:
            show_table(file_tree(rows, below, fold=not everything))
        else:
            show_table(file_table(rows, below, fold=False if everything else None, limit=limit))


def _rows(params: ParameterDict, file: Checkpoint) -> list[FileRow]:
    tree = params._tree
    tied = set(tree.rows_with_more_slots)
    rows = []
    dtype_name = cache(attrgetter("name"))  # which NumPy works out anew each time
    for row in params._rows:
        name = tree.names[row]
        entry = file[name]
        others = tree.slots(row)[1:] if row in tied else ()
        storage = "" if entry.storage == "default" else entry.storage
        rows.append(
            FileRow(name, entry.shape, dtype_name(entry.dtype), entry.nbytes, others, storage, entry.file)
        )
    return rows


def _description(file: Checkpoint, rows: list[FileRow]) -> dict[str, Any]:
    arrays = [
        {
            "name": row.name,
            "shape": row.shape,
            "dtype": row.dtype,
            "bytes": row.nbytes,
            "names": [row.name, *row.others],
            "storage": row.storage or "default",
            "file": row.file,
        }
        for row in rows
    ]
    return {
        "file": file.path,
        "format": file.format,
        "arrays": arrays,
        "count": sum(row.size for row in rows),
        "bytes": sum(row.nbytes for row in rows),
        "metadata": file.metadata,
        "other": file.other,
    }


def _below(file: Checkpoint, rows: list[FileRow], metadata: bool, asked: str) -> list[str]:
    """The lines under the table: totals, and what else is in the file."""
    shards = {row.file for row in rows} - {file.path}
    where = os.path.basename(file.path) if asked != "-" else "standard input"
    parts = [
        plural(len(rows), "array"),
        plural(sum(row.size for row in rows), "element"),
        bytes_text(sum(row.nbytes for row in rows)),
    ]
    tied = sum(len(row.others) for row in rows)
    if tied:
        parts.append(f"{plural(tied, 'other name')} by ties")
    if len(shards) > 1:
        parts.append(f"in {len(shards)} shards")
    lines = [f"{where} ({file.format}): {', '.join(parts)}"]
    if metadata:
        lines += [f"metadata {key}: {text}" for key, text in file.metadata.items()] or ["no metadata"]
        lines += [f"besides {where}: {what}" for where, what in file.other.items()]
    else:
        if file.metadata:
            lines.append(_short("metadata", [f"{key}: {text}" for key, text in file.metadata.items()]))
        if file.other:
            lines.append(_short("besides", list(file.other)))
    return lines


def _short(title: str, texts: list[str]) -> str:
    shown = [text if len(text) <= 40 else f"{text[:39]}…" for text in texts[:3]]
    more = f" and {len(texts) - 3:,} more (--metadata)" if len(texts) > 3 else ""
    return f"{title}: {', '.join(shown)}{more}"
