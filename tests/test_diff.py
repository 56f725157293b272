"""Differences: every status, what belongs together without sharing a name, and any two kinds of sides."""

from __future__ import annotations

import copy
import math

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from glueball.checkpoints.opening import open_file
from models import TiedLanguageModel, mlp, shared_net


def rows(found):
    """What differs, shortly."""
    return {row.name: (row.status, *row.how) for row in found if row.differs}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_a_model_does_not_differ_from_itself_its_copy_or_its_snapshot():
    net = TiedLanguageModel()
    params = gb.collect_params(net)
    for other in (net, copy.deepcopy(net), params, params.snapshot(), net.state_dict()):
        found = gb.diff(net, other)
        assert not found and len(found) == 3
        assert repr(found).splitlines()[-1].endswith(": 3 same")
        assert [row.status for row in found] == ["same"] * 3


def test_changes_are_measured():
    net = mlp()
    before = gb.collect_params(net).snapshot()
    with torch.no_grad():
        net[0].weight.mul_(1.25)
        net[2].bias.add_(1)
    found = gb.diff(before, net)
    assert rows(found) == {"0.weight": ("changed",), "2.bias": ("changed",)}
    assert found["0.weight"].relative == pytest.approx(0.25)
    assert found["0.weight"].cosine == pytest.approx(1)
    assert found["2.bias"].largest == pytest.approx(1)
    assert found["0.weight"].changed == found["0.weight"].count == 32
    assert found.counts() == {
        "removed": 0, "added": 0, "reshaped": 0, "retied": 0, "changed": 2, "same": 2,
    }  # fmt: skip
    assert found.only("changed").sort("relative", descending=False)[0].name == "0.weight"
    assert gb.diff(before, net, tol=0.3).only("changed")[0].name == "2.bias"
    assert len(found.to_pandas()) == 4 and found.to_pandas()["status"].tolist().count("same") == 2


def test_added_removed_reshaped():
    a = {"kept": noise(3), "gone": noise(4, 2, seed=1), "grown": noise(2, 3), "flat": noise(2, 6)}
    b = {"kept": noise(3), "new": noise(5, seed=2), "grown": noise(4, 3), "flat": noise(2, 6).reshape(3, 4)}
    found = gb.diff(a, b)
    assert rows(found) == {
        "gone": ("removed",), "new": ("added",), "grown": ("reshaped",), "flat": ("reshaped",),
    }  # fmt: skip
    assert found["grown"].other_shape == (4, 3) and math.isnan(found["grown"].relative)
    assert found["flat"].note == "the same values in another shape"
    printed = repr(found)
    assert "(2, 3) → (4, 3)" in printed and "1 removed, 1 added, 2 reshaped, 1 same" in printed


def test_same_up_to_dtype_transposition_and_name():
    x = noise(4, 6)
    square = noise(5, 5)
    a = {"cast": x, "turned": x + 1, "square": square, "old": x + 2, "both": x + 3}
    b = {"cast": x.astype(np.float64), "turned": (x + 1).T, "square": square.T.copy(), "new": x + 2,
         "other": (x + 3).T}  # fmt: skip
    found = gb.diff(a, b)
    assert rows(found) == {
        "cast": ("same", "dtype"),
        "turned": ("same", "transposed"),
        "square": ("same", "transposed"),
        "old": ("same", "renamed"),
        "both": ("same", "renamed", "transposed"),
    }
    assert found["old"].other == "new" == found["new"].other
    assert "5 same (2 renamed, 3 transposed, 1 in another dtype)" in repr(found)
    half = {"cast": x.astype(ml_dtypes.bfloat16)}
    assert rows(gb.diff({"cast": x}, half)) == {"cast": ("changed", "dtype")}
    assert not gb.diff({"cast": x}, half, tol=0.01)
    assert gb.diff({"cast": x}, half, tol=0.01)["cast"].how == ("dtype",)


def test_equal_contents_are_paired_only_when_there_are_as_many():
    a = {"a": np.zeros(3), "b": np.zeros(3)}
    assert rows(gb.diff(a, {"c": np.zeros(3), "d": np.zeros(3)})) == {
        "a": ("same", "renamed"), "b": ("same", "renamed"),
    }  # fmt: skip
    assert rows(gb.diff(a, {"c": np.zeros(3)})) == {
        "a": ("removed",), "b": ("removed",), "c": ("added",),
    }  # fmt: skip


