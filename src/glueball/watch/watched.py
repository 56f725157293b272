"""What is watched: the arrays by name as they are now, what optimizers hold of them, and what changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..adapter import Shape
from ..errors import NothingSelectedError, OptimizerError, StaleError
from ..gauges import Gauges
from ..parameters import ParameterDict
from ..parameters.collection import Collection
from ..views.table import plural
from .host import HostGauges

__all__ = ["Change", "Watched"]


class Change(NamedTuple):
    """Something about the model or its optimizers to be told; `{names}` stands for the names."""

    kind: str
    names: Sequence[str]
    message: str


class Watched:
    """The parameters of a selection, followed through changes of the model.

    Args:
        given: the selection; it is left as it is, and its collection with it.
        optimizers: of which it is to be known what they hold.

    Attributes:
        gauges: what measures the arrays.
        names: of the parameters.
        arrays: one for each name.
        there: whether it has values.
        trains: whether it takes gradients.
        sizes: elements that lie in this process, 0 where not known.
        matrix: whether it has two dimensions or more.
        held: whether the first of the optimizers holds it; everything where there is none.
        at_hand: whether results can be read without waiting for a device.

    Raises:
        NothingSelectedError: the selection is empty.
        OptimizerError: an optimizer holds nothing of the model.
    """

    def __init__(self, given: ParameterDict, optimizers: Sequence[Any]) -> None:
        self._given = given
        self._optimizers = optimizers
        tree = given._tree
        self._params = self._walked(tree.root)
        if not len(self._params):
            raise NothingSelectedError("there is nothing to watch: the selection holds no parameter.")
        self.gauges: Gauges = tree.adapter.gauges() or HostGauges(tree.adapter)
        self._once_in_the_model: dict[int, str] = {}
        self._ids: list[int] = []
        self._shapes: list[Shape | None] = []
        self.names: tuple[str, ...] = ()
        self.there = np.zeros(0, dtype=bool)
        self._read()
        self._check_optimizers()

    @property
    def root(self) -> Any:
        """The model."""
        return self._params.root

    def _check_optimizers(self) -> None:
        adapter, model = self._params._tree.adapter, set(self._model())
        for optimizer in self._optimizers:
            if not any(id(array) in model for _, array in adapter.held(optimizer)):
                raise OptimizerError(
                    f"the {type(optimizer).__name__} holds no parameter of the model. Give the optimizer "
                    f"that trains it, or build one from it: params.tensors()."
                )

    def _model(self) -> dict[int, str]:
        """Name by the id of every array of the model, watched or not."""
        tree = self._params._tree
        arrays = tree.adapter.own(tree.arrays(range(len(tree))))
        return {id(array): name for array, name in zip(arrays, tree.names, strict=True)}

    # ---- following the model ------------------------------------------------------------------------

    def replace(self, model: Any) -> None:
        """Go over to the model as it is now, where a step makes a new one."""
        self._params = self._walked(model)
        self._read()

    def _walked(self, model: Any) -> ParameterDict:
        """The selection's parameters in a model."""
        given = self._given
        tree = given._tree.adapter.walk(model, given._tree.with_buffers)
        return ParameterDict(Collection(tree), given._choose, given._base)

    def attach(self, grads: Any) -> None:
        """Take gradients that a framework's gradient function returned."""
        self._params.attach_grads(grads)

    def follow(self, closely: bool) -> list[Change]:
        """See the model as it is now, and what changed; layers that are new only when looked at closely."""
        changes: list[Change] = []
        tree = self._params._tree
        try:
            tree.arrays(self._params._rows)
            renew = closely and _form(self._params._collection.walk()) != _form(tree)
        except StaleError:
            renew = True
        if renew:
            ties = [tree.slots(row) for row in tree.rows_with_more_slots]
            watched = set(self._params._rows)
            ties = [
                slots
                for row, slots in zip(tree.rows_with_more_slots, ties, strict=True)
                if row in watched and len(slots) > 1
            ]
            self._params.refresh()
            changes += self._broken(ties)
        if self._read(closely) or closely:
            changes += self._optimizer_changes()
        return changes

    def _read(self, closely: bool = True) -> bool:
        """Read what the tree holds; whether it is other than before, in shapes too when looked at closely."""
        params = self._params
        tree, rows = params._tree, params._rows
        adapter = tree.adapter
        self.arrays = tree.arrays(rows)
        ids = [id(array) for array in self.arrays]
        waiting = bool(self._ids) and not bool(self.there.all())
        same = ids == self._ids and not waiting
        if same and not closely:
            return False
        there = [adapter.no_values(array) is None for array in self.arrays]
        shapes = [
            adapter.shape(array, tree.owners[tree.holders[row]], tree.attributes[row]) if known else ()
            for array, row, known in zip(self.arrays, rows, there, strict=True)
        ]
        if same and shapes == self._shapes:
            return False
        self._ids, self._shapes = ids, shapes
        self.names = tuple(params.names())
        self.there = np.array(there, dtype=bool)
        parts = [
            adapter.shard(array) if there else None
            for array, there in zip(self.arrays, self.there, strict=True)
        ]
        self.sizes = np.array(
            [
                math.prod(n or 0 for n in (shape if part is None else part[0].shape) or ()) if there else 0
                for shape, part, there in zip(shapes, parts, self.there, strict=True)
            ],
            dtype=np.int64,
        )
        self.matrix = np.array([len(shape or ()) > 1 for shape in shapes], dtype=bool)
        self.trains = self._trainable()
        self.held = np.ones(len(ids), dtype=bool)
        self.at_hand = isinstance(self.gauges, HostGauges) or all(
            str(adapter.device(array)) == "cpu" for array in self.arrays
        )
        return True

    def _trainable(self) -> np.ndarray[Any, Any]:
        """Whether each takes gradients, asked now."""
        tree, rows = self._params._tree, self._params._rows
        return np.array(
            [
                row not in tree.buffers and there and tree.adapter.trainable(array)
                for array, row, there in zip(self.arrays, rows, self.there, strict=True)
            ],
            dtype=bool,
        )

    def ask_again(self, absent: np.ndarray[Any, Any]) -> None:
        """Ask of these again whether they take gradients: they may have been frozen since."""
        adapter = self._params._tree.adapter
        for place in map(int, np.flatnonzero(absent)):
            self.trains[place] = adapter.trainable(self.arrays[place])

    def gradients(self) -> list[Any]:
        """The gradient of each, None where there is none."""
        params, given = self._params, self._given
        attached: dict[str, Any] = {}
        for some in (given, params):
            tree = some._tree
            attached.update({tree.names[row]: gradient for row, gradient in tree.attached.items()})
        grad = params._tree.adapter.grad
        if not attached:
            return [grad(array) for array in self.arrays]
        return [
            attached[name] if name in attached else grad(array)
            for name, array in zip(self.names, self.arrays, strict=True)
        ]

    # ---- what changed -------------------------------------------------------------------------------

    def _broken(self, ties: Sequence[tuple[str, ...]]) -> Iterator[Change]:
        tree = self._params._tree
        for slots in ties:
            rows = {row for slot in slots if (row := self._params._collection._row(slot)) is not None}
            if len(rows) > 1:
                names = [tree.names[row] for row in sorted(rows)]
                yield Change(
                    "tie",
                    names,
                    f"the tie of {{names}} broke: they are {plural(len(rows), 'array')} now, which learn "
                    f"apart. params.retie() ties them again.",
                )

    def optimizer_changes(self) -> list[Change]:
        """What the optimizers hold, as far as it is to be told."""
        return list(self._optimizer_changes())

    def _optimizer_changes(self) -> Iterator[Change]:
        self.trains = self._trainable()  # it may be frozen, or not any more, since it was read
        if not self._optimizers:
            return
        adapter, model = self._params._tree.adapter, self._model()
        held = [adapter.held(optimizer) for optimizer in self._optimizers]
        inside = {id(array) for some in held for _, array in some}
        first = {id(array) for _, array in held[0]}
        own = adapter.own(self.arrays)
        self.held = np.array([id(array) in first for array in own], dtype=bool)
        missing = [
            name
            for name, array, trains in zip(self.names, own, self.trains, strict=True)
            if trains and id(array) not in inside
        ]
        if missing:
            yield Change(
                "optimizer",
                missing,
                "the optimizer does not hold {names}, which it should train: they take gradients and never "
                "change. Add them, or freeze them.",
            )
        left, foreign = [], []
        for some in held:
            for name, array in some:
                if id(array) not in model:
                    known = self._once_in_the_model.get(id(array))
                    if known is None:
                        foreign.append(name or f"a tensor of shape {tuple(array.shape)}")
                    else:
                        left.append(known)
        if left:
            yield Change(
                "optimizer",
                left,
                "the optimizer holds {names} as it was before: that array left the model, and training it "
                "changes nothing. Build the optimizer anew, or apply the Exchange of the change.",
            )
        if foreign:
            yield Change(
                "optimizer",
                foreign,
                "the optimizer holds what is not in the model: {names}. Where it left the model, training it "
                "changes nothing.",
            )
        for identity, name in model.items():
            self._once_in_the_model.setdefault(identity, name)


def _form(tree: Any) -> tuple[Any, ...]:
    """What tells whether a model has the names and the ties that it had."""
    return tree.names, [tree.slots(row) for row in tree.rows_with_more_slots]
