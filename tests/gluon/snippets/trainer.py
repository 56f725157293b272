# %% unknown_optimizer
net = nn.Dense(1, in_units=1)
net.initialize()
Trainer(net.collect_params(), "foo")

# %% unknown_option
net = nn.Dense(1, in_units=1)
net.initialize()
attempt(lambda: Trainer(net.collect_params(), "sgd", {"foo": 1}))

# %% wrong_params
attempt(lambda: Trainer(3, "sgd"))
attempt(lambda: Trainer([3], "sgd"))
attempt(lambda: Trainer("abc", "sgd"))

# %% kinds_of_params
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
for params in [net.collect_params(), dict(net.collect_params().items()), list(net.collect_params().values()),
               (net.weight,)]:  # fmt: skip
    trainer = Trainer(params, "sgd", {"learning_rate": 0.1})
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(1)
    print(net.weight.data(), net.bias.data())

# %% learning_rate
net = nn.Dense(1, in_units=1)
net.initialize()
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.3})
print(trainer.learning_rate)
trainer.set_learning_rate(0.05)
print(trainer.learning_rate)
print(Trainer(net.collect_params(), "sgd").learning_rate, Trainer(net.collect_params(), "adam").learning_rate)

# %% learning_rate_is_a_property
net = nn.Dense(1, in_units=1)
net.initialize()
trainer = Trainer(net.collect_params(), "sgd")
try:
    trainer.learning_rate = 3
except AttributeError:
    print("read only")

# %% set_learning_rate_in_training
net = nn.Dense(1, in_units=1, use_bias=False)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
for rate in [0.1, 0.2, 0.5]:
    trainer.set_learning_rate(rate)
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(1)
    print(trainer.learning_rate, net.weight.data())

# %% lr_mult
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.weight.lr_mult = 0.1
net.bias.lr_mult = 0
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), net.bias.data())

# %% lr_mult_after_construction
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
net.weight.lr_mult = 0.5
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), net.bias.data())

# %% wd_mult
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.bias.set_data(nd.ones(1))
net.bias.wd_mult = 0
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "wd": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), net.bias.data())

# %% wd_takes_biases_too
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.bias.set_data(nd.ones(1) * 10)
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "wd": 0.5})
with autograd.record():
    y = net(nd.zeros((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), net.bias.data())

# %% setattr_mults
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.collect_params(".*weight").setattr("lr_mult", 0.5)
net.collect_params(".*bias").setattr("wd_mult", 0.0)
print(net.weight.lr_mult, net.bias.wd_mult)

# %% batch_size
for size in [1, 2, 10]:
    net = nn.Dense(1, in_units=1)
    net.initialize(init.One())
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(size)
    print(net.weight.data())

# %% stale_gradient
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
trainer.step(1)

# %% stale_gradient_second_step
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
attempt(lambda: trainer.step(1))
trainer.step(1, ignore_stale_grad=True)
print(net.weight.data())

# %% stale_gradient_of_one
net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1))
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net[0](nd.ones((1, 1)))
y.backward()
attempt(lambda: trainer.step(1))
print(net[0].weight.data(), net[1].weight.data())

# %% ignore_stale_grad
net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1))
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net[0](nd.ones((1, 1)))
y.backward()
trainer.step(1, ignore_stale_grad=True)
print(net[0].weight.data(), net[1].weight.data())

# %% not_initialized
net = nn.Dense(1, in_units=1)
trainer = Trainer(net.collect_params(), "sgd")
trainer.step(1)

# %% deferred_at_construction
net = nn.Dense(1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
attempt(lambda: trainer.step(1))
with autograd.record():
    y = net(nd.ones((1, 2)))
y.backward()
trainer.step(1)
print(net.weight.data())

# %% initialize_after_trainer
net = nn.Dense(1, in_units=2)
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
net.initialize(init.One())
with autograd.record():
    y = net(nd.ones((1, 2)))
y.backward()
trainer.step(1)
print(net.weight.data())

# %% null_is_skipped
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.bias.grad_req = "null"
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), net.bias.data())

# %% grad_req_add
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
net.collect_params().setattr("grad_req", "add")
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
for _ in range(3):
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
trainer.step(3)
print(net.weight.data(), net.weight.grad())
net.collect_params().zero_grad()
print(net.weight.grad())

# %% allreduce_and_update
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=False)
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.allreduce_grads()
net.weight.grad()[:] *= 0.5
trainer.update(1)
print(net.weight.data())


# %% save_and_load_states
def make():
    net = nn.Dense(1, in_units=1, prefix="net_")
    net.initialize(init.One())
    return net, Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})


def step(net, trainer):
    with autograd.record():
        y = net(nd.ones((1, 1))) ** 2
    y.backward()
    trainer.step(1)


