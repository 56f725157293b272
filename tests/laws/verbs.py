"""The laws: what each verb does, said once for every framework.

A law is a function of a framework (`framework.Framework`). It looks at values by the framework's own means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glueball as gb
from glueball import streams
from laws.framework import NAMES, SHAPES, Framework

Law = Callable[[Framework], None]
LAWS: dict[str, tuple[str, Law]] = {}


def law(name: str, title: str) -> Callable[[Law], Law]:
    """Enter a law under the name that `refuses` uses, with what the page says of it."""

    def enter(function: Law) -> Law:
        LAWS[name] = title, function
        return function

    return enter


def drawn(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """What the stream of a name holds: the definition, and no model."""
    out = np.empty(shape, np.float32)
    streams.fill(out, streams.Normal(0, 1), seed, name)
    return out


def same(f: Framework, model: Any, values: dict[str, np.ndarray]) -> None:
    for slot, value in values.items():
        np.testing.assert_array_equal(f.value(model, slot), value, err_msg=slot)


def wanted(seed: int, prefix: str = "") -> dict[str, np.ndarray]:
    return {slot: drawn(prefix + slot, SHAPES[slot[-1]], seed) for slot in NAMES}


# ---- finding --------------------------------------------------------------------------------------------


@law("collect", "`collect_params`: names, shapes, kinds, live values")
def collect(f: Framework) -> None:
    model = f.build()
    params = gb.collect_params(model)
    assert params.names() == list(params) == f.names and len(params) == 4
    for name, parameter in params.items():
        assert (parameter.name, parameter.slots, parameter.tied) == (name, (name,), False)
        assert parameter.shape == SHAPES[name[-1]] and parameter.size == math.prod(parameter.shape)
        assert parameter.ndim == len(parameter.shape) and parameter.nbytes == 4 * parameter.size
        assert parameter.kind == "parameter" and not parameter.deferred
        assert parameter.tensor() is f.own(model, name) or f.id == "gluon"
    assert params.root is model
    assert params["first.w"] is params["first"]["w"] is params.first.w is params[0]["w"]
    assert "first.w" in params and "third.w" not in params


@law("order", "the framework's own order, the same each time; a selection keeps it")
def order(f: Framework) -> None:
    model = f.build()
    assert gb.collect_params(model).names() == gb.collect_params(model).names() == f.names
    params = gb.collect_params(model)
    assert (params["second"] | params["first"]).names() == f.names
    some = params.select(lambda p: p.name != "first.b").names()
    assert some == [name for name in f.names if name != "first.b"]


@law("select", "`select` by name, path, expression, class, layer, predicate, Parameter")
def select(f: Framework) -> None:
    model = f.build()
    params = gb.collect_params(model)
    kind = f.layer_class(model)
    for pattern, names in (
        ("first.w", ["first.w"]),
        ("second", ["second.w", "second.b"]),
        (r".*\.b", ["first.b", "second.b"]),
        (kind, NAMES),
        ((kind, "w"), ["first.w", "second.w"]),
        (f.layer(model, "second"), ["second.w", "second.b"]),
        (lambda p: p.ndim == 1, ["first.b", "second.b"]),
        (params["first.b"], ["first.b"]),
        (params["first"], ["first.w", "first.b"]),
    ):
        assert params.select(pattern).names() == f.ordered(names), pattern
        assert gb.collect_params(model, pattern).names() == f.ordered(names)
    with pytest.raises(gb.NothingSelectedError, match=r"first\.w"):
        params.select("w")
    assert params.select("w", allow_empty=True).names() == []


@law("algebra", "set algebra: `|`, `&`, `-`")
def algebra(f: Framework) -> None:
    params = gb.collect_params(f.build())
    biases, first = params.select(r".*\.b"), params["first"]
    assert (biases | first).names() == f.ordered(["first.w", "first.b", "second.b"])
    assert (biases & first).names() == ["first.b"]
    assert (params - biases).names() == ["first.w", "second.w"]
    assert params - (params - biases) == biases
    other = gb.collect_params(f.build())
    with pytest.raises(gb.PatternError, match="belong to two models"):
        params | other


@law("names", "a name that is not there is an error with the nearest")
def names(f: Framework) -> None:
    params = gb.collect_params(f.build())
    with pytest.raises(gb.NameNotFoundError, match=r"first\.w"):
        params["frist.w"]
    with pytest.raises(AttributeError, match="third"):
        params.third  # noqa: B018
    with pytest.raises(gb.NameNotFoundError, match="there is no layer 7"):
        params[7]


# ---- values ---------------------------------------------------------------------------------------------


@law("read", "`data`, `numpy`")
def read(f: Framework) -> None:
    model = f.build()
    params = gb.collect_params(model)
    for name, parameter in params.items():
        np.testing.assert_array_equal(parameter.numpy(), f.value(model, name))
        copy = parameter.numpy()
        copy[...] = 9
        assert (f.value(model, name) == 1).all()
        assert np.asarray(parameter).dtype == np.float32
        assert tuple(parameter.data().shape) == parameter.shape


@law("write", "`set_data`: arrays, numbers, other Parameters; the dtype stays")
def write(f: Framework) -> None:
    params = gb.collect_params(f.build())
    given = np.arange(12.0).reshape(4, 3)
    params["first.w"].set_data(given)
    params["first.b"].set_data(7)
    params["second.w"].set_data(params["first.w"])
    params["second.b"].set_data([0, 1, 2, 3])
    given[...] = -1
    model = params.root
    np.testing.assert_array_equal(f.value(model, "first.w"), np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(f.value(model, "second.w"), np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(f.value(model, "first.b"), [7] * 4)
    np.testing.assert_array_equal(f.value(model, "second.b"), [0, 1, 2, 3])
    assert all(value.dtype == np.float32 for value in f.values(model).values())


@law("write errors", "a wrong shape or kind is an error, and nothing is changed")
def write_errors(f: Framework) -> None:
    params = gb.collect_params(f.build())
    with pytest.raises(gb.ShapeError, match=r"first\.w.*shape \(4, 3\).*\(3, 4\).*value\.T"):
        params["first.w"].set_data(np.zeros((3, 4)))
    with pytest.raises(gb.ShapeError, match=r"first\.b"):
        params["first.b"].set_data(np.zeros((4, 1)))
    with pytest.raises(gb.DTypeError, match=r"first\.b.*complex"):
        params["first.b"].set_data(1j)
    with pytest.raises(gb.DTypeError, match=r"first\.b"):
        params["first.b"].set_data("zeros")
    assert all((value == 1).all() for value in f.values(params.root).values())


@law("apply", "`apply`: all or nothing")
def apply(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.apply(lambda values: values * 3)
    assert all((value == 3).all() for value in f.values(params.root).values())
    with pytest.raises(gb.ShapeError, match=r"second\.w.*Nothing was changed"):
        params.apply(lambda values: values[:3] if values.ndim == 2 and bad.pop() else values * 2)
    assert all((value == 3).all() for value in f.values(params.root).values())


class _Bad(list):
    """False once, then true: the second matrix is the bad one."""

    def pop(self, *_: Any) -> bool:
        self.append(0)
        return len(self) % 2 == 0


bad = _Bad()


# ---- initialising ---------------------------------------------------------------------------------------


@law("plan", "`plan`: says what `initialize` would do, changes nothing")
def plan(f: Framework) -> None:
    params = gb.collect_params(f.build())
    made = params.plan({r".*\.w": gb.init.Normal(1), "first.b": 0}, seed=3)
    rows = [(row.name, row.rule, row.initializer) for row in made.rows]
    assert sorted(rows, key=lambda row: NAMES.index(row[0])) == [
        ("first.w", r'r".*\.w"', "Normal(1)"),
        ("first.b", '"first.b"', "Constant(0)"),
        ("second.w", r'r".*\.w"', "Normal(1)"),
        ("second.b", "", ""),
    ]
    assert made.unmatched == ("second.b",) and "seed 3" in repr(made)
    assert all((value == 1).all() for value in f.values(params.root).values())
    made.apply()
    np.testing.assert_array_equal(f.value(params.root, "second.w"), drawn("second.w", (4, 3), 3))


@law("initialize", "`initialize` by rule: the same seed and name give the same bits in every framework")
def initialize(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.initialize({"second.b": 2, ".*": gb.init.Normal(1)}, seed=5)
    values = wanted(5)
    values["second.b"] = np.full(4, 2, np.float32)
    same(f, params.root, values)
    model = gb.initialize(f.build(), gb.init.Normal(1), seed=6)
    same(f, model, wanted(6))
    with pytest.warns(UserWarning, match=r"no rule takes second\.b"):
        params.initialize({"first": 0, "second.w": 0}, seed=0)
    with pytest.raises(gb.NothingSelectedError):
        params.initialize({"third": 0})
    with pytest.raises(gb.ShapeError):
        params.initialize({"first.w": 5, ".*": np.zeros(4)})
    same(f, params.root, {"first.w": np.zeros((4, 3)), "second.b": np.full(4, 2)})


@law("independence", "values depend neither on the order of rules nor on what else is filled")
def independence(f: Framework) -> None:
    normal = gb.init.Normal(1)
    params = gb.collect_params(f.build())
    for pattern in ("second.b", "first", "second.w"):
        params.select(pattern).initialize(normal, seed=8)
    same(f, params.root, wanted(8))
    recipe = gb.Recipe.from_json(params.plan(normal, seed=8).recipe.to_json())
    same(f, gb.initialize(f.build(), recipe), wanted(8))


@law("prefix", "a part alone with its prefix gets the whole's values")
def prefix(f: Framework) -> None:
    part = gb.initialize(f.layer(f.build(), "second"), gb.init.Normal(1), seed=9, prefix="second.")
    params = gb.collect_params(part)
    for name, shape in SHAPES.items():
        np.testing.assert_array_equal(params[name].numpy(), drawn(f"second.{name}", shape, 9))


@law("defaults", "no rules: what the layer's constructor would draw")
def defaults(f: Framework) -> None:
    model, weight = f.dense()
    params = gb.collect_params(model)
    params.initialize(0)
    params.initialize(seed=0)
    first = params[weight].numpy()
    params.initialize(seed=0)
    assert len(np.unique(first)) > 20
    np.testing.assert_array_equal(params[weight].numpy(), first)


@law("fans", "initializers scaled by a layer's fans")
def fans(f: Framework) -> None:
    model, weight = f.dense()
    params = gb.collect_params(model).select(weight)
    params.initialize(gb.init.Xavier(), seed=0)
    (row,) = params.plan(gb.init.Xavier(), seed=0).rows
    assert row.draws == "[-0.7746, 0.7746]"  # sqrt(6 / (6 + 4))
    params.initialize(gb.init.Xavier("gaussian", "in", 6), seed=0)
    (row,) = params.plan(gb.init.Xavier("gaussian", "in", 6), seed=0).rows
    assert row.draws == "std 1"


@law("deferred", "a model without values is shown, refuses to be read, and is filled with the same bits")
def deferred(f: Framework) -> None:
    model, arguments, complete = f.deferred()
    params = gb.collect_params(model)
    if not params.totals().deferred:
        assert all(p.deferred for p in params.values()) or arguments.get("device") == "cpu"
    name = params.names()[0]
    if params[name].deferred:
        with pytest.raises(gb.DeferredError, match=name.replace(".", r"\.")):
            params[name].numpy()
    root = gb.initialize(model, gb.init.Normal(1), seed=4, **arguments)
    complete()
    params = gb.collect_params(root)
    for name, parameter in params.items():
        np.testing.assert_array_equal(parameter.numpy(), drawn(name, parameter.shape, 4))


@law("origin", "`origin`: which rule filled a parameter, and whether it was edited since; None in dicts")
def origin(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.initialize({r".*\.w": gb.init.Normal(1), ".*": 0}, seed=2)
    found = params["second.w"].origin
    if isinstance(params.root, dict):  # a dict cannot be referred to weakly, so nothing is noted
        assert found is None
        return
    assert (found.rule, found.initializer, found.seed, found.edited) == (r'r".*\.w"', "Normal(1)", 2, False)


@law("buffers", "`buffers=True`: running statistics, keys and counters, marked as such")
def buffers(f: Framework) -> None:
    model, expected = f.with_buffers()
    params = gb.collect_params(model, buffers=True)
    assert [name for name, p in params.items() if p.kind == "buffer"] == expected
    assert not set(gb.collect_params(model).names()) & set(expected)
    for name in expected:
        assert not params[name].trainable
        with pytest.raises(gb.DTypeError, match="buffer"):
            params[name].unfreeze()


# ---- training -------------------------------------------------------------------------------------------


@law("freeze", "`freeze`, `unfreeze`, seen by totals and, where it has such a thing, by the framework")
def freeze(f: Framework) -> None:
    model = f.build()
    params = gb.collect_params(model)
    assert params.totals().trainable == 32
    params.freeze("first")
    assert [params[name].trainable for name in NAMES] == [False, False, True, True]
    assert [f.trains(model, slot) for slot in NAMES] in ([False, False, True, True], [None] * 4)
    assert params.totals().trainable == 16
    params.refresh()
    params.unfreeze("first.b")
    params["second.b"].freeze()
    assert [params[name].trainable for name in NAMES] == [False, True, True, False]
    params.unfreeze()
    assert all(p.trainable for p in params.values())


@law("tie", "`tie`: one array in two places, counted once, written once")
def tie(f: Framework) -> None:
    params = gb.collect_params(f.build())
    exchange = params.tie("second.w", "first.w")
    assert bool(exchange) and "second.w" in repr(exchange)
    assert params.names() == f.ordered(["first.w", "first.b", "second.b"])
    assert params["second.w"] is params["first.w"]
    assert params["second.w"].slots == ("first.w", "second.w") and params["first.w"].tied
    params["second.w"].set_data(4)
    same(f, params.root, {"first.w": np.full((4, 3), 4), "second.w": np.full((4, 3), 4)})
    assert params.totals().count == 20
    params.initialize(gb.init.Normal(1), seed=1)
    same(f, params.root, {slot: drawn("first.w", (4, 3), 1) for slot in ("first.w", "second.w")})
    with pytest.raises(gb.TieError, match=r"second\.b.*shape"):
        params.tie("second.b", "first.w")


@law("untie", "`untie`, `retie`")
def untie(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.tie("second.w", "first.w")
    params.untie("second.w")
    assert params.names() == f.names
    params["second.w"].set_data(6)
    same(f, params.root, {"first.w": np.ones((4, 3)), "second.w": np.full((4, 3), 6)})
    with pytest.raises(gb.TieError, match="is not tied"):
        params.untie("first.b")
    params.tie("second.w", "first.w")
    again = gb.collect_params(params.root)
    gb.collect_params(params.root).untie("second.w")  # by somebody else
    with pytest.raises(gb.StaleError, match=r"was tied to 'second\.w'"):
        again["first.w"].numpy()
    again.retie()
    assert again["second.w"].slots == ("first.w", "second.w")


@law("gradients", "`grad`, `attach_grads`, `zero_grad`")
def gradients(f: Framework) -> None:
    model = f.build()
    params = gb.collect_params(model)
    assert params["first.w"].grad() is None or f.id == "gluon"
    grads = f.grads(model)
    if grads is not None:
        params.attach_grads(grads)
    for place, name in enumerate(NAMES):
        gradient = np.asarray(_plain(params[name].grad()))
        np.testing.assert_array_equal(gradient, np.full(SHAPES[name[-1]], place + 1))
    params.attach_grads({"second.b": np.zeros(4)})
    with pytest.raises(gb.NameNotFoundError, match=r"third\.b"):
        params.attach_grads({"third.b": np.zeros(4)})
    with pytest.raises(gb.ShapeError, match=r"second\.b.*\(4,\)"):
        params.attach_grads({"second.b": np.zeros(3)})
    assert not np.asarray(_plain(params["second.b"].grad())).any()
    params.zero_grad()
    assert all(p.grad() is None or not np.asarray(_plain(p.grad())).any() for p in params.values())


@law("tied gradient", "a tied parameter's gradient is the sum over its places")
def tied_gradient(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.tie("second.w", "first.w")
    grads = f.grads(params.root)
    if grads is not None:
        params.attach_grads(grads)
    np.testing.assert_array_equal(np.asarray(_plain(params["first.w"].grad())), np.full((4, 3), 4))


def _plain(gradient: Any) -> Any:
    return gradient.numpy() if hasattr(gradient, "detach") else gradient


@law("groups", "`groups`: options by rule, each trainable parameter in one group")
def groups(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.freeze("first.w")
    params["second.w"].lr_mult = 0.5
    made = params.groups({r".*\.b": {"weight_decay": 0.0}}, lr=1.0, weight_decay=0.1)
    seen = [(group["param_names"], group["lr"], group["weight_decay"]) for group in made]
    assert seen == [(["first.b", "second.b"], 1.0, 0.0), (["second.w"], 0.5, 0.1)]
    assert [id(a) for group in made for a in group["params"]] == [
        id(params[name].tensor()) for name in ("first.b", "second.b", "second.w")
    ]
    with pytest.raises(gb.NothingSelectedError):
        params.groups({"third": {}})


def _grouped(f: Framework) -> tuple[Any, Any]:
    params = gb.collect_params(f.build())
    params.freeze("first.w")
    return params, params.groups({r".*\.b": {"weight_decay": 0.0}}, lr=1.0, weight_decay=0.1)


@law("labels", "`groups(…).labels()`: what `optax.multi_transform` takes")
def labels(f: Framework) -> None:
    _, made = _grouped(f)
    tree = made.labels()
    found = {slot: tree[slot[:-2]][slot[-1]] if f.id == "nnx" else f.own(tree, slot) for slot in NAMES}
    assert found == {"first.w": "frozen", "first.b": "0", "second.w": "1", "second.b": "0"}


@law("filters", "`groups(…).filters()`: NNX filters; of a tree of arrays, masks")
def filters(f: Framework) -> None:
    params, made = _grouped(f)
    found = made.filters()
    assert set(found) == {"0", "1", "frozen"}
    for label, taken in {"0": ["first.b", "second.b"], "1": ["second.w"], "frozen": ["first.w"]}.items():
        if f.id == "nnx":
            from flax import nnx

            flat = nnx.to_flat_state(nnx.state(params.root, found[label]))
            assert [".".join(path) for path, _ in flat] == taken
        else:
            assert [slot for slot in NAMES if f.own(found[label], slot)] == taken


@law("exclude", "`groups(…).exclude(optimizer)`: Keras's exclusions")
def exclude(f: Framework) -> None:
    params, made = _grouped(f)
    held = f.new_optimizer()
    made.exclude(held)
    decayed = {slot: held._use_weight_decay(f.own(params.root, slot)) for slot in NAMES}
    assert decayed == {"first.w": True, "first.b": False, "second.w": True, "second.b": False}


@law("optimizer", "`check_optimizer`")
def optimizer(f: Framework) -> None:
    params = gb.collect_params(f.build())
    report = params.check_optimizer(f.optimizer(params.root))
    assert report and repr(report) == "the optimizer holds what the model trains"
    held = f.optimizer(params.root)
    params.freeze("first.b")
    assert params.check_optimizer(held).frozen == ("first.b",)


# ---- seeing ---------------------------------------------------------------------------------------------


@law("table", "`table`, `totals`")
def table(f: Framework) -> None:
    params = gb.collect_params(f.build())
    totals = params.totals()
    assert (totals.parameters, totals.count, totals.trainable, totals.nbytes) == (4, 32, 32, 128)
    shown = str(params.table())
    assert "first.w" in shown and "(4, 3)" in shown and "float32" in shown
    assert "4 parameters, 32 elements (32 trainable), 128 B" in shown
    assert "second.b" in params._repr_html_()
    assert repr(params["first.w"]) == "Parameter first.w (shape=(4, 3), dtype=float32)"


@law("cast", "`cast`, `to`")
def cast(f: Framework) -> None:
    params = gb.collect_params(f.build())
    params.cast("float16")
    assert {value.dtype for value in f.values(params.root).values()} == {np.dtype(np.float16)}
    params.to("cpu")
    with pytest.raises(gb.DTypeError, match="floating"):
        params.cast("int32")


@law("stale", "a layer that was replaced is told; `refresh` sees the new one")
def stale(f: Framework) -> None:
    model, other = f.build(), f.build()
    gb.collect_params(other).apply(lambda values: values * 5)
    params = gb.collect_params(model)
    f.replace_first(model, other)
    with pytest.raises(gb.StaleError, match=r"'first' was replaced.*refresh\(\)"):
        params["first.w"].numpy()
    params.refresh()
    np.testing.assert_array_equal(params["first.w"].numpy(), np.full((4, 3), 5))
    assert set(NAMES) <= set(params.names())  # Keras goes on tracking the old layer as well
