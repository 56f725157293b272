"""What a transfer says, and that it changes nothing where it refuses: within torch, and to Gluon."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball.layouts import Held, Layout
from glueball.mxnet import nd
from glueball.mxnet.gluon import nn as gluon


def mlp(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [nn.Linear(one, other), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def values(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def refused(source: Any, target: nn.Module, error: type[Exception] = gb.TransferError, **options: Any) -> str:
    before = values(target)
    with pytest.raises(error) as raised:
        gb.transfer(source, target, **options)
    after = target.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    return str(raised.value)


def test_values_statistics_and_counts_go_over_within_a_framework() -> None:
    def net() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(2))

    x = torch.randn(5, 3, 6, 6)
    one, other = net(), net()
    one(x), other(x[:1])
    report = gb.transfer(one, other)
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    assert [row.matched for row in report.rows] == ["name"] * 3
    assert not report.kept and not report.unused and not report.notes


def test_the_report_prints_as_a_table() -> None:
    net = gluon.Sequential()
    net.add(gluon.Dense(4, activation="relu"), gluon.Dense(2))
    net.initialize()
    net(nd.ones((1, 3)))
    source = nn.ModuleDict({"a": nn.Linear(3, 4, bias=False), "b": nn.Linear(4, 2)})
    report = gb.transfer(source, net)
    assert repr(report).split("\n")[2:] == [
        " a       0       dense  order       bias 0",
        " b       1       dense  order",
        "",
        "2 layers transferred",
    ]
    assert "<td" in report._repr_html_()
    np.testing.assert_array_equal(net[0].weight.data().asnumpy(), source["a"].weight.detach().numpy())


def test_nothing_is_changed_where_a_layer_has_no_counterpart() -> None:
    message = refused(mlp(3, 4, 2), mlp(3, 4, 4, 2))
    assert "nothing was transferred" in message
    assert "the source has nothing for it" in message and "kernel (4, 2)" in message
    assert "kernel is (4, 2) in the source, (4, 4) in the target" in message
    assert issubclass(gb.TransferError, ValueError)


def test_layers_that_are_left_out_have_to_be_asked_for() -> None:
    source, target = mlp(3, 4, 4), mlp(3, 4, 4, 2)
    refused(source, target)
    before = values(target)
    report = gb.transfer(source, target, missing="keep")
    assert report.kept == ["4.weight", "4.bias"]
    assert torch.equal(target[4].weight, before["4.weight"])
    assert torch.equal(target[2].weight, source[2].weight)
    back = mlp(3, 4, 4)
    refused(target, back)
    assert gb.transfer(target, back, unexpected="keep").unused == ["4.weight", "4.bias"]


def test_other_sizes_are_refused_or_kept() -> None:
    source, target = mlp(3, 4, 2), mlp(3, 4, 5)
    message = refused(source, target)
    assert "kernel is (4, 2) in the source, (4, 5) in the target" in message
    report = gb.transfer(source, target, mismatch="keep")
    assert report.kept == ["2.weight", "2.bias"] and len(report.rows) == 1


def test_a_renaming_tells_where_a_layer_goes() -> None:
    source = nn.ModuleDict({"encoder": mlp(3, 3, 3), "head": nn.Linear(3, 3)})
    target = nn.ModuleDict({"head": nn.Linear(3, 3), "body": mlp(3, 3, 3)})
    rename = {"encoder": "body"}
    report = gb.transfer(source, target, rename)
    assert [(row.source, row.target, row.matched) for row in report.rows] == [
        ("encoder.0", "body.0", "rename"),
        ("encoder.2", "body.2", "rename"),
        ("head", "head", "name"),
    ]
    assert torch.equal(target["body"][2].weight, source["encoder"][2].weight)
    gb.transfer(source, target, {r"encoder\.(\d)": r"body.\1"})
    message = refused(source, target, rename={"encoder": "trunk"})
    assert "'trunk.0', which the target does not have" in message
    message = refused(source, target, gb.NothingSelectedError, rename={"decoder": "body"})
    assert "'decoder' matches the whole path of no layer of the source" in message
    refused(source, target, gb.PatternError, rename={"(": "body"})
    refused(source, target, gb.PatternError, rename={"encoder": r"\3"})


def test_names_that_contradict_the_order_are_not_guessed_about() -> None:
    """Both layers have the same sizes: only the user knows whether the name or the order is meant."""
    source = nn.Sequential()
    source.add_module("first", nn.Linear(3, 3))
    source.add_module("second", nn.Linear(3, 3))
    target = nn.Sequential()
    target.add_module("second", nn.Linear(3, 3))
    target.add_module("other", nn.Linear(3, 3))
    assert "nothing was transferred" in refused(source, target)
    same = nn.Sequential()
    same.add_module("second", nn.Linear(3, 3))
    same.add_module("first", nn.Linear(3, 3))
    gb.transfer(source, same)  # all names are there: then they say it
    assert torch.equal(same.first.weight, source.first.weight)


def test_the_order_of_writing_tells_layers_apart_only_where_others_stand_between() -> None:
    def net(*names: str) -> nn.Module:
        return nn.ModuleDict({name: nn.LayerNorm(3) if "norm" in name else nn.Linear(3, 3) for name in names})

    assert "neither names nor order tell which is which" in refused(net("up", "down"), net("a", "b"))
    source, target = net("up", "norm", "down"), net("a", "norm_a", "b")
    gb.transfer(source, target)
    assert torch.equal(target["b"].weight, source["down"].weight)
    source, target = net("fc1", "fc2"), net("dense9", "dense10")
    gb.transfer(source, target)
    assert torch.equal(target["dense10"].weight, source["fc2"].weight)
    assert "neither names nor order" in refused(net("fc2", "fc1"), target)


def test_numbers_count_the_layers_that_hold_arrays() -> None:
    """Layer 2 of torch's is layer 1 of Gluon's, which has a layer 2 of the same sizes."""
    source = mlp(3, 3, 3, 3)
    target = gluon.Sequential()
    target.add(*(gluon.Dense(3, in_units=3) for _ in range(3)))
    target.initialize()
    gb.transfer(source, target)
    for at in range(3):
        np.testing.assert_array_equal(
            target[at].weight.data().asnumpy(), source[2 * at].weight.detach().numpy()
        )


def test_what_was_not_run_yet_is_said() -> None:
    net = gluon.Dense(3)
    net.initialize()
    with pytest.raises(gb.DeferredError, match="run the model once on a batch"):
        gb.transfer(nn.Linear(2, 3), net)
    with gb.meta():
        empty = nn.Linear(2, 3)
    with pytest.raises(gb.DeferredError, match="meta device"):
        gb.transfer(empty, nn.Linear(2, 3))


def test_a_bias_that_has_no_place_is_refused_unless_it_is_zero() -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2, bias=False)
    assert "the source has a bias, for which the target has no place" in refused(source, target)
    nn.init.zeros_(source.bias)
    gb.transfer(source, target)
    assert torch.equal(source.weight, target.weight)


def test_statistics_are_not_made_up() -> None:
    source, target = nn.BatchNorm1d(3, track_running_stats=False), nn.BatchNorm1d(3)
    assert "the target has a mean, and the source none" in refused(source, target)
    assert "the source has a mean, for which the target has no place" in refused(target, source)
    plain = nn.BatchNorm1d(3, affine=False)
    gb.transfer(plain, target)
    assert torch.equal(target.weight, torch.ones(3))


def test_settings_that_differ_are_noted() -> None:
    source = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.GELU())
    target = nn.Sequential(
        nn.Conv2d(3, 3, 3, stride=2, padding="valid"),
        nn.BatchNorm2d(3, eps=1e-3, momentum=0.01),
        nn.GELU("tanh"),
    )
    refusable = nn.Sequential(nn.Conv2d(3, 3, 3, padding="same"), nn.BatchNorm2d(3), nn.GELU())
    assert gb.transfer(source, refusable).notes == []
    assert gb.transfer(source, target).notes == [
        "strides is (1, 1) in the source and (2, 2) in the target: 0",
        "padding is ((1, 1), (1, 1)) in the source and ((0, 0), (0, 0)) in the target: 0",
        "epsilon is 1e-05 in the source and 0.001 in the target: 1",
        "momentum is 0.9 in the source and 0.99 in the target: 1 (while it trains)",
        "GELU is computed exactly in the source and by tanh in the target",
    ]


class Tied(nn.Module):
    def __init__(self, tie: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        if tie:
            self.head.weight = self.embed.weight


def test_ties() -> None:
    source, target = Tied(True), Tied(True)
    assert gb.transfer(source, target).notes == []
    assert target.head.weight is target.embed.weight
    assert torch.equal(target.head.weight, source.head.weight)
    loose = Tied(False)
    notes = gb.transfer(source, loose).notes
    assert notes == [
        "one array in the source, embed.weight, head.weight, is several in the target: "
        "embed.weight, head.weight"
    ]
    assert torch.equal(loose.head.weight, source.head.weight)
    gb.transfer(loose, target)  # equal values
    with torch.no_grad():
        loose.head.weight[0, 0] = 7
    message = refused(loose, target)
    assert "embed.weight, head.weight are one array in the target" in message


def test_a_layer_in_two_places_goes_to_two_layers() -> None:
    layer = nn.Linear(3, 3)
    target = mlp(3, 3, 3)
    report = gb.transfer(nn.Sequential(layer, nn.ReLU(), layer), target)
    assert torch.equal(target[0].weight, layer.weight) and torch.equal(target[2].weight, layer.weight)
    assert len(report.notes) == 2


def test_dtypes_convert_within_their_kind() -> None:
    source, target = nn.Linear(3, 2).double(), nn.Linear(3, 2).to(torch.bfloat16)
    gb.transfer(source, target)
    assert torch.equal(target.weight, source.weight.to(torch.bfloat16))
    with pytest.raises(gb.DTypeError, match="cannot hold"):
        gb.transfer(nn.Linear(3, 2, dtype=torch.complex64), target)


class Scaled(nn.Module):
    """A layer of one's own."""

    def __init__(self, name: str = "scale") -> None:
        super().__init__()
        setattr(self, name, nn.Parameter(torch.randn(3, 2)))
        self.register_buffer("steps", torch.arange(3))


