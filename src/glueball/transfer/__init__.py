"""Transfer: the values of one model put into another, of the same or of another framework.

`pieces` gives the layers of a model in canonical form, `matching` pairs them, `flattening` finds dense layers
behind convolutions, `turning` fits the values, `settings` compares what values do not carry, `report` says
what was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import TransferError
from ..frameworks import adapter_for
from ..frameworks.values import coerced
from ..slots import Tree
from ..views.table import names_text, plural
from .flattening import flattened
from .matching import Match, match
from .pieces import Piece, Pieces, pieces_of
from .report import Transfer, TransferRow, Wrong, how, wrong_table
from .settings import activation_notes, setting_notes, tie_notes
from .turning import Values, fit

__all__ = ["Transfer", "TransferRow", "transfer"]

_POLICIES = ("error", "keep")


def transfer(
    source: Any,
    target: Any,
    rename: Mapping[str, str] | None = None,
    *,
    flatten: Mapping[str, Sequence[int] | None] | None = None,
    missing: str = "error",
    unexpected: str = "error",
    mismatch: str = "error",
) -> Transfer:
    """Copy parameters and statistics from one model to another, each turned as its layer needs it.

    The models may be of any two frameworks. Arrays are turned by the kind of their layer, which both
    frameworks know, never by their shapes. Layers are matched by a renaming, by equal names, or by their
    order where kinds and sizes agree one to one. All is checked first: where a layer has no counterpart or
    values would not fit, all such layers are listed and nothing is changed.

    Args:
        source: the model that values are taken from.
        target: the model that they are written into, in place.
        rename: {regular expression: replacement} for paths of the source's layers. The first that matches
            the path, or that of a layer above it, whole, tells the path in the target.
        flatten: {path of a dense or recurrent layer: (channels, height, width) of what is flattened in
            front of it, or None where nothing is}. Asked for where the channels stand elsewhere in the two
            models and it is not known what is flattened.
        missing: "keep" leaves layers of the target as they are that the source has nothing for.
        unexpected: "keep" leaves out layers of the source that the target has no place for.
        mismatch: "keep" leaves layers of the target as they are whose sizes differ.

    Returns:
        A report: what came from where, how it was turned, and what values do not carry.

    Raises:
        TransferError: a layer has no counterpart, or its values do not fit. Nothing was changed.
        DeferredError: a model has no values, or the target's arrays are not there yet. Nothing was changed.
        NothingSelectedError: a rule of `rename` matches no layer.
        NameNotFoundError, ShapeError: `flatten` names no dense layer, or sizes that do not fit it.

    >>> import glueball as gb, torch
    >>> from torch import nn
    >>> old = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> new = nn.ModuleDict({"body": nn.Linear(3, 4), "head": nn.Linear(4, 2)})
    >>> report = gb.transfer(old, new)
    >>> report.rows[1]
    TransferRow(source='2', target='head', kind='dense', matched='order', turned='')
    >>> torch.equal(new["head"].weight, old[2].weight)
    True
    """
    for name, policy in (("missing", missing), ("unexpected", unexpected), ("mismatch", mismatch)):
        if policy not in _POLICIES:
            raise TransferError(f'{name}={policy!r} is no policy: write "error" or "keep".')
    plan = _Plan(_layers(source), _layers(target), rename)
    plan.fit(flatten or {}, {"missing": missing, "unexpected": unexpected, "mismatch": mismatch})
    return plan.carry_out()


def _layers(model: Any) -> Pieces:
    pieces = pieces_of(adapter_for(model).walk(model, True))
    for piece in pieces.filled:
        if piece.required:
            piece.check_values()
    return pieces


class _Plan:
    """What goes where; nothing is written before all is known."""

    def __init__(self, source: Pieces, target: Pieces, rename: Mapping[str, str] | None) -> None:
        self._source, self._target = source, target
        self._matches = match(source, target, rename)
        self._read, self._staged = Values(), Values()
        self._rows: list[TransferRow] = []
        self._done: list[Match] = []
        self._kept: list[Piece] = []
        self._unused: list[Piece] = []
        self._wrong: list[Wrong] = []
        self._given: list[tuple[Match, str, Any]] = []

    def fit(self, flatten: Mapping[str, Sequence[int] | None], policies: Mapping[str, str]) -> None:
        """Turn all values and stage them.

        Raises:
            TransferError: something stands in the way.
        """
        for pieces, policy, aside in (
            (self._matches.sources, policies["unexpected"], self._unused),
            (self._matches.targets, policies["missing"], self._kept),
        ):
            for piece, why in pieces:
                if piece.required and policy == "error":
                    source = piece if aside is self._unused else None
                    reason = why or (
                        "the target has no place for it" if source else "the source has nothing for it"
                    )
                    self._wrong.append(Wrong(source, None if source else piece, reason))
                else:
                    aside.append(piece)
        turned = flattened(self._source, self._target, self._matches.pairs, flatten)
        for at, pair in enumerate(self._matches.pairs):
            fitted = fit(pair.source, pair.target, self._read)
            if fitted.by_size and (policies["mismatch"] == "keep" or not pair.target.required):
                self._kept.append(pair.target)
                self._unused.append(pair.source)
            elif fitted.reason or at in turned.asked:
                self._wrong.append(Wrong(pair.source, pair.target, fitted.reason or turned.asked[at]))
            else:
                values, remarks = dict(fitted.values), list(fitted.remarks)
                if at in turned.channels:
                    channels, first = turned.channels[at]
                    for name in [name for name in values if name.startswith("kernel")]:
                        values[name] = _reordered(values[name], channels, first)
                    remarks.append(
                        f"inputs of {channels} channels {'first → last' if first else 'last → first'}"
                    )
                self._stage(pair, values)
                self._done.append(pair)
                self._rows.append(
                    TransferRow(
                        pair.source.name, pair.target.name, pair.source.kind, pair.by, how(pair, remarks)
                    )
                )
        self._check_ties()
        if self._wrong:
            raise TransferError(
                f"nothing was transferred: {plural(len(self._wrong), 'layer')} without a counterpart, or "
                f"with values that do not fit.\n{wrong_table(self._wrong)}\n"
                'Write rename={"source": "target"} for layers that are called otherwise; missing="keep", '
                'unexpected="keep" or mismatch="keep" for what shall be left out.'
            )

    def _stage(self, pair: Match, values: dict[str, Any]) -> None:
        tree = pair.target.tree
        for name, value in values.items():
            view = self._staged.of(pair.target, name)
            slot = tree.names[pair.target.rows[name]]
            value = coerced(value, view.shape, view.dtype, slot)
            view[...] = value
            self._given.append((pair, name, value))

    def _check_ties(self) -> None:
        """An array that several layers of the target share has to get one value."""
        for pair, name, value in self._given:
            view = self._staged.of(pair.target, name)
            if view.tobytes() != np.asarray(value).tobytes():
                row = pair.target.rows[name]
                slots = ", ".join(pair.target.tree.slots(row))
                reason = f"{slots} are one array in the target, and the source has different values for them"
                self._wrong.append(Wrong(pair.source, pair.target, reason))

    def carry_out(self) -> Transfer:
        """Write what was staged."""
        tree: Tree = self._target.all[0].tree
        adapter = tree.adapter
        ready = []
        for row, values in self._staged.arrays.items():
            array = tree.array(row)
            ready.append((array, adapter.coerce(array, values, tree.names[row])))
        for array, value in ready:
            adapter.write(array, value)
        notes = [
            *setting_notes(self._done),
            *activation_notes(self._source, self._target),
            *tie_notes(self._done),
        ]
        notes += _as_they_are(self._done)
        return Transfer(self._rows, _names(self._kept), _names(self._unused), notes, tree.root)


def _as_they_are(pairs: Sequence[Match]) -> list[str]:
    """Arrays that no layer explains: whoever wrote their layer knows what they are."""
    names = [pair.target.name for pair in pairs if pair.target.kind == "array" and pair.target.required]
    return [f"copied as they are, since their layers are not known: {names_text(names)}"] if names else []


def _names(pieces: Sequence[Piece]) -> list[str]:
    found = {piece.tree.names[row]: None for piece in pieces for row in piece.rows.values()}
    return list(found)


def _reordered(kernel: Any, channels: int, first: bool) -> Any:
    """The inputs of a dense kernel from (channels, places) to (places, channels), or back."""
    inputs, outputs = kernel.shape
    sizes = (channels, inputs // channels) if first else (inputs // channels, channels)
    return kernel.reshape(*sizes, outputs).swapaxes(0, 1).reshape(inputs, outputs)
