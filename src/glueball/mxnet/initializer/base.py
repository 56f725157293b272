"""What an initializer is, and what it is told of an array besides its name."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..base import MXNetType
from ..ndarray import NDArray
from ..ndarray.graph import raw
from .registry import create

__all__ = ["InitDesc", "Initializer"]


class InitDesc(str, metaclass=MXNetType):
    """A parameter's name, with what is known of it besides.

    Args:
        name: the name.
        attrs: what else is known; `"__init__"` is the initializer that it asks for.
        global_init: the one that a model is initialised with.
    """

    attrs: Mapping[str, Any]
    global_init: Any

    def __new__(cls, name: str, attrs: Mapping[str, Any] | None = None, global_init: Any = None) -> InitDesc:
        """A name with attributes."""
        made = super().__new__(cls, name)
        made.attrs = attrs or {}
        made.global_init = global_init
        return made


class Initializer(metaclass=MXNetType):
    """Fills arrays. Write a subclass with `_init_weight(self, name, data)` that fills `data` in place.

    Args:
        kwargs: the subclass's own arguments, for `dumps` and `==`.

    >>> from glueball import mxnet as mx
    >>> class Alternating(mx.init.Initializer):
    ...     def _init_weight(self, name, data):
    ...         data[:] = 1
    ...         data[::2] = -1
    >>> data = mx.nd.zeros(3)
    >>> Alternating()(mx.init.InitDesc("fc_weight"), data)
    >>> data.asnumpy()
    array([-1.,  1., -1.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[NDArray], Any] | None = None

    def set_verbosity(
        self, verbose: bool = False, print_func: Callable[[NDArray], Any] | None = None
    ) -> Initializer:
        """Whether it logs (`logging.info`) what it fills; gives itself back.

        Args:
            verbose: whether.
            print_func: what of an array is logged; by default |x| / √size.
        """
        self._verbose = verbose
        self._print_func = _mean_norm if print_func is None else print_func
        return self

    def dumps(self) -> str:
        """Its name and its arguments, as `create` reads them.

        >>> from glueball import mxnet as mx
        >>> mx.init.Xavier(magnitude=2).dumps()
        '["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 2}]'
        """
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Initializer) and (type(self), self._kwargs) == (type(other), other._kwargs)

    __hash__ = None  # type: ignore[assignment]  # as in MXNet: `==` compares, and it may be changed

    def __repr__(self) -> str:
        return object.__repr__(self).replace("<glueball.mxnet", "<mxnet", 1)

    def __call__(self, desc: str, arr: NDArray) -> None:
        """Fill an array: as its description asks, else by the end of its name.

        Args:
            desc: the name, an `InitDesc`.
            arr: is filled in place.

        Raises:
            ValueError: the name ends in nothing that is known.
        """
        if not isinstance(desc, InitDesc):
            self._legacy_init(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        init = desc.attrs.get("__init__")
        if init is not None and (type(init) is not str or init):
            if isinstance(init, Initializer):
                init._init_weight(desc, arr)
            else:
                from .accepting import chosen

                chosen(init)._init_weight(desc, arr)
            if self._verbose:
                self._verbose_print(desc, init, arr)
            return
        for end, method, shown in _BY_END:
            if desc.endswith(end):
                getattr(self, method)(desc, arr)
                self._verbose_print(desc, shown, arr)
                return
        self._init_default(desc, arr)

    def _legacy_init(self, name: Any, arr: NDArray) -> None:
        """Fill an array of which a bare name is known."""
        warnings.warn(
            "\033[91mCalling initializer with init(str, NDArray) has been deprecated."
            "please use init(mx.init.InitDesc(...), NDArray) instead.\033[0m",
            DeprecationWarning,
            stacklevel=3,
        )
        if not isinstance(name, str):
            raise TypeError("name must be string")
        for begin, end, method in _BY_BARE_NAME:
            if name.startswith(begin) and name.endswith(end):
                getattr(self, method)(name, arr)
                return
        self._init_default(name, arr)

    def _verbose_print(self, desc: str, init: Any, arr: NDArray) -> None:
        if self._verbose and self._print_func:
            logging.info("Initialized %s as %s: %s", desc, init, self._print_func(arr))

    # ---- what there is to fill: a subclass may write each of these

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError("Must override it")

    def _init_zero(self, _: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_one(self, _: str, arr: NDArray) -> None:
        arr[:] = 1

    def _init_bias(self, _: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_beta(self, _: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_gamma(self, _: str, arr: NDArray) -> None:
        arr[:] = 1

    def _init_quantized_bias(self, _: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_quantized_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = _drawn_integer()

    def _init_bilinear(self, name: str, arr: NDArray) -> None:
        create("bilinear")._init_weight(name, arr)

    def _init_loc_bias(self, _: str, arr: NDArray) -> None:
        assert arr.shape[0] == 6
        arr[:] = [1.0, 0, 0, 0, 1.0, 0]

    def _init_default(self, name: str, _: NDArray) -> None:
        raise ValueError(
            f"Unknown initialization pattern for {name}. Default initialization is now limited to "
            '"weight", "bias", "gamma" (1.0), and "beta" (0.0).'
            "Please use mx.sym.Variable(init=mx.init.*) to set initialization pattern"
        )


# (end of a described name, what fills it, what the log calls it)
_BY_END = (
    ("weight", "_init_weight", "weight"),
    ("bias", "_init_bias", "bias"),
    ("gamma", "_init_gamma", "gamma"),
    ("beta", "_init_beta", "beta"),
    ("min", "_init_zero", "min"),
    ("max", "_init_one", "max"),
    ("weight_quantize", "_init_quantized_weight", "weight_quantize"),
    ("bias_quantize", "_init_quantized_bias", "bias_quantize"),
)
# (beginning and end of a bare name, what fills it)
_BY_BARE_NAME = (
    ("upsampling", "", "_init_bilinear"),
    ("stn_loc", "weight", "_init_zero"),
    ("stn_loc", "bias", "_init_loc_bias"),
    ("", "bias", "_init_bias"),
    ("", "gamma", "_init_gamma"),
    ("", "beta", "_init_beta"),
    ("", "weight", "_init_weight"),
    ("", "moving_mean", "_init_zero"),
    ("", "moving_var", "_init_one"),
    ("", "moving_inv_var", "_init_zero"),
    ("", "moving_avg", "_init_zero"),
    ("", "min", "_init_zero"),
    ("", "max", "_init_one"),
)


def _mean_norm(arr: NDArray) -> str:
    values = raw(arr).float()
    return str((torch.linalg.vector_norm(values) / values.numel() ** 0.5).numpy()[()])


def _drawn_integer() -> int:
    from ..ndarray import random

    draw: Any = random
    return int(draw.randint(-127, 127, dtype="int32").asscalar())
