class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(2)
        self.number = 3
        with self.name_scope():
            self.w = self.params.get("w", shape=(2,))


def put(target, name, value):
    setattr(target, name, value)
    return getattr(target, name)


def names(block):
    return list(block.collect_params())


# %% attributes
n = Net()
show(lambda: put(n, "a", 3))
show(lambda: put(n, "a", None))
show(lambda: put(n, "a", nn.Activation("relu")))
show(lambda: put(n, "a", nn.Dense(3)))
show(lambda: n)
show(lambda: put(n, "w", 3))
show(lambda: put(n, "w", Parameter("q")))
show(lambda: put(n, "w", n.w))
show(lambda: put(n, "w", nn.Dense(2)))
show(lambda: put(n, "number", nn.Dense(2)))
show(lambda: put(n, "number", 4))
show(lambda: put(n, "fresh", Parameter("q")))
show(lambda: (n.params, n._reg_params))
show(lambda: n.collect_params())
show(lambda: n)


class Special(nn.Dense):
    pass


n = Net()
show(lambda: put(n, "a", Special(3)))
show(lambda: put(n, "a", nn.Dense(3)))

# %% deleting
n = Net()
show(lambda: delattr(n, "a"))
show(lambda: n)
show(lambda: n.a)
show(lambda: delattr(n, "w"))
show(lambda: n.w)
show(lambda: n.collect_params())
show(lambda: delattr(n, "zz"))
show(lambda: n.zz)
show(lambda: delattr(n, "number"))
show(lambda: hasattr(n, "number"))
show(lambda: put(n, "w", 5))


# %% attributes_of_the_class
class Shadowed(Block):
    head = None
    weight = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.head = nn.Dense(2)
            self.half = nn.Dense(3)
            self.children = nn.Sequential()
            self.weight = self.params.get("weight", shape=(2,))
            self.modules = [1, 2]


net = Shadowed(prefix="net_")
show(lambda: net)
show(lambda: (net.head, net.half, net.children, net.weight, net.modules))
show(lambda: list(net.collect_params()))
show(lambda: delattr(net, "half"))
show(lambda: put(net, "head", nn.Dense(5)))

# %% registering
n = Net()
show(lambda: n.register_child(nn.Dense(2)))
show(lambda: n.register_child(nn.Dense(2), "hey"))
show(lambda: n)
show(lambda: list(n._children))
show(lambda: list(n._collect_params_with_prefix()))


# %% without_init
class First(Block):
    def __init__(self):
        self.a = nn.Dense(2)


class Second(Block):
    def __init__(self):
        self.a = 2


class Third(Block):
    def __init__(self):
        self.a = [1]
        super().__init__()


show(First)
show(Second)
show(lambda: Second().a)
show(lambda: Third().a)


