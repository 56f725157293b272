"""Blocks under torch's own tools, and torch's modules inside of blocks."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrizations, parametrize, prune

import glueball as gb
from glueball.mxnet import autograd, gluon, init, nd
from glueball.mxnet.gluon import nn
from processes import in_processes


def mlp(known=True, **kwargs):
    net = nn.Sequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(8, activation="relu", in_units=4 if known else 0))
        net.add(nn.Dense(2, in_units=8 if known else 0))
    net.initialize(init.Xavier())
    return net


class Own(gluon.HybridBlock):
    """What a user writes: for NDArrays, with a Parameter of unknown shape."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.dense = nn.Dense(3)
            self.scale = self.params.get("scale", shape=(0,), init="ones", allow_deferred_init=True)

    def hybrid_forward(self, F, x, scale):
        assert isinstance(x, nd.NDArray)
        return self.dense(x) * scale


class WithTorch(gluon.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.body = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
            self.head = nn.Dense(2)
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, x):
        return self.head(self.drop(self.body(x)))


def grads(net):
    parameters = net.collect_params().values()
    return [each.grad().asnumpy().copy() for each in parameters if each.grad_req != "null"]


def backward_twice(net, x):
    """MXNet's backward, two times: under "write" the second leaves what the first did."""
    found = []
    for _ in range(2):
        with autograd.record():
            y = net(x)
        y.backward()
        found.append(grads(net))
    for one, two in zip(*found, strict=True):
        assert np.allclose(one, two)
    assert any(one.any() for one in found[0])


# ---- torch's loop, modules and states -------------------------------------------------------------------


