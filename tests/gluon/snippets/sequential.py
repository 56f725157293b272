# %% my_sequential
class MySequential(Block):
    def add(self, block):
        self._children[block.name] = block

    def forward(self, x):
        for block in self._children.values():
            x = block(x)
        return x


net = MySequential()
net.add(nn.Dense(3))
net.add(nn.Dense(2))
net.initialize()
print(net(nd.ones((1, 4))))
print(net.collect_params())

# %% sequential_indexing
net = nn.Sequential()
net.add(nn.Dense(1), nn.Dense(2), nn.Dense(3), nn.Dropout(0.1))
print(net[0], net[-1], net[2], len(net))
print(net[1:3])
print(net[::2])
print(type(net[1:3]).__name__, net[1:3].prefix == net.prefix, net[1:2][0] is net[1])
attempt(lambda: net[7])
attempt(lambda: net["a"])

# %% sequential_iteration
net = nn.Sequential()
net.add(nn.Dense(1), nn.Dense(2))
for layer in net:
    print(layer)
print(list(reversed([layer.name for layer in net])))
print(bool(nn.Sequential()), len(nn.Sequential()))

# %% sequential_add_returns
net = nn.Sequential()
print(net.add(nn.Dense(1)))
print(net.add())

# %% sequential_slice_shares
net = nn.Sequential()
net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2), nn.Dense(1, in_units=2))
net.initialize(init.One())
head = net[:2]
print(head(nd.ones((1, 2))))
print(head.collect_params())
head[0].weight.set_data(nd.zeros((2, 2)))
print(net(nd.ones((1, 2))))

# %% sequential_empty_forward
print(nn.Sequential()(nd.ones(2)))

# %% sequential_add_wrong
net = nn.Sequential()
attempt(lambda: net.add(3))

# %% sequential_hybridize_warning
net = nn.Sequential()
net.add(nn.HybridSequential())
net.hybridize()
net = nn.Sequential()
net.add(nn.Dense(2))
net.hybridize()
