"""The report in Chromium: searching, sorting, opening, ties, themes, keys, and names that attack."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import torch
from conftest import DESK, PHONE
from nets import HOSTILE, hostile, language
from torch import nn

import glueball as gb
from glueball.views.report import Entry, Facts, page

PATTERNS = [
    "embed", "head", "blocks", r"blocks\.0", "blocks.0", "blocks.1.mlp", r".*\.weight", r".*\.bias|embed.*",
    r"blocks\.\d\.mlp", r"blocks\.(?P<n>[02])\.norm\..*", r"(?i)BLOCKS\.2", r"\w+\.weight", "weight", ".*",
    r".*\.mlp\.[^0]", r"blocks\.[1-2]\.attn\.(weight|bias)", r".{4}", r".{,5}", "head.weight",
    r"(?s).*k.*", r"blocks\.1\.norm\.weight$", r"\Amask\Z", r"[\w.]*\.0\.[\w.]*", "", r"(?#why)mask",
    "blocks.9", r"blo{1}cks\..\.attn", r"[]x]|mask", r"m(?!u)ask", r"(?:embed|mask).*", "emb", r"\Qmask",
]  # fmt: skip


@pytest.fixture
def params():
    return gb.collect_params(language(), buffers=True)


@pytest.fixture
def report(params, tmp_path):
    return params.report(tmp_path / "net.html")


def test_patterns_take_what_they_take_in_python(params, report, show):
    opened = show(report)
    opened.list()
    for pattern in PATTERNS:
        opened.search(pattern)
        try:
            wanted = params.select(pattern, allow_empty=True).names() if pattern else params.names()
        except gb.PatternError:
            assert "cannot be read as a regular expression" in opened.found(), pattern
            wanted = []
        assert opened.names() == wanted, pattern


def test_text_finds_parts_of_names_whatever_the_case(params, report, show):
    opened = show(report)
    opened.list()
    opened.page.click("#mode [data-mode=text]")
    for text in ("Weight", "s.1.m", "head", ".", "*"):
        opened.search(text)
        wanted = [n for n in params if any(text.lower() in slot.lower() for slot in params[n].slots)]
        assert opened.names() == wanted
        assert opened.found().startswith(f"{len(wanted)} of 26" if wanted else "Nothing of 26")


def test_a_pattern_that_takes_nothing_offers_one_that_does(report, show):
    opened = show(report)
    opened.search("weight")
    opened.page.click("#found button")
    assert opened.page.input_value("#search") == r".*\.weight"
    assert opened.found().startswith("13 of 26 parameters")
    opened.search("(")
    assert "cannot be read as a regular expression: " in opened.found()
    opened.search("(?x: embed )")  # the browser has no such mode, and says that it has not
    assert "cannot be read as a regular expression" in opened.found()


def test_columns_sort_by_what_numpy_computes(params, report, show):
    opened = show(report)
    opened.list()
    std = {name: float(np.std(p.numpy(), dtype=np.float64)) for name, p in params.items()}
    spread = [name for name in params if std[name] > 0]
    for arrow, sign in (("↓", -1), ("↑", 1)):
        opened.page.click("#head .std button")
        names = [name for name in opened.names() if std[name] > 0]
        assert opened.page.inner_text("#head .std .arrow") == arrow
        # The report keeps four digits, so nearly equal ones may stand either way round.
        told = [sign * std[name] for name in names]
        assert sorted(names) == sorted(spread)
        assert all(a < b or a == pytest.approx(b, rel=1e-3) for a, b in itertools.pairwise(told))
    opened.page.click("#head .std button")
    assert opened.names() == params.names()
    opened.page.click("#head .name button")
    assert opened.names() == sorted(params)
    opened.page.click("#head .size button")
    assert opened.names()[0] == max(params, key=lambda name: params[name].size)


def test_the_tree_opens_and_sorts_within_layers(report, show):
    opened = show(report)
    opened.page.click("#collapse")
    assert opened.names() == ["mask", "embed", "blocks", "head"]
    opened.page.click("#expand")
    assert len(opened.names()) == 26 + 1 + 21  # parameters, the head's name for the embedding, layers
    opened.page.click("#collapse")
    opened.page.click("#head .size button")
    assert opened.names()[:2] == ["blocks", "embed"]
    layer = opened.line("blocks")
    assert layer.get_attribute("aria-expanded") == "false"
    assert "24 parameters" in layer.inner_text()
    layer.click()
    assert opened.line("blocks").get_attribute("aria-expanded") == "true"
    assert opened.names()[1:4] == ["0", "1", "2"]


def test_a_page_says_what_numpy_and_the_parameter_say(params, report, show):
    opened = show(report)
    opened.list()
    for name in ("blocks.1.mlp.0.weight", "mask"):
        opened.open(name)
        assert opened.page.inner_text("#panel-name") == name
        values, facts = params[name].numpy().astype(np.float64), opened.facts()
        wanted = {
            "Mean": values.mean(), "Std": values.std(), "Norm": np.linalg.norm(values), "Min": values.min(),
            "Max": values.max(), "Median": np.median(values), "25%": np.quantile(values, 0.25),
        }  # fmt: skip
        for what, value in wanted.items():
            told = float(facts[what][0].replace("−", "-"))
            assert told == pytest.approx(value, rel=1e-2 if "%" in what or what == "Median" else 2e-3), what
        assert facts["Shape"] == [str(values.shape)]
        assert facts["Elements"] == [f"{values.size:,}"]
        assert opened.page.locator("#panel .histogram .hit").count() == 48
        shares = opened.page.locator("#panel .histogram title").all_text_contents()
        told = [float(text.split("about ")[1].strip("%<")) for text in shares]
        assert sum(told) == pytest.approx(100, abs=1)
    assert facts["Kind"] == ["buffer"] and facts["Zeros"] == ["6 (37.5%)"]


def test_a_page_says_where_values_come_from(report, show):
    opened = show(report, address="#p=blocks.0.attn.weight")
    facts = opened.facts()
    assert facts["Initializer"] == ["Normal(0.1)"] and facts["Seed"] == ["0"]
    assert facts["Rule"] == ['".*weight"'] and facts["Edited since"] == ["no"]


def test_ties_lead_to_one_page(report, show):
    opened = show(report, address="#p=head.weight")
    assert opened.page.inner_text("#panel-name") == "embed.weight"
    assert "head.weight is the same array" in opened.page.inner_text("#panel")
    links = opened.page.locator("#panel .ties a")
    assert links.all_inner_texts() == ["embed.weight", "head.weight"]
    links.first.click()
    opened.page.wait_for_url("**#p=embed.weight")
    assert "same array" not in opened.page.inner_text("#panel")
    alias = opened.page.locator("#rows .alias")
    assert alias.inner_text().split() == ["weight", "=", "embed.weight"]
    opened.page.click("#panel button:has-text('Close')")
    alias.click()
    assert opened.page.inner_text("#panel-name") == "embed.weight"


def test_pages_have_addresses_and_back_works(report, show):
    opened = show(report)
    opened.list()
    opened.open("mask")
    assert opened.page.url.endswith("#p=mask")
    opened.open("blocks.0.norm.bias")
    opened.page.go_back()
    opened.page.get_by_role("heading", name="mask").wait_for()
    opened.page.go_back()
    assert opened.page.locator("#panel").is_hidden()
    opened.page.evaluate("location.hash = '#p=no.such'")
    opened.page.get_by_text("no.such is no name in this report.").wait_for()


def test_everything_can_be_done_by_keyboard(params, report, show):
    opened = show(report)
    keys = opened.page.keyboard
    keys.press("/")
    keys.type("blocks.0.mlp")
    opened.page.get_by_text("4 of 26 parameters").wait_for()
    keys.press("Escape")
    assert opened.page.evaluate("document.activeElement.id") == "grid"

    def active():
        return opened.page.locator("#grid").evaluate(
            "grid => document.getElementById(grid.getAttribute('aria-activedescendant'))"
            ".querySelector('.text').textContent"
        )

    names = opened.names()
    assert names == ["blocks", "0", "mlp", "0", "weight", "bias", "2", "weight", "bias"]
    keys.press("End")
    assert active() == "bias"
    keys.press("Home")
    for _ in range(4):
        keys.press("ArrowDown")
    keys.press("Enter")
    opened.page.get_by_role("heading", name="blocks.0.mlp.0.weight").wait_for()
    assert opened.page.evaluate("document.activeElement.id") == "panel-name"
    opened.page.get_by_role("button", name="Next parameter").click()
    opened.page.get_by_role("heading", name="blocks.0.mlp.0.bias").wait_for()
    keys.press("Escape")
    assert opened.page.locator("#panel").is_hidden()
    assert opened.page.evaluate("document.activeElement.id") == "grid"
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    assert opened.names() == ["blocks", "0", "mlp", "0", "2", "weight", "bias"]
    keys.press("ArrowRight")
    assert opened.names() == names
    opened.page.focus("#mode [data-mode=pattern]")
    keys.press("ArrowRight")
    assert opened.page.get_attribute("#mode [data-mode=text]", "aria-checked") == "true"


def test_the_map_leads_to_parameters_and_into_layers(params, report, show):
    opened = show(report)
    opened.page.focus("#treemap")
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.inner_text("#tip b") in params.names()
    opened.page.keyboard.press("ArrowDown")
    told = opened.page.inner_text("#tip")
    opened.page.keyboard.press("Enter")
    assert opened.page.inner_text("#panel-name") in told
    opened.page.keyboard.press("Escape")
    opened.page.focus("#treemap")
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("+")
    assert opened.page.locator("#crumbs [aria-current]").inner_text() != "whole model"
    opened.page.keyboard.press("Backspace")
    assert opened.page.locator("#crumbs [aria-current]").inner_text() == "whole model"
    box = opened.page.locator("#treemap").bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert opened.page.inner_text("#panel-name") in params


def test_the_map_gives_each_element_the_same_area(show):
    """Two colours by type: the pixels of each are as many as its elements."""
    net = nn.ParameterList([torch.zeros(3000), torch.zeros(1000, dtype=torch.float64)])
    opened = show(page(entries_of(net), title="areas", sides=["areas"]))
    opened.page.select_option("#colour", "dtype")
    counts = opened.page.evaluate(
        """() => {
          const canvas = document.getElementById("treemap");
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const counts = {};
          for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] === 255) {
              const colour = data.slice(at, at + 3).join();
              counts[colour] = (counts[colour] || 0) + 1;
            }
          return Object.values(counts).sort((a, b) => b - a).slice(0, 2);
        }"""
    )
    assert counts[0] / counts[1] == pytest.approx(3, rel=0.02)


def entries_of(net):
    from glueball.parameters.seeing.reporting import entries

    return entries(gb.collect_params(net))


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_follow_the_system_and_the_choice(report, show, size, theme):
    opened = show(report, theme=theme, size=size)

    def light(of="background-color", at="body"):
        colour = opened.page.locator(at).first.evaluate(f"e => getComputedStyle(e).getPropertyValue('{of}')")
        return sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128

    assert light() is (theme == "light")
    assert light("color", "#rows .layer .text") is (theme == "dark")
    for chosen in ("dark", "light"):
        opened.page.click(f"#theme [data-theme={chosen}]")
        assert light() is (chosen == "light")
        assert light("color") is (chosen == "dark")
    opened.page.reload()
    assert light() is True  # the last choice was kept
    opened.page.click("#theme [data-theme=auto]")
    assert light() is (theme == "light")


def test_a_phone_scrolls_in_one_direction(report, show):
    opened = show(report, size=PHONE)

    def wide():
        return opened.page.evaluate("document.scrollingElement.scrollWidth")

    assert wide() <= PHONE["width"]
    opened.page.evaluate("location.hash = '#p=blocks.0.mlp.0.weight'")
    opened.page.locator("#panel-name").wait_for()
    box = opened.page.locator("#panel").bounding_box()
    assert (box["x"], box["width"]) == (0, PHONE["width"])
    assert opened.page.locator("#panel").evaluate("panel => panel.scrollWidth") <= PHONE["width"]


def test_names_that_attack_are_shown_as_text(show, tmp_path):
    params = gb.collect_params(hostile())
    report = params.report(tmp_path / "net.html", title="</title><script>hacked = 1</script>")
    opened = show(report)
    opened.list()
    assert opened.names() == params.names()
    for name in params:
        opened.page.evaluate("([name]) => { location.hash = '#p=' + encodeURIComponent(name) }", [name])
        opened.page.locator("#panel-name").wait_for()
        assert opened.page.locator("#panel-name").text_content() == name
        assert opened.page.locator("#panel-name > :not(wbr)").count() == 0
    opened.page.click("#panel button:has-text('Close')")
    opened.page.click("#mode [data-mode=text]")
    for name in HOSTILE[:2]:
        opened.search(name.partition(".")[0])
        assert len(opened.names()) == 1
    assert opened.page.evaluate("typeof hacked") == "undefined"
    assert opened.page.locator("h1").text_content() == "</title><script>hacked = 1</script>"
    assert opened.page.locator("img, b b, main script").count() == 0


def test_half_a_pair_of_surrogates_has_a_page(show):
    facts = Facts("(1,)", "float32", 1, 4, True, "cpu", "", "", ("\ud800",), 0, (), None, None, "", ())
    opened = show(page([Entry("\ud800", (facts,))], title="odd", sides=["odd"]))
    opened.page.click("#rows .row")
    assert "There are none: not yet." in opened.page.inner_text("#panel")


def test_the_policy_stops_all_that_is_not_the_page(report, show):
    opened = show(report, quiet=False)
    stopped = opened.page.evaluate(
        """async () => {
          const stopped = new Set();
          addEventListener("securitypolicyviolation", (event) => stopped.add(event.effectiveDirective));
          const add = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set));
          add("script", { textContent: "window.ran = 1" });
          add("style", { textContent: "body { color: rgb(1, 2, 3) }" });
          add("img", { src: "data:image/gif;base64,R0lGODlhAQABAAAAACw=" });
          add("iframe", { src: "https://example.com" });
          document.body.setAttribute("style", "color: rgb(1, 2, 3)");
          await fetch("https://example.com").catch(() => 0);
          await new Promise((done) => setTimeout(done, 50));
          return [...stopped, String(window.ran), getComputedStyle(document.body).color];
        }"""
    )
    *directives, ran, colour = stopped
    assert {
        "script-src-elem",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "frame-src",
        "connect-src",
    } <= set(directives)
    assert ran == "undefined" and colour != "rgb(1, 2, 3)"


def test_twenty_thousand_lines_are_drawn_as_few(show):
    def facts(name):
        return Facts("(1,)", "float32", 1, 4, True, "cpu", "", "", (name,), 0, (), None, None, "", ())

    names = [f"{layer}.{at}" for layer in range(200) for at in range(100)]
    entries = [Entry(name, (facts(name),)) for name in names]
    opened = show(page(entries, title="large", sides=["large"]), size=DESK)
    opened.list()
    assert opened.found().startswith("20,000 parameters")
    assert opened.page.locator("#rows .row").count() < 80
    assert opened.names()[0] == "0.0"
    opened.page.focus("#grid")
    opened.page.keyboard.press("End")
    assert opened.names()[-1] == "199.99"
    assert opened.line("199.99").is_visible()
    assert opened.page.locator("#rows .row").count() < 80
    opened.search(r"1\d\.5")
    assert opened.names() == [f"{n}.5" for n in range(10, 20)]


def test_two_sides_show_what_differs(show, tmp_path):
    before, after = language(), language()
    with torch.no_grad():
        after.blocks[1].attn.weight.add_(0.01)
        after.blocks[2].mlp[0] = nn.Linear(16, 8)
        after.extra = nn.Linear(2, 2, bias=False)
        after.head.weight = nn.Parameter(after.embed.weight.clone())
        after.embed.weight.mul_(3)
        del after.blocks[0].norm
    a = gb.collect_params(before)
    report = a.report(tmp_path / "net.html", after, labels=("before", "after"))
    opened = show(report)
    opened.list()

    def shown(status):
        opened.page.select_option("#show", status)
        return opened.names()

    assert shown("added") == ["extra.weight"]
    assert shown("retied") == ["embed.weight", "head.weight"]
    assert shown("removed") == ["blocks.0.norm.weight", "blocks.0.norm.bias"]
    assert shown("reshaped") == ["blocks.2.mlp.0.weight", "blocks.2.mlp.0.bias"]
    assert shown("changed") == ["blocks.1.attn.weight"]
    assert shown("unlike") == [name for name in opened.names() if name != "mask"]
    opened.page.click("#head .relative button")
    assert opened.names()[:2] == ["embed.weight", "blocks.1.attn.weight"]
    opened.open("blocks.1.attn.weight")
    facts = opened.facts()
    values = a["blocks.1.attn.weight"].numpy()
    wanted = 0.01 * values.size**0.5 / np.linalg.norm(values)
    assert float(facts["Relative change"][0]) == pytest.approx(wanted, rel=2e-3)
    assert float(facts["Largest |Δ|"][0]) == pytest.approx(0.01, rel=1e-3)
    assert len(facts["Mean"]) == 2
    assert float(facts["Mean"][1].replace("−", "-")) == pytest.approx(values.mean() + 0.01, rel=1e-2)
    assert opened.page.locator("#panel .histogram g").count() == 2
    opened.page.select_option("#show", "removed")
    opened.open("blocks.0.norm.weight")
    assert "removed not in after" in " ".join(opened.page.inner_text("#panel").split())


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_long_label_leaves_the_other_side_its_room(params, show, tmp_path, size):
    labels = ["a", "x" * 300]
    report = params.report(tmp_path / "net.html", params.snapshot(), labels=labels)
    page = show(report, size=size, address="#p=blocks.0.mlp.0.weight").page
    page.locator("#panel-name").wait_for()
    cells = page.locator("#panel tr:has-text('Shape') td")
    first, second = (cells.nth(at).bounding_box() for at in (0, 1))
    assert abs(first["width"] - second["width"]) <= 1 and first["height"] < 40


def test_what_has_no_values_no_elements_or_odd_ones(show, tmp_path):
    net = nn.Module()
    net.lazy = nn.LazyLinear(4)
    net.register_parameter("empty", nn.Parameter(torch.zeros(0, 3)))
    net.register_parameter("complex", nn.Parameter(torch.tensor([3 + 4j, 0])))
    net.register_parameter("bad", nn.Parameter(torch.tensor([1.0, float("nan"), float("-inf")])))
    net.register_parameter("one", nn.Parameter(torch.tensor(2.5)))
    net.register_buffer("count", torch.tensor([2**40, 1]))
    net.register_buffer("halves", torch.tensor([1.5], dtype=torch.bfloat16))
    net.register_parameter("gone", nn.Parameter(torch.zeros(3, device="meta")))
    params = gb.collect_params(net, buffers=True)
    opened = show(params.report(tmp_path / "net.html"))
    assert "1 with NaN or ∞" in opened.page.inner_text("#findings")
    opened.list()
    opened.open("bad")
    facts = opened.facts()
    assert facts["NaN"] == ["1 (33.3%)"] and facts["±∞"] == ["1 (33.3%)"] and facts["Mean"] == ["1"]
    opened.open("lazy.weight")
    assert "There are none: its layer has not run." in opened.page.inner_text("#panel")
    opened.open("gone")
    assert "There are none: it lies on the meta device." in opened.page.inner_text("#panel")
    opened.open("complex")
    assert opened.facts()["Norm"] == ["5"]
    opened.open("count")
    assert opened.facts()["Max"] == ["1.1e12"]
    opened.open("empty")
    assert opened.facts()["Mean"] == ["–"]


def test_nothing_selected_is_a_page_that_says_so(show, params, tmp_path):
    nothing = params.select("no.such", allow_empty=True)
    opened = show(nothing.report(tmp_path / "net.html"))
    assert opened.found() == "0 parameters"
    assert opened.names() == []


def test_what_a_phone_sorts_by_is_seen(report, show):
    opened = show(report, size=PHONE)
    titles = opened.page.locator("#head button span:first-child")
    for key, title in (("zeros", "Zeros"), ("max", "Max")):
        assert title not in titles.all_inner_texts()
        opened.page.select_option("#sort", key)
        assert title in titles.all_inner_texts()
        assert opened.page.locator("#head [aria-sort=descending]").get_attribute("class") == f"cell {key}"
