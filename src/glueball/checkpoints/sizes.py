"""Sizes as people write them."""

from __future__ import annotations

import re

from glueball.errors import FileFormatError

__all__ = ["size_of"]

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?\s*", re.IGNORECASE | re.ASCII)
_POWERS = " kmgtp"
_LONGEST = 30  # letters


def size_of(size: int | str) -> int:
    """Bytes, from a number or from text: B, kB, MB, GB, TB by thousands, KiB, MiB, GiB, TiB by 1024.

    Raises:
        FileFormatError: it is no size, or less than a byte.

    >>> size_of("5GB"), size_of("500MiB"), size_of("1.5 kB"), size_of(7)
    (5000000000, 524288000, 1500, 7)
    """
    if isinstance(size, str):
        found = _SIZE.fullmatch(size) if len(size) <= _LONGEST else None
        if found is None or (found[3] and not found[2]):
            raise FileFormatError(
                f"no size is {size[:_LONGEST]!r}; write bytes, or such as '5GB' or '500MiB'"
            )
        whole, _, part = found[1].partition(".")
        unit = (1024 if found[3] else 1000) ** _POWERS.index(found[2].lower() or " ")
        count = int(int(whole + part) * unit // 10 ** len(part))
    else:
        count = size
    if count < 1:
        raise FileFormatError(f"a shard's size must be at least a byte, not {size}")
    return count
