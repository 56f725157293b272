"""Watching training in PyTorch: what the log says, and that training does not notice."""

from __future__ import annotations

import contextlib
import copy
import gc
import math
import warnings
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp

X = torch.linspace(-1, 1, 24).reshape(6, 4)


def train(net, optimizer, steps, watch=None, loss=lambda out: out.pow(2).mean(), halves=1):
    """Train, with a watch or without; returns the log."""
    with nullcontext() if watch is None else watch as log:
        for _ in range(steps):
            for _ in range(halves):
                (loss(net(X)) / halves).backward()
            optimizer.step()
            optimizer.zero_grad()
    return log


def sgd(net, lr=0.01, **options):
    return torch.optim.SGD(net.parameters(), lr=lr, **options)


# ---- what the log says ------------------------------------------------------------------------------


def test_rows_hold_what_torch_says_before_the_update():
    net = mlp()
    optimizer = sgd(net, 0.1)
    net[0].weight.data[0, :2] = 0
    with gb.watch(net, optimizer=optimizer, every=1) as log:
        net(X).pow(2).mean().backward()
        before = {name: p.detach().clone() for name, p in net.named_parameters()}
        grads = {name: p.grad.clone() for name, p in net.named_parameters()}
        optimizer.step()
    rows = log.rows
    assert [row.name for row in rows] == list(before) and {row.step for row in rows} == {1}
    for row in rows:
        value, grad = before[row.name].double(), grads[row.name].double()
        after = net.get_parameter(row.name).detach().double()
        for says, array in ((row[2:7], value), (row[7:12], grad)):
            norm, mean, std, largest, zeros = says
            assert norm == pytest.approx(float(array.norm()), rel=1e-6)
            assert mean == pytest.approx(float(array.mean()), rel=1e-5, abs=1e-8)
            assert std == pytest.approx(float(array.std(correction=0)), rel=1e-5, abs=1e-8)
            assert largest == pytest.approx(float(array.abs().max()), rel=1e-7)
            assert zeros == pytest.approx(float((array == 0).double().mean()))
        assert row.update == pytest.approx(float((after - value).norm() / value.norm()), rel=1e-4)
        assert row.note == ""
    assert log["0.weight"][0].zeros == pytest.approx(2 / 32)


@pytest.mark.parametrize("every", [1, 3, 10])
def test_the_first_step_and_every_so_many_are_rows(every):
    net = mlp()
    log = train(net, sgd(net), 8, gb.watch(net, optimizer=sgd(net), every=every))
    assert log.count == 0 and log.steps() == []  # another optimizer's steps were counted
    optimizer = sgd(net)
    log = train(net, optimizer, 8, gb.watch(net, optimizer=optimizer, every=every))
    assert log.count == 8 and log.steps() == list(range(1, 9, every))
    assert len(log) == 4 * len(log.steps()) == len(log.rows)
    assert log.last() == log.rows[-4:]


def test_large_parameters_are_measured_whole_and_their_update_by_a_sample():
    torch.manual_seed(0)
    net = nn.Linear(700, 300)
    net.weight.data += 0.01
    net.weight.data[:, 5] = 0
    net.weight.data[7, 7] = -0.5
    optimizer = sgd(net, 0.05)
    with gb.watch(net, "weight", optimizer=optimizer, every=1) as log:
        net(torch.randn(8, 700)).pow(2).sum().backward()
        before = net.weight.detach().double().clone()
        optimizer.step()
    (row,) = log.rows
    assert row.zeros == pytest.approx(1 / 700) and row.max_abs == 0.5
    assert row.std == pytest.approx(float(before.std(correction=0)), rel=1e-3)
    assert row.mean == pytest.approx(float(before.mean()), rel=1e-4)
    whole = float((net.weight.detach().double() - before).norm() / before.norm())
    assert row.update == pytest.approx(whole, rel=0.05) and row.update != pytest.approx(whole, rel=1e-9)


