"""All that the notebook on parameters in Keras shows, with our verbs, on whatever backend runs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import glueball as gb

X = np.random.default_rng(0).random((2, 4), np.float32)


def mlp(**first):
    net = keras.Sequential([layers.Flatten(), layers.Dense(4, activation="relu", **first), layers.Dense(1)])
    net(X)
    return net


def test_targeted_access():
    net = mlp()
    params = gb.collect_params(net)
    assert params["2"].names() == ["2.kernel", "2.bias"]
    bias = params["2.bias"]
    assert bias.tensor() is net.layers[2].weights[1]
    assert params[2].bias is bias
    assert np.array_equal(bias.numpy(), [0.0])
    assert np.array_equal(np.asarray(bias.data()), [0.0])


def test_all_at_once():
    net = mlp()
    params = gb.collect_params(net)
    assert [p.shape for p in params.values()] == [(4, 4), (4,), (4, 1), (1,)]
    for p, values in zip(params.values(), net.get_weights(), strict=True):
        assert np.array_equal(p.numpy(), values)
    assert np.array_equal(params["1.bias"].numpy(), net.get_weights()[1])


def block1(name):
    return keras.Sequential([layers.Flatten(), layers.Dense(4, activation="relu")], name=name)


def block2():
    net = keras.Sequential()
    for i in range(4):
        net.add(block1(name=f"block-{i}"))
    return net


def make_rgnet():
    rgnet = keras.Sequential()
    rgnet.add(block2())
    rgnet.add(layers.Dense(1))
    return rgnet


def test_nested_blocks_by_name_and_position():
    rgnet = make_rgnet()
    rgnet(X)
    params = gb.collect_params(rgnet)
    assert params.names()[2:4] == ["0.block-1.1.kernel", "0.block-1.1.bias"]
    wanted = rgnet.layers[0].layers[1].layers[1].weights[1]
    for found in (
        params["0.block-1.1.bias"],
        params["0.1.1.bias"],
        params[0]["block-1"][1].bias,
        params[0][1][1]["bias"],
        params[wanted.path],
        params.select("0.1.1.bias")["0.block-1.1.bias"],
    ):
        assert found.tensor() is wanted
    assert params["0.block-1"].names() == params["0.1"].names() == params["0"]["1"].names()


def test_the_hierarchy_is_a_table_with_counts():
    rgnet = make_rgnet()
    unbuilt = str(gb.collect_params(rgnet).table())
    assert "0.block-3.1.?" in unbuilt and "not built" in unbuilt
    rgnet(X)
    params = gb.collect_params(rgnet)
    assert params.totals().count == rgnet.count_params() == 85
    table = str(params.table())
    assert "10 parameters, 85 elements (85 trainable), 340 B" in table
    assert "0.block-0.1.kernel" in table and rgnet.weights[0].path in table
    assert gb.collect_params(make_rgnet()).names()[0] == "0.block-0.1.?"  # whatever was built before


def test_built_in_initializers():
    net = mlp()
    params = gb.collect_params(net)
    params.initialize({"1.kernel": gb.init.Normal(0.01), "1.bias": gb.init.Zero(), "2": "default"}, seed=0)
    assert 0 < np.abs(params["1.kernel"].numpy()).max() < 0.06
    assert not params["1.bias"].numpy().any()
    params.initialize({"1.kernel": gb.init.Constant(1), "1.bias": 0, "2": None})
    assert (params["1.kernel"].numpy() == 1).all()
    params.initialize({"1.kernel": gb.init.GlorotUniform(), "2.kernel": 42, ".*bias": 0}, seed=0)
    assert np.abs(params["1.kernel"].numpy()).max() <= np.sqrt(6 / 8)
    assert np.array_equal(params["2.kernel"].numpy(), np.full((4, 1), 42.0))


@pytest.mark.parametrize("kind", [keras.initializers.RandomNormal, keras.initializers.GlorotUniform])
def test_keras_s_own_initializers_under_our_seed(kind):
    first, again, other = mlp(), mlp(), mlp()
    for net, seed in ((first, 0), (again, 0), (other, 1)):
        gb.collect_params(net).initialize({layers.Dense: kind(seed=3), ".*bias": 0}, seed=seed)
    names = ["1.kernel", "2.kernel"]
    values = [[gb.collect_params(net)[name].numpy() for name in names] for net in (first, again, other)]
    assert all(map(np.array_equal, values[0], values[1]))
    assert not any(map(np.array_equal, values[0], values[2]))


class MyInit(keras.initializers.Initializer):
    """The notebook's, in Keras's operations."""

    def __call__(self, shape, dtype=None):
        data = keras.random.uniform(shape, -10, 10, dtype=dtype)
        return data * keras.ops.cast(keras.ops.abs(data) >= 5, "float32")


def tensorflows_init():
    """The notebook's own, which draws from TensorFlow's generator."""
    tf = pytest.importorskip("tensorflow")

    class TensorFlows(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            data = tf.random.uniform(shape, -10, 10, dtype=dtype)
            factor = tf.abs(data) >= 5
            factor = tf.cast(factor, tf.float32)
            return data * factor

    return TensorFlows()


@pytest.mark.parametrize("make", [MyInit, tensorflows_init])
def test_custom_initializer(make):
    how = make()
    found = []
    for seed in (0, 0, 1):
        net = mlp()
        gb.collect_params(net).initialize({"1.kernel": how, ".*": "default"}, seed=seed)
        found.append(gb.collect_params(net)["1.kernel"].numpy())
    values = np.abs(found[0])
    assert ((values == 0) | ((values >= 5) & (values <= 10))).all() and values.any()
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_custom_initializer_of_a_layer_is_its_default():
    net = mlp(kernel_initializer=MyInit())
    plan = gb.collect_params(net).initialize(seed=5)
    assert plan.rows[0].initializer == "keras.MyInit()"
    values = np.abs(gb.collect_params(net)["1.kernel"].numpy())
    assert ((values == 0) | (values >= 5)).all()


def test_tensorflows_initializers():
    tf = pytest.importorskip("tensorflow")
    net = mlp()
    params = gb.collect_params(net)
    normal = tf.random_normal_initializer(mean=0, stddev=0.01)
    plan = params.initialize({".*kernel": normal, ".*bias": tf.zeros_initializer()}, seed=0)
    assert plan.rows[0].initializer == "tf.RandomNormal(mean=0, stddev=0.01)"
    first = params["1.kernel"].numpy()
    assert 0 < np.abs(first).max() < 0.06
    params.initialize({".*kernel": normal, ".*bias": tf.zeros_initializer()}, seed=0)
    assert np.array_equal(params["1.kernel"].numpy(), first)


def test_direct_assignment_of_all_and_of_one_element():
    net = mlp()
    kernel = gb.collect_params(net)["1.kernel"]
    before = kernel.numpy()
    kernel.set_data(kernel.numpy() + 1)
    values = kernel.numpy()
    assert np.array_equal(values, before + 1)
    values[0, 0] = 42
    kernel.set_data(values)
    assert net.layers[1].weights[0].numpy()[0, 0] == 42

    def element(values):
        values[0, 1] = 7

    gb.collect_params(net, "1.kernel").apply(element)
    assert kernel.numpy()[0, 1] == 7 and kernel.numpy()[0, 0] == 42


def test_what_is_natural_on_a_backend():
    kernel = gb.collect_params(mlp())["1.kernel"]
    backend = keras.backend.backend()
    if backend == "torch":
        kernel.data()[0, 0] = 42
    elif backend == "tensorflow":
        kernel.data()[0, 0].assign(42)
    else:
        kernel.set_data(kernel.data().at[0, 0].set(42))
    assert kernel.numpy()[0, 0] == 42


def test_shared_layer_is_one_and_counted_once():
    shared = layers.Dense(4, activation="relu")
    net = keras.Sequential([layers.Flatten(), shared, shared, layers.Dense(1)])
    net(X)
    assert len(net.layers) == 4  # as Keras 3 counts
    params = gb.collect_params(net)
    assert params.names() == ["1.kernel", "1.bias", "3.kernel", "3.bias"]
    assert params["2.kernel"] is params["1.kernel"]
    assert params["1.kernel"].slots == ("1.kernel", "2.kernel") and params["1.kernel"].tied
    assert params.totals().count == net.count_params() == 25
    params["1.kernel"].set_data(100)
    assert np.array_equal(net.layers[2].weights[0].numpy(), np.full((4, 4), 100.0))
    assert params.select("2").names() == ["1.kernel", "1.bias"]
