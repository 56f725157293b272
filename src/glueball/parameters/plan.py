"""From rules to values: which rule takes which parameter, checked as a whole, then carried out.

Making a plan changes nothing and finds every mistake that can be found; carrying it out then cannot
fail half-way, but for an initializer of the user's own, and those are all run before the first write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from .. import streams
from ..errors import DeferredError, DTypeError, InitializerError
from ..init import Initializer, Target, as_initializer
from ..init.initializers import Drawn, Given
from ..patterns import Pattern, describe, nothing_selected, select_rows
from ..slots import Tree
from ..views.table import plan_html, plan_table, text
from .parameter import plain

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
    """

    def __init__(self, tree: Tree, seed: int, prefix: str) -> None:
        self._tree = tree
        self._prefix = prefix
        self.seed = seed
        self.unmatched: tuple[str, ...] = ()
        self.left_alone: tuple[str, ...] = ()
        self.shadowed: tuple[str, ...] = ()
        self._rules: list[tuple[str, Initializer | None]] = []
        self._rule_of: dict[int, int] = {}
        # By row. No arrays: a plan that is kept holds no part of the model, and containers of 20,000
        # tensors would cost the garbage collector more than the filling.
        self._drawn: dict[int, streams.Distribution] = {}
        self._given: dict[int, Any] = {}
        self._custom: dict[int, Initializer] = {}

    @property
    def rows(self) -> tuple[PlanRow, ...]:
        """A row for each parameter, in order."""
        tree = self._tree
        found = []
        for row in sorted({*self._rule_of, *map(tree.by_name.__getitem__, self.unmatched)}):
            if row not in self._rule_of:
                found.append(PlanRow(tree.names[row], "", "", "kept: no rule"))
                continue
            rule, initializer = self._rules[self._rule_of[row]]
            if initializer is None:
                what = "kept: the rule says so"
            elif tree.names[row] in self.left_alone:
                what = "kept: no fans"
            else:
                what = _describe(self._drawn[row]) if row in self._drawn else ""
            found.append(
                PlanRow(tree.names[row], rule, "" if initializer is None else repr(initializer), what)
            )
        return tuple(found)

    def _notes(self) -> list[str]:
        notes = [f"seed {self.seed}"]
        if self.shadowed:
            notes.append(f"rules with nothing left for them: {', '.join(self.shadowed)}")
        return notes

    def __repr__(self) -> str:
        return text(plan_table(self.rows, self._notes()))

    def _repr_html_(self) -> str:
        return plan_html(self.rows, self._notes())

    # ---- carrying out -------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """Fill the parameters. What the user's own initializers make is made before the first write."""
        tree, adapter = self._tree, self._tree.adapter
        made = {row: self._make(row, initializer) for row, initializer in self._custom.items()}
        unreachable = []
        names, prefix, drawn = tree.names, self._prefix, self._drawn
        # In batches, so that the views of each die young; see above.
        rows = iter(drawn)
        while batch := list(islice(rows, _BATCH)):
            arrays = tree.arrays(batch)
            plain, others = adapter.plain_memory(arrays, streams.SMALL)
            for dtype, (places, addresses, sizes) in plain.items():
                mine = [batch[place] for place in places]
                called = [prefix + names[row] for row in mine]
                how = [drawn[row] for row in mine]
                streams.fill_memory(adapter.numpy_dtype(dtype), addresses, sizes, how, called, self.seed)
            jobs = []
            for place in others:
                row, target = batch[place], adapter.fill_target(arrays[place])
                if target is None:
                    unreachable.append(row)
                else:
                    jobs.append((target, drawn[row], prefix + names[row]))
            streams.fill_many(jobs, self.seed)
            missed = set(unreachable)
            adapter.filled([a for row, a in zip(batch, arrays, strict=True) if row not in missed])
        for row in unreachable:
            array, name = tree.array(row), self._prefix + tree.names[row]
            if adapter.fill_device(array, self._drawn[row], self.seed, name):
                continue
            values = adapter.empty_host(array)
            streams.fill(values, self._drawn[row], self.seed, name)
            adapter.write(array, adapter.coerce(array, values, tree.names[row]))
        for row, value in (self._given | made).items():
            adapter.write(tree.array(row), value)

    def _make(self, row: int, initializer: Initializer) -> Any:
        """What an initializer of the user's own puts into a copy of the parameter."""
        adapter = self._tree.adapter
        name = self._prefix + self._tree.names[row]
        values = adapter.data(adapter.copy(self._tree.array(row)))
        key = streams.stream_key(self.seed, name)
        adapter.seeded(lambda: initializer._init_weight(name, values), key.k0 | key.k1 << 32)
        return values


