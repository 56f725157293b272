"""One safetensors file, opened."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from ..base import Checkpoint, Entry, Index
from ..mapping import mapped
from ..parts import part
from .journal import settled
from .layout import HEAD, header_size, parse_header

__all__ = ["SafetensorsFile"]


class SafetensorsFile(Checkpoint):
    """An opened safetensors file; of a sharded checkpoint one shard.

    Packed types of 4 and 6 bits are listed in `other`. Metadata whose key is no tensor and whose value is one
    are its other names, as `safetensors.torch.save_model` writes ties.

    Raises:
        FileFormatError: it is no such file, or a damaged one; it says which tensor and which byte.
        OSError: the system cannot open it.
    """

    format = "safetensors"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        content = self._content = mapped(path)
        size = len(content)
        length = header_size(content[: HEAD.size], size, file)
        text = settled(path, lambda: content[HEAD.size : HEAD.size + length])
        header = parse_header(text, size, file)
        super().__init__(file, **header._asdict(), size=size, allow_expansion=allow_expansion)

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        return part(self._content, entry.shape, entry.dtype.newbyteorder("<"), entry.offset or 0, key)
