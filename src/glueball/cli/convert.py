"""`glueball convert`: a checkpoint in another format, dtype, selection, with other names."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..checkpoints.base import Checkpoint
from ..checkpoints.lazy import Lazy
from ..checkpoints.writing import FORMATS, format_of, write_file
from ..errors import DTypeError, FileFormatError, PatternError
from ..parameters.dictionary import ParameterDict
from ..parameters.files.renaming import renamed
from ..views.progress import shown
from ..views.table import names_text, plural
from .arguments import rename_option, rules_of, selecting
from .output import tell
from .sources import STDIN, chosen, opened

__all__ = ["convert", "taken_arrays"]

_KEEPS_METADATA = ("safetensors", "shards")


@click.command()
@click.argument("a")
@click.argument("b")
@selecting
@rename_option
@click.option("--dtype", metavar="DTYPE", help="Cast floating arrays: float32, float16, bfloat16, …")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default that of B's suffix.")
@click.option("--like", metavar="FILE", help="For Keras's formats: a file of the same model.")
@click.option("--max-shard-size", metavar="SIZE", help="Into a folder of shards of at most 5GB, 500MiB, …")
@click.option("--copies", is_flag=True, help="Write tied arrays once for each name.")
def convert(
    a: str,
    b: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    rename: tuple[str, ...],
    dtype: str | None,
    form: str | None,
    like: str | None,
    max_shard_size: str | None,
    copies: bool,
) -> None:
    """Write checkpoint A as B, in the format of B's suffix; one array at a time is in memory.

    Ties are kept where the format can keep them. What B cannot hold is said, never dropped in silence. B is
    replaced when it is complete. With B as - the file goes to standard output; --format says which.
    """
    kind = form or (format_of(b, sharded=max_shard_size is not None) if b != STDIN else None)
    if kind is None:
        raise click.UsageError("standard output has no suffix: say --format.")
    with opened(a) as params:
        file: Checkpoint = params._tree.root.file
        arrays, aliases = taken_arrays(file, chosen(params, include, exclude), rules_of(rename))
        if dtype is not None:
            arrays = {name: _cast(name, lazy, dtype) for name, lazy in arrays.items()}
        if copies:
            arrays |= {alias: arrays[name] for alias, name in aliases.items()}
            aliases = {}
        metadata = dict(file.metadata) if kind in _KEEPS_METADATA else {}
        options: dict[str, Any] = {
            "format": form, "aliases": aliases, "metadata": metadata, "like": like,
            "max_shard_size": max_shard_size,
        }  # fmt: skip
        total = sum(int(np.prod(lazy.shape)) * lazy.dtype.itemsize for lazy in arrays.values())
        with shown("writing", total, None) as progress:
            if b == STDIN:
                _to_stdout(arrays, {**options, "progress": progress})
            else:
                write_file(b, arrays, progress=progress, **options)
        for left_out in _left_out(file, kind):
            tell(f"not in {b}: {left_out}")
        if b != STDIN:
            tied = f", {plural(len(aliases), 'tie')}" if aliases else ""
            tell(f"{b}: {plural(len(arrays), 'array')}{tied}")


def taken_arrays(
    file: Checkpoint, params: ParameterDict, rules: Mapping[Any, str | None]
) -> tuple[dict[str, Lazy], dict[str, str]]:
    """The arrays of a selection under their new names, and the other names of each.

    Raises:
        PatternError: two arrays would have one name.
        FileFormatError: nothing is left.
    """
    tree = params._tree
    slots = {tree.names[row]: tree.slots(row) for row in params._rows}
    every = [slot for some in slots.values() for slot in some]
    new = renamed(every, rules) if rules else {name: name for name in every}
    arrays: dict[str, Lazy] = {}
    aliases: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name, some in slots.items():
        kept = list(dict.fromkeys(new[slot] for slot in some if slot in new))
        for slot in kept:
            if taken.setdefault(slot, name) != name:
                raise PatternError(f"{taken[slot]!r} and {name!r} would both be called {slot!r}.")
        if kept:
            arrays[kept[0]] = file.lazy(name)
            aliases |= dict.fromkeys(kept[1:], kept[0])
    if not arrays:
        raise FileFormatError("there is nothing to write: no array is left.")
    return arrays, aliases


def _cast(name: str, lazy: Lazy, dtype: str) -> Lazy:
    """A floating array in another dtype; any other as it is."""
    wanted = _dtype(dtype)
    complex_too = wanted.kind == "c"
    floating = lazy.dtype.kind == "f" or _of_ml_dtypes(lazy.dtype)
    if not (floating or (lazy.dtype.kind == "c" and complex_too)) or lazy.dtype == wanted:
        return lazy

    def make() -> NDArray[Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            array = lazy.make()
            cast = array.astype(wanted)
            if np.isfinite(array).sum() != np.isfinite(cast).sum():
                tell(f"{name!r} has values beyond {wanted.name}; they became infinite or NaN")
        return cast

    return Lazy(lazy.shape, wanted, make)


def _dtype(text: str) -> np.dtype[Any]:
    import ml_dtypes

    try:
        wanted = np.dtype(getattr(ml_dtypes, text, text))
    except TypeError:
        wanted = np.dtype(object)
    if wanted.kind not in "fc" and not _of_ml_dtypes(wanted):
        raise DTypeError(f"{text!r} is no floating dtype: write float32, float16, bfloat16, float8_e4m3fn, …")
    return wanted


def _of_ml_dtypes(dtype: np.dtype[Any]) -> bool:
    return bool(dtype.type.__module__ == "ml_dtypes" and dtype.name.startswith(("bfloat", "float")))


def _left_out(file: Checkpoint, kind: str) -> Sequence[str]:
    """What the file has that the new one has not."""
    found = []
    if file.metadata and kind not in _KEEPS_METADATA:
        found.append(f"{plural(len(file.metadata), 'row')} of metadata: {names_text(list(file.metadata), 3)}")
    if file.other:
        found.append(f"{plural(len(file.other), 'thing')} besides arrays: {names_text(list(file.other), 3)}")
    return found


def _to_stdout(arrays: Mapping[str, Lazy], options: Mapping[str, Any]) -> None:
    if options["format"] == "shards":
        raise click.UsageError("shards are files in a folder: standard output takes one file.")
    with tempfile.TemporaryDirectory(prefix="glueball-") as folder:
        path = os.path.join(folder, "file")
        write_file(path, arrays, **options)
        with open(path, "rb") as whole:
            shutil.copyfileobj(whole, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
