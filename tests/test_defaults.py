"""No rules: every layer of torch gets what its own constructor draws, from our streams."""

from __future__ import annotations

import contextlib
import math
import warnings

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

import glueball as gb
from glueball import init
from models import TiedLanguageModel

LAYERS = [
    lambda: nn.Linear(60, 50),
    lambda: nn.Linear(60, 50, bias=False),
    lambda: nn.Conv1d(16, 24, 5),
    lambda: nn.Conv2d(16, 24, (3, 5), groups=4),
    lambda: nn.Conv3d(8, 12, 3, bias=False),
    lambda: nn.ConvTranspose1d(12, 24, 5),
    lambda: nn.ConvTranspose2d(12, 24, 3, groups=3),
    lambda: nn.ConvTranspose3d(6, 8, 3),
    lambda: nn.Embedding(100, 30),
    lambda: nn.Embedding(100, 30, padding_idx=-3),
    lambda: nn.EmbeddingBag(100, 30, padding_idx=2),
    lambda: nn.Bilinear(12, 15, 20),
    lambda: nn.RNN(20, 40, num_layers=2),
    lambda: nn.LSTM(20, 40, bidirectional=True, proj_size=10),
    lambda: nn.GRU(20, 40),
    lambda: nn.RNNCell(20, 40),
    lambda: nn.LSTMCell(20, 40),
    lambda: nn.GRUCell(20, 40),
    lambda: nn.MultiheadAttention(40, 4),
    lambda: nn.MultiheadAttention(40, 4, kdim=20, vdim=30, add_bias_kv=True),
    lambda: nn.BatchNorm1d(50),
    lambda: nn.BatchNorm2d(50),
    lambda: nn.SyncBatchNorm(50),
    lambda: nn.InstanceNorm2d(50, affine=True, track_running_stats=True),
    lambda: nn.LayerNorm((5, 6)),
    lambda: nn.GroupNorm(5, 20),
    lambda: nn.RMSNorm(20),
    lambda: nn.PReLU(20),
    lambda: nn.PReLU(3, init=0.7),
    lambda: nn.TransformerEncoderLayer(32, 4, 64),
    lambda: nn.TransformerDecoderLayer(32, 4, 64),
    lambda: nn.Transformer(32, 4, 1, 1, 64, batch_first=True),
    lambda: nn.AdaptiveLogSoftmaxWithLoss(40, 60, [20, 40]),
    lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(40, 50)),
]


def kind(make):
    return type(make()).__name__


@pytest.mark.parametrize("make", LAYERS, ids=[f"{kind(make)}-{at}" for at, make in enumerate(LAYERS)])
def test_the_default_is_what_the_constructor_draws(make):
    torch.manual_seed(1)
    theirs = [make() for _ in range(8)]
    ours = [make() for _ in range(8)]
    for seed, layer in enumerate(ours):
        params = gb.collect_params(layer, buffers=True)
        params.select(lambda p: not p.name.endswith(("._u", "._v"))).initialize(seed=seed)
    for name in dict(ours[0].named_parameters()) | dict(ours[0].named_buffers()):
        if name.endswith(("._u", "._v")):
            continue
        a, b = (
            torch.cat([layer.state_dict()[name].double().ravel() for layer in layers]).numpy()
            for layers in (theirs, ours)
        )
        if len(np.unique(a)) == 1:
            assert np.array_equal(a, b), name
            continue
        # Zeroed rows are zero in both; the rest is one law.
        assert np.array_equal(a == 0, b == 0), name
        assert scipy.stats.ks_2samp(a, b).pvalue > 1e-4, name
        (plan,) = [r for r in gb.collect_params(ours[0]).plan(seed=0).rows if name == r.name]
        if plan.draws.startswith("["):
            bound = float(plan.draws.split(", ")[1][:-1])
            for drawn in (a, b):
                assert bound * (1 - 30 / len(a)) < np.abs(drawn).max() <= bound * 1.001, name
        else:
            std = float(b[b != 0].std())
            assert std == pytest.approx(float(a[a != 0].std()), rel=6 / math.sqrt(len(a)))
            assert scipy.stats.kstest(b[b != 0], scipy.stats.norm(0, std).cdf).pvalue > 1e-4, name


def test_the_bounds_are_torch_s_exactly():
    rows = gb.collect_params(nn.ConvTranspose2d(12, 24, 3, groups=3)).plan(seed=0).rows
    bound = 1 / math.sqrt(8 * 9)
    assert [row.initializer for row in rows] == [repr(init.Uniform(bound))] * 2
    (row,) = gb.collect_params(nn.MultiheadAttention(8, 2)).select("in_proj_weight").plan().rows
    assert row.draws == f"[{-math.sqrt(6 / 32):.4g}, {math.sqrt(6 / 32):.4g}]"