def test_a_sample_passes_no_column_over():
    from glueball.frameworks.torch.watching import _spread

    tensor = torch.arange(512 * 512).reshape(512, 512)
    some = _spread(tensor, 1 << 14)
    assert len(some) <= 1 << 14
    assert len(set((some % 512).tolist())) == 512 and len(set((some // 512).tolist())) == 512


def test_frozen_and_waiting_parameters_are_rows_too():
    net = nn.Sequential(nn.Linear(4, 3), nn.LazyLinear(2), nn.Linear(2, 1))
    net[0].requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    with gb.watch(net, optimizer=optimizer, every=1) as log:
        optimizer.step()
        net(X).sum().backward()
        optimizer.step()
    first, second = ({row.name: row for row in log if row.step == step} for step in (1, 2))
    assert first["1.weight"].note == "waiting" and first["1.weight"].norm is None
    assert second["1.weight"].note == "" and second["1.weight"].grad_norm is not None
    assert second["0.weight"].note == "frozen" and second["0.weight"].grad_norm is None
    assert second["0.weight"].norm == pytest.approx(float(net[0].weight.norm()))
    assert second["0.weight"].update is None  # the optimizer does not hold it


def test_a_model_on_the_meta_device_waits():
    with gb.meta():
        net = mlp()
    with gb.watch(net, every=1) as log:
        log.step()
    assert {row.note for row in log} == {"waiting"} and all(row.norm is None for row in log)
    assert "waiting" in str(log)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.float8_e4m3fn,
        torch.complex64,
        torch.int8,
        torch.bool,
    ],
)
def test_every_dtype_is_measured(dtype):
    values = torch.tensor([[0.0, 1.0, 1.0], [-1.0, 0.0, 1.0]])
    module = nn.Module()
    module.weight = nn.Parameter(values.to(dtype), requires_grad=False)
    module.empty = nn.Parameter(torch.zeros(0, 3).to(dtype), requires_grad=False)
    with gb.watch(module, every=1) as log:
        log.step()
    row, empty = log.rows
    wanted = values.to(dtype).to(torch.complex128).abs() if dtype.is_complex else values.to(dtype).double()
    assert row.norm == pytest.approx(float(wanted.norm())) and row.max_abs == 1
    assert row.mean == pytest.approx(float(wanted.mean())) and row.zeros == pytest.approx(2 / 6)
    assert row.std == pytest.approx(float(wanted.std(correction=0)), rel=1e-2)
    assert empty.norm == 0 and empty.mean is None


def test_values_whose_square_overflows_are_no_infinity():
    net = nn.Linear(70, 70, bias=False)
    net.weight.data.fill_(1e30)
    with gb.watch(net, every=10, on="raise", ignore=["no gradient"]) as log:
        log.step()
        log.step()
    assert log.findings == [] and log.rows[0].max_abs == pytest.approx(1e30)


def test_sparse_gradients():
    net = nn.Embedding(50, 3, sparse=True)
    optimizer = sgd(net)
    with gb.watch(net, optimizer=optimizer, every=1) as log:
        net(torch.tensor([1, 1, 7])).pow(2).sum().backward()
        dense = net.weight.grad.to_dense().double()
        optimizer.step()
    (row,) = log.rows
    assert row.grad_norm == pytest.approx(float(dense.norm()), rel=1e-6)
    assert row.grad_mean == pytest.approx(float(dense.mean()), rel=1e-5, abs=1e-9)
    assert row.grad_std == pytest.approx(float(dense.std(correction=0)), rel=1e-4)
    assert row.grad_zeros == pytest.approx(float((dense == 0).double().mean()))


def test_layouts_in_memory_do_not_matter():
    net = nn.Conv2d(64, 96, 3, bias=False)
    other = copy.deepcopy(net).to(memory_format=torch.channels_last)
    rows = []
    for one in (net, other):
        with gb.watch(one, every=1, on=None) as log:
            log.step()
        rows += log.rows
    for a, b in zip(rows[0][2:7], rows[1][2:7], strict=True):
        assert a == pytest.approx(b, rel=1e-5, abs=1e-9)


def test_a_selection_is_watched_and_left_as_it_is():
    net = mlp()
    params = gb.collect_params(net).select(".*weight")
    optimizer = sgd(net)
    log = train(net, optimizer, 1, gb.watch(params, optimizer=optimizer))
    assert log.names() == params.names() == ["0.weight", "2.weight"]


# ---- training does not notice -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [sgd, lambda net: torch.optim.AdamW(net.parameters(), lr=0.01)])
@pytest.mark.parametrize("halves", [1, 2])
def test_training_is_the_same_to_the_bit_and_so_are_random_numbers(make, halves):
    ends = []
    for watched in (False, True):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.Linear(16, 1))
        optimizer = make(net)
        watch = gb.watch(net, optimizer=optimizer, every=2, on=None) if watched else None
        train(net, optimizer, 5, watch, halves=halves)
        ends.append([*map(torch.clone, net.state_dict().values()), torch.get_rng_state()])
    assert all(map(torch.equal, *ends))