@pytest.mark.parametrize("make", [mlp, lambda: mlp(known=False), lambda: started(Own())])
def test_trains_in_a_torch_loop(make):
    torch.manual_seed(0)
    net = make()
    x = torch.randn(16, 4)
    target = torch.zeros(16, net(x).shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = ((net(x) - target) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


def started(net):
    net.initialize()
    return net


def test_both_worlds_compute_the_same():
    net = mlp()
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    tensor = torch.from_numpy(x)
    assert np.array_equal(net(nd.array(x)).asnumpy(), net(tensor).detach().numpy())
    with autograd.record():
        y = net(nd.array(x))
    y.backward()
    by_mxnet = grads(net)
    net.zero_grad()
    net(tensor).sum().backward()
    for one, two in zip(by_mxnet, grads(net), strict=True):
        assert np.allclose(one, two)
    net(tensor).sum().backward()  # torch adds
    for one, two in zip(by_mxnet, grads(net), strict=True):
        assert np.allclose(2 * one, two)


def test_nothing_is_followed_outside_of_record():
    net = mlp()
    assert not net(nd.ones((1, 4)))._tensor.requires_grad
    assert torch.is_grad_enabled()
    with torch.no_grad():
        assert not net(torch.ones(1, 4)).requires_grad
    assert net(torch.ones(1, 4)).requires_grad


def test_a_block_inside_a_torch_sequential():
    net = torch.nn.Sequential(started(nn.Dense(3, in_units=4)), torch.nn.ReLU(), started(Own()))
    y = net(torch.ones(2, 4))
    assert y.shape == (2, 3) and y.requires_grad
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.scale", "2.dense.weight", "2.dense.bias"]


def test_own_code_runs_on_tensors_with_torchs_gradients():
    net = started(Own(prefix="own_"))
    x = torch.ones(2, 4, requires_grad=True)
    net(x).sum().backward()
    assert net.scale.shape == (3,) and x.grad is not None
    expected = 2 * net.dense(torch.ones(1, 4)).detach().numpy()[0]
    assert np.allclose(net.scale.grad().asnumpy(), expected)
    with torch.no_grad():
        assert not net(x).requires_grad


class Nested(gluon.Block):
    def forward(self, pair, options):
        assert all(isinstance(x, nd.NDArray) for x in (*pair, options["by"]))
        return {"sum": (pair[0] + pair[1]) * options["by"]}


def test_tensors_in_nests_are_found():
    x = torch.ones(2, requires_grad=True)
    found = Nested()([x, x], {"by": torch.tensor([3.0])})["sum"]
    assert found.tolist() == [6, 6] and found.requires_grad
    arrays = Nested()([nd.ones(2), nd.ones(2)], {"by": nd.array([3])})["sum"]
    assert isinstance(arrays, nd.NDArray)


class Training(gluon.Block):
    def forward(self, x):
        return x + float(autograd.is_training())


def test_tensors_bring_the_modules_own_training_mode():
    net = Training()
    assert net(torch.zeros(1)).item() == 1
    assert net.eval()(torch.zeros(1)).item() == 0
    assert net.train()(nd.zeros(1)).asscalar() == 0
    with autograd.train_mode():
        assert net.eval()(nd.zeros(1)).asscalar() == 1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("assign", [True, False])
def test_state_dict(known, assign):
    source = mlp()
    target = mlp(known)
    before = target[0].weight
    target.load_state_dict(copy.deepcopy(source.state_dict()), assign=assign)
    assert target[0].weight is before and before._tensor is target[0]._parameters["weight"]
    assert before.shape == (8, 4)
    x = nd.ones((2, 4))
    assert np.array_equal(target(x).asnumpy(), source(x).asnumpy())
    backward_twice(target, x)
    optimizer = torch.optim.SGD(target.parameters(), lr=1)
    target(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    assert not np.array_equal(target(x).asnumpy(), source(x).asnumpy())
    assert before.data()._tensor is target[0]._parameters["weight"]


def test_a_state_of_another_shape_is_refused():
    net = mlp(known=False)
    state = mlp().state_dict()
    state["0.weight"] = torch.zeros(9, 4)
    with pytest.raises(RuntimeError, match=r"0\.weight"):
        net.load_state_dict(state)


def test_to_another_dtype():
    net = mlp()
    weight = net[0].weight
    net.half()
    assert weight.dtype is np.float16 and weight.data().dtype is np.float16
    assert net(nd.ones((1, 4), dtype="float16")).dtype is np.float16
    net.to(torch.float64)
    assert weight.dtype is np.float64 and weight.grad().dtype is np.float64
    backward_twice(net, nd.ones((2, 4), dtype="float64"))
    waiting = nn.Dense(2)
    waiting.double()
    waiting.initialize()
    waiting(nd.ones((1, 3), dtype="float64"))
    assert waiting.weight.data().dtype is np.float64


def test_to_the_meta_device_and_back():
    net = mlp()
    net.to("meta")
    assert net[0].weight._tensor.is_meta
    net.to_empty(device="cpu")
    net.initialize(init.One(), force_reinit=True)
    assert net(nd.ones((1, 4))).asnumpy().tolist() == [[32, 32]]
    backward_twice(net, nd.ones((1, 4)))


def through_pickle(net):
    return pickle.loads(pickle.dumps(net))


def through_torch(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle, through_torch])
def test_copies(duplicate):
    net = mlp(prefix="net_")
    shared = nn.Dense(2, in_units=2, params=started(nn.Dense(2, in_units=2, prefix="s_")).params)
    net.add(shared, nn.Dense(2, in_units=2, params=shared.params))
    backward_twice(net, nd.ones((2, 4)))
    other = duplicate(net)
    assert str(other.collect_params()) == str(net.collect_params())
    assert other[2].weight is other[3].weight
    assert other[2]._parameters["weight"] is other[3]._parameters["weight"]
    assert other[0].weight.data()._tensor is other[0]._parameters["weight"]
    for one, two in zip(grads(net), grads(other), strict=True):
        assert np.array_equal(one, two)
    other[0].weight.set_data(nd.zeros((8, 4)))
    assert net[0].weight.data().asnumpy().any()
    backward_twice(other, nd.ones((2, 4)))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle, through_torch])
def test_copies_of_what_waits(duplicate):
    net = mlp(known=False)
    other = duplicate(net)
    other(nd.ones((1, 5)))
    assert other[0].weight.shape == (8, 5) and net[0].weight.shape == (8, 0)
    constant = gluon.Constant("c", [1, 2])
    constant.initialize()
    assert duplicate(constant).data().asnumpy().tolist() == [1, 2]


