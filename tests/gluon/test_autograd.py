"""Autograd: what real MXNet's transcripts do not reach — torch beside it, threads, higher orders, memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glueball.mxnet import MXNetError, autograd, nd

FLOATS = hnp.arrays(np.float32, 3, elements=st.floats(0.5, 2, width=32))


@pytest.fixture(autouse=True)
def _switches_are_as_before() -> Iterator[None]:
    yield
    assert not autograd.is_recording() and not autograd.is_training()
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def variable(values: Any, req: str = "write") -> nd.NDArray:
    x = nd.array(values)
    x.attach_grad(req)
    return x


# ---- against torch ----------------------------------------------------------------------------------


@given(FLOATS, FLOATS, st.sampled_from(["write", "add"]), st.integers(1, 3))
def test_gradients_are_torchs(a: Any, b: Any, req: str, passes: int) -> None:
    def function(x: Any, y: Any) -> Any:
        return (x * y - x / y + 3 / x) * (2 - y) + (-x) * 0.5 - abs(y - x)

    x, y = variable(a, req), variable(b, req)
    for _ in range(passes):
        with autograd.record():
            z = function(x, y)
        z.backward(nd.array([1, 2, 3]))
    p, q = (torch.tensor(v, requires_grad=True) for v in (a, b))
    function(p, q).backward(torch.tensor([1.0, 2, 3]))
    times = passes if req == "add" else 1
    for ours, theirs in ((x, p), (y, q)):
        np.testing.assert_allclose(ours.grad.asnumpy(), times * theirs.grad.numpy(), rtol=1e-5, atol=1e-4)


def test_derivatives_of_higher_order() -> None:
    x = variable([1.0, 2.0, 3.0])
    with autograd.record():
        y = x**4
        (first,) = autograd.grad(y, x, create_graph=True)
        (second,) = autograd.grad(first, x, create_graph=True)
        (third,) = autograd.grad(second, [x])
    assert first.asnumpy().tolist() == [4, 32, 108]
    assert second.asnumpy().tolist() == [12, 48, 108]
    assert third.asnumpy().tolist() == [24, 48, 72]
    assert x.grad.asnumpy().tolist() == [0, 0, 0]


def test_a_penalty_on_the_gradient_can_be_trained() -> None:
    x, w = variable([1.0, -2.0]), variable([3.0, 4.0])
    with autograd.record():
        (slope,) = autograd.grad(x * x * w, x, create_graph=True)
        penalty = slope * slope
    penalty.backward()
    assert w.grad.asnumpy().tolist() == [24, 128]  # d(2xw)²/dw = 8x²w
    assert x.grad.asnumpy().tolist() == [72, -256]  # and by x: 8xw²


def test_variables_of_grad_are_named_by_their_place() -> None:
    x, w = variable([1.0]), variable([1.0])
    with autograd.record():
        y = x * 2
    with pytest.raises(MXNetError, match="the 2-th variable because it is unreachable from the outputs"):
        autograd.grad(y, [x, w])
    with autograd.record():
        y = x * 2
    with pytest.raises(MXNetError, match="the 1-th variable because it does not require gradient"):
        autograd.grad(y, nd.ones(1))


# ---- what MXNet forgets -------------------------------------------------------------------------------


def test_what_was_computed_before_a_backward_is_a_constant_after_it() -> None:
    """The hidden state of a recurrent network, carried on without detach."""
    w, state = variable([2.0]), nd.ones(1)
    seen = []
    for _ in range(3):
        with autograd.record():
            state = state * w
            loss = state * state
        loss.backward()
        seen.append((state.asscalar(), w.grad.asscalar()))
    assert seen == [(2, 4), (4, 16), (8, 64)]  # d(s·w)²/dw = 2s²w with s as it was


def test_a_graph_that_was_kept_goes_on() -> None:
    w = variable([2.0])
    with autograd.record():
        state = w * w
    with autograd.record():
        loss = state * w
    loss.backward(retain_graph=True)
    assert w.grad.asscalar() == 12
    with autograd.record():
        loss = state * state
    loss.backward()
    assert w.grad.asscalar() == 32
    with pytest.raises(MXNetError, match="you need to pass retain_graph=True to backward"):
        loss.backward()


def test_two_graphs_that_share_a_part() -> None:
    w = variable([2.0])
    with autograd.record():
        shared = w * w
        one, two = shared * w, shared * 3
    one.backward()
    with pytest.raises(MXNetError, match="There are no inputs in computation graph that require gradients"):
        two.backward()


def test_graphs_recorded_together_do_not_forget_each_other() -> None:
    w = variable([2.0], "add")
    with autograd.record():
        losses = [w * w * k for k in (1, 2, 3)]
    for loss in losses:
        loss.backward()
    assert w.grad.asscalar() == 24


# ---- memory -------------------------------------------------------------------------------------------


def test_a_gradient_is_one_memory_for_its_life() -> None:
    x = variable([1.0, 2.0])
    grad = x.grad
    address = grad.handle
    for factor in (2, 3):
        with autograd.record():
            y = x * factor
        y.backward()
        assert grad.asnumpy().tolist() == [factor, factor]
    grad[:] = 7
    assert x.grad.asnumpy().tolist() == [7, 7] and x.grad.handle == address
    x.attach_grad()
    assert grad.asnumpy().tolist() == [7, 7] and x.grad.asnumpy().tolist() == [0, 0]


def test_marked_gradients_are_the_arrays_given() -> None:
    x, g, part = nd.array([1.0, 2.0]), nd.zeros((2, 2)), nd.array([1.0, 2.0])
    autograd.mark_variables([x, part], [g[0], g[1]], ["write", "add"])
    for _ in range(2):
        with autograd.record():
            y = x * part
        y.backward()
    assert g.asnumpy().tolist() == [[1, 2], [2, 4]]


def test_marking_checks_all_before_it_changes_any() -> None:
    x, y = nd.ones(2), nd.ones(2)
    for gradients, reqs, error in (
        ([nd.zeros(2), nd.zeros(3)], "write", MXNetError),
        ([nd.zeros(2), nd.zeros(2, dtype="float64")], "write", MXNetError),
        ([nd.zeros(2)], "write", ValueError),
        ([nd.zeros(2), nd.zeros(2)], ["write", "foo"], KeyError),
    ):
        with pytest.raises(error):
            autograd.mark_variables([x, y], gradients, reqs)
    assert x.grad is None and y.grad is None


def test_backward_sees_what_was_written_since() -> None:
    x, c = variable([1.0, 2.0]), nd.array([1.0, 2.0])
    with autograd.record():
        y = x * c
    c[:] = 5
    y.backward()
    assert x.grad.asnumpy().tolist() == [5, 5]


def test_whole_arrays_take_part_in_a_graph_when_copied_into() -> None:
    x, into = variable([1.0, 2.0]), nd.zeros((2, 2))
    view = into[0]
    with autograd.record():
        into[:] = x * 3
        y = into * into
    y.backward()
    assert view.asnumpy().tolist() == [3, 6]
    assert x.grad.asnumpy().tolist() == [36, 72]


def test_the_fresh_mark() -> None:
    x = variable([1.0])
    assert not x._fresh_grad
    with autograd.record():
        y = x * x
    y.backward()
    assert x._fresh_grad
    x._fresh_grad = False
    assert not x._fresh_grad
    with pytest.raises(MXNetError, match="NDArray has not been marked as a variable"):
        nd.ones(1)._fresh_grad = True


def test_comparisons_have_gradients_of_zeros_even_where_values_are_not_finite() -> None:
    x, y = variable([np.nan, np.inf, 1.0]), variable([[1.0], [2.0]])
    x.grad[:] = 7
    with autograd.record():
        z = x < y
    assert z.asnumpy().tolist() == [[0, 0, 0], [0, 0, 1]]
    z.backward()
    assert x.grad.asnumpy().tolist() == [0, 0, 0] and y.grad.asnumpy().tolist() == [[0], [0]]


def test_attaching_refuses_what_it_does_not_know() -> None:
    x = nd.ones(1)
    with pytest.raises(KeyError, match="foo"):
        x.attach_grad("foo")
    with pytest.raises(NotImplementedError, match="row_sparse gradients"):
        x.attach_grad(stype="row_sparse")
    with pytest.raises(ValueError, match="unknown storage type"):
        x.attach_grad(stype="foo")
    assert x.grad is None


def test_integers_say_how_to_get_gradients() -> None:
    x = variable([1, 2])
    whole = x.astype("int32")
    whole.attach_grad()
    assert whole.grad.dtype is np.int32
    with autograd.record():
        y = whole * 2
    with pytest.raises(MXNetError, match=r"(?s)not in a computational graph.*float32"):
        y.backward()


def test_head_gradients_have_to_fit() -> None:
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * 2
    for grad in (nd.ones(3), nd.ones((1, 2)), nd.ones(2, dtype="float64")):
        with pytest.raises(MXNetError):
            y.backward(grad)
    y.backward(nd.array([3, 4]))  # nothing was forgotten
    assert x.grad.asnumpy().tolist() == [6, 8]


# ---- torch beside it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", [torch.no_grad, torch.inference_mode])
def test_recording_records_under_torchs_own_switches(outside: Any) -> None:
    x = variable([1.0, 2.0])
    with outside():
        with autograd.record():
            y = x * x
        y.backward()
        assert not torch.is_grad_enabled()
    assert x.grad.asnumpy().tolist() == [2, 4]


def test_arrays_of_inference_mode_say_so() -> None:
    with torch.inference_mode():
        x = nd.ones(2)
    with pytest.raises(MXNetError, match="inference_mode"):
        x.attach_grad()
    x[:] = 3
    x = x.copy()
    x.attach_grad()


def test_nothing_is_followed_outside_of_record() -> None:
    x = variable([1.0])
    assert not (x * 2).as_torch().requires_grad and not x.as_torch().requires_grad
    with autograd.record():
        assert (x * 2).as_torch().requires_grad
        with autograd.pause():
            assert not (x * 2).as_torch().requires_grad and not torch.is_grad_enabled()
    before = autograd.set_recording(True)
    assert not before and torch.is_grad_enabled()
    with torch.no_grad():
        assert autograd.set_recording(False)
    assert torch.is_grad_enabled()
    assert autograd.set_recording(False) is False and torch.is_grad_enabled()


def test_torchs_own_backward_adds_and_mxnets_overwrites() -> None:
    x = variable([1.0])
    leaf = x._tensor
    for _ in range(2):
        (leaf * 3).sum().backward()
    assert x.grad.asscalar() == 6
    with autograd.record():
        y = x * 5
    y.backward()
    assert x.grad.asscalar() == 5
    leaf.grad = None  # as torch's optimizers do
    assert x.grad.asscalar() == 0
    (leaf * 3).sum().backward()
    assert x.grad.asscalar() == 3


def test_a_graph_goes_through_torch_and_back() -> None:
    x = variable([1.0, 2.0])
    with autograd.record():
        y = nd.from_torch(torch.sin(x.as_torch())) * 2
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * np.cos([1, 2]), rtol=1e-6)


# ---- threads -----------------------------------------------------------------------------------------


class Waits(autograd.Function):
    """Its backward tells that it began, and waits."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.goes_on = threading.Event(), threading.Event()

    def forward(self, x: Any) -> Any:
        return x * 1

    def backward(self, dy: Any) -> Any:
        self.began.set()
        assert self.goes_on.wait(10)
        return dy


