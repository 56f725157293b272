# The book's exercises: access a FancyMLP's parameters, look at the shapes before and after the first
# forward, train an MLP with a shared layer and watch its parameters and gradients.
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn

x = nd.random.uniform(shape=(2, 20))


class MLP(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = nn.Dense(256, activation="relu")
        self.output = nn.Dense(10)

    def forward(self, x):
        return self.output(self.hidden(x))


net = MLP()
net.initialize()
print(net(x))
print(net)
print(net.collect_params())


class MySequential(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def add(self, block):
        # Block's children are initialised with it, in the order of their adding.
        self._children[block.name] = block

    def forward(self, x):
        for block in self._children.values():
            x = block(x)
        return x


net = MySequential()
net.add(nn.Dense(256, activation="relu"))
net.add(nn.Dense(10))
net.initialize()
print(net(x))
print(net)
print(net.collect_params())


class FancyMLP(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # A constant is a parameter that is not trained.
        self.rand_weight = self.params.get_constant("rand_weight", nd.random.uniform(shape=(20, 20)))
        self.dense = nn.Dense(20, activation="relu")

    def forward(self, x):
        x = self.dense(x)
        x = nd.relu(nd.dot(x, self.rand_weight.data()) + 1)
        # The layer is used again: its parameters are shared.
        x = self.dense(x)
        while x.norm().asscalar() > 1:
            x /= 2
        if x.norm().asscalar() < 0.8:
            x *= 10
        return x.sum()


net = FancyMLP()
net.initialize()
print(net(x))
print(net)
print(net.collect_params())
print(net.rand_weight)
print(net.rand_weight.data()[0])
print(net.rand_weight.grad_req, net.dense.weight.grad_req)


class NestMLP(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.net = nn.Sequential()
        self.net.add(nn.Dense(64, activation="relu"), nn.Dense(32, activation="relu"))
        self.dense = nn.Dense(16, activation="relu")

    def forward(self, x):
        return self.dense(self.net(x))


net = nn.Sequential()
net.add(NestMLP(), nn.Dense(20), FancyMLP())
net.initialize()
print(net(x))
print(net)
print(net.collect_params())
print(net[0].net[1].weight.data()[0])
print(net[2].collect_params(".*constant|.*rand.*"))

# The shapes, before and after the first forward.
net = nn.Sequential()
net.add(nn.Dense(256, activation="relu"), nn.Dense(10))
print(net.collect_params())
net.initialize()
print(net.collect_params())
try:
    net[0].weight.data()
except RuntimeError as error:
    print(type(error).__name__, error)
net(x)
print(net.collect_params())

# A shared layer in training.
net = nn.Sequential()
shared = nn.Dense(8, activation="relu")
net.add(
    nn.Dense(8, activation="relu"),
    shared,
    nn.Dense(8, activation="relu", params=shared.params),
    nn.Dense(1),
)
net.initialize(init.Xavier())
print(net)
features = nd.random.normal(shape=(16, 20))
labels = features[:, 0] - 2 * features[:, 1] + nd.random.normal(scale=0.01, shape=(16,))
loss = gluon.loss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
for epoch in range(4):
    with autograd.record():
        error = loss(net(features), labels)
    error.backward()
    trainer.step(16)
    print("epoch", epoch, "loss", error.mean().asscalar())
    for name, parameter in net.collect_params().items():
        print(name, parameter.data().norm().asscalar(), parameter.grad().norm().asscalar())
print(net[1].weight.grad()[0])
print(net[1].weight is net[2].weight, (net[1].weight.grad() == net[2].weight.grad()).sum().asscalar())
print(net[1].weight.data()[0] == net[2].weight.data()[0])
