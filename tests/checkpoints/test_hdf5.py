"""HDF5 files and Keras's, held against h5py, and against Keras where it is installed."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import zipfile

import ml_dtypes
import numpy as np
import pytest
from common import arrays, assert_read_or_refused, assert_reads, same
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.checkpoints.hdf5 import Hdf5File
from glueball.checkpoints.keras import KerasFile
from glueball.checkpoints.opening import open_file
from glueball.errors import FileFormatError, MissingExtraError

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'glueball[hdf5]'")

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]


def weights(into):
    """Variables as Keras lays them out, with what an optimizer keeps and a bfloat16."""
    made = {f"layers/dense/vars/{i}": np.full((3, 4), i, "f4") for i in range(12)}
    made["optimizer/vars/0"] = np.asarray(7)
    made["layers/half/vars/0"] = np.arange(12).reshape(3, 4).astype(ml_dtypes.bfloat16)
    with h5py.File(into, "w") as file:
        for name, array in made.items():
            if array.dtype == ml_dtypes.bfloat16:
                file.create_dataset(name, data=array.view("V2")).attrs["dtype"] = "bfloat16"
            else:
                file[name] = array
        file["layers/dense/vars"].attrs["name"] = "first"
        file.create_group("vars")
    return made


def archive(**more):
    stream = io.BytesIO()
    made = weights(stream)
    files = {
        "metadata.json": json.dumps({"keras_version": "3.0", "date_saved": "today"}),
        "config.json": "{}",
        "model.weights.h5": stream.getvalue(),
        **more,
    }
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as opened:
        for name, data in files.items():
            if data is not None:
                opened.writestr(name, data)
    return made, zipped.getvalue()


@pytest.mark.parametrize("options", [{}, {"chunks": (2, 3)}, {"compression": "gzip", "shuffle": True}])
def test_reads_what_h5py_writes(tmp_path, options):
    made = arrays(DTYPES)
    made |= {f"big.{name}": array.astype(array.dtype.newbyteorder(">")) for name, array in made.items()}
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        for name, array in made.items():
            file.create_dataset(name, data=array, **(options if array.shape == (3, 4) else {}))
    wanted = {name: array.astype(array.dtype.newbyteorder("=")) for name, array in made.items()}
    with Hdf5File(path) as file:
        assert_reads(file, wanted)
        entry = file["float32.matrix"]
        assert (entry.offset is None) is bool(options)
        if entry.offset is not None:
            assert path.read_bytes()[entry.offset :][: entry.nbytes] == made["float32.matrix"].tobytes()


def test_weights_as_keras_lays_them_out(tmp_path):
    path = tmp_path / "x.weights.h5"
    made = weights(path)
    with open_file(path) as file:
        assert file.format == "hdf5"
        assert_reads(file, made)
        # Variables are counted, so 10 comes after 2.
        assert [name.rpartition("/")[2] for name in file][:12] == [str(i) for i in range(12)]
        assert file.other == {"layers/dense/vars@name": "'first'", "vars": "an empty group"}


def test_a_keras_archive(tmp_path):
    path = tmp_path / "x.keras"
    made, data = archive(**{"assets/vocabulary.txt": "words"})
    path.write_bytes(data)
    with open_file(path) as file:
        assert file.format == "keras"
        assert_reads(file, made)
        assert file.metadata == {"keras_version": "3.0", "date_saved": "today"}
        assert file.other["config.json"] == "2 bytes"
        assert file.other["assets/vocabulary.txt"] == "5 bytes"
        h5 = file["layers/dense/vars/3"]
        assert data[h5.offset :][: h5.nbytes] == made["layers/dense/vars/3"].tobytes()
    for broken, message in (
        (archive(**{"model.weights.h5": None})[1], r"has no model\.weights\.h5"),
        (archive(**{"model.weights.h5": b"no HDF5"})[1], "this is no HDF5 file that can be read"),
        (archive(**{"metadata.json": "{"})[1], r"metadata\.json, byte 1: the JSON is damaged"),
    ):
        path.write_bytes(broken)
        with pytest.raises(FileFormatError, match=message):
            KerasFile(path)


def test_shards_as_keras_lays_them_out(tmp_path):
    made = {}
    for shard in range(2):
        with h5py.File(tmp_path / f"x_{shard}.weights.h5", "w") as file:
            for i in range(2):
                made[name := f"layers/dense_{shard}/vars/{i}"] = np.full((3, 4), i + shard)
                file[name] = made[name]
    index = {
        "metadata": {"total_size": 1.0},
        "weight_map": {
            "/layers/dense_0/vars": "x_0.weights.h5",
            "/layers/dense_1/vars": ["x_1.weights.h5"],
        },
    }
    (tmp_path / "x.weights.json").write_text(json.dumps(index))
    with open_file(tmp_path) as file:
        assert_reads(file, made)
        assert file.format == "hdf5"
    index["weight_map"]["/layers/other/vars"] = "x_1.weights.h5"
    (tmp_path / "x.weights.json").write_text(json.dumps(index))
    with pytest.raises(FileFormatError, match=r"'/layers/other/vars' is not in 'x_1\.weights\.h5'"):
        open_file(tmp_path)


def test_ties_attributes_and_what_is_no_array(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.0"
        file.attrs["names"] = np.array([b"a", b"b"])
        file["b/x"] = np.ones(2)
        file["tied"] = file["b/x"]
        file["again"] = file["b"]
        file["b/self"] = file["/"]
        file["link"] = h5py.SoftLink("/b/x")
        file["text"] = "hello"
        file["records"] = np.zeros(2, [("a", "f4")])
        file["none"] = h5py.Empty("f4")
        file["type"] = np.dtype("f8")
    with Hdf5File(path) as file:
        assert list(file) == ["again/x"]
        assert file.aliases == {"tied": "again/x"}
        assert file.metadata == {"keras_version": "2.0"}
        assert file.other == {
            "@names": "an attribute of |S1 of shape (2,)",
            "again/self": "the same as '/'",
            "b": "the same as 'again'",
            "link": "a link to '/b/x'",
            "none": "a dataset of float32 of shape None",
            "records": "a dataset of [('a', '<f4')] of shape (2,)",
            "text": "a dataset of object of shape ()",
            "type": "a named type",
        }
        assert file.read("tied").tolist() == [1, 1]


def test_what_leads_out_of_the_file_is_refused(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones(2)
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink(str(secret), "/x")
    with pytest.raises(
        FileFormatError, match=r"'out': it leads to another file, '.*secret\.h5', which is not"
    ):
        Hdf5File(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("out", (2,), "f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(FileFormatError, match="'out': its values lie in another file, which is not opened"):
        Hdf5File(path)
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout((2,), "f8")
        layout[:] = h5py.VirtualSource(secret, "x", (2,))
        file.create_virtual_dataset("out", layout)
    with pytest.raises(FileFormatError, match="'out': its values are taken from other datasets"):
        Hdf5File(path)


def test_a_fill_value_as_large_as_a_bomb_is_opened_but_not_read(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (1 << 20, 1 << 20), "f4", chunks=(1, 1024), fillvalue=7)
    with Hdf5File(path) as file:
        assert file["x"].nbytes == 1 << 42
        with pytest.raises(FileFormatError, match="4398046511104 bytes are far more than the file's"):
            file.read("x")
        assert file.read("x", (-1, slice(3))).tolist() == [7, 7, 7]


def heap(path):
    """A file whose attribute lies in a heap, and where the heap begins."""
    with h5py.File(path, "w") as file:
        file["x"] = np.ones(2)
        file["x"].attrs["words"] = "of any length"
        file["x"].attrs["list"] = ["not", "read"]
        file["x"].attrs["long"] = np.bytes_("x" * 50)
        file["x"].attrs["number"] = 3.0
    data = bytearray(path.read_bytes())
    return data, data.index(b"GCOL")


def test_text_of_any_length_is_read_and_lists_are_not(tmp_path):
    heap(tmp_path / "x.h5")
    with Hdf5File(tmp_path / "x.h5") as file:
        assert file.attributes == {"x": {"words": "of any length", "long": "x" * 50}}
        assert file.other == {
            "x@words": "'of any length'",
            "x@long": repr("x" * 50),
            "x@list": "an attribute of object of shape (2,)",
            "x@number": "an attribute of float64 of shape ()",
        }


DAMAGE = {  # what the HDF5 library would stay at for ever, or for long
    "free space of no size": (16 + 16 + 16 + 16 + 8 + 16 + 8 + 8, (0).to_bytes(8, "little")),
    "a size that wraps around": (16 + 8, (2**64 - 16).to_bytes(8, "little")),
    "a size beyond the heap": (16 + 8, (1 << 20).to_bytes(8, "little")),
    "a heap beyond the file": (8, (1 << 40).to_bytes(8, "little")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_heap_is_seen_before_the_library_reads_it(tmp_path, what):
    path = tmp_path / "x.h5"
    data, begin = heap(path)
    at, new = DAMAGE[what]
    if what.startswith("free"):  # it follows after the three texts
        at = (
            next(
                at
                for at in range(16, 200, 8)
                if data[begin + at : begin + at + 8] == bytes(8) and data[begin + at + 8]
            )
            + 8
        )
    data[begin + at : begin + at + 8] = new
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=rf"x\.h5, byte {begin}\d*: a |x\.h5, byte \d+: a damaged heap"):
        Hdf5File(path)


def test_a_text_that_is_said_to_be_far_longer_is_refused(tmp_path):
    path = tmp_path / "x.h5"
    data, begin = heap(path)
    at = data.index((13).to_bytes(4, "little") + begin.to_bytes(8, "little"))  # "of any length", and its heap
    data[at : at + 4] = (1 << 29).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="a text of 13 bytes that is said to have 536870912"):
        Hdf5File(path)


def test_heaps_are_looked_for_outside_of_the_arrays_of_a_large_file(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.frombuffer(b"GCOL\1\0\0\0" + b"\xff" * 8, "u1")  # no heap, though it looks like one
        file["x"].attrs["words"] = "of any length"
    with pytest.raises(FileFormatError, match="a heap of 18446744073709551615 bytes"):
        Hdf5File(path)
    monkeypatch.setattr("glueball.checkpoints.hdf5.reading._SCANNED", 0)
    with Hdf5File(path) as file:
        assert file.attributes == {"x": {"words": "of any length"}}


def test_without_h5py_it_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    weights(path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"h5py is not installed: pip install 'glueball\[hdf5\]'"):
        open_file(path)


@settings(max_examples=60)
@given(st.data())
def test_a_file_cut_anywhere_is_read_or_refused(tmp_path_factory, data):
    # The HDF5 library itself reads these; it is not held to any bytes, only to those that are missing.
    path = tmp_path_factory.mktemp("cut") / "x.keras"
    whole = archive()[1]
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert not assert_read_or_refused(KerasFile, path)


@pytest.mark.skipif(not importlib.util.find_spec("keras"), reason="needs Keras itself")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
@pytest.mark.parametrize("name", ["x.keras", "x.weights.h5", "x.weights.json"])
def test_reads_what_keras_writes(tmp_path, monkeypatch, name):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    dense = keras.layers.Dense(4, dtype="bfloat16")
    model = keras.Sequential([keras.layers.Input((3,)), dense, keras.layers.Dense(2)])
    path = tmp_path / name
    if name.endswith(".keras"):
        model.save(path)
    else:
        sharded = {"max_shard_size": 1e-6} if name.endswith(".json") else {}
        model.save_weights(path, **sharded)
    with open_file(path) as file:
        for layer, called in zip(model.layers, ("dense", "dense_1"), strict=True):
            for i, variable in enumerate(layer.variables):
                wanted = keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32"))
                found = file.read(f"layers/{called}/vars/{i}")
                assert found.dtype.name == variable.dtype
                assert same(found.astype("f4"), wanted)
