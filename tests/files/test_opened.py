"""Opened files as parameters: found, shown and selected as a model's are, read by parts, never edited."""

from __future__ import annotations

import re
import tracemalloc

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import torch
from torch import nn

import glueball as gb
from glueball.checkpoints.params import write as write_params
from glueball.checkpoints.sparse import RowSparse
from models import TiedLanguageModel, mlp


@pytest.fixture
def tied(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "net.safetensors", metadata={"epoch": "3"})
    return net, gb.open(tmp_path / "net.safetensors")


def test_it_is_found_and_selected_as_in_a_model(tied):
    net, params = tied
    model = gb.collect_params(net)
    assert params.names() == model.names()
    assert params["head.weight"] is params["embed.weight"] is params.embed["weight"]
    assert params["head.weight"].slots == model["head.weight"].slots
    assert params.select("head").names() == ["embed.weight"]
    assert (params - params.select(".*weight")).names() == ["norm.bias"]
    assert params[1].names() == ["norm.weight", "norm.bias"]
    assert params.select(lambda p: p.ndim == 1).names() == ["norm.weight", "norm.bias"]
    with pytest.raises(gb.NothingSelectedError, match=r'Write ".\*bias"|Write ".*bias'):
        params.select("bias")


def test_it_prints_as_a_table_without_what_files_have_not(tied):
    _, params = tied
    text = str(params)
    assert "trainable" not in text and "device" not in text and "tied with head.weight" in text
    assert text.splitlines()[-1] == "3 parameters, 48 elements, 192 B"
    assert repr(params["norm.bias"]) == "Parameter norm.bias (shape=(4,), dtype=float32, device=file)"
    assert params["norm.bias"].dtype == np.float32 and not params["norm.bias"].trainable
    assert params.metadata == {"format": "pt", "epoch": "3"}


def test_parts_are_read_without_the_rest(tied, monkeypatch):
    net, params = tied
    array = params["head.weight"].data()
    wanted = net.embed.weight.detach().numpy()
    whole = type(array).view

    def never(self):
        raise AssertionError("the whole was read")

    monkeypatch.setattr(type(array), "view", never)
    for key in (2, -1, slice(2, 5), (slice(1, None, 2), 0), (..., slice(None, None, -1)), (3, 3)):
        assert np.array_equal(array[key], wanted[key])
    assert np.array_equal(np.stack(list(array)), wanted)
    monkeypatch.setattr(type(array), "view", whole)
    assert np.array_equal(array[np.array([1, 1])], wanted[[1, 1]])
    assert np.array_equal(array[wanted > 0], wanted[wanted > 0])
    assert (array.shape, array.ndim, array.size, array.nbytes, len(array)) == ((10, 4), 2, 40, 160, 10)


