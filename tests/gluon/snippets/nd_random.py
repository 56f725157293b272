# %% uniform
print(nd.random.uniform(), nd.random.uniform(shape=3), nd.random.uniform(-1, 1, shape=(2, 2)))
print(nd.random.uniform(low=0, high=10, shape=(2,), dtype="float64"), nd.random.uniform(0, 1, (3,)))

# %% normal
print(nd.random.normal(), nd.random.normal(shape=3), nd.random.normal(1, 2, shape=(2, 2)))
print(nd.random.normal(loc=0, scale=0.01, shape=(2,), dtype="float64"), nd.random.normal(0, 1, (3,)))

# %% randn
print(nd.random.randn(2, 3), nd.random.randn(2, loc=5, scale=0.1))

# %% randint
print(nd.random.randint(0, 10, shape=(5,)), nd.random.randint(-5, 5, shape=(2, 2), dtype="int64"))
print(nd.random.randint(0, 10, shape=(2,)).dtype, nd.random.randint(3, 4))

# %% randint_errors
attempt(lambda: nd.random.randint(0, 10, shape=(2,), dtype="float32"))

# %% exponential
print(nd.random.exponential(shape=3), nd.random.exponential(scale=2, shape=(2,)))

# %% gamma
print(
    nd.random.gamma(shape=3),
    nd.random.gamma(alpha=2, beta=0.5, shape=(3,)),
    nd.random.gamma(0.5, 1, shape=(2,)),
)

# %% poisson
print(nd.random.poisson(3, shape=5), nd.random.poisson(lam=30, shape=(3,)))

# %% negative_binomial
print(nd.random.negative_binomial(3, 0.5, shape=4))
print(nd.random.generalized_negative_binomial(2, 0.5, shape=4))

# %% shuffle
print(nd.random.shuffle(nd.arange(8)), nd.random.shuffle(nd.arange(8).reshape((4, 2))))
print(nd.shuffle(nd.arange(4)))

# %% shuffle_copies
x = nd.arange(5)
y = nd.random.shuffle(x)
print(x, y)

# %% multinomial
p = nd.array([0.2, 0.3, 0.5])
print(nd.random.multinomial(p), nd.random.multinomial(p, shape=10), nd.random.multinomial(p, shape=(2, 3)))
print(nd.random.multinomial(p).dtype, nd.random.multinomial(p, dtype="float32").dtype)

# %% multinomial_rows
p = nd.array([[0.1, 0.9], [0.5, 0.5]])
print(nd.random.multinomial(p), nd.random.multinomial(p, shape=4))

# %% multinomial_get_prob
p = nd.array([0.2, 0.3, 0.5])
print(nd.random.multinomial(p, shape=3, get_prob=True))

# %% seed
mx.random.seed(42)
a = nd.random.uniform(shape=3)
mx.random.seed(42)
print(a, (a == nd.random.uniform(shape=3)).sum())

# %% seeds
for seed in [0, 1, 128, 2**31, 2**32 - 1, 2**32 + 1]:
    mx.random.seed(seed)
    print(seed, nd.random.uniform(shape=2), nd.random.normal(shape=2))

# %% seed_negative
mx.random.seed(-1)
print(nd.random.uniform(shape=2))

# %% seed_wrong
attempt(lambda: mx.random.seed(1.5))
attempt(lambda: mx.random.seed("a"))
attempt(lambda: mx.random.seed(np.int64(3)))

# %% never_seeded_is_zero
a = nd.random.uniform(shape=3)
mx.random.seed(0)
print((a == nd.random.uniform(shape=3)).sum(), a)

# %% seed_with_context
mx.random.seed(5, ctx=mx.cpu())
print(nd.random.uniform(shape=2), nd.random.shuffle(nd.arange(5)))
mx.random.seed(5, ctx="all")
print(nd.random.uniform(shape=2), nd.random.shuffle(nd.arange(5)))

# %% sequence_of_calls
mx.random.seed(9)
print(
    nd.random.uniform(shape=2),
    nd.random.normal(shape=2),
    nd.random.uniform(shape=100).sum(),
    nd.random.normal(shape=1),
)

