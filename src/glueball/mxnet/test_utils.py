"""What tests of Gluon code compare arrays with, and make them of; random ones from NumPy's global generator.

MXNet's checks of Symbols are not here: `torch.autograd.gradcheck` checks a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from numbers import Number
from typing import Any

import numpy as np
import numpy.testing

from .context import Context, current_context
from .ndarray import NDArray, array
from .util import get_gpu_count, getenv, setenv

__all__ = [
    "almost_equal",
    "assert_allclose",
    "assert_almost_equal",
    "assert_almost_equal_ignore_nan",
    "assert_exception",
    "default_context",
    "default_dtype",
    "environment",
    "list_gpus",
    "rand_ndarray",
    "rand_shape_2d",
    "rand_shape_3d",
    "rand_shape_nd",
    "random_arrays",
    "random_uniform_arrays",
    "retry",
    "same",
    "same_array",
    "set_default_context",
]

Array = np.ndarray[Any, Any]
_RTOL = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-5}
_ATOL = {"float16": 1e-1, "float32": 1e-3, "float64": 1e-20}


# ---- defaults --------------------------------------------------------------------------------------------


def default_context() -> Context:
    """The context in force."""
    return current_context()


def set_default_context(ctx: Context) -> None:
    """Take another context for new arrays, in this thread."""
    Context._current.stack = [*(Context._current.stack or [])[:-1], ctx]


def default_dtype() -> Any:
    """float32."""
    return np.float32


def default_rtols() -> dict[Any, float]:
    """How far numbers of each type may be off, relative to the wanted ones."""
    return _by_type(_RTOL)


def default_atols() -> dict[Any, float]:
    """How far numbers of each type may be off besides."""
    return _by_type(_ATOL)


def _by_type(floats: Mapping[str, float]) -> dict[Any, float]:
    whole = ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64")
    return {np.dtype(name): floats.get(name, 0) for name in (*floats, *whole)}


def get_rtol(rtol: float | None = None, dtype: Any = np.float64) -> float:
    """A tolerance, or the default of a type."""
    return default_rtols()[np.dtype(dtype)] if rtol is None else rtol


def get_atol(atol: float | None = None, dtype: Any = np.float64) -> float:
    """A tolerance, or the default of a type."""
    return default_atols()[np.dtype(dtype)] if atol is None else atol


def list_gpus() -> Sequence[int]:
    """The numbers of the CUDA devices."""
    return range(get_gpu_count())


# ---- comparing -------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    return value.asnumpy() if isinstance(value, NDArray) else value


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have one shape and the same values."""
    return np.array_equal(_plain(a), _plain(b))


def same_array(array1: NDArray, array2: NDArray) -> bool:
    """Whether two arrays share their memory."""
    values = array1.asnumpy()
    array1[:] = values + 1
    shared = same(array1, array2)
    array1[:] = values
    return shared and same(array1, array2)


def almost_equal(
    a: Any,
    b: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    use_broadcast: bool = True,
) -> bool:
    """Whether two arrays differ by no more than `atol + rtol · |b|` anywhere."""
    if not use_broadcast:
        _must_be_of_one_shape(a, b)
    return np.allclose(_plain(a), _plain(b), rtol=get_rtol(rtol), atol=get_atol(atol), equal_nan=equal_nan)


def assert_almost_equal(
    a: Any,
    b: Any,
    rtol: Any = None,
    atol: Any = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    use_broadcast: bool = True,
    mismatches: tuple[int, int] = (10, 10),
) -> None:
    """Raise where two arrays differ by more than `atol + rtol · |b|`, and print the largest errors.

    Args:
        a: what there is.
        b: what there should be.
        rtol: a number, or one for each dtype; by default that of the less exact of the two.
        atol: as rtol.
        names: what the arrays are called.
        equal_nan: whether nan is nan.
        use_broadcast: whether one may be spread over the shape of the other.
        mismatches: how many errors to print, and how many to look for.

    Raises:
        AssertionError: they differ.
    """
    if not use_broadcast:
        _must_be_of_one_shape(a, b)
    a, b = _plain(a), _plain(b)
    rtol = max(_tolerance(one, rtol, default_rtols()) for one in (a, b))
    atol = max(_tolerance(one, atol, default_atols()) for one in (a, b))
    if getattr(a, "dtype", None) == np.bool_ and getattr(b, "dtype", None) == np.bool_:
        np.testing.assert_equal(a, b)
        return
    if almost_equal(a, b, rtol, atol, equal_nan):
        return
    place, error = _largest(a, b, rtol, atol)
    text = f"Error {error:f} exceeds tolerance rtol={rtol:e}, atol={atol:e}"
    if place:
        count, more = _print_errors(a, b, rtol, atol, names, equal_nan, mismatches)
        text += (
            f" (mismatch {'at least ' * more}{100 * count / a.size:f}%).\n"
            f"Location of maximum error: {_location(a, b, place, names)}"
        )
    else:
        text += ".\n"
    raise AssertionError(np.testing.build_err_msg([a, b], err_msg=text))


def _tolerance(data: Any, given: Any, defaults: dict[Any, float]) -> float:
    if isinstance(given, Number):
        return float(given)  # type: ignore[arg-type]
    kind = np.dtype(getattr(data, "dtype", np.asarray(data).dtype))
    return (given or {}).get(kind, defaults[kind])  # type: ignore[no-any-return]


