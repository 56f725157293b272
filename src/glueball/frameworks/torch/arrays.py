"""What one `torch.Tensor` of a model is, and how its values are read and written.

Every write keeps the tensor object, so that optimizers and ties still hold it, and happens outside
autograd. `coerce` checks a value and returns what `write` takes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from ...adapter import Facts, Memory, Shape
from ...errors import DeferredError, DTypeError, ShapeError
from .own import itself

# torch's dtype -> NumPy's, where NumPy has none of its own through ml_dtypes; and the integer of the
# same width through which the bits travel.
_FOREIGN: dict[torch.dtype, tuple[Any, torch.dtype]] = {
    torch.bfloat16: (ml_dtypes.bfloat16, torch.int16),
    torch.float8_e4m3fn: (ml_dtypes.float8_e4m3fn, torch.uint8),
    torch.float8_e5m2: (ml_dtypes.float8_e5m2, torch.uint8),
    torch.float8_e4m3fnuz: (ml_dtypes.float8_e4m3fnuz, torch.uint8),
    torch.float8_e5m2fnuz: (ml_dtypes.float8_e5m2fnuz, torch.uint8),
}
# bool stands first, since it is an int too.
_NUMBERS: dict[type, torch.dtype] = {
    bool: torch.bool,
    int: torch.int64,
    float: torch.float32,
    complex: torch.complex64,
}
_TORCH_OF = {np.dtype(foreign): (dtype, bits) for dtype, (foreign, bits) in _FOREIGN.items()}

# Devices whose arithmetic is IEEE 754's, so that the streams can be computed there.
FILLED_THERE = {"cuda"}


_PLAIN = {nn.Parameter, torch.Tensor}


def dtype_name(dtype: torch.dtype) -> str:
    """`float32` for `torch.float32`."""
    return str(dtype).removeprefix("torch.")


@cache
def _shards(kind: Any) -> bool:
    # By name: importing DTensor costs half a second, and whoever has one has paid it.
    return any(
        (c.__module__, c.__qualname__) == ("torch.distributed.tensor", "DTensor") for c in kind.__mro__
    )


def sharded(tensor: Any) -> bool:
    """Whether a tensor is a DTensor."""
    kind: Any = type(tensor)
    return _shards(kind)


def numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    """NumPy's dtype for torch's, through ml_dtypes where NumPy has none."""
    return np.dtype(_FOREIGN[dtype][0] if dtype in _FOREIGN else dtype_name(dtype))


# ---- facts ------------------------------------------------------------------------------------------


def lazy(tensor: Any) -> bool:
    """Whether a tensor waits for its shape (the parameters of a lazy module)."""
    return isinstance(tensor, UninitializedTensorMixin)


def shape(tensor: Any, owner: nn.Module, attribute: str) -> Shape | None:
    """The whole (unsharded) shape, with None for what a lazy layer does not know yet."""
    return _lazy_shape(owner, attribute) if lazy(tensor) else tuple(tensor.shape)


def _lazy_shape(owner: Any, attribute: str) -> Shape | None:
    says = itself(owner)
    if says is not None:
        return says.shape(owner, attribute)
    kind = type(owner).__name__
    if kind == "LazyLinear":
        known: dict[str, Shape] = {"weight": (owner.out_features, None), "bias": (owner.out_features,)}
        return known.get(attribute)
    if kind.startswith("LazyConv"):
        if attribute == "bias":
            return (owner.out_channels,)
        if owner.transposed:
            return (None, owner.out_channels // owner.groups, *owner.kernel_size)
        return (owner.out_channels, None, *owner.kernel_size)
    if kind.startswith(("LazyBatchNorm", "LazyInstanceNorm")):
        return (None,)
    return None


def facts(tensor: Any, owner: nn.Module, attribute: str) -> Facts:
    """What a table says of a tensor."""
    known = shape(tensor, owner, attribute)
    size = None if known is None or None in known else math.prod(known)  # type: ignore[arg-type]
    return Facts(
        known,
        dtype_name(tensor.dtype),
        str(tensor.device),
        size,
        None if size is None else size * tensor.dtype.itemsize,
        tensor.requires_grad,
    )


def no_values(tensor: Any) -> str | None:
    """Why a tensor has no values, or None where it has them."""
    if lazy(tensor):
        return "its layer has not run, so its shape is not known; run the model once on a batch"
    if tensor.is_meta:
        return (
            "it lies on the meta device, which has no memory; "
            'give it memory and values at once: gb.initialize(model, device="cpu")'
        )
    return None


def unwritable(tensor: Any) -> str | None:
    """Why a tensor's values cannot be written in place, or None where they can."""
    if type(tensor) in _PLAIN and tensor.layout == torch.strided and tensor.is_contiguous():
        if tensor.data_ptr() == 0 and tensor.numel() and not tensor.is_meta:
            return "its memory was freed"
        return None if not tensor.is_quantized else "it is quantised"
    if tensor.layout != torch.strided:
        return f"its layout is {tensor.layout}"
    if tensor.is_quantized:
        return "it is quantised"
    if is_traceable_wrapper_subclass(tensor) and not sharded(tensor):
        return f"it is a {type(tensor).__name__}, made of other tensors"
    if any(step == 0 and n > 1 for step, n in zip(tensor.stride(), tensor.shape, strict=True)):
        return "it is expanded: several of its elements are one in memory"
    return None


