"""Layers and losses with inputs, and what is seen of them: for real MXNet (Python 3.8) and for ours.

tools/golden_gluon_layers.py records with real MXNet what `layer_seen` and `loss_seen` return; the tests
compare. Inputs and parameters come from NumPy's RandomState, so the record holds results only: of each
array its shape, a weighted sum, and some of its elements.
"""

from __future__ import annotations

import zlib

import numpy as np

# name of the layer's expression -> the input's shape; "ints" are row numbers
LAYERS = [
    ("nn.Dense(3)", (2, 4)),
    ("nn.Dense(3)", (5,)),
    ("nn.Dense(4, activation='tanh', in_units=6)", (3, 6)),
    ("nn.Dense(3, use_bias=False, activation='relu')", (2, 2, 3)),
    ("nn.Dense(3, flatten=False)", (2, 2, 3, 4)),
    ("nn.Dense(5, activation='sigmoid', flatten=False)", (4, 3)),
    ("nn.Dense(2, activation='softrelu')", (4, 3)),
    ("nn.Dense(2, activation='softsign')", (4, 3)),
    ("nn.Dropout(0)", (3, 4)),
    ("nn.Dropout(0.3)", (4, 50)),
    ("nn.Dropout(0.5, axes=(1,))", (5, 6, 7)),
    ("nn.Dropout(0.5, axes=(0, 2))", (5, 6, 7)),
    ("nn.Dropout(0.9)", (20,)),
    ("nn.BatchNorm()", (4, 3)),
    ("nn.BatchNorm()", (3, 4, 5, 6)),
    ("nn.BatchNorm(axis=-1, momentum=0.5)", (4, 3, 2)),
    ("nn.BatchNorm(axis=0, epsilon=0.1)", (4, 3, 2)),
    ("nn.BatchNorm(center=False)", (6, 3)),
    ("nn.BatchNorm(scale=False, momentum=0.7)", (6, 3, 4)),
    ("nn.BatchNorm(scale=False, center=False)", (6, 3)),
    ("nn.BatchNorm(use_global_stats=True)", (6, 3, 2)),
    ("nn.BatchNorm(in_channels=2)", (1, 2, 3, 4, 2)),
    ("nn.LayerNorm()", (4, 6)),
    ("nn.LayerNorm(axis=1, epsilon=0.1)", (3, 4, 5)),
    ("nn.LayerNorm(axis=0)", (4, 3)),
    ("nn.LayerNorm(center=False)", (7,)),
    ("nn.LayerNorm(scale=False, in_channels=5)", (2, 3, 5)),
    ("nn.InstanceNorm()", (2, 3, 4)),
    ("nn.InstanceNorm(scale=True, epsilon=0.01)", (2, 3, 4, 5)),
    ("nn.InstanceNorm(axis=2, center=False)", (2, 3, 4)),
    ("nn.InstanceNorm(axis=-1, scale=True, in_channels=4)", (2, 3, 4)),
    ("nn.GroupNorm()", (2, 4, 3)),
    ("nn.GroupNorm(num_groups=2, epsilon=0.01)", (3, 6, 2, 2)),
    ("nn.GroupNorm(3, scale=False)", (2, 6, 4)),
    ("nn.GroupNorm(3, center=False)", (2, 3, 4)),
    ("nn.Embedding(7, 3)", "ints (4, 2)"),
    ("nn.Embedding(3, 2)", "ints (5,)"),
    ("nn.Flatten()", (2, 3, 4)),
    ("nn.Flatten()", (5,)),
    ("nn.HybridLambda(lambda F, x: x * x)", (3, 2)),
    ("nn.Lambda(lambda x: x + x * 2)", (3, 2)),
    *[(f"nn.Activation({kind!r})", (4, 5)) for kind in ("relu", "sigmoid", "softrelu", "softsign", "tanh")],
    ("nn.LeakyReLU(0.1)", (4, 5)),
    ("nn.LeakyReLU(0)", (6,)),
    ("nn.PReLU()", (4, 5)),
    ("nn.PReLU(in_channels=3)", (2, 3, 4)),
    ("nn.PReLU(in_channels=3)", (3,)),
    ("nn.ELU()", (4, 5)),
    ("nn.ELU(0.3)", (20,)),
    ("nn.SELU()", (4, 5)),
    ("nn.GELU()", (4, 5)),
    ("nn.Swish()", (4, 5)),
    ("nn.Swish(2.5)", (4, 5)),
    ("nn.Conv1D(4, 3)", (2, 3, 9)),
    ("nn.Conv1D(4, 3, 2, 1, dilation=2, activation='relu', use_bias=False)", (2, 3, 11)),
    ("nn.Conv1D(4, 2, groups=2, in_channels=6)", (1, 6, 5)),
    ("nn.Conv2D(4, 3)", (2, 3, 6, 7)),
    ("nn.Conv2D(4, (3, 2), (2, 1), (1, 0), activation='tanh')", (2, 3, 6, 5)),
    ("nn.Conv2D(4, 3, padding=2, dilation=2, in_channels=3)", (1, 3, 7, 6)),
    ("nn.Conv2D(4, 3, groups=2, padding=1, activation='sigmoid')", (2, 4, 5, 5)),
    ("nn.Conv2D(6, 3, groups=3, use_bias=False)", (2, 3, 5, 5)),
    ("nn.Conv2D(3, 1)", (2, 2, 3, 3)),
    ("nn.Conv3D(3, 2)", (2, 2, 4, 3, 4)),
    ("nn.Conv3D(2, (1, 2, 3), (1, 2, 1), (0, 1, 1), activation='relu')", (1, 2, 3, 4, 5)),
    ("nn.Conv1DTranspose(4, 3)", (2, 3, 6)),
    ("nn.Conv1DTranspose(4, 3, 2, 1, 1, activation='relu')", (2, 3, 6)),
    ("nn.Conv1DTranspose(4, 3, dilation=2, use_bias=False)", (1, 2, 5)),
    ("nn.Conv2DTranspose(3, 3)", (2, 3, 4, 5)),
    ("nn.Conv2DTranspose(3, (4, 3), (2, 3), (1, 0), (0, 1))", (2, 3, 4, 3)),
    ("nn.Conv2DTranspose(4, 3, groups=2, in_channels=4, strides=2)", (1, 4, 3, 3)),
    ("nn.Conv2DTranspose(4, 3, dilation=2, activation='tanh', use_bias=False)", (2, 2, 3, 3)),
    ("nn.Conv3DTranspose(2, 2)", (1, 2, 2, 3, 2)),
    ("nn.Conv3DTranspose(2, 3, 2, 1, 1, activation='relu')", (1, 3, 2, 2, 3)),
    ("nn.MaxPool1D()", (2, 3, 7)),
    ("nn.MaxPool1D(3, 2, 1, ceil_mode=True)", (2, 3, 8)),
    ("nn.MaxPool1D(3, 5, 1, ceil_mode=True)", (2, 3, 7)),
    ("nn.MaxPool1D(3, 1, 2)", (2, 3, 7)),
    ("nn.MaxPool2D()", (2, 3, 7, 6)),
    ("nn.MaxPool2D((3, 2), (1, 2), (1, 0))", (2, 3, 5, 6)),
    ("nn.MaxPool2D(3, 2, 1, ceil_mode=True)", (2, 3, 6, 8)),
    ("nn.MaxPool2D(2, 3, 1, ceil_mode=True)", (2, 3, 6, 7)),
    ("nn.MaxPool3D()", (1, 2, 4, 5, 6)),
    ("nn.MaxPool3D(3, 2, 1, ceil_mode=True)", (1, 2, 4, 5, 6)),
    ("nn.AvgPool1D()", (2, 3, 7)),
    ("nn.AvgPool1D(3, 2, 1, count_include_pad=False)", (2, 3, 8)),
    ("nn.AvgPool1D(3, 2, 1, ceil_mode=True)", (2, 3, 8)),
    ("nn.AvgPool1D(3, 1, 2)", (2, 3, 6)),
    ("nn.AvgPool2D()", (2, 3, 7, 6)),
    ("nn.AvgPool2D(3, 2, 1)", (2, 3, 5, 6)),
    ("nn.AvgPool2D((3, 2), 2, 1, count_include_pad=False)", (2, 3, 5, 6)),
    ("nn.AvgPool2D(3, 2, 1, ceil_mode=True)", (2, 3, 6, 6)),
    ("nn.AvgPool2D(3, 2, 1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 6)),
    ("nn.AvgPool2D(3, 2, 0, ceil_mode=True)", (2, 3, 6, 8)),
    ("nn.AvgPool2D(2, 3, 1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 7)),
    ("nn.AvgPool2D(3, 1, 2)", (1, 2, 4, 5)),
    ("nn.AvgPool2D(3, 1, 2, count_include_pad=False)", (1, 2, 4, 5)),
    ("nn.AvgPool3D(2, 1)", (1, 2, 3, 4, 3)),
    ("nn.AvgPool3D(3, 2, 1, ceil_mode=True, count_include_pad=False)", (1, 2, 4, 4, 5)),
    *[
        (f"nn.Global{kind}Pool{axes}D()", (2, 3, 4, 5, 3)[: axes + 2])
        for kind in ("Max", "Avg")
        for axes in (1, 2, 3)
    ],
    ("nn.ReflectionPad2D(2)", (2, 3, 4, 5)),
    ("nn.ReflectionPad2D((0, 0, 0, 0, 1, 0, 2, 1))", (2, 3, 4, 5)),
    ("nn.ReflectionPad2D()", (2, 3, 4, 5)),
]

PRED = (4, 5)
SIGNS = "signs"
BITS = "bits"
CLASSES = "classes"
SHARES = "shares"
# the loss's expression -> what it is called with
LOSSES = [
    ("loss.L2Loss()", [PRED, PRED]),
    ("loss.L2Loss(weight=3)", [PRED, PRED, (4, 1)]),
    ("loss.L2Loss(batch_axis=1)", [PRED, PRED, PRED]),
    ("loss.L2Loss()", [(4, 1), (4,)]),
    ("loss.L2Loss()", [(6,), (6,)]),
    ("loss.L2Loss(batch_axis=-1)", [(2, 3, 4), (6, 4)]),
    ("loss.L1Loss()", [PRED, PRED]),
    ("loss.L1Loss(0.5, 1)", [(2, 3, 4), (2, 3, 4), (1, 3, 1)]),
    ("loss.SigmoidBCELoss()", [PRED, BITS]),
    ("loss.SigmoidBCELoss(weight=2)", [PRED, BITS, (4, 1)]),
    ("loss.SigmoidBCELoss()", [PRED, BITS, None, "positive (1, 5)"]),
    ("loss.SigmoidBCELoss(batch_axis=1)", [PRED, BITS, (4, 1), "positive (5,)"]),
    ("loss.SigmoidBCELoss(from_sigmoid=True)", [SHARES, BITS]),
    ("loss.SigmoidBCELoss(from_sigmoid=True)", [SHARES, BITS, (4, 1), "positive (1, 5)"]),
    ("loss.SoftmaxCELoss()", [PRED, CLASSES]),
    ("loss.SoftmaxCELoss(weight=2)", [PRED, CLASSES, (4, 1)]),
    ("loss.SoftmaxCELoss()", [PRED, CLASSES, (4,)]),
    ("loss.SoftmaxCELoss()", [PRED, "classes (4, 1)"]),
    ("loss.SoftmaxCELoss()", [PRED, "far (4,)"]),
    ("loss.SoftmaxCELoss(axis=1)", [(3, 5, 2), "classes (3, 2)"]),
    ("loss.SoftmaxCELoss(axis=0, batch_axis=1)", [(5, 4), "classes (4,)"]),
    ("loss.SoftmaxCELoss()", [(2, 3, 5), "classes (2, 3)", (2, 1, 1)]),
    ("loss.SoftmaxCELoss(from_logits=True)", [PRED, CLASSES]),
    ("loss.SoftmaxCELoss(sparse_label=False)", [PRED, SHARES]),
    ("loss.SoftmaxCELoss(sparse_label=False, axis=0, from_logits=True)", [PRED, SHARES, (4, 1)]),
    ("loss.KLDivLoss()", [PRED, SHARES]),
    ("loss.KLDivLoss(from_logits=False, weight=0.3)", [PRED, SHARES, (4, 1)]),
    ("loss.KLDivLoss(from_logits=False, axis=0, batch_axis=1)", [PRED, SHARES]),
    ("loss.CTCLoss()", [(2, 9, 6), "labels (2, 4)"]),
    ("loss.CTCLoss('TNC', weight=2)", [(9, 2, 6), "labels (2, 4)"]),
    ("loss.CTCLoss('TNC', 'TN')", [(9, 3, 6), "labels (4, 3)", None, None, (3,)]),
    ("loss.CTCLoss()", [(2, 9, 6), "classes (2, 3)", [8, 9], [2, 3]]),
    ("loss.CTCLoss()", [(2, 9, 6), "classes (2, 3)", None, [1, 3]]),
    ("loss.HuberLoss()", [PRED, PRED]),
    ("loss.HuberLoss(rho=0.4, weight=2)", [PRED, PRED, (4, 1)]),
    ("loss.HingeLoss()", [PRED, SIGNS]),
    ("loss.HingeLoss(margin=0.5, weight=2)", [PRED, SIGNS, (4, 1)]),
    ("loss.SquaredHingeLoss()", [PRED, SIGNS]),
    ("loss.SquaredHingeLoss(margin=2, batch_axis=1)", [PRED, SIGNS]),
    ("loss.LogisticLoss()", [PRED, SIGNS]),
    ("loss.LogisticLoss(weight=0.5, label_format='binary')", [PRED, BITS, (4, 1)]),
    ("loss.TripletLoss()", [PRED, PRED, PRED]),
    ("loss.TripletLoss(margin=8, weight=2, batch_axis=1)", [PRED, PRED, PRED]),
    ("loss.PoissonNLLLoss()", [PRED, "counts (4, 5)"]),
    ("loss.PoissonNLLLoss(from_logits=False, weight=3)", ["positive (4, 5)", "counts (4, 5)", (4, 1)]),
    ("loss.PoissonNLLLoss(compute_full=True)", [PRED, "counts (4, 5)"]),
    ("loss.CosineEmbeddingLoss()", [PRED, PRED, "signs (4,)"]),
    ("loss.CosineEmbeddingLoss(margin=-0.5, weight=2)", [PRED, PRED, "signs (4,)", (4, 1)]),
    ("loss.SDMLLoss()", [PRED, PRED]),
    ("loss.SDMLLoss(smoothing_parameter=0.1, weight=2)", [(3, 2), (3, 2)]),
]


def key(expression, given) -> str:
    """The name of a case."""
    return f"{expression} {given}"


def made(given, state):
    """An input of a case as a NumPy array; None and lists of lengths are for losses alone."""
    if given is None:
        return None
    if isinstance(given, list):
        return np.array(given, np.float32)
    kind = "normal"
    shape = given
    if isinstance(given, str):
        kind, _, written = given.partition(" ")
        shape = eval(written) if written else {"classes": (4,)}.get(kind, PRED)
    values = {
        "normal": lambda: state.standard_normal(shape),
        "ints": lambda: state.randint(-1, 8, shape) + 0.25,
        "signs": lambda: state.randint(0, 2, shape) * 2 - 1,
        "bits": lambda: state.randint(0, 2, shape),
        "classes": lambda: state.randint(0, 5, shape),
        "far": lambda: state.randint(-3, 9, shape),
        "shares": lambda: state.uniform(0.01, 0.99, shape),
        "positive": lambda: state.uniform(0.5, 2, shape),
        "counts": lambda: state.randint(1, 6, shape),
        "labels": lambda: state.randint(0, 5, shape) - 9 * (state.uniform(size=shape) < 0.2),
    }[kind]()
    if kind == "labels":
        values = np.maximum(values, -1)
    return values.astype(np.float32)


def told(array) -> list:
    """An array's shape, a weighted sum, the sum's scale, and a few elements."""
    values = np.asarray(array, np.float64)
    flat = values.reshape(-1)
    weights = np.cos(np.arange(flat.size) + 0.5)
    places = sorted({(flat.size - 1) * i // 4 for i in range(5)}) if flat.size else []
    numbers = [(flat * weights).sum(), np.abs(flat * weights).sum(), *flat[places]]
    return [list(values.shape), *[float(f"{number:.7g}") for number in numbers]]


def seeded(name: str) -> np.random.RandomState:
    """The random numbers of a case."""
    return np.random.RandomState(zlib.crc32(name.encode()) % 2**31)


def fill(params, state, array) -> None:
    """Give Parameters values of their own; variances have to be positive."""
    for parameter in params.values():
        values = state.uniform(-1, 1, parameter.shape)
        if parameter.name.endswith("running_var"):
            values = np.abs(values) + 0.5
        parameter.set_data(array(values.astype(np.float32)))


def wrong_there(expression, mode) -> bool:
    """Whether MXNet's own gradient is none of what it computed.

    In predict mode its max pools keep no places; the mean over windows that are cut at the end is divided
    by their whole size in the backward pass only.
    """
    return ("MaxPool" in expression and mode == "predict") or expression == CUT


CUT = "nn.AvgPool1D(3, 2, 1, ceil_mode=True)"


def layer_seen(mx, seed, expression, given) -> dict:
    """Output, gradients and Parameters of a layer, predicting and training."""
    nn, nd, autograd = mx.gluon.nn, mx.nd, mx.autograd
    seen = {}
    for mode in ("predict", "train"):
        state = seeded(key(expression, given))
        layer = eval(expression, {"nn": nn, "nd": nd, "mx": mx})
        layer.initialize()
        x = nd.array(made(given, state))
        layer(x)
        params = layer.collect_params()
        fill(params, state, nd.array)
        if "ints" not in given:  # MXNet refuses gradients of row numbers
            x.attach_grad()
        seed(7)
        with autograd.record(train_mode=mode == "train"):
            y = layer(x)
        kept = [p for p in params.values() if "running" in p.name]
        before = [p.data().asnumpy() for p in kept]
        head = nd.array(state.uniform(0.5, 1.5, y.shape).astype(np.float32))
        y.backward(head, train_mode=mode == "train")
        after = [p.data().asnumpy() for p in kept]
        of_input = [] if x.grad is None or wrong_there(expression, mode) else [x.grad.asnumpy()]
        grads = [p.grad().asnumpy() for p in params.values() if p.grad_req != "null"]
        seen[mode] = [told(a) for a in [y.asnumpy(), *of_input, *grads, *before, *after]]
    seen["repr"] = repr(layer)
    seen["names"] = [[p.name[len(layer.prefix) :], str(p.shape), p.grad_req] for p in params.values()]
    return seen


def loss_seen(mx, expression, given) -> dict:
    """The value of a loss, and its gradients with respect to all that it was called with."""
    loss, nd, autograd = mx.gluon.loss, mx.nd, mx.autograd
    state = seeded(key(expression, given))
    made_of = [None if one is None else nd.array(made(one, state)) for one in given]
    function = eval(expression, {"loss": loss})
    pred = made_of[0]
    pred.attach_grad()
    if "compute_full" in expression:  # MXNet cannot follow it
        return {"value": [told(function(*made_of).asnumpy())], "repr": repr(function)}
    with autograd.record():
        value = function(*made_of)
    value.backward(nd.array(state.uniform(0.5, 1.5, value.shape).astype(np.float32)))
    return {"value": [told(a) for a in [value.asnumpy(), pred.grad.asnumpy()]], "repr": repr(function)}


def close(seen, recorded, rtol: float = 2e-5) -> None:
    """Hold what was seen of arrays against the record: shapes, weighted sums and elements."""
    assert len(seen) == len(recorded)
    for here, there in zip(seen, recorded):  # noqa: B905  # Python 3.8
        assert here[0] == there[0]
        np.testing.assert_allclose(here[1], there[1], rtol=0, atol=rtol * (there[2] + 1))
        np.testing.assert_allclose(here[2:], there[2:], rtol=rtol, atol=rtol)
