"""Gluon on PyTorch against plain PyTorch and against real MXNet 1.9.1.

Run: python benchmarks/gluon.py [PYTHON WITH MXNET]

Glueball and torch take turns in one process. Where a Python with MXNet is given (3.8, with mxnet==1.9.1
and numpy==1.23.5), processes of the two take turns, and the medians of five are compared. This file runs
under both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

REPEATS = 5


def timed(run, seconds=0.7):
    """Median seconds of one call."""
    run()
    spent, times = 0.0, []
    while spent < seconds or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        spent += times[-1]
    return statistics.median(times)


# ---- Gluon, by whichever mxnet there is -------------------------------------------------------------


def mlp(mx, hybridize):
    """The book's network, and one training step and one forward pass of it."""
    nd, gluon, autograd = mx.nd, mx.gluon, mx.autograd
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(256, activation="relu"), gluon.nn.Dense(10))
    net.initialize()
    if hybridize:
        net.hybridize()
    x = nd.random.uniform(shape=(2, 20))
    y = nd.array([1, 2])
    net(x)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.01})
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

    def step():
        with autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(2)
        nd.waitall()

    def forward():
        net(x).wait_to_read()

    return step, forward


def lenet(mx):
    """LeNet on 256 images, one training step."""
    nd, gluon, autograd = mx.nd, mx.gluon, mx.autograd
    nn = gluon.nn
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(6, kernel_size=5, padding=2, activation="sigmoid"), nn.AvgPool2D(2, 2),
        nn.Conv2D(16, kernel_size=5, activation="sigmoid"), nn.AvgPool2D(2, 2),
        nn.Dense(120, activation="sigmoid"), nn.Dense(84, activation="sigmoid"), nn.Dense(10),
    )  # fmt: skip
    net.initialize(mx.init.Xavier())
    x = nd.random.uniform(shape=(256, 1, 28, 28))
    y = nd.zeros(256)
    net(x)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

    def step():
        with autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(256)
        nd.waitall()

    return step


def layers(mx):
    """10,000 layers with a weight and a bias, not initialised."""
    nn = mx.gluon.nn
    net = nn.Sequential()
    for _ in range(100):
        block = nn.Sequential()
        block.add(*[nn.Dense(4, in_units=4) for _ in range(100)])
        net.add(block)
    return net


def many(mx):
    """The time to initialise 10,000 new layers; what initialises them again, and what finds the weights."""
    times = []
    for _ in range(3):
        net = layers(mx)
        start = time.perf_counter()
        net.initialize()
        mx.nd.waitall()
        times.append(time.perf_counter() - start)

    def initialize():
        net.initialize(force_reinit=True)
        mx.nd.waitall()

    return statistics.median(times), initialize, lambda: net.collect_params(".*weight")


def child(which):
    """Time Gluon in this process; print JSON."""
    if which == "glueball":
        from glueball import mxnet as mx
    else:
        import mxnet as mx
    found = {}
    for hybridize in (False, True):
        step, forward = mlp(mx, hybridize)
        found["MLP step", hybridize] = timed(step)
        found["MLP forward", hybridize] = timed(forward)
    found["LeNet step, batch 256", False] = timed(lenet(mx))
    found["initialize 20,000 new parameters", False], initialize, collect = many(mx)
    found["initialize 20,000 parameters again", False] = timed(initialize)
    found["collect_params('.*weight') of 20,000", False] = timed(collect)
    print(json.dumps([[name, hybridize, value] for (name, hybridize), value in found.items()]))


# ---- against torch ----------------------------------------------------------------------------------


def against_torch():
    """Glueball and plain torch in turn."""
    import torch
    from common import in_turn, line
    from torch import nn

    from glueball import mxnet as mx

    torch.set_num_threads(2)
    step, forward = mlp(mx, False)
    x, y = torch.rand(2, 20), torch.tensor([1, 2])
    net = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))

    def trainer(net, x, y, rate):
        optimizer = torch.optim.SGD(net.parameters(), rate)
        loss = nn.CrossEntropyLoss()

        def step():
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()

        return step

    def repeat(run, times):
        def many_times():
            for _ in range(times):
                run()

        return many_times

    @torch.no_grad()
    def torch_forward():
        net(x)

    torch_step = trainer(net, x, y, 0.01)
    print(f"{'':<62} {'glueball':>12} {'torch':>12}")
    line("MLP 20-256-10, batch 2: 1,000 training steps", *in_turn(
        repeat(step, 1000), repeat(torch_step, 1000), 9))  # fmt: skip
    line("MLP 20-256-10, batch 2: 1,000 forward passes", *in_turn(
        repeat(forward, 1000), repeat(torch_forward, 1000), 9))  # fmt: skip
    torch_lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(),
        nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip
    images, labels = torch.rand(256, 1, 28, 28), torch.zeros(256, dtype=torch.long)
    line("LeNet, batch 256: one training step", *in_turn(
        lenet(mx), trainer(torch_lenet, images, labels, 0.1), 41))  # fmt: skip


def against_mxnet(python):
    """Processes of glueball and of MXNet in turn."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    runs = {"glueball": [], "mxnet": []}
    for _ in range(REPEATS):
        for which, interpreter in (("glueball", sys.executable), ("mxnet", python)):
            done = subprocess.run(
                [interpreter, __file__, "--child", which],
                env=environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
            runs[which].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{'':<62} {'glueball':>12} {'MXNet':>12}   times as fast")
    for at, (name, hybridize, _) in enumerate(runs["mxnet"][0]):
        ours, theirs = (
            statistics.median(run[at][2] for run in runs[which]) for which in ("glueball", "mxnet")
        )
        label = name + (", hybridized" if hybridize else "")
        print(f"{label:<62} {ours * 1e3:9.3f} ms {theirs * 1e3:9.3f} ms   {theirs / ours:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    else:
        against_torch()
        if sys.argv[1:]:
            against_mxnet(sys.argv[1])
        else:
            print("give a Python that has mxnet==1.9.1 to be compared with it")
