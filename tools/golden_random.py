"""Golden data for MXNet's random numbers, from MXNet itself.

    python tools/golden_random.py > tests/golden/mxnet_random.json

It runs where mxnet 1.9.1 is installed (Python 3.8, numpy 1.23). Each entry is a sequence of calls, made one
after the other in one thread, and for each what came out: dtype, shape, SHA-256 of the bytes, and the
first bytes as hexadecimal digits; or the error.
"""

import hashlib
import itertools
import json
import random

import mxnet as mx
import numpy as np

SIZES = [
    1,
    2,
    3,
    16,
    63,
    64,
    65,
    127,
    128,
    129,
    1000,
    4097,
    33000,
    65535,
    65536,
    65537,
    70001,
    200704,
    300001,
]
SMALL = SIZES[:11]  # for what takes MXNet itself long, and where size changes nothing
FLOATS = ["float32", "float32", "float64", "float16"]


def array(values, dtype):
    return {"values": values, "dtype": dtype}


def numbers(rng, count, low, high):
    """Few digits, so that the file stays small."""
    return [round(rng.uniform(low, high), 3) for _ in range(count)]


def made(value):
    """An argument as MXNet takes it."""
    if isinstance(value, dict) and "arange" in value:
        return mx.nd.arange(int(np.prod(value["arange"])), dtype="int32").reshape(value["arange"])
    if isinstance(value, dict):
        return mx.nd.array(np.array(value["values"]), dtype=value["dtype"])
    return tuple(value) if isinstance(value, list) else value


def dropout_mask(shape, p, axes, dtype):
    ones = mx.nd.ones(shape, dtype=dtype)
    mask = mx.nd.Dropout(ones, p=p, axes=axes, mode="always")
    return mask[tuple(slice(0, 1) if i in axes else slice(None) for i in range(len(shape)))]


def shuffle(data):
    return mx.nd.random.shuffle(data)


def called(name, arguments):
    arguments = {key: made(value) for key, value in arguments.items()}
    if name == "seed":
        context = {"ctx": mx.cpu()} if arguments.pop("context", False) else {}
        return mx.random.seed(arguments["seed_state"], **context)
    function = {"dropout_mask": dropout_mask, "shuffle": shuffle}.get(name) or getattr(mx.nd.random, name)
    return function(**arguments)


def outcome(result):
    if result is None:
        return None
    if isinstance(result, (list, tuple)):
        return [outcome(one) for one in result]
    data = np.ascontiguousarray(result.asnumpy())
    raw = data.tobytes()
    return [data.dtype.name, list(data.shape), hashlib.sha256(raw).hexdigest()[:32], raw[:16].hex()]


def uniform(rng):
    low = rng.choice([0, -1, -0.07, rng.uniform(-2, 1)])
    high = low + rng.choice([1, rng.random()])
    return {"low": low, "high": high, "shape": rng.choice(SIZES), "dtype": rng.choice(FLOATS)}


def normal(rng):
    scale = rng.choice([1, 0.01, rng.random() + 1e-6])
    return {
        "loc": rng.choice([0, rng.uniform(-2, 2)]),
        "scale": scale,
        "shape": rng.choice([*SIZES, [3, 5, 7], [256, 784]]),
        "dtype": rng.choice(FLOATS),
    }


def exponential(rng):
    return {
        "scale": rng.choice([1, rng.random() * 3]),
        "shape": rng.choice(SIZES),
        "dtype": rng.choice(FLOATS),
    }


def randint(rng):
    low = rng.choice([0, -5, rng.randint(-(2**63), 2**62)])
    high = rng.choice([low + 10, rng.randint(low + 1, 2**63 - 1)])
    return {"low": low, "high": high, "shape": rng.choice(SIZES), "dtype": rng.choice(["int32", "int64"])}


def gamma(rng):
    alpha = rng.choice([1, rng.random() + 0.01, rng.uniform(1, 50)])
    beta = rng.choice([1, rng.random() * 2])
    return {"alpha": alpha, "beta": beta, "shape": rng.choice(SMALL), "dtype": rng.choice(FLOATS)}


def poisson(rng):
    lam = rng.choice([0, rng.random(), rng.uniform(1, 12), rng.uniform(12, 1000), rng.uniform(1e4, 1e6)])
    return {"lam": lam, "shape": rng.choice(SMALL), "dtype": rng.choice(FLOATS)}


def negative_binomial(rng):
    return {
        "k": rng.randint(1, 30),
        "p": rng.choice([1, rng.uniform(0.05, 1)]),
        "shape": rng.choice(SMALL),
        "dtype": rng.choice(FLOATS),
    }


