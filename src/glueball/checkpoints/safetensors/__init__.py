"""safetensors: one file, or shards and an index.

    u64 n, little-endian | n bytes of JSON, padded with spaces | data

The JSON is an object: name → {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, offsets from
where the data begin, and perhaps "__metadata__" → an object of text to text. Data lie one after the other, in
C order, with no hole, no overlap and nothing after them.

A tie is stored once. Its other names stand in the metadata, as `safetensors.torch.save_model` writes them:
other name → name that is stored.

Shards are such files in one folder, with `model.safetensors.index.json` beside them: {"metadata": {...},
"weight_map": {name → file}}. A save gives its shards names of its own and replaces the index last, so the
index always leads to a whole checkpoint.

The rooms inside: `layout` (the header, read and written), `quick` (most headers, read faster), `reading`,
`writing` (one file), `shards` (a folder), `editing` (names and metadata) with its `journal`.
"""

from .editing import edit
from .reading import SafetensorsFile
from .shards import write_shards
from .writing import write

__all__ = ["SafetensorsFile", "edit", "write", "write_shards"]
