# The networks of the book, small: names, shapes, numbers and a few steps of training.
def train(net, x, y, loss=None, steps=3, optimizer="sgd", **options):
    loss = loss or gloss.SoftmaxCrossEntropyLoss()
    trainer = Trainer(net.collect_params(), optimizer, options or {"learning_rate": 0.1})
    for _ in range(steps):
        with autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(x.shape[0])
        print(value.mean().asscalar())


# %% linear_regression_from_scratch
mx.random.seed(3)
true_w, true_b = nd.array([2, -3.4]), 4.2
features = nd.random.normal(scale=1, shape=(60, 2))
labels = true_w[0] * features[:, 0] + true_w[1] * features[:, 1] + true_b
labels += nd.random.normal(scale=0.01, shape=labels.shape)
w, b = nd.random.normal(scale=0.01, shape=(2, 1)), nd.zeros(shape=(1,))
w.attach_grad()
b.attach_grad()
for epoch in range(3):
    for i in range(0, 60, 10):
        x, y = features[i : i + 10], labels[i : i + 10]
        with autograd.record():
            l = (nd.dot(x, w) + b - y.reshape((10, 1))) ** 2 / 2
        l.backward()
        for param in [w, b]:
            param[:] = param - 0.03 * param.grad / 10
    print(epoch + 1, ((nd.dot(features, w) + b).reshape((60,)) - labels).norm().asnumpy())
print(w, b)


# %% softmax_from_scratch
def softmax(x):
    exp = x.exp()
    return exp / exp.sum(axis=1, keepdims=True)


mx.random.seed(3)
x = nd.random.normal(shape=(4, 6))
y = nd.array([0, 2, 1, 2], dtype="int32")
w, b = nd.random.normal(scale=0.01, shape=(6, 3)), nd.zeros(3)
for p in [w, b]:
    p.attach_grad()
for _ in range(3):
    with autograd.record():
        l = -nd.pick(softmax(nd.dot(x.reshape((-1, 6)), w) + b), y).log()
    l.backward()
    for p in [w, b]:
        p[:] = p - 0.5 * p.grad / 4
    print(
        l.sum().asscalar(),
        (softmax(nd.dot(x, w) + b).argmax(axis=1) == y.astype("float32")).mean().asscalar(),
    )

# %% mlp_from_scratch
mx.random.seed(3)
w1, b1 = nd.random.normal(scale=0.01, shape=(5, 8)), nd.zeros(8)
w2, b2 = nd.random.normal(scale=0.01, shape=(8, 3)), nd.zeros(3)
params = [w1, b1, w2, b2]
for param in params:
    param.attach_grad()
x, y = nd.random.normal(shape=(6, 5)), nd.array([0, 1, 2, 0, 1, 2])
loss = gloss.SoftmaxCrossEntropyLoss()
for _ in range(3):
    with autograd.record():
        h = nd.maximum(nd.dot(x, w1) + b1, 0)
        l = loss(nd.dot(h, w2) + b2, y)
    l.backward()
    for param in params:
        param[:] = param - 0.5 * param.grad / 6
    print(l.mean().asscalar())
print(w2[0], b2)

# %% polynomial_features
mx.random.seed(3)
x = nd.random.normal(shape=(5, 1))
poly = nd.concat(x, nd.power(x, 2), nd.power(x, 3))
labels = 1.2 * poly[:, 0] - 3.4 * poly[:, 1] + 5.6 * poly[:, 2] + 5
print(poly, labels)

# %% weight_decay_from_scratch
w = nd.array([[1.0], [2.0]])
w.attach_grad()
with autograd.record():
    l = ((nd.dot(nd.ones((2, 2)), w) - 1) ** 2 / 2 + 3 * (w**2).sum() / 2).sum()
l.backward()
print(l, w.grad)


# %% dropout_from_scratch
def dropout(x, drop_prob):
    assert 0 <= drop_prob <= 1
    keep_prob = 1 - drop_prob
    if keep_prob == 0:
        return x.zeros_like()
    mask = nd.random.uniform(0, 1, x.shape) < keep_prob
    return mask * x / keep_prob


x = nd.arange(16).reshape((2, 8))
print(dropout(x, 0), dropout(x, 0.5), dropout(x, 1))


