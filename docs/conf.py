"""Sphinx's configuration: `make docs` builds the pages without a warning or fails."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as installed_version
from typing import Any

from sphinx.application import Sphinx

project = "glueball"
author = "the glueball authors"
version = release = installed_version("glueball")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"glueball {version}"

# Docstrings are plain text in which one pair of backticks marks code.
default_role = "code"

autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    # What a class of ours inherits from another of ours belongs to it; Python's own does not.
    "inherited-members": "Mapping,Exception,BaseException,KeyError,tuple,object",
}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
myst_heading_anchors = 3

# Rooms with a section of their own on the API page.
HOMES = ("init", "errors", "patterns", "measures", "streams", "slots", "adapter")


def described_at_home(app: Sphinx, kind: str, name: str, obj: Any, *_: Any) -> bool | None:
    """Leave out of `glueball`'s section what the section of its own module describes."""
    if app.env.current_document.autodoc_module != "glueball":
        return None
    homes = (import_module(f"glueball.{home}") for home in HOMES)
    at_home = any(name in home.__all__ and getattr(home, name) is obj for home in homes)
    return True if at_home else None


def setup(app: Sphinx) -> None:
    """Register the hook above."""
    app.connect("autodoc-skip-member", described_at_home)
