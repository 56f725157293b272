def P(*args, **kwargs):
    return Parameter("w", *args, **kwargs)


def put(target, name, *values):
    for value in values:
        setattr(target, name, value)
    return target


# %% shapes
for shape in (3, [2, 3], (2,), None, (), (2, -1), (0, -1, None)):
    show(lambda: P(shape=shape))
show(lambda: put(P(shape=(2, 0)), "shape", (2, 3)))
show(lambda: put(P(shape=(2, 0)), "shape", (3, 3)))
show(lambda: put(P(shape=(2, 0)), "shape", (2, 3, 4)))
show(lambda: put(P(shape=(2, 3)), "shape", (2, 0)))
show(lambda: put(P(shape=(2, -1)), "shape", (2, 5)))
show(lambda: put(P(), "shape", (2, 5), (3, 5)))
show(lambda: put(P(), "shape", [2, 5]))
show(lambda: put(P(shape=5), "shape", None))

# %% dtypes
for dtype in ("float64", np.float64, None, np.int32):
    p = P(shape=(2,), dtype=dtype)
    show(lambda: p)
    p.initialize(init.One())
    show(lambda: (p.data(), p.data().dtype))
show(lambda: put(P(shape=(2,)), "dtype", "float16"))
p = P(shape=(2,))
p.initialize(init.One())
before = p.data()
for dtype in ("float16", np.float64, "int32"):
    show(lambda: p.cast(dtype))
    show(lambda: (p, p.data(), p.grad(), p.data().dtype, p.grad().dtype))
show(lambda: before)
show(lambda: P(dtype="foo"))

# %% set_data
p = P(shape=(2,))
show(lambda: p.set_data(nd.ones(2)))
p.initialize(init.One())
d = p.data()
show(lambda: p.set_data(np.array([1, 2])))
show(lambda: (d, p.data() is d))
show(lambda: p.set_data([3, 4]))
show(lambda: p.set_data(3))
show(lambda: p.set_data(nd.array([1, 2], dtype="float64")))
show(lambda: p.data())
show(lambda: p.set_data(nd.ones(3)))
show(lambda: p.set_data(nd.ones((1, 2))))
show(lambda: p.set_data(np.array([1.5, 2.5], dtype="float64")))
show(lambda: p.data())

# %% set_data_deferred
p = P(shape=(0,), allow_deferred_init=True)
p.initialize()
show(lambda: p.set_data(nd.ones(3)))
show(lambda: p)
show(lambda: p.data())
show(lambda: p.set_data(nd.ones(4)))
p._finish_deferred_init()
show(lambda: p.data())
p = P(shape=(0,), allow_deferred_init=True)
show(lambda: p.set_data(nd.ones(3)))

# %% set_data_in_record
p = P(shape=(2,))
p.initialize(init.One())
with autograd.record():
    show(lambda: p.set_data(nd.ones(2)))

# %% before_and_after_initialize
for how in ("data", "grad", "list_data", "list_grad", "list_ctx", "zero_grad"):
    print(how)
    show(lambda: getattr(P(shape=(2,)), how)())
    for req in ("write", "null"):
        p = P(shape=(0,), allow_deferred_init=True, grad_req=req)
        p.initialize(ctx=mx.cpu(1))
        show(lambda: getattr(p, how)())
        p = P(shape=(2,), grad_req=req)
        p.initialize(init.One())
        show(lambda: getattr(p, how)())

# %% contexts
p = P(shape=(2,))
show(lambda: p.reset_ctx(mx.cpu(1)))
p.initialize(init.One())
d = p.data()
for ctx in (mx.cpu(1), mx.gpu(0)):
    show(lambda: p.data(ctx))
    show(lambda: p.grad(ctx))
show(lambda: p.data(list))
show(lambda: p.reset_ctx(mx.cpu(1)))
show(lambda: (p.list_ctx(), p.data().context, p.data() is d, d))
show(lambda: p.reset_ctx([mx.cpu(0)]))
show(lambda: p.list_ctx())
show(lambda: p.reset_ctx(None))
q = P(shape=(0,), allow_deferred_init=True)
q.initialize()
show(lambda: q.reset_ctx(mx.cpu(2)))
show(lambda: q.list_ctx())
with mx.cpu(3):
    p = P(shape=(2,))
    p.initialize(init.One())
show(lambda: p.data())

