"""Dense layers behind convolutions, where channels come first in the one model and last in the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball.mxnet import nd
from glueball.mxnet.gluon import nn as gluon
from transfer.zoo import randomise

keras = pytest.importorskip("keras")
layers = keras.layers
nnx = pytest.importorskip("flax.nnx")

X = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")


def run_torch(model: nn.Module) -> Any:
    with torch.no_grad():
        return model.eval()(torch.from_numpy(X).permute(0, 3, 1, 2)).numpy()


def run_keras(model: Any) -> Any:
    y = model(X, training=False)
    return np.asarray(y.detach() if keras.backend.backend() == "torch" else y)


def in_torch() -> nn.Sequential:
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5, eps=1e-3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(20, 5),
    )
    randomise(net.eval(), 1)
    return net


def in_keras(known: bool = True) -> Any:
    model = keras.Sequential(
        [
            *([layers.Input((6, 6, 3))] if known else []),
            layers.Conv2D(5, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(5),
        ]
    )
    model.build((None, 6, 6, 3))
    randomise(model, 2)
    return model


class Custom(nn.Module):
    """What runs when is in its forward alone."""

    def __init__(self, pool: bool = False) -> None:
        super().__init__()
        self.pool = pool
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4 if pool else 64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        return self.head(x.mean((2, 3)) if self.pool else x.flatten(1))


class Flax(nnx.Module):  # type: ignore[misc]
    def __init__(self, pool: bool = False) -> None:
        self.pool = pool
        self.conv = nnx.Conv(3, 4, (3, 3), padding="VALID", rngs=nnx.Rngs(0))
        self.head = nnx.Linear(4 if pool else 64, 5, rngs=nnx.Rngs(0))

    def __call__(self, x: Any) -> Any:
        x = self.conv(x)
        return self.head(x.mean((1, 2)) if self.pool else x.reshape(2, -1))


def test_a_flatten_layer_between_tells() -> None:
    source, target = in_torch(), in_keras()
    report = gb.transfer(source, target)
    np.testing.assert_allclose(run_keras(target), run_torch(source), rtol=1e-4, atol=1e-5)
    assert report.rows[-1].turned == "kernel: out, in → in, out; inputs of 5 channels first → last"
    back = in_torch()
    randomise(back, 3)
    gb.transfer(target, back)
    for one, other in zip(source.parameters(), back.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_dense_layer_of_gluon_flattens_itself() -> None:
    net = gluon.Sequential()
    net.add(gluon.Conv2D(5, 3), gluon.Activation("relu"), gluon.MaxPool2D(2), gluon.Dense(5))
    net.initialize()
    x = nd.array(X.transpose(0, 3, 1, 2))
    net(x)
    model = keras.Sequential([layers.Conv2D(5, 3), layers.ReLU(), layers.MaxPooling2D(2)])
    model.add(layers.Reshape((20,)))  # says nothing of channels
    model.add(layers.Dense(5))
    model.build((None, 6, 6, 3))
    gb.transfer(net, model)
    np.testing.assert_allclose(run_keras(model), net(x).asnumpy(), rtol=1e-4, atol=1e-5)


def test_channels_that_come_last_in_both_stay() -> None:
    net = gluon.Sequential()
    net.add(gluon.Conv2D(4, 3, layout="NHWC"), gluon.Dense(5))
    net.initialize()
    net(nd.array(X))
    model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(5)])
    model.build((None, 6, 6, 3))
    report = gb.transfer(net, model)
    assert "channels" not in report.rows[-1].turned
    np.testing.assert_allclose(run_keras(model), net(nd.array(X)).asnumpy(), rtol=1e-4, atol=1e-5)


def test_where_nobody_knows_somebody_has_to_say() -> None:
    source, target = Custom(), Flax()
    before = np.asarray(target.head.kernel[...])
    with pytest.raises(gb.TransferError) as raised:
        gb.transfer(source, target)
    assert (
        "its 64 inputs may be the flattened output of 'conv', whose channels come first in the source and "
        "last in the target: write flatten={'head': (channels, height, width)}, or None if nothing is"
        in str(raised.value)
    )
    np.testing.assert_array_equal(np.asarray(target.head.kernel[...]), before)
    gb.transfer(source, target, flatten={"head": (4, 4, 4)})
    np.testing.assert_allclose(np.asarray(target(X)), run_torch(source), rtol=1e-4, atol=1e-5)
    gb.transfer(source, target, flatten={"head": None})
    np.testing.assert_array_equal(np.asarray(target.head.kernel[...]), source.head.weight.detach().numpy().T)


def test_the_sizes_are_checked() -> None:
    with pytest.raises(gb.ShapeError, match="'head' has 64 inputs, and \\(4, 4, 5\\) makes 80"):
        gb.transfer(Custom(), Flax(), flatten={"head": (4, 4, 5)})
    with pytest.raises(
        gb.NameNotFoundError, match="'conv' is no dense or recurrent layer that is transferred: head"
    ):
        gb.transfer(Custom(), Flax(), flatten={"head": (4, 4, 4), "conv": None})


def test_a_recurrent_layer_may_take_what_is_flattened_too() -> None:
    """As in a reader of lines of text: each column of the image is a step."""

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3)
            self.rnn = nn.LSTM(20, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.rnn(self.conv(x).permute(0, 3, 1, 2).flatten(2))[0]

    source = Reader()
    randomise(source, 1)
    image = layers.Input((6, 6, 3))
    columns = layers.Permute((2, 1, 3))(layers.Conv2D(5, 3, name="conv")(image))
    y = layers.LSTM(2, return_sequences=True, name="rnn")(layers.Reshape((4, 20))(columns))
    target = keras.Model(image, y)
    with pytest.raises(gb.TransferError, match="its 20 inputs may be the flattened output of 'conv'"):
        gb.transfer(source, target)
    gb.transfer(source, target, flatten={"rnn": (5, 4)})
    np.testing.assert_allclose(run_keras(target), run_torch(source), rtol=1e-4, atol=1e-5)


def test_behind_a_global_pool_there_is_no_order() -> None:
    source, target = Custom(pool=True), Flax(pool=True)
    gb.transfer(source, target)
    np.testing.assert_allclose(np.asarray(target(X)), run_torch(source), rtol=1e-4, atol=1e-5)


def test_a_dense_layer_that_is_written_before_the_convolution_is_seen() -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(64, 5)
            self.conv = nn.Conv2d(3, 4, 3)

    with pytest.raises(gb.TransferError, match="may be the flattened output of 'conv'"):
        gb.transfer(Early(), Flax())


def test_dense_layers_behind_others_are_not_asked_about() -> None:
    """As in a vision transformer, whose inner layers are multiples of the channels wide."""

    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.up = nn.Linear(4, 16)
            self.down = nn.Linear(16, 4)

    class WideFlax(nnx.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.conv = nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0))
            self.up = nnx.Linear(4, 16, rngs=nnx.Rngs(0))
            self.down = nnx.Linear(16, 4, rngs=nnx.Rngs(0))

    source, target = Wide(), WideFlax()
    gb.transfer(source, target)
    np.testing.assert_array_equal(np.asarray(target.down.kernel[...]), source.down.weight.detach().numpy().T)


def test_a_norm_over_channels_and_places_is_refused() -> None:
    source = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm([4, 4, 4]))
    target = keras.Sequential([layers.Conv2D(4, 3), layers.LayerNormalization(axis=(1, 2, 3))])
    target.build((None, 6, 6, 3))
    with pytest.raises(gb.TransferError, match="it scales several axes"):
        gb.transfer(source, target)


def test_what_is_not_known_between_them_is_a_doubt() -> None:
    source = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PixelShuffle(2), nn.Flatten(), nn.Linear(64, 5))
    with pytest.raises(gb.TransferError, match="may be the flattened output"):
        gb.transfer(source, Flax())