def plain(tensors: Sequence[Any]) -> list[torch.dtype | None]:
    """For each its dtype where it is a plain dense tensor in the host's memory: asked of many, quickly."""
    strided = torch.strided
    return [
        tensor.dtype
        if type(tensor) in _PLAIN
        and tensor.is_cpu
        and tensor.layout is strided
        and tensor.is_contiguous()
        and tensor.data_ptr()
        and not tensor.is_neg()
        and not tensor.is_quantized
        else None
        for tensor in tensors
    ]


def memory(tensor: Any) -> Memory | None:
    """The bytes that a tensor covers; None where it covers none of its own (lazy, meta, empty, sharded)."""
    if lazy(tensor) or tensor.is_meta or tensor.numel() == 0:
        return None
    if tensor.layout != torch.strided or is_traceable_wrapper_subclass(tensor):
        return None
    if tensor.untyped_storage().nbytes() == 0:  # freed, as FSDP does between uses
        return None
    block = (str(tensor.device), tensor.untyped_storage().data_ptr())
    start = tensor.storage_offset() * tensor.element_size()
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
    stop = start + (last + 1) * tensor.element_size()
    return Memory((*block, start, tensor.dtype, tuple(tensor.shape), tensor.stride()), block, start, stop)


# ---- values -----------------------------------------------------------------------------------------


def data(tensor: Any) -> Any:
    """The live values outside autograd; of a DTensor the local part.

    `detach`, not `.data`: it keeps the version counter, so that an edit between forward and backward is
    told by autograd and not silently wrong.
    """
    return tensor.detach().to_local() if sharded(tensor) else tensor.detach()


def grad(tensor: Any) -> Any:
    """The live gradient, None where there is none yet. Of a DTensor the local part."""
    found: Any = None if lazy(tensor) else tensor.grad
    return found.to_local() if sharded(found) else found


def numpy(tensor: Any) -> np.ndarray[Any, Any]:
    """A copy as a NumPy array; a DTensor is gathered, by all its processes together."""
    reason = unwritable(tensor)
    if reason and "expanded" not in reason:
        raise DTypeError(f"a parameter has no NumPy form: {reason}.")
    part = tensor.detach()
    whole: torch.Tensor = part.full_tensor() if sharded(part) else part
    whole = whole.resolve_conj().resolve_neg().cpu()
    if whole.dtype in _FOREIGN:
        foreign, bits = _FOREIGN[whole.dtype]
        # A reinterpretation wants rows that lie close.
        reread: np.ndarray[Any, Any] = whole.contiguous().view(bits).numpy().view(foreign)
        return reread.copy()
    copied: np.ndarray[Any, Any] = np.array(whole.numpy())
    return copied


