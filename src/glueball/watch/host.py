"""Statistics through NumPy, for frameworks that have no faster way of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..adapter import Adapter
from ..errors import OptimizerError
from ..frameworks.values import as_host
from ..gauges import Measures
from ..measures.moments import Moments, moments

__all__ = ["HostGauges"]

Column = np.ndarray[Any, Any]

_CHUNK = 1 << 15
"""Elements that are widened to float64 at a time, so that they stay in a core's second cache."""


class HostGauges:
    """What `glueball.gauges.Gauges` describes, for any adapter: values are read through `Adapter.numpy`.

    Sums are kept in float64, all statistics are of all elements. Mean, deviation and norm are those of
    `glueball.measures`; its histograms and quantiles, which cost several times as much, are not made.
    """

    keeps_gradients = False

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def _read(self, array: Any) -> Column:
        """The values of the adapter's own array, or of a gradient, which may be any array."""
        try:
            return as_host(array)
        except (TypeError, ValueError):
            return self._adapter.numpy(array)

    def norms(self, arrays: Sequence[Any]) -> Column:
        """The Euclidean norm of each."""
        return np.array([_norm(self._read(array)) for array in arrays])

    def measure(self, arrays: Sequence[Any]) -> Measures:
        """The statistics of each."""
        found = [_measured(self._read(array)) for array in arrays]
        return Measures(*np.array(found, dtype=np.float64).reshape(-1, 5).T)

    def nonfinite(self, array: Any) -> tuple[int, int]:
        """How many elements are NaN, and how many infinite."""
        nan = infinite = 0
        for chunk in _chunks(self._read(array)):
            nan += int(np.isnan(chunk).sum())
            infinite += int(np.isinf(chunk).sum())
        return nan, infinite

    def sample(self, arrays: Sequence[Any], most: int) -> Any:
        """A copy of at most so many elements of each, spread evenly."""
        return most, [_spread(self._read(array), most) for array in arrays]

    def moved(self, before: Any, arrays: Sequence[Any]) -> Callable[[], Column]:
        """How far each is from its sample, over the sample's norm; NaN where its shape is another."""
        most, samples = before
        found = []
        for old, array in zip(samples, arrays, strict=True):
            new = _spread(self._read(array), most)
            if new.shape != old.shape:
                found.append(np.nan)
                continue
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                distance = np.linalg.norm(new - old)
                found.append(0.0 if distance == 0 else float(distance / np.linalg.norm(old)))
        return lambda: np.array(found)

    def on_step(
        self,
        optimizer: Any,
        begin: Callable[[], None],
        look: Callable[[float], None],
        end: Callable[[], None],
    ) -> Callable[[], None]:
        """There are no hooks."""
        raise OptimizerError(
            f"the steps of a {type(optimizer).__name__} cannot be seen: leave optimizer= out, and call "
            f"log.step(grads) at each step, or give log.callback() to the training loop."
        )

    def arrivals(self, root: Any, arrays: Sequence[Any]) -> tuple[list[int], Callable[[], None]]:
        """Nothing is told."""
        return [], lambda: None


def _chunks(values: Column) -> Iterator[Column]:
    """The values, or their magnitudes where they are complex, in float64."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        yield np.abs(chunk).astype(np.float64) if chunk.dtype.kind == "c" else chunk.astype(np.float64)


def _norm(values: Column) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(sum(float(chunk @ chunk) for chunk in _chunks(values))))


def _measured(values: Column) -> tuple[float, float, float, float, float]:
    if not values.size:
        return 0.0, np.nan, np.nan, np.nan, 0.0
    found, largest, zeros = Moments(), 0.0, 0
    for chunk in _chunks(values):
        zeros += len(chunk) - int(np.count_nonzero(chunk))
        most = float(np.abs(chunk).max())
        largest = float(np.maximum(largest, most))  # a NaN stays
        if np.isfinite(largest):
            found.add(moments(chunk, most))
    if not np.isfinite(largest):
        return largest, np.nan, np.nan, largest, float(zeros)
    mean, std, norm = found.results()
    return norm, mean, std, largest, float(zeros)


def _spread(values: Column, most: int) -> Column:
    """At most so many elements, evenly spread, in float64; prime steps pass no column over."""
    flat = values.reshape(-1)
    step = -(-flat.size // most) or 1
    while step > 1 and np.gcd(step, flat.size) > 1:
        step += 1
    return np.concatenate([np.zeros(0), *_chunks(flat[::step])])
