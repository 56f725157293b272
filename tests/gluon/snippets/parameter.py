# %% repr
p = Parameter("w", shape=(3, 4))
print(p)
print(repr(p), str(p))
print(Parameter("w"), Parameter("w", shape=5), Parameter("w", shape=(0, 4)))
print(Parameter("w", shape=(2,), dtype="float16"), Parameter("w", shape=(2,), dtype=np.int32))
print(Parameter("w", shape=[2, 3]), Parameter("w", shape=()))

# %% attributes
p = Parameter("w", shape=(3, 4), lr_mult=2.0, wd_mult=0.5, init="zeros", grad_req="add")
print(p.name, p.shape, p.dtype, p.lr_mult, p.wd_mult, p.init, p.grad_req)
q = Parameter("b", shape=4)
print(q.name, q.shape, q.dtype, q.lr_mult, q.wd_mult, q.init, q.grad_req)

# %% positional
p = Parameter("w", "null", (2, 2), "float64", 3.0, 4.0, init.One(), False, False)
print(p.name, p.grad_req, p.shape, p.dtype, p.lr_mult, p.wd_mult)

# %% initialize_and_data
p = Parameter("w", shape=(2, 3))
p.initialize()
print(p.data())
print(p.grad())
print(p.list_data())
print(p.list_grad())
print(p.list_ctx())

# %% data_is_live
p = Parameter("w", shape=(2, 3))
p.initialize(init.One())
print(p.data() is p.data(), p.grad() is p.grad(), p.list_data()[0] is p.data())
p.data()[:] = 5
p.data()[0, 0] = 42
print(p.data())
p.grad()[:] = 7
print(p.grad())

# %% initialize_twice
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
p.initialize(init.Zero())
print(p.data())
p.initialize(init.Zero(), force_reinit=True)
print(p.data())

# %% not_initialized
p = Parameter("weight", shape=(2, 2))
attempt(lambda: p.data())
attempt(lambda: p.grad())
attempt(lambda: p.list_data())
attempt(lambda: p.list_grad())
attempt(lambda: p.list_ctx())
attempt(lambda: p.reset_ctx(mx.cpu()))

# %% not_initialized_raises
Parameter("weight", shape=(2, 2)).data()

# %% deferred
p = Parameter("weight", shape=(0, 2), allow_deferred_init=True)
p.initialize()
attempt(lambda: p.data())
attempt(lambda: p.grad())
attempt(lambda: p.list_data())
attempt(lambda: p.list_grad())
print(p.list_ctx())
print(p)

# %% deferred_raises
p = Parameter("weight", shape=(0, 2), allow_deferred_init=True)
p.initialize()
p.data()

# %% deferred_error_classes
from mxnet.gluon.parameter import DeferredInitializationError

p = Parameter("weight", shape=(0, 2), allow_deferred_init=True)
p.initialize()
try:
    p.data()
except RuntimeError as error:
    print(type(error) is DeferredInitializationError, isinstance(error, mx.MXNetError))

# %% deferral_not_allowed
p = Parameter("weight", shape=(0, 3))
p.initialize()

# %% no_shape
attempt(lambda: Parameter("weight").initialize())
attempt(lambda: Parameter("weight", shape=None, allow_deferred_init=True).initialize())
attempt(lambda: Parameter("weight", shape=()).initialize())

# %% wrong_context
p = Parameter("weight", shape=(2,))
p.initialize()
attempt(lambda: p.data(mx.cpu(1)))
attempt(lambda: p.grad(mx.cpu(1)))
print(p.data(mx.cpu(0)).shape)

# %% set_data
p = Parameter("weight", shape=(2, 2))
p.initialize()
d = p.data()
p.set_data(nd.array([[1, 2], [3, 4]]))
print(p.data(), d is p.data(), d)

# %% set_data_numpy
p = Parameter("weight", shape=(2, 2))
p.initialize()
p.set_data(np.arange(4).reshape(2, 2))
print(p.data(), p.data().dtype)

# %% set_data_keeps_dtype
p = Parameter("weight", shape=(2,))
p.initialize()
p.set_data(nd.array([1.5, 2], dtype="float64"))
print(p.data(), p.data().dtype, p.dtype)
p.set_data(nd.array([1, 2], dtype="int32"))
print(p.data(), p.data().dtype, p.dtype)

# %% set_data_copies
p = Parameter("weight", shape=(2,))
p.initialize()
a = nd.array([1, 2])
p.set_data(a)
a[:] = 9
print(p.data())

# %% set_data_wrong_shape
p = Parameter("weight", shape=(2, 2))
p.initialize()
attempt(lambda: p.set_data(nd.ones((3, 2))))
attempt(lambda: p.set_data(nd.ones((4,))))
attempt(lambda: p.set_data(nd.ones((2,))))
print(p.shape)

# %% set_data_before_initialize
p = Parameter("weight", shape=(2,))
p.set_data(nd.ones(2))

# %% set_data_while_deferred
p = Parameter("weight", shape=(0, 2), allow_deferred_init=True)
p.initialize()
p.set_data(nd.ones((3, 2)))
print(p)
attempt(lambda: p.data())

# %% set_data_while_deferred_in_layer
net = nn.Dense(2)
net.initialize()
net.weight.set_data(nd.array([[1, 2, 3], [4, 5, 6]]))
print(net.weight)
print(net(nd.ones((1, 3))))
print(net.weight.data())

# %% set_data_in_record
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
with autograd.record():
    p.set_data(nd.array([3, 4]))
    y = (p.data() ** 2).sum()
y.backward()
print(p.data(), p.grad())

