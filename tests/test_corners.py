"""What a hard look found: models that change under a collection, odd tensors, optimizers, wrong input."""

from __future__ import annotations

import copy
import enum
import pickle
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import glueball as gb
from glueball import init
from models import TiedLanguageModel, mlp, rgnet


def values(model):
    return [tensor.detach().clone() for tensor in (*model.parameters(), *model.buffers())]


def unchanged(model, before):
    return all(torch.equal(a, b) for a, b in zip(values(model), before, strict=True))


# ---- a model that changed ------------------------------------------------------------------------------


def test_a_replaced_layer_is_never_edited_in_place_of_the_new_one():
    model = rgnet()
    params = gb.collect_params(model)
    bias, weights = params["0.block 1.0.bias"], params.select(".*weight")
    model[0][1] = mlp()
    says = "the layer '0.block 1' was replaced since its parameters were collected. Call refresh"
    for act in (bias.data, bias.freeze, weights.freeze, weights.tensors, lambda: weights.initialize(0),
                lambda: weights.groups(lr=1), lambda: weights.apply(lambda v: v), params.totals):  # fmt: skip
        with pytest.raises(gb.StaleError, match=says):
            act()
    assert "stale: refresh()" in repr(params)
    assert says in repr(params)
    assert "stale" in repr(bias)
    assert params["0.block 0.0.bias"].data().shape == (8,)  # the others are read as before
    assert weights.refresh()["0.block 1.0.weight"].shape == (8, 4)


