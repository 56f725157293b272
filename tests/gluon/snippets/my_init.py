# %% my_init
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print("Init", name, data.shape)
        data[:] = nd.random.uniform(low=-10, high=10, shape=data.shape)
        data *= data.abs() >= 5


net = nn.Sequential()
net.add(nn.Dense(3, in_units=4), nn.Dense(2, in_units=3))
net.initialize(MyInit())
print(net[0].weight.data(), net[0].bias.data())


# %% my_init_deferred
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print("Init", name, data.shape)
        data[:] = 1


net = nn.Sequential()
net.add(nn.Dense(3), nn.Dense(2))
net.initialize(MyInit())
print("before")
print(net(nd.ones((1, 2))))


# %% my_init_types
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print(type(name).__name__, isinstance(name, str), type(data).__name__, data.dtype, data.context)
        data[:] = 1


net = nn.Dense(3, in_units=2)
net.initialize(MyInit())


# %% my_init_numpy_assignment
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = np.arange(data.size).reshape(data.shape)


net = nn.Dense(2, in_units=3)
net.initialize(MyInit())
print(net.weight.data())


# %% my_init_partial_assignment
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        data[0] = 5
        data[1, 1] = 7


net = nn.Dense(2, in_units=3)
net.initialize(MyInit())
print(net.weight.data())


# %% my_init_nothing
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        pass


net = nn.Dense(2, in_units=3)
net.initialize(MyInit())
print(net.weight.data())


# %% my_init_raises
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        raise ValueError("no " + name)


net = nn.Dense(2, in_units=3)
net.initialize(MyInit())


# %% my_init_bias
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print("weight", name)
        data[:] = 1

    def _init_bias(self, name, data):
        print("bias", name)
        data[:] = 2


net = nn.Dense(2, in_units=3)
net.initialize(MyInit())
print(net.bias.data())
net = nn.Dense(2, in_units=3, bias_initializer=None)
net.initialize(MyInit())
print(net.bias.data())
net = nn.Dense(2, in_units=3, bias_initializer=MyInit())
net.initialize()
print(net.bias.data())


# %% my_init_on_other_names
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print("weight", name)
        data[:] = 1

    def _init_default(self, name, data):
        print("default", name)
        data[:] = 3

    def _init_gamma(self, name, data):
        print("gamma", name)
        data[:] = 4


MyInit()("a_weight", nd.zeros(2))
MyInit()("a_gamma", nd.zeros(2))
MyInit()("a_foo", nd.zeros(2))
MyInit()("a_bias", nd.zeros(2))


# %% my_init_with_arguments
class MyInit(init.Initializer):
    def __init__(self, value):
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name, data):
        data[:] = self.value


print(MyInit(3).dumps())
net = nn.Dense(2, in_units=1)
net.initialize(MyInit(3))
print(net.weight.data())


# %% missing_init_weight
class MyInit(init.Initializer):
    pass


net = nn.Dense(2, in_units=1)
net.initialize(MyInit())


# %% register
@init.register
class Alternating(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 6


p = Parameter("weight", shape=(2,), init="alternating")
p.initialize()
print(p.data())
net = nn.Dense(2, in_units=1, weight_initializer="alternating")
net.initialize()
print(net.weight.data())


# %% register_alias
@mx.init.register
class Curious(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 6


p = Parameter("weight", shape=(2,))
p.initialize("Curious")
print(p.data())
attempt(lambda: p.initialize("curiouser", force_reinit=True))

# %% mixed
net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2, in_units=1), nn.Dense(1, in_units=2, bias_initializer=None))
net.initialize(init.Mixed([".*dense0.*", ".*"], [init.Constant(1), init.Constant(2)]))
for p in net.collect_params().values():
    print(p.name, p.data())

# %% mixed_direct
mixed = init.Mixed(["bias", ".*"], [init.Zero(), init.Constant(2)])
w = nd.ones(2)
mixed("fc_bias", w)
print(w)
mixed("fc_weight", w)
print(w)
attempt(lambda: init.Mixed(["bias"], [init.Zero()])("fc_weight", w))
attempt(lambda: init.Mixed(["bias"], []))

# %% load
arrays = {"arg:fc_weight": nd.ones((2, 3)), "fc_bias": nd.array([1, 2])}
loader = init.Load(arrays, default_init=init.Zero())
w, b = nd.zeros((2, 3)), nd.zeros(2)
loader("fc_weight", w)
loader("fc_bias", b)
print(w, b)
other = nd.ones(2)
loader("other_weight", other)
print(other)

# %% load_errors
loader = init.Load({"fc_weight": nd.ones((2, 3))})
attempt(lambda: loader("fc_weight", nd.zeros((3, 3))))
attempt(lambda: loader("fc_bias", nd.zeros(3)))

# %% load_from_file
nd.save("f.params", {"dense0_weight": nd.ones((2, 3)) * 4, "dense0_bias": nd.array([1, 2])})
loader = init.Load("f.params", default_init=init.One())
w = nd.zeros((2, 3))
loader("dense0_weight", w)
print(w)


# %% alias
@mx.init.register
@mx.init.alias("sevens")
class Seven(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 7


for name in ["seven", "sevens"]:
    p = Parameter("weight", shape=(2,), init=name)
    p.initialize()
    print(p.data())


# %% by_name_of_parameter
class ByName(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 1 if name.startswith("dense0") else 2


net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1))
net.initialize(ByName())
print(net[0].weight.data(), net[1].weight.data())


# %% wraps_another
class Doubled(init.Initializer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def _init_weight(self, name, data):
        self.inner._init_weight(name, data)
        data *= 2


net = nn.Dense(2, in_units=2)
net.initialize(Doubled(init.Uniform(1)))
print(net.weight.data())


# %% draws_are_the_generators
class Draws(init.Initializer):
    def _init_weight(self, name, data):
        nd.random.normal(0, 1, out=data)


mx.random.seed(12)
net = nn.Dense(2, in_units=2)
net.initialize(Draws())
mx.random.seed(12)
print((net.weight.data() == nd.random.normal(0, 1, shape=(2, 2))).sum(), net.weight.data())


# %% overrides_call
class Everything(init.Initializer):
    def __call__(self, desc, array):
        print("called", desc)
        array[:] = 9


net = nn.Dense(2, in_units=1)
net.initialize(Everything())
print(net.weight.data(), net.bias.data())


# %% in_init_on_parameter
class Ones(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = nd.ones(data.shape)


p = Parameter("alpha", shape=(3,), init=Ones())
p.initialize()
print(p.data())

# %% plain_function_as_init
net = nn.Dense(2, in_units=1)
try:
    net.initialize(lambda name, data: None)
except Exception as error:
    print(type(error).__name__)

# %% recorded
with autograd.record():
    net = nn.Dense(2, in_units=2)
    net.initialize(init.Normal(1))
    y = net(nd.ones((1, 2)))
y.backward()
print(net.weight.grad(), net.weight.data().shape)
