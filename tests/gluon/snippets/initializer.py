# %% default
net = nn.Dense(2, in_units=3)
net.initialize()
print(net.weight.data(), net.bias.data())

# %% uniform
w = nd.zeros((2, 3))
init.Uniform()("x_weight", w)
print(w)
init.Uniform(5)("x_weight", w)
print(w)
init.Uniform(scale=0.5)._init_weight("x", w)
print(w)

# %% normal
w = nd.zeros((2, 3))
init.Normal()("x_weight", w)
print(w)
init.Normal(sigma=2)("x_weight", w)
print(w)

# %% zero_one_constant
w = nd.zeros((2, 3))
init.One()("x_weight", w)
print(w)
init.Zero()("x_weight", w)
print(w)
init.Constant(2.5)("x_weight", w)
print(w)

# %% xavier
for rnd in ["uniform", "gaussian"]:
    for factor in ["avg", "in", "out"]:
        w = nd.zeros((2, 3))
        init.Xavier(rnd_type=rnd, factor_type=factor, magnitude=2)("x_weight", w)
        print(rnd, factor, w)

# %% xavier_of_kernels
for shape in [(2, 3), (4, 2, 3), (2, 2, 3, 3)]:
    w = nd.zeros(shape)
    init.Xavier()("x_weight", w)
    print(shape, w.sum(), w.max(), w.min())

# %% xavier_bad_arguments
w = nd.zeros((2, 3))
attempt(lambda: init.Xavier(rnd_type="foo")("x_weight", w))
attempt(lambda: init.Xavier(factor_type="foo")("x_weight", w))

# %% msra_prelu
w = nd.zeros((2, 3))
init.MSRAPrelu()("x_weight", w)
print(w)
init.MSRAPrelu("in", 0.1)("x_weight", w)
print(w)

# %% orthogonal
for kind in ["uniform", "normal"]:
    w = nd.zeros((3, 3))
    init.Orthogonal(scale=1, rand_type=kind)("x_weight", w)
    print(nd.dot(w, w.T).round())

# %% orthogonal_rectangular
w = nd.zeros((2, 3, 2))
init.Orthogonal(scale=2)("x_weight", w)
flat = w.reshape((2, -1))
print(nd.dot(flat, flat.T).round())

# %% bilinear
w = nd.zeros((1, 2, 4, 4))
init.Bilinear()("x_weight", w)
print(w)

# %% lstm_bias
b = nd.zeros(8)
init.LSTMBias(forget_bias=1.5)("lstm_i2h_bias", b)
print(b)
init.LSTMBias(forget_bias=1.5)._init_weight("lstm_i2h_bias", b)
print(b)

# %% suffixes
for name in ["a_weight", "a_bias", "a_gamma", "a_beta", "a_moving_mean", "a_moving_var", "a_running_mean",
             "a_running_var", "a_min", "a_max", "a_moving_avg", "a_moving_inv_var"]:  # fmt: skip
    w = nd.full((2,), 9)
    attempt(lambda: init.Uniform(0.5)(mx.init.InitDesc(name), w))
    print(name, w)

# %% suffixes_of_text
for name in ["a_weight", "a_moving_mean", "a_moving_var", "a_moving_inv_var", "a_moving_avg", "upsampling_x"]:
    w = nd.full((1, 1, 2, 2), 9)
    attempt(lambda: init.Uniform(0.5)(name, w))
    print(name, w)

# %% unknown_suffix
w = nd.zeros((2,))
init.Uniform()("foo", w)

# %% name_must_be_text
w = nd.zeros((2,))
attempt(lambda: init.Uniform()(3, w))

# %% init_desc
from mxnet.initializer import InitDesc

desc = InitDesc("fc_weight", {"__init__": init.Constant(4).dumps()})
print(desc, desc.attrs, isinstance(desc, str))
w = nd.zeros((2,))
init.Uniform()(desc, w)
print(w)

# %% init_desc_without_attributes
from mxnet.initializer import InitDesc

desc = InitDesc("fc_bias")
w = nd.ones((2,))
init.Uniform()(desc, w)
print(w, desc.attrs, desc.global_init)

# %% parameter_ignores_suffix
p = Parameter("foo_bias", shape=(2,))
p.initialize(init.Constant(3))
print(p.data())
p = Parameter("foo_running_var", shape=(2,))
p.initialize(init.Constant(3))
print(p.data())

# %% dumps
for kind in [init.Uniform(), init.Uniform(0.5), init.Normal(), init.Normal(0.1), init.Zero(), init.One(),
             init.Constant(3), init.Xavier(), init.MSRAPrelu(), init.Orthogonal(), init.Bilinear(),
             init.LSTMBias()]:  # fmt: skip
    print(kind.dumps())