def test_the_optimizer_is_checked_against_the_model_as_it_is():
    model = mlp()
    params = gb.collect_params(model)
    optimizer = torch.optim.SGD(params.groups(lr=0.1))
    model[2] = nn.Linear(8, 1)
    report = params.check_optimizer(optimizer)
    assert not report
    assert report.gone == report.missing == ("2.weight", "2.bias")
    part = params.refresh().select("0")
    assert str(part.check_optimizer(optimizer)) == "held, but in the model no more: 2.weight, 2.bias"
    assert part.check_optimizer(torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(gb.OptimizerError, match="a Sequential is no optimizer: it has no param_groups"):
        params.check_optimizer(model)


def test_all_selections_see_a_tie_and_keep_their_multipliers():
    model = TiedLanguageModel()
    model.head.weight = nn.Parameter(model.head.weight.detach().clone())
    params = gb.collect_params(model)
    weights, norm, head = params.select(".*weight"), params["norm.weight"], params["head.weight"]
    norm.lr_mult = 0.1
    head.lr_mult = 0.5
    params.tie("embed.weight", "head.weight")
    assert weights.names() == ["embed.weight", "norm.weight"]
    assert len({id(tensor) for tensor in weights.tensors()}) == len(weights.tensors()) == 2
    got = {name: group["lr"] for group in params.groups(lr=1.0) for name in group["param_names"]}
    assert got == {"embed.weight": 0.5, "norm.weight": 0.1, "norm.bias": 1.0}
    head.lr_mult = 2
    assert params["embed.weight"].lr_mult == 2
    for wrong in ("x", -1, float("nan"), None):
        with pytest.raises(gb.OptimizerError, match="write a number of 0 or more"):
            head.lr_mult = wrong


def test_refresh_of_combined_collections():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    stats = gb.collect_params(model, buffers=True) - gb.collect_params(model)
    names = ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert stats.names() == stats.refresh().names() == names
    plain = gb.collect_params(model)
    assert (plain & gb.collect_params(model, buffers=True)).names() == plain.names()
    assert (plain | stats).names() == gb.collect_params(model, buffers=True).names()


# ---- names ---------------------------------------------------------------------------------------------


def test_an_exact_name_or_path_takes_that_alone():
    pair = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    model = nn.Sequential(nn.Linear(1, 1), pair, *(nn.Linear(1, 1) for _ in range(110)))
    params = gb.collect_params(model)
    assert params.select("1.1").names() == ["1.1.weight", "1.1.bias"]
    assert params.select("1.1.bias").names() == ["1.1.bias"]
    assert {"1.1.bias", "101.bias", "111.bias"} < set(params.select(re.compile("1.1")).names())


def test_a_relative_name_wins_as_an_attribute():
    model = nn.Module()
    model.weight = nn.Parameter(torch.zeros(1))
    model.enc = nn.Linear(1, 1)
    model.enc.shared = model.weight
    params = gb.collect_params(model)
    assert params.enc.weight.name == "enc.weight"
    assert all(params.enc[name].name == name for name in params.enc)


def test_selections_parameters_layers_and_classes_are_patterns():
    model = rgnet()
    params = gb.collect_params(model)
    assert params.select(params[1]) == params[1]
    assert params.select(params["1.bias"]).names() == ["1.bias"]
    assert params.select(model[0][1]) == params["0.block 1"]
    both = nn.Sequential(nn.Linear(1, 1), nn.LayerNorm(1), nn.Conv1d(1, 1, 1))
    assert gb.collect_params(both).select((nn.Linear, nn.LayerNorm)).names() == [
        "0.weight", "0.bias", "1.weight", "1.bias"]  # fmt: skip


def test_positions_may_be_numpy_s_and_lists_of_parameters_count_too():
    model = nn.ModuleDict({"list": nn.ParameterList([torch.zeros(1), torch.zeros(2)]), "layers": mlp()})
    params = gb.collect_params(model)
    assert params["list"][1].shape == (2,)
    assert params["layers"][np.int64(2)].names() == ["layers.2.weight", "layers.2.bias"]


def test_shared_parametrized_layers_answer_to_all_their_names():
    shared = parametrizations.spectral_norm(nn.Linear(4, 4))
    params = gb.collect_params(nn.Sequential(shared, nn.ReLU(), shared))
    assert params["2.weight"] is params["0.weight"]
    assert params.select(r"2\.weight") == params.select(r"0\.weight")


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_power_iteration_vectors_are_no_weights():
    model = nn.Sequential(torch.nn.utils.spectral_norm(nn.Linear(4, 4)))
    params = gb.collect_params(model, buffers=True)
    assert params["0.weight"].name == "0.weight_orig"


def test_fans_of_a_parametrized_convolution_are_the_layer_s():
    plain = nn.ConvTranspose2d(8, 12, 3, groups=4)
    normed = parametrizations.spectral_norm(nn.ConvTranspose2d(8, 12, 3, groups=4))
    rule = {".*weight.*": init.Xavier("uniform", "in"), ".*": 0}
    draws = [gb.collect_params(m).plan(rule, seed=0).rows for m in (plain, normed)]
    one, two = ([row.draws for row in rows if "weight" in row.name] for rows in draws)
    assert one == two


def test_completion_looks_through_wrappers():
    params = gb.collect_params(nn.DataParallel(mlp()))
    assert set(params._ipython_key_completions_()) == {*params.names(), "0", "1", "2"}
    with pytest.raises(gb.NameNotFoundError, match="it has 3, numbered from 0"):
        params[7]


# ---- all or nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "error"),
    [(1e300, gb.DTypeError), (10**30, None), (1j, gb.DTypeError), (enum.IntEnum("E", "A").A, None)],
)
def test_numbers_are_judged_before_the_first_is_written(last, error):
    model = mlp()
    before = values(model)
    params = gb.collect_params(model)
    if error is None:
        params.initialize({".*weight": 0, ".*bias": last})
        return
    with pytest.raises(error):
        params.initialize({".*weight": 0, ".*bias": last})
    assert unchanged(model, before)
    with pytest.raises(gb.DTypeError, match="which cannot hold 100000"):
        gb.collect_params(mlp().half())["0.weight"].set_data(100000.0)


def test_integers_out_of_range_do_not_wrap():
    model = nn.Module()
    model.register_buffer("codes", torch.zeros(2, dtype=torch.uint8))
    codes = gb.collect_params(model, buffers=True)["codes"]
    with pytest.raises(gb.DTypeError, match="which cannot hold values from -1 to 300"):
        codes.set_data(np.array([300, -1]))
    with pytest.raises(gb.DTypeError, match="cannot hold 256"):
        codes.set_data(256)
    codes.set_data([0, 255])