def test_a_backward_in_one_thread_leaves_the_gradients_of_another_alone() -> None:
    x, y = variable([1.0]), variable([1.0])
    waits = Waits()
    with autograd.record():
        slow = waits(x) * 2
    thread = threading.Thread(target=slow.backward)
    thread.start()
    assert waits.began.wait(10)
    leaf = y._tensor
    for _ in range(2):
        (leaf * 3).sum().backward()  # torch's own: it adds, whatever MXNet does meanwhile
    assert y.grad.asscalar() == 6
    waits.goes_on.set()
    thread.join()
    assert x.grad.asscalar() == 2
    assert autograd.backward_state.running == 0


def test_each_thread_records_for_itself() -> None:
    inside, checked = threading.Event(), threading.Event()
    seen: list[Any] = []

    def other() -> None:
        assert inside.wait(10)
        z = variable([2.0])
        seen.append((autograd.is_recording(), autograd.is_training(), (z * 2).as_torch().requires_grad))
        with autograd.record(train_mode=False):
            w = z * z
        w.backward()
        seen.append(z.grad.asscalar())
        checked.set()

    thread = threading.Thread(target=other)
    thread.start()
    x = variable([1.0])
    with autograd.record():
        y = x * 2
        inside.set()
        assert checked.wait(10)
        y = y * x
    y.backward()
    thread.join()
    assert seen == [(False, False, False), 4]
    assert x.grad.asscalar() == 4


