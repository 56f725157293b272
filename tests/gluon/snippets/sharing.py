# %% collect_params_shared_once
net = nn.Sequential()
layer = nn.Dense(2, in_units=2)
net.add(layer, layer, nn.Dense(2, in_units=2, params=layer.params))
print(net.collect_params())
print(net)

# %% set_grad_req
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.BatchNorm(in_channels=2))
net.initialize()
net.collect_params().setattr("grad_req", "null")
print([p.grad_req for p in net.collect_params().values()])
net.collect_params().setattr("grad_req", "write")
print([(p.name, p.grad_req) for p in net.collect_params().values()])

# %% freeze_one_layer
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.initialize(init.One())
net[0].collect_params().setattr("grad_req", "null")
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
with autograd.record():
    y = net(nd.ones((1, 2))).sum()
y.backward()
trainer.step(1)
print(net[0].weight.data(), net[1].weight.data())

# %% zero_grad_on_net
net = nn.Dense(1, in_units=2)
net.initialize()
for p in net.collect_params().values():
    p.grad_req = "add"
for _ in range(2):
    with autograd.record():
        y = net(nd.ones((1, 2)))
    y.backward()
print(net.weight.grad())
net.collect_params().zero_grad()
print(net.weight.grad(), net.bias.grad())

# %% block_called_twice_shares
net = nn.Dense(2, in_units=2)
net.initialize(init.One())
x = nd.ones((1, 2))
with autograd.record():
    y = net(net(x))
y.backward()
print(net.weight.grad(), net.bias.grad())

# %% shared_gradients_add_up
net = nn.Sequential()
shared = nn.Dense(2, in_units=2)
net.add(shared, nn.Dense(2, in_units=2, params=shared.params))
net.initialize(init.One())
with autograd.record():
    y = net(nd.ones((1, 2)))
y.backward()
print(net[0].weight.grad(), net[1].weight.grad())
print(net[0].weight is net[1].weight)

# %% share_across_networks
a = nn.Dense(2, in_units=2)
a.initialize(init.One())
b = nn.Dense(2, in_units=2, params=a.collect_params())
print(b(nd.ones((1, 2))))
b.weight.set_data(nd.zeros((2, 2)))
print(a.weight.data())

# %% share_wrong_shape
a = nn.Dense(2, in_units=2)
nn.Dense(3, in_units=2, params=a.params)

# %% share_without_bias
a = nn.Dense(2, in_units=2, use_bias=False)
b = nn.Dense(2, in_units=2, params=a.params)
print(b.params)
print(b.collect_params())

# %% share_deferred
a = nn.Dense(2)
b = nn.Dense(2, params=a.params)
a.initialize(init.One())
print(a(nd.ones((1, 3))), b.weight)
print(b(nd.ones((1, 3))))
