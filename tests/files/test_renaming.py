"""Renaming by rules, what wraps names, and rules inferred from structure."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glueball as gb
from glueball.parameters.files.inferring import infer
from glueball.parameters.files.renaming import parents, renamed, unwrapped

NAMES = ["model.encoder.0.weight", "model.encoder.0.bias", "model.head.weight"]


def test_a_rule_takes_whole_names_and_paths():
    assert renamed(NAMES, {"model": "net"})["model.head.weight"] == "net.head.weight"
    assert renamed(NAMES, {r"model\.(.*)": r"\1"})["model.head.weight"] == "head.weight"
    assert renamed(NAMES, {"model": ""})["model.head.weight"] == "head.weight"
    assert renamed(NAMES, {"(.*)": r"a.\1"})["model.head.weight"] == "a.model.head.weight"
    assert renamed(NAMES, {"model.head": "top"})["model.head.weight"] == "top.weight"
    assert renamed(NAMES, {re.compile("model.head"): "top"})["model.head.weight"] == "top.weight"
    assert renamed(NAMES, {"model.head.weight": None}) == {name: name for name in NAMES[:2]}


def test_rules_follow_one_another():
    made = renamed(NAMES, {"model": "", r"encoder\.(\d+)": r"layers.\1.linear"})
    assert made == {
        "model.encoder.0.weight": "layers.0.linear.weight",
        "model.encoder.0.bias": "layers.0.linear.bias",
        "model.head.weight": "head.weight",
    }


def test_a_name_written_whole_means_itself():
    assert renamed(["1.1.w", "101.w", "1x1.w"], {"1.1": "a"}) == {
        "1.1.w": "a.w",
        "101.w": "101.w",
        "1x1.w": "1x1.w",
    }


def test_a_function_may_rename_and_leave_out():
    made = renamed(NAMES, lambda name: None if "head" in name else name.upper())
    assert made == {name: name.upper() for name in NAMES[:2]}


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        ({"modle": ""}, r'"modle" takes none of the file\'s 3 names.*Nearest names: model'),
        ({"model(": ""}, "is no regular expression"),
        ({"model": r"\2"}, "cannot become"),
        ({"model": 3}, "3 is no replacement"),
        ({3: "x"}, "is no regular expression"),
        ({b"model": "x"}, "a pattern of bytes, and names are text"),
        ({"(.*)": ""}, "leaves nothing of 'model.encoder.0.weight'"),
        (["model"], "rename is a list"),
        (lambda name: 3, "rename made 3 of"),
        (lambda name: "", "rename made '' of"),
    ],
)
def test_a_rule_that_is_none_says_why(rename, said):
    with pytest.raises(gb.PatternError, match=said):
        renamed(NAMES, rename)


@given(st.lists(st.text("ab./", min_size=1, max_size=8), unique=True, min_size=1))
def test_paths_contain_their_names(names):
    for name in names:
        for path in parents(name):
            assert name.startswith(path) and name[len(path)] in "./"
    assert renamed(names, {"(.*)": r"x.\1"}) == {name: f"x.{name}" for name in names}


# ---- what wraps names -----------------------------------------------------------------------------------

MODEL = ["encoder.weight", "encoder.bias", "head.weight"]
REQUIRED = [[name] for name in MODEL]


@pytest.mark.parametrize(
    "prefix",
    [
        "module.",
        "_orig_mod.",
        "module._orig_mod.",
        "state_dict.",
        "model.",
        "state_dict.model.",
        "module.module.",
    ],
)
def test_prefixes_of_wrappers_and_trainers_are_understood(prefix):
    found = unwrapped([prefix + name for name in MODEL], MODEL, REQUIRED)
    assert found.names == {prefix + name: name for name in MODEL} and found.note


def test_segments_of_wrappers_are_left_out_wherever_they_are():
    names = ["encoder._orig_mod.weight", "encoder._orig_mod.bias", "head._checkpoint_wrapped_module.weight"]
    assert list(unwrapped(names, MODEL, REQUIRED).names.values()) == MODEL
    own = ["_orig_mod.weight"]  # a model that calls a layer so
    assert unwrapped(own, own, [own]).names == {"_orig_mod.weight": "_orig_mod.weight"}


def test_the_marks_of_mxnets_symbols_are_left_out():
    names = ["arg:dense0_weight", "aux:bn0_running_mean"]
    found = unwrapped(names, ["dense0_weight", "bn0_running_mean"], [["dense0_weight"]])
    assert list(found.names.values()) == ["dense0_weight", "bn0_running_mean"] and "arg:" in found.note
    mixed = [*names, "other"]
    assert unwrapped(mixed, ["dense0_weight"], []).names == {name: name for name in mixed}


def test_what_trainers_keep_beside_a_model_is_told_apart():
    names = [*("state_dict." + name for name in MODEL), "optimizer_states.0.exp_avg", "ema_model.head.weight"]
    found = unwrapped(names, MODEL, REQUIRED)
    assert set(found.names.values()) == set(MODEL)
    assert found.beside == names[3:]


def test_what_is_not_certain_is_left():
    plain = {name: name for name in MODEL}
    assert unwrapped(MODEL, MODEL, REQUIRED) == (plain, [], "")
    both = [prefix + name for prefix in ("model.", "net.") for name in MODEL]
    part = ["model." + name for name in MODEL[:2]] + ["x"]
    strange = ["backbone." + name for name in MODEL]
    fitting = ["encoder.weight", *("model." + name for name in MODEL)]
    for names in (both, part, strange, fitting):
        assert unwrapped(names, MODEL, REQUIRED).names == {name: name for name in names}


def test_more_than_the_model_below_the_prefix_stays():
    names = [*("model." + name for name in MODEL), "model.extra.weight", "lm_head.weight"]
    found = unwrapped(names, MODEL, REQUIRED)
    assert set(found.names.values()) == {*MODEL, "extra.weight", "lm_head.weight"}


# ---- rules inferred from structure ----------------------------------------------------------------------


def transformer(width=8, layers=3):
    """Names and shapes in one way of naming: by keys that another way may change."""
    shapes = {"embed.weight": (50, width), "final.weight": (width,), "out.weight": (50, width)}
    for i in range(layers):
        shapes |= {
            f"layers.{i}.attn.in.weight": (3 * width, width),
            f"layers.{i}.attn.in.bias": (3 * width,),
            f"layers.{i}.attn.out.weight": (width, width),
            f"layers.{i}.attn.out.bias": (width,),
            f"layers.{i}.mlp.up.weight": (4 * width, width),
            f"layers.{i}.mlp.up.bias": (4 * width,),
            f"layers.{i}.mlp.down.weight": (width, 4 * width),
            f"layers.{i}.mlp.down.bias": (width,),
        }
    return shapes


def words(shapes, change):
    """The same arrays, each segment of a name changed."""
    return {
        ".".join(change.get(part, part) for part in name.split(".")): shape for name, shape in shapes.items()
    }


def fits(wanted, there):
    inferred = infer(wanted, there)
    made = renamed(there, inferred.rules)
    return {made[name]: shape for name, shape in there.items() if made[name] in wanted} == dict(wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"layers": "h"},
        {"layers": "blocks", "attn": "self_attention"},
        {"mlp": "ffn", "up": "c_fc", "down": "c_proj"},
        {"layers": "h", "attn": "sa", "in": "c_attn", "out": "c_proj", "mlp": "f", "final": "ln_f"},
    ],
)
def test_rules_are_found_for_renamed_segments(change):
    wanted = transformer()
    there = words(wanted, change)
    common = {name for name in wanted if name in there}
    missing = {name: shape for name, shape in wanted.items() if name not in common}
    assert fits(missing, {name: shape for name, shape in there.items() if name not in common})


@pytest.mark.parametrize(("a", "b"), [("", "model"), ("transformer.h", ""), ("backbone", "encoder.body")])
def test_one_prefix_for_another_is_one_rule(a, b):
    shapes = transformer()
    there = {f"{a}.{name}" if a else name: shape for name, shape in shapes.items()}
    wanted = {f"{b}.{name}" if b else name: shape for name, shape in shapes.items()}
    assert len(infer(wanted, there).rules) == 1 and fits(wanted, there)


def test_numbers_in_one_and_names_in_the_other():
    there = {"0.weight": (9, 4), "2.weight": (4, 4), "2.bias": (4,), "5.weight": (2, 4), "5.bias": (2,)}
    wanted = {"embed.weight": (9, 4), "body.weight": (4, 4), "body.bias": (4,), "head.0.weight": (2, 4)}
    wanted["head.0.bias"] = (2,)
    assert infer(wanted, there).rules == {"0": "embed", "2": "body", "5": "head.0"} and fits(wanted, there)


def test_more_in_the_file_than_is_wanted():
    shapes = transformer()
    there = {f"a.{name}": shape for name, shape in shapes.items()} | {"optimizer.step": ()}
    assert infer(shapes, there).rules == {"a": ""}


def test_where_two_ways_remain_there_is_no_rule():
    wanted = {f"layers.{i}.{part}.weight": (8, 8) for i in range(3) for part in "qkv"}
    there = {f"layers.{i}.{part}.weight": (8, 8) for i in range(3) for part in ("one", "two", "three")}
    found = infer(wanted, there)
    assert not found.rules
    assert "layers.N.q.weight" in str(found) and "may be any of layers.N.one.weight" in str(found)


def test_what_may_be_what_is_said_of_one_shape_at_a_time():
    square = {f"layers.{i}.{part}.weight": (8, 8) for i in range(3) for part in "qk"}
    there = {f"blocks.{i}.{part}.weight": (8, 8) for i in range(3) for part in ("one", "two")}
    found = infer(square | {"a.w": (5,), "b.w": (5,)}, there | {"c.w": (5,), "d.w": (5,)})
    assert str(found) == (
        "no rule is certain: layers.N.q.weight, layers.N.k.weight may be any of blocks.N.one.weight, "
        "blocks.N.two.weight by name and shape. And 2 more are open."
    )


def test_a_weight_is_no_bias():
    wanted = {"tok.weight": (9, 4), "ln.weight": (4,), "ln.bias": (4,)}
    there = {"embed.weight": (9, 4), "norm.weight": (4,), "norm.bias": (4,)}
    assert infer(wanted, there).rules == {"embed": "tok", "norm": "ln"}
    twice = {f"ln{i}.{part}": (4,) for i in "12" for part in ("weight", "bias")}
    assert not infer(twice, {name.replace("ln", "norm_"): (4,) for name in twice}).rules


def test_where_shapes_are_nowhere_it_says_which():
    found = infer({"a.weight": (3, 3), "b.weight": (2, 2)}, {"x.weight": (2, 2)})
    assert not found.rules and str(found) == (
        "no rule is certain: nothing else in the file has the shapes of a.weight."
    )
    assert infer({"a.0.w": (2,), "a.1.w": (2,)}, {"b.3.w": (2,), "b.5.w": (2,)}).rules == {}


def test_shapes_at_every_number_have_to_agree():
    wanted = {"a.0.w": (2,), "a.1.w": (3,), "b.0.w": (3,), "b.1.w": (2,)}
    there = {"x.0.w": (2,), "x.1.w": (3,), "y.0.w": (3,), "y.1.w": (2,)}
    assert renamed(there, infer(wanted, there).rules) == {
        "x.0.w": "a.0.w", "x.1.w": "a.1.w", "y.0.w": "b.0.w", "y.1.w": "b.1.w",
    }  # fmt: skip


def test_many_names_take_no_long_time():
    import time

    wanted = {f"layers.{i}.part{j}.weight": (4,) for i in range(50) for j in range(400)}
    there = {f"blocks.{i}.piece{j}.weight": (4,) for i in range(50) for j in range(400)}
    start = time.process_time()
    assert "too many names have the same shape" in str(infer(wanted, there))
    assert len(infer(wanted, {f"x.{name}": shape for name, shape in wanted.items()}).rules) == 1
    shapes = {name: (at,) for at, name in enumerate(wanted)}
    other = {name: (at,) for at, name in enumerate(there)}
    assert str(infer(shapes, other)) == "no few rules would do: 400 layers have names of their own."
    assert time.process_time() - start < 30


def test_shapes_that_are_not_known_fit_any():
    assert infer({"a.w": (2, None), "b.w": None}, {"x.a.w": (2, 3), "x.b.w": (5,)}).rules == {"x": ""}


@settings(max_examples=60)
@given(data=st.data())
def test_what_is_inferred_makes_everything_fit(data):
    """Whatever names are changed to: rules fit, or there are none and a reason."""
    shapes = transformer(layers=data.draw(st.integers(1, 3)))
    parts = sorted({part for name in shapes for part in name.split(".") if not part.isdecimal()})
    new = data.draw(
        st.lists(st.sampled_from("abcdefghijklmn"), unique=True, min_size=len(parts), max_size=len(parts))
    )
    chosen = data.draw(st.sets(st.sampled_from(parts)))
    there = words(shapes, {old: made for old, made in zip(parts, new, strict=True) if old in chosen})
    common = set(shapes) & set(there)
    missing = {name: shape for name, shape in shapes.items() if name not in common}
    extra = {name: shape for name, shape in there.items() if name not in common}
    found = infer(missing, extra)
    if found.rules:
        assert fits(missing, extra)
    else:
        assert bool(found.reason) == bool(missing)
