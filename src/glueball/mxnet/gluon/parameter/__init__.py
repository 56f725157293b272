"""Parameters and the dictionaries that hold them."""

from __future__ import annotations

from .dictionary import ParameterDict
from .parameter import Constant, DeferredInitializationError, Parameter, shape_is_known

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "ParameterDict", "shape_is_known"]

for _public in (Constant, DeferredInitializationError, Parameter, ParameterDict):
    _public.__module__ = __name__  # where a user finds them, and what MXNet prints