def _largest(a: Any, b: Any, rtol: float, atol: float) -> tuple[tuple[int, ...], float]:
    """Where the error is largest, in tolerances, and how large."""
    with np.errstate(invalid="ignore"):
        errors = np.where(np.equal(a, b), 0, np.abs(a - b)) / (atol + rtol * np.abs(b) + 1e-20)
    return tuple(map(int, np.unravel_index(np.argmax(errors), errors.shape))), np.max(errors)


def _location(a: Any, b: Any, place: tuple[int, ...], names: tuple[str, str]) -> str:
    return f"{place}, {names[0]}={a[place]:.8f}, {names[1]}={b[place]:.8f}"


def _print_errors(
    a: Array,
    b: Array,
    rtol: float,
    atol: float,
    names: tuple[str, str],
    equal_nan: bool,
    mismatches: tuple[int, int],
) -> tuple[int, bool]:
    """Print the largest errors; how many were found, and whether there are more."""
    print(f"\n*** Maximum errors for vector of size {a.size}:  rtol={rtol}, atol={atol}\n")
    left, right = (np.array(np.broadcast_to(one, np.broadcast_shapes(a.shape, b.shape))) for one in (a, b))
    shown, looked = mismatches
    for count in range(1, left.size + 1):
        if 0 < looked < count:
            return count, True
        place, error = _largest(left, right, rtol, atol)
        if count <= shown:
            print(f"{count:3d}: Error {error:f}  Location of error: {_location(left, right, place, names)}")
        left[place] = right[place] = 0
        if almost_equal(left, right, rtol, atol, equal_nan):
            return count, False
    return left.size, False


def _must_be_of_one_shape(a: Any, b: Any) -> None:
    if a.shape != b.shape:
        text = f"a.shape = {a.shape} and b.shape = {b.shape} are not equal"
        raise AssertionError(np.testing.build_err_msg([_plain(a), _plain(b)], err_msg=text))


def assert_allclose(a: Any, b: Any, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True) -> None:
    """`assert_almost_equal` with NumPy's tolerances."""
    assert_almost_equal(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_almost_equal_ignore_nan(
    a: Any, b: Any, rtol: Any = None, atol: Any = None, names: tuple[str, str] = ("a", "b")
) -> None:
    """`assert_almost_equal` where neither is nan."""
    a, b = np.copy(_plain(a)), np.copy(_plain(b))
    nan = np.logical_or(np.isnan(a), np.isnan(b))
    a[nan] = b[nan] = 0
    assert_almost_equal(a, b, rtol, atol, names)


def assert_exception(f: Callable[..., Any], exception_type: Any, *args: Any, **kwargs: Any) -> None:
    """Raise unless a call raises such an exception."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError


def retry(n: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that lets a test fail up to `n - 1` times."""
    assert n > 0

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(f)
        def wrapper(*args: Any, **kwargs: Any) -> None:
            for left in reversed(range(n)):
                try:
                    f(*args, **kwargs)
                    return
                except AssertionError:
                    if not left:
                        raise

        return wrapper

    return decorate


@contextmanager
def environment(*args: Any) -> Iterator[None]:
    """A `with` in which variables of the environment are set: a name and a value, or a dict; None removes."""
    if len(args) == 1 and isinstance(args[0], dict):
        wanted = args[0]
    else:
        assert len(args) == 2, "Expecting one dict arg or two args: env var name and value"
        wanted = {args[0]: args[1]}
    before = {name: getenv(name) for name in wanted}
    try:
        for name, value in wanted.items():
            setenv(name, value)
        yield
    finally:
        for name, value in before.items():
            setenv(name, value)


# ---- making ----------------------------------------------------------------------------------------------


def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """NumPy arrays of standard normal numbers, float32; of one shape alone, the array."""
    arrays = [np.asarray(np.random.randn(*shape)).astype(np.float32) for shape in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def random_uniform_arrays(
    *shapes: tuple[int, ...], low: float = 0.0, high: float = 1.0, dtype: Any = np.float32
) -> list[Array]:
    """NumPy arrays of even numbers."""
    return [np.random.uniform(low, high, size=shape).astype(dtype) for shape in shapes]


def random_sample(population: Any, k: int) -> Any:
    """`k` elements of a list, in random order."""
    assert 0 <= k <= len(population)
    copied = population[:]
    np.random.shuffle(copied)
    return copied[:k]


def rand_ndarray(
    shape: tuple[int, ...], stype: str = "default", dtype: Any = None, ctx: Context | None = None
) -> NDArray:
    """An array of standard normal numbers; only dense ones."""
    if stype != "default":
        raise NotImplementedError(f"glueball has no sparse arrays, stype {stype!r}: take torch.sparse")
    return array(random_arrays(shape), ctx=ctx or default_context(), dtype=dtype)


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of two dimensions, each up to the one given."""
    return _random_shape((dim0, dim1), allow_zero_size)


def rand_shape_3d(
    dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False
) -> tuple[int, ...]:
    """A random shape of three dimensions, each up to the one given."""
    return _random_shape((dim0, dim1, dim2), allow_zero_size)


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of so many dimensions, each up to `dim`."""
    return tuple(map(int, np.random.randint(not allow_zero_size, dim + 1, size=num_dim)))


def _random_shape(most: Sequence[int], allow_zero_size: bool) -> tuple[int, ...]:
    return tuple(int(np.random.randint(not allow_zero_size, size + 1)) for size in most)
