"""NumPy's files, held against NumPy in both directions."""

from __future__ import annotations

import io
import os
import warnings
import zipfile

import ml_dtypes
import numpy as np
import pytest
from common import arrays, assert_read_or_refused, assert_reads, mutate, same
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.checkpoints.lazy import Lazy
from glueball.checkpoints.npz import NpyFile, NpzFile, write
from glueball.checkpoints.params import ParamsCheckpoint
from glueball.checkpoints.params import write as write_params
from glueball.errors import DTypeError, FileFormatError, NameNotFoundError

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path, save):
    made = arrays(DTYPES)
    made["fortran"] = np.asfortranarray(made["float32.matrix"])
    path = tmp_path / "x.npz"
    save(path, **made)
    file = NpzFile(path)
    assert_reads(file, {**made, "fortran": made["float32.matrix"]})
    assert file.format == "npz"
    for name, entry in file.items():
        assert (entry.offset is None) is (save is np.savez_compressed or name == "fortran")
        if entry.offset is not None:
            assert path.read_bytes()[entry.offset :][: entry.nbytes] == made[name].tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i4", ">i4", ">c16", "?"])
def test_reads_one_array(tmp_path, dtype, order):
    array = np.asarray(np.arange(12).reshape(3, 4).astype(dtype), order=order)
    np.save(tmp_path / "x.npy", array)
    assert_reads(NpyFile(tmp_path / "x.npy"), {"0": array.astype(array.dtype.newbyteorder("="), order="C")})


def test_numpy_reads_what_is_written(tmp_path):
    made = arrays(DTYPES)
    made |= {"a/b": np.ones(2), "ü.npy": np.ones(3), "fortran": np.asfortranarray(made["float32.matrix"])}
    lazy = Lazy((3,), np.dtype("f4"), lambda: np.arange(3, dtype="f4"))
    path = tmp_path / "x.npz"
    write(path, {**made, "lazy": lazy}, aliases={"tied": "a/b"})
    made |= {"lazy": np.arange(3, dtype="f4"), "tied": np.ones(2)}
    with np.load(path) as found:
        assert list(found) == list(made)
        assert all(same(found[name], made[name]) for name in made)
    assert list(NpzFile(path)) == list(made)


def test_what_numpy_would_unpickle_is_listed_and_never_run(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "it ran"),)

    path = tmp_path / "x.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, on headers of version 3
        np.savez(
            path,
            objects=np.array([Payload(), None]),
            records=np.zeros(2, [("a", "f4"), ("ü", "i4")]),
            text=np.array(["a"]),
            dates=np.array(["2020"], "M8[D]"),
            half=np.ones(2, ml_dtypes.bfloat16),
            x=np.ones(2),
        )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("note.txt", "hello")
    file = NpzFile(path)
    assert list(file) == ["x"]
    assert file.other == {
        "objects": "an array of Python objects of shape (2,), which only unpickling could read",
        "records": "an array of records of shape (2,)",
        "text": "an array of dtype <U1 of shape (1,)",
        "dates": "an array of dtype <M8[D] of shape (1,)",
        "half": "an array of dtype |V2 of shape (2,) (NumPy writes bfloat16 and float8 so)",
        "note.txt": "5 bytes that are no array",
    }
    with pytest.raises(
        NameNotFoundError, match=r"'objects' of .* is not an array to read: an array of Python"
    ):
        file.read("objects")
    np.save(tmp_path / "y.npy", np.array([Payload()]))
    with pytest.raises(FileFormatError, match="byte 0: an array of Python objects"):
        NpyFile(tmp_path / "y.npy")
    assert not (tmp_path / "it ran").exists()