def view(array: Any) -> np.ndarray[Any, Any]:
    """The whole values, to be read: the tensor's own memory where it lies on the host."""
    if type(array) in _PLAIN and array.is_cpu and not array.is_conj() and unwritable(array) is None:
        target = fill_target(array)
        if target is not None:
            return target
    return numpy(array)


_LOOKED_AT = 1 << 16


def fingerprint(tensor: Any) -> bytes:
    """A digest of the values' bits; of more than 65,536 elements so many, spread evenly."""
    flat = data(tensor).resolve_conj().resolve_neg().reshape(-1)
    step = max(1, -(-flat.numel() // _LOOKED_AT))
    bits = flat[::step].contiguous().cpu().view(torch.uint8).numpy()
    return hashlib.blake2b(bits, digest_size=16).digest()


def from_numpy(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """A tensor of the same values; bfloat16 and float8 arrays by their bits."""
    if array.dtype in _TORCH_OF:
        dtype, bits = _TORCH_OF[array.dtype]
        width: Any = np.int16 if bits is torch.int16 else np.uint8
        return torch.from_numpy(np.array(array, order="C").view(width)).view(dtype)
    return torch.from_numpy(np.array(array))


def coerce(tensor: Any, value: Any, name: str) -> Any:
    """What `write` can put into the tensor: a number, or a tensor of its shape.

    Raises:
        ShapeError: the value has another shape.
        DTypeError: the value's kind does not fit (complex to real, fraction to integer).
    """
    reason = unwritable(tensor)
    if reason:
        raise DTypeError(f"{name!r} cannot be written: {reason}.")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, complex)):
        kind = next(kind for kind in _NUMBERS if isinstance(value, kind))
        _check_kind(_NUMBERS[kind], tensor.dtype, name)
        number: Any = kind(value)
        if isinstance(number, int) and tensor.dtype.is_floating_point and abs(number) < 2**1023:
            number = float(number)  # torch takes integers of 64 bits only
        if not _holds(tensor.dtype, number):
            raise DTypeError(f"{name!r} is {dtype_name(tensor.dtype)}, which cannot hold {value}.")
        return number
    if not isinstance(value, torch.Tensor):
        try:
            value = _as_tensor(value)
        except (TypeError, ValueError, RuntimeError, BufferError) as error:
            raise DTypeError(
                f"{name!r} cannot be set to a {type(value).__name__}: write a tensor, an array, a number or "
                f"a Parameter ({error})."
            ) from None
    if lazy(value) or value.is_meta or (value.layout != torch.strided) or value.is_quantized:
        raise DTypeError(f"{name!r} cannot be set to a tensor without plain values ({value.layout}).")
    if tuple(value.shape) != tuple(tensor.shape):
        raise ShapeError(
            f"{name!r} has shape {tuple(tensor.shape)}, the value {tuple(value.shape)}."
            + _shape_hint(tuple(value.shape), tuple(tensor.shape))
        )
    _check_kind(value.dtype, tensor.dtype, name)
    if not (tensor.dtype.is_floating_point or tensor.dtype.is_complex or value.dtype == tensor.dtype):
        low, high = (int(value.min()), int(value.max())) if value.numel() else (0, 0)
        if not (_holds(tensor.dtype, low) and _holds(tensor.dtype, high)):
            raise DTypeError(
                f"{name!r} is {dtype_name(tensor.dtype)}, which cannot hold values from {low} to {high}."
            )
    return value


def _as_tensor(value: Any) -> torch.Tensor:
    if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
        return torch.utils.dlpack.from_dlpack(value)
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind in "USmM":
        raise TypeError(f"it holds {array.dtype.type.__name__}")
    return from_numpy(array)


@lru_cache(maxsize=4096)
def _holds(dtype: torch.dtype, number: bool | int | float | complex) -> bool:
    """Whether a dtype holds a number, rounded if need be; infinities and NaN are numbers of a float."""
    try:
        torch.empty(2, dtype=dtype).fill_(number)
    except (RuntimeError, OverflowError):
        return False
    return dtype.is_floating_point or dtype.is_complex or _in_range(dtype, number)


def _in_range(dtype: torch.dtype, number: Any) -> bool:
    if dtype == torch.bool:
        return number in (0, 1)
    limits = torch.iinfo(dtype)
    return bool(limits.min <= number <= limits.max)


def _shape_hint(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if given == wanted[::-1]:
        return " The value transposed would fit: write value.T."
    if math.prod(given) == math.prod(wanted):
        return f" The value would fit reshaped: write value.reshape({wanted})."
    return " Only a plain number is spread over a whole parameter."


def _check_kind(given: torch.dtype, wanted: torch.dtype, name: str) -> None:
    if not torch.can_cast(given, wanted):
        raise DTypeError(
            f"{name!r} is {dtype_name(wanted)}, the value {dtype_name(given)}, which it cannot hold. "
            f"Convert the value first: value.to(torch.{dtype_name(wanted)})."
        )


def write(tensor: Any, value: Any) -> None:
    """Put what `coerce` returned into the tensor, in place; into a shard its part, with no exchange."""
    outside = tensor.detach()  # of autograd, and many times quicker than no_grad for one small tensor
    if not isinstance(value, torch.Tensor):
        outside.fill_(value)
        return
    value = value.detach()
    if not sharded(tensor) and value.untyped_storage().data_ptr() == outside.untyped_storage().data_ptr():
        value = value.clone()  # its own values, transposed perhaps
    part = shard(tensor)
    if part is not None and not sharded(value):
        outside, _, offsets = part
        at = tuple(slice(o, o + n) for o, n in zip(offsets, outside.shape, strict=True))
        value = value[at]
    outside.copy_(value)


class Shard(NamedTuple):
    """The part of a sharded tensor that lies in this process: its own tensor, and where it stands."""

    local: torch.Tensor
    whole_shape: tuple[int, ...]
    offsets: tuple[int, ...]


def shard(tensor: Any) -> Shard | None:
    """This process's part of a DTensor, None for a tensor that is no DTensor.

    Raises:
        DeferredError: the tensor is split in a way that is no block of the whole.
    """
    if not sharded(tensor):
        return None
    from torch.distributed.tensor import Replicate
    from torch.distributed.tensor import Shard as Split
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    if any(type(placement) not in (Split, Replicate) for placement in tensor.placements):
        raise DeferredError(
            f"a tensor placed as {tensor.placements} has no block of the whole in each process: "
            f"initialise before it is split so."
        )
    whole = tuple(tensor.shape)
    _, offsets = compute_local_shape_and_global_offset(whole, tensor.device_mesh, tensor.placements)
    return Shard(tensor.detach().to_local(), whole, tuple(offsets))


def copy(tensor: Any) -> Any:
    """A tensor of its own with the same values, a parameter where the tensor is one."""
    twin = tensor.detach().clone()
    return nn.Parameter(twin, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else twin


def zero_grad(tensors: Sequence[Any]) -> None:
    """Set the gradients to zero in place; where there is none there stays none."""
    grads = [found for tensor in tensors if (found := grad(tensor)) is not None]
    for found in grads:
        if found.grad_fn is not None:
            found.detach_()  # kept by create_graph=True; torch's own zero_grad lets go of it too
    if grads:
        with torch.no_grad():
            torch._foreach_zero_(grads)


def fill_target(tensor: Any) -> np.ndarray[Any, Any] | None:
    """The tensor's own memory as a NumPy array to be filled, where it lies on the host."""
    if not tensor.is_cpu or sharded(tensor) or tensor.is_neg():
        return None
    host: torch.Tensor = tensor.detach()
    if host.dtype in _FOREIGN:
        foreign, bits = _FOREIGN[host.dtype]
        host = host.view(bits)
        memory: np.ndarray[Any, Any] = host.numpy().view(foreign)
    else:
        memory = host.numpy()
    return memory
