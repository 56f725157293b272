"""Models without memory: built under meta, given memory and values in one pass; lazy ones filled later."""

from __future__ import annotations

import copy
import pickle
import threading
import weakref

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball import init
from models import TiedLanguageModel, mlp, shared_net

RULES = {r".*\.weight": init.Normal(0.5), r".*\.bias": init.Uniform(1)}


def same(a, b):
    return all(
        torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


class Positions(nn.Module):
    """A layer with a buffer that it computes, saved with the model or not."""

    def __init__(self, persistent: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("angles", torch.arange(4) / 3, persistent=persistent)


def test_meta_builds_without_memory_and_keeps_buffers():
    with gb.meta():
        model = nn.Sequential(nn.BatchNorm1d(4), Positions(), *(nn.Linear(2**15, 2**15) for _ in range(256)))
    assert all(p.is_meta for p in model.parameters())
    assert gb.collect_params(model).totals().nbytes > 2**40  # a tebibyte
    assert torch.equal(model[0].running_var, torch.ones(4))
    assert torch.equal(model[1].angles, torch.arange(4) / 3)
    assert not nn.Linear(2, 2).weight.is_meta


def test_meta_keeps_ties_and_other_threads_alone():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weight = nn.Parameter(torch.zeros(2, 2))
            self.a = weight
            self.b = weight

    built = {}

    def elsewhere():
        built["model"] = nn.Linear(2, 2)

    with gb.meta(), gb.meta():
        model, twice = TiedLanguageModel(), Twice()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert not built["model"].weight.is_meta
    assert model.embed.weight is model.head.weight
    assert twice.a is twice.b
    assert twice.a.is_meta
    register = nn.Module.register_parameter
    with pytest.raises(ZeroDivisionError), gb.meta():
        1 / 0  # noqa: B018
    assert nn.Module.register_parameter is register


@pytest.mark.parametrize("build", [gb.meta, lambda: torch.device("meta")])
@pytest.mark.parametrize(
    "make",
    [mlp, TiedLanguageModel, shared_net, lambda: nn.LSTM(3, 4, 2), lambda: nn.MultiheadAttention(8, 2)],
)
def test_a_meta_model_is_filled_as_a_real_one(build, make):
    rules = {".*": init.Normal(0.5)}
    real = gb.initialize(make(), rules, seed=3)
    with build():
        model = make()
    tensors = list(model.parameters())
    optimizer = torch.optim.SGD(tensors, lr=0.1)
    assert gb.initialize(model, rules, seed=3, device="cpu") is model
    assert [id(t) for t in model.parameters()] == [id(t) for t in tensors]
    assert same(real, model)
    assert gb.collect_params(model).check_optimizer(optimizer)
    assert [p.slots for p in gb.collect_params(model).values()] == [
        p.slots for p in gb.collect_params(real).values()
    ]
    if isinstance(model, nn.LSTM):
        x = torch.rand(5, 3)
        assert torch.equal(model(x)[0], real(x)[0])
        model(x)[0].sum().backward()


def test_every_kind_of_rule_fills_a_meta_model():
    class Custom(init.Initializer):
        def _init_weight(self, name, data):
            data[:] = torch.rand(data.shape)

    rules = {r"0\.weight": Custom(), r"0\.bias": np.arange(8), r"2\.weight": 3, ".*": nn.init.ones_}
    real = gb.initialize(mlp(), rules, seed=1)
    with gb.meta():
        model = mlp()
    gb.initialize(model, rules, seed=1, device="cpu")
    assert same(real, model)


def test_what_no_rule_fills_is_an_error_and_nothing_is_changed():
    with gb.meta():
        model = mlp()
    with pytest.raises(gb.DeferredError, match=r"no rule fills 0\.bias, 2\.bias, on the meta device"):
        gb.initialize(model, {r".*\.weight": 1}, device="cpu")
    with pytest.raises(gb.DeferredError, match=r"no rule fills 0\.bias, 2\.bias, on the meta device"):
        gb.initialize(model, {nn.Linear: "xavier"}, device="cpu")
    with pytest.raises(
        gb.DeferredError,
        match=r"no memory; give it memory and values at once: gb\.initialize\(model, device=\"cpu\"\)\.$",
    ):
        gb.initialize(model, 0)
    with pytest.raises(gb.ShapeError):
        gb.initialize(model, {"0.weight": np.zeros(3), ".*": 0}, device="cpu")

    class Broken(init.Initializer):
        def _init_weight(self, name, data):
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        gb.initialize(model, {r"2\.bias": Broken(), ".*": 0}, device="cpu")
    assert all(p.is_meta for p in model.parameters())


def test_buffers_under_a_plain_meta_device():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3, affine=False))
    gb.initialize(model, {".*": init.Normal(1)}, seed=0, device="cpu")
    fresh = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3, affine=False))
    for name, buffer in fresh.named_buffers():
        assert torch.equal(model.get_buffer(name), buffer)
    with torch.device("meta"):
        model = Positions()
    with pytest.raises(
        gb.DeferredError, match=r"cannot compute the buffers angles.*buffers=\{'angles': …\}.*gb\.meta\(\)"
    ):
        gb.initialize(model, {".*": 0}, device="cpu")
    assert all(p.is_meta for p in model.parameters())
    with pytest.raises(gb.ShapeError, match="'angles' has shape"):
        gb.initialize(model, {".*": 0}, device="cpu", buffers={"angles": torch.zeros(3)})
    with pytest.raises(gb.NameNotFoundError, match="'corners'"):
        gb.initialize(model, {".*": 0}, device="cpu", buffers={"angles": torch.zeros(4), "corners": 0})
    assert all(p.is_meta for p in model.parameters())
    gb.initialize(model, {".*": 0}, device="cpu", buffers={"angles": torch.arange(4) / 3})
    assert torch.equal(model.angles, torch.arange(4) / 3)


