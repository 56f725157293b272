"""Values: reading, writing, editing in place, and the verbs over many; identity kept, all or nothing."""

from __future__ import annotations

import copy

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, shared_net


def snapshot(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def unchanged(model, before):
    after = model.state_dict()
    return all(
        torch.equal(after[name], value) and after[name].dtype == value.dtype for name, value in before.items()
    )


def test_data_is_live_and_outside_autograd():
    model = mlp()
    weight = gb.collect_params(model)["0.weight"]
    assert weight.data().data_ptr() == model[0].weight.data_ptr()
    assert not weight.data().requires_grad
    weight.data()[:] += 1
    weight.data()[0, 0] = 42
    assert model[0].weight[0, 0] == 42
    assert model[0].weight.requires_grad and model[0].weight.is_leaf


def test_an_edit_between_forward_and_backward_is_told_and_not_silently_wrong():
    model = mlp()
    loss = model(torch.ones(2, 4)).sum()
    gb.collect_params(model)["2.weight"].data()[:] += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_initialising_between_forward_and_backward_is_told_too():
    model = mlp()
    loss = model(torch.ones(2, 4)).sum()
    gb.collect_params(model).initialize(gb.init.Normal(1), seed=0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_training_goes_on_after_edits():
    model = mlp()
    params = gb.collect_params(model)
    optimizer = torch.optim.Adam(params.tensors(), lr=0.1)

    def step():
        optimizer.zero_grad()
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()

    step()
    before = [id(tensor) for tensor in model.parameters()]
    params["0.weight"].data()[:] += 1
    params["0.weight"].set_data(np.zeros((8, 4)))
    params["2.weight"].set_data(1)
    params.initialize(gb.init.Uniform(0.1), seed=1)
    params.apply(lambda values: values * 2)
    assert [id(tensor) for tensor in model.parameters()] == before
    values = params["0.weight"].numpy()
    step()
    assert not np.array_equal(params["0.weight"].numpy(), values)
    assert params.check_optimizer(optimizer)


def test_grad_and_zero_grad():
    model = mlp()
    params = gb.collect_params(model)
    assert all(p.grad() is None for p in params.values())
    params.zero_grad()
    assert params["0.weight"].grad() is None
    model(torch.ones(2, 4)).sum().backward()
    assert torch.equal(params["2.bias"].grad(), torch.tensor([2.0]))
    held = model[2].bias.grad
    params["2.bias"].zero_grad()
    assert model[2].bias.grad is held and held[0] == 0
    assert params["0.weight"].grad().abs().sum() > 0
    params.zero_grad()
    assert all(p.grad().abs().sum() == 0 for p in params.values())


@pytest.mark.parametrize("tied", [shared_net, None])
def test_a_tied_gradient_is_the_sum_over_its_slots(tied):
    model = shared_net()
    apart = copy.deepcopy(model)
    apart[4] = copy.deepcopy(apart[2])
    x = torch.rand(3, 4)
    for net in (model, apart):
        net(x).square().sum().backward()
    together = gb.collect_params(model)["2.weight"].grad()
    separate = gb.collect_params(apart)
    summed = separate["2.weight"].grad() + separate["4.weight"].grad()
    torch.testing.assert_close(together, summed)
    assert not torch.allclose(together, separate["2.weight"].grad())


# ---- numpy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        (torch.float32, np.float32),
        (torch.float64, np.float64),
        (torch.float16, np.float16),
        (torch.bfloat16, ml_dtypes.bfloat16),
        (torch.float8_e4m3fn, ml_dtypes.float8_e4m3fn),
        (torch.float8_e5m2, ml_dtypes.float8_e5m2),
        (torch.complex64, np.complex64),
    ],
)
@pytest.mark.parametrize("shape", [(3, 4), (), (0, 2)])
def test_numpy_keeps_dtype_and_values_both_ways(dtype, wanted, shape):
    layer = nn.Module()
    layer.weight = nn.Parameter(torch.randn(shape).to(dtype), requires_grad=False)
    weight = gb.collect_params(layer)["weight"]
    array = weight.numpy()
    assert array.dtype == wanted and array.shape == shape
    np.testing.assert_array_equal(array.astype(np.complex64), weight.data().to(torch.complex64).numpy())
    other = nn.Module()
    other.weight = nn.Parameter(torch.zeros(shape, dtype=dtype), requires_grad=False)
    gb.collect_params(other)["weight"].set_data(array)
    np.testing.assert_array_equal(
        other.weight.detach().to(torch.complex64), layer.weight.detach().to(torch.complex64)
    )


