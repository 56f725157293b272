"""The tour: a small network on real data, its parameters named, found, initialised, edited, tied, trained.

`glueball tour` runs it. What is shown is what is run: each step is a line of explanation, and code whose
statements are printed and executed one by one.
"""

from __future__ import annotations

import ast
import copy
import time
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

import glueball

from .errors import GlueballError, MissingExtraError

try:
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
except ImportError as missing:
    package = str(missing.name).partition(".")[0]
    raise MissingExtraError(
        f"the tour needs {package}, which is not installed: pip install 'glueball[tour]'"
    ) from missing

__all__ = ["Digits", "Result", "run"]


class Decoder(nn.Module):
    """Back from the code to the picture, by a weight used transposed: pixels = code @ weight + bias."""

    def __init__(self, pixels: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, pixels))
        self.bias = nn.Parameter(torch.zeros(pixels))

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        """Pictures, (batch, pixels), of codes, (batch, width)."""
        return code @ self.weight + self.bias


class Digits(nn.Module):
    """An encoder, a decoder that draws the picture again, and a head that names the digit."""

    def __init__(self, pixels: int = 64, width: int = 32) -> None:
        super().__init__()
        self.encoder = nn.Linear(pixels, width)
        self.decoder = Decoder(pixels, width)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 10))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(pictures drawn again, scores of the ten digits) for pictures, (batch, pixels)."""
        code = torch.relu(self.encoder(pictures))
        return self.decoder(code), self.head(code)


class Result(NamedTuple):
    """What the tour ended with: the share of test digits named rightly, before and after training."""

    before: float
    after: float
    seconds: float


def _loss(net: Digits, pictures: torch.Tensor, digits: torch.Tensor) -> torch.Tensor:
    drawn, scores = net(pictures)
    return nn.functional.cross_entropy(scores, digits) + nn.functional.mse_loss(drawn, pictures)


def _accuracy(net: Digits, pictures: torch.Tensor, digits: torch.Tensor) -> float:
    with torch.no_grad():
        return float((net(pictures)[1].argmax(1) == digits).float().mean())


STEPS = (
    (
        "Every parameter of a model has a name",
        "params = gb.collect_params(net)\nparams",
    ),
    (
        "Find some: by pattern, by layer class, by what is true of them",
        'params.select(r".*\\.bias").names()\n'
        '(params.select(nn.Linear) - params.select("encoder")).names()\n'
        "params.select(lambda p: p.ndim == 2).names()",
    ),
    (
        "A pattern that takes nothing says so, and what would work",
        'params.select("bias")',
    ),
    (
        "Initialise by rule: the first that matches wins",
        "rules = {\n"
        '    "head.0.weight": 1,\n'
        '    r".*\\.bias": 0,\n'
        '    r".*\\.weight": gb.init.Xavier(),\n'
        "}\n"
        "params.initialize(rules, seed=0)",
    ),
    (
        "Edit values in place: the model sees it at once",
        'bias = params["head.1.bias"]\n'
        "bias.data()[:] += 0.5\n"
        "net.head[1].bias[:4]\n"
        "bias.set_data(0)\n"
        "net.head[1].bias[:4]",
    ),
    (
        "Tie the decoder to the encoder: one array in two places",
        'params.tie("decoder.weight", "encoder.weight")\nparams["decoder.weight"]\nparams.totals()',
    ),
    (
        "Groups for an optimizer, by the same patterns",
        "groups = params.groups(\n"
        '    {r".*\\.bias|head\\.0": {"weight_decay": 0.0}}, lr=3e-3, weight_decay=0.01\n'
        ")\n"
        'for group in groups: print(group["weight_decay"], *group["param_names"])\n'
        "optimizer = torch.optim.AdamW(groups)",
    ),
    (
        "Train on 1,437 handwritten digits, test on 360 others, and watch",
        "start = params.snapshot()\n"
        "before = accuracy(net)\n"
        "with gb.watch(params, optimizer=optimizer, every=100) as log:\n"
        "    train(net, optimizer)\n"
        "after = accuracy(net)\n"
        'print(f"test digits named rightly: {before:.1%} before, {after:.1%} after")\n'
        "print(len(log.steps()), 'steps looked at,', len(log.findings), 'findings')",
    ),
    (
        "Gradients: a tied parameter's is the sum over its places",
        "apart = copy.deepcopy(net)\n"
        "separate = gb.collect_params(apart)\n"
        'separate.untie("decoder.weight")\n'
        "for each in (params, separate): each.zero_grad()\n"
        "for model in (net, apart): loss(model).backward()\n"
        'both = separate["encoder.weight"].grad() + separate["decoder.weight"].grad()\n'
        'torch.allclose(params["encoder.weight"].grad(), both)\n'
        'for name, p in params.items(): print(f"{name:15} {p.grad().norm():.5f}")',
    ),
    (
        "What training changed, and what the values are like now",
        "gb.diff(start, params)\nparams.stats(grad=False)",
    ),
    (
        "Does the optimizer still hold what the model trains?",
        "params.check_optimizer(optimizer)",
    ),
    (
        "Save it: the tie is stored once; a file is a model too",
        'params.save(folder + "/digits.safetensors", metadata={"epochs": "40"})\n'
        'file = gb.open(folder + "/digits.safetensors")\n'
        "file\n"
        'file["decoder.weight"].data()[0, :3]',
    ),
    (
        "Load it into a new network, which gets the tie back",
        "new = Digits()\n"
        "again = gb.collect_params(new)\n"
        'again.tie("decoder.weight", "encoder.weight")\n'
        "again.load(file)\n"
        "bool(gb.diff(net, new))\n"
        'print(f"{accuracy(new):.1%}")',
    ),
)
"""The steps: a heading, and the code that is shown and run."""


def run(console: Console | None = None, epochs: int = 40) -> Result:
    """Walk through it all on scikit-learn's handwritten digits; prints each line of code and its result.

    Args:
        console: where to print; the terminal if not given.
        epochs: passes over the 1,437 training pictures.
    """
    started = time.perf_counter()
    console = console or Console()
    torch.manual_seed(0)
    data = load_digits()
    split = train_test_split(data.data / 16, data.target, test_size=0.2, random_state=0)
    pictures, test_pictures = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    digits, test_digits = (torch.tensor(part) for part in split[2:])
    folder = TemporaryDirectory()
    names: dict[str, Any] = {
        "gb": glueball,
        "nn": nn,
        "np": np,
        "torch": torch,
        "copy": copy,
        "Digits": Digits,
        "net": Digits(),
        "folder": folder.name,
        "print": lambda *words: console.print(Text(" ".join(map(str, words)))),
        "accuracy": lambda net: _accuracy(net, test_pictures, test_digits),
        "train": lambda net, optimizer: _train(net, optimizer, pictures, digits, epochs, console),
        "loss": lambda net: _loss(net, test_pictures, test_digits),
    }
    for number, (title, code) in enumerate(STEPS, 1):
        console.print()
        console.print(Text(f"{number}. {title}", style="bold underline"))
        _show(code, names, console)
    folder.cleanup()
    result = Result(names["before"], names["after"], time.perf_counter() - started)
    console.print()
    console.print(f"The tour took {result.seconds:.1f} s. Next: the README, by task.")
    return result


def _show(code: str, names: dict[str, Any], console: Console) -> None:
    """Print and run each statement, and print the value of one that has a value, as Python's prompt does."""
    for statement in ast.parse(code).body:
        for at, line in enumerate(str(ast.get_source_segment(code, statement)).split("\n")):
            console.print(Text((">>> ", "... ")[at > 0] + line, style="bold"))
        try:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), "<tour>", "eval"), names)
                if value is not None:
                    console.print(value if hasattr(value, "__rich__") else Text(repr(value)))
            else:
                exec(compile(ast.Module([statement], []), "<tour>", "exec"), names)
        except GlueballError as error:
            console.print(Text(f"{type(error).__name__}: {error}", style="red"))


def _train(
    net: Digits, optimizer: Any, pictures: torch.Tensor, digits: torch.Tensor, epochs: int, console: Console
) -> None:
    """Train with a progress bar; batches of 64 in a fixed order of chance."""
    order = torch.Generator().manual_seed(0)
    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("training", total=epochs, loss=_loss(net, pictures, digits).item())
        for _ in range(epochs):
            total = 0.0
            for batch in torch.split(torch.randperm(len(digits), generator=order), 64):
                optimizer.zero_grad()
                loss = _loss(net, pictures[batch], digits[batch])
                torch.autograd.backward(loss)
                optimizer.step()
                total += loss.item() * len(batch)
            progress.update(bar, advance=1, loss=total / len(digits))