def test_an_array_that_no_layer_explains_goes_by_its_name() -> None:
    source, target = Scaled(), Scaled()
    assert gb.transfer(source, target).notes == [
        "copied as they are, since their layers are not known: scale"
    ]
    assert torch.equal(source.scale, target.scale)
    assert "the target has no place for it" in refused(source, Scaled("other"))


class Turned(nn.Module):
    """A dense layer that keeps its matrix the other way round, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(3, 2))

    def __glueball_layout__(self) -> list[Layout]:
        return [Layout("dense", {"kernel": Held("matrix", form="in, out")})]


def test_a_layer_of_ones_own_says_its_layout() -> None:
    source, target = Turned(), nn.Linear(3, 2)
    report = gb.transfer(source, target)
    assert report.rows[0].turned == "kernel: in, out → out, in; bias 0"
    assert torch.equal(target.weight, source.matrix.T)


def test_a_computed_weight_is_no_array_of_its_layer() -> None:
    normed = torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    twin = copy.deepcopy(normed)
    with torch.no_grad():
        normed.parametrizations.weight.original0.mul_(2)
    gb.transfer(normed, twin)
    assert torch.equal(normed.weight, twin.weight)
    assert "parametrizations.weight.original0" in refused(normed, nn.Linear(3, 2))


def test_policies_are_read() -> None:
    with pytest.raises(gb.TransferError, match="missing='drop' is no policy"):
        gb.transfer(nn.Linear(1, 1), nn.Linear(1, 1), missing="drop")


def test_a_gru_that_resets_its_new_state_keeps_both_biases() -> None:
    """Summing them would change what the layer computes."""

    class OneBias(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(3, 2)

        def __glueball_layout__(self) -> list[Layout]:
            from glueball.layouts import gates, inside

            arrays = {
                **gates("kernel", "weight_ih", "rzn", axis=0, turn=True, form=""),
                **gates("recurrent", "weight_hh", "rzn", axis=0, turn=True, form=""),
                **gates("bias", "bias_ih", "rzn", axis=0, turn=False, form=""),
            }
            return [inside("cell", Layout("gru", arrays))]

    source, target = nn.GRUCell(3, 2), OneBias()
    message = refused(source, target, unexpected="keep", missing="keep")
    assert "a recurrent bias of its gate n, for which the target has no place" in message
    with torch.no_grad():
        source.bias_hh[4:] = 0
    report = gb.transfer(source, target, unexpected="keep", missing="keep")
    assert "bias + recurrent bias" in report.rows[0].turned
    torch.testing.assert_close(target.cell.bias_ih[:4], (source.bias_ih + source.bias_hh)[:4], rtol=0, atol=0)


def test_two_layers_renamed_to_one():
    source = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    source["b"].load_state_dict(source["a"].state_dict())
    target = nn.ModuleDict({"c": nn.Linear(2, 2)})
    message = refused(source, target, rename={"a|b": "c"})
    assert "'a|b' renames it to 'c', as it does 'a'" in message


def test_a_collection_is_no_model():
    layer = nn.Linear(2, 2)
    params = gb.collect_params(layer)
    told = r"ParameterDict is a collection and no model: .*\.root"
    for call in (lambda: gb.transfer(params, layer), lambda: gb.collect_params(params)):
        with pytest.raises(gb.UnknownModelError, match=told):
            call()
