"""Initializers that are not ours: functions, Keras's, JAX's; under our seed, and leaving no trace."""

from __future__ import annotations

import importlib.util
import math
import random
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball import init


def need(name):
    return pytest.mark.skipif(not importlib.util.find_spec(name), reason=f"{name} is not installed")


def keras(name, *arguments, **options):
    # Keras and JAX warn of their own affairs when they are imported.
    return getattr(pytest.importorskip("keras").initializers, name)(*arguments, **options)


def jax(name, *arguments):
    return getattr(pytest.importorskip("jax.nn").initializers, name)(*arguments)


def seed_all(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def drawn_of_all():
    return torch.rand(1).item(), np.random.rand(), random.random()


def same_under_a_seed(how, make=lambda: nn.Linear(6, 4)):
    """The weight depends on seed and name alone; global generators are as they were."""
    found = []
    for seed, noise, name in ((0, 3, "a"), (0, 4, "a"), (1, 3, "a"), (0, 3, "b")):
        model = nn.ModuleDict({name: make()})
        seed_all(noise)
        wanted = drawn_of_all()
        seed_all(noise)
        gb.initialize(model, {".*weight.*": how, ".*": 0}, seed=seed)
        assert drawn_of_all() == wanted
        found.append(next(p for n, p in model.named_parameters() if "weight" in n).detach().clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2]) and not torch.equal(found[0], found[3])


def by_shape(shape, dtype):
    return torch.randn(shape, dtype=dtype)


def three_generators(data):
    values = torch.rand(data.shape) + np.random.rand() + random.random()
    data.copy_(values)


# ---- functions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.trunc_normal_,
        nn.init.xavier_uniform_,
        nn.init.xavier_normal_,
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.orthogonal_,
        partial(nn.init.sparse_, sparsity=0.5),
        by_shape,
        three_generators,
        lambda shape, dtype=None: np.random.rand(*shape),
        lambda shape, kind: [[random.random() for _ in range(shape[1])] for _ in range(shape[0])],
        lambda data: torch.rand_like(data),
        lambda data: data.view(-1).normal_(),
        lambda data: data.normal_().clamp_(-1, 1),
    ],
)
def test_functions_depend_on_seed_and_name_alone(how):
    same_under_a_seed(how)


@pytest.mark.skipif(torch.cuda.is_initialized(), reason="a GPU is at work")
def test_no_gpu_is_seeded_or_started(monkeypatch):
    """`torch.manual_seed` keeps a note to seed GPUs later, with a seed that is not the user's."""
    monkeypatch.setattr(torch, "manual_seed", lambda seed: pytest.fail("torch.manual_seed was called"))
    gb.initialize(nn.Linear(2, 2), nn.init.uniform_)
    assert not torch.cuda.is_initialized()


def test_torch_s_functions_give_what_torch_gives():
    layer = nn.Conv2d(4, 6, 3)
    gb.initialize(layer, {"weight": partial(nn.init.kaiming_normal_, mode="fan_out"), "bias": nn.init.ones_})
    assert (layer.bias == 1).all()
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 54), rel=0.3)
    gb.initialize(layer, {"weight": nn.init.dirac_, "bias": partial(nn.init.constant_, val=3)})
    assert torch.equal(layer.weight, nn.init.dirac_(torch.empty(6, 4, 3, 3))) and (layer.bias == 3).all()


