"""What the other files of `glueball.mxnet` stand on: MXNet's error, and how its classes print."""

from __future__ import annotations

import numpy as np

from ..errors import GlueballError

__all__ = ["MXNetError", "MXNetType", "integer_types", "mx_real_t", "numeric_types", "string_types"]

mx_real_t = np.float32
"""The dtype that MXNet takes where none is given."""

string_types = (str,)
integer_types = (int, np.int32, np.int64)
numeric_types = (float, int, np.generic)
"""What MXNet takes for text, for integers and for numbers; for `isinstance`."""


class MXNetType(type):
    """The metaclass of our classes: they print under MXNet's names, `<class 'mxnet.gluon.block.Block'>`."""

    def __repr__(cls) -> str:
        return super().__repr__().replace("<class 'glueball.mxnet", "<class 'mxnet", 1)


class MXNetError(GlueballError, RuntimeError, metaclass=MXNetType):
    """An operator was given what it cannot work with; in MXNet's words where it has some."""
