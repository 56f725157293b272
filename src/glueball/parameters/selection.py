"""Selection: parameters of one model by name, how one is found among them, and how they are shown.

A selection is a tree (what a walk found) and some of its rows. Selecting gives another of the same tree;
both hand out the same Parameter objects.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ..errors import NameNotFoundError, PatternError, StaleError
from ..patterns import Pattern, missing_name, nothing_selected, select_rows
from ..slots import Tree, join
from ..views.table import Listing, bytes_text, parameter_table, plural
from .collection import Collection
from .parameter import Parameter

__all__ = ["Selection", "Totals"]


@dataclass(frozen=True)
class Totals:
    """Sums over parameters; a tied one counts once, and a size that is not known yet not at all.

    Attributes:
        parameters: how many arrays.
        count: their elements.
        trainable: elements of those that take gradients.
        nbytes: bytes of the elements.
        deferred: how many arrays have no known size yet.
    """

    parameters: int
    count: int
    trainable: int
    nbytes: int
    deferred: int


Choose = Callable[[Collection], Sequence[int]]
"""How a selection chooses its rows from a collection, again after each renewal."""


def _all(collection: Collection) -> Sequence[int]:
    return range(len(collection.tree))


def _without_buffers(choose: Choose) -> Choose:
    return lambda at: [row for row in choose(at) if row not in at.tree.buffers]


class Selection(Mapping[str, Parameter]):
    """An ordered view of parameters by name; `ParameterDict` adds the verbs."""

    def __init__(self, collection: Collection, choose: Choose = _all, base: str = "") -> None:
        self._collection = collection
        self._choose = choose
        self._base = base
        self._chosen_in: Tree | None = None
        self._chosen: Sequence[int] = ()

    @property
    def _tree(self) -> Tree:
        return self._collection.tree

    @property
    def _rows(self) -> Sequence[int]:
        if self._chosen_in is not self._collection.tree:
            self._chosen = self._choose(self._collection)
            self._chosen_in = self._collection.tree
        return self._chosen

    def _view(self, choose: Choose, base: str) -> Self:
        return type(self)(self._collection, choose, base)

    @property
    def _stored(self) -> bool:
        """Whether these lie in a file, where nothing trains."""
        return self._tree.adapter.name == "files"

    def _handle(self, row: int) -> Parameter:
        return self._collection.handle(row)

    def _parameters(self) -> list[Parameter]:
        return [self._handle(row) for row in self._rows]

    def _has(self, row: int) -> bool:
        rows = self._rows
        if isinstance(rows, range):
            return row in rows
        at = bisect_left(rows, row)
        return at < len(rows) and rows[at] == row

    @property
    def root(self) -> Any:
        """The model; of one that cannot be changed in place (Equinox, tuples) the new one after a verb."""
        return self._tree.root

    # ---- finding ------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names, in order."""
        if len(self._rows) == len(self._tree):
            return list(self._tree.names)
        return [self._tree.names[row] for row in self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        """Whether a name (any slot) or a Parameter is in this view."""
        if isinstance(key, Parameter):
            return key._tree is self._tree and self._has(key._row)
        return isinstance(key, str) and self._find(key) is not None

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, str):
            for slot in (key, join(self._base, key)) if self._base else (key,):
                found = self._find(slot)
                if found is not None:
                    return found
        elif hasattr(key, "__index__"):
            key = operator.index(key)
        else:
            raise PatternError(
                f"{key!r} is no name: params[…] takes a name, a path or a position. "
                f"For a class or a predicate, write params.select(…)."
            )
        layer: Any = self._layer(key)
        if layer is None and not isinstance(key, str):
            # The position in a list of parameters, whose names are numbers.
            layer = self._find(join(self._base, str(key)))
        if layer is None:
            raise NameNotFoundError(self._missing(key))
        return layer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._find(join(self._base, name))
        if found is None:
            found = self._layer(name)
        if found is None:
            from difflib import get_close_matches

            verbs = [verb for verb in dir(type(self)) if not verb.startswith("_")]
            near = get_close_matches(name, verbs, n=2)
            hint = f" Did you mean the verb {' or '.join(near)}?" if near else ""
            raise AttributeError(self._missing(name) + hint)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"params.{name} cannot be set: write params[{name!r}].set_data(…).")
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        raise TypeError(
            "a collection of parameters is a view of a live model, so it is not copied or pickled: "
            "copy or pickle the model and collect again."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._steps() if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return [*self.names(), *self._steps()]

    def _find(self, slot: str) -> Parameter | Self | None:
        rows = [row for row in self._tree.rows_named(slot) if self._has(row)]
        if len(rows) == 1:
            return self._handle(rows[0])
        if rows:
            # Several arrays from which one weight is computed.
            return self._view(lambda at: at.tree.rows_named(slot), self._base)
        return None

    def _layer(self, key: str | int) -> Self | None:
        steps: list[str | int] = list(key.split(".")) if isinstance(key, str) else [key]
        found = self._tree.resolve(self._base, steps)
        if found is None:
            return None
        path, before = found[0], self._choose

        def choose(at: Collection) -> Sequence[int]:
            layer = at.tree.resolve("", path.split("."))
            inside = set(at.tree.rows_below([layer[1]])) if layer else set()
            return [row for row in before(at) if row in inside]

        return self._view(choose, path)

    def _steps(self) -> list[str]:
        """What may follow from here: child layers and this layer's own parameters."""
        tree = self._tree
        found = tree.resolve("", self._base.split(".") if self._base else [])
        owner = tree.owners[found[1]] if found else tree.root
        own = [tree.attributes[row] for row in self._rows if tree.owners[tree.holders[row]] is owner]
        return [*tree.adapter.children(owner), *own]

    def _missing(self, key: str | int) -> str:
        if isinstance(key, str):
            return missing_name(self._tree, key, self._base, self._rows)
        where = repr(self._base) if self._base else "the model"
        found = self._tree.resolve("", self._base.split(".") if self._base else [])
        owner = self._tree.owners[found[1]] if found else self._tree.root
        count = len(self._tree.adapter.children(owner))
        return f"there is no layer {key} in {where}: it has {count}, numbered from 0."

    # ---- selecting ----------------------------------------------------------------------------------

    def select(self, pattern: Pattern, *, allow_empty: bool = False) -> Self:
        r"""The parameters that a pattern takes: a regular expression, a class, (class, name), a predicate.

        Raises:
            NothingSelectedError: it takes none (`allow_empty=True` gives an empty view instead); the
                message has the nearest names and, where one is found, a pattern that works.
            PatternError: it is no pattern.

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)))
        >>> params.select(r".*\.bias").names()
        ['0.bias', '1.bias']
        >>> params.select((nn.Linear, "weight")).names()
        ['0.weight']
        >>> params.select(lambda p: p.size == 8).names()
        ['0.bias', '1.weight', '1.bias']
        """
        before = self._choose
        chosen = self._view(lambda at: select_rows(at.tree, pattern, before(at), at.handle), self._base)
        if not chosen and not allow_empty:
            raise nothing_selected(self._tree, pattern, self._rows)
        return chosen

    def __or__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine | theirs)

    def __and__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine & theirs)

    def __sub__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine - theirs)

    def _combine(self, other: Self, how: Callable[[set[int], set[int]], set[int]]) -> Self:
        if not isinstance(other, Selection):
            return NotImplemented
        first, second, collection = self._choose, other._choose, self._collection
        if collection is not other._collection:
            mine, theirs = self._tree, other._tree
            if mine.root is not theirs.root:
                raise PatternError("these parameters belong to two models; combine views of one model.")
            buffers = mine.with_buffers or theirs.with_buffers
            collection = Collection(mine.adapter.walk(mine.root, buffers))
            first = first if mine.with_buffers == buffers else _without_buffers(first)
            second = second if theirs.with_buffers == buffers else _without_buffers(second)
        return type(self)(collection, lambda at: sorted(how(set(first(at)), set(second(at)))))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selection):
            return NotImplemented
        return self._tree.root is other._tree.root and self.names() == other.names()

    __hash__ = None  # type: ignore[assignment]

    def refresh(self) -> Self:
        """Collect again, in place: see layers and ties as they are now. Returns itself.

        All that was selected from the same collection sees them too, and chooses again by its patterns.
        Parameter objects stay, with their `lr_mult` and `wd_mult`.
        """
        self._collection.renew()
        return self

    # ---- seeing -------------------------------------------------------------------------------------

    def totals(self) -> Totals:
        """Elements, trainable elements and bytes; ties count once.

        >>> import glueball as gb, torch
        >>> gb.collect_params(torch.nn.Linear(4, 8)).totals()
        Totals(parameters=2, count=40, trainable=40, nbytes=160, deferred=0)
        """
        facts = [parameter._facts() for parameter in self._parameters()]
        return Totals(
            len(facts),
            sum(fact.size or 0 for fact in facts),
            sum(fact.size or 0 for fact in facts if fact.trainable),
            sum(fact.nbytes or 0 for fact in facts),
            sum(fact.size is None for fact in facts),
        )

    def table(self, *, fold: bool | None = None, limit: int | None = 60) -> Listing:
        """The parameters as a table: `print` shows it plain, `rich.print` in colour, a notebook as HTML.

        Args:
            fold: write alike numbered layers as one line (`blocks.{0..11}.bias`); None: only when long.
            limit: at most so many lines, the middle left out; None: all of them.
        """
        rows = [parameter.row() for parameter in self._parameters()]
        return parameter_table(rows, [self._total_line()], fold=fold, limit=limit)

    def _total_line(self) -> str:
        try:
            totals = self.totals()
        except StaleError as error:
            return str(error)
        parts = [
            plural(totals.parameters, "parameter"),
            plural(totals.count, "element") + f" ({totals.trainable:,} trainable)" * (not self._stored),
            bytes_text(totals.nbytes),
        ]
        if totals.deferred:
            parts.append(f"{totals.deferred:,} of unknown size")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()