# ---- compiled, in several processes ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiles_whole():
    net = mlp()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    x = torch.randn(3, 4)
    assert torch.allclose(compiled(x), net(x))
    compiled(x).sum().backward()
    assert net[0].weight.grad().asnumpy().any()
    assert list(gb.collect_params(compiled)) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def data_parallel(rank, count):
    from torch.nn.parallel import DistributedDataParallel

    for make in (mlp, lambda: started(Own())):
        torch.manual_seed(0)
        data = torch.randn(4 * count, 4)
        net = make()
        net(data)
        alone = copy.deepcopy(net)
        parallel = DistributedDataParallel(net)
        optimizers = [torch.optim.SGD(one.parameters(), lr=0.1) for one in (parallel, alone)]
        for _ in range(3):
            for optimizer, one, x in zip(
                optimizers, (parallel, alone), (data[rank::count], data), strict=True
            ):
                optimizer.zero_grad()
                one(x).square().mean().backward()
                optimizer.step()
        for name, tensor in alone.state_dict().items():
            assert torch.allclose(net.state_dict()[name], tensor, atol=1e-6), name


def fully_sharded(rank, count):
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    data = torch.randn(4 * count, 4)
    net = mlp()
    alone = copy.deepcopy(net)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (count,))
    for layer in [*net, net]:
        fully_shard(layer, mesh=mesh)
    optimizers = [torch.optim.SGD(one.parameters(), lr=0.1) for one in (net, alone)]
    for _ in range(3):
        for optimizer, one, x in zip(optimizers, (net, alone), (data[rank::count], data), strict=True):
            optimizer.zero_grad()
            one(x).square().mean().backward()
            optimizer.step()
    for name, tensor in alone.state_dict().items():
        assert torch.allclose(net.state_dict()[name].full_tensor(), tensor, atol=1e-6), name
    assert gb.collect_params(net)["0.weight"].shape == (8, 4)
    assert net[0].weight._tensor is net[0]._parameters["weight"]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("work", "count"), [(data_parallel, 1), (data_parallel, 2), (fully_sharded, 2)])
def test_in_processes(work, count, tmp_path):
    in_processes(work, count, tmp_path)


# ---- what cannot work says so ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replace", "error"),
    [
        (parametrizations.weight_norm, "a Gluon Parameter is none"),
        (
            lambda net: parametrize.register_parametrization(net, "weight", torch.nn.Identity()),
            "Got Parameter",
        ),
        (
            lambda net: prune.l1_unstructured(net, "weight", amount=0.5),
            "cannot assign|a Gluon Parameter is none",
        ),
    ],
)
def test_parametrizations_are_refused(replace, error):
    net = started(nn.Dense(2, in_units=2))
    before = net(torch.ones(1, 2))
    with pytest.raises((TypeError, ValueError), match=error):
        replace(net)
    assert torch.equal(net(torch.ones(1, 2)), before) and list(net.state_dict()) == ["weight", "bias"]


def test_a_parameter_is_no_tensor():
    with pytest.raises(TypeError, match=r"linear takes tensors.*data\(\)\.as_torch\(\)"):
        torch.nn.functional.linear(torch.ones(1, 2), started(nn.Dense(2, in_units=2)).weight)


