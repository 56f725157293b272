"""The shell: `glueball tour`."""

from __future__ import annotations

import click

from . import __version__
from .errors import GlueballError

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glueball")
def main() -> None:
    """One home for the parameters of a deep-learning model."""


@main.command()
def tour() -> None:
    """Train a small tied network on handwritten digits, and see its parameters on the way."""
    try:
        from .tour import run
    except GlueballError as error:
        raise click.ClickException(str(error)) from None
    run()