def test_names_may_be_changed_first():
    a = {"model.w": noise(3), "model.b": noise(2), "step": noise(1)}
    b = {"w": noise(3), "b": noise(2) + 1, "step": noise(1)}
    found = gb.diff(a, b, rename={r"model\.(.*)": r"\1"})
    assert rows(found) == {"b": ("changed",)}
    assert rows(gb.diff(a, b, rename=lambda name: name.removeprefix("model."))) == {"b": ("changed",)}
    for rules, why in (
        ({r"modle\.(.*)": r"\1"}, "takes none of the file's 3 names"),
        ({r".*": "x"}, "would both be 'x'"),
        ({r"(": "x"}, "is no regular expression"),
        ({r"model\..*": r"\1"}, "cannot become"),
    ):
        with pytest.raises(gb.PatternError, match=why):
            gb.diff(a, b, rename=rules)


def test_ties_that_changed():
    net = TiedLanguageModel()
    params = gb.collect_params(net)
    before = params.snapshot()
    params.untie("head.weight")
    found = gb.diff(before, net)
    assert rows(found) == {"embed.weight": ("retied",), "head.weight": ("retied",)}
    assert found["embed.weight"].note == "no longer tied with head.weight"
    assert found["embed.weight"].relative == 0
    assert gb.diff(net, before)["embed.weight"].note == "now tied with head.weight"
    # A name that the other side does not have is no broken tie.
    alone = {name: p.numpy() for name, p in gb.collect_params(TiedLanguageModel()).items()}
    assert not gb.diff(alone, alone)


def test_a_layer_that_is_used_twice_is_one_row():
    net = shared_net()
    assert len(gb.diff(net, net)) == 6
    assert not gb.diff(net, gb.collect_params(net).snapshot())


def test_nan_and_infinity():
    x = noise(6)
    bad = x.copy()
    bad[0] = np.nan
    bad[1] = np.inf
    assert not gb.diff({"x": bad}, {"x": bad.copy()})
    found = gb.diff({"x": x}, {"x": bad}, tol=100)
    assert rows(found) == {"x": ("changed",)}
    assert (found["x"].note, found["x"].changed, found["x"].relative) == ("2 differ in NaN or infinity", 2, 0)
    signs = gb.diff({"x": np.array([np.inf, 1])}, {"x": np.array([-np.inf, 1])}, tol=1)
    assert signs and signs["x"].note == "1 differs in NaN or infinity"


def test_what_has_no_values_yet():
    with gb.meta():
        empty = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    assert not gb.diff(empty, empty)
    found = gb.diff(empty, mlp())
    assert found["0.weight"].status == "changed" and found["0.weight"].note == "one has no values yet"
    assert math.isnan(found["0.weight"].relative)
    lazy = gb.collect_params(nn.LazyLinear(3)).snapshot()
    assert repr(lazy) == "<Snapshot of 0 parameters, 0 B, 2 without values>"
    assert gb.diff(lazy, nn.Linear(2, 3))["weight"].status == "reshaped"
    with pytest.raises(gb.NameNotFoundError, match="'weight' had no values when the snapshot was taken"):
        lazy["weight"]


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".npz"])
def test_files_models_and_paths_are_sides(tmp_path, suffix):
    net = mlp()
    path = tmp_path / f"net{suffix}"
    params = gb.collect_params(net)
    params.save(path)
    for other in (path, str(path), open_file(path), gb.open(path)):
        assert not gb.diff(net, other)
        assert not gb.diff(other, params.snapshot())
    with torch.no_grad():
        net[2].weight[0, 3] += 1
    assert rows(gb.diff(path, net)) == {"2.weight": ("changed",)}
    assert repr(gb.diff(path, net)).splitlines()[-1] == f"net{suffix} → Sequential: 1 changed, 3 same"


