# %% save_names
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.BatchNorm(in_channels=2))
net.initialize(init.One())
net.save_parameters("f.params")
for name, array in sorted(nd.load("f.params").items()):
    print(name, array)

# %% save_and_load
net = nn.Dense(2, in_units=2)
net.initialize()
net.save_parameters("f.params")
other = nn.Dense(2, in_units=2)
other.load_parameters("f.params")
print((net.weight.data() == other.weight.data()).sum(), other.bias.data())

# %% load_into_deferred
net = nn.Dense(2, in_units=3)
net.initialize(init.One())
net.save_parameters("f.params")
other = nn.Dense(2)
other.load_parameters("f.params")
print(other.weight, other.weight.data())
third = nn.Dense(2)
third.initialize()
third.load_parameters("f.params")
print(third.weight.data())

# %% load_missing
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2))
net.initialize(init.One())
net.save_parameters("f.params")
net.add(nn.Dense(1, in_units=2))
attempt(lambda: net.load_parameters("f.params"))
net.load_parameters("f.params", allow_missing=True)
print(net[0].weight.data())
attempt(lambda: net[1].weight.data())

# %% load_extra
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.initialize(init.One())
net.save_parameters("f.params")
fewer = nn.Sequential()
fewer.add(nn.Dense(2, in_units=2))
attempt(lambda: fewer.load_parameters("f.params"))
fewer.load_parameters("f.params", ignore_extra=True)
print(fewer[0].weight.data())

# %% load_missing_raises
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2))
net.initialize(init.One())
net.save_parameters("f.params")
net.add(nn.Dense(1, in_units=2))
net.load_parameters("f.params")

# %% load_many_names
net = nn.Sequential()
for _ in range(5):
    net.add(nn.Dense(2, in_units=2))
net.initialize(init.One())
net.save_parameters("f.params")
net.add(nn.Dense(2, in_units=2))
attempt(lambda: net.load_parameters("f.params"))
small = nn.Sequential()
for _ in range(4):
    small.add(nn.Dense(2, in_units=2))
attempt(lambda: small.load_parameters("f.params"))

# %% load_wrong_shape
net = nn.Dense(2, in_units=2)
net.initialize()
net.save_parameters("f.params")
attempt(lambda: nn.Dense(3, in_units=2).load_parameters("f.params"))
attempt(lambda: nn.Dense(2, in_units=3).load_parameters("f.params"))

# %% load_dtype
net = nn.Dense(2, in_units=2)
net.initialize(init.One())
net.save_parameters("f.params")
other = nn.Dense(2, in_units=2, dtype="float16")
attempt(lambda: other.load_parameters("f.params"))
other.load_parameters("f.params", cast_dtype=True)
print(other.weight.data().dtype)
other.load_parameters("f.params", cast_dtype=True, dtype_source="saved")
print(other.weight.data().dtype, other.weight)

# %% load_full_names
net = nn.Dense(2, in_units=2, prefix="fc_")
net.initialize(init.One())
net.collect_params().save("f.params")
other = nn.Dense(2, in_units=2, prefix="fc_")
other.load_parameters("f.params")
print(other.weight.data())


# %% load_full_names_in_scope
def make(prefix):
    net = nn.Sequential(prefix=prefix)
    with net.name_scope():
        net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
    return net


net = make("net_")
net.initialize(init.One())
net.collect_params().save("f.params", strip_prefix="net_")
other = make("other_")
other.load_parameters("f.params")
print(other[0].weight, other[0].weight.data())

# %% load_full_names_other_prefix
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2, prefix="fc_"))
net.initialize(init.One())
net.collect_params().save("f.params")
other = nn.Sequential()
other.add(nn.Dense(2, in_units=2, prefix="gc_"))
attempt(lambda: other.load_parameters("f.params"))

# %% load_arg_names
nd.save("f.params", {"arg:fc_weight": nd.ones((1, 2)), "aux:fc_bias": nd.zeros(1)})
net = nn.Dense(1, in_units=2, prefix="fc_")
net.load_parameters("f.params")
print(net.weight.data())

# %% shared_written_twice
net = nn.Sequential()
layer = nn.Dense(2, in_units=2)
net.add(layer, nn.Dense(2, in_units=2, params=layer.params))
net.initialize(init.One())
net.save_parameters("f.params")
print(sorted(nd.load("f.params")))
net.save_parameters("g.params", deduplicate=True)
print(sorted(nd.load("g.params")))
net.load_parameters("g.params")


# %% load_deduplicated_shared
def make():
    net = nn.Sequential()
    layer = nn.Dense(2, in_units=2)
    net.add(layer, nn.Dense(2, in_units=2, params=layer.params))
    return net


net = make()
net.initialize(init.One())
net.save_parameters("g.params", deduplicate=True)
other = make()
other.load_parameters("g.params")
print(other[0].weight.data(), other[1].weight.data())


# %% custom_block_names
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = nn.Dense(2, in_units=2)
        self.body = nn.Sequential()
        self.body.add(nn.Dense(1, in_units=2))
        self.scale = self.params.get("scale", shape=(1,))


net = Net()
net.initialize(init.One())
net.save_parameters("f.params")
print(sorted(nd.load("f.params")))

# %% missing_file
net = nn.Dense(2, in_units=2)
try:
    net.load_parameters("none.params")
except mx.MXNetError as error:
    print("none.params" in str(error))

# %% save_not_initialized
net = nn.Dense(2, in_units=2)
net.save_parameters("f.params")

# %% save_deferred
net = nn.Dense(2)
net.initialize()
attempt(lambda: net.save_parameters("f.params"))


# %% constants_are_saved
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.c = self.params.get_constant("c", nd.ones((2,)))


