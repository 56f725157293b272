x = nd.array([-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5])
p = nd.array([0.25, 0.5, 1, 2])
u = nd.array([-0.9, 0, 0.5])

# %% rounding
print(
    nd.round(x), nd.rint(x), nd.floor(x), nd.ceil(x), nd.trunc(x), nd.fix(x), x.round(), x.floor(), x.ceil()
)

# %% signs
print(nd.abs(x), nd.sign(x), nd.negative(x), nd.relu(x), x.relu(), x.sign(), x.abs())

# %% exponentials
print(nd.exp(x), nd.expm1(x), nd.log(p), nd.log2(p), nd.log10(p), nd.log1p(p), p.log(), p.exp())

# %% roots
print(nd.sqrt(p), nd.rsqrt(p), nd.cbrt(x), nd.rcbrt(p), nd.square(x), nd.reciprocal(p), p.sqrt(), p.square())

# %% trigonometric
print(nd.sin(x), nd.cos(x), nd.tan(u), nd.arcsin(u), nd.arccos(u), nd.arctan(x), nd.degrees(u), nd.radians(x))

# %% hyperbolic
print(nd.sinh(u), nd.cosh(u), nd.tanh(u), nd.arcsinh(x), nd.arccosh(nd.array([1, 2])), nd.arctanh(u))

# %% sigmoids
print(nd.sigmoid(x), nd.softsign(x), nd.hard_sigmoid(x), nd.hard_sigmoid(x, alpha=0.5, beta=0.1))
print(nd.softmax(x), x.sigmoid(), x.tanh())

# %% special
print(nd.erf(u), nd.erfinv(u), nd.gamma(p), nd.gammaln(p))

# %% domain_errors
print(nd.log(nd.array([-1, 0])), nd.sqrt(nd.array([-1])), nd.arcsin(nd.array([2])))

# %% on_integers
z = nd.array([1, 4], dtype="int32")
for f in [nd.abs, nd.square, nd.sign, nd.relu]:
    print(f(z).dtype, f(z))

# %% float_functions_on_integers
z = nd.array([1, 4], dtype="int32")
for f in [nd.sqrt, nd.exp, nd.log]:
    try:
        print(f(z), f(z).dtype)
    except mx.MXNetError:
        print("MXNetError")

# %% half_and_double
for dtype in ["float16", "float64"]:
    z = nd.array([0.5, 2], dtype=dtype)
    print(nd.exp(z), nd.sigmoid(z), nd.log(z).dtype)

# %% isnan
z = nd.array([1, float("nan"), float("inf"), -float("inf")])
print(nd.contrib.isnan(z), nd.contrib.isinf(z), nd.contrib.isfinite(z))

# %% methods
z = nd.array([[0.5, 1], [2, 4]])
print(z.exp(), z.log(), z.sqrt(), z.square(), z.sin(), z.cos(), z.tanh(), z.reciprocal(), z.cbrt(), z.rsqrt())
print(z.log2(), z.log10(), z.log1p(), z.expm1(), z.arctan(), z.sinh(), z.cosh(), z.degrees(), z.radians())

# %% methods_that_select
z = nd.array([[0.5, 1], [2, 4]])
print(z.argmax(axis=1), z.argmin(axis=0), z.max(), z.min(axis=1), z.mean(), z.prod(), z.nansum(), z.norm())
print(z.clip(1, 2), z.flip(axis=0), z.topk(k=1), z.tile(2), z.repeat(2), z.diag(), z.sum(), z.round())

# %% logistic_regression_by_hand
mx.random.seed(4)
features = nd.random.normal(shape=(20, 3))
labels = (nd.dot(features, nd.array([1, -2, 0.5])) > 0).reshape((-1, 1))
w, b = nd.random.normal(scale=0.01, shape=(3, 1)), nd.zeros((1,))
for a in [w, b]:
    a.attach_grad()
for _ in range(5):
    with autograd.record():
        prediction = 1 / (1 + nd.exp(-(nd.dot(features, w) + b)))
        loss = -(labels * prediction.log() + (1 - labels) * (1 - prediction).log()).mean()
    loss.backward()
    for a in [w, b]:
        a[:] = a - 0.5 * a.grad
    print(loss.asscalar())
print(w, b)

# %% softmax_by_hand
z = nd.array([[1, 2, 3], [1, 1, 1]])
e = z.exp()
print(e / e.sum(axis=1, keepdims=True), nd.softmax(z))

# %% mlp_by_hand
mx.random.seed(5)
w1, w2 = nd.random.normal(scale=0.1, shape=(4, 8)), nd.random.normal(scale=0.1, shape=(8, 2))
z = nd.random.uniform(shape=(3, 4))
h = nd.maximum(nd.dot(z, w1), 0)
print(nd.dot(h, w2))


# %% convolution_by_hand
def corr2d(a, k):
    h, w = k.shape
    y = nd.zeros((a.shape[0] - h + 1, a.shape[1] - w + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = (a[i : i + h, j : j + w] * k).sum()
    return y


print(corr2d(nd.arange(9).reshape((3, 3)), nd.array([[0, 1], [2, 3]])))

# %% batch_norm_by_hand
z = nd.array([[1, 2], [3, 6], [5, 1]])
mean = z.mean(axis=0)
variance = ((z - mean) ** 2).mean(axis=0)
print((z - mean) / nd.sqrt(variance + 1e-5))

# %% embedding_by_hand
table = nd.arange(10).reshape((5, 2))
print(nd.dot(nd.one_hot(nd.array([1, 3]), 5), table))

# %% attention_by_hand
q, k = nd.arange(4).reshape((1, 2, 2)) / 4, nd.arange(6).reshape((1, 3, 2)) / 6
weights = nd.softmax(nd.batch_dot(q, k, transpose_b=True) / np.sqrt(2))
print(weights, nd.batch_dot(weights, k))
