"""The log as a table, as files, pictures and streams; the live line; other people's training loops."""

from __future__ import annotations

import json
import math
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from glueball.watch.log import COLUMNS, LogRow
from models import mlp

X = torch.linspace(-1, 1, 24).reshape(6, 4)


def train(net, steps=5, **options):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    with gb.watch(net, optimizer=optimizer, **{"every": 2, "on": None, **options}) as log:
        for _ in range(steps):
            net(X).pow(2).mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    return log


@pytest.fixture
def log():
    """Three close looks at a network with a frozen part and a NaN in the second."""
    torch.manual_seed(0)
    net = mlp()
    net[0].bias.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-3)
    with gb.watch(net, optimizer=optimizer, every=2, on=None) as log:
        for step in range(5):
            if step == 2:
                net[0].bias.data[0] = math.nan
            (net(X) if step < 2 else net[2](torch.ones(8))).pow(2).mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    return log


def test_rows_columns_and_names(log):
    assert log.names() == ["0.weight", "0.bias", "2.weight", "2.bias"] and log.steps() == [1, 3, 5]
    assert len(log) == 12 and list(map(str, log)) == list(map(str, log.rows))
    assert tuple(LogRow._fields[2:-1]) == COLUMNS
    norms = log.column("grad_norm")
    assert norms.shape == (3, 4) and np.isnan(norms[:, 1]).all()
    assert norms[0, 2] == log["2.weight"][0].grad_norm
    with pytest.raises(gb.NameNotFoundError, match="no column 'gradnorm': it has norm"):
        log.column("gradnorm")
    with pytest.raises(gb.NameNotFoundError, match=r"no parameter '0.wieght'; nearest: 0.weight"):
        log["0.wieght"]


def test_what_there_is_not_differs_from_nan(log):
    first, second, _ = log["0.bias"]
    assert first.grad_norm is None and math.isnan(second.norm) and second.update is None


def test_it_prints(log):
    text = str(log)
    assert "step 5, the last of 3 steps looked at" in text and "step 3: NaN or infinity in the values" in text
    assert text.splitlines()[0].split() == [
        "name", "norm", "std", "max", "zeros", "grad", "norm", "grad", "max", "grad", "zeros", "update"
    ]  # fmt: skip
    assert "frozen" in text and "<table" in log._repr_html_() and "text-align:right" in log._repr_html_()
    lines = text.splitlines()[2:6]
    assert lines[1].split()[1] == "NaN" and lines[2].split()[1] == f"{log['2.weight'][-1].norm:.4g}"
    end = text.index("norm") + len("norm")
    assert all(line[end - 1] != " " and line[end] == " " for line in lines)  # numbers end under each other
    assert "step 1, one of 3" in str(log.table(step=1))
    assert "step 2 was not looked at" in str(log.table(step=2))
    assert "no step was looked at" in str(gb.watch(mlp()))


def test_keeping_the_latest_rows_only():
    log = train(mlp(), 9, keep=2)
    assert log.steps() == [7, 9] and log.count == 9 and len(log) == 8


def test_a_data_frame(log):
    pandas = pytest.importorskip("pandas")
    frame = log.to_pandas()
    assert list(frame.columns) == list(LogRow._fields) and len(frame) == 12
    chosen = frame[frame.name == "2.weight"]
    assert chosen.grad_norm.tolist() == log.column("grad_norm")[:, 2].tolist()
    assert frame["update"].dtype == np.float64 and pandas.isna(frame.grad_norm[1])
    assert gb.watch(mlp()).to_pandas().empty


def test_parquet(log, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    log.save(tmp_path / "log.parquet")
    table = parquet.read_table(tmp_path / "log.parquet")
    rows = [LogRow(**row) for row in table.to_pylist()]
    assert len(rows) == 12 and rows[0] == log.rows[0]
    assert rows[1].grad_norm is None and math.isnan(rows[5].norm)  # null is not NaN


@pytest.mark.parametrize("ending", [".jsonl", ".NDJSON"])
def test_lines_of_json(log, tmp_path, ending):
    path = tmp_path / f"log{ending}"
    log.save(str(path))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    lines = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    assert LogRow(**lines[0]) == log.rows[0]
    assert lines[1]["grad_norm"] is None and math.isnan(float(lines[5]["norm"]))


def test_another_ending_changes_nothing(log, tmp_path):
    with pytest.raises(gb.FileFormatError, match=r"written as .parquet, .jsonl, .ndjson, not as '.xlsx'"):
        log.save(tmp_path / "log.xlsx")
    assert not list(tmp_path.iterdir())


def test_plots_of_few_and_of_many(log):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    ax = log.plot("grad_norm", ".*weight")
    assert [line.get_label() for line in ax.lines] == ["0.weight", "2.weight"]
    assert ax.lines[1].get_ydata().tolist() == log.column("grad_norm")[:, 2].tolist()
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "step"
    assert log.plot("grad_mean").get_yscale() == "linear"
    many = train(nn.Sequential(*(nn.Linear(4, 4) for _ in range(20))), 3, every=1)
    for column in ("grad_norm", "grad_mean", "zeros"):
        ax = many.plot(column)
        assert not ax.lines and len(ax.collections) >= 1
        labels = [label.get_text() for label in ax.get_yticklabels()]
        assert labels == many.names()
        ax.figure.canvas.draw()
    _, own = pyplot.subplots()
    assert log.plot(ax=own) is own
    pyplot.close("all")
    with pytest.raises(gb.NothingSelectedError, match="no parameter whose name matches 'x'"):
        log.plot(pattern="x")
    with pytest.raises(gb.NothingSelectedError, match="the log is empty"):
        gb.watch(mlp()).plot()
    with pytest.raises(gb.PatternError, match="no regular expression"):
        log.plot(pattern="(")


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("matplotlib", lambda log, path: log.plot()),
        ("pandas", lambda log, path: log.to_pandas()),
        ("pyarrow", lambda log, path: log.save(path / "log.parquet")),
    ],
)
def test_what_is_not_installed_is_named(log, tmp_path, monkeypatch, module, use):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(gb.MissingExtraError, match=rf"{module} is not installed: pip install 'glueball\["):
        use(log, tmp_path)


