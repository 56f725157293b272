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

# %% block_properties
net = nn.Sequential(prefix="net_")
print(net.name, net.prefix, type(net.params).__name__)
print(net.params.prefix, list(net.params.keys()))

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


# %% kwargs_of_block
class Net(Block):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width


net = Net(3, prefix="n_")
print(net.width, net.prefix)
attempt(lambda: Net(3, foo=1))