def test_gradients_of_several_backwards_are_one_step():
    net = mlp()
    optimizer = sgd(net)
    log = train(net, optimizer, 2, gb.watch(net, optimizer=optimizer, every=1), halves=3)
    assert log.count == 2 and log.findings == []


@pytest.mark.parametrize("fused", [False, True])
def test_gradient_scaling_and_autocast(fused):
    net = mlp()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    with gb.watch(net, optimizer=optimizer, every=1, on="raise") as log:
        for step in range(4):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = net(X).pow(2).mean() * (math.inf if step == 1 else 1)
            scaler.scale(loss).backward()
            wanted = {n: float(p.grad.norm()) / scaler.get_scale() for n, p in net.named_parameters()}
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            if step != 1:
                for row in log.last():
                    assert row.grad_norm == pytest.approx(wanted[row.name], rel=1e-4)
    assert log.count == 3  # the step that the scaler skipped is none, and its infinities are its business


def test_a_step_within_a_step_is_not_counted_again():
    class Outer(torch.optim.SGD):
        def step(self, closure=None):
            if log.count == 2:
                raise OSError("gone")
            return super().step(closure)

    net = nn.Linear(4, 2)
    optimizer = Outer(net.parameters(), 0.01)
    log = gb.watch(net, optimizer=optimizer, every=1).start()
    for _ in range(4):
        net(torch.ones(2, 4)).sum().backward()
        with contextlib.suppress(OSError):
            optimizer.step()
    log.stop()
    assert log.count == 4 and log.steps() == [1, 2, 3, 4]
    assert [row.update is None for row in log["weight"]] == [False, True, False, False]


@pytest.mark.parametrize("counted", ["by hand", "by the optimizer"])
def test_freezing_and_unfreezing_on_the_way_is_seen(counted):
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    net[0].weight.requires_grad_(False)
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    by_hand = counted == "by hand"
    with gb.watch(net, optimizer=None if by_hand else optimizer, every=1) as log:
        for step in range(4):
            if step == 2:
                net[0].weight.requires_grad_(True)
                net[1].weight.requires_grad_(False)
            net(torch.ones(2, 4)).sum().backward()
            if by_hand:
                log.step()
            optimizer.step()
            optimizer.zero_grad()
    assert [row.note for row in log["0.weight"]] == ["frozen", "frozen", "", ""]
    assert [row.note for row in log["1.weight"]] == ["", "", "frozen", "frozen"]


def test_a_parameter_that_is_cut_on_the_way_has_its_new_size():
    net = nn.Linear(4, 4)
    with gb.watch(net, every=1, on=None) as log:
        for step in range(2):
            if step == 1:
                net.weight.data = torch.tensor([[0.0, 0.0, 0.0, 5.0]])
                net.bias.data = torch.ones(1)
            net(torch.ones(2, 4)).sum().backward()
            log.step()
            net.zero_grad()
    row = log["weight"][-1]
    assert (row.zeros, row.mean, row.norm) == (0.75, 1.25, 5)


def test_a_closure_computes_gradients_within_the_step():
    net = mlp()
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = net(X).pow(2).mean()
        loss.backward()
        return loss

    with gb.watch(net, optimizer=optimizer, every=1, update=(0, 10)) as log:
        for _ in range(4):
            optimizer.step(closure)
    assert log.count == 4 and log.findings == []
    assert all(row.grad_norm and row.update for row in log)


