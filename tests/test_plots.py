"""Plots: what is drawn, held against the arrays; labels that do not touch; every mistake by its text."""

from __future__ import annotations

import sys
from itertools import pairwise

import matplotlib
import matplotlib.pyplot
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from glueball.views import plots
from glueball.views.plots.axes import mark_labels

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def net(layers: int = 3) -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(*(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)) for _ in range(layers)))
    made(torch.randn(4, 8)).square().sum().backward()
    return made


def made_of(**arrays):
    return gb.collect_params(nn.ParameterDict({name: torch.tensor(array) for name, array in arrays.items()}))


def labels(ax, axis):
    ticks = ax.get_yticklabels() if axis == "y" else ax.get_xticklabels()
    return [tick.get_text() for tick in ticks]


def boxes(ax, axis):
    ax.figure.canvas.draw()
    ticks = ax.get_yticklabels() if axis == "y" else ax.get_xticklabels()
    return [tick.get_window_extent() for tick in ticks if tick.get_text()]


@pytest.mark.parametrize("layers", [1, 3, 80])
@pytest.mark.parametrize("kind", ["distributions", "gradients"])
def test_labels_never_touch_and_none_is_cut(layers, kind):
    params = gb.collect_params(net(layers))
    ax = params.plot(kind)
    found = boxes(ax, "y" if kind == "distributions" else "x")
    whole = ax.figure.bbox
    assert len(found) >= min(len(params), 10)
    for box in found:
        assert box.x0 >= whole.x0 and box.y0 >= whole.y0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
    if kind == "distributions":
        tops = sorted(found, key=lambda box: box.y0)
        assert all(a.y1 <= b.y0 + 1 for a, b in pairwise(tops))
    elif layers == 80:
        sides = sorted(found, key=lambda box: box.x0)
        assert all(a.x1 <= b.x0 + 1 for a, b in pairwise(sides))


names = st.lists(
    st.lists(st.sampled_from(["a", "b", "0", "1", "2"]), min_size=1, max_size=4).map(".".join),
    min_size=1,
    unique=True,
).map(sorted)


@given(names, st.integers(2, 30))
def test_labels_are_few_in_order_and_lead_the_names_they_stand_at(names, most):
    marks = mark_labels(names, most)
    assert 1 <= len(marks) <= most
    assert [at for at, _ in marks] == sorted({at for at, _ in marks})
    for at, label in marks:
        assert names[at] == label or names[at].startswith(label + ".")
    if len(names) <= most:
        assert [label for _, label in marks] == names


def test_ridges_lie_where_the_values_lie():
    params = made_of(a=np.full(100, -1.0), b=np.linspace(2, 3, 1000), c=np.zeros(0))
    ax = params.plot()
    assert labels(ax, "y") == ["a", "b", "c"]
    ridges = [path.get_paths()[0].vertices for path in ax.collections]
    assert len(ridges) == 2
    for ridge, base, low, high in zip(ridges, (0, -1), (-1, 2), (-1, 3), strict=True):
        raised = ridge[ridge[:, 1] > base + 1e-6][:, 0]
        assert raised.min() == pytest.approx(low, abs=0.15) and raised.max() == pytest.approx(high, abs=0.15)
    wide = ax.get_xlim()
    assert wide[0] < -1 and wide[1] > 3


def test_each_scale_draws_in_standard_deviations():
    rng = np.random.default_rng(0)
    params = made_of(small=rng.normal(5, 1e-3, 10_000), large=rng.normal(0, 1e3, 10_000))
    ax = params.plot(scale="each")
    assert ax.get_xlim() == (-4, 4)
    for ridge, base in zip(ax.collections, (0, -1), strict=True):
        points = ridge.get_paths()[0].vertices
        half = points[points[:, 1] > base + (points[:, 1].max() - base) / 2][:, 0]
        # The half height of a normal is at 1.18 standard deviations.
        assert half.min() == pytest.approx(-1.18, abs=0.15) and half.max() == pytest.approx(1.18, abs=0.15)


