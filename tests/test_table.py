"""What is printed: tables in full against golden text, folding by its law, HTML by its escapes."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from io import StringIO

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from torch import nn

import glueball as gb
from glueball.views.folding import fold
from glueball.views.table import Listing
from models import TiedLanguageModel, mlp, rgnet, shared_net


def lines(text):
    return [line.rstrip() for line in text.strip("\n").split("\n")]


def test_a_table_prints_name_shape_dtype_count_trainable_device_ties_and_totals():
    model = shared_net()
    model[0].bias.requires_grad_(False)
    assert lines(repr(gb.collect_params(model))) == [
        " name      shape   dtype    count  trainable  device",
        " ───────────────────────────────────────────────────────────────────────",
        " 0.weight  (8, 4)  float32     32  yes        cpu",
        " 0.bias    (8,)    float32      8  no         cpu",
        " 2.weight  (8, 8)  float32     64  yes        cpu     tied with 4.weight",
        " 2.bias    (8,)    float32      8  yes        cpu     tied with 4.bias",
        " 6.weight  (1, 8)  float32      8  yes        cpu",
        " 6.bias    (1,)    float32      1  yes        cpu",
        "",
        "6 parameters, 121 elements (113 trainable), 484 B",
    ]


def test_buffers_are_marked():
    model = nn.BatchNorm1d(3)
    model.register_buffer("scratch", torch.zeros(2), persistent=False)
    table = lines(repr(gb.collect_params(model, buffers=True)))
    marks = {line.split()[0]: line.partition("cpu")[2].strip() for line in table[2:-2]}
    assert marks == {
        "weight": "",
        "bias": "",
        "running_mean": "buffer",
        "running_var": "buffer",
        "num_batches_tracked": "buffer",
        "scratch": "buffer, not saved",
    }


def test_names_print_as_they_are():
    model = nn.Module()
    model.register_parameter("[0]", nn.Parameter(torch.zeros(1)))
    model.register_parameter("[bold]x[/bold]", nn.Parameter(torch.zeros(1)))
    model.register_parameter(":smile:", nn.Parameter(torch.zeros(1)))
    params = gb.collect_params(model)
    for text in (repr(params), repr(params.plan({".*": 0}, seed=0))):
        for name in ("[0]", "[bold]x[/bold]", ":smile:"):
            assert f" {name} " in text


def test_a_large_model_prints_a_readable_page():
    alike = nn.Sequential(*(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)) for _ in range(2500)))
    table = lines(repr(gb.collect_params(alike)))
    assert len(table) == 8
    assert table[2].split() == ["{0..2499}.0.weight", "(3,", "2)", "float32", "2,500", "×", "6", "yes", "cpu"]
    apart = nn.ParameterList(nn.Parameter(torch.zeros(n)) for n in range(10_000))
    params = gb.collect_params(apart)
    table = lines(repr(params))
    assert len(table) < 70
    assert "9,940 more lines are left out at the …; table(limit=None) has them" in table
    assert table[2].split()[0] == "0"
    assert table[-4].split()[0] == "9999"
    assert len(lines(repr(params.plan({".*": 0})))) < 70
    assert len(str(params.table(limit=None, fold=False)).splitlines()) > 10_000


def test_folding_may_be_asked_for_or_refused():
    params = gb.collect_params(rgnet())

    def printed(**how):
        return str(params.table(**how))

    assert "0.block {0..3}.0.weight" not in printed()
    assert "0.block {0..3}.0.weight" in printed(fold=True)
    layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))
    layers[2].weight.requires_grad_(False)
    params = gb.collect_params(layers)
    assert "{0..1,3}.weight" in printed(fold=True)
    assert "{0..3}.bias" in printed(fold=True)


def shown(printable, width, **how):
    console = Console(file=StringIO(), width=width, **how)
    console.print(printable)
    return console.file.getvalue()


def test_a_terminal_gets_colours_and_plain_text_none():
    text = shown(gb.collect_params(TiedLanguageModel()), 60, force_terminal=True, color_system="standard")
    assert "\x1b[" in text
    assert "\x1b[" not in repr(gb.collect_params(TiedLanguageModel()))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_narrow_terminal_loses_no_name_number_or_tie(width):
    with torch.device("meta"):
        model = nn.ModuleDict(
            {"embedding": nn.Embedding(32000, 4096), "head": nn.Linear(4096, 32000, bias=False)}
        )
        model["head"].weight = model["embedding"].weight
        for i in range(3):
            model[f"self_attention_projection_{i}"] = nn.Linear(4096, 4096 + i)
    params = gb.collect_params(model)
    text = shown(params, width)
    assert max(map(len, text.splitlines())) <= width
    letters = re.sub(r"\s", "", text)
    for name, parameter in params.items():
        size = f"{parameter.size:,}"
        assert size in text
        assert str(parameter.shape) in text
        assert name[:8] in text
    assert "tiedwithhead.weight" in letters or width < 80
    assert "…" not in text
    if width >= 100:
        assert all(f" {name} " in text for name in params)
    if width < 100:
        assert "all float32" in text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (mlp, "Parameter 0.weight (shape=(8, 4), dtype=float32)"),
        (
            lambda: nn.ModuleList([nn.Embedding(3, 2, dtype=torch.float16)]),
            "Parameter 0.weight (shape=(3, 2), dtype=float16)",
        ),
    ],
)
def test_a_parameter_prints_as_one_line(make, text):
    assert repr(gb.collect_params(make())["0.weight"]) == text


# ---- folding -------------------------------------------------------------------------------------------


def written_out(label):
    """The names that a label stands for, read independently."""
    parts = re.split(r"\{([^}]*)\}", label)
    choices = []
    for at, part in enumerate(parts):
        if at % 2 == 0:
            choices.append([part])
            continue
        values = []
        for run in part.split(","):
            first, _, last = run.partition("..")
            values += map(str, range(int(first), int(last or first) + 1))
        choices.append(values)
    return ["".join(choice) for choice in itertools.product(*choices)]


names = st.lists(
    st.lists(st.sampled_from(["0", "1", "2", "3", "10", "a", "b3", "layer"]), min_size=1, max_size=4).map(
        ".".join
    ),
    unique=True,
    max_size=40,
)


@given(names, st.data())
def test_a_fold_stands_for_its_names_and_no_others(names, data):
    alike = [data.draw(st.sampled_from("xy")) for _ in names]
    folds = fold(names, alike)
    seen = []
    for line in folds:
        assert sorted(written_out(line.label)) == sorted(names[at] for at in line.members)
        assert len({alike[at] for at in line.members}) == 1
        seen += line.members
    assert sorted(seen) == list(range(len(names)))
    assert [line.members[0] for line in folds] == sorted(line.members[0] for line in folds)


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_regular_model_folds_to_one_line_a_kind(blocks, layers):
    names = [
        f"blocks.{b}.layers.{i}.{kind}" for b in range(blocks) for i in range(layers) for kind in ("w", "b")
    ]
    assert len(fold(names, [name[-1] for name in names])) == 2
    names = [name.replace(".", "/") for name in names]  # as files of TensorFlow and Flax have them
    assert len(fold(names, [name[-1] for name in names])) == 2


# ---- HTML ----------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_a_notebook_gets_html_with_every_name_escaped():
    model = mlp()
    model.register_parameter("<script>alert(1)</script>", nn.Parameter(torch.zeros(1)))
    params = gb.collect_params(model)
    for html, rows in ((params._repr_html_(), 5), (params["0.weight"]._repr_html_(), 1)):
        page = Tags()
        page.feed(html)
        assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "div"}
        assert page.tags.count("tr") == rows + 1
    page = Tags()
    page.feed(params._repr_html_())
    assert "<script>alert(1)</script>" in page.words
    assert "5 parameters, 50 elements (50 trainable), 200 B" in page.words
    plan = Tags()
    plan.feed(params.plan({".*": 0}, seed=0)._repr_html_())
    assert "<script>alert(1)</script>" in plan.words and "script" not in plan.tags


cells = st.text("aé漢😀 0.", max_size=6).map(str.strip)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from([None, 3]))
def test_plain_text_is_laid_out_as_rich_does(lines, limit):
    listing = Listing(["name", "count", "x"], lines, ["below"], limit)
    by_rich = "\n".join(line.rstrip() for line in shown(listing, 500).split("\n")).strip("\n")
    assert str(listing) == by_rich