# %% corr2d_layer
def corr2d(x, k):
    h, w = k.shape
    y = nd.zeros((x.shape[0] - h + 1, x.shape[1] - w + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = (x[i : i + h, j : j + w] * k).sum()
    return y


class Conv2D(Block):
    def __init__(self, kernel_size, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=kernel_size)
        self.bias = self.params.get("bias", shape=(1,))

    def forward(self, x):
        return corr2d(x, self.weight.data()) + self.bias.data()


net = Conv2D((2, 2))
net.initialize()
print(net(nd.arange(9).reshape((3, 3))), net.weight)


# %% shapes_of_convolutions
def comp_conv2d(conv2d, x):
    conv2d.initialize()
    x = x.reshape((1, 1) + x.shape)
    y = conv2d(x)
    return y.reshape(y.shape[2:])


x = nd.random.uniform(shape=(8, 8))
print(comp_conv2d(nn.Conv2D(1, kernel_size=3, padding=1), x).shape)
print(comp_conv2d(nn.Conv2D(1, kernel_size=(5, 3), padding=(2, 1)), x).shape)
print(comp_conv2d(nn.Conv2D(1, kernel_size=3, padding=1, strides=2), x).shape)
print(comp_conv2d(nn.Conv2D(1, kernel_size=(3, 5), padding=(0, 1), strides=(3, 4)), x).shape)


# %% channels
def corr2d_multi_in(x, k):
    return nd.add_n(*[a * b for a, b in zip(x, k)])


x = nd.arange(8).reshape((2, 2, 2))
print(corr2d_multi_in(x, x + 1), nd.stack(*[corr2d_multi_in(x, k) for k in [x, x + 1]]).shape)


# %% pooling_from_scratch
def pool2d(x, size, mode="max"):
    h, w = size
    y = nd.zeros((x.shape[0] - h + 1, x.shape[1] - w + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            window = x[i : i + h, j : j + w]
            y[i, j] = window.max() if mode == "max" else window.mean()
    return y


x = nd.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
print(pool2d(x, (2, 2)), pool2d(x, (2, 2), "avg"))


# %% batch_norm_from_scratch
def batch_norm(x, gamma, beta, moving_mean, moving_var, eps, momentum):
    if not autograd.is_training():
        x_hat = (x - moving_mean) / nd.sqrt(moving_var + eps)
    else:
        mean = x.mean(axis=0)
        var = ((x - mean) ** 2).mean(axis=0)
        x_hat = (x - mean) / nd.sqrt(var + eps)
        moving_mean = momentum * moving_mean + (1.0 - momentum) * mean
        moving_var = momentum * moving_var + (1.0 - momentum) * var
    return gamma * x_hat + beta, moving_mean, moving_var


class BatchNorm(Block):
    def __init__(self, num_features, **kwargs):
        super().__init__(**kwargs)
        shape = (1, num_features)
        self.gamma = self.params.get("gamma", shape=shape, init=init.One())
        self.beta = self.params.get("beta", shape=shape, init=init.Zero())
        self.moving_mean = nd.zeros(shape)
        self.moving_var = nd.zeros(shape)

    def forward(self, x):
        y, self.moving_mean, self.moving_var = batch_norm(
            x, self.gamma.data(), self.beta.data(), self.moving_mean, self.moving_var, eps=1e-5, momentum=0.9
        )
        return y


mx.random.seed(3)
net = nn.Sequential()
net.add(nn.Dense(4), BatchNorm(4), nn.Activation("sigmoid"), nn.Dense(2))
net.initialize()
train(net, nd.random.normal(shape=(6, 3)), nd.array([0, 1, 0, 1, 0, 1]))
print(
    net[1].gamma.data().reshape((-1,)),
    net[1].beta.data().reshape((-1,)),
    net[1].moving_mean,
    net[1].moving_var,
)
print(net)

# %% cosine_similarity
w = nd.array([[1, 0], [1, 1], [-1, 2]])
x = w[1]
cos = nd.dot(w, x) / (nd.sum(w * w, axis=1) * nd.sum(x * x) + 1e-9).sqrt()
print(cos, nd.topk(cos, k=2, ret_typ="indices").asnumpy().astype("int32"))

# %% rnn_from_scratch
mx.random.seed(3)
w_xh, w_hh, b_h = (
    nd.random.normal(scale=0.1, shape=(5, 4)),
    nd.random.normal(scale=0.1, shape=(4, 4)),
    nd.zeros(4),
)
for p in [w_xh, w_hh, b_h]:
    p.attach_grad()
h = nd.zeros((2, 4))
with autograd.record():
    for x in nd.one_hot(nd.array([[0, 1], [2, 3], [4, 0]]), 5):
        h = nd.tanh(nd.dot(x, w_xh) + nd.dot(h, w_hh) + b_h)
    l = h.sum()
l.backward()
print(h, w_hh.grad, b_h.grad)


# %% gradient_clipping_from_scratch
def grad_clipping(params, theta):
    norm = nd.array([0])
    for param in params:
        norm += (param.grad**2).sum()
    norm = norm.sqrt().asscalar()
    if norm > theta:
        for param in params:
            param.grad[:] *= theta / norm


w = nd.array([3, 4])
w.attach_grad()
with autograd.record():
    l = (w * w).sum()
l.backward()
grad_clipping([w], 1)
print(w.grad)

# %% optimizers_from_scratch
w, v, s = nd.array([0.5, -1]), nd.zeros(2), nd.zeros(2)
w.attach_grad()
for t in range(1, 4):
    with autograd.record():
        l = (0.1 * w[0] ** 2 + 2 * w[1] ** 2).sum()
    l.backward()
    v[:] = 0.9 * v + 0.1 * w.grad
    s[:] = 0.999 * s + 0.001 * w.grad.square()
    w[:] = w - 0.1 * (v / (1 - 0.9**t)) / ((s / (1 - 0.999**t)).sqrt() + 1e-6)
    print(l.asscalar(), w)


# %% style_gram_matrix
def gram(x):
    num_channels, n = x.shape[1], x.size // x.shape[1]
    x = x.reshape((num_channels, n))
    return nd.dot(x, x.T) / (num_channels * n)


print(gram(nd.arange(8).reshape((1, 2, 2, 2))))

# %% bounding_boxes
anchors = nd.array([[0, 0, 2, 2], [1, 1, 3, 3]])
left = nd.maximum(anchors[0, :2], anchors[1, :2])
right = nd.minimum(anchors[0, 2:], anchors[1, 2:])
print(nd.prod(nd.maximum(right - left, 0)))


# %% evaluate_accuracy
def evaluate_accuracy(data_iter, net):
    acc_sum, n = nd.array([0]), 0
    for x, y in data_iter:
        y = y.astype("float32")
        acc_sum += (net(x).argmax(axis=1) == y).sum()
        n += y.size
    return acc_sum.asscalar() / n


net = nn.Dense(2, in_units=2)
net.initialize(init.Constant(nd.array([[1, 0], [0, 1]])))
data = gdata.ArrayDataset(nd.array([[1, 0], [0, 1], [1, 0]]), nd.array([0, 1, 1], dtype="int32"))
print(evaluate_accuracy(gdata.DataLoader(data, 2), net))