def test_gradient_flow_shows_the_root_mean_squares_and_what_has_none():
    model = net(3)
    model[0][0].bias.grad = None
    model[1][0].weight.grad.zero_()
    model[1][1].weight.grad[0] = float("nan")
    model[2][1].bias.requires_grad_(False)
    params = gb.collect_params(model)
    ax = params.plot("gradients")
    assert ax.get_yscale() == "log"
    drawn = {}
    for line in ax.lines:
        if line.get_label() in ("weight", "bias"):
            drawn.update(zip(line.get_xdata(), line.get_ydata(), strict=True))
    shown = [name for name, p in params.items() if p.trainable]
    for at, name in enumerate(shown):
        grad = params[name].grad()
        if grad is not None and torch.isfinite(grad).all() and grad.any():
            assert drawn[at] == pytest.approx(float(grad.double().square().mean().sqrt()), rel=1e-5)
        else:
            assert at not in drawn
    assert {text.get_text() for text in ax.texts} == {"no gradient (1)", "zero (1)", "NaN or ∞ (1)"}


@pytest.mark.parametrize("source", ["snapshot", "file", "model"])
def test_changes_are_relative_to_the_values_before(source, tmp_path):
    model = net(2)
    params = gb.collect_params(model)
    if source == "file":
        params.save(tmp_path / "old.safetensors")
    since = {"snapshot": params.snapshot(), "file": tmp_path / "old.safetensors", "model": net(2)}[source]
    before = {name: p.numpy().copy() for name, p in params.items()}
    with torch.no_grad():
        model[1][1].bias.add_(1)  # from zeros
        model[0][0].weight.add_(0.1)
        model[1][1].weight.mul_(1.5)
    ax = params.plot("changes", since=since)
    drawn = {}
    for line in ax.lines:
        if line.get_label() in ("weight", "bias"):
            drawn.update(zip(line.get_xdata(), line.get_ydata(), strict=True))
    wanted = np.linalg.norm(np.full((8, 8), 0.1)) / np.linalg.norm(before["0.0.weight"])
    assert drawn == {0: pytest.approx(wanted, rel=1e-4), 6: pytest.approx(0.5, rel=1e-4)}
    assert [text.get_text() for text in ax.texts] == ["unchanged (5)", "zero before (1)"]


def test_a_matrix_is_drawn_on_a_scale_that_is_even_and_robust():
    values = np.random.default_rng(0).normal(size=(60, 40)).astype(np.float32)
    values[0, 0] = 1000
    ax = plots.image(values, title="w")
    drawn = ax.images[0]
    np.testing.assert_array_equal(drawn.get_array(), values)
    low, high = drawn.get_clim()
    assert low == -high and high == pytest.approx(np.quantile(np.abs(values), 0.995))
    assert drawn.colorbar.extend == "both"
    zero = drawn.cmap(drawn.norm(0.0))
    assert min(zero[:3]) > 0.95
    red, blue = drawn.cmap(drawn.norm(high)), drawn.cmap(drawn.norm(low))
    assert red[0] > red[2] and blue[2] > blue[0]
    assert ax.get_title(loc="left") == "w"
    assert plots.image(values, limit=3.0).images[0].get_clim() == (-3, 3)


