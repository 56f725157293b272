# %% book
x = nd.arange(4).reshape((4, 1))
x.attach_grad()
with autograd.record():
    y = 2 * nd.dot(x.T, x)
y.backward()
print(y, x.grad)
assert (x.grad - 4 * x).norm().asscalar() == 0

# %% flags
print(autograd.is_recording(), autograd.is_training())
with autograd.record():
    print(autograd.is_recording(), autograd.is_training())
    with autograd.pause():
        print(autograd.is_recording(), autograd.is_training())
    with autograd.predict_mode():
        print(autograd.is_recording(), autograd.is_training())
    print(autograd.is_recording(), autograd.is_training())
print(autograd.is_recording(), autograd.is_training())

# %% flags_of_arguments
with autograd.record(train_mode=False):
    print(autograd.is_recording(), autograd.is_training())
    with autograd.train_mode():
        print(autograd.is_recording(), autograd.is_training())
    with autograd.pause(train_mode=True):
        print(autograd.is_recording(), autograd.is_training())
with autograd.train_mode():
    print(autograd.is_recording(), autograd.is_training())

# %% set_flags
print(autograd.set_recording(True), autograd.is_recording())
print(autograd.set_recording(False), autograd.is_recording())
print(autograd.set_training(True), autograd.is_training())
print(autograd.set_training(False), autograd.is_training())

# %% flags_after_error
try:
    with autograd.record():
        raise ValueError
except ValueError:
    print(autograd.is_recording(), autograd.is_training())


# %% flags_per_thread
def look():
    print(autograd.is_recording(), autograd.is_training())


with autograd.record():
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

# %% attach_grad
x = nd.ones((2, 2))
print(x.grad)
x.attach_grad()
print(x.grad)

# %% attach_grad_req_add
x = nd.ones(2)
x.attach_grad(grad_req="add")
for _ in range(3):
    with autograd.record():
        y = x * x
    y.backward()
print(x.grad)
x.grad[:] = 0
print(x.grad)

# %% attach_grad_req_write
x = nd.ones(2)
x.attach_grad()
for _ in range(3):
    with autograd.record():
        y = x * x
    y.backward()
print(x.grad)

# %% attach_grad_req_null
x = nd.ones(2)
x.attach_grad(grad_req="null")
w = nd.ones(2)
w.attach_grad()
with autograd.record():
    y = x * w
y.backward()
print(w.grad, x.grad)

# %% attach_grad_bad_req
attempt(lambda: nd.ones(2).attach_grad(grad_req="foo"))

# %% attach_grad_resets
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 3
y.backward()
print(x.grad)
x.attach_grad()
print(x.grad)

# %% attach_grad_cuts_graph
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 3
    y.attach_grad()
    z = y * y
z.backward()
print(y.grad, x.grad)

# %% backward_of_vector
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
print(x.grad)

# %% head_gradient
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
y.backward(nd.array([1, 0, 10]))
print(x.grad)

# %% backward_twice
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
y.backward()

# %% backward_retain_graph
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
y.backward(retain_graph=True)
y.backward()
print(x.grad)

# %% backward_retain_graph_add
x = nd.array([1, 2, 3])
x.attach_grad("add")
with autograd.record():
    y = x * x
y.backward(retain_graph=True)
y.backward(retain_graph=True)
print(x.grad)

# %% backward_not_recorded
x = nd.array([1, 2, 3])
x.attach_grad()
y = x * x
y.backward()

# %% backward_of_leaf
x = nd.ones(2)
x.attach_grad()
x.backward()
print(x.grad)

# %% backward_without_attach
x = nd.ones(2)
with autograd.record():
    y = x * 2
y.backward()

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

# %% pause
x = nd.array([2, 3])
x.attach_grad()
with autograd.record():
    y = x * x
    with autograd.pause():
        z = y * 100
    y = y + z
y.backward()
print(x.grad)

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

# %% inplace_in_record
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 2
    y += 1

# %% inplace_on_leaf_in_record
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    x[:] = 3

# %% setitem_in_record
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 2
    attempt(lambda: y.__setitem__(0, 5))

# %% setitem_of_fresh_array_in_record
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = nd.zeros(2)
    y[0] = 3
    z = x * y
z.backward()
print(x.grad)

