"""The shell: `glueball show | stats | diff | convert | check | rename | set-metadata | report | tour | run`.

A command is imported when it is called, so that `glueball show` costs no more than it needs. No command but
`tour` and `run` imports a framework.

Exit codes: 0 when all is well; 1 when `diff` finds a difference or `check` finds something wrong (and when
`tour` or `run` cannot start, or the script that `run` runs fails); 2 for trouble: a mistake in the command
line, a file that cannot be read or written.

The rooms inside: `running` (`tour` and `run`), one for each other command, and what they share: `arguments`,
`sources` (files, standard input, patterns) and `output` (tables, JSON).
"""

from __future__ import annotations

import errno
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..errors import GlueballError

__all__ = ["main"]

# command -> (the module that has it, its line in the help)
_COMMANDS = {
    "show": ("show", "What is in a checkpoint: names, shapes, dtypes, bytes, ties."),
    "stats": ("stats", "Statistics of each array, with a small histogram."),
    "diff": ("diff", "How two checkpoints differ; exits like diff."),
    "check": ("check", "Find what is wrong with a checkpoint; for continuous integration."),
    "convert": ("convert", "Write a checkpoint in another format, dtype or selection."),
    "rename": ("edit", "Write a checkpoint with other names."),
    "set-metadata": ("edit", "Write a safetensors file with other metadata."),
    "report": ("report", "Write a report of a checkpoint as one HTML file."),
    "tour": ("running", "Train a small tied network, and see its parameters on the way."),
    "run": ("running", 'Run a Gluon script, one that says "import mxnet", on PyTorch.'),
}


class Trouble(click.ClickException):
    """Something that could not be done."""

    exit_code = 2


class Shell(click.Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[cmd_name][0]}", __name__)
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what glueball or the system refuses is one line and exit code 2."""
        try:
            return super().invoke(ctx)
        except GlueballError as error:
            raise Trouble(str(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # `| head` has seen enough; click ends quietly
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise Trouble(f"{where}{error.strerror or error}") from None


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glueball")
def main() -> None:
    """One home for the parameters of a deep-learning model.

    FILE is a checkpoint of any format (safetensors, PyTorch, MXNet's .params, NumPy, Keras), known by its
    content; a folder or an index of shards; an address such as https://…; or - for standard input. PATTERN is
    a regular expression that matches a whole name, or the whole path of a layer that contains it.

    Exit codes: 0 all is well, 1 a difference or a finding, 2 trouble.
    """
