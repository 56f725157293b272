"""Planning: matching rules with parameters and checking all of it, before anything is changed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ... import streams
from ...errors import DeferredError, DTypeError, InitializerError, NameNotFoundError, PatternError
from ...frameworks import adapter_for
from ...init import Default, Drawn, Given, Initializer, Padded, Target, Whole, as_initializer
from ...patterns import Pattern, describe, nothing_selected, select_rows
from ...slots import Tree
from ...views.table import names_text
from ..collection import Collection
from ..parameter import native
from .buffers import plan_buffers
from .filling import Later
from .plan import Plan
from .recipe import Recipe
from .resolving import no_default, part_of, resolve_row, target_of_row

__all__ = ["Waiting", "make_plan"]


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
    buffers: Any,
) -> Plan:
    """Match rules with parameters and check all of it; nothing is changed.

    Of layers that are not built yet nothing is known, so a rule that takes nothing now may be for them.
    """
    unbuilt = [row for row in rows if row in tree.unbuilt]
    if unbuilt:
        rows = [row for row in rows if row not in tree.unbuilt]
        allow_empty = True
    if isinstance(rules, Plan):
        rules = rules.recipe
    if isinstance(rules, Recipe):
        seed = rules.seed if seed is None else seed
        prefix = prefix or rules.prefix
    if not isinstance(prefix, str):
        raise InitializerError(f"prefix is {prefix!r}: write a string that goes before each name.")
    if device is not None:
        device = tree.adapter.usable_device(device)
    plan = Plan(tree, streams.fresh_seed() if seed is None else streams.check_seed(seed), prefix, device)
    parsed: list[tuple[Pattern | None, Initializer | None]] = []
    if isinstance(rules, Recipe):
        parsed = _follow(plan, rules, rows, allow_empty)
    elif isinstance(rules, Mapping):
        for pattern, given in rules.items():
            if pattern is None:
                raise PatternError(f"None is no pattern. For all parameters write {'.*'!r}.")
            parsed.append((pattern, None if given is None else _as_initializer(given, pattern)))
    else:
        parsed.append((None, Default() if rules is None else as_initializer(rules)))
    shadowed = []
    idle = []
    for number, (pattern, initializer) in enumerate(() if isinstance(rules, Recipe) else parsed):
        label = describe(pattern) if pattern is not None else "no rules" if rules is None else "all"
        plan._rules.append((label, initializer))
        taken = list(rows) if pattern is None else select_rows(tree, pattern, rows, handle)
        if not taken and not allow_empty and pattern is not None:
            raise nothing_selected(tree, pattern, rows)
        if not taken:
            idle.append(label)
        mine = [row for row in taken if row not in plan._rule_of]
        if taken and not mine:
            shadowed.append(label)
        plan._rule_of.update(dict.fromkeys(mine, number))
    plan.shadowed, plan.idle = tuple(shadowed), tuple(idle)
    if unbuilt:
        layers = [tree.owners[tree.holders[row]] for row in unbuilt]
        kept = dict(rules) if isinstance(rules, Mapping) else rules
        plan._waiting = Waiting(tree.root, layers, kept, plan.seed, prefix, plan.idle)
        plan.unbuilt = tuple(tree.names[row] for row in unbuilt)
    plan.unmatched = tuple(tree.names[row] for row in rows if row not in plan._rule_of)
    _resolve(plan, parsed, handle, seed)
    held = plan._arrays[0] if plan._arrays else {}
    filled = (
        {id(held[row]) for row in (*plan._drawn, *plan._given, *plan._made, *plan._last)}
        if device is not None
        else set()
    )
    within = None
    if len(rows) < len(tree):
        within = {id(tree.owners[at]) for row in rows for at, _ in tree.places(row)}
    plan._buffers = plan_buffers(tree, within, device, buffers, filled)
    return plan


def _follow(
    plan: Plan, recipe: Recipe, rows: Sequence[int], allow_missing: bool
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
    if missing and not allow_missing:
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
    whole_layers = [_takes_layers(tree, pattern) for pattern, _ in parsed]
    taken = sorted(plan._rule_of)
    arrays = tree.arrays(taken)
    plain = adapter.plain(arrays)
    held = dict(zip(taken, arrays, strict=True))
    plan._arrays = held, dict(zip(taken, plain, strict=True))
    # Once a rule of one distribution drew in a plain array, it does in all others of its dtype.
    alike: list[tuple[Any, streams.Distribution | None]] = [(None, None)] * len(parsed)
    drawn = plan._drawn
    which = list(map(plan._rule_of.__getitem__, taken))
    for row, array, dtype, number in zip(taken, arrays, plain, which, strict=True):
        known, same = alike[number]
        if same is not None and known is dtype:
            drawn[row] = same
            continue
        initializer = parsed[number][1]
        if initializer is None:
            continue
        reason = adapter.no_values(array)
        if reason:
            if adapter.lazy(array):
                if adapter.on_meta(array):
                    raise DeferredError(
                        f"{tree.names[row]!r} is lazy and lies on the meta device: build the model under "
                        f"gb.meta(), which leaves lazy layers as they are."
                    )
                initializer = initializer.choose(Target(tree.names[row], ()))
                if isinstance(initializer, Default) and not _has_default(tree, row):
                    unknown.append(row)
                elif _waits(plan, row, initializer, _shape(tree, row, array), whole_layers[number]):
                    left_alone.append(tree.names[row])
                continue
            if plan._device is None:
                raise DeferredError(f"{tree.names[row]!r} cannot be initialised where it is: {reason}.")
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
            if isinstance(chosen, Default):
                plan._last[row] = part_of(tree, row)
                continue
            if isinstance(chosen, Given):
                plan._given[row] = adapter.coerce(array, native(chosen.given, adapter), target.name)
                continue
            if (
                chosen.needs_fan
                and target.fans is None
                and whole_layers[number]
                and _fanless(tree, row, target)
            ):
                left_alone.append(target.name)
                continue
            distribution = chosen.distribution(target)
            if isinstance(chosen, Padded):
                plan._zero_rows[row] = chosen.row
        if distribution is None:
            if isinstance(initializer, Whole):
                initializer.check(target.one)
                _need_floating(initializer, tree, row, array, handle)
            plan._made[row] = initializer, target
            continue
        _need_floating(initializer, tree, row, array, handle)
        plan._drawn[row] = distribution
        kinds[distribution, adapter.dtype(array)] = row
        if initializer is parsed[number][1] and isinstance(initializer, Drawn) and dtype is not None:
            alike[number] = dtype, initializer.drawn
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


def _takes_layers(tree: Tree, pattern: Pattern | None) -> bool:
    """Whether a rule is for whole layers: for all, for classes, or for a layer itself."""
    if isinstance(pattern, tuple):
        return all(isinstance(part, type) for part in pattern)
    return pattern is None or isinstance(pattern, type) or id(pattern) in tree.index


def _fanless(tree: Tree, row: int, target: Target) -> bool:
    """Whether a parameter has no fans by its nature; those of an unknown layer have to be given."""
    return len(target.shape) < 2 or resolve_row(tree, row, Default(), target) is not None


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
    rule, _ = plan._rules[plan._rule_of[row]]
    plan._later[row] = Later(initializer, rule, plan.seed, plan._prefix + name)
    plan._chosen[row] = initializer
    return False


def _need_all_of_meta(plan: Plan) -> None:
    """A parameter on the meta device that nothing fills would be left as garbage."""
    if plan._device is None:
        return
    tree, adapter = plan._tree, plan._tree.adapter
    kept = [row for row, number in plan._rule_of.items() if plan._rules[number][1] is None]
    kept += [tree.by_name[name] for name in (*plan.unmatched, *plan.left_alone)]
    kept = sorted(set(kept).difference(tree.buffers))  # of buffers it is asked later
    arrays = zip(kept, tree.arrays(kept), strict=True)
    names = [tree.names[row] for row, array in arrays if adapter.on_meta(array)]
    if names:
        raise DeferredError(f"no rule fills {names_text(names)}, on the meta device: add one.")


class Waiting:
    """Rules for layers that are not built yet: carried out each time that some of them are.

    Rules that were given for a layer before take what these leave, as they would have, had it been built.

    Args:
        root: the model, in which their parameters have names.
        layers: those that are not built.
        rules: as they were given, with a seed and a prefix.
        seed: of the plan.
        prefix: of the plan.
        idle: labels of the rules that took nothing so far.
    """

    def __init__(
        self, root: Any, layers: Sequence[Any], rules: Any, seed: int, prefix: str, idle: tuple[str, ...]
    ) -> None:
        self.root, self.layers, self.rules = root, list(layers), rules
        self.seed, self.prefix, self.idle = seed, prefix, set(idle)
        self.unmatched: list[str] = []
        self.before: dict[int, Waiting] = {}  # by the id of a layer

    def after(self, layer: Any, earlier: Waiting) -> None:
        """Take a layer over from rules that were given for it before."""
        earlier.layers = [other for other in earlier.layers if other is not layer]
        self.before[id(layer)] = earlier

    def begin(self, adapter: Any) -> None:
        """Let the layers tell when they are built."""
        adapter.when_built(self.layers, self)

    def __call__(self) -> None:
        """Fill what is there now in layers that were not built before.

        Warns:
            UserWarning: all are built, and a rule took nothing, or a parameter was taken by none.
        """
        collection = Collection(adapter_for(self.root).walk(self.root, False))
        tree = collection.tree
        inside = [tree.index[id(layer)] for layer in self.layers if id(layer) in tree.index]
        still = {tree.holders[row] for row in tree.unbuilt}
        done = [at for at in inside if at not in still]
        if not done:
            return
        below = tree.rows_below(done)
        layers = [tree.owners[at] for at in done]
        # A layer that was built may hold new ones that are not.
        self.layers = [tree.owners[at] for at in sorted(still.intersection(inside))]
        for at in done if tree.unbuilt else ():
            for row in tree.unbuilt.intersection(tree.rows_below([at])):
                new = tree.owners[tree.holders[row]]
                if all(new is not one for one in self.layers):
                    self.layers.append(new)
                    if id(tree.owners[at]) in self.before:
                        self.before[id(new)] = self.before[id(tree.owners[at])]
        rows = [row for row in below if row not in tree.unbuilt]
        plans = self._plans(collection, rows, layers)
        for plan in plans:
            plan.apply()
        self.idle &= set(plans[-1].idle)
        taken = {_site(plan._tree, row) for plan in plans for row in plan._rule_of}
        names = plans[-1].unmatched
        self.unmatched += [name for name in names if _site(tree, tree.by_name[name]) not in taken]
        if self.layers:
            self.begin(tree.adapter)
            return
        if self.idle:
            rules = ", ".join(sorted(self.idle))
            warnings.warn(f"all layers are built, and these rules took nothing: {rules}.", stacklevel=2)
        if self.unmatched:
            unmatched = names_text(self.unmatched)
            warnings.warn(f"no rule took {unmatched}, now that they are built.", stacklevel=2)

    def _plans(self, collection: Collection, rows: Sequence[int], layers: Sequence[Any]) -> list[Plan]:
        """Plans for the rows of these layers, by the earliest rules first, these rules last."""
        tree = collection.tree
        how: dict[str, Any] = {"seed": self.seed, "prefix": self.prefix, "device": None, "buffers": None}
        plan = make_plan(tree, rows, self.rules, collection.handle, allow_empty=True, **how)
        kept = {row for row, number in plan._rule_of.items() if plan._rules[number][1] is None}
        kept.update(tree.by_name[name] for name in (*plan.unmatched, *plan.left_alone))
        by_earlier: dict[Waiting, list[Any]] = {}
        for layer in layers:
            earlier = self.before.pop(id(layer), None)
            if earlier is not None:
                by_earlier.setdefault(earlier, []).append(layer)
        plans = [plan]
        for earlier, its in by_earlier.items():
            below = tree.rows_below([tree.index[id(layer)] for layer in its if id(layer) in tree.index])
            sites = {_site(tree, row) for row in kept.intersection(below)}
            other = Collection(adapter_for(earlier.root).walk(earlier.root, False))
            left = [row for row in range(len(other.tree)) if _site(other.tree, row) in sites]
            if left:
                plans[:0] = earlier._plans(other, left, its)
        return plans


def _site(tree: Tree, row: int) -> tuple[int, str]:
    """A row by what it is in any tree of its model."""
    return id(tree.owners[tree.holders[row]]), tree.attributes[row]
