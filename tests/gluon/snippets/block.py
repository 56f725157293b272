# %% repr_of_nested
class Inner(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Dense(3, activation="relu")
        self.out = nn.Dense(2, in_units=3, use_bias=False)


class Outer(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Inner()
        self.body = nn.Sequential()
        self.body.add(nn.Dropout(0.5), Inner())
        self.number = 3


print(Outer())
print(Inner().fc, Inner())


# %% repr_of_empty
class Net(Block):
    pass


print(Net())
print(nn.Sequential(), nn.HybridSequential())

# %% repr_after_forward
net = nn.Sequential()
net.add(nn.Dense(3), nn.Conv2D(2, 3))
print(net)
layer = nn.Dense(3)
layer.initialize()
layer(nd.ones((2, 5)))
print(layer)


# %% forward
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(3, in_units=2)
        self.b = nn.Dense(1, in_units=3)

    def forward(self, x):
        return self.b(nd.relu(self.a(x)))


net = Net()
net.initialize(init.One())
print(net(nd.ones((2, 2))))


# %% forward_several_arguments
class Net(Block):
    def forward(self, x, y, scale=1):
        return (x + y) * scale, x - y


net = Net()
a, b = net(nd.ones(2), nd.ones(2))
print(a, b)


# %% forward_not_implemented
class Net(Block):
    pass


try:
    Net()(nd.ones(2))
except NotImplementedError:
    print("not implemented")

# %% forward_before_initialize
net = nn.Dense(2, in_units=3)
net(nd.ones((1, 3)))

# %% forward_deferred_before_initialize
net = nn.Dense(2)
net(nd.ones((1, 3)))


# %% super_not_called
class Net(Block):
    def __init__(self):
        self.dense = nn.Dense(1)


try:
    Net()
except Exception as error:
    print(type(error).__name__)

# %% collect_params_select
net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2, in_units=1), nn.BatchNorm(in_channels=2), nn.Dense(1, in_units=2))
print(net.collect_params(".*weight"))
print(net.collect_params("weight"))
print(net.collect_params("net_dense0_weight|net_dense1_bias"))
print(net.collect_params(".*weight|.*bias"))
print(list(net.collect_params(".*running.*").keys()))
print(list(net.collect_params("net_dense").keys()))

# %% collect_params_bad_pattern
net = nn.Dense(1)
try:
    net.collect_params("*weight")
except Exception as error:
    print(type(error).__name__)

# %% params_of_block_only_own
net = nn.Sequential()
net.add(nn.Dense(2, in_units=1))
print(net.params)
print(net[0].params)

# %% collect_params_shared_once
net = nn.Sequential()
layer = nn.Dense(2, in_units=2)
net.add(layer, layer, nn.Dense(2, in_units=2, params=layer.params))
print(net.collect_params())
print(net)


# %% attribute_type_change
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(1)


net = Net()
net.a = nn.Dense(2)
print(net)
net.a = nn.Dropout(0.5)


# %% attribute_type_change_to_number
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(1)


Net().a = 3


# %% attribute_number_to_block
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = None
        self.b = 3


net = Net()
net.b = 4.5
net.a = nn.Dense(2)
print(net.b, net)


# %% replace_child
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(1, in_units=1)
        self.b = nn.Dense(2, in_units=1)
        self.a = nn.Dense(3, in_units=1)


print(Net())
print(Net().collect_params())

# %% overriding_parameter
net = nn.Dense(1, in_units=2)
net.weight = Parameter("other", shape=(1, 2))

# %% overriding_parameter_with_array
net = nn.Dense(1, in_units=2)
net.weight = nd.ones((1, 2))


# %% parameter_as_attribute
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = Parameter("w", shape=(2,))
        self.v = self.params.get("v", shape=(3,))


net = Net()
print(net.collect_params())
print(net.params)
net.initialize()
attempt(lambda: net.w.data())
print(net.v.data().shape)


# %% blocks_in_a_list
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layers = [nn.Dense(1), nn.Dense(2)]


net = Net()
print(net.collect_params())


# %% blocks_in_a_dict
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layers = {"a": nn.Dense(1)}


net = Net()
print(net.collect_params())


# %% blocks_in_a_list_registered
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layers = [nn.Dense(1, in_units=1), nn.Dense(2, in_units=1)]
        for layer in self.layers:
            self.register_child(layer)


net = Net()
print(net.collect_params())


# %% register_child
class Net(Block):
    pass


net = Net()
net.register_child(nn.Dense(1, in_units=1))
net.register_child(nn.Dense(2, in_units=1), "second")
print(list(net._children))
print(net.collect_params())
print(net)