def test_a_large_file_is_not_read_when_opened(tmp_path):
    # A file with a hole of 16 GiB: whoever reads it all takes minutes.
    import json

    header = json.dumps({"big": {"dtype": "F32", "shape": [4, 1 << 30], "data_offsets": [0, 1 << 34]}})
    with open(tmp_path / "big.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        file.truncate(8 + len(header) + (1 << 34))
    params = gb.open(tmp_path / "big.safetensors")
    assert params["big"].size == 1 << 32 and "16.0 GiB" in str(params)
    assert params["big"].data()[3, 5:8].tolist() == [0, 0, 0]


def test_numpy_computes_with_it(tied):
    net, params = tied
    array, wanted = params["norm.weight"].data(), net.norm.weight.detach().numpy()
    assert np.array_equal(array + 1, wanted + 1) and np.array_equal(2 * array, 2 * wanted)
    assert np.add.reduce(array) == wanted.sum() and np.asarray(array).dtype == np.float32
    assert np.array_equal(np.asarray(array, np.float64), wanted)
    numpy = params["norm.weight"].numpy()
    numpy += 1  # a copy
    assert np.array_equal(params["norm.weight"].numpy(), wanted)


EDITS = [
    lambda p: p["norm.bias"].set_data(1),
    lambda p: p["norm.bias"].data().__setitem__(0, 1),
    lambda p: np.add(p["norm.bias"].data(), 1, out=p["norm.bias"].data()),
    lambda p: p.initialize(0),
    lambda p: p.plan("xavier"),
    lambda p: p.cast("float16"),
    lambda p: p.to("cpu"),
    lambda p: p.freeze(),
    lambda p: p.unfreeze("norm"),
    lambda p: p.apply(lambda values: values),
    lambda p: p.tie("norm.weight", "norm.bias"),
    lambda p: p.untie("head.weight"),
    lambda p: p.load(p),
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_refused_in_the_same_words(tied, edit):
    with pytest.raises(gb.ReadOnlyError, match=r"lies in a file that was opened.*\.load\(params\)") as error:
        edit(tied[1])
    assert isinstance(error.value, ValueError)


def test_names_with_slashes_are_paths_too(tmp_path):
    arrays = {f"layers/dense_{i}/vars/{j}": np.full(2, i + j, "f4") for i in range(2) for j in range(2)}
    safetensors.numpy.save_file(arrays, tmp_path / "net.safetensors")
    params = gb.open(tmp_path / "net.safetensors")
    assert set(params) == set(arrays)
    assert params.select("layers/dense_1").names() == ["layers/dense_1/vars/0", "layers/dense_1/vars/1"]
    assert params["layers"]["dense_1"]["vars"]["1"] is params["layers/dense_1/vars/1"]
    assert params["layers.dense_1.vars.1"].name == "layers/dense_1/vars/1"
    gb.open(tmp_path / "net.safetensors").save(tmp_path / "again.safetensors")
    assert set(safetensors.numpy.load_file(tmp_path / "again.safetensors")) == set(arrays)


ODD = ["a", "a.b", "a/b", ".a", "/a", "a.", "a..b", ".", "..", "a.b.c", "a/b.c", "é.ü", "0", "0.0", " "]


def test_odd_names_are_all_there(tmp_path):
    arrays = {name: np.full(1, at, "f4") for at, name in enumerate(ODD)}
    safetensors.numpy.save_file(arrays, tmp_path / "odd.safetensors")
    params = gb.open(tmp_path / "odd.safetensors")
    assert sorted(params) == sorted(ODD) and "odd" not in str(params)
    for name, array in arrays.items():
        assert params[name].name == name and params[name].numpy() == array
        assert params.select(re.compile(re.escape(name))).names()


def test_interleaved_names_are_grouped_by_layer(tmp_path):
    names = ["b.0.w", "a.w", "b.1.w", "a.b", "b.w", "b.0.b"]
    safetensors.numpy.save_file({name: np.zeros(1) for name in names}, tmp_path / "x.safetensors")
    params = gb.open(tmp_path / "x.safetensors")
    assert sorted(params) == sorted(names)
    for layer in ("a", "b", "b.0"):
        wanted = {name for name in names if name.startswith(layer + ".")}
        assert set(params.select(layer)) == set(params[layer]) == wanted


@pytest.mark.parametrize("suffix", ["safetensors", "pt", "npz"])
def test_every_format_opens_the_same(tmp_path, suffix):
    net = mlp()
    gb.collect_params(net).save(tmp_path / f"net.{suffix}")
    params = gb.open(tmp_path / f"net.{suffix}")
    assert params.names() == list(net.state_dict())
    for name, tensor in net.state_dict().items():
        assert np.array_equal(params[name].numpy(), tensor.numpy())
        assert np.array_equal(params[name].data()[..., 0], tensor.numpy()[..., 0])


def test_sparse_arrays_are_dense_when_they_are_looked_at(tmp_path):
    rows = RowSparse(np.ones((1, 2), "f4"), np.array([1]), (3, 2))
    write_params(tmp_path / "x.params", {"weight": rows})
    array = gb.open(tmp_path / "x.params")["weight"]
    assert array.shape == (3, 2) and array.data()[1].tolist() == [1, 1]
    assert array.numpy().sum() == 2


def test_bfloat16_and_float8_by_ml_dtypes(tmp_path):
    net = nn.ParameterDict({"small": torch.ones(2, dtype=torch.bfloat16)})
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    parameter = gb.open(tmp_path / "x.safetensors")["small"]
    assert parameter.dtype == ml_dtypes.bfloat16 and parameter.numpy().dtype == ml_dtypes.bfloat16


def test_a_file_that_is_none_says_so(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"what")
    with pytest.raises(gb.FileFormatError, match="no format that is known here"):
        gb.open(tmp_path / "x.safetensors")
    with pytest.raises(FileNotFoundError):
        gb.open(tmp_path / "y.safetensors")


def test_refresh_and_two_openings(tied, tmp_path):
    _, params = tied
    part = params.select("norm")
    weight = params["norm.weight"]
    assert params.refresh() is params and part.names() == ["norm.weight", "norm.bias"]
    assert params["norm.weight"] is weight and weight.numpy().shape == (4,)
    with pytest.raises(gb.PatternError, match="two models"):
        _ = params | gb.open(tmp_path / "net.safetensors")


def test_twenty_thousand_arrays(tmp_path):
    names = [f"layers.{i // 10}.block{i % 10}.weight" for i in range(20_000)]
    safetensors.numpy.save_file(dict.fromkeys(names, np.zeros(4, "f4")), tmp_path / "many.safetensors")
    params = gb.open(tmp_path / "many.safetensors")
    assert len(params) == 20_000
    assert "layers.{0..1999}.block{0..9}.weight" in str(params)
    assert params["layers.7.block3.weight"].size == 4


def test_a_name_of_many_parts_takes_no_memory_by_its_square(tmp_path):
    name = "x." * 20_000 + "w"  # the paths of its layers would be 400 MB
    safetensors.numpy.save_file({name: np.ones(1), "x.x.w": np.ones(2)}, tmp_path / "x.safetensors")
    tracemalloc.start()
    try:
        params = gb.open(tmp_path / "x.safetensors")
        assert params[name].numpy().tolist() == [1] and params.select("x.x").names() == ["x.x.w"]
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    params.save(tmp_path / "y.npz")
    assert set(gb.open(tmp_path / "y.npz").names()) == {name, "x.x.w"}


def test_names_with_slashes_and_names_that_are_not_there_are_looked_up_at_once(tmp_path, monkeypatch):
    names = [f"layers/dense_{i}/vars/0" for i in range(50)]
    safetensors.numpy.save_file({name: np.ones(1) for name in names}, tmp_path / "x.safetensors")
    monkeypatch.setattr("glueball.checkpoints.base.nearest", lambda *_: pytest.fail("it looked for names"))
    params = gb.open(tmp_path / "x.safetensors")
    assert set(params.names()) == set(names) and "layers/dense_9" not in params.root.file
