"""PyTorch's files: `.pt`, `.pth`, `.bin`; in a zip archive, or in the format before version 1.6.

The archive has one folder:

    data.pkl   a pickle, in which ("storage", type, key, device, elements) stands for each storage
    data/KEY   that storage's bytes; stored, so they are mapped
    byteorder  "little" or "big"; and some of the archive's own affairs

The older format is five pickles and the storages one after the other:

    a magic number | 1001 | about the machine | the pickle, as above | a list of keys
    | for each key: i64 number of elements, elements

A pickle is a program. It is not run: its instructions are read by a loop of our own, which makes plain nodes
and has neither imports nor calls. Of the names of functions and classes in it, a fixed few are known to make
tensors; what any other would have made is listed in `other`.

The rooms inside: `nodes` (what a pickle is made of), `pickles` (the loop), `tensors` (which nodes are
tensors), `places` (the path of each thing), `storages` (where bytes lie: the two formats), `reading`,
`writing` (the archive, with no torch).
"""

from .reading import PytorchFile
from .writing import write

__all__ = ["PytorchFile", "write"]