def test_defaults_depend_on_seed_and_name_and_leave_the_global_generator():
    model = nn.Sequential(nn.Linear(3, 4), nn.LSTM(4, 5))
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    assert gb.initialize(model, seed=5) is model
    assert torch.rand(1) == wanted
    weight = model[1].weight_hh_l0.clone()
    gb.collect_params(model[1]).initialize(None, seed=5, prefix="1.")
    assert torch.equal(model[1].weight_hh_l0, weight)


def test_a_tied_parameter_begins_as_its_first_layer_would():
    (row,) = (r for r in gb.collect_params(TiedLanguageModel()).plan(seed=0).rows if r.name == "embed.weight")
    assert row.initializer == "Normal(1)" and row.rule == "no rules"


class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((3,), 7.0))
        self.inner = nn.Linear(2, 3)


class Own(nn.Linear):
    def reset_parameters(self):
        nn.init.zeros_(self.weight)


class Same(nn.Linear):
    pass


class Product(nn.Module):
    def forward(self, a, b):
        return a @ b

    def right_inverse(self, weight):
        return weight, torch.eye(weight.shape[1])


def low_rank(layer):
    nn.utils.parametrize.register_parametrization(layer, "weight", Product())
    return layer


def test_an_unknown_layer_is_named_in_one_error_that_says_what_to_write():
    model = nn.Sequential(Mine(), Own(2, 2, bias=False), low_rank(nn.Linear(2, 2)), Same(2, 2))
    model[3].extra = nn.Parameter(torch.zeros(2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(
        gb.InitializerError,
        match=r"^no default is known for 0\.scale \(of Mine\), 1\.weight \(of Own\), "
        r"2\.parametrizations\.weight\.original0 \(a part from which the weight of ParametrizedLinear is "
        r"computed\), .*, "
        r"3\.extra \(of Same\): the layer is not one of torch's own, or resets its parameters in a way of "
        r"its own; or how a part is used is not known\. "
        r"Give a rule for it, and the rest its default: \{'0\.scale': 0, \"\.\*\": \"default\"\}",
    ):
        gb.initialize(model, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gb.initialize(model, {".*(scale|extra)": 1, "1|.*original.": None, ".*": "default"}, seed=0)
    assert (model[0].scale == 1).all() and not torch.equal(model[3].weight, before["3.weight"])


def test_a_part_of_an_unknown_kind_is_called_so():
    with pytest.raises(
        gb.InitializerError,
        match=r"^no default is known for parametrizations\.weight\.original0 \(a part from which the weight "
        r"of ParametrizedLinear is computed\), parametrizations\.weight\.original1 \(a part .*\): "
        r"how it is computed is not known\. Give a rule for it, and the rest its default: "
        r"\{'parametrizations\.weight\.original0': 0",
    ):
        gb.initialize(low_rank(nn.Linear(2, 2)), seed=0)


def normed(layer, **given):
    return nn.utils.parametrizations.weight_norm(layer, **given)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("norm", "parts", "build"),
    [
        (normed, "parametrizations.weight.original{}", None),
        (normed, "parametrizations.weight.original{}", gb.meta),
        (nn.utils.weight_norm, "weight_{}", None),
    ],
    ids=["new", "new on meta", "old"],
)
@pytest.mark.parametrize(
    ("make", "dim"),
    [
        (lambda: nn.Linear(300, 40), 0),
        (lambda: nn.Linear(300, 40), None),
        (lambda: nn.Conv2d(10, 12, 3), 0),
        (lambda: nn.ConvTranspose1d(10, 12, 3), 1),
    ],
)
def test_weight_norm_begins_as_the_layer_and_is_split(make, dim, norm, parts, build):
    with build() if build else contextlib.nullcontext():
        layer = norm(make(), dim=dim)
    plan = gb.collect_params(layer).initialize(seed=4, **{"device": "cpu"} if build else {})
    draws = {row.name: row.draws for row in plan.rows}
    names = [parts.format(end) for end in ("gv" if norm is nn.utils.weight_norm else "01")]
    magnitude, direction = (dict(layer.named_parameters())[name] for name in names)
    assert draws[names[0]] == "computed when the rest is filled"
    (row,) = gb.collect_params(make()).select("weight").plan(seed=0).rows
    assert draws[names[1]] == row.draws
    bound = float(row.draws.split(", ")[1][:-1])
    assert 0.99 * bound < direction.abs().max() < 1.001 * bound
    axes = [at for at in range(direction.ndim) if at != dim]
    wanted = torch.linalg.vector_norm(direction.detach(), dim=axes, keepdim=dim is not None)
    torch.testing.assert_close(magnitude.detach(), wanted.reshape(magnitude.shape))
    assert not gb.collect_params(layer)[names[0]].origin.edited
    layer(torch.ones(2, *{2: (300,), 3: (10, 5), 4: (10, 5, 5)}[direction.ndim])).sum().backward()
    torch.testing.assert_close(layer.weight.detach(), direction.detach())
    again = norm(make(), dim=dim)
    gb.initialize(again, gb.Recipe.from_json(plan.recipe.to_json()))
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), layer.parameters(), strict=True))


