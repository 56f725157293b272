"""Every optimizer, with every option, does over several steps what MXNet's does.

tools/golden_gluon_trainer.py made the golden data; the same functions run here.
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from glueball import mxnet as mx
from glueball.mxnet import gluon, nd

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE.parent / "golden" / "gluon_trainer.json").read_text(encoding="utf-8"))
# One unit in the last place of float16 is 1e-3 of a number; a sum in another order may be off by several.
TOLERANCE = {
    "float32": {"rtol": 2e-6, "atol": 2e-7},
    "float64": {"rtol": 5e-7, "atol": 1e-9},  # MXNet computes rates in float32
    "float16": {"rtol": 4e-3, "atol": 2e-3},
}


@pytest.fixture(scope="module")
def tool():
    mx.install()
    path = HERE.parent.parent / "tools" / "golden_gluon_trainer.py"
    spec = importlib.util.spec_from_file_location("golden_gluon_trainer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(case):
    name, options, dtype, mults, scheduler = case
    text = ",".join(f"{key}={value}" for key, value in options.items())
    return (
        f"{name}({text}){'' if dtype == 'float32' else dtype}{'-mults' * mults}{'-rates' * bool(scheduler)}"
    )


def test_every_case_has_its_golden_data(tool):
    assert [case for case, _ in GOLDEN["trained"]] == json.loads(json.dumps(list(tool.cases())))


@pytest.mark.parametrize(
    ("case", "wanted"), GOLDEN["trained"], ids=lambda it: told(it) if len(it) == 5 else ""
)
def test_weights_are_those_of_mxnet(tool, case, wanted):
    got = tool.trained(*case)
    full = case[2] == "float16" and "multi_precision" in case[1]
    tolerance = {"rtol": 1e-3, "atol": 1e-6} if full else TOLERANCE[case[2]]
    assert_allclose(got, wanted, **tolerance)


# ---- what MXNet says and keeps; asked of 1.9.1 by hand ---------------------------------------------------


def weight_after(optimizer, **options):
    weight = nd.array([1.0, -2.0])
    updater = mx.optimizer.get_updater(mx.optimizer.create(optimizer, **options))
    updater(0, nd.array([0.5, 0.5]), weight)
    return weight.asnumpy().tolist()


def test_names_are_taken_in_any_case():
    assert weight_after("SGD", learning_rate=1.0) == weight_after("sgd", learning_rate=1.0) == [0.5, -2.5]
    assert {"sgd", "nag", "adam", "adagrad", "adadelta", "rmsprop", "ccsgd"} <= set(
        mx.optimizer.Optimizer.opt_registry
    )
    assert repr(mx.optimizer.SGD) == "<class 'mxnet.optimizer.optimizer.SGD'>"
    assert mx.optimizer.optimizer.SGD is mx.optimizer.SGD


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mx.optimizer.create("foo"), ValueError, "Cannot find optimizer foo"),
        (lambda: mx.optimizer.create(3), AttributeError, "'int' object has no attribute 'lower'"),
        (lambda: mx.optimizer.SGD(foo=1), TypeError, "unexpected keyword argument 'foo'"),
        (lambda: mx.optimizer.SGD(param_idx2name=["a"]), AssertionError, "param_idx2name should be a dict"),
        (lambda: mx.optimizer.Optimizer().update(0, 1, 2, 3), NotImplementedError, ""),
        (lambda: mx.optimizer.SGD().set_lr_scale({}), DeprecationWarning, ""),
    ],
)
def test_wrong_calls(call, error, text):
    with pytest.raises(error, match=text or None):
        call()


def test_the_rate_is_the_schedulers_or_a_hundredth():
    assert mx.optimizer.SGD().learning_rate == 0.01
    assert mx.optimizer.Adam().learning_rate == 0.001
    scheduler = mx.lr_scheduler.FactorScheduler(step=1, base_lr=0.3)
    assert mx.optimizer.SGD(lr_scheduler=scheduler).learning_rate == 0.3
    with pytest.raises(UserWarning, match="LRScheduler of the optimizer has already been defined"):
        mx.optimizer.SGD(lr_scheduler=scheduler).set_learning_rate(1)
    assert mx.optimizer.SGD(lr_scheduler=lambda update: 1 / (1 + update)).learning_rate == 1


def test_a_given_rate_goes_before_the_schedulers(capsys):
    scheduler = mx.lr_scheduler.FactorScheduler(step=1, base_lr=0.3)
    optimizer = mx.optimizer.SGD(lr_scheduler=scheduler, learning_rate=0.5)
    assert capsys.readouterr().out == (
        "learning rate from ``lr_scheduler`` has been overwritten by ``learning_rate`` in optimizer.\n"
    )
    assert optimizer.learning_rate == scheduler.base_lr == 0.5


def test_names_decide_on_multipliers():
    names = {0: "a_weight", 1: "a_bias", 2: "g_gamma"}
    sgd = mx.optimizer.SGD(param_idx2name=names, wd=0.1, learning_rate=0.01)
    assert sgd.wd_mult == {"a_bias": 0.0}
    assert sgd._get_wds([0, 1, 2, 3]) == [0.1, 0.0, 0.1, 0.1]
    sgd.set_lr_mult({"a_bias": 2, 0: 5})
    assert sgd._get_lrs([0, 1, 2]) == [0.05, 0.02, 0.01]
    assert mx.optimizer.LARS(param_idx2name=names).wd_mult == {"a_bias": 0.0, "g_gamma": 0.0}


@pytest.mark.parametrize(
    ("name", "called"), [("sgd", "SGD optimizer"), ("nag", "NAG optimizer"), ("adam", "optimizer")]
)
def test_float16_without_full_precision_warns(name, called):
    with pytest.warns(UserWarning, match="Accumulating with float16") as warned:
        mx.optimizer.create(name).create_state_multi_precision(0, nd.ones(2, dtype="float16"))
    assert str(warned[0].message) == (
        "Accumulating with float16 in optimizer can lead to poor accuracy or slow convergence. "
        f"Consider using multi_precision=True option of the {called}"
    )


@pytest.mark.parametrize(("name", "place"), [("sgd", 1), ("nag", 1), ("adam", 0), ("rmsprop", 0)])
def test_full_precision_keeps_a_copy_where_mxnet_has_it(name, place):
    optimizer = mx.optimizer.create(name, multi_precision=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        state = optimizer.create_state_multi_precision(0, nd.ones(2, dtype="float16"))
    assert state[place].dtype is np.float32
    assert state[place].asnumpy().tolist() == [1, 1]


def test_a_sum_in_full_precision_is_not_lost():
    """A thousandth of a float16's unit is added 2,000 times; float16 alone would never change."""
    weight, grad = nd.ones(1, dtype="float16"), nd.full((1,), 1e-6, dtype="float16")
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=1, multi_precision=True))
    for _ in range(2000):
        updater(0, grad, weight)
    assert float(weight.asscalar()) == pytest.approx(1 - 2000 * float(grad.asscalar()), abs=1e-3)
    assert float(weight.asscalar()) < 1


