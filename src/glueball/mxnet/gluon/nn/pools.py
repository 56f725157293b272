"""Pooling: the greatest or the mean of each window, or of everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .convolution import each
from .pooling import _Pooling

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
]

Sizes = int | Sequence[int]


def _checked(pool_size: Any, layout: str, layouts: tuple[str, str]) -> Any:
    """The window's size for each axis.

    Raises:
        AssertionError: the layout is none of the two, or the window has another number of axes.
    """
    axes = len(layouts[0]) - 2
    assert layout in layouts, f"Only {layouts[0]} and {layouts[1]} layouts are valid for {axes}D Pooling"
    pool_size = each(pool_size, axes)
    assert len(pool_size) == axes, f"pool_size must be a number or a list of {axes} ints"
    return pool_size


class MaxPool1D(_Pooling):
    """The greatest element of each window over one axis.

    Args:
        pool_size: a number, or one for each axis; so are strides and padding.
        strides: step of the window; None is its size.
        padding: at both ends.
        layout: "NCW" or "NWC".
        ceil_mode: whether a last window that does not fit wholly counts.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> nn.MaxPool1D()(nd.ones((2, 3, 7))).shape
    (2, 3, 3)
    """

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: Sizes = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCW", "NWC"))
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool2D(_Pooling):
    """The greatest element of each window over two axes.

    Args:
        pool_size: a number, or one for each axis; so are strides and padding.
        strides: step of the window; None is its size.
        padding: at both ends.
        layout: "NCHW" or "NHWC".
        ceil_mode: whether a last window that does not fit wholly counts.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> nn.MaxPool2D()(nd.ones((2, 3, 7, 7))).shape
    (2, 3, 3, 3)
    """

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
        layout: str = "NCHW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCHW", "NHWC"))
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool3D(_Pooling):
    """The greatest element of each window over three axes.

    Args:
        pool_size: a number, or one for each axis; so are strides and padding.
        strides: step of the window; None is its size.
        padding: at both ends.
        layout: "NCDHW" or "NDHWC".
        ceil_mode: whether a last window that does not fit wholly counts.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> nn.MaxPool3D()(nd.ones((2, 3, 7, 7, 7))).shape
    (2, 3, 3, 3, 3)
    """

    def __init__(
        self,
        pool_size: Sizes = (2, 2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCDHW", "NDHWC"))
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class AvgPool1D(_Pooling):
    """The mean of each window over one axis.

    The arguments are those of `MaxPool1D`; `count_include_pad` says whether the zeros that pad the input
    count as elements.
    """

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: Sizes = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCW", "NWC"))
        super().__init__(
            pool_size, strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class AvgPool2D(_Pooling):
    """The mean of each window over two axes.

    The arguments are those of `MaxPool2D`; `count_include_pad` says whether the zeros that pad the input
    count as elements.
    """

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCHW", "NHWC"))
        super().__init__(
            pool_size, strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class AvgPool3D(_Pooling):
    """The mean of each window over three axes.

    The arguments are those of `MaxPool3D`; `count_include_pad` says whether the zeros that pad the input
    count as elements.
    """

    def __init__(
        self,
        pool_size: Sizes = (2, 2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        pool_size = _checked(pool_size, layout, ("NCDHW", "NDHWC"))
        super().__init__(
            pool_size, strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class GlobalMaxPool1D(_Pooling):
    """The greatest element of each channel, over one axis."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCW", "NWC"))
        super().__init__(size, None, 0, True, True, "max", layout, **kwargs)


class GlobalMaxPool2D(_Pooling):
    """The greatest element of each channel, over two axes."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCHW", "NHWC"))
        super().__init__(size, None, 0, True, True, "max", layout, **kwargs)


class GlobalMaxPool3D(_Pooling):
    """The greatest element of each channel, over three axes."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCDHW", "NDHWC"))
        super().__init__(size, None, 0, True, True, "max", layout, **kwargs)


class GlobalAvgPool1D(_Pooling):
    """The mean of each channel, over one axis."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCW", "NWC"))
        super().__init__(size, None, 0, True, True, "avg", layout, **kwargs)


class GlobalAvgPool2D(_Pooling):
    """The mean of each channel, over two axes."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCHW", "NHWC"))
        super().__init__(size, None, 0, True, True, "avg", layout, **kwargs)


class GlobalAvgPool3D(_Pooling):
    """The mean of each channel, over three axes."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        size = _checked(1, layout, ("NCDHW", "NDHWC"))
        super().__init__(size, None, 0, True, True, "avg", layout, **kwargs)
