"""Keras's files as we write them, held against h5py, and against Keras where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile

import ml_dtypes
import numpy as np
import pytest
from common import assert_reads, same

from glueball.checkpoints import hdf5, keras
from glueball.checkpoints.hdf5 import Hdf5File
from glueball.checkpoints.lazy import Lazy
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.writing import write_file
from glueball.errors import DTypeError, FileFormatError

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'glueball[hdf5]'")
HAS_KERAS = importlib.util.find_spec("keras") is not None

# A file as Keras lays it out: path of a layer → its name, and the shapes of its variables.
LAYERS = {
    "": ("net", []),
    "layers/batch_normalization": ("norm", [(4,)] * 4),
    "layers/dense": ("first", [(3, 4), (4,)]),
    "layers/dense_1": ("second", [(4, 4), (4,)]),
    "layers/dense_10": ("third", [(4, 4), (4,)]),
    "layers/dropout": ("drop", []),
    "layers/dropout/seed_generator": ("seeds", [(2,)]),
    "optimizer": ("adam", [(), (3, 4)]),
}
NAMES = {  # as a model's own parameters are called
    "first.kernel": "layers/dense/vars/0",
    "first.bias": "layers/dense/vars/1",
    "norm.gamma": "layers/batch_normalization/vars/0",
    "norm.beta": "layers/batch_normalization/vars/1",
    "norm.moving_mean": "layers/batch_normalization/vars/2",
    "norm.moving_variance": "layers/batch_normalization/vars/3",
    "second.kernel": "layers/dense_1/vars/0",
    "second.bias": "layers/dense_1/vars/1",
    "third.kernel": "layers/dense_10/vars/0",
    "third.bias": "layers/dense_10/vars/1",
}


def like(path, named=True, layers=LAYERS):
    with h5py.File(path, "w") as file:
        for where, (name, shapes) in layers.items():
            group = file.create_group(f"{where}/vars".lstrip("/"))
            if named:
                group.attrs["name"] = name
            for i, shape in enumerate(shapes):
                group[str(i)] = np.zeros(shape, "f4")
    return path


def values(file):
    """An array for each name, no two alike."""
    with Hdf5File(file) as opened:
        return {
            name: np.full(opened[path].shape, i + 1, "f4") for i, (name, path) in enumerate(NAMES.items())
        }


def shown(path):
    """All that is in an HDF5 file."""
    seen = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, node: seen.update({name: (
            node[...].tolist() if isinstance(node, h5py.Dataset) else None, dict(node.attrs))}))  # fmt: skip
    return seen


@pytest.mark.parametrize(
    ("named", "prefix", "join"),
    [(True, "", "."), (True, "net/", "/"), (False, "", "."), (False, "model.", ".")],
)
def test_a_like_file_tells_where_arrays_belong_by_names_or_shapes(tmp_path, named, prefix, join):
    source = like(tmp_path / "like.weights.h5", named)
    before = shown(source)
    made = {prefix + name.replace(".", join): array for name, array in values(source).items()}
    write_file(tmp_path / "x.weights.h5", made, like=source)
    after = shown(tmp_path / "x.weights.h5")
    assert list(after) == list(before)
    for path, (value, attributes) in before.items():
        name = next((name for name, where in NAMES.items() if where == path), None)
        wanted = value if name is None else made[prefix + name.replace(".", join)].tolist()
        assert after[path] == (wanted, attributes)


def test_layers_by_name_are_told_apart_where_shapes_are_the_same(tmp_path):
    source = like(tmp_path / "like.weights.h5")
    made = dict(reversed(values(source).items()))  # in another order than the model's
    backwards = {}
    for owner in dict.fromkeys(name.partition(".")[0] for name in made):
        backwards |= {name: array for name, array in values(source).items() if name.startswith(owner)}
    write_file(tmp_path / "x.weights.h5", backwards, like=source)
    with open_file(tmp_path / "x.weights.h5") as file:
        for name, path in NAMES.items():
            assert same(file.read(path), made[name])


def test_pairs_say_it_outright(tmp_path):
    made = {"k": np.ones((2, 2)), "b": np.zeros(2, ml_dtypes.bfloat16), "other": np.ones(1)}
    pairs = [("layers/dense/vars/0", "k"), ("layers/dense/vars/1", "b"), ("vars/0", "tied")]
    write_file(
        tmp_path / "x.weights.h5",
        {name: Lazy(array.shape, array.dtype, lambda a=array: a) for name, array in made.items()},
        pairs=[*pairs, ("vars/1", "other")],
        aliases={"tied": "k"},
        metadata={"about": "this"},
    )
    with open_file(tmp_path / "x.weights.h5") as file:
        wanted = {"layers/dense/vars/0": "k", "layers/dense/vars/1": "b", "vars/0": "k", "vars/1": "other"}
        assert_reads(file, {path: made[name] for path, name in wanted.items()})
        assert file.metadata == {"about": "this"}
    for wrong, message in (
        ([*pairs, ("vars/1", "else")], "'vars/1' is to have 'else', which is no array that is given"),
        ([*pairs, ("vars/0", "other")], "two arrays are to be at 'vars/0'"),
        (pairs, "no path is given for 'other'"),
    ):
        with pytest.raises(FileFormatError, match=message):
            write_file(tmp_path / "x.weights.h5", made, pairs=wrong, aliases={"tied": "k"})


def test_what_cannot_be_told_is_explained(tmp_path):
    source = like(tmp_path / "like.weights.h5", named=False)
    made = values(source)
    out = tmp_path / "x.weights.h5"
    with pytest.raises(
        FileFormatError, match=r"'first\.kernel' is no path of Keras's\. Keras keeps an array by its "
    ):
        write_file(out, made)
    with pytest.raises(
        FileFormatError, match=r"a \.keras file has the model's configuration, which arrays do not"
    ):
        write_file(tmp_path / "x.keras", made)
    with pytest.raises(
        FileFormatError, match=r"does not tell which array belongs where: 'third' has arrays of shapes"
    ):
        write_file(
            out, {name: array for name, array in made.items() if not name.startswith("second")}, like=source
        )
    with pytest.raises(FileFormatError, match="no array is given for 'layers/dense/vars/1'"):
        write_file(
            out, {NAMES[name]: array for name, array in made.items() if name != "first.bias"}, like=source
        )
    wrong = {**{NAMES[name]: array for name, array in made.items()}, "layers/dense/vars/1": np.ones(5)}
    with pytest.raises(
        FileFormatError, match=r"of shape \(5,\) does not fit 'layers/dense/vars/1' of .* shape \(4,\)"
    ):
        write_file(out, wrong, like=source)
    named = like(tmp_path / "named.weights.h5")
    with pytest.raises(
        FileFormatError, match=r"'norm' has 3 arrays \('norm\.gamma', .*\), and 'layers/batch_norm"
    ):
        write_file(out, {name: array for name, array in made.items() if name != "norm.beta"}, like=named)
    # Two classes with the same shapes, and no names: no order says which is which.
    both = like(tmp_path / "both.weights.h5", False, {f"layers/{kind}": ("", [(2,)]) for kind in ("a", "b")})
    with pytest.raises(
        FileFormatError, match="'one' could be 'layers/a/vars', 'layers/b/vars' by its shapes"
    ):
        write_file(out, {"one.w": np.ones(2), "two.w": np.ones(2)}, like=both)
    assert not out.exists() and not any(name.startswith(".") for name in os.listdir(tmp_path))


def test_what_hdf5_cannot_hold(tmp_path):
    one = np.ones(1)
    for made, options, kind, message in (
        (
            {"a": np.ones(1, ml_dtypes.float8_e5m2)},
            {},
            DTypeError,
            "'a' is of dtype float8_e5m2; HDF5 files have",
        ),
        ({"a": np.ones(1, "g")}, {}, DTypeError, "HDF5 files have"),
        ({"a//b": one}, {}, FileFormatError, "'a//b' is no path in an HDF5 file"),
        ({"a": one, "a/b": one}, {}, FileFormatError, "'a' is an array, and would be the group of 'a/b' too"),
        (
            {"a": one},
            {"aliases": {"a/b": "a"}},
            FileFormatError,
            "'a' is an array, and would be the group of",
        ),
        ({"a": one}, {"metadata": {"k": "\0"}}, FileFormatError, "metadata are text by text"),
    ):
        with pytest.raises(kind, match=message):
            hdf5.write(tmp_path / "x.h5", made, **options)
    assert os.listdir(tmp_path) == []


def test_an_archive_keeps_all_but_the_weights(tmp_path):
    like(tmp_path / "weights.h5")
    with zipfile.ZipFile(tmp_path / "like.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0"}))
        archive.writestr("config.json", '{"class_name": "Sequential"}')
        archive.write(tmp_path / "weights.h5", "model.weights.h5", zipfile.ZIP_STORED)
        archive.writestr("assets/words.txt", "words " * 1000)
    made = values(tmp_path / "weights.h5")
    for target in ("x.keras", "like.keras"):  # another file, and the one that it is like
        write_file(tmp_path / target, made, like=tmp_path / "like.keras", metadata={"by": "us"})
        with zipfile.ZipFile(tmp_path / target) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [
                "metadata.json",
                "config.json",
                "model.weights.h5",
                "assets/words.txt",
            ]
            assert json.loads(archive.read("metadata.json")) == {"keras_version": "3.0", "by": "us"}
            assert archive.read("assets/words.txt") == b"words " * 1000
        with open_file(tmp_path / target) as file:
            assert all(same(file.read(path), made[name]) for name, path in NAMES.items())
    assert sorted(os.listdir(tmp_path)) == ["like.keras", "weights.h5", "x.keras"]


@pytest.mark.skipif(not HAS_KERAS, reason="needs Keras itself")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_keras_reads_what_we_write(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras as package

    def model():
        package.utils.clear_session()
        inner = package.Sequential(
            [package.layers.Dense(4, name="same"), package.layers.Dropout(0.5)], name="inner"
        )
        layers = [
            package.layers.Input((5, 3)),
            package.layers.Dense(4, name="z"),
            inner,
            package.layers.BatchNormalization(name="a"),
            package.layers.LSTM(4, return_sequences=True, name="lstm"),
            package.layers.Dense(4, dtype="bfloat16", name="half"),
        ]
        made = package.Sequential(layers, name="net")
        made.compile("adam", "mse")
        made.train_on_batch(np.zeros((1, 5, 3), "f4"), np.zeros((1, 5, 4), "f4"))  # builds the optimizer too
        return made

    first, second = model(), model()
    source = tmp_path / f"like{suffix}"
    (first.save if suffix == ".keras" else first.save_weights)(source)
    rng = np.random.default_rng(0)
    named = [v for v in first.variables if "seed_generator" not in v.path and "adam" not in v.path]
    made = {}
    for variable in named:
        dtype = ml_dtypes.bfloat16 if variable.dtype == "bfloat16" else variable.dtype
        made[variable.path] = rng.random(variable.shape, "f4").astype(dtype)
    assert any("same" in name for name in made) and len(made) == 13
    write_file(tmp_path / f"x{suffix}", made, like=source)
    if suffix == ".keras":
        second = package.saving.load_model(tmp_path / "x.keras")
    else:
        second.load_weights(tmp_path / "x.weights.h5")
    # Paths begin otherwise in a model that was loaded; the order is the model's.
    loaded = [v for v in second.variables if "seed_generator" not in v.path and "adam" not in v.path]
    assert [v.name for v in loaded] == [v.name for v in named]
    for variable, (name, array) in zip(loaded, made.items(), strict=True):
        found = package.ops.convert_to_numpy(package.ops.cast(variable, "float32"))
        assert same(found, array.astype("f4")), name
    # And by bare paths, with no file to look at.
    if suffix == ".weights.h5":
        with open_file(source) as file:
            plain = {path: np.asarray(file.read(path)) for path in file}
        keras.write_weights(tmp_path / "plain.weights.h5", plain)
        second.load_weights(tmp_path / "plain.weights.h5")
