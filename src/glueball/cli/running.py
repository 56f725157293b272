"""`glueball tour` and `glueball run`: the commands that need PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, TracebackType

import click

from ..errors import GlueballError

__all__ = ["run", "tour"]


@click.command()
def tour() -> None:
    """Train a small tied network on handwritten digits, and see its parameters on the way."""
    try:
        from ..tour import run
    except GlueballError as error:
        raise click.ClickException(str(error)) from None
    run()


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(script: Path, arguments: tuple[str, ...]) -> None:
    """Run a Gluon SCRIPT, one that says "import mxnet", on PyTorch.

    ARGUMENTS are the script's own. NumPy's scalars print as they did in MXNet's time.
    """
    try:
        import numpy as np

        from ..mxnet import install
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise click.ClickException("Gluon runs on PyTorch: pip install 'glueball[torch]'") from None
    install()
    np.set_printoptions(legacy="1.25")
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        _run_as_main(script)
    except SystemExit:
        raise
    except BaseException as error:
        # As Python itself does it; click would say "Aborted!" of some, and show its own frames of all.
        error.__traceback__ = _from(str(script), error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _run_as_main(script: Path) -> None:
    """Run a file as the module `__main__`, which it stays: its threads and its pickles look there."""
    main = ModuleType("__main__")
    main.__file__ = str(script)
    sys.modules["__main__"] = main
    exec(compile(script.read_bytes(), str(script), "exec"), vars(main))


def _from(file: str, traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame in a file on; nothing where there is none in it."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename != file:
        traceback = traceback.tb_next
    return traceback
