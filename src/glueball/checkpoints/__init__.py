"""Checkpoint files: one room here for each format, and what all formats share.

Files are data: nothing in one is executed, and opening one costs memory by its size, never by what it
declares. A bad file is one `FileFormatError` that says which file, which array and which byte. Arrays come
and go as NumPy's; no framework is known here.

The rooms inside: `params` (MXNet's format), `sparse` (arrays kept by their nonzero parts), `atomic` (a save
is the whole new file, or leaves the old one).
"""
