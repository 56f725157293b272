"""Arrays from nothing and from numbers."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from ..context import Context, current_context, device_of
from .dtypes import torch_dtype
from .graph import raw
from .ndarray import NDArray

__all__ = ["arange", "array", "empty", "eye", "full", "linspace", "ones", "waitall", "zeros"]

Shape = int | Sequence[int]


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """A new array with the values of anything that NumPy reads, or of another array.

    Args:
        source_array: nested lists, a NumPy array, an NDArray, a torch tensor.
        ctx: where; by default the current context.
        dtype: by default that of an NDArray, else float32.

    Raises:
        TypeError: NumPy reads no numbers from it.

    >>> from glueball.mxnet import nd
    >>> nd.array([1, 2]).dtype
    <class 'numpy.float32'>
    """
    if isinstance(source_array, NDArray):
        values = raw(source_array)
        wanted = values.dtype if dtype is None else torch_dtype(dtype)
        return _made(values.to(wanted, copy=True), ctx)
    wanted = torch_dtype(dtype)
    if isinstance(source_array, torch.Tensor):
        return _made(source_array.detach().to(wanted, copy=True), ctx)
    if not isinstance(source_array, np.ndarray):
        source_array = _read(source_array)
    if source_array.dtype.isnative and source_array.dtype.name in _READ_BY_TORCH:
        values = torch.from_numpy(np.array(source_array, order="C"))
        return _made(_wrapped(values, wanted), ctx)
    return _made(torch.from_numpy(source_array.astype(np.float64)).to(wanted), ctx)


_READ_BY_TORCH = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"}


def _read(source: Any) -> np.ndarray[Any, Any]:
    """Nested lists and numbers as NumPy reads them."""
    try:
        if _holds_arrays(source):
            raise TypeError
        values = np.array(source)
        return values if values.dtype.kind in "biuf" else np.array(source, dtype=np.float32)
    except (TypeError, ValueError):
        raise TypeError("source_array must be array like object") from None


def _holds_arrays(source: Any) -> bool:
    return isinstance(source, (list, tuple)) and any(
        isinstance(part, NDArray) or _holds_arrays(part) for part in source
    )


def _wrapped(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Values in another type; small integers take the low bits of what does not fit."""
    if values.is_floating_point() and dtype in (torch.uint8, torch.int8):
        return values.to(torch.int32).to(dtype)
    return values.to(dtype)


def _made(values: torch.Tensor, ctx: Context | None) -> NDArray:
    context = _context(ctx)
    if context.device_type == "gpu":
        values = values.to(device_of(context))
    return NDArray(values, context)


def _context(ctx: Any) -> Context:
    """The context that was given, by name too (`"cpu(1)"`), else the current one."""
    if ctx is None:
        return current_context()
    if isinstance(ctx, str):
        named = re.fullmatch(r"(cpu|gpu|cpu_pinned|cpu_shared)\((\d+)\)", ctx)
        if not named:
            raise MXNetError(f"Invalid context string {ctx}")
        return Context(named[1], int(named[2]))
    if not isinstance(ctx, Context):  # nd.zeros(2, 3), say, for nd.zeros((2, 3))
        raise MXNetError(f"Invalid context string {ctx}")
    return ctx


def _sizes(shape: Shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))


def _name(dtype: Any) -> str:
    return np.dtype("float32" if dtype is None else dtype).name


def _known(operator: str, shape: Any, dtype: Any, context: Context) -> tuple[int, ...]:
    """A shape in which every size is known: MXNet takes 0 for one that is not.

    Raises:
        MXNetError: some size is not known, or it is no shape at all.
    """
    try:
        sizes = shape if type(shape) is tuple else _sizes(shape)
        if sizes and all(type(size) is int or isinstance(size, np.integer) for size in sizes):
            if all(size > 0 for size in sizes):
                return tuple(map(int, sizes))
            if min(sizes) < -1:
                raise MXNetError(f"shape dim size must be >= -1, while received {min(sizes)}")
        elif sizes or not isinstance(shape, (tuple, list)):
            raise TypeError
    except (TypeError, ValueError):
        if shape is not None:
            raise MXNetError(
                f"Invalid Parameter format for shape expect Shape(tuple) but value='{shape}', in operator "
                f'{operator}(name="", dtype="{_name(dtype)}", ctx="{context}", shape="{shape}")'
            ) from None
        sizes = ()
    shown = f"[{','.join(str(size) if size > 0 else '-1' for size in sizes)}]" if sizes else "None"
    raise MXNetError(
        f"Operator {operator} inferring shapes failed.\ninput shapes:\noutput shapes:\n{shown}\n"
        f"operator attributes:\ndtype : {_name(dtype)}\nctx : {context}\nshape : {shape}"
    )