def generalized_negative_binomial(rng):
    return {
        "mu": rng.uniform(0, 50),
        "alpha": rng.choice([0, rng.random(), rng.uniform(1, 3)]),
        "shape": rng.choice(SMALL),
        "dtype": rng.choice(FLOATS),
    }


def arrays(rng, first, second, dtypes, low=0.05, between=0.95, high=20):
    """Arguments that are arrays: the second's values lie in (low, between), the first's in (low, high)."""
    count, dtype = rng.choice([1, 2, 5, 33]), rng.choice(dtypes)
    arguments = {first: array(numbers(rng, count, low, high), dtype)}
    if second:
        arguments[second] = array(numbers(rng, count, low, between), dtype)
    arguments["dtype"] = rng.choice(FLOATS)
    shape = rng.choice([None, 1, 3, [2, 3], 500])
    if shape is not None:
        arguments["shape"] = shape
    return arguments


ALL, WIDE = ["float32", "float64", "float16", "int32", "uint8"], ["float32", "float64"]
ARRAYS = {
    "uniform": lambda rng: arrays(rng, "low", "high", ALL, 0, 5, 9),
    "normal": lambda rng: arrays(rng, "loc", "scale", ALL, 0, 5, 9),
    "exponential": lambda rng: arrays(rng, "scale", None, ALL[:3]),
    "gamma": lambda rng: arrays(rng, "alpha", "beta", WIDE),
    "poisson": lambda rng: arrays(rng, "lam", None, WIDE),
    "negative_binomial": lambda rng: arrays(rng, "k", "p", WIDE),
    "generalized_negative_binomial": lambda rng: arrays(rng, "mu", "alpha", WIDE),
}


def mask(rng):
    shape, axes = rng.choice(
        [
            ([5], []),
            ([64, 100], []),
            ([300, 500], []),
            ([32, 200], [0]),
            ([20, 30, 7], [1, 2]),
            ([3, 4], [0, 1]),
        ]
    )
    p = rng.choice([0, 0.1, 0.5, 0.9, rng.random()])
    return {"shape": shape, "p": p, "axes": axes, "dtype": rng.choice(FLOATS)}


def shuffled(rng):
    count = rng.choice([1, 2, 3, 10, 1000, 30001])
    return {"data": {"arange": rng.choice([[count], [count, 2], [count, 1, 3]])}}


def chosen(rng):
    rows = rng.choice([0, 1, 3])
    each = rng.choice([1, 2, 10, 100])
    weights = [numbers(rng, each, 0, 2 / each) for _ in range(rows or 1)]
    arguments = {"data": array(weights if rows else weights[0], rng.choice(FLOATS)), "get_prob": False}
    arguments["dtype"] = rng.choice(["int32", "uint8", "float32", "float64", "float16"])
    shape = rng.choice([None, 1, 7, [2, 3], 1000])
    if shape is not None:
        arguments["shape"] = shape
    if sum(map(sum, weights)) > 1.01 * len(weights) and all(sum(row) > 1.01 for row in weights):
        arguments["get_prob"] = rng.random() < 0.5  # else a choice can lie behind the row
    return arguments


KINDS = {
    "uniform": uniform,
    "normal": normal,
    "exponential": exponential,
    "randint": randint,
    "gamma": gamma,
    "poisson": poisson,
    "negative_binomial": negative_binomial,
    "generalized_negative_binomial": generalized_negative_binomial,
    "dropout_mask": mask,
    "shuffle": shuffled,
    "multinomial": chosen,
}