def test_a_state_that_no_longer_fits_is_one_error():
    weight = nd.ones(2)
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9))
    updater(0, nd.ones(2), weight)
    for wrong, text in [
        (
            nd.ones(2, dtype="float64"),
            "Incompatible attr in node  at 2-th input: expected float64, got float32",
        ),
        (nd.ones(3), r"Incompatible attr in node  at 2-th input: expected \[3\], got \[2\]"),
    ]:
        before = wrong.asnumpy()
        with pytest.raises(mx.MXNetError, match=text):
            updater(0, nd.ones(wrong.shape, dtype=wrong.dtype), wrong)
        assert (wrong.asnumpy() == before).all()


def test_a_gradient_of_another_shape_is_an_error():
    weight = nd.ones((2, 2))
    with pytest.raises(mx.MXNetError, match=r"at 1-th input: expected \[2,2\], got \[2\]"):
        mx.optimizer.get_updater(mx.optimizer.SGD())(0, nd.ones(2), weight)


def test_adadelta_leaves_the_rescaled_gradient():
    grad = nd.array([4.0])
    mx.optimizer.get_updater(mx.optimizer.AdaDelta(rescale_grad=0.25))(0, grad, nd.ones(1))
    assert float(grad.asscalar()) == 1


def test_updates_are_not_followed():
    weight = nd.ones(2)
    weight.attach_grad()
    for name in ("sgd", "adam", "ftml", "lars", "nadam"):
        mx.optimizer.get_updater(mx.optimizer.create(name))(0, nd.ones(2), weight)
    assert weight._tensor.grad_fn is None
    assert weight._tensor.requires_grad


