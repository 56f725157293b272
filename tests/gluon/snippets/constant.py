# %% constant
c = gluon.Constant("c", nd.array([[1, 2], [3, 4]]))
print(c, c.grad_req, c.shape, c.dtype)
attempt(lambda: c.data())
c.initialize()
print(c.data())
attempt(lambda: c.grad())

# %% constant_from_list
c = gluon.Constant("c", [[1, 2], [3, 4]])
c.initialize()
print(c, c.data(), c.value)

# %% constant_from_numpy
c = gluon.Constant("c", np.array([1.0, 2.0]))
c.initialize()
print(c, c.data().dtype)
d = gluon.Constant("d", nd.array([1, 2], dtype="int32"))
d.initialize()
print(d, d.data())

# %% constant_grad_req
c = gluon.Constant("c", [1.0])
c.grad_req = "null"
c.grad_req = "write"
print(c.grad_req)

# %% constant_ignores_init
c = gluon.Constant("c", [1.0, 2.0])
c.initialize(init.Zero())
print(c.data())
c.initialize(init.Zero(), force_reinit=True)
print(c.data())
c.set_data(nd.array([5, 6]))
print(c.data())


# %% constant_in_block
class Net(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.c = self.params.get_constant("c", [[1, 2], [3, 4]])
        self.dense = nn.Dense(2)

    def forward(self, x):
        return nd.dot(self.dense(x), self.c.data())


net = Net()
net.initialize(init.One())
print(net.c, net.c.data())
print(net(nd.ones((1, 3))))
print(net.collect_params())


# %% constant_in_hybrid_block
class Net(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.const = self.params.get_constant("const", [[1.0, 2.0], [3.0, 4.0]])

    def hybrid_forward(self, F, x, const):
        return F.dot(x, const)


net = Net()
net.initialize()
print(net(nd.ones((1, 2))))
x = nd.ones((1, 2))
x.attach_grad()
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
with autograd.record():
    y = net(x).sum()
y.backward()
trainer.step(1)
print(x.grad, net.const.data())