def test_kernels_are_tiles():
    conv = nn.Conv2d(3, 5, (2, 4))
    ax = gb.collect_params(conv)["weight"].plot()
    sheet = np.ma.filled(ax.images[0].get_array(), np.nan)
    weight = conv.weight.detach().numpy()
    assert sheet.shape == (5 * 3 - 1, 3 * 5 - 1)
    for out in range(5):
        for into in range(3):
            tile = sheet[3 * out : 3 * out + 2, 5 * into : 5 * into + 4]
            np.testing.assert_array_equal(tile, weight[out, into])
    assert np.isnan(sheet[2]).all() and np.isnan(sheet[:, 4]).all()
    assert labels(ax, "y") == ["0", "1", "2", "3", "4"]
    where = [tick / 3 for tick in ax.get_yticks()]
    assert [round(at) for at in where] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "shape", [(7,), (2, 3, 4), (2, 3, 2, 2, 2), (4, 3, 1, 1), (1, 1), (3000, 5), (300, 300, 3, 3)]
)
def test_any_shape_is_an_image(shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ax = plots.image(values)
    sheet = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert max(sheet.shape) <= 1024
    assert np.nanmean(sheet) == pytest.approx(values.mean(), abs=2e-2)
    ax.figure.canvas.draw()


def test_large_matrices_are_averaged_and_say_so():
    values = np.arange(2500 * 10, dtype=np.float64).reshape(2500, 10)
    ax = plots.image(values)
    sheet = np.ma.filled(ax.images[0].get_array(), np.nan)
    np.testing.assert_allclose(sheet[0], values[:3].mean(0))
    np.testing.assert_allclose(sheet[-1], values[2499:].mean(0))
    assert ax.images[0].colorbar.ax.get_ylabel() == "mean of 3 × 1 elements"


def test_what_is_not_finite_has_a_colour_of_its_own():
    values = np.zeros((3, 3))
    values[0, 1], values[2, 2] = np.nan, np.inf
    ax = plots.image(values)
    marks = ax.images[1].get_array()[..., 3]
    assert marks.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert len(plots.image(np.array([[1j, 3 + 4j]])).images) == 1


def test_everything_takes_axes():
    model = net(2)
    params = gb.collect_params(model)
    figure, places = matplotlib.pyplot.subplots(2, 2)
    before = params.snapshot()
    drawn = [
        params.plot(ax=places[0, 0]),
        params.plot("gradients", ax=places[0, 1]),
        params.plot("changes", since=before, ax=places[1, 0]),
        params["0.0.weight"].plot(of="grad", ax=places[1, 1]),
    ]
    assert drawn == list(places.flat)
    assert drawn[3].get_title(loc="left") == "gradient of 0.0.weight"
    figure.canvas.draw()


def test_every_mistake_says_what_to_do(monkeypatch):
    params = gb.collect_params(nn.Linear(2, 2))
    with pytest.raises(gb.PatternError, match="'ridges' is no plot"):
        params.plot("ridges")
    for picture in (params.plot, params["weight"].plot):
        with pytest.raises(
            gb.PatternError, match=r"of is 'gradient': write \"data\" for the values or \"grad\""
        ):
            picture(of="gradient")
    with pytest.raises(gb.PatternError, match="scale is 'log': write \"shared\""):
        params.plot(scale="log")
    with pytest.raises(gb.PatternError, match="needs what the parameters were before"):
        params.plot("changes")
    with pytest.raises(gb.NothingSelectedError, match="no parameter has a gradient"):
        params.plot(of="grad")
    with pytest.raises(gb.NothingSelectedError, match="there are no parameters"):
        params.select("x", allow_empty=True).plot("gradients")
    with pytest.raises(gb.DeferredError, match=r"'weight' has no gradient yet\. Run a backward pass first"):
        params["weight"].plot(of="grad")
    with pytest.raises(gb.DeferredError, match="its layer has not run"):
        gb.collect_params(nn.LazyLinear(2))["weight"].plot()
    with pytest.raises(gb.ShapeError, match="a single number is no image"):
        plots.image(np.float32(1))
    with pytest.raises(gb.ShapeError, match="limit is 0"):
        params["weight"].plot(limit=0)
    with pytest.raises(gb.NothingSelectedError, match="has no elements"):
        plots.image(np.zeros((0, 3)))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(gb.MissingExtraError, match=r"pip install 'glueball\[plot\]'"):
        params.plot()