def test_a_compressed_bomb_is_opened_but_not_read(tmp_path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x=np.zeros((1 << 20, 90), "i1"))
    file = NpzFile(path)
    assert file["x"].nbytes == 90 << 20
    with pytest.raises(
        FileFormatError, match="94371840 bytes are far more than the file's; open it with allow_"
    ):
        file.read("x")
    assert NpzFile(path, allow_expansion=True).read("x", (3, slice(2))).tolist() == [0, 0]


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(*members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        with zipfile.ZipFile(stream, "w", compression) as opened:
            for name, data in members:
                opened.writestr(name, data)
    return stream.getvalue()


ONE = npy(np.ones(4))
HEAD = ONE[:128]
BAD = [
    (b"PK\x03\x04" + bytes(40), "the zip archive's directory is damaged: File is not a zip file"),
    (archive(("a.npy", ONE), ("a.npy", ONE)), r"the archive has 'a\.npy' twice"),
    (
        archive(("a.npy", ONE), compression=zipfile.ZIP_BZIP2),
        r"'a\.npy', byte 0: it is compressed in another",
    ),
    (archive(("a.npy", ONE[:-1])), r"byte 163: float64 of shape \(4,\) takes 32 bytes, and 31 are there"),
    (archive(("a.npy", b"")), r"member 'a\.npy', byte 35: the header of the array is damaged"),
    (archive(("a.npy", HEAD.replace(b"(4,)", b"(-4)"))), "the header of the array is damaged|no array has"),
    (archive(("a.npy", HEAD.replace(b"(4,)", b"4   "))), "the header of the array is damaged"),
    (archive(("a.npy", HEAD.replace(b"<f8", b"<f9"))), "the header of the array is damaged"),
    (archive(("a.npy", HEAD.replace(b"\x01\x00", b"\x09\x00", 1))), "the header of the array is damaged"),
    (archive(("a\x1b[2J.npy", ONE)), r"the name 'a\\x1b\[2J' has characters that cannot be printed"),
    (
        archive(("a.npy", ONE)).replace(b"PK\x03\x04", b"PK\x03\x05"),
        r"'a\.npy', byte 0: its header is not there",
    ),
]


@pytest.mark.parametrize(("data", "message"), BAD, ids=[f"{i} {row[1][:25]}" for i, row in enumerate(BAD)])
def test_a_damaged_file_is_one_error(data, message, tmp_path):
    path = tmp_path / "bad.npz"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=message) as raised:
        NpzFile(path)
    assert str(raised.value).startswith(str(path))


def test_members_that_overlap_are_an_error(tmp_path):
    data = bytearray(archive(("a.npy", ONE), ("b.npy", ONE)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # the second member's header is the first's
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(FileFormatError, match="its bytes overlap those of"):
        NpzFile(tmp_path / "x.npz")


def test_compressed_bytes_that_are_damaged_are_found_when_they_are_read(tmp_path):
    data = bytearray(archive(("a.npy", npy(np.arange(4096.0))), compression=zipfile.ZIP_DEFLATED))
    data[2000:2100] = b"\xff" * 100
    (tmp_path / "x.npz").write_bytes(data)
    file = NpzFile(tmp_path / "x.npz")
    with pytest.raises(FileFormatError, match=r"member 'a\.npy', byte 35: its compressed bytes"):
        file.read("a")


GOOD = [
    archive(("a.npy", npy(np.arange(6).reshape(2, 3))), ("note", b"x" * 30), ("b.npy", npy(np.float32(1)))),
    archive(("a.npy", npy(np.arange(60))), ("b.npy", npy(np.ones((2, 0)))), compression=zipfile.ZIP_DEFLATED),
]


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_archive_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("mutated") / "x.npz"
    path.write_bytes(mutate(data.draw, st, data.draw(st.sampled_from(GOOD))))
    assert_read_or_refused(NpzFile, path)


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_array_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("mutated") / "x.npy"
    path.write_bytes(mutate(data.draw, st, ONE))
    assert_read_or_refused(NpyFile, path)


@pytest.mark.parametrize(
    ("made", "options", "error", "message"),
    [
        (
            {"a": np.ones(1, ml_dtypes.bfloat16)},
            {},
            DTypeError,
            "'a' is of dtype bfloat16, which NumPy's files",
        ),
        ({"a": np.array([None])}, {}, DTypeError, "'a' is of dtype object"),
        (
            {"a": np.ones(1)},
            {"metadata": {"b": "c"}},
            FileFormatError,
            "has no place for metadata, and there are 'b'",
        ),
        ({"a" * 70_000: np.ones(1)}, {}, FileFormatError, "a name of 70000 bytes is too long"),
        ({"a": np.ones(1)}, {"aliases": {"b": "c"}}, FileFormatError, "'b' is to be another name of 'c'"),
    ],
)
def test_what_cannot_be_held_is_refused_before_the_old_file_is_touched(
    made, options, error, message, tmp_path
):
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        write(path, made, **options)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x.npz", b"old")]


# ------------------------------------------------------------------ .params, opened as all others are


def test_params_are_opened_and_written_as_all_others_are(tmp_path):
    made = {
        name: array for name, array in arrays(["f4", "i8", "?", ml_dtypes.bfloat16]).items() if array.ndim
    }
    path = tmp_path / "x.params"
    lazy = Lazy((3,), np.dtype("f4"), lambda: np.arange(3, dtype="f4"))
    write_params(path, {**made, "lazy": lazy}, aliases={"tied": "lazy"})
    made |= {"lazy": np.arange(3, dtype="f4"), "tied": np.arange(3, dtype="f4")}
    file = ParamsCheckpoint(path)
    assert_reads(file, made)
    for name, entry in file.items():
        assert path.read_bytes()[entry.offset :][: entry.nbytes] == made[name].tobytes()
    with pytest.raises(FileFormatError, match="has no place for metadata, and there are 'a'"):
        write_params(path, made, metadata={"a": "b"})