# ---- Function ------------------------------------------------------------------------------------------


class Product(autograd.Function):
    def forward(self, x: Any, y: Any) -> Any:
        self.save_for_backward(x, y)
        return x * y

    def backward(self, dz: Any) -> Any:
        x, y = self.saved_tensors
        return dz * y, dz * x


def test_a_function_is_part_of_the_graph() -> None:
    x, y = variable([1.0, 2.0]), variable([3.0, 4.0])
    with autograd.record():
        z = Product()(x * 2, y) * 3
    z.backward(nd.array([1.0, 10.0]))
    assert x.grad.asnumpy().tolist() == [18, 240] and y.grad.asnumpy().tolist() == [6, 120]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda dz: dz, "Expecting 2 got 1"),
        (lambda dz: (dz, None), "must return NDArrays"),
        (lambda dz: (dz, nd.ones(3)), "Error in backward"),
    ],
)
def test_a_backward_that_returns_something_else(returned: Any, said: str) -> None:
    class Wrong(Product):
        def backward(self, dz: Any) -> Any:
            return returned(dz)

    x = variable([1.0, 2.0])
    with autograd.record():
        z = Wrong()(x, x)
    with pytest.raises((AssertionError, MXNetError), match=said):
        z.backward()


def test_what_a_function_raises_arrives() -> None:
    class Fails(Product):
        def backward(self, dz: Any) -> Any:
            raise LookupError("mine")

    x = variable([1.0])
    with autograd.record():
        z = Fails()(x, x)
    with pytest.raises(LookupError, match="mine"):
        z.backward()
    assert not autograd.is_training()
    assert autograd.backward_state.running == 0


def test_symbols_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="there are no Symbols here"):
        autograd.get_symbol(nd.ones(1))
