"""collect_params of Keras models against reading Keras's own list of variables with their paths, in turn.

Run: KERAS_BACKEND=jax python benchmarks/keras_models.py. (A file called keras.py would hide Keras.)
"""

from __future__ import annotations

import keras
from common import in_turn, line
from keras import layers

import glueball as gb


class Stacks(keras.Model):
    """Sequential models in a list: 32 of 31 layers, 1,984 variables."""

    def __init__(self):
        super().__init__()
        self.stacks = [keras.Sequential([layers.Dense(4) for _ in range(31)]) for _ in range(32)]

    def build(self, shape):
        for stack in self.stacks:
            stack.build(shape)


class Block(layers.Layer):
    """A block as of a Transformer, in which every layer lies in an attribute."""

    def __init__(self):
        super().__init__()
        self.norm = layers.LayerNormalization()
        self.first = layers.Dense(4)
        self.second = layers.Dense(4)
        self.drop = layers.Dropout(0.1)

    def build(self, shape):
        for layer in (self.norm, self.first, self.second):
            layer.build(shape)


class Blocks(keras.Model):
    """334 blocks, 2,338 variables."""

    def __init__(self):
        super().__init__()
        self.blocks = [Block() for _ in range(334)]

    def build(self, shape):
        for block in self.blocks:
            block.build(shape)


def functional() -> keras.Model:
    """1,000 layers side by side, 2,000 variables; deeper ones are too deep for Keras."""
    given = keras.Input((4,))
    return keras.Model(given, layers.Add()([layers.Dense(4)(given) for _ in range(1000)]))


def main() -> None:
    """Print the rows."""
    print(f"{'Keras on ' + keras.backend.backend():<62} {'glueball':>12} {'Keras':>12}")
    for name, make in (("Sequential in a list", Stacks), ("blocks", Blocks), ("functional", functional)):
        model = make()
        if not model.built:
            model.build((None, 4))
        what = f"{name}, {len(model.variables):,} variables"
        line(f"{what}: collect | variables and paths", *in_turn(
            lambda model=model: gb.collect_params(model),
            lambda model=model: [(v.path, v) for v in model.variables]))  # fmt: skip
        line("    and names", *in_turn(
            lambda model=model: gb.collect_params(model).names(),
            lambda model=model: [(v.path, v) for v in model.variables]))  # fmt: skip


if __name__ == "__main__":
    main()