def _kind(operator: str, dtype: Any, names: str) -> torch.dtype:
    """A dtype that a filling operator of MXNet knows."""
    try:
        return torch_dtype(dtype)
    except KeyError:
        name = np.dtype(dtype).name
        raise MXNetError(
            f"Invalid Input: '{name}', valid values are: {{{names}}}, in operator "
            f'{operator}(name="", dtype="{name}")'
        ) from None


_KINDS = "'bfloat16', 'bool', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'"


def _filled(
    operator: str, value: int, shape: Any, ctx: Context | None, dtype: Any, options: dict[str, Any]
) -> NDArray:
    for name in options:
        if name not in ("name", "out"):
            raise MXNetError(
                f"Cannot find argument '{name}', Possible Arguments:\n----------------\nshape\nctx\ndtype\n"
                f", in operator {operator}"
            )
    context = _context(ctx)
    kind = _kind(operator, dtype, _KINDS)
    sizes = _known(operator, shape, dtype, context)
    made = NDArray(torch.full(sizes, value, dtype=kind, device=device_of(context)), context)
    out = options.get("out")
    if out is None:
        return made
    if out.shape != made.shape:
        shapes = (f"[{','.join(map(str, x.shape))}]" for x in (out, made))
        raise MXNetError("Shape inconsistent, Provided = {}, inferred shape={}".format(*shapes))
    if out.dtype is not made.dtype:
        kinds = (x.dtype.__name__ for x in (out, made))
        raise MXNetError("Type inconsistent, Provided = {}, inferred type = {}".format(*kinds))
    made.copyto(out)
    return out  # type: ignore[no-any-return]


def zeros(
    shape: Shape, ctx: Context | None = None, dtype: Any = None, stype: str | None = None, **kwargs: Any
) -> NDArray:
    """An array of zeros.

    Raises:
        MXNetError: a size is 0, which means to MXNet that it is not known.
    """
    _dense(stype, ValueError("unknown storage type" + str(stype)))
    return _filled("_zeros", 0, shape, ctx, dtype, kwargs)


