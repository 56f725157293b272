"""What the operators are asked, as expressions, and how an answer is written down.

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
    "x2": ((2, 2, 5, 6), "float32", "normal"),
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
    return "{}{} {}".format(array.dtype.str[1:], list(array.shape), data)


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


def _lines(text):
    return [line for line in text.split("\n") if line.strip()]


UNARY = (
    "abs sign round rint fix floor ceil trunc square exp expm1 sin cos tan arctan sinh cosh tanh arcsinh degrees "
    "radians relu sigmoid softsign gamma gammaln erf reciprocal negative logical_not cbrt rcbrt identity BlockGrad "
    "stop_gradient make_loss zeros_like ones_like flatten shape_array size_array hard_sigmoid smooth_l1"
).split()
POSITIVE = "sqrt rsqrt log log2 log10 log1p arccosh".split()
UNIT = "arcsin arccos arctanh erfinv".split()
METHODS = (
    "abs sign round rint fix floor ceil trunc square exp expm1 sin cos tan arctan sinh cosh tanh arcsinh degrees "
    "radians relu sigmoid reciprocal cbrt rcbrt zeros_like ones_like flatten shape_array size_array softmax "
    "log_softmax softmin sum mean prod nansum nanprod max min argmax argmin norm squeeze transpose sort argsort "
    "topk argmax_channel diag"
).split()
BROADCAST = (
    "add sub mul div mod power maximum minimum hypot equal not_equal greater greater_equal lesser lesser_equal "
    "logical_and logical_or logical_xor plus minus"
).split()
MODULE = (
    "add subtract multiply divide true_divide modulo power maximum minimum equal not_equal greater greater_equal "
    "lesser lesser_equal logical_and logical_or logical_xor"
).split()
REDUCTIONS = "sum mean prod nansum nanprod max min".split()

ELEMENTWISE = [
    *("nd.{}(t)".format(f) for f in UNARY if not f.startswith("gamma")),
    "nd.gamma(p)",
    "nd.gammaln(p)",
    *("nd.{}(m)".format(f) for f in UNARY),
    *(
        "nd.{}(i)".format(f)
        for f in UNARY
        if f not in ("reciprocal", "rcbrt", "gamma", "gammaln", "hard_sigmoid", "smooth_l1")
    ),
    *("nd.{}(p + 1)".format(f) for f in POSITIVE),
    *("nd.{}(d)".format(f) for f in ("exp", "sigmoid", "abs", "square", "tanh")),
    *("nd.{}(h)".format(f) for f in ("exp", "sigmoid", "abs", "square", "tanh", "relu")),
    *("nd.{}(u)".format(f) for f in UNIT),
    *("m.{}()".format(f) for f in METHODS),
    *_lines("""
nd.clip(t, -1, 1)
nd.clip(t, a_min=-0.5, a_max=1.5)
nd.clip(i, -1.5, 2.5)
t.clip(-1, 1)
nd.clip(t)
nd.clip(t, 0)
nd.hard_sigmoid(m, alpha=0.3, beta=0.4)
nd.smooth_l1(m, scalar=2)
nd.smooth_l1(t, scalar=1.0)
nd.cast(m, dtype='float64')
nd.Cast(t, dtype='int32')
nd.cast(m)
nd.add_n(m, n, m)
nd.add_n(m)
nd.add_n()
nd.add_n(m, a)
nd.ElementWiseSum(m, n)
nd.where(z, t, e)
nd.where(nd.array([1, 0]), t, e)
nd.where(z > 0, t, e * 2)
nd.where(m, t, e)
nd.where(z, t, m)
nd.MakeLoss(m, grad_scale=2)
nd.MakeLoss(m, normalization='batch')
nd.MakeLoss(m, normalization='valid', valid_thresh=0.2)
nd.make_loss(m * 2) * 3
nd.BlockGrad(m) * m
nd.relu(m, foo=1)
nd.sigmoid()
nd.relu(3)
nd.relu(data=m)
nd.relu(m, name='act')
nd.abs(m, out=nd.zeros((3, 4)))
nd.abs(m, out=nd.zeros((4, 3)))
nd.abs(m, out=nd.zeros((3, 4), dtype='float64'))
nd.sqrt(i.abs())
nd.log(i.abs() + 1)
nd.nosuchoperator(m)
nd.smooth_l1(m, foo=1)
nd.contrib.isnan(m / (m - m))
nd.contrib.isinf(nd.array([1, np.inf, -np.inf, np.nan]))
nd.contrib.isfinite(nd.array([1, np.inf, -np.inf, np.nan]))
nd.contrib.div_sqrt_dim(m)
nd.contrib.gradientmultiplier(m, scalar=-0.5)
nd.contrib.quadratic(m, a=1, b=2, c=3)
nd.contrib.round_ste(t)
nd.contrib.sign_ste(t)
nd.contrib.allclose(m, m)
nd.contrib.arange_like(m)
nd.contrib.arange_like(m, axis=1)
nd.contrib.arange_like(m, start=1, step=0.5, repeat=2)
nd.amp_cast(m, dtype='float16')
nd.amp_multicast(m, n, num_outputs=2)
nd.all_finite(m)
nd.all_finite(m / 0)
nd.multi_all_finite(m, n, num_arrays=2)
nd.multi_sum_sq(m, v, num_arrays=2)
"""),
]

BINARY = [
    *("nd.broadcast_{}(m, n)".format(f) for f in BROADCAST),
    *("nd.broadcast_{}(t, e)".format(f) for f in BROADCAST if f not in ("power", "div", "hypot")),
    *("nd.broadcast_{}(m, r)".format(f) for f in BROADCAST),
    *("nd.broadcast_{}(c, r)".format(f) for f in BROADCAST),
    *("nd.broadcast_{}(i, j)".format(f) for f in BROADCAST if f not in ("power", "div", "hypot")),
    *("nd.elemwise_{}(m, n)".format(f) for f in ("add", "sub", "mul", "div")),
    *("nd.{}(m, n)".format(f) for f in MODULE),
    *("nd.{}(t, e)".format(f) for f in MODULE if f not in ("power", "divide", "true_divide")),
    *("nd.{}(m, r)".format(f) for f in MODULE),
    *("nd.{}(p, 1.5)".format(f) for f in MODULE),
    *("nd.{}(1.5, p)".format(f) for f in MODULE),
    *("nd.{}(t, 1)".format(f) for f in MODULE),
    *("nd.{}(0, z)".format(f) for f in MODULE if f not in ("divide", "true_divide", "power", "modulo")),
    *("nd.{}(i, 2)".format(f) for f in MODULE),
    *("nd.{}(2, 3)".format(f) for f in MODULE),
    *("nd.{}(m, i)".format(f) for f in ("add", "maximum", "equal", "logical_and")),
    *("nd.{}(m, 'a')".format(f) for f in ("add", "maximum")),
    *_lines("""
