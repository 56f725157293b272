def train(optimizer, steps=3, **options):
    """Print the parameters of a small net over some steps of an optimizer."""
    mx.random.seed(11)
    net = nn.Dense(2, in_units=3)
    net.initialize(init.Normal(1))
    x = nd.array([[1, -2, 0.5], [0.3, 0.7, -1]])
    trainer = Trainer(net.collect_params(), optimizer, options)
    for _ in range(steps):
        with autograd.record():
            y = (net(x) ** 2).sum()
        y.backward()
        trainer.step(2)
        print(net.weight.data(), net.bias.data())


# %% sgd
train("sgd", learning_rate=0.1)

# %% sgd_default_rate
train("sgd")

# %% sgd_momentum
train("sgd", learning_rate=0.1, momentum=0.9)

# %% sgd_wd
train("sgd", learning_rate=0.1, wd=0.5)
train("sgd", learning_rate=0.1, wd=0.5, momentum=0.5)

# %% sgd_clip_gradient
train("sgd", learning_rate=0.1, clip_gradient=0.3, momentum=0.9, wd=0.1)

# %% sgd_rescale_grad
train("sgd", learning_rate=0.1, rescale_grad=0.5)

# %% nag
train("nag", learning_rate=0.1)
train("nag", learning_rate=0.1, momentum=0.9, wd=0.1)

# %% nag_clip
train("nag", learning_rate=0.1, momentum=0.9, clip_gradient=0.3)

# %% adam
train("adam")
train("adam", learning_rate=0.1, beta1=0.8, beta2=0.9, epsilon=1e-4)

# %% adam_wd_clip
train("adam", learning_rate=0.1, wd=0.1, clip_gradient=0.3)

# %% adam_not_lazy
train("adam", learning_rate=0.1, lazy_update=False)

# %% adagrad
train("adagrad", learning_rate=0.1)
train("adagrad", learning_rate=0.1, eps=0.1, wd=0.1, clip_gradient=0.5)

# %% adadelta
train("adadelta")
train("adadelta", rho=0.5, epsilon=0.1, wd=0.1)

# %% adadelta_rate
train("adadelta", learning_rate=2.0, rho=0.9, clip_gradient=0.5)

# %% rmsprop
train("rmsprop", learning_rate=0.1)
train("rmsprop", learning_rate=0.1, gamma1=0.5, epsilon=0.1, wd=0.1)

# %% rmsprop_centered
train("rmsprop", learning_rate=0.1, centered=True, gamma1=0.8, gamma2=0.5)

# %% rmsprop_clips
train("rmsprop", learning_rate=0.1, clip_gradient=0.3, clip_weights=0.5)

# %% other_optimizers
train("adamax", learning_rate=0.1)
train("nadam", learning_rate=0.1)

# %% signum_and_ftrl
train("signum", learning_rate=0.1, momentum=0.9)
train("ftrl", learning_rate=0.1)

# %% optimizer_names_any_case
train("SGD", steps=1, learning_rate=0.1)
train("Adam", steps=1, learning_rate=0.1)

# %% optimizer_object
net = nn.Dense(1, in_units=1)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), mx.optimizer.SGD(learning_rate=0.5))
with autograd.record():
    y = net(nd.ones((1, 1)))
y.backward()
trainer.step(1)
print(net.weight.data(), trainer.learning_rate)

# %% optimizer_object_with_params
net = nn.Dense(1, in_units=1)
net.initialize()
attempt(lambda: Trainer(net.collect_params(), mx.optimizer.SGD(learning_rate=0.5), {"momentum": 0.9}))

# %% lr_scheduler_factor
net = nn.Dense(1, in_units=1, use_bias=False)
net.initialize(init.One())
schedule = mx.lr_scheduler.FactorScheduler(step=2, factor=0.5)
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "lr_scheduler": schedule})
for _ in range(6):
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(1)
    print(trainer.learning_rate, net.weight.data().asscalar())

# %% lr_scheduler_and_set
net = nn.Dense(1, in_units=1)
net.initialize()
schedule = mx.lr_scheduler.FactorScheduler(step=2, factor=0.5)
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "lr_scheduler": schedule})
trainer.set_learning_rate(0.1)

# %% lr_schedulers
multi = mx.lr_scheduler.MultiFactorScheduler(step=[2, 4], factor=0.1, base_lr=1.0)
print([multi(n) for n in range(1, 7)])
poly = mx.lr_scheduler.PolyScheduler(max_update=5, base_lr=1.0, pwr=2)
print([poly(n) for n in range(1, 7)])
cosine = mx.lr_scheduler.CosineScheduler(max_update=5, base_lr=1.0, final_lr=0.1)
print([cosine(n) for n in range(1, 7)])

# %% lr_scheduler_warmup
factor = mx.lr_scheduler.FactorScheduler(step=3, factor=0.5, base_lr=1.0, warmup_steps=2, warmup_begin_lr=0.1)
print([factor(n) for n in range(1, 9)])

# %% lr_scheduler_callable
net = nn.Dense(1, in_units=1, use_bias=False)
net.initialize(init.One())
trainer = Trainer(net.collect_params(), "sgd", {"lr_scheduler": lambda n: 1.0 / n})
for _ in range(3):
    with autograd.record():
        y = net(nd.ones((1, 1)))
    y.backward()
    trainer.step(1)
    print(net.weight.data().asscalar())

# %% optimizer_property
net = nn.Dense(1, in_units=1)
net.initialize()
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01})
print(type(trainer.optimizer).__name__, trainer.optimizer.momentum, trainer.optimizer.wd)

# %% create_optimizer
sgd = mx.optimizer.create("sgd", learning_rate=0.5, momentum=0.9)
print(type(sgd).__name__, sgd.lr, sgd.momentum, sgd.learning_rate)
attempt(lambda: mx.optimizer.create("foo"))


# %% own_optimizer
@mx.optimizer.register
class Plain(mx.optimizer.Optimizer):
    def create_state(self, index, weight):
        return None

    def update(self, index, weight, grad, state):
        self._update_count(index)
        weight[:] = weight - self._get_lr(index) * self.rescale_grad * grad


train("plain", learning_rate=0.1)

# %% optimizer_alone
sgd = mx.optimizer.SGD(learning_rate=0.1, momentum=0.9)
w, g = nd.array([1, 2]), nd.array([1, 1])
state = sgd.create_state(0, w)
for _ in range(2):
    sgd.update(0, w, g, state)
    print(w, state)

# %% updater
updater = mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=0.5))
w = nd.array([1, 2])
updater(0, nd.array([1, 1]), w)
print(w)

# %% update_functions
w, g, m = nd.array([1.0, 2.0]), nd.array([0.5, -1.0]), nd.zeros(2)
print(nd.sgd_update(w, g, lr=0.1, wd=0.1, out=w), w)
nd.sgd_mom_update(w, g, m, lr=0.1, momentum=0.9, out=w)
print(w, m)

# %% learning_rates_of_optimizer
sgd = mx.optimizer.SGD(learning_rate=0.5)
print(sgd.learning_rate, sgd.lr)
sgd.set_learning_rate(0.1)
print(sgd.learning_rate)

# %% defaults
for name in ["sgd", "nag", "adam", "adagrad", "adadelta", "rmsprop"]:
    print(name, mx.optimizer.create(name).learning_rate, mx.optimizer.create(name).wd)