def ones(shape: Shape, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones.

    Raises:
        MXNetError: a size is 0, which means to MXNet that it is not known.
    """
    return _filled("_ones", 1, shape, ctx, dtype, kwargs)


def _dense(stype: str | None, unknown: Exception) -> None:
    if stype in ("row_sparse", "csr"):
        raise NotImplementedError(f"there are no {stype} arrays here: torch.sparse has them")
    if stype not in (None, "default"):
        raise unknown


def full(
    shape: Shape, val: Any, ctx: Context | None = None, dtype: Any = None, out: NDArray | None = None
) -> NDArray:
    """An array of one value everywhere, or of values that broadcast."""
    made = empty(shape, ctx, dtype) if out is None else out
    made[:] = val
    return made


def empty(shape: Shape, ctx: Context | None = None, dtype: Any = None, stype: str | None = None) -> NDArray:
    """An array whose values are whatever lay there."""
    _dense(stype, Exception(f"unknown stype : {stype}"))
    context = _context(ctx)
    sizes = _sizes(shape)
    if any(size < 0 for size in sizes):
        raise OverflowError("can't convert negative value to unsigned int")
    return NDArray(torch.empty(sizes, dtype=torch_dtype(dtype), device=device_of(context)), context)


def _numbers(kind: str, where: str = "", **given: Any) -> None:
    """Refuse what is no number; `where` ends the message.

    Raises:
        MXNetError: says which argument.
    """
    whole = kind in ("int", "long")
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, Integral if whole else Real):
            raise MXNetError(f"Invalid Parameter format for {name} expect {kind} but value='{number}'{where}")


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool | None = None,
    ctx: Context | None = None,
    dtype: Any = None,
) -> NDArray:
    """Numbers from `start` (0 where only one bound is given) up to and without `stop`.

    Args:
        start: the first number; the bound where no other is given.
        stop: the bound.
        step: from one number to the next.
        repeat: how often each number stands, one after the other.
        infer_range: deprecated, without effect.
        ctx: where; by default the current context.
        dtype: in which start + i·step is computed, by default float32.

    Raises:
        MXNetError: there would be no number.
    """
    if infer_range is not None:
        warnings.warn("`infer_range` argument has been deprecated", DeprecationWarning, stacklevel=2)
    _numbers("double", start=start, stop=start if stop is None else stop, step=step)
    if repeat <= 0:
        raise MXNetError(f"Range only supports repeat > 0, received {repeat}")
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise MXNetError("Range does not support step=0, received 0")
    if (stop - start) / step <= 0:
        raise MXNetError(f"Invalid range (start, stop, step) = ({start:g},{stop:g},{step:g})")
    context = _context(ctx)
    numeric = _KINDS.replace("'bool', ", "")
    kind = _kind("_arange", dtype, numeric)
    if kind is torch.bool:
        raise MXNetError(f"Invalid Input: 'bool', valid values are: {{{numeric}}}")
    count = math.ceil((stop - start) / step)
    if kind is torch.float16:  # MXNet cuts them to whole numbers for halves
        start, step = int(start), int(step)
    first, each = (torch.tensor(bound, dtype=torch.float64).to(kind) for bound in (start, step))
    numbers = torch.arange(count).to(kind) * each + first
    if repeat > 1:
        numbers = numbers.repeat_interleave(repeat)
    return NDArray(numbers.to(device_of(context)), context)


def linspace(
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    ctx: Context | None = None,
    dtype: Any = None,
) -> NDArray:
    """`num` numbers at even distances, from `start` to `stop`.

    Args:
        start: the first number.
        stop: the last number, or without `endpoint` the one after it.
        num: how many.
        endpoint: whether `stop` is one of them.
        ctx: where; by default the current context.
        dtype: by default float32.
    """
    context = _context(ctx)
    where = (
        f', in operator _linspace(name="", ctx="{context}", dtype="{_name(dtype)}", stop="{stop}", '
        f'start="{start}", endpoint="{endpoint}", num="{num}")'
    )
    _numbers("int", where, num=num)
    _numbers("double", where, start=start, stop=stop)
    if num < 0:
        raise MXNetError(f"Number of sequence should be non-negative, received {num}")
    kind = _kind("_linspace", dtype, _KINDS)
    parts = num - 1 if endpoint else num
    step = (stop - start) / parts if parts > 0 else 0.0
    numbers = torch.arange(num, dtype=torch.float64) * step + start
    return NDArray(numbers.to(kind).to(device_of(context)), context)


def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """Ones on a diagonal, else zeros.

    Args:
        N: rows.
        M: columns; as many as rows for 0.
        k: which diagonal: 0 the main one, above it positive, below it negative.
        ctx: where; by default the current context.
        dtype: by default float32.
    """
    context = _context(ctx)
    where = f', in operator _eye(name="", dtype="{_name(dtype)}", ctx="{context}", k="{k}", M="{M}", N="{N}")'
    _numbers("long", where, N=N, M=M, k=k)
    if min(N, M) < 0:
        raise MXNetError(f"Shape dim size cannot be a negative value {min(N, M)}")
    kind = _kind("_eye", dtype, _KINDS)
    made = torch.zeros((N, M or N), dtype=kind, device=device_of(context))
    made.diagonal(k).fill_(1)
    return NDArray(made, context)


def waitall() -> None:
    """Return when everything asked of a GPU is done."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
