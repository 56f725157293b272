"""Blocks that run their children one after the other."""

from __future__ import annotations

import warnings
from typing import Any

from ..block import Block, HybridBlock

__all__ = ["HybridSequential", "Sequential"]


class _Stack(Block):
    """What the two containers share: blocks that are run one after the other."""

    _takes_tensors = True
    _prints_all = True

    def add(self, *blocks: Any) -> None:
        """Put blocks at the end."""
        for block in blocks:
            self.register_child(block)

    def _through(self, x: Any) -> Any:
        """Each block on what the one before gave; of several values the first is `x` to the next."""
        args: Any = ()
        for block in self._modules.values():
            x = block(x, *args)  # type: ignore[misc]
            args = ()
            if isinstance(x, (tuple, list)):
                args = x[1:]
                x = x[0]
        return (x, *args) if args else x

    def __getitem__(self, key: Any) -> Any:
        layers = list(self._modules.values())[key]
        if isinstance(layers, list):
            part = type(self)(prefix=self._prefix)
            with part.name_scope():
                part.add(*layers)
            return part
        return layers

    def __len__(self) -> int:
        return len(self._modules)


class Sequential(_Stack):
    """Blocks one after the other.

    >>> from glueball.mxnet.gluon import nn
    >>> net = nn.Sequential()
    >>> net.add(nn.Dense(10, activation="relu"), nn.Dense(2))
    >>> net
    Sequential(
      (0): Dense(None -> 10, Activation(relu))
      (1): Dense(None -> 2, linear)
    )
    """

    _takes_tensors = True

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def forward(self, x: Any) -> Any:
        """Each block on what the one before gave."""
        return self._through(x)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Hybridize the blocks; warns where all of them are HybridBlocks."""
        if self._modules and all(isinstance(block, HybridBlock) for block in self._modules.values()):
            warnings.warn(
                f"All children of this Sequential layer '{self.prefix}' are HybridBlocks. Consider using "
                "HybridSequential for the best performance.",
                stacklevel=2,
            )
        super().hybridize(active, **kwargs)


class HybridSequential(_Stack, HybridBlock):
    """HybridBlocks one after the other.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> net = nn.HybridSequential()
    >>> net.add(nn.Flatten(), nn.Dense(2, in_units=6))
    >>> net.initialize()
    >>> net(nd.ones((4, 2, 3))).shape, len(net), net[1:]
    ((4, 2), 2, HybridSequential(
      (0): Dense(6 -> 2, linear)
    ))
    """

    _takes_tensors = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "hybrid_forward" in cls.__dict__ and "forward" not in cls.__dict__:
            cls.forward = HybridBlock.forward  # type: ignore[method-assign]  # a user's own computation

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def forward(self, x: Any) -> Any:
        """Each block on what the one before gave."""
        return self._through(x)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Each block on what the one before gave."""
        return self._through(x)
