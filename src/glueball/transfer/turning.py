"""Turning: the canonical values of a layer, fitted to what the other layer holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .pieces import NEUTRAL, Piece

__all__ = ["Fitted", "Values", "fit"]

Array = np.ndarray[Any, Any]

# The gates to which both biases are added at one place, so that one bias can be their sum. The new state
# of a GRU multiplies the recurrent one by a gate first.
_SUMMED = {"lstm": "ifgo", "gru": "rz", "rnn": "h"}


class Values:
    """The arrays of one model on the host, each read once; what is written into them stays here."""

    def __init__(self) -> None:
        self.arrays: dict[int, Array] = {}

    def of(self, piece: Piece, name: str) -> Array:
        """A canonical array, as a view of the array that holds it."""
        row = piece.rows[name]
        if row not in self.arrays:
            tree = piece.tree
            self.arrays[row] = np.asarray(tree.adapter.numpy(tree.array(row)), order="C")
        whole = self.arrays[row]
        view = piece.layout.arrays[name].view(whole)
        if view.size and not np.may_share_memory(view, whole):
            raise AssertionError(f"the layout of {piece.path!r} copies {name!r}")
        return view


class Fitted(NamedTuple):
    """Values for the arrays of a target's layer.

    Attributes:
        values: canonical name -> value.
        remarks: what was done besides turning axes ("bias + recurrent bias").
        reason: why it cannot be done, or "".
        by_size: whether the reason is that the sizes differ.
    """

    values: Mapping[str, Array]
    remarks: tuple[str, ...] = ()
    reason: str = ""
    by_size: bool = False


def fit(source: Piece, target: Piece, read: Values) -> Fitted:
    """The source's values for the names that the target has.

    A bias that is missing is 0 and a scale 1. Two biases are summed into one where the layer adds them at
    the same place. Whatever else has no place is a reason not to transfer.
    """
    have = {name: read.of(source, name) for name in source.rows}
    want = target.shapes
    remarks: dict[str, None] = {}
    for name in [name for name in have if name not in want]:
        base, _, gate = name.partition(".")
        value = have.pop(name)
        if base == "batches" or (base in NEUTRAL and bool((value == NEUTRAL[base]).all())):
            continue
        one = f"bias.{gate}"
        if base == "recurrent_bias" and one in want and gate in _SUMMED.get(source.kind, ""):
            have[one] = have[one] + value if one in have else value
            remarks["bias + recurrent bias"] = None
            continue
        says = f"a {_words(base)}" + (f" of its gate {gate}" if gate else "")
        return Fitted({}, reason=f"the source has {says}, for which the target has no place")
    for name, shape in want.items():
        base = name.partition(".")[0]
        if name in have:
            if have[name].shape != shape:
                text = f"{_words(name)} is {have[name].shape} in the source, {shape} in the target"
                return Fitted({}, reason=text, by_size=True)
        elif base in NEUTRAL:
            have[name] = np.full(shape, NEUTRAL[base], np.uint8)
            remarks[f"{_words(base)} {NEUTRAL[base]}"] = None
        elif base != "batches":
            return Fitted({}, reason=f"the target has a {_words(base)}, and the source none")
    return Fitted(have, tuple(remarks))


def _words(name: str) -> str:
    return name.replace("_", " ")
