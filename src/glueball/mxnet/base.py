"""The error that MXNet raises for what its operators refuse."""

from __future__ import annotations

from ..errors import GlueballError

__all__ = ["MXNetError"]


class MXNetError(GlueballError, RuntimeError):
    """What MXNet calls `mxnet.base.MXNetError`: an operator refuses its arguments."""