def test_a_file_with_ties_is_a_model_with_ties(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "net.safetensors")
    assert not gb.diff(tmp_path / "net.safetensors", net)
    gb.collect_params(net).save(tmp_path / "apart.safetensors", ties="copies")
    found = gb.diff(tmp_path / "net.safetensors", tmp_path / "apart.safetensors")
    assert {row.status for row in found if row.differs} == {"retied"}


def test_a_models_buffers_are_compared():
    net = nn.BatchNorm1d(3)
    before = gb.collect_params(net).snapshot()
    net(torch.randn(5, 3))
    assert set(rows(gb.diff(before, net))) == {"running_mean", "running_var", "num_batches_tracked"}
    weights = gb.collect_params(net).select("weight")
    assert len(gb.diff(weights, weights.snapshot())) == 1


@pytest.mark.parametrize("bad", [3, None, {"x": object()}, {"x": "text"}])
def test_what_is_no_side_is_told(bad):
    with pytest.raises(gb.MeasureError, match="cannot be compared"):
        gb.diff(bad, mlp())


def test_mistakes_are_told(tmp_path):
    found = gb.diff(mlp(), mlp())
    with pytest.raises(gb.MeasureError, match="no status 'new'; there are removed, added"):
        found.only("new")
    with pytest.raises(gb.MeasureError, match="no column 'norm'; there are relative"):
        found.sort("norm")
    with pytest.raises(gb.MeasureError, match=r"no row '0\.wieght'; nearest: 0\.weight"):
        found["0.wieght"]
    with pytest.raises(gb.MeasureError, match="tol is -1"):
        gb.diff(mlp(), mlp(), tol=-1)
    with pytest.raises(gb.MeasureError, match="tol is '1%'"):
        gb.diff(mlp(), mlp(), tol="1%")
    assert not gb.diff({"x": np.ones(3)}, {"x": np.full(3, 1.01)}, tol=np.float32(0.1))
    with pytest.raises(FileNotFoundError):
        gb.diff(tmp_path / "none.pt", mlp())
    with pytest.raises(gb.NameNotFoundError, match=r"nearest: 0\.weight"):
        gb.collect_params(mlp()).snapshot()["0.wieght"]


def test_a_snapshot_stays_as_it_was():
    net = mlp()
    before = gb.collect_params(net).snapshot()
    kept = before["0.bias"].copy()
    with torch.no_grad():
        net[0].bias.add_(1)
    np.testing.assert_array_equal(before["0.bias"], kept)
    with pytest.raises(ValueError, match="read-only"):
        before["0.bias"][0] = 1
    assert list(before) == ["0.weight", "0.bias", "2.weight", "2.bias"] and "0.bias" in before


def test_a_large_difference_is_folded_where_it_is_alike():
    net = nn.ModuleList(nn.Linear(3, 3) for _ in range(50))
    params = gb.collect_params(net)
    before = params.snapshot()
    params.apply(lambda values: values * 2)
    text = repr(gb.diff(before, params))
    assert "{0..49}.weight" in text and "{0..49}.bias" in text and len(text.splitlines()) == 6
    assert str(gb.diff(before, params).table(fold=False, limit=None)).count("changed") == 101
    moved = {f"layers.{name}": values for name, values in before.items()}
    assert "→ layers.{0..49}.weight" in repr(gb.diff(before, moved))


names = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.integers(0, 3), st.sampled_from([np.float32, np.float64, np.int8])),
    max_size=6,
)


@given(names, names)
def test_every_array_has_its_row_and_the_way_back_mirrors(a, b):
    a, b = ({name: np.full(3, value, dtype) for name, (value, dtype) in one.items()} for one in (a, b))
    there, back = gb.diff(a, b), gb.diff(b, a)
    seen_a = [row.name for row in there if row.status != "added"]
    seen_b = [row.other or row.name for row in there if row.status != "removed"]
    assert sorted(seen_a) == sorted(a) and sorted(seen_b) == sorted(b)
    assert bool(there) == bool(back)
    mirror = {"added": "removed", "removed": "added"}
    assert sorted(mirror.get(row.status, row.status) for row in there) == sorted(row.status for row in back)
    same = set(a) == set(b) and all(np.array_equal(a[n], b[n]) and a[n].dtype == b[n].dtype for n in a)
    assert bool(there) != same
