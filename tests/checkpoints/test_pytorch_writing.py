"""PyTorch's files as we write them, read back by torch in all its ways."""

from __future__ import annotations

import io
import os
import zipfile

import ml_dtypes
import numpy as np
import pytest
import torch
from common import arrays, assert_reads, same
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.checkpoints.lazy import Lazy
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.pytorch import write
from glueball.checkpoints.pytorch.writing import _CLASSES, _NAMES
from glueball.checkpoints.zips import ZipWriter
from glueball.errors import DTypeError, FileFormatError

READ = {
    "weights only": {"weights_only": True},
    "mapped": {"weights_only": True, "mmap": True},
    "with its own pickle": {"weights_only": False},
}


def assert_is(tensor, array):
    """A tensor of torch's has this array's dtype, shape, strides and bytes."""
    name = {"bool": "bool"}.get(array.dtype.name, array.dtype.name)
    assert str(tensor.dtype) == f"torch.{name}"
    empty = torch.empty(array.shape, dtype=tensor.dtype)
    assert tensor.shape == empty.shape and tensor.stride() == empty.stride()
    flat = tensor.reshape(-1).clone()
    raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    assert raw == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("way", READ)
def test_torch_reads_every_dtype(tmp_path, way):
    made = arrays(_NAMES)
    path = tmp_path / "x.pt"
    write(path, made)
    found = torch.load(path, **READ[way])
    assert list(found) == list(made)
    for name, array in made.items():
        assert_is(found[name], array)
    with open_file(path) as file:
        assert file.format == "pytorch" and file.other == {}
        assert_reads(file, made)


def test_the_dtypes_are_all_that_torch_and_numpy_share():
    known = {
        str(value).removeprefix("torch.") for value in vars(torch).values() if type(value) is torch.dtype
    }
    assert set(_NAMES.values()) <= known
    # With a storage class of its own, a tensor is rebuilt by the older function, as torch does it.
    for name in _NAMES.values():
        stream = io.BytesIO()
        torch.save(torch.zeros(1, dtype=getattr(torch, name)), stream)
        pickle = zipfile.ZipFile(stream).read("archive/data.pkl")
        assert (b"_rebuild_tensor_v2" in pickle) is (name in _CLASSES)


def test_members_are_aligned_stored_and_have_their_checksums(tmp_path):
    made = {f"{i}.weight" + "x" * i: np.arange(i, dtype="f4") for i in range(70)}
    path = tmp_path / "x.pt"
    write(path, made)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    with open_file(path) as file:
        assert all(entry.offset is not None and entry.offset % 64 == 0 for entry in file.values())


def test_a_module_loads_it(tmp_path):
    torch.manual_seed(0)
    nets = [torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)) for _ in range(2)]
    write(tmp_path / "x.pt", {name: tensor.numpy() for name, tensor in nets[0].state_dict().items()})
    nets[1].load_state_dict(torch.load(tmp_path / "x.pt", weights_only=True))
    for a, b in zip(*(net.state_dict().values() for net in nets), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("dtype", ["f4", ml_dtypes.float8_e5m2])
def test_ties_share_one_storage(tmp_path, mapped, dtype):
    path = tmp_path / "x.pt"
    made = {"other": np.zeros(3, dtype), "embed": np.arange(6).reshape(2, 3).astype(dtype)}
    write(path, made, aliases={"head": "embed", "again": "embed"})
    found = torch.load(path, weights_only=True, mmap=mapped)
    assert list(found) == ["other", "embed", "head", "again"]
    assert torch.equal(found["head"].float(), torch.arange(6.0).reshape(2, 3))
    pointers = {name: tensor.untyped_storage().data_ptr() for name, tensor in found.items()}
    assert pointers["embed"] == pointers["head"] == pointers["again"] != pointers["other"]
    with open_file(path) as file:
        assert file.aliases == {"head": "embed", "again": "embed"}
        assert_reads(file, made)


def test_what_is_big_endian_or_strided_becomes_plain(tmp_path):
    whole = np.arange(24, dtype=">f4").reshape(2, 3, 4)
    write(tmp_path / "x.pt", {"turned": whole.T, "some": whole[:, ::2, -1:0:-2]})
    found = torch.load(tmp_path / "x.pt", weights_only=True)
    assert np.array_equal(found["turned"].numpy(), whole.T)
    assert np.array_equal(found["some"].numpy(), whole[:, ::2, -1:0:-2])


names = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=9)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, st.lists(st.integers(0, 300), max_size=3).filter(lambda s: np.prod(s) < 1e5)))
def test_any_names_and_shapes_come_back(tmp_path_factory, shapes):
    path = tmp_path_factory.mktemp("x") / "x.pt"
    made = {name: np.random.default_rng(0).random(shape, "f4") for name, shape in shapes.items()}
    write(path, made)
    found = torch.load(path, weights_only=True)
    assert list(found) == list(made)
    assert all(same(found[name].numpy(), array) for name, array in made.items())