def test_a_function_may_stand_wherever_an_initializer_does():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    mixed = init.Mixed({r"0\.weight": nn.init.eye_, ".*": init.Load({}, default=nn.init.ones_)})
    gb.initialize(model, mixed)
    assert torch.equal(model[0].weight, torch.eye(4)) and (model[1].weight == 1).all()
    with pytest.raises(gb.InitializerError, match=r"Padded takes an initializer that draws, not normal_"):
        init.Padded(nn.init.normal_, 0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_functions_see_the_parameter_s_dtype(dtype):
    def check(data):
        assert data.dtype == dtype and data.is_cpu and data.shape == (3, 2)
        data.fill_(2)

    layer = gb.initialize(nn.Linear(2, 3, dtype=dtype, bias=False), check)
    assert (layer.weight == 2).all()

    def check_made(shape, dtype):
        return torch.full(shape, 3, dtype=dtype)

    assert (gb.initialize(layer, check_made).weight == 3).all()


def nan_at_one(data):
    data.zero_()
    data[0, 0] = math.nan


def fails(data):
    data.fill_(9)
    raise RuntimeError("half-way")


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        (nan_at_one, gb.InitializerError, r"nan_at_one made NaN in 1 of the 8 elements of '2\.weight'"),
        (
            lambda data: torch.zeros(3),
            gb.ShapeError,
            r"made what does not fit: '2\.weight' has shape \(1, 8\), the value \(3,\)",
        ),
        (
            lambda shape, dtype: np.zeros(shape[::-1]),
            gb.ShapeError,
            r"the value \(8, 1\)\. The value transposed would fit",
        ),
        (
            lambda shape, dtype: np.full(shape, np.nan),
            gb.InitializerError,
            "made NaN in 8 of the 8 elements",
        ),
        (
            lambda shape, dtype: torch.zeros(shape, dtype=torch.complex64),
            gb.DTypeError,
            "float32, the value complex64",
        ),
        (lambda shape, dtype: "zeros", gb.DTypeError, "made what does not fit: .* cannot be set to"),
        (lambda shape, dtype: None, gb.InitializerError, r"returned nothing for '2\.weight'"),
        (fails, RuntimeError, "half-way"),
        (nn.init.constant_, gb.InitializerError, r"partial\(constant_, val=…\)"),
        (lambda a, b: a, gb.InitializerError, r"takes \(a, b\): an initializer is called as f\(data\)"),
        (lambda: 0, gb.InitializerError, "Give it an argument"),
        (lambda shape, *, dtype: 0, gb.InitializerError, "dtype=…"),
        (nn.Linear, gb.InitializerError, r"Linear is the class: write Linear\(\)"),
    ],
)
def test_bad_functions_change_nothing(how, error, says):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    with pytest.raises(error, match=says) as raised:
        gb.initialize(model, {r"0\..*": nn.init.ones_, r"2\.weight": how, ".*": 0}, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state[0]) and random.getstate() == state[2]
    assert np.array_equal(np.random.get_state()[1], state[1])
    if how is fails:
        assert raised.value.__notes__ == [
            "fails was called as f(data) to initialise '2.weight'; nothing was changed."
        ]


# ---- Keras ---------------------------------------------------------------------------------------------


@need("keras")
@pytest.mark.parametrize(
    "name", ["GlorotUniform", "HeNormal", "RandomNormal", "TruncatedNormal", "Orthogonal"]
)
def test_keras_initializers_depend_on_seed_and_name_alone(name):
    same_under_a_seed(keras(name))
    same_under_a_seed(keras(name, seed=7))
    same_under_a_seed(keras(name), lambda: nn.LSTM(3, 4))


@need("keras")
def test_keras_initializers_see_the_fans_of_the_layer():
    for layer, fan_in in (
        (nn.Linear(300, 20), 300),
        (nn.Conv2d(30, 20, 5), 30 * 25),
        (nn.ConvTranspose2d(30, 20, 5), 30 * 25),
        (nn.LSTM(300, 20), 300),
        (nn.MultiheadAttention(100, 2), 100),
    ):
        gb.initialize(layer, {".*(weight|weight_ih_l0)": keras("HeNormal"), ".*": 0}, seed=0)
        weight = next(iter(layer.parameters()))
        assert weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.04), layer


@need("keras")
def test_keras_initializers_put_the_same_as_ours():
    layer = nn.Linear(3, 4)
    for theirs, ours in ((keras("Identity", 2), init.Identity(2)), (keras("Ones"), init.One())):
        gb.initialize(layer, {"weight": theirs, "bias": keras("Zeros")}, seed=0)
        wanted = layer.weight.detach().clone()
        gb.initialize(layer, {"weight": ours, "bias": 0}, seed=0)
        assert torch.equal(layer.weight, wanted)


@need("keras")
def test_keras_initializers_are_values():
    how = init.as_initializer(keras("VarianceScaling", 2.0, "fan_out", seed=3))
    assert how == init.as_initializer(keras("VarianceScaling", 2.0, "fan_out", seed=4))
    assert how != init.as_initializer(keras("VarianceScaling", 2.0, "fan_in")) and len({how, how}) == 1
    assert repr(how).startswith("keras.VarianceScaling(scale=2.0, mode='fan_out', distribution=")
    assert init.from_json(how.to_json(), known={"keras.VarianceScaling": how}) == how
    with pytest.raises(gb.InitializerError, match=r"HeNormal is the class: write HeNormal\(\)"):
        init.as_initializer(type(keras("HeNormal")))


# ---- JAX -----------------------------------------------------------------------------------------------


@need("jax")
@pytest.mark.parametrize("name", ["normal", "glorot_uniform", "he_normal", "orthogonal", "truncated_normal"])
def test_jax_initializers_depend_on_seed_and_name_alone(name):
    same_under_a_seed(jax(name))
    same_under_a_seed(jax(name), lambda: nn.LSTM(3, 4))