def sequences():
    rng = random.Random(20)
    yield [("uniform", {"shape": 3}), ("shuffle", {"data": {"arange": [9]}})]  # never seeded
    for shape in ([300000], [300000, 2]):  # long enough for words to be refused
        yield [
            ("seed", {"seed_state": 5}),
            ("shuffle", {"data": {"arange": shape}}),
            ("shuffle", {"data": {"arange": [9]}}),
        ]
    for seed, dtype in itertools.product(range(1, 9), FLOATS[1:]):
        # A mask whose first uniform number is, once rounded to float32, exactly the share to keep.
        mx.random.seed(seed)
        drawn = mx.nd.random.uniform(dtype="float32" if dtype == "float32" else "float64").asnumpy()
        keep = drawn.astype(np.float32)[0]
        p = float(1 - np.float64(keep))
        if np.float32(1) - np.float32(p) == keep:
            for axes in ([], [1]):
                arguments = {"shape": [4, 1], "p": p, "axes": axes, "dtype": dtype}
                yield [("seed", {"seed_state": seed}), ("dropout_mask", arguments)]
    for name, arguments in KINDS.items():
        for _ in range(6):
            seed = rng.choice([0, 1, 7, -1, 2**32 - 1, 2**32 + 5, rng.randint(0, 2**40)])
            yield [("seed", {"seed_state": seed}), (name, arguments(rng)), (name, arguments(rng))]
    for name, arguments in ARRAYS.items():
        for _ in range(5):
            yield [
                ("seed", {"seed_state": rng.randint(0, 9)}),
                (name, arguments(rng)),
                ("uniform", {"shape": 2}),
            ]
    for i in range(40):
        calls = [("seed", {"seed_state": rng.randint(-5, 2**33), "context": i % 8 == 7})]
        for _ in range(12):
            name = rng.choice(["uniform", "normal", *KINDS])
            calls.append((name, (ARRAYS if name in ARRAYS and rng.random() < 0.3 else KINDS)[name](rng)))
        yield calls


REFUSED = [
    ("uniform", {"low": 2, "high": 1}),
    ("uniform", {"low": float("nan"), "high": 1}),
    ("uniform", {"low": 0, "high": 1e39}),
    ("uniform", {"low": 0, "high": 1e-40}),
    ("uniform", {"low": True, "high": 1}),
    ("uniform", {"dtype": "int32"}),
    ("uniform", {"low": array([1, 2], "float32"), "high": array([1, 2, 3], "float32")}),
    ("uniform", {"low": array([1, 2], "float32"), "high": array([1, 2], "float64")}),
    ("normal", {"scale": 0}),
    ("normal", {"scale": -1.5}),
    ("normal", {"scale": 1, "dtype": "int32"}),
    ("exponential", {"scale": -1}),
    ("exponential", {"scale": 0}),
    ("randint", {"low": 5, "high": 4}),
    ("randint", {"low": 0.5, "high": 4}),
    ("randint", {"low": 0, "high": 2**64}),
    ("randint", {"low": 0, "high": 4, "dtype": "float32"}),
    ("gamma", {"alpha": 0}),
    ("gamma", {"beta": -1}),
    ("poisson", {"lam": -1}),
    ("negative_binomial", {"k": -1, "p": 0.5}),
    ("negative_binomial", {"k": 1, "p": -0.5}),
    ("negative_binomial", {"k": 3.5, "p": 0.5}),
    ("generalized_negative_binomial", {"mu": -1}),
    ("generalized_negative_binomial", {"alpha": -1}),
    ("dropout_mask", {"shape": [2], "p": 1.5, "axes": [], "dtype": "float32"}),
    ("dropout_mask", {"shape": [2], "p": 0.5, "axes": [], "dtype": "int32"}),
    ("multinomial", {"data": array([0.5, 0.5], "float32"), "dtype": "int64"}),
    ("multinomial", {"data": array([1, 2], "int32")}),
    ("seed", {"seed_state": 1.5}),
    ("seed", {"seed_state": "1"}),
]


def read(text):
    """What an operator reads for a number: the bits of a float32."""
    return mx.nd.random.uniform(text, text, shape=1).asnumpy().tobytes().hex()


def main():
    drawn = [
        [[name, arguments, outcome(called(name, arguments))] for name, arguments in c] for c in sequences()
    ]
    refused = []
    for name, arguments in REFUSED:
        try:
            outcome(called(name, arguments))
        except Exception as error:
            refused.append([name, arguments, type(error).__name__, str(error)])
    rng = random.Random(3)
    scalars = [0.1, 1e-10, 1.2e-38, 123456789, 16777217, 10**20, -1.5e-07, 1e16, 2.5e-38, 9.9e37]
    scalars += [rng.random() for _ in range(400)]
    scalars += [rng.uniform(-10, 10) * 10.0 ** rng.randint(-36, 36) for _ in range(400)]
    scalars += [rng.randint(-(10 ** rng.randint(1, 25)), 10 ** rng.randint(1, 25)) for _ in range(100)]
    lines = ",\n".join(json.dumps(sequence) for sequence in drawn)
    errors = ",\n".join(json.dumps(error) for error in refused)
    texts = json.dumps([[repr(scalar), read(scalar)] for scalar in scalars])
    print(f'{{"source": "mxnet {mx.__version__}",\n"drawn": [\n{lines}\n],')
    print(f'"refused": [\n{errors}\n],\n"scalars": {texts}}}')


if __name__ == "__main__":
    main()
