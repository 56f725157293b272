"""A real browser for the reports: Debian's chromium, driven by Playwright; without it tests skip."""

from __future__ import annotations

import shutil

import pytest

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
TALL = {"width": 1440, "height": 2000}  # lines beyond the window do not exist


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium: apt install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path)
        yield browser
        browser.close()


class Opened:
    """A report in a browser, and what tests ask of it again and again."""

    def __init__(self, page):
        self.page = page

    def names(self):
        """The names in the lines that are drawn, in order."""
        rows = self.page.locator("#rows .row")
        texts = rows.evaluate_all(
            "rows => rows.map(row => [Number(row.id.slice(4)), row.querySelector('.text').textContent])"
        )
        return [text for _, text in sorted(texts)]

    def list(self):
        self.page.click("#view [data-view=list]")

    def search(self, text):
        """Search, and wait until that is what is shown."""
        before = self.page.evaluate("performance.getEntriesByName('searched').length")
        self.page.fill("#search", text)
        for _ in range(200):
            if self.page.evaluate("performance.getEntriesByName('searched').length") > before:
                return
            self.page.wait_for_timeout(10)
        raise AssertionError("the search did not end")

    def found(self):
        return self.page.inner_text("#found")

    def line(self, name):
        """The line of a parameter, by its whole name."""
        return self.page.locator("#rows .row").filter(has=self.page.locator(f'[title="{name}"]')).first

    def open(self, name):
        self.line(name).click()
        self.page.locator("#panel-name").wait_for()

    def facts(self):
        """The tables of the open panel, as {what: texts}."""
        return dict(
            self.page.locator("#panel tr:has(th[scope=row])").evaluate_all(
                "rows => rows.map(row => [row.cells[0].textContent,"
                " [...row.cells].slice(1).map(cell => cell.textContent)])"
            )
        )


@pytest.fixture
def show(chromium, tmp_path):
    """Open a report (its text, or a path) in a fresh window; nothing may be logged, asked for or blocked."""
    contexts, said = [], []

    def opening(report, size=TALL, theme="light", address="", quiet=True):
        path = report
        if isinstance(report, str):
            path = tmp_path / f"report{len(contexts)}.html"
            path.write_text(report, "utf-8")
        context = chromium.new_context(viewport=size, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        if quiet:
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda asked: said.append(asked.url) if asked.url != path.as_uri() else None)
        page.goto(path.as_uri() + address)
        opened = Opened(page)
        return opened

    yield opening
    for context in contexts:
        context.close()
    assert [text for text in said if "#" not in text] == []
