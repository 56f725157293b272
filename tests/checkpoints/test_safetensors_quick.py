"""Two readers of one header, the quick one and the one that takes all JSON, agree on every text."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from common import mutate
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.checkpoints.safetensors import SafetensorsFile, layout, quick, write
from glueball.errors import FileFormatError

ARRAYS = {"a": np.ones((2, 3), "f4"), "b.ü": np.zeros((0, 4)), "c": np.asarray(5, "u1"), "d": np.ones(2, "?")}


def header(path):
    content = path.read_bytes()
    return content[8:][: struct.unpack("<Q", content[:8])[0]], len(content)


def slowly(text, size):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(layout, "quick_rows", lambda *_: None)
        try:
            return layout.parse_header(text, size, "x")
        except FileFormatError:
            return None


def quickly(text, size):
    try:
        return layout.parse_header(text, size, "x")
    except FileFormatError:
        return None


def took(text, size):
    return quick.quick_rows(text, size, "x", layout.DTYPES) is not None


def test_what_is_usually_written_is_read_the_quick_way(tmp_path):
    write(tmp_path / "x", ARRAYS, metadata={"by": 'us "two"'}, aliases={"tied": "a"})
    text, size = header(tmp_path / "x")
    assert took(text, size)
    found = quickly(text, size)
    assert found == slowly(text, size)
    assert list(found.entries) == list(ARRAYS) and found.aliases == {"tied": "a"}
    assert type(found.entries["a"]) is type(slowly(text, size).entries["a"])
    safetensors.numpy.save_file(ARRAYS, tmp_path / "y", metadata={"by": "them"})
    assert took(*header(tmp_path / "y"))


@settings(max_examples=400, deadline=None)
@given(data=st.data(), notes=st.booleans())
def test_they_agree_on_what_is_damaged(tmp_path_factory, data, notes):
    path = tmp_path_factory.mktemp("quick") / "x"
    write(path, ARRAYS, metadata={"k": "v"} if notes else {}, aliases={"tied": "a"} if notes else {})
    text, size = header(path)
    mutated = mutate(data.draw, st, text.rstrip())
    size += len(mutated) - len(text)
    assert quickly(mutated, size) == slowly(mutated, size)


ROW = '"{}":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}}'


@pytest.mark.parametrize(
    "text",
    [
        "{" + ROW.format("a", 1, 0, 1) + "," + ROW.format("a", 1, 1, 2) + "}",  # a name twice
        "{" + ROW.format("a", "01", 0, 1) + "," + ROW.format("b", 1, 1, 2) + "}",
        "{" + ROW.format("a", "1,", 0, 1) + "," + ROW.format("b", 1, 1, 2) + "}",
        "{" + ROW.format("a", 1, 0, 1) + ROW.format("b", 1, 1, 2) + "}",
        "{" + ROW.format("a", 1, 0, 1) + ",," + ROW.format("b", 1, 1, 2) + "}",
        "{" + ROW.format("a", 1, 0, 1) + "," + ROW.format("b", 1, 1, 2) + ",",
        "{" + ROW.format("a", 1, 0, 1) + "}" + ROW.format("b", 1, 1, 2) + "}",
        "{" + ROW.format("a", 1, 0, 1) + "," + ROW.format("b", 1, 0, 1) + "}",  # overlap
        "{" + ROW.format("a", 2**64, 0, 2**64) + "}",
        "{" + ROW.format("a", 2, 0, 2).replace("U8", "F4") + "}",
        "{" + ROW.format("a", 1, 0, 1) + "," + ROW.format("__metadata__", 1, 1, 2) + "}",
        '{"__metadata__":{"a":1},' + ROW.format("a", 2, 0, 2) + "}",
        '{"__metadata__":{"a":"1","a":"2"},' + ROW.format("a", 2, 0, 2) + "}",
        '{"__metadata__":{},"__metadata__":{},' + ROW.format("a", 2, 0, 2) + "}",
        '{"__metadata__":{"a":"1"}' + ROW.format("a", 2, 0, 2) + "}",
        '{"__metadata__":' + "[" * 20_000 + "," + ROW.format("a", 2, 0, 2) + "}",
        "{" + ROW.format("a\n", 2, 0, 2) + "}",
        "{" + ROW.format("a", 2, 0, 2) + "}x",
        "{" + ROW.format("a", 2, 0, 2) + "}\n",
        "{" + ROW.format("a", 2, 0, 2).replace(":", ": ") + "}",
        "{" + ROW.format("\\u0061", 2, 0, 2) + "}",
    ],
)
def test_what_the_quick_one_leaves_to_the_other(text, tmp_path):
    content = text.encode()
    size = 8 + len(content) + 2
    assert not took(content, size)
    (tmp_path / "x").write_bytes(struct.pack("<Q", len(content)) + content + b"\1\1")
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(FileFormatError):
            SafetensorsFile(tmp_path / "x")
