"""safetensors files, held against the safetensors package in both directions."""

from __future__ import annotations

import json
import struct
import time

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
import safetensors.torch
import torch
from common import FLOAT8, arrays, assert_read_or_refused, assert_reads, mutate, same
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from glueball.checkpoints.lazy import Lazy
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.safetensors import SafetensorsFile, write, write_shards
from glueball.errors import DTypeError, FileFormatError, NameNotFoundError, ShapeError

NATIVE = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"]
ML = [
    *(ml_dtypes.bfloat16, *FLOAT8),
    *(ml_dtypes.float8_e4m3fnuz, ml_dtypes.float8_e5m2fnuz, ml_dtypes.float8_e8m0fnu),
]


def as_tensor(array):
    """The same bytes as a torch tensor; of a dtype that NumPy does not know too."""
    if array.dtype.isbuiltin == 1:
        return torch.from_numpy(np.array(array))
    dtype = getattr(torch, array.dtype.name)
    raw = torch.from_numpy(
        array.reshape(-1).view(f"u{array.dtype.itemsize}").astype(f"u{array.dtype.itemsize}")
    )
    return raw.view(dtype).reshape(array.shape)


def raw(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


# ------------------------------------------------------------------ against the package


def test_reads_what_the_package_writes(tmp_path):
    made = arrays(NATIVE + ML)
    path = tmp_path / "x.safetensors"
    tensors = {name: as_tensor(array) for name, array in made.items()}
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt", "ü": "\n"})
    file = SafetensorsFile(path)
    assert_reads(file, made)
    assert file.metadata == {"format": "pt", "ü": "\n"}
    assert file.aliases == file.other == {}


def test_the_package_reads_what_is_written(tmp_path):
    made = arrays(NATIVE + ML)
    path = tmp_path / "x.safetensors"
    write(path, made, metadata={"a": "é"})
    found = safetensors.torch.load_file(path)
    assert found.keys() == made.keys()
    for name, array in made.items():
        wanted = as_tensor(array)
        assert found[name].dtype == wanted.dtype and found[name].shape == wanted.shape
        assert (
            found[name].reshape(-1).view(torch.uint8).tolist()
            == wanted.reshape(-1).view(torch.uint8).tolist()
        )
    with safetensors.safe_open(path, "np") as opened:
        assert opened.metadata() == {"a": "é"}


def test_names_keep_their_order_and_offsets_lead_to_the_data(tmp_path):
    made = {"b": np.arange(3, dtype=np.uint8), "a": np.arange(2.0), "c": np.ones(1, ml_dtypes.bfloat16)}
    path = tmp_path / "x.safetensors"
    write(path, made)
    file = SafetensorsFile(path)
    assert list(file) == ["b", "a", "c"]
    for name, entry in file.items():
        assert path.read_bytes()[entry.offset :][: entry.nbytes] == made[name].tobytes()
        assert entry.offset % entry.dtype.itemsize == 0


def test_ties_are_read_as_the_package_writes_them_and_the_other_way_round(tmp_path):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Linear(2, 3, bias=False)
            self.head = torch.nn.Linear(2, 3, bias=False)
            self.head.weight = self.embed.weight

    net, path = Net(), tmp_path / "net.safetensors"
    safetensors.torch.save_model(net, path)
    file = SafetensorsFile(path)
    assert file.aliases == {"head.weight": "embed.weight"}
    assert file.metadata == {}
    wanted = net.embed.weight.detach().numpy()
    assert same(file.read("head.weight"), wanted)

    again = tmp_path / "again.safetensors"
    write(again, {"embed.weight": wanted + 1}, metadata={"epoch": "3"}, aliases=file.aliases)
    assert SafetensorsFile(again).metadata == {"epoch": "3"}
    assert safetensors.torch.load_model(net, again) == (set(), [])
    assert same(net.head.weight.detach().numpy(), wanted)


def test_the_mark_of_a_files_writer_is_no_tie(tmp_path):
    path = tmp_path / "net.safetensors"
    safetensors.numpy.save_file({"pt": ONE, "weight": ONE}, path, metadata={"format": "pt"})
    file = open_file(path)
    assert file.aliases == {} and file.metadata == {"format": "pt"}
    write(path, {"pt": ONE}, metadata={"format": "pt"})
    assert open_file(path).metadata == {"format": "pt"}


def test_packed_types_are_listed(tmp_path):
    path = tmp_path / "x.safetensors"
    packed = torch.zeros(4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    safetensors.torch.save_file({"packed": packed, "plain": torch.ones(2)}, path)
    file = SafetensorsFile(path)
    assert list(file) == ["plain"]
    assert file.other == {"packed": "F4 of shape (8,): NumPy has no array of packed elements"}
    with pytest.raises(NameNotFoundError, match=r"'packed' of .* is not an array to read: F4"):
        file.read("packed")


names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=8)
some = st.sampled_from(["<f4", "i8", "?", "u1", ml_dtypes.bfloat16]).flatmap(
    lambda dtype: arrays_of.arrays(np.uint8, arrays_of.array_shapes(min_dims=0, max_side=3, min_side=0)).map(
        lambda values: values.astype(dtype)
    )
)


@given(st.dictionaries(names.filter(lambda name: name != "__metadata__"), some, max_size=5))
def test_what_is_written_is_read_again(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("law") / "x.safetensors"
    write(path, made)
    file = SafetensorsFile(path)
    assert list(file) == list(made)
    assert all(same(file.read(name), made[name]) for name in made)
    assert set(safetensors.torch.load_file(path)) == set(made)


def test_any_layout_in_memory_gives_the_same_file(tmp_path):
    values = np.arange(12.0, dtype="<f4").reshape(3, 4)
    write(tmp_path / "plain", {"x": values})
    for other in (values.astype(">f4"), np.asfortranarray(values), np.repeat(values, 2, 1)[:, ::2]):
        write(tmp_path / "other", {"x": other})
        assert (tmp_path / "other").read_bytes() == (tmp_path / "plain").read_bytes()


def test_lazy_arrays_are_made_one_at_a_time(tmp_path):
    alive, most = [], [0]

    class Counted(np.ndarray):
        def __del__(self):
            alive.pop()

    def make():
        alive.append(1)
        most[0] = max(most[0], len(alive))
        return np.ones(1000).view(Counted)

    write(tmp_path / "x", {f"{i}": Lazy((1000,), np.dtype("f8"), make) for i in range(5)})
    assert most == [1]
    assert SafetensorsFile(tmp_path / "x").read("4").tolist() == [1.0] * 1000
    # One that is not what it said leaves the old file.
    for array, error in ((np.ones(3), ShapeError), (np.ones(1000, "f4"), DTypeError)):
        with pytest.raises(error, match="'0' was to"):
            write(tmp_path / "x", {"0": Lazy((1000,), np.dtype("f8"), lambda array=array: array)})
    assert len(SafetensorsFile(tmp_path / "x")) == 5


def test_a_file_is_opened_by_its_header_and_sliced_without_the_rest(tmp_path):
    size = 1 << 40
    path = tmp_path / "large.safetensors"
    with open(path, "wb") as file:  # a hole of a terabyte that takes no space
        file.write(raw({"x": tensor("U8", (1 << 20, 1 << 20), (0, size))}))
        begin = file.tell()
        file.truncate(begin + size)
        file.seek(begin + size - 2)
        file.write(b"\7")
    file = SafetensorsFile(path)
    assert file.read("x", (-1, slice(-3, None))).tolist() == [0, 7, 0]
    assert file.read("x", copy=False).shape == (1 << 20, 1 << 20)


# ------------------------------------------------------------------ shards


@pytest.fixture
def made():
    return {f"layer.{i}": np.full((4, 8), i, "f4") for i in range(6)} | {"big": np.ones(500, "f8")}


@pytest.mark.parametrize("way", ["folder", "index"])
def test_shards_are_opened_as_one(tmp_path, made, way):
    write_shards(tmp_path, made, max_shard_size=300, metadata={"epoch": "3"}, aliases={"head": "layer.5"})
    file = open_file(tmp_path if way == "folder" else tmp_path / "model.safetensors.index.json")
    assert_reads(file, made)
    assert list(file) == list(made)
    assert (file.format, file.metadata, file.aliases, file.other) == (
        *("safetensors", {"epoch": "3"}, {"head": "layer.5"}, {}),
    )
    assert same(file.read("head", 1), made["layer.5"][1])
    # Two arrays of 128 bytes in each shard, one that is too large alone; each a file that others read.
    shards = [safetensors.numpy.load_file(path) for path in sorted(tmp_path.glob("*.safetensors"))]
    assert [list(shard) for shard in shards] == [
        *(["layer.0", "layer.1"], ["layer.2", "layer.3"], ["layer.4", "layer.5"], ["big"]),
    ]
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"epoch": "3", "total_size": sum(array.nbytes for array in made.values())}


def test_a_new_save_replaces_the_old_shards_and_those_of_one_that_was_cut_off(tmp_path, made):
    write_shards(tmp_path, made, max_shard_size=300)
    old = {path.name for path in tmp_path.glob("*.safetensors")}
    (tmp_path / "model-0123abcd-00001-of-00009.safetensors").write_bytes(b"cut off")
    (tmp_path / "other.safetensors").write_bytes(b"not ours")
    write_shards(tmp_path, {"x": np.ones(3)}, max_shard_size=300)
    left = {path.name for path in tmp_path.glob("*.safetensors")}
    assert len(left) == 2 and "other.safetensors" in left and not left & old
    assert open_file(tmp_path).read("x").tolist() == [1, 1, 1]


def test_a_folder_made_by_hand_as_hubs_have_it(tmp_path, made):
    halves = [dict(list(made.items())[:3]), dict(list(made.items())[3:])]
    files = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    for file, half in zip(files, halves, strict=True):
        safetensors.numpy.save_file(half, tmp_path / file, metadata={"format": "pt"})
    weights = {name: file for file, half in zip(files, halves, strict=True) for name in sorted(half)}
    index = {"metadata": {"total_size": 1}, "weight_map": weights}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    file = open_file(tmp_path)
    assert_reads(file, made)
    assert list(file) == list(weights)
    assert file.metadata == {"format": "pt"}
    # A save over it removes what its index named.
    write_shards(tmp_path, made, max_shard_size=1 << 30)
    assert not {path.name for path in tmp_path.iterdir()} & set(files)
    assert_reads(open_file(tmp_path), made)


def test_what_only_one_of_index_and_shards_has(tmp_path, made):
    write_shards(tmp_path, made, max_shard_size=300)
    index = tmp_path / "model.safetensors.index.json"
    text = json.loads(index.read_text())
    home = text["weight_map"].pop("big")
    index.write_text(json.dumps(text))
    shards = sorted(tmp_path.glob("*.safetensors"))
    assert "big" not in open_file(tmp_path)  # its shard is not named any more
    del text["weight_map"]["layer.0"]
    index.write_text(json.dumps(text))
    assert list(open_file(tmp_path))[-1] == "layer.0"  # its shard is, so it is there
    text["weight_map"]["big"] = shards[0].name
    index.write_text(json.dumps(text))
    with pytest.raises(FileFormatError, match=r"'big' is not in 'model-.*', where it should be"):
        open_file(tmp_path)
    text["weight_map"]["big"] = home
    index.write_text(json.dumps(text))
    (tmp_path / home).unlink()
    with pytest.raises(FileFormatError, match=f"the shard '{home}' is not there"):
        open_file(tmp_path)


@pytest.mark.parametrize(
    "file", ["../x.safetensors", "/x", "a/b", "a\\b", "..", "", "c:x", "x\x1b[2J", 3, None]
)
def test_an_index_names_files_of_its_folder_only(tmp_path, file):
    path = tmp_path / "i.index.json"
    path.write_text(json.dumps({"weight_map": {"x": file}}))
    with pytest.raises(FileFormatError, match="'x' must lie in a file of the same folder, not") as raised:
        open_file(path)
    assert "\x1b" not in str(raised.value)


def test_an_index_of_many_groups_takes_no_long_time(tmp_path):
    names = [f"g{i:05}/x" for i in range(20_000)]
    write(tmp_path / "s.safetensors", {name: np.ones(0) for name in names})
    groups = {name[:6]: "s.safetensors" for name in reversed(names)}
    (tmp_path / "i.index.json").write_text(json.dumps({"weight_map": groups}))
    start = time.process_time()
    assert len(open_file(tmp_path / "i.index.json")) == 20_000
    assert time.process_time() - start < 5


def test_a_shard_is_no_index(tmp_path):
    # One that names itself, two that name each other, or a tower of many: none is followed.
    for name, other in (("a", "a"), ("b", "c"), ("c", "b")):
        path = tmp_path / f"{name}.index.json"
        path.write_text(json.dumps({"weight_map": {"x": f"{other}.index.json"}}))
    for name in "abc":
        with pytest.raises(FileFormatError, match=r"index\.json: it is named as a shard, and is an index"):
            open_file(tmp_path / f"{name}.index.json")


def test_a_shard_twice_is_an_error(tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.safetensors", {"x": np.ones(1), name: np.ones(1)})
    (tmp_path / "i.index.json").write_text('{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}')
    with pytest.raises(FileFormatError, match=r"'x' is in 'a\.safetensors' and in 'b\.safetensors'"):
        open_file(tmp_path)


def test_a_save_in_shards_refuses_a_folder_that_others_would_misread(tmp_path):
    write(tmp_path / "model.safetensors", {"x": np.ones(1)})
    with pytest.raises(FileFormatError, match=r"has a model\.safetensors, which other readers would take"):
        write_shards(tmp_path, {"x": np.ones(1)}, max_shard_size=10)
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    with pytest.raises(FileFormatError, match="which are two checkpoints; open one by its own path"):
        open_file(tmp_path)


def test_a_failing_save_in_shards_leaves_the_old_one_alone(tmp_path, made):
    write_shards(tmp_path, made, max_shard_size=300)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail():
        raise KeyboardInterrupt

    broken = {**made, "late": Lazy((3,), np.dtype("f4"), fail)}
    with pytest.raises(KeyboardInterrupt):
        write_shards(tmp_path, broken, max_shard_size=300)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(DTypeError, match="'c' is of dtype complex128"):
        write_shards(tmp_path, {"c": np.ones(1, "c16")}, max_shard_size=300)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# ------------------------------------------------------------------ damaged files

EIGHT = bytes(8)
BAD = [
    (b"", "byte 0: a header takes at least 8 bytes, and the file has 0"),
    (struct.pack("<Q", 100_000_001), "byte 0: a header of 100000001 bytes; the format has 100000000 at most"),
    (raw({}, length=2**63), "byte 0: a header of 9223372036854775808 bytes; the format has"),
    (raw({}, length=3), "byte 0: a header of 3 bytes, and the file ends after 2"),
    (raw(b"[]"), "byte 8: the header must begin with an object"),
    (raw(b" {}"), "byte 8: the header must begin with an object"),
    (raw(b'{"a\xff": 1}'), "byte 11: the JSON is not UTF-8"),
    (raw(b'{"\xc3\xa9": }'), r"byte 15: the JSON is damaged: Expecting value"),
    (raw(b"{}x"), "byte 10: the JSON is damaged: Extra data"),
    (raw(b'{"a": NaN}'), "byte 8: the JSON cannot be read: NaN is no JSON"),
    (raw(b'{"a": -Infinity}'), "-Infinity is no JSON"),
    (raw(b'{"a": ' + b"[" * 100_000), "byte 8: the JSON cannot be read: nested too deep"),
    (
        raw(b'{"a": ' + b"9" * 5000 + b"}"),
        "byte 8: the JSON cannot be read: Exceeds the limit",
    ),
    (raw(b'{"a": {}, "a": {}}'), "byte 8: 'a' is there twice in the header"),
    (raw({"a": 1}), "tensor 'a', byte 9: a tensor has \"dtype\""),
    (raw({"a": tensor(more=1)}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": {"dtype": "F32", "shape": [2]}}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": tensor(shape=(2.0,))}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": tensor(shape=(True, 2))}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": tensor(shape=(-2, -1))}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": tensor(offsets=(0, 8, 9))}, EIGHT), "tensor 'a', byte 9: a tensor has"),
    (raw({"a": tensor("F33")}, EIGHT), "tensor 'a', byte 9: there is no dtype 'F33'; there are BOOL, U8"),
    (raw({"é": tensor("F33")}, EIGHT), "tensor 'é', byte 9: there is no dtype"),
    (raw({"a": tensor(shape=(3,))}, EIGHT), r"'a', byte 9: F32 of shape \(3,\) takes 12 bytes, not 0 to 8"),
    (raw({"a": tensor(offsets=(8, 0))}, EIGHT), "takes 8 bytes, not 8 to 0"),
    (raw({"a": tensor(shape=(2**62, 4))}, EIGHT), "tensor 'a', byte 9: no memory holds float32 of shape"),
    (raw({"a": tensor(shape=(0, 2**62), offsets=(0, 0))}), "tensor 'a', byte 9: no memory holds float32"),
    (raw({"a": tensor(shape=(1,) * 65, offsets=(0, 4))}, b"1234"), "tensor 'a', byte 9: no memory holds"),
    (
        raw({"a": tensor("F4", (3,), (0, 2))}, b"12"),
        r"'a', byte 9: F4 of shape \(3,\) does not end at a byte",
    ),
    (raw({"a": tensor()}, b"1234567"), "tensor 'a', byte 9: its data end at 8, and the file's at 7"),
    (raw({"a": tensor()}, b"123456789"), "byte 77: 1 bytes belong to no tensor"),
    (
        raw({"a": tensor(), "b": tensor(offsets=(4, 12))}, bytes(12)),
        "tensor 'b', byte 70: its data, from 4 on, overlap those of 'a', which end at 8",
    ),
    (
        raw({"a": tensor(), "b": tensor(offsets=(9, 17))}, bytes(17)),
        "tensor 'b', byte 70: its data, from 9 on, leave a hole after those of 'a', which end at 8",
    ),
    (
        raw({"a": tensor(offsets=(1, 9))}, bytes(9)),
        "from 1 on, leave a hole after the header, which end at 0",
    ),
    (
        raw({"__metadata__": 3}),
        "tensor '__metadata__', byte 9: the metadata must be an object of text to text",
    ),
    (raw({"__metadata__": {"a": 3}}), "the metadata must be an object of text to text"),
    (raw(b'{"__metadata__": {"a": "b", "a": "c"}}'), "'a' is there twice"),
    (raw({"a\x1b[2J": tensor()}, EIGHT), r"the name 'a\\x1b\[2J' has characters that cannot be printed"),
    (raw({"a\u202e": tensor()}, EIGHT), r"the name 'a\\u202e' has characters"),
]


@pytest.mark.parametrize(("data", "message"), BAD, ids=[f"{i} {row[1][:30]}" for i, row in enumerate(BAD)])
def test_a_damaged_file_is_one_error_with_file_tensor_and_byte(data, message, tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=message) as raised:
        SafetensorsFile(path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).isprintable()


def test_the_package_refuses_them_too(tmp_path):
    for data, message in BAD:
        if "has characters" in message:  # that only a terminal minds
            continue
        path = tmp_path / "bad.safetensors"
        path.write_bytes(data)
        try:
            safetensors.numpy.load_file(path)
        except (safetensors.SafetensorError, ValueError):
            continue
        # It takes space before the object, which the format forbids; of a key that is there twice the last;
        # and no notice of keys that it does not know.
        assert "must begin" in message or "twice" in message or b'"more"' in data, message


GOOD = raw(
    {
        "__metadata__": {"head": "embed", "epoch": "3"},
        "embed": tensor("F32", (2, 2), (0, 16)),
        "flags": tensor("BOOL", (3,), (16, 19)),
        "none": tensor("BF16", (0, 5), (19, 19)),
    },
    bytes(range(19)),
)


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_file_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("mutated") / "x.safetensors"
    path.write_bytes(mutate(data.draw, st, GOOD))
    if assert_read_or_refused(SafetensorsFile, path):
        safetensors.torch.load_file(path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    for size in range(len(GOOD)):
        path.write_bytes(GOOD[:size])
        with pytest.raises(FileFormatError):
            SafetensorsFile(path)


def test_other_truths_become_true(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(GOOD)
    assert SafetensorsFile(path).read("flags").view("u1").tolist() == [1, 1, 1]
    assert SafetensorsFile(path).read("flags", slice(1), copy=False).view("u1").tolist() == [1]


# ------------------------------------------------------------------ what cannot be written

ONE = np.ones(1, "f4")
UNWRITABLE = [
    ({"a": np.ones(1, "c16")}, {}, DTypeError, "'a' is of dtype complex128; the format has bool, uint8"),
    ({"a": np.array(["x"])}, {}, DTypeError, "'a' is of dtype <U1"),
    ({"__metadata__": ONE}, {}, FileFormatError, "no array can have the name '__metadata__'"),
    ({"a\n": ONE}, {}, FileFormatError, r"a name must be text that can be printed, not 'a\\n'"),
    ({"\ud800": ONE}, {}, FileFormatError, "a name must be text"),
    ({3: ONE}, {}, FileFormatError, "a name must be text that can be printed, not 3"),
    ({"a": ONE}, {"metadata": {"a": 3}}, FileFormatError, "metadata are text by text, not 'a': 3"),
    ({"a": ONE}, {"aliases": {"b": "c"}}, FileFormatError, "'b' is to be another name of 'c', which is no"),
    ({"a": ONE, "b": ONE}, {"aliases": {"b": "a"}}, FileFormatError, "'b' is an array, and cannot be"),
    (
        {"a": ONE},
        {"aliases": {"b": "a"}, "metadata": {"b": "x"}},
        FileFormatError,
        "the metadata have 'b' already, which is another name of 'a'",
    ),
    (
        {"a": ONE},
        {"metadata": {"best": "a"}},
        FileFormatError,
        "'best': 'a' would make 'best' another name of that array",
    ),
    (
        {"a": ONE},
        {"aliases": {"format": "a"}},
        FileFormatError,
        "no tied array can have the name 'format'",
    ),
]


@pytest.mark.parametrize(
    ("made", "options", "error", "message"), UNWRITABLE, ids=[row[3] for row in UNWRITABLE]
)
def test_what_cannot_be_held_is_refused_before_the_old_file_is_touched(
    made, options, error, message, tmp_path
):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        write(path, made, **options)
    with pytest.raises(error, match=message):
        write_shards(tmp_path / "folder", made, max_shard_size=100, **options)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x.safetensors", b"old")]


def test_a_name_that_is_not_there(tmp_path):
    write(tmp_path / "x", {"encoder.weight": ONE})
    with pytest.raises(
        NameNotFoundError, match=r"there is no 'wieght' in x; nearest names: 'encoder\.weight'"
    ):
        SafetensorsFile(tmp_path / "x").read("wieght")
    with pytest.raises(IndexError):
        SafetensorsFile(tmp_path / "x").read("encoder.weight", (0, 0))
