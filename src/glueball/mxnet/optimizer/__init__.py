"""Optimizers: what a Trainer changes weights with."""

from __future__ import annotations

from .optimizer import Optimizer, Updater, create, get_updater, register
from .rules import NAG, SGD, AdaDelta, AdaGrad, Adam, RMSProp

__all__ = [
    "NAG",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "Optimizer",
    "RMSProp",
    "Updater",
    "create",
    "get_updater",
    "register",
]