nd.broadcast_add(m, v)
nd.broadcast_add(m, q)
nd.broadcast_add(m, i)
nd.broadcast_add(m)
nd.broadcast_add(m, 3)
nd.broadcast_add(a, m)
nd.elemwise_add(m, r)
nd.elemwise_add(m, i)
nd.elemwise_add(m)
nd.elemwise_add(lhs=m, rhs=n)
nd.broadcast_power(p, p)
nd.broadcast_maximum(m, m)
nd.broadcast_add(m, n, foo=1)
"""),
]

REDUCING = [
    *("nd.{}(a)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=1)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=-1, keepdims=True)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=(0, 2))".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=(0, 2), keepdims=True)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=0, exclude=True)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, axis=(0, 1, 2), exclude=True)".format(f) for f in REDUCTIONS),
    *("nd.{}(a, ())".format(f) for f in REDUCTIONS),
    *("nd.{}(z, axis=1)".format(f) for f in REDUCTIONS if "prod" not in f),
    *("nd.{}(i, axis=1)".format(f) for f in REDUCTIONS),
    *("nd.{}(d)".format(f) for f in REDUCTIONS),
    *("a.{}(axis=(1, 2))".format(f) for f in REDUCTIONS),
    *_lines("""
nd.sum_axis(a, axis=1)
nd.max_axis(a, axis=1)
nd.min_axis(a, axis=1)
a.sum(1)
a.sum(1, True)
nd.sum(a, None)
nd.sum(a, axis=[0, 1])
nd.sum(a, axis='(0, 1)')
nd.sum(a, axis='x')
nd.sum(a, axis=5)
nd.sum(a, axis=-4)
nd.sum(a, axis=(0, 0))
nd.sum(a, axis=(0, 7))
nd.sum(a, dims=1)
nd.sum(a, keepdims='x')
nd.mean(a, axis=1, exclude=1)
nd.mean(k)
nd.sum(k, axis=0)
nd.sum(l, axis=0)
nd.sum(h)
nd.max(h, axis=1)
nd.nansum(nd.array([1, np.nan, 3]) * s)
nd.nanprod(nd.array([2, np.nan, 3]))
nd.norm(a)
nd.norm(a, ord=1)
nd.norm(a, axis=1)
nd.norm(a, ord=1, axis=(0, 1))
nd.norm(a, axis=(0, 2), keepdims=True)
nd.norm(a, ord=2, axis=-1)
nd.norm(a, ord=3)
nd.norm(i)
a.norm()
nd.argmax(a)
nd.argmax(a, axis=1)
nd.argmin(a, axis=-1)
nd.argmax(a, axis=1, keepdims=True)
nd.argmax(a, keepdims=True)
nd.argmin(z, axis=1)
nd.argmax(z, axis=0)
nd.argmax(i, axis=1)
nd.argmax(a, axis=3)
nd.argmax(a, axis=(0, 1))
nd.argmax_channel(m)
nd.moments(a, axes=(0, 1))
nd.moments(a, axes=1, keepdims=True)
nd.moments(a)
nd.L2Normalization(a)
nd.L2Normalization(a, mode='channel')
nd.L2Normalization(a, mode='spatial', eps=0.1)
nd.L2Normalization(a, mode='foo')
nd.softmax(a)
nd.softmax(a, axis=1)
nd.softmax(a, axis=0, temperature=2.0)
nd.softmax(a, axis=3)
nd.softmax(a, dtype='float64')
nd.softmax(i)
nd.softmax(m, nd.array([2, 0, 4], dtype='int32'), use_length=True)
nd.softmax(m, length=nd.array([2, 1, 4], dtype='int32'), use_length=True)
nd.softmax(m, nd.array([2, 1, 4]), use_length=True)
nd.softmax(m, nd.array([2, 1, 4], dtype='int32'))
nd.softmax(m, nd.array([2, 1], dtype='int32'), use_length=True)
nd.softmax(m, axis='x')
nd.softmax(m, axes=1)
nd.log_softmax(a)
nd.log_softmax(a, axis=1, temperature=0.5)
nd.log_softmax(m, -1)
nd.softmin(a, axis=1)
nd.SoftmaxActivation(m)
nd.SoftmaxActivation(a, mode='channel')
nd.softmax(h)
nd.cumsum(a, axis=1)
nd.cumsum(a)
nd.cumsum(i, axis=0, dtype='float32')
nd.histogram(t, bins=5, range=(-4, 4))
nd.histogram(t, bins=nd.array([-4, -1, 0, 2.5]))
"""),
]

SHAPING = _lines("""
nd.reshape(a, (4, 6))
nd.reshape(a, shape=(0, -1))
nd.reshape(a, shape=(-1,))
nd.reshape(a, shape=-1)
nd.reshape(a, shape=(-2, 1))
nd.reshape(a, shape=(-3, 0))
nd.reshape(a, shape=(0, -3))
nd.reshape(a, shape=(-4, 1, -1, -2))
nd.reshape(a, shape=(0, 0, -4, 2, -1))
nd.reshape(a, shape=(0, 0, -4, 2, 2))
nd.reshape(a, shape=(-1, 0), reverse=True)
nd.reshape(a, shape=(0, -1, 0), reverse=1)
nd.reshape(a, shape=(-4, -1, -1, -2))
nd.reshape(a, shape=(0, 0, 0, 0))
nd.reshape(a, shape=(-1, -1))
nd.reshape(a, shape=(-5,))
nd.Reshape(a, shape=(6, -1))
a.reshape(4, 6)
a.reshape((0, -1))
a.reshape(-1)
a.reshape([6, 4])
a.reshape(shape=(-1, 0), reverse=True)
a.reshape((5, 5))
a.reshape((-4, 1, -1, -2))
a.reshape(4, -1, foo=2)
a.reshape()
nd.reshape_like(a, nd.zeros((4, 6)))
nd.reshape_like(a, m)
nd.reshape_like(a, nd.zeros((6, 9)), lhs_begin=0, lhs_end=2, rhs_begin=0, rhs_end=1)
a.reshape_like(nd.zeros((4, 6)))
nd.flatten(a)
nd.Flatten(v)
nd.expand_dims(a, 1)
nd.expand_dims(a, axis=-1)
nd.expand_dims(a, axis=-4)
nd.expand_dims(a, axis=4)
nd.expand_dims(a, axis=-5)
nd.expand_dims(a)
a.expand_dims(0)
nd.squeeze(a.reshape((2, 1, 3, 1, 4)))
nd.squeeze(a.reshape((2, 1, 3, 1, 4)), axis=1)
nd.squeeze(a.reshape((2, 1, 3, 1, 4)), axis=(1, 3))
nd.squeeze(a.reshape((2, 1, 3, 1, 4)), axis=(-2,))
nd.squeeze(a, axis=1)
nd.squeeze(a, axis=5)
nd.squeeze(s)
nd.transpose(a)
nd.transpose(a, (1, 0, 2))
nd.transpose(a, axes=(2, 0, 1))
nd.transpose(a, axes=(0, 1))
nd.transpose(a, axes=(0, -1, 1))
a.transpose((0, 2, 1))
a.T
nd.swapaxes(a, 0, 2)
nd.swapaxes(a, dim1=1, dim2=-1)
nd.SwapAxis(a, dim1=0, dim2=1)
nd.swapaxes(a, 0, 5)
a.swapaxes(0, 1)
nd.flip(a, axis=1)
nd.flip(a, axis=(0, 2))
nd.reverse(a, axis=-1)
nd.flip(a)
nd.flip(a, axis=4)
a.flip(0)
nd.tile(m, reps=(2,))
nd.tile(m, (2, 1))
nd.tile(m, 2)
nd.tile(m, reps=(2, 1, 1))
nd.tile(v, reps=(2, 3))
nd.tile(m)
m.tile((1, 2))
nd.repeat(m, 2)
nd.repeat(m, repeats=2, axis=0)
nd.repeat(m, repeats=3, axis=-1)
nd.repeat(m, repeats=2, axis=4)
nd.repeat(m)
nd.broadcast_to(r, shape=(3, 4))
nd.broadcast_to(r, (2, 0))
nd.broadcast_to(v, shape=(2, 4))
nd.broadcast_to(m, shape=(3, 5))
v.broadcast_to((2, 4))
r.broadcast_to((2, 3, 4))
m.broadcast_to((3, 5))
nd.broadcast_axis(r, axis=0, size=3)
nd.broadcast_axes(c.reshape((1, 3, 1)), axis=(0, 2), size=(2, 4))
nd.broadcast_axis(m, axis=0, size=2)
nd.broadcast_like(r, m)
nd.broadcast_like(r, a)
nd.broadcast_like(r, a, lhs_axes=(0,), rhs_axes=(1,))
r.broadcast_like(m)
nd.concat(m, n)
nd.concat(m, n, dim=0)
nd.concat(a, b, dim=-1)
nd.concat(m, c, r.reshape((-1, 1))[0:3], dim=1)
nd.concat(m)
nd.concat()
nd.concat(m, q, dim=0)
nd.concat(m, i, dim=0)
nd.concat(m, n, axis=0)
nd.concat([m, n], dim=0)
nd.concat(m, n, dim=2)
nd.Concat(m, n, dim=0, num_args=2)
nd.concatenate([nd.ones((1, 2)), nd.zeros((2, 2))])
nd.concatenate(m)
nd.stack(m, n)
nd.stack(m, n, axis=1)
nd.stack(m, n, m, axis=-1)
nd.stack(m)
nd.stack([m, n])
nd.split(a, 2)
nd.split(a, num_outputs=3, axis=1)
nd.split(a, num_outputs=2, axis=-1)
nd.split(a, num_outputs=2, axis=0, squeeze_axis=True)
nd.split(a, num_outputs=3, squeeze_axis=1)
nd.split(a, num_outputs=2, axis=2, squeeze_axis=True)
nd.split(a, num_outputs=1)
nd.split(a, num_outputs=4, axis=1)
nd.split(a)
nd.SliceChannel(a, num_outputs=3)
a.split(num_outputs=2, axis=0)
nd.split_v2(a, 2)
nd.split_v2(a, (1, 3), axis=2)
nd.split_v2(a, 3, axis=1, squeeze_axis=True)
nd.split_v2(a, 2, axis=1)
nd.split_v2(a, (1,), axis=1)
a.split_v2((1, 2), axis=-1)
nd.moveaxis(a, 0, -1)
nd.moveaxis(a, (0, 1), (1, 0))
nd.moveaxis(a, (0, 1), (1,))
nd.depth_to_space(nd.arange(32).reshape((1, 8, 2, 2)), 2)
nd.space_to_depth(nd.arange(32).reshape((1, 2, 4, 4)), block_size=2)
nd.depth_to_space(a, 2)
nd.pad(x2, mode='constant', pad_width=(0, 0, 0, 0, 1, 1, 0, 2), constant_value=5)
nd.pad(x2, mode='edge', pad_width=(0, 0, 0, 0, 1, 0, 2, 1))
nd.Pad(x2, mode='reflect', pad_width=(0, 0, 0, 0, 1, 2, 2, 1))
nd.pad(x3, mode='constant', pad_width=(0, 0, 0, 0, 1, 0, 0, 1, 1, 1))
nd.pad(x3, mode='reflect', pad_width=(0, 0, 0, 0, 1, 0, 0, 1, 1, 1))
nd.pad(a, mode='edge', pad_width=(0, 0, 0, 0, 1, 1))
nd.pad(x2, mode='edge', pad_width=(1, 0, 0, 0, 1, 1, 0, 1))
nd.pad(x2, mode='foo', pad_width=(0, 0, 0, 0, 1, 1, 0, 1))
nd.pad(x2, pad_width=(0, 0, 0, 0, 1, 1, 0, 1))
nd.slice(a, (0, 1), (2, 3))
nd.slice(a, begin=(None, 1, 0), end=(None, 3, 2))
nd.slice(a, begin=(1,), end=(None,), step=(-1,))
nd.slice(a, begin=(0, None, 3), end=(None, None, 0), step=(1, 2, -2))
nd.slice(a, begin=(0, -2), end=(1, -1))
nd.slice(a, begin=0, end=1)
nd.slice(a, begin=(0,), end=(5,))
nd.crop(a, begin=(0, 0, 1), end=(1, 2, 3))
a.slice((0, 1), (2, 3))
nd.slice_axis(a, axis=1, begin=1, end=None)
nd.slice_axis(a, 2, 0, -1)
nd.slice_axis(a, axis=-1, begin=-2, end=None)
nd.slice_axis(a, axis=1, begin=0, end=7)
nd.slice_axis(a, axis=1, begin=2, end=1)
nd.slice_axis(a, axis=4, begin=0, end=1)
a.slice_axis(0, 0, 1)
nd.slice_like(a, nd.zeros((1, 2, 3)))
nd.slice_like(a, nd.zeros((1, 2)), axes=(0, 1))
nd.slice_like(a, nd.zeros((1, 2, 3)), axes=(-1,))
nd.slice_like(a, nd.zeros((4, 2, 3)))
nd.diag(m)
nd.diag(v)
nd.diag(v, k=-1)
nd.diag(m, k=1)
nd.diag(a, axis1=1, axis2=2)
nd.diag(a, k=1, axis1=0, axis2=-1)
nd.Crop(x2, h_w=(2, 3), offset=(1, 2))
nd.Crop(x2, h_w=(3, 3), center_crop=True)
nd.Crop(x2, nd.zeros((2, 2, 3, 4)), num_args=2)
a.slice_assign(nd.ones((1, 2, 4)), (0, 0), (1, 2), (1, 1))
a.slice_assign_scalar(5, (0, 0), (1, 2), (1, 1))
nd.zeros_like(i)
nd.ones_like(h)
nd.im2col(x2, kernel=(2, 3), stride=(1, 2), pad=(1, 0))
nd.im2col(x2, kernel=(2, 2), dilate=(2, 1))
nd.col2im(nd.arange(48).reshape((1, 8, 6)), output_size=(3, 4), kernel=(2, 2))
""")

SELECTING = _lines("""
nd.take(a, nd.array([0, 1, 5, -1]))
nd.take(a, nd.array([[0, 1], [1, 0]]))
nd.take(a, nd.array([0, 2]), axis=1)
nd.take(a, nd.array([0, 3, 4, -1, -7]), axis=-1, mode='wrap')
nd.take(a, nd.array([1.7]), axis=1)
nd.take(a, nd.array([0, 9]), mode='raise')
nd.take(a, nd.array([0, 1], dtype='int32'), mode='raise')
nd.take(a, nd.array([0]), axis=3)
nd.take(a, nd.array([0]), mode='foo')
a.take(nd.array([1]))
nd.batch_take(m, nd.array([0, 3, 1], dtype='int32'))
nd.pick(m, nd.array([0, 3, 1]))
nd.pick(m, nd.array([0, 5, -1]), axis=1)
nd.pick(m, nd.array([0, 5, -1]), mode='wrap')
nd.pick(m, nd.array([0, 2, 1, 0]), axis=0)
nd.pick(m, nd.array([[0], [2], [1]]), axis=1, keepdims=True)
nd.pick(m, nd.array([[0], [2], [1]]), axis=1)
nd.pick(a, nd.array([[0, 1, 2], [3, 2, 1]]), axis=2)
nd.pick(m, nd.array([0, 1]), axis=1)
nd.pick(m, nd.array([0]), axis=None)
nd.pick(v, nd.array([2]), axis=0)
m.pick(nd.array([0, 3, 1]))
nd.choose_element_0index(m, nd.array([0, 3, 1]))
nd.fill_element_0index(m, nd.array([7, 8, 9]), nd.array([0, 3, 1]))
nd.gather_nd(a, nd.array([[0, 1], [1, 2]]))
nd.gather_nd(a, nd.array([[1, 0]]))
nd.gather_nd(a, nd.array([[0, 1, 1], [1, 2, 0], [3, 0, 1]]))
nd.gather_nd(a, nd.array([[5], [0]]))
nd.scatter_nd(nd.array([5, 6, 7]), nd.array([[0, 1, 0], [1, 2, 0]]), shape=(2, 3))
nd.scatter_nd(m, nd.array([[2, 0, 1]]), shape=(3, 4))
nd.one_hot(nd.array([0, 2, 3, -1]), 3)
nd.one_hot(nd.array([[0, 1]]), depth=2, on_value=5, off_value=-1, dtype='int32')
nd.one_hot(nd.array([1, 0], dtype='int32'), 2)
nd.one_hot(nd.array([1]))
nd.one_hot(nd.array([1, 0]), 2, dtype='float64')
nd.array([1, 0]).one_hot(3)
nd.Embedding(nd.array([[0, 2], [5, -1]]), m, input_dim=3, output_dim=4)
nd.Embedding(nd.array([0, 2]), m, 3, 4)
nd.Embedding(nd.array([0, 2]), m, input_dim=5, output_dim=4)
nd.Embedding(nd.array([0, 2]), m)
nd.Embedding(nd.array([0, 2], dtype='int32'), m, input_dim=3, output_dim=4)
nd.contrib.boolean_mask(m, nd.array([0, 1, 1]))
nd.contrib.boolean_mask(m, nd.array([0, 0, 0]))
nd.contrib.boolean_mask(m, nd.array([1, 0, 0, 1]), axis=1)
nd.contrib.index_copy(m, nd.array([2, 0]), nd.array([[1, 2, 3, 4], [5, 6, 7, 8]]))
nd.contrib.index_array(m)
nd.contrib.index_array(a, axes=(0, 2))
nd.SequenceMask(a, nd.array([1, 2, 0]), use_sequence_length=True, value=-1)
nd.SequenceMask(a)
nd.SequenceMask(a, nd.array([2, 1]), use_sequence_length=True, axis=1)
nd.SequenceMask(a, nd.array([2, 1, 2]))
nd.SequenceLast(a.detach())
nd.SequenceLast(a, nd.array([1, 2, 1]), use_sequence_length=True)
nd.SequenceLast(a, nd.array([1, 3]), use_sequence_length=True, axis=1)
nd.SequenceReverse(a)
nd.SequenceReverse(a, nd.array([1, 2, 2]), use_sequence_length=True)
nd.topk(m)
nd.topk(m, k=2)
nd.topk(m, k=2, ret_typ='value')
nd.topk(m, k=2, ret_typ='both')
nd.topk(m, k=2, ret_typ='mask')
nd.topk(m, axis=0, k=2, ret_typ='both', is_ascend=True)
nd.topk(m, k=0)
nd.topk(m, axis=None, k=3)
nd.topk(a, axis=1, k=2, ret_typ='both', dtype='int32')
nd.topk(m, k=9)
nd.topk(m, ret_typ='foo')
nd.topk(z, k=3)
nd.topk(m, k=2, dtype='int64')
nd.topk(i, k=2, ret_typ='value')
m.topk(k=2)
nd.sort(m)
nd.sort(m, axis=0, is_ascend=False)
nd.sort(m, axis=None)
nd.sort(i)
nd.sort(m, axis=4)
nd.argsort(m)
nd.argsort(m, axis=0, is_ascend=False)
nd.argsort(m, axis=None, dtype='int32')
nd.argsort(z)
nd.argsort(z, is_ascend=False)
m.argsort(axis=0)
nd.unravel_index(nd.array([3, 5, 0]), shape=(2, 3))
nd.unravel_index(nd.array([13, 5, 0]), shape=(2, 3, 4))
nd.ravel_multi_index(nd.array([[1, 0], [2, 1]]), shape=(2, 3))
nd.ravel_multi_index(nd.array([[1, 0], [2, 1], [3, 0]]), shape=(2, 3, 4))
nd.onehot_encode(nd.array([0, 2]), nd.zeros((2, 3)))
""")

LINEAR = _lines("""
nd.dot(m, w)
nd.dot(m, n, transpose_b=True)
nd.dot(m, n, transpose_a=True)
nd.dot(w, m, transpose_a=True, transpose_b=True)
nd.dot(m, v)
nd.dot(v, v)
nd.dot(v, w)
nd.dot(a, w)
nd.dot(a, v)
nd.dot(m, a.reshape((4, 3, 2)))
nd.dot(a, b.reshape((4, 2, 3)))
nd.dot(a, b, transpose_b=True)
nd.dot(a, b, transpose_a=True)
nd.dot(a, b.reshape((3, 2, 4)), transpose_a=True, transpose_b=True)
nd.dot(m, m)
nd.dot(m, i)
nd.dot(m)
nd.dot(s, s)
nd.dot(d, d, transpose_b=True)
nd.batch_dot(a, b, transpose_b=True)
nd.batch_dot(a, b, transpose_a=True)
nd.batch_dot(a, b)
nd.batch_dot(a, b.reshape((2, 4, 3)))
nd.batch_dot(m, n)
nd.batch_dot(a.reshape((1, 2, 3, 4)), b.reshape((1, 2, 4, 3)))
nd.khatri_rao(m, n)
nd.linalg.gemm(m, w, nd.ones((3, 2)), alpha=2.0, beta=0.5)
nd.linalg.gemm(m, n, q, transpose_b=True)
nd.linalg_gemm(a, b, pd, transpose_b=True, alpha=2)
nd.linalg.gemm(m, m, m)
nd.linalg.gemm2(m, w)
nd.linalg.gemm2(a, b, transpose_a=True, alpha=0.5)
nd.linalg.gemm2(a.transpose((1, 0, 2)), b.transpose((1, 0, 2)), transpose_b=True, axis=0)
nd.linalg.gemm2(m, m)
nd.linalg.potrf(pd)
nd.linalg.potri(tri)
nd.linalg.potri(nd.linalg.potrf(pd))
nd.linalg.trmm(tri, q)
nd.linalg.trmm(tri, m, alpha=2, transpose=True)
nd.linalg.trmm(tri, m.T, rightside=True)
nd.linalg.trmm(tri, m, lower=False)
nd.linalg.trsm(tri, m)
nd.linalg.trsm(tri, m, transpose=True, alpha=2)
nd.linalg.trsm(tri, m.T, rightside=True)
nd.linalg.trsm(tri.T, m, lower=False)
nd.linalg.syrk(m)
nd.linalg.syrk(a, transpose=True, alpha=2)
nd.linalg.sumlogdiag(pd)
nd.linalg.sumlogdiag(pd[0])
nd.linalg.extractdiag(a.reshape((2, 4, 3))[:, 0:3])
nd.linalg.extractdiag(pd, offset=1)
nd.linalg.makediag(m)
nd.linalg.makediag(v, offset=-1)
nd.linalg.extracttrian(pd)
nd.linalg.extracttrian(pd, offset=1)
nd.linalg.extracttrian(pd, lower=False)
nd.linalg.maketrian(nd.arange(6))
nd.linalg.maketrian(nd.arange(12).reshape((2, 6)), lower=False)
nd.linalg.maketrian(nd.arange(3), offset=-1)
nd.linalg.det(pd)
nd.linalg.det(q)
nd.linalg.slogdet(q)
nd.linalg.slogdet(pd)
nd.linalg.inverse(pd)
nd.linalg.inverse(q)
nd.linalg.inverse(m)
nd.linalg.potrf(m)
nd.linalg.gelqf(m)
nd.linalg.syevd(pd)
nd.linalg_det(pd)
nd.contrib.interleaved_matmul_selfatt_qk(nd.arange(48).reshape((2, 2, 12)) / 10, heads=2)
""")

LAYERS = [
    *(
        "nd.Activation(m, act_type='{}')".format(f)
        for f in ("relu", "sigmoid", "tanh", "softrelu", "softsign")
    ),
    *("nd.LeakyReLU(m, act_type='{}')".format(f) for f in ("leaky", "elu", "selu", "gelu")),
    *("nd.LeakyReLU(t, act_type='{}')".format(f) for f in ("leaky", "elu", "selu", "gelu")),
    *_lines("""
