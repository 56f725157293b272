"""Watch: takes part in training, step by step, and writes what it sees to its log."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from ..errors import WatchError
from . import callbacks
from .judging import Finding, Judge, Look, WatchWarning
from .log import COLUMNS, Block, Log
from .progress import Progress
from .watched import Change, Watched

__all__ = ["On", "To", "Watch"]

SAMPLE = 1 << 14
"""Elements of a parameter of which the update is measured."""
_ALL_SAMPLES = 1 << 24
"""Elements that the samples of all parameters may have together."""

On = Literal["warn", "raise"] | Callable[[Finding], object] | None
To = Callable[[int, dict[str, float]], object]


class _Sample(NamedTuple):
    """What parameters were before an update.

    Attributes:
        places: of them in the block of the step.
        names: their names.
        held: whether the optimizer that steps holds each.
        judged: whether the size of its update has a usual range.
        values: what `Gauges.moved` wants.
    """

    places: np.ndarray[Any, Any]
    names: list[str]
    held: np.ndarray[Any, Any]
    judged: np.ndarray[Any, Any]
    values: Any


class Watch(Log):
    """A log that is being written; `glueball.watch` makes it.

    Attributes:
        count: how many steps there have been.
        running: whether it takes part in training now.
    """

    def __init__(
        self,
        watched: Watched,
        optimizers: Sequence[Any],
        *,
        every: int,
        on: On,
        ignore: frozenset[str],
        judge: Judge,
        to: Sequence[To],
        keep: int | None,
        progress: bool | None,
    ) -> None:
        super().__init__(keep)
        self.count = 0
        self.running = False
        self._watched, self._optimizers = watched, optimizers
        self._every, self._on, self._ignore, self._judge, self._to = every, on, ignore, judge, to
        self._progress = Progress(progress)
        self._remove: list[Callable[[], object]] = []
        self._arrived: list[int] | None = None
        self._positions: dict[str, int] = {}
        self._begins_zero: dict[str, bool] = {}
        self._closely = False
        self._sample: _Sample | None = None
        self._open: Block | None = None  # a block that was not handed on yet
        self._reader: tuple[_Sample, Callable[[], np.ndarray[Any, Any]]] | None = None

    # ---- beginning and end --------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin, as the `with` block does; for notebooks, where a block cannot span cells.

        Raises:
            WatchError: it runs already; or what the optimizer holds is found wrong, with `on="raise"`.
        """
        if self.running:
            raise WatchError(
                "this watch runs already; leave its block first, or make another by gb.watch(…)."
            )
        self._tell(self._changes(self._watched.optimizer_changes()))
        gauges, root = self._watched.gauges, self._watched.root
        try:
            if self._optimizers:
                self._remove.append(gauges.on_step(self._optimizers[0], self._begin, self._look, self._end))
            if not self._positions:
                self._arrived, remove = gauges.arrivals(root, self._watched.arrays)
                self._remove.append(remove)
        except BaseException:
            self._leave()
            raise
        self.running = True
        return self

    def stop(self) -> None:
        """End: hooks are taken off, what is on its way is written, and what was so all the time is told."""
        if self.running:
            self._leave()
            if self._sample is not None and not self._optimizers:
                self._measure_update(last=True)
            self._settle()
            self._hand_on()
            self._tell(self._judge.end(self.count))

    def _leave(self) -> None:
        self.running = False
        for remove in self._remove:
            remove()
        self._remove.clear()
        self._progress.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        elif self.running:
            self._leave()
            if self._reader is None:  # a device that failed is not asked again
                self._hand_on()

    # ---- steps --------------------------------------------------------------------------------------

    def step(self, grads: Any = None, *, model: Any = None) -> None:
        """Count a step where no optimizer was given: after backward, before or after the update.

        Args:
            grads: the gradients, where the framework's arrays do not keep them; what
                `ParameterDict.attach_grads` takes.
            model: the model as it is now, where a step makes a new one (JAX, Equinox).

        Raises:
            WatchError: the watch does not run, or it counts an optimizer's steps.
        """
        if not self.running:
            raise WatchError("this watch does not run: call step() inside its block, or start() it first.")
        if self._optimizers:
            raise WatchError("the optimizer's steps are counted already: leave out optimizer=, or step().")
        if model is not None:
            self._watched.replace(model)
        if self._sample is not None:
            self._measure_update()
        self._begin()
        if grads is not None:
            self._watched.attach(grads)
        self._look(1.0)

    def callback(self, kind: str) -> Any:
        """A callback for a loop that is not yours: `model.fit(…, callbacks=[log.callback("keras")])`.

        It starts and stops the watch with training, so no `with` block is needed.

        Args:
            kind: "keras", a `keras.callbacks.Callback`; or "lightning", an object with Lightning's hooks,
                a `Callback` of it where it was imported.

        Raises:
            WatchSettingError: another kind.
            MissingExtraError: Keras is not installed.
        """
        return callbacks.make(self, kind)

    def _begin(self) -> None:
        """Before the update."""
        self._settle()
        self._hand_on()
        self.count += 1
        self._closely = (self.count - 1) % self._every == 0
        self._sample = None
        self._tell(self._changes(self._watched.follow(self._closely)))
        if self._closely:
            watched = self._watched
            places = np.flatnonzero(watched.there)
            most = min(SAMPLE, max(64, _ALL_SAMPLES // max(1, len(places))))
            self._sample = _Sample(
                places,
                [watched.names[at] for at in places],
                watched.held[places],
                (watched.matrix & watched.trains)[places],
                watched.gauges.sample([watched.arrays[at] for at in places], most),
            )

    def _look(self, scale: float) -> None:
        """Read what is there once there are gradients, which are `scale` times what they should be."""
        watched = self._watched
        places = np.flatnonzero(watched.there)
        grads = watched.gradients()
        has_grad = np.array([gradient is not None for gradient in grads], dtype=bool)
        has_grad &= watched.there
        if (watched.trains & ~has_grad).any():
            watched.ask_again(watched.trains & ~has_grad)
        with_grad = np.flatnonzero(has_grad)
        wanted = [watched.arrays[at] for at in places] + [grads[at] for at in with_grad]
        count = len(watched.names)
        norm, grad_norm = np.full(count, np.nan), np.full(count, np.nan)
        if self._closely:
            measured = np.array(watched.gauges.measure(wanted))
            norm[places], grad_norm[with_grad] = np.split(measured[0], [len(places)])
            self._write(measured, places, with_grad, scale)
        else:
            norms = watched.gauges.norms(wanted)
            norm[places], grad_norm[with_grad] = np.split(norms, [len(places)])
        for name, size in zip(watched.names, norm, strict=True) if self._closely else ():
            self._begins_zero.setdefault(name, size == 0)
        look = Look(
            self.count,
            watched.names,
            self._order(bool(has_grad.any())),
            watched.there,
            norm,
            has_grad,
            grad_norm / scale,
            watched.sizes,
            watched.trains,
            watched.matrix,
            watched.gauges.keeps_gradients,
        )
        gauges = watched.gauges
        self._progress.show(lambda: self._line(look))
        self._tell(
            self._judge.look(
                look, lambda at, gradient: gauges.nonfinite(grads[at] if gradient else watched.arrays[at])
            )
        )

    def _end(self) -> None:
        """After the update."""
        if self._sample is not None:
            self._measure_update()

    # ---- the log ------------------------------------------------------------------------------------

    def _write(
        self, measured: np.ndarray[Any, Any], places: np.ndarray[Any, Any], with_grad: Any, scale: float
    ) -> None:
        """A block of rows, as yet without updates."""
        watched = self._watched
        count = len(watched.names)
        values = np.full((len(COLUMNS), count), np.nan)
        known = np.zeros((len(COLUMNS), count), dtype=bool)
        measured[4] /= np.maximum(1, np.concatenate([watched.sizes[places], watched.sizes[with_grad]]))
        measured[:4, len(places) :] /= scale
        for start, chosen, some in (
            (0, places, measured[:, : len(places)]),
            (5, with_grad, measured[:, len(places) :]),
        ):
            values[start : start + 5, chosen] = some
            # Of no elements there is a norm, and nothing else.
            known[start : start + 5, chosen] = (watched.sizes[chosen] > 0) | (np.arange(5) == 0)[:, None]
        notes = tuple(
            "waiting" if not there else "" if trains else "frozen"
            for there, trains in zip(watched.there, watched.trains, strict=True)
        )
        self._open = Block(self.count, watched.names, values, known, notes)
        self._blocks.append(self._open)

    def _measure_update(self, last: bool = False) -> None:
        """Start to compare the sample with what the arrays are now."""
        assert self._sample is not None
        sample, self._sample = self._sample, None
        watched = self._watched
        now = dict(zip(watched.names, watched.arrays, strict=True))
        if self._blocks and all(name in now for name in sample.names):
            read = watched.gauges.moved(sample.values, [now[name] for name in sample.names])
            if last and not np.any(read()):
                return  # the last step was counted after its update, so none was seen since
            self._reader = sample, read
            if watched.at_hand:
                self._settle()

    def _settle(self) -> None:
        """Write the update of the last block, hand the block on, and judge."""
        if self._reader is None:
            return
        (sample, read), self._reader = self._reader, None
        update, places, block = read(), sample.places, self._blocks[-1]
        moved = sample.held & ~np.isnan(update)
        block.values[-1, places[moved]] = update[moved]
        block.known[-1, places[moved]] = True
        self._hand_on()
        judged = np.zeros(len(block.names), dtype=bool)
        judged[places] = moved & sample.judged
        judged &= ~np.array([self._begins_zero.get(name, False) for name in block.names], dtype=bool)
        gradient = COLUMNS.index("grad_norm")
        if block.known[gradient].any():
            judged &= block.values[gradient] > 0  # where there is none, that is what is to be told
        self._tell(self._judge.updates(block.step, block.names, block.values[-1], judged))

    def _hand_on(self) -> None:
        """Give the last block to the loggers, once: with its update, or when there will be none."""
        if self._open is not None:
            block, self._open = self._open, None
            for to in self._to:
                to(block.step, block.flat())

    def _order(self, gradients: bool) -> np.ndarray[Any, Any]:
        """Where each parameter stands in the forward pass: the reverse of how the first backward came by."""
        names = self._watched.names
        if self._arrived is not None and gradients:
            self._remove.pop()()
            arrived = reversed(self._arrived)
            self._positions = {names[place]: at for at, place in enumerate(arrived) if place < len(names)}
            self._arrived = None
        if not self._positions:
            return np.arange(len(names))
        found, last = [], -1
        for name in names:
            last = self._positions.get(name, last)
            found.append(last)
        return np.array(found)

    # ---- telling ------------------------------------------------------------------------------------

    def _changes(self, changes: Sequence[Change]) -> list[Finding]:
        return [
            finding
            for change in changes
            for finding in self._judge.once(self.count, *change, what=change.message)
        ]

    def _tell(self, findings: Sequence[Finding]) -> None:
        told = [finding for finding in findings if finding.kind not in self._ignore]
        self.findings += told
        if not told:
            return
        if self._on == "raise":
            raise WatchError("\n".join(f"step {found.step}: {found.message}" for found in told))
        for found in told:
            if self._on == "warn":
                warnings.warn(f"step {found.step}: {found.message}", WatchWarning, stacklevel=_outside())
            elif callable(self._on):
                self._on(found)

    def _line(self, look: Look) -> str:
        grads = look.grad_norm[look.has_grad]
        parts = [f"step {look.step:,}", f"values {np.linalg.norm(look.norm[look.there]):.3g}"]
        if len(grads):
            parts.append(f"gradient {np.linalg.norm(grads):.3g}")
        updates = [block.values[-1, block.known[-1]] for block in list(self._blocks)[-2:]]
        if any(map(len, updates)):
            parts.append(f"update {np.median(next(u for u in reversed(updates) if len(u))):.2g}")
        found = len(self.findings)
        return " · ".join([*parts, f"{found} found" if found else "nothing found"])


def _outside() -> int:
    """How far above the caller the first frame is that is neither ours nor the framework's."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        frame, level = frame.f_back, level + 1
    return level


_INSIDE = ("glueball", "torch", "keras", "contextlib")
