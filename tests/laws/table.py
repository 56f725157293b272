"""All frameworks that the laws are held over; a new one is entered here."""

from __future__ import annotations

from laws.framework import Framework
from laws.modules import NNX, Gluon, Invented, Keras, Torch
from laws.trees import Equinox, JAXTree, NumPyTree, TorchTree

FRAMEWORKS: list[Framework] = [
    Torch(), Gluon(), Keras(), NNX(), NumPyTree(), TorchTree(), JAXTree(), Equinox(), Invented(),
]  # fmt: skip
