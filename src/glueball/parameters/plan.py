"""From rules to values: which rule takes which parameter, checked as a whole, then carried out.

Making a plan changes nothing and finds every mistake that can be found; carrying it out then cannot
fail half-way, but for an initializer of the user's own, and those are all run before the first write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import streams
from ..errors import DeferredError, DTypeError, InitializerError, NameNotFoundError
from ..init import Default, Drawn, Given, Initializer, Padded, Target, Whole, as_initializer
from ..patterns import Pattern, describe, nothing_selected, select_rows
from ..slots import Tree
from ..views.table import Listing, names_text, plan_table
from .filling import Later, draw_apart, zero_row
from .making import make
from .origin import Record, remember
from .parameter import native
from .recipe import Recipe
from .resolving import no_default, resolve_row, target_of_row

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

    def __init__(self, tree: Tree, seed: int, prefix: str, device: Any) -> None:
        self._tree = tree
        self._prefix = prefix
        self._device = device
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
        self._made: dict[int, tuple[Initializer, Target]] = {}
        self._zero_rows: dict[int, int] = {}
        self._chosen: dict[int, Initializer] = {}  # where that is not the rule's own
        self._later: dict[int, Later] = {}
        # Arrays by row, and the rows of ordinary ones: only between making it and carrying it out at once.
        self._arrays: tuple[dict[int, Any], set[int]] | None = None

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
        rows = [*self._drawn, *self._given, *self._made]
        (held, ordinary), self._arrays = self._arrays or ({}, set()), None
        if not held:
            held = dict(zip(rows, tree.arrays(rows), strict=True))
        made = {
            row: make(adapter, held[row], how, target, self._prefix + target.name, self.seed)
            for row, (how, target) in self._made.items()
        }
        if self._device is not None:
            for row in rows:
                adapter.materialise(held[row], tree.owners[tree.holders[row]], self._device)
        names, prefix, drawn = tree.names, self._prefix, self._drawn
        every, all_plain = list(drawn), len(ordinary) == len(held)
        # In batches, so that what is made for each parameter dies young; see above.
        for start in range(0, len(every), _BATCH):
            batch = every[start : start + _BATCH]
            arrays = [held[row] for row in batch]
            known = [True] * len(batch) if all_plain else [row in ordinary for row in batch]
            plain, others = adapter.plain_memory(arrays, streams.SMALL, known)
            for dtype, (places, addresses, sizes) in plain.items():
                mine = [batch[place] for place in places] if others or len(plain) > 1 else batch
                called = [prefix + names[row] for row in mine]
                how = [drawn[row] for row in mine]
                streams.fill_memory(adapter.numpy_dtype(dtype), addresses, sizes, how, called, self.seed)
            jobs, apart = [], set()
            for place in others:
                row, array = batch[place], arrays[place]
                target = adapter.fill_target(array)
                if target is None:
                    draw_apart(adapter, array, drawn[row], self.seed, prefix + names[row])
                    apart.add(place)
                else:
                    jobs.append((target, drawn[row], prefix + names[row]))
            streams.fill_many(jobs, self.seed)
            adapter.filled([array for at, array in enumerate(arrays) if at not in apart] if apart else arrays)
        for row, value in (self._given | made).items():
            adapter.write(held[row], value)
        for row, index in self._zero_rows.items():
            zero_row(adapter, held[row], index)
        for row, later in self._later.items():
            adapter.when_shaped(tree.owners[tree.holders[row]], tree.attributes[row], later)
        self._remember(rows, [held[row] for row in rows])

    def _remember(self, rows: Sequence[int], arrays: Sequence[Any]) -> None:
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
        versions = self._tree.adapter.versions(arrays)
        record = Record(self._tree.names, rows, arrays, versions, rules, told, self.seed, self._prefix)
        remember(self._tree.root, record)


def make_plan(
    tree: Tree,
    rows: Sequence[int],
    rules: Any,
    handle: Any,
    *,
    seed: int | None,
    prefix: str,
    allow_empty: bool,
    device: Any,
) -> Plan:
    """Match rules with parameters and check all of it; nothing is changed."""
    if isinstance(rules, Recipe):
        seed = rules.seed if seed is None else seed
        prefix = prefix or rules.prefix
    plan = Plan(tree, streams.fresh_seed() if seed is None else streams.check_seed(seed), prefix, device)
    parsed: list[tuple[Pattern | None, Initializer | None]] = []
    if isinstance(rules, Recipe):
        parsed = _follow(plan, rules, rows)
    elif isinstance(rules, Mapping):
        for pattern, given in rules.items():
            parsed.append((pattern, None if given is None else _as_initializer(given, pattern)))
    else:
        parsed.append((None, Default() if rules is None else as_initializer(rules)))
    free: Sequence[int] = rows
    shadowed = []
    for number, (pattern, initializer) in enumerate(() if isinstance(rules, Recipe) else parsed):
        label = describe(pattern) if pattern is not None else "no rules" if rules is None else "all"
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
    _resolve(plan, parsed, handle, seed)
    return plan


def _follow(
    plan: Plan, recipe: Recipe, rows: Sequence[int]
) -> list[tuple[Pattern | None, Initializer | None]]:
    """Take a recipe's initializers by name."""
    tree, places = plan._tree, {}
    inside = set(rows)
    missing = []
    for name, how in recipe.initializers.items():
        row = tree.by_name.get(name)
        if row is None or row not in inside:
            missing.append(name)
            continue
        if id(how) not in places:
            places[id(how)] = len(plan._rules)
            plan._rules.append(("recipe", how))
        plan._rule_of[row] = places[id(how)]
    if missing:
        raise NameNotFoundError(
            f"the recipe is for names that are not here: {names_text(missing)}. It fits the model it "
            f"was made for; for another, write rules."
        )
    return [(recipe.prefix, how) for _, how in plan._rules]