def test_torch_compile_compiles_nothing_more_and_trains_the_same():
    counters = pytest.importorskip("torch._dynamo.utils").counters
    ends, graphs = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        for watched in (False, True):
            torch._dynamo.reset()
            counters.clear()
            torch.manual_seed(0)
            net = mlp()
            compiled = torch.compile(net, backend="aot_eager")
            optimizer = sgd(net)
            watch = gb.watch(compiled, optimizer=optimizer, every=2, on="raise") if watched else None
            log = train(compiled, optimizer, 5, watch)
            ends.append([p.detach().clone() for p in net.parameters()])
            graphs.append(dict(counters["frames"]))
        torch._dynamo.reset()
        counters.clear()
    assert all(map(torch.equal, *ends)) and graphs[0] == graphs[1]
    assert log.names() == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_compiled_backward_tells_no_order():
    counters = pytest.importorskip("torch._dynamo.utils").counters
    net = deep = nn.Sequential(*(nn.Linear(4, 4) for _ in range(6)))
    compiled = torch.compile(lambda x: deep(x), backend="aot_eager")
    optimizer = sgd(net)
    net[0].weight.data[0, 0] = net[3].weight.data[0, 0] = math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log = train(compiled, optimizer, 1, gb.watch(net, optimizer=optimizer, on=None))
    torch._dynamo.reset()
    counters.clear()
    assert log.findings[0].names[:2] == ("0.weight", "3.weight")


def test_hooks_are_gone_afterwards_whatever_happened():
    net = mlp()
    optimizer = sgd(net)
    for error in (None, ZeroDivisionError):
        with pytest.raises(error) if error else nullcontext(), gb.watch(net, optimizer=optimizer) as log:
            assert optimizer._optimizer_step_pre_hooks
            if error:
                raise error
        assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
        assert not any(p._post_accumulate_grad_hooks for p in net.parameters())
        assert not log.running
    train(net, optimizer, 1, gb.watch(net, optimizer=optimizer))
    assert not any(p._post_accumulate_grad_hooks for p in net.parameters())


def test_a_watch_that_is_over_holds_nothing_that_leads_to_it():
    net = mlp()
    optimizer = sgd(net)
    log = train(net, optimizer, 1, gb.watch(net, optimizer=optimizer))
    seen = weakref.ref(log)
    del log
    gc.collect()
    assert seen() is None


def test_two_watches_of_one_model():
    net = mlp()
    optimizer = sgd(net)
    with gb.watch(net, optimizer=optimizer, every=1) as outer:
        with gb.watch(net, ".*bias", optimizer=optimizer, every=1) as inner:
            train(net, optimizer, 2)
        train(net, optimizer, 1)
    assert (outer.count, inner.count) == (3, 2)
    assert [row for row in outer if row.name.endswith("bias")][:4] == inner.rows


def test_a_watch_runs_once_at_a_time_and_goes_on_later():
    net = mlp()
    optimizer = sgd(net)
    log = gb.watch(net, optimizer=optimizer, every=1)
    with log:
        with pytest.raises(gb.WatchError, match="runs already"):
            log.start()
        train(net, optimizer, 1)
    log.start()
    train(net, optimizer, 1)
    log.stop()
    log.stop()
    assert log.steps() == [1, 2]


# ---- without an optimizer ---------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
def test_steps_counted_by_hand(after):
    net = mlp()
    optimizer = sgd(net)
    norms = []
    with gb.watch(net, every=2) as log:
        for _ in range(4):
            net(X).pow(2).mean().backward()
            norms.append(float(net[0].weight.detach().norm()))
            if not after:
                log.step()
            optimizer.step()
            if after:
                log.step()
            optimizer.zero_grad()
    assert log.steps() == [1, 3] and log.findings == []
    rows = log["0.weight"]
    assert all(row.update is not None and 0 < row.update < 1 and row.grad_norm for row in rows)
    if not after:
        assert [row.norm for row in rows] == pytest.approx([norms[0], norms[2]])


def test_gradients_that_a_function_returned():
    net = mlp()
    params = dict(net.named_parameters())

    def loss(params):
        return torch.func.functional_call(net, params, X).pow(2).mean()

    grads = torch.func.grad(loss)({name: p.detach() for name, p in params.items()})
    with gb.watch(net, every=1) as log:
        log.step(grads)
    assert [row.grad_norm for row in log] == pytest.approx([float(g.norm()) for g in grads.values()])


