"""The models in Flax NNX."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from transfer.zoo import EPSILON, HEADS, LENGTH, WIDTH, WORDS, Array, Twin

RNGS = nnx.Rngs(0)


@nnx.jit
def compiled(model: Any, batch: Any) -> Any:
    return model(batch)


def twin(model: Any) -> Twin:
    model.eval()

    def run(batch: Array) -> Array:
        return np.asarray(compiled(model, jnp.asarray(batch)))

    return Twin(model, run)


def linear(inputs: int, outputs: int, **options: Any) -> nnx.Linear:
    return nnx.Linear(inputs, outputs, rngs=RNGS, **options)


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, **options: Any) -> nnx.Conv:
    padding = [(size // 2, size // 2)] * 2
    return nnx.Conv(inputs, outputs, (size, size), stride, padding=padding, rngs=RNGS, **options)


def mlp() -> Twin:
    return twin(nnx.Sequential(linear(6, 7), nnx.relu, linear(7, 7), nnx.relu, linear(7, 3)))


class Block(nnx.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        self.conv1 = conv(inputs, outputs, 3, stride, use_bias=False)
        self.norm1 = nnx.BatchNorm(outputs, epsilon=EPSILON, rngs=RNGS)
        self.conv2 = conv(outputs, outputs, use_bias=False)
        self.norm2 = nnx.BatchNorm(outputs, epsilon=EPSILON, rngs=RNGS)
        self.shortcut = nnx.data(conv(inputs, outputs, 1, stride) if stride > 1 else None)

    def __call__(self, x: Any) -> Any:
        y = nnx.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return nnx.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet(nnx.Module):
    def __init__(self) -> None:
        self.stem = conv(3, 4)
        self.norm = nnx.BatchNorm(4, epsilon=EPSILON, rngs=RNGS)
        self.block1 = Block(4, 4, 1)
        self.block2 = Block(4, 6, 2)
        self.head = linear(6 * 4 * 4, 5)

    def __call__(self, x: Any) -> Any:
        x = self.block2(self.block1(nnx.relu(self.norm(self.stem(x)))))
        return self.head(x.reshape(x.shape[0], -1))


def resnet() -> Twin:
    return twin(ResNet())


class Recurrent(nnx.Module):
    def __init__(self, kind: Any) -> None:
        def both(inputs: int) -> nnx.Bidirectional:
            ways = [nnx.RNN(kind(inputs, 5, rngs=RNGS)) for _ in range(2)]
            return nnx.Bidirectional(*ways)

        self.rnn1, self.rnn2 = both(4), both(10)
        self.head = linear(10, 3)

    def __call__(self, x: Any) -> Any:
        return self.head(self.rnn2(self.rnn1(x)))


def lstm() -> Twin:
    return twin(Recurrent(nnx.LSTMCell))


def gru() -> Twin:
    return twin(Recurrent(nnx.GRUCell))


class Transformer(nnx.Module):
    def __init__(self) -> None:
        self.position = nnx.Param(jnp.zeros((LENGTH, WIDTH)))
        self.embed = nnx.Embed(WORDS, WIDTH, rngs=RNGS)
        self.norm1 = nnx.LayerNorm(WIDTH, epsilon=EPSILON, rngs=RNGS)
        self.attention = nnx.MultiHeadAttention(HEADS, WIDTH, decode=False, rngs=RNGS)
        self.norm2 = nnx.LayerNorm(WIDTH, epsilon=EPSILON, rngs=RNGS)
        self.up = linear(WIDTH, 2 * WIDTH)
        self.down = linear(2 * WIDTH, WIDTH)
        self.head = linear(WIDTH, WORDS, use_bias=False)

    def __call__(self, ids: Any) -> Any:
        x = self.embed(ids) + self.position[...]
        x = x + self.attention(self.norm1(x))
        x = x + self.down(nnx.gelu(self.up(self.norm2(x)), approximate=False))
        return self.head(x)


def transformer() -> Twin:
    return twin(Transformer())
