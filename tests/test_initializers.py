"""Initializers one by one: as values, and held against torch, Keras and MXNet, SciPy, and counting."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from glueball import init, streams

GOLDEN = Path(__file__).parent / "golden"


def target(*shape, fans=None, parts=(), name="weight"):
    if fans is None and len(shape) > 1:
        kernel = math.prod(shape[2:])
        fans = (shape[1] * kernel, shape[0] * kernel)
    return init.Target(name, shape, fans, parts)


def golden(framework, part):
    data = json.loads((GOLDEN / f"{framework}_initializers.json").read_text())
    return [pytest.param(entry, id=f"{entry['kind']}-{at}") for at, entry in enumerate(data[part])]


def one(entry):
    return getattr(init, entry["kind"])(**entry["arguments"])


EVERY = [
    (init.Zero(), "Zero()"),
    (init.One(), "One()"),
    (init.Constant(3), "Constant(3)"),
    (init.Constant(np.arange(3.0)), "Constant(<ndarray 3>)"),
    (init.Constant(np.zeros((0, 3))), "Constant(<ndarray 0×3>)"),
    (init.Constant(math.nan), "Constant(nan)"),
    (init.Uniform(), "Uniform(-0.07, 0.07)"),
    (init.Uniform(0.1, 1 / 3), "Uniform(0.1, 0.3333333333333333)"),
    (init.Normal(), "Normal(0.01)"),
    (init.Normal(1, mean=2), "Normal(1, mean=2)"),
    (init.TruncatedNormal(), "TruncatedNormal(0.01)"),
    (init.TruncatedNormal(1, mean=1, low=0), "TruncatedNormal(1, mean=1, low=0)"),
    (init.Xavier("gaussian", magnitude=2), "Xavier('gaussian', magnitude=2)"),
    (init.Xavier(fan=(3, 4)), "Xavier(fan=(3, 4))"),
    (init.Xavier(fan=np.array([5, 6])), "Xavier(fan=(5, 6))"),
    (init.Xavier(fan=(torch.tensor(7), torch.tensor(0.5))), "Xavier(fan=(7, 0.5))"),
    (init.MSRAPrelu(), "MSRAPrelu()"),
    (init.MSRAPrelu(slope=0.1), "MSRAPrelu(slope=0.1)"),
    (init.VarianceScaling(), "VarianceScaling()"),
    (
        init.VarianceScaling(2, distribution="uniform", fan=(1, 2)),
        "VarianceScaling(2, distribution='uniform', fan=(1, 2))",
    ),
    (init.GlorotUniform(), "GlorotUniform()"),
    (init.GlorotNormal(), "GlorotNormal()"),
    (init.HeUniform(), "HeUniform()"),
    (init.HeNormal(fan=(3, 1)), "HeNormal(fan=(3, 1))"),
    (init.LecunUniform(), "LecunUniform()"),
    (init.LecunNormal(), "LecunNormal()"),
    (init.KaimingUniform(0.2, "fan_out"), "KaimingUniform(0.2, 'fan_out')"),
    (init.KaimingNormal(nonlinearity="selu"), "KaimingNormal(nonlinearity='selu')"),
    (init.Orthogonal(), "Orthogonal()"),
    (init.Orthogonal(1.5), "Orthogonal(1.5)"),
    (init.Sparse(0.5), "Sparse(0.5)"),
    (init.Identity(2), "Identity(2)"),
    (init.Dirac(groups=2), "Dirac(2)"),
    (init.Dirac(np.int64(3)), "Dirac(3)"),
    (init.Bilinear(), "Bilinear()"),
    (init.LSTMBias(), "LSTMBias()"),
    (init.ForgetBias(2), "ForgetBias(2)"),
    (init.Default(), "Default()"),
    (init.Padded(init.Normal(1), np.int32(2)), "Padded(Normal(1), 2)"),
    (init.Load({"a": np.eye(2)}, default="xavier"), "Load(<1 arrays>, default=Xavier())"),
    (init.Load({"a": np.array([math.nan, 1])}), "Load(<1 arrays>)"),
    (init.Mixed({"a": 0, ".*": init.Normal(1)}), "Mixed({'a': Constant(0), '.*': Normal(1)})"),
]


# ---- values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "text"), EVERY, ids=[text for _, text in EVERY])
def test_an_initializer_prints_compares_and_comes_back_from_json(how, text):
    assert repr(how) == text
    again = init.from_json(json.loads(json.dumps(how.to_json())))
    assert again == how and hash(again) == hash(how) and repr(again) == text
    assert sum(how == other for other, _ in EVERY) == 1
    if "<" not in text:
        assert eval(text, {**vars(init), "nan": math.nan}) == how


def test_every_public_initializer_is_in_this_table():
    public = {name for name in init.__all__ if isinstance(getattr(init, name), type)}
    bases = {"Drawn", "Foreign", "Function", "Given", "Initializer", "Target", "Whole"}
    assert {type(how).__name__ for how, _ in EVERY} == public - bases


def test_what_a_user_writes_comes_from_json_too():
    assert init.from_json(3) == init.Constant(3) and init.from_json("he_normal") == init.HeNormal()
    assert init.from_json([1, 2]) == init.Constant(np.array([1, 2]))
    bf16 = torch.ones(2, dtype=torch.bfloat16)
    assert init.from_json(init.Constant(bf16).to_json()) == init.Constant(np.ones(2))
    assert init.Constant(1) == init.Constant(1.0) and hash(init.Constant(1)) == hash(init.Constant(1.0))


def test_functions_are_named_in_json_and_given_when_read():
    form = init.Function(nn.init.ones_).to_json()
    assert form == {"kind": "Function", "function": "torch.nn.init.ones_"}
    with pytest.raises(gb.InitializerError, match=r"the function 'torch.nn.init.ones_' is not known here"):
        init.from_json(form)
    known = {"torch.nn.init.ones_": nn.init.ones_}
    assert init.from_json(form, known=known) == init.Function(nn.init.ones_)
    mixed = init.Mixed({".*": nn.init.ones_})
    assert init.from_json(mixed.to_json(), known=known) == mixed


class Mine(init.Initializer):
    pass


class Stateful(init.Initializer):
    def __init__(self, value):
        self.value = value

    def _init_weight(self, name, data):
        data.fill_(self.value)


@dataclass(repr=False, eq=False)
class Told(init.Initializer):
    value: float

    def _init_weight(self, name, data):
        data.fill_(self.value)


class Wide(init.Xavier):
    """Takes another argument than its base, which is a dataclass."""

    def __init__(self, width=1.0):
        super().__init__()
        self.width = width

    def distribution(self, target):
        return streams.Uniform(0, self.width)


class Small(init.Normal):
    pass


@pytest.mark.parametrize(("kind", "given"), [(init.Constant, 1), (init.Load, {}), (init.Mixed, {"a": 0})])
def test_a_class_made_from_ours_is_another(kind, given):
    mine = type("Mine", (kind,), {})
    assert repr(mine(given)) == repr(kind(given)).replace(kind.__name__, "Mine", 1)
    assert mine(given) == mine(given) and mine(given) != kind(given) and kind(given) != mine(given)


class Theirs:
    """Bears our names."""

    class Normal(init.Normal):
        pass

    @dataclass(repr=False, eq=False)
    class Zero(init.Initializer):
        value: float = 7.0

    class Constant(init.Constant):
        pass

    class Load(init.Load):
        pass

    class Mixed(init.Mixed):
        pass


@pytest.mark.parametrize(
    "how",
    [
        Mine(),
        Told(3),
        Theirs.Normal(0.5),
        Theirs.Zero(2),
        Theirs.Constant(1),
        Theirs.Constant(np.eye(2)),
        Theirs.Load({"a": 1}),
        Theirs.Mixed({"a": 1}),
    ],
)
def test_a_class_of_one_s_own_is_written_by_its_full_name(how):
    form = json.loads(json.dumps(how.to_json()))
    kind = type(how)
    name = f"{__name__}.{kind.__qualname__}"
    assert form["kind"] == name
    with pytest.raises(gb.InitializerError, match=f"there is no kind of initializer '{name}'"):
        init.from_json(form)
    again = init.from_json(form, known={name: kind})
    assert type(again) is kind and again == how and hash(again) == hash(how)
    assert type(init.from_json({"kind": "Normal", "std": 1}, known={"Normal": Told})) is init.Normal


def test_what_no_name_leads_to_is_not_written():
    class Local(init.Initializer):
        pass

    def local(data):
        pass

    for how in (partial(nn.init.normal_, std=2), lambda data: None, local, Local(), {"a": local}):
        how = init.Mixed(how) if isinstance(how, dict) else init.as_initializer(how)
        with pytest.raises(
            gb.InitializerError, match=r"no name leads to it\. Define a function with def, or"
        ):
            how.to_json()


def test_objects_of_one_s_own_do_not_become_one():
    params = gb.collect_params(nn.Linear(2, 2))
    recipe = params.plan({"weight": Stateful(1), "bias": Stateful(2)}, seed=0).recipe
    assert Stateful(1) != Stateful(1) and Mine() == Mine()
    with pytest.raises(
        gb.InitializerError, match=r"what it keeps \(value\) is not known to be its arguments"
    ):
        recipe.to_json()
    recipe = params.plan({"weight": Told(1), "bias": Told(2)}, seed=0).recipe
    again = gb.Recipe.from_json(recipe.to_json(), known={f"{__name__}.Told": Told})
    assert again == recipe and again.initializers["bias"] == Told(2)

    assert Wide(1) != Wide(2) and Small(1) == Small(1) and repr(Small(1)) == "Small(1)"
    recipe = params.plan({"weight": Wide(1), "bias": Wide(2)}, seed=0).recipe
    with pytest.raises(gb.InitializerError, match=r"what it keeps \(.*width\) is not known to be its arg"):
        recipe.to_json()

    class Silent(init.Initializer):
        def __init__(self, how):
            self.how = how

        def to_json(self):
            return {"kind": "Silent"}

    recipe = params.plan({"weight": Silent(1), "bias": Silent(2)}, seed=0).recipe
    with pytest.raises(
        gb.InitializerError,
        match=r"for 'weight' and .* for 'bias' are two initializers with one JSON form, \{'kind': 'Silent'\}",
    ):
        recipe.to_json()
    with pytest.raises(gb.InitializerError, match=r"known\['mine'\] is Normal\(1\), and what was written is"):
        init.from_json({"kind": "mine"}, known={"mine": init.Normal(1)})


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (np.float32(2), "Constant(2.0)"),
        (np.array(3), "Constant(3)"),
        (torch.tensor(0.5, dtype=torch.bfloat16), "Constant(0.5)"),
        (np.bool_(True), "Constant(True)"),
    ],
)
def test_what_has_no_dimensions_is_a_number(number, text):
    how = init.Constant(number)
    assert repr(how) == text and init.from_json(json.loads(json.dumps(how.to_json()))) == how
    assert (gb.initialize(nn.Linear(2, 3), how).weight == float(number)).all()
    load = init.Load({"weight": number, "bias": 4})
    again = init.from_json(json.loads(json.dumps(load.to_json())))
    assert again == load
    assert (gb.initialize(nn.Linear(2, 3), {"bias": again, ".*": 0}).bias == 4).all()


@pytest.mark.parametrize(
    "array", [np.eye(2), torch.eye(2), [[1.0, 0.0], [0.0, 1.0]]], ids=["numpy", "torch", "list"]
)
def test_what_is_given_is_copied(array):
    constant, load = init.Constant(array), init.Load({"weight": array})
    other = init.Load(state := {"weight": array}, default=1)
    before = hash(constant)
    array[0][0] = 5.0
    state["bias"] = state["weight"]
    assert hash(constant) == before and constant == init.Constant(np.eye(2))
    for how in (constant, load, other):
        assert torch.equal(gb.initialize(nn.Linear(2, 2, bias=False), how).weight, torch.eye(2))
    assert (gb.initialize(nn.Linear(2, 2), other).bias == 1).all()
    assert copy.deepcopy(load) == pickle.loads(pickle.dumps(load)) == load
    with pytest.raises(gb.InitializerError, match="this list makes no array"):
        init.Constant([[1], [1, 2]])


def test_what_cannot_change_is_not_copied():
    array = np.eye(2)
    array.flags.writeable = False
    assert init.Constant(array).value is array and init.Load({"a": array}).arrays["a"] is array
    with pytest.raises(ValueError, match="read-only"):
        init.Constant(np.eye(2)).value[0] = 1


def test_an_opened_file_is_read_when_it_is_used():
    class Opened(Mapping):
        def __init__(self):
            self.read = []
            self.names = ["arg:weight", "bias", "large"]

        def __getitem__(self, name):
            self.read.append(name)
            return np.full((2, 2) if "weight" in name else 2, 3.0)

        def __iter__(self):
            return iter(self.names)

        def __len__(self):
            return len(self.names)

    file = Opened()
    how = init.Load(file)
    file.names.append("more")
    assert repr(how) == "Load(<3 arrays>)" and not file.read and "more" not in how.arrays
    assert (gb.initialize(nn.Linear(2, 2), how).weight == 3).all()
    assert sorted(file.read) == ["arg:weight", "bias"]


def test_a_recipe_keeps_the_values_of_what_stands_for_an_array():
    source = gb.collect_params(nn.Linear(2, 2))
    source["weight"].set_data(3)
    recipe = gb.collect_params(nn.Linear(2, 2)).plan(init.Load(source), seed=0).recipe
    source["weight"].set_data(4)
    assert (gb.initialize(nn.Linear(2, 2), recipe).weight == 3).all()


def test_a_parameter_is_taken_as_it_is_now():
    layer = nn.Linear(2, 2)
    weight = gb.collect_params(layer)["weight"]
    how, wanted = init.Constant(weight), layer.weight.detach().clone()
    weight.set_data(0)
    assert torch.equal(gb.initialize(nn.Linear(2, 2, bias=False), how).weight, wanted)
    with gb.meta():
        layer = nn.Linear(2, 2)
    with pytest.raises(gb.DeferredError, match="'weight' cannot be read"):
        init.Constant(gb.collect_params(layer)["weight"])


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"kind": "Xavierr"}, r"no kind of initializer 'Xavierr'\. Nearest: 'Xavier'"),
        ({}, "no kind of initializer None"),
        ({"kind": "Normal", "sigma": 1}, r"Normal cannot be made of \{'sigma': 1\}: "),
        ({"kind": "Mixed"}, "Mixed cannot be made of"),
        ({"kind": "Uniform", "low": 2, "high": 1}, "low lies above high"),
        ("xavierr", "no initializer is called 'xavierr'"),
        (None, "None is no initializer"),
        ([[1], [1, 2]], "this list makes no array"),
        ({"kind": ["Normal"]}, r"no kind of initializer \['Normal'\]"),
        ({"kind": "Constant", "value": [[1], [1, 2]]}, "Constant cannot be made of"),
        ({"kind": "Constant", "value": [1], "dtype": "float33"}, "Constant cannot be made of"),
        ({"kind": "Load", "arrays": {"a": {}}}, "Load cannot be made of"),
    ],
)
def test_bad_json(form, says):
    with pytest.raises(gb.InitializerError, match=says):
        init.from_json(form)


def test_what_json_cannot_hold():
    with pytest.raises(gb.InitializerError, match=r"1,000,001 elements are too many"):
        init.Constant(np.zeros(1_000_001)).to_json()
    with pytest.raises(gb.InitializerError, match="JSON has real numbers only"):
        init.Constant(1j).to_json()


@pytest.mark.parametrize("name", init.NAMES)
def test_names(name):
    how = init.as_initializer(name)
    assert init.as_initializer(name.upper() + "_") == how
    assert init.as_initializer(name.replace("_", "").title()) == how


def test_names_mean_what_the_framework_that_calls_them_so_does():
    assert init.as_initializer("kaiming_normal").distribution(target(5, 8)) == streams.Normal(0, 0.5)
    cut = init.as_initializer("he_normal").distribution(target(5, 8))
    assert cut == streams.TruncatedNormal(0, cut.std, -2 * cut.std, 2 * cut.std)
    assert scipy.stats.truncnorm(-2, 2, scale=cut.std).std() == pytest.approx(0.5, rel=1e-14)
    xavier = init.as_initializer("xavier_normal").distribution(target(5, 8))
    assert xavier == streams.Normal(0, math.sqrt(2 / 13))


BAD = [
    (lambda: init.TruncatedNormal(0), "TruncatedNormal's std is 0: write a number above 0"),
    (lambda: init.TruncatedNormal(1, low=40, high=50), "the bounds hold"),
    (lambda: init.TruncatedNormal(1, low="a"), "low='a' is not"),
    (lambda: init.Normal("a"), "Normal's std is 'a': write a number from 0 up"),
    (lambda: init.Normal(True), "Normal's std is True"),
    (lambda: init.Uniform(0, math.nan), "Uniform's high is nan"),
    (lambda: init.MSRAPrelu("both"), "MSRAPrelu has no fan 'both': write 'avg' or 'in' or 'out'"),
    (lambda: init.MSRAPrelu(slope=math.inf), "MSRAPrelu's slope is inf"),
    (lambda: init.VarianceScaling(-1), "VarianceScaling's scale is -1: write a number above 0"),
    (lambda: init.VarianceScaling(mode="in"), "VarianceScaling has no mode 'in'"),
    (lambda: init.VarianceScaling(distribution="normal"), "has no distribution 'normal'"),
    (lambda: init.KaimingNormal(mode="fan_avg"), "has no mode 'fan_avg'"),
    (lambda: init.KaimingNormal(nonlinearity="gelu"), "no gain is known for 'gelu'. Known: 'linear'"),
    (lambda: init.Xavier(fan=3), r"Xavier's fan is 3: write two numbers above 0, fan=\(inputs, outputs\)"),
    (lambda: init.HeNormal(fan=(3, 0)), r"HeNormal's fan is \(3, 0\)"),
    (lambda: init.HeNormal(fan=("a", "b")), r"HeNormal's fan is \('a', 'b'\)"),
    (lambda: init.Orthogonal(None), "Orthogonal's gain is None"),
    (lambda: init.Sparse(1.5), "Sparse's sparsity is 1.5: write a share from 0 to 1"),
    (lambda: init.Sparse(0.5, -1), "Sparse's std is -1"),
    (lambda: init.Dirac(0), "Dirac's groups is 0"),
    (lambda: init.Dirac(1.5), "Dirac's groups is 1.5: write an integer from 1 up"),
    (lambda: init.Dirac(torch.tensor(1.5)), r"Dirac's groups is tensor\(1\.5"),
    (lambda: init.Dirac(True), "Dirac's groups is True"),
    (lambda: init.Padded("normal", 1.0), r"Padded's row is 1\.0: write an integer"),
    (lambda: init.Uniform(10**400), "Uniform's low is 1000.*: write a finite number"),
    (lambda: init.Xavier(np.array(["in", "out"])), "Xavier has no distribution array"),
    (lambda: init.KaimingNormal(nonlinearity=["relu"]), r"no gain is known for \['relu'\]"),
    (lambda: init.HeNormal(fan=torch.ones(2, 2)), r"HeNormal's fan is tensor"),
    (lambda: init.Function(None), "Function takes a function, not None"),
    (lambda: init.Load([np.eye(2)]), "Load takes a mapping of names to arrays, not a list"),
    (lambda: init.Load({3: np.eye(2)}), "Load takes a mapping of names to arrays: 3 is no name"),
    (lambda: init.Mixed({}), "Mixed takes {pattern: initializer}"),
    (lambda: init.Mixed({"(": 0}), r"Mixed: '\(' is no regular expression"),
    (lambda: init.Mixed({b".*": 0}), r"Mixed: b'\.\*' is no regular expression: write a string"),
    (lambda: init.Mixed({".*": "xavierr"}), "no initializer is called 'xavierr'"),
    (lambda: init.Padded(init.Zero(), 0), r"Padded takes an initializer that draws, not Zero\(\)"),
]


@pytest.mark.parametrize(("make", "says"), BAD, ids=[says for _, says in BAD])
def test_bad_arguments(make, says):
    with pytest.raises(gb.InitializerError, match=says):
        make()


UNFIT = [
    (init.GlorotNormal(), (8,), r"GlorotNormal needs fan_in and fan_out, and 'w' of shape \(8,\) has none"),
    (init.Orthogonal(), (8,), r"Orthogonal\(\) needs a parameter of 2 or more dimensions, and 'w' has shape"),
    (init.Sparse(0.5), (2, 2, 2), "needs a parameter of 2 dimensions"),
    (init.Identity(), (8,), "needs a parameter of 2 dimensions"),
    (init.Dirac(), (2, 2), "needs a parameter of 3 to 5 dimensions"),
    (init.Dirac(2), (3, 1, 3), r"Dirac\(2\) cannot divide the 3 outputs of 'w'"),
    (init.Bilinear(), (2, 2), "needs a parameter of 3 or more dimensions"),
    (init.LSTMBias(), (7,), r"needs a vector of four gates, and 'w' has shape \(7,\)"),
    (init.ForgetBias(), (8,), "is for the biases of LSTM and GRU layers"),
    (init.Padded(init.Normal(), 8), (8, 2), r"'w' of shape \(8, 2\) has no such row"),
    (init.Load({"v": 3}), (2,), r"has no array for 'w' \(nearest: 'v'\)"),
    (init.Load({"w": np.zeros(3)}), (2,), r"'w' has shape \(2,\), the value \(3,\)"),
    (init.Mixed({"v": 3}), (2,), r"has no pattern for 'w': end it with '\.\*'"),
]


@pytest.mark.parametrize(("how", "shape", "says"), UNFIT, ids=[f"{how}-{shape}" for how, shape, _ in UNFIT])
def test_what_does_not_fit_is_told_before_anything_is_changed(how, shape, says):
    model = nn.Module()
    model.first, model.w = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(shape))
    with pytest.raises(gb.GlueballError, match=says):
        gb.collect_params(model).plan({"first": 0, "w": how}, seed=0)
    with pytest.raises(gb.GlueballError, match=says):
        gb.initialize(model, {"first": 0, "w": how}, seed=0)
    assert (model.first == 1).all() and (model.w == 1).all()


@pytest.mark.parametrize("how", [init.Orthogonal(), init.Identity(), init.HeNormal()])
def test_integers_are_not_drawn(how):
    model = nn.Module()
    model.register_buffer("table", torch.zeros(3, 3, dtype=torch.int64))
    with pytest.raises(gb.DTypeError, match=r"'table' is int64: .* draws floating numbers"):
        gb.collect_params(model, buffers=True).plan(how, seed=0)


# ---- formulas, against the frameworks' own ---------------------------------------------------------------


def close(distribution, kind, *numbers):
    mine = {
        streams.Uniform: lambda d: ("uniform", d.low, d.high),
        streams.Normal: lambda d: ("normal", d.mean, d.std),
        streams.TruncatedNormal: lambda d: ("truncated_normal", d.mean, d.std),
    }[type(distribution)](distribution)
    assert mine[0] == kind
    assert mine[1:] == pytest.approx(numbers, rel=1e-14, abs=0)
    if kind == "truncated_normal":
        assert (distribution.low, distribution.high) == (-2 * distribution.std, 2 * distribution.std)


@pytest.mark.parametrize("entry", golden("mxnet", "drawn"))
def test_as_mxnet_draws(entry):
    close(one(entry).distribution(target(*entry["shape"])), *entry["drawn"])


@pytest.mark.parametrize("entry", golden("keras", "drawn"))
def test_as_keras_draws(entry):
    close(one(entry).distribution(target(*entry["shape"])), *entry["drawn"])


@pytest.mark.parametrize("entry", golden("mxnet", "values") + golden("keras", "values"))
def test_as_mxnet_and_keras_put(entry):
    made = one(entry).values(target(*entry["shape"]), 0)
    assert np.array_equal(made.astype(np.float32), np.array(entry["values"], np.float32))


@pytest.mark.parametrize(
    "nonlinearity", [*("linear", "conv2d", "sigmoid", "tanh", "relu", "selu"), "leaky_relu"]
)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_as_torch_draws(nonlinearity, mode):
    assert init.gain(nonlinearity, 0.3) == nn.init.calculate_gain(nonlinearity, 0.3)
    weight = torch.empty(300, 50, 2, 3)
    arguments = {"a": 0.3, "mode": mode, "nonlinearity": nonlinearity}
    fan = nn.init._calculate_correct_fan(weight, mode)
    std = nn.init.calculate_gain(nonlinearity, 0.3) / math.sqrt(fan)
    uniform = init.KaimingUniform(**arguments).distribution(target(*weight.shape))
    close(uniform, "uniform", -math.sqrt(3) * std, math.sqrt(3) * std)
    close(init.KaimingNormal(**arguments).distribution(target(*weight.shape)), "normal", 0, std)
    # And torch's own draws agree with that formula.
    torch.manual_seed(0)
    drawn = nn.init.kaiming_uniform_(weight, **arguments).abs().max().item()
    assert uniform.high * 0.999 < drawn <= uniform.high
    drawn = nn.init.kaiming_normal_(weight, **arguments).std().item()
    assert drawn == pytest.approx(std, rel=0.02)


DRAWN = [
    (init.Uniform(-1, 3), scipy.stats.uniform(-1, 4)),
    (init.Normal(2, mean=1), scipy.stats.norm(1, 2)),
    (init.TruncatedNormal(0.5, mean=1), scipy.stats.truncnorm(-2, 2, 1, 0.5)),
    (init.TruncatedNormal(2, low=-1, high=math.inf), scipy.stats.truncnorm(-0.5, math.inf, 0, 2)),
    (init.HeNormal(), scipy.stats.truncnorm(-2, 2, 0, math.sqrt(2 / 200) / 0.87962566103423978)),
    (init.GlorotUniform(), scipy.stats.uniform(-math.sqrt(6 / 300), 2 * math.sqrt(6 / 300))),
    (init.MSRAPrelu("out", 0.5), scipy.stats.norm(0, math.sqrt(2 / 1.25 / 100))),
]


@pytest.mark.parametrize(("how", "law"), DRAWN, ids=[repr(how) for how, _ in DRAWN])
def test_values_follow_scipy_s_law(how, law):
    layer = gb.initialize(nn.Linear(200, 100, bias=False), how, seed=1)
    assert scipy.stats.kstest(layer.weight.detach().numpy().ravel(), law.cdf).pvalue > 1e-3


def test_given_fans_serve_vectors():
    layer = nn.Linear(4, 1000)
    plan = gb.collect_params(layer).initialize({nn.Linear: init.LecunUniform(fan=(3, 1))}, seed=0)
    assert plan.left_alone == () and 0.99 < layer.bias.abs().max() <= 1


# ---- fans by kind of layer -------------------------------------------------------------------------------


def adapter_fans(layer, name):
    return gb.collect_params(layer)._tree.adapter.fans(layer, name, tuple(getattr(layer, name).shape))


@pytest.mark.parametrize(
    ("layer", "name", "fans"),
    [
        (nn.Linear(7, 5), "weight", (7, 5)),
        (nn.Embedding(9, 4), "weight", (4, 9)),
        (nn.EmbeddingBag(9, 4), "weight", (4, 9)),
        (nn.Bilinear(3, 4, 5), "weight", (12, 5)),
        (nn.MultiheadAttention(8, 2), "in_proj_weight", (8, 8)),
        (nn.MultiheadAttention(8, 2, kdim=4, vdim=6), "k_proj_weight", (4, 8)),
        (nn.RNN(3, 5), "weight_ih_l0", (3, 5)),
        (nn.LSTM(3, 5), "weight_ih_l0", (3, 5)),
        (nn.LSTM(3, 5), "weight_hh_l0", (5, 5)),
        (nn.LSTM(3, 5, bidirectional=True, num_layers=2), "weight_ih_l1_reverse", (10, 5)),
        (nn.LSTM(3, 5, proj_size=2), "weight_hh_l0", (2, 5)),
        (nn.LSTM(3, 5, proj_size=2), "weight_hr_l0", (5, 2)),
        (nn.GRU(3, 5), "weight_ih_l0", (3, 5)),
        (nn.GRU(3, 5), "weight_hh_l0", (5, 5)),
        (nn.LSTMCell(3, 5), "weight_ih", (3, 5)),
        (nn.GRUCell(3, 5), "weight_hh", (5, 5)),
        (nn.RNNCell(3, 5), "weight_ih", (3, 5)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_fans(layer, name, fans):
    assert adapter_fans(layer, name) == fans


def test_fans_of_packed_matrices_count_real_connections():
    """Each gate's pre-activation is a sum over this many inputs; so is each of q, k and v."""
    cell = nn.LSTMCell(3, 5)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.fill_(0)
        cell.weight_ih[10:15] = 1  # of g alone
        _, state = cell(torch.ones(1, 3))
        sums = torch.atanh(state * 2)  # c = sigmoid(0) tanh(sum)
    assert torch.allclose(sums, torch.full((1, 5), float(adapter_fans(cell, "weight_ih")[0])), atol=0.01)
    attention = nn.MultiheadAttention(4, 1, bias=False)
    with torch.no_grad():
        attention.in_proj_weight.fill_(1)
        q, k, v = nn.functional.linear(torch.ones(1, 4), attention.in_proj_weight).chunk(3, -1)
    assert (torch.cat([q, k, v]) == adapter_fans(attention, "in_proj_weight")[0]).all()