# %% my_sequential
class MySequential(Block):
    def add(self, block):
        self._children[block.name] = block

    def forward(self, x):
        for block in self._children.values():
            x = block(x)
        return x


net = MySequential()
net.add(nn.Dense(3))
net.add(nn.Dense(2))
net.initialize()
print(net(nd.ones((1, 4))))
print(net.collect_params())

# %% sequential_indexing
net = nn.Sequential()
net.add(nn.Dense(1), nn.Dense(2), nn.Dense(3), nn.Dropout(0.1))
print(net[0], net[-1], net[2], len(net))
print(net[1:3])
print(net[::2])
print(type(net[1:3]).__name__, net[1:3].prefix == net.prefix, net[1:2][0] is net[1])
attempt(lambda: net[7])
attempt(lambda: net["a"])

# %% sequential_iteration
net = nn.Sequential()
net.add(nn.Dense(1), nn.Dense(2))
for layer in net:
    print(layer)
print(list(reversed([layer.name for layer in net])))
print(bool(nn.Sequential()), len(nn.Sequential()))

# %% sequential_add_returns
net = nn.Sequential()
print(net.add(nn.Dense(1)))
print(net.add())

# %% sequential_slice_shares
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.initialize(init.One())
head = net[:2]
print(head(nd.ones((1, 2))))
print(head.collect_params())
head[0].weight.set_data(nd.zeros((2, 2)))
print(net(nd.ones((1, 2))))

# %% sequential_empty_forward
print(nn.Sequential()(nd.ones(2)))

# %% sequential_add_wrong
net = nn.Sequential()
attempt(lambda: net.add(3))

# %% sequential_hybridize_warning
net = nn.Sequential()
net.add(nn.HybridSequential())
net.hybridize()
net = nn.Sequential()
net.add(nn.Dense(2))
net.hybridize()


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


# %% own_deferred_block_sets_shape
class Linear(Block):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units, 0), allow_deferred_init=True)

    def forward(self, x):
        if not self.weight.shape[1]:
            self.weight.shape = (self.weight.shape[0], x.shape[1])
            self.weight._finish_deferred_init()
        return nd.dot(x, self.weight.data().T)


net = Linear(2)
net.initialize(init.One())
print(net(nd.ones((1, 3))), net.weight)


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


# %% apply
def note(block):
    print(block.name)


net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(1), nn.Sequential())
    net[1].add(nn.Dense(2))
print(net.apply(note) is net)


# %% apply_initialize
def ones(block):
    if isinstance(block, nn.Dense):
        block.initialize(init.One())


net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.apply(ones)
print(net(nd.ones((1, 2))))


# %% forward_hook
def hook(block, inputs, outputs):
    print(block.name, [x.shape for x in inputs], outputs.shape)


net = nn.Dense(3, in_units=2)
net.initialize()
handle = net.register_forward_hook(hook)
net(nd.ones((4, 2)))
handle.detach()
net(nd.ones((4, 2)))


# %% forward_pre_hook
def hook(block, inputs):
    print(block.name, [x.shape for x in inputs])


net = nn.Dense(3, in_units=2)
net.initialize()
handle = net.register_forward_pre_hook(hook)
net(nd.ones((4, 2)))
handle.detach()
net(nd.ones((4, 2)))

# %% hooks_in_order
net = nn.Dense(3, in_units=2)
net.initialize()
net.register_forward_pre_hook(lambda block, x: print("pre 1"))
net.register_forward_hook(lambda block, x, y: print("post 1"))
net.register_forward_pre_hook(lambda block, x: print("pre 2"))
net.register_forward_hook(lambda block, x, y: print("post 2"))
net(nd.ones((1, 2)))

# %% hook_as_context
net = nn.Dense(3, in_units=2)
net.initialize()
with net.register_forward_hook(lambda block, x, y: print("called")):
    net(nd.ones((1, 2)))
net(nd.ones((1, 2)))

# %% op_hook_and_hybrid
net = nn.HybridSequential()
net.add(nn.Dense(3, in_units=2))
net.initialize()
net.register_forward_hook(lambda block, x, y: print("called", y.shape))
net(nd.ones((1, 2)))
net.hybridize()
net(nd.ones((1, 2)))

# %% cast
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.BatchNorm(in_channels=2))
net.initialize()
net.cast("float64")
print(net.collect_params())
print(net(nd.ones((2, 2), dtype="float64")).dtype)

# %% cast_float16_batchnorm
net = nn.BatchNorm(in_channels=2)
net.cast("float16")
print(net.collect_params())

# %% cast_before_initialize
net = nn.Dense(2)
net.cast("float64")
net.initialize(init.One())
print(net(nd.ones((1, 2), dtype="float64")))

# %% wrong_dtype_at_forward
net = nn.Dense(2, in_units=2)
net.initialize()
try:
    net(nd.ones((1, 2), dtype="float64"))
