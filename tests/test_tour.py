"""The tour runs end to end on real data, learns, and prints every step; the shell starts it."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

from click.testing import CliRunner
from rich.console import Console

from glueball.cli import main
from glueball.tour import STEPS, run


def test_the_tour_trains_a_tied_network_on_digits():
    console = Console(file=StringIO(), width=140)
    result = run(console)
    printed = console.file.getvalue()
    assert result.after > 0.95 > 0.3 > result.before
    for words in (
        "encoder.weight  (32, 64)  float32  2,048",
        'Write ".*bias": it takes 4.',
        "Exchange: an optimizer must drop decoder.weight; add nothing",
        "tied with decoder.weight",
        "test digits named rightly",
        '>>> torch.allclose(params["encoder.weight"].grad(), both)\nTrue',
        "the optimizer holds what the model trains",
    ):
        assert words in printed
    for number, (title, code) in enumerate(STEPS, 1):
        assert f"{number}. {title}\n" in printed
        assert max(map(len, (title, *code.split("\n")))) <= 76  # what fits in a narrow terminal


def test_the_tour_repeats_itself():
    first, second = (run(Console(file=StringIO()), epochs=2) for _ in range(2))
    assert (first.before, first.after) == (second.before, second.after)


def test_the_shell():
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    assert "tour" in shown.output
    assert CliRunner().invoke(main, ["--version"]).output == "glueball, version 0.1.0\n"
    assert CliRunner().invoke(main, ["no-such-thing"]).exit_code == 2


def test_the_tour_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None\nfrom glueball.cli import main\nmain(['tour'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: the tour needs sklearn, which is not installed: pip install 'glueball[tour]'\n"
    )
