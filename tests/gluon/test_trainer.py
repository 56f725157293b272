"""What a Trainer takes, refuses, updates, saves and loads; what it says was asked of MXNet 1.9.1."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from glueball import mxnet as mx
from glueball.mxnet import autograd, gluon, init, nd
from glueball.mxnet.gluon import Trainer, nn


def dense(**options):
    net = nn.Dense(2, in_units=2, **options)
    net.initialize(init.One())
    return net


def backward(net, x=1.0):
    with autograd.record():
        y = (net(nd.full((1, 2), x)) ** 2).sum()
    y.backward()


def parameter(name="w", value=1.0, **options):
    made = gluon.Parameter(name, shape=(2,), **options)
    made.initialize(init.Constant(value))
    return made


def train(trainer, *params, batch_size=1, **options):
    """A step with the gradient 1 for each of these Parameters."""
    with autograd.record():
        heads = [one.data().sum() for one in params]
    autograd.backward(heads)
    trainer.step(batch_size, **options)


def values(*params):
    return [round(float(one.data()[0].asscalar()), 5) for one in params]


# ---- what it takes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "kind"),
    [(3, "<class 'int'>"), ("abc", "<class 'str'>"), (None, "<class 'NoneType'>")],
)
def test_params_are_a_list_or_a_dict(params, kind):
    text = f"First argument must be a list or dict of Parameters, got {kind}."
    with pytest.raises(ValueError, match=re.escape(text)):
        Trainer(params, "sgd")


def test_a_block_or_one_parameter_is_no_list():
    net = dense()
    for wrong in (net, net.weight):
        text = f"First argument must be a list or dict of Parameters, got {type(wrong)}."
        with pytest.raises(ValueError, match=re.escape(text)):
            Trainer(wrong, "sgd")
    with pytest.raises(ValueError, match=r"got list of <class 'int'>\."):
        Trainer([1], "sgd")


def test_optimizers_are_named_or_given():
    net = dense()
    with pytest.raises(ValueError, match="Cannot find optimizer foo"):
        Trainer(net.collect_params(), "foo")
    with pytest.raises(AssertionError, match="optimizer_params must be None if optimizer is an instance of"):
        Trainer(net.collect_params(), mx.optimizer.SGD(), {"learning_rate": 1})
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        Trainer(net.collect_params(), mx.optimizer.SGD)


def test_a_parameter_never_initialised_is_an_error_at_once():
    net = nn.Dense(1, in_units=1, prefix="net_")
    with pytest.raises(RuntimeError, match=r"^Parameter 'net_bias' has not been initialized$"):
        Trainer(net.collect_params(), "sgd")


def test_a_deferred_parameter_is_an_error_when_it_is_needed(tmp_path):
    net = nn.Dense(1, prefix="net_")
    net.initialize(init.One())
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    for call in (
        lambda: trainer.step(1),
        lambda: trainer.update(1),
        trainer.allreduce_grads,
        lambda: trainer.save_states(tmp_path / "states"),
        lambda: trainer.load_states(tmp_path / "states"),
    ):
        with pytest.raises(
            gluon.DeferredInitializationError, match="Parameter 'net_weight' has not been init"
        ):
            call()
    with autograd.record():
        y = net(nd.ones((1, 2)))
    y.backward()
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[0.5, 0.5]]


def test_a_dict_is_taken_in_the_order_of_its_names():
    params = {"b": parameter("b"), "a": parameter("a")}
    trainer = Trainer(params, "sgd")
    with pytest.raises(UserWarning, match="Gradient of Parameter `a`"):
        trainer.step(1)


def test_stores():
    net = dense()
    for kvstore in ("local", "device", "nccl", None):
        Trainer(net.collect_params(), "sgd", kvstore=kvstore, update_on_kvstore=False)
    with pytest.raises(NotImplementedError, match="DistributedDataParallel"):
        Trainer(net.collect_params(), "sgd", kvstore="dist_sync")
    with pytest.raises(TypeError, match="kvstore must be KVStore, str or None"):
        Trainer(net.collect_params(), "sgd", kvstore=3)


def test_the_options_are_left_as_they_were():
    options = {"learning_rate": 0.5, "rescale_grad": 2.0}
    Trainer([parameter()], "sgd", options)
    assert options == {"learning_rate": 0.5, "rescale_grad": 2.0}


# ---- steps -----------------------------------------------------------------------------------------------


def test_a_step_divides_by_the_batch():
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 1.0})
    train(trainer, weight, batch_size=4)
    assert values(weight) == [0.75]
    assert trainer.optimizer.rescale_grad == 0.25


@pytest.mark.parametrize("given", [{"rescale_grad": 0.5}, None])
def test_the_optimizers_own_scale_stays(given):
    weight = parameter()
    if given is None:
        trainer = Trainer([weight], mx.optimizer.SGD(learning_rate=1.0, rescale_grad=0.5))
    else:
        trainer = Trainer([weight], "sgd", {"learning_rate": 1.0, **given})
    train(trainer, weight, batch_size=2)
    assert values(weight) == [0.75]
    assert trainer.optimizer.rescale_grad == 0.25


@pytest.mark.parametrize(("size", "error"), [(0, ZeroDivisionError), ("a", TypeError)])
def test_a_wrong_batch_size_changes_nothing(size, error):
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 1.0})
    with pytest.raises(error):
        train(trainer, weight, batch_size=size)
    trainer.step(1)  # the gradient still counts as new
    assert values(weight) == [0]


def test_update_is_a_step_without_allreduce():
    net = dense()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.01})
    backward(net)
    trainer.allreduce_grads()
    trainer.update(2)
    assert net.weight.data().asnumpy() == pytest.approx(np.full((2, 2), 0.98))


def test_rates_may_be_changed():
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 1.0})
    assert trainer.learning_rate == 1
    trainer.set_learning_rate(0.25)
    train(trainer, weight)
    assert values(weight) == [0.75]
    assert trainer.learning_rate == 0.25


def test_multipliers_may_be_changed_at_any_time():
    one, other = parameter("a"), parameter("b")
    trainer = Trainer([one, other], "sgd", {"learning_rate": 0.5, "wd": 1.0})
    one.lr_mult, other.wd_mult = 0.0, 0.0
    train(trainer, one, other)
    assert values(one, other) == [1, 0.5]
    one.lr_mult = 1.0
    train(trainer, one, other)
    assert values(one, other) == [0, 0]


def test_gradients_that_add_up():
    weight = parameter(grad_req="add")
    trainer = Trainer([weight], "sgd", {"learning_rate": 0.1})
    train(trainer, weight)
    train(trainer, weight)
    assert values(weight) == [0.7]
    weight.zero_grad()
    train(trainer, weight)
    assert values(weight) == [0.6]


# ---- gradients that are old ------------------------------------------------------------------------------

STALE = (
    "Gradient of Parameter `b` on context cpu(0) has not been updated by backward since last `step`. This "
    "could mean a bug in your model that made it only use a subset of the Parameters (Blocks) for this "
    "iteration. If you are intentionally only using a subset, call step with ignore_stale_grad=True to "
    "suppress this warning and skip updating of Parameters with stale gradient"
)


def test_an_old_gradient_is_an_error():
    one, other = parameter("a"), parameter("b")
    trainer = Trainer([one, other], "sgd", {"learning_rate": 0.1})
    with pytest.raises(UserWarning) as raised:
        train(trainer, one)
    assert str(raised.value) == STALE
    trainer.step(1, ignore_stale_grad=True)
    assert values(one, other) == [1, 1]  # MXNet has used up the gradient of the first


def test_an_old_gradient_may_be_passed_over():
    one, other = parameter("a"), parameter("b")
    trainer = Trainer([one, other], "sgd", {"learning_rate": 0.1})
    train(trainer, one, ignore_stale_grad=True)
    assert values(one, other) == [0.9, 1]
    trainer.step(1, ignore_stale_grad=True)
    assert values(one, other) == [0.9, 1]


def test_a_parameter_may_be_frozen_and_thawed():
    one, other = parameter("a"), parameter("b")
    trainer = Trainer([one, other], "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    train(trainer, one, other)
    one.grad_req = "null"
    train(trainer, other)
    assert values(one, other) == [0.9, 0.71]
    one.grad_req = "write"
    with pytest.raises(UserWarning, match="Gradient of Parameter `a`"):
        trainer.step(1)
    train(trainer, one, other)
    assert values(one, other) == [0.71, 0.439]  # the momentum was kept


def test_a_parameter_filled_again_keeps_its_momentum():
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    train(trainer, weight)
    weight.initialize(init.One(), force_reinit=True)
    with pytest.raises(UserWarning, match="has not been updated by backward"):
        trainer.step(1)
    train(trainer, weight)
    assert values(weight) == [0.81]


def test_a_parameter_cast_after_a_step():
    plain, moved = parameter("a"), parameter("b")
    trainer = Trainer([plain], "sgd", {"learning_rate": 0.1})
    train(trainer, plain)
    plain.cast("float64")
    train(trainer, plain)
    assert values(plain) == [0.8]
    trainer = Trainer([moved], "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    train(trainer, moved)
    moved.cast("float64")
    with pytest.raises(mx.MXNetError, match="at 2-th input: expected float64, got float32"):
        train(trainer, moved)
    assert values(moved) == [0.9]


def test_a_float16_parameter_with_float32_copies():
    weight = gluon.Parameter("w", shape=(2,), dtype="float16")
    weight.initialize(init.One())
    trainer = Trainer([weight], "adam", {"learning_rate": 0.1, "multi_precision": True})
    train(trainer, weight)
    assert weight.data().dtype is np.float16
    assert values(weight) == pytest.approx([0.9], abs=1e-3)


# ---- with torch's own backward and tools -----------------------------------------------------------------


def test_gradients_of_torchs_backward_are_new():
    net = dense()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.01})
    net(torch.ones(1, 2)).square().sum().backward()
    trainer.step(1)
    assert net.weight.data().asnumpy() == pytest.approx(np.full((2, 2), 0.96))


def test_a_gradient_that_torchs_tools_clipped():
    net = dense()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    backward(net)
    torch.nn.utils.clip_grad_value_(net.parameters(), 0.5)
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_a_gradient_that_torchs_optimizer_forgot_is_zero():
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 1.0})
    with autograd.record():
        head = weight.data().sum()
    head.backward()
    torch.optim.SGD([weight._tensor], lr=1).zero_grad()
    trainer.step(1)
    assert values(weight) == [1]


def test_a_step_inside_record_is_refused():
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"learning_rate": 0.5})
    with autograd.record():
        head = weight.data().sum()
        head.backward()
        with pytest.raises(
            mx.MXNetError, match="Assigning to NDArrays that are already in a computational g"
        ):
            trainer.step(1)
    assert values(weight) == [1]
    trainer.step(1)
    assert values(weight) == [0.5]


# ---- states ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sgd", "nag", "adam", "adagrad", "adadelta", "rmsprop", "nadam", "ftml", "lars"]
)
def test_training_goes_on_from_a_file(name, tmp_path):
    options = {"momentum": 0.9} if name in ("sgd", "nag", "lars") else {}
    first, second = parameter("a"), parameter("b", 3.0)
    trainer = Trainer([first, second], name, {"wd": 0.1, **options})
    for _ in range(3):
        train(trainer, first, second, batch_size=2)
    trainer.save_states(tmp_path / "states")
    others = parameter("a"), parameter("b")
    for one, other in zip((first, second), others, strict=True):
        other.set_data(one.data())
    again = Trainer(list(others), name, options)
    again.load_states(str(tmp_path / "states"))
    for _ in range(2):
        train(trainer, first, second)
        train(again, *others)
    for one, other in zip((first, second), others, strict=True):
        assert one.data().asnumpy().tolist() == other.data().asnumpy().tolist()


def test_float16_copies_are_kept_in_a_file(tmp_path):
    weight = gluon.Parameter("w", shape=(2,), dtype="float16")
    weight.initialize(init.One())
    options = {"learning_rate": 1.0, "momentum": 0.9, "multi_precision": True}
    trainer = Trainer([weight], "sgd", options)
    train(trainer, weight, batch_size=3)
    trainer.save_states(tmp_path / "states")
    before = trainer._updaters[0].states[0]
    again = Trainer([weight], "sgd", options)
    again.load_states(tmp_path / "states")
    after = again._updaters[0].states[0]
    assert [one.dtype for one in after] == [np.float32, np.float32]
    for one, other in zip(before, after, strict=True):
        assert one.asnumpy().tolist() == other.asnumpy().tolist()


def test_rates_counts_and_scheduler_come_from_the_file(tmp_path):
    weight = parameter()
    scheduler = mx.lr_scheduler.MultiFactorScheduler([1, 3], 0.5, base_lr=0.1)
    trainer = Trainer([weight], "sgd", {"momentum": 0.9, "lr_scheduler": scheduler})
    for _ in range(2):
        train(trainer, weight)
    trainer.save_states(tmp_path / "states")
    again = Trainer([weight], "sgd", {"learning_rate": 3})
    again.load_states(tmp_path / "states")
    assert type(again.optimizer.lr_scheduler) is mx.lr_scheduler.MultiFactorScheduler
    assert [again.optimizer.lr_scheduler(n) for n in (3, 4)] == [0.05, 0.025]
    assert again.learning_rate == 0.025
    assert (again.optimizer.momentum, again.optimizer.num_update) == (0.9, 2)
    # and none comes where none was saved
    Trainer([weight], "sgd", {"learning_rate": 3}).save_states(tmp_path / "plain")
    trainer.load_states(tmp_path / "plain")
    assert trainer.learning_rate == 3


def test_another_optimizer_comes_from_the_file(tmp_path):
    weight = parameter()
    Trainer([weight], "sgd", {"learning_rate": 0.5}).save_states(tmp_path / "states")
    trainer = Trainer([weight], "adam")
    trainer.load_states(tmp_path / "states")
    assert type(trainer.optimizer) is mx.optimizer.SGD
    train(trainer, weight)
    assert values(weight) == [0.5]


def test_multipliers_stay_the_parameters_own(tmp_path):
    weight = parameter(lr_mult=2.0)
    trainer = Trainer([weight], "sgd", {"learning_rate": 0.25})
    trainer.save_states(tmp_path / "states")
    trainer.load_states(tmp_path / "states")
    train(trainer, weight)
    assert values(weight) == [0.5]


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\x80\x04N.", b"\x10\0\0\0\0\0\0\0{}              ", b"\xff" * 16]
)
def test_a_file_of_something_else_is_one_error(content, tmp_path):
    weight = parameter()
    trainer = Trainer([weight], "sgd", {"momentum": 0.9, "learning_rate": 0.1})
    train(trainer, weight)
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(mx.MXNetError, match="bad' holds no states of a Trainer that save_states wrote"):
        trainer.load_states(tmp_path / "bad")
    train(trainer, weight)
    assert values(weight) == [0.71]


def test_a_file_that_is_not_there(tmp_path):
    trainer = Trainer([parameter()], "sgd")
    with pytest.raises(FileNotFoundError):
        trainer.load_states(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        trainer.save_states(tmp_path / "no" / "folder")


def test_a_file_of_more_parameters_is_an_error(tmp_path):
    params = [parameter("a"), parameter("b")]
    trainer = Trainer(params, "adam", {"learning_rate": 7})
    train(trainer, *params)
    trainer.save_states(tmp_path / "states")
    smaller = Trainer(params[:1], "adam", {"learning_rate": 1})
    with pytest.raises(mx.MXNetError, match="holds a state for Parameter 1; there are 1"):
        smaller.load_states(tmp_path / "states")
    assert smaller.learning_rate == 1


def test_a_scheduler_of_ones_own_has_to_be_there(tmp_path):
    class Mine(mx.lr_scheduler.LRScheduler):
        def __call__(self, num_update):
            return self.base_lr / (1 + num_update)

    weight = parameter()
    trainer = Trainer([weight], "sgd", {"lr_scheduler": Mine(base_lr=2.0)})
    trainer.save_states(tmp_path / "states")
    with pytest.raises(mx.MXNetError, match="a scheduler of the kind Mine: make the optimizer with one"):
        Trainer([weight], "sgd").load_states(tmp_path / "states")
    again = Trainer([weight], "sgd", {"lr_scheduler": Mine(base_lr=1.0)})
    again.load_states(tmp_path / "states")
    assert again.learning_rate == 2


def test_a_state_that_no_file_can_hold(tmp_path):
    class Odd(mx.optimizer.Optimizer):
        def create_state(self, index, weight):
            return {index: weight}

        def update(self, index, weight, grad, state):
            pass

    weight = parameter()
    trainer = Trainer([weight], Odd())
    train(trainer, weight)
    with pytest.raises(mx.MXNetError, match="a state is dict"):
        trainer.save_states(tmp_path / "states")
    assert not (tmp_path / "states").exists()
