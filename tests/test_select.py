"""Access and selection: names, paths, positions, patterns, set algebra, and what is said when none fits."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, modules, rgnet, shared_net


def brute_force(params, pattern):
    """The meaning of a text pattern, word by word: each slot, and each path that contains it."""
    taken = []
    for name, parameter in params.items():
        paths = [".".join(slot.split(".")[:n]) for slot in parameter.slots for n in range(1, 99)]
        if any(re.fullmatch(pattern, path) for path in paths if path):
            taken.append(name)
    return taken


patterns = st.lists(
    st.sampled_from(["a", "b", "c", "0", "1", "x", "y z", r"\.", ".*", ".", "(a|b)", "[^.]*", "?"]),
    max_size=6,
).map("".join)


@given(modules(), patterns)
def test_a_text_takes_what_its_one_meaning_says(model, pattern):
    params = gb.collect_params(model)
    try:
        re.compile(pattern)
    except re.error:
        with pytest.raises(gb.PatternError, match="is no regular expression"):
            params.select(pattern)
        return
    wanted = brute_force(params, pattern)
    assert params.select(pattern, allow_empty=True).names() == wanted
    assert params.select(re.compile(pattern), allow_empty=True).names() == wanted
    half = params.select(lambda p: len(p.name) % 2 == 0, allow_empty=True)
    assert half.select(pattern, allow_empty=True).names() == [n for n in wanted if n in half]


@given(modules(), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_set_algebra_is_that_of_sets_in_the_model_s_order(model, first, second):
    params = gb.collect_params(model)
    names = params.names()
    one = {name for at, name in enumerate(names) if at in first}
    two = {name for at, name in enumerate(names) if at in second}
    a = params.select(lambda p: p.name in one, allow_empty=True)
    b = params.select(lambda p: p.name in two, allow_empty=True)
    for view, wanted in ((a | b, one | two), (a & b, one & two), (a - b, one - two)):
        assert view.names() == [name for name in names if name in wanted]
    assert a - b == a - (a & b)
    assert (a | b) - b == a - b
    assert (a | params) == params
    other = gb.collect_params(model)  # collected again: views of one model still combine
    assert (other - b) == (params - b)


def test_parameters_are_the_same_object_however_reached():
    params = gb.collect_params(rgnet())
    bias = params["0.block 1.0.bias"]
    assert params[0][1][0].bias is bias
    assert params["0"]["block 1"]["0"]["bias"] is bias
    assert params[0][1]["0.bias"] is bias
    assert params[0]["0.block 1.0.bias"] is bias  # names stay whole
    assert params[-2][-3][0].bias is bias
    assert params.select(r"0\.block 1")["0.block 1.0.bias"] is bias
    assert params[1].weight.shape == (1, 4)
    assert getattr(getattr(params, "0"), "block 1")["2.weight"].shape == (4, 8)


def test_iteration_length_and_membership():
    params = gb.collect_params(mlp())
    assert list(params) == params.names() == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [p.name for p in params.values()] == params.names()
    assert len(params) == 4 and len(params[0]) == 2 and len(params[1]) == 0
    assert "0.weight" in params and "0" not in params and 3 not in params
    assert params["0.weight"] in params and params["0.weight"] not in params[2]
    assert "0.weight" not in params[2]
    assert params.get("nothing") is None
    tied = gb.collect_params(shared_net())
    assert "4.bias" in tied and tied["4.bias"] in tied[4]


def test_completion_offers_names_and_layers():
    params = gb.collect_params(TiedLanguageModel())
    assert {"embed", "norm", "head"} <= set(dir(params))
    assert {"embed.weight", "norm"} <= set(params._ipython_key_completions_())
    assert {"weight", "bias"} <= set(dir(params.norm))


def test_the_one_meaning_on_a_known_model():
    params = gb.collect_params(TiedLanguageModel())
    assert params.select("embed").names() == ["embed.weight"]
    assert params.select("head").names() == ["embed.weight"]  # tied: it answers to all its slots
    assert params.select(r".*\.bias").names() == ["norm.bias"]
    assert params.select("norm|head").names() == params.names()
    assert params.select(nn.LayerNorm).names() == ["norm.weight", "norm.bias"]
    assert params.select(nn.Linear).names() == ["embed.weight"]
    assert params.select((nn.LayerNorm, "bias")).names() == ["norm.bias"]
    assert params.select((nn.Module, "weight")).names() == ["embed.weight", "norm.weight"]
    assert params.select(lambda p: p.ndim == 1).names() == ["norm.weight", "norm.bias"]
    assert gb.collect_params(TiedLanguageModel(), nn.LayerNorm).names() == ["norm.weight", "norm.bias"]
    assert params.select(lambda p: p.tied) == params["embed"]


# ---- nothing fits -------------------------------------------------------------------------------------


def test_a_pattern_that_takes_nothing_names_neighbours_and_one_that_works():
    params = gb.collect_params(mlp())
    with pytest.raises(gb.NothingSelectedError) as caught:
        params.select("weight")
    assert str(caught.value) == (
        '"weight" takes none of the 4 parameters. '
        "A pattern matches a whole name, or the whole path of a layer.\n"
        "  Nearest names: 0.weight, 2.weight, 0.bias\n"
        '  Write ".*weight": it takes 2.'
    )
    with pytest.raises(LookupError, match=r"Nearest names: 2\.weight, 0\.weight, 2\.bias$"):
        params.select(r"2\.wieght")
    assert len(params.select("weight", allow_empty=True)) == 0
    with pytest.raises(gb.NothingSelectedError):
        gb.collect_params(mlp(), "weight")
    with pytest.raises(gb.NothingSelectedError, match="takes none of the 4"):
        params.select("")
    with pytest.raises(gb.NothingSelectedError, match="takes none of the 4"):
        params.select(lambda p: False)


def test_a_class_that_takes_nothing_says_what_there_is():
    params = gb.collect_params(rgnet())
    with pytest.raises(gb.NothingSelectedError, match="The parameters belong to layers of: Linear"):
        params.select(nn.Conv2d)
    with pytest.raises(gb.NothingSelectedError, match="Layers of Linear hold bias, weight"):
        params.select((nn.Linear, "wait"))
    with pytest.raises(
        gb.NothingSelectedError,
        match=r"Sequential holds no parameters itself.*Write a path: '0', '0\.block 0'",
    ):
        params.select(nn.Sequential)


def test_a_name_that_leads_nowhere():
    params = gb.collect_params(mlp())
    with pytest.raises(KeyError) as caught:
        params["0.wieght"]
    assert str(caught.value) == (
        "no parameter or layer '0.wieght' among 4 parameters. Nearest: 0.weight, 2.weight, 0.bias."
    )
    with pytest.raises(gb.NameNotFoundError, match="no layer 3 in the model: it has 3, numbered from 0"):
        params[3]
    with pytest.raises(gb.NameNotFoundError, match="no layer 0 in '0': it has 0"):
        params[0][0]
    with pytest.raises(AttributeError, match="no parameter or layer 'wait'"):
        _ = params[0].wait
    with pytest.raises(gb.NameNotFoundError):
        params[0]["2.weight"]  # outside this layer
    assert not hasattr(params, "__wrapped__")


def test_what_is_no_pattern():
    params = gb.collect_params(mlp())
    with pytest.raises(gb.PatternError, match=r"3 is no pattern. Write a regular expression, a layer class"):
        params.select(3)
    with pytest.raises(gb.PatternError, match=r"'\[0' is no regular expression: .*re.escape"):
        params.select("[0")
    with pytest.raises(gb.PatternError, match=r"for a class or a predicate, write params.select|For a class"):
        params[nn.Linear]
    with pytest.raises(gb.PatternError, match="3 is no regular expression"):
        params.select((nn.Linear, 3))


def test_views_of_two_models_do_not_combine():
    with pytest.raises(gb.PatternError, match="belong to two models"):
        gb.collect_params(mlp()) | gb.collect_params(mlp())
    with pytest.raises(TypeError):
        gb.collect_params(mlp()) | {"0.weight": 1}
    assert gb.collect_params(mlp()) != gb.collect_params(mlp())


def test_the_error_of_a_large_model_is_quick_enough_to_wait_for():
    params = gb.collect_params(nn.Sequential(*(nn.Linear(1, 1) for _ in range(10_000))))
    with pytest.raises(gb.NothingSelectedError, match="Nearest names: "):
        params.select("wieght")


def test_buffers_combine_with_parameters():
    model = nn.BatchNorm1d(3)
    everything = gb.collect_params(model, buffers=True)
    assert (everything - gb.collect_params(model)).names() == [
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
    assert torch.equal(everything["running_var"].data(), torch.ones(3))
