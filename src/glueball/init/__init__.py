"""Initializers: values that say which distribution; where the random words come from is not theirs.

An initializer is immutable, prints as it is written, and compares by value. It meets a stream only when
an array is filled, so the same initializer gives each parameter its own values, and the same parameter
the same values under the same seed.

>>> import glueball as gb
>>> gb.init.Normal(0.01)
Normal(0.01)
>>> gb.init.Uniform(-1, 2) == gb.init.Uniform(-1.0, 2.0)
True

Wherever an initializer is asked for, these serve too: a number, an array, another Parameter, a name such
as `"xavier"`, and a function that fills the array it is given, such as `torch.nn.init.orthogonal_`.
"""

from .initializers import (
    NAMES,
    Constant,
    Function,
    Initializer,
    Normal,
    One,
    Target,
    Uniform,
    Xavier,
    Zero,
    as_initializer,
)

__all__ = [
    "NAMES",
    "Constant",
    "Function",
    "Initializer",
    "Normal",
    "One",
    "Target",
    "Uniform",
    "Xavier",
    "Zero",
    "as_initializer",
]