def _as_initializer(given: Any, pattern: Pattern) -> Initializer:
    try:
        return as_initializer(given)
    except InitializerError as error:
        raise InitializerError(f"in the rule for {describe(pattern)}: {error}") from None


def _resolve(
    plan: Plan, parsed: list[tuple[Pattern | None, Initializer | None]], handle: Any, seed: int | None
) -> None:
    """Work out, for each parameter, what its initializer draws or puts."""
    tree, adapter = plan._tree, plan._tree.adapter
    left_alone = []
    unknown = []
    values = [native(how.given, adapter) if isinstance(how, Given) else None for _, how in parsed]
    kinds: dict[tuple[streams.Distribution, Any], int] = {}
    numbers: dict[tuple[int, Any], Any] = {}  # what a rule's plain number is in a dtype
    # What a rule draws in every ordinary array of a dtype, once the first was looked at.
    fitting: dict[tuple[int, Any], streams.Distribution] = {}
    whole_layers = [pattern is None or isinstance(pattern, type) for pattern, _ in parsed]
    taken = sorted(plan._rule_of)
    arrays, dtype_of = tree.arrays(taken), adapter.dtype
    plainly = adapter.ordinary(arrays)
    held = dict(zip(taken, arrays, strict=True))
    plan._arrays = held, {row for row, plain in zip(taken, plainly, strict=True) if plain}
    for row, array, ordinary in zip(taken, arrays, plainly, strict=True):
        number = plan._rule_of[row]
        if ordinary and (number, dtype_of(array)) in fitting:
            plan._drawn[row] = fitting[number, dtype_of(array)]
            continue
        initializer = parsed[number][1]
        if initializer is None:
            continue
        reason = adapter.no_values(array)
        if reason:
            if adapter.lazy(array):
                initializer = initializer.choose(Target(tree.names[row], ()))
                if isinstance(initializer, Default) and not _has_default(tree, row):
                    unknown.append(row)
                elif _waits(plan, row, initializer, _shape(tree, row, array), whole_layers[number]):
                    left_alone.append(tree.names[row])
                continue
            if plan._device is None:
                raise DeferredError(
                    f"{tree.names[row]!r} cannot be initialised where it is: {reason}. "
                    f'To give it memory and values at once, write initialize(…, device="cpu").'
                )
        reason = adapter.unwritable(array)
        if reason:
            raise DTypeError(f"{tree.names[row]!r} cannot be written: {reason}.")
        if isinstance(initializer, Given):
            kind = number, adapter.dtype(array)
            if kind in numbers:
                plan._given[row] = numbers[kind]
                continue
            value = plan._given[row] = adapter.coerce(array, values[number], tree.names[row])
            if isinstance(value, (bool, int, float, complex)):
                numbers[kind] = value
            continue
        if isinstance(initializer, Drawn):
            distribution: streams.Distribution | None = initializer.drawn
        else:
            target = target_of_row(tree, row, _shape(tree, row, array))
            chosen = resolve_row(tree, row, initializer, target)
            if chosen is None:
                unknown.append(row)
                continue
            if chosen is not initializer:
                plan._chosen[row] = initializer = chosen
            if isinstance(chosen, Given):
                plan._given[row] = adapter.coerce(array, native(chosen.given, adapter), target.name)
                continue
            if chosen.needs_fan and target.fans is None and whole_layers[number]:
                left_alone.append(target.name)
                continue
            distribution = chosen.distribution(target)
            if isinstance(chosen, Padded):
                plan._zero_rows[row] = chosen.row
        if distribution is None:
            if isinstance(initializer, Whole):
                initializer.check(target)
                _need_floating(initializer, tree, row, array, handle)
            plan._made[row] = initializer, target
            continue
        _need_floating(initializer, tree, row, array, handle)
        plan._drawn[row] = distribution
        kinds[distribution, adapter.dtype(array)] = row
        if initializer is parsed[number][1] and isinstance(initializer, Drawn):
            fitting[number, adapter.dtype(array)] = initializer.drawn
    if unknown:
        raise no_default(tree, unknown)
    for distribution, dtype in kinds:
        streams.check_fits(distribution, adapter.numpy_dtype(dtype))
    if seed is None and any(adapter.shard(held[row]) for row in (*plan._drawn, *plan._made)):
        raise InitializerError(
            "the parameters are sharded, and each process would draw a seed of its own: give one, seed=0."
        )
    plan.left_alone = tuple(left_alone)
    _need_all_of_meta(plan)


