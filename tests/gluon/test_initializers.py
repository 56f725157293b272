"""`mx.init`: what MXNet prints; the numbers are held by the tests of the generators."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from recording import recorded, run
from records import GOLDEN, missing

from glueball.mxnet import init, nd
from glueball.mxnet.gluon import nn

Desc = init.InitDesc


@pytest.mark.parametrize("name", recorded("initializers"))
def test_does_what_mxnet_does(name):
    code = recorded("initializers")[name]
    missing(code)
    assert run(code, "glueball") == json.loads(GOLDEN.read_text(encoding="utf-8"))["initializers"][name]


def values(how, shape):
    data = nd.zeros(shape)
    how._init_weight("w", data)
    return data.asnumpy()


@pytest.mark.parametrize(("factor", "fan"), [("in", 200 * 9), ("out", 100 * 9), ("avg", 150 * 9)])
def test_xavier_scales_by_the_fans(factor, fan):
    uniform = values(init.Xavier("uniform", factor, 3), (100, 200, 3, 3))
    bound = math.sqrt(3 / fan)
    assert 0.999 * bound < abs(uniform).max() <= bound * (1 + 1e-6)
    normal = values(init.Xavier("gaussian", factor, 2), (100, 200, 3, 3))
    assert math.isclose(normal.std(), math.sqrt(2 / fan), rel_tol=0.01)
    prelu = values(init.MSRAPrelu(factor, 0.5), (100, 200, 3, 3))
    assert math.isclose(prelu.std(), math.sqrt(2 / 1.25 / fan), rel_tol=0.01)


@pytest.mark.parametrize("drawn", ["uniform", "normal"])
@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (3, 2, 2)])
def test_orthogonal_is_orthogonal(drawn, shape):
    matrix = values(init.Orthogonal(2, drawn), shape).reshape(shape[0], -1)
    rows, columns = matrix.shape
    square = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    assert np.allclose(square, 4 * np.eye(min(rows, columns)), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("how", [init.Uniform(1), init.Normal(1), init.Xavier(), init.Orthogonal()])
def test_every_dtype_is_filled(how, dtype):
    net = nn.Dense(30, in_units=40, dtype=dtype, weight_initializer=how)
    net.initialize()
    found = net.weight.data().asnumpy()
    assert found.dtype == dtype and len(np.unique(found)) > 100 and np.isfinite(found).all()


def test_what_cannot_be_filled_says_so():
    with pytest.raises(RuntimeError, match="the fused recurrent operator is not here"):
        init.FusedRNN(init.One(), 3, 2, "lstm")._init_weight("rnn_parameters", nd.zeros(9))
    with pytest.raises(ValueError, match="'uniform' or 'normal' numbers, not 'foo'"):
        values(init.Orthogonal(rand_type="foo"), (2, 2))


def test_integers_are_drawn_for_quantized_weights():
    pytest.importorskip("glueball.mxnet")
    if not hasattr(nd.random, "randint"):
        pytest.skip("there is no nd.random.randint")
    data = nd.zeros((2, 2), dtype="int8")
    init.One()(Desc("x_weight_quantize"), data)
    assert len(np.unique(data.asnumpy())) == 1


def test_mixed_chooses_by_the_beginning_of_a_name():
    mixed = init.Mixed(["a", ".*"], [init.Constant(1), init.Constant(2)])
    assert mixed.choose("a_weight").value == 1 and mixed.choose("b_a").value == 2
