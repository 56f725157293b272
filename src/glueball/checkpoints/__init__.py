"""Checkpoint files: one room here for each format, and what all formats share.

Files are data: nothing in one is executed, and opening one costs memory by its size, never by what it
declares. A bad file is one `FileFormatError` that says which file, which array and which byte. Arrays come
and go as NumPy's; no framework is known here.

The rooms inside, from the first that a file meets: `opening` (which format it is); a room for each format,
`safetensors`, `pytorch`, `params` (MXNet's), `npz` (NumPy's), `hdf5` and `keras`; `sharded` (several files as
one); `base` (what every opened file has in common); `lazy` (arrays that a writer takes one at a time). They
share `mapping` (a file's bytes, mapped), `archive` (zip), `jsons` (headers), `sparse` (arrays kept by their
nonzero parts) and `atomic` (a save is the whole new file, or leaves the old one).
"""