# %% initialize
p = P(shape=(2, 2))
show(lambda: p.initialize("one"))
show(lambda: p.data())
show(lambda: p.initialize("zeros"))
show(lambda: p.initialize("zeros", force_reinit=True))
show(lambda: p.data())
show(lambda: p.initialize(default_init="one", force_reinit=True))
show(lambda: p.data())
show(lambda: P(shape=(2,), init="zeros").initialize("foo"))
show(lambda: P(shape=(0, 2)).initialize())
show(lambda: P().initialize())
show(lambda: P(shape=()).initialize())
show(lambda: P(shape=(2,)).initialize(init.Xavier()))
show(lambda: P(shape=(2, 2)).initialize('["constant", {"value": 3}]'))
own = P(shape=(2,), init="zeros")
own.initialize(default_init=init.One())
show(lambda: own.data())
own.initialize(init.Constant(3), force_reinit=True)
show(lambda: own.data())
p = P(shape=(0,), allow_deferred_init=True)
p.initialize("one")
p.shape = (2,)
show(lambda: p._finish_deferred_init())
show(lambda: p.data())

# %% old_arrays_stay
p = P(shape=(2,))
p.initialize(init.One())
d, g = p.data(), p.grad()
p.initialize(init.Zero(), force_reinit=True)
show(lambda: (d, g, p.data(), p.data() is d, p.grad() is g))

# %% grad_req
p = P(shape=(2,))
p.initialize(init.One())
for req in ("add", "null", "write", "foo"):
    show(lambda: put(p, "grad_req", req).grad_req)
    show(lambda: p.grad())
show(lambda: P(grad_req="foo"))
show(lambda: P(differentiable=False).grad_req)
show(lambda: put(P(differentiable=False), "grad_req", "write").grad_req)

# %% sparse
show(lambda: P(stype="foo"))
show(lambda: P(grad_stype="foo"))
p = P(shape=(2,))
show(lambda: p.row_sparse_data(nd.array([0])))
show(lambda: p.list_row_sparse_data(nd.array([0])))
show(lambda: P(shape=(2,), stype="row_sparse").data())
show(lambda: P(shape=(2,), stype="row_sparse").list_data())

# %% identity
a, b = P(shape=(2,)), P(shape=(2,))
show(lambda: (a == b, a == a, hash(a) == hash(a), len({a, b}), bool(a), str(a)))
show(lambda: put(a, "name", "zz"))
show(lambda: (a.lr_mult, a.wd_mult, a.init))

# %% copies
p = P(shape=(2,), lr_mult=2.0)
p.initialize(init.One())
for q in (pickle.loads(pickle.dumps(p)), copy.deepcopy(p)):
    show(lambda: (q, q.data(), q.lr_mult, q is p))

# %% constant
c = Constant("c", [[1, 2], [3, 4]])
show(lambda: c)
c.initialize()
show(lambda: (c.data(), c.grad_req))
show(lambda: c.grad())
for req in ("write", "null", "foo"):
    show(lambda: put(c, "grad_req", req).grad_req)
show(lambda: c.set_data(nd.zeros((2, 2))))
show(lambda: (c.data(), c.value))
show(lambda: c.initialize())
show(lambda: c.initialize(force_reinit=True))
show(lambda: c.data())
show(lambda: c.cast("float16"))
show(lambda: c)
show(lambda: Constant("c", np.array([1, 2], dtype="int32")))


# %% load_init
def load(p, *args, **kwargs):
    p._load_init(*args, **kwargs)
    return p, p.data(), p.data().dtype, p.list_ctx()


here = mx.cpu()
doubles = nd.ones(4, dtype="float64")
show(lambda: load(P(shape=(4,)), nd.ones(4), here))
show(lambda: load(P(shape=(4,)), nd.ones(3), here))
show(lambda: load(P(shape=(4, 0)), nd.ones((4, 2)), here))
show(lambda: load(P(shape=(4,)), nd.ones(4), None))
show(lambda: load(P(shape=(4,)), nd.ones(4), [mx.cpu(1)]))
show(lambda: load(P(shape=(4,)), doubles, here))
show(lambda: load(P(shape=(4,)), doubles, here, cast_dtype=True))
show(lambda: load(P(shape=(4,)), doubles, here, cast_dtype=True, dtype_source="saved"))
show(lambda: load(P(shape=(4,)), doubles, here, cast_dtype=True, dtype_source="foo"))
show(lambda: load(P(shape=(4,)), doubles, here, dtype_source="foo"))
show(lambda: load(P(shape=(4,), dtype=None), doubles, here))
show(lambda: load(P(shape=(4,), dtype="float16"), doubles, here))
p = P(shape=(4,))
p.initialize(init.Zero())
d = p.data()
show(lambda: load(p, nd.ones(4), None))
show(lambda: p.data() is d)
show(lambda: load(p, nd.ones(4), mx.cpu(1)))
show(lambda: load(p, doubles, here, cast_dtype=True, dtype_source="saved"))
p = P(shape=(0,), allow_deferred_init=True)
p.initialize(ctx=mx.cpu(2))
show(lambda: load(p, nd.ones(4), mx.cpu(1)))
show(lambda: load(p, nd.ones(4), None))

