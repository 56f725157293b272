"""HDF5 files: Keras's `.weights.h5`, and any other whose datasets are arrays of numbers (extra `hdf5`).

Every dataset is an entry by its path (`layers/dense/vars/0`), in the order of the names, which is all that
Keras keeps. Text attributes of the file itself are `metadata`, those of groups and datasets `attributes`;
others are listed in `other`. What leads out of the file (external links, external and virtual storage) is an
error: opening one file reads no other.

The rooms inside: `reading` (and `heaps`, which it looks at first), `writing`.
"""

from .reading import MAGIC, Hdf5File
from .writing import write

__all__ = ["MAGIC", "Hdf5File", "write"]
