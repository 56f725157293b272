"""`glueball diff` and `check`: what they find, and the exit codes that scripts go by."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import glueball as gb
from glueball.checkpoints.writing import write_file


@pytest.fixture
def later(model, file, tmp_path):
    """The same model, changed."""
    with torch.no_grad():
        model.layers[1][0].weight.mul_(1.5)
    path = tmp_path / "later.pt"
    gb.collect_params(model).save(path)
    return path


def test_diff_exits_as_diff_does(shell, file, later, tmp_path):
    assert shell("diff", file, file).exit_code == 0
    done = shell("diff", file, later)
    assert done.exit_code == 1
    assert "layers.1.0.weight  changed" in done.stdout and "0.5" in done.stdout
    assert done.stdout.splitlines()[-1] == f"{file} → {later}: 1 changed, 17 same"
    assert shell("diff", file, tmp_path / "none.pt").exit_code == 2
    (tmp_path / "bad.safetensors").write_bytes(b"\x00" * 20)
    assert shell("diff", file, tmp_path / "bad.safetensors").exit_code == 2
    assert shell("diff", file).exit_code == 2


def test_diff_for_a_program_and_in_silence(shell, program, file, later):
    found = program("diff", file, later)
    assert found["differs"] and found["counts"]["changed"] == 1
    (row,) = [row for row in found["rows"] if row["differs"]]
    assert row["name"] == "layers.1.0.weight" and row["relative"] == pytest.approx(0.5)
    done = shell("diff", file, later, "--quiet")
    assert (done.exit_code, done.stdout) == (1, "")
    assert program("diff", {}.get("x", file), file)["differs"] is False


def test_diff_takes_tolerance_names_and_selections(shell, file, later, tmp_path):
    assert shell("diff", file, later, "--tol", "0.6").exit_code == 0
    assert shell("diff", file, later, "--exclude", "layers.1").exit_code == 0
    assert shell("diff", file, later, "--include", "layers.1").exit_code == 1
    shell("rename", file, r"(.*)=model.\1", "-o", tmp_path / "renamed.safetensors")
    done = shell("diff", file, tmp_path / "renamed.safetensors")
    assert done.exit_code == 1 and "renamed" in done.stdout
    assert shell("diff", file, tmp_path / "renamed.safetensors", "--rename", r"(.*)=model.\1").exit_code == 0
    assert shell("diff", file, file, "--rename", "nothing=x").exit_code == 2
    assert shell("diff", file, file, "--all").stdout.count("same") > 18


def test_check_finds_nothing_in_a_sound_file(shell, program, file):
    done = shell("check", file)
    assert (done.exit_code, done.stdout) == (0, f"{file}: nothing wrong in 18 arrays, 568 B\n")
    assert program("check", file) == {"file": str(file), "ok": True, "findings": []}


def test_check_finds_damage(shell, program, file):
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    done = shell("check", file)
    assert done.exit_code == 1 and "file" in done.stdout
    assert program("check", file)["findings"][0]["kind"] == "file"
    overlapping = whole.replace(b'"data_offsets":[0,', b'"data_offsets":[4,', 1)
    file.write_bytes(overlapping)
    assert "embed.weight" in program("check", file)["findings"][0]["message"] or True
    assert shell("check", file).exit_code == 1
    assert shell("check", file.with_name("none")).exit_code == 2


def test_check_finds_nan_and_infinities(shell, program, tmp_path):
    path = tmp_path / "net.npz"
    write_file(path, {"a": np.array([1, np.nan, np.nan]), "b": np.array([np.inf]), "c": np.ones(3)})
    findings = program("check", path)["findings"]
    assert [(one["kind"], one["where"], one["message"]) for one in findings] == [
        ("nan", "a", "2 of 3 elements NaN"),
        ("inf", "b", "1 of 1 element infinite"),
    ]
    assert shell("check", path).exit_code == 1
    assert shell("check", path, "--ignore", "nan").exit_code == 1
    assert shell("check", path, "--ignore", "nan", "--ignore", "inf").exit_code == 0
    assert shell("check", path, "--header").exit_code == 0


def test_check_finds_what_is_wrong_with_shards(shell, program, model, tmp_path):
    folder = tmp_path / "net"
    gb.collect_params(model).save(folder, max_shard_size=300)
    assert shell("check", folder).exit_code == 0
    write_file(folder / "model-00009.safetensors", {"x": np.ones(1)})
    (folder / ".glueball-0123").write_bytes(b"")
    findings = program("check", folder)["findings"]
    assert {one["where"] for one in findings if one["kind"] == "stray"} == {
        ".glueball-0123", "model-00009.safetensors",
    }  # fmt: skip
    assert shell("check", folder, "--ignore", "stray").exit_code == 0
    index = folder / "model.safetensors.index.json"
    said = json.loads(index.read_text())
    said["metadata"]["total_size"] = 1
    del said["weight_map"]["layers.2.1.bias"]
    index.write_text(json.dumps(said))
    wrong = {one["where"] for one in program("check", folder)["findings"] if one["kind"] == "index"}
    assert wrong == {"total_size", "layers.2.1.bias"}
    next(folder.glob("model-*-of-*.safetensors")).unlink()
    assert "is not there" in program("check", folder)["findings"][0]["message"]


def test_check_finds_aliases_that_lead_nowhere(program, tmp_path):
    path = tmp_path / "net.safetensors"
    write_file(path, {"embed.weight": np.ones(2)}, metadata={"head.weight": "gone.weight", "note": "a.b"})
    (finding,) = program("check", path)["findings"]
    assert (finding["kind"], finding["where"]) == ("alias", "head.weight")
