"""Fit the coefficients of the inverse normal distribution: writes streams/coefficients.py.

    python tools/fit_normal.py > src/glueball/streams/coefficients.py

The streams turn a folded probability x = 2q (0 < x <= 1) into z = -ndtri(1 - x/2) <= 0 by

    l = 2 ln x                       exponent and mantissa by bits, then a polynomial
    T = sqrt(shift - l)              regular at x = 1, and about |z| in the tail
    z = l / (T + N(T)/D(T)) = l D(T) / (T D(T) + N(T))

N/D is a small correction (0.14 to 0.42 of a T between 1.2 and 9.5), and an error of D nearly cancels
between numerator and denominator, so the roundings of the polynomials count little. One formula
holds for all of q from 2^-65 to 1/2: there is no branch for the tails.

Every fit is Lawson's: least squares, weighted again by the last error until the error is level,
with the denominator's last value as a further weight (Sanathanan and Koerner) for the rational
one. All of it is in mpmath. The reference needs no inverse: points are chosen in z, and
x(z) = erfc(|z|/sqrt 2). The weight of z's error is 1/max(|z|, 1): relative in the tails, absolute
near zero. The float32 coefficients are rounded and then improved by single units in the last
place, in turn, as long as the largest error becomes smaller; float64's are rounded only.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import mpmath as mp
import numpy as np

Z_MAX = "9.17"  # beyond the quantile of 2^-65, the middle of the first cell of 64 bits
SPLIT = 0.75  # mantissas are taken from [SPLIT, 2 SPLIT)


def horner(coefficients: Sequence[mp.mpf], x: mp.mpf) -> mp.mpf:
    """The polynomial with these coefficients, the constant first, at x."""
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value * x + coefficient
    return value


def lawson(
    x: list[mp.mpf], goal: list[mp.mpf], unit: list[mp.mpf], top: int, bottom: int, rounds: int = 60
) -> tuple[mp.mpf, list[mp.mpf], list[mp.mpf]]:
    """Minimise max |N(x)/D(x) - goal|/unit: (the maximum, N, D), D's last coefficient being 1."""
    powers = [[v**j for j in range(max(top, bottom) + 1)] for v in x]
    rows = [p[: top + 1] + [-g * p[j] for j in range(bottom)] for p, g in zip(powers, goal, strict=True)]
    right = [g * p[bottom] for p, g in zip(powers, goal, strict=True)]
    size = top + 1 + bottom
    level = [mp.mpf(1)] * len(x)
    below = [mp.mpf(1)] * len(x)
    best: tuple[mp.mpf, list[mp.mpf], list[mp.mpf]] | None = None
    for turn in range(rounds):
        weight = [v / (u * d) ** 2 for v, u, d in zip(level, unit, below, strict=True)]
        matrix, vector = mp.matrix(size, size), mp.matrix(size, 1)
        for i in range(size):
            scaled = [w * row[i] for w, row in zip(weight, rows, strict=True)]
            vector[i] = mp.fdot(scaled, right)
            for j in range(i, size):
                matrix[i, j] = matrix[j, i] = mp.fdot(scaled, [row[j] for row in rows])
        solved = mp.lu_solve(matrix, vector)
        num = [solved[i] for i in range(top + 1)]
        den = [solved[top + 1 + i] for i in range(bottom)] + [mp.mpf(1)]
        below = [horner(den, v) for v in x]
        error = [abs(horner(num, v) / d - g) / u for v, d, g, u in zip(x, below, goal, unit, strict=True)]
        worst = max(error)
        if best is None or worst < best[0]:
            best = worst, num, den
        if turn >= 4:  # the denominator has settled; now level the error
            level = [v * (e + worst / 1000) for v, e in zip(level, error, strict=True)]
            largest = max(level)
            level = [v / largest for v in level]
    assert best is not None
    return best


def nodes(low: mp.mpf, high: mp.mpf, count: int) -> list[mp.mpf]:
    """Chebyshev's points of the interval."""
    angles = (mp.pi * (k + mp.mpf(1) / 2) / count for k in range(count))
    return [low + (high - low) * (1 - mp.cos(a)) / 2 for a in angles]


def fit_logarithm(degree: int, points: int) -> tuple[mp.mpf, list[mp.mpf]]:
    """P with 2 ln(1 + r/2) = r + r^2 P(r), r = 2m - 2 for m in [SPLIT, 2 SPLIT), absolute error."""
    r = nodes(mp.mpf(2 * SPLIT - 2), mp.mpf(4 * SPLIT - 2), points)
    goal = [(2 * mp.log1p(v / 2) - v) / v**2 for v in r]
    worst, polynomial, _ = lawson(r, goal, [1 / v**2 for v in r], degree, 0)
    return worst, polynomial


