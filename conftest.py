"""What the whole test run shares: the pages that are run as tests, and Hypothesis's profiles.

Every ``python`` block of README.md and docs/*.md is a test; the blocks of one page run in their
order and share one namespace, so pytest-xdist needs ``--dist=loadfile``. The doctests in the
docstrings of src are collected by pytest itself (``--doctest-modules``).
"""

from __future__ import annotations

import os

from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md"],
).pytest()

collect_ignore = ["docs/conf.py"]

# "ci" draws the same examples in every run, so that a failure is the change's; "dev" explores.
# Neither has a deadline: on a shared machine a slow example is no failure.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
