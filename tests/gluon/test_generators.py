"""MXNet's random numbers: against what MXNet 1.9.1 itself drew (`tools/golden_random.py`), and their laws."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.mxnet import generators
from glueball.mxnet.base import MXNetError
from glueball.mxnet.generators.logarithm import logf
from glueball.mxnet.generators.mersenne import LENGTH, Twisters, temper
from glueball.mxnet.generators.parallel import ParallelGenerator
from glueball.mxnet.generators.variates import INTEGER, NORMAL32, NORMAL64, UNIFORM32, UNIFORM64

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mxnet_random.json").read_text())


def in_thread(function: Any) -> Any:
    """What function returns in a new thread, where nothing has been seeded."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def made(value: Any) -> Any:
    """An argument as the generators take it."""
    if isinstance(value, dict) and "arange" in value:
        return np.arange(np.prod(value["arange"]), dtype=np.int32).reshape(value["arange"])
    if isinstance(value, dict):
        return np.array(value["values"]).astype(value["dtype"])
    return tuple(value) if isinstance(value, list) else value


def call(name: str, arguments: dict[str, Any]) -> Any:
    return getattr(generators, name)(**{key: made(value) for key, value in arguments.items()})


def outcome(result: Any) -> Any:
    if result is None:
        return None
    if isinstance(result, tuple):
        return [outcome(one) for one in result]
    assert result.flags.c_contiguous and result.flags.writeable
    raw = result.tobytes()
    return [result.dtype.name, list(result.shape), hashlib.sha256(raw).hexdigest()[:32], raw[:16].hex()]


def label(sequence: Any) -> str:
    return "-".join(dict.fromkeys(name for name, *_ in sequence))[:60]


@pytest.mark.parametrize("sequence", GOLDEN["drawn"], ids=label)
def test_the_numbers_are_mxnets(sequence: Any) -> None:
    def drawn() -> list[Any]:
        return [outcome(call(name, arguments)) for name, arguments, _ in sequence]

    assert in_thread(drawn) == [expected for *_, expected in sequence]


@pytest.mark.parametrize(("name", "arguments", "kind", "message"), GOLDEN["refused"])
def test_what_mxnet_refuses_is_refused_with_its_words(
    name: str, arguments: dict[str, Any], kind: str, message: str
) -> None:
    errors = {"MXNetError": MXNetError, "ValueError": ValueError, "ZeroDivisionError": ZeroDivisionError}
    with pytest.raises(errors[kind]) as caught:
        call(name, arguments)
    # Before its sentence MXNet says where in C++ it is; behind it come the operator's arguments, in the order
    # of a hash table.
    sentence = re.compile(
        r'(?:Traceback .*\n  File ".*", line \d+\n)?(?:MXNetError: )?'
        r"(?:Check failed: (?:infer_type_success: |.*? vs\. .*?\) : ))?"
    )
    expected = message[sentence.match(message).end() :].split("(name=")[0]
    assert str(caught.value) == expected or kind == "ZeroDivisionError"  # Python's own words


def test_a_refused_draw_takes_nothing() -> None:
    generators.seed(3)
    expected = generators.uniform(shape=4)
    generators.seed(3)
    for name, arguments, *_ in GOLDEN["refused"]:
        with pytest.raises((MXNetError, ValueError, ZeroDivisionError)):
            call(name, arguments)
    assert (generators.uniform(shape=4) == expected).all()


@pytest.mark.parametrize("part", range(4))
def test_numbers_are_read_as_mxnet_reads_their_text(part: int) -> None:
    for text, bits in GOLDEN["scalars"][part::4]:
        value = eval(text)
        assert generators.as_float32(value).tobytes().hex() == bits, text


@pytest.mark.parametrize("text", ["", "-", "abc", "1.5x", "True", "1e", "0x10", "1_000", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(
        MXNetError, match=f"Invalid Parameter format for scale expect float but value='{text}'"
    ):
        generators.as_float32(text, "scale", "_random_normal")


SIZES = st.integers(1, 300) | st.integers(1, 70_000) | st.sampled_from([63, 64, 65, 65536, 65537, 2_200_000])
DRAWS = st.sampled_from(["uniform", "normal", "exponential"])


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(-(2**40), 2**40), draws=st.lists(st.tuples(DRAWS, SIZES), max_size=4))
def test_after_a_seed_the_same_numbers_come_again(seed: int, draws: list[tuple[str, int]]) -> None:
    def drawn() -> list[bytes]:
        generators.seed(seed)
        numbers = [getattr(generators, name)(shape=size).tobytes() for name, size in draws]
        return [*numbers, generators.shuffled(20).tobytes()]

    assert drawn() == drawn() == in_thread(drawn)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(SIZES, min_size=1, max_size=4))
