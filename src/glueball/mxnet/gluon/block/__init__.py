"""Block: a `torch.nn.Module` with Gluon's names, and Gluon's ways to collect and initialise.

The torch parameters lie in the module's own tables, so everything of torch's works on a Block. The same
names give the Gluon Parameters: `block.weight` is not in the tables' way because it is looked for last.

What comes in decides whose rules hold. NDArrays: MXNet's (`autograd.record`, `is_training`). Tensors:
torch's (grad mode, `module.training`), and tensors come out; the code that a user wrote for NDArrays runs
then too, on NDArrays around those tensors.

The rooms inside: `base` (Block), `hybrid` (HybridBlock), `scope` (names), `collecting`, `saving`, `hooks`,
`summary`, `inference` (shapes of a user's own Parameters), `foreign` (torch modules as children), `itself`
(what glueball's core asks).
"""

from __future__ import annotations

from .base import Block
from .hooks import HookHandle
from .hybrid import HybridBlock, SymbolBlock

__all__ = ["Block", "HookHandle", "HybridBlock", "SymbolBlock"]

for _public in (Block, HybridBlock, SymbolBlock):
    _public.__module__ = __name__  # where a user finds them, and what MXNet prints
