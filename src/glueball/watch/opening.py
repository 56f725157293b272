"""`gb.watch`: what a user asks for, checked, and the watch made of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..errors import WatchSettingError
from ..parameters import ParameterDict, collect_params
from ..patterns import Pattern
from .judging import KINDS, Judge
from .session import On, To, Watch
from .watched import Watched

__all__ = ["watch"]


def watch(
    model: Any,
    pattern: Pattern | None = None,
    *,
    optimizer: Any = None,
    every: int = 10,
    on: On = "warn",
    ignore: Collection[str] = (),
    patience: int = 3,
    depth: tuple[float, float] = (1e-3, 1e3),
    update: tuple[float, float] = (1e-7, 0.1),
    to: To | Sequence[To] = (),
    keep: int | None = None,
    progress: bool | None = None,
) -> Watch:
    """Watch parameters while they are trained: `with gb.watch(net, optimizer=optimizer) as log:`.

    A step is the optimizer's. At each the norms of values and gradients are read before the update; every so
    many steps all statistics become rows of the log. Training is not touched: not a value, not a random
    number.

    Args:
        model: a model, or a ParameterDict: a selection of one's parameters.
        pattern: watch only what this takes (see `glueball.patterns`).
        optimizer: whose steps are counted: one of `torch.optim`, or Gluon's Trainer. Of several, in a list,
            the first one's count, and updates are those of what it holds. None: call `log.step()`.
        every: look closely at the first step and every so many after it.
        on: what a finding does: "warn", "raise", a function that is called with it (`Finding`), or None. All
            are in `log.findings`.
        ignore: kinds of findings that are not told: of "nonfinite", "no gradient", "zero gradient",
            "vanishing", "exploding", "update", "optimizer", "tie".
        patience: for how many steps in a row (for "update": steps looked at closely) a thing has to be so
            until it is told. NaN, infinity, ties and optimizers are told at once.
        depth: what counts as (vanishing, exploding): the ratio between the gradient's root mean square in
            the first third of the matrices and in the last, in the order of the forward pass.
        update: the usual size of an update over that of its weight, (least, most). It is judged of matrices
            that do not begin as zeros.
        to: called with (step, {"grad_norm/0.weight": 0.25, …}) for each step looked at closely; or several.
        keep: keep the rows of so many steps, the latest; None: all.
        progress: write a line that is alive; None: in a terminal or a notebook.

    Returns:
        The watch, which is its log; it begins with the `with` block, or with `start()`.

    Raises:
        NothingSelectedError: nothing is there to watch.
        OptimizerError: the optimizer holds no parameter of the model, or its steps cannot be seen.
        WatchSettingError: an argument has no meaning.
        WatchError: something was found, with `on="raise"`; before the update, unless it is about one.

    >>> import glueball as gb, torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
    >>> with gb.watch(net, optimizer=optimizer, every=2) as log:
    ...     for _ in range(5):
    ...         net(torch.ones(2, 4)).sum().backward()
    ...         optimizer.step()
    ...         optimizer.zero_grad()
    >>> log.steps(), len(log), log.findings
    ([1, 3, 5], 12, [])
    """
    params = model if isinstance(model, ParameterDict) else collect_params(model)
    if pattern is not None:
        params = params.select(pattern)
    _check(every, on, ignore, patience, depth, update, keep)
    optimizers = optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]
    return Watch(
        Watched(params, [one for one in optimizers if one is not None]),
        [one for one in optimizers if one is not None],
        every=every,
        on=on,
        ignore=frozenset(ignore),
        judge=Judge(patience, depth, update),
        to=[to] if callable(to) else list(to),
        keep=keep,
        progress=progress,
    )


def _check(every: Any, on: Any, ignore: Any, patience: Any, depth: Any, update: Any, keep: Any) -> None:
    """Refuse settings that have no meaning."""
    for name, value in (
        ("every", every),
        ("patience", patience),
        *([("keep", keep)] if keep is not None else []),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise WatchSettingError(f"{name} is {value!r}: write a whole number of steps, 1 or more.")
    if not (on in ("warn", "raise", None) or callable(on)):
        raise WatchSettingError(f'on is {on!r}: write "warn", "raise", a function of a Finding, or None.')
    kinds = {ignore} if isinstance(ignore, str) else set(ignore)
    if isinstance(ignore, str) or not kinds <= set(KINDS):
        wrong = ", ".join(sorted(repr(kind) for kind in kinds - set(KINDS))) or repr(ignore)
        raise WatchSettingError(
            f"ignore has {wrong}: write a collection of kinds, which are {', '.join(KINDS)}."
        )
    for name, pair in (("depth", depth), ("update", update)):
        try:
            low, high = pair
            fits = 0 <= low < high
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise WatchSettingError(f"{name} is {pair!r}: write a pair of numbers, the smaller one first.")