# %% shape_setter
p = Parameter("weight", shape=(0, 3), allow_deferred_init=True)
p.shape = (4, 3)
print(p.shape)
p.shape = (4, 3)
attempt(lambda: setattr(p, "shape", (5, 3)))
attempt(lambda: setattr(p, "shape", (4, 3, 1)))
print(p)
q = Parameter("bias")
print(q.shape)
q.shape = (7,)
print(q.shape)

# %% shape_completes_deferred
p = Parameter("weight", shape=(0, 3), allow_deferred_init=True)
p.initialize(init.One())
p.shape = (2, 3)
p._finish_deferred_init()
print(p.data())

# %% cast
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
p.cast("float16")
print(p, p.data(), p.grad().dtype)
p.cast("float64")
print(p.data().dtype, p.grad().dtype, p.dtype)

# %% cast_before_initialize
p = Parameter("weight", shape=(2,))
p.cast("float64")
print(p)
p.initialize(init.One())
print(p.data().dtype)

# %% cast_keeps_values
p = Parameter("weight", shape=(3,))
p.initialize()
before = p.data().asnumpy()
p.cast("float64")
print((p.data().asnumpy() == before).all())

# %% dtype_attribute
p = Parameter("weight", shape=(2,), dtype="float64")
p.initialize(init.One())
print(p.data().dtype, p.dtype)
p.dtype = "float16"
print(p.data().dtype, p.dtype)

# %% initializers_in_order_of_preference
p = Parameter("weight", shape=(2,), init=init.Constant(3))
p.initialize()
print(p.data())
p.initialize(init.One(), force_reinit=True)
print(p.data())
p.initialize(default_init=init.One(), force_reinit=True)
print(p.data())

# %% default_init_names
for name in ["x_weight", "x_bias", "x_gamma", "x_beta", "x_running_mean", "x_running_var", "x_foo"]:
    p = Parameter(name, shape=(2, 2))
    p.initialize()
    print(name, p.data())

# %% init_as_string
for kind in ["ones", "zeros", "uniform", "normal", "xavier", "one", "zero"]:
    p = Parameter("weight", shape=(2, 2), init=kind)
    p.initialize()
    print(kind, p.data())

# %% unknown_init_string
p = Parameter("weight", shape=(2, 2), init="foo")
p.initialize()

# %% unknown_init_string_argument
p = Parameter("weight", shape=(2, 2))
p.initialize("bar")

# %% xavier_on_vector
p = Parameter("bias", shape=(2,))
p.initialize(init.Xavier())

# %% array_as_init
p = Parameter("weight", shape=(2, 2))
p.initialize(init.Constant(nd.array([[1, 2], [3, 4]])))
print(p.data())
q = Parameter("weight", shape=(2, 2))
q.initialize(init.Constant(np.array([[1, 2], [3, 4]])))
print(q.data())
r = Parameter("weight", shape=(2, 2))
r.initialize(init.Constant([[5, 6], [7, 8]]))
print(r.data())

# %% array_as_init_wrong_shape
p = Parameter("weight", shape=(2, 2))
attempt(lambda: p.initialize(init.Constant(nd.array([[1, 2, 3]]))))

# %% reset_ctx
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
p.reset_ctx(mx.cpu(1))
print(p.list_ctx(), p.data())
p.reset_ctx(mx.cpu(0))
print(p.list_ctx())

# %% reset_ctx_deferred
p = Parameter("weight", shape=(0,), allow_deferred_init=True)
p.initialize()
p.reset_ctx(mx.cpu(1))
print(p.list_ctx())

# %% other_dtypes
for dtype in ["float16", "float64", "int32", "int64", "uint8", "int8"]:
    p = Parameter("weight", shape=(2,), dtype=dtype, grad_req="null")
    p.initialize(init.One())
    print(p, p.data())

# %% init_attribute_reused
p = Parameter("weight", shape=(2,), init=init.Constant(2))
p.init = init.Constant(4)
p.initialize()
print(p.data())

# %% integer_shape
p = Parameter("weight", shape=4)
p.initialize(init.One())
print(p.shape, p.data())

# %% parameters_hashable_and_equal_by_identity
p, q = Parameter("w", shape=(2,)), Parameter("w", shape=(2,))
print(p == p, p == q, len({p, q}))

# %% initialize_with_context_list_deferred
p = Parameter("weight", shape=(0,), allow_deferred_init=True)
p.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
print(p.list_ctx())

# %% bad_stype
attempt(lambda: Parameter("w", shape=(2,), stype="foo"))
attempt(lambda: Parameter("w", shape=(2,), grad_stype="foo"))

# %% wrong_context_type
p = Parameter("weight", shape=(2,))
p.initialize(init.One(), ctx=mx.cpu())
print(p.list_ctx())

# %% repeated_draws
mx.random.seed(7)
p = Parameter("weight", shape=(2, 2))
p.initialize()
first = p.data().asnumpy()
p.initialize(force_reinit=True)
second = p.data().asnumpy()
print(first, second)
mx.random.seed(7)
p.initialize(force_reinit=True)
print((p.data().asnumpy() == first).all())

# %% force_reinit_keeps_identity
p = Parameter("weight", shape=(2,))
p.initialize(init.One())
d = p.data()
p.initialize(init.Zero(), force_reinit=True)
print(d is p.data(), d, p.data())

# %% sizes_below_zero
for shape in ((2, -1), (0, -1), (-3, 0)):
    attempt(lambda: gluon.Parameter("w", shape=shape).initialize())
    attempt(lambda: gluon.Parameter("w", shape=shape, allow_deferred_init=True).initialize())
attempt(lambda: nn.Dense(-3).initialize())
attempt(lambda: nn.Dense(3, in_units=-1).initialize())
