"""The report of a model of 20,000 parameters: how long it takes to make, its size, and to open in Chromium.

Run: python benchmarks/report.py
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import linears

import glueball as gb

SEARCH = r".*\.weight"


def opened(path: Path, rounds: int = 5) -> dict[str, float]:
    """Median seconds in headless Chromium: until the page is drawn, of a search, a sort and a long scroll."""
    from playwright.sync_api import sync_playwright

    timed: dict[str, list[float]] = {
        "open": [],
        "search": [],
        "sort": [],
        "open all layers": [],
        "scroll": [],
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(path.as_uri())
            # From the navigation's start to the first frame that shows the table.
            timed["open"].append(page.evaluate("new Promise(done => requestAnimationFrame(done))") / 1e3)

            def run(what: str, script: str, page: Any = page) -> None:
                start = "const start = performance.now();"
                drawn = "document.body.offsetHeight; return performance.now() - start;"
                timed[what].append(page.evaluate(f"() => {{ {start} {script}; {drawn} }}") / 1e3)

            run("open all layers", "document.getElementById('expand').click()")
            page.fill("#search", SEARCH)
            page.get_by_text("10,000 of 20,000").wait_for()
            run("search", "document.querySelector('#mode [data-mode=text]').click()")
            page.fill("#search", "weight")
            page.get_by_text("10,000 of 20,000").wait_for()
            page.click("#view [data-view=list]")
            run("sort", "document.querySelector('#head .std button').click()")
            run("scroll", "window.scrollTo(0, 100000); window.dispatchEvent(new Event('scroll'))")
            page.close()
        browser.close()
    return {what: sorted(times)[len(times) // 2] for what, times in timed.items()}


def main() -> None:
    """Print the rows."""
    model, other = linears(10_000), linears(10_000)
    for net in (model, other):
        for tensor in net.parameters():
            tensor.grad = torch.rand_like(tensor)
    params = gb.collect_params(model)
    with tempfile.TemporaryDirectory() as folder:
        for what, second in (("20,000 parameters with gradients", None), ("… beside another model", other)):
            start = time.perf_counter()
            path = params.report(Path(folder, "net.html"), second)
            made = time.perf_counter() - start
            print(f"{what}: made in {made:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
            if shutil.which("chromium"):
                times = ", ".join(f"{what} {seconds:.3f} s" for what, seconds in opened(path).items())
                print(f"  in Chromium: {times}")


if __name__ == "__main__":
    main()