# %% large
mx.random.seed(1)
x = nd.random.uniform(shape=(300, 300))
print(x[0, :3], x[150, 150], x[299, 297:], nd.random.uniform(shape=2))
y = nd.random.normal(shape=70001)
print(y[:2], y[35000], y[70000:])

# %% mx_random
print(
    mx.random.uniform(0, 1, shape=(2,)), mx.random.normal(0, 1, shape=(2,)), mx.nd.random_uniform(shape=(2,))
)
print(nd.random_normal(loc=0, scale=1, shape=(2,)), mx.random.randint(0, 5, shape=3))

# %% tensor_parameters
low, high = nd.array([0, 10]), nd.array([1, 20])
print(nd.random.uniform(low, high), nd.random.uniform(low, high, shape=2))
print(nd.random.normal(nd.array([0, 100]), nd.array([1, 10]), shape=(2,)))
attempt(lambda: nd.random.uniform(low, 3))

# %% like
x = nd.zeros((2, 2))
print(nd.random.uniform_like(x), nd.random.normal_like(x, loc=1, scale=2), nd.random.exponential_like(x))

# %% out
x = nd.zeros((2, 2))
y = nd.random.uniform(out=x, shape=(2, 2))
print(x, y is x)
nd.random.normal(0, 1, out=x)
print(x)

# %% errors
attempt(lambda: nd.random.normal(scale=-1).asnumpy())
attempt(lambda: nd.random.uniform(3, 1, shape=(2,)).asnumpy())
attempt(lambda: nd.random.exponential(-1, shape=(2,)).asnumpy())
attempt(lambda: nd.random.uniform(0, 1, dtype="int32").asnumpy())

# %% float16
print(nd.random.uniform(shape=3, dtype="float16"), nd.random.normal(shape=3, dtype="float16"))

# %% context
print(nd.random.uniform(shape=2, ctx=mx.cpu(1)), nd.random.uniform(shape=2))


# %% threads
def draw():
    print(nd.random.uniform(shape=2))


mx.random.seed(33)
nd.random.uniform(shape=2)
thread = threading.Thread(target=draw)
thread.start()
thread.join()
print(nd.random.uniform(shape=2))

# %% shuffle_uses_own_stream
mx.random.seed(3)
nd.random.shuffle(nd.arange(10))
a = nd.random.uniform(shape=2)
mx.random.seed(3)
print((a == nd.random.uniform(shape=2)).sum())

# %% zero_scale
print(nd.random.uniform(1, 1, shape=2))
attempt(lambda: nd.random.normal(1, 0, shape=2).asnumpy())

# %% scalar_text
mx.random.seed(0)
print(nd.random.uniform(-0.1234567, 0.7654321, shape=3), nd.random.normal(1e-3, 2.5e-4, shape=3))

# %% dropout_shares_generator
mx.random.seed(8)
with autograd.train_mode():
    y = nd.Dropout(nd.ones(5), p=0.5)
print(y, nd.random.uniform(shape=2))

# %% numpy_is_separate
np.random.seed(1)
a = np.random.rand()
np.random.seed(1)
nd.random.uniform(shape=5)
print(a == np.random.rand())

# %% initialize_and_draw
mx.random.seed(6)
net = nn.Dense(2, in_units=2)
net.initialize()
print(net.weight.data(), nd.random.uniform(shape=2))

# %% unknown_sizes
for shape in (-1, 0, (2, -1), 2.5, (2, 2.0), "a"):
    try:
        nd.random.uniform(shape=shape)
    except mx.MXNetError as error:
        print(
            shape, "inferring shapes failed" in str(error), "Invalid Parameter format for shape" in str(error)
        )
for draw in (nd.random.normal, nd.random.exponential, nd.random.poisson):
    try:
        draw(shape=(3, -1))
    except mx.MXNetError as error:
        print("inferring shapes failed" in str(error))
try:
    nd.random.randint(0, 3, shape=-1)
except mx.MXNetError as error:
    print("inferring shapes failed" in str(error))
print(nd.random.uniform(shape=3))