def norms():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3, affine=False), Positions())


def test_buffers_are_filled_the_same_through_a_collection():
    given = {"3.angles": torch.arange(4) / 3}
    fresh = norms()
    for fill in (
        lambda params: params.initialize(seed=0, device="cpu", buffers=given),
        lambda params: params.plan(seed=0, device="cpu", buffers=given).apply(),
    ):
        with torch.device("meta"):
            model = norms()
        running = model[1].running_var
        fill(gb.collect_params(model))
        assert model[1].running_var is running
        for name, buffer in fresh.named_buffers():
            assert torch.equal(model.get_buffer(name), buffer), name
        model[:3](torch.rand(4, 2))
    with torch.device("meta"):
        model = norms()
    with pytest.raises(gb.DeferredError, match=r"cannot compute the buffers 3\.angles"):
        gb.collect_params(model).initialize(seed=0, device="cpu")
    assert all(tensor.is_meta for tensor in model.state_dict().values())


def test_a_selection_fills_the_buffers_of_its_layers():
    with torch.device("meta"):
        model = norms()
    params = gb.collect_params(model)
    params.select("1").initialize(seed=0, device="cpu")
    assert torch.equal(model[1].running_var, torch.ones(3))
    assert model[2].running_var.is_meta and model[3].angles.is_meta and model[0].weight.is_meta
    params = gb.collect_params(model, buffers=True)
    rules = {r".*\.running_var": 2, r".*\.(angles|running_mean|num_.*)": None, ".*": "default"}
    with pytest.raises(gb.DeferredError, match=r"cannot compute the buffers 3\.angles"):
        params.initialize(rules, seed=0, device="cpu")
    params.initialize({"3.angles": 3, **rules}, seed=0, device="cpu")
    assert (model[1].running_var == 2).all() and (model[2].running_var == 2).all()
    assert (model[2].running_mean == 0).all() and model[2].num_batches_tracked == 0
    assert (model[3].angles == 3).all()


def test_a_buffer_that_gets_no_memory_leaves_all_as_it_was():
    with torch.device("meta"):
        model = norms()
    kept = weakref.ref(model[2].running_var)
    given = {"3.angles": torch.arange(4) / 3}
    with pytest.raises(gb.DeferredError, match=r"'2\.running_var': .* Nothing was changed"):
        gb.initialize(model, seed=0, device="cpu", buffers=given)
    assert all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers()) if tensor.ndim)
    assert kept() is not None