def odd_models():
    expanded, sparse, inference, computed = nn.Module(), nn.Module(), nn.Module(), nn.Module()
    for model in (expanded, sparse, inference, computed):
        model.a = nn.Parameter(torch.zeros(2))
    expanded.b = nn.Parameter(torch.zeros(1).expand(5))
    sparse.b = nn.Parameter(torch.eye(3).to_sparse())
    with torch.inference_mode():
        inference.b = nn.Parameter(torch.zeros(2))
    computed._parameters["b"] = torch.ones(2, requires_grad=True) * 2
    return {"expanded": expanded, "sparse": sparse, "inference": inference, "computed": computed}


@pytest.mark.parametrize("kind", ["expanded", "sparse"])
def test_what_cannot_be_written_stops_a_verb_before_it_starts(kind):
    model = odd_models()[kind]
    params = gb.collect_params(model)
    for act in (lambda: params.initialize(7), lambda: params.initialize(init.Normal(1)),
                lambda: params.apply(lambda v: v + 2), lambda: params["b"].set_data(1)):  # fmt: skip
        with pytest.raises(gb.DTypeError, match="'b' cannot be written: it"):
            act()
    assert torch.equal(model.a, torch.zeros(2))


@pytest.mark.parametrize("kind", ["inference", "computed"])
def test_what_cannot_be_frozen_stops_freezing_before_it_starts(kind):
    model = odd_models()[kind]
    params = gb.collect_params(model)
    with pytest.raises(
        gb.DTypeError, match=r"'b' (was made in inference mode|is computed from other tensors)"
    ):
        params.freeze()
    assert model.a.requires_grad


def test_lazy_parameters_can_be_frozen_and_buffers_cannot_be_trained():
    model = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(3), nn.LazyBatchNorm1d())
    params = gb.collect_params(model, buffers=True)
    params.freeze()
    assert not any(tensor.requires_grad for tensor in model.parameters())
    params.unfreeze()
    assert all(tensor.requires_grad for tensor in model.parameters())
    with pytest.raises(gb.DTypeError, match="takes buffers only, and buffers take no gradients"):
        params.unfreeze(".*running_mean")
    with pytest.raises(gb.DTypeError, match=r"'2\.running_mean' is a buffer, and buffers take no gradients"):
        params["2.running_mean"].unfreeze()


def test_rules_take_the_values_that_were_there_before():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    first, second = model[0].weight.detach().clone(), model[1].weight.detach().clone()
    params = gb.collect_params(model)
    params.initialize({"0.weight": params["1.weight"], "1.weight": params["0.weight"], ".*": 0})
    assert torch.equal(model[0].weight, second)
    assert torch.equal(model[1].weight, first)
    params.initialize({"0.weight": params["1.weight"], "1.weight": init.Normal(1), ".*": 0}, seed=0)
    assert torch.equal(model[0].weight, first)
    params["0.weight"].set_data(params["0.weight"].data().T)
    assert torch.equal(model[0].weight, first.T)


@pytest.mark.parametrize(
    "value",
    ["text", np.str_("x"), np.datetime64("2026-01-01"), [[1, 2], [3]], object(), torch.ones(8, 4).to_sparse(),
     torch.empty(8, 4, device="meta"), nn.UninitializedParameter()],
)  # fmt: skip
def test_values_that_are_none_are_one_kind_of_error(value):
    model = mlp()
    before = values(model)
    with pytest.raises(gb.GlueballError, match=r"'0\.weight' (cannot be set to|has shape)"):
        gb.collect_params(model)["0.weight"].set_data(value)
    assert unchanged(model, before)


# ---- ties and memory -----------------------------------------------------------------------------------


