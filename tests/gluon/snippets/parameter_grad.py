# %% grad_under_null
p = Parameter("weight", shape=(2,), grad_req="null")
p.initialize()
attempt(lambda: p.grad())
attempt(lambda: p.list_grad())
print(p.data().grad)

# %% not_differentiable
p = Parameter("weight", shape=(2,), differentiable=False)
print(p.grad_req)
p.grad_req = "write"
print(p.grad_req)
p.initialize()
attempt(lambda: p.grad())

# %% bad_grad_req
attempt(lambda: Parameter("w", grad_req="foo"))
p = Parameter("w", shape=(2,))
p.grad_req = "foo"

# %% change_grad_req
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
print(p.grad())
p.grad_req = "null"
attempt(lambda: p.grad())
print(p.data().grad)
p.grad_req = "add"
print(p.grad(), p.data())
for _ in range(3):
    with autograd.record():
        y = (p.data() * 2).sum()
    y.backward()
print(p.grad())

# %% grad_req_write_overwrites
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
for _ in range(3):
    with autograd.record():
        y = (p.data() * 2).sum()
    y.backward()
print(p.grad())

# %% same_grad_req_keeps_gradient
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
p.grad()[:] = 3
p.grad_req = "write"
print(p.grad())
p.grad_req = "add"
print(p.grad())

# %% zero_grad
p = Parameter("weight", shape=(2,))
p.zero_grad()
p.initialize(init.One())
p.grad()[:] = 3
p.zero_grad()
print(p.grad())
p.grad_req = "null"
p.zero_grad()

# %% zero_grad_keeps_array
p = Parameter("weight", shape=(2,))
p.initialize()
g = p.grad()
g[:] = 3
p.zero_grad()
print(g, g is p.grad())

# %% gradient_shared_with_array
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
print(p.data().grad)
with autograd.record():
    y = (p.data() * nd.array([2, 3])).sum()
y.backward()
print(p.grad(), p.data().grad)

# %% lr_mult_can_change
p = Parameter("weight", shape=(2,))
p.lr_mult = 0.5
p.wd_mult = 0
print(p.lr_mult, p.wd_mult)
