"""The shell: `glueball tour`, `glueball run`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

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


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(script: Path, arguments: tuple[str, ...]) -> None:
    """Run a Gluon SCRIPT, one that says "import mxnet", on PyTorch.

    ARGUMENTS are the script's own. NumPy's scalars print as they did in MXNet's time.
    """
    try:
        import numpy as np

        from .mxnet import install
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise click.ClickException("Gluon runs on PyTorch: pip install 'glueball[torch]'") from None
    install()
    np.set_printoptions(legacy="1.25")
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    runpy.run_path(str(script), run_name="__main__")