def test_the_magnitude_follows_whatever_the_direction_gets():
    layer = normed(nn.Linear(3, 4, bias=False))
    gb.initialize(layer, {r".*original1": init.Constant(2), ".*": "default"}, seed=0)
    assert (layer.parametrizations.weight.original0 == 12**0.5).all() and (layer.weight == 2).all()
    gb.initialize(layer, {r".*original0": 3, ".*": "default"}, seed=0)
    assert (layer.parametrizations.weight.original0 == 3).all()


class Doubled(nn.Module):
    """Computes the weight as twice what is kept; torch keeps half of the weight."""

    def forward(self, kept):
        return 2 * kept

    def right_inverse(self, weight):
        return weight / 2


class Mirrored(nn.Module):
    def forward(self, kept):
        return kept.triu() + kept.triu(1).mT


@pytest.mark.parametrize("first", [None, normed])
def test_what_torch_takes_from_the_weight_in_a_way_of_its_own_is_not_known(first):
    layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
    for layer, more in zip(layers, (Doubled(), Mirrored()), strict=True):
        nn.utils.parametrize.register_parametrization(first(layer) if first else layer, "weight", more)
    with pytest.raises(gb.InitializerError, match="how it is computed is not known"):
        gb.initialize(layers[0], seed=0)
    gb.initialize(layers[1], seed=0)
    with pytest.raises(gb.InitializerError, match=r"parametrizations\.weight\.original \(a part from which"):
        gb.initialize(nn.utils.parametrizations.orthogonal(nn.Linear(4, 4)), seed=0)


def test_buffers_of_unknown_layers_are_named_too():
    model = nn.Module()
    model.register_buffer("mask", torch.ones(3))
    with pytest.raises(gb.InitializerError, match=r"no default is known for mask \(of Module\)"):
        gb.collect_params(model, buffers=True).initialize()


def test_lazy_layers_get_theirs_when_they_first_run():
    def make(linear, conv):
        return nn.Sequential(conv, nn.Flatten(), linear, nn.BatchNorm1d(4))

    wanted = gb.initialize(make(nn.Linear(12, 4), nn.Conv1d(2, 3, 3)), seed=1)
    model = gb.initialize(make(nn.LazyLinear(4), nn.LazyConv1d(3, 3)), seed=1)
    model(torch.rand(2, 2, 6))
    for name, value in wanted.named_parameters():
        assert torch.equal(dict(model.named_parameters())[name], value), name


def test_a_lazy_layer_of_one_s_own_is_named_at_once():
    class Lazy(nn.LazyLinear):
        def reset_parameters(self):
            pass

    with pytest.raises(gb.InitializerError, match=r"no default is known for weight \(of Lazy\), bias"):
        gb.initialize(Lazy(3))
    gb.initialize(Lazy(3), {"weight": "normal", ".*": 0})


def test_a_model_without_memory_gets_the_same():
    def make():
        layers = nn.LSTM(4, 4), nn.Embedding(5, 4, padding_idx=1), nn.Linear(4, 4, bias=False)
        return nn.Sequential(*layers, nn.MultiheadAttention(4, 2), nn.BatchNorm1d(3))

    rules = {"2": init.Orthogonal(), r"0\.weight_ih.*": init.Sparse(0.5), r"0\.bias.*": init.ForgetBias()}
    for given in (None, {**rules, ".*": "default"}):
        wanted = gb.initialize(make(), given, seed=1)
        for build in (gb.meta, lambda: torch.device("meta")):
            with build():
                model = make()
            gb.initialize(model, given, seed=1, device="cpu")
            for name, value in wanted.state_dict().items():
                assert torch.equal(model.state_dict()[name], value), name
        assert (wanted[1].weight[1] == 0).all()
