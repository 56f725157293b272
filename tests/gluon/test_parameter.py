"""Parameters and dictionaries of them: what MXNet prints, and what it does not say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recording import recorded, run
from records import GOLDEN, missing

import glueball as gb
from glueball.mxnet import autograd, gluon, init, nd
from glueball.mxnet.gluon import Parameter, ParameterDict


@pytest.mark.parametrize("name", recorded("parameter"))
def test_does_what_mxnet_does(name):
    code = recorded("parameter")[name]
    missing(code)
    assert run(code, "glueball") == json.loads(GOLDEN.read_text(encoding="utf-8"))["parameter"][name]


def made(**kwargs):
    parameter = Parameter("w", **{"shape": (2, 2), **kwargs})
    parameter.initialize(init.One())
    return parameter


def test_the_tensor_stays_the_same_through_everything():
    parameter = Parameter("w", shape=(0, 2), allow_deferred_init=True)
    tensor = parameter._tensor
    parameter.initialize()
    parameter.shape = (2, 2)
    parameter._finish_deferred_init()
    parameter.set_data(nd.ones((2, 2)))
    parameter.initialize(init.Zero(), force_reinit=True)
    parameter.cast("float64")
    parameter.reset_ctx(gluon.parameter.parameter.cpu(1))
    parameter.grad_req = "null"
    parameter.grad_req = "add"
    assert parameter._tensor is tensor is parameter.data()._tensor
    assert isinstance(tensor, torch.nn.Parameter) and tensor.requires_grad


class Raises(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 3
        raise KeyError(name)


def test_an_initializer_that_raises_changes_nothing():
    parameter = made()
    array, gradient = parameter.data(), parameter.grad()
    with pytest.raises(KeyError):
        parameter.initialize(Raises(), force_reinit=True)
    assert parameter.data() is array and array.asnumpy().tolist() == [[1, 1], [1, 1]]
    assert parameter.grad() is gradient
    fresh = Parameter("w", shape=(2,))
    with pytest.raises(KeyError):
        fresh.initialize(Raises())
    with pytest.raises(RuntimeError, match="has not been initialized"):
        fresh.data()


def test_a_bad_dtype_changes_nothing():
    parameter = made()
    with pytest.raises(TypeError):
        parameter.cast("foo")
    assert parameter.dtype is np.float32 and parameter.data().dtype is np.float32


@pytest.mark.parametrize(
    "value",
    [
        np.full((2, 2), 5),
        torch.full((2, 2), 5.0, dtype=torch.float64),
        torch.full((2, 2), 5.0, requires_grad=True),
        nd.full((2, 2), 5, dtype="int32"),
    ],
)
@pytest.mark.parametrize("deferred", [False, True])
def test_set_data_takes_any_array(value, deferred):
    parameter = made()
    if deferred:
        parameter = Parameter("w", shape=(0, 2), allow_deferred_init=True)
        parameter.initialize()
    parameter.set_data(value)
    parameter._finish_deferred_init()
    assert parameter.data().asnumpy().tolist() == [[5, 5], [5, 5]] and parameter.data().dtype is np.float32


@pytest.mark.parametrize(
    "how",
    [
        3, 2.5, [[1, 2], [3, 4]], np.eye(2), nd.ones((2, 2)), torch.ones(2, 2), gb.init.Constant(4), "ones",
        gb.init.Orthogonal(), torch.nn.init.orthogonal_, init.Xavier(),
    ],
)  # fmt: skip
def test_any_initializer_works(how):
    one, two = Parameter("w", shape=(2, 2), init=how), Parameter("w", shape=(2, 2))
    one.initialize()
    two.initialize(how)
    values = one.data().asnumpy()
    if isinstance(how, (int, float, list, np.ndarray)):
        assert np.array_equal(values, np.broadcast_to(how, (2, 2)).astype("float32"))
    if getattr(how, "__name__", "") == "orthogonal_" or isinstance(how, gb.init.Orthogonal):
        assert np.allclose(values @ values.T, np.eye(2), atol=1e-5)
    assert two.data().asnumpy().any()


@pytest.mark.parametrize("how", [object(), init.Xavier, lambda a, b: None])
def test_what_is_no_initializer_is_refused(how):
    with pytest.raises(AssertionError, match="initializer must be of string type"):
        Parameter("w", shape=(2, 2)).initialize(how)


def test_streams_begin_anew_with_mxnets_seed():
    from glueball.mxnet import generators

    found = []
    for seed in (1, 1, 2):
        generators.seed(seed)
        two = [Parameter(name, shape=(3, 3), init=gb.init.Normal(1)) for name in "ab"]
        for parameter in two:
            parameter.initialize()
        found.append([parameter.data().asnumpy().tolist() for parameter in two])
    assert found[0] == found[1] != found[2] and found[0][0] != found[0][1]


@pytest.mark.parametrize("req", ["write", "add"])
def test_gradients_stay_one_array(req):
    parameter = made(grad_req=req)
    gradient = parameter.grad()
    for turn in (1, 2):
        with autograd.record():
            y = parameter.data() * 3
        y.backward()
        assert parameter.grad() is gradient
        assert gradient.asnumpy()[0, 0] == (3 if req == "write" else 3 * turn)
    parameter.zero_grad()
    assert not gradient.asnumpy().any()


def test_what_is_not_there_says_so():
    parameter = made()
    with pytest.raises(NotImplementedError, match=r"mx\.sym is not here"):
        parameter.var()
    with pytest.raises(NotImplementedError, match="DistributedDataParallel"):
        parameter.initialize(
            ctx=[nd.cpu(0), nd.cpu(1)] if hasattr(nd, "cpu") else two_contexts(), force_reinit=True
        )
    assert parameter.data().asnumpy().all()
    with pytest.raises(gluon.parameter.parameter.MXNetError, match="parameters are dense here"):
        Parameter("w", shape=(2,), stype="row_sparse").initialize()


def two_contexts():
    from glueball.mxnet import cpu

    return [cpu(0), cpu(1)]


def test_loading_is_all_or_nothing():
    params = ParameterDict("x_")
    params.get("a", shape=(2,))
    params.get("b", shape=(3,))
    params.initialize(init.One())
    with pytest.raises(AssertionError, match="shape incompatible"):
        params.load_dict({"x_a": nd.zeros(2), "x_b": nd.zeros(4)})
    assert params["x_a"].data().asnumpy().all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4))
def test_shapes_merge_as_they_agree(pairs):
    stored, wanted = (tuple(column) for column in zip(*pairs, strict=True))
    params = ParameterDict()
    parameter = params.get("w", shape=stored)
    if all(a == b or 0 in (a, b) for a, b in pairs):
        assert params.get("w", shape=wanted) is parameter
        assert parameter.shape == tuple(map(max, stored, wanted))
    else:
        with pytest.raises(AssertionError, match="Cannot retrieve Parameter 'w'"):
            params.get("w", shape=wanted)
        assert parameter.shape == stored
