"""How what a user writes, or what JSON holds, becomes an initializer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import GlueballError, InitializerError
from ..patterns import nearest
from .base import Initializer
from .constants import Constant, One, Zero
from .draws import Normal, TruncatedNormal, Uniform
from .functions import Function
from .kaiming import KaimingNormal, KaimingUniform
from .matrices import Bilinear, Dirac, Identity, Orthogonal, Sparse
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

__all__ = ["NAMES", "as_initializer", "from_json", "recognise"]

NAMES: dict[str, Callable[[], Initializer]] = {
    "zero": Zero,
    "zeros": Zero,
    "one": One,
    "ones": One,
    "uniform": Uniform,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
    "trunc_normal": TruncatedNormal,
    "xavier": Xavier,
    "xavier_uniform": Xavier,
    "xavier_normal": lambda: Xavier("gaussian", magnitude=1.0),
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "kaiming_uniform": KaimingUniform,
    "kaiming_normal": KaimingNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "variance_scaling": VarianceScaling,
    "msra_prelu": MSRAPrelu,
    "orthogonal": Orthogonal,
    "identity": Identity,
    "eye": Identity,
    "dirac": Dirac,
    "bilinear": Bilinear,
    "lstm_bias": LSTMBias,
    "forget_bias": ForgetBias,
}
"""The names that stand for an initializer with its defaults: the field's own words.

Where two frameworks mean two things by one name, each means what the framework that calls it so does:
`"kaiming_normal"` and `"xavier_normal"` are torch's, `"he_normal"` and `"glorot_normal"` Keras's. Upper
case and underscores do not count: `"GlorotNormal"`, `"kaiming_normal_"`.
"""

_BARE = {name.replace("_", ""): make for name, make in NAMES.items()}

_KINDS: dict[str, type[Initializer]] = {
    kind.__name__: kind
    for kind in (
        *(Zero, One, Constant, Uniform, Normal, TruncatedNormal, Function),
        *(Xavier, MSRAPrelu, VarianceScaling, KaimingUniform, KaimingNormal),
        *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
        *(Orthogonal, Sparse, Identity, Dirac, Bilinear, LSTMBias, ForgetBias),
    )
}


def register(kind: type[Initializer], *names: str) -> None:
    """Let JSON know a class of ours, and names stand for it with its defaults."""
    _KINDS[kind.__name__] = kind
    for name in names:
        NAMES[name] = _BARE[name.replace("_", "")] = kind


_RECOGNISERS: list[Callable[[Any], Initializer | None]] = []


def recognise(recogniser: Callable[[Any], Initializer | None]) -> Callable[[Any], Initializer | None]:
    """Let a function turn objects that it knows (a framework's initializers) into ours; None for others."""
    _RECOGNISERS.append(recogniser)
    return recogniser


def as_initializer(given: Any) -> Initializer:
    """What a user wrote in a rule, as an initializer.

    Raises:
        InitializerError: it is nothing that can initialise, or an unknown name.

    >>> as_initializer("he_normal"), as_initializer(0.5)
    (HeNormal(), Constant(0.5))
    """
    if isinstance(given, Initializer):
        return given
    if isinstance(given, str):
        make = _BARE.get(given.lower().replace("_", ""))
        if make is None:
            near = ", ".join(map(repr, nearest(given, list(NAMES))))
            raise InitializerError(f"no initializer is called {given!r}. Nearest names: {near}.")
        return make()
    if isinstance(given, type):
        raise InitializerError(f"{given.__name__} is the class: write {given.__name__}().")
    if isinstance(given, (bool, int, float, complex, np.generic, list, tuple)) or hasattr(given, "shape"):
        return Constant(given)
    for recogniser in _RECOGNISERS:
        found = recogniser(given)
        if found is not None:
            return found
    if callable(given):
        return Function(given)
    raise InitializerError(
        f"{given!r} is no initializer. Write one of glueball.init, a number, an array, a Parameter, "
        f"a name such as 'xavier', or a function that fills an array."
    )


def from_json(form: Any, *, known: Mapping[str, Any] | None = None) -> Initializer:
    """The initializer that `to_json` described; also a plain number, a name, or a list of numbers.

    Nothing is imported or run by what stands in the data: a function, or an initializer of a class that
    is not glueball's, has to be given by its name in `known`, `{"package.module.name": it}`. For an
    initializer of another framework that is the object itself, or its class.

    Raises:
        InitializerError: an unknown kind, wrong arguments, or something in `known` that is another than the
            one that was written.

    >>> import glueball as gb
    >>> gb.init.from_json({"kind": "Xavier", "factor_type": "in"})
    Xavier(factor_type='in')
    >>> gb.init.from_json(gb.init.Orthogonal(2).to_json()) == gb.init.Orthogonal(2)
    True
    """
    known = {} if known is None else known
    if not isinstance(form, Mapping):
        return as_initializer(form)
    arguments = dict(form)
    name = arguments.pop("kind", None)
    kind: Any = None
    if isinstance(name, str):
        kind = _KINDS[name] if name in _KINDS else known.get(name)
    if kind is None:
        near = ", ".join(map(repr, nearest(str(name), list(_KINDS))))
        raise InitializerError(
            f"there is no kind of initializer {name!r}. Nearest: {near}. One of your own is given by its "
            f"name: known={{{name!r}: …}}."
        )
    try:
        if isinstance(kind, type):
            if issubclass(kind, Initializer):
                return kind._from_json(arguments, known)
            return as_initializer(kind(**arguments))
    except (TypeError, KeyError, AttributeError, ValueError, ArithmeticError) as error:
        if isinstance(error, GlueballError):
            raise
        raise InitializerError(f"{name} cannot be made of {arguments}: {error}.") from None
    found = as_initializer(kind)
    if found.to_json() != form:
        raise InitializerError(f"known[{name!r}] is {found!r}, and what was written is {dict(form)}.")
    return found
