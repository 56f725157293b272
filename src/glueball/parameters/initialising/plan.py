"""Plan: which rule takes which parameter and what it draws there; shown, remembered, carried out.

`planning` makes one, and finds every mistake that can be found. Carrying it out then cannot fail half-way,
but for an initializer of the user's own, and those are all run before the first write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ... import streams
from ...errors import DeferredError, StaleError
from ...init import Drawn, Initializer, Target
from ...slots import Tree
from ...views.table import Listing, plan_table
from ..origin import Record, noted, remember
from .buffers import Buffer, write_buffers
from .filling import Later, draw_apart, zero_row
from .making import make
from .recipe import Recipe

__all__ = ["Plan", "PlanRow"]

_BATCH = 2048


class PlanRow(NamedTuple):
    """One parameter in a plan: the rule that takes it, the initializer, and what that draws here."""

    name: str
    rule: str
    initializer: str
    draws: str


class Plan:
    """Which rule takes which parameter, and what each would draw; prints as a table.

    Attributes:
        seed: the seed, a fresh one where none was given: the same rules with it give the same values.
        unmatched: names of the parameters that no rule takes; they keep their values.
        left_alone: names that a rule for whole layers takes, but whose initializer needs fans that
            they have not (biases under `{nn.Linear: Xavier()}`); they keep their values.
        shadowed: rules that earlier rules left nothing for.
        idle: rules that take nothing.
        unbuilt: layers that are not built yet, each with "?" for what it will hold; the rules are judged,
            and carried out, when it is built.
    """

    def __init__(self, tree: Tree, seed: int, prefix: str, device: Any) -> None:
        self._tree = tree
        self._prefix = prefix
        self._device = device
        self.seed = seed
        self.unmatched: tuple[str, ...] = ()
        self.left_alone: tuple[str, ...] = ()
        self.shadowed: tuple[str, ...] = ()
        self.idle: tuple[str, ...] = ()
        self.unbuilt: tuple[str, ...] = ()
        self._rules: list[tuple[str, Initializer | None]] = []
        self._rule_of: dict[int, int] = {}
        # By row. No arrays: a plan that is kept holds no part of the model, and containers of 20,000
        # tensors would cost the garbage collector more than the filling.
        self._drawn: dict[int, streams.Distribution] = {}
        self._given: dict[int, Any] = {}
        self._made: dict[int, tuple[Initializer, Target]] = {}
        self._zero_rows: dict[int, int] = {}
        self._chosen: dict[int, Initializer] = {}  # where that is not the rule's own
        self._last: dict[int, Callable[[Any], None]] = {}  # computed from others that are filled
        self._later: dict[int, Later] = {}
        self._buffers: list[Buffer] = []
        self._waiting: Any = None  # for layers that are not built
        self._seen: dict[int, Any] = {}  # shape and dtype by row, of a plan that is kept
        # Arrays by row, and what `Adapter.plain` says of them: only until it is carried out or kept.
        self._arrays: tuple[dict[int, Any], dict[int, Any] | None] | None = None

    @property
    def rows(self) -> tuple[PlanRow, ...]:
        """A row for each parameter, in order."""
        tree = self._tree
        found = []
        for row in sorted({*self._rule_of, *map(tree.by_name.__getitem__, (*self.unmatched, *self.unbuilt))}):
            if row in tree.unbuilt:
                found.append(PlanRow(tree.names[row], "", "", "judged when its layer is built"))
                continue
            if row not in self._rule_of:
                found.append(PlanRow(tree.names[row], "", "", "kept: no rule"))
                continue
            rule, initializer = self._rules[self._rule_of[row]]
            initializer = self._chosen.get(row, initializer)
            if initializer is None:
                what = "kept: the rule says so"
            elif tree.names[row] in self.left_alone:
                what = "kept: no fans"
            else:
                what = self._draws(row, initializer)
            found.append(
                PlanRow(tree.names[row], rule, "" if initializer is None else repr(initializer), what)
            )
        return tuple(found)

    def _draws(self, row: int, initializer: Initializer) -> str:
        if row in self._drawn:
            zero = f", row {self._zero_rows[row]} zero" if row in self._zero_rows else ""
            return _describe(self._drawn[row]) + zero
        if row in self._last:
            return "computed when the rest is filled"
        if row not in self._later:
            return ""
        what = _describe(initializer.drawn) + ", " if isinstance(initializer, Drawn) else ""
        return what + "when its layer first runs"

    @property
    def recipe(self) -> Recipe:
        """What was decided, free of the model: to compare, to save as JSON, and to carry out again."""
        chosen = {
            self._tree.names[row]: self._chosen.get(row, self._rules[number][1])
            for row, number in sorted(self._rule_of.items())
        }
        for name in self.left_alone:
            chosen[name] = None
        return Recipe(self.seed, self._prefix, chosen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.recipe == other.recipe

    __hash__ = None  # type: ignore[assignment]

    def table(self, *, fold: bool | None = None, limit: int | None = 60) -> Listing:
        """The plan as a table, as `ParameterDict.table` gives one."""
        notes = [f"seed {self.seed}"]
        if self.shadowed:
            notes.append(f"rules with nothing left for them: {', '.join(self.shadowed)}")
        return plan_table(self.rows, notes, fold=fold, limit=limit)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> Any:
        return self.table()

    # ---- carrying out -------------------------------------------------------------------------------

    def apply(self) -> None:
        """Fill the parameters. What is computed and not drawn is made and checked before the first write."""
        tree, adapter = self._tree, self._tree.adapter
        rows = [*self._drawn, *self._given, *self._made, *self._last]
        (held, plain), self._arrays = self._arrays or ({}, None), None
        if plain is None:
            held = dict(zip(rows, tree.arrays(rows), strict=True))
            self._check_kept(held)
            for row in self._later:
                if not adapter.lazy(tree.array(row)):
                    raise StaleError(f"{tree.names[row]!r} was lazy when this was planned. Plan again.")
        made = {
            row: make(adapter, held[row], how, target, self._prefix + target.name, self.seed)
            for row, (how, target) in self._made.items()
        }
        if self._device is not None:
            self._materialise(rows, held)
            plain = None
        if plain is None:
            plain = dict(zip(rows, adapter.plain([held[row] for row in rows]), strict=True))
        sizes = dict(zip(rows, adapter.sizes([held[row] for row in rows]), strict=True))
        every = list(self._drawn)
        # In batches, so that what is made for each parameter dies young; see above.
        for start in range(0, len(every), _BATCH):
            self._draw(every[start : start + _BATCH], held, plain, sizes)
        written = self._given | made
        for row, value in written.items():
            adapter.write(held[row], value)
        for row, index in self._zero_rows.items():
            zero_row(adapter, held[row], index)
        for row, later in self._later.items():
            adapter.when_shaped(tree.owners[tree.holders[row]], tree.attributes[row], later)
        if self._waiting is not None:
            self._waiting.begin(adapter)
        for row, compute in self._last.items():
            compute(held[row])
            written[row] = held[row]
        write_buffers(self._buffers, self.seed, self._prefix)
        self._remember(rows, sizes, held, written)

    def _draw(
        self, rows: list[int], held: Mapping[int, Any], plain: Mapping[int, Any], sizes: Mapping[int, int]
    ) -> None:
        """Fill what is drawn: small plain arrays together, by their addresses."""
        names, prefix, drawn, adapter = self._tree.names, self._prefix, self._drawn, self._tree.adapter
        dtypes = set(map(plain.__getitem__, rows))
        together: dict[Any, list[int]] = {dtype: [] for dtype in dtypes}
        others: list[int] = []
        if len(dtypes) == 1 and None not in dtypes and max(map(sizes.__getitem__, rows)) <= streams.SMALL:
            together = dict.fromkeys(together, rows)
        else:
            for row in rows:
                small = plain[row] is not None and sizes[row] <= streams.SMALL
                (together[plain[row]] if small else others).append(row)
        jobs, told = [], []
        for row in others:
            array, name = held[row], prefix + names[row]
            target = adapter.fill_target(array)
            if target is None:
                draw_apart(adapter, array, drawn[row], self.seed, name)
            else:
                jobs.append((target, drawn[row], name))
                told.append(array)
        for dtype, mine in together.items():
            if not mine:
                continue
            arrays = [held[row] for row in mine]
            streams.fill_memory(
                adapter.numpy_dtype(dtype),
                adapter.addresses(arrays),
                [sizes[row] for row in mine],
                [drawn[row] for row in mine],
                [prefix + names[row] for row in mine],
                self.seed,
            )
            told += arrays
        streams.fill_many(jobs, self.seed)
        adapter.filled(told)

    def keep(self) -> None:
        """Let go of the model's arrays, and remember their shapes and dtypes."""
        held, self._arrays = (self._arrays or ({}, None))[0], None
        self._seen = {row: self._tree.facts(row, array)[:2] for row, array in held.items()}

    def _check_kept(self, held: Mapping[int, Any]) -> None:
        """A plan that was kept is for the arrays that it saw."""
        adapter, names = self._tree.adapter, self._tree.names
        first: dict[int, int] = {}
        for row, array in held.items():
            if self._tree.facts(row, array)[:2] != self._seen[row]:
                raise StaleError(
                    f"{names[row]!r} has another shape or dtype than when this was planned. Plan again."
                )
            reason = (self._device is None and adapter.no_values(array)) or adapter.unwritable(array)
            if reason:
                raise StaleError(f"{names[row]!r} has changed since this was planned: {reason}.")
            other = first.setdefault(id(array), row)
            if other != row:
                raise StaleError(f"{names[row]!r} is tied with {names[other]!r} now. Plan again.")

    def _materialise(self, rows: Sequence[int], held: Mapping[int, Any]) -> None:
        """Give all of them memory, or none."""
        tree = self._tree
        back: list[Callable[[], None]] = []
        known: dict[Any, Any] = {}
        wanted = [(tree.names[row], held[row], tree.owners[tree.holders[row]]) for row in rows]
        wanted += [(b.parameter.name, b.parameter._array(), b.owner) for b in self._buffers]
        for name, array, owner in wanted:
            try:
                way = tree.adapter.materialise(array, owner, self._device, known)
            except DeferredError as error:
                for undo in reversed(back):
                    undo()
                raise DeferredError(f"{name!r}: {error} Nothing was changed.") from None
            if way is not None:
                back.append(way)

    def _remember(
        self,
        rows: Sequence[int],
        sizes: Mapping[int, int],
        held: Mapping[int, Any],
        written: Mapping[int, Any],
    ) -> None:
        """Leave a record of where the values came from."""
        told = {number: (label, repr(how)) for number, (label, how) in enumerate(self._rules)}
        rules = self._rule_of
        if self._chosen:
            places = {text: number for number, text in told.items()}
            rules = dict(rules)
            for row, how in self._chosen.items():
                text = self._rules[rules[row]][0], repr(how)
                rules[row] = places.setdefault(text, len(places))
                told[rules[row]] = text
        adapter = self._tree.adapter
        put = {row: noted(adapter, held[row], value) for row, value in written.items()}
        told_of = rules, told, (self._drawn, put), self._zero_rows
        remember(Record(self._tree, rows, [*map(sizes.__getitem__, rows)], *told_of, self.seed, self._prefix))


def _describe(how: streams.Distribution) -> str:
    if isinstance(how, streams.Uniform):
        return f"[{how.low:.4g}, {how.high:.4g}]"
    text = f"std {how.std:.4g}" + (f", mean {how.mean:.4g}" if how.mean else "")
    if isinstance(how, streams.TruncatedNormal):
        text += f", in [{how.low:.4g}, {how.high:.4g}]"
    return text