def test_outputs_are_shared_by_numpys_mersenne_twisters(seed: int, sizes: list[int]) -> None:
    """Uniform draws, one after the other, done again with a twister of NumPy's for each state."""
    generator = ParallelGenerator(seed)
    twisters: dict[int, np.random.RandomState] = {}
    for size in sizes:
        values = generator.draw(UNIFORM32, size)
        step = -(-size // min(-(-size // 64), 1024))
        for state, start in enumerate(range(0, size, step)):
            share = values[start : start + step]
            if state not in twisters:
                twisters[state] = np.random.RandomState((seed + state) % 2**32)
            words = twisters[state].randint(0, 2**32, size=len(share), dtype=np.uint32)
            assert (share == words.astype(np.float32) * np.float32(2.0**-32)).all()


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    draws=st.lists(
        st.tuples(st.sampled_from([UNIFORM32, UNIFORM64, NORMAL32, NORMAL64, INTEGER]), st.integers(1, 64)),
        max_size=40,
    ),
)
def test_reading_ahead_changes_nothing(seed: int, draws: list[tuple[Any, int]]) -> None:
    """Small draws in a row give what each gives when the reader is thrown away after every draw."""
    steadily, anew = ParallelGenerator(seed), ParallelGenerator(seed)
    for variate, size in draws:
        first = steadily.draw(variate, size)
        second = anew.draw(variate, size)
        anew.catch_up()
        assert (first == second).all()


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    steps=st.lists(st.integers(0, 2000), min_size=1, max_size=5),
)
def test_many_twisters_are_numpys_side_by_side(seed: int, count: int, steps: list[int]) -> None:
    twisters = Twisters(seed, count)
    first = max(0, count - 3)
    references = [np.random.RandomState((seed + i) % 2**32) for i in range(first, count)]
    for step in steps:
        tape = twisters.tape(first, count, step)
        places = twisters.places(first, count)
        for row, place, reference in zip(tape, places, references, strict=True):
            expected = reference.randint(0, 2**32, size=step, dtype=np.uint32)
            assert (temper(row[place : place + step]) == expected).all()
        twisters.leave(first, count, tape, places + step)
    assert tape.shape[1] >= LENGTH


def test_threads_have_generators_of_their_own() -> None:
    generators.seed(0)
    fresh = generators.uniform(shape=3)
    generators.seed(5)
    first = generators.uniform(shape=3)
    assert (in_thread(lambda: generators.uniform(shape=3)) == fresh).all()  # as if seeded with 0
    in_thread(lambda: generators.seed(9))
    second = generators.uniform(shape=3)
    generators.seed(5)
    assert (generators.uniform(shape=6) == np.concatenate([first, second])).all()


def test_results_are_the_callers_own() -> None:
    generators.seed(1)
    expected = generators.normal(shape=50)
    generators.seed(1)
    first = generators.normal(shape=20)
    first[:] = 7
    assert (generators.normal(shape=30) == expected[20:]).all()


@pytest.mark.parametrize("shape", [0, (3, 0)])
def test_nothing_takes_nothing(shape: Any) -> None:
    generators.seed(1)
    expected = generators.uniform(shape=3)
    generators.seed(1)
    for name in ("uniform", "normal", "exponential", "gamma", "poisson"):
        assert getattr(generators, name)(shape=shape).size == 0
    assert (generators.uniform(shape=3) == expected).all()


def test_dropout_keeps_about_its_share_and_draws_nothing_for_zero() -> None:
    generators.seed(4)
    mask = generators.dropout_mask((200, 300), 0.25)
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs((mask > 0).mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / mask.size)
    assert generators.dropout_mask((20, 3, 4), 0.5, axes=(0, -1)).shape == (1, 3, 1)
    generators.seed(4)
    assert (generators.dropout_mask((5,), 0) == 1).all()
    assert (generators.dropout_mask((200, 300), 0.25) == mask).all()


def test_dropping_everything_leaves_no_number() -> None:
    assert np.isnan(generators.dropout_mask(8, 1)).all()  # as in MXNet: nothing, times infinity


def test_whole_numbers_need_a_range() -> None:
    with pytest.raises(ZeroDivisionError, match="low and high are both 5"):
        generators.randint(5, 5)


def test_float16_arrays_of_gamma_are_an_error() -> None:
    with pytest.raises(NotImplementedError, match="float32 or float64, not float16"):
        generators.gamma(np.ones(2, np.float16), np.ones(2, np.float16))


def test_logf_is_within_an_ulp_of_the_logarithm() -> None:
    bits = np.random.default_rng(0).integers(0x00800000, 0x7F800000, 1_000_000, dtype=np.uint32)
    x = np.concatenate([bits.view(np.float32), np.float32([1, np.nextafter(np.float32(1), np.float32(0))])])
    exact = np.log(x.astype(np.float64))
    assert (np.abs(logf(x) - exact) <= 0.82 * np.spacing(np.abs(exact).astype(np.float32))).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_draws_on_and_large_draws_work_there() -> None:
    generators.seed(2)
    expected = generators.uniform(shape=2_200_000)
    generators.seed(2)
    generators.uniform(shape=2_200_000)
    pid = os.fork()
    if pid == 0:
        generators.seed(2)
        os._exit(0 if (generators.uniform(shape=2_200_000) == expected).all() else 1)
    assert os.waitpid(pid, 0)[1] == 0