# %% inplace_after_record
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * x
x[:] = 10
y.backward()
print(x.grad.shape, x)

# %% inplace_outside
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
x -= 0.1 * x.grad
print(x, x.grad)
with autograd.record():
    y = x * x
y.backward()
print(x.grad)

# %% assigned_leaf_loses_gradient
x = nd.ones(2)
x.attach_grad()
x = x - 0.1
print(x.grad)

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

# %% grad
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = x * x * x
    dx = autograd.grad(y, x)
print(dx, x.grad)

# %% grad_of_list
x, w = nd.array([1, 2]), nd.array([3, 4])
x.attach_grad()
w.attach_grad()
with autograd.record():
    y = x * w
print(autograd.grad(y, [x, w]))

# %% grad_second_order
x = nd.array([1, 2, 3])
x.attach_grad()
with autograd.record():
    y = nd.sin(nd.square(x))
    (dx,) = autograd.grad(y, x, create_graph=True, retain_graph=True)
dx.backward()
print(dx, x.grad)

# %% grad_second_order_functions
x = nd.array([0.3, 0.7])
for f in [nd.sin, nd.cos, nd.log, nd.exp, nd.sigmoid, nd.relu, nd.square, nd.sqrt]:
    x.attach_grad()
    with autograd.record():
        dx = autograd.grad(f(x), [x], create_graph=True, retain_graph=True)[0]
    dx.backward()
    print(dx, x.grad)

# %% grad_head_grads
x = nd.array([1, 2])
x.attach_grad()
with autograd.record():
    y = x * x
print(autograd.grad(y, [x], head_grads=nd.array([10, 100])))

# %% grad_of_unattached
x = nd.array([1, 2])
with autograd.record():
    y = x * x
attempt(lambda: autograd.grad(y, [x]))


# %% function
class Sigmoid(autograd.Function):
    def forward(self, x):
        y = 1 / (1 + nd.exp(-x))
        self.save_for_backward(y)
        return y

    def backward(self, dy):
        (y,) = self.saved_tensors
        return dy * y * (1 - y)


x = nd.array([0, 1, -2])
x.attach_grad()
with autograd.record():
    y = Sigmoid()(x)
y.backward()
print(y, x.grad)


# %% function_two_inputs
class Scaled(autograd.Function):
    def forward(self, x, w):
        self.save_for_backward(x, w)
        return x * w, x + w

    def backward(self, da, db):
        x, w = self.saved_tensors
        return da * w * 10 + db, da * x * 10 + db


x, w = nd.array([1, 2]), nd.array([3, 4])
x.attach_grad()
w.attach_grad()
with autograd.record():
    a, b = Scaled()(x, w)
    y = a + 2 * b
y.backward()
print(a, b, x.grad, w.grad)


# %% function_not_recorded
class Double(autograd.Function):
    def forward(self, x):
        return x * 2

    def backward(self, dy):
        return dy * 2


print(Double()(nd.ones(2)))


# %% function_in_chain
class Wrong(autograd.Function):
    def forward(self, x):
        return x * 2

    def backward(self, dy):
        return dy * 7


x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = Wrong()(x * 3) * 5
y.backward()
print(y, x.grad)

# %% mark_variables
x, g = nd.array([1, 2]), nd.zeros(2)
autograd.mark_variables([x], [g])
with autograd.record():
    y = x * x
y.backward()
print(g, x.grad)

# %% mark_variables_add
x, g = nd.array([1, 2]), nd.zeros(2)
autograd.mark_variables([x], [g], grad_reqs="add")
for _ in range(2):
    with autograd.record():
        y = x * x
    y.backward()
print(g)

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

# %% grad_attribute_is_live
x = nd.ones(2)
x.attach_grad()
g = x.grad
with autograd.record():
    y = x * 5
y.backward()
print(g, x.grad)

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

# %% train_mode_argument_of_backward
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 2
y.backward(train_mode=False)
print(x.grad)

# %% record_nested_twice
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    with autograd.record():
        y = x * 2
    z = y * x
z.backward()
print(x.grad)

# %% gradient_across_records
x = nd.ones(2)
x.attach_grad()
with autograd.record():
    y = x * 3
with autograd.record():
    z = y * x
z.backward()
print(x.grad)
