"""Statistics of a model's parameters: what the table has, in which order, and what it says without values."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from io import StringIO

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp
from processes import in_processes


def trained():
    """A network with gradients, one of which is NaN."""
    torch.manual_seed(0)
    net = mlp()
    net(torch.randn(5, 4)).sum().backward()
    net[0].weight.grad[0, 0] = float("nan")
    net[2].bias.requires_grad_(False)
    net[2].bias.grad = None
    return net


def test_each_row_is_what_torch_says():
    net = trained()
    stats = gb.collect_params(net).stats()
    assert [row.name for row in stats] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for row, (name, tensor) in zip(stats, net.named_parameters(), strict=True):
        assert (row.name, row.shape, row.dtype) == (name, tuple(tensor.shape), "float32")
        wide = tensor.detach().double()
        assert row.data.mean == pytest.approx(wide.mean().item())
        assert row.data.std == pytest.approx(wide.std(correction=0).item())
        assert row.data.norm == pytest.approx(wide.norm().item())
        if tensor.grad is None:
            assert row.grad is None
        else:
            grad = tensor.grad.double()
            grad = grad[grad.isfinite()]
            assert row.grad.norm == pytest.approx(grad.norm().item())
    assert stats["0.weight"].grad.nan == 1
    assert gb.collect_params(net).stats(grad=False)["0.weight"].grad is None


def test_a_table_sorts_by_any_number_and_puts_what_has_none_last():
    params = gb.collect_params(trained())
    stats = params.stats()
    norms = [row.grad.norm if row.grad else -1 for row in stats.sort("grad_norm")]
    assert norms == sorted(norms, reverse=True)
    assert stats.sort("grad_norm")[-1].name == "2.bias"
    assert stats.sort("grad_norm", descending=False)[-1].name == "2.bias"
    assert [row.name for row in stats.sort("size")] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [row.name for row in stats.sort("name")] == ["0.bias", "0.weight", "2.bias", "2.weight"]
    upper = [np.nanquantile(params[row.name].numpy(), 0.9) for row in stats.sort("q0.9")]
    assert upper == sorted(upper, reverse=True)
    assert stats.sort("min")[0].data.min == max(row.data.min for row in stats)
    with pytest.raises(gb.MeasureError, match="no column 'grad_nrm'; nearest: grad_norm"):
        stats.sort("grad_nrm")
    with pytest.raises(gb.MeasureError, match=r"no row '0\.wieght'; nearest: 0\.weight"):
        stats["0.wieght"]
    assert [row.name for row in stats[1:3]] == ["0.bias", "2.weight"]


def test_a_printed_table_has_every_number_and_the_histogram():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[-1.0, 0], [0, 1]]))
        net[0].bias.copy_(torch.tensor([float("inf"), 2]))
        net[1].weight.zero_()
        net[1].bias.fill_(0.5)
    assert [line.rstrip() for line in repr(gb.collect_params(net).stats()).split("\n")] == [
        " name      shape   dtype    min  max  mean     std   norm  zeros  ∞  histogram",
        " ────────────────────────────────────────────────────────────────────────────────────",
        " 0.weight  (2, 2)  float32   -1    1     0  0.7071  1.414  50.0%     ▄       █      ▄",
        " 0.bias    (2,)    float32    2    2     2       0      2         1          █",
        " 1.weight  (1, 2)  float32    0    0     0       0      0   100%             █",
        " 1.bias    (1,)    float32  0.5  0.5   0.5       0    0.5                    █",
        "",
        "4 parameters, 9 elements measured",
        "not finite: 0.bias",
    ]


@pytest.mark.parametrize("width", [50, 80, 120, 300])
def test_a_narrow_terminal_says_what_it_has_no_room_for(width):
    console = Console(file=StringIO(), width=width)
    console.print(gb.collect_params(trained()).stats())
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    for name in ("0.weight", "std", "grad norm"):
        assert name in text
    assert ("no room for" in text) == (width < 200)
    assert "…" not in text


def test_what_has_no_values_is_shown_as_such():
    with gb.meta():
        net = nn.Sequential(nn.Linear(3, 3), nn.LazyLinear(2))
    net.append(nn.Linear(2, 2))
    stats = gb.collect_params(net).stats(quantiles=[0.5], rank=True)
    assert stats["0.weight"].data is None and stats["0.weight"].note == "it lies on the meta device"
    assert stats["1.weight"].note == "its layer has not run" and stats["1.weight"].shape == (2, None)
    assert stats["2.weight"].data.count == 4
    assert {row.name for row in stats.sort("norm")[:2]} == {"2.weight", "2.bias"}
    assert "its layer has not run" in repr(stats)
    assert stats.to_pandas().shape[0] == 6
    with pytest.raises(gb.DeferredError, match=r"'0\.weight' cannot be measured: it lies on the meta"):
        gb.collect_params(net)["0.weight"].stats()


def test_an_empty_selection_is_an_empty_table():
    stats = gb.collect_params(mlp()).select("none", allow_empty=True).stats()
    assert list(stats) == [] and "0 parameters, 0 elements measured" in repr(stats)
    assert stats._repr_html_() and stats.to_pandas().empty


def test_dtypes_layouts_and_ties():
    net = nn.Module()
    net.brief = nn.Parameter(torch.randn(9, 3).bfloat16())
    net.eight = nn.Parameter(torch.ones(4).to(torch.float8_e4m3fn), requires_grad=False)
    net.turned = nn.Parameter(torch.randn(5, 7).T)
    net.some = nn.Parameter(torch.randn(6, 6)[::2, 1:4])
    net.waves = nn.Parameter(torch.tensor([3 + 4j, 0]))
    net.turned_waves = nn.Parameter(torch.tensor([3 + 4j, 0]).conj(), requires_grad=False)
    net.one = nn.Parameter(torch.tensor(7.0))
    net.none = nn.Parameter(torch.empty(0, 3))
    net.register_buffer("whole", torch.arange(5))
    net.register_buffer("flag", torch.tensor([True, False]))
    params = gb.collect_params(net, buffers=True)
    stats = params.stats()
    for name, parameter in params.items():
        x = parameter.numpy()
        found = stats[name].data
        assert (found.dtype, found.count) == (x.dtype.name, x.size)
        if x.size:
            assert found.norm == pytest.approx(float(np.linalg.norm(x.astype(complex))))
            assert parameter.stats().norm == found.norm
    assert stats["waves"].data.mean == 1.5 + 2j
    assert stats["turned_waves"].data.mean == 1.5 - 2j
    assert stats["whole"].data.max == 4 and stats["flag"].data.mean == 0.5
    assert len(gb.collect_params(TiedLanguageModel()).stats()) == 3


def test_a_sparse_gradient_counts_its_zeros():
    embedding = nn.Embedding(10, 2, sparse=True)
    embedding(torch.tensor([1, 1, 3])).sum().backward()
    row = gb.collect_params(embedding).stats()["weight"]
    assert row.grad.zeros == 16 and row.grad.max == 2


def test_what_numpy_cannot_read_is_told_in_its_row():
    net = nn.Module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says once in a process that it is deprecated
        packed = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
    net.register_buffer("packed", packed)
    net.register_parameter("w", nn.Parameter(torch.ones(2)))
    params = gb.collect_params(net, buffers=True)
    stats = params.stats()
    assert stats["packed"].data is None and stats["w"].data.count == 2
    assert stats["packed"].note == "a Tensor of torch.qint8 cannot be read element by element"
    with pytest.raises(gb.DTypeError, match="'packed' cannot be measured"):
        params["packed"].stats()


def test_quantiles_and_rank_on_request():
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 8, 3)
    one = gb.collect_params(layer).stats(quantiles=0.5)[0].data
    assert one.exact == {0.5: one.median} == gb.collect_params(layer)["weight"].stats(quantiles=0.5).exact
    stats = gb.collect_params(layer).stats(quantiles=[0.1, 0.9], rank=True)
    wide = layer.weight.detach().double()
    assert stats["weight"].data.quantile(0.1) == pytest.approx(wide.quantile(0.1).item(), rel=1e-12)
    shares = torch.linalg.svdvals(wide.reshape(8, -1))
    shares = shares / shares.sum()
    assert stats["weight"].data.rank == pytest.approx(torch.exp(-(shares * shares.log()).sum()).item())
    assert stats["bias"].data.rank is None
    assert re.search(r"q0\.1 +q0\.9 +rank", repr(stats))
    frame = stats.to_pandas()
    assert list(frame["q0.9"]) == [stats["weight"].data.quantile(0.9), stats["bias"].data.quantile(0.9)]
    turned = nn.Parameter(torch.randn(4, 9).T)
    net = nn.ParameterList([turned])
    matrix = turned.detach().double()
    shares = torch.linalg.svdvals(matrix) / torch.linalg.svdvals(matrix).sum()
    expected = torch.exp(-(shares * shares.log()).sum()).item()
    assert gb.collect_params(net)["0"].stats(rank=True).rank == pytest.approx(expected)


def test_statistics_change_nothing_and_follow_edits():
    net = mlp()
    params = gb.collect_params(net)
    versions = [tensor._version for tensor in net.parameters()]
    before = [tensor.detach().clone() for tensor in net.parameters()]
    first = params.stats()["0.bias"].data.mean
    assert [tensor._version for tensor in net.parameters()] == versions
    assert all(map(torch.equal, net.parameters(), before))
    params["0.bias"].data()[:] += 1
    assert params.stats()["0.bias"].data.mean == pytest.approx(first + 1)


def test_a_notebook_gets_every_name_escaped():
    net = nn.Module()
    net.register_parameter("<script>", nn.Parameter(torch.ones(2)))
    html = gb.collect_params(net).stats()._repr_html_()
    assert "&lt;script&gt;" in html and "<script>" not in html


def test_an_opened_file_is_measured_without_torch(tmp_path):
    net = trained()
    path = tmp_path / "net.safetensors"
    gb.collect_params(net).save(path)
    code = (
        "import sys, glueball as gb\n"
        f"stats = gb.open({str(path)!r}).stats()\n"
        "print(stats['0.weight'].data.norm, 'torch' in sys.modules, 'numba' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    norm, *loaded = done.stdout.split()
    assert float(norm) == pytest.approx(net[0].weight.double().norm().item())
    assert loaded == ["False", "False"]


def measured_in_parts(rank, count):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (count,))
    layer = nn.Linear(3, 8)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(24.0).reshape(8, 3))
    layer.weight = nn.Parameter(distribute_tensor(layer.weight.detach(), mesh, [Shard(0)]))
    row = gb.collect_params(layer).stats()["weight"]
    assert row.shape == (8, 3) and row.note == "this process's part, (4, 3)"
    assert (row.data.min, row.data.max) == (12 * rank, 12 * rank + 11)
    before = gb.collect_params(layer).snapshot()
    assert before["weight"].shape == (8, 3)
    assert not gb.diff(before, layer)


def test_a_sharded_parameter_is_measured_in_each_process_part(tmp_path):
    in_processes(measured_in_parts, 2, tmp_path)
