"""`glueball show`, `stats` and `report`: what they print of every format, for people and programs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import glueball as gb
from glueball.checkpoints.writing import write_file


def test_show_prints_names_shapes_dtypes_bytes_ties_and_totals(shell, file):
    done = shell("show", file)
    assert done.exit_code == 0
    assert [line.rstrip() for line in done.stdout.splitlines()][:6] == [
        " name                      shape    dtype    count  bytes",
        " ───────────────────────────────────────────────────────────────────────────────",
        " embed.weight              (10, 4)  float32     40  160 B  tied with head.weight",
        " layers.0.0.weight         (4, 4)   float32     16   64 B",
        " layers.0.0.bias           (4,)     float32      4   16 B",
        " layers.0.1.weight         (4,)     float32      4   16 B",
    ]
    assert (
        "net.safetensors (safetensors): 18 arrays, 141 elements, 568 B, 1 other name by ties" in done.stdout
    )
    assert "epoch: 3" in done.stdout


def test_show_folds_a_large_file_and_takes_patterns(shell, tmp_path):
    arrays = {f"h.{i}.{part}": np.zeros((2, 3), "f4") for i in range(30) for part in ("w", "b")}
    write_file(tmp_path / "big.safetensors", arrays)
    text = shell("show", tmp_path / "big.safetensors").stdout
    assert "h.{0..29}.w" in text and "30 × 6" in text and "720 B" in text
    assert len(shell("show", tmp_path / "big.safetensors", "--all").stdout.splitlines()) > 60
    some = shell("show", tmp_path / "big.safetensors", r"h\.[12]\.w").stdout
    assert "h.1.w" in some and "h.2.w" in some and "h.1.b" not in some and "2 arrays" in some
    assert "h.7.b" in shell("show", tmp_path / "big.safetensors", "h.7").stdout


def test_show_draws_a_tree_with_totals(shell, file):
    text = shell("show", file, "--tree").stdout
    assert "├─ embed" in text and "│  └─ {0..2}" in text and "3 × 28" in text and "└─ weight" in text
    assert "│  ├─ 1" in shell("show", file, "--tree", "--all").stdout


def test_show_is_the_same_for_a_program(program, file):
    found = program("show", file)
    assert found["format"] == "safetensors" and found["metadata"]["epoch"] == "3"
    assert found["file"] == str(file)
    assert found["arrays"][0] == {
        "name": "embed.weight", "shape": [10, 4], "dtype": "float32", "bytes": 160,
        "names": ["embed.weight", "head.weight"], "storage": "default", "file": str(file),
    }  # fmt: skip
    assert found["count"] == sum(int(np.prod(one["shape"])) for one in found["arrays"])


def test_show_reads_no_array(shell, tmp_path):
    """A file of a hundred gigabytes, all of them a hole."""
    header = b'{"w":{"dtype":"F32","shape":[25000000000],"data_offsets":[0,100000000000]}}'
    path = tmp_path / "huge.safetensors"
    with open(path, "wb") as out:
        out.write(len(header).to_bytes(8, "little") + header)
        out.truncate(8 + len(header) + 100_000_000_000)
    assert "25,000,000,000" in shell("show", path).stdout


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".params", ".weights.h5"])
def test_show_and_stats_know_every_format(shell, program, tmp_path, suffix):
    if suffix == ".weights.h5":
        pytest.importorskip("h5py")
    path = tmp_path / f"net{suffix}"
    arrays = {"a.weight": np.arange(6.0).reshape(2, 3).astype("f4"), "a.bias": np.zeros(2, "f4")}
    options = {"pairs": [("layers/a/vars/0", "a.weight"), ("layers/a/vars/1", "a.bias")]}
    write_file(path, arrays, **(options if suffix == ".weights.h5" else {}))
    assert shell("show", path).exit_code == 0
    found = program("stats", path)["arrays"]
    assert sorted(one["max"] for one in found) == [0, 5]
    assert {tuple(one["shape"]) for one in program("show", path)["arrays"]} == {(2, 3), (2,)}


def test_what_is_in_a_trainers_file_besides_arrays_is_listed(shell, program, tmp_path):
    torch.save({"model": {"w": torch.ones(2)}, "epoch": 4, "note": "x"}, tmp_path / "train.pt")
    assert "besides: epoch, note" in shell("show", tmp_path / "train.pt").stdout
    assert "epoch: 4" in shell("show", tmp_path / "train.pt", "--metadata").stdout
    assert program("show", tmp_path / "train.pt")["other"]["epoch"]


def test_stats_prints_numbers_and_a_histogram(shell, program, file, model):
    with torch.no_grad():
        model.layers[0][0].bias[0] = float("nan")
    gb.collect_params(model).save(file)
    text = shell("stats", file, "layers.0").stdout
    assert "histogram" in text and "█" in text and "not finite: layers.0.0.bias" in text
    found = {one["name"]: one for one in program("stats", file)["arrays"]}
    assert found["layers.0.0.bias"]["nan"] == 1
    weight = model.layers[1][0].weight.detach().double()
    assert found["layers.1.0.weight"]["std"] == pytest.approx(weight.std(correction=0).item())
    assert sum(found["layers.1.0.weight"]["histogram"]["counts"]) == 16
    assert found["layers.1.0.weight"]["quantiles"]["0.5"] == pytest.approx(weight.quantile(0.5).item())
    order = [one["norm"] for one in program("stats", file, "--sort", "norm")["arrays"]]
    assert order == sorted(order, reverse=True)
    more = program("stats", file, "embed", "--quantile", "0.9", "--rank")["arrays"][0]
    assert more["q0.9"] == pytest.approx(model.embed.weight.detach().double().quantile(0.9).item())
    assert 1 <= more["rank"] <= 4


def test_numbers_that_json_has_not_are_written_so_that_it_has(program, tmp_path):
    arrays = {"nan": np.full(2, np.nan), "waves": np.array([1 + 2j]).astype("c8")}
    write_file(tmp_path / "odd.safetensors", arrays)
    found = {one["name"]: one for one in program("stats", tmp_path / "odd.safetensors")["arrays"]}
    assert found["nan"]["mean"] is None and found["nan"]["nan"] == 2
    assert found["waves"]["mean"] == [1, 2]


def test_report_writes_a_page(shell, file, tmp_path):
    done = shell("report", file, "-o", tmp_path / "net.html")
    assert done.exit_code == 0
    page = (tmp_path / "net.html").read_text("utf-8")
    assert "embed.weight" in page and page.lstrip().lower().startswith("<!doctype html")
    assert shell("report", file, file, "-o", tmp_path / "two.html").exit_code == 0
