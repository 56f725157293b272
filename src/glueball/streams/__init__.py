"""Streams: the same values in any order, on any machine, in any number of shards.

A **stream** is an endless row of 32-bit words that a seed and a parameter's name give; element i of
the parameter, in C order of the whole array, takes word i. A **distribution** (Uniform, Normal,
TruncatedNormal) says which float a word becomes. They meet when an array is filled: `fill` for one
array or a block of it, `fill_many` for a model full of small ones.

Invariants:

- An element depends on seed, name, index, distribution and dtype, and on nothing else. A block made
  alone equals that block of the whole; the order of filling, the strides and the company do not count.
- One word for each element, whatever the distribution: nothing is rejected, nothing is carried on.
- Floats are made by integer operations and by `+ - * /` and sqrt, each rounded once and never fused;
  IEEE 754 leaves no choice about their bits. This NumPy code is the definition: a faster
  implementation has to give the same bits.

The rooms inside: `philox` (keys and words), `normal` (the inverse distribution function),
`distributions` (from words to floats), `filling` (arrays, blocks, chunks), `small` (many
arrays together); `compiled` (when compiled
code fills) and `kernels` (that code, by numba).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .distributions import Distribution, Normal, TruncatedNormal, Uniform
from .normal import normal_from_bits
from .philox import Key, block_words, check_seed, fresh_seed, stream_key, words

if TYPE_CHECKING:
    from .compiled import implementation
    from .filling import SMALL, check_fits, fill, fill_many, fill_memory, slabs

__all__ = [
    "SMALL",
    "Distribution",
    "Key",
    "Normal",
    "TruncatedNormal",
    "Uniform",
    "block_words",
    "check_fits",
    "check_seed",
    "fill",
    "fill_many",
    "fill_memory",
    "fresh_seed",
    "implementation",
    "normal_from_bits",
    "slabs",
    "stream_key",
    "words",
]

# Whoever imports glueball names distributions at once, and fills arrays later if at all.
_LATER = {
    "implementation": "compiled",
    **dict.fromkeys(("SMALL", "check_fits", "fill", "fill_many", "fill_memory", "slabs"), "filling"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return found
