"""`glueball rename` and `glueball set-metadata`: a checkpoint with other names, or other metadata."""

from __future__ import annotations

import os

import click

from ..checkpoints.base import Checkpoint
from ..checkpoints.safetensors.editing import edit
from ..checkpoints.writing import format_of, write_file
from ..errors import FileFormatError, PatternError
from ..parameters.files.renaming import renamed
from ..views.table import plural
from .arguments import pairs_of, rules_of
from .convert import taken_arrays
from .output import tell
from .sources import opened

__all__ = ["rename", "set_metadata"]

_output = click.option("--output", "-o", metavar="FILE", help="The new file.")
_in_place = click.option(
    "--in-place", is_flag=True, help="Write the header alone, where it fits (safetensors)."
)


@click.command()
@click.argument("file")
@click.argument("rules", nargs=-1, required=True, metavar="PATTERN=NAME…")
@_output
@_in_place
def rename(file: str, rules: tuple[str, ...], output: str | None, in_place: bool) -> None:
    r"""Write a checkpoint whose arrays have other names.

    Rules are applied one after the other: what a pattern matches, a whole name or the path of a layer, is
    replaced, and \1 stands for a group. 'model=' takes a prefix away, '(.*)=model.\1' puts one in front.
    @FILE.json has many rules. Each has to take something.

    The new file is called as the old one, with ".renamed" in front of its suffix, or as --output says. With
    --in-place the header alone is written, however large the file is.
    """
    wanted = rules_of(rules)
    if in_place and output is not None:
        raise click.UsageError("--in-place and --output exclude each other.")
    with opened(file) as params:
        whole: Checkpoint = params._tree.root.file
        single = whole.format == "safetensors" and not hasattr(whole, "files")
        if in_place and not single:
            what = "a checkpoint in shards" if hasattr(whole, "files") else f"a {whole.format} file"
            raise FileFormatError(
                f"{file} is {what}: only the header of a single safetensors file is rewritten in place. "
                f"Write a new file, without --in-place."
            )
        target = output or _beside(file, whole, "renamed")
        new = renamed([*whole, *whole.aliases], wanted)
        changed = {old: name for old, name in new.items() if old != name}
        if single and len(new) == len(whole) + len(whole.aliases) and _one_format(target, "safetensors"):
            edit(file, rename=changed, target=None if in_place else target, in_place=in_place)
        elif in_place:
            raise PatternError("names cannot be left out in place: their bytes would stay.")
        else:
            arrays, aliases = taken_arrays(whole, params, wanted)
            write_file(target, arrays, aliases=aliases, metadata=whole.metadata or None)
    tell(f"{file if in_place else target}: {plural(len(changed), 'name')} changed")


@click.command()
@click.argument("file")
@click.argument("pairs", nargs=-1, metavar="KEY=VALUE…")
@click.option("--remove", multiple=True, metavar="KEY", help="Take a row away.")
@_output
@_in_place
def set_metadata(
    file: str, pairs: tuple[str, ...], remove: tuple[str, ...], output: str | None, in_place: bool
) -> None:
    """Write a safetensors file with other metadata; rows that are not named stay.

    The new file is called as the old one, with ".edited" in front of its suffix, or as --output says. With
    --in-place the header alone is written, however large the file is.
    """
    if in_place and output is not None:
        raise click.UsageError("--in-place and --output exclude each other.")
    if not pairs and not remove:
        raise click.UsageError("nothing to set: write KEY=VALUE, or --remove KEY.")
    with opened(file) as params:
        whole: Checkpoint = params._tree.root.file
        if whole.format != "safetensors" or hasattr(whole, "files"):
            what = "in shards" if hasattr(whole, "files") else f"a {whole.format} file"
            raise FileFormatError(f"{file} is {what}: metadata are set in a single safetensors file.")
        target = None if in_place else output or _beside(file, whole, "edited")
        wanted: dict[str, str | None] = {**pairs_of(pairs), **dict.fromkeys(remove)}
        edit(file, metadata=wanted, target=target, in_place=in_place)
    tell(f"{target or file}: {plural(len(wanted), 'row')} of metadata changed")


def _beside(file: str, whole: Checkpoint, word: str) -> str:
    """The name of a new file."""
    if file == "-" or hasattr(whole, "files") or os.path.isdir(file) or "://" in file:
        raise click.UsageError("say what the new file is called: --output FILE.")
    folder, name = os.path.split(file)
    for suffix in (".weights.h5", os.path.splitext(name)[1]):
        if suffix and name.endswith(suffix):
            return os.path.join(folder, f"{name.removesuffix(suffix)}.{word}{suffix}")
    return os.path.join(folder, f"{name}.{word}")


def _one_format(path: str, kind: str) -> bool:
    try:
        return format_of(path) == kind
    except FileFormatError:
        return True  # without a suffix a file is copied as what it is
