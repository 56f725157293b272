"""Arrays, arithmetic, indexing and autograd, statement by statement as real MXNet does them."""

from __future__ import annotations

import json
import re

import pytest
import transcript

from glueball import mxnet

GOLDEN = json.loads(transcript.GOLDEN.read_text(encoding="utf-8"))
PARAGRAPHS = transcript.paragraphs()


def agree(theirs: str, ours: str) -> bool:
    """Whether ours says the same; an error may say more than MXNet's."""
    if theirs == ours:
        return True
    kind = re.match(r"\w+(Error|Exception): ", theirs)
    return kind is not None and ours.startswith(kind[0]) and theirs[kind.end() :] in ours


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_does_what_mxnet_does(name: str) -> None:
    told = transcript.run(PARAGRAPHS[name], mxnet)
    assert [code for code, _ in told] == [code for code, _ in GOLDEN[name]], "golden data are of other lines"
    differing = [
        (code, theirs, ours)
        for (code, theirs), (_, ours) in zip(GOLDEN[name], told, strict=True)
        if not agree(theirs, ours)
    ]
    assert not differing


def test_golden_data_have_no_paragraphs_of_their_own() -> None:
    assert GOLDEN.keys() == PARAGRAPHS.keys()


def test_an_error_may_say_more_but_not_something_else() -> None:
    assert agree("ValueError: bad shape", "ValueError: bad shape (2,)")
    assert not agree("ValueError: bad shape", "TypeError: bad shape")
    assert not agree("NDArray float32 (1,) 1", "NDArray float32 (1,) 1 2")
