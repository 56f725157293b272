"""collect_params of a Flax NNX module against NNX's own lists of Variables with their paths, in turn.

Run: python benchmarks/nnx.py
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from common import in_turn, line
from flax import nnx

import glueball as gb


class Pair(nnx.Module):
    """Two Variables."""

    def __init__(self) -> None:
        self.kernel = nnx.Param(jnp.zeros((4, 4)))
        self.bias = nnx.Param(jnp.zeros((4,)))


class Block(nnx.Module):
    """Some layers in a list."""

    def __init__(self, count: int) -> None:
        self.layers = nnx.List([Pair() for _ in range(count)])


class Net(nnx.Module):
    """A list of blocks, 2 · blocks · count Variables."""

    def __init__(self, blocks: int, count: int) -> None:
        self.blocks = nnx.List([Block(count) for _ in range(blocks)])


def by_iter_graph(net: nnx.Module) -> list:
    """NNX's walk over everything."""
    return [(path, thing) for path, thing in nnx.iter_graph(net) if isinstance(thing, nnx.Param)]


def by_state(net: nnx.Module) -> list:
    """NNX's state, flat."""
    return list(nnx.to_flat_state(nnx.state(net, nnx.Param)))


def by_jax(net: nnx.Module) -> list:
    """JAX's own walk, since a module is a pytree; it stops at Variables."""
    return jax.tree_util.tree_leaves_with_path(net, is_leaf=lambda thing: isinstance(thing, nnx.Variable))


def main() -> None:
    """Print the rows."""
    net = Net(20, 50)
    print(f"{'2,000 Variables in 1,000 modules':<62} {'glueball':>12} {'NNX':>12}")
    for what, theirs in (
        ("iter_graph", by_iter_graph),
        ("state", by_state),
        ("tree_leaves_with_path", by_jax),
    ):
        assert len(theirs(net)) == 2000
        line(f"collect | {what}", *in_turn(lambda: gb.collect_params(net), lambda theirs=theirs: theirs(net)))
        line(
            f"collect and names | {what}",
            *in_turn(lambda: gb.collect_params(net).names(), lambda theirs=theirs: theirs(net)),
        )


if __name__ == "__main__":
    main()
