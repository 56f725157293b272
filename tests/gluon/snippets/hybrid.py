# %% hybrid_children_must_be_hybrid
class Plain(Block):
    pass


net = nn.HybridSequential()
net.add(Plain())


# %% hybrid_attribute_must_be_hybrid
class Plain(Block):
    pass


class Net(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = Plain()


Net()


# %% hybrid_forward
class Net(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = nn.Dense(3)
            self.b = nn.Dense(2)

    def hybrid_forward(self, F, x):
        return self.b(F.relu(self.a(x)))


net = Net()
net.initialize()
x = nd.random.uniform(shape=(2, 4))
first = net(x)
net.hybridize()
print(first, net(x))
print(net)


# %% hybrid_own_parameters
class Scale(HybridBlock):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units,), init=init.Constant(3))
            self.bias = self.params.get("bias", shape=(units,), init="zeros")

    def hybrid_forward(self, F, x, weight, bias):
        return F.broadcast_add(F.broadcast_mul(x, weight), bias)


net = Scale(2)
net.initialize()
print(net(nd.ones((2, 2))))
print(net.collect_params())


# %% hybrid_own_parameters_deferred
class Linear(HybridBlock):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units, 0), allow_deferred_init=True)

    def hybrid_forward(self, F, x, weight):
        return F.FullyConnected(x, weight, no_bias=True, num_hidden=2)


net = Linear(2)
net.initialize(init.One())
print(net.weight)
print(net(nd.ones((1, 3))))
print(net.weight)


# %% custom_dense
class MyDense(Block):
    def __init__(self, units, in_units, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=(in_units, units))
        self.bias = self.params.get("bias", shape=(units,))

    def forward(self, x):
        linear = nd.dot(x, self.weight.data()) + self.bias.data()
        return nd.relu(linear)


dense = MyDense(units=3, in_units=5)
print(dense.params)
dense.initialize()
print(dense(nd.random.uniform(shape=(2, 5))))
net = nn.Sequential()
net.add(MyDense(8, in_units=64), MyDense(1, in_units=8))
net.initialize()
print(net(nd.random.uniform(shape=(2, 64))))
print(net.collect_params())


# %% centered_layer
class CenteredLayer(Block):
    def forward(self, x):
        return x - x.mean()


print(CenteredLayer()(nd.array([1, 2, 3, 4, 5])))
net = nn.Sequential()
net.add(nn.Dense(128), CenteredLayer())
net.initialize()
y = net(nd.random.uniform(shape=(4, 8)))
print(abs(y.mean().asscalar()) < 1e-6)

# %% hybridize
net = nn.HybridSequential()
net.add(nn.Dense(3, activation="relu"), nn.Dense(2))
net.initialize()
net.hybridize()
x = nd.random.uniform(shape=(2, 3))
print(net(x))
net.hybridize(False)
print(net(x))
net.hybridize(static_alloc=True, static_shape=True)
print(net(x))

# %% hybridize_gradients
net = nn.HybridSequential()
net.add(nn.Dense(3, activation="relu", in_units=2), nn.Dense(1, in_units=3))
net.initialize()
net.hybridize()
with autograd.record():
    y = net(nd.ones((2, 2))).sum()
y.backward()
print(net[0].weight.grad(), net[1].weight.grad())

# %% hybrid_sequential
net = nn.HybridSequential()
net.add(nn.Dense(1), nn.Dense(2))
print(len(net), net[0], net[-1], net[0:1])
print(net)

# %% summary
net = nn.Sequential()
net.add(nn.Dense(3, activation="relu"), nn.Dense(2))
net.initialize()
net(nd.ones((4, 5)))
net.summary(nd.ones((4, 5)))


# %% summary_of_custom
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(2, 3)
        self.flat = nn.Flatten()
        self.out = nn.Dense(2)

    def forward(self, x):
        return self.out(self.flat(self.conv(x)))


net = Net()
net.initialize()
net.summary(nd.ones((2, 1, 5, 5)))

# %% summary_of_shared
net = nn.Sequential()
layer = nn.Dense(3, in_units=3)
net.add(layer, nn.Dense(3, in_units=3, params=layer.params), nn.BatchNorm())
net.initialize()
net.summary(nd.ones((2, 3)))

# %% summary_after_hybridize
net = nn.HybridSequential()
net.add(nn.Dense(2))
net.initialize()
net.hybridize()
net(nd.ones((2, 3)))
net.summary(nd.ones((2, 3)))

# %% lambda
layer = nn.Lambda("tanh")
print(layer, layer(nd.array([0.5])))
layer = nn.Lambda(lambda x: x * 2)
print(layer, layer(nd.array([0.5])))
layer = nn.HybridLambda("relu")
print(layer, layer(nd.array([-1, 1])))
layer = nn.HybridLambda(lambda F, x: F.relu(x) + 1)
print(layer, layer(nd.array([-1, 1])))


# %% lambda_named_function
def double(x):
    return x * 2


def triple(F, x):
    return x * 3


print(nn.Lambda(double), nn.HybridLambda(triple))
print(nn.Lambda(double)(nd.ones(1)), nn.HybridLambda(triple)(nd.ones(1)))

# %% lambda_wrong
attempt(lambda: nn.Lambda("foo"))
attempt(lambda: nn.HybridLambda("foo"))
attempt(lambda: nn.Lambda(3))

# %% infer_shape
net = nn.Dense(3)
net.infer_shape(nd.ones((2, 5)))
print(net.weight)


# %% model_with_control_flow
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rand_weight = self.params.get_constant("rand_weight", nd.random.uniform(shape=(4, 4)))
        self.dense = nn.Dense(4, activation="relu")

    def forward(self, x):
        x = self.dense(x)
        x = nd.relu(nd.dot(x, self.rand_weight.data()) + 1)
        x = self.dense(x)
        while x.norm().asscalar() > 1:
            x /= 2
        if x.norm().asscalar() < 0.8:
            x *= 10
        return x.sum()


net = Net()
net.initialize()
print(net(nd.random.uniform(shape=(2, 4))))
print(net.collect_params())