def test_an_update_is_measured_of_what_the_first_optimizer_holds():
    net = mlp()
    a, b = torch.optim.SGD(net[0].parameters(), lr=0.1), torch.optim.SGD(net[2].parameters(), lr=0.1)
    with gb.watch(net, optimizer=[a, b], every=1) as log:
        net(X).pow(2).mean().backward()
        a.step()
        b.step()
    assert log.count == 1 and log.findings == []
    assert [row.update is not None for row in log] == [True, True, False, False]


def test_depth_is_the_order_of_the_forward_pass_not_of_the_attributes():
    class Reversed(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.middle, self.first = nn.Linear(4, 1), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.last(self.middle(self.first(x)))

    net = Reversed()
    optimizer = sgd(net)
    net.first.weight.data[0, 0] = net.last.weight.data[0, 0] = math.nan
    with gb.watch(net, optimizer=optimizer, on=None) as log:
        train(net, optimizer, 1)
    finding = log.findings[0]
    assert finding.kind == "nonfinite" and finding.names[:2] == ("first.weight", "last.weight")


def test_a_tied_parameter_is_one_row():
    net = TiedLanguageModel()
    optimizer = sgd(net)
    with gb.watch(net, optimizer=optimizer, every=1) as log:
        net(torch.tensor([[1, 2, 3]])).sum().backward()
        optimizer.step()
    assert log.names() == ["embed.weight", "norm.weight", "norm.bias"]


def test_settings_without_meaning():
    net = mlp()
    for wrong, text in (
        ({"every": 0}, "every is 0"),
        ({"every": 2.5}, "every is 2.5"),
        ({"patience": True}, "patience is True"),
        ({"keep": 0}, "keep is 0"),
        ({"on": "shout"}, "on is 'shout'"),
        ({"ignore": "tie"}, "ignore has 'tie'"),
        ({"ignore": ["ties"]}, "ignore has 'ties'"),
        ({"update": (1, 0)}, r"update is \(1, 0\)"),
        ({"depth": 3}, "depth is 3"),
    ):
        with pytest.raises(gb.WatchSettingError, match=text) as caught:
            gb.watch(net, **wrong)
        assert isinstance(caught.value, ValueError)


def test_nothing_to_watch_and_optimizers_that_do_not_fit():
    net = mlp()
    with pytest.raises(gb.NothingSelectedError, match="nothing to watch"):
        gb.watch(gb.collect_params(net).select("nothing.*", allow_empty=True))
    with pytest.raises(gb.NothingSelectedError, match="nothing"):
        gb.watch(net, "nothing.*")
    with pytest.raises(gb.OptimizerError, match="SGD holds no parameter of the model"):
        gb.watch(net, optimizer=sgd(mlp()))
    with pytest.raises(gb.OptimizerError, match="no optimizer"):
        gb.watch(net, optimizer=3)
    with pytest.raises(gb.UnknownModelError):
        gb.watch(3)

    class Bare:
        param_groups = [{"params": list(net.parameters())}]  # noqa: RUF012

    watch = gb.watch(net, optimizer=Bare())
    with pytest.raises(gb.OptimizerError, match="no step hooks"), watch:
        pass
    assert not watch.running


def test_steps_by_hand_where_they_make_no_sense():
    net = mlp()
    log = gb.watch(net)
    with pytest.raises(gb.WatchError, match="does not run"):
        log.step()
    with gb.watch(net, optimizer=sgd(net)) as log, pytest.raises(gb.WatchError, match="counted already"):
        log.step()


def test_numbers_do_not_depend_on_how_tensors_are_grouped():
    """Mixed dtypes are measured in groups; each must come back to its place."""
    module = nn.Module()
    wanted = []
    for place in range(9):
        values = torch.full(
            (place + 1,), float(place + 1), dtype=(torch.float32, torch.float64, torch.bfloat16)[place % 3]
        )
        module.register_parameter(f"p{place}", nn.Parameter(values))
        wanted.append((place + 1) * math.sqrt(place + 1))
    with gb.watch(module, every=1, ignore=["no gradient"]) as log:
        log.step()
    assert [row.norm for row in log] == pytest.approx(wanted, rel=1e-6)
    assert np.array([row.max_abs for row in log]) == pytest.approx(np.arange(1, 10))
