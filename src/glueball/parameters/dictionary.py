"""ParameterDict: an ordered view of parameters by name. Selecting gives another; verbs act on all of it."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import DTypeError, NameNotFoundError, PatternError, ShapeError, TieError
from ..patterns import Pattern, missing_name, nothing_selected, select_rows
from ..slots import Tree, join
from ..views.table import bytes_text, html_table, rich_table, text
from . import optimizers, ties
from .parameter import Parameter
from .plan import Plan, make_plan

__all__ = ["ParameterDict", "Totals"]


class Totals(NamedTuple):
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


class ParameterDict(Mapping[str, Parameter]):
    """Parameters of one model by name, in the framework's own order.

    Values are live; the structure is as it was when collected, until `refresh()`. It iterates over names,
    as a dict does; `params.values()` gives the Parameters.

    `params[key]` takes a name (any slot of a tied parameter), or a layer's path, or the position of a
    layer among its siblings, which give the parameters in that layer; layers and parameters are
    attributes too. Below a layer so reached, paths go on from it, while names stay whole.

    >>> import glueball as gb
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1))
    >>> params = gb.collect_params(net)
    >>> params["0.0.bias"] is params[0][0].bias is params["0"]["0"]["bias"]
    True
    >>> (params.select(nn.Linear) - params.select("0")).names()
    ['1.weight', '1.bias']
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._rows: Sequence[int] = range(len(tree))
        self._base = ""
        self._handles: dict[int, Parameter] = {}
        # How this view is made from a whole collection, for refresh().
        self._recipe: Callable[[ParameterDict], ParameterDict] = lambda whole: whole

    def _view(
        self,
        rows: Sequence[int],
        recipe: Callable[[ParameterDict], ParameterDict],
        base: str | None = None,
    ) -> ParameterDict:
        view = ParameterDict(self._tree)
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
        if layer is None:
            raise NameNotFoundError(self._missing(key))
        return layer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except NameNotFoundError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._steps() if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return [*self.names(), *self._steps()]

    def _find(self, slot: str) -> Parameter | ParameterDict | None:
        row = self._tree.by_name.get(slot)
        if row is not None:
            return self._handle(row) if self._has(row) else None
        rows = [row for row in self._tree.by_other_name.get(slot, ()) if self._has(row)]
        if len(rows) == 1:
            return self._handle(rows[0])
        if rows:
            return self._view(rows, lambda whole: whole[slot])
        return None

    def _layer(self, key: str | int) -> ParameterDict | None:
        steps: list[str | int] = list(key.split(".")) if isinstance(key, str) else [key]
        found = self._tree.resolve(self._base, steps)
        if found is None:
            return None
        path, owner = found
        inside = set(self._tree.rows_below([owner]))
        rows = [row for row in self._rows if row in inside]
        before, base = self._recipe, self._base

        def again(whole: ParameterDict) -> ParameterDict:
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

    def select(self, pattern: Pattern, *, allow_empty: bool = False) -> ParameterDict:
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

    def __or__(self, other: ParameterDict) -> ParameterDict:
        return self._combine(other, lambda mine, theirs: mine | theirs)

    def __and__(self, other: ParameterDict) -> ParameterDict:
        return self._combine(other, lambda mine, theirs: mine & theirs)

    def __sub__(self, other: ParameterDict) -> ParameterDict:
        return self._combine(other, lambda mine, theirs: mine - theirs)

    def _combine(self, other: ParameterDict, how: Callable[[set[int], set[int]], set[int]]) -> ParameterDict:
        if not isinstance(other, ParameterDict):
            return NotImplemented
        mine, theirs = self, other
        if mine._tree is not theirs._tree:
            if mine._tree.root is not theirs._tree.root:
                raise PatternError("these parameters belong to two models; combine views of one model.")
            buffers = mine._tree.with_buffers or theirs._tree.with_buffers
            whole = ParameterDict(mine._tree.adapter.walk(mine._tree.root, buffers))
            mine, theirs = mine._in(whole), theirs._in(whole)
        rows = sorted(how(set(mine._rows), set(theirs._rows)))
        first, second = mine._recipe, theirs._recipe
        return mine._view(rows, lambda whole: first(whole)._combine(second(whole), how), "")

    def _in(self, whole: ParameterDict) -> ParameterDict:
        """The same names in another collection of the same model."""
        by_name = whole._tree.by_name
        rows = sorted(by_name[name] for name in self.names() if name in by_name)
        return whole._view(rows, self._recipe)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ParameterDict):
            return NotImplemented
        return self._tree.root is other._tree.root and self.names() == other.names()

    __hash__ = None  # type: ignore[assignment]

    def refresh(self) -> ParameterDict:
        """Collect again, in place: see layers and ties as they are now. Returns itself.

        A selection is made again by the same patterns; `lr_mult` and `wd_mult` stay with their names.
        """
        tree = self._tree
        whole = ParameterDict(tree.adapter.walk(tree.root, tree.with_buffers))
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
        known = [fact for fact in facts if fact.size is not None]
        return Totals(
            len(facts),
            sum(fact.size for fact in known),
            sum(fact.size for fact in known if fact.trainable),
            sum(fact.nbytes for fact in known),
            len(facts) - len(known),
        )

    def _total_lines(self) -> list[str]:
        totals = self.totals()
        parts = [
            f"{totals.parameters:,} parameters",
            f"{totals.count:,} elements ({totals.trainable:,} trainable)",
            bytes_text(totals.nbytes),
        ]
        if totals.deferred:
            parts.append(f"{totals.deferred:,} of unknown size")
        return [", ".join(parts)]

    def table(self, *, fold: bool | None = None, limit: int | None = 60) -> Any:
        """A rich table of the parameters, for `rich.print` or a Console; `str(params)` is its plain text.

        Args:
            fold: write alike numbered layers as one line (`blocks.{0..11}.bias`); None: only when long.
            limit: at most so many lines, the middle left out; None: all of them.
        """
        return rich_table([p.row() for p in self._parameters()], self._total_lines(), fold=fold, limit=limit)

    def __repr__(self) -> str:
        return text(self.table())

    def _repr_html_(self) -> str:
        return html_table([p.row() for p in self._parameters()], self._total_lines())

    def __rich__(self) -> Any:
        return self.table()

    # ---- values and properties, all at once ---------------------------------------------------------

    def tensors(self) -> list[Any]:
        """The model's own objects, each once, for an optimizer: `SGD(params.tensors(), lr=0.1)`."""
        return [parameter.tensor() for parameter in self._parameters()]

    def zero_grad(self) -> None:
        """Set all gradients to zero in place; where there is none there stays none."""
        self._tree.adapter.zero_grad(self.tensors())

    def freeze(self, pattern: Pattern | None = None) -> None:
        """Take no gradients from now on: for all, or for what a pattern takes."""
        self._set_trainable(pattern, False)

    def unfreeze(self, pattern: Pattern | None = None) -> None:
        """Take gradients from now on: all parameters (not buffers), or what a pattern takes."""
        self._set_trainable(pattern, True)

    def _set_trainable(self, pattern: Pattern | None, trainable: bool) -> None:
        chosen = self if pattern is None else self.select(pattern)
        parameters = [p for p in chosen._parameters() if p.kind == "parameter"]
        arrays = [(p.tensor(), p.name) for p in parameters]
        for check in (True, False):
            for array, name in arrays:
                self._tree.adapter.set_trainable(array, trainable, name, check)

    def cast(self, dtype: Any) -> None:
        """Change the dtype of the floating parameters, and of their gradients, in place.

        The tensors stay the same objects. An optimizer that keeps state for them goes on after
        `optimizer.load_state_dict(optimizer.state_dict())`, which casts the state.

        Raises:
            DTypeError: no floating dtype; nothing was changed.
        """
        self._change(lambda p: self._tree.adapter.cast(p.tensor(), dtype, p.name))

    def to(self, device: Any) -> None:
        """Move the parameters, and their gradients, to a device in place; see `cast` for optimizers.

        Raises:
            DeferredError: a parameter lies on the meta device; nothing was changed.
        """
        self._change(lambda p: self._tree.adapter.move(p.tensor(), device, p.name))

    def _change(self, prepare: Callable[[Parameter], Callable[[], None] | None]) -> None:
        for change in [prepare(parameter) for parameter in self._parameters()]:
            if change is not None:
                change()

    def apply(self, function: Callable[[Any], Any]) -> None:
        """Replace each parameter's values by `function(values)`.

        The function is given a copy of the values and returns new ones, or edits the copy and returns
        None. All results are made and checked before the first is written, so they take the memory of
        these parameters once more.

        Raises:
            ShapeError, DTypeError: a result that does not fit; nothing was changed.

        >>> import glueball as gb, torch
        >>> layer = torch.nn.Linear(4, 8)
        >>> gb.collect_params(layer).apply(lambda values: values.clamp(-0.1, 0.1))
        >>> bool(layer.weight.abs().max() <= 0.1)
        True
        """
        results = []
        adapter = self._tree.adapter
        for parameter in self._parameters():
            copy = adapter.data(adapter.copy(parameter.tensor())) if not parameter.deferred else None
            parameter._need_values("changed")
            result = function(copy)
            try:
                results.append((parameter, parameter.coerce(copy if result is None else result)))
            except (ShapeError, DTypeError) as error:
                raise type(error)(f"apply: {error} Nothing was changed.") from None
        for parameter, value in results:
            adapter.write(parameter.tensor(), value)

    # ---- initialising -------------------------------------------------------------------------------

    def plan(
        self, rules: Any, *, seed: int | None = None, prefix: str = "", allow_empty: bool = False
    ) -> Plan:
        """What `initialize` would do with these rules: which rule takes which parameter; changes nothing.

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)))
        >>> for row in params.plan({"0.weight": "xavier", ".*bias": 0}, seed=0).rows:
        ...     print(row.name, "|", row.rule, "|", row.initializer, "|", row.draws)
        0.weight | '0.weight' | Xavier() | [-0.7071, 0.7071]
        0.bias | '.*bias' | Constant(0) |
        1.weight |  |  | kept: no rule
        1.bias | '.*bias' | Constant(0) |
        """
        return make_plan(self._tree, self._rows, rules, seed, prefix, allow_empty, self._handle)

    def initialize(
        self,
        rules: Any,
        *,
        seed: int | None = None,
        prefix: str = "",
        allow_empty: bool = False,
        _depth: int = 0,
    ) -> Plan:
        """Give the parameters their first values by rule; the first rule that takes a parameter wins.

        Element i of the parameter `name` under `seed` depends on these three alone (DESIGN of the
        streams: `glueball.streams`): not on the order of layers, nor on what else is initialised.

        Args:
            rules: {pattern: initializer}, or one initializer for all. An initializer is one of
                `glueball.init`, a number, an array, another Parameter, a name such as `"xavier"`, a
                function that fills an array, or None: keep the value.
            seed: an integer; without one a fresh seed is drawn and stands in the returned plan.
            prefix: put before each name, so that a part collected alone gets the whole's values.
            allow_empty: let a rule take nothing.

        Returns:
            The plan that was carried out: seed, rule and initializer for each parameter.

        Raises:
            NothingSelectedError: a rule takes nothing.
            InitializerError, ShapeError, DTypeError, DeferredError: an initializer does not fit a
                parameter that its rule takes. Nothing was changed.

        Warns:
            UserWarning: once, with the names of the parameters that no rule takes; they keep their values.
        """
        plan = self.plan(rules, seed=seed, prefix=prefix, allow_empty=allow_empty)
        plan.carry_out()
        for names, why in (
            (plan.unmatched, "no rule takes"),
            (plan.left_alone, "have no fans for their rule:"),
        ):
            if names:
                shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
                warnings.warn(
                    f"{len(names)} parameters keep their values, {why} {shown}. Add a rule, or say so by None.",
                    stacklevel=2 + _depth,
                )
        return plan

    # ---- ties ---------------------------------------------------------------------------------------

    def tie(self, name: str, to: str) -> ties.Exchange:
        """Make the parameter `name` the same array as `to`; its own is dropped.

        Returns:
            What an optimizer built before must drop and add; `.apply(optimizer)` does it.

        Raises:
            TieError: another shape, dtype, device or kind; nothing was changed.

        >>> import glueball as gb
        >>> from torch import nn
        >>> net = nn.ModuleDict({"embed": nn.Embedding(10, 4), "head": nn.Linear(4, 10, bias=False)})
        >>> params = gb.collect_params(net)
        >>> params.tie("head.weight", "embed.weight")
        Exchange: an optimizer must drop head.weight; add nothing
        >>> params["head.weight"].slots
        ('embed.weight', 'head.weight')
        """
        exchange = ties.tie(self._one(name), self._one(to))
        self.refresh()
        return exchange

    def untie(self, slot: str) -> ties.Exchange:
        """Give the layer behind one slot of a tied parameter a copy of its own.

        Raises:
            TieError: it is not tied, or the layer itself is used twice and would have to be copied.
        """
        parameter = self._one(slot)
        exchange = ties.untie(self._tree, parameter._row, slot if slot in parameter.slots else parameter.name)
        self.refresh()
        return exchange

    def aliases(self) -> ties.Aliases:
        """Look for parameters that share memory without being one object (`load_state_dict(assign=True)`).

        Their values agree, but their gradients do not add up. `retie()` makes ties of them.
        """
        return ties.find_aliases(self._parameters())

    def retie(self) -> ties.Exchange:
        """Tie again what was tied when collected and is no more, and what `aliases()` finds."""
        exchange = ties.retie(self._tree, self._rows, self._handle)
        self.refresh()
        return exchange

    def _one(self, name: str) -> Parameter:
        found = self[name]
        if isinstance(found, Parameter):
            return found
        raise TieError(f"{name!r} is a layer with {len(found)} parameters: name one of them.")

    # ---- optimizers ---------------------------------------------------------------------------------

    def groups(
        self, rules: Mapping[Pattern, Mapping[str, Any]] | None = None, /, **defaults: Any
    ) -> list[Any]:
        """Parameter groups for an optimizer: the first rule that takes a parameter gives its options.

        Args:
            rules: {pattern: options}; each rule adds to, or overrides, the defaults.
            **defaults: options for every group, such as `lr=1e-3, weight_decay=0.1`.

        Returns:
            Groups as `torch.optim` takes them, with the names under `param_names`. Every trainable
            parameter stands in exactly one; frozen ones in none. `lr_mult` and `wd_mult` of a Parameter
            multiply its `lr` and `weight_decay`.

        Raises:
            NothingSelectedError: a rule takes nothing.
            OptimizerError: one tensor would stand in two groups, or there is nothing to multiply.

        >>> import glueball as gb, torch
        >>> params = gb.collect_params(torch.nn.Linear(4, 8))
        >>> groups = params.groups({"bias": {"weight_decay": 0.0}}, lr=1e-3, weight_decay=0.1)
        >>> [(group["param_names"], group["weight_decay"]) for group in groups]
        [(['bias'], 0.0), (['weight'], 0.1)]
        >>> optimizer = torch.optim.AdamW(groups)
        """
        return optimizers.groups(self._tree, self._rows, rules or {}, defaults, self._handle)

    def check_optimizer(self, optimizer: Any) -> optimizers.OptimizerReport:
        """Compare an optimizer with these parameters, which should be a whole model's.

        The report is true when they agree, and prints what the optimizer holds that is in the model no
        more, what is trainable and not held, and what is held and frozen.
        """
        return optimizers.check_optimizer(self._parameters(), optimizer)

    def keys(self) -> KeysView[str]:
        """The names, as a dict gives them."""
        return super().keys()