def test_numpy_is_a_copy():
    model = mlp()
    weight = gb.collect_params(model)["0.weight"]
    before = weight.numpy()
    weight.data()[:] += 1
    assert not np.array_equal(before, weight.numpy())


def test_numpy_of_a_transposed_weight():
    layer = nn.Module()
    layer.weight = nn.Parameter(torch.arange(6.0).reshape(2, 3).to(torch.bfloat16).T)
    assert gb.collect_params(layer)["weight"].numpy().tolist() == [[0, 3], [1, 4], [2, 5]]


# ---- set_data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        7,
        7.0,
        True,
        np.float64(7),
        torch.full((8, 4), 7.0),
        torch.full((8, 4), 7, dtype=torch.int64),
        np.full((8, 4), 7.0),
        np.full((8, 4), 7, dtype=ml_dtypes.bfloat16),
        [[7] * 4] * 8,
    ],
)
def test_set_data_takes_numbers_tensors_arrays_and_lists(value):
    model = mlp()
    tensor = model[0].weight
    gb.collect_params(model)["0.weight"].set_data(value)
    assert model[0].weight is tensor and tensor.dtype == torch.float32
    assert torch.equal(tensor.detach(), torch.full((8, 4), float(7 if value is not True else 1)))


def test_set_data_takes_a_parameter():
    source, target = gb.collect_params(mlp()), gb.collect_params(mlp())
    target["0.weight"].set_data(source["0.weight"])
    assert np.array_equal(target["0.weight"].numpy(), source["0.weight"].numpy())
    assert target["0.weight"].tensor() is not source["0.weight"].tensor()


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (
            np.zeros((4, 8)),
            gb.ShapeError,
            r"'0.weight' has shape \(8, 4\), the value \(4, 8\). The value transposed",
        ),
        (torch.zeros(32), gb.ShapeError, r"would fit reshaped: write value.reshape\(\(8, 4\)\)"),
        (np.zeros(4), gb.ShapeError, "Only a plain number is spread over a whole parameter"),
        (1j, gb.DTypeError, "'0.weight' is float32, the value complex64, which it cannot hold"),
        (np.zeros((8, 4), complex), gb.DTypeError, "the value complex128"),
        ("zeros", gb.DTypeError, "cannot be set to a str: write a tensor, an array, a number or a Parameter"),
        (None, gb.DTypeError, "cannot be set to a NoneType"),
    ],
)
def test_set_data_refuses_and_changes_nothing(value, error, says):
    model = mlp()
    before = snapshot(model)
    with pytest.raises(error, match=says):
        gb.collect_params(model)["0.weight"].set_data(value)
    assert unchanged(model, before)


def test_fractions_do_not_fit_an_integer_buffer():
    model = nn.BatchNorm1d(3)
    count = gb.collect_params(model, buffers=True)["num_batches_tracked"]
    with pytest.raises(gb.DTypeError, match="is int64, the value float32"):
        count.set_data(0.5)
    count.set_data(3)
    assert model.num_batches_tracked == 3


# ---- verbs over many -----------------------------------------------------------------------------------


def test_freeze_and_unfreeze():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    params.freeze("embed")
    assert not model.head.weight.requires_grad and model.norm.weight.requires_grad
    assert "frozen" in repr(params["embed.weight"])
    params.unfreeze()
    assert all(tensor.requires_grad for tensor in model.parameters())
    params["norm.bias"].freeze()
    assert not params["norm.bias"].trainable
    params["norm.bias"].unfreeze()
    params["norm.bias"].trainable = False
    assert params.totals().trainable == params.totals().count - 4
    with pytest.raises(gb.NothingSelectedError):
        params.freeze("bias")


def test_unfreezing_what_cannot_train_changes_nothing():
    model = nn.Module()
    model.first = nn.Parameter(torch.zeros(2), requires_grad=False)
    model.codes = nn.Parameter(torch.zeros(2, dtype=torch.int8), requires_grad=False)
    params = gb.collect_params(model)
    with pytest.raises(gb.DTypeError, match="'codes' is int8: only floating parameters train"):
        params.unfreeze()
    assert not model.first.requires_grad


