# %% apply
def note(block):
    print(block.name)


net = nn.Sequential(prefix="net_")
with net.name_scope():
    net.add(nn.Dense(1), nn.Sequential())
    net[1].add(nn.Dense(2))
print(net.apply(note) is net)


# %% apply_initialize
def ones(block):
    if isinstance(block, nn.Dense):
        block.initialize(init.One())


net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.apply(ones)
print(net(nd.ones((1, 2))))


# %% forward_hook
def hook(block, inputs, outputs):
    print(block.name, [x.shape for x in inputs], outputs.shape)


net = nn.Dense(3, in_units=2)
net.initialize()
handle = net.register_forward_hook(hook)
net(nd.ones((4, 2)))
handle.detach()
net(nd.ones((4, 2)))


# %% forward_pre_hook
def hook(block, inputs):
    print(block.name, [x.shape for x in inputs])


net = nn.Dense(3, in_units=2)
net.initialize()
handle = net.register_forward_pre_hook(hook)
net(nd.ones((4, 2)))
handle.detach()
net(nd.ones((4, 2)))

# %% hooks_in_order
net = nn.Dense(3, in_units=2)
net.initialize()
net.register_forward_pre_hook(lambda block, x: print("pre 1"))
net.register_forward_hook(lambda block, x, y: print("post 1"))
net.register_forward_pre_hook(lambda block, x: print("pre 2"))
net.register_forward_hook(lambda block, x, y: print("post 2"))
net(nd.ones((1, 2)))

# %% hook_as_context
net = nn.Dense(3, in_units=2)
net.initialize()
with net.register_forward_hook(lambda block, x, y: print("called")):
    net(nd.ones((1, 2)))
net(nd.ones((1, 2)))

# %% op_hook_and_hybrid
net = nn.HybridSequential()
net.add(nn.Dense(3, in_units=2))
net.initialize()
net.register_forward_hook(lambda block, x, y: print("called", y.shape))
net(nd.ones((1, 2)))
net.hybridize()
net(nd.ones((1, 2)))