@need("jax")
def test_jax_initializers_see_the_fans_of_the_layer():
    for layer, fan_in in ((nn.Linear(300, 20), 300), (nn.Conv2d(30, 20, 5), 750), (nn.GRU(300, 20), 300)):
        gb.initialize(layer, {".*(weight|weight_ih_l0)": jax("he_normal"), ".*": 0}, seed=0)
        weight = next(iter(layer.parameters()))
        assert weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.04), layer
    from jax.nn import initializers

    gb.initialize(nn.Linear(2, 2), initializers.ones)
    how = init.as_initializer(initializers.ones)
    assert (
        how.to_json() == {"kind": "jax.ones"}
        and init.from_json(how.to_json(), known={"jax.ones": how}) == how
    )
    with pytest.raises(
        gb.InitializerError, match=r"jax's he_normal makes an initializer: write he_normal\(\)"
    ):
        init.as_initializer(initializers.he_normal)


# ---- without any of them -------------------------------------------------------------------------------


def test_recognising_imports_no_framework():
    code = (
        "import sys, glueball as gb; gb.init.as_initializer(lambda data: data); "
        "gb.init.as_initializer(lambda shape, dtype: 0); "
        "print({'torch', 'keras', 'jax', 'tensorflow'} & {name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_what_a_foreign_initializer_makes_is_checked():
    """Objects that look like Keras's and JAX's, by class and module name: no framework is needed for that."""

    class Initializer:
        def __init__(self, value=1.0, seed=None):
            self.value, self.seed = value, seed

        def get_config(self):
            return {"value": self.value, "seed": self.seed}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

        def __call__(self, shape, dtype=None):
            if self.value == "shape":
                return np.zeros(shape[::-1], dtype)
            if math.isnan(self.value):
                return np.full(shape, np.nan, dtype)
            return np.random.default_rng(self.seed).normal(size=shape) * self.value

    Initializer.__qualname__, Initializer.__module__ = "Initializer", "keras.src.initializers.initializer"
    same_under_a_seed(Initializer())
    same_under_a_seed(Initializer(), lambda: nn.GRU(3, 4))
    layer = nn.Linear(3, 2)
    for bad, says in (
        ("shape", r"made an array of shape \(2, 3\) for 'weight', where \(3, 2\) was"),
        (math.nan, "NaN"),
    ):
        with pytest.raises(gb.InitializerError, match=says):
            gb.initialize(layer, {"weight": Initializer(bad), "bias": 0}, seed=0)
    how = init.as_initializer(Initializer(2.0))
    for known in (Initializer, Initializer(2.0, seed=3), how):
        assert init.from_json(how.to_json(), known={"keras.Initializer": known}) == how
    with pytest.raises(
        gb.InitializerError, match=r"known\['keras.Initializer'\] is .*value=3.0\), and what was"
    ):
        init.from_json(how.to_json(), known={"keras.Initializer": Initializer(3.0)})
    gates = nn.GRU(3, 4)
    gb.initialize(gates, {".*ih.*": Initializer(), ".*": 0}, seed=0)
    first, second, third = gates.weight_ih_l0.split(4)
    assert not torch.equal(first, second) and not torch.equal(second, third)


@pytest.mark.parametrize(
    ("layer", "asked", "turned"),
    [
        (nn.Linear(3, 2), [(3, 2)], (1, 0)),
        (nn.Conv2d(3, 2, (4, 5)), [(4, 5, 3, 2)], (3, 2, 0, 1)),
        (nn.ConvTranspose2d(3, 2, (4, 5)), [(4, 5, 3, 2)], (2, 3, 0, 1)),
        (nn.Bilinear(3, 4, 5), [(3, 4, 5)], (2, 0, 1)),
        (nn.Embedding(3, 2), [(3, 2)], (0, 1)),
        (nn.LayerNorm(3), [(3,)], (0,)),
        (nn.MultiheadAttention(4, 2), [(4, 4)] * 3, (1, 0)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_foreign_initializer_is_asked_in_its_own_layout(layer, asked, turned):
    shapes = []

    class Counting(init.Foreign):
        def make(self, shape, key):
            shapes.append(shape)
            return np.arange(math.prod(shape)).reshape(shape)

    name, weight = next(iter(layer.named_parameters()))
    gb.initialize(layer, {name: Counting(), ".*": 0})
    assert shapes == asked
    block = np.arange(math.prod(asked[0])).reshape(asked[0]).transpose(turned)
    assert np.array_equal(weight.detach().numpy(), np.concatenate([block] * len(asked)))