net, trainer = make()
step(net, trainer)
step(net, trainer)
trainer.save_states("f.states")
net.save_parameters("f.params")
step(net, trainer)
other, fresh = make()
other.load_parameters("f.params")
fresh.load_states("f.states")
step(other, fresh)
print(net.weight.data(), other.weight.data())


# %% save_and_load_adam
def step(net, trainer):
    with autograd.record():
        y = net(nd.ones((1, 1))) ** 2
    y.backward()
    trainer.step(1)


net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
step(net, trainer)
step(net, trainer)
trainer.save_states("f.states")
kept = net.weight.data().copy(), net.bias.data().copy()
step(net, trainer)
print(net.weight.data())
net.weight.set_data(kept[0])
net.bias.set_data(kept[1])
trainer.load_states("f.states")
step(net, trainer)
print(net.weight.data())

# %% two_trainers
net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1))
net.initialize(init.One())
first = Trainer(net[0].collect_params(), "sgd", {"learning_rate": 0.1})
second = Trainer(net[1].collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
first.step(1)
second.step(1)
print(net[0].weight.data(), net[1].weight.data())

# %% shared_parameters_once
net = nn.Sequential()
shared = nn.Dense(1, in_units=1)
net.add(shared, nn.Dense(1, in_units=1, params=shared.params))
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net[0].weight.data(), net[1].weight.data(), net[1].bias.data())

# %% set_data_between_steps
net = nn.Dense(1, in_units=1, use_bias=False)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
for value in [1, 5]:
    net.weight.set_data(nd.array([[value]]))
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(1)
    print(net.weight.data())

# %% weight_array_kept
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
array = net.weight.data()
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(array, array is net.weight.data())

# %% linear_regression
mx.random.seed(1)
w, b = nd.array([2, -3.4]), 4.2
x = nd.random.normal(shape=(100, 2))
y = nd.dot(x, w) + b + nd.random.normal(scale=0.01, shape=(100,))
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Normal(sigma=0.01))
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.03})
loss = gloss.L2Loss()
for epoch in range(3):
    for start in range(0, 100, 10):
        with autograd.record():
            l = loss(net(x[start : start + 10]), y[start : start + 10])
        l.backward()
        trainer.step(10)
    print(epoch + 1, loss(net(x), y).mean().asnumpy())
print(net[0].weight.data(), net[0].bias.data())

# %% softmax_regression
mx.random.seed(1)
x = nd.random.normal(shape=(30, 4))
y = x.argmax(axis=1)
net = nn.Sequential()
net.add(nn.Dense(8, activation="relu"), nn.Dense(4))
net.initialize(init.Xavier())
trainer = Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
loss = gloss.SoftmaxCrossEntropyLoss()
for epoch in range(5):
    with autograd.record():
        l = loss(net(x), y)
    l.backward()
    trainer.step(30)
    print(epoch, l.mean().asscalar(), (net(x).argmax(axis=1) == y).mean().asscalar())

# %% step_is_zero_batch
net = nn.Dense(1, in_units=1)
net.initialize()
trainer = Trainer(net.collect_params(), "sgd")
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
attempt(lambda: trainer.step(0))

# %% kvstore_none
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=None)
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data())

# %% update_alone
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
attempt(lambda: trainer.update(1))
print(net.weight.data())

# %% update_of_stale
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=False)
attempt(lambda: trainer.update(1))
attempt(lambda: trainer.update(1, ignore_stale_grad=True))

# %% float16
p = Parameter("weight", shape=(2,), dtype="float16")
p.initialize(init.One())
trainer = Trainer([p], "sgd", {"learning_rate": 0.1, "momentum": 0.9})
with autograd.record():
    y = (p.data() * 3).sum()
y.backward()
trainer.step(1)
print(p.data(), p.data().dtype)

# %% float64
net = nn.Dense(1, in_units=1, dtype="float64")
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
for _ in range(2):
    with autograd.record():
        y = net(nd.ones((1, 1), dtype="float64")) ** 2
    y.backward()
    trainer.step(1)
print(net.weight.data(), net.weight.data().dtype)

# %% loss_of_many_outputs
net = nn.Dense(2, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.ones((3, 1)))
    l = (y * nd.array([1, 10])).mean(axis=1)
l.backward()
trainer.step(3)
print(net.weight.data(), net.bias.data())

# %% learning_rate_in_loop
net = nn.Dense(1, in_units=1)
net.initialize()
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
for epoch in range(3):
    trainer.set_learning_rate(trainer.learning_rate * 0.5)
    print(trainer.learning_rate)

# %% reinitialize_after_trainer
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
net.initialize(init.Constant(5), force_reinit=True)
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data())

# %% gradients_stay_after_step
net = nn.Dense(1, in_units=2)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.array([[1, 2]]))
y.backward()
trainer.step(1)
print(net.weight.grad(), net.bias.grad())
