"""Golden data for optimizers, learning rates and the Trainer, from MXNet itself.

    python tools/golden_gluon_trainer.py > tests/golden/gluon_trainer.json

Run it where MXNet 1.9.1 is installed (Python 3.8, numpy 1.23). The tests run the same functions on
glueball.mxnet.
"""

import json
import warnings

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon, nd

SHAPES = [(2, 3), (3,), (4,), (1, 2, 2), (2,), (2, 2)]  # more than MXNet takes at a time, which is four
LR_MULTS = [1.0, 2.0, 1.0, 0.5, 1.0, 0.25]
WD_MULTS = [1.0, 1.0, 0.0, 1.0, 3.0, 1.0]
BATCHES = [2, 2, 3, 1, 2]
SEEN = [0, 2, 4]  # the steps that are recorded

OPTIMIZERS = {
    "sgd": [{}, {"momentum": 0.9}, {"momentum": 0.5, "lazy_update": False}],
    "nag": [{}, {"momentum": 0.9}],
    "adam": [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}],
    "adagrad": [{}, {"eps": 0.1}],
    "adadelta": [{}, {"rho": 0.5, "epsilon": 1e-2}],
    "rmsprop": [
        {},
        {"gamma1": 0.5, "epsilon": 1e-2},
        {"centered": True},
        {"centered": True, "gamma1": 0.7, "gamma2": 0.5},
        {"clip_weights": 0.4},
        {"centered": True, "clip_weights": 0.4},
    ],
    "adamax": [{}, {"beta1": 0.5, "beta2": 0.9}],
    "nadam": [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3, "schedule_decay": 0.1}],
    "ftrl": [{}, {"lamda1": 0.3, "beta": 2}],
    "ftml": [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}],
    "signum": [{}, {"momentum": 0.0}, {"wd_lh": 0.1}],
    "sgld": [{}],
    "dcasgd": [{}, {"lamda": 0.5}],
    "lamb": [{}, {"bias_correction": False}, {"lower_bound": 0.2, "upper_bound": 0.9}],
    "lars": [{}, {"momentum": 0.9}, {"momentum": 0.9, "eta": 0.1, "eps": 0.5, "momentum_correction": False}],
    "ccsgd": [{"momentum": 0.9}],
    "test": [{}],
}
SHARED = [
    {},
    {"learning_rate": 0.3, "wd": 0.1},
    {"clip_gradient": 0.2, "wd": 0.1},
    {"rescale_grad": 4.0, "clip_gradient": 0.3, "learning_rate": 0.05},
]
DOUBLE = ["sgd", "nag", "adam", "adamax", "nadam", "signum", "lamb", "dcasgd"]
HALF = ["sgd", "nag", "signum", "adamax", "nadam"]  # adam's squares are below float16's numbers
HALF_IN_FULL = [*HALF, "adam", "adagrad", "adadelta", "rmsprop", "ftrl", "ftml"]

SCHEDULERS = [
    ["FactorScheduler", {"step": 3}],
    ["FactorScheduler", {"step": 2, "factor": 0.5, "base_lr": 1}],
    ["FactorScheduler", {"step": 1, "factor": 0.1, "base_lr": 1.0, "stop_factor_lr": 1e-3}],
    ["FactorScheduler", {"step": 2, "factor": 0.5, "base_lr": 1.0, "warmup_steps": 4}],
    ["MultiFactorScheduler", {"step": [2, 5, 6], "factor": 0.5, "base_lr": 2.0}],
    ["MultiFactorScheduler", {"step": [4], "factor": 0.1, "warmup_steps": 3, "warmup_begin_lr": 0.001}],
    ["PolyScheduler", {"max_update": 7}],
    ["PolyScheduler", {"max_update": 7, "base_lr": 1.0, "pwr": 1, "final_lr": 0.2, "warmup_steps": 2}],
    ["CosineScheduler", {"max_update": 7}],
    ["CosineScheduler", {"max_update": 6, "base_lr": 1.0, "final_lr": 0.1, "warmup_steps": 3}],
    ["CosineScheduler", {"max_update": 6, "base_lr": 1.0, "warmup_steps": 3, "warmup_mode": "constant"}],
]
WRONG_SCHEDULERS = [
    ["FactorScheduler", {"step": 0}],
    ["FactorScheduler", {"step": 2, "factor": 1.5}],
    ["FactorScheduler", {"step": 2, "warmup_begin_lr": 1}],
    ["FactorScheduler", {"step": 2, "warmup_steps": -1}],
    ["FactorScheduler", {"step": 2, "warmup_mode": "none"}],
    ["FactorScheduler", {"step": 2, "warmup_steps": 1.5}],
    ["FactorScheduler", {}],
    ["MultiFactorScheduler", {"step": [3, 2]}],
    ["MultiFactorScheduler", {"step": [2, 2]}],
    ["MultiFactorScheduler", {"step": [0, 2]}],
    ["MultiFactorScheduler", {"step": []}],
    ["MultiFactorScheduler", {"step": [1], "factor": 2}],
    ["PolyScheduler", {"max_update": 0}],
    ["PolyScheduler", {"max_update": 1.5}],
    ["CosineScheduler", {"max_update": 0}],
    ["CosineScheduler", {"max_update": 2, "warmup_steps": 2}],
]


