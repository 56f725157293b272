# The lecture "Managing Parameters": what the speaker does and says, in that order.
from mxnet import init, nd
from mxnet.gluon import nn

# "So here we define a similar MLP as before, two dense layers, and initialize it"
net = nn.Sequential()
net.add(nn.Dense(256, activation="relu"), nn.Dense(10))
net.initialize()
x = nd.random.uniform(shape=(2, 20))
print(net(x))

# "we can index each layer by zero and one ... dot params will tell you all the parameters we have"
print(net[0].params)
print(net[1].params)

# "because it's a dictionary, we can access the parameters using the string names"
print(net[0].params["dense0_weight"])
print(net[0].params["dense0_weight"].data())

# "you can access the bias using the dot bias ... all zeros"
print(net[1].bias)
print(net[1].bias.data())

# "the dot grad will give you the gradient ... all zeros, because we didn't do a backward yet"
print(net[0].weight.grad())

# "we can also get all the parameters by collect_params ... the dictionary of four items"
print(net.collect_params())
print(len(net.collect_params().keys()))
print(net.collect_params()["dense1_bias"].data())

# "the useful thing here, we can access patterns"
print(net.collect_params(".*weight"))
print(net.collect_params("dense0.*"))

# "we already have initialized before; call it twice ... it's going to generate a warning message"
net.initialize(init=init.Normal(sigma=0.01), force_reinit=True)
print(net[0].weight.data()[0])

# "also we can do constant initialization"
net.initialize(init=init.Constant(1), force_reinit=True)
print(net[0].weight.data()[0])

# "you can just give an NDArray ... I grab this weight from a different network"
other = nn.Dense(256, in_units=20)
other.initialize(init=init.Normal(1))
net[0].weight.initialize(init=init.Constant(other.weight.data()), force_reinit=True)
print((net[0].weight.data() == other.weight.data()).sum())

# "you can specify different initializers for different layers"
net[1].initialize(init=init.Constant(42), force_reinit=True)
net[0].weight.initialize(init=init.Xavier(), force_reinit=True)
print(net[1].weight.data()[0, 0])
print(net[0].weight.data()[0])


# "I create a class called MyInit, a subclass of init.Initializer, and I define the _init_weight"
class MyInit(init.Initializer):
    def _init_weight(self, name, data):
        print("Init", name, data.shape)
        data[:] = nd.random.uniform(low=-10, high=10, shape=data.shape)
        data *= data.abs() >= 5


net.initialize(MyInit(), force_reinit=True)
print(net[0].weight.data()[0])

# "get the weight, get the data, and all of them plus one, and the first element I change to 42"
net[0].weight.data()[:] += 1
net[0].weight.data()[0, 0] = 42
print(net[0].weight.data()[0])

# "pass the params equals to the shared params ... these two layers share the same parameters"
net = nn.Sequential()
shared = nn.Dense(8, activation="relu")
net.add(
    nn.Dense(8, activation="relu"),
    shared,
    nn.Dense(8, activation="relu", params=shared.params),
    nn.Dense(10),
)
net.initialize()
x = nd.random.uniform(shape=(2, 20))
net(x)
print(net[1].weight.data()[0] == net[2].weight.data()[0])

# "if I modify the second dense layer's weight, I modify the third layer's weight as well"
net[1].weight.data()[0, 0] = 100
print(net[1].weight.data()[0] == net[2].weight.data()[0])
print(net[1].weight is net[2].weight)
