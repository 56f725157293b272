"""Judging a load: the array, shape, dtype and policy of every parameter, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...adapter import Shape
from ...errors import DeferredError, DTypeError, GlueballError
from ...init import Initializer
from ...patterns import Pattern
from ...views.loads import LoadRow
from ..initialising.planning import make_plan
from ..selection import Selection
from .loaded import LoadReport
from .loading import Job, Load
from .matching import Match, match
from .policies import Policy, name_policies, row_policies
from .refusing import ERRORS, refusal
from .renaming import Rename
from .sources import Source, source_of

__all__ = ["plan_load"]


def plan_load(
    selection: Selection,
    given: Any,
    *,
    include: Pattern | None,
    exclude: Pattern | None,
    rename: Rename | None,
    missing: Any,
    unexpected: Any,
    mismatch: Any,
    dtype: str,
    seed: int | None,
    device: Any,
) -> Load:
    """Check all of a load, and say what it will do; nothing is changed.

    Raises:
        LoadError: names, shapes or values that do not fit, all of them.
        GlueballError: arguments that are none.
    """
    if dtype not in ("model", "file"):
        raise DTypeError(
            f"dtype is {dtype!r}: write 'model' (values become what the model has) or 'file' (the model "
            f"becomes what the file has). To cast the model to another one, params.cast(...) it first."
        )
    source = source_of(given)
    found = match(selection, source, include=include, exclude=exclude, rename=rename, missing=missing)
    judge = _Judge(found, source, dtype, mismatch)
    for row in found.rows:
        if row in found.missing:
            judge.absent(row, found.missing[row])
        else:
            judge.present(row, found.takes[row])
    judge.rest(unexpected)
    if any(row.status in ERRORS for row in judge.rows):
        raise refusal(judge.rows, judge.shape, found, source, rename)
    return judge.load(seed, device)


class _Judge:
    """Goes over parameters one by one, and notes what is to be done, or what is wrong."""

    def __init__(self, found: Match, source: Source, dtype: str, mismatch: Any) -> None:
        self.found, self.source, self.dtype = found, source, dtype
        self.tree = tree = found.collection.tree
        self.adapter = tree.adapter
        self.rows: list[LoadRow] = []
        self.rules: dict[str, tuple[Initializer, set[int]]] = {}
        self.result = Load(found, source)
        self.held = dict(zip(found.rows, tree.arrays(found.rows), strict=True))
        self.mismatch = row_policies(
            "mismatch",
            mismatch,
            ("error", "keep", "slice", "pad"),
            tree,
            found.rows,
            found.collection.handle,
        )
        self.told = True

    def shape(self, row: int) -> Shape | None:
        """A parameter's shape, as far as it is known."""
        tree = self.tree
        return self.adapter.shape(self.held[row], tree.owners[tree.holders[row]], tree.attributes[row])

    def note(self, row: int, status: str, name: str = "", note: str = "") -> None:
        """Put a row into the report."""
        kept = self.source.kept(name) if name else ""
        there = self.source.shapes[kept] if name else None
        self.rows.append(LoadRow(self.tree.names[row], status, name, self.shape(row), there, note))

    def by_rule(self, row: int, policy: Policy) -> bool:
        """Note what a rule initialises; whether the policy is one."""
        if isinstance(policy, str):
            return False
        label, how = policy
        self.rules.setdefault(label, (how, set()))[1].add(row)
        return True

    def absent(self, row: int, policy: Policy) -> None:
        """A parameter that nothing in the file is for."""
        if self.by_rule(row, policy):
            self.note(row, "initialised", note="missing in the file")
        elif policy == "keep":
            without = self.adapter.no_values(self.held[row])
            self.note(row, "kept", note="missing in the file" + "; still without values" * bool(without))
        else:
            self.note(row, "missing")

    def present(self, row: int, names: list[str]) -> None:
        """A parameter with one array in the file, or several for a tied one."""
        source, array = self.source, self.held[row]
        stored = list(dict.fromkeys(map(source.kept, names)))
        own = self.tree.names[row]
        name = next((name for name in names if self.found.names.get(name) == own), names[0])
        kept = source.kept(name)
        if row in self.tree.unbuilt:
            raise DeferredError(f"{own!r}: {self.adapter.no_values(array)}, then load. Nothing was changed.")
        if len(stored) > 1 and not self._equal(stored):
            others = ", ".join(other for other in names if source.kept(other) != kept)
            self.note(row, "conflict", name, f"tied in the model, and the file has other values for {others}")
            return
        if not self.adapter.lazy(array) and not self._writable(row, name):
            return
        shape = self.shape(row)
        if _fits(shape, source.shapes[kept]):
            if self._dtype_fits(row, name) and self._readable(row, name):
                self._take(row, kept, (), ())
                self.note(row, "loaded", name)
            return
        self._other_shape(row, name, shape)

    def _writable(self, row: int, name: str) -> bool:
        reason = self.adapter.unwritable(self.held[row])
        if reason:
            self.note(row, "mismatch", name, f"it cannot be written: {reason}")
        return reason is None

    def _equal(self, stored: list[str]) -> bool:
        first, *others = (self.source.read(name, ()) for name in stored)
        return all(
            first.shape == other.shape
            and first.dtype == other.dtype
            and np.array_equal(_bits(first), _bits(other))
            for other in others
        )

    def _other_shape(self, row: int, name: str, shape: Shape | None) -> None:
        policy = self.mismatch[row]
        kept = self.source.kept(name)
        there = self.source.shapes[kept]
        if self.by_rule(row, policy):
            self.note(row, "initialised", name, "of another shape in the file")
            return
        if policy == "keep":
            self.note(row, "kept", name, "of another shape in the file")
            return
        known = shape is not None and None not in shape and len(shape) == len(there)
        sizes: Any = shape
        larger = known and all(n <= m for n, m in zip(sizes, there, strict=True))
        smaller = known and all(n >= m for n, m in zip(sizes, there, strict=True))
        part = tuple(slice(0, min(n, m)) for n, m in zip(sizes, there, strict=True)) if known else ()
        if policy in ("slice", "pad"):
            fits = larger if policy == "slice" else smaller and self.adapter.shard(self.held[row]) is None
            if fits and self._dtype_fits(row, name) and self._readable(row, name):
                self._take(row, kept, *((part, ()) if policy == "slice" else ((), part)))
                what = "sliced" if policy == "slice" else "padded"
                told = "its beginning was taken" if policy == "slice" else "the rest keeps its values"
                self.note(row, what, name, told)
            elif not fits:
                need = "larger in each dimension" if policy == "slice" else "smaller in each dimension"
                self.note(row, "mismatch", name, f"{policy!r} wants the file's {need}")
            return
        hint = ""
        if shape is not None and there == tuple(shape)[::-1]:
            hint = "transposed: write params[…].set_data(gb.open(…)[…].numpy().T)"
        elif larger:
            hint = 'mismatch="slice" takes the beginning'
        elif smaller:
            hint = 'mismatch="pad" fills the beginning'
        self.note(row, "mismatch", name, hint)

    def _dtype_fits(self, row: int, name: str) -> bool:
        """Whether values of the file can be the model's, as `set_data` has it; ranges are looked at."""
        adapter, array = self.adapter, self.held[row]
        kept = self.source.kept(name)
        there = self.source.dtypes[kept]
        here = adapter.numpy_dtype(adapter.dtype(array))
        if there == here:
            return True
        if self.dtype == "file" and _kind(here) == _kind(there) == "f":
            change = adapter.cast(array, there.name, self.tree.names[row])
            self.result._casts += [] if change is None else [change]
            return True
        if "bifc".index(_kind(there)) > "bifc".index(_kind(here)):
            self.note(row, "dtype", name, f"{there.name} in the file, which {here.name} cannot hold")
            return False
        if _kind(here) in "bi":
            values = self.source.read(kept, ())
            with np.errstate(all="ignore"):
                if not np.array_equal(values.astype(here), values):
                    self.note(row, "dtype", name, f"{there.name} values in the file that {here.name} has not")
                    return False
        return True

    def _readable(self, row: int, name: str) -> bool:
        """Whether an array can be read: one that lies compressed or in pieces is, now, to be sure."""
        file = self.source.file
        if file is None or file[self.source.kept(name)].offset is not None:
            return True
        try:
            self.source.read(self.source.kept(name), ())
        except GlueballError as error:
            self.note(row, "unreadable", name, str(error))
            return False
        return True

    def _take(self, row: int, kept: str, key: tuple[slice, ...], region: tuple[slice, ...]) -> None:
        array = self.held[row]
        self.adapter.shard(array)  # says so, if no process has a block of it
        if self.adapter.no_values(array):
            self.result._deferred.append((row, array, self.source.shapes[kept]))
        self.result._jobs.append(Job(row, array, kept, key, region))

    def rest(self, unexpected: Any) -> None:
        """Names of the file that no parameter takes."""
        found, source = self.found, self.source
        ignored = name_policies("unexpected", unexpected, found.unexpected, source.names, found.names)
        for name in found.unexpected:
            status = "ignored" if ignored[name] else "unexpected"
            new = found.names.get(name, name)
            self.rows.append(LoadRow(new, status, name, None, source.shapes[source.kept(name)], ""))
        for name in found.left:
            self.rows.append(LoadRow(name, "left out", name, None, source.shapes[source.kept(name)], ""))

    def load(self, seed: int | None, device: Any) -> Load:
        """What will be done, now that nothing is wrong."""
        tree, adapter, result = self.tree, self.adapter, self.result
        chosen = {row for _, rows in self.rules.values() for row in rows}
        on_meta = any(adapter.on_meta(self.held[row]) for row in chosen)
        if on_meta or any(adapter.on_meta(array) for _, array, _ in result._deferred):
            result._device = adapter.usable_device("cpu" if device is None else device)
        if chosen:
            rules = {_labelled(label, rows): how for label, (how, rows) in self.rules.items()}
            result._plan = make_plan(
                tree,
                sorted(chosen),
                rules,
                self.found.collection.handle,
                seed=seed,
                prefix="",
                allow_empty=False,
                device=result._device if on_meta else None,
                buffers=None,
            )
        path = self.source.file.path if self.source.file is not None else self.source.title
        drawn = None if result._plan is None else result._plan.seed
        result.report = LoadReport(path, self.rows, self.found.notes, drawn)
        return result


def _labelled(label: str, rows: set[int]) -> Callable[[Any], bool]:
    """A predicate for rows, which prints as the rule that took them."""

    def takes(parameter: Any) -> bool:
        return parameter._row in rows

    takes.__name__ = label
    return takes


def _fits(shape: Shape | None, there: tuple[int, ...]) -> bool:
    if shape is None or shape == there:
        return True
    return len(shape) == len(there) and all(a in (None, b) for a, b in zip(shape, there, strict=True))


def _kind(dtype: np.dtype[Any]) -> str:
    """`b`, `i`, `f` or `c`; NumPy itself calls the floats of ml_dtypes void."""
    if dtype.kind == "V":
        return "i" if dtype.name.startswith(("int", "uint")) else "f"
    return "i" if dtype.kind == "u" else dtype.kind


def _bits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
