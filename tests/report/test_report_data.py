"""What a report is made of, without a browser: its file, its policy, its columns, its second sides."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nets import HOSTILE, hostile, language
from torch import nn

import glueball as gb
from glueball.measures import measure
from glueball.parameters.seeing.reporting import entries
from glueball.views import report as views
from glueball.views.densities import counts_between, inner_range
from glueball.views.report import Change, Entry, Facts
from glueball.views.report.columns import DETAILS, columns, number
from glueball.views.report.page import as_json


class Page(HTMLParser):
    """The parts of a page, as a parser of HTML sees them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.policy, self.inside = [], {}, "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.inside = tag, given
        self.tags.append(self.inside)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if self.inside is not None:
            tag, given = self.inside
            key = tag, given.get("id", "")
            self.texts[key] = self.texts.get(key, "") + text

    @property
    def data(self):
        return json.loads(self.texts["script", "data"])


def read(path):
    return Page(path.read_text("utf-8"))


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(tmp_path):
    page = read(gb.collect_params(language()).report(tmp_path / "net.html"))

    def digest(text):
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    assert page.policy.split("; ") == [
        "default-src 'none'",
        "script-src " + digest(page.texts["script", ""]),
        "style-src " + digest(page.texts["style", ""]),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not any({"src", "href", "style", "onclick"} & set(given) for _, given in page.tags)
    assert [tag for tag, _ in page.tags].count("script") == 2


def test_no_name_leaves_the_data(tmp_path):
    plain = read(gb.collect_params(nn.Linear(2, 2)).report(tmp_path / "plain.html"))
    page = read(gb.collect_params(hostile()).report(tmp_path / "net.html", title="</title><b>{{ script }}"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.texts["title", ""] == "</title><b>{{ script }}"
    assert page.texts["script", ""] == plain.texts["script", ""]
    assert not set("<>&") & set(page.texts["script", "data"])
    assert set(page.data["names"]) >= {name for name in HOSTILE if "." not in name}


@given(
    st.recursive(
        st.text() | st.text("<>&!-/script\u2028") | st.integers(),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=6,
    )
)
def test_json_in_a_page_is_the_same_and_holds_no_tag(data):
    written = as_json({"x": data})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"x": data}


@given(st.floats())
def test_numbers_keep_four_digits(value):
    told = number(value)
    json.dumps(told, allow_nan=False)
    if math.isnan(value):
        assert told is None
    else:
        assert float(told) == value or math.isclose(float(told), value, rel_tol=5.01e-4)


FLOATS = arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6, width=32))


