"""Fans, axes and packed gates by the kind of a Keras layer; defaults as Keras's own constructors."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

import glueball as gb

SIGNAL = np.ones((1, 6, 4), np.float32)
PICTURE = np.ones((1, 6, 6, 4), np.float32)


def built(layer, x):
    layer(x)
    return layer, gb.collect_params(layer)


def fans(params, name):
    parameter = params[name]
    owner, attribute = parameter.sites[0]
    return parameter._tree.adapter.fans(owner, attribute, parameter.shape)


@pytest.mark.parametrize(
    ("layer", "x", "name", "wanted"),
    [
        (layers.Dense(3), SIGNAL, "kernel", (4, 3)),
        (layers.Conv1D(6, 3), SIGNAL, "kernel", (12, 18)),
        (layers.Conv2D(6, (2, 3), groups=2), PICTURE, "kernel", (12, 18)),
        (layers.Conv2DTranspose(6, (2, 3)), PICTURE, "kernel", (24, 36)),
        (layers.DepthwiseConv2D((2, 3), depth_multiplier=5), PICTURE, "kernel", (6, 30)),
        (layers.SeparableConv2D(3, 2, depth_multiplier=2), PICTURE, "depthwise_kernel", (4, 8)),
        (layers.SeparableConv2D(3, 2, depth_multiplier=2), PICTURE, "pointwise_kernel", (8, 3)),
        (layers.LSTM(3), SIGNAL, "cell.kernel", (4, 3)),
        (layers.LSTM(3), SIGNAL, "cell.recurrent_kernel", (3, 3)),
        (layers.GRU(3), SIGNAL, "cell.kernel", (4, 3)),
        (layers.Embedding(7, 3), np.ones((1, 2), np.int32), "embeddings", (3, 7)),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 5)), SIGNAL, "kernel", (4, 10)),
        (layers.EinsumDense("abc,bcd->abd", (6, 5)), SIGNAL, "kernel", (4, 5)),
        (layers.Dense(3), SIGNAL, "bias", None),
        (layers.GRU(3), SIGNAL, "cell.bias", None),
    ],
)
def test_fans(layer, x, name, wanted):
    _, params = built(layer, x)
    assert fans(params, name) == wanted


@pytest.mark.parametrize("make", [layers.Conv1D, layers.Conv1DTranspose])
def test_fans_are_the_real_connections(make):
    # With kernels of ones, an output in the middle is the number of inputs that it sums.
    layer = make(3, 3, strides=1, padding="same", kernel_initializer="ones")
    layer, params = built(layer, np.ones((1, 9, 4), np.float32))
    assert (
        float(np.asarray(keras.ops.convert_to_numpy(layer(np.ones((1, 9, 4)))))[0, 4, 0])
        == fans(params, "kernel")[0]
    )


FLAT, PIXELS, STEPS = np.ones((1, 200)), np.ones((1, 6, 6, 60)), np.ones((1, 2, 50))
some = keras.initializers
CASES = [
    (lambda: layers.Dense(300), FLAT),
    (lambda: layers.Dense(300, kernel_initializer="he_normal", bias_initializer="random_normal"), FLAT),
    (lambda: layers.Dense(300, kernel_initializer=some.RandomUniform(-1, 3)), FLAT),
    (lambda: layers.Dense(300, kernel_initializer=some.TruncatedNormal(1, 2)), FLAT),
    (lambda: layers.Dense(300, kernel_initializer=some.VarianceScaling(3, "fan_out", "uniform")), FLAT),
    (lambda: layers.Conv2DTranspose(40, 3, kernel_initializer="he_uniform"), PIXELS),
    (lambda: layers.DepthwiseConv2D(5, depth_multiplier=8, depthwise_initializer="lecun_normal"), PIXELS),
    (lambda: layers.SeparableConv1D(64, 5, depth_multiplier=8), np.ones((1, 6, 60))),
    (lambda: layers.Conv2D(64, 3, groups=4, kernel_initializer="lecun_uniform"), np.ones((1, 6, 6, 64))),
    (lambda: layers.Embedding(200, 100), np.ones((1, 2), np.int32)),
    (lambda: layers.LSTM(60), STEPS),
    (lambda: layers.GRU(60), STEPS),
    (lambda: layers.GRU(60, reset_after=False, bias_initializer="glorot_uniform"), STEPS),
    (lambda: layers.SimpleRNN(60), STEPS),
    (lambda: layers.EinsumDense("abc,cde->abde", (None, 20, 30)), STEPS),
    (layers.BatchNormalization, STEPS),
    (layers.RMSNormalization, STEPS),
    (lambda: layers.SpectralNormalization(layers.DepthwiseConv2D(5, depth_multiplier=8)), PIXELS),
    (layers.PReLU, STEPS),
]


@pytest.mark.parametrize(("make", "x"), CASES)
def test_defaults_are_keras_s(make, x):
    """The same distribution as what Keras itself just drew, by two samples (Kolmogorov and Smirnov)."""
    keras.utils.set_random_seed(1)
    _, params = built(make(), x)
    theirs = {p.name: p.numpy() for p in params.values()}
    params.initialize(seed=0)
    for p in params.values():
        ours, other = p.numpy(), theirs[p.name]
        if np.ptp(other) == 0 or other.size < 100:
            assert np.array_equal(np.unique(ours), np.unique(other)) or other.size < 100, p.name
            if np.ptp(other) == 0:
                assert np.array_equal(ours, other), p.name
        else:
            assert stats.ks_2samp(ours.ravel(), other.ravel()).pvalue > 1e-3, p.name


def test_the_default_of_a_packed_recurrent_kernel_is_orthogonal_as_a_whole():
    _, params = built(layers.LSTM(5), SIGNAL)
    params.initialize(seed=0)
    kernel = params["cell.recurrent_kernel"].numpy()
    assert kernel.shape == (5, 20) and np.allclose(kernel @ kernel.T, np.eye(5), atol=1e-5)
    assert params["cell.bias"].numpy().reshape(4, 5).tolist() == [[0] * 5, [1] * 5, [0] * 5, [0] * 5]


def test_gates_along_the_last_axis():
    _, params = built(layers.LSTM(5), SIGNAL)
    params.initialize({".*kernel": gb.init.Orthogonal(), ".*bias": gb.init.LSTMBias(3)}, seed=0)
    for gate in np.split(params["cell.recurrent_kernel"].numpy(), 4, axis=1):
        assert np.allclose(gate @ gate.T, np.eye(5), atol=1e-5)
    for gate in np.split(params["cell.kernel"].numpy(), 4, axis=1):
        assert np.allclose(gate @ gate.T, np.eye(4), atol=1e-5)
    assert params["cell.bias"].numpy().reshape(4, 5)[1].tolist() == [3] * 5
    params.initialize({".*bias": gb.init.ForgetBias(1), ".*kernel": gb.init.Identity(2)}, seed=0)
    assert params["cell.bias"].numpy().reshape(4, 5).sum(1).tolist() == [0, 5, 0, 0]
    for gate in np.split(params["cell.recurrent_kernel"].numpy(), 4, axis=1):
        assert np.array_equal(gate, 2 * np.eye(5))


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_update_gate_of_a_gru(reset_after):
    layer, params = built(layers.GRU(5, reset_after=reset_after), SIGNAL)
    params.initialize({".*bias": gb.init.ForgetBias(60), ".*kernel": gb.init.Normal(0.1)}, seed=0)
    bias = params["cell.bias"].numpy().reshape(-1, 3, 5).sum(0)
    assert bias.tolist() == [[60] * 5, [0] * 5, [0] * 5]
    # With the gate wide open the state stays what it was: nought.
    assert np.allclose(keras.ops.convert_to_numpy(layer(SIGNAL)), 0, atol=1e-6)


def test_orthogonal_and_dirac_convolutions():
    layer, params = built(layers.Conv2D(4, 3, padding="same"), PICTURE)
    params.initialize({"kernel": gb.init.Dirac(), "bias": 0})
    x = np.random.default_rng(0).random((1, 6, 6, 4), np.float32)
    assert np.allclose(keras.ops.convert_to_numpy(layer(x)), x, atol=1e-6)
    params.initialize({"kernel": gb.init.Orthogonal(), "bias": 0}, seed=0)
    matrix = params["kernel"].numpy().reshape(-1, 4)
    assert np.allclose(matrix.T @ matrix, np.eye(4), atol=1e-5)
    _, params = built(layers.Dense(10), np.ones((1, 3)))
    params.initialize({"kernel": gb.init.Sparse(0.25), "bias": 0}, seed=0)
    assert ((params["kernel"].numpy() == 0).sum(1) == 3).all()  # of each input's ten outputs


def test_a_keras_initializer_sees_one_gate():
    class Shape(keras.initializers.Initializer):
        seen = ()

        def __call__(self, shape, dtype=None):
            Shape.seen += (tuple(shape),)
            return keras.ops.full(shape, float(len(Shape.seen)))

    _, params = built(layers.LSTM(2), SIGNAL)
    params.initialize({"cell.kernel": Shape(), ".*": "default"}, seed=0)
    assert Shape.seen == ((4, 2),) * 4
    assert params["cell.kernel"].numpy()[0].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_no_default_is_known_for_a_layer_of_one_s_own():
    class Own(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(2, 2))

        def call(self, x):
            return x

    _, params = built(Own(), SIGNAL)
    with pytest.raises(gb.errors.InitializerError, match=r"no default is known for w \(of Own\)"):
        params.initialize()


# The first values of Normal(1) for this seed and name, whatever holds them.
def test_the_same_bits_in_every_framework():
    net = keras.Sequential([layers.Dense(3)])
    net.build((None, 4))
    gb.collect_params(net).initialize({"0.kernel": gb.init.Normal(1), "0.bias": 0}, seed=11)
    wanted = np.empty((4, 3), np.float32)
    gb.streams.fill(wanted, gb.streams.Normal(0, 1), 11, "0.kernel")
    assert np.array_equal(gb.collect_params(net)["0.kernel"].numpy(), wanted)
