"""A file of any format is known by what is in it, and one that is not by what could be."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch
from common import same

from glueball.checkpoints import npz, params
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.safetensors import write
from glueball.errors import FileFormatError

VALUES = {"w": np.arange(12, dtype="f4").reshape(3, 4)}


def torch_values():
    return {name: torch.from_numpy(array) for name, array in VALUES.items()}


WRITERS = {
    "safetensors": lambda path: write(path, VALUES),
    "pytorch": lambda path: torch.save(torch_values(), path),
    "pytorch, old": lambda path: torch.save(torch_values(), path, _use_new_zipfile_serialization=False),
    "npz": lambda path: npz.write(path, VALUES),
    "npz, by NumPy": lambda path: with_file(path, np.savez_compressed, **VALUES),
    "npy": lambda path: with_file(path, np.save, VALUES["w"]),
    "params": lambda path: params.write(path, VALUES),
    "hdf5": lambda path: hdf5(path),
}


def with_file(path, save, *args, **options):
    with open(path, "wb") as file:  # of a path, NumPy changes the name
        save(file, *args, **options)


def hdf5(path):
    h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'glueball[hdf5]'")
    with h5py.File(path, "w") as file:
        file["w"] = VALUES["w"]


@pytest.mark.parametrize("name", ["x", "x.pt", "x.safetensors", "x.npz", "x.json"])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_known_by_its_content_whatever_its_name(tmp_path, kind, name):
    path = tmp_path / name
    WRITERS[kind](path)
    with open_file(path) as file:
        assert file.format == kind.partition(",")[0]
        assert file.path == str(path)
        (only,) = file
        assert same(file.read(only), VALUES["w"])
        assert repr(file) == f"<{file.format} {str(path)!r}: 1 arrays>"


def test_an_empty_archive_of_numpys(tmp_path):
    np.savez(tmp_path / "x.npz")
    assert dict(open_file(tmp_path / "x.npz")) == {}


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"x")


STRANGERS = {
    "empty": (lambda path: path.write_bytes(b""), "it is empty"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps({"w": 1})), "it is a pickle, which is a program"),
    "gguf": (lambda path: path.write_bytes(b"GGUF" + bytes(20)), "it is a GGUF file"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(b"x")), "it is compressed with gzip"),
    "page": (lambda path: path.write_bytes(b"<!DOCTYPE html>"), "it is a web page"),
    "pointer": (
        lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
        "a Git LFS pointer",
    ),
    "zip": (zipped, r"a zip archive of 'photo\.jpg'"),
    "text": (lambda path: path.write_bytes(b"\x1b[2Jhello"), "it begins with 1b 5b 32 4a 68 65 6c 6c"),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_what_is_not_known_says_what_is(tmp_path, kind):
    path = tmp_path / "x.safetensors"
    make, message = STRANGERS[kind]
    make(path)
    with pytest.raises(FileFormatError, match=message) as raised:
        open_file(path)
    assert str(raised.value).startswith(f"{path}: no format that is known here: ")
    assert "Known are safetensors, PyTorch" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", 'an index is an object with a "weight_map"'),
        ('{"weight_map": []}', 'an index is an object with a "weight_map"'),
        ('{"weight_map": {}, "metadata": 3}', "the metadata must be an object"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "'a' is there twice"),
        ('{"weight_map": {"a": "gone"}}', "the shard 'gone' is not there"),
        ('{"weight_map": ', "byte 15: the JSON is damaged: Expecting value"),
    ],
)
def test_an_index_that_is_none(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        open_file(tmp_path / "x.json")


def test_a_folder_is_opened_by_what_its_readers_take(tmp_path):
    with pytest.raises(FileFormatError, match="has no checkpoint; open one by its own path"):
        open_file(tmp_path)
    np.save(tmp_path / "only.npy", np.ones(1))
    assert open_file(tmp_path).format == "npy"
    torch.save(torch_values(), tmp_path / "weights.pt")
    with pytest.raises(
        FileFormatError, match=r"has 2 checkpoints: only\.npy, weights\.pt; open one by its own"
    ):
        open_file(tmp_path)
    torch.save(torch_values(), tmp_path / "pytorch_model.bin")
    assert open_file(tmp_path).path == str(tmp_path / "pytorch_model.bin")
    safetensors.numpy.save_file(VALUES, tmp_path / "model.safetensors")
    assert open_file(tmp_path).path == str(tmp_path / "model.safetensors")


def test_shards_that_disagree_are_listed(tmp_path):
    for i in range(2):
        safetensors.numpy.save_file({f"w{i}": VALUES["w"]}, tmp_path / f"{i}", {"format": f"{i}"})
    index = {"weight_map": {"w0": "0", "w1": "1"}, "metadata": {"note": {"a": 1}}}
    (tmp_path / "i.index.json").write_text(json.dumps(index))
    file = open_file(tmp_path)
    assert file.metadata == {"format": "0", "note": '{"a": 1}'}
    assert file.other == {"1: metadata 'format'": "1"}


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")


def test_what_was_read_outlives_the_file(tmp_path):
    write(tmp_path / "x", VALUES)
    with open_file(tmp_path / "x") as file:
        view = file.read("w", 1, copy=False)
    write(tmp_path / "x", {"w": np.zeros((3, 4), "f4")})
    assert same(np.array(view), VALUES["w"][1])


@pytest.mark.parametrize("kind", ["safetensors", "pytorch", "npz", "params"])
def test_any_format_can_be_written_as_another_without_being_in_memory(tmp_path, kind):
    WRITERS[kind](tmp_path / "x")
    source = open_file(tmp_path / "x")
    lazy = {name: source.lazy(name) for name in source}
    for target in (write, npz.write, params.write):
        target(tmp_path / "y", lazy)
        assert same(open_file(tmp_path / "y").read("w"), VALUES["w"])