# %% containers
class Hidden(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.l = [nn.Dense(2), nn.Dense(3)]
        self.d = {"a": nn.Dense(2)}
        self.t = (nn.Dense(2),)
        self.nested = [[nn.Dense(2)]]
        self._private = [nn.Dense(2)]
        self.empty = []
        self.mixed = [3, "x"]


class Registered(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.l = [nn.Dense(2)]
        self.register_child(self.l[0])


class Early(Block):
    def __init__(self, **kwargs):
        self.l = [nn.Dense(2)]
        super().__init__(**kwargs)


class Late(Block):
    pass


show(lambda: Hidden().collect_params())
show(lambda: Hidden().initialize())
show(lambda: names(Registered()))
show(lambda: names(Early()))
late = Late()
late.found = []
late.found.append(nn.Dense(2))
show(lambda: names(late))
outer = nn.Sequential()
outer.hidden = [nn.Dense(2)]
show(lambda: names(outer))

# %% collecting
net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
    net.add(nn.Dense(2, in_units=2, params=net[0].params))
show(lambda: net.collect_params())
for select in ("weight", ".*weight", "net_dense0", ".*dense1.*|.*bias", "", "nothing"):
    show(lambda: list(net.collect_params(select)))
show(lambda: net.collect_params("("))
other = nn.Sequential()
other.add(nn.Dense(2, prefix="same_"), nn.Dense(2, prefix="same_"))
show(lambda: other.collect_params())


class Chosen(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(2, prefix="a_")
        self.b = nn.Dense(2, prefix="b_")

    def collect_params(self, select=None):
        return self.b.collect_params(select)


outer = nn.Sequential(prefix="outer_")
outer.add(nn.Dense(1, prefix="first_"), Chosen(), nn.Dense(1, prefix="last_"))
show(lambda: list(outer.collect_params()))
show(lambda: list(outer.collect_params(".*weight")))
show(lambda: list(outer._collect_params_with_prefix()))

# %% names
b = nn.Sequential()
with b.name_scope():
    x, y, z = nn.Dense(1), nn.Dense(1), nn.Sequential()
    with z.name_scope():
        u, v = nn.Dense(1, prefix="in_"), nn.Dense(1)
    w = nn.Dense(1, params=y.params)
for block in (b, x, y, z, u, v, w):
    print(block.prefix, block.name, block.params.prefix, names(block))
with b.name_scope():
    print(nn.Dense(1).prefix)
e = nn.Sequential(prefix="")
with e.name_scope():
    f, g = nn.Dense(1), nn.Dense(1)
print(f.prefix, g.prefix, repr(e.name), repr(e.prefix))
with b.name_scope():
    e = nn.Sequential(prefix="")
    with e.name_scope():
        f = nn.Dense(1)
print(repr(e.prefix), f.prefix)
with mx.name.Prefix("pp_"):
    k = nn.Dense(1)
    print(k.prefix, k.name, nn.Dense(1, prefix="w").prefix)
    with b.name_scope():
        print(nn.Dense(1).prefix)
with mx.name.NameManager():
    print(nn.Dense(1).prefix)
print(nn.Dense(1, prefix="w").name, nn.Dense(1, prefix="w_").name, nn.Dense(1, prefix="w__").name)
show(lambda: Block(prefix="x", foo=3))


# %% names_in_threads
def work():
    print(nn.Dense(1).name, nn.Dense(1).name)
    net = nn.Sequential()
    with net.name_scope():
        print(net.name, nn.Dense(1).name)


nn.Dense(1)
scope = nn.Sequential()
with scope.name_scope():
    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    print(nn.Dense(1).name)
print(nn.Dense(1).name)

# %% sharing
s = nn.Dense(2, in_units=2, prefix="sh_")
a = nn.Dense(2, in_units=2, params=s.params, prefix="a_")
c = nn.Dense(2, in_units=2, params=a.params)
show(lambda: (a.params, c.params, a.prefix, c.prefix))
show(lambda: (a.weight is s.weight, c.weight is s.weight, a.params is s.params))
show(lambda: nn.Dense(3, in_units=2, params=s.params))
show(lambda: nn.Dense(2, params=s.params).weight)
show(lambda: nn.Dense(2, params=s.params, use_bias=False).params)
show(lambda: nn.Dense(2, params=3))
show(lambda: nn.Dense(2, params=s.collect_params()).weight is s.weight)


class Two(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.d0, self.d1 = nn.Dense(5), nn.Dense(5)


n1 = Two(prefix="net1_")
n2 = Two(prefix="net2_", params=n1.collect_params())
n3 = Two(prefix="net3_", params=n1.params)
show(lambda: (n2.collect_params(), n3.collect_params(), n3.d0.prefix))
show(lambda: (n2.d0.weight is n1.d0.weight, n2.d0.prefix, n2.d0.params.prefix, n2.params))


# %% running
class Scale(Block):
    def forward(self, x, scale=1):
        return x * scale


class All(Block):
    def forward(self, *args):
        return args


show(lambda: Block()(nd.ones(2)))
show(lambda: HybridBlock()(nd.ones(2)))
show(lambda: Scale()(nd.ones(2), 3))
show(lambda: Scale()(nd.ones(2), scale=3))
show(lambda: All()())
show(lambda: All()(1, nd.ones(1), [nd.ones(1)]))
d = nn.Dense(2)
show(lambda: d(nd.ones((2, 2))))
d.initialize(init.One())
show(lambda: d(nd.ones((2, 2))))
show(lambda: d(nd.ones((2, 3))))


# %% hybrid
class Add(HybridBlock):
    def hybrid_forward(self, F, x, y=None, z=3):
        return (x if y is None else x + y) * z


class Own(HybridBlock):
    def __init__(self):
        super().__init__()
        self.p = Parameter("p", shape=(2,))

    def hybrid_forward(self, F, x, p):
        return x * p


show(lambda: Add()(nd.ones(1)))
show(lambda: Add()(nd.ones(1), nd.ones(1)))
show(lambda: Add()(nd.ones(1), nd.ones(1), 2))
show(lambda: Add()(nd.ones(1), None))
show(lambda: Add()(3))
own = Own()
own.initialize(init.One())
show(lambda: own(nd.ones(2)))
own.p.initialize(init.One())
show(lambda: own(nd.ones(2)))


class Plain(HybridBlock):
    def forward(self, x):
        return x * 2


show(lambda: Plain()(nd.ones(1)))


class Wrong(HybridBlock):
    def __init__(self):
        super().__init__()
        self.a = Net()


show(Wrong)
show(lambda: nn.HybridSequential().add(nn.Sequential()))
show(lambda: nn.HybridSequential().add(3))
net = nn.HybridSequential()
show(lambda: net.export("f"))
for options in (
    {"foo": 3},
    {"active": False, "static_alloc": True},
    {"static_shape": True, "inline_limit": 3},
):
    show(lambda: net.hybridize(**options))
show(lambda: Net().hybridize(foo=3))
show(lambda: net.optimize_for(nd.ones(1)))

# %% hybridize_changes_nothing
net = nn.HybridSequential()
net.add(nn.Dense(3, activation="relu"), nn.Dense(2))
net.initialize(init.One())
x = nd.ones((2, 4))
first = net(x)
net.hybridize()
second = net(x)
net.hybridize(static_alloc=True, static_shape=True)
show(lambda: (first, second, net(x)))


# %% deferred_own_parameters
class Scale(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(1, 0), init="ones", allow_deferred_init=True)
            self.dense = nn.Dense(2)

    def hybrid_forward(self, F, x, scale):
        return self.dense(F.broadcast_mul(x, scale) if hasattr(F, "broadcast_mul") else x * scale)


class Flat(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = self.params.get("scale", shape=(2, 0), init="ones", allow_deferred_init=True)

    def hybrid_forward(self, F, x, scale):
        return x * scale


flat = Flat(prefix="flat_")
show(lambda: flat(nd.ones((2, 3))))
flat.initialize()
show(lambda: flat.collect_params())
show(lambda: flat(nd.ones((2, 3))))
show(lambda: flat.collect_params())


# %% deferred_linear
# needs nd.FullyConnected
class Linear(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.inner = nn.Dense(4, activation="relu")
            self.weight = self.params.get("weight", shape=(3, 0), allow_deferred_init=True)
            self.bias = self.params.get("bias", shape=(0,), init="zeros", allow_deferred_init=True)

    def hybrid_forward(self, F, x, weight, bias):
        return F.FullyConnected(self.inner(x), weight, bias, num_hidden=3)


for hybrid in (False, True):
    net = Linear(prefix="net_")
    net.initialize(init.One())
    if hybrid:
        net.hybridize()
    show(lambda: net.weight.data())
    show(lambda: net(nd.ones((2, 5))))
    show(lambda: net.collect_params())
net = Linear(prefix="net_")
net.initialize()
show(lambda: net.infer_shape(nd.ones((2, 5))))
show(lambda: net.collect_params())
show(lambda: net.weight.data())


# %% deferred_operators
# needs nd.Convolution, nd.Embedding, nd.LayerNorm
class One(HybridBlock):
    def __init__(self, use, **shapes):
        super().__init__(prefix="one_")
        self.use = use
        for name, shape in shapes.items():
            setattr(self, name, self.params.get(name, shape=shape, allow_deferred_init=True))

    def hybrid_forward(self, F, x, **params):
        return self.use(F, x, **params)


def shapes_of(use, x, **shapes):
    block = One(use, **shapes)
    block.initialize(init.One())
    return block(x).shape, [p.shape for p in block.params.values()]


image = nd.ones((2, 4, 8, 8))
show(lambda: shapes_of(
    lambda F, x, weight, bias: F.Convolution(x, weight, bias, kernel=(3, 3), num_filter=6),
    image, weight=(6, 0, 3, 3), bias=(0,)))  # fmt: skip
show(lambda: shapes_of(
    lambda F, x, weight: F.Convolution(x, weight, kernel=(3, 3), num_filter=6, num_group=2, no_bias=True),
    image, weight=(0, 0, 3, 3)))  # fmt: skip
show(lambda: shapes_of(
    lambda F, x, weight: F.Deconvolution(x, weight, kernel=(3, 3), num_filter=6, no_bias=True),
    image, weight=(0, 6, 3, 3)))  # fmt: skip
show(lambda: shapes_of(
    lambda F, x, weight: F.FullyConnected(x, weight, num_hidden=3, flatten=False, no_bias=True),
    image, weight=(3, 0)))  # fmt: skip
show(
    lambda: shapes_of(
        lambda F, x, weight: F.Embedding(x, weight, input_dim=9, output_dim=3), nd.ones((2, 3)), weight=(0, 0)
    )
)
show(
    lambda: shapes_of(
        lambda F, x, gamma, beta: F.LayerNorm(x, gamma, beta), nd.ones((2, 3)), gamma=(0,), beta=(0,)
    )
)
show(lambda: shapes_of(lambda F, x, w: x + w, nd.ones((2, 3)), w=(0, 3)))

# %% hooks
log = []


def after(block, inputs, output):
    log.append((block.name, type(inputs).__name__, len(inputs), type(output).__name__))


def before(block, inputs):
    log.append(("before", block.name, type(inputs).__name__, len(inputs)))


d = nn.Dense(2, in_units=2, prefix="d_")
d.initialize(init.One())
one, two = d.register_forward_hook(after), d.register_forward_pre_hook(before)
d(nd.ones((1, 2)))
print(log)
one.detach()
show(lambda: one.detach())
log.clear()
d(nd.ones((1, 2)))
print(log)
two.detach()
with d.register_forward_hook(after):
    log.clear()
    d(nd.ones((1, 2)))
    print(log)
log.clear()
d(nd.ones((1, 2)))
print(log)
d.register_forward_hook(lambda block, inputs, output: nd.zeros(3))
d.register_forward_pre_hook(lambda block, inputs: (nd.zeros((5, 2)),))
show(lambda: d(nd.ones((1, 2))))
net = nn.HybridSequential()
net.add(nn.Dense(2))
show(lambda: [net.apply(lambda block: log.append(block.name)) is net, log])

# %% cast
net = nn.HybridSequential()
net.add(nn.Dense(2, in_units=2))
show(lambda: net.cast("float16"))
net.initialize()
show(lambda: net.collect_params())


class Loose(Block):
    def __init__(self):
        super().__init__()
        self.a = nn.Dense(2)
        self.q = Parameter("q", shape=(2,))


loose = Loose()
loose.cast("float16")
show(lambda: (loose.q, loose.collect_params(), loose._collect_params_with_prefix()))
loose.initialize()


# %% summary
class Two(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = nn.Dense(3)
        self.b = nn.Sequential()
        self.b.add(self.a, nn.Dense(3, params=self.a.params, in_units=3))
        self.w = self.params.get("w", shape=(5,))

    def forward(self, x, y):
        return self.b(self.a(x)), [self.a(y), y]


class Gives(Block):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value


net = nn.HybridSequential()
net.add(nn.Dense(20), nn.Dense(10))
net.initialize()
show(lambda: net.summary(nd.ones((2, 4))))
net.hybridize()
show(lambda: net.summary(nd.ones((2, 4))))
two = Two()
two.initialize()
show(lambda: two.summary(nd.ones((2, 3)), nd.ones((4, 3))))
show(lambda: two.summary(nd.ones((2, 3))))
show(lambda: nn.Dense(2).summary(nd.ones((1, 2))))
d = nn.Dense(2)
d.initialize()
d.collect_params().setattr("grad_req", "null")
show(lambda: d.summary(nd.ones((2, 2))))
show(lambda: Gives(None).summary(nd.ones(1)))
show(lambda: Gives(3).summary([nd.ones(1), [nd.ones(2)]]))

# %% summary_with_activation
net = nn.HybridSequential()
net.add(nn.Dense(20, activation="relu"), nn.Dense(10))
net.initialize()
for _ in range(2):
    net.summary(nd.ones((2, 4)))


# %% files
def make(**kwargs):
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(2, in_units=3), nn.Dense(1, in_units=2))
    net.initialize(init.One())
    return net


n, m = make(prefix="n_"), make(prefix="m_")
n.save_parameters("a.params")
show(lambda: m.load_parameters("a.params"))
show(lambda: m.load_parameters("a.params", ctx=mx.cpu(1)))
show(lambda: m.load_parameters("nope.params"))
show(lambda: m.load_parameters("a.params", cast_dtype=True, dtype_source="foo"))
short = nn.HybridSequential()
short.add(nn.Dense(2, in_units=3))
show(lambda: short.load_parameters("a.params"))
show(lambda: short.load_parameters("a.params", ignore_extra=True))
show(lambda: short[0].weight.data())
long = make()
long.add(nn.Dense(2))
show(lambda: long.load_parameters("a.params"))
show(lambda: long.load_parameters("a.params", allow_missing=True))
n.collect_params().save("full.params")
show(lambda: m.load_parameters("full.params"))
show(lambda: make(prefix="n_").load_parameters("full.params"))
n.collect_params().save("cut.params", n.prefix)
for flags in ({}, {"allow_missing": True}, {"ignore_extra": True}):
    show(lambda: m.load_parameters("cut.params", **flags))
show(lambda: nn.Sequential().load_parameters("a.params"))
show(lambda: m.save_params("x.params"))
show(lambda: m.load_params("x.params"))
half = make(prefix="h_")
half.cast("float16")
show(lambda: half.load_parameters("a.params"))
show(lambda: half.load_parameters("a.params", cast_dtype=True))
show(lambda: half[0].weight)
show(lambda: half.load_parameters("a.params", cast_dtype=True, dtype_source="saved"))
show(lambda: half[0].weight)
show(lambda: nn.Dense(2).save_parameters("f"))
waiting = nn.Dense(2, prefix="d_")
waiting.initialize()
show(lambda: waiting.save_parameters("f"))

# %% files_of_shared
shared = nn.Dense(2, in_units=2, prefix="s_")
q = nn.Sequential()
q.add(shared, nn.Dense(2, in_units=2, params=shared.params))
q.initialize()
q.save_parameters("s.params", deduplicate=True)
show(lambda: q.load_parameters("s.params"))
w = nn.Sequential()
w.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
show(lambda: w.load_parameters("s.params"))
show(lambda: w.load_parameters("s.params", allow_missing=True))
q.save_parameters("t.params")
show(lambda: w.load_parameters("t.params"))
