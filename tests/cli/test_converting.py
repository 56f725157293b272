"""`glueball convert`, `rename` and `set-metadata`: what they write is read back, by other readers too."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch

import glueball as gb


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".npz", ".params"])
def test_convert_keeps_every_array_in_every_format(shell, file, tmp_path, suffix):
    path = tmp_path / f"other{suffix}"
    arguments = ["convert", file, path]
    if suffix == ".params":  # which has no scalars in MXNet's usual version
        arguments += ["--exclude", r".*\.num_batches_tracked"]
    done = shell(*arguments)
    assert done.exit_code == 0, done.output
    back = tmp_path / "back.safetensors"
    assert shell("convert", path, back).exit_code == 0
    found = gb.diff(file, back)
    assert not [row for row in found if row.status not in ("same", "retied", "removed")]
    assert len(found.only("removed")) == (suffix == ".params")


def test_convert_is_read_by_torch_with_its_ties(shell, file, model, tmp_path):
    shell("convert", file, tmp_path / "net.pt")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    assert set(state) == set(model.state_dict())
    assert state["embed.weight"].data_ptr() == state["head.weight"].data_ptr()
    for name, tensor in model.state_dict().items():
        assert torch.equal(state[name], tensor)


def test_convert_selects_renames_and_casts(shell, program, file, tmp_path):
    path = tmp_path / "some.safetensors"
    done = shell("convert", file, path, "--include", "layers", "--include", "norm", "--exclude", "layers.2",
                 "--rename", r"layers\.(\d+)=>h.\1", "--dtype", "bfloat16")  # fmt: skip
    assert done.exit_code == 0
    dtypes = {name: str(tensor.dtype) for name, tensor in safetensors.torch.load_file(path).items()}
    assert set(dtypes) == {
        *(f"h.{i}.{j}.{part}" for i in (0, 1) for j in (0, 1) for part in ("weight", "bias")),
        *(f"norm.{part}" for part in ("weight", "bias", "running_mean", "running_var")),
        "norm.num_batches_tracked",
    }  # fmt: skip
    assert dtypes.pop("norm.num_batches_tracked") == "torch.int64"
    assert set(dtypes.values()) == {"torch.bfloat16"}
    assert program("show", path)["metadata"]["epoch"] == "3"


def test_convert_into_shards_and_back(shell, file, tmp_path):
    done = shell("convert", file, f"{tmp_path}/shards/", "--max-shard-size", "200B")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    assert shell("diff", file, tmp_path / "shards").exit_code == 0
    copies = tmp_path / "copies.safetensors"
    assert shell("convert", file, copies, "--copies").exit_code == 0
    assert "head.weight" in safetensors.torch.load_file(copies)


def test_convert_says_what_is_lost(shell, file, tmp_path):
    assert "not in" not in shell("convert", file, tmp_path / "a.safetensors").stderr
    assert "2 rows of metadata: format, epoch" in shell("convert", file, tmp_path / "a.npz").stderr
    torch.save({"w": torch.full((2,), 1e6), "epoch": 4}, tmp_path / "train.pt")
    done = shell("convert", tmp_path / "train.pt", tmp_path / "b.safetensors", "--dtype", "float16")
    assert "1 thing besides arrays: epoch" in done.stderr
    assert "'w' has values beyond float16" in done.stderr


def test_convert_to_keras_needs_a_file_that_is_like_it(shell, file, tmp_path):
    pytest.importorskip("h5py")
    done = shell("convert", file, tmp_path / "net.weights.h5")
    assert done.exit_code == 2 and "like" in done.stderr


def test_convert_between_standard_streams(shell, file):
    done = shell("convert", "-", "-", "--format", "npz", input=file.read_bytes())
    assert done.exit_code == 0 and done.stdout_bytes[:2] == b"PK"
    assert shell("convert", "-", "-", input=file.read_bytes()).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "{}", "out.unknown"),
        ("convert", "{}", "out.pt", "--include", "wieght"),
        ("convert", "{}", "out.pt", "--dtype", "int8"),
        ("convert", "{}", "out.pt", "--rename", ".*=x"),
        ("convert", "{}", "out.pt", "--rename", "nothing"),
        ("convert", "{}", "out.pt", "--exclude", ".*"),
        ("rename", "{}", "nothing=x"),
        ("rename", "{}"),
        ("rename", "{}", "embed=e", "--in-place", "-o", "x"),
        ("set-metadata", "{}"),
        ("set-metadata", "{}", "novalue"),
        ("set-metadata", "{}", "--remove", "nothing"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(shell, file, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = shell(*(str(file) if one == "{}" else one for one in arguments))
    assert done.exit_code == 2 and "Error: " in done.stderr and "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_rename_writes_a_new_file_or_the_header_alone(shell, program, file):
    done = shell("rename", file, "embed=emb", "layers=h")
    assert done.exit_code == 0 and "net.renamed.safetensors: 13 names changed" in done.stderr
    new = file.with_name("net.renamed.safetensors")
    arrays = program("show", new)["arrays"]
    assert arrays[0]["names"] == ["emb.weight", "head.weight"]
    assert not gb.diff(file, new, rename={"embed": "emb", "layers": "h"})
    size, data = file.stat().st_size, file.read_bytes()[-568:]
    assert shell("rename", file, "embed=emb", "--in-place").exit_code == 0
    assert (file.stat().st_size, file.read_bytes()[-568:]) == (size, data)
    assert "emb.weight" in safetensors.torch.load_file(file)


def test_rename_takes_rules_from_a_file_and_leaves_names_out(shell, file, tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps({"layers": "h", "norm": None}))
    assert shell("rename", file, f"@{tmp_path}/rules.json", "-o", tmp_path / "x.safetensors").exit_code == 0
    found = safetensors.torch.load_file(tmp_path / "x.safetensors")
    assert "h.0.0.weight" in found and not any(name.startswith("norm") for name in found)
    done = shell("rename", file, f"@{tmp_path}/rules.json", "--in-place")
    assert done.exit_code == 2 and "left out in place" in done.stderr
    (tmp_path / "rules.json").write_text("[1]")
    assert "rules are an object" in shell("rename", file, f"@{tmp_path}/rules.json").stderr


def test_rename_in_other_formats_and_shards_writes_anew(shell, file, tmp_path):
    shell("convert", file, tmp_path / "net.pt")
    assert shell("rename", tmp_path / "net.pt", "embed=emb").exit_code == 0
    state = torch.load(tmp_path / "net.renamed.pt", weights_only=True)
    assert "emb.weight" in state
    done = shell("rename", tmp_path / "net.pt", "embed=emb", "--in-place")
    assert done.exit_code == 2 and "is a pytorch file: only the header" in done.stderr
    shell("convert", file, f"{tmp_path}/shards/", "--max-shard-size", "200B")
    assert shell("rename", tmp_path / "shards", "embed=emb").exit_code == 2
    assert shell("rename", tmp_path / "shards", "embed=emb", "-o", tmp_path / "y.safetensors").exit_code == 0


def test_set_metadata_writes_a_new_file_or_the_header_alone(shell, program, file, tmp_path):
    assert shell("set-metadata", file, "epoch=4", "note=a=b").exit_code == 0
    new = program("show", file.with_name("net.edited.safetensors"))["metadata"]
    assert new["epoch"] == "4" and new["note"] == "a=b" and new["format"] == "pt"
    assert shell("set-metadata", file, "epoch=5", "--remove", "format", "--in-place").exit_code == 0
    assert program("show", file)["metadata"] == {"epoch": "5"}
    assert not gb.diff(file, file.with_name("net.edited.safetensors"))
    shell("convert", file, tmp_path / "net.npz")
    assert "is a npz file: metadata are set" in shell("set-metadata", tmp_path / "net.npz", "a=b").stderr
    assert np.load(tmp_path / "net.npz")["embed.weight"].shape == (10, 4)
