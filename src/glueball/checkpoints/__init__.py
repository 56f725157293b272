"""Checkpoint files: one room here for each format, and what all formats share.

Files are data: nothing in one is executed, and opening one costs memory by its size, never by what it
declares. A bad file is one `FileFormatError` that says which file, which array and which byte. Arrays come
and go as NumPy's; no framework is known here.

The rooms inside, from the first that a file meets: `opening` (which format it is); a room for each format,
`safetensors`, `pytorch`, `params` (MXNet's), `npz` (NumPy's), `hdf5` and `keras`; `sharded` (several files as
one); `base` (what every opened file has in common). From the first that a new file meets: `writing` (which
format it gets); `lazy` (arrays that a writer takes one at a time); `sizes` and `progress`.

They share `mapping` (a file's bytes, mapped) and `remote` (or fetched), `parts` (of an array, by the bytes
that have it), `archive` and `zips` (read and written), `jsons` (headers), `sparse` (arrays kept by their
nonzero parts) and `atomic` (a save is the whole new file, or leaves the old one).
"""
