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
