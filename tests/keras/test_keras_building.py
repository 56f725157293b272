"""Layers that are not built yet: pending rows, and rules that wait for them."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import glueball as gb

BACKEND = keras.backend.backend()
X = np.random.default_rng(0).random((2, 5, 4), np.float32)
RULES = {r".*kernel": "xavier", r".*(bias|beta)": 0, r".*gamma": gb.init.Uniform(0.5, 1)}


class Inner(layers.Layer):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(3)
        self.rest = [layers.Dense(3), layers.LayerNormalization()]

    def call(self, x):
        return self.rest[1](self.rest[0](self.first(x)))


class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.rnn = layers.Bidirectional(layers.LSTM(2))
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.rnn(self.inner(x)))


def sequential():
    rest = layers.LayerNormalization(), layers.Dropout(0.1), layers.Dense(1)
    return keras.Sequential([layers.Dense(3), layers.LSTM(2), *rest])


def values(model):
    return {p.name: p.numpy() for p in gb.collect_params(model).values()}


def by_calling(model):
    model(X)


def by_symbol(model):
    model(keras.Input((5, 4)))


def by_fit(model):
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(X, np.zeros((2, 1)), verbose=0)


def by_build(model):
    if isinstance(model, Model):
        pytest.skip("Keras cannot build a subclassed model that has no build of its own")
    model.build((None, 5, 4))


def in_a_function(model):
    if BACKEND != "tensorflow":
        pytest.skip("tf.function is TensorFlow's")
    import tensorflow as tf

    tf.function(lambda x: model(x))(X)


def under_a_tape(model):
    if BACKEND != "tensorflow":
        pytest.skip("GradientTape is TensorFlow's")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X))
    grads = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None for gradient in grads)


WAYS = (by_calling, by_symbol, by_fit, by_build, in_a_function, under_a_tape)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [sequential, Model])
def test_the_same_bits_before_and_after_it_is_built(make, way):
    later = make()
    gb.collect_params(later).initialize(RULES, seed=7)
    way(later)
    built = make()
    built(X)
    gb.collect_params(built).initialize(RULES, seed=7)
    wanted = values(built)
    found = values(later)
    assert list(found) == list(wanted)
    for name in wanted:
        assert np.array_equal(found[name], wanted[name]), name


def test_a_row_for_each_layer_that_may_have_weights():
    params = gb.collect_params(Model())
    cells = [f"rnn.{way}_layer.cell.?" for way in ("forward", "backward")]
    assert params.names() == ["inner.first.?", "inner.rest.0.?", "inner.rest.1.?", *cells, "out.?"]
    assert params["out.?"].deferred and params["out.?"].shape is None
    assert params.totals().deferred == 6
    assert gb.collect_params(sequential()).names() == ["0.?", "1.cell.?", "2.?", "4.?"]
    no_weights = keras.Sequential([layers.Flatten(), layers.ReLU(), layers.Add()])
    assert gb.collect_params(no_weights).names() == []


def test_what_is_asked_of_it_says_that_it_is_not_built():
    params = gb.collect_params(sequential())
    with pytest.raises(KeyError, match=r"not built yet: 0\.\?, 1\.cell\.\?, 2\.\? and 1 more"):
        params["0.kernel"]
    with pytest.raises(LookupError, match="not built yet"):
        params.select(".*kernel")
    with pytest.raises(
        gb.errors.DeferredError, match="this Dense is not built yet; call the model on a batch"
    ):
        params["0.?"].data()
    with pytest.raises(gb.errors.DeferredError, match="not built"):
        params.groups({".*": {"weight_decay": 0}})


def test_the_plan_says_what_waits():
    plan = gb.collect_params(sequential()).plan(RULES, seed=0)
    assert plan.unbuilt == ("0.?", "1.cell.?", "2.?", "4.?")
    assert {row.draws for row in plan.rows} == {"judged when its layer is built"}


def test_a_big_model_is_filled_once():
    walks = []
    model = keras.Sequential([layers.Dense(2) for _ in range(50)])
    params = gb.collect_params(model)
    plan = params.plan({".*kernel": 1, ".*bias": 0}, seed=0)
    waiting = plan._waiting
    original = type(waiting).__call__

    class Counting(type(waiting)):
        def __call__(self):
            walks.append(1)
            original(self)

    waiting.__class__ = Counting
    plan.apply()
    model.build((None, 2))
    assert len(walks) == 1
    assert all((p.numpy() == (p.name.endswith("kernel"))).all() for p in gb.collect_params(model).values())


def test_the_last_rules_for_a_layer_win():
    model = sequential()
    params = gb.collect_params(model)
    params.initialize({".*": 1})
    params.select("0").initialize({".*": 2})
    model(X)
    found = values(model)
    assert (found["0.kernel"] == 2).all() and (found["1.cell.kernel"] == 1).all()


def test_what_later_rules_leave_the_earlier_ones_fill():
    def give(params):
        params.select("1|4").initialize({".*kernel": gb.init.Normal(5), ".*bias": 3}, seed=0)
        params.initialize({".*beta": 7, "4.bias": None, "1": gb.init.Normal(2)}, seed=1)
        params.select("0|2|4").initialize({r".*(gamma|kernel)": 2, ".*beta": None}, seed=2)

    before, after = sequential(), sequential()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both say which parameters no rule took
        give(gb.collect_params(before))
        before(X)
        after(X)
        give(gb.collect_params(after))
    found, wanted = values(before), values(after)
    del found["0.bias"], wanted["0.bias"]  # nobody gave a rule for it
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_only_what_no_rules_took_is_warned_of():
    model = sequential()
    params = gb.collect_params(model)
    params.initialize({".*kernel": 1, ".*gamma": 1})
    params.initialize({".*beta": 0})
    with pytest.warns(UserWarning, match=r"^no rule took 0.bias, 1.cell.bias, 4.bias, now") as warned:
        model(X)
    assert len(warned) == 1


def test_a_rule_that_a_later_one_mends_is_forgotten():
    model = sequential()
    params = gb.collect_params(model)
    params.initialize({"0.kernel": np.ones((9, 9)), ".*": 1})
    params.initialize({"0.kernel": 4, ".*": 3})
    model(X)
    assert {name: value.ravel()[0] for name, value in values(model).items()}["0.kernel"] == 4


def test_a_rule_that_does_not_fit_is_an_error_when_the_layer_is_built():
    for model in (sequential(), Model()):
        gb.collect_params(model).initialize({r".*bias": "xavier", ".*": "default"}, seed=0)
        with pytest.raises(gb.errors.InitializerError, match="needs fan_in and fan_out"):
            model(X)


def test_a_rule_that_takes_nothing_warns_when_all_is_built():
    model = sequential()
    gb.collect_params(model).initialize({".*kernle": 0, ".*": "default"}, seed=0)
    with pytest.warns(UserWarning, match=r'these rules took nothing: "\.\*kernle"'):
        model(X)
    model = sequential()
    gb.collect_params(model).initialize({".*kernel": 0})
    with pytest.warns(UserWarning, match=r"no rule took 0\.bias"):
        model(X)


def test_a_custom_initializer_while_keras_looks_for_shapes():
    class Ramp(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.reshape(keras.ops.arange(np.prod(shape), dtype="float32"), shape)

    model = Model()
    gb.collect_params(model).initialize({".*kernel": Ramp(), ".*": "default"}, seed=0)
    by_fit(model)
    assert values(model)["out.kernel"].ravel().tolist() == [0, 1, 2, 3]


def test_freezing_a_layer_that_is_not_built():
    model = sequential()
    gb.collect_params(model).freeze("0")
    assert not model.layers[0].trainable
    model(X)
    assert [p.trainable for p in gb.collect_params(model).values()] == [False] * 2 + [True] * 7
    assert len(model.trainable_variables) == 7


def test_the_model_can_still_be_saved_and_cloned(tmp_path):
    model = sequential()
    gb.collect_params(model).initialize({".*kernel": 1, ".*": "default"})
    clone = keras.models.clone_model(model)
    model(X)
    model.save(tmp_path / "model.keras")
    read = keras.models.load_model(tmp_path / "model.keras")
    for name, value in values(model).items():
        assert np.array_equal(values(read)[name], value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(X)  # has its own beginning


def test_sharing_a_layer_before_it_is_built():
    net = keras.Sequential([layers.Dense(4), layers.Dense(4), layers.Dense(4, use_bias=False)])
    params = gb.collect_params(net)
    params.tie("1", "0")
    assert net.layers[1] is net.layers[0]
    net(np.ones((1, 4)))
    params.refresh()
    assert params["1.kernel"].slots == ("0.kernel", "1.kernel")
    assert len(net.weights) == 3
    other = keras.Sequential([layers.Dense(4), layers.Dense(5)])
    with pytest.raises(gb.errors.TieError, match="same settings"):
        gb.collect_params(other).tie("1", "0")


def test_sharing_in_attributes_and_lists():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(2)
            self.b = layers.Dense(2)
            self.c = [layers.Dense(2)]

        def call(self, x):
            return self.c[0](self.b(self.a(x)))

    model = Two()
    params = gb.collect_params(model)
    params.tie("b.?", "a.?")
    params.tie("c.0.?", "a.?")
    model(np.ones((1, 2)))
    assert model.b is model.a is model.c[0]
    assert [v.path.rpartition("/")[2] for v in model.weights] == ["kernel", "bias"]
    assert params.refresh()["a.kernel"].slots[:2] == ("a.kernel", "b.kernel")


def test_a_built_layer_cannot_be_tied():
    net = keras.Sequential([layers.Dense(4), layers.Dense(4)])
    net(np.ones((1, 4)))
    params = gb.collect_params(net)
    before = net.get_weights()
    with pytest.raises(gb.errors.TieError, match=r"Use one layer in both places.*ReversibleEmbedding"):
        params.tie("1.kernel", "0.kernel")
    assert all(map(np.array_equal, net.get_weights(), before))


def test_what_differs_is_told_where_layers_cannot_be_one():
    model = keras.Sequential([layers.Dense(4), layers.Dense(3)])
    told = r"same settings can be shared\. units is 4 and 3\.$"
    with pytest.raises(gb.TieError, match=told):
        gb.collect_params(model).tie("0", "1")
