"""Initializers that choose by a parameter's name: by pattern, or from what was saved."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..base import MXNetType
from ..ndarray import NDArray

__all__ = ["Load", "Mixed"]


class Load(metaclass=MXNetType):
    """Takes what was loaded, by name, and an initializer for the rest.

    Args:
        param: arrays by name (`arg:` and `aux:` before a name are left out), or a file of them.
        default_init: for names that are not among them; without one they are an error.
        verbose: whether it logs what it does.
    """

    def __init__(
        self,
        param: str | os.PathLike[str] | Mapping[str, NDArray],
        default_init: Any = None,
        verbose: bool = False,
    ) -> None:
        if isinstance(param, (str, os.PathLike)):
            from .. import ndarray

            arrays = ndarray.load(os.fspath(param))
        else:
            assert isinstance(param, Mapping)
            arrays = dict(param)
        assert isinstance(arrays, dict)
        self.param = {
            name[4:] if name.startswith(("arg:", "aux:")) else name: array for name, array in arrays.items()
        }
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill an array.

        Raises:
            AssertionError: the array of this name has another shape, or there is none and no default.
        """
        if name in self.param:
            loaded = self.param[name]
            assert arr.shape == loaded.shape, (
                f"Parameter {name} cannot be initialized from loading. Shape mismatch, target "
                f"{arr.shape} vs loaded {loaded.shape}"
            )
            arr[:] = loaded
            if self.verbose:
                logging.info("Initialized %s by loading", name)
            return
        assert self.default_init is not None, (
            f"Cannot Initialize {name}. Not found in loaded param and no default Initializer is provided."
        )
        self.default_init(name, arr)
        if self.verbose:
            logging.info("Initialized %s by default", name)


class Mixed(metaclass=MXNetType):
    """Takes the initializer of the first pattern that a name begins with (`re.match`).

    Args:
        patterns: regular expressions.
        initializers: one for each.

    >>> from glueball import mxnet as mx
    >>> mixed = mx.init.Mixed(["bias", ".*"], [mx.init.Zero(), mx.init.One()])
    >>> data = mx.nd.zeros(2)
    >>> mixed(mx.init.InitDesc("fc_weight"), data)
    >>> data.asnumpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Any]) -> None:
        assert len(patterns) == len(initializers)
        self.map = list(zip(map(re.compile, patterns), initializers, strict=True))

    def choose(self, name: str) -> Any:
        """The initializer for a name.

        Raises:
            ValueError: no pattern matches.
        """
        for pattern, initializer in self.map:
            if pattern.match(name):
                return initializer
        raise ValueError(
            "Parameter name %s did not match any pattern. Consider"
            'add a ".*" pattern at the and with default Initializer.'
        )

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill an array."""
        self.choose(name)(name, arr)
