# %% hints
layers = [
    nn.Dense(1), nn.Dropout(0.5), nn.BatchNorm(), nn.LayerNorm(), nn.InstanceNorm(), nn.GroupNorm(),
    nn.Embedding(2, 2), nn.Flatten(), nn.Lambda("relu"), nn.HybridLambda("relu"),
    nn.Activation("relu"), nn.Activation("sigmoid"), nn.Activation("tanh"), nn.Activation("softrelu"),
    nn.Activation("softsign"), nn.LeakyReLU(0.1), nn.PReLU(), nn.ELU(), nn.SELU(), nn.GELU(), nn.Swish(),
    nn.Sequential(), nn.HybridSequential(),
]  # fmt: skip
for layer in layers:
    print(type(layer).__name__, layer.name, layer.prefix)

# %% hints_of_convolutions
layers = [
    nn.Conv1D(1, 1), nn.Conv2D(1, 1), nn.Conv3D(1, 1),
    nn.Conv1DTranspose(1, 1), nn.Conv2DTranspose(1, 1), nn.Conv3DTranspose(1, 1),
    nn.MaxPool1D(), nn.MaxPool2D(), nn.MaxPool3D(), nn.AvgPool1D(), nn.AvgPool2D(), nn.AvgPool3D(),
    nn.GlobalMaxPool1D(), nn.GlobalMaxPool2D(), nn.GlobalMaxPool3D(),
    nn.GlobalAvgPool1D(), nn.GlobalAvgPool2D(), nn.GlobalAvgPool3D(), nn.ReflectionPad2D(),
]  # fmt: skip
for layer in layers:
    print(type(layer).__name__, layer.name, layer.prefix)

# %% hints_of_losses
losses = [
    gloss.L2Loss(), gloss.L1Loss(), gloss.SigmoidBinaryCrossEntropyLoss(), gloss.SigmoidBCELoss(),
    gloss.SoftmaxCrossEntropyLoss(), gloss.SoftmaxCELoss(), gloss.KLDivLoss(), gloss.HuberLoss(),
    gloss.HingeLoss(), gloss.SquaredHingeLoss(), gloss.LogisticLoss(), gloss.TripletLoss(),
    gloss.PoissonNLLLoss(), gloss.CosineEmbeddingLoss(),
]  # fmt: skip
for loss in losses:
    print(type(loss).__name__, loss.name)

# %% counters
print([nn.Dense(1).name for _ in range(3)], [nn.Sequential().name for _ in range(2)], nn.Dense(1).name)


# %% custom_class
class MyFancyNet(Block):
    pass


class Other(HybridBlock):
    pass


print(MyFancyNet().name, MyFancyNet().prefix, Other().name)

# %% explicit_prefix
net = nn.Dense(3, in_units=2, prefix="fc1_")
print(net.name, net.prefix, net.weight.name, net.params)
print(nn.Dense(3).name)

# %% prefix_without_underscore
net = nn.Dense(3, in_units=2, prefix="fc")
print(net.name, net.prefix, net.weight.name)

# %% empty_prefix
net = nn.Dense(3, in_units=2, prefix="")
print(repr(net.name), repr(net.prefix), net.weight.name)
print(net.params)

# %% children_outside_scope
net = nn.Sequential(prefix="net_")
net.add(nn.Dense(2), nn.Dense(2))
print(net.collect_params())

# %% children_in_scope
net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2), nn.Dense(2, prefix="out_"))
print(net.collect_params())

# %% scope_with_default_prefix
net = nn.Sequential()
with net.name_scope():
    net.add(nn.Dense(2), nn.Dense(2))
print(net.collect_params())
print(nn.Dense(1).name)

# %% scope_entered_twice
net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2))
with net.name_scope():
    net.add(nn.Dense(2))
net.add(nn.Dense(2))
print([layer.name for layer in net])


