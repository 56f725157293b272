"""The models in Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from transfer.zoo import EPSILON, HEADS, LENGTH, WIDTH, WORDS, Array, Twin


def twin(model: Any) -> Twin:
    def run(batch: Array) -> Array:
        found = model(batch, training=False)
        return np.asarray(found.detach() if keras.backend.backend() == "torch" else found)

    return Twin(model, run)


def mlp() -> Twin:
    return twin(
        keras.Sequential(
            [layers.Dense(7, activation="relu"), layers.Dense(7, activation="relu"), layers.Dense(3)]
        )
    )


def block(x: Any, outputs: int, stride: int, name: str) -> Any:
    y = layers.ZeroPadding2D(1)(x) if stride > 1 else x
    padding = "valid" if stride > 1 else "same"
    y = layers.Conv2D(outputs, 3, stride, padding=padding, use_bias=False, name=f"{name}_conv1")(y)
    y = layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm1")(y))
    y = layers.Conv2D(outputs, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm2")(y)
    if stride > 1:
        x = layers.Conv2D(outputs, 1, stride, name=f"{name}_shortcut")(x)
    return layers.ReLU()(layers.Add()([x, y]))


def resnet() -> Twin:
    """A functional model: its names are flat, and its graph tells what is flattened."""
    image = layers.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(image)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, name="norm")(x))
    x = block(block(x, 4, 1, "block1"), 6, 2, "block2")
    x = layers.Dense(5, name="head")(layers.Flatten()(x))
    return twin(keras.Model(image, x))


def recurrent(kind: Any) -> Twin:
    return twin(
        keras.Sequential(
            [
                layers.Bidirectional(kind(5, return_sequences=True)),
                layers.Bidirectional(kind(5, return_sequences=True)),
                layers.Dense(3),
            ]
        )
    )


def lstm() -> Twin:
    return recurrent(layers.LSTM)


def gru() -> Twin:
    return recurrent(layers.GRU)


class Transformer(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embed = layers.Embedding(WORDS, WIDTH)
        self.norm1 = layers.LayerNormalization(epsilon=EPSILON)
        self.attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS)
        self.norm2 = layers.LayerNormalization(epsilon=EPSILON)
        self.up = layers.Dense(2 * WIDTH, activation="gelu")
        self.down = layers.Dense(WIDTH)
        self.head = layers.Dense(WORDS, use_bias=False)

    def build(self, shape: Any) -> None:
        self.position = self.add_weight(shape=(LENGTH, WIDTH), name="position")

    def call(self, ids: Any) -> Any:
        x = self.embed(ids) + self.position
        y = self.norm1(x)
        x = x + self.attention(y, y)
        x = x + self.down(self.up(self.norm2(x)))
        return self.head(x)


def transformer() -> Twin:
    return twin(Transformer())
