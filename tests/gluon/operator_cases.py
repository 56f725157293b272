"""The inputs on which operators are asked, and how an answer is written down.

Real MXNet answers by tools/golden_gluon_operators.py and `test_operators.py` asks ours the same. The inputs
are seeded by their names, so that only answers are kept.
"""

import base64
import zlib

import numpy as np

INPUTS = {
    # name: (shape, dtype, drawn by)
    "a": ((2, 3, 4), "float32", "normal"),
    "b": ((2, 3, 4), "float32", "normal"),
    "m": ((3, 4), "float32", "normal"),
    "n": ((3, 4), "float32", "normal"),
    "w": ((4, 2), "float32", "normal"),
    "v": ((4,), "float32", "normal"),
    "r": ((1, 4), "float32", "normal"),
    "c": ((3, 1), "float32", "normal"),
    "s": ((1,), "float32", "normal"),
    "q": ((3, 3), "float32", "normal"),
    "p": ((2, 3), "float32", "positive"),
    "u": ((2, 3), "float32", "unit"),
    "t": ((2, 4), "float32", "halves"),
    "e": ((2, 4), "float32", "halves"),
    "z": ((2, 4), "float32", "trits"),
    "d": ((2, 3), "float64", "normal"),
    "h": ((2, 3), "float16", "normal"),
    "i": ((2, 3), "int32", "whole"),
    "j": ((2, 3), "int32", "whole"),
    "k": ((2, 3), "uint8", "small"),
    "l": ((2, 3), "int64", "whole"),
    "x1": ((2, 4, 7), "float32", "normal"),
    "x2": ((1, 2, 5, 6), "float32", "normal"),
    "x3": ((1, 2, 4, 3, 4), "float32", "normal"),
    "k1": ((4, 2, 3), "float32", "normal"),
    "f1": ((2, 4, 3), "float32", "normal"),
    "f2": ((3, 2, 3, 2), "float32", "normal"),
    "f3": ((2, 2, 2, 2, 2), "float32", "normal"),
    "g2": ((2, 3, 3, 2), "float32", "normal"),
    "g4": ((4, 1, 3, 2), "float32", "normal"),
    "o2": ((2,), "float32", "normal"),
    "o3": ((3,), "float32", "normal"),
    "o4": ((4,), "float32", "normal"),
    "pd": ((2, 3, 3), "float32", "definite"),
    "tri": ((3, 3), "float32", "lower"),
}


def value_of(name):
    """An input's values."""
    shape, dtype, kind = INPUTS[name]
    random = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
    normal = random.standard_normal(shape)
    values = {
        "normal": lambda: normal,
        "positive": lambda: np.abs(normal) + 0.1,
        "unit": lambda: np.tanh(normal) * 0.95,
        "halves": lambda: np.round(normal * 4) / 2,
        "trits": lambda: np.sign(np.round(normal)),
        "whole": lambda: np.round(normal * 3),
        "small": lambda: np.round(np.abs(normal) * 2),
        "definite": lambda: normal @ np.swapaxes(normal, -1, -2) + np.eye(3),
        "lower": lambda: np.tril(normal) + 2 * np.eye(3),
    }[kind]()
    return values.astype(dtype)


def head_of(shape, dtype):
    """A gradient to begin with, for a result of that shape."""
    random = np.random.RandomState(abs(zlib.crc32(str(tuple(shape)).encode())) % 2**31)
    return random.standard_normal(shape).astype(dtype)


def written(array):
    """An array in a few characters."""
    array = np.ascontiguousarray(array)
    data = base64.b64encode(array.tobytes()).decode() if array.any() else ""
    return f"{array.dtype.str[1:]}{list(array.shape)} {data}"


def read(text):
    """The array that `written` wrote."""
    kind, _, rest = text.partition("[")
    sizes, _, data = rest.partition("] ")
    shape = tuple(int(size) for size in sizes.split(",") if size)
    if not data:
        return np.zeros(shape, kind)
    return np.frombuffer(base64.b64decode(data), "<" + kind).reshape(shape)


def answer(mx, expression):
    """What an expression gives: its arrays, then the gradients of the inputs in it; or its error."""
    nd, autograd = mx.nd, mx.autograd
    code = compile(expression, expression, "eval")
    names = [name for name in INPUTS if name in code.co_names]
    inputs = {name: nd.array(value_of(name), dtype=INPUTS[name][1]) for name in names}
    variables = [x for name, x in inputs.items() if INPUTS[name][1] in ("float32", "float64")]
    try:
        for x in variables:
            x.attach_grad()
        with autograd.record():
            result = eval(code, {"mx": mx, "nd": nd, "np": np, **inputs})
        results = list(result) if isinstance(result, (list, tuple)) else [result]
        arrays = [x for x in results if isinstance(x, nd.NDArray)]
        if not arrays:
            return {"value": repr(result)}
        found = {"results": [written(x.asnumpy()) for x in arrays]}
    except Exception as error:
        lines = str(error).split("MXNetError: ")[-1].split("\n")
        if lines[0].startswith("Traceback"):  # where in MXNet's source
            lines = lines[2:]
        return {"error": type(error).__name__, "message": lines[0].strip()}
    floats = [x for x in arrays if x.dtype in (np.float32, np.float64)]
    if variables and floats and len(floats) == len(arrays):
        try:
            heads = [nd.array(head_of(x.shape, "float32"), dtype=x.dtype) for x in floats]
            autograd.backward(floats, heads)
            found["gradients"] = [written(x.grad.asnumpy()) for x in variables]
        except Exception as error:
            found["no gradients"] = type(error).__name__
    return found
