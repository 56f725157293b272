"""Tables in a notebook, rendered by Chromium under the rules that JupyterLab has for them."""

from __future__ import annotations

import pytest
from nets import language

import glueball as gb

JUPYTER = """
.out table { border: none; border-collapse: collapse; margin: 0 auto 1em; table-layout: fixed; }
.out td, .out th { text-align: right; padding: 0.5em; white-space: normal; }
"""


@pytest.mark.parametrize(("paper", "ink"), [("white", "rgb(0, 0, 0)"), ("#111", "rgb(238, 238, 238)")])
def test_tables_take_the_notebooks_ink_and_keep_numbers_whole(chromium, paper, ink):
    net = language()
    params = gb.collect_params(net, buffers=True)
    before = params.snapshot()
    net.embed.weight.data.mul_(2)
    shown = [
        params,
        params["embed.weight"],
        params.select(r".*\.bias").plan({".*": 0}, seed=0),
        params.stats(),
        gb.diff(before, params),
    ]
    page = chromium.new_page(viewport={"width": 900, "height": 900})
    page.set_content(
        f"<style>body {{ background: {paper}; color: {ink} }} {JUPYTER}</style><div class=out>"
        + "".join(one._repr_html_() for one in shown)
        + "</div>"
    )
    tables = page.locator("table")
    assert tables.count() == len(shown)
    colours = page.locator(".out *").evaluate_all(
        "all => [...new Set(all.map(e => getComputedStyle(e).color))]"
    )
    assert colours == [ink]
    backgrounds = "all => [...new Set(all.map(e => getComputedStyle(e).backgroundColor))]"
    assert page.locator(".out *").evaluate_all(backgrounds) == ["rgba(0, 0, 0, 0)"]
    # No line is higher than one line of text, and the page itself does not scroll sideways.
    heights = page.locator("td").evaluate_all("cells => cells.map(cell => cell.offsetHeight)")
    assert max(heights) < 1.5 * min(heights)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 900
    assert page.locator("td").first.bounding_box()["x"] < 20
    alignments = page.locator("table:first-of-type tr:nth-child(2) td").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).textAlign)"
    )
    assert alignments[:4] == ["left", "left", "left", "right"]
    page.close()
