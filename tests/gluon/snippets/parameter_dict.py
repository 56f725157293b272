# %% empty_repr
print(ParameterDict())
print(repr(ParameterDict()))
print(ParameterDict("net_"))
print(ParameterDict(prefix="net_").prefix, repr(ParameterDict().prefix))

# %% get_creates
params = ParameterDict("net_")
w = params.get("weight", shape=(2, 3))
print(w)
print(params)
print(params.get("weight") is w, params["net_weight"] is w)

# %% get_keeps_order
params = ParameterDict("net_")
for name in ["c", "a", "b"]:
    params.get(name, shape=(1,))
print(list(params.keys()))
print([p.name for p in params.values()])
print([(k, p.shape) for k, p in params.items()])
print(list(params))

# %% contains
params = ParameterDict("net_")
params.get("a", shape=(1,))
print("net_a" in params, "a" in params)
attempt(lambda: params["a"])

# %% missing_key
ParameterDict("net_")["foo"]

# %% no_len
params = ParameterDict("net_")
attempt(lambda: len(params))
print(len(params.keys()))
print(bool(params))

# %% get_mismatch_shape
params = ParameterDict("net_")
params.get("w", shape=(2, 3))
params.get("w", shape=(5, 3))

# %% get_mismatches
params = ParameterDict("net_")
params.get("w", shape=(2, 3), dtype="float32", grad_req="write", lr_mult=1.0)
attempt(lambda: params.get("w", shape=(2, 3, 1)))
attempt(lambda: params.get("w", dtype="float16"))
attempt(lambda: params.get("w", grad_req="add"))
attempt(lambda: params.get("w", lr_mult=2.0))
attempt(lambda: params.get("w", foo=2.0))

# %% get_merges_shapes
params = ParameterDict("net_")
w = params.get("w", shape=(0, 3), allow_deferred_init=True)
print(w)
print(params.get("w", shape=(2, 0)))
print(params.get("w", shape=(2, 3)))
attempt(lambda: params.get("w", shape=(4, 3)))

# %% get_with_init
params = ParameterDict("net_")
w = params.get("w", shape=(2,), init=init.One())
attempt(lambda: params.get("w", shape=(2,), init=init.Zero()))
attempt(lambda: params.get("w", shape=(2,), init=None))

# %% get_from_shared
shared = ParameterDict("a_")
w = shared.get("w", shape=(2,))
params = ParameterDict("a_", shared=shared)
print(params.get("w") is w)
print(params)
params.get("b", shape=(3,))
print(params)
print(shared)

# %% get_from_shared_other_prefix
shared = ParameterDict("a_")
shared.get("w", shape=(2,))
params = ParameterDict("b_", shared=shared)
print(params.get("w", shape=(2,)).name)
print(params)

# %% get_constant
params = ParameterDict("net_")
c = params.get_constant("c", [1.0, 2.0])
print(c, params)
print(params.get_constant("c") is c)
print(params.get_constant("c", nd.array([1.0, 2.0])) is c)
attempt(lambda: params.get_constant("c", nd.array([1.0, 3.0])))
attempt(lambda: params.get_constant("c", nd.array([[1.0, 2.0]])))
attempt(lambda: params.get_constant("c", np.array([1.0, 2.0], "float32")))
attempt(lambda: params.get_constant("d"))

# %% get_constant_of_parameter
params = ParameterDict("net_")
params.get("w", shape=(2,))
attempt(lambda: params.get_constant("w", [1.0, 2.0]))

# %% update
one, two = ParameterDict("a_"), ParameterDict("b_")
one.get("w", shape=(2,))
two.get("v", shape=(3,))
one.update(two)
print(one)
print(one["b_v"] is two["b_v"])
one.update(two)

# %% update_clash
one, two = ParameterDict("a_"), ParameterDict("a_")
one.get("w", shape=(2,))
two.get("w", shape=(2,))
one.update(two)

# %% initialize
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.get("bias", shape=(2,))
params.initialize()
print(params["net_weight"].data(), params["net_bias"].data())

# %% initialize_twice
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.get("bias", shape=(2,))
params.initialize(init.One())
params.initialize(init.Zero())
print(params["net_weight"].data())
params.initialize(init.Zero(), force_reinit=True)
print(params["net_weight"].data())

# %% initialize_verbose
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.initialize(init.One(), verbose=True)
print(params["net_weight"].data())

# %% zero_grad
params = ParameterDict("net_")
a, b = params.get("a", shape=(2,)), params.get("b", shape=(2,), grad_req="null")
params.zero_grad()
params.initialize(init.One())
a.grad()[:] = 4
params.zero_grad()
print(a.grad())

# %% setattr
params = ParameterDict("net_")
a, b = params.get("a", shape=(2,)), params.get("b", shape=(2,))
params.setattr("grad_req", "null")
print(a.grad_req, b.grad_req)
params.setattr("lr_mult", 0.1)
print(a.lr_mult, b.lr_mult)
attempt(lambda: params.setattr("grad_req", "foo"))

# %% reset_ctx
params = ParameterDict("net_")
a = params.get("a", shape=(2,))
attempt(lambda: params.reset_ctx(mx.cpu(1)))
params.initialize()
params.reset_ctx(mx.cpu(1))
print(a.list_ctx(), params.list_ctx())

# %% list_ctx
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.get("b", shape=(2,))
attempt(lambda: params.list_ctx())
params.initialize()
print(params.list_ctx())

# %% iterate_over_block
net = nn.Sequential()
net.add(nn.Dense(2, in_units=3), nn.Dense(1, in_units=2))
for name, p in net.collect_params().items():
    print(name, p.name, p.shape)
for name in net.collect_params():
    print(name)

# %% copy_is_shallow
net = nn.Dense(2, in_units=3)
params = net.collect_params()
print(params is net.params, params["dense0_weight"] is net.weight)

# %% prefix_property
params = ParameterDict("net_")
print(params.prefix)
try:
    params.prefix = "b_"
except AttributeError:
    print("read only")

# %% cast_all
net = nn.Dense(2, in_units=3)
net.initialize()
for p in net.collect_params().values():
    p.cast("float64")
print(net.collect_params())

# %% several_init
params = ParameterDict("net_")
params.get("weight", shape=(2, 2), init=init.Constant(3))
params.get("bias", shape=(2,))
params.get("other", shape=(2,))
attempt(lambda: params.initialize(init.Constant(5)))
print([p.data() for p in params.values()])

# %% get_string_dtype_kinds
params = ParameterDict("net_")
w = params.get("w", shape=(2,), dtype="float32")
attempt(lambda: params.get("w", dtype=np.float32))
attempt(lambda: params.get("w", dtype="float32"))
