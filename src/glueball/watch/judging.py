"""What a watch tells, and when: it looks at numbers by parameter, and keeps count of what lasts.

Everything is told once for each parameter. What one step may show by chance (no gradient, all zeros, sizes
out of the usual range) has to last for `patience` steps in a row; NaN and infinity are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..views.table import names_text, plural

__all__ = ["KINDS", "Finding", "Judge", "Look", "WatchWarning"]

Column = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Whole = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

KINDS = (
    "nonfinite", "no gradient", "zero gradient", "vanishing", "exploding", "update", "optimizer", "tie",
)  # fmt: skip
"""What a finding may be about."""

_FEWEST = 4
"""Matrices that there have to be for a gradient to be judged along depth."""


class WatchWarning(UserWarning):
    """What `gb.watch` found, with `on="warn"`."""


class Finding(NamedTuple):
    """Something that a watch tells.

    Attributes:
        step: at which it was found; 0 before the first.
        kind: one of `KINDS`.
        names: of the parameters, the place where it began first where that is known.
        message: a sentence or two.
    """

    step: int
    kind: str
    names: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Look:
    """What is known of the watched parameters at one step, by place.

    Attributes:
        step: its number.
        names: of the parameters.
        order: where each stands in the forward pass, as far as it is known.
        there: whether it has values.
        norm: of the values.
        has_grad: whether there is a gradient.
        grad_norm: of the gradient.
        sizes: elements.
        trains: whether it takes gradients.
        matrix: whether it has two dimensions or more.
        expects: whether gradients are kept in a place that was looked at, so that none is one missing.
    """

    step: int
    names: tuple[str, ...]
    order: Whole
    there: Mask
    norm: Column
    has_grad: Mask
    grad_norm: Column
    sizes: Whole
    trains: Mask
    matrix: Mask
    expects: bool


Count = Callable[[int, bool], tuple[int, int]]
"""(place, whether of the gradient) -> how many elements are NaN, how many infinite."""


class Judge:
    """Judges one look after the other.

    Args:
        patience: steps in a row.
        depth: (vanishing, exploding): the ratio of the gradient's root mean square at the model's beginning
            to that at its end.
        update: (smallest, largest) usual size of an update over that of the weight.
    """

    def __init__(self, patience: int, depth: tuple[float, float], update: tuple[float, float]) -> None:
        self.patience, self.depth, self.usual = patience, depth, update
        self._told: set[tuple[str, str]] = set()
        self._names: tuple[str, ...] = ()
        self._runs: dict[str, Whole] = {}
        self._along = {"vanishing": 0, "exploding": 0}
        self._looks = 0
        self._last_finite = 0
        self._began: tuple[int, str] | None = None  # where NaN and infinity did that are there now

    def look(self, look: Look, count: Count) -> list[Finding]:
        """Judge a step's values and gradients."""
        self._rename(look.names)
        self._looks += 1
        findings = self._nonfinite(look, count)
        if look.expects or look.has_grad.any():
            absent = look.there & look.trains & ~look.has_grad
            findings += self._lasting(look, "no gradient", absent)
            zero = look.there & look.trains & look.has_grad & (look.grad_norm == 0) & (look.sizes > 0)
            findings += self._lasting(look, "zero gradient", zero)
            findings += self._depth(look)
        return findings

    def updates(self, step: int, names: tuple[str, ...], update: Column, judged: Mask) -> list[Finding]:
        """Judge how far a step moved the parameters."""
        self._rename(names)
        low, high = self.usual
        findings = []
        for what, out, why in (
            ("small", update < low, "The learning rate may be too low, or the update lost in rounding."),
            ("large", update > high, "The learning rate may be too high."),
        ):
            found = self._long_enough(f"{what} update", judged & out)
            if found:
                sizes = [f"{pick(update[found]):.2g}" for pick in (np.min, np.max)]
                size = " to ".join(dict.fromkeys(sizes))
                steps = plural(self.patience, "looked-at step")
                findings.append(
                    self._finding(
                        step, "update", [names[place] for place in found],
                        f"the update of {{names}} is {size} of the weight, for {steps} in a row; usual is "
                        f"{low:g} to {high:g}. {why}",
                    )
                )  # fmt: skip
        return findings

    def end(self, step: int) -> list[Finding]:
        """What was so at every step, where there were fewer than `patience`."""
        findings = []
        for kind in ("no gradient", "zero gradient"):
            runs = self._runs.get(kind)
            if runs is not None and 0 < self._looks < self.patience:
                names = [self._names[place] for place in np.flatnonzero(runs == self._looks)]
                if names:
                    findings.append(self._lasted(step, kind, names, self._looks, len(names) == len(runs)))
        return findings

    def once(self, step: int, kind: str, names: Iterable[str], message: str, what: str) -> list[Finding]:
        """A finding of `what` was not told yet of these names; `{names}` in its message stands for them."""
        new = [name for name in names if (what, name) not in self._told]
        self._told.update((what, name) for name in new)
        return [self._finding(step, kind, new, message)] if new else []

    # ---- NaN and infinity ---------------------------------------------------------------------------

    def _nonfinite(self, look: Look, count: Count) -> list[Finding]:
        findings = []
        values = self._confirmed(look, look.there & ~np.isfinite(look.norm), False, count)
        grads = self._confirmed(look, look.has_grad & ~np.isfinite(look.grad_norm), True, count)
        if self._began:
            since = "; it began at step {} in {}".format(*self._began)
        elif self._last_finite:
            since = f", after step {self._last_finite}, when all were finite"
        else:
            since = ", from the start"
        if values:
            # Values go forward, so the first in that order is where it began.
            places = sorted(values, key=lambda place: look.order[place])
            names = [look.names[place] for place in places]
            message = (
                f"NaN or infinity in the values of {names[0]}: {_counts(values[places[0]])} of "
                f"{plural(int(look.sizes[places[0]]), 'element')}{since}."
            )
            if len(names) > 1:
                message += f" It is the first in the forward pass; also in {names_text(names[1:])}."
            findings.append(Finding(look.step, "nonfinite", tuple(names), message))
        elif grads:
            # Gradients come backward, so the last in the forward order is where they began.
            places = sorted(grads, key=lambda place: -look.order[place])
            names = [look.names[place] for place in places]
            message = (
                f"NaN or infinity in the gradient of {names[0]}: {_counts(grads[places[0]])} of "
                f"{plural(int(look.sizes[places[0]]), 'element')}, and in no values before it."
            )
            wrong = look.has_grad & ~np.isfinite(look.grad_norm)
            if len(names) > 1 and (wrong == look.has_grad).all():
                message += (
                    f" No gradient is finite, {names_text(names[1:])} neither, so the loss or what it was "
                    f"computed from was not."
                )
            elif len(names) > 1:
                message += f" It was reached first in the backward pass; then {names_text(names[1:])}."
            findings.append(Finding(look.step, "nonfinite", tuple(names), message))
        if findings and not self._began:
            self._began = look.step, findings[0].names[0]
        if np.isfinite(look.norm[look.there]).all():
            self._last_finite = look.step
            if np.isfinite(look.grad_norm[look.has_grad]).all():
                self._began = None
        return findings

    def _confirmed(
        self, look: Look, suspects: Mask, gradient: bool, count: Count
    ) -> dict[int, tuple[int, int]]:
        """The suspects that hold NaN or infinity and were not told yet: a norm may overflow."""
        what = "gradient" if gradient else "values"
        found = {}
        for place in map(int, np.flatnonzero(suspects)):
            if (what, look.names[place]) not in self._told:
                counted = count(place, gradient)
                if any(counted):
                    found[place] = counted
                    self._told.add((what, look.names[place]))
        return found

    # ---- what lasts ---------------------------------------------------------------------------------

    def _lasting(self, look: Look, kind: str, so: Mask) -> list[Finding]:
        found = self._long_enough(kind, so)
        names = [look.names[place] for place in found]
        everyone = len(found) == int((look.there & look.trains).sum())
        return [self._lasted(look.step, kind, names, self.patience, everyone)] if names else []

    def _lasted(self, step: int, kind: str, names: Sequence[str], steps: int, everyone: bool) -> Finding:
        span = f"for {plural(steps, 'step')} in a row" if steps > 1 or self._looks > 1 else "in the only step"
        if kind == "zero gradient":
            message = f"the gradient of {{names}} has been all zeros {span}."
        elif everyone:
            message = (
                f"no parameter has had a gradient {span} ({{names}}). A step has to come after backward, and "
                f"before gradients are set to None."
            )
        else:
            message = f"{{names}}: no gradient {span}. It is not part of what the loss is computed from."
        return self._finding(step, kind, names, message)

    def _long_enough(self, what: str, so: Mask) -> list[int]:
        """Count steps in a row; the places for which it has just become enough and nothing was told."""
        runs = self._runs.setdefault(what, np.zeros(len(so), dtype=np.int64))
        runs[so] += 1
        runs[~so] = 0
        found = []
        for place in map(int, np.flatnonzero(runs >= self.patience)):
            if (what, self._names[place]) not in self._told:
                self._told.add((what, self._names[place]))
                found.append(place)
        return found

    def _depth(self, look: Look) -> list[Finding]:
        """Hold the first third of the matrices, in the order of the forward pass, against the last."""
        here = np.flatnonzero(look.matrix & look.has_grad & np.isfinite(look.grad_norm) & (look.sizes > 0))
        here = here[np.argsort(look.order[here], kind="stable")]
        if len(here) < _FEWEST:
            return []
        size = look.grad_norm[here] / np.sqrt(look.sizes[here])  # root mean square
        third = max(2, len(here) // 3)
        end = float(np.median(size[-third:]))
        findings = []
        # All of the third has to be out: the gradient of one embedding is small by nature.
        for kind, out, verb in (
            ("vanishing", float(size[:third].max()) < self.depth[0] * end, "vanishes"),
            ("exploding", float(size[:third].min()) > self.depth[1] * end and end > 0, "explodes"),
        ):
            self._along[kind] = self._along[kind] + 1 if out else 0
            if self._along[kind] >= self.patience:
                names = [look.names[place] for place in here[:third]]
                begin = float(np.median(size[:third]))
                findings += self.once(
                    look.step, kind, names,
                    f"the gradient {verb} along depth: its root mean square is {end:.2g} in the last {third} "
                    f"matrices and {begin:.2g} in the first, {{names}}, for {plural(self.patience, 'step')} "
                    f"in a row.", kind,
                )  # fmt: skip
        return findings

    # ---- bookkeeping --------------------------------------------------------------------------------

    def _finding(self, step: int, kind: str, names: Sequence[str], message: str) -> Finding:
        return Finding(step, kind, tuple(names), message.replace("{names}", names_text(names)))

    def _rename(self, names: tuple[str, ...]) -> None:
        """Keep counts by name where the parameters are others now."""
        if names == self._names:
            return
        place = {name: at for at, name in enumerate(self._names)}
        for what, runs in self._runs.items():
            self._runs[what] = np.array([runs[place[n]] if n in place else 0 for n in names], dtype=np.int64)
        self._names = names


def _counts(counted: tuple[int, int]) -> str:
    nan, infinite = counted
    return " and ".join(
        f"{number:,} {what}" for number, what in ((nan, "NaN"), (infinite, "infinite")) if number
    )
