"""`glueball check`: what is wrong with a checkpoint."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import click

from ..checkpoints.base import Checkpoint
from ..errors import FileFormatError, GlueballError
from ..parameters.dictionary import ParameterDict
from ..parameters.files.renaming import parents
from ..views.table import Listing, bytes_text, plural
from .arguments import as_json
from .output import show_json, show_table
from .sources import opened

__all__ = ["check"]

KINDS = {
    "file": "it cannot be read: a damaged header, offsets that overlap or leave the file, a missing shard",
    "alias": "metadata that name another name of an array that is not there",
    "index": "the index and the shards do not agree",
    "stray": "a file beside the shards that the index does not name, or what a save left that was cut off",
    "values": "the bytes of an array cannot be read",
    "nan": "an array has NaN",
    "inf": "an array has infinities",
}


class Finding(NamedTuple):
    """Something that is wrong."""

    kind: str
    where: str
    message: str


@click.command(
    epilog="Kinds of findings: " + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()) + "."
)
@click.argument("file")
@click.option("--header", "header", is_flag=True, help="Do not read the arrays: no search for NaN.")
@click.option(
    "--ignore", multiple=True, type=click.Choice(list(KINDS)), help="A kind of finding that is none."
)
@as_json
def check(file: str, header: bool, ignore: tuple[str, ...], as_json: bool) -> None:
    """Find what is wrong with a checkpoint: header, offsets, shards, aliases, NaN.

    Exits with 0 where nothing is wrong, 1 where something is, 2 where the file cannot be opened at all.
    """
    summary = ""
    found: list[Finding] = []
    try:
        with opened(file) as params:
            whole: Checkpoint = params._tree.root.file
            summary = (
                f"{plural(len(whole), 'array')}, {bytes_text(sum(one.nbytes for one in whole.values()))}"
            )
            found += _aliases(whole)
            found += _shards(whole)
            found += [] if header else _values(params)
    except FileFormatError as error:
        found.append(Finding("file", file, str(error)))
    found = [finding for finding in found if finding.kind not in ignore]
    if as_json:
        show_json({"file": file, "ok": not found, "findings": [finding._asdict() for finding in found]})
    elif found:
        show_table(
            Listing(["kind", "where", "finding"], found, [f"{file}: {plural(len(found), 'finding')}"], None)
        )
    else:
        click.echo(f"{file}: nothing wrong in {summary}")
    sys.exit(1 if found else 0)


_NAME = re.compile(r"\w+([./][\w-]+)+")


def _aliases(file: Checkpoint) -> Iterator[Finding]:
    """Rows of metadata that look like ties and lead nowhere."""
    for key, text in file.metadata.items():
        names = _NAME.fullmatch(key) and _NAME.fullmatch(text) and _last(key) == _last(text)
        if names and key not in file and text not in file:
            yield Finding("alias", key, f"the metadata tie it to {text!r}, which is no array of the file")


def _last(name: str) -> str:
    return re.split("[./]", name)[-1]


def _shards(file: Checkpoint) -> Iterator[Finding]:
    """What lies in the folder of a checkpoint in shards, and what its index says of sizes and places."""
    folder = os.path.dirname(os.path.abspath(file.path))
    shards = [os.path.basename(path) for path in getattr(file, "files", [])]
    if not shards:
        return
    try:
        names = os.listdir(folder)
    except OSError:
        return  # shards that lie elsewhere than on a disk
    suffixes = {os.path.splitext(shard)[1] for shard in shards}
    for name in sorted(names):
        if name.startswith(".glueball-"):
            yield Finding("stray", name, "a save that was cut off left it; it can be removed")
        elif os.path.splitext(name)[1] in suffixes and name not in shards:
            yield Finding("stray", name, "the index does not name it")
    with open(file.path, "rb") as opened_index:
        index = json.load(opened_index)
    weights = index.get("weight_map", {})
    groups = {key.strip("/") for key in weights}
    for name, entry in file.items():
        if name not in weights and groups.isdisjoint(
            path for path in parents(name) if name[len(path)] == "/"
        ):
            where = os.path.basename(entry.file)
            yield Finding("index", name, f"it is in {where!r}, and not in the index")
    total = (index.get("metadata") or {}).get("total_size")
    real = sum(entry.nbytes for entry in file.values())
    if isinstance(total, (int, float)) and not isinstance(total, bool) and total != real:
        yield Finding("index", "total_size", f"the index says {int(total):,} bytes, the arrays have {real:,}")


def _values(params: ParameterDict) -> Iterator[Finding]:
    """Arrays that cannot be read, or have NaN or infinities."""
    for name in params:
        try:
            stats = params[name].stats()
        except GlueballError as error:
            yield Finding("values", name, str(error))
            continue
        for kind, count, word in (("nan", stats.nan, "NaN"), ("inf", stats.inf, "infinite")):
            if count:
                yield Finding(kind, name, f"{count:,} of {plural(stats.count, 'element')} {word}")
