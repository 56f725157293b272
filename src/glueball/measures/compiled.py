"""When arrays are measured by compiled loops, and the loops themselves as the rest of this room calls them.

`kernels` has them; they need numba (the extra `fast`). Its import and first call cost what NumPy takes for
some two hundred million elements, and it takes 120 MB of memory for itself. So it is loaded when a process
measures a thousand million elements at once, and used from then on. The sums that come out are the same but
for the last few bits, since they are added up in another order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

__all__ = ["announce", "count", "implementation", "take", "takes"]

START = 1 << 30
"""Elements, measured at once, from which on numba is loaded: beside four gigabytes its memory is little."""

_asked: ContextVar[str | None] = ContextVar("measures", default=None)
_kernels: Any = None
_broken = False


@contextmanager
def implementation(name: Literal["numpy", "compiled"]) -> Iterator[None]:
    """Inside the block, measure by this implementation only; for tests and measurements.

    It counts for the thread that opens it, so `measure_many` is to be called with one thread there.
    """
    token = _asked.set(name)
    try:
        if name == "compiled":
            _load()
        yield
    finally:
        _asked.reset(token)


def announce(elements: int) -> None:
    """So many elements are going to be measured: load the compiled loops where that pays."""
    global _broken
    if elements < START or _kernels is not None or _broken or _asked.get() == "numpy":
        return
    if find_spec("numba") is None:
        _broken = True
        return
    try:
        _load()
    except Exception as error:
        _broken = True
        warnings.warn(
            f"the compiled measures cannot be used ({type(error).__name__}: {error}); NumPy finds the"
            " same, slower. Uninstalling or updating numba ends this warning",
            RuntimeWarning,
            stacklevel=2,
        )


def _load() -> None:
    global _kernels
    if _kernels is None:
        kernels = import_module(".kernels", __package__)
        # Compiled, or fetched from the disk, now and by one thread.
        kernels.take(np.zeros(1, np.float32).view(np.int32), np.zeros(1 << 16, np.int64))
        kernels.count(np.zeros(1, np.uint16), np.zeros(1 << 16, np.int64))
        _kernels = kernels


_TABLED = {np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16), np.dtype(np.int16), np.dtype(np.uint16)}
_FLOAT32 = np.dtype(np.float32)


def takes(dtype: np.dtype[Any]) -> bool:
    """Whether there is a compiled loop, at hand now, for native arrays of a dtype."""
    return _kernels is not None and (dtype == _FLOAT32 or dtype in _TABLED) and _asked.get() != "numpy"


def count(bits: NDArray[Any], counts: NDArray[np.int64]) -> None:
    """Count patterns of 16 bits."""
    _kernels.count(bits, counts)


def take(flat: NDArray[np.float32], counts: NDArray[np.int64]) -> tuple[Any, ...]:
    """Count the upper bits of finite floats: zeros, NaN, infinite, least, most, mean, squared deviations."""
    return tuple(_kernels.take(flat.view(np.int32), counts))