@pytest.mark.parametrize("build", [gb.meta, lambda: torch.device("meta")])
def test_spectral_norm_has_its_vectors(build):
    spectral_norm = nn.utils.parametrizations.spectral_norm

    def make():
        chained = spectral_norm(spectral_norm(nn.Linear(5, 5)))
        return nn.Sequential(spectral_norm(nn.Linear(5, 7)), spectral_norm(nn.Conv2d(2, 3, 3)), chained)

    models = []
    for _ in range(2):
        with build():
            model = make()
        models.append(gb.initialize(model, seed=3, device="cpu"))
    model = models[0]
    assert same(*models)
    first = model[0].parametrizations.weight[0]
    weight = model[0].parametrizations.weight.original.detach()
    assert not (first._u.is_meta or first._v.is_meta) and first.training and first.n_power_iterations == 1
    left, _, right = torch.linalg.svd(weight)
    assert abs(left[:, 0] @ first._u) > 0.98 and abs(right[0] @ first._v) > 0.98
    for layer in model.eval():
        norm = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
        assert norm.item() == pytest.approx(1, rel=0.03)
    model[0].train()(torch.ones(1, 5)).sum().backward()


# ---- lazy layers ---------------------------------------------------------------------------------------


def lazy():
    return nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(1))


def known():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