# ---- streams ----------------------------------------------------------------------------------------


def test_streaming_to_a_logger():
    seen = {}
    log = train(mlp(), to=seen.__setitem__)
    assert list(seen) == [1, 3, 5]
    for step, values in seen.items():
        rows = {row.name: row for row in log if row.step == step}
        assert values["update/0.weight"] == rows["0.weight"].update
        assert values["grad_norm/2.bias"] == rows["2.bias"].grad_norm and len(values) == 11 * 4
    both = []
    train(mlp(), 1, to=[lambda *_: both.append("a"), lambda *_: both.append("b")])
    assert both == ["a", "b"]


@pytest.mark.parametrize("when", ["before the update", "after it"])
def test_every_step_looked_at_reaches_the_logger_once(when):
    net, seen = mlp(), []
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    with gb.watch(
        net, every=2, to=lambda step, values: seen.append((step, "norm/0.weight" in values))
    ) as log:
        for _ in range(5):
            net(torch.ones(2, 4)).sum().backward()
            if when == "before the update":
                log.step()
            optimizer.step()
            if when == "after it":
                log.step()
    assert seen == [(1, True), (3, True), (5, True)]


def test_a_step_that_fails_reaches_the_logger_too():
    class Fails(torch.optim.SGD):
        def step(self, closure=None):
            if log.count == 2:
                raise OSError("gone")
            return super().step(closure)

    net, seen = mlp(), []
    optimizer = Fails(net.parameters(), 0.01)
    log = gb.watch(net, optimizer=optimizer, every=1, to=lambda step, values: seen.append((step, values)))

    def epoch():
        with log:
            for _ in range(3):
                net(torch.ones(2, 4)).sum().backward()
                optimizer.step()

    with pytest.raises(OSError, match="gone"):
        epoch()
    assert [(step, "update/0.weight" in values) for step, values in seen] == [(1, True), (2, False)]


def test_streaming_to_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        log = train(mlp(), to=lambda step, values: [writer.add_scalar(k, v, step) for k, v in values.items()])
    events = EventAccumulator(str(tmp_path)).Reload()
    found = events.Scalars("grad_norm/0.weight")
    assert [event.step for event in found] == [1, 3, 5]
    assert [event.value for event in found] == pytest.approx([row.grad_norm for row in log["0.weight"]])


# ---- the live line ----------------------------------------------------------------------------------


def test_no_line_unless_somebody_sees_it(capsys):
    train(mlp())
    assert capsys.readouterr() == ("", "")
    train(mlp(), progress=True)
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("\n")
    last = err.rstrip("\n").split("\r")[-1]
    assert last.startswith("step 5 · values ") and "gradient" in last and last.endswith("nothing found")


def test_in_a_terminal_it_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    train(mlp())
    assert capsys.readouterr().err.startswith("\r\x1b[2Kstep 1 ")
    train(mlp(), progress=False)
    assert capsys.readouterr().err == ""


def test_in_a_notebook_it_is_one_output(monkeypatch):
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html)

    def display(html, display_id):
        shown.append(html)
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(HTML=str, display=display))
    train(mlp())
    assert len(shown) >= 2 and "step 1 " in shown[0] and "step 5 " in shown[-1]


# ---- other people's loops ---------------------------------------------------------------------------


def test_a_loop_with_lightnings_hooks():
    net = mlp()
    a, b = (torch.optim.SGD(layer.parameters(), lr=0.01) for layer in (net[0], net[2]))
    log = gb.watch(net, every=1, on="raise")
    callback = log.callback("lightning")
    callback.on_train_start(None, net)
    for _ in range(3):
        net(X).pow(2).mean().backward()
        for optimizer in (a, b):
            callback.on_before_optimizer_step(None, net, optimizer)
            optimizer.step()
        for optimizer in (a, b):
            optimizer.zero_grad()
    callback.on_train_end(None, net)
    assert log.steps() == [1, 2, 3] and not log.running
    assert all(row.grad_norm and row.update for row in log)
    callback.on_train_start(None, net)
    callback.on_exception(None, net, ValueError())
    assert not log.running


def test_a_callback_is_lightnings_own_where_that_was_imported(monkeypatch):
    class Callback:
        pass

    monkeypatch.setitem(sys.modules, "lightning.pytorch", types.SimpleNamespace(Callback=Callback))
    assert isinstance(gb.watch(mlp()).callback("lightning"), Callback)
    with pytest.raises(gb.WatchSettingError, match="no callback for 'fastai': write 'keras' or 'lightning'"):
        gb.watch(mlp()).callback("fastai")


def test_without_keras_the_callback_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(gb.MissingExtraError, match=r"pip install 'glueball\[keras\]'"):
        gb.watch(mlp()).callback("keras")
