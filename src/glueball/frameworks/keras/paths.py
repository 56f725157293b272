"""Where Keras keeps a model's variables in its own files: `layers/dense_1/vars/0`.

The paths count layers of one class, and a layer's variables. Keras itself is asked, by letting it save into
a store that notes what it is given and keeps nothing, so a layer that saves in a way of its own is right too.
"""

from __future__ import annotations

from typing import Any

from keras import Variable
from keras.src.saving import saving_lib

__all__ = ["saved_paths"]


class _Noted(dict[str, Any]):
    """What one layer puts into a store."""

    def __init__(self, found: dict[str, Any], path: str) -> None:
        super().__init__()
        self.found, self.path = found, path

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, Variable):
            self.found[f"{self.path}/{key}" if self.path else key] = value


class _Store(saving_lib.NpzIOStore):  # type: ignore[misc] # one that Keras takes for its own
    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def make(self, path: str, metadata: Any = None) -> _Noted:
        # As in Keras's HDF5 files.
        return _Noted(self.found, f"{path}/vars" if path else "vars")

    def close(self) -> None:
        """Nothing was opened."""


def saved_paths(root: Any) -> dict[str, Any]:
    """Variable by its path in a `.weights.h5`; of a compiled model those of its optimizer too."""
    store = _Store()
    saving_lib._save_state(
        root, weights_store=store, assets_store=None, inner_path="", visited_saveables=set()
    )
    return store.found
