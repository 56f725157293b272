"""What `asnumpy()` gives of one element: an array that is still a number where one is asked for.

The book's scripts write `print('loss %f' % loss.mean().asnumpy())`. MXNet's smallest shape is (1,), and
NumPy, which took such an array for a number when those scripts were written, takes only shape () since 2.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["ndarray"]


class _Printed(type):
    def __repr__(cls) -> str:
        return repr(np.ndarray)


class ndarray(np.ndarray[Any, Any], metaclass=_Printed):
    """A NumPy array that `float`, `int`, `complex` and `%f` accept while it has one element.

    >>> from glueball.mxnet import nd
    >>> "%.1f" % nd.ones(3).sum().asnumpy()
    '3.0'
    """

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __float__(self) -> float:
        return float(self.item()) if self.size == 1 else super().__float__()

    def __int__(self) -> int:
        return int(self.item()) if self.size == 1 else super().__int__()

    def __complex__(self) -> complex:
        return complex(self.item()) if self.size == 1 else super().__complex__()

    def __reduce__(self) -> Any:  # pickled, it is NumPy's alone
        return self.view(np.ndarray).__reduce__()
