"""MXNet's Gluon on PyTorch: `from glueball import mxnet as mx`."""

from __future__ import annotations

from . import autograd, base, context, gluon, initializer, name, ndarray, random
from . import initializer as init
from . import ndarray as nd
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
    "name",
    "nd",
    "ndarray",
    "num_gpus",
    "random",
]

__version__ = "1.9.1"
