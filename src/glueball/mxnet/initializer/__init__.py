"""How parameters begin, by MXNet's names and MXNet's numbers: `mx.init`.

An initializer is an object that fills an array in place, knowing its name. What Gluon calls is always the
chosen one's `_init_weight`; by the end of a name (`_bias`, `_gamma`, …) is chosen only where an initializer
is called directly, as the symbolic part of MXNet did.

The rooms inside: `registry` (by name), `base` (what an initializer is), `basic` (each element for itself),
`matrices` (by the array's shape), `choosing` (by the parameter's name), `accepting` (all else that a user
may have: a number, an array, an initializer of glueball's or of another framework's).
"""

from __future__ import annotations

from .accepting import chosen
from .base import InitDesc, Initializer
from .basic import Constant, FusedRNN, LSTMBias, Normal, One, Uniform, Zero
from .choosing import Load, Mixed
from .matrices import Bilinear, MSRAPrelu, Orthogonal, Xavier
from .registry import alias, create, register

__all__ = [
    "Bilinear",
    "Constant",
    "FusedRNN",
    "InitDesc",
    "Initializer",
    "LSTMBias",
    "Load",
    "MSRAPrelu",
    "Mixed",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "Xavier",
    "Zero",
    "alias",
    "chosen",
    "create",
    "register",
]

for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__  # where a user finds them, and what MXNet prints
