"""Gluon: blocks, parameters, layers, losses, trainers, data."""

from __future__ import annotations

from . import loss, nn
from .block import Block, HybridBlock
from .parameter import Constant, DeferredInitializationError, Parameter, ParameterDict

__all__ = [
    "Block",
    "Constant",
    "DeferredInitializationError",
    "HybridBlock",
    "Parameter",
    "ParameterDict",
    "loss",
    "nn",
]
