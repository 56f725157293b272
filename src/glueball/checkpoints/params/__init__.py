"""MXNet's `.params` files: every version is read, versions 2 and 3 are written.

All numbers are little-endian. A file is

    u64 0x112 | u64 reserved | u64 n | n arrays | u64 0 or n | as many names: u64 length, UTF-8

and an array, where a shape is an i32 length and i64 dimensions, and a device an i32 type and an i32 number:

    version 3   u32 0xf993faca | i32 0 | shape | device | i32 dtype | data
    version 2   u32 0xf993fac9 | i32 0 | shape | device | i32 dtype | data
      sparse    u32 0xf993fac9 | i32 1 or 2 | shape of the data | shape | device | i32 dtype
                    | for each index array: i32 dtype, shape | data | index arrays
    version 1   u32 0xf993fac8 | shape | device | i32 dtype | data
    version 0   shape with u32 length and dimensions | device | i32 dtype | data

Version 3 has NumPy's shapes: length 0 is a scalar, -1 stands for what is unknown. In those before it, length
0 means that there is no array. After a shape that is unknown or none, nothing of that array follows. (MXNet
1.9.1 takes length 0 in versions 0 and 1 for a scalar's; MXNet 0.9 and 0.11, which wrote them, end the array
there.)

Of the shape of sparse data the first number is not to be trusted: MXNet can write the one from before it had
computed them. The shape of the indices is right.

There is no index: offsets are found by walking from array to array. That reads the headers and no data, and
keeps eight bytes for each array and each name, whatever counts and shapes a file declares.

The rooms inside: `layout` (the numbers, and what is said of one array), `records` (one array's header),
`reading`, `writing`, `checkpoint` (the same file as all formats are opened and written).
"""

from .checkpoint import ParamsCheckpoint, write
from .layout import Array, Block, Entry
from .reading import ParamsFile, load
from .writing import dumps, save

__all__ = ["Array", "Block", "Entry", "ParamsCheckpoint", "ParamsFile", "dumps", "load", "save", "write"]
