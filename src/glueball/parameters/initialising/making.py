"""Values that are computed and not drawn: by initializers that look at the whole array, and by functions.

They are made before the first write and checked, since code that is not ours may give anything. They
run under global generators that are seeded from (seed, name) and put back afterwards, so they depend on
these alone and leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import streams
from ...adapter import Adapter
from ...errors import DTypeError, InitializerError, ShapeError
from ...init import Foreign, Initializer, Target, Whole

__all__ = ["make"]


def make(adapter: Adapter, array: Any, how: Initializer, target: Target, name: str, seed: int) -> Any:
    """What an initializer puts into an array, as `adapter.write` takes it; the array is not changed.

    Args:
        adapter: the framework's.
        array: the parameter's own array.
        how: an initializer that gives no value and names no distribution.
        target: the parameter, under the name that errors use.
        name: the parameter's name in the stream.
        seed: the plan's.

    Raises:
        ShapeError, DTypeError: what it made does not fit the parameter.
        InitializerError: it made NaN.
    """
    made: Any = None
    if isinstance(how, Whole) and not isinstance(how, Foreign):
        made = how.all_values(target._replace(name=name), seed)
    else:
        key = streams.stream_key(seed, name)
        data = None if isinstance(how, Whole) else adapter.blank(array)

        def run() -> None:
            nonlocal made
            if isinstance(how, Whole):
                made = how.all_values(target._replace(name=name), seed)
            else:
                made = how._init_weight(name, data)

        with _numpy_and_python(key):
            adapter.seeded(run, key.k0 | key.k1 << 32)
        if data is not None and _is_data(adapter, made, data):
            made = data
        if isinstance(made, (bool, int, float, complex, np.generic)) and (
            adapter.fingerprint(data) != adapter.fingerprint(adapter.blank(array))
        ):
            # A number that it happens to return (its bound, say) would be put over what it filled in.
            raise InitializerError(
                f"{how!r} filled {target.name!r} and returned {made!r}: let it do one of both. "
                f"Nothing was changed."
            )
    try:
        value = adapter.coerce(array, made, target.name)
    except (ShapeError, DTypeError) as error:
        raise type(error)(f"{how!r} made what does not fit: {error} Nothing was changed.") from None
    _check_numbers(adapter, made, how, target)
    return value


@contextmanager
def _numpy_and_python(key: streams.Key) -> Iterator[None]:
    """NumPy's and Python's global generators under a seed, and put back."""
    import random

    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        np.random.seed([key.k0, key.k1])
        random.seed(key.k0 | key.k1 << 32)
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def _is_data(adapter: Adapter, made: Any, data: Any) -> bool:
    """Whether what a function returned is the array that it was given to fill, or a part or view of it."""
    if made is None or made is data:
        return True
    if type(made) is not type(data):
        return False
    mine, its = adapter.memory(data), adapter.memory(made)
    return mine is not None and its is not None and mine.block == its.block


def _check_numbers(adapter: Adapter, made: Any, how: Initializer, target: Target) -> None:
    values = made if isinstance(made, np.ndarray) else None
    if values is None:
        values = np.asarray(made) if not hasattr(made, "detach") else adapter.numpy(made)
    if values.dtype.kind in "iub" or not values.size:
        return
    bad = int(np.count_nonzero(np.isnan(values)))
    if bad:
        raise InitializerError(
            f"{how!r} made NaN in {bad} of the {values.size} elements of {target.name!r}. "
            f"Nothing was changed."
        )
