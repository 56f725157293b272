"""The models in Gluon; recurrent layers, which Gluon has elsewhere, are torch modules in a Block."""

from __future__ import annotations

import math
from typing import Any

import torch

from glueball.mxnet import nd
from glueball.mxnet.gluon import Block as GluonBlock
from glueball.mxnet.gluon import nn
from transfer.zoo import EPSILON, HEADS, LENGTH, WIDTH, WORDS, Array, Twin


def twin(model: Any, images: bool = False) -> Twin:
    model.initialize()

    def run(batch: Array) -> Array:
        x = nd.array(batch.transpose(0, 3, 1, 2) if images else batch)
        found: Array = model(x).asnumpy()
        return found

    return Twin(model, run)


def mlp() -> Twin:
    net = nn.Sequential()
    net.add(nn.Dense(7, activation="relu"), nn.Dense(7, activation="relu"), nn.Dense(3))
    return twin(net)


class Block(GluonBlock):
    def __init__(self, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2D(outputs, 3, stride, padding=1, use_bias=False)
        self.norm1 = nn.BatchNorm(epsilon=EPSILON)
        self.conv2 = nn.Conv2D(outputs, 3, padding=1, use_bias=False)
        self.norm2 = nn.BatchNorm(epsilon=EPSILON)
        self.shortcut = nn.Conv2D(outputs, 1, stride) if stride > 1 else None

    def forward(self, x: Any) -> Any:
        y = nd.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return nd.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet(GluonBlock):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2D(4, 3, padding=1)
        self.norm = nn.BatchNorm(epsilon=EPSILON)
        self.block1 = Block(4, 1)
        self.block2 = Block(6, 2)
        self.head = nn.Dense(5)

    def forward(self, x: Any) -> Any:
        return self.head(self.block2(self.block1(nd.relu(self.norm(self.stem(x))))))


def resnet() -> Twin:
    return twin(ResNet(), images=True)


class Recurrent(GluonBlock):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.rnn = kind(4, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Dense(3, flatten=False)

    def forward(self, x: Any) -> Any:
        return self.head(self.rnn(x)[0])


def lstm() -> Twin:
    return twin(Recurrent(torch.nn.LSTM))


def gru() -> Twin:
    return twin(Recurrent(torch.nn.GRU))


class Attention(GluonBlock):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Dense(WIDTH, flatten=False)
        self.key = nn.Dense(WIDTH, flatten=False)
        self.value = nn.Dense(WIDTH, flatten=False)
        self.output = nn.Dense(WIDTH, flatten=False)

    def forward(self, x: Any) -> Any:
        count, length, width = x.shape

        def heads(y: Any) -> Any:
            y = y.reshape((count, length, HEADS, width // HEADS)).transpose((0, 2, 1, 3))
            return y.reshape((count * HEADS, length, width // HEADS))

        query, key, value = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        scores = nd.batch_dot(query, key, transpose_b=True) / math.sqrt(width // HEADS)
        y = nd.batch_dot(nd.softmax(scores), value).reshape((count, HEADS, length, width // HEADS))
        return self.output(y.transpose((0, 2, 1, 3)).reshape((count, length, width)))


class Transformer(GluonBlock):
    def __init__(self) -> None:
        super().__init__()
        self.position = self.params.get("position", shape=(LENGTH, WIDTH))
        self.embed = nn.Embedding(WORDS, WIDTH)
        self.norm1 = nn.LayerNorm(epsilon=EPSILON)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(epsilon=EPSILON)
        self.up = nn.Dense(2 * WIDTH, flatten=False)
        self.gelu = nn.GELU()
        self.down = nn.Dense(WIDTH, flatten=False)
        self.head = nn.Dense(WORDS, flatten=False, use_bias=False)

    def forward(self, ids: Any) -> Any:
        x = self.embed(ids) + self.position.data()
        x = x + self.attention(self.norm1(x))
        x = x + self.down(self.gelu(self.up(self.norm2(x))))
        return self.head(x)


def transformer() -> Twin:
    return twin(Transformer())
