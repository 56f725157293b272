"""Selection: parameters of one model by name, how one is found among them, and how they are shown.

A selection is a tree (what a walk found) and some of its rows. Selecting gives another of the same tree;
both hand out the same Parameter objects.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from ..errors import NameNotFoundError, PatternError, StaleError
from ..patterns import Pattern, missing_name, nothing_selected, select_rows
from ..slots import Tree, join
from ..views.table import Listing, bytes_text, parameter_table, plural
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


class Selection(Mapping[str, Parameter]):
    """An ordered view of parameters by name; `ParameterDict` adds the verbs."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._rows: Sequence[int] = range(len(tree))
        self._base = ""
        self._handles: dict[int, Parameter] = {}
        # How this view is made from a whole collection, for refresh().
        self._recipe: Callable[[Any], Any] = lambda whole: whole

    def _view(
        self,
        rows: Sequence[int],
        recipe: Callable[[Any], Any],
        base: str | None = None,
    ) -> Self:
        view = type(self)(self._tree)
        view._rows = rows
        view._base = self._base if base is None else base
        view._handles = self._handles
        view._recipe = recipe
        return view

    def _handle(self, row: int) -> Parameter:
        found = self._handles.get(row)
        if found is None:
            found = self._handles[row] = Parameter(self._tree, row)
        return found

    def _parameters(self) -> list[Parameter]:
        return [self._handle(row) for row in self._rows]

    def _has(self, row: int) -> bool:
        rows = self._rows
        if isinstance(rows, range):
            return row in rows
        at = bisect_left(rows, row)
        return at < len(rows) and rows[at] == row

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
        elif not hasattr(key, "__index__"):
            raise PatternError(
                f"{key!r} is no name: params[…] takes a name, a path or a position. "
                f"For a class or a predicate, write params.select(…)."
            )
        layer = self._layer(key)
        if layer is None and not isinstance(key, str):
            # The position in a list of parameters, whose names are numbers.
            layer = self._find(join(self._base, str(key)))
        if layer is None:
            raise NameNotFoundError(self._missing(key))
        return layer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except NameNotFoundError as error:
            verbs = [verb for verb in dir(type(self)) if not verb.startswith("_")]
            near = get_close_matches(name, verbs, n=2)
            hint = f" Did you mean the verb {' or '.join(near)}?" if near else ""
            raise AttributeError(str(error) + hint) from None

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
        row = self._tree.by_name.get(slot)
        if row is not None:
            return self._handle(row) if self._has(row) else None
        rows = [row for row in self._tree.by_other_name.get(slot, ()) if self._has(row)]
        if len(rows) == 1:
            return self._handle(rows[0])
        if rows:
            # Several arrays from which one weight is computed.
            return self._view(rows, lambda whole: whole[slot])
        return None

    def _layer(self, key: str | int) -> Self | None:
        steps: list[str | int] = list(key.split(".")) if isinstance(key, str) else [key]
        found = self._tree.resolve(self._base, steps)
        if found is None:
            return None
        path, owner = found
        inside = set(self._tree.rows_below([owner]))
        rows = [row for row in self._rows if row in inside]
        before, base = self._recipe, self._base

        def again(whole: Any) -> Any:
            view = before(whole)
            view._base = base
            layer = view._layer(key)
            if layer is None:
                raise NameNotFoundError(view._missing(key))
            return layer

        return self._view(rows, again, path)

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
        rows = select_rows(self._tree, pattern, self._rows, self._handle)
        if not rows and not allow_empty:
            raise nothing_selected(self._tree, pattern, self._rows)
        before = self._recipe
        return self._view(rows, lambda whole: before(whole).select(pattern, allow_empty=True))

    def __or__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine | theirs)

    def __and__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine & theirs)

    def __sub__(self, other: Self) -> Self:
        return self._combine(other, lambda mine, theirs: mine - theirs)

    def _combine(self, other: Self, how: Callable[[set[int], set[int]], set[int]]) -> Self:
        if not isinstance(other, Selection):
            return NotImplemented
        mine, theirs = self, other
        if mine._tree is not theirs._tree:
            if mine._tree.root is not theirs._tree.root:
                raise PatternError("these parameters belong to two models; combine views of one model.")
            buffers = mine._tree.with_buffers or theirs._tree.with_buffers
            whole = type(self)(mine._tree.adapter.walk(mine._tree.root, buffers))
            mine, theirs = mine._in(whole), theirs._in(whole)
        rows = sorted(how(set(mine._rows), set(theirs._rows)))
        first, second = mine._recipe, theirs._recipe
        return mine._view(rows, lambda whole: first(whole)._combine(second(whole), how), "")

    def _in(self, whole: Any) -> Self:
        """The same names in another collection of the same model."""
        by_name = whole._tree.by_name
        rows = sorted(by_name[name] for name in self.names() if name in by_name)
        found: Self = whole._view(rows, self._recipe)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selection):
            return NotImplemented
        return self._tree.root is other._tree.root and self.names() == other.names()

    __hash__ = None  # type: ignore[assignment]

    def refresh(self) -> Self:
        """Collect again, in place: see layers and ties as they are now. Returns itself.

        A selection is made again by the same patterns; `lr_mult` and `wd_mult` stay with their names.
        """
        tree = self._tree
        whole = type(self)(tree.adapter.walk(tree.root, tree.with_buffers))
        by_name = whole._tree.by_name
        for row, handle in self._handles.items():
            if (handle.lr_mult, handle.wd_mult) != (1.0, 1.0) and tree.names[row] in by_name:
                new = whole._handle(by_name[tree.names[row]])
                new.lr_mult, new.wd_mult = handle.lr_mult, handle.wd_mult
        fresh = self._recipe(whole)
        self._tree, self._rows, self._handles = whole._tree, fresh._rows, whole._handles
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
            f"{plural(totals.count, 'element')} ({totals.trainable:,} trainable)",
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
        return self.table().__rich__()
