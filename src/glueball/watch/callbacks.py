"""Callbacks that put a watch into a training loop of somebody else's."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, WatchSettingError

if TYPE_CHECKING:
    from .session import Watch

__all__ = ["make"]


def make(watch: Watch, kind: str) -> Any:
    """A callback of a kind; see `Watch.callback`."""
    if kind not in _KINDS:
        raise WatchSettingError(f"there is no callback for {kind!r}: write {' or '.join(map(repr, _KINDS))}.")
    return _KINDS[kind](watch)


def _keras(watch: Watch) -> Any:
    try:
        keras: Any = import_module("keras")
    except ModuleNotFoundError:
        raise MissingExtraError("keras is not installed: pip install 'glueball[keras]'") from None

    class WatchCallback(keras.callbacks.Callback):  # type: ignore[misc]
        """Counts batches as steps."""

        def on_train_begin(self, logs: Any = None) -> None:
            """Begin."""
            watch.start()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            """Count a step. On JAX, Keras keeps the values to itself during an epoch."""
            sync = getattr(self.model, "jax_state_sync", None)
            if sync is not None:
                sync()
            watch.step()

        def on_train_end(self, logs: Any = None) -> None:
            """End."""
            watch.stop()

    return WatchCallback()


def _lightning(watch: Watch) -> Any:
    # Whoever uses it has imported it; a loop of the same hooks needs no base.
    module = sys.modules.get("lightning.pytorch") or sys.modules.get("pytorch_lightning")
    base: Any = object if module is None else module.Callback

    class WatchCallback(base):  # type: ignore[misc]
        """Counts an optimizer's steps between Lightning's hooks; of several optimizers the first one's."""

        def __init__(self) -> None:
            self._first: Any = None

        def on_train_start(self, trainer: Any, module: Any) -> None:
            """Begin."""
            watch.start()

        def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
            """Count a step: gradients are there, and the update is still to come."""
            self._first = optimizer if self._first is None else self._first
            if optimizer is self._first:
                watch.step()

        def on_train_end(self, trainer: Any, module: Any) -> None:
            """End."""
            watch.stop()

        def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
            """Take part no more."""
            watch.__exit__(type(exception), exception, None)

    return WatchCallback()


_KINDS = {"keras": _keras, "lightning": _lightning}
