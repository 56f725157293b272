# %% two_outputs
x = nd.array([1, 2])
x.attach_grad()
with autograd.record():
    y = x * 2
    z = x * x
autograd.backward([y, z])
print(x.grad)

# %% two_outputs_with_heads
x = nd.array([1, 2])
x.attach_grad()
with autograd.record():
    y = x * 2
    z = x * x
autograd.backward([y, z], [nd.array([1, 10]), None])
print(x.grad)
attempt(lambda: autograd.backward([y, z], [nd.ones(2)]))

# %% two_backwards_of_parts
x = nd.array([1, 2])
x.attach_grad()
with autograd.record():
    y = x * 2
    z = x * x
y.backward()
print(x.grad)
z.backward()
print(x.grad)

# %% unused_input
x, w = nd.ones(2), nd.ones(2)
x.attach_grad()
w.attach_grad()
w.grad[:] = 5
with autograd.record():
    y = x * 2
y.backward()
print(x.grad, w.grad)

# %% detach
x = nd.array([2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
    z = y.detach() * x
z.backward()
print(x.grad)

# %% detach_shares_memory
x = nd.array([2, 3])
y = x.detach()
y[:] = 7
print(x, y)

# %% block_grad
x = nd.array([2, 3])
x.attach_grad()
with autograd.record():
    y = nd.BlockGrad(x * x) * x + nd.stop_gradient(x)
y.backward()
print(x.grad)


# %% control_flow
def f(a):
    b = a * 2
    while b.norm().asscalar() < 1000:
        b = b * 2
    if b.sum().asscalar() > 0:
        c = b
    else:
        c = 100 * b
    return c


mx.random.seed(5)
a = nd.random.normal(shape=1)
a.attach_grad()
with autograd.record():
    c = f(a)
c.backward()
print(a.grad == c / a, c)

# %% sgd_by_hand
w, b = nd.array([0.5]), nd.zeros(1)
for p in [w, b]:
    p.attach_grad()
for _ in range(3):
    with autograd.record():
        l = ((w * nd.array([1, 2, 3]) + b - nd.array([2, 4, 6])) ** 2).sum()
    l.backward()
    for p in [w, b]:
        p[:] = p - 0.01 * p.grad
    print(l.asscalar(), w.asscalar(), b.asscalar())

# %% gradient_through_indexing
x = nd.arange(6).reshape((2, 3))
x.attach_grad()
with autograd.record():
    y = (x[0] * x[1]).sum() + x[0, 1] * 10 + (x[:, 2] ** 2).sum()
y.backward()
print(x.grad)

# %% gradient_through_advanced_indexing
x = nd.arange(6).reshape((3, 2))
x.attach_grad()
with autograd.record():
    y = x[nd.array([0, 2, 0])] * 2
y.backward()
print(x.grad)

# %% gradient_through_shapes
x = nd.arange(6).reshape((2, 3))
x.attach_grad()
with autograd.record():
    y = (x.reshape((3, 2)).T.expand_dims(0) * nd.arange(6).reshape((2, 3))).sum()
y.backward()
print(x.grad)

# %% gradient_of_broadcast
x, w = nd.ones((2, 3)), nd.array([[1], [2]])
x.attach_grad()
w.attach_grad()
with autograd.record():
    y = x * w + w
y.backward()
print(x.grad, w.grad)

# %% gradient_of_reductions
x = nd.array([[1, 5, 2], [7, 3, 7]])
for f in [nd.sum, nd.mean, nd.max, nd.min, nd.prod, nd.norm]:
    x.attach_grad()
    with autograd.record():
        y = f(x)
    y.backward()
    print(f.__name__, y, x.grad)

# %% gradient_of_functions
x = nd.array([-1.5, -0.5, 0, 0.5, 1.5])
for f in [nd.abs, nd.relu, nd.sign, nd.tanh, nd.sigmoid, nd.exp, nd.square, nd.softsign, nd.floor, nd.sin,
          nd.cbrt, nd.arctan, nd.expm1, nd.erf, nd.hard_sigmoid]:  # fmt: skip
    x.attach_grad()
    with autograd.record():
        y = f(x)
    y.backward()
    print(f.__name__, x.grad)

# %% gradient_of_positive_functions
x = nd.array([0.25, 0.5, 2])
for f in [nd.log, nd.sqrt, nd.rsqrt, nd.log2, nd.log10, nd.log1p, nd.reciprocal, nd.gamma, nd.gammaln]:
    x.attach_grad()
    with autograd.record():
        y = f(x)
    y.backward()
    print(f.__name__, x.grad)

# %% gradient_of_binary
x, w = nd.array([1.5, -2, 3]), nd.array([2, 0.5, 3])
for f in [nd.maximum, nd.minimum, nd.broadcast_div, nd.broadcast_sub, nd.broadcast_hypot]:
    x.attach_grad()
    w.attach_grad()
    with autograd.record():
        y = f(x, w)
    y.backward()
    print(x.grad, w.grad)

# %% gradient_of_softmax
x = nd.array([[1, 2, 3], [0, 0, 1]])
x.attach_grad()
with autograd.record():
    y = (nd.softmax(x) * nd.array([1, 2, 3])).sum() + nd.log_softmax(x, axis=0)[0].sum()
y.backward()
print(x.grad)

# %% gradient_of_selection
x = nd.array([[1, 2, 3], [4, 5, 6]])
x.attach_grad()
with autograd.record():
    y = nd.pick(x, nd.array([0, 2])) * 10 + nd.take(x, nd.array([1, 1])).sum() + x.clip(2, 5).sum()
y.backward()
print(x.grad)

# %% gradient_of_concat_and_split
x, w = nd.ones((2, 2)), nd.ones((2, 1))
x.attach_grad()
w.attach_grad()
with autograd.record():
    a, b, c = nd.concat(x, w, dim=1).split(3, axis=1)
    y = a + 2 * b + 3 * c
y.backward()
print(x.grad, w.grad)

# %% gradient_of_where
x, w = nd.array([1, 2, 3]), nd.array([4, 5, 6])
x.attach_grad()
w.attach_grad()
with autograd.record():
    y = nd.where(x > 1.5, x * 2, w * 3)
y.backward()
print(y, x.grad, w.grad)

# %% gradient_of_dot
x, w = nd.arange(6).reshape((2, 3)), nd.arange(6).reshape((3, 2))
x.attach_grad()
w.attach_grad()
with autograd.record():
    y = nd.dot(x, w)
y.backward()
print(y, x.grad, w.grad)

# %% gradient_of_comparison
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = (x > 1.5) * x
y.backward()
print(x.grad)

# %% gradient_dtype
x = nd.array([1, 2], dtype="float64")
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
print(x.grad, x.grad.dtype)

# %% gradient_through_astype
x = nd.array([1, 2])
x.attach_grad()
with autograd.record():
    y = (x.astype("float64") * 3).astype("float32") * 2
y.backward()
print(x.grad, x.grad.dtype)

# %% gradient_of_scalar_operations
x = nd.array([1, 2, 4])
x.attach_grad()
with autograd.record():
    y = 1 / x + 2**x + x**3 - 5 * x + (3 - x) + x / 2 + (-x)
y.backward()
print(y, x.grad)

# %% gradient_of_repeated_use
x = nd.array([2])
x.attach_grad()
with autograd.record():
    y = x * x + x * 3 + x
y.backward()
print(x.grad)

# %% copy_and_context_moves_keep_graph
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x.copy() * 2 + x.as_in_context(mx.cpu()) + x.copyto(mx.cpu()) + nd.identity(x)
y.backward()
print(x.grad)

# %% dropout_in_graph
x = nd.ones((2, 5))
x.attach_grad()
with autograd.record():
    y = nd.Dropout(x, p=0.5)
y.backward()
print((x.grad == y).sum())

# %% gradient_across_records
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 3
with autograd.record():
    z = y * x
z.backward()
print(x.grad)