nd.FullyConnected(m, n, nd.ones(3), num_hidden=3)
nd.FullyConnected(m, n, num_hidden=3, no_bias=True)
nd.FullyConnected(a, nd.ones((2, 12)) * o2.reshape((2, 1)), o2, num_hidden=2)
nd.FullyConnected(a, m, o3, num_hidden=3, flatten=False)
nd.FullyConnected(m, n, num_hidden=3)
nd.FullyConnected(m, n, nd.ones(3), num_hidden=4)
nd.FullyConnected(m, w, nd.ones(4), num_hidden=4)
nd.FullyConnected(m, n)
nd.FullyConnected(m, n, nd.ones(3), num_hidden=3, foo=1)
nd.Activation(m, act_type='foo')
nd.Activation(m)
nd.Activation(m, 'relu')
nd.LeakyReLU(m)
nd.LeakyReLU(m, slope=0.5)
nd.LeakyReLU(m, act_type='elu', slope=0.5)
nd.LeakyReLU(m, o4, act_type='prelu')
nd.LeakyReLU(a, o3, act_type='prelu')
nd.LeakyReLU(a, s, act_type='prelu')
nd.LeakyReLU(m, act_type='prelu')
nd.LeakyReLU(m, act_type='foo')
nd.LeakyReLU(m, o4)
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=3)
nd.Convolution(x2, f2, kernel=(3, 2), num_filter=3, no_bias=True)
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=3, stride=(2, 1), pad=(1, 1))
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=3, dilate=(1, 2), pad=(1, 0))
nd.Convolution(x2, g4, o4, kernel=(3, 2), num_filter=4, num_group=2)
nd.Convolution(x1, f1, o2, kernel=(3,), num_filter=2, stride=(2,))
nd.Convolution(x1, k1, o4, kernel=(3,), num_filter=4, num_group=2)
nd.Convolution(x3, f3, o2, kernel=(2, 2, 2), num_filter=2)
nd.Convolution(x2, f2, kernel=(3, 2), num_filter=3)
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=3, no_bias=True)
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=5)
nd.Convolution(x2, f2, o3, kernel=(3, 3), num_filter=3)
nd.Convolution(x2, f2, o3, num_filter=3)
nd.Convolution(x2, f2, o3, kernel=(3, 2))
nd.Convolution(x2, f2, o3, kernel=(3, 2), num_filter=3, stride=(1,))
nd.Convolution(x2, f2, o3, kernel=(3,), num_filter=3)
nd.Convolution(x2, g2, o3, kernel=(3, 2), num_filter=3)
nd.Convolution(nd.ones((1, 2, 2, 2)), f2, o3, kernel=(3, 2), num_filter=3)
nd.Deconvolution(x2, g2, kernel=(3, 2), num_filter=3)
nd.Deconvolution(x2, g2, o3, kernel=(3, 2), num_filter=3, no_bias=False, stride=(2, 2), pad=(1, 0), adj=(1, 1))
nd.Deconvolution(x2, g2, kernel=(3, 2), num_filter=3, stride=(2, 2), target_shape=(10, 11))
nd.Deconvolution(x2, g2, kernel=(3, 2), num_filter=3, dilate=(2, 1))
nd.Deconvolution(x1, k1, kernel=(3,), num_filter=2, stride=(2,))
nd.Deconvolution(x2, f2, kernel=(3, 2), num_filter=3)
nd.Pooling(x2, kernel=(2, 2))
nd.Pooling(x2, kernel=(2, 2), stride=(2, 2))
nd.Pooling(x2, kernel=(2, 2), stride=(2, 2), pooling_convention='full')
nd.Pooling(x2, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pooling_convention='full')
nd.Pooling(x2, kernel=(3, 3), stride=(2, 2), pad=(2, 2))
nd.Pooling(x2, kernel=(3, 2), pool_type='avg')
nd.Pooling(x2, kernel=(3, 3), pad=(1, 1), pool_type='avg')
nd.Pooling(x2, kernel=(3, 3), pad=(1, 1), pool_type='avg', count_include_pad=False)
nd.Pooling(x2, kernel=(3, 3), pad=(2, 1), stride=(2, 3), pool_type='avg', count_include_pad=False)
nd.Pooling(x2, kernel=(2, 2), stride=(2, 2), pool_type='avg', pooling_convention='full')
nd.Pooling(x2, kernel=(2, 2), stride=(3, 3), pool_type='avg', pooling_convention='full')
nd.Pooling(x2, kernel=(2, 2), stride=(2, 2), pad=(1, 1), pool_type='avg', pooling_convention='full')
nd.Pooling(x2, kernel=(2, 2), pool_type='sum')
nd.Pooling(x2, kernel=(2, 2), pool_type='lp', p_value=2)
nd.Pooling(x2, kernel=(2, 2), pool_type='lp', p_value=1)
nd.Pooling(x2, global_pool=True)
nd.Pooling(x2, global_pool=True, pool_type='avg')
nd.Pooling(x2, global_pool=True, kernel=(2, 2), pool_type='sum')
nd.Pooling(x1, kernel=(2,), stride=(2,))
nd.Pooling(x1, kernel=(3,), stride=(2,), pool_type='avg', pooling_convention='full')
nd.Pooling(x1, kernel=(2,), pool_type='max', pooling_convention='same', stride=(2,))
nd.Pooling(x1, global_pool=True)
nd.Pooling(x3, kernel=(2, 2, 2))
nd.Pooling(x3, kernel=(2, 2, 2), pool_type='avg', stride=(2, 1, 2))
nd.Pooling(x2, kernel=(9, 9))
nd.Pooling(x2, kernel=(2,))
nd.Pooling(x2, kernel=(2, 2), pad=(2, 2))
nd.Pooling(x2, kernel=(2, 2), pool_type='foo')
nd.Pooling(m, kernel=(2,))
nd.BatchNorm(a, o3, o3 * 2, nd.zeros(3), nd.ones(3))
nd.BatchNorm(a, o3, o3 * 2, nd.zeros(3), nd.ones(3), fix_gamma=False)
nd.BatchNorm(a, o3, o3 * 2, nd.zeros(3), nd.ones(3), fix_gamma=False, eps=0.1)
nd.BatchNorm(a, o3, o3 * 2, nd.ones(3), nd.ones(3) * 4, fix_gamma=False, use_global_stats=True)
nd.BatchNorm(a, o4, o4 * 2, nd.zeros(4), nd.ones(4), fix_gamma=False, axis=2)
nd.BatchNorm(a, o4, o4 * 2, nd.zeros(4), nd.ones(4), fix_gamma=False, axis=-1)
nd.BatchNorm(m, o4, o4 * 2, nd.zeros(4), nd.ones(4), fix_gamma=False)
nd.BatchNorm(a, o3, o3 * 2)
nd.LayerNorm(a, o4, o4 * 2)
nd.LayerNorm(a, o3, o3 * 2, axis=1, eps=0.1)
nd.LayerNorm(m, o4, o4 * 2, -1)
nd.LayerNorm(a, o3, o3)
nd.InstanceNorm(a, o3, o3 * 2)
nd.InstanceNorm(x2, o2, o2 * 2, eps=0.1)
nd.GroupNorm(x1, o2, o2 * 2, num_groups=2)
nd.GroupNorm(x1, s, s * 2)
nd.GroupNorm(x1, o4, o4, num_groups=2)
nd.GroupNorm(x1, o3, o3, num_groups=3)
nd.LRN(x1.reshape((2, 4, 7, 1)), nsize=3)
nd.LRN(x1.reshape((2, 4, 7, 1)), nsize=3, alpha=0.5, beta=0.5, knorm=1)
nd.UpSampling(x2, scale=2, sample_type='nearest')
nd.UpSampling(x2, x2 * 2, scale=2, sample_type='nearest', num_args=2, multi_input_mode='sum')
nd.UpSampling(x2, nd.ones((2, 1, 4, 4)), scale=2, sample_type='bilinear', num_filter=2, num_args=2)
nd.UpSampling(x2, scale=2)
nd.BilinearSampler(x2, nd.clip(x2, -1, 1))
nd.GridGenerator(nd.array([[1, 0.1, 0, 0.2, 1, 0.3]]), transform_type='affine', target_shape=(3, 4))
nd.GridGenerator(x2, transform_type='warp')
nd.SpatialTransformer(x2, nd.array([[1, 0.1, 0, 0.2, 0.9, 0], [0.5, 0, 0.1, 0, 0.5, 0.2]]), target_shape=(3, 4), transform_type='affine', sampler_type='bilinear')
nd.Dropout(m, p=0)
nd.Dropout(m, p=1.5)
nd.Dropout(m, mode='foo')
nd.SoftmaxOutput(m, nd.array([0, 3, 1]))
nd.SoftmaxOutput(m, nd.array([0, 3, 1]), grad_scale=2, normalization='batch')
nd.SoftmaxOutput(m, nd.array([0, 3, 1]), use_ignore=True, ignore_label=3, normalization='valid')
nd.SoftmaxOutput(m, nd.array([0, 3, 1]), smooth_alpha=0.1)
nd.SoftmaxOutput(m, nd.softmax(n))
nd.SoftmaxOutput(a, nd.array([[0, 2, 1, 1], [0, 0, 1, 2]]), multi_output=True)
nd.SoftmaxOutput(a, nd.array([[0, 2, 1, 1], [0, 0, 1, 2]]), multi_output=True, use_ignore=True, ignore_label=1, normalization='valid')
nd.SoftmaxOutput(a, nd.array([[0, 2, 1], [3, 0, 1]]), preserve_shape=True)
nd.SoftmaxOutput(m, nd.array([0, 3]))
nd.LinearRegressionOutput(m, nd.ones((3, 4)))
nd.LinearRegressionOutput(m, nd.ones((3, 4)), grad_scale=2)
nd.LogisticRegressionOutput(m, nd.ones((3, 4)))
nd.MAERegressionOutput(m, nd.ones((3, 4)))
nd.LinearRegressionOutput(m, nd.ones((3,)))
nd.SVMOutput(m, nd.array([0, 3, 1]))
nd.SVMOutput(m, nd.array([0, 3, 1]), use_linear=True, margin=0.5, regularization_coefficient=2)
nd.softmax_cross_entropy(m, nd.array([0, 3, 1]))
nd.softmax_cross_entropy(m, nd.array([0, 3]))
nd.CTCLoss(a.reshape((4, 2, 3)), nd.array([[1, 2], [2, 0]]))
nd.ctc_loss(a.reshape((4, 2, 3)), nd.array([[0, 1], [1, -1]]), blank_label='last')
nd.CTCLoss(a.reshape((4, 2, 3)), nd.array([[1, 2], [2, 1]]), nd.array([4, 3]), nd.array([2, 1]), use_data_lengths=True, use_label_lengths=True)
nd.contrib.AdaptiveAvgPooling2D(x2, output_size=(2, 3))
nd.contrib.AdaptiveAvgPooling2D(x2)
nd.contrib.BilinearResize2D(x2, height=7, width=4)
nd.contrib.box_iou(nd.array([[0, 0, 2, 2]]), nd.array([[1, 1, 3, 3], [0, 0, 1, 1]]))
"""),
]

UPDATES = _lines("""
nd.sgd_update(m, n, lr=0.1)
nd.sgd_update(m, n, lr=0.1, wd=0.01, rescale_grad=0.5, clip_gradient=0.3)
nd.sgd_mom_update(m, n, nd.ones((3, 4)), lr=0.1, momentum=0.9, wd=0.01)
nd.nag_mom_update(m, n, nd.ones((3, 4)), lr=0.1, momentum=0.9, wd=0.01)
nd.adam_update(m, n, nd.ones((3, 4)), nd.ones((3, 4)), lr=0.1, wd=0.01)
nd.rmsprop_update(m, n, nd.ones((3, 4)), lr=0.1, wd=0.01)
nd.rmspropalex_update(m, n, nd.ones((3, 4)), nd.zeros((3, 4)), nd.ones((3, 4)), lr=0.1)
nd.ftrl_update(m, n, nd.ones((3, 4)), nd.ones((3, 4)), lr=0.1, wd=0.01)
nd.signsgd_update(m, n, lr=0.1, wd=0.01)
nd.signum_update(m, n, nd.ones((3, 4)), lr=0.1, momentum=0.9, wd=0.01, wd_lh=0.1)
nd.ftml_update(m, n, nd.ones((3, 4)), nd.ones((3, 4)), nd.ones((3, 4)), lr=0.1, t=2)
nd.lamb_update_phase1(m, n, nd.ones((3, 4)), nd.ones((3, 4)), t=2, wd=0.01)
nd.lamb_update_phase2(m, n, nd.array([2]), nd.array([3]), lr=0.1)
nd.sgd_update(m, n)
""")

GROUPS = {
    "elementwise": ELEMENTWISE,
    "binary": BINARY,
    "reducing": REDUCING,
    "shaping": SHAPING,
    "selecting": SELECTING,
    "linear": LINEAR,
    "layers": LAYERS,
    "updates": UPDATES,
}
EXPRESSIONS = list(dict.fromkeys(expression for group in GROUPS.values() for expression in group))
