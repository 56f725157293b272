"""Initializers: values that say which distribution; where the random words come from is not theirs.

An initializer is immutable, prints as it is written, compares by value and has a JSON form. It meets a
stream only when an array is filled, so the same initializer gives each parameter its own values, and
the same parameter the same values under the same seed.

>>> import glueball as gb
>>> gb.init.Normal(0.01, mean=1)
Normal(0.01, mean=1)
>>> gb.init.Uniform(-1, 2) == gb.init.Uniform(-1.0, 2.0)
True
>>> gb.init.from_json({"kind": "HeNormal"})
HeNormal()

Wherever an initializer is asked for, these serve too: a number, an array, another Parameter, a name such
as `"xavier"`, a function that fills an array or makes one of (shape, dtype), such as
`torch.nn.init.orthogonal_`, a Keras initializer, a function of `jax.nn.initializers`.

The rooms inside: `base` (what an initializer is), `constants`, `draws` (one distribution for all),
`scaled` and `kaiming` (by fans), `matrices` (the whole array), `recurrent` (biases of gates),
`functions`, `choosing` (by name), `names` (what a user writes, and JSON).
"""

from .base import Drawn, Given, Initializer, Target, Whole
from .choosing import Default, Load, Mixed, Padded
from .constants import Constant, One, Zero
from .draws import Normal, TruncatedNormal, Uniform
from .functions import Foreign, Function
from .kaiming import KaimingNormal, KaimingUniform, gain
from .matrices import Bilinear, Dirac, Identity, Orthogonal, Sparse
from .names import NAMES, as_initializer, from_json, recognise
from .recurrent import ForgetBias, LSTMBias
from .scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    MSRAPrelu,
    VarianceScaling,
    Xavier,
)

__all__ = [
    "NAMES",
    "Bilinear",
    "Constant",
    "Default",
    "Dirac",
    "Drawn",
    "Foreign",
    "ForgetBias",
    "Function",
    "Given",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "KaimingNormal",
    "KaimingUniform",
    "LSTMBias",
    "LecunNormal",
    "LecunUniform",
    "Load",
    "MSRAPrelu",
    "Mixed",
    "Normal",
    "One",
    "Orthogonal",
    "Padded",
    "Sparse",
    "Target",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "Whole",
    "Xavier",
    "Zero",
    "as_initializer",
    "from_json",
    "gain",
    "recognise",
]
