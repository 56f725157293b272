"""Numbers travel to MXNet's operators as text, and are read back in float32, not always to the nearest."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from ..base import MXNetError

__all__ = ["as_float32", "as_integer"]

_NUMBER = re.compile(
    r"\s*([+-]?)(?:(inf(?:inity)?)|(nan)|(\d*)(?:\.(\d*))?(?:[eE]([+-]?)(\d+))?)", re.IGNORECASE
)

_DIGITS = 19  # of the fraction that are read
_EXPONENT = 38  # of float32's largest number and of its smallest normal one
_LARGEST, _SMALLEST = np.float32(3.4028235), np.float32(1.1754943)  # their digits


def as_float32(value: Any, name: str = "value", operator: str = "") -> np.float32:
    """What an operator of MXNet gets for a number: `str(value)`, read in float32.

    The integer digits (modulo 2^64), plus the first 19 digits of the fraction, times or over a
    power of ten that is multiplied together in float32.

    Args:
        value: a number, or its text.
        name: of the argument, for the error.
        operator: that it is an argument of, for the error.

    Raises:
        MXNetError: value is no number, or no normal float32.

    >>> as_float32(0.1), as_float32("1e-3"), as_float32(10**20)
    (np.float32(0.1), np.float32(0.001), np.float32(7.7662794e+18))
    """
    return _read(str(value), name, operator)


@lru_cache(maxsize=4096)
def _read(text: str, name: str, operator: str) -> np.float32:
    place = f", in operator {operator}" if operator else ""
    match = _NUMBER.fullmatch(text)
    if match is None or text.strip(" +-") == "":
        raise MXNetError(f"Invalid Parameter format for {name} expect float but value='{text}'{place}")
    sign, infinite, nan, integer, fraction, direction, exponent = match.groups()
    if infinite:
        value = np.float32("inf")
    elif nan:
        value = np.float32("nan")
    else:
        value = np.float32(np.uint64(int(integer or 0) % 2**64))
        if fraction := (fraction or "")[:_DIGITS]:
            value += np.float32(float(int(fraction)) / float(10 ** len(fraction)))
        power = int(exponent or 0)
        if power > _EXPONENT or (
            power == _EXPONENT and (value < _SMALLEST if direction == "-" else value > _LARGEST)
        ):
            raise MXNetError(f"Out of range value for {name}, value='{text}'{place}")
        scale = np.float32(1)
        with np.errstate(over="ignore"):
            for _ in range(power // 8):
                scale *= np.float32(1e8)
            for _ in range(power % 8):
                scale *= np.float32(10)
            value = value / scale if direction == "-" else value * scale
    return -value if sign == "-" else value


def as_integer(value: Any, name: str, kind: str, operator: str) -> int:
    """What an operator of MXNet gets for a whole number.

    Args:
        value: a number, or its text.
        name: of the argument, for the error.
        kind: "int" (32 bits) or "long" (64).
        operator: that it is an argument of, for the error.

    Raises:
        MXNetError: value is not written as a whole number, or too large.

    >>> as_integer(3, "k", "int", "_random_negative_binomial")
    3
    """
    text = str(value)
    bits = 64 if kind == "long" else 32
    if re.fullmatch(r"[+-]?\d+", text) and -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
        return int(text)
    reason = f"Invalid Parameter format for {name} expect {kind} but value='{text}'"
    raise MXNetError(f"{reason}, in operator {operator}")
