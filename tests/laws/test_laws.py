"""Every law over every framework. One framework alone: `pytest tests/laws -k nnx`.

A framework that is not installed is skipped; a law that cannot be is no skip: the framework says which
error the framework gives, and that error is what is tested.
"""

from __future__ import annotations

import re

import pytest

from laws import page
from laws.framework import Framework
from laws.table import FRAMEWORKS
from laws.verbs import LAWS


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda f: f.id)
def test_law(framework: Framework, law: str) -> None:
    if not framework.there():
        pytest.skip(f"{framework.title} is not installed")
    _, check = LAWS[law]
    if law in framework.refuses:
        error, text, _ = framework.refuses[law]
        with pytest.raises(error, match=re.escape(text)):
            check(framework)
    else:
        check(framework)


def test_refusals_are_for_laws_that_there_are():
    for framework in FRAMEWORKS:
        assert set(framework.refuses) <= set(LAWS)


def test_the_page_shows_this_table():
    assert page.PAGE.read_text(encoding="utf-8") == page.with_table(page.PAGE.read_text(encoding="utf-8"))


def test_the_guide_shows_the_adapter_that_is_tested():
    guide = (page.PAGE.parent / "add-a-framework.md").read_text(encoding="utf-8")
    code = page.PAGE.parents[1].joinpath("tests/laws/tinynet_adapter.py").read_text(encoding="utf-8")
    assert code.partition("annotations\n\n")[2] in guide