def test_arrays_are_made_one_at_a_time(tmp_path):
    alive, most = 0, 0

    class Counted(np.ndarray):
        def __del__(self):
            nonlocal alive
            alive -= self.base is None

    def make():
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        return _counted()

    def _counted():
        made = np.ndarray.__new__(Counted, 5, "f4")
        made[...] = 1
        return made

    write(tmp_path / "x.pt", {str(i): Lazy((5,), np.dtype("f4"), make) for i in range(9)})
    assert most == 1
    assert torch.load(tmp_path / "x.pt")["8"].tolist() == [1] * 5


def test_what_it_cannot_hold_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(b"old")
    one = np.ones(1)
    for given_, options, kind, message in (
        (
            {"a": np.ones(1, ml_dtypes.float4_e2m1fn)},
            {},
            DTypeError,
            "'a' is of dtype float4_e2m1fn; torch has",
        ),
        ({"a": np.array(["b"])}, {}, DTypeError, "'a' is of dtype <U1; torch has"),
        ({"a": one}, {"metadata": {"b": "c"}}, FileFormatError, "no place for metadata, and there are 'b'"),
        (
            {"a": one},
            {"aliases": {"b": "c"}},
            FileFormatError,
            "'b' is to be another name of 'c', which is no",
        ),
        ({"a\n": one}, {}, FileFormatError, "text that can be printed"),
    ):
        with pytest.raises(kind, match=message):
            write(path, given_, **options)
        assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["x.pt"]


def test_progress_is_told_in_pieces(tmp_path):
    seen = []
    made = {"a": np.zeros(10_000_000, "f4"), "b": np.zeros(0), "c": np.zeros(3, "u1")}
    write(tmp_path / "x.pt", made, progress=lambda *row: seen.append(row))
    total = 40_000_003
    assert seen == [
        *((done, total, "a") for done in (16_777_216, 33_554_432, 40_000_000)),
        (40_000_000, total, "b"),
        (total, total, "c"),
    ]

    def stop(done, total, name):
        raise KeyboardInterrupt

    before = (tmp_path / "x.pt").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "x.pt", {"a": np.ones(3)}, progress=stop)
    assert (tmp_path / "x.pt").read_bytes() == before and os.listdir(tmp_path) == ["x.pt"]


class Sparse(io.RawIOBase):
    """A file that seeks over zeros instead of writing them."""

    def __init__(self, file):
        self.file, self.at = file, 0

    def write(self, data):
        self.file.seek(self.at)
        if len(data) < 1 << 30:
            self.file.write(data)
        self.at += len(data)
        return len(data)


def test_archives_of_more_than_65535_members(tmp_path):
    stream = io.BytesIO()
    archive = ZipWriter(stream)
    for i in range(66_000):
        archive.add(str(i), memoryview(b"%d" % i))
    archive.finish()
    with zipfile.ZipFile(stream) as opened:
        assert len(opened.infolist()) == 66_000 and opened.read("65999") == b"65999"
    # The older record says no more than that it is full, and leads to the one that can count so far.
    assert stream.getvalue()[-22:-10] == b"PK\5\6" + bytes(4) + b"\xff" * 4
    assert stream.getvalue()[-42:-38] == b"PK\6\7"


def test_archives_of_more_than_four_gibibytes(tmp_path, monkeypatch):
    # The checksum of 4 GiB of zeros takes seconds, and is not what this is about.
    monkeypatch.setattr("glueball.checkpoints.zips.zlib.crc32", lambda *data: 0)
    size = (1 << 32) + 5
    zeros = memoryview(np.zeros(size, "u1"))  # memory that is never touched
    with open(tmp_path / "x.zip", "wb") as file:
        archive = ZipWriter(Sparse(file), 64)
        archive.add("large", zeros)
        archive.add("last", memoryview(b"hello"))
        archive.finish()
    monkeypatch.setattr("zipfile.ZipExtFile._update_crc", lambda self, data: None)
    with zipfile.ZipFile(tmp_path / "x.zip") as opened:
        assert len(opened.infolist()) == 2
        assert opened.getinfo("large").file_size == size
        assert opened.read("last") == b"hello" and opened.getinfo("last").header_offset > size