# %% dictionary_get
D = ParameterDict("net_")
w = D.get("weight", shape=(2, 3))
for attributes in (
    {"shape": (5, 3)}, {"shape": (2, 3, 4)}, {"shape": (2, 0)}, {"shape": 2}, {"shape": None},
    {"dtype": "float32"}, {"dtype": "float64"}, {"init": "zeros"}, {"init": "ones"}, {"lr_mult": 2.0},
    {"grad_req": "add"}, {"wd_mult": 0}, {"allow_deferred_init": True}, {"foo": 3},
):  # fmt: skip
    show(lambda: D.get("weight", **attributes))
show(lambda: D.get("other", foo=3))
u = D.get("u", shape=(0, 3))
show(lambda: D.get("u", shape=(4, 0)))
show(lambda: u)
v = D.get("v")
show(lambda: D.get("v", shape=(4, 0)))
show(lambda: len(D))
show(lambda: ("net_weight" in D, "weight" in D, bool(D), list(D), D.prefix))
show(lambda: D["x"])
show(lambda: D.x)
show(lambda: D)


def assign():
    D["a"] = 1


show(assign)

# %% dictionary_shared
D = ParameterDict("net_")
w = D.get("weight", shape=(2, 3))
S = ParameterDict("net_", shared=D)
show(lambda: "net_weight" in S)
show(lambda: S.get("weight") is w)
show(lambda: S)
show(lambda: ParameterDict("other_", shared=D).get("weight", shape=(1,)))
show(lambda: D.update(S))
E = ParameterDict("net_")
E.get("weight")
show(lambda: D.update(E))
show(lambda: ParameterDict())
show(lambda: ParameterDict("q_", shared=D))

# %% dictionary_constants
D = ParameterDict("net_")
D.get("weight", shape=(2, 3))
show(lambda: D.get_constant("c"))
show(lambda: D.get_constant("c", [1, 2]))
show(lambda: D.get_constant("c"))
show(lambda: D.get_constant("c", np.array([1.0, 2.0])))
show(lambda: D.get_constant("c", nd.array([1.0, 2.0, 3.0])))
show(lambda: D.get_constant("weight"))
show(lambda: D.get_constant("weight", [1]))
show(lambda: D.get("c", shape=(2,)))
show(lambda: D.get("c", shape=(3,)))

# %% dictionary_verbs
X = ParameterDict("x_")
X.get("a", shape=(2,))
X.get("b", shape=(3,), init="zeros")
show(lambda: X.list_ctx())
show(lambda: X.zero_grad())
show(lambda: X.reset_ctx(mx.cpu(1)))
show(lambda: X.initialize(init.One(), ctx=mx.cpu(2)))
show(lambda: X.list_ctx())
show(lambda: X.reset_ctx(mx.cpu(1)))
show(lambda: X.list_ctx())
show(lambda: X.initialize())
show(lambda: [p.data() for p in X.values()])
show(lambda: X.setattr("grad_req", "null"))
show(lambda: X.setattr("lr_mult", 3))
show(lambda: [(p.grad_req, p.lr_mult) for p in X.values()])
show(lambda: X.setattr("grad_req", "x"))

# %% dictionary_files
X = ParameterDict("x_")
X.get("a", shape=(2,))
X.get("b", shape=(3,))
show(lambda: X.save("f"))
X.initialize(init.One())
show(lambda: X.save("f", "y_"))
show(lambda: X.save("f", "x_"))
show(lambda: X.load("f"))
show(lambda: X.load("f", restore_prefix="x_"))
show(lambda: X.load("f", restore_prefix="y_"))
show(lambda: X.load("nope"))
show(lambda: X.load_dict({"a": nd.zeros(2), "b": nd.zeros(3)}, restore_prefix="x_"))
show(lambda: X.load_dict({"x_a": nd.ones(2)}))
show(lambda: X.load_dict({"x_a": nd.ones(2)}, allow_missing=True))
show(lambda: X.load_dict({"x_a": nd.zeros(2), "x_b": nd.zeros(3), "x_c": nd.zeros(3)}))
show(lambda: X.load_dict({"x_a": nd.zeros(2), "x_b": nd.zeros(3), "x_c": nd.zeros(3)}, ignore_extra=True))
show(lambda: X.load_dict({"x_a": nd.zeros(2)}, filename="FF"))
show(lambda: X.load_dict({"arg:x_a": nd.zeros(2), "aux:x_b": nd.ones(3)}))
show(lambda: [p.data() for p in X.values()])