def test_retie_mends_all_or_nothing():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c, self.d = (nn.Linear(2, 2, bias=False) for _ in range(4))
            self.b.weight, self.d.weight = self.a.weight, self.c.weight

    model = Two()
    params = gb.collect_params(model)
    model.b.weight, model.d.weight = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(3, 3))
    apart = model.b.weight
    with pytest.raises(gb.TieError, match=r"'d\.weight' cannot be tied to 'c\.weight': shape"):
        params.retie()
    assert model.b.weight is apart
    model.d.weight = nn.Parameter(torch.ones(2, 2).half())
    with pytest.raises(gb.TieError, match="dtype"):
        params.retie()
    model.a.weight = None
    model.d.weight = nn.Parameter(torch.ones(2, 2))
    params.retie()
    assert model.d.weight is model.c.weight
    assert model.b.weight is apart


def test_retie_remembers_aliases_that_half_took_apart():
    memory = torch.rand(10, 4)
    model = nn.ModuleDict({"a": nn.Embedding(10, 4), "b": nn.Linear(4, 10, bias=False)})
    model["a"].weight, model["b"].weight = nn.Parameter(memory), nn.Parameter(memory)
    params = gb.collect_params(model)
    assert params.aliases().groups == (("a.weight", "b.weight"),)
    model.half()
    assert not params.aliases()
    assert params.retie()
    assert model["a"].weight is model["b"].weight


def test_freed_memory_is_no_alias():
    model = nn.ModuleList([nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)])
    for tensor in model.parameters():
        tensor.untyped_storage().resize_(0)
    assert not gb.collect_params(model).aliases()


def test_a_new_tensor_joins_the_group_of_its_source_under_the_names_of_today():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    for slot in ("head.weight", "embed.weight"):
        net = copy.deepcopy(model)
        params = gb.collect_params(net)
        optimizer = torch.optim.SGD(
            params.groups({".*norm.*": {"weight_decay": 0.0}}, lr=1.0, weight_decay=0.1)
        )
        params.untie(slot).apply(optimizer)
        got = {n: (g["weight_decay"], t) for g in optimizer.param_groups
               for n, t in zip(g["param_names"], g["params"], strict=True)}  # fmt: skip
        assert {name: decay for name, (decay, _) in got.items()} == {
            "embed.weight": 0.1, "head.weight": 0.1, "norm.weight": 0.0, "norm.bias": 0.0}  # fmt: skip
        assert all(params[name].tensor() is tensor for name, (_, tensor) in got.items())
        params.tie("embed.weight", "head.weight").apply(optimizer)
        assert params.check_optimizer(optimizer)
        assert optimizer.param_groups[1]["param_names"] == ["embed.weight"]
    with pytest.raises(gb.OptimizerError, match="a int is no optimizer"):
        params.untie("head.weight").apply(3)


def test_an_adam_that_is_named_follows_a_cast():
    model = mlp()
    params = gb.collect_params(model)
    optimizer = torch.optim.Adam(params.tensors())

    def step():
        model(torch.ones(2, 4, dtype=model[0].weight.dtype)).sum().backward()
        optimizer.step()

    step()
    with pytest.raises(gb.OptimizerError):
        params.cast("float64", optimizer=model)
    assert model[0].weight.dtype == torch.float32
    params.cast("float64", optimizer=optimizer)
    step()
    assert optimizer.state[model[0].weight]["exp_avg"].dtype == torch.float64


def test_options_of_groups_cannot_be_the_parameters():
    params = gb.collect_params(mlp())
    for act in (lambda: params.groups({"0": {"params": []}}), lambda: params.groups(params=[])):
        with pytest.raises(gb.OptimizerError, match="'params' is no option"):
            act()
    with pytest.warns(UserWarning, match='the rule for "0" is left nothing by the rules before it'):
        params.groups({".*": {"lr": 1.0}, "0": {"lr": 2.0}})


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_zero_grad_lets_go_of_a_kept_graph():
    model = mlp()
    model(torch.rand(2, 4)).sum().backward(create_graph=True)
    params = gb.collect_params(model)
    params.zero_grad()
    assert all(not p.grad().requires_grad and not p.grad().any() for p in params.values())


