"""Gluon: blocks, parameters, layers, losses, trainers, data."""

from __future__ import annotations

from .._missing import absent
from . import data, loss, nn, utils
from .block import Block, HybridBlock, SymbolBlock
from .parameter import Constant, DeferredInitializationError, Parameter, ParameterDict
from .trainer import Trainer

__all__ = [
    "Block",
    "Constant",
    "DeferredInitializationError",
    "HybridBlock",
    "Parameter",
    "ParameterDict",
    "SymbolBlock",
    "Trainer",
    "data",
    "loss",
    "nn",
    "utils",
]

__getattr__ = absent(__name__)
