"""MXNet's Gluon on PyTorch: `from glueball import mxnet as mx`."""

from __future__ import annotations

from .. import __version__ as _glueball_version
from . import autograd, base, context, gluon, initializer, lr_scheduler, name, ndarray, optimizer, random
from . import initializer as init
from . import ndarray as nd
from ._install import install
from ._missing import absent
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus

__all__ = [
    "Context",
    "MXNetError",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "gluon",
    "gpu",
    "init",
    "initializer",
    "install",
    "lr_scheduler",
    "name",
    "nd",
    "ndarray",
    "num_gpus",
    "optimizer",
    "random",
]

# What it behaves like, and what it is.
__version__ = f"1.9.1+glueball.{_glueball_version}"

__getattr__ = absent(__name__)
