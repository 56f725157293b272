I = init


def filled(initializer, name, **attributes):
    data = nd.ones((2, 2)) * -5
    initializer(I.InitDesc(name, attributes) if attributes or not plain else name, data)
    return data


plain = False

# %% create
show(lambda: I.create("xavier", magnitude=2).dumps())
show(lambda: I.create('["xavier", {"magnitude": 2}]').dumps())
show(lambda: I.create("Xavier").dumps())
show(lambda: I.create({"initializer": "xavier"}).dumps())
show(lambda: I.create({"xavier": {}}))
show(lambda: I.create(I.One()).dumps())
show(lambda: I.create(I.One(), 3))
show(lambda: I.create(3))
show(lambda: I.create(None))
show(lambda: I.create())
show(lambda: I.create("foo"))
show(lambda: I.create("gaussian"))
show(lambda: I.create("[foo"))
show(lambda: I.create(initializer="one").dumps())
show(lambda: I.create("constant", 3).dumps())
show(lambda: I.create("constant"))
for name in (
    "zero", "zeros", "one", "ones", "constant", "uniform", "normal", "orthogonal", "xavier", "msraprelu",
    "bilinear", "lstmbias",
):  # fmt: skip
    show(lambda: type(I.create(name, *([1] if name == "constant" else []))))

# %% dumps
for each in (
    I.Uniform(), I.Normal(2), I.Zero(), I.One(), I.Constant(3), I.Xavier(), I.MSRAPrelu(), I.Orthogonal(),
    I.Bilinear(), I.LSTMBias(2.0), I.Constant(nd.array([1, 2])), I.Constant(np.array([1, 2])),
):  # fmt: skip
    show(lambda: each.dumps())
    show(lambda: each)
show(lambda: I.FusedRNN(I.Xavier(), 3, 2, "lstm").dumps())
show(lambda: hash(I.One()))
show(lambda: (I.One() == I.One(), I.Normal(1) == I.Normal(1), I.Normal(1) == I.Normal(2), I.One() != I.One()))
show(lambda: (I.Normal(1) == "x", I.One() == I.Zero(), I.Constant(1) == I.Constant(1)))
show(lambda: (I.Xavier(magnitude=2).magnitude, I.MSRAPrelu().rnd_type, I.Uniform(3).scale, I.Normal(3).sigma))


# %% registering
class Mine(I.Initializer):
    def _init_weight(self, name, data):
        data[:] = 7


class Bad:
    pass


@I.alias("b1", "b2")
class Other(I.Initializer):
    def _init_weight(self, name, data):
        data[:] = 8


show(lambda: I.register(Mine))
show(lambda: I.create("mine").dumps())
show(lambda: I.register(Mine))
show(lambda: I.register(Bad))
show(lambda: I.create("b1").dumps())
show(lambda: I.create("other"))
p = Parameter("w", shape=(2,), init="mine")
p.initialize()
show(lambda: p.data())

# %% by_end_of_name
ends = (
    "bias", "gamma", "beta", "moving_mean", "moving_var", "running_mean", "running_var", "moving_inv_var",
    "moving_avg", "min", "max", "bias_quantize", "weight", "state",
)  # fmt: skip
for end in ends:
    for plain in (False, True):
        show(lambda: filled(I.One(), "x_" + end))
for name in ("stn_loc_weight", "stn_loc_bias", "foo"):
    for plain in (False, True):
        show(lambda: filled(I.One(), name))
show(lambda: I.One()(3, nd.ones(1)))
data = nd.zeros(6)
show(lambda: I.One()("stn_loc_bias", data))
show(lambda: data)

# %% described
d = I.InitDesc("x_weight", {"__init__": "one"})
show(lambda: filled(I.Zero(), "x_weight", __init__="one"))
show(lambda: filled(I.Zero(), "x_bias", __init__=I.One()))
data = nd.zeros(2)
show(lambda: (I.Zero()(d, data), data, type(d.global_init), d.attrs, d, str(d)))
show(lambda: (I.InitDesc("x").attrs, I.InitDesc("x").global_init, I.InitDesc("x", global_init=3).global_init))


class Only(I.Initializer):
    pass


show(lambda: filled(Only(), "x_weight"))
show(lambda: filled(Only(), "x_bias"))


# %% own_class_in_a_block
class Every(I.Initializer):
    def _init_weight(self, name, data):
        print("weight", name, type(name).__name__, data.shape)
        data[:] = 1

    def _init_bias(self, name, data):
        data[:] = 2

    def _init_default(self, name, data):
        data[:] = 3


net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2, in_units=2, bias_initializer=None), nn.Dense(1))
net.initialize(Every())
show(lambda: net[0].bias.data())
net(nd.ones((1, 2)))
show(lambda: net[1].bias.data())


class Fails(I.Initializer):
    def _init_weight(self, name, data):
        data[:] = 3
        raise KeyError("boo")


p = Parameter("w", shape=(2, 2))
show(lambda: p.initialize(Fails()))
show(lambda: p.data())
show(lambda: p.list_ctx())

# %% verbosity
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("LOG %(levelname)s %(name)s %(message)s"))
root = logging.getLogger()
before, root.handlers = (root.handlers, root.level), [handler]
root.setLevel(logging.INFO)
one = I.One()
show(lambda: one.set_verbosity(True) is one)
show(lambda: one(I.InitDesc("x_weight"), nd.zeros((2, 2))))
two = I.One().set_verbosity(True, lambda array: "P")
show(lambda: two(I.InitDesc("x_bias"), nd.zeros((2, 2))))
show(lambda: two(I.InitDesc("x_bias", {"__init__": "zeros"}), nd.zeros((2, 2))))
net = nn.Dense(2, in_units=2, prefix="d_")
show(lambda: net.initialize(I.One(), verbose=True))
show(lambda: net.initialize("one", verbose=True))
root.handlers = before[0]
root.setLevel(before[1])

# %% mixed_and_load
show(lambda: filled(I.Mixed(["x_b", ".*"], [I.Zero(), I.One()]), "x_bias"))
show(lambda: filled(I.Mixed(["x_b", ".*"], [I.Zero(), I.One()]), "q_weight"))
show(lambda: filled(I.Mixed(["x_b"], [I.Zero()]), "x_weight"))
show(lambda: I.Mixed(["bias"], [I.Zero(), I.One()]))
net = nn.Dense(2, in_units=2)
show(lambda: net.initialize(I.Mixed([".*"], [I.One()])))
load = I.Load({"arg:a_weight": nd.ones((2, 2)), "aux:b": nd.ones((3,))}, default_init=I.Zero())
show(lambda: load.param)
show(lambda: filled(load, "a_weight"))
show(lambda: filled(load, "b"))
show(lambda: filled(load, "c_weight"))
show(lambda: filled(I.Load({"a": nd.ones(2)}), "c"))
show(lambda: I.Load(3))


# %% values
def values(how, shape):
    data = nd.zeros(shape)
    how._init_weight("w", data)
    return data


show(lambda: values(I.Bilinear(), (1, 1, 4, 4)))
show(lambda: values(I.Bilinear(), (2, 1, 3, 3)))
show(lambda: values(I.LSTMBias(), (8,)))
show(lambda: values(I.LSTMBias(2.0), (10,)))
show(lambda: values(I.Constant(nd.array([1, 2])), (2, 2)))
show(lambda: values(I.Constant([1, 2]), (2, 2)))
show(lambda: values(I.Xavier(), (3,)))
show(lambda: values(I.Xavier("foo"), (3, 3)))
show(lambda: values(I.Xavier(factor_type="foo"), (3, 3)))
show(lambda: I.Xavier(magnitude="a"))