class Sums(mx.optimizer.Optimizer):
    """A user's own: the weight goes down by the sum of all its gradients."""

    def __init__(self, start=0.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def create_state(self, index, weight):
        return nd.full(weight.shape, self.start)

    def update(self, index, weight, grad, state):
        self._update_count(index)
        state[:] += grad * self.rescale_grad
        weight[:] -= self._get_lr(index) * (state + self._get_wd(index) * weight)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(mx.optimizer.Optimizer, "opt_registry", dict(mx.optimizer.Optimizer.opt_registry))
    return mx.optimizer.register(Sums)


def test_a_users_own_optimizer_is_found_by_name(registered):
    weight = gluon.Parameter("w_weight", shape=(2,))
    weight.initialize(mx.init.One())
    weight.lr_mult = 2
    trainer = gluon.Trainer([weight], "sums", {"learning_rate": 0.5, "start": 1.0, "wd": 0.5})
    for _ in range(2):
        with mx.autograd.record():
            head = weight.data().sum()
        head.backward()
        trainer.step(2)
    # 1 - (1.5 + 0.5) = -1; -1 - (2 - 0.5) = -2.5
    assert weight.data().asnumpy().tolist() == [-2.5, -2.5]
    assert trainer.optimizer.num_update == 2


def test_registering_a_name_again_warns(registered):
    with pytest.warns(UserWarning, match=r"New optimizer \S*Sums is overriding existing optimizer \S*Sums"):
        mx.optimizer.register(Sums)


def test_a_built_in_rule_with_an_own_update_is_called_for_each_weight():
    class Frozen(mx.optimizer.Adam):
        def update(self, index, weight, grad, state):
            if index != 1:
                super().update(index, weight, grad, state)

    weights = [nd.ones(1), nd.ones(1)]
    mx.optimizer.get_updater(Frozen(learning_rate=0.1))([0, 1], [nd.ones(1), nd.ones(1)], weights)
    assert [round(float(one.asscalar()), 4) for one in weights] == [0.9, 1.0]


def test_states_go_through_bytes():
    weight, other = nd.ones(2), nd.ones(2)
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=0.5, beta1=0.7))
    updater(0, nd.array([1.0, 2.0]), weight)
    again = mx.optimizer.get_updater(mx.optimizer.Adam())
    again.set_states(updater.get_states(dump_optimizer=True))
    assert again.optimizer.beta1 == 0.7
    other[:] = weight
    for one, where in [(updater, weight), (again, other)]:
        one(0, nd.array([3.0, 1.0]), where)
    assert weight.asnumpy().tolist() == other.asnumpy().tolist()


def test_weights_that_differ_in_dtype_are_updated_together():
    weights = [nd.ones(2), nd.ones(2, dtype="float64"), nd.ones(3)]
    grads = [nd.ones(one.shape, dtype=one.dtype) for one in weights]
    mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=0.5, momentum=0.9))([0, 1, 2], grads, weights)
    assert [one.dtype for one in weights] == [np.float32, np.float64, np.float32]
    assert all((one.asnumpy() == 0.5).all() for one in weights)


def test_sgd_is_torchs():
    """An independent oracle for the plain rule, with momentum and decay."""
    start, grads = torch.linspace(-1, 1, 6), torch.linspace(1, 2, 6)
    theirs = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.01)
    ours = nd.array(start.numpy())
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, wd=0.01))
    for step in range(1, 5):
        theirs.grad = grads * step
        optimizer.step()
        updater(0, nd.array((grads * step).numpy()), ours)
    assert_allclose(ours.asnumpy(), theirs.detach().numpy(), rtol=1e-5)
