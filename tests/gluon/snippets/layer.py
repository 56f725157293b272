def shown(x):
    if x.size <= 16:
        return x
    values = x.asnumpy().astype("float64").reshape(-1)
    weights = np.linspace(1, 2, len(values))
    return [float(v) for v in values[:4]], float(weights @ abs(values))


def observe(net, *shapes):
    """Print a layer, its output, and every gradient under a head gradient that differs everywhere."""
    net.initialize(init.Uniform(1))
    inputs = [nd.random.normal(shape=shape) for shape in shapes]
    for x in inputs:
        x.attach_grad()
    with autograd.record():
        y = net(*inputs)
    y.backward(nd.arange(y.size).reshape(y.shape) / y.size + 0.5)
    print(net)
    print(y.shape, shown(y))
    print(*[shown(x.grad) for x in inputs])
    for p in net.collect_params().values():
        print(p.name, shown(p.data()), "" if p.grad_req == "null" else shown(p.grad()))


# %% dense
observe(nn.Dense(3), (2, 4))

# %% dense_activation
observe(nn.Dense(3, activation="tanh", in_units=4), (2, 4))

# %% dense_no_bias
observe(nn.Dense(3, use_bias=False), (2, 4))

# %% dense_flattens
observe(nn.Dense(3), (2, 2, 3))

# %% dense_no_flatten
observe(nn.Dense(3, flatten=False), (2, 2, 3))

# %% dense_activations
for kind in ["relu", "sigmoid", "softrelu", "softsign", "tanh"]:
    net = nn.Dense(2, activation=kind, in_units=2)
    net.initialize(init.One())
    print(net, net(nd.array([[-1, 0.5], [2, 1]])))

# %% dense_unknown_activation
attempt(lambda: nn.Dense(2, activation="foo", in_units=1))
net = nn.Dense(2, activation="foo", in_units=1)
net.initialize()
try:
    net(nd.ones((1, 1)))
except mx.MXNetError:
    print("MXNetError")

# %% dense_of_vector
net = nn.Dense(3)
net.initialize(init.One())
print(net(nd.ones((4,))))
print(net.weight)

# %% dense_repr
print(nn.Dense(3), nn.Dense(3, in_units=2), nn.Dense(3, activation="relu", flatten=False))
print(nn.Dense(3, use_bias=False).params)

# %% dense_float64
net = nn.Dense(2, dtype="float64", in_units=2)
net.initialize(init.One())
print(net(nd.ones((1, 2), dtype="float64")), net.params)

# %% dropout_predict
net = nn.Dropout(0.5)
net.initialize()
x = nd.ones((2, 4))
print(net(x), net)
with autograd.predict_mode():
    print(net(x))

# %% dropout_train
net = nn.Dropout(0.5)
x = nd.ones((4, 5))
with autograd.train_mode():
    print(net(x))
    print(net(x))

# %% dropout_record
net = nn.Dropout(0.3)
x = nd.arange(12).reshape((3, 4)) + 1
x.attach_grad()
with autograd.record():
    y = net(x)
y.backward()
print(y, x.grad)
with autograd.record(train_mode=False):
    print(net(x))

# %% dropout_axes
net = nn.Dropout(0.5, axes=(1,))
print(net)
with autograd.train_mode():
    print(net(nd.ones((8, 3))))
    print(nn.Dropout(0.5, axes=(0,))(nd.ones((3, 8))))
    print(nn.Dropout(0.5, axes=(1, 2))(nd.ones((4, 2, 2))))

# %% dropout_extremes
x = nd.ones((2, 5))
with autograd.train_mode():
    print(nn.Dropout(0)(x), nn.Dropout(0.0))
    print(nn.Dropout(0.9)(x))

# %% dropout_seeded
mx.random.seed(3)
with autograd.train_mode():
    a = nn.Dropout(0.5)(nd.ones((10, 10)))
mx.random.seed(3)
with autograd.train_mode():
    b = nn.Dropout(0.5)(nd.ones((10, 10)))
print((a == b).sum(), a.sum(), a[0])

# %% dropout_wrong_rate
with autograd.train_mode():
    attempt(lambda: nn.Dropout(1.5)(nd.ones(2)))

# %% nd_dropout
x = nd.ones((2, 5))
print(nd.Dropout(x, p=0.5))
print(nd.Dropout(x, p=0.5, mode="always"))

# %% batchnorm_train
observe(nn.BatchNorm(), (4, 3))

# %% batchnorm_images
observe(nn.BatchNorm(), (2, 3, 4, 4))

