"""Holding what was printed against what real MXNet printed: text to the letter, numbers nearly.

Another library adds up in another order, so the last digits of its floats may differ, and with them
the width of a printed array's columns and where its rows break. Nothing else may.
"""

from __future__ import annotations

import builtins
import math
import re

RTOL, ATOL = 1e-5, 1e-6
NUMBER = re.compile(r"(?<![\w.])([-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?)(?![\w.])")

# What differs with the version of Python and NumPy and with the library's name, not with what it does.
ALIKE = [
    (re.compile(r"\bglueball\.mxnet\b"), "mxnet"),
    (re.compile(r"<(class '|function |)mxnet\.(?:\w+\.)*(\w+)"), r"<\1mxnet.\2"),
    (re.compile(r"<class 'numpy\.bool_'>"), "<class 'numpy.bool'>"),
    (re.compile(r"\bnp\.(?:float|int|uint)\d+\(([^()]*)\)"), r"\1"),
    (re.compile(r"\bnp\.(True|False)_"), r"\1"),
    (re.compile(r"\b(?:\w+\.)+(\w+\(\) (?:missing|takes|got))"), r"\1"),
]


def difference(wanted: str, got: str, rtol: float = RTOL, atol: float = ATOL, zeros: bool = False) -> str:
    """Say where two prints differ first, or return ''.

    Args:
        wanted: what MXNet printed.
        got: what was printed now.
        rtol: how far a float may be off, relative to the wanted one.
        atol: how far a float may be off besides.
        zeros: whether 0 and −0 differ.
    """
    pieces = [NUMBER.split(normal(text)) for text in (wanted, got)]
    for index, (one, other) in enumerate(zip(*pieces)):  # noqa: B905 (Python 3.8)
        same = one == other if index % 2 == 0 else near(one, other, rtol, atol, zeros)
        if not same:
            alike = 0 if index % 2 else common(one, other)
            before = "".join(pieces[0][:index]) + one[:alike]
            return f"after {before[-60:]!r}: wanted {one[alike:][:200]!r}, got {other[alike:][:200]!r}"
    if len(pieces[0]) != len(pieces[1]):
        longer = max(pieces, key=len)
        rest = "".join(longer[min(map(len, pieces)) :])
        return f"{'missing' if longer is pieces[0] else 'too much'} at the end: {rest[:200]!r}"
    return ""


def common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    differ = (at for at, (a, b) in enumerate(zip(one, other)) if a != b)  # noqa: B905 (Python 3.8)
    return next(differ, min(len(one), len(other)))


def normal(text: str) -> str:
    """The text with one spelling for what may be spelt in several ways.

    Inside brackets, runs of blanks and line ends are one blank: there they stem from columns' width.
    """
    for pattern, plain in ALIKE:
        text = pattern.sub(plain, text)
    depth = 0
    made = []
    for part in re.split(r"([\[\]])", text):
        depth = max(0, depth + (part == "[") - (part == "]"))
        made.append(" ".join(part.split()) if depth else part)
    return "\n".join(line.rstrip() for line in "".join(made).split("\n"))


def near(wanted: str, got: str, rtol: float, atol: float, zeros: bool) -> bool:
    """Whether two number tokens are the same: integers to the letter, floats within the tolerance."""
    if wanted == got:
        return True
    if not (floating(wanted) and floating(got)):
        return False
    one, other = float(wanted), float(got)
    if one == other:
        # `1.` is an array's element and `1.0` a Python float: not the same thing was printed.
        alike = wanted.endswith(".") == got.endswith(".") or "e" in (wanted + got).lower()
        return alike and not (zeros and math.copysign(1, one) != math.copysign(1, other))
    return math.isclose(one, other, rel_tol=0, abs_tol=atol + rtol * abs(one))


def floating(token: str) -> bool:
    return "." in token or "e" in token.lower()


def differences(wanted: dict, got: dict, rtol: float = RTOL, atol: float = ATOL) -> list[str]:
    """Every respect in which a snippet did something else: what it printed, raised, warned of.

    Args:
        wanted: what ``corpus.execute`` saw under MXNet.
        got: what it saw now.
        rtol: for the numbers in what was printed.
        atol: for the numbers in what was printed.
    """
    found = []
    printed = difference("\n".join(wanted["stdout"]), "\n".join(got["stdout"]), rtol, atol)
    if printed:
        found.append(f"stdout, {printed}")
    found += exception(wanted["exception"], got["exception"])
    for index in range(max(len(wanted["warnings"]), len(got["warnings"]))):
        here, there = (kept["warnings"][index : index + 1] for kept in (wanted, got))
        if not there:
            found.append(f"no warning {here[0]}")
        elif not here:
            found.append(f"a warning that MXNet does not give: {there[0]}")
        elif here[0][0] != there[0][0] or difference(here[0][1], there[0][1]):
            found.append(f"wanted the warning {here[0]}, got {there[0]}")
    return found


def exception(wanted: dict | None, got: dict | None) -> list[str]:
    """How one exception differs from the wanted: in its name, in what catches it, in its message."""
    if wanted is None:
        return [f"raised {got['types'][0]}: {got['message']}"] if got else []
    if got is None:
        return [f"did not raise {wanted['types'][0]}: {wanted['message']}"]
    found = []
    if wanted["types"][0] != got["types"][0]:
        found.append(f"raised {got['types'][0]} ({got['message']}), not {wanted['types'][0]}")
    caught = next(name for name in wanted["types"] if hasattr(builtins, name))
    if caught not in got["types"]:
        found.append(f"`except {caught}` would not catch {got['types'][0]}")
    if difference(wanted["message"], got["message"]):
        found.append(f"wanted the message {wanted['message']!r}, got {got['message']!r}")
    return found
