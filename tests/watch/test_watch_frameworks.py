"""Watching where gradients are handed over (NumPy, JAX), where they are MXNet's, and in Keras's fit()."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import ml_dtypes
import numpy as np
import pytest

import glueball as gb
from glueball.watch.host import HostGauges


def model():
    return {
        "a": {"w": np.full((4, 3), 0.5), "b": np.array([0.0, 1.0, -2.0])},
        "c": np.ones((3, 1), np.float32),
    }


def test_arrays_trained_by_hand():
    net = model()
    with gb.watch(net, every=2) as log:
        for _ in range(3):
            log.step({"a.w": np.full((4, 3), 0.25), "a.b": np.array([0.0, 3.0, 4.0]), "c": np.ones((3, 1))})
            net["a"]["w"] -= 0.05
    assert log.steps() == [1, 3] and log.findings == []
    first = {row.name: row for row in log if row.step == 1}
    assert first["a.b"].norm == pytest.approx(5**0.5) and first["a.b"].zeros == pytest.approx(1 / 3)
    assert first["a.b"].std == pytest.approx(np.std([0, 1, -2])) and first["a.b"].max_abs == 2
    assert first["a.b"].grad_norm == pytest.approx(5) and first["c"].grad_mean == 1
    assert first["a.w"].update == pytest.approx(0.1) and first["c"].update == 0


def test_gradients_that_the_user_attached():
    net = model()
    params = gb.collect_params(net)
    with gb.watch(params, every=1, on=None) as log:
        params.attach_grads({"a.b": np.array([0.0, 3.0, 4.0])})
        log.step()
    assert {row.name: row.grad_norm for row in log} == {"a.b": 5.0, "a.w": None, "c": None}
    assert "no gradient in the only step" in log.findings[0].message


def test_no_gradient_is_told_only_where_there_are_any():
    net = model()
    with gb.watch(net, every=10, on=None) as log:
        for _ in range(4):
            log.step()
    assert log.findings == []
    with gb.watch(net, every=10, on=None) as log:
        for _ in range(4):
            log.step({"a.b": np.ones(3)})
    assert [(found.kind, sorted(found.names)) for found in log.findings] == [("no gradient", ["a.w", "c"])]


def test_values_that_never_move():
    net = model()
    with gb.watch(net, every=1, on=None) as log:
        for _ in range(4):
            log.step()
    assert [(found.kind, sorted(found.names)) for found in log.findings] == [("update", ["a.w", "c"])]


def test_nan_in_values_and_gradients():
    net = model()
    with gb.watch(net, every=10, on=None) as log:
        log.step({"a.b": np.array([np.nan, np.inf, 0])})
        net["c"][0] = np.nan
        log.step()
    assert [(found.step, found.kind, found.names) for found in log.findings[:2]] == [
        (1, "nonfinite", ("a.b",)),
        (2, "nonfinite", ("c",)),
    ]
    assert "1 NaN and 1 infinite of 3 elements" in log.findings[0].message


def test_there_are_no_steps_to_be_seen():
    class Optimizer:
        pass

    with pytest.raises(gb.OptimizerError, match="Optimizer"):
        gb.watch(model(), optimizer=Optimizer())


def test_jax_makes_a_new_model_at_each_step():
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    net = {"w": jax.numpy.linspace(-1, 1, 12).reshape(4, 3), "b": jax.numpy.ones(3)}
    x = jax.numpy.linspace(-1, 1, 24).reshape(6, 4)

    def loss(net):
        return (jax.numpy.tanh(x @ net["w"] + net["b"]) ** 2).mean()

    transform = optax.adam(1e-3)
    state = transform.init(net)
    history = []
    with gb.watch(net, every=1, on="raise") as log:
        for _ in range(3):
            grads = jax.grad(loss)(net)
            history.append(net)
            log.step(grads, model=net)
            updates, state = transform.update(grads, state)
            net = optax.apply_updates(net, updates)
    assert [row.grad_norm for row in log["w"]][-1] == pytest.approx(float(jax.numpy.linalg.norm(grads["w"])))
    moved = [float(jax.numpy.linalg.norm(b["w"] - a["w"]) / jax.numpy.linalg.norm(a["w"]))
             for a, b in pairwise(history)]  # fmt: skip
    assert [row.update for row in log["w"][:2]] == pytest.approx(moved, rel=1e-5)
    assert log["w"][2].update is None  # nobody saw what the last step made


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float8_e4m3fn", "complex64", "int8", "bool", "float64"]
)
def test_statistics_of_every_dtype(dtype):
    values = np.array([[0, 1, 1], [-1, 0, 1]]).astype(getattr(ml_dtypes, dtype, dtype))
    gauges = HostGauges(gb.collect_params(model())._tree.adapter)
    got = gauges.measure([values, values[:0], values[:1, :1]])
    wanted = np.abs(values) if dtype == "complex64" else values.astype(np.float64)
    for says, is_ in zip(got, (np.linalg.norm(wanted), wanted.mean(), wanted.std(), 1, 2), strict=True):
        assert says[0] == pytest.approx(is_)
    assert got.norm[1] == 0 and np.isnan(got.mean[1]) and got.std[2] == 0
    assert gauges.norms([values])[0] == got.norm[0]


def test_sums_over_many_chunks(monkeypatch):
    monkeypatch.setattr(sys.modules["glueball.watch.host"], "_CHUNK", 7)
    values = np.random.default_rng(0).normal(3, 2, (11, 13))
    gauges = HostGauges(gb.collect_params(model())._tree.adapter)
    (norm,), (mean,), (std,), (largest,), (zeros,) = gauges.measure([values])
    assert (norm, mean, std) == pytest.approx((np.linalg.norm(values), values.mean(), values.std()))
    assert largest == np.abs(values).max() and zeros == 0
    _, (sample,) = gauges.sample([values], 50)
    assert len(sample) <= 50 and np.isin(sample, values).all()


# ---- Gluon ------------------------------------------------------------------------------------------


def test_gluons_trainer_counts_as_the_optimizer():
    from glueball.mxnet import autograd, gluon, init, nd

    ends = []
    for watched in (False, True):
        net = gluon.nn.Sequential()
        net.add(gluon.nn.Dense(4, in_units=3, activation="tanh"), gluon.nn.Dense(1, in_units=4))
        net.initialize(init.Constant(0.1))
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.001})
        assert gb.collect_params(net).check_optimizer(trainer)
        log = gb.watch(net, optimizer=trainer, every=1, on="raise")
        if watched:
            log.start()
        for _ in range(3):
            with autograd.record():
                loss = (net(nd.ones((2, 3))) - 1).abs().sum()
            loss.backward()
            before = net[0].weight.data().asnumpy()
            trainer.step(2)
        log.stop()
        ends.append([net[0].weight.data().asnumpy(), net[1].bias.data().asnumpy()])
    assert log.steps() == [1, 2, 3] and log.names() == ["0.weight", "0.bias", "1.weight", "1.bias"]
    row = log["0.weight"][-1]
    assert row.norm == pytest.approx(np.linalg.norm(before)) and row.update > 0
    assert row.grad_norm == pytest.approx(np.linalg.norm(net[0].weight.grad().asnumpy()))
    assert all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))
    assert not any(trainer._hooks)


def test_a_trainer_that_holds_a_part_only():
    from glueball.mxnet import gluon

    net = gluon.nn.Sequential()
    net.add(gluon.nn.Dense(4, in_units=3), gluon.nn.Dense(1, in_units=4))
    net.initialize()
    trainer = gluon.Trainer(net[0].collect_params(), "sgd")
    with gb.watch(net, optimizer=trainer, on=None) as log:
        pass
    assert [found.names for found in log.findings] == [("1.weight", "1.bias")]


# ---- Keras ------------------------------------------------------------------------------------------

FIT = """
import os, warnings
os.environ["KERAS_BACKEND"] = "{backend}"
import keras, numpy as np, glueball as gb
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.01), "mse")
log = gb.watch(model, every=2, on="raise")
x = np.linspace(-1, 1, 96).reshape(24, 4)
model.fit(x, x[:, :1], batch_size=4, epochs=2, verbose=0, callbacks=[log.callback("keras")])
assert log.steps() == [1, 3, 5, 7, 9, 11] and log.count == 12 and not log.running, log.steps()
updates = log.column("update")[:-1, ::2]  # of the weights: the biases begin as zeros
assert (updates > 0).all() and (updates < 1).all(), updates
print(len(log.names()))
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_fit(backend):
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    pytest.importorskip("glueball.frameworks.keras")
    code = FIT.format(backend=backend)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "4\n"


def test_values_whose_square_overflows_have_a_deviation():
    net = {"weight": np.array([3e200, -3e200, 0, np.float64("nan")]), "other": np.array([3e200, -3e200])}
    with gb.watch(net, every=1, on=None) as log:
        log.step()
    assert log["other"][0].std == log["other"][0].max_abs == 3e200 and log["other"][0].mean == 0
    assert log["weight"][0].zeros == 0.25 and np.isnan(log["weight"][0].norm)
    assert [found.names for found in log.findings] == [("weight",)]
