"""Flattening: the order of a dense layer's inputs, where channels come first in one model, last in the other.

Data with channels first flatten to (channels · places), with channels last to (places · channels), so the
inputs of the dense layer behind have to be put in the other order. Where that is the case is known from a
Flatten layer in a container whose layers run in order, or from the graph of the framework. Where it may
be, somebody has to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..errors import NameNotFoundError, ShapeError
from .matching import Match
from .pieces import Piece, Pieces

__all__ = ["Flattened", "flattened"]

_CONVOLUTIONS = ("convolution", "transposed convolution")
_TAKING = ("dense", "lstm", "gru", "rnn")
_BETWEEN = ("batch norm", "group norm", "instance norm", "layer norm", "prelu")

_MIXED = (
    "the channels of one model's convolutions come first in some and last in others, so nobody knows in "
    "which order they are flattened: set it by hand"
)

Given = Mapping[str, Sequence[int] | None]


class Flattened:
    """The dense layers whose inputs are put in another order.

    Attributes:
        channels: position of the pair -> (channels, whether they come first in the source).
        asked: position of the pair -> why somebody has to say.
    """

    def __init__(self) -> None:
        self.channels: dict[int, tuple[int, bool]] = {}
        self.asked: dict[int, str] = {}


def flattened(source: Pieces, target: Pieces, pairs: Sequence[Match], given: Given) -> Flattened:
    """Which inputs of dense layers have to be put in another order.

    Raises:
        NameNotFoundError: `given` names no dense layer that is transferred.
        ShapeError: the sizes given for a layer do not multiply to its inputs.
    """
    found = Flattened()
    used: set[str] = set()
    mine, other = _orders(source), _orders(target)
    mixed = len(mine) > 1 or len(other) > 1
    differ = bool(mine and other) and (mixed or mine != other)
    first = "first" in mine
    for at, pair in enumerate(pairs):
        if differ and pair.source.kind == "layer norm" and len(pair.source.shapes.get("scale", ())) > 1:
            found.asked[at] = (
                "it scales several axes, and nobody knows which holds the channels: set it by hand"
            )
        if pair.source.kind not in _TAKING:
            continue
        inputs = next(shape[0] for n, shape in pair.source.shapes.items() if n.startswith("kernel"))
        name = next((name for name in (pair.source.path, pair.target.path) if name in given), None)
        if name is not None:
            used.add(name)
            sizes = given[name]
            if sizes is not None:
                if len(sizes) < 2 or math.prod(sizes) != inputs:
                    raise ShapeError(
                        f"flatten: {name!r} has {inputs} inputs, and {tuple(sizes)} makes "
                        f"{math.prod(sizes)}. Write (channels, height, width) of what is flattened."
                    )
                if mixed:
                    found.asked[at] = _MIXED
                elif differ:
                    found.channels[at] = (sizes[0], first)
            continue
        if not differ:
            continue
        known = {
            channels
            for channels in (_known(source, pair.source, inputs), _known(target, pair.target, inputs))
            if channels is not None
        }
        if len(known) == 1 and not mixed:
            (channels,) = known
            if channels != inputs:
                found.channels[at] = (channels, first)
            continue
        if mixed and known:
            found.asked[at] = _MIXED
            continue
        doubt = _doubt(source, pair.source, inputs) or _doubt(target, pair.target, inputs)
        if doubt is not None:
            where = ("first", "last") if first else ("last", "first")
            found.asked[at] = (
                f"its {inputs} inputs may be the flattened output of {doubt.name!r}, whose channels come "
                f"{where[0]} in the source and {where[1]} in the target: write "
                f"flatten={{{pair.source.path!r}: (channels, height, width)}}, or None if nothing is"
            )
    for name in given:
        if name not in used:
            dense = ", ".join(pair.source.path for pair in pairs if pair.source.kind in _TAKING)
            raise NameNotFoundError(
                f"flatten: {name!r} is no dense or recurrent layer that is transferred: {dense or 'none'}."
            )
    return found


def _orders(model: Pieces) -> set[str]:
    """Where the channels stand in the data of a model's convolutions."""
    return {str(piece.layout.settings["channels"]) for piece in model.filled if piece.kind in _CONVOLUTIONS}


def _channels(piece: Piece) -> int:
    """What a convolution puts out."""
    shape = piece.shapes["kernel"]
    groups = piece.layout.settings["groups"]
    return shape[-2] * groups if piece.kind == "transposed convolution" else shape[-1]


def _known(model: Pieces, dense: Piece, inputs: int) -> int | None:
    """The channels that were flattened in front of a dense layer, where that is sure; else None."""
    told = dense.layout.settings.get("flattened")
    if told is not None:
        return int(told)
    flat = bool(dense.layout.settings.get("flattens"))
    behind = dense
    for piece in reversed(model.all[: model.all.index(dense)]):
        if piece.kind == "channelwise" or piece.kind == "gelu":
            continue
        if piece.kind == "flatten" and not flat:
            flat = True
        elif not flat or piece.kind not in (*_CONVOLUTIONS, *_BETWEEN):
            return None
        if not _runs_in_order(model, piece, behind):
            return None
        if piece.kind in _CONVOLUTIONS:
            channels = _channels(piece)
            return channels if inputs % channels == 0 else None
        behind = piece
    return None


def _runs_in_order(model: Pieces, before: Piece, behind: Piece) -> bool:
    """Whether all containers around two layers, up to that which holds both, run their layers in order."""
    one, other = before.path.split("."), behind.path.split(".")
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    around = {".".join(way[:end]) for way in (one, other) for end in range(common, len(way))}
    return around <= model.sequences


def _doubt(model: Pieces, dense: Piece, inputs: int) -> Piece | None:
    """The convolution whose flattened output a dense layer may take, None where that can be excluded."""
    filled = model.filled
    # What stands directly in front says something only where layers are in the order of their writing.
    for piece in reversed(filled[: filled.index(dense)] if model.written else []):
        if piece.kind in _CONVOLUTIONS:
            # As many inputs as channels: one place, as behind a global pool, in which order is none.
            return piece if _channels(piece) != inputs else None
        if piece.kind not in _BETWEEN:
            break
    if any(inputs in _outputs(piece) for piece in filled if piece is not dense):
        return None
    return next(
        (
            p
            for p in filled
            if p.kind in _CONVOLUTIONS and inputs % _channels(p) == 0 and inputs != _channels(p)
        ),
        None,
    )


def _outputs(piece: Piece) -> tuple[int, ...]:
    """The widths that a layer may put out; of a recurrent one in both directions."""
    if piece.kind in ("dense", "bilinear"):
        kernel = piece.shapes["kernel"]
        return (kernel[-1] if piece.kind == "dense" else kernel[0],)
    if piece.kind == "embedding":
        return (piece.shapes["table"][-1],)
    if piece.kind in ("lstm", "gru", "rnn"):
        units = next(shape[0] for name, shape in piece.shapes.items() if name.startswith("recurrent."))
        return (units, 2 * units)
    if piece.kind in _CONVOLUTIONS:
        return (_channels(piece),)
    return ()
