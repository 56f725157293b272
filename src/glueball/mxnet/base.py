"""What the other files of `glueball.mxnet` stand on: MXNet's error, and how its classes print."""

from __future__ import annotations

import numpy as np

from ..errors import GlueballError

__all__ = ["MXNetError", "MXNetType", "mx_real_t"]

mx_real_t = np.float32
"""The dtype that MXNet takes where none is given."""


class MXNetError(GlueballError, RuntimeError):
    """An operator was given what it cannot work with; in MXNet's words where it has some."""


class MXNetType(type):
    """The metaclass of our classes: they print under MXNet's names, `<class 'mxnet.gluon.block.Block'>`."""

    def __repr__(cls) -> str:
        return super().__repr__().replace("<class 'glueball.mxnet", "<class 'mxnet", 1)
