"""The tour: a small network on real data, its parameters named, found, initialised, edited, tied, trained.

`glueball tour` runs it; each step is one line of explanation, the code, and what it prints.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from . import collect_params, init
from .errors import MissingExtraError, NothingSelectedError

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


def run(console: Console | None = None, epochs: int = 40) -> Result:
    """Walk through it all on scikit-learn's handwritten digits; prints as it goes.

    Args:
        console: where to print; the terminal if not given.
        epochs: passes over the 1,437 training pictures.
    """
    started = time.perf_counter()
    console = console or Console()

    def step(title: str, code: str = "") -> None:
        console.print()
        console.print(Rule(Text(title), align="left"))
        if code:
            console.print(Syntax(code, "python", background_color="default"))

    torch.manual_seed(0)
    data = load_digits()
    split = train_test_split(data.data / 16, data.target, test_size=0.2, random_state=0)
    pictures, test_pictures = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    digits, test_digits = (torch.tensor(part) for part in split[2:])

    net = Digits()
    step("1. Every parameter of a model has a name", "params = gb.collect_params(net)\nparams")
    params = collect_params(net)
    console.print(params.table())

    step(
        "2. Find some of them: by pattern, by layer class, by what is true of them",
        'params.select(r".*\\.bias")\nparams.select(nn.Linear) - params.select("encoder")\n'
        "params.select(lambda p: p.ndim == 2)",
    )
    console.print(Text(str(params.select(r".*\.bias").names())))
    console.print(Text(str((params.select(nn.Linear) - params.select("encoder")).names())))
    console.print(Text(str(params.select(lambda p: p.ndim == 2).names())))
    console.print("A pattern that takes nothing says so, and what would work:")
    try:
        params.select("bias")
    except NothingSelectedError as error:
        console.print(Text(str(error), style="yellow"))

    step(
        "3. Initialise by rule: the first that matches wins, and values depend on seed and name alone",
        'params.initialize({"head.0.weight": 1, r".*\\.bias": 0, r".*weight": gb.init.Xavier()}, seed=0)',
    )
    rules = {r"head\.0\.weight": 1, r".*\.bias": 0, r".*weight": init.Xavier()}
    console.print(Text(repr(params.initialize(rules, seed=0))))

    step(
        "4. Edit values in place: the model sees it at once",
        'params["head.1.bias"].data()[:] += 0.5\nparams["head.1.bias"].set_data(0)',
    )
    bias = params["head.1.bias"]
    bias.data()[:] += 0.5
    console.print(Text(f"after += 0.5:   {bias.data()[:4].tolist()} …"))
    bias.set_data(0)
    console.print(Text(f"after set_data: {bias.data()[:4].tolist()} …"))

    step(
        "5. Tie the decoder to the encoder: one array in two places",
        'params.tie("decoder.weight", "encoder.weight")',
    )
    console.print(Text(repr(params.tie("decoder.weight", "encoder.weight"))))
    console.print(params.table())

    step(
        "6. Train: groups by the same patterns, straight into torch.optim",
        'groups = params.groups({r".*\\.bias|head\\.0": {"weight_decay": 0.0}}, lr=3e-3, weight_decay=0.01)\n'
        "optimizer = torch.optim.AdamW(groups)",
    )
    groups = params.groups({r".*\.bias|head\.0": {"weight_decay": 0.0}}, lr=3e-3, weight_decay=0.01)
    optimizer = torch.optim.AdamW(groups)
    for group in groups:
        console.print(Text(f"weight_decay {group['weight_decay']}: {', '.join(group['param_names'])}"))
    before = _accuracy(net, test_pictures, test_digits)
    start = {name: parameter.numpy() for name, parameter in params.items()}
    _train(net, optimizer, pictures, digits, epochs, console)
    after = _accuracy(net, test_pictures, test_digits)
    console.print(f"test digits named rightly: {before:.1%} before, {after:.1%} after")

    step(
        "7. Gradients: a tied parameter's is the sum over its places",
        'apart = copy.deepcopy(net)\ngb.collect_params(apart).untie("decoder.weight")',
    )
    apart = copy.deepcopy(net)
    separate = collect_params(apart)
    separate.untie("decoder.weight")
    for model, held in ((net, params), (apart, separate)):
        held.zero_grad()
        torch.autograd.backward(_loss(model, test_pictures, test_digits))
    console.print(
        _grid(("gradient", "norm"), [(name, f"{p.grad().norm():.5f}") for name, p in params.items()])
    )
    both = [separate[name].grad() for name in ("encoder.weight", "decoder.weight")]
    gap = (params["encoder.weight"].grad() - (both[0] + both[1])).abs().max()
    console.print(
        f"untied copy: encoder {both[0].norm():.5f}, decoder {both[1].norm():.5f}; "
        f"their sum differs from the tied gradient by at most {gap:.0e}"
    )

    step("8. What changed while training", "change = (now - before) / before")
    rows = []
    for name, parameter in params.items():
        moved = float(((parameter.numpy() - start[name]) ** 2).sum()) ** 0.5
        size = float((start[name] ** 2).sum()) ** 0.5
        rows.append((name, f"{moved:.3f}", f"{moved / size:.0%}" if size else "from zero"))
    console.print(_grid(("parameter", "moved by", "of its length"), rows))

    step("9. Does the optimizer still hold what the model trains?", "params.check_optimizer(optimizer)")
    console.print(Text(str(params.check_optimizer(optimizer))))
    result = Result(before, after, time.perf_counter() - started)
    console.print()
    console.print(f"The tour took {result.seconds:.1f} s. Next: the README's tour by task.")
    return result


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
        bar = progress.add_task("training", total=epochs, loss=float("nan"))
        for _ in range(epochs):
            total = 0.0
            for batch in torch.split(torch.randperm(len(digits), generator=order), 64):
                optimizer.zero_grad()
                loss = _loss(net, pictures[batch], digits[batch])
                torch.autograd.backward(loss)
                optimizer.step()
                total += loss.item() * len(batch)
            progress.update(bar, advance=1, loss=total / len(digits))


def _grid(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, title in enumerate(titles):
        table.add_column(title, justify="right" if at else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