except mx.MXNetError:
    print("MXNetError")

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

# %% block_properties
net = nn.Sequential(prefix="net_")
print(net.name, net.prefix, type(net.params).__name__)
print(net.params.prefix, list(net.params.keys()))

# %% set_grad_req
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.BatchNorm(in_channels=2))
net.initialize()
net.collect_params().setattr("grad_req", "null")
print([p.grad_req for p in net.collect_params().values()])
net.collect_params().setattr("grad_req", "write")
print([(p.name, p.grad_req) for p in net.collect_params().values()])

# %% freeze_one_layer
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.initialize(init.One())
net[0].collect_params().setattr("grad_req", "null")
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.ones((1, 2))).sum()
y.backward()
trainer.step(1)
print(net[0].weight.data(), net[1].weight.data())

# %% zero_grad_on_net
net = nn.Dense(1, in_units=2)
net.initialize()
for p in net.collect_params().values():
    p.grad_req = "add"
for _ in range(2):
    with autograd.record():
        y = net(nd.ones((1, 2)))
    y.backward()
print(net.weight.grad())
net.collect_params().zero_grad()
print(net.weight.grad(), net.bias.grad())

# %% wrong_in_units
net = nn.Dense(3, in_units=3)
net.initialize()
net(nd.ones((2, 7)))

# %% wrong_input_after_deferred
net = nn.Dense(3)
net.initialize()
net(nd.ones((2, 7)))
net(nd.ones((2, 6)))

# %% deferred_infers_once
net = nn.Sequential()
net.add(nn.Dense(4), nn.Dense(3), nn.Dense(2))
net.initialize()
print(net.collect_params())
net(nd.ones((1, 6)))
print(net.collect_params())

# %% reset_ctx
net = nn.Dense(1, in_units=2)
net.initialize()
net.collect_params().reset_ctx(mx.cpu(0))
print(net.weight.list_ctx(), net(nd.ones((1, 2))).context)

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

# %% block_called_twice_shares
net = nn.Dense(2, in_units=2)
net.initialize(init.One())
x = nd.ones((1, 2))
with autograd.record():
    y = net(net(x))
y.backward()
print(net.weight.grad(), net.bias.grad())

# %% shared_gradients_add_up
net = nn.Sequential()
shared = nn.Dense(2, in_units=2)
net.add(shared, nn.Dense(2, in_units=2, params=shared.params))
net.initialize(init.One())
with autograd.record():
    y = net(nd.ones((1, 2)))
y.backward()
print(net[0].weight.grad(), net[1].weight.grad())
print(net[0].weight is net[1].weight)

# %% share_across_networks
a = nn.Dense(2, in_units=2)
a.initialize(init.One())
b = nn.Dense(2, in_units=2, params=a.collect_params())
print(b(nd.ones((1, 2))))
b.weight.set_data(nd.zeros((2, 2)))
print(a.weight.data())

# %% share_wrong_shape
a = nn.Dense(2, in_units=2)
nn.Dense(3, in_units=2, params=a.params)

# %% share_without_bias
a = nn.Dense(2, in_units=2, use_bias=False)
b = nn.Dense(2, in_units=2, params=a.params)
print(b.params)
print(b.collect_params())

# %% share_deferred
a = nn.Dense(2)
b = nn.Dense(2, params=a.params)
a.initialize(init.One())
print(a(nd.ones((1, 3))), b.weight)
print(b(nd.ones((1, 3))))

# %% initialize_returns
print(nn.Dense(1).initialize())

# %% initialize_verbose
net = nn.Dense(1, in_units=1)
net.initialize(init.One(), verbose=True)
print(net.weight.data())

# %% initialize_ctx
net = nn.Dense(1, in_units=1)
net.initialize(ctx=mx.cpu(1))
print(net.weight.data().context, net.weight.list_ctx())

# %% infer_shape
net = nn.Dense(3)
net.infer_shape(nd.ones((2, 5)))
print(net.weight)

# %% isinstance
print(
    isinstance(nn.Dense(1), HybridBlock), isinstance(nn.Dense(1), Block), isinstance(nn.Sequential(), Block)
)
print(isinstance(nn.Sequential(), HybridBlock), issubclass(nn.HybridSequential, HybridBlock))
print(isinstance(gloss.L2Loss(), HybridBlock))

# %% children_attribute
net = nn.Sequential()
net.add(nn.Dense(1), nn.Dense(2))
print(list(net._children))
print([child.name for child in net._children.values()])


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


# %% kwargs_of_block
class Net(Block):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width


net = Net(3, prefix="n_")
print(net.width, net.prefix)
attempt(lambda: Net(3, foo=1))