def test_fans_of_bilinear_count_products():
    layer = nn.Bilinear(3, 4, 5, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1)
        assert (layer(torch.ones(3), torch.ones(4)) == adapter_fans(layer, "weight")[0]).all()
        assert layer(torch.eye(3)[0], torch.eye(4)[0]).sum() == adapter_fans(layer, "weight")[1]


def test_a_computed_weight_has_the_fans_of_the_layer_that_it_serves():
    layer = nn.utils.parametrizations.spectral_norm(nn.ConvTranspose1d(8, 12, 5, groups=4))
    (row,) = gb.collect_params(layer).select(".*original").plan("xavier", seed=0).rows
    bound = math.sqrt(6 / (2 * 5 + 3 * 5))
    assert row.draws == f"[{-bound:.4g}, {bound:.4g}]"


# ---- whole matrices --------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 6), min_size=2, max_size=4), st.integers(0, 2**64))
def test_orthogonal_has_orthonormal_rows_or_columns(shape, seed):
    made = init.Orthogonal(2).values(target(*shape), seed)
    assert made.shape == tuple(shape)
    if made.size:
        matrix = made.reshape(shape[0], -1) / 2
        if matrix.shape[0] > matrix.shape[1]:
            matrix = matrix.T
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-12)


def test_orthogonal_is_uniform_over_all_of_them():
    """An element of a uniform orthogonal matrix squared is Beta(1/2, (n - 1) / 2), with either sign."""
    made = [init.Orthogonal().values(target(5, 5, name=str(at)), 0) for at in range(1000)]
    for place in ((0, 0), (4, 4), (0, 4)):
        x = np.array([matrix[place] for matrix in made])
        assert scipy.stats.kstest(x**2, scipy.stats.beta(0.5, 2).cdf).pvalue > 1e-3
        assert abs((x > 0).mean() - 0.5) < 0.07


