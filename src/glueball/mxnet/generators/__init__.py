"""MXNet 1.9.1's random numbers, bit for bit, in NumPy.

Each thread has two generators. The parallel one, 1024 × MT19937, serves the elementwise distributions
and Dropout; the serial one, one MT19937, serves shuffle and multinomial. `seed` starts both anew.

- `mersenne`: many MT19937 side by side.
- `parallel`, `ahead`, `serial`: the two generators; `ahead` makes small draws quick.
- `variates`, `logarithm`: how words become standard numbers.
- `scalars`, `arguments`: how MXNet reads arguments.
- `continuous`, `integers`, `choices`: the distributions, which are the functions here.

>>> from glueball.mxnet import generators
>>> generators.seed(1)
>>> generators.normal(0, 0.01, shape=(2, 2))
array([[-0.00677652,  0.00100739],
       [ 0.00575954, -0.00346925]], dtype=float32)
"""

from .choices import multinomial, shuffle, shuffled
from .continuous import dropout_mask, exponential, normal, uniform
from .integers import randint
from .scalars import as_float32
from .threads import seed

__all__ = ["as_float32", "dropout_mask", "exponential", "multinomial", "normal", "randint", "seed", "shuffle", "shuffled", "uniform"]