# %% nested_scopes
class Inner(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = nn.Dense(1, in_units=1)
            self.b = nn.Dense(1, in_units=1)


class Outer(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.first = Inner()
            self.second = Inner(prefix="second_")
            self.last = nn.Dense(1, in_units=1)


print(Outer().collect_params())
print(Outer(prefix="model_").collect_params())

# %% scope_with_empty_prefix
net = nn.Sequential(prefix="")
with net.name_scope():
    net.add(nn.Dense(2, in_units=1), nn.Dense(2, in_units=1))
print(net.collect_params())
print(nn.Dense(1).name)

# %% empty_prefix_inside_scope
net = nn.Sequential(prefix="net_")
with net.name_scope():
    inner = nn.Sequential(prefix="")
    with inner.name_scope():
        inner.add(nn.Dense(2, in_units=1))
    net.add(inner, nn.Dense(2, in_units=1))
print(net.collect_params())
print(repr(inner.prefix), repr(inner.name))

# %% activation_of_dense
net = nn.Dense(2, activation="relu")
print(net.act.name, net.act.prefix)
net = nn.Dense(2, activation="tanh", prefix="fc_")
print(net.act.name)
net = nn.Conv2D(2, 1, activation="sigmoid")
print(net.act.name)


# %% threads
def work():
    names.append(nn.Dense(1).name)
    names.append(nn.Dense(1).name)


names = [nn.Dense(1).name]
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(names, nn.Dense(1).name)


# %% scope_not_seen_by_other_thread
def work():
    names.append(nn.Dense(1).name)


names = []
net = nn.Sequential(prefix="net_")
with net.name_scope():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    names.append(nn.Dense(1).name)
print(names)

# %% name_manager
with mx.name.NameManager():
    print(nn.Dense(1).name, nn.Dense(1).name)
print(nn.Dense(1).name)

# %% name_manager_get
manager = mx.name.NameManager()
print(manager.get(None, "conv"), manager.get(None, "conv"), manager.get("mine", "conv"))
print(manager.get("", "conv"))

# %% name_prefix
with mx.name.Prefix("big_"):
    print(nn.Dense(1).name, nn.Dense(1, prefix="p_").name)
manager = mx.name.Prefix("big_")
print(manager.get(None, "conv"), manager.get("mine", "conv"))

# %% name_manager_current
print(type(mx.name.NameManager.current).__name__)


# %% own_parameters_in_block
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.w = self.params.get("w", shape=(2, 2))
            self.dense = nn.Dense(1, in_units=2)


print(Net().collect_params())
print(Net(prefix="my_").w.name)

# %% shared_params_keep_names
a = nn.Dense(2, in_units=2, prefix="a_")
b = nn.Dense(2, in_units=2, prefix="b_", params=a.params)
print(b.name, b.prefix, b.weight.name, b.weight is a.weight)
print(b.params)
print(b.collect_params())
print(b.params.prefix)

# %% shared_params_default_prefix
a = nn.Dense(2, in_units=2)
b = nn.Dense(2, in_units=2, params=a.params)
c = nn.Dense(2, in_units=2)
print(a.name, b.name, c.name, b.weight.name)

# %% shared_in_scope
net = nn.Sequential(prefix="net_")
with net.name_scope():
    a = nn.Dense(2, in_units=2)
    b = nn.Dense(2, in_units=2, params=a.params)
    net.add(a, b)
print(net.collect_params(), b.name)


# %% block_scope_inside_shared
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = nn.Dense(2, in_units=2)
            self.b = nn.Dense(2, in_units=2)


one = Net(prefix="one_")
two = Net(prefix="two_", params=one.collect_params())
print(two.collect_params())
print(two.a.weight is one.a.weight)
same = Net(prefix="one_", params=one.collect_params())
print(same.collect_params())
print(same.a.weight is one.a.weight, same.b.bias is one.b.bias)

# %% name_property_read_only
net = nn.Dense(2)
for name in ["name", "prefix", "params"]:
    try:
        setattr(net, name, "foo")
    except AttributeError:
        print(name, "is read only")


# %% sequential_of_sequentials
def make():
    net = nn.Sequential()
    with net.name_scope():
        net.add(nn.Dense(2, in_units=1), nn.Dense(1, in_units=2))
    return net


net = nn.Sequential()
with net.name_scope():
    net.add(make(), make())
print(net.collect_params())

# %% batchnorm_parameters
net = nn.BatchNorm(in_channels=2, prefix="bn_")
print(net.params)
print(nn.LayerNorm(in_channels=2).params)
print(nn.Embedding(3, 2).params)
print(nn.PReLU().params)

# %% two_spaces_of_names
net = nn.Sequential()
with net.name_scope():
    net.add(nn.Conv2D(1, 1), nn.MaxPool2D(), nn.Conv2D(1, 1), nn.Activation("relu"), nn.Activation("relu"))
print([layer.name for layer in net])