def test_unfreeze_leaves_buffers():
    model = nn.BatchNorm1d(3)
    gb.collect_params(model, buffers=True).unfreeze()
    assert not model.running_mean.requires_grad


def test_cast_keeps_objects_gradients_ties_and_a_running_optimizer():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    optimizer = torch.optim.Adam(params.tensors(), lr=0.1)

    def step():
        optimizer.zero_grad()
        model(torch.tensor([[1, 2]])).float().square().sum().backward()
        optimizer.step()

    step()
    held = [id(tensor) for tensor in model.parameters()]
    params.cast("bfloat16")
    assert {p.dtype for p in params.values()} == {torch.bfloat16}
    assert params["embed.weight"].grad().dtype == torch.bfloat16
    assert [id(tensor) for tensor in model.parameters()] == held
    assert model.head.weight is model.embed.weight
    optimizer.load_state_dict(optimizer.state_dict())  # as cast's docstring says
    before = params["norm.weight"].numpy()
    step()
    assert not np.array_equal(before, params["norm.weight"].numpy())


def test_cast_leaves_integers_and_checks_first():
    model = nn.BatchNorm1d(3)
    params = gb.collect_params(model, buffers=True)
    params.cast(torch.float64)
    assert model.running_mean.dtype == torch.float64 and model.num_batches_tracked.dtype == torch.int64
    with pytest.raises(gb.DTypeError, match="cannot be cast to int8: write a floating dtype"):
        params.cast("int8")
    with pytest.raises(gb.DTypeError, match="'float33' is no dtype of torch"):
        params.cast("float33")
    params.cast(np.float32)
    assert model.weight.dtype == torch.float32


def test_to_moves_in_place_and_checks_first():
    model = mlp()
    params = gb.collect_params(model)
    model(torch.ones(1, 4)).sum().backward()
    held = [id(tensor) for tensor in model.parameters()]
    before = snapshot(model)
    with pytest.raises((RuntimeError, AssertionError)):
        params.to("cuda:99")
    assert unchanged(model, before)
    params.to("cpu")
    assert unchanged(model, before)
    params["0.weight"].tensor()
    params.select("2").to("meta")
    assert [id(tensor) for tensor in model.parameters()] == held
    assert params["2.weight"].device.type == "meta" and params["2.weight"].grad().device.type == "meta"
    with pytest.raises(gb.DeferredError, match=r"'2\.weight' cannot be moved: it lies on the meta device"):
        params.to(torch.device("cpu"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_to_and_initialize_on_cuda():
    model = mlp()
    host = gb.initialize(mlp(), gb.init.Normal(1), seed=3)
    params = gb.collect_params(model)
    held = [id(tensor) for tensor in model.parameters()]
    params.to("cuda")
    assert [id(tensor) for tensor in model.parameters()] == held
    params.initialize(gb.init.Normal(1), seed=3)
    assert all(torch.equal(a.cpu(), b) for a, b in zip(model.parameters(), host.parameters(), strict=True))


def test_apply_takes_new_values_or_edits():
    model = mlp()
    params = gb.collect_params(model)
    before = snapshot(model)
    params.apply(lambda values: values + 1)
    assert all(torch.equal(model.state_dict()[n], v + 1) for n, v in before.items())

    def edit(values):
        values -= 1

    params.apply(edit)
    torch.testing.assert_close(model.state_dict(), before)
    for bad, error in ((lambda v: v.sum(0), gb.ShapeError), (lambda v: v * 1j, gb.DTypeError)):
        now = snapshot(model)
        with pytest.raises(error, match=r"^apply: .*Nothing was changed"):
            params.apply(bad)
        assert unchanged(model, now)
    now = snapshot(model)
    with pytest.raises(ZeroDivisionError):
        params.apply(lambda v: v.fill_(9) if v.ndim > 1 else 1 / 0)
    assert unchanged(model, now)


@given(st.integers(0, 3), st.floats(-4, 4, width=32))
def test_apply_on_ties_happens_once(which, number):
    model = shared_net()
    params = gb.collect_params(model)
    before = params["2.weight"].numpy()
    params.apply(lambda values: values + number)
    np.testing.assert_array_equal(params["4.weight"].numpy(), before + np.float32(number))
