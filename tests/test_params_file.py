"""MXNet's parameter files, against those that MXNet 0.9.5, 0.11.0 and 1.9.1 wrote, and their word on them."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from scipy import sparse

from glueball.checkpoints.params import ParamsFile, dumps, load, save
from glueball.checkpoints.sparse import CSR, RowSparse
from glueball.errors import DTypeError, FileFormatError, ShapeError

GOLDEN = {
    version: json.loads(
        Path(__file__).with_name("golden").joinpath(f"mxnet_params_{version}.json").read_text("utf-8")
    )
    for version in ("0.9.5", "0.11.0", "1.9.1")
}
WRITTEN = {f"{version}: {row['case']}": row for version, data in GOLDEN.items() for row in data["written"]}
NEWEST = {row["case"]: row for row in GOLDEN["1.9.1"]["written"]}
READ = {row["case"]: row for row in GOLDEN["1.9.1"]["read"]}

DTYPES = ["<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8", "?", ml_dtypes.bfloat16]
FIRST = 24  # where the first array's record begins


def dtype_of(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def made(told):
    """The array that MXNet told of, made from its words and not from its file."""
    dtype, shape = dtype_of(told["dtype"]), tuple(told["shape"])
    if told["storage"] == "default":
        return np.array(told["values"], dtype).reshape(shape)
    data = np.array(told["data"], dtype).reshape(-1, *shape[1:] if told["storage"] == "row_sparse" else ())
    indices = np.array(told["indices"], np.int64)
    if told["storage"] == "row_sparse":
        return RowSparse(data, indices, shape)
    return CSR(data, np.array(told["indptr"], np.int64), indices, shape)


def assert_same(found, told):
    """An array that was read is what MXNet told: dtype, shape and values, dense and kept."""
    dense = found if told["storage"] == "default" else found.dense()
    assert dense.dtype == dtype_of(told["dtype"])
    assert dense.shape == found.shape == tuple(told["shape"])
    np.testing.assert_array_equal(dense, np.array(told["values"], dense.dtype).reshape(told["shape"]))
    if told["storage"] != "default":
        assert {"row_sparse": RowSparse, "csr": CSR}[told["storage"]] is type(found)
        assert found.dtype == dense.dtype
        np.testing.assert_array_equal(found.data, np.reshape(told["data"], found.data.shape))
        np.testing.assert_array_equal(found.indices, told["indices"])
    if told["storage"] == "csr":
        np.testing.assert_array_equal(found.indptr, told["indptr"])


def record(shape, *, version=2, storage=0, values=b"", dtype=0, length=None):
    """A dense record; its shape is what it says, its values what they are."""
    length = len(shape) if length is None else length
    if version == 0:
        head = struct.pack(f"<I{len(shape)}I", length, *shape)
    else:
        head = struct.pack("<I", 0xF993FAC7 + version)
        head += struct.pack("<i", storage) if version > 1 else b""
        head += struct.pack(f"<i{len(shape)}q", length, *shape)
    return head + struct.pack("<iii", 1, 0, dtype) + values


def nothing(*shape, version, length=None):
    """A record that ends after its shape."""
    return record(shape, version=version, length=length)[:-12]


def file_of(*records, names=(), count=None, named=None):
    data = struct.pack("<QQQ", 0x112, 0, len(records) if count is None else count) + b"".join(records)
    data += struct.pack("<Q", len(names) if named is None else named)
    return data + b"".join(struct.pack("<Q", len(name)) + name for name in names)


TWO = struct.pack("<2f", 1, 2)
PAIR = [1.0, 2.0]

# ------------------------------------------------------------------ what MXNet wrote


@pytest.mark.parametrize("case", WRITTEN)
def test_reads_what_mxnet_wrote(case):
    row = WRITTEN[case]
    file = ParamsFile(bytes.fromhex(row["hex"]))
    assert len(file) == len(row["arrays"])
    assert file.trailing == 0
    version = {"0.9.5": 0, "0.11.0": 1}.get(case.partition(":")[0], 3 if ": np " in case else 2)
    for index, (entry, told) in enumerate(zip(file, row["arrays"], strict=True)):
        assert (entry.name, entry.storage, entry.device) == (told["name"], told["storage"], told["device"])
        assert (entry.dtype, entry.shape) == (dtype_of(told["dtype"]), tuple(told["shape"]))
        assert entry.version == version
        found = file.read(index)
        assert_same(found, told)
        parts = [found] if told["storage"] == "default" else [found.data, found.indices]
        parts += [found.indptr] if told["storage"] == "csr" else []
        assert entry.nbytes == sum(part.nbytes for part in parts)
        assert all(part.flags.writeable and part.flags.aligned for part in parts)
    named = bool(row["arrays"]) and row["arrays"][0]["name"] is not None
    loaded = load(bytes.fromhex(row["hex"]))
    assert type(loaded) is (dict if named else list)
    assert not named or list(loaded) == [told["name"] for told in row["arrays"]]


@pytest.mark.parametrize("case", NEWEST)
def test_writes_the_bytes_that_mxnet_writes(case):
    row = NEWEST[case]
    version = 3 if case.startswith("np ") else 2
    arrays = [made(told) for told in row["arrays"]]
    if row["arrays"] and row["arrays"][0]["name"] is not None:
        arrays = dict(zip((told["name"] for told in row["arrays"]), arrays, strict=True))
    assert dumps(arrays, version=version).hex() == row["hex"]


def test_the_goldens_have_every_dtype_storage_and_version():
    told = [told for row in WRITTEN.values() for told in row["arrays"]]
    assert {one["dtype"] for one in told} == {
        *("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "bfloat16")
    }
    assert {one["storage"] for one in told} == {"default", "row_sparse", "csr"}
    assert {0, 1, 2, 3} == {
        e.version for row in WRITTEN.values() for e in ParamsFile(bytes.fromhex(row["hex"]))
    }


@pytest.mark.parametrize("case", READ)
def test_takes_and_refuses_hand_made_files_as_mxnet_does(case):
    row = READ[case]
    data = bytes.fromhex(row["hex"])
    if "error" in row:
        with pytest.raises(FileFormatError):
            load(data)
        return
    loaded = load(data)
    found = list(loaded.values() if isinstance(loaded, dict) else loaded)
    assert len(found) == len(row["arrays"])
    for array, told in zip(found, row["arrays"], strict=True):
        assert_same(array, told)


def test_a_file_cut_anywhere_is_refused_as_by_mxnet():
    for row in GOLDEN["1.9.1"]["cut"]:
        data = bytes.fromhex(row["hex"])
        taken = []
        for size in range(len(data) + 1):
            try:
                load(data[:size])
            except FileFormatError:
                continue
            taken.append(size)
        assert taken == row["accepted"] == [len(data)]


@pytest.mark.parametrize("version", ["0.9.5", "0.11.0"])
def test_an_array_that_was_none_when_old_mxnet_saved_it(version):
    (row,) = GOLDEN[version]["none"]
    file = ParamsFile(bytes.fromhex(row["hex"]))
    first = file[0]
    assert (first.shape, first.dtype, first.device, first.data, first.nbytes) == (None, None, None, None, 0)
    none, pair = load(bytes.fromhex(row["hex"]))
    assert none is None
    assert pair.tolist() == PAIR


# ------------------------------------------------------------------ shapes without values (MXNet can load
# them but crashes when asked about them, and writes none; the layout is the specification's)


def test_unknown_shapes_of_version_3_end_their_records():
    data = file_of(
        nothing(version=3, length=-1),
        nothing(-1, 3, version=3),
        nothing(version=2),
        record((2,), version=3, values=TWO),
        names=[b"rank", b"size", b"none", b"pair"],
    )
    assert [entry.shape for entry in ParamsFile(data)] == [None, (-1, 3), None, (2,)]
    loaded = load(data)
    assert [loaded[name] for name in ("rank", "size", "none")] == [None] * 3
    assert loaded["pair"].tolist() == PAIR


def test_versions_may_be_mixed():
    versions = [record((2,), version=version, values=TWO) for version in range(4)]
    assert [array.tolist() for array in load(file_of(*versions))] == [PAIR] * 4


# ------------------------------------------------------------------ round trips

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
dense = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays_of.arrays(np.uint8, arrays_of.array_shapes(min_dims=1, max_side=4, min_side=0)).map(
        lambda raw: raw.astype(dtype)
    )
)


@st.composite
def sparse_arrays(draw):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    whole = draw(arrays_of.arrays(np.int8, shape, elements=st.sampled_from([0, 0, 0, 1, -5])))
    dtype = draw(st.sampled_from(DTYPES))
    if draw(st.booleans()):
        rows = draw(st.permutations(np.flatnonzero(whole.any(1)).tolist()))
        return RowSparse(whole[rows].astype(dtype), np.array(rows, np.int64), shape)
    matrix = sparse.csr_matrix(whole)
    return CSR(matrix.data.astype(dtype), matrix.indptr, matrix.indices, shape)


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a.shape == b.shape and same(a.dense(), b.dense())


@given(st.dictionaries(names, dense | sparse_arrays(), max_size=4))
def test_what_is_written_is_read_again(arrays):
    found = load(dumps(arrays))
    assert list(found) == list(arrays)
    assert not arrays or all(same(found[name], arrays[name]) for name in arrays)
    listed = load(dumps(list(arrays.values())))
    assert all(same(a, b) for a, b in zip(listed, arrays.values(), strict=True))


@given(st.lists(dense | st.sampled_from(DTYPES).map(lambda dtype: np.ones((), dtype)), max_size=4))
def test_version_3_keeps_scalars(arrays):
    found = load(dumps(arrays, version=3))
    assert all(same(a, b) for a, b in zip(found, arrays, strict=True))


@given(sparse_arrays())
def test_dense_agrees_with_scipy(array):
    if isinstance(array, CSR):
        wanted = sparse.csr_matrix(
            (array.data.astype("f8"), array.indices, array.indptr), array.shape
        ).toarray()
    else:
        select = sparse.csr_matrix(
            (np.ones(len(array.indices)), (array.indices, np.arange(len(array.indices)))),
            (array.shape[0], len(array.indices)),
        )
        wanted = select @ array.data.astype("f8")
    np.testing.assert_array_equal(array.dense().astype("f8"), wanted)


def test_of_a_place_named_twice_the_last_value_counts():
    # MXNet 1.9.1 gives the last row too.
    rows = RowSparse(np.array([[1.0], [2.0]]), np.array([3, 3]), (4, 1))
    assert rows.dense().tolist() == [[0], [0], [0], [2]]
    matrix = CSR(np.array([1.0, 2.0]), np.array([0, 2]), np.array([1, 1]), (1, 3))
    assert matrix.dense().tolist() == [[0, 2, 0]]


def test_any_layout_in_memory_gives_the_same_file():
    values = np.arange(12.0, dtype="<f4").reshape(3, 4)
    plain = dumps([values])
    padded = np.zeros((3, 8), "<f4")
    padded[:, ::2] = values
    for other in (values.astype(">f4"), np.asfortranarray(values), padded[:, ::2], values[::-1][::-1]):
        assert dumps([other]) == plain


# ------------------------------------------------------------------ files and mapping


def test_a_file_is_the_same_bytes_and_its_arrays_are_mapped(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.int64).reshape(2, 3), "b": np.ones(3, ml_dtypes.bfloat16)}
    path = tmp_path / "net.params"
    save(path, arrays)
    assert path.read_bytes() == dumps(arrays)
    for source in (path, str(path), path.read_bytes(), bytearray(path.read_bytes())):
        view = load(source, copy=False)["a"]
        assert view.tolist() == arrays["a"].tolist()
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0] = 7
        mine = load(source)["a"]
        mine[0, 0] = 7  # a copy, and the file's owner does not see it
        assert load(source)["a"].tolist() == arrays["a"].tolist()


def test_mapped_arrays_outlive_the_file_object_and_the_file_may_be_replaced(tmp_path):
    path = tmp_path / "net.params"
    save(path, [np.arange(4096.0)])
    old = load(path, copy=False)[0]
    save(path, [np.zeros(4096)])
    assert old.tolist() == list(range(4096))
    assert not load(path)[0].any()


def test_a_large_file_is_opened_by_its_headers_and_sliced_without_the_rest(tmp_path):
    size = 1 << 32
    path = tmp_path / "large.params"
    head = file_of(record((size,), dtype=3))[:-8]
    with open(path, "wb") as file:  # a hole of 4 GiB that takes no space
        file.write(head)
        file.truncate(len(head) + size + 8)
    tracemalloc.start()
    opened = ParamsFile(path)
    part = opened.read(0, copy=False)[size - 3 :]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part.tolist() == [0, 0, 0]
    assert opened[0].nbytes == size
    assert peak < 100_000


def test_reads_what_comes_out_of_a_pipe():
    reader, writer = os.pipe()
    os.write(writer, dumps([np.ones(3)]))
    os.close(writer)
    try:
        assert load(f"/dev/fd/{reader}")[0].tolist() == [1, 1, 1]
    finally:
        os.close(reader)


def test_index_and_names():
    file = ParamsFile(dumps({"a": np.ones(1), "b": np.zeros((2, 2))}))
    assert file.names() == ["a", "b"]
    assert file.named
    assert file[-1].name == "b"
    with pytest.raises(IndexError):
        file[2]
    assert ParamsFile(dumps([np.ones(1)])).names() == []


def test_repeated_names_are_all_listed_and_the_last_is_loaded():
    data = bytes.fromhex(READ["a name twice"]["hex"])
    assert ParamsFile(data).names() == ["a", "a"]
    assert load(data)["a"].tolist() == [3, 4]


def test_bytes_after_the_end_are_counted():
    assert ParamsFile(dumps([]) + b"junk").trailing == 4


# ------------------------------------------------------------------ damaged files

BAD = [
    (b"", "byte 0: this part of the header takes 24 bytes, and the file ends after 0"),
    (b"PK\x03\x04" * 9, "byte 0: this is no MXNet parameter file"),
    (
        file_of(count=2**63),
        r"byte 16: 9223372036854775808 arrays are declared, and there is room for 2 at most",
    ),
    (file_of(record((2,), length=2**31 - 1)), "array 1, byte 32: no array has 2147483647 dimensions"),
    (file_of(record((2,), length=-1)), "array 1, byte 32: no array has -1 dimensions"),
    (file_of(record((1,) * 65)), "array 1, byte 32: no array has 65 dimensions"),
    (file_of(record((2, -3))), r"array 1, byte 36: no array has the shape \(2, -3\)"),
    (file_of(record((2, -3), version=3)), r"array 1, byte 36: no array has the shape \(2, -3\)"),
    (file_of(record((2**62, 2**62))), r"array 1, byte 64: no memory holds float32 \(4611686018427387904, 46"),
    (file_of(record((0, 2**62))), r"array 1, byte 64: no memory holds float32 \(0, 4611686018427387904\)"),
    (
        file_of(record((2**40,))),
        r"array 1, byte 56: float32 \(1099511627776,\) takes 4398046511104 bytes, and",
    ),
    (file_of(record((2,), values=TWO), record((9,))), "array 2, byte 96: float32"),
    (file_of(b"\xcb\xfa\x93\xf9" * 9), "array 1, byte 24: no array begins with 0xf993facb"),
    (file_of(record((2,), dtype=8)), "array 1, byte 52: no dtype has the code 8"),
    (file_of(record((2,), storage=3)), "array 1, byte 28: arrays of version 2 have no storage type 3"),
    (
        file_of(record((2,), version=3, storage=1)),
        "array 1, byte 28: arrays of version 3 have no storage type 1",
    ),
    (file_of(named=2), "byte 24: 2 names are declared for 0 arrays"),
    (file_of(record((2,), values=TWO), named=1), "name 1 of 1, byte 72: this part of the header takes 8"),
    (file_of(nothing(version=2), names=[b"ok\xff"]), "name 1 of 1, byte 54: the name is not UTF-8"),
    (file_of(nothing(version=2), names=[b""])[:-8] + b"\xff" * 8, "byte 52: the name takes 1844674407370955"),
]


@pytest.mark.parametrize(("data", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_a_damaged_file_is_one_error_with_file_array_and_byte(data, message, tmp_path):
    path = tmp_path / "bad.params"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=message) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}, ")
    with pytest.raises(FileFormatError, match=message) as raised:
        load(data)
    assert str(raised.value).startswith("the given bytes, ")


def rows_file(index=3, kept=(1, 2), indices=(1,), dtype=6, name=b"embed"):
    head = struct.pack("<Ii", 0xF993FAC9, 1)
    for shape in (kept, (4, 2)):
        head += struct.pack(f"<i{len(shape)}q", len(shape), *shape)
    head += struct.pack("<iii", 1, 0, 0) + struct.pack(f"<ii{len(indices)}q", dtype, len(indices), *indices)
    return file_of(head + TWO + struct.pack("<q", index), names=[name])


def test_indices_have_to_fit_the_array():
    assert load(rows_file())["embed"].dense().tolist() == [[0, 0], [0, 0], [0, 0], PAIR]
    for index in (4, -1):
        with pytest.raises(
            FileFormatError, match=rf"array 1 \('embed'\), byte 108: there is no row {index} among"
        ):
            load(rows_file(index))
    for wrong in ({"kept": (1, 3)}, {"kept": (2,)}, {"kept": ()}, {"indices": ()}):
        with pytest.raises(FileFormatError, match="are no part of a row_sparse array"):
            load(rows_file(**wrong))
    for wrong in ({"indices": (1, 1)}, {"dtype": 0}, {"dtype": 7}):
        with pytest.raises(FileFormatError, match=r"indices must be integers of shape \(1,\), not"):
            load(rows_file(**wrong))
    with pytest.raises(FileFormatError, match=r"float32 \(9, 2\) takes 72 bytes, and the file ends after"):
        load(rows_file(indices=(9,)))


def test_sparse_values_check_their_parts():
    one, zero = np.ones(1), np.zeros(1, np.int64)
    for parts, message in [
        ((np.array([0, 2]), zero, (1, 3)), "rise from 0 to 1"),
        ((np.array([1, 1]), zero, (1, 3)), "rise from 0 to 1"),
        ((np.array([0, 2, 1]), zero, (2, 3)), "rise from 0 to 1"),
        ((np.array([0, 1]), zero + 3, (1, 3)), "there is no column 3 among 3 columns"),
        ((np.array([0.0, 1.0]), zero, (1, 3)), "must be integers"),
        ((np.array([0, 1]), np.zeros(2, int), (1, 3)), "must be integers"),
        ((np.array([0, 1]), zero, (3,)), "are no part of a csr array"),
    ]:
        with pytest.raises(ShapeError, match=message):
            CSR(one, *parts)
    with pytest.raises(ShapeError, match="are no part of a row_sparse array"):
        RowSparse(np.ones((1, 2)), zero, (4, 3))


def test_names_are_shown_without_control_characters():
    with pytest.raises(FileFormatError) as raised:
        load(rows_file(9, name=b"\x1b[2J"))
    assert "\x1b" not in str(raised.value)


FILES = sorted({row["hex"] for row in WRITTEN.values()} | {row["hex"] for row in READ.values()})


@st.composite
def mutated(draw):
    data = bytearray.fromhex(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "byte", "cut", "drop", "repeat", "huge"])):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 16))]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "huge":
                data[at : at + 8] = draw(st.sampled_from([b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 8]))
    return bytes(data)


@settings(max_examples=500)
@given(mutated())
def test_a_mutated_file_is_read_or_refused(data):
    tracemalloc.start()
    message = ", byte "
    try:
        load(data)
    except FileFormatError as error:
        message = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert ", byte " in message
    # Copies of the values are at most the file; the rest is a few small objects for each array in it.
    assert peak < 2 * len(data) + 100_000


def test_opening_costs_memory_by_the_size_of_the_file():
    # The most arrays that fit into a file: each is the four bytes that say "none".
    count = 200_000
    data = file_of(count=count)[:-8] + bytes(4 * count) + bytes(8)
    tracemalloc.start()
    file = ParamsFile(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(file) == count
    assert peak < 4 * len(data)


def test_other_truths_become_true(tmp_path):
    data = bytes.fromhex(READ["other truths"]["hex"])
    for copy in (True, False):
        assert load(data, copy=copy)[0].view(np.uint8).tolist() == [1, 1, 0]


# ------------------------------------------------------------------ what cannot be written

ONE = np.ones(1, np.float32)
UNWRITABLE = [
    (
        [np.ones(2, np.int16)],
        {},
        DTypeError,
        "array 1 is of dtype int16; the format has float32, float64, float16",
    ),
    ({"a": ONE, "b": np.ones(2, complex)}, {}, DTypeError, "'b' is of dtype complex128"),
    ({"a": np.array(["x"], object)}, {}, DTypeError, "'a' is of dtype object"),
    ([ONE, [1.0]], {}, DTypeError, "array 2 is no array but a list"),
    ([ONE, None], {}, DTypeError, "array 2 is no array but a NoneType"),
    (ONE, {}, DTypeError, "arrays by name or a list of them are saved, not a ndarray"),
    ([np.float32(1)], {}, DTypeError, "array 1 is no array but a float32"),
    (
        {"s": np.ones(())},
        {},
        FileFormatError,
        "'s' is a scalar, which version 2 cannot hold; write version=3, or",
    ),
    (
        {"r": RowSparse(np.ones((1, 2)), np.array([0]), (4, 2))},
        {"version": 3},
        FileFormatError,
        "'r' is sparse",
    ),
    ({"a\0b": ONE}, {}, FileFormatError, r"a name must be text without zero bytes .* not 'a\\x00b'"),
    ({"\ud800": ONE}, {}, FileFormatError, r"a name must be text .* not '\\ud800'"),
    ({1: ONE}, {}, FileFormatError, "a name must be text .* not 1"),
    ([ONE], {"version": 1}, FileFormatError, "files are written in version 2 or 3, not 1"),
]


@pytest.mark.parametrize(
    ("arrays", "options", "error", "message"), UNWRITABLE, ids=[row[3] for row in UNWRITABLE]
)
def test_what_the_format_cannot_hold_is_refused_before_the_old_file_is_touched(
    arrays, options, error, message, tmp_path
):
    path = tmp_path / "net.params"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        save(path, arrays, **options)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["net.params"]
