"""One function writes every format; each is read back by the package whose format it is."""

from __future__ import annotations

import os

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import torch
from common import same
from hypothesis import given
from hypothesis import strategies as st

from glueball.checkpoints.lazy import Lazy
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.sizes import size_of
from glueball.checkpoints.sparse import RowSparse
from glueball.checkpoints.writing import FORMATS, format_of, write_file
from glueball.errors import DTypeError, FileFormatError

ARRAYS = {"a.weight": np.arange(6, dtype="f4").reshape(2, 3), "a.bias": np.arange(3)}
FILES = {
    "x.safetensors": ("safetensors", True),
    "x.pt": ("pytorch", True),
    "x.PTH": ("pytorch", True),
    "pytorch_model.bin": ("pytorch", True),
    "x.params": ("params", False),
    "x.npz": ("npz", False),
    "x.h5": ("hdf5", True),
    "folder/": ("safetensors", True),
}


@pytest.mark.parametrize("name", FILES)
def test_the_suffix_chooses_the_format_and_ties_are_kept_where_it_can(tmp_path, name):
    format, ties = FILES[name]
    if format == "hdf5":
        pytest.importorskip("h5py")
    path = f"{tmp_path}/{name}"
    lazy = {key: Lazy(array.shape, array.dtype, lambda a=array: a) for key, array in ARRAYS.items()}
    seen = []
    write_file(path, lazy, aliases={"head": "a.weight"}, progress=lambda *row: seen.append(row))
    with open_file(path) as file:
        assert file.format == format
        assert file.aliases == ({"head": "a.weight"} if ties else {})
        for key, array in {**ARRAYS, "head": ARRAYS["a.weight"]}.items():
            assert same(file.read(key), array)
    total = sum(array.nbytes for array in ARRAYS.values()) + (0 if ties else ARRAYS["a.weight"].nbytes)
    assert seen[-1][:2] == (total, total)
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_the_packages_read_them(tmp_path):
    write_file(tmp_path / "x.safetensors", ARRAYS, metadata={"epoch": "1"})
    assert all(
        same(array, ARRAYS[name])
        for name, array in safetensors.numpy.load_file(tmp_path / "x.safetensors").items()
    )
    write_file(tmp_path / "x.pt", ARRAYS)
    assert all(same(tensor.numpy(), ARRAYS[name]) for name, tensor in torch.load(tmp_path / "x.pt").items())
    write_file(tmp_path / "x.npz", ARRAYS)
    with np.load(tmp_path / "x.npz") as found:
        assert list(found) == list(ARRAYS) and all(same(found[name], ARRAYS[name]) for name in found)
    one = np.asfortranarray(ARRAYS["a.weight"].astype(">f4"))
    write_file(tmp_path / "x.npy", {"any": one})
    found = np.load(tmp_path / "x.npy")
    assert np.array_equal(found, one) and found.dtype == "<f4" and found.flags.c_contiguous
    h5py = pytest.importorskip("h5py")
    write_file(tmp_path / "x.h5", {"g/a": ARRAYS["a.bias"]}, aliases={"b": "g/a"}, metadata={"k": "v"})
    with h5py.File(tmp_path / "x.h5") as found:
        assert found["g/a"][...].tolist() == [0, 1, 2] and found["b"] == found["g/a"]
        assert dict(found.attrs) == {"k": "v"}


def test_a_format_can_be_named(tmp_path):
    write_file(tmp_path / "x.data", ARRAYS, format="safetensors")
    assert open_file(tmp_path / "x.data").format == "safetensors"
    write_file(tmp_path / "model", ARRAYS, max_shard_size="24B")
    with open_file(tmp_path / "model") as file:
        assert len(file.files) == 2
    assert format_of("new", sharded=True) == "shards"
    assert set(FILES) and {format_of(f"x.{kind}") for kind in ("pt", "keras")} < set(FORMATS)


