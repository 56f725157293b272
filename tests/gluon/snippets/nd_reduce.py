x = nd.array([[1, 5, 2], [7, 3, 7]])
y = nd.arange(24).reshape((2, 3, 4))

# %% sum
print(x.sum(), x.sum(axis=0), x.sum(axis=1), x.sum(axis=1, keepdims=True), nd.sum(x), x.sum(axis=-1))

# %% sum_axes
print(y.sum(axis=(0, 2)), y.sum(axis=(0, 1, 2)), y.sum(axis=()), y.sum(axis=(1,), keepdims=True).shape)

# %% exclude
print(nd.sum(y, axis=0, exclude=True), nd.sum(y, axis=(0, 1), exclude=True), nd.mean(y, axis=1, exclude=True))

# %% mean
print(x.mean(), x.mean(axis=0), x.mean(axis=1, keepdims=True), nd.mean(y, axis=(0, 2)))

# %% prod_max_min
print(x.prod(), x.prod(axis=0), x.max(), x.max(axis=1), x.min(axis=0), x.min(), x.max(axis=0, keepdims=True))

# %% max_min_functions
print(
    nd.max(y, axis=(0, 2)),
    nd.min(y, axis=1),
    nd.max_axis(x, axis=1),
    nd.min_axis(x, axis=1),
    nd.sum_axis(x, axis=0),
)

# %% nan_reductions
z = nd.array([1, float("nan"), 3])
print(nd.nansum(z), nd.nanprod(z), nd.sum(z), nd.max(z), nd.mean(z))

# %% norm
print(
    x.norm(),
    nd.norm(x, ord=1),
    nd.norm(x, axis=1),
    nd.norm(x, axis=1, keepdims=True),
    nd.norm(x, ord=2, axis=0),
)
print(nd.norm(y, axis=(1, 2)), nd.norm(x, ord=1, axis=0))

# %% argmax_argmin
print(
    x.argmax(axis=1), x.argmin(axis=1), x.argmax(axis=0), nd.argmax(x, axis=None), nd.argmin(y, axis=2).shape
)

# %% dtypes
for dtype in ["float16", "float32", "float64", "int32", "int64", "uint8", "int8"]:
    z = nd.array([1, 2, 3], dtype=dtype)
    print(dtype, z.sum(), z.max().dtype, z.argmax(axis=0).dtype)

# %% mean_of_integers
for dtype in ["int32", "int64"]:
    try:
        print(nd.array([1, 2, 4], dtype=dtype).mean())
    except mx.MXNetError:
        print("MXNetError")

# %% sum_of_bools
attempt(lambda: nd.array([1, 0, 1], dtype="bool").sum())

# %% wrong_axis
attempt(lambda: x.sum(axis=2))
attempt(lambda: x.mean(axis=-3))
attempt(lambda: x.argmax(axis=5))
attempt(lambda: x.sum(axis=(0, 0)))

# %% shapes_of_full_reduction
print(
    x.sum().shape, x.mean().shape, x.max().shape, x.norm().shape, x.argmax().shape, x.sum(keepdims=True).shape
)

# %% vectors
v = nd.arange(4)
print(v.sum(), v.sum(axis=0), v.mean(axis=0).shape, v.max(axis=0))

# %% cumsum
print(nd.cumsum(x), nd.cumsum(x, axis=0), nd.cumsum(x, axis=1))

# %% softmax
print(nd.softmax(x), nd.softmax(x, axis=0), nd.log_softmax(x), x.softmax(), x.log_softmax(axis=0))
print(nd.softmax(x, temperature=2.0), nd.softmin(x))

# %% softmax_with_length
print(nd.softmax(x, nd.array([2, 3], dtype="int32"), use_length=True, axis=1))

# %% softmax_extremes
print(
    nd.softmax(nd.array([1000, 0, -1000])),
    nd.log_softmax(nd.array([1000, 0])),
    nd.softmax(nd.array([float("-inf"), 0])),
)

# %% moments
mean, variance = nd.moments(x, axes=(1,))
print(mean, variance, *nd.moments(x, axes=(0, 1)))

# %% broadcast_to_and_axes
print(nd.array([[1], [2]]).broadcast_to((2, 3)), nd.broadcast_to(nd.array([1, 2]).reshape((1, 2)), (2, 2)))
print(
    nd.broadcast_axis(nd.array([[1], [2]]), axis=1, size=2),
    nd.broadcast_like(nd.array([[1, 2]]), nd.zeros((3, 2))),
)
print(nd.broadcast_axes(nd.ones((1, 2, 1)), axis=(0, 2), size=(2, 3)).shape)

# %% broadcast_to_errors
attempt(lambda: nd.ones((2, 3)).broadcast_to((2, 4)))
attempt(lambda: nd.ones((2, 3)).broadcast_to((3,)))
print(nd.ones(3).broadcast_to((2, 3)))

# %% sequence_ops
data = nd.arange(12).reshape((3, 2, 2))
lengths = nd.array([1, 3])
print(nd.SequenceMask(data, lengths, use_sequence_length=True, value=-1))
print(nd.SequenceLast(data, lengths, use_sequence_length=True), nd.SequenceLast(data))
print(nd.SequenceReverse(data, lengths, use_sequence_length=True), nd.SequenceReverse(data))

# %% variance_by_hand
print(((x - x.mean(axis=0)) ** 2).mean(axis=0).sqrt())

# %% accuracy
logits, labels = nd.array([[1, 2], [3, 1], [0, 5]]), nd.array([1, 1, 1])
print((logits.argmax(axis=1) == labels).mean().asscalar(), (logits.argmax(axis=1) == labels).sum())

# %% histogram
print(nd.histogram(nd.array([1, 2, 2, 5]), bins=4, range=(0, 8)))

# %% all_finite
print(nd.all_finite(x), nd.all_finite(nd.array([float("inf")])))
