"""NumPy's `.npy` (one array) and `.npz` (a zip archive of them).

Nothing is unpickled: arrays of objects, of records and of text or dates are listed in `other` of an `.npz`,
and an `.npy` of one is an error. Stored members are mapped, compressed ones are read as a whole.

The rooms inside: `layout` (the header of an `.npy`), `reading`, `writing`.
"""

from .reading import NpyFile, NpzFile
from .writing import write, write_one

__all__ = ["NpyFile", "NpzFile", "write", "write_one"]