# %% batchnorm_options
observe(nn.BatchNorm(axis=-1, momentum=0.5, epsilon=0.1, center=False), (4, 3))
observe(nn.BatchNorm(scale=False), (4, 3))

# %% batchnorm_predict
net = nn.BatchNorm(in_channels=3)
net.initialize()
x = nd.random.normal(shape=(4, 3))
print(net(x))
with autograd.record():
    net(x)
print(net.running_mean.data(), net.running_var.data())
print(net(x))

# %% batchnorm_global_stats
net = nn.BatchNorm(use_global_stats=True)
net.initialize()
with autograd.record():
    y = net(nd.random.normal(shape=(4, 3)))
print(y, net.running_mean.data())

# %% batchnorm_running_statistics
net = nn.BatchNorm(momentum=0.8)
net.initialize()
for _ in range(3):
    with autograd.record():
        net(nd.random.normal(2, 3, shape=(8, 2)))
print(net.running_mean.data(), net.running_var.data())

# %% batchnorm_train_mode_only
net = nn.BatchNorm()
net.initialize()
with autograd.train_mode():
    y = net(nd.array([[1, 2], [3, 6]]))
print(y, net.running_mean.data(), net.running_var.data())

# %% batchnorm_initializers
net = nn.BatchNorm(in_channels=2, beta_initializer="ones", gamma_initializer=init.Constant(3),
                   running_mean_initializer=init.Constant(4), running_variance_initializer=init.Constant(5))  # fmt: skip
net.initialize()
print([p.data() for p in net.collect_params().values()])

# %% batchnorm_repr
print(nn.BatchNorm(), nn.BatchNorm(in_channels=3), nn.BatchNorm(axis=2, scale=False, center=False))
print(nn.BatchNorm(scale=False, in_channels=2).params)
print([(p.name, p.grad_req) for p in nn.BatchNorm(scale=False, center=False, in_channels=2).params.values()])

# %% batchnorm_small_epsilon
net = nn.BatchNorm(epsilon=1e-5)
net.initialize()
x = nd.array([[1], [1], [1]])
with autograd.record():
    print(net(x))

# %% layernorm
observe(nn.LayerNorm(), (2, 5))

# %% layernorm_options
observe(nn.LayerNorm(axis=1, epsilon=0.1, center=False), (2, 3, 2))
observe(nn.LayerNorm(scale=False, in_channels=5), (2, 5))

# %% instancenorm
observe(nn.InstanceNorm(), (2, 3, 4))
print(nn.InstanceNorm(in_channels=2))

# %% groupnorm
observe(nn.GroupNorm(num_groups=2), (2, 4, 3))

# %% norm_reprs
print(nn.LayerNorm(), nn.LayerNorm(in_channels=4), nn.InstanceNorm(), nn.GroupNorm())

# %% embedding
net = nn.Embedding(5, 3)
net.initialize()
x = nd.array([[0, 2], [4, 2]])
with autograd.record():
    y = net(x)
y.backward()
print(net, y.shape, y, net.weight.grad())

# %% embedding_int_indices
net = nn.Embedding(5, 2)
net.initialize(init.Constant(nd.arange(10).reshape((5, 2))))
print(net(nd.array([1, 3], dtype="int32")))
print(net(nd.array([1.7, 3.2])))
print(net(nd.array([-1, 7])))

# %% embedding_options
net = nn.Embedding(5, 2, dtype="float64", weight_initializer="ones")
net.initialize()
print(net, net.params, net(nd.array([0])))

# %% flatten
net = nn.Flatten()
print(net, net(nd.ones((2, 3, 4))).shape, net(nd.ones((2,))).shape, net(nd.ones((2, 3))).shape)

# %% activations
x = nd.array([-2, -0.5, 0, 0.5, 2])
for kind in ["relu", "sigmoid", "tanh", "softrelu", "softsign"]:
    x.attach_grad()
    net = nn.Activation(kind)
    with autograd.record():
        y = net(x)
    y.backward()
    print(net, y, x.grad)

# %% activation_unknown
net = nn.Activation("foo")
print(net)
try:
    net(nd.ones(2))
except mx.MXNetError:
    print("MXNetError")

# %% leaky_relus
x = nd.array([-2, -0.5, 0, 0.5, 2])
for net in [nn.LeakyReLU(0.1), nn.ELU(), nn.ELU(0.5), nn.SELU(), nn.GELU(), nn.Swish(), nn.Swish(2.0)]:
    x.attach_grad()
    with autograd.record():
        y = net(x)
    y.backward()
    print(net, y, x.grad)

# %% leaky_negative_alpha
attempt(lambda: nn.LeakyReLU(-0.1))
attempt(lambda: nn.LeakyReLU())

