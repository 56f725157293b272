"""Values, gradients, freezing, optimizers: every verb on Keras's variables."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import glueball as gb
from glueball.errors import DTypeError, OptimizerError, ShapeError

BACKEND = keras.backend.backend()


def make(*, dtype=None):
    net = keras.Sequential([layers.Dense(3, dtype=dtype), layers.Dense(2, dtype=dtype)])
    net.build((None, 4))
    return net, gb.collect_params(net)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype):
    if BACKEND == "jax" and dtype == "float64":
        pytest.skip("JAX has float64 only when it is told so")
    _, params = make(dtype=dtype)
    params.initialize({".*kernel": gb.init.Normal(1), ".*bias": 0}, seed=0)
    kernel = params["0.kernel"]
    assert kernel.dtype == dtype == kernel.numpy().dtype.name
    single = make()[1]
    single.initialize({".*kernel": gb.init.Normal(1), ".*bias": 0}, seed=0)
    assert np.allclose(kernel.numpy().astype("f8"), single["0.kernel"].numpy(), atol=0.02)
    kernel.set_data(np.full((4, 3), 0.5))
    assert (kernel.numpy() == 0.5).all() and kernel.nbytes == 12 * kernel.numpy().itemsize


def test_mixed_precision_keeps_the_variable_s_dtype():
    _, params = make(dtype="mixed_float16")
    assert params["0.kernel"].dtype == "float32"


def test_float8():
    layer = layers.Layer()
    layer.w = keras.Variable(np.zeros(4, np.float32), dtype="float8_e4m3fn", name="w")
    params = gb.collect_params(layer)
    params["w"].set_data(1.5)
    assert params["w"].numpy().dtype.name == "float8_e4m3fn"
    assert (params["w"].numpy().astype("f4") == 1.5).all()


def test_set_data_checks_first():
    net, params = make()
    before = net.get_weights()
    with pytest.raises(ShapeError, match=r"has shape \(4, 3\), the value \(3, 4\)"):
        params["0.kernel"].set_data(np.ones((3, 4)))
    with pytest.raises(DTypeError):
        params["0.kernel"].set_data(np.ones((4, 3), complex))
    with pytest.raises(ShapeError, match="Nothing was changed"):
        params.apply(lambda values: values[:1])
    assert all(map(np.array_equal, before, net.get_weights()))


def test_values_of_every_kind_are_taken():
    net, params = make()
    kernel = params["0.kernel"]
    for value in (
        np.full((4, 3), 2.0),
        keras.ops.full((4, 3), 3.0),
        keras.Variable(np.full((4, 3), 4.0)),
        [[5.0] * 3] * 4,
        6,
    ):
        kernel.set_data(value)
        assert len(set(kernel.numpy().ravel())) == 1
    assert kernel.numpy()[0, 0] == 6
    other = make()[1]["0.kernel"]
    other.set_data(kernel)
    assert (other.numpy() == 6).all()
    assert kernel.tensor() is net.layers[0]._kernel  # identity is kept


def test_constraints_are_not_applied():
    layer = layers.Dense(2, kernel_constraint="non_neg")
    layer.build((None, 2))
    gb.collect_params(layer)["kernel"].set_data(-1)
    assert (gb.collect_params(layer)["kernel"].numpy() == -1).all()


def test_freezing():
    net, params = make()
    params.freeze(".*bias")
    assert [v.name for v in net.trainable_variables] == ["kernel", "kernel"]
    assert params.totals().trainable == 18
    params.unfreeze()
    assert len(net.trainable_variables) == 4
    net.trainable = False
    assert params.totals().trainable == 0
    params.unfreeze("1")
    assert [v.path for v in net.trainable_variables] == [v.path for v in net.layers[1].weights]


def test_frozen_weights_stay_while_others_train():
    net, params = make()
    params.freeze("0")
    before = [p.numpy() for p in params.values()]
    net.compile(keras.optimizers.SGD(0.1), "mse")
    net.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    same = [np.array_equal(a, p.numpy()) for a, p in zip(before, params.values(), strict=True)]
    assert same == [True, True, False, False]


def gradients(net, x):
    """What the backend's own gradient function gives, in the order of `trainable_variables`."""
    variables = net.trainable_variables
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(net(x))
        return tape.gradient(loss, variables)
    if BACKEND == "jax":
        import jax

        def loss(values):
            others = [v.value for v in net.non_trainable_variables]
            return keras.ops.sum(net.stateless_call(values, others, x)[0])

        return jax.value_and_grad(loss)([v.value for v in variables])[1]
    keras.ops.sum(net(x)).backward()
    return [v.value.grad for v in variables]


def test_gradients():
    net, params = make()
    params.freeze("0.bias")
    x = np.ones((2, 4), np.float32)
    found = gradients(net, x)
    if BACKEND != "torch":
        assert params["1.bias"].grad() is None
    params.attach_grads(found)
    assert params["0.bias"].grad() is None
    # d sum(y) / d bias of the last layer is the batch's size; of its kernel the hidden values, summed.
    assert np.array_equal(np.asarray(params["1.bias"].grad()), [2.0, 2.0])
    hidden = keras.ops.convert_to_numpy(net.layers[0](x)).sum(0)
    assert np.allclose(np.asarray(params["1.kernel"].grad()), np.stack([hidden] * 2, 1), atol=1e-5)
    params.zero_grad()
    gradient = params["1.bias"].grad()
    assert gradient is None or not np.asarray(gradient).any()
    with pytest.raises(ShapeError, match="gradients were given"):
        params.attach_grads(found[:1])