def test_packed_gates_are_orthogonal_each_and_identities_each():
    lstm = nn.LSTM(3, 4)
    gb.initialize(lstm, {"weight_hh.*": init.Orthogonal(), "weight_ih.*": init.Identity(), ".*": 0}, seed=0)
    for gate in lstm.weight_hh_l0.detach().split(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(4))
    for gate in lstm.weight_ih_l0.detach().split(4):
        assert torch.equal(gate, nn.init.eye_(torch.empty(4, 3)))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", [(4, 6, 3), (6, 2, 4, 3), (2, 5, 1, 2, 3)])
def test_dirac_as_torch(shape, groups):
    made = init.Dirac(groups).values(target(*shape), 0)
    assert np.array_equal(made, nn.init.dirac_(torch.empty(shape), groups).numpy())


def test_sparse_zeroes_in_each_column_its_share_at_random():
    made = init.Sparse(0.3, std=2).values(target(101, 200), 0)
    assert ((made == 0).sum(0) == 31).all()
    assert scipy.stats.kstest(made[made != 0], scipy.stats.norm(0, 2).cdf).pvalue > 1e-3
    rows = (made == 0).sum(1)
    assert scipy.stats.chisquare(rows).pvalue > 1e-3


def test_bilinear_scales_a_ramp_up():
    up = nn.ConvTranspose2d(2, 2, 4, stride=2, padding=1, groups=2, bias=False)
    gb.initialize(up, init.Bilinear())
    ramp = torch.arange(8.0).reshape(1, 1, 1, 8).expand(1, 2, 8, 8)
    wanted = nn.functional.interpolate(ramp, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(up(ramp)[..., 2:-2, 2:-2].detach(), wanted[..., 2:-2, 2:-2])


# ---- gates, files, patterns ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [nn.LSTM, nn.LSTMCell, nn.GRU, nn.GRUCell])
def test_forget_bias_keeps_the_state(kind):
    """With weights of zero, a great bias of the right gate leaves the state as it is."""
    layer = gb.initialize(kind(2, 3), {".*bias.*": init.ForgetBias(50), ".*": 0})
    state = torch.rand(1, 3) + 1
    if kind in (nn.LSTM, nn.LSTMCell):
        assert (layer.state_dict()[f"bias_ih{'_l0' * (kind is nn.LSTM)}"][3:6] == 25).all()  # the sum is 50
        out = layer(torch.rand(1, 2), (torch.rand(1, 3), state))
        kept = out[1][1] if kind is nn.LSTM else out[1]
    else:
        out = layer(torch.rand(1, 2), state)
        kept = out[1] if kind is nn.GRU else out
    torch.testing.assert_close(kept.detach(), state)


def test_load_takes_by_name_and_leaves_the_rest():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    state = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).state_dict()
    gb.initialize(model, init.Load(state))
    assert all(torch.equal(model.state_dict()[name], state[name]) for name in state)
    old = {"arg:0.weight": np.ones((3, 2)), "aux:0.bias": torch.zeros(3)}
    plan = gb.collect_params(model).initialize(init.Load(old, default=init.Normal(1)), seed=0)
    assert (model[0].weight == 1).all() and (model[0].bias == 0).all()
    assert [row.initializer for row in plan.rows][2:] == ["Normal(1)"] * 2
    alone = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    gb.initialize(alone, init.Normal(1), seed=0)
    assert torch.equal(alone[1].weight, model[1].weight)


