"""Names and metadata of a safetensors file changed, and its arrays left where they are."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping

from glueball.errors import FileFormatError, NameNotFoundError

from ..atomic import replacing
from ..jsons import parsed
from ..lazy import check_names
from ..mapping import mapped
from ..remote import is_remote
from .journal import rewrite, settled
from .layout import HEAD, METADATA, check_metadata, header_size, padded, parse_header

__all__ = ["edit"]


def edit(
    path: str | os.PathLike[str],
    *,
    rename: Mapping[str, str] | None = None,
    metadata: Mapping[str, str | None] | None = None,
    target: str | os.PathLike[str] | None = None,
    in_place: bool = False,
) -> None:
    """Rename arrays and set metadata of one file; a shard's index is not changed with it.

    Args:
        path: of the file.
        rename: old name → new name, of arrays and of their other names. All at once: two can be exchanged.
        metadata: text by text; None removes what is there.
        target: where the new file goes; by default it replaces the old one, whole or not at all.
        in_place: write the header alone, into the space that it has, however large the file is. A journal
            beside the file sees to it that whatever stops this, the next reader of ours finds the old header
            or the new one; until then other readers may find it damaged. glueball's own files have some
            space to spare.

    Raises:
        NameNotFoundError: there is no array to rename, or nothing to remove.
        FileFormatError: two arrays would have one name, a name or text that the format cannot hold, a new
            header that is too long for its place; or the file is damaged.
        OSError: the system cannot write it.

    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from glueball.checkpoints.safetensors import SafetensorsFile, write
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/net.safetensors"
    ...     write(path, {"old": np.eye(2)})
    ...     edit(path, rename={"old": "new"}, metadata={"epoch": "3"}, in_place=True)
    ...     file = SafetensorsFile(path)
    ...     print(list(file), file.metadata)
    ['new'] {'epoch': '3'}
    """
    if in_place and target is not None:
        raise FileFormatError("a header is edited in place or written to a target, not both")
    file = os.fsdecode(path)
    if is_remote(path):
        raise FileFormatError(f"{file} is not on this machine, and cannot be edited; download it first")
    content = mapped(path)
    length = header_size(content[: HEAD.size], len(content), file)
    old = settled(path, lambda: content[HEAD.size : HEAD.size + length])
    new = _edited(old, len(content), file, rename or {}, metadata or {})
    if in_place:
        if len(new) > length:
            raise FileFormatError(
                f"{file}: the new header takes {len(new)} bytes, {len(new) - length} more than there is room"
                " for; write a new file, without in_place"
            )
        if (new := new.ljust(length)) != old:
            rewrite(file, old, new)
        return
    begin = HEAD.size + length
    with open(path, "rb") as source, replacing(path if target is None else target) as into:
        head = padded(new)
        into.write(HEAD.pack(len(head)) + head)
        source.seek(begin)
        shutil.copyfileobj(source, into, 1 << 24)


def _edited(
    text: bytes, size: int, file: str, rename: Mapping[str, str], metadata: Mapping[str, str | None]
) -> bytes:
    """The header's new JSON."""
    header = parse_header(text, size, file)
    rows = parsed(text, file, HEAD.size)
    rows.pop(METADATA, None)
    for name in rename:
        if name not in rows and name not in header.aliases:
            raise NameNotFoundError(f"there is no {name!r} in {file} to rename")
    taken: dict[str, str] = {}
    for name in (*rows, *header.aliases):
        new = rename.get(name, name)
        if new in taken:
            raise FileFormatError(f"{taken[new]!r} and {name!r} of {file} would both be called {new!r}")
        taken[new] = name
    check_names(taken, {})
    if METADATA in taken:
        raise FileFormatError(f"no array can have the name {METADATA!r} in a safetensors file")

    notes = dict(header.metadata)
    for key, value in metadata.items():
        if value is None:
            if notes.pop(key, None) is None:
                raise NameNotFoundError(f"there are no metadata {key!r} in {file} to remove")
        else:
            notes[key] = value
    ties = {rename.get(alias, alias): rename.get(name, name) for alias, name in header.aliases.items()}
    check_metadata(notes, ties, {rename.get(name, name) for name in rows})
    notes |= ties
    found = {METADATA: notes} if notes else {}
    made = {**found, **{rename.get(name, name): row for name, row in rows.items()}}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
