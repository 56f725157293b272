"""Parameters and the dictionaries that hold them.

`storage` keeps the torch tensor and what hangs on it, `parameter` is MXNet's face of it, `constant` one that
stays, `loading` puts saved arrays in, `dictionary` holds many by name.
"""

from __future__ import annotations

from ...ndarray import NDArray
from .constant import Constant
from .dictionary import ParameterDict
from .parameter import DeferredInitializationError, Parameter, shape_is_known

__all__ = [
    "Constant",
    "DeferredInitializationError",
    "Parameter",
    "ParameterDict",
    "shape_is_known",
    "tensor_types",
]

tensor_types = (NDArray,)
"""What a block computes on; for `isinstance`."""

for _public in (Constant, DeferredInitializationError, Parameter, ParameterDict):
    _public.__module__ = __name__  # where a user finds them, and what MXNet prints