def _shape(tree: Tree, row: int, array: Any) -> Any:
    return tree.adapter.shape(array, tree.owners[tree.holders[row]], tree.attributes[row])


def _need_floating(how: Initializer, tree: Tree, row: int, array: Any, handle: Any) -> None:
    if not tree.adapter.floating(array):
        name = tree.names[row]
        raise DTypeError(
            f"{name!r} is {handle(row).row().dtype}: {how!r} draws floating numbers. "
            f"Give it a number, or leave it out: {{{name!r}: None}}."
        )


def _has_default(tree: Tree, row: int) -> bool:
    """Whether the layer of a parameter without a shape is known."""
    return resolve_row(tree, row, Default(), Target(tree.names[row], ())) is not None


def _waits(plan: Plan, row: int, initializer: Initializer, shape: Any, lenient: bool) -> bool:
    """Note what to fill once its shape is known; true where it is left alone for want of fans."""
    name = plan._tree.names[row]
    if initializer.needs_fan and shape is not None and len(shape) < 2:
        if lenient:
            return True
        initializer.distribution(Target(name, shape, None))  # says what is wrong
    plan._later[row] = Later(initializer, plan.seed, plan._prefix + name)
    plan._chosen[row] = initializer
    return False


def _need_all_of_meta(plan: Plan) -> None:
    """A parameter on the meta device that nothing fills would be left as garbage."""
    if plan._device is None:
        return
    tree, adapter = plan._tree, plan._tree.adapter
    kept = [row for row, number in plan._rule_of.items() if plan._rules[number][1] is None]
    kept += [tree.by_name[name] for name in (*plan.unmatched, *plan.left_alone)]
    kept.sort()
    arrays = zip(kept, tree.arrays(kept), strict=True)
    names = [tree.names[row] for row, array in arrays if adapter.on_meta(array)]
    if names:
        raise DeferredError(
            f"{names_text(names)} lie on the meta device and no rule fills them. Add a rule for them."
        )


def _describe(how: streams.Distribution) -> str:
    if isinstance(how, streams.Uniform):
        return f"[{how.low:.4g}, {how.high:.4g}]"
    text = f"std {how.std:.4g}" + (f", mean {how.mean:.4g}" if how.mean else "")
    if isinstance(how, streams.TruncatedNormal):
        text += f", in [{how.low:.4g}, {how.high:.4g}]"
    return text