def numbers(shape, salt):
    """Numbers between -1 and 1 that look random and are the same on every machine."""
    places = np.arange(1, int(np.prod(shape)) + 1)
    return (((places * 7919 + salt * 104729) % 2003) / 1001.5 - 1).reshape(shape)


def parameters(dtype, mults):
    made = []
    for at, shape in enumerate(SHAPES):
        parameter = gluon.Parameter(f"p{at}_weight", shape=shape, dtype=dtype)
        parameter.initialize()
        parameter.set_data(nd.array(numbers(shape, at), dtype=dtype))
        if mults:
            parameter.lr_mult, parameter.wd_mult = LR_MULTS[at], WD_MULTS[at]
        made.append(parameter)
    return made


def backward(params, step, dtype):
    """Give each Parameter its gradient for a step."""
    with autograd.record():
        heads = [
            (parameter.data() * nd.array(numbers(parameter.shape, 31 * step + at + 7), dtype=dtype)).sum()
            for at, parameter in enumerate(params)
        ]
    autograd.backward(heads)


def cases():
    """Every case: the optimizer, its options, the dtype, whether Parameters have multipliers, a scheduler."""
    for name, own in OPTIMIZERS.items():
        for options in own:
            for shared in SHARED:
                yield [name, dict(shared, **options), "float32", bool(shared) and "wd" in shared, None]
        yield [name, {}, "float32", True, ["FactorScheduler", {"step": 1, "factor": 0.5, "base_lr": 0.2}]]
    for name in DOUBLE:
        yield [name, {"wd": 0.1}, "float64", False, None]
    for name in HALF:
        yield [name, {"wd": 0.1, "learning_rate": 0.1}, "float16", False, None]
    for name in HALF_IN_FULL:
        yield [name, {"wd": 0.1, "learning_rate": 0.1, "multi_precision": True}, "float16", False, None]


def trained(name, options, dtype, mults, scheduler):
    """All Parameters' values after the steps of SEEN, one list for each."""
    mx.random.seed(5)
    params = parameters(dtype, mults)
    options = dict(options)
    if scheduler is not None:
        kind, arguments = scheduler
        options["lr_scheduler"] = getattr(mx.lr_scheduler, kind)(**arguments)
        options["learning_rate"] = arguments["base_lr"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = gluon.Trainer(params, name, options)
        seen = []
        for step, batch in enumerate(BATCHES):
            backward(params, step, dtype)
            trainer.step(batch)
            if step in SEEN:
                values = np.concatenate([p.data().asnumpy().reshape(-1) for p in params])
                seen.append([float(f"{value:.9g}") for value in values.astype("float64")])
    return seen


def rates(kind, arguments):
    """What a scheduler gives for the first updates."""
    scheduler = getattr(mx.lr_scheduler, kind)(**arguments)
    return [scheduler(update) for update in range(10)]


def refusal(kind, arguments):
    """The error that a scheduler's arguments raise: its class and text; None where there is none."""
    try:
        getattr(mx.lr_scheduler, kind)(**arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]
    return None


def main():
    golden = {
        "mxnet": mx.__version__,
        "trained": [[case, trained(*case)] for case in cases()],
        "rates": [[case, rates(*case)] for case in SCHEDULERS],
        "refusals": [[case, refusal(*case)] for case in WRONG_SCHEDULERS],
    }
    lines = []
    for key, value in golden.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
            lines.append(f'"{key}": [\n{rows}\n]')
        else:
            lines.append(f'"{key}": "{value}"')
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
