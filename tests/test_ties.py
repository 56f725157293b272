"""Ties and aliases: made, unmade, found, mended; and what an optimizer must do about it."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, modules, shared_net


def untied():
    model = TiedLanguageModel()
    model.head.weight = nn.Parameter(model.head.weight.detach().clone())
    return model


def test_tie_makes_one_parameter_of_two():
    model = untied()
    params = gb.collect_params(model)
    kept, dropped = model.embed.weight, model.head.weight
    exchange = params.tie("head.weight", "embed.weight")
    assert model.head.weight is kept is model.embed.weight
    assert exchange.drop[0] is dropped and exchange.add == []
    assert repr(exchange) == "Exchange: an optimizer must drop head.weight; add nothing"
    assert params["head.weight"].slots == ("embed.weight", "head.weight")
    assert params.totals().count == 40 + 8
    again = params.tie("head.weight", "embed.weight")
    assert not again and repr(again) == "Exchange: an optimizer has nothing to do"


def test_tie_takes_all_sites_along():
    model = untied()
    model.other = nn.Embedding(10, 4)
    params = gb.collect_params(model)
    params.tie("other.weight", "head.weight")
    params.tie("embed.weight", "other.weight")
    assert params["embed.weight"].slots == ("embed.weight", "head.weight", "other.weight")
    params = gb.collect_params(model)
    model.fresh = nn.Embedding(10, 4)
    params.refresh().tie("embed.weight", "fresh.weight")
    assert model.embed.weight is model.head.weight is model.other.weight is model.fresh.weight


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ("0.weight", "2.weight", r"shape \(8, 4\) is not \(1, 8\)\.$"),
        (
            "0.weight",
            "turned",
            r"shape \(8, 4\) is not \(4, 8\)\. Transposed weights are tied in the layer's forward",
        ),
        ("0.weight", "small", "dtype torch.float32 is not torch.float16"),
        ("0.bias", "stats", "kind parameter is not buffer"),
        ("0", "2.weight", "'0' is a layer with 2 parameters: name one of them"),
    ],
)
def test_what_cannot_be_tied_is_left(a, b, says):
    model = mlp()
    model.register_parameter("turned", nn.Parameter(torch.zeros(4, 8)))
    model.register_parameter("small", nn.Parameter(torch.zeros(8, 4, dtype=torch.float16)))
    model.register_buffer("stats", torch.zeros(8))
    before = [id(x) for x in model.parameters()]
    with pytest.raises(gb.TieError, match=says):
        gb.collect_params(model, buffers=True).tie(a, b)
    assert [id(x) for x in model.parameters()] == before


def test_untie_gives_one_site_its_own_copy():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    weight = model.embed.weight
    exchange = params.untie("head.weight")
    assert model.embed.weight is weight and model.head.weight is not weight
    assert torch.equal(model.head.weight, weight) and isinstance(model.head.weight, nn.Parameter)
    assert exchange.drop == [] and exchange.add == [model.head.weight]
    assert repr(exchange) == "Exchange: an optimizer must drop nothing; add head.weight"
    assert not params["head.weight"].tied
    with pytest.raises(gb.TieError, match=r"'head\.weight' is not tied, so there is nothing to untie"):
        params.untie("head.weight")


def test_untie_by_the_first_name_leaves_the_others_tied():
    model = TiedLanguageModel()
    model.third = nn.Embedding(10, 4)
    model.third.weight = model.embed.weight
    params = gb.collect_params(model)
    params.untie("embed.weight")
    assert params["head.weight"].slots == ("head.weight", "third.weight")
    assert params["embed.weight"].slots == ("embed.weight",)


def test_a_layer_used_twice_cannot_be_untied():
    params = gb.collect_params(shared_net())
    for slot in ("2.weight", "4.weight"):
        with pytest.raises(
            gb.TieError, match=r"the Linear that holds it is itself used in several places. Put a copy"
        ):
            params.untie(slot)


def test_an_optimizer_follows_by_apply():
    model = untied()
    params = gb.collect_params(model)
    optimizer = torch.optim.Adam(params.groups({".*norm.*": {"lr": 0.5}}, lr=0.1))

    def step():
        optimizer.zero_grad()
        model(torch.tensor([[1, 2]])).square().sum().backward()
        optimizer.step()

    step()
    exchange = params.tie("head.weight", "embed.weight")
    report = params.check_optimizer(optimizer)
    assert not report and report.gone == ("head.weight",) and report.missing == ()
    assert str(report) == "held, but in the model no more: head.weight"
    exchange.apply(optimizer)
    assert params.check_optimizer(optimizer)
    assert all(tensor is not exchange.drop[0] for tensor in optimizer.state)
    step()
    exchange = params.untie("head.weight")
    report = params.check_optimizer(optimizer)
    assert report.missing == ("head.weight",)
    exchange.apply(optimizer)
    assert params.check_optimizer(optimizer)
    before = model.head.weight.detach().clone()
    step()
    assert not torch.equal(before, model.head.weight)
    names = [name for group in optimizer.param_groups for name in group["param_names"]]
    tensors = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    assert [params[name].tensor() for name in names] == tensors


@given(modules(), st.data())
def test_tie_then_untie_keeps_values_and_counts(model, data):
    params = gb.collect_params(model)
    names = params.names()
    if len(names) < 2:
        return
    a, b = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    first, second = params[a], params[b]
    if first.shape != second.shape:
        return
    slots = {*first.slots, *second.slots}
    count = len(params)
    params.tie(a, b)
    assert set(params[a].slots) == slots and params[a] is params[b]
    assert len(params) == count - (a != b)
    assert len({id(getattr(*site)) for site in params[a].sites}) == 1


# ---- aliases -------------------------------------------------------------------------------------------


def test_loading_by_assignment_leaves_aliases_and_retie_mends_them():
    model = TiedLanguageModel()
    state = copy.deepcopy(model).state_dict()
    model.load_state_dict(state, assign=True)
    params = gb.collect_params(model)
    assert model.embed.weight is not model.head.weight
    assert not params["embed.weight"].tied
    aliases = params.aliases()
    assert aliases.groups == (("embed.weight", "head.weight"),) and not aliases.overlaps
    assert str(aliases) == "same memory, not tied: embed.weight, head.weight"
    dropped = model.head.weight
    exchange = params.retie()
    assert exchange.drop == [dropped] and exchange.add == [model.embed.weight]
    assert model.embed.weight is model.head.weight
    assert params["head.weight"].tied and not params.aliases()
    assert str(params.aliases()) == "no aliases"
    assert not params.retie()


def test_materialising_breaks_ties_and_retie_remembers_them():
    with torch.device("meta"):
        model = TiedLanguageModel()
    params = gb.collect_params(model)
    model.to_empty(device="cpu")
    assert model.embed.weight is not model.head.weight
    with pytest.raises(
        gb.StaleError, match=r"'embed\.weight' was tied to 'head\.weight' when it was collected"
    ):
        params["embed.weight"].data()
    assert params.retie()
    assert model.embed.weight is model.head.weight
    assert params["embed.weight"].tied


def test_half_on_views_of_one_memory():
    memory = torch.zeros(10, 4)
    model = untied()
    model.embed.weight = nn.Parameter(memory)
    model.head.weight = nn.Parameter(memory)
    params = gb.collect_params(model)
    assert params.aliases().groups == (("embed.weight", "head.weight"),)
    params.retie()
    model.half()
    assert model.embed.weight is model.head.weight and params["head.weight"].dtype == torch.float16


def test_views_of_one_flat_memory_are_no_ties():
    flat = torch.zeros(12)
    model = nn.Module()
    model.a = nn.Parameter(flat[:6].view(2, 3))
    model.b = nn.Parameter(flat[6:].view(3, 2))
    params = gb.collect_params(model)
    assert not params.aliases() and not any(p.tied for p in params.values())
    model.c = nn.Parameter(flat[3:9])
    aliases = params.refresh().aliases()
    assert not aliases.groups and aliases.overlaps == (("a", "c"), ("c", "b"))
    assert "memory that may overlap in part: a, c" in str(aliases)


def test_same_memory_under_another_shape_is_an_overlap():
    memory = torch.zeros(2, 3)
    model = nn.Module()
    model.a = nn.Parameter(memory)
    model.b = nn.Parameter(memory.T)
    aliases = gb.collect_params(model).aliases()
    assert not aliases.groups and aliases.overlaps == (("a", "b"),)


def test_arrays_without_memory_are_no_aliases():
    model = nn.Module()
    model.a = nn.Parameter(torch.zeros(0, 3))
    model.b = nn.Parameter(torch.zeros(0, 3))
    model.c = nn.Parameter(torch.zeros(2, device="meta"))
    model.d = nn.Parameter(torch.zeros(2, device="meta"))
    model.e = nn.UninitializedParameter()
    model.f = nn.UninitializedParameter()
    params = gb.collect_params(model)
    assert len(params) == 6 and not params.aliases()


def test_recurrent_layers_with_packed_weights_are_no_aliases():
    assert not gb.collect_params(nn.LSTM(3, 4, num_layers=2)).aliases()


def test_retie_refuses_when_shapes_have_parted():
    model = TiedLanguageModel()
    params = gb.collect_params(model)
    model.head.weight = nn.Parameter(torch.zeros(3, 4))
    with pytest.raises(gb.TieError, match=r"'head\.weight' cannot be tied to 'embed\.weight': shape"):
        params.retie()
