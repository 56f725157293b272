"""collect_params against torch's named_parameters, in one process, in turn; and how it grows.

Run: python benchmarks/collect.py
"""

from __future__ import annotations

import re
import statistics
import time

from common import in_turn, line, linears

import glueball as gb


def main() -> None:
    """Print the rows."""
    model = linears(10_000)
    pattern = r".*\.weight"
    compiled = re.compile(pattern)
    print(f"{'20,000 parameters in 10,000 layers':<62} {'glueball':>12} {'torch':>12}")
    line("collect | list(named_parameters())", *in_turn(
        lambda: gb.collect_params(model), lambda: list(model.named_parameters())))  # fmt: skip
    line("collect and names | [name for name, _ in named_parameters()]", *in_turn(
        lambda: gb.collect_params(model).names(),
        lambda: [n for n, _ in model.named_parameters()]))  # fmt: skip
    line("select | comprehension with re.fullmatch(pattern, name)", *in_turn(
        lambda: gb.collect_params(model, pattern),
        lambda: [p for n, p in model.named_parameters() if re.fullmatch(pattern, n)]))  # fmt: skip
    line("select | comprehension with a compiled pattern", *in_turn(
        lambda: gb.collect_params(model, pattern),
        lambda: [p for n, p in model.named_parameters() if compiled.fullmatch(n)]))  # fmt: skip
    line("select and tensors | the same", *in_turn(
        lambda: gb.collect_params(model, pattern).tensors(),
        lambda: [p for n, p in model.named_parameters() if compiled.fullmatch(n)]))  # fmt: skip

    print("\nGrowth: microseconds for each parameter, medians")
    cold = [linears(500) for _ in range(100)]
    small, large = cold[0], linears(50_000)
    for name, collect in (
        ("glueball", gb.collect_params),
        ("torch", lambda model: list(model.named_parameters())),
    ):
        one = _median(lambda run=collect: run(small), 300) / 1_000
        many = _median(lambda run=collect: [run(m) and None for m in cold], 11) / 100_000
        big = _median(lambda run=collect: run(large), 11) / 100_000
        print(
            f"{name:<9} 1,000 in cache {one * 1e6:.3f}; a hundred models of 1,000 in turn {many * 1e6:.3f}; "
            f"100,000 {big * 1e6:.3f}; the last over the second {big / many:.2f}"
        )


def _median(run, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        kept = run()
        times.append(time.perf_counter() - start)
        del kept
    return statistics.median(times)


if __name__ == "__main__":
    main()
