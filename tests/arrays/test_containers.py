"""Trees of arrays: what is found in each kind of container, and that writes land where they have to."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, UserDict, defaultdict
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glueball as gb


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Open:
    w: Any
    inner: Any = None


@dataclasses.dataclass(frozen=True)
class Shut:
    w: Any
    inner: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    w: Any
    checked: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checked", self.checked + 1)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def read_only(*shape: int) -> np.ndarray:
    array = ones(*shape)
    array.flags.writeable = False
    return array


# ---- any nesting, against a walk of the test's own -------------------------------------------------------

leaf = st.sampled_from(["array", "read-only", "number", "text", "none"])
tree = st.recursive(
    leaf,
    lambda inner: (
        st.tuples(st.just("dict"), st.dictionaries(st.sampled_from("abcde"), inner, max_size=3))
        | st.tuples(st.just("list"), st.lists(inner, max_size=3))
        | st.tuples(st.just("tuple"), st.lists(inner, max_size=3))
        | st.tuples(st.just("pair"), st.tuples(inner, inner))
        | st.tuples(st.just("open"), st.tuples(inner, inner))
        | st.tuples(st.just("shut"), st.tuples(inner, inner))
    ),
    max_leaves=12,
)


def built(form: Any, path: str, arrays: dict[str, np.ndarray], direct: bool = True) -> Any:
    """The tree of a form; its arrays by path, those of a container before what lies in its containers."""

    def join(name: Any) -> str:
        return f"{path}.{name}" if path else str(name)

    if form in ("array", "read-only"):
        return ones(2) if form == "array" else read_only(2)
    if isinstance(form, str):
        return {"number": 1.5, "text": "x", "none": None}[form]
    kind, content = form
    names = list(content) if kind == "dict" else range(len(content))
    if kind in ("pair", "open", "shut"):
        names = ("w", "b") if kind == "pair" else ("w", "inner")
    parts = list(content.values()) if kind == "dict" else list(content)
    made: list[Any] = [None] * len(parts)
    for wanted in (True, False):
        for at, (name, part) in enumerate(zip(names, parts, strict=True)):
            if (part in ("array", "read-only")) == wanted:
                made[at] = built(part, join(name), arrays)
                if wanted:
                    arrays[join(name)] = made[at]
    if kind == "dict":
        return dict(zip(names, made, strict=True))
    if kind in ("list", "tuple"):
        return made if kind == "list" else tuple(made)
    return {"pair": Pair, "open": Open, "shut": Shut}[kind](*made)


def at(model: Any, slot: str) -> Any:
    for step in slot.split("."):
        if isinstance(model, dict):
            model = model[step]
        elif isinstance(model, (list, tuple)) and step.isdigit():
            model = model[int(step)]
        else:
            model = getattr(model, step)
    return model


@given(tree.filter(lambda form: not isinstance(form, str)))
def test_any_nesting_is_found_written_and_read_again(form):
    arrays: dict[str, np.ndarray] = {}
    model = built(form, "", arrays)
    params = gb.collect_params(model)
    assert params.names() == list(arrays)
    before = {slot: array.copy() for slot, array in arrays.items()}
    for number, (slot, parameter) in enumerate(params.items(), 2):
        assert parameter.tensor() is arrays[slot]
        parameter.set_data(number)
    for number, slot in enumerate(arrays, 2):
        value = at(params.root, slot)
        assert (value == number).all() and params[slot].tensor() is value
        if arrays[slot].flags.writeable:
            assert value is arrays[slot]
        else:
            np.testing.assert_array_equal(arrays[slot], before[slot])  # what is read-only is not written
    again = gb.collect_params(params.root)
    assert again.names() == params.names()
    assert {name: p.numpy()[0] for name, p in again.items()} == {
        name: number for number, name in enumerate(arrays, 2)
    }


def test_writable_arrays_in_immutable_containers_keep_the_root():
    model = (ones(2), Pair(ones(1), Shut(ones(3))))
    params = gb.collect_params(model)
    params.initialize(5)
    assert params.root is model and (model[1].b.w == 5).all()


def test_a_new_root_where_nothing_can_be_changed():
    inside = Pair(read_only(2), [read_only(1)])
    model = Shut(read_only(3), inner={"pair": inside, "keep": "text"})
    params = gb.collect_params(model)
    params["inner.pair.w"].set_data(7)
    new = params.root
    assert new is not model and (new.inner["pair"].w == 7).all() and new.inner["keep"] == "text"
    assert model.inner["pair"] is inside and (inside.w == 1).all()  # the dict too, though it could be changed
    params["w"].set_data(8)
    assert (params.root.w == 8).all() and (model.w == 1).all() and params["inner.pair.w"].numpy()[0] == 7
    model = gb.initialize((read_only(2), Slotted(read_only(2))), 4)
    assert (model[0] == 4).all() and (model[1].w == 4).all()
    assert model[1].checked == 1  # put together from its parts, not constructed again


def test_rebuilt_in_every_place_that_holds_it():
    shared = Shut(read_only(2))
    model = {"a": (shared,), "b": [shared], "c": shared}
    params = gb.collect_params(model)
    assert params.names() == ["c.w"] or params.names() == ["a.0.w"]
    (parameter,) = params.values()
    assert sorted(parameter.slots) == ["a.0.w", "b.0.w", "c.w"]
    parameter.set_data(3)
    assert model["a"][0] is model["b"][0] is model["c"] and (model["c"].w == 3).all()


def test_ways_back_to_a_container_above_end():
    model: dict[str, Any] = {"w": ones(2)}
    model["self"] = model
    shut = Shut(read_only(2), inner=model)
    model["up"] = shut
    params = gb.collect_params(shut)
    assert params.names() == ["w", "inner.w"]
    params["w"].set_data(2)
    new = params.root
    assert (new.w == 2).all() and new.inner["up"] is new and new.inner["self"] is new.inner
    assert (shut.w == 1).all() and shut.inner is model and model["up"] is shut and model["self"] is model
    with pytest.raises(gb.OptimizerError, match="leads back to a container above it"):
        params.groups(lr=1).labels()


def test_kinds_of_mappings_and_keys():
    model = OrderedDict(
        {
            0: ones(1),
            ("block", 1): ones(2),
            "x.y": {"z": ones(3)},
            "user": UserDict(w=ones(4)),
            "default": defaultdict(list, w=ones(5)),
            "view": MappingProxyType({"w": read_only(6), "in": {"w": read_only(7)}}),
            "empty": {},
            "none": (),
        }
    )
    params = gb.collect_params(model)
    assert params.names() == ["0", "block.1", "x.y.z", "user.w", "default.w", "view.w", "view.in.w"]
    assert params["x.y"].names() == ["x.y.z"] and params["view"]["in"].names() == ["view.in.w"]
    assert params.select("x.y").names() == ["x.y.z"]
    old = model["view"]
    params.apply(lambda values: values * 2)
    assert (model["view"]["in"]["w"] == 2).all() and (old["in"]["w"] == 1).all()  # a view is not changed
    assert type(model["view"]) is MappingProxyType and (model[0] == 2).all()
    made = params.groups(lr=1).labels()
    assert type(made) is OrderedDict and made[0] == "0" and made["empty"] == {} and made["none"] == ()


def test_names_that_meet_are_errors():
    with pytest.raises(gb.UnknownModelError, match=r"keys 0 and '0' of a dict have one name, '0'"):
        gb.collect_params({0: ones(1), "0": ones(1)})
    with pytest.raises(gb.UnknownModelError, match=r"two arrays have the name 'a\.b'"):
        gb.collect_params({"a": {"b": ones(1)}, "a.b": ones(1)})
    with pytest.raises(gb.UnknownModelError, match="the key '', which makes no name"):
        gb.collect_params({"": ones(1)})


def test_what_is_no_parameter_and_what_is_no_tree():
    params = gb.collect_params(
        {"w": ones(1), "n": 3.0, "t": "x", "f": len, "s": {1}, "o": np.array(["a", None])}
    )
    assert params.names() == ["w"]
    for model in (ones(2), "w", {1, 2}, 3, None, len):
        with pytest.raises(gb.UnknownModelError, match="is no model that glueball knows"):
            gb.collect_params(model)
    with pytest.raises(gb.UnknownModelError, match="Write a model, not its class"):
        gb.collect_params(Open)


def test_models_in_a_tree_are_told():
    nn = pytest.importorskip("torch.nn")
    with pytest.raises(gb.UnknownModelError, match=r"'net' in a dict is a module of torch \(Linear\)"):
        gb.collect_params({"w": ones(1), "net": nn.Linear(2, 2)})


# ---- identity -------------------------------------------------------------------------------------------


def test_one_object_in_two_places_is_a_tie():
    shared = ones(3)
    model = {"a": shared, "b": [shared, ones(3)]}
    params = gb.collect_params(model)
    assert params["a"].slots == ("a", "b.0") and params["b.0"] is params["a"]
    model["b"][0] = ones(3)
    with pytest.raises(gb.StaleError, match=r"'a' was tied to 'b\.0'"):
        params["a"].numpy()
    assert params.retie() and model["b"][0] is model["a"]
    shared.flags.writeable = False
    params["a"].set_data(2)
    assert model["b"][0] is model["a"] and (model["a"] == 2).all() and (shared == 1).all()


def test_views_of_one_memory_are_aliases():
    base = ones(6)
    model = {"a": base, "same": base[:], "part": base[2:4], "other": ones(6)}
    found = gb.collect_params(model).aliases()
    assert found.groups == (("a", "same"),) and set(found.overlaps) == {("a", "part"), ("same", "part")}


def test_arrays_that_the_caller_puts_in_are_seen():
    model = {"w": ones(2), "b": ones(2)}
    params = gb.collect_params(model)
    model["w"] = model["w"] * 3
    assert params["w"].numpy()[0] == 3
    params["w"].set_data(1)
    assert model["w"][0] == 1
    del model["b"]
    with pytest.raises(gb.StaleError, match="'b' is in the model no more"):
        params["b"].numpy()


# ---- dtypes and the rest ---------------------------------------------------------------------------------


def test_dtypes():
    import ml_dtypes

    model = {
        "f16": np.ones(3, np.float16), "bf16": np.ones(3, ml_dtypes.bfloat16), "big": np.ones(3, ">f4"),
        "int": np.ones(3, np.int32), "flag": np.ones(3, bool), "z": np.ones(3, complex),
        "scalar": np.ones(()),
        "part": np.ones((3, 4))[:, ::2], "empty": np.ones((0, 2)),
    }  # fmt: skip
    params = gb.collect_params(model)
    assert [name for name, p in params.items() if not p.trainable] == ["int", "flag"]
    params.select("f16|bf16|big|scalar|part|empty").initialize(gb.init.Uniform(1), seed=0)
    single = np.empty(3, np.float32)
    for name in ("big", "f16", "bf16"):
        gb.streams.fill(single, gb.streams.Uniform(-1, 1), 0, name)
        np.testing.assert_array_equal(model[name], single.astype(model[name].dtype))
    assert model["big"].dtype == np.dtype(">f4") and len(np.unique(model["part"])) == 6
    with pytest.raises(gb.DTypeError, match=r"int.*draws floating numbers"):
        params.select("int").initialize(gb.init.Uniform(1))
    with pytest.raises(gb.DTypeError, match="only floating parameters train"):
        params["int"].unfreeze()
    (params - params.select("z")).cast("float64")
    assert model["f16"].dtype == np.float64 and model["int"].dtype == np.int32
    with pytest.raises(gb.DTypeError, match="it is a NumPy array, which is on the host"):
        params["f16"]._tree.adapter.move(params["f16"]._array(), "cuda", "f16")


def test_fans_have_to_be_said():
    params = gb.collect_params({"w": ones(4, 6)})
    for rules in ("xavier", {"w": "xavier"}, {dict: "xavier"}):
        with pytest.raises(gb.InitializerError, match=r"its layer is not known.*fan=\(inputs, outputs\)"):
            params.initialize(rules)
    assert params.plan(gb.init.Xavier(fan=(6, 4)), seed=0).rows[0].draws == "[-0.7746, 0.7746]"


def test_functions_and_whole_arrays():
    def fill(name, data):
        data[:] = np.random.normal(size=data.shape)

    class Own(gb.init.Initializer):
        def _init_weight(self, name, data):
            fill(name, data)

    model = {"a": ones(4, 4), "b": ones(4, 4)}
    gb.initialize(model, {"a": gb.init.Orthogonal(), "b": Own()}, seed=0)
    np.testing.assert_allclose(model["a"] @ model["a"].T, np.eye(4), atol=1e-6)
    first = model["b"].copy()
    np.testing.assert_array_equal(gb.initialize(model, {"b": Own(), "a": None}, seed=0)["b"], first)


def test_freezing_lasts_through_ties_and_refreshing():
    model = {"a": ones(2), "b": ones(2), "c": ones(2)}
    params = gb.collect_params(model)
    params.freeze("a")
    params.tie("b", "a")
    assert not params["b"].trainable and params["c"].trainable
    params.untie("b")
    assert not params["b"].trainable
    params.unfreeze("b")
    params.refresh()
    assert [p.trainable for p in params.values()] == [False, True, True]
    params.tie("a", "c")
    assert params["a"].trainable  # what `c` was


def test_gradients_of_every_form():
    model = {"a": [ones(2), ones(1)], "b": Pair(ones(3), None)}
    params = gb.collect_params(model)
    params.attach_grads({"a": [ones(2), None], "b": Pair(ones(3) * 2, None)})
    assert params["a.0"].grad()[0] == 1 and params["a.1"].grad() is None and params["b.w"].grad()[0] == 2
    params.attach_grads([ones(2), ones(1) * 3, ones(3)])
    assert params["a.1"].grad()[0] == 3
    params.attach_grads({"b.w": ones(3) * 4})
    assert params["b.w"].grad()[0] == 4 and params["a.0"].grad() is None
    for wrong in (5, ones(3)):
        with pytest.raises(gb.ShapeError, match="give what the gradient function returned"):
            params.attach_grads(wrong)
    with pytest.raises(gb.ShapeError, match="2 gradients were given, and 3 parameters train here"):
        params.attach_grads([ones(2), ones(1)])


def test_no_framework_is_imported_for_numpy():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, glueball as gb; m = {'w': np.ones((2, 2))};"
        "gb.initialize(m, gb.init.Normal(1), seed=0); p = gb.collect_params(m); p.freeze(); str(p);"
        "print([n for n in ('torch', 'jax', 'flax', 'keras') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