bf16 = {"a": np.ones(2, ml_dtypes.bfloat16)}
SPARSE = RowSparse(np.ones((1, 2)), np.array([1]), (3, 2))
REFUSED = [
    ("x.txt", ARRAYS, {}, FileFormatError, r"'.*x\.txt' does not say by its suffix what .*tensors, \.pt"),
    ("x", ARRAYS, {}, FileFormatError, "does not say by its suffix"),
    ("x.pt", ARRAYS, {"format": "torch"}, FileFormatError, "there is no format 'torch'; there are shards"),
    ("x.pt", ARRAYS, {"max_shard_size": 5}, FileFormatError, "only safetensors files are written in shards"),
    ("x.safetensors", ARRAYS, {"max_shard_size": "5GB"}, FileFormatError, "Leave out max_shard_size"),
    ("x", ARRAYS, {"max_shard_size": "5 gigs"}, FileFormatError, "no size is '5 gigs'; write bytes"),
    ("x", ARRAYS, {"max_shard_size": 0}, FileFormatError, "at least a byte, not 0"),
    ("x.pt", ARRAYS, {"like": "y.keras"}, FileFormatError, "pytorch keeps their names"),
    ("x.npy", ARRAYS, {}, FileFormatError, "an .npy has one array and no name; there are 2 names"),
    ("x.npy", bf16, {}, DTypeError, "'a' is of dtype bfloat16, which NumPy's files do not keep"),
    ("s3://bucket/x.pt", ARRAYS, {}, FileFormatError, "on this machine, not to s3://bucket/x"),
    ("x.safetensors", {"a": 1.5}, {}, DTypeError, "'a' is no array but a float"),
    ("x.pt", {"a": SPARSE}, {}, DTypeError, r"'a' is sparse, which only \.params files hold; give its"),
    ("x.npz", bf16, {}, DTypeError, "'a' is of dtype bfloat16, which NumPy's files do not keep"),
    ("x.params", {"a": np.ones(1, "c8")}, {}, DTypeError, "'a' is of dtype complex64; the format has"),
    *((f"x.{kind}", ARRAYS, {"metadata": {"k": "v"}}, FileFormatError, "for metadata, and there are 'k'")
      for kind in ("pt", "npz", "npy", "params")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arrays", "options", "kind", "message"), REFUSED)
def test_what_cannot_be_written_is_one_error_and_nothing_changes(
    tmp_path, name, arrays, options, kind, message
):
    with pytest.raises(kind, match=message):
        write_file(name if "://" in name else tmp_path / name, arrays, **options)
    assert os.listdir(tmp_path) == []


def test_sparse_arrays_go_into_params(tmp_path):
    write_file(tmp_path / "x.params", {"a": SPARSE})
    with open_file(tmp_path / "x.params") as file:
        assert file["a"].storage == "row_sparse" and same(file.read("a").dense(), SPARSE.dense())
        write_file(tmp_path / "x.pt", {"a": file.lazy("a")})
    assert torch.load(tmp_path / "x.pt")["a"].tolist() == SPARSE.dense().tolist()


def test_sizes_are_those_of_the_units():
    assert [
        size_of(text) for text in ("1", "1 b", "2kB", "2KiB", "3mb", "3MiB", "5GB", "0.5 GiB", "1T", "1tib")
    ] == [
        *(1, 1, 2000, 2048, 3 * 10**6, 3 << 20, 5 * 10**9, 1 << 29, 10**12, 1 << 40),
    ]
    for wrong in ("", "GB", "-1GB", "1e9", "5 iB", "1.GB", "1,5GB", "5GBs", "٣GB", "9" * 40):
        with pytest.raises(FileFormatError, match="no size is"):
            size_of(wrong)


@given(st.integers(1, 10**6), st.sampled_from(["k", "M", "G"]))
def test_decimal_and_binary_units(count, letter):
    power = "kMG".index(letter) + 1
    assert size_of(f"{count}{letter}B") == count * 1000**power
    assert size_of(f"{count} {letter}iB") == count * 1024**power
