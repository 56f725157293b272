"""glueball's adapter for tinynet."""

from __future__ import annotations

from typing import Any

import numpy as np

import glueball as gb
from glueball.frameworks import register
from glueball.frameworks.host import Entries, HostAdapter
from laws import tinynet


class TinyNetAdapter(HostAdapter):
    """Layers and Variables of tinynet."""

    name = "tinynet"

    # What a framework has to say: where arrays lie, how one is read, and how its values are replaced.

    def entries(self, owner: Any) -> Entries:
        inside = vars(owner).items()
        arrays = [(name, thing) for name, thing in inside if isinstance(thing, tinynet.Variable)]
        layers = [(name, thing) for name, thing in inside if isinstance(thing, tinynet.Layer)]
        return Entries(arrays, layers, buffers={name: True for name, thing in arrays if thing.counts})

    def read(self, cell: Any) -> np.ndarray:
        return cell.value

    def put(self, cell: Any, values: np.ndarray) -> None:
        cell.value = np.array(values)

    # Freezing, in the framework's own way.

    def trainable(self, array: Any) -> bool:
        return array.learns

    def set_trainable(self, array: Any, trainable: bool, name: str, check: bool) -> None:
        if not check:
            array.learns = trainable

    # Ties: the same Variable in two places; and a copy, when one is untied.

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None = None) -> None:
        setattr(owner, attribute, array)

    def copy(self, array: Any) -> Any:
        if isinstance(array, tinynet.Variable):
            return tinynet.Variable(array.value.copy(), array.learns, array.counts)
        return np.array(array)

    # What layers are: fans, and what a constructor draws.

    def fans(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
        return shape if isinstance(owner, tinynet.Dense) and attribute == "kernel" else None

    def default(self, owner: Any, attribute: str, shape: tuple[int, ...], above: Any) -> Any:
        if not isinstance(owner, tinynet.Dense):
            return None
        return gb.init.LecunUniform() if attribute == "kernel" else gb.init.Zero()

    # Optimizers: what one holds.

    def held(self, optimizer: Any) -> list[tuple[str | None, Any]]:
        return [(None, variable) for variable in optimizer.variables]


register(tinynet.Layer, TinyNetAdapter())
