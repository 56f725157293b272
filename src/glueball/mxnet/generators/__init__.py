"""MXNet 1.9.1's random numbers, bit for bit, in NumPy.

Each thread has two generators. The parallel one, 1024 × MT19937, serves the elementwise distributions
and Dropout; the serial one, one MT19937, serves shuffle and multinomial. `seed` starts both anew.

- `mersenne`: many MT19937 side by side.
- `parallel`, `ahead`, `lanes`, `serial`: the two generators; `ahead` makes small draws quick, `lanes` those
  that take no fixed number of words.
- `variates`, `logarithm`, `logarithm64`, `functions`: how words become standard numbers.
- `scalars`, `arguments`, `elementwise`: how MXNet reads arguments, and reckons with them.
- `continuous`, `integers`, `counts`, `choices`: the distributions, which are the functions here.

>>> from glueball.mxnet import generators
>>> generators.seed(1)
>>> generators.normal(0, 0.01, shape=(2, 2))
array([[-0.00677651,  0.00100739],
       [ 0.00575954, -0.00346925]], dtype=float32)
"""

from .choices import multinomial, shuffle, shuffled
from .continuous import dropout_mask, exponential, normal, uniform
from .counts import gamma, generalized_negative_binomial, negative_binomial, poisson
from .integers import randint
from .scalars import as_float32
from .threads import seed

__all__ = [
    "as_float32",
    "dropout_mask",
    "exponential",
    "gamma",
    "generalized_negative_binomial",
    "multinomial",
    "negative_binomial",
    "normal",
    "poisson",
    "randint",
    "seed",
    "shuffle",
    "shuffled",
    "uniform",
]
