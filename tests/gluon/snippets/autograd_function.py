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

# %% grad_attribute_is_live
x = nd.ones(2)
x.attach_grad()
g = x.grad
with autograd.record():
    y = x * 5
y.backward()
print(g, x.grad)