# %% dumps_xavier_arguments
print(init.Xavier("gaussian", "in", 2).dumps())
print(init.Xavier(magnitude=2.24).dumps())
print(init.Constant(value=0.5).dumps())

# %% create_from_dumps
p = Parameter("weight", shape=(2,), init=init.Constant(7).dumps())
p.initialize()
print(p.data())

# %% equality
print(init.Uniform(0.07) == init.Uniform(), init.Uniform(1) == init.Uniform(2))
print(init.Normal() == init.Uniform(), init.Zero() == init.Zero(), init.One() == 3)
print(init.Xavier() == init.Xavier(), init.Xavier(magnitude=2) == init.Xavier())

# %% order_of_draws
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(2))
net.initialize()
print(nd.random.uniform(shape=(2,)))
net(nd.ones((1, 2)))
print(net[0].weight.data(), net[1].weight.data())

# %% order_known_first
net = nn.Sequential()
net.add(nn.Dense(2), nn.Dense(2, in_units=2))
net.initialize()
net(nd.ones((1, 2)))
print(net[0].weight.data(), net[1].weight.data())


# %% seed_reproduces
def make():
    net = nn.Dense(2, in_units=3)
    mx.random.seed(42)
    net.initialize(init.Normal(1))
    return net.weight.data()


print(make(), (make() == make()).sum())

# %% bias_initializer
net = nn.Dense(2, in_units=1, bias_initializer="ones")
net.initialize()
print(net.bias.data())
net = nn.Dense(2, in_units=1, bias_initializer=init.Constant(3))
net.initialize(init.Zero())
print(net.weight.data(), net.bias.data())
net = nn.Dense(2, in_units=1, bias_initializer=None)
net.initialize()
print(net.bias.data())

# %% weight_initializer_wins
net = nn.Dense(2, in_units=1, weight_initializer=init.Constant(3))
net.initialize(init.One())
print(net.weight.data())
net.initialize(init.One(), force_reinit=True)
print(net.weight.data())
net.weight.initialize(init.One(), force_reinit=True)
print(net.weight.data())

# %% xavier_on_a_net_with_biases
net = nn.Sequential()
net.add(nn.Dense(2, in_units=3), nn.BatchNorm(in_channels=2))
net.initialize(init.Xavier())
for p in net.collect_params().values():
    print(p.name, p.data())

# %% one_parameter_in_net
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
net.initialize()
net[0].weight.initialize(init.Constant(42), force_reinit=True)
net[1].initialize(init.Zero(), force_reinit=True)
print(net[0].weight.data(), net[0].bias.data(), net[1].weight.data())

# %% initialize_parts_then_all
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
net[0].initialize(init.One())
net.initialize(init.Zero())
print(net[0].weight.data(), net[1].weight.data())

# %% force_reinit_of_deferred
net = nn.Dense(2)
net.initialize(init.One())
net.initialize(init.Zero(), force_reinit=True)
print(net(nd.ones((1, 3))), net.weight.data())

# %% initialize_deferred_again
net = nn.Dense(2)
net.initialize(init.One())
net.initialize(init.Zero())
print(net(nd.ones((1, 3))), net.weight.data())

# %% float16_weights
net = nn.Dense(2, in_units=3, dtype="float16")
net.initialize()
print(net.weight.data(), net.weight.data().dtype)

# %% float64_weights
net = nn.Dense(2, in_units=3, dtype="float64")
net.initialize(init.Normal(1))
print(net.weight.data(), net.weight.data().dtype)

# %% embedding_weights
net = nn.Embedding(4, 3)
net.initialize()
print(net.weight.data())
net.initialize(init.Normal(), force_reinit=True)
print(net.weight.data())

# %% conv_weights
net = nn.Conv2D(2, 3, in_channels=2)
net.initialize(init.Xavier())
print(net.weight.data())

# %% names_in_registry
for name in ["uniform", "normal", "xavier", "msraprelu", "orthogonal", "bilinear", "lstmbias", "constant"]:
    print(
        type(mx.init.create(name)).__name__ if name != "constant" else mx.init.create(name, value=2).dumps()
    )

# %% create_with_arguments
p = Parameter("weight", shape=(2,), init=init.create("normal", sigma=3))
p.initialize()
print(p.data())
attempt(lambda: init.create("foo"))

# %% initializer_module
import mxnet.initializer

print(mx.init is mx.initializer, init.Initializer is mxnet.initializer.Initializer)

# %% set_verbosity
shown = []
kind = init.Constant(2)
kind.set_verbosity(True, print_func=lambda data: str(data.sum().asscalar()))
print(type(kind).__name__)