def make_plan(
    tree: Tree, rows: Sequence[int], rules: Any, seed: int | None, prefix: str, allow_empty: bool, handle: Any
) -> Plan:
    """Match rules with parameters and check all of it; nothing is changed."""
    plan = Plan(tree, streams.fresh_seed() if seed is None else streams.check_seed(seed), prefix)
    parsed: list[tuple[Pattern | None, Initializer | None]] = []
    if isinstance(rules, Mapping):
        for pattern, given in rules.items():
            parsed.append((pattern, None if given is None else _as_initializer(given, pattern)))
    else:
        parsed.append((None, as_initializer(rules)))
    free: Sequence[int] = rows
    shadowed = []
    for number, (pattern, initializer) in enumerate(parsed):
        label = "all" if pattern is None else describe(pattern)
        plan._rules.append((label, initializer))
        taken = list(rows) if pattern is None else select_rows(tree, pattern, rows, handle)
        if not taken and not allow_empty and pattern is not None:
            raise nothing_selected(tree, pattern, rows)
        mine = [row for row in taken if row not in plan._rule_of]
        if taken and not mine:
            shadowed.append(label)
        plan._rule_of.update(dict.fromkeys(mine, number))
    plan.shadowed = tuple(shadowed)
    plan.unmatched = tuple(tree.names[row] for row in free if row not in plan._rule_of)
    _resolve(plan, parsed, handle)
    return plan


def _as_initializer(given: Any, pattern: Pattern) -> Initializer:
    try:
        return as_initializer(given)
    except InitializerError as error:
        raise InitializerError(f"in the rule for {describe(pattern)}: {error}") from None


def _resolve(plan: Plan, parsed: list[tuple[Pattern | None, Initializer | None]], handle: Any) -> None:
    """Work out, for each parameter, what its initializer draws or puts."""
    tree, adapter = plan._tree, plan._tree.adapter
    left_alone = []
    values = [plain(how.given, adapter) if isinstance(how, Given) else None for _, how in parsed]
    kinds: dict[tuple[streams.Distribution, Any], int] = {}
    fitting: set[tuple[int, Any]] = set()  # (rule, dtype) that need no second look
    whole_layers = [pattern is None or isinstance(pattern, type) for pattern, _ in parsed]
    initializers = {number: how for number, (_, how) in enumerate(parsed) if how is not None}
    rows = [row for row in sorted(plan._rule_of) if plan._rule_of[row] in initializers]
    no_values, dtype_of = adapter.no_values, adapter.dtype
    for row, array in zip(rows, tree.arrays(rows), strict=True):
        number = plan._rule_of[row]
        initializer = initializers[number]
        reason = no_values(array)
        if reason:
            raise DeferredError(f"{tree.names[row]!r} cannot be initialised: {reason}.")
        if isinstance(initializer, Given):
            plan._given[row] = adapter.coerce(array, values[number], tree.names[row])
            continue
        if isinstance(initializer, Drawn):
            distribution: streams.Distribution | None = initializer.drawn
            if (number, dtype_of(array)) in fitting:
                plan._drawn[row] = initializer.drawn
                continue
        else:
            owner, attribute = tree.owners[tree.holders[row]], tree.attributes[row]
            shape = adapter.shape(array, owner, attribute)
            target = Target(tree.names[row], shape, adapter.fans(owner, attribute, shape))  # type: ignore[arg-type]
            if initializer.needs_fan and target.fans is None and whole_layers[number]:
                left_alone.append(target.name)
                continue
            distribution = initializer.distribution(target)
        if distribution is None:
            plan._custom[row] = initializer
        elif adapter.floating(array):
            plan._drawn[row] = distribution
            kinds[distribution, dtype_of(array)] = row
            if isinstance(initializer, Drawn):
                fitting.add((number, dtype_of(array)))
        else:
            raise DTypeError(
                f"{tree.names[row]!r} is {handle(row).row().dtype}: {initializer!r} draws floating "
                f"numbers. Give it a number, or leave it out: {{{tree.names[row]!r}: None}}."
            )
    for distribution, dtype in kinds:
        streams.check_fits(distribution, adapter.numpy_dtype(dtype))
    plan.left_alone = tuple(left_alone)


def _describe(how: streams.Distribution) -> str:
    if isinstance(how, streams.Uniform):
        return f"[{how.low:.4g}, {how.high:.4g}]"
    text = f"std {how.std:.4g}" + (f", mean {how.mean:.4g}" if how.mean else "")
    if isinstance(how, streams.TruncatedNormal):
        text += f", in [{how.low:.4g}, {how.high:.4g}]"
    return text