def test_gradients_of_an_embedding_and_of_none():
    net = keras.Sequential([layers.Embedding(5, 2)])
    x = np.array([[1, 1, 3]])
    net(x)
    net.unused = keras.Variable(np.ones(2))
    params = gb.collect_params(net)
    found = gradients(net, x)
    params.attach_grads(found)
    gradient = np.asarray(params["0.embeddings"].grad())
    assert gradient.sum(1).tolist() == [0, 4, 0, 2, 0]


def test_groups_and_exclusions():
    net, params = make()
    groups = params.groups({".*bias": {"weight_decay": 0.0}}, weight_decay=0.1)
    assert [group["param_names"] for group in groups] == [["0.bias", "1.bias"], ["0.kernel", "1.kernel"]]
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    with pytest.raises(OptimizerError, match="is not built"):
        params.check_optimizer(optimizer)
    groups.exclude(optimizer)
    optimizer.build(net.trainable_variables)
    assert [optimizer._use_weight_decay(v) for v in net.weights] == [True, False, True, False]
    assert params.check_optimizer(optimizer)
    with pytest.raises(OptimizerError, match="before that"):
        groups.exclude(optimizer)
    with pytest.raises(OptimizerError, match="only weight_decay"):
        groups.exclude(keras.optimizers.SGD(), "lr")
    params.freeze("0")
    assert params.check_optimizer(optimizer).frozen == ("0.kernel", "0.bias")
    other = keras.optimizers.SGD()
    other.build(net.layers[1].trainable_variables)
    params.unfreeze()
    report = params.check_optimizer(other)
    assert not report and report.missing == ("0.kernel", "0.bias")


def test_what_cannot_be_says_so():
    _, params = make()
    params.cast("float32")
    params.to("cpu")
    with pytest.raises(DTypeError, match="a Keras variable keeps its dtype"):
        params.cast("float16")
    with pytest.raises(DTypeError, match="Keras decides where a variable lies"):
        params.to("gpu:7")
    groups = params.groups(weight_decay=0.1)
    for form in (groups.labels, groups.filters):
        with pytest.raises(OptimizerError, match="not for Keras"):
            form()


def test_origin_tells_of_edits():
    _, params = make()
    params.initialize({".*kernel": gb.init.Normal(0.1), ".*bias": 0.5}, seed=3)
    origin = params["0.kernel"].origin
    assert (origin.seed, origin.initializer, origin.edited) == (3, "Normal(0.1)", False)
    assert not params["0.bias"].origin.edited
    params["0.kernel"].set_data(params["0.kernel"].numpy() + 1)
    params["0.bias"].set_data(1)
    assert params["0.kernel"].origin.edited and params["0.bias"].origin.edited


def test_functions_and_initializers_of_one_s_own():
    _, params = make()

    class Ramp(gb.init.Initializer):
        def _init_weight(self, name, data):
            data[:] = 3

    def two(shape, dtype):
        return np.full(shape, 2.0)

    params.initialize({"0.kernel": Ramp(), "0.bias": two, ".*": "default"}, seed=0)
    assert (params["0.kernel"].numpy() == 3).all() and (params["0.bias"].numpy() == 2).all()


def test_global_generators_are_put_back():
    def draws():
        found = [keras.random.normal((3,)), np.random.random(3)]
        if BACKEND == "tensorflow":
            import tensorflow as tf

            found.append(tf.random.normal((3,)))
        elif BACKEND == "torch":
            import torch

            found.append(torch.rand(3))
        return [np.asarray(values) for values in found]

    class Draws(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.random.normal(shape) + draws()[-1][0]

    _, params = make()
    keras.utils.set_random_seed(5)
    wanted = draws(), draws()
    keras.utils.set_random_seed(5)
    first = draws()
    params.initialize({".*": Draws()}, seed=0)
    found = first, draws()
    assert all(
        np.array_equal(a, b) for pair in zip(wanted, found, strict=True) for a, b in zip(*pair, strict=True)
    )


def test_memory_that_two_variables_share_is_an_alias():
    net, params = make()
    assert not params.aliases()
    if BACKEND == "torch":
        net.layers[1].bias._value.data = net.layers[0].bias._value.data[:2]
        assert params.aliases().overlaps in ((("0.bias", "1.bias"),), (("1.bias", "0.bias"),))


@pytest.mark.skipif(BACKEND == "torch", reason="torch traces nothing here")
def test_what_needs_values_is_an_error_while_a_function_is_traced():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    params = gb.collect_params(model)
    before = params["0.kernel"].numpy()
    told = []

    def traced(x):
        assert gb.collect_params(model).names() == ["0.kernel", "0.bias"]
        for verb in (
            params["0.kernel"].numpy,
            lambda: params["0.kernel"].set_data(1),
            lambda: params.initialize(1),
            lambda: params.apply(lambda values: values + 1),
        ):
            with pytest.raises(gb.DeferredError, match="is tracing a function"):
                verb()
        told.append(True)
        return x

    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.function(traced, autograph=False)(tf.ones(1))
    else:
        import jax

        def stateless(values, x):
            with keras.StatelessScope(zip(model.trainable_variables, values, strict=True)):
                return traced(x)

        jax.jit(stateless)([v.value for v in model.trainable_variables], np.ones(1))
    assert told
    np.testing.assert_array_equal(params["0.kernel"].numpy(), before)


def test_gradients_that_are_none():
    params = gb.collect_params(keras.Sequential([keras.Input((2,)), layers.Dense(1)]))
    for given in (None, 3):
        with pytest.raises(gb.ShapeError, match=f"the gradients are of {type(given).__name__}"):
            params.attach_grads(given)
    with pytest.raises(gb.ShapeError, match=r"the gradient of '0.bias' is a list: give an array"):
        params.attach_grads({"0.bias": [1.0]})