# ---- the rest ------------------------------------------------------------------------------------------


def test_collections_are_not_copied_or_pickled():
    params = gb.collect_params(mlp())
    for act in (lambda: pickle.dumps(params), lambda: copy.deepcopy(params)):
        with pytest.raises(TypeError, match="copy or pickle the model and collect again"):
            act()


def test_parameters_are_arrays_to_numpy():
    weight = gb.collect_params(mlp())["0.weight"]
    assert np.asarray(weight).shape == (8, 4)
    assert np.asarray(weight, dtype=np.float64).dtype == np.float64


def test_attributes_cannot_be_set_and_misses_name_the_verb():
    params = gb.collect_params(mlp())
    with pytest.raises(AttributeError, match=r"write params\['weight'\]\.set_data"):
        params.weight = 3
    with pytest.raises(AttributeError, match="Did you mean the verb freeze"):
        params.freez()
    with pytest.raises(AttributeError) as caught:
        params.state_dict()
    assert "select(" not in str(caught.value)


def test_a_pattern_for_buffers_says_how_to_collect_them():
    with pytest.raises(
        gb.NothingSelectedError, match=r"take 1 of the buffers: collect_params\(model, buffers=True\)"
    ):
        gb.collect_params(nn.Sequential(nn.BatchNorm1d(2))).select(".*running_mean")


def test_errors_of_a_user_s_own_function_say_where():
    params = gb.collect_params(mlp())
    with pytest.raises(ZeroDivisionError) as caught:
        params.select(lambda p: 1 / 0)
    assert "was asked about Parameter 0.weight" in caught.value.__notes__[0]


@pytest.mark.parametrize("pattern", ["(?i)WEIGHTS", b"x", (nn.Linear, b"x")])
def test_odd_expressions_are_glueball_s_errors(pattern):
    with pytest.raises(gb.GlueballError):
        gb.collect_params(mlp()).select(pattern)
    assert len(gb.collect_params(mlp()).select("(?i).*WEIGHT")) == 2


def test_nearest_names_in_a_model_of_20_000():
    params = gb.collect_params(nn.Sequential(*(nn.Linear(1, 1) for _ in range(10_000))))
    with pytest.raises(gb.NameNotFoundError, match=r"Nearest: 9999\.weight"):
        params["9999.wieght"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_modules_that_cannot_be_collected():
    class NoInit(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(gb.UnknownModelError, match=r"super\(\).__init__\(\) first"):
        gb.collect_params(NoInit())
    with pytest.raises(gb.UnknownModelError, match="the module that it was scripted from"):
        gb.collect_params(torch.jit.script(nn.Linear(1, 1)))
    with pytest.raises(gb.UnknownModelError, match="Write a model, not its class"):
        gb.collect_params(nn.Linear)


def test_freed_and_negative_memory_is_no_way_to_crash():
    model = nn.Module()
    model.a = nn.Parameter(torch.zeros(2))
    model.b = nn.Parameter(torch.zeros(4))
    model.b.untyped_storage().resize_(0)
    with pytest.raises(gb.DTypeError, match="'b' cannot be written: its memory was freed"):
        gb.initialize(model, init.Normal(1), seed=0)
    assert not model.a.any()
    negative = torch.zeros(3, dtype=torch.complex64).conj().imag
    assert negative.is_neg()
    model.b = nn.Parameter(negative)
    gb.initialize(model, init.Normal(1), seed=0)
    other = nn.Module()
    other.b = nn.Parameter(torch.zeros(3))
    gb.initialize(other, init.Normal(1), seed=0)
    assert torch.equal(model.b.detach().resolve_neg(), other.b.detach())


def test_a_function_may_return_a_number_or_a_list():
    model = nn.Linear(2, 2)
    gb.initialize(model, {"weight": lambda w: [[1, 2], [3, 4]], "bias": lambda b: 5.0})
    assert model.weight.tolist() == [[1, 2], [3, 4]]
    assert model.bias.tolist() == [5, 5]