Fit = tuple[list[mp.mpf], list[mp.mpf], list[mp.mpf]]


def correction(shift: mp.mpf, points: int) -> Fit:
    """T, the correction that N/D has to give there, and the size of its error that counts as 1."""
    z = nodes(mp.mpf(0), mp.mpf(Z_MAX), points)
    log = [2 * mp.log(mp.erfc(v / mp.sqrt(2))) for v in z]
    t = [mp.sqrt(shift - v) for v in log]
    e = [-ll / v - tt for ll, v, tt in zip(log, z, t, strict=True)]
    return t, e, [max(v, 1) / v * (tt + ee) for v, tt, ee in zip(z, t, e, strict=True)]


def improve_float32(num: list[mp.mpf], den: list[mp.mpf], fit: Fit) -> tuple[float, list[float]]:
    """Round N and D to float32, then walk by units in the last place to a smaller maximum."""
    t, e, unit = (np.array([float(v) for v in part]) for part in fit)
    values = np.array([float(v) for v in num + den[:-1]], np.float32)

    def worst(candidate: np.ndarray) -> float:
        exact = candidate.astype(np.float64)
        below = np.append(exact[len(num) :], 1.0)
        ratio = np.polyval(exact[: len(num)][::-1], t) / np.polyval(below[::-1], t)
        return float(np.max(np.abs(ratio - e) / unit))

    best, moved = worst(values), True
    while moved:
        moved = False
        for i, step in itertools.product(range(len(values)), (1, -1, 4, -4, 16, -16)):
            trial = values.copy()
            trial.view(np.int32)[i] += step
            if worst(trial) < best:
                best, values, moved = worst(trial), trial, True
    return best, [float(v) for v in values]


def table(name: str, log_degree: int, top: int, bottom: int, shift: float, points: int) -> str:
    """One table as Python source, with the bounds that its fits reach."""
    log_worst, log_p = fit_logarithm(log_degree, points)
    fit = correction(mp.mpf(shift), points)
    worst, num, den = lawson(*fit, top, bottom)
    if name == "FLOAT32":
        rounded, values = improve_float32(num, den, fit)
        logs = [float(np.float32(float(v))) for v in log_p]
        two_ln2 = float(np.float32(float(2 * mp.log(2))))
        reached = f"{rounded:.1e} with the float32 coefficients"
    else:
        values, logs, two_ln2 = (
            [float(v) for v in num + den[:-1]],
            [float(v) for v in log_p],
            float(2 * mp.log(2)),
        )
        reached = f"{float(worst):.1e} before the coefficients are rounded"

    def rows(numbers: list[float]) -> str:
        return "".join(f"        {v!r},\n" for v in numbers)

    return (
        f"# Largest error of 2 ln m: {float(log_worst):.1e}. Largest error of z/max(|z|, 1) by N/D:\n"
        f"# {reached}.\n"
        f"{name} = NormalTable(\n    split={SPLIT!r},\n    two_ln2={two_ln2!r},\n    shift={shift!r},\n"
        f"    log=(\n{rows(logs)}    ),\n    num=(\n{rows(values[: top + 1])}    ),\n"
        f"    den=(\n{rows(values[top + 1 :])}    ),\n)\n"
    )


HEADER = '''"""Coefficients of the inverse normal distribution, by `tools/fit_normal.py`: do not edit.

They define the streams: a change of one bit changes the initial values of every model.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FLOAT32", "FLOAT64", "NormalTable"]


class NormalTable(NamedTuple):
    """The constants of `normal_from_bits` in one dtype; a polynomial's constant comes first.

    `log` is P in 2 ln m = r + r^2 P(r), r = 2m - 2, for m in [split, 2 split). `num` and `den` are
    N and D in z = l D(T) / (T D(T) + N(T)), T = sqrt(shift - l), l = 2 ln x; D's leading 1 is left out.
    """

    split: float
    two_ln2: float
    shift: float
    log: tuple[float, ...]
    num: tuple[float, ...]
    den: tuple[float, ...]


'''


def main() -> None:
    """Print the module."""
    mp.mp.dps = 60
    small = table("FLOAT32", 6, 3, 3, 1.5, 160)
    large = table("FLOAT64", 20, 9, 9, float(2 * mp.log(2)), 240)
    print(HEADER + small + "\n" + large, end="")


if __name__ == "__main__":
    main()
