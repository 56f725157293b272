"""Keras's `.keras` files, and what Keras's paths mean.

A `.keras` file is a zip archive of a configuration, metadata and weights in HDF5 (`model.weights.h5`). The
weights' paths count layers of one class and a layer's variables: `layers/dense_1/vars/0`. What the layer and
the variable are called stands nowhere but in an attribute of newer files, the layer's name.

The rooms inside: `reading`, `writing`, `matching` (which array belongs at which path).
"""

from .matching import by_like, by_pairs
from .reading import WEIGHTS, KerasFile
from .writing import write, write_weights

__all__ = ["WEIGHTS", "KerasFile", "by_like", "by_pairs", "write", "write_weights"]