def test_mixed_takes_names_and_layers_in_order():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 1)))
    mixed = init.Mixed({r"0\.": 9, r".*bias": 0, "1": init.Mixed({".*": 5}), ".*": "xavier"})
    plan = gb.collect_params(model).initialize(mixed, seed=0)
    assert [row.initializer for row in plan.rows] == ["Xavier()", "Constant(0)", "Constant(5)", "Constant(0)"]
    assert (model[1][0].weight == 5).all()
    with pytest.warns(UserWarning, match=r"not to be had for 0\.bias, 1\.0\.bias"):
        gb.initialize(model, init.Mixed({".*": "xavier"}))


def test_padded_zeroes_a_row_and_no_more():
    padded, whole = nn.Embedding(5, 3), nn.Embedding(5, 3)
    plan = gb.collect_params(padded).initialize(init.Padded("normal", -2), seed=0)
    assert plan.rows[0].draws == "std 0.01, row -2 zero"
    gb.initialize(whole, "normal", seed=0)
    assert (padded.weight[3] == 0).all() and (whole.weight != 0).all()
    rest = [0, 1, 2, 4]
    assert torch.equal(padded.weight[rest], whole.weight[rest])


def test_what_looks_at_the_whole_depends_on_seed_and_name_alone():
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
    for how in (init.Orthogonal(), init.Sparse(0.5)):
        gb.initialize(model, {".*weight": how, ".*": 0}, seed=3)
        first, second = (layer.weight.clone() for layer in model)
        assert not torch.equal(first, second)
        gb.collect_params(model[1]).select("weight").initialize(how, seed=3, prefix="1.")
        assert torch.equal(model[1].weight, second)
        gb.initialize(model, {".*weight": how, ".*": 0}, seed=4)
        assert not torch.equal(model[0].weight, first)


def test_a_partial_function_prints_its_arguments():
    assert repr(init.as_initializer(partial(nn.init.constant_, val=3))) == "constant_(val=3)"
