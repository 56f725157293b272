"""optax and `nnx.Optimizer`: labels, filters, gradients, and what an optimizer trains of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flax import nnx

from ...errors import OptimizerError, ShapeError
from . import walk

__all__ = ["exchange", "filters", "follow", "gradients", "held", "labels"]


def _slot(path: Sequence[Any]) -> str:
    return ".".join(map(str, path))


@dataclass(frozen=True)
class Labelled:
    """A filter of NNX: true for the Variables that lie at certain slots.

    It compares and hashes by what it holds, so that `nnx.jit` does not trace anew for an equal one.
    """

    label: str
    slots: frozenset[str]

    def __call__(self, path: Sequence[Any], variable: Any) -> bool:
        """Whether a Variable lies at one of the slots."""
        return _slot(path) in self.slots

    def __repr__(self) -> str:
        return f"Labelled({self.label!r}, {len(self.slots)} slots)"


def filters(root: Any, labels: Mapping[str, str]) -> Mapping[str, Any]:
    """A filter for each label."""
    slots: dict[str, set[str]] = {}
    for slot, label in labels.items():
        slots.setdefault(label, set()).add(slot)
    return {label: Labelled(label, frozenset(found)) for label, found in slots.items()}


def labels(root: Any, labels: Mapping[str, str]) -> Any:
    """An `nnx.State` of the form of `nnx.state(model, nnx.Param)` with a label for each Variable."""
    flat = nnx.to_flat_state(nnx.state(root, nnx.Param))
    return nnx.from_flat_state({path: labels.get(_slot(path), "frozen") for path, _ in flat})


def gradients(root: Any, grads: Any) -> Mapping[str, Any] | Sequence[Any]:
    """Gradients by slot from the State that `nnx.grad` returned, from a module of them, or by name.

    Raises:
        ShapeError: what was given is none of these.
    """
    if isinstance(grads, nnx.Pytree):
        grads = nnx.state(grads)
    if isinstance(grads, nnx.State):
        return {_slot(path): walk.value(found) for path, found in nnx.to_flat_state(grads)}
    if isinstance(grads, Mapping):
        return _flat(grads, "")
    if isinstance(grads, (list, tuple)):
        return [walk.value(found) for found in grads]
    raise ShapeError(
        f"the gradients are of {type(grads).__name__}: give the State that nnx.grad returned, or "
        f"{{name: gradient}}."
    )


def _flat(grads: Mapping[Any, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, gradient in grads.items():
        slot = f"{prefix}{key}"
        if isinstance(gradient, Mapping):
            found.update(_flat(gradient, slot + "."))
        else:
            found[slot] = walk.value(gradient)
    return found


# ---- nnx.Optimizer --------------------------------------------------------------------------------------


def held(model: Any, optimizer: Any) -> list[tuple[str | None, Any]]:
    """(slot, Variable) for what an optimizer trains: what its filter takes and it has a state for.

    It keeps no Variables of the model, and knows them by their paths. One whose transformation has no
    state for single parameters (plain SGD) trains whatever its filter takes.

    Raises:
        OptimizerError: it is no `nnx.Optimizer`.
    """
    if not isinstance(optimizer, nnx.Optimizer):
        raise OptimizerError(
            f"a {type(optimizer).__name__} is no nnx.Optimizer. optax's own are given the parameters at each "
            f"step and hold none."
        )
    taken = {path: variable for path, variable in _variables(model, optimizer.wrt)}
    kept = {path: variable for path, variable in _variables(optimizer, nnx.OptState) if "opt_state" in path}
    known: set[tuple[Any, ...]] = set()
    lost: list[tuple[str | None, Any]] = []
    for path, variable in kept.items():
        ends = [path[start:] for start in range(1, len(path))]
        mine = next((end for end in ends if end in taken), None)
        if mine is not None:
            known.add(mine)
        elif "mu" in path or "trace" in path:  # a parameter's own, by optax's names
            at = path.index("mu" if "mu" in path else "trace")
            lost.append((_slot(path[at + 1 :]), variable))
    found = [(_slot(path), variable) for path, variable in taken.items() if not known or path in known]
    return [*found, *lost]


def _variables(node: Any, wanted: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, Variable), each Variable once, the object itself."""
    takes = nnx.filterlib.to_predicate(wanted)
    return [
        (tuple(path), thing)
        for path, thing in nnx.iter_graph(node)
        if isinstance(thing, nnx.Variable) and takes(path, thing)
    ]


def follow(optimizer: Any) -> None:
    """An optimizer of NNX is made anew.

    Raises:
        OptimizerError: always.
    """
    raise OptimizerError(
        "the state of an nnx.Optimizer has the dtype and place that the parameters had when it was made: "
        "make it anew, nnx.Optimizer(model, tx, wrt=nnx.Param)."
    )


def exchange(
    optimizer: Any, drop: Sequence[Any], add: Sequence[tuple[Any, Any]], names: Mapping[int, str]
) -> None:
    """An optimizer of NNX is made anew.

    Raises:
        OptimizerError: always.
    """
    raise OptimizerError(
        "the state of an nnx.Optimizer has the form that the model had when it was made: make it anew, "
        "nnx.Optimizer(model, tx, wrt=nnx.Param)."
    )