@given(FLOATS, st.integers(1, 30))
def test_every_element_is_in_one_bar(values, bars):
    stats = measure(values)
    edges = np.linspace(*inner_range(stats), bars + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    counts = counts_between(stats, edges)
    assert counts.sum() == pytest.approx(len(values))
    assert (counts >= 0).all()
    if len(values) <= 256:  # every value has a bin of its own, so counts are NumPy's
        wanted = [((values >= a) & (values < b)).sum() for a, b in pairwise(edges)]
        assert counts.tolist() == wanted


def test_a_few_far_elements_do_not_flatten_a_histogram():
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    values[:3] = 1e4
    low, high = inner_range(measure(values))
    assert -5 < low < -3 and 3 < high < 5
    edges = np.linspace(low, high, 25)
    counts = counts_between(measure(values), edges)
    wanted = np.histogram(values, edges)[0]
    assert np.abs(counts - wanted).max() < 0.02 * wanted.max()
    near_one = (1 + values[3:] * 1e-4).astype(np.float32)
    edges = np.linspace(*inner_range(measure(near_one)), 25)
    wanted = np.histogram(near_one, edges)[0]
    assert np.abs(counts_between(measure(near_one), edges) - wanted).max() < 0.05 * wanted.max()


def test_twenty_thousand_parameters_with_gradients_and_another_side_stay_under_10_mb(monkeypatch):
    monkeypatch.setattr("glueball.views.report.columns.DETAILS", DETAILS[-1:])  # that of so many
    assert DETAILS[-2].most < 80_000
    rng = np.random.default_rng(0)
    made = [measure(rng.normal(size=50).astype(np.float32)) for _ in range(50)]

    def facts(name, one):
        return Facts("(5, 10)", "float32", 50, 200, True, "cpu", "", "", (name,), 0, (), one, one, "", ())

    names = [f"model.layers.{at // 10}.self_attn.proj{at % 10}.weight" for at in range(18_000, 20_000)]
    rows = [
        Entry(
            name,
            (facts(name, made[at % 50]), facts(name, made[at % 49])),
            Change("changed", 1 / (at + 3), 1 - 1 / (at + 3), 3 / (at + 7)),
        )
        for at, name in enumerate(names)
    ]
    empty, full = (len(views.page(some, title="large", sides=["a", "b"]).encode()) for some in ([], rows))
    assert empty + 10 * (full - empty) < 10e6


def by_name(path):
    data = read(path).data
    status = [data["statuses"][at] for at in data["change"]["status"]]
    return data, dict(zip(data["names"], status, strict=True))


def test_a_side_may_be_parameters_a_model_a_snapshot_arrays_or_a_file(tmp_path):
    net, path = language(), tmp_path / "net.html"
    params = gb.collect_params(net)
    before = params.snapshot()
    arrays = {name: array.copy() for name, array in before.items()}
    params.save(tmp_path / "old.safetensors")
    net.blocks[0].attn.bias.data.add_(1)
    called = []
    for other in (language(), gb.collect_params(language()), before, arrays, tmp_path / "old.safetensors"):
        data, status = by_name(params.report(path, other))
        assert {name for name in status if status[name] != "same"} == {"blocks.0.attn.bias"}
        assert data["change"]["largest"][data["names"].index("blocks.0.attn.bias")] == 1
        assert "mask" in data["names"]  # a whole model is compared with its buffers
        called.append(data["called"][1])
    assert called == ["second", "second", "the snapshot", "the arrays", "old.safetensors"]
    opened = gb.open(tmp_path / "old.safetensors")
    page = read(opened.report(path))
    assert page.data["title"] == "old.safetensors"
    text = page.data["texts"][page.data["sides"][0]["origin"][page.data["names"].index("blocks.1.attn.bias")]]
    told = dict(text)
    assert (told["File"], told["Format"]) == ("old.safetensors", "safetensors")
    start = int(told["From byte"].replace(",", ""))
    there = np.frombuffer((tmp_path / "old.safetensors").read_bytes()[start:][: 48 * 4], np.float32)
    np.testing.assert_array_equal(there, arrays["blocks.1.attn.bias"])
    tied = page.data["names"].index("embed.weight")
    assert page.data["sides"][0]["slots"][str(tied)] == [["embed.weight", "head.weight"], 0]


def test_what_was_renamed_is_one_line(tmp_path):
    a = {"old": torch.arange(6.0).view(2, 3), "same": torch.ones(2), "turned": torch.rand(2, 3)}
    b = {"new": a["old"], "same": a["same"].double(), "turned": a["turned"].T.contiguous()}
    data, status = by_name(gb.collect_params(nn.ParameterDict(a)).report(tmp_path / "net.html", b))
    assert status == {"old": "renamed", "same": "cast", "turned": "transposed"}
    at = data["names"].index("old")
    assert data["sides"][1]["slots"] == {str(at): [["new"], 0]}
    assert data["texts"][data["change"]["note"][at]] == "called new in the second"


def test_a_tie_that_broke_is_counted_once_on_each_side():
    broken = language()
    broken.head.weight = nn.Parameter(broken.embed.weight.detach().clone())
    params = gb.collect_params(language())
    rows = {row.name: row for row in entries(params, gb.collect_params(broken))}
    assert [rows["embed.weight"].change.status, rows["head.weight"].change.status] == ["retied", "retied"]
    assert [side is None for side in rows["head.weight"].sides] == [True, False]
    for side, model in ((0, language()), (1, broken)):
        size = sum(row.sides[side].size for row in rows.values() if row.sides[side])
        assert size == sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))


def test_ties_in_great_number_are_cut_short(tmp_path):
    shared = nn.Linear(1, 1)
    net = nn.ModuleList([shared] * 80)
    data = read(gb.collect_params(net).report(tmp_path / "net.html")).data
    slots, more = data["sides"][0]["slots"]["0"]
    assert (len(slots), more) == (50, 30)


def test_a_mistake_writes_nothing(tmp_path):
    params = gb.collect_params(nn.Linear(2, 2))
    path = tmp_path / "net.html"
    path.write_text("old")
    with pytest.raises(gb.PatternError, match=r"labels are \['a', 'b'\]; write one text for each"):
        params.report(path, labels=("a", "b"))
    with pytest.raises(gb.MeasureError, match="int cannot be compared"):
        params.report(path, 3)
    with pytest.raises(FileNotFoundError):
        params.report(path, tmp_path / "no.safetensors")
    assert path.read_text() == "old"
    with pytest.raises(FileNotFoundError):
        params.report(tmp_path / "no" / "net.html")
    with pytest.raises(IsADirectoryError):
        params.report(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["net.html"]


def test_columns_of_nothing():
    assert columns([])["names"] == []
