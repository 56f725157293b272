r"""The one meaning of a pattern, used alike to select, initialise, freeze, group and rename.

- A **string** that is exactly the name of a parameter or the path of a layer takes that.
- Any other **string** (or a compiled expression) takes a parameter when it matches, as a regular expression
  and whole (`re.fullmatch`), one of the parameter's names or the path of a layer that contains it. So
  `"embed"` is the embedding layer and all in it, `r".*\.bias"` is every bias, and `"weight"` nothing.
- A **class** takes what belongs directly to layers of that class, a tuple of classes to any of them;
  `(class, name)` narrows it to attributes whose name matches.
- A **selection** (or a Parameter) takes what is in it, a **layer** of the model what is in that.
- A **predicate** takes what it says, asked with each Parameter.

A tied parameter answers to all its slots. A weight from which another is computed (`weight_norm`)
answers to its own name and to the name it replaces, in the layer that it serves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from heapq import nlargest
from typing import Any, TypeAlias

from .errors import NothingSelectedError, PatternError
from .slots import Tree, join

__all__ = ["Pattern", "describe", "nearest", "nothing_selected", "select_rows"]

Pattern: TypeAlias = (
    "str | re.Pattern[str] | type | tuple[type, str | re.Pattern[str]] | Callable[[Any], bool]"
)


def select_rows(tree: Tree, pattern: Pattern, rows: Sequence[int], handle: Callable[[int], Any]) -> list[int]:
    """The rows among `rows` that the pattern takes, in order.

    Args:
        tree: what a walk found.
        pattern: see the module's head.
        rows: rising row numbers to choose from.
        handle: makes the Parameter of a row, for predicates.

    Raises:
        PatternError: the pattern is none of these, or no regular expression.
    """
    if isinstance(pattern, str):
        exact = _exactly(tree, pattern)
        if exact is not None:
            return [row for row in rows if row in exact]
    if isinstance(pattern, (str, re.Pattern)):
        return _by_text(tree, _compile(pattern), rows)
    if isinstance(pattern, type):
        return _by_class(tree, pattern, None, rows)
    if isinstance(pattern, tuple):
        parts: tuple[Any, ...] = pattern
        if parts and all(isinstance(part, type) for part in parts):
            return _by_class(tree, parts, None, rows)
        if len(parts) == 2 and isinstance(parts[0], type):
            return _by_class(tree, parts[0], _compile(parts[1]), rows)
    layer = tree.index.get(id(pattern))
    if layer is not None:
        inside = set(tree.rows_below([layer]))
        return [row for row in rows if row in inside]
    given: Any = pattern
    names = getattr(given, "slots", None) or getattr(given, "names", None)
    if names is not None:
        named = set(names() if callable(names) else names)
        return [row for row in rows if tree.names[row] in named]
    if callable(given):
        return [row for row in rows if _asked(given, handle(row))]
    shown = f"{pattern!r}" if isinstance(pattern, (int, float, tuple)) else f"a {type(pattern).__name__}"
    raise PatternError(
        f"{shown} is no pattern. Write a regular expression, a layer class, (class, name), "
        f"or a function of a Parameter."
    )


def _asked(predicate: Any, parameter: Any) -> bool:
    try:
        return bool(predicate(parameter))
    except Exception as error:
        error.add_note(f"while {describe(predicate)} was asked about {parameter!r}")
        raise


_DOTTED = re.compile(r"[\w .\-]*\.[\w .\-]*")


def _exactly(tree: Tree, text: str) -> set[int] | None:
    """The rows of a name or path that is written whole, or None.

    Without a dot the expression means the same; with one it would take "101" for "1.1" too.
    """
    if not _DOTTED.fullmatch(text):
        return None
    rows = set(tree.rows_named(text))
    layer = tree.resolve("", text.split("."))
    if layer is not None:
        rows.update(tree.rows_below([layer[1]]))
    return rows or None


def describe(pattern: Pattern) -> str:
    """A pattern as a reader would write it: a raw string where it has backslashes, a class by its name."""
    if isinstance(pattern, (str, re.Pattern)):
        text = pattern if isinstance(pattern, str) else str(pattern.pattern)
        return repr(text) if '"' in text else f'r"{text}"' if "\\" in text else f'"{text}"'
    if isinstance(pattern, type):
        return pattern.__name__
    if isinstance(pattern, tuple):
        return "(" + ", ".join(describe(part) for part in pattern) + ")"
    return getattr(pattern, "__name__", repr(pattern))


def _compile(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern)
        expression.fullmatch("")
        return expression
    except TypeError:
        raise PatternError(f"{pattern!r} is no regular expression: write a string.") from None
    except re.error as error:
        raise PatternError(
            f"{pattern!r} is no regular expression: {error}. "
            f"To take a name as it is written, write re.escape({pattern!r})."
        ) from None


def _by_text(tree: Tree, expression: re.Pattern[str], rows: Sequence[int]) -> list[int]:
    matches = expression.fullmatch
    names = tree.names
    if len(rows) == len(names):
        taken = [row for row, name in enumerate(names) if matches(name)]
    else:
        taken = [row for row in rows if matches(names[row])]
    # The root has no name, so no pattern takes it: "" and an optional group are not "everything".
    layers = [owner for owner, path in enumerate(tree.paths) if path and matches(path)]
    if not layers and not tree.by_other_name:
        return taken
    found = set(taken)
    found.update(tree.rows_below(layers))
    seen: dict[str, bool] = {}
    for slot, held in tree.by_other_name.items():
        while slot:
            if slot not in seen:
                seen[slot] = bool(matches(slot))
            if seen[slot]:
                found.update(held)
                break
            slot = slot.rpartition(".")[0]
    return [row for row in rows if row in found]


def _by_class(
    tree: Tree, kind: type | tuple[type, ...], expression: re.Pattern[str] | None, rows: Sequence[int]
) -> list[int]:
    layers = {at for at, owner in enumerate(tree.owners) if isinstance(owner, kind)}

    if not tree.more_sites and not tree.computes:
        holders, attributes = tree.holders, tree.attributes
        taken = [row for row in rows if holders[row] in layers]
        if expression is None:
            return taken
        return [row for row in taken if expression.fullmatch(attributes[row])]

    def takes(place: tuple[int, str]) -> bool:
        owner, attribute = place
        return owner in layers and (expression is None or bool(expression.fullmatch(attribute)))

    return [row for row in rows if any(map(takes, (*tree.places(row), *tree.computed(row))))]


# ---- what to say when nothing was taken -------------------------------------------------------------


def nearest(asked: str, names: Sequence[str], most: int = 3) -> list[str]:
    """The names most like what was asked, the best first."""
    from difflib import SequenceMatcher  # for errors only

    # One matcher keeps what it learnt of the asked text; the last part counts as a name too, so that
    # "wieght" finds "encoder.0.weight".
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked)

    def likeness(name: str) -> float:
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() < 0.2 and "." not in name:
            return 0.0
        whole = matcher.ratio()
        matcher.set_seq1(name.rpartition(".")[2])
        return max(whole, 0.95 * matcher.ratio())

    if len(names) > 5000:
        # Measuring each takes too long to wait for: those of the same layer, or of the same last part,
        # and some of the rest.
        layer, _, last = asked.rpartition(".")
        close = [name for name in names if name.rpartition(".")[0] == layer]
        close += [name for name in names if name.rpartition(".")[2] == last]
        names = list(dict.fromkeys([*close[:4000], *names[:1000]]))
    return nlargest(most, names, key=likeness)


def nothing_selected(tree: Tree, pattern: Pattern, rows: Sequence[int]) -> NothingSelectedError:
    """The error for a pattern that takes nothing: the nearest names, and a pattern that works."""
    names = [tree.names[row] for row in rows]
    lines = [f"{describe(pattern)} takes none of the {len(names)} parameters."]
    if isinstance(pattern, (str, re.Pattern)):
        text = pattern if isinstance(pattern, str) else str(pattern.pattern)
        lines[0] += " A pattern matches a whole name, or the whole path of a layer."
        if names:
            lines.append(f"  Nearest names: {', '.join(nearest(text, names))}")
        for wider in (f".*{text}", f"{text}.*", f".*{text}.*"):
            if "(?" in text:
                break  # flags have to stand in front
            count = len(_by_text(tree, re.compile(wider), rows))
            if count:
                lines.append(f"  Write {describe(wider)}: it takes {count}.")
                break
        lines += _unbuilt(tree, rows)
        if not tree.with_buffers:
            whole = tree.adapter.walk(tree.root, True)
            count = len(_by_text(whole, re.compile(text), sorted(whole.buffers)))
            if count:
                lines.append(f"  It would take {count} of the buffers: collect_params(model, buffers=True).")
    elif isinstance(pattern, (type, tuple)):
        lines += _class_hints(tree, pattern, rows)
    else:
        lines += _unbuilt(tree, rows)
    return NothingSelectedError("\n".join(lines))


def _unbuilt(tree: Tree, rows: Sequence[int]) -> list[str]:
    """What to say of layers that are not built yet: nobody knows what they will hold."""
    waiting = [tree.names[row] for row in rows if row in tree.unbuilt]
    if not waiting:
        return []
    some = ", ".join(waiting[:3]) + (f" and {len(waiting) - 3} more" if len(waiting) > 3 else "")
    return [f"  Layers that are not built yet: {some}. Run the model once on a batch, then refresh()."]


def _class_hints(tree: Tree, pattern: Any, rows: Sequence[int]) -> list[str]:
    kind = pattern if isinstance(pattern, type) else pattern[0]
    layers = [at for at, owner in enumerate(tree.owners) if isinstance(owner, kind)]
    inside = set(tree.rows_below(layers)) & set(rows)
    held = sorted({tree.attributes[row] for row in _by_class(tree, kind, None, rows)})
    if held:
        return [f"  Layers of {kind.__name__} hold {', '.join(held)}."]
    if inside:
        paths = [tree.paths[at] for at in layers if tree.paths[at]][:3]
        hint = f"  {kind.__name__} holds no parameters itself, the layers in it do."
        return [hint + (f" Write a path: {', '.join(map(repr, paths))}." if paths else "")]
    kinds = sorted({type(tree.owners[tree.holders[row]]).__name__ for row in rows})
    return [f"  The parameters belong to layers of: {', '.join(kinds[:8])}."]


def missing_name(tree: Tree, asked: str, base: str, rows: Sequence[int]) -> str:
    """What to say when a name leads nowhere: where it was looked for, and the nearest names."""
    where = f" in {base!r}" if base else ""
    names = [tree.names[row] for row in rows]
    paths = [path for path in tree.paths if path and path.startswith(join(base, "") if base else "")]
    near = nearest(join(base, asked), [*names, *paths])
    hint = f" Nearest: {', '.join(near)}." if near else ""
    special = not set("*+?[](){}|^$\\").isdisjoint(asked)
    wide = "" if not special else f" For a pattern, write select({describe(asked)})."
    unbuilt = "".join(_unbuilt(tree, rows)).replace("  ", " ", 1)
    return f"no parameter or layer {asked!r}{where} among {len(names)} parameters.{hint}{wide}{unbuilt}"
