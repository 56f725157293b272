"""Layers."""

from __future__ import annotations

from ..block import Block, HybridBlock
from .basic_layers import Activation, Dense, HybridSequential, Sequential

__all__ = ["Activation", "Block", "Dense", "HybridBlock", "HybridSequential", "Sequential"]
