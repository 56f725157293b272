"""Every operator gives what real MXNet gave: results, gradients and errors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from operator_cases import INPUTS, answer, read, value_of
from operator_expressions import EXPRESSIONS

from glueball import mxnet as mx
from glueball.mxnet import nd

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "gluon_operators.json").read_text())
CLOSE = {"float16": (2e-3, 2e-4), "float32": (2e-5, 3e-6), "float64": (1e-6, 1e-7)}


def says(ours, theirs):
    """Whether our message holds the sentence of theirs, without the condition in C++ that failed."""
    ours, theirs = (text.split(", in operator")[0] for text in (ours, theirs))
    if theirs in ours:
        return True
    parts = [part.strip() for part in re.split(r": | \(\S+ vs\. \S+\)", theirs)]
    sentences = [part for part in parts if len(part) > 10]
    return bool(sentences) and sentences[-1] in ours


def same(ours, theirs):
    ours, theirs = read(ours), read(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    rtol, atol = CLOSE.get(theirs.dtype.name, (0, 0))
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_operator(expression):
    theirs = GOLDEN[expression]
    ours = answer(mx, expression)
    if "error" in theirs:
        assert ours.get("error") == theirs["error"], ours
        assert says(ours["message"], theirs["message"]), ours["message"]
        return
    assert "error" not in ours, ours
    assert ours.get("value") == theirs.get("value")
    for kind in ("results", "gradients"):
        found = ours.get(kind, [])
        for at, wanted in enumerate(theirs.get(kind, [])):
            same(found[at], wanted)
    assert len(ours.get("results", [])) == len(theirs.get("results", []))


def test_every_answer_has_its_question():
    assert set(GOLDEN) == set(EXPRESSIONS)


def test_no_result_shares_memory_with_an_argument():
    for expression in EXPRESSIONS:
        if (
            "error" in GOLDEN[expression]
            or ".reshape(" in expression
            or "_assign" in expression
            or "BatchNorm(" in expression
        ):
            continue  # a view; assigning and setting gamma to 1 are done in place
        inputs = {name: nd.array(value_of(name), dtype=INPUTS[name][1]) for name in INPUTS}
        results = eval(expression, {"nd": nd, "np": np, "mx": mx, **inputs})
        for result in results if isinstance(results, (list, tuple)) else [results]:
            if isinstance(result, nd.NDArray):
                result[:] = 77
        for name, array in inputs.items():
            np.testing.assert_array_equal(array.asnumpy(), value_of(name), err_msg=expression)


def test_views_where_mxnet_has_views():
    x = nd.zeros((2, 3))
    x.reshape((3, 2))[:] = 1
    assert x.sum().asscalar() == 6


def test_tensors_in_tensors_out():
    x = torch.tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True)
    y = nd.relu(x)
    assert type(y) is torch.Tensor
    nd.sum(nd.concat(y, x, dim=0)).backward()
    assert x.grad.tolist() == [[2.0, 1.0], [2.0, 2.0]]
    assert all(type(part) is torch.Tensor for part in nd.split(x, num_outputs=2))
    assert type(nd.concat(nd.ones((1, 2)), x, dim=0)) is nd.NDArray


def test_nothing_is_followed_outside_record():
    x = nd.ones(3)
    x.attach_grad()
    for result in (nd.exp(x), x.sum(), nd.argmax(x), nd.maximum(x, 0), nd.concat(x, x, dim=0)):
        assert not result.as_torch().requires_grad


def test_out_is_written_and_returned():
    x, y = nd.array([1, -2]), nd.zeros(2)
    assert nd.relu(x, out=y) is y
    assert nd.abs(x, y) is y
    assert y.asnumpy().tolist() == [1, 2]
    first, second = nd.zeros((2, 1)), nd.zeros((2, 1))
    nd.split(nd.array([[1, 2], [3, 4]]), num_outputs=2, out=[first, second])
    assert second.asnumpy().tolist() == [[2], [4]]
    weight, momentum = nd.ones(2), nd.zeros(2)
    nd.sgd_mom_update(weight, nd.ones(2), momentum, lr=0.5, momentum=0.9, out=weight)
    assert weight.asnumpy().tolist() == [0.5, 0.5] and momentum.asnumpy().tolist() == [-0.5, -0.5]


def test_a_mistake_writes_nothing():
    x, y = nd.array([1, -2]), nd.zeros(3)
    with pytest.raises(mx.MXNetError, match=r"expected \[2\], got \[3\]"):
        nd.relu(x, out=y)
    assert y.asnumpy().tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("RNN", "torch.nn.LSTM"),
        ("Custom", "autograd.Function"),
        ("Correlation", "unfold"),
        ("multi_lars", "loop"),
    ],
)
def test_what_is_missing_names_the_way_of_torch(name, way):
    assert not hasattr(nd, name)
    with pytest.raises(AttributeError, match=f"nd.{name}.*{way}"):
        getattr(nd, name)


def test_what_mxnet_has_not_is_an_attribute_error():
    for module in (nd, nd.op, nd.contrib, nd.linalg, nd.image):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            module.nothing  # noqa: B018


def test_batch_norm_moves_its_statistics_when_backward_comes_by():
    x = nd.array([[1, 2], [3, 6]])
    gamma, beta, mean, variance = nd.ones(2), nd.zeros(2), nd.zeros(2), nd.ones(2)
    for array in (x, gamma, beta):
        array.attach_grad()
    with mx.autograd.record():
        y = nd.BatchNorm(x, gamma, beta, mean, variance, momentum=0.5, fix_gamma=False)
    assert mean.asnumpy().tolist() == [0, 0]
    y.backward()
    assert mean.asnumpy().tolist() == [1, 2]
    assert variance.asnumpy().tolist() == [1, 2.5]


def test_fix_gamma_sets_gamma_to_one_for_good():
    gamma = nd.array([3, 4])
    nd.BatchNorm(nd.ones((2, 2)), gamma, nd.zeros(2), nd.zeros(2), nd.ones(2))
    assert gamma.asnumpy().tolist() == [1, 1]