@pytest.mark.parametrize("through", [lambda m: m, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_lazy_layers_are_filled_at_the_first_forward_and_once(through):
    rules = {r"0\.weight": init.Xavier(), r".*\.weight": init.Normal(1), "0.bias": 2, ".*": nn.init.ones_}
    wanted = gb.initialize(known(), rules, seed=5)
    model = through(gb.initialize(lazy(), rules, seed=5))
    x = torch.rand(3, 4)
    assert torch.equal(model(x), wanted(x))
    assert same(model, wanted)
    gb.collect_params(model)["0.weight"].set_data(7)
    model(x)
    assert (model[0].weight == 7).all()
    assert not model[0]._forward_pre_hooks


def test_the_last_initialisation_of_a_lazy_layer_counts():
    model = lazy()
    gb.initialize(model, {".*": 1})
    plan = gb.collect_params(model).initialize({".*": init.Normal(1)}, seed=2)
    assert [row.draws for row in plan.rows] == ["std 1, when its layer first runs"] * 4
    model(torch.rand(3, 4))
    assert same(model, gb.initialize(known(), {".*": init.Normal(1)}, seed=2))


def test_rules_for_lazy_layers_are_judged_at_once():
    with pytest.raises(gb.InitializerError, match=r"'0\.bias' of shape \(8,\) has none"):
        gb.initialize(lazy(), {".*": "xavier"})
    with pytest.warns(UserWarning, match=r"not to be had for 0\.bias, 2\.bias"):
        model = gb.initialize(lazy(), {nn.Linear: "xavier"}, seed=0)
    model(torch.rand(3, 4))
    bound = (6 / 12) ** 0.5
    assert bound / 2 < model[0].weight.abs().max() <= bound


# ---- what happens between the rule and the forward pass, or goes wrong while memory is given ----------


def test_values_that_came_before_the_first_forward_stay():
    state = {"0.weight": torch.full((2, 3), 7.0), "0.bias": torch.zeros(2)}
    model = gb.initialize(nn.Sequential(nn.LazyLinear(2)), seed=0)
    model.load_state_dict(state)
    model(torch.ones(1, 3))
    assert torch.equal(model[0].weight, state["0.weight"])
    assert not model[0]._forward_pre_hooks
    model = gb.initialize(nn.Sequential(nn.LazyLinear(2)), seed=0)
    model.load_state_dict(state)
    gb.initialize(model, 1.0)
    model(torch.ones(1, 3))
    assert (model[0].weight == 1).all()


def test_memory_is_given_to_all_or_none():
    for spoil in ("reference", "graph"):
        with gb.meta():
            model = mlp()
        if spoil == "reference":
            kept = weakref.ref(model[2].weight)
        else:
            kept = model(torch.empty(2, 4, device="meta"))
        before = list(model.parameters())
        with pytest.raises(gb.DeferredError, match=r"Nothing was changed"):
            gb.initialize(model, seed=0, device="cpu")
        assert all(p.is_meta for p in model.parameters())
        assert all(a is b for a, b in zip(before, model.parameters(), strict=True))
        assert kept is not None


def test_hooks_stay():
    seen = []
    with gb.meta():
        model = mlp()
    weight = model[0].weight
    handles = [
        weight.register_hook(lambda grad: grad * 2),
        weight.register_post_accumulate_grad_hook(lambda tensor: seen.append(tensor is weight)),
    ]
    gb.initialize(model, 1, device="cpu")
    model(torch.ones(1, 4)).sum().backward()
    assert seen == [True] and (weight.grad == 2).all()
    for handle in handles:
        handle.remove()
    model(torch.ones(1, 4)).sum().backward()
    assert seen == [True] and (weight.grad == 3).all()
    with gb.meta():
        model = mlp()
    handle = model[0].weight.register_hook(lambda grad: grad * 2)
    kept = weakref.ref(model[2].weight)
    with pytest.raises(gb.DeferredError, match="Nothing was changed"):
        gb.initialize(model, 1, device="cpu")
    del kept
    gb.initialize(model, 1, device="cpu")
    model(torch.ones(1, 4)).sum().backward()
    assert (model[0].weight.grad == 2).all() and len(model[0].weight._backward_hooks) == 1
    handle.remove()
    assert not model[0].weight._backward_hooks


class Aliased(nn.Module):
    """Parameters that share memory without being one object, whole, turned and in part."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4, bias=False)
        self.second = nn.Linear(3, 4, bias=False)
        self.second.weight = nn.Parameter(self.first.weight.data)
        self.turned = nn.Parameter(self.first.weight.data.T)
        whole = torch.zeros(6, 2)
        self.low, self.high = nn.Parameter(whole[1:3]), nn.Parameter(whole[3:])


def test_what_shares_memory_on_meta_shares_it_afterwards():
    rules = {"first.*": init.Normal(1), ".*": init.Uniform(1)}
    real = gb.initialize(Aliased(), rules, seed=1)
    with torch.device("meta"):
        model = Aliased()
    tensors = list(model.parameters())
    gb.initialize(model, rules, seed=1, device="cpu")
    assert same(real, model) and all(a is b for a, b in zip(tensors, model.parameters(), strict=True))
    assert gb.collect_params(model).aliases() == gb.collect_params(real).aliases()
    model.first.weight.data[1, 2] = 7
    assert model.second.weight[1, 2] == 7 and model.turned[2, 1] == 7
    assert model.low.data_ptr() + 16 == model.high.data_ptr()
    assert real.low.data_ptr() + 16 == real.high.data_ptr()
    with gb.meta():
        model = Aliased()
    gb.initialize(model, rules, seed=1, device="cpu")
    assert model.second.weight.data_ptr() == model.first.weight.data_ptr()


@pytest.mark.parametrize("device", ["meta", "nonsense", 1.5, [1], "cuda:77"])
def test_a_device_without_memory_is_refused_at_once(device):
    with gb.meta():
        model = mlp()
    with pytest.raises(gb.DeferredError, match="device"):
        gb.initialize(model, seed=0, device=device)
    with pytest.raises(gb.InitializerError, match="prefix is 1"):
        gb.initialize(model, seed=0, device="cpu", prefix=1)
    assert all(p.is_meta for p in model.parameters())


def test_what_is_noted_on_a_parameter_stays_with_it():
    class Noted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2))
            self.weight.no_weight_decay = True
            other = nn.Parameter(torch.zeros(2))
            other.group = 3
            self.other = other

    with gb.meta():
        model = Noted()
    gb.initialize(model, 0, device="cpu")
    assert model.weight.no_weight_decay
    assert model.other.group == 3


def test_buffers_and_lazy_layers_on_meta_are_not_passed_over():
    with torch.device("meta"):
        model, lazy_model = Positions(), nn.Sequential(nn.LazyLinear(2))
    with pytest.raises(gb.DeferredError, match="'angles' cannot be set"):
        gb.initialize(model, {".*": None}, buffers={"angles": torch.zeros(4)})
    with pytest.raises(gb.NameNotFoundError, match=r"the model has no buffer 'angels' \(nearest: angles\)"):
        gb.initialize(model, seed=0, device="cpu", buffers={"angels": torch.zeros(4)})
    with pytest.raises(gb.InitializerError, match="buffers is a list"):
        gb.initialize(mlp(), 0, buffers=[1])
    with pytest.raises(gb.DeferredError, match="is lazy and lies on the meta device"):
        gb.initialize(lazy_model, seed=0, device="cpu")


def test_a_kept_plan_is_for_what_it_saw():
    model = mlp()
    plan = gb.collect_params(model).plan({"2.weight": 1, ".*": 0}, seed=0)
    model[2].weight = nn.Parameter(torch.zeros(3, 8))
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(
        gb.StaleError, match=r"'2\.weight' has another shape or dtype than when this was planned"
    ):
        plan.apply()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    again = gb.collect_params(model).plan(0, seed=0)
    again.apply()
    assert not any(p.any() for p in model.parameters())


def expand(model):
    model[2].weight.data = torch.zeros(1, 1).expand(1, 8)


def tie(model):
    model[2].bias = model[0].bias


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda model: model[2].to("meta"), r"'2\.weight' has changed .*: it lies on the meta device"),
        (expand, r"'2\.weight' has changed since this was planned: it is expanded"),
        (tie, r"'2\.bias' is tied with '0\.bias' now"),
    ],
)
def test_a_kept_plan_writes_nothing_where_the_model_has_changed(change, says):
    model = nn.Sequential(nn.Linear(4, 1), nn.ReLU(), nn.Linear(8, 1))
    before = model[0].weight.detach().clone()
    plan = gb.collect_params(model).plan(1.0, seed=0)
    change(model)
    with pytest.raises(gb.StaleError, match=says):
        plan.apply()
    assert torch.equal(model[0].weight, before)


def test_a_plan_from_before_a_lazy_layer_ran_is_told():
    model = lazy()
    plan = gb.collect_params(model).plan(3.0, seed=0)
    model(torch.ones(1, 4))
    before = copy.deepcopy(model)
    with pytest.raises(gb.StaleError, match=r"'0\.weight' was lazy when this was planned"):
        plan.apply()
    assert not model[0]._forward_pre_hooks
    assert same(model, before)


def test_a_lazy_layer_whose_initializer_fails_never_runs_on_garbage():
    shape = {"shape": (2, 2)}
    model = gb.initialize(
        nn.Sequential(nn.LazyLinear(2)),
        {"0.weight": lambda data: torch.full(shape["shape"], 3.0), "0.bias": 1},
        seed=0,
    )
    for _ in range(2):
        with pytest.raises(gb.ShapeError, match=r"'0\.weight' has shape \(2, 5\)"):
            model(torch.ones(1, 5))
    shape["shape"] = (2, 5)
    assert (model(torch.ones(1, 5)) == 16).all()
    model[0].weight.data.zero_()
    assert (model(torch.ones(1, 5)) == 1).all() and not model[0]._forward_pre_hooks
    shape["shape"] = (2, 2)
    model = gb.initialize(nn.Sequential(nn.LazyLinear(2)), lambda data: torch.ones(shape["shape"]), seed=0)
    with pytest.raises(gb.ShapeError):
        model(torch.ones(1, 5))
    gb.initialize(model, 1.0)
    assert (model(torch.ones(1, 5)) == 6).all() and not model[0]._forward_pre_hooks


class Marked(nn.Parameter):
    pass


@pytest.mark.parametrize("build", [gb.meta, lambda: torch.device("meta")])
def test_a_parameter_keeps_its_class(build):
    with build():
        layer = nn.Linear(2, 3)
        layer.weight = Marked(torch.empty(3, 2))
    weight = layer.weight
    gb.initialize(layer, 1, device="cpu")
    assert layer.weight is weight and type(weight) is Marked and type(layer.bias) is nn.Parameter
    assert (weight == 1).all() and weight.requires_grad


def test_where_memory_ends_nothing_is_changed():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(2, 2), nn.Embedding(2**40, 2**20))
    with pytest.raises(
        gb.DeferredError, match=r"'1\.weight': it cannot be given memory .* Nothing was changed"
    ):
        gb.initialize(model, 0, device="cpu")
    assert all(parameter.is_meta for parameter in model.parameters())


def test_spectral_norm_over_weight_norm_has_its_vectors():
    parametrizations = nn.utils.parametrizations
    with torch.device("meta"):
        layer = parametrizations.spectral_norm(parametrizations.weight_norm(nn.Linear(5, 7)))
    gb.initialize(layer, seed=3, device="cpu")
    norm = torch.linalg.matrix_norm(layer.eval().weight.detach(), 2)
    assert norm.item() == pytest.approx(1, rel=0.03)
