"""MXNet's Gluon on PyTorch: `from glueball import mxnet as mx`."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any as _Any

from .. import __version__ as _glueball_version
from . import (
    autograd,
    base,
    context,
    engine,
    gluon,
    initializer,
    lr_scheduler,
    name,
    ndarray,
    optimizer,
    random,
    util,
)
from . import initializer as init
from . import ndarray as nd
from ._install import install
from ._missing import absent
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus
from .util import (
    is_np_array,
    is_np_shape,
    np_array,
    np_shape,
    set_np_shape,
    use_np,
    use_np_array,
    use_np_shape,
)

__all__ = [
    "Context",
    "MXNetError",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "engine",
    "gluon",
    "gpu",
    "init",
    "initializer",
    "install",
    "is_np_array",
    "is_np_shape",
    "lr_scheduler",
    "name",
    "nd",
    "ndarray",
    "np_array",
    "np_shape",
    "num_gpus",
    "optimizer",
    "random",
    "set_np_shape",
    "use_np",
    "use_np_array",
    "use_np_shape",
    "util",
]

# What it behaves like, and what it is.
__version__ = f"1.9.1+glueball.{_glueball_version}"

_absent = absent(__name__)


def __getattr__(name: str) -> _Any:
    if name == "test_utils":  # for tests alone, and it takes NumPy's
        return _import_module(f"{__name__}.test_utils")
    return _absent(name)