# %% prelu
net = nn.PReLU()
net.initialize()
x = nd.array([[-2, 1], [-1, 3]])
x.attach_grad()
with autograd.record():
    y = net(x)
y.backward()
print(net, y, x.grad, net.alpha.data(), net.alpha.grad())

# %% prelu_channels
net = nn.PReLU(alpha_initializer=init.Constant(0.1), in_channels=2)
net.initialize()
print(net(nd.array([[-2, 1], [-1, -3]])), net.params)

# %% mlp_gradients
net = nn.Sequential()
net.add(nn.Dense(4, activation="relu"), nn.BatchNorm(), nn.Dense(2))
observe(net, (3, 5))

# %% hybridized_layers
for layer in [nn.Dense(2, activation="relu"), nn.BatchNorm(), nn.LayerNorm(), nn.PReLU()]:
    layer.hybridize()
    observe(layer, (3, 4))

# %% fully_connected
x, w, b = nd.random.normal(shape=(2, 3)), nd.random.normal(shape=(4, 3)), nd.ones(4)
print(nd.FullyConnected(x, w, b, num_hidden=4))
print(nd.FullyConnected(x, w, no_bias=True, num_hidden=4))
print(nd.FullyConnected(x.reshape((1, 2, 3)), w, b, num_hidden=4, flatten=False).shape)

# %% fully_connected_errors
x, w, b = nd.ones((2, 3)), nd.ones((4, 3)), nd.ones(4)
attempt(lambda: nd.FullyConnected(x, nd.ones((4, 5)), b, num_hidden=4))
attempt(lambda: nd.FullyConnected(x, w, nd.ones(3), num_hidden=4))

# %% activation_ops
x = nd.array([-1, 0, 2])
print(nd.Activation(x, act_type="tanh"), nd.LeakyReLU(x, act_type="leaky", slope=0.1))
print(nd.LeakyReLU(x, act_type="elu", slope=0.5), nd.SoftmaxActivation(x.reshape((1, 3))))

# %% batchnorm_op
x = nd.array([[1, 2], [3, 6]])
gamma, beta, mean, var = nd.ones(2), nd.zeros(2), nd.zeros(2), nd.ones(2)
print(nd.BatchNorm(x, gamma, beta, mean, var))
with autograd.record():
    print(nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False, eps=1e-5))
print(mean, var)

# %% layernorm_op
x = nd.array([[1, 2, 6], [3, 6, 0]])
print(nd.LayerNorm(x, nd.ones(3), nd.zeros(3)), nd.L2Normalization(x))

# %% embedding_op
w = nd.arange(6).reshape((3, 2))
print(nd.Embedding(nd.array([0, 2, 1]), w, input_dim=3, output_dim=2))

# %% batchnorm_relu
print(nn.BatchNormReLU(in_channels=2))

# %% layers_of_no_parameters
for layer in [nn.Flatten(), nn.Dropout(0.5), nn.Activation("relu"), nn.MaxPool2D(), nn.Lambda("relu")]:
    layer.initialize()
    print(layer.collect_params())

# %% dense_of_integers
net = nn.Dense(2, in_units=2)
net.initialize()
try:
    net(nd.ones((1, 2), dtype="int32"))
except mx.MXNetError:
    print("MXNetError")

# %% call_with_numbers
net = nn.Dense(2, in_units=2)
net.initialize()
for value in [3, [1, 2], np.ones((1, 2), "float32")]:
    try:
        net(value)
    except Exception as error:
        print(type(error).__name__)

# %% dense_initializers
net = nn.Dense(2, in_units=2, weight_initializer=init.Constant(2), bias_initializer=init.Constant(3))
net.initialize()
print(net(nd.ones((1, 2))))
print(net.weight.init.dumps(), nn.Dense(1).weight.init, nn.Dense(1).bias.init)

# %% attributes
net = nn.Dense(2, activation="relu", in_units=3)
print(net.weight, net.bias, net.act, nn.Dense(2).act, nn.Dense(2, use_bias=False).bias)

# %% empty_batch
net = nn.Dense(2, in_units=3)
net.initialize()
with autograd.pause():
    print(net(nd.ones((1, 3))).shape)

# %% pooling_of_padding_alone
for pool in (nn.MaxPool2D(2, padding=2), nn.AvgPool2D(2, padding=3), nn.MaxPool2D((3, 2), padding=(1, 2))):
    try:
        print(pool(nd.ones((1, 1, 5, 5))))
    except mx.MXNetError as error:
        print("pad_l[1]" in str(error), "pad_l[0]" in str(error))
