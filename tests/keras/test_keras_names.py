"""Names come from the attribute tree, in Keras's order, the same on every backend."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import glueball as gb

X = np.ones((2, 5, 4), np.float32)


class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.norm = layers.LayerNormalization()
        self.attention = layers.MultiHeadAttention(2, 2)
        self.drop = layers.Dropout(0.1)
        self._hidden = layers.Dense(4)

    def call(self, x):
        return self._hidden(self.drop(self.attention(self.norm(x), x)))


class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Block(), Block()]
        self.heads = {"a": layers.Dense(2), "b.c": layers.Dense(2)}
        self.pair = (layers.Dense(2), [layers.Dense(2)])
        self.scale = keras.Variable(np.ones(3))
        self.free = [keras.Variable(np.ones(1)), keras.Variable(np.ones(2))]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.heads["b.c"](x) + self.heads["a"](x)
        return self.pair[1][0](self.pair[0](x))


def test_a_subclassed_model():
    model = Model()
    model(X)
    params = gb.collect_params(model)
    block = [
        "norm.gamma", "norm.beta", "attention.query_dense.kernel", "attention.query_dense.bias",
        "attention.key_dense.kernel", "attention.key_dense.bias", "attention.value_dense.kernel",
        "attention.value_dense.bias", "attention.output_dense.kernel", "attention.output_dense.bias",
        "hidden.kernel", "hidden.bias",
    ]  # fmt: skip
    assert params.names() == [
        "scale", "free.0", "free.1", *(f"blocks.{i}.{name}" for i in (0, 1) for name in block),
        "heads.a.kernel", "heads.a.bias", "heads.1.kernel", "heads.1.bias",
        "pair.0.kernel", "pair.0.bias", "pair.1.0.kernel", "pair.1.0.bias",
    ]  # fmt: skip
    assert params["blocks.1.hidden.kernel"].tensor() is model.blocks[1]._hidden.kernel
    assert params["blocks"][0]["norm"].names() == ["blocks.0.norm.gamma", "blocks.0.norm.beta"]
    assert [id(p.tensor()) for p in params.values()] == [id(v) for v in model.weights]
    buffers = gb.collect_params(model, buffers=True)
    state = buffers["blocks.0.drop.seed_generator.state"]
    assert state.kind == "buffer" and state.tensor() is model.blocks[0].drop.seed_generator.state


def case(build, *names, x=X):
    return pytest.param(build, list(names), x, id=names[0])


def functional():
    given = keras.Input((4,), name="given")
    shared = layers.Dense(4)
    hidden = layers.Dense(3, name="hidden")(shared(shared(given)))
    return keras.Model(given, layers.Dense(1, name="with.dot")(hidden) if not on_torch() else hidden)


def on_torch():
    return keras.backend.backend() == "torch"  # which refuses names with a dot itself


CASES = [
    case(
        lambda: layers.Bidirectional(layers.LSTM(2)),
        *(
            f"{way}_layer.cell.{name}"
            for way in ("forward", "backward")
            for name in ("kernel", "recurrent_kernel", "bias")
        ),
    ),
    case(lambda: layers.TimeDistributed(layers.Dense(2)), "layer.kernel", "layer.bias"),
    case(
        lambda: layers.RNN(layers.StackedRNNCells([layers.GRUCell(2), layers.SimpleRNNCell(2)])),
        *(f"cell.cells.{i}.{name}" for i in (0, 1) for name in ("kernel", "recurrent_kernel", "bias")),
    ),
    case(layers.BatchNormalization, "gamma", "beta"),
    case(lambda: layers.SpectralNormalization(layers.Dense(2)), "kernel", "layer.bias"),
    case(lambda: layers.Conv1D(2, 2), "kernel", "bias"),
    case(
        lambda: layers.SeparableConv1D(2, 2), "depthwise_kernel", "pointwise_kernel", "bias"
    ),
    case(lambda: layers.Embedding(3, 2), "embeddings", x=np.ones((2, 3), np.int32)),
    case(
        functional, "1.kernel", "1.bias", "hidden.kernel", "hidden.bias",
        *(() if on_torch() else ("3.kernel", "3.bias")), x=np.ones((2, 4), np.float32),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("build", "names", "x"), CASES)
def test_layers(build, names, x):
    first, second = build(), build()
    first(x), second(x)
    params = gb.collect_params(first)
    assert params.names() == names
    assert gb.collect_params(second).names() == names  # whatever Keras counts
    weights = [v for v in first.weights if v.trainable]
    assert [id(p.tensor()) for p in params.values()] == [id(v) for v in weights]
    for p in params.values():
        assert p.own_name == p.tensor().path and params[p.own_name] is p
        assert np.array_equal(p.numpy(), keras.ops.convert_to_numpy(p.tensor()))


def test_statistics_are_buffers_that_are_saved():
    layer = layers.BatchNormalization()
    layer(X)
    params = gb.collect_params(layer, buffers=True)
    assert params.names() == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [p.kind for p in params.values()] == ["parameter"] * 2 + ["buffer"] * 2
    assert params["moving_mean"].persistent


def test_automatic_names_are_told_by_keras_s_rule():
    given = [layers.Dense(1, name=name) for name in ("dense_a", "Dense", "2", "dense_7")]
    net = keras.Sequential([*given, keras.Sequential([layers.Dense(1)], name="inner")])
    net(np.ones((1, 1)))
    names = [name.rpartition(".")[0] for name in gb.collect_params(net).names()[::2]]
    assert names == ["dense_a", "Dense", "2", "3", "inner.0"]


def test_a_layer_under_two_attributes_has_two_slots():
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(2)
            self.last = self.first

        def call(self, x):
            return self.last(self.first(x))

    model = Twice()
    model(np.ones((1, 2)))
    params = gb.collect_params(model)
    assert params["last.kernel"].slots == ("first.kernel", "last.kernel")


def test_variables_without_attributes_and_without_names():
    class Anonymous(layers.Layer):
        def build(self, shape):
            self.add_weight(shape=(2,), name="named")
            self.add_weight(shape=(3,))

        def call(self, x):
            return x

    layer = Anonymous()
    layer(X)
    assert gb.collect_params(layer).names() == ["named", "1"]


def test_underscores_stay_where_they_make_the_difference():
    class Both(layers.Layer):
        def build(self, shape):
            self._w = self.add_weight(shape=(2,))
            self.w = self.add_weight(shape=(3,))

        def call(self, x):
            return x

    layer = Both()
    layer(X)
    assert gb.collect_params(layer).names() == ["_w", "w"]


def test_lora_and_quantised_layers_are_shown():
    lora = layers.Dense(3)
    lora(np.ones((1, 4)))
    lora.enable_lora(2)
    params = gb.collect_params(lora)
    assert params.names() == ["kernel", "bias", "lora_kernel_a", "lora_kernel_b"]
    assert not params["kernel"].trainable and params["lora_kernel_a"].trainable
    quantised = layers.Dense(3)
    quantised(np.ones((1, 4), np.float32))
    quantised.quantize("int8")
    params = gb.collect_params(quantised)
    kernel = params["kernel"]
    assert kernel.numpy().dtype == np.int8 and not kernel.trainable
    assert {"kernel", "bias", "kernel_scale"} <= set(params.names())
    with pytest.raises(gb.errors.DTypeError, match="only floating numbers"):
        params.unfreeze("kernel")


def test_optimizers_and_metrics_are_left_out():
    net = keras.Sequential([layers.Dense(1)])
    net.compile("adam", "mse", metrics=["mae"])
    net.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert gb.collect_params(net, buffers=True).names() == ["0.kernel", "0.bias"]


def test_a_replaced_layer_is_noticed():
    net = keras.Sequential([layers.Dense(2), layers.Dense(2)])
    net(np.ones((1, 2)))
    params = gb.collect_params(net)
    kernel = params["1.kernel"]
    net.pop()
    net.add(layers.Dense(2))
    net(np.ones((1, 2)))
    with pytest.raises(gb.errors.StaleError, match="replaced"):
        kernel.numpy()
    assert params.refresh()["1.kernel"].numpy().shape == (2, 2)


def test_a_torch_module_in_a_layer():
    if not on_torch():
        pytest.skip("TorchModuleWrapper is for the torch backend")
    import torch

    net = keras.Sequential([keras.layers.TorchModuleWrapper(torch.nn.Linear(4, 3)), layers.Dense(2)])
    net(X)
    params = gb.collect_params(net)
    assert params.names() == ["0.module.weight", "0.module.bias", "1.kernel", "1.bias"]
    params["0.module.bias"].set_data(2)
    assert net.layers[0].module.bias.tolist() == [2, 2, 2]