class Plain(gluon.Block):
    """A Block that is no HybridBlock, with a Parameter of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = self.params.get("scale", shape=(4,), init="ones")

    def forward(self, x):
        return x * self.scale.data()


def own():
    net = started(Own())
    net(torch.ones(1, 4))
    return net


@pytest.mark.parametrize("make", [mlp, own, lambda: started(Plain())])
def test_functional_calls_and_transforms(make):
    net, x = make(), torch.randn(5, 4)
    given = {name: 2 * tensor.detach() for name, tensor in net.named_parameters()}
    expected = copy.deepcopy(net)
    expected.load_state_dict(given)
    before = net(x)
    assert torch.equal(torch.func.functional_call(net, given, (x,)), expected(x))
    assert torch.equal(net(x), before)
    gradients = torch.func.grad(lambda p: torch.func.functional_call(net, p, (x,)).sum())(given)
    expected(x).sum().backward()
    for name, tensor in expected.named_parameters():
        assert torch.allclose(gradients[name], tensor.grad)
    each = torch.func.vmap(net)(x[:, None])[:, 0]
    assert torch.allclose(each, before)
    states = torch.func.stack_module_state([net, expected])
    both = torch.func.vmap(lambda p, b: torch.func.functional_call(net, (p, b), (x,)))(*states)
    assert torch.allclose(both, torch.stack([before, expected(x)]))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: nd.max(x, axis=1),
        lambda x: nd.sign(x) * x,
        nd.cbrt,
        nd.make_loss,
        lambda x: nd.LeakyReLU(x, act_type="selu"),
        lambda x: nd.contrib.gradientmultiplier(x, scalar=2.0),
        lambda x: nd.contrib.round_ste(x),
        lambda x: nd.LinearRegressionOutput(x, x * 2),
    ],
)
def test_gradients_of_mxnets_own_are_transformed_too(function):
    x = torch.randn(3, 4)
    (expected,) = torch.autograd.grad(function(leaf := x.clone().requires_grad_()).sum(), leaf)
    assert torch.allclose(torch.func.grad(lambda z: function(z).sum())(x), expected)
    each = torch.func.vmap(torch.func.grad(lambda z: function(z[None]).sum()))(x)
    assert torch.allclose(each, expected)


@pytest.mark.parametrize("make", [mlp, own])
def test_hooks_of_torch_see_tensors(make):
    net, seen = make(), []
    net.register_full_backward_hook(lambda module, inputs, outputs: seen.append(type(outputs[0])))
    net.register_forward_hook(lambda module, inputs, output: seen.append(type(output)), with_kwargs=False)
    net.register_forward_hook(lambda module, inputs, output: output * 0)
    y = net(torch.ones(2, 4, requires_grad=True))
    y.sum().backward()
    assert not y.any() and seen == [torch.Tensor] * 2


def test_own_code_compiles_whole():
    net, x = own(), torch.randn(3, 4)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(x), net(x))


def test_tied_and_untied_by_glueball():
    net = nn.Sequential()
    net.add(nn.Dense(4, in_units=4), nn.Dense(4, in_units=4))
    net.initialize(init.Xavier())
    names = list(net.collect_params().keys())
    gb.collect_params(net).tie("0.weight", "1.weight")
    assert net[0].weight is net[1].weight and list(net.collect_params().keys()) == [
        *names[2:3],
        names[1],
        names[3],
    ]
    x = nd.random.uniform(shape=(2, 4))
    (expected,) = torch.autograd.grad(net(x.as_torch()).sum(), net[0]._parameters["weight"])
    backward_twice(net, x)
    assert np.allclose(net[1].weight.grad().asnumpy(), expected)
    before = net[1].weight.data().asnumpy()
    gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1}).step(1)
    assert np.allclose(net[1].weight.data().asnumpy(), before - expected.numpy(), atol=1e-6)
    gb.collect_params(net).untie("1.weight")
    backward_twice(net, x)
    assert len(set(net.collect_params().keys())) == 4 and net[0].weight is not net[1].weight
    assert np.array_equal(net[0].weight.data().asnumpy(), net[1].weight.data().asnumpy())
    for layer in net:
        assert layer.weight.data()._tensor is layer._parameters["weight"]


@pytest.mark.parametrize("slot", ["0.weight", "1.weight"])
def test_what_gluon_shared_is_untied(slot):
    first = nn.Dense(4, in_units=4)
    net = nn.Sequential()
    net.add(first, nn.Dense(4, in_units=4, params=first.params))
    net.initialize()
    gb.collect_params(net).untie(slot)
    assert net[0].weight is not net[1].weight and net[0].bias is net[1].bias
    assert len(net.collect_params().keys()) == 3
    backward_twice(net, nd.ones((1, 4)))


@pytest.mark.parametrize("known", [True, False])
def test_frozen_by_glueball(known):
    net = mlp(known)
    gb.collect_params(net).select("0.*").freeze()
    backward_twice(net, nd.ones((1, 4)))
    assert [each.grad_req for each in net.collect_params().values()] == ["null", "null", "write", "write"]
    before = [each.data().asnumpy() for each in net.collect_params().values()]
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1})
    trainer.step(1)
    after = [each.data().asnumpy() for each in net.collect_params().values()]
    moved = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert moved == [False, False, True, True]
    gb.collect_params(net).unfreeze()
    backward_twice(net, nd.ones((1, 4)))
    trainer.step(1)
    assert not np.array_equal(net[0].weight.data().asnumpy(), after[0])


@pytest.mark.parametrize(
    "change",
    [
        copy.deepcopy,
        lambda net: pickle.loads(pickle.dumps(net)),
        lambda net: net.to("meta").to_empty(device="cpu"),
        lambda net: (net.load_state_dict(mlp().state_dict(), assign=True), net)[1],
        lambda net: (net.initialize(force_reinit=True), net)[1],
    ],
)
def test_what_is_frozen_stays_so(change):
    net = mlp()
    gb.collect_params(net).select("0.*").freeze()
    net = change(net)
    assert [each.requires_grad for each in net.parameters()] == [False, False, True, True]
    assert [each.grad_req for each in net.collect_params().values()] == ["null", "null", "write", "write"]
    net.collect_params().setattr("grad_req", "write")
    assert all(each.requires_grad for each in net.parameters())


def test_cast_by_glueball():
    net = mlp()
    backward_twice(net, nd.ones((1, 4)))
    gb.collect_params(net).cast("float64")
    assert net[0].weight.dtype is np.float64 and net[0].weight.data().dtype is np.float64
    backward_twice(net, nd.ones((1, 4), dtype="float64"))
    assert net[0].weight.grad().dtype is np.float64


def test_write_overwrites_a_gradient_that_torch_put_there():
    net = mlp()
    backward_twice(net, nd.ones((1, 4)))
    expected = grads(net)
    for tensor in net.parameters():
        tensor.grad = tensor.grad.clone()
    backward_twice(net, nd.ones((1, 4)))
    assert all(np.allclose(one, two) for one, two in zip(grads(net), expected, strict=True))


def test_parameters_by_their_paths():
    net = mlp()
    assert net.get_parameter("0.weight") is net[0]._parameters["weight"]
    norm = nn.BatchNorm(in_channels=3)
    assert norm.get_buffer("running_mean") is norm._buffers["running_mean"]
    with pytest.raises(AttributeError):
        net.get_parameter("0.other")


def test_the_state_of_what_waits():
    net = mlp(known=False)
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.weight", "1.bias"] and not state["0.bias"].requires_grad
    mlp(known=False).load_state_dict(state)
    with pytest.raises(RuntimeError, match="an uninitialized parameter"):
        mlp().load_state_dict(state)


def test_freed_with_the_last_reference():
    net = own()
    trainer = gluon.Trainer(net.collect_params(), "adam")
    backward_twice(net, nd.ones((1, 4)))
    trainer.step(1)
    assert net.scale._trainer is trainer
    gone = [weakref.ref(net), weakref.ref(net.scale), weakref.ref(net.dense.weight.data())]
    gc.disable()
    try:
        del net, trainer
        assert [each() for each in gone] == [None] * 3
    finally:
        gc.enable()


def test_threads_that_call_for_the_first_time_together():
    x = nd.ones((2, 4))
    for _ in range(10):
        net = mlp(known=False)
        with ThreadPoolExecutor(4) as threads:
            found = [each.asnumpy() for each in threads.map(net, [x] * 4)]
        assert all(np.array_equal(each, net(x).asnumpy()) for each in found)


# ---- torch's modules as children ------------------------------------------------------------------------


def test_torch_children_are_named_and_collected():
    net = started(WithTorch(prefix="net_"))
    names = [
        f"net_body_{n}"
        for n in ("0_weight", "0_bias", "1_weight", "1_bias", "1_running_mean", "1_running_var")
    ]
    assert list(net.collect_params()) == [*names, "net_dense0_weight", "net_dense0_bias"]
    assert list(net.collect_params("net_body_0")) == names[:2]
    assert net.collect_params()[names[0]] is net.collect_params()[names[0]]
    assert list(net._collect_params_with_prefix())[:2] == ["body.0.weight", "body.0.bias"]
    weight = net.collect_params()[names[0]]
    assert weight.data()._tensor is net.body[0].weight
    assert [net.collect_params()[name].grad_req for name in names] == ["write"] * 4 + ["null"] * 2


def test_torch_children_are_called_with_arrays():
    net = started(WithTorch())
    x = nd.random.uniform(shape=(8, 4))
    assert isinstance(net(x), nd.NDArray)
    assert np.array_equal(net(x).asnumpy(), net(x).asnumpy())  # predicting: nothing is dropped
    assert net.body[1].running_mean.abs().sum() == 0
    with autograd.record():
        y = net(x)
        y = y * y
    y.backward()
    assert net.body[1].running_mean.abs().sum() > 0
    (bias,) = net.collect_params(".*body_1_bias").values()
    assert bias.grad().asnumpy().any()
    assert net.body.training  # as torch left it
    tensor = net.eval()(torch.ones(2, 4))
    assert type(tensor) is torch.Tensor


def test_a_failed_call_leaves_the_mode():
    net = started(WithTorch())
    with pytest.raises(RuntimeError):
        net(nd.ones((2, 7)))
    net.body(torch.ones(2, 4))
    assert net.body.training


def test_torch_children_keep_their_first_values():
    net = WithTorch()
    before = net.body[0].weight.detach().clone()
    net.initialize()
    assert torch.equal(net.body[0].weight, before)
    net.initialize(init.Constant(2), force_reinit=True)
    assert (
        (net.body[0].weight == 2).all() and (net.body[0].bias == 0).all() and (net.body[1].weight == 1).all()
    )


def test_torch_children_in_files(tmp_path):
    net, other = started(WithTorch()), started(WithTorch())
    net(nd.ones((2, 4)))
    net.save_parameters(tmp_path / "net.params")
    other.load_parameters(tmp_path / "net.params")
    assert torch.equal(net.body[0].weight, other.body[0].weight)
    x = nd.ones((2, 4))
    assert np.array_equal(net(x).asnumpy(), other(x).asnumpy())


def test_lazy_torch_children():
    net = nn.HybridSequential()
    net.add(torch.nn.LazyLinear(3), nn.Dense(2))
    net.initialize()
    assert net(nd.ones((1, 5))).shape == (1, 2)
    first = next(iter(net.collect_params().values()))
    assert first.shape == (3, 5) and first.data()._tensor is net[0].weight


# ---- glueball's own view --------------------------------------------------------------------------------


def test_collect_params_shows_both_names():
    net = mlp(known=False, prefix="net_")
    params = gb.collect_params(net)
    assert params["net_dense0_weight"] is params["0.weight"]
    assert params["0.weight"].own_name == "net_dense0_weight"
    assert params["0.weight"].shape == (8, None)
    assert "net_dense1_bias" in str(params)
    assert params.select("net_dense1_.*").names() == ["1.weight", "1.bias"]
    assert gb.collect_params(torch.nn.Linear(2, 2))["weight"].own_name is None


def test_initialize_by_rules_fills_what_is_there_and_what_waits():
    rules = {r".*\.weight": gb.init.Normal(1), r".*\.bias": 2}
    nets = [mlp(), mlp(known=False)]
    never = nn.Sequential()
    never.add(nn.Dense(8, activation="relu", in_units=4), nn.Dense(2))
    for net in (*nets, never):
        gb.initialize(net, rules, seed=3)
        net(nd.ones((1, 4)))
    plain = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2))
    gb.initialize(plain, rules, seed=3)
    for net in (*nets, never):
        for name, tensor in plain.state_dict().items():
            assert torch.equal(net.state_dict()[name], tensor), name


def test_initialize_by_default_is_gluons():
    net = nn.Dense(50, in_units=40)
    gb.initialize(net, seed=0)
    values = net.weight.data().asnumpy()
    assert 0.06 < abs(values).max() <= 0.07 and not net.bias.data().asnumpy().any()


@pytest.mark.skipif(not hasattr(nn, "Conv2DTranspose"), reason="there are no convolutions")
def test_fans_are_those_of_torchs_layers():
    pairs = [
        (nn.Dense(6, in_units=4), torch.nn.Linear(4, 6)),
        (nn.Conv2D(6, 3, in_channels=4), torch.nn.Conv2d(4, 6, 3)),
        (nn.Conv2D(6, 3, in_channels=4, groups=2), torch.nn.Conv2d(4, 6, 3, groups=2)),
        (nn.Conv2DTranspose(6, 3, in_channels=4), torch.nn.ConvTranspose2d(4, 6, 3)),
        (nn.Conv1DTranspose(6, 3, in_channels=4, groups=2), torch.nn.ConvTranspose1d(4, 6, 3, groups=2)),
        (nn.Embedding(9, 4), torch.nn.Embedding(9, 4)),
    ]
    for gluons, torchs in pairs:
        started(gluons)
        for how in (gb.init.Xavier(factor_type="in"), gb.init.Xavier(factor_type="out")):
            draws = [
                gb.collect_params(one).plan({"weight": how}, seed=0).rows[0].draws for one in (gluons, torchs)
            ]
            assert draws[0] == draws[1], (torchs, draws)


def test_blocks_inside_of_torch_children():
    net = nn.HybridSequential(prefix="net_")
    inner = nn.Dense(3, prefix="inner_")
    net.add(torch.nn.Sequential(inner, torch.nn.Linear(3, 2)), nn.Dense(1, prefix="last_"))
    net.initialize()
    assert net(nd.ones((2, 4))).shape == (2, 1)
    names = ["inner_weight", "inner_bias", "net_0_1_weight", "net_0_1_bias", "last_weight", "last_bias"]
    assert list(net.collect_params()) == names
    places = ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "1.weight", "1.bias"]
    assert list(net._collect_params_with_prefix()) == places == list(net.state_dict())
    backward_twice(net, nd.ones((2, 4)))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle, through_torch])
def test_copies_with_torch_children(duplicate):
    net = started(WithTorch(prefix="net_"))
    net(nd.ones((2, 4)))
    net.collect_params()["net_body_0_weight"].grad()[:] = 3
    other = duplicate(net)
    assert list(other.collect_params()) == list(net.collect_params())
    weight = other.collect_params()["net_body_0_weight"]
    assert weight.data()._tensor is other.body[0].weight is not net.body[0].weight
    assert np.array_equal(other(nd.ones((2, 4))).asnumpy(), net(nd.ones((2, 4))).asnumpy())


def test_shared_torch_tensors_are_one_parameter():
    net = nn.HybridSequential(prefix="net_")
    first, second = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    second.weight = first.weight
    net.add(first, second)
    net.initialize()
    assert list(net.collect_params()) == ["net_0_weight", "net_0_bias", "net_1_bias"]
    places = net._collect_params_with_prefix()
    assert places["0.weight"] is places["1.weight"]


def test_summary_shows_torch_children(capsys):
    net = started(WithTorch())
    net.summary(nd.ones((2, 4)))
    lines = capsys.readouterr().out
    assert "Linear-1" in lines and "BatchNorm1d-2" in lines and "Total params: 29" in lines


def test_a_failed_call_keeps_nothing():
    net = WithTorch()
    gone = weakref.ref(net.body)
    with pytest.raises(RuntimeError):
        net(nd.ones((2, 7)))
    del net
    gc.collect()
    assert gone() is None


def test_tensors_registered_in_torchs_way_are_collected(tmp_path):
    class Net(gluon.Block):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.scale = torch.nn.Parameter(torch.ones(4))
            self.register_buffer("shift", torch.zeros(4))
            self.head = nn.Dense(2, in_units=4, prefix="head_")

        def forward(self, x):
            return self.head(x * nd.from_torch(self.scale) + nd.from_torch(self.shift))

    net = started(Net(prefix="net_"))
    names = ["net_scale", "net_shift", "head_weight", "head_bias"]
    assert list(net.collect_params().keys()) == names
    assert list(net.collect_params("net").keys()) == names[:2]
    backward_twice(net, nd.ones((2, 4)))
    gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1}).step(1)
    assert (net.scale != 1).all() and not net.shift.any()
    net.save_parameters(str(tmp_path / "net.params"))
    again = Net()
    again.load_parameters(str(tmp_path / "net.params"))
    assert torch.equal(again.scale, net.scale)
    gb.collect_params(net).initialize({"scale": gb.init.Constant(3), "head.*": None}, seed=0)
    assert net.scale.tolist() == [3] * 4
