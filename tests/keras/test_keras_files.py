"""Keras's own weight files: what Keras writes is loaded, and what is saved Keras reads."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import glueball as gb

pytest.importorskip("h5py")


class Tower(keras.Model):
    """Layers in attributes, lists and wrappers, and a layer inside of a layer."""

    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(20, 8)
        self.blocks = [layers.Dense(8, activation="relu") for _ in range(2)]
        self.reader = layers.Bidirectional(layers.LSTM(4))
        self.norm = layers.BatchNormalization()
        self.head = keras.Sequential([layers.Dropout(0.1), layers.Dense(3)])

    def call(self, x, training=False):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(self.reader(x), training=training))


def tower(seed):
    net = Tower()
    net(np.zeros((1, 5), "int32"))
    gb.initialize(net, "normal", seed=seed)
    gb.collect_params(net, buffers=True)["norm.moving_mean"].set_data(np.arange(8) + seed)
    return net


def values(net):
    return [np.asarray(keras.ops.convert_to_numpy(one)) for one in net.weights]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(values(one), values(other), strict=True))


@pytest.mark.parametrize("suffix", ["weights.h5", "keras"])
def test_what_keras_saved_is_loaded(tmp_path, suffix):
    net, other = tower(1), tower(2)
    path = str(tmp_path / f"net.{suffix}")
    net.save_weights(path) if suffix == "weights.h5" else net.save(path)
    report = gb.collect_params(other).load(path)
    assert same(net, other) and "Keras has in its own files" in str(report)
    assert gb.collect_params(other)["head.1.kernel"].origin.name.endswith("vars/0")


def test_keras_reads_what_is_saved(tmp_path):
    net, other = tower(3), tower(4)
    path = str(tmp_path / "net.weights.h5")
    gb.collect_params(net).save(path)
    other.load_weights(path)
    assert same(net, other)


def test_an_optimizers_state_stays_beside(tmp_path):
    net, other = tower(5), tower(6)
    net.compile("adam", "mse")
    net.fit(np.zeros((4, 5), "int32"), np.zeros((4, 3), "float32"), epochs=1, verbose=0)
    path = str(tmp_path / "net.weights.h5")
    net.save_weights(path)
    gb.collect_params(other).load(path)
    assert same(net, other)


def test_another_model_is_told(tmp_path):
    path = str(tmp_path / "net.weights.h5")
    tower(7).save_weights(path)
    small = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2)])
    before = values(small)
    with pytest.raises(gb.LoadError, match="does not fit the model"):
        gb.collect_params(small).load(path)
    assert all(np.array_equal(a, b) for a, b in zip(values(small), before, strict=True))
