"""Optimizers: what a Trainer changes weights with."""

from __future__ import annotations

from . import optimizer
from .further import DCASGD, FTML, LAMB, LARS, SGLD, Adamax, Ftrl, Nadam, Signum, Test, ccSGD
from .optimizer import Optimizer, Updater, create, get_updater, register
from .rules import NAG, SGD, AdaDelta, AdaGrad, Adam, RMSProp

__all__ = [
    "DCASGD",
    "FTML",
    "LAMB",
    "LARS",
    "NAG",
    "SGD",
    "SGLD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "Adamax",
    "Ftrl",
    "Nadam",
    "Optimizer",
    "RMSProp",
    "Signum",
    "Test",
    "Updater",
    "ccSGD",
    "create",
    "get_updater",
    "optimizer",
    "register",
]

# MXNet has all of them in the one file, and users find and print them there.
for _kind in Optimizer.opt_registry.values():
    setattr(optimizer, _kind.__name__, _kind)
    _kind.__module__ = optimizer.__name__
