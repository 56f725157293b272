"""Parameters for an optimizer: groups by rule, and a check of what an optimizer holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DeferredError, OptimizerError
from ..patterns import Pattern, describe, nothing_selected, select_rows
from ..slots import Tree
from ..views.table import names_text
from .parameter import Parameter

__all__ = ["Groups", "OptimizerReport"]


@dataclass(frozen=True, repr=False)
class OptimizerReport:
    """How what an optimizer holds compares with what a model has.

    It is true when nothing is gone and nothing missing; held and frozen is no fault.

    Attributes:
        gone: what the optimizer holds and the model has no more: updating it changes nothing. A name
            where the group keeps names, else the tensor's shape.
        missing: names of trainable parameters that the optimizer does not hold: they never learn.
        frozen: names that the optimizer holds and that take no gradients.
    """

    gone: tuple[str, ...]
    missing: tuple[str, ...]
    frozen: tuple[str, ...]

    def __bool__(self) -> bool:
        return not (self.gone or self.missing)

    def __repr__(self) -> str:
        lines = []
        if self.gone:
            lines.append(f"held, but in the model no more: {names_text(self.gone)}")
        if self.missing:
            lines.append(f"trainable, but not held: {names_text(self.missing)}")
        if self.frozen:
            lines.append(f"held, but frozen: {names_text(self.frozen)}")
        return "\n".join(lines) or "the optimizer holds what the model trains"


def check_optimizer(tree: Tree, names: Sequence[str], whole: bool, optimizer: Any) -> OptimizerReport:
    """Compare what an optimizer holds with a model as it is now: all of it, or the named parameters."""
    adapter = tree.adapter
    held = adapter.held(optimizer)
    inside = {id(array) for _, array in held}
    arrays = tree.arrays(range(len(tree)))
    own = adapter.own(arrays)
    model = set(map(id, own))
    chosen = set(names)
    missing, frozen = [], []
    for row, (name, array, its) in enumerate(zip(tree.names, arrays, own, strict=True)):
        if row not in tree.buffers and (whole or name in chosen):
            if id(its) in inside:
                if not adapter.trainable(array):
                    frozen.append(name)
            elif adapter.trainable(array):
                missing.append(name)
    gone = [
        name or f"a tensor of shape {tuple(array.shape)}" for name, array in held if id(array) not in model
    ]
    return OptimizerReport(tuple(gone), tuple(missing), tuple(frozen))


FROZEN = "frozen"
"""The label of what takes no gradients."""


class Groups(list[Any]):
    """Parameter groups, in a list that `torch.optim` takes; and the forms that other frameworks want.

    A group's label is its place, `"0"`, `"1"`, …; what takes no gradients has the label `"frozen"`.
    """

    def __init__(self, groups: Iterable[Any], tree: Tree, rows: Sequence[int]) -> None:
        super().__init__(groups)
        self._tree = tree
        self._labels = dict.fromkeys((slot for row in rows for slot in tree.slots(row)), FROZEN)
        for place, group in enumerate(self):
            for name in group["param_names"]:
                for slot in tree.slots(tree.by_name[name]):
                    self._labels[slot] = str(place)

    def labels(self) -> Any:
        """A tree of the model's form with each parameter's label, for `optax.multi_transform`.

        Raises:
            OptimizerError: the framework has no such trees.
        """
        return self._tree.adapter.labels(self._tree.root, self._labels)

    def filters(self) -> Mapping[str, Any]:
        """A filter of Flax NNX for each label: `nnx.Optimizer(model, tx, wrt=filters["0"])`.

        Raises:
            OptimizerError: the framework has no filters.
        """
        return self._tree.adapter.filters(self._tree.root, self._labels)

    def exclude(self, optimizer: Any, option: str = "weight_decay") -> None:
        """Keep an option of a Keras optimizer from the parameters of groups in which it is 0 or None.

        Raises:
            OptimizerError: the optimizer has no exclusions.
        """
        chosen = [name for group in self if not group.get(option) for name in group["param_names"]]
        rows = [self._tree.by_name[name] for name in chosen]
        self._tree.adapter.exclude(optimizer, option, chosen, self._tree.arrays(rows))


def groups(
    tree: Tree,
    rows: Sequence[int],
    rules: Mapping[Pattern, Mapping[str, Any]],
    defaults: dict[str, Any],
    handle: Any,
) -> Groups:
    """Parameter groups in rule order, the parameters that no rule takes last."""
    _refuse(defaults)
    waiting = [tree.names[row] for row in rows if row in tree.unbuilt]
    if waiting:
        raise DeferredError(
            f"{names_text(waiting)}: not built yet, so nothing is there to group. "
            f"Run the model once on a batch."
        )
    rule_of: dict[int, int] = {}
    options: list[Mapping[str, Any]] = []
    for number, (pattern, given) in enumerate(rules.items()):
        if not isinstance(given, Mapping):
            raise OptimizerError(
                f"the rule for {describe(pattern)} is {given!r}: "
                f'write the group\'s options, such as {{"weight_decay": 0.0}}.'
            )
        options.append(given)
        _refuse(given)
        taken = select_rows(tree, pattern, rows, handle)
        if not taken:
            raise nothing_selected(tree, pattern, rows)
        if all(row in rule_of for row in taken):
            warnings.warn(
                f"the rule for {describe(pattern)} is left nothing by the rules before it: the first that "
                f"takes a parameter wins.",
                stacklevel=3,
            )
        for row in taken:
            rule_of.setdefault(row, number)
    options.append({})
    members: dict[tuple[int, float, float], list[Parameter]] = {}
    for row in rows:
        parameter: Parameter = handle(row)
        if parameter.trainable:
            key = (rule_of.get(row, len(options) - 1), parameter.lr_mult, parameter.wd_mult)
            members.setdefault(key, []).append(parameter)
    made: list[Any] = []
    once: dict[int, str] = {}
    for (number, lr_mult, wd_mult), held in sorted(members.items(), key=lambda item: item[0][0]):
        chosen = {**defaults, **options[number]}
        for option, multiplier in (("lr", lr_mult), ("weight_decay", wd_mult)):
            if multiplier != 1:
                chosen[option] = _multiplied(chosen, option, multiplier, held[0].name)
        arrays = [parameter._array() for parameter in held]
        for parameter, array in zip(held, arrays, strict=True):
            other = once.setdefault(id(array), parameter.name)
            if other != parameter.name:
                raise OptimizerError(
                    f"{other!r} and {parameter.name!r} hold one tensor, which would stand in two groups: "
                    f"they were tied after they were collected. Call refresh() first."
                )
        made.append(tree.adapter.group([parameter.name for parameter in held], arrays, chosen))
    return Groups(made, tree, rows)


def _refuse(options: Mapping[str, Any]) -> None:
    for key in ("params", "param_names"):
        if key in options:
            raise OptimizerError(f"{key!r} is no option: which parameters a group has is what the rules say.")


def _multiplied(options: dict[str, Any], option: str, multiplier: float, name: str) -> Any:
    if option in options:
        return options[option] * multiplier
    if multiplier == 0:
        return 0.0
    short = "lr_mult" if option == "lr" else "wd_mult"
    raise OptimizerError(
        f"{name!r} has {short}={multiplier}, and there is no {option} to multiply: "
        f"write groups(…, {option}=…)."
    )
