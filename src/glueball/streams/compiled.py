"""When and how arrays are filled by compiled code: the choice, the threads, the pieces.

`kernels` has the loops; they give the bits of the NumPy code. They need numba (the extra `fast`), whose
import and first call cost as much as NumPy takes for tens of millions of elements, so they are taken
once a process has drawn that many, and from then on. A process of small models never starts them.

Work is shared by threads that live for one fill. Kernels hold no lock of Python's; a pool of numba's
own would end the process when it is entered from two threads, or in a child forked after its use.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from .coefficients import FLOAT32, FLOAT64, NormalTable
from .distributions import Distribution, Normal, TruncatedNormal, Uniform, constants

__all__ = ["Piece", "chosen", "fill_pieces", "fill_rows", "implementation"]

START = 32 << 20
"""Elements that NumPy draws in the time in which numba is imported and a kernel loaded: 0.4 s."""

PIECE = 1 << 20
"""Elements of one call of a kernel: some 0.4 ms, many times what Python needs around it."""

Piece: TypeAlias = tuple[NDArray[Any], NDArray[np.int64], int]
"""A part of the array, the elements at which its runs start, and the length of each run."""

_KINDS: dict[type[Distribution], int] = {Uniform: 0, Normal: 1, TruncatedNormal: 2}  # as in `kernels`
_ROUNDED = {np.dtype(np.float16): "to_float16", np.dtype(ml_dtypes.bfloat16): "to_bfloat16"}

_asked: ContextVar[str | None] = ContextVar("implementation", default=None)
_drawn = 0  # elements so far; a lost update of two threads costs nothing
_kernels: Any = None
_broken = False


@contextmanager
def implementation(name: Literal["numpy", "compiled"] | None) -> Iterator[None]:
    """Inside the block, draw by this implementation only; None leaves the choice to the size.

    For tests and measurements: the values are the same. "compiled" raises what numba raises.

    >>> import numpy as np
    >>> from glueball.streams import Normal, fill
    >>> with implementation("numpy"):
    ...     fill(np.empty(3, np.float32), Normal(0, 1), 0, "weight")
    """
    token = _asked.set(name)
    try:
        yield
    finally:
        _asked.reset(token)


def chosen(elements: int) -> bool:
    """Whether this many elements more are drawn by compiled code; loads it where that begins to pay."""
    global _broken, _drawn
    asked = _asked.get()
    if asked is not None:
        if asked == "compiled":
            _load()
        return asked == "compiled"
    _drawn += elements
    if _broken or (_kernels is None and _drawn < START):
        return False
    if _kernels is None and find_spec("numba") is None:
        _broken = True  # and nothing to warn of; looking again for each array would cost more than some
        return False
    return _kernels is not None or attempt(_load)


def attempt(run: Callable[[], None]) -> bool:
    """Run compiled code; where that fails, warn once and leave everything to NumPy from then on."""
    global _broken
    if _asked.get() == "compiled":
        run()
        return True
    try:
        run()
    except Exception as error:
        if not _broken:
            _broken = True
            warnings.warn(
                f"the compiled streams cannot be used ({type(error).__name__}: {error}); NumPy draws the"
                " same values, slower. Uninstalling or updating numba ends this warning",
                RuntimeWarning,
                stacklevel=2,
            )
        return False
    return True


def _load() -> None:
    global _kernels
    if _kernels is None:
        _kernels = import_module(".kernels", __package__)


def _table(coefficients: NormalTable, dtype: Any, integer: Any) -> tuple[Any, ...]:
    """The coefficients, typed, and polynomials from the highest power down."""
    c = coefficients
    polynomials = (tuple(dtype(v) for v in reversed(part)) for part in (c.log, c.num, c.den))
    return dtype(c.shift), dtype(c.two_ln2), dtype(c.split).view(integer), *polynomials


_TABLES = _table(FLOAT32, np.float32, np.int32), _table(FLOAT64, np.float64, np.int64)


def _constants(kind: type[Distribution], of: Sequence[Distribution], wide: bool) -> tuple[Any, Any]:
    """The kernels' `floats` and `integers`, a row for each distribution."""
    dtype = np.float64 if wide else np.float32
    rows = [constants(distribution, dtype) for distribution in of]
    cut = 5 if kind is TruncatedNormal else 2
    return (
        np.array([row[:cut] for row in rows], dtype),
        np.array([row[cut:] for row in rows], np.uint64).reshape(len(rows), -1),
    )


def fill_pieces(
    pieces: Iterator[Piece], distribution: Distribution, keys: Sequence[Sequence[int]], wide: bool
) -> bool:
    """Fill the pieces of one array, on all cores; False where compiled code does not work after all."""
    kind = type(distribution)
    floats, integers = _constants(kind, [distribution], wide)
    key = np.array([[part for key in keys for part in key]], np.uint64)
    turn = threading.Lock()

    def work() -> None:
        scratch = np.empty(0, floats.dtype)
        while True:
            with turn:
                piece = next(pieces, None)
            if piece is None:
                return
            out, starts, run = piece
            direct = out.dtype == floats.dtype and out.flags.c_contiguous
            if not direct and scratch.size < out.size:
                scratch = np.empty(out.size, floats.dtype)
            x = out.reshape(-1) if direct else scratch[: out.size]
            ends = np.arange(run, out.size + 1, run)
            rows = np.zeros_like(ends)
            _kernels.fill(_KINDS[kind], x, starts, ends, rows, key, floats, integers, _TABLES[wide])
            if not direct:
                _put(out, x)

    def run_all() -> None:
        from concurrent.futures import ThreadPoolExecutor  # needed for large arrays only

        threads = _kernels.threads()
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(work) for _ in range(threads)]:
                future.result()

    return attempt(run_all)


def _put(out: NDArray[Any], x: NDArray[Any]) -> None:
    """Round to the array's dtype, and write through its strides."""
    if out.dtype in _ROUNDED:
        there = out.flags.c_contiguous
        rounded = out.reshape(-1).view(np.uint16) if there else np.empty(out.size, np.uint16)
        getattr(_kernels, _ROUNDED[out.dtype])(x, rounded)
        if there:
            return
        x = rounded.view(out.dtype)
    out[...] = x.reshape(out.shape)


def fill_rows(
    x: NDArray[Any],
    kind: type[Distribution],
    of: Sequence[Distribution],
    which: NDArray[np.intp],
    keys: NDArray[np.uint32],
    ends: NDArray[np.intp],
) -> bool:
    """Fill x with the beginnings of many streams: row n up to ends[n], of[which[n]] drawn by keys[n]."""
    wide = x.dtype == np.float64
    floats, integers = _constants(kind, of, wide)
    starts, rows = np.zeros_like(ends), np.arange(len(ends))
    tables = keys.astype(np.uint64), floats[which], integers[which], _TABLES[wide]
    return attempt(lambda: _kernels.fill(_KINDS[kind], x, starts, ends, rows, *tables))