net = Net()
net.initialize()
net.save_parameters("f.params")
print(nd.load("f.params"))

# %% nd_save_array
nd.save("f", nd.arange(4))
print(nd.load("f"))

# %% nd_save_list
nd.save("f", [nd.arange(4), nd.ones((2, 2), dtype="int32")])
print(nd.load("f"))

# %% nd_save_dict
nd.save("f", {"a": nd.arange(3), "b": nd.zeros((1, 2), dtype="float64")})
loaded = nd.load("f")
print(type(loaded).__name__, sorted(loaded))
print(loaded["a"], loaded["b"], loaded["b"].dtype)

# %% nd_save_order_of_dict
nd.save("f", {"b": nd.ones(1), "a": nd.zeros(1)})
print(list(nd.load("f")))

# %% nd_save_dtypes
for dtype in ["float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool"]:
    nd.save("f", [nd.array([1, 0, 2], dtype=dtype)])
    print(nd.load("f")[0], nd.load("f")[0].dtype)

# %% nd_save_empty
nd.save("f", [])
print(nd.load("f"))
nd.save("f", {})
print(nd.load("f"))

# %% nd_save_wrong
attempt(lambda: nd.save("f", 3))
attempt(lambda: nd.save("f", [1, 2]))
attempt(lambda: nd.save("f", {"a": 1}))
attempt(lambda: nd.save("f", {1: nd.ones(1)}))

# %% nd_load_bad_file
with open("f", "wb") as file:
    file.write(b"not an array at all, really not")
attempt(lambda: nd.load("f"))

# %% nd_load_cut_file
nd.save("f", [nd.arange(100)])
with open("f", "rb") as file:
    data = file.read()
with open("f", "wb") as file:
    file.write(data[:100])
attempt(lambda: nd.load("f"))

# %% bytes_of_file
nd.save("f", {"w": nd.array([[1, 2], [3, 4]])})
with open("f", "rb") as file:
    print(file.read().hex())

# %% load_frombuffer
nd.save("f", {"w": nd.array([[1, 2], [3, 4]])})
with open("f", "rb") as file:
    print(nd.load_frombuffer(file.read()))

# %% views_are_saved_whole
x = nd.arange(6).reshape((2, 3))
nd.save("f", [x[1], x.T])
print(nd.load("f"))

# %% load_to_ctx
net = nn.Dense(2, in_units=2)
net.initialize()
net.save_parameters("f.params")
other = nn.Dense(2, in_units=2)
other.load_parameters("f.params", ctx=mx.cpu())
print(other.weight.list_ctx())


# %% training_resumes
def make():
    return nn.Dense(1, in_units=2, prefix="net_")


net = make()
net.initialize()
net.save_parameters("f.params")
x = nd.ones((2, 2))
before = net(x)
net.weight.set_data(nd.zeros((1, 2)))
net.load_parameters("f.params")
print((before == net(x)).sum())

# %% save_params_is_deprecated
net = nn.Dense(2, in_units=2)
net.initialize(init.One())
net.save_params("f.params")
print(sorted(nd.load("f.params")))

# %% load_params_is_deprecated
net = nn.Dense(2, in_units=2)
net.initialize(init.One())
net.save_parameters("f.params")
net.load_params("f.params")
print(net.weight.data())

# %% parameter_dict_load_dict
net = nn.Dense(2, in_units=2, prefix="fc_")
net.params.load_dict({"fc_weight": nd.ones((2, 2)), "fc_bias": nd.zeros(2)})
print(net.weight.data())
attempt(lambda: net.params.load_dict({"fc_weight": nd.ones((2, 2))}))
attempt(
    lambda: net.params.load_dict({"fc_weight": nd.ones((2, 2)), "fc_bias": nd.zeros(2), "foo": nd.zeros(1)})
)


# %% names_after_replacing_a_child
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(1, in_units=1)
        self.b = nn.Sequential()
        self.b.add(nn.Dense(1, in_units=1), nn.BatchNorm(in_channels=1))


net = Net()
net.a = nn.Dense(2, in_units=1)
net.initialize(init.One())
net.save_parameters("f.params")
print({name: array.shape for name, array in sorted(nd.load("f.params").items())})

# %% load_with_allow_missing_and_ignore_extra
net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(2, in_units=1))
net.initialize(init.One())
net.save_parameters("f.params")
other = nn.Sequential()
other.add(nn.Dense(1, in_units=1), nn.Dropout(0.5), nn.Dense(3, in_units=1))
other.initialize(init.Zero())
other.load_parameters("f.params", allow_missing=True, ignore_extra=True)
print(other[0].weight.data(), other[2].weight.data())

# %% failed_load_changes_what
net = nn.Sequential()
net.add(nn.Dense(1, in_units=1), nn.Dense(2, in_units=1))
net.initialize(init.One())
net.save_parameters("f.params")
other = nn.Sequential()
other.add(nn.Dense(1, in_units=1), nn.Dense(3, in_units=1))
other.initialize(init.Zero())
attempt(lambda: other.load_parameters("f.params"))

# %% float16_round_trip
net = nn.Dense(2, in_units=2)
net.cast("float16")
net.initialize()
net.save_parameters("f.params")
print(nd.load("f.params")["weight"].dtype)
other = nn.Dense(2, in_units=2)
other.cast("float16")
other.load_parameters("f.params")
print((other.weight.data() == net.weight.data()).sum())

# %% load_keeps_arrays
net = nn.Dense(1, in_units=2)
net.initialize(init.One())
array = net.weight.data()
net.save_parameters("f.params")
net.weight.set_data(nd.zeros((1, 2)))
net.load_parameters("f.params")
print(array, array is net.weight.data())
