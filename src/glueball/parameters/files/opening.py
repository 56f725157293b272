"""Opening a checkpoint file as the parameters that lie in it."""

from __future__ import annotations

import os

from ...frameworks import adapter_for
from ..collection import Collection
from ..dictionary import ParameterDict
from ..garbage import no_garbage

__all__ = ["open"]


def open(path: str | os.PathLike[str], *, allow_expansion: bool = False) -> ParameterDict:
    """The parameters of a checkpoint file, of whatever format, without reading their arrays.

    They are found, selected, shown and saved as a model's are. `data()` of one is an array that is read where
    it is looked at: `params["embed.weight"].data()[:10]` reads ten rows. Nothing in a file is executed, and
    nothing in it can be edited.

    Args:
        path: of a file, of a folder of shards, or of their index; the format is known by the content.
        allow_expansion: whether an array may be read that takes far more memory than the file has bytes
            (compressed, or of repeated elements).

    Raises:
        FileFormatError: nothing here knows the file, or it is damaged.
        MissingExtraError: the format needs a package that is not installed.
        OSError: the system cannot open it.

    >>> import glueball as gb
    >>> from torch import nn
    >>> from tempfile import TemporaryDirectory
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> with TemporaryDirectory() as folder:
    ...     gb.collect_params(net).save(f"{folder}/net.safetensors")
    ...     params = gb.open(f"{folder}/net.safetensors")
    >>> params.select(".*weight").names()
    ['0.weight', '2.weight']
    >>> params["0.weight"].data()[:2].shape
    (2, 4)
    """
    from ...checkpoints.opening import open_file  # formats are imported when a file is opened

    with no_garbage():
        file = open_file(path, allow_expansion=allow_expansion)
        return ParameterDict(Collection(adapter_for(file).walk(file, True)))
