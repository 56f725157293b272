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


# %% weight_decay_on_weights_only
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Normal(sigma=1))
trainer_w = Trainer(net.collect_params(".*weight"), "sgd", {"learning_rate": 0.1, "wd": 3})
trainer_b = Trainer(net.collect_params(".*bias"), "sgd", {"learning_rate": 0.1})
loss = gloss.L2Loss()
for _ in range(3):
    with autograd.record():
        l = loss(net(nd.ones((2, 3))), nd.ones((2, 1)))
    l.backward()
    trainer_w.step(2)
    trainer_b.step(2)
    print(l.asnumpy(), net[0].weight.data().norm().asscalar(), net[0].bias.data().asscalar())

# %% mlp_with_dropout
mx.random.seed(3)
net = nn.Sequential()
net.add(
    nn.Dense(16, activation="relu"),
    nn.Dropout(0.2),
    nn.Dense(8, activation="relu"),
    nn.Dropout(0.5),
    nn.Dense(3),
)
net.initialize(init.Normal(sigma=0.3))
train(net, nd.random.normal(shape=(6, 5)), nd.array([0, 1, 2, 0, 1, 2]))

# %% house_prices
mx.random.seed(3)
features, labels = nd.random.normal(shape=(8, 4)), nd.random.uniform(1, 3, shape=(8, 1))
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize()
train(net, features, labels, gloss.L2Loss(), 5, "adam", learning_rate=0.5, wd=0.1)
clipped = nd.clip(net(features), 1, float("inf"))
print(nd.sqrt(2 * gloss.L2Loss()(clipped.log(), labels.log()).mean()).asscalar())

# %% learn_a_kernel
mx.random.seed(3)
x = nd.ones((6, 8))
x[:, 2:6] = 0
conv2d = nn.Conv2D(1, kernel_size=(1, 2))
conv2d.initialize()
x = x.reshape((1, 1, 6, 8))
y = x[:, :, :, :-1] - x[:, :, :, 1:]
for i in range(6):
    with autograd.record():
        l = (conv2d(x) - y) ** 2
    l.backward()
    conv2d.weight.data()[:] -= 3e-2 * conv2d.weight.grad()
    if (i + 1) % 2 == 0:
        print("batch %d, loss %.3f" % (i + 1, l.sum().asscalar()))
print(conv2d.weight.data().reshape((1, 2)))

# %% lenet
mx.random.seed(3)
net = nn.Sequential()
net.add(nn.Conv2D(channels=4, kernel_size=5, activation="sigmoid"), nn.MaxPool2D(pool_size=2, strides=2))
net.add(nn.Conv2D(channels=6, kernel_size=3, activation="sigmoid"), nn.MaxPool2D(pool_size=2, strides=2))
net.add(nn.Dense(12, activation="sigmoid"), nn.Dense(3))
net.initialize(init=init.Xavier())
train(net, nd.random.uniform(shape=(4, 1, 16, 16)), nd.array([0, 1, 2, 0]), learning_rate=0.9)
print(net.collect_params())


# %% vgg_blocks
def vgg_block(num_convs, num_channels):
    blk = nn.Sequential()
    for _ in range(num_convs):
        blk.add(nn.Conv2D(num_channels, kernel_size=3, padding=1, activation="relu"))
    blk.add(nn.MaxPool2D(pool_size=2, strides=2))
    return blk


net = nn.Sequential()
for num_convs, num_channels in ((1, 2), (2, 4)):
    net.add(vgg_block(num_convs, num_channels))
net.add(nn.Dense(8, activation="relu"), nn.Dropout(0.5), nn.Dense(3))
net.initialize()
x = nd.random.uniform(shape=(1, 1, 8, 8))
for blk in net:
    x = blk(x)
    print(blk.name, "output shape:\t", x.shape)
print(net)


# %% nin
def nin_block(num_channels, kernel_size, strides, padding):
    blk = nn.Sequential()
    blk.add(nn.Conv2D(num_channels, kernel_size, strides, padding, activation="relu"),
            nn.Conv2D(num_channels, kernel_size=1, activation="relu"),
            nn.Conv2D(num_channels, kernel_size=1, activation="relu"))  # fmt: skip
    return blk


net = nn.Sequential()
net.add(
    nin_block(4, 3, 1, 0),
    nn.MaxPool2D(2),
    nn.Dropout(0.5),
    nin_block(3, 3, 1, 1),
    nn.GlobalAvgPool2D(),
    nn.Flatten(),
)
net.initialize(init.Xavier())
x = nd.random.uniform(shape=(2, 1, 10, 10))
print(net(x))


# %% inception
class Inception(Block):
    def __init__(self, c1, c2, c3, c4, **kwargs):
        super().__init__(**kwargs)
        self.p1_1 = nn.Conv2D(c1, kernel_size=1, activation="relu")
        self.p2_1 = nn.Conv2D(c2[0], kernel_size=1, activation="relu")
        self.p2_2 = nn.Conv2D(c2[1], kernel_size=3, padding=1, activation="relu")
        self.p3_1 = nn.Conv2D(c3[0], kernel_size=1, activation="relu")
        self.p3_2 = nn.Conv2D(c3[1], kernel_size=5, padding=2, activation="relu")
        self.p4_1 = nn.MaxPool2D(pool_size=3, strides=1, padding=1)
        self.p4_2 = nn.Conv2D(c4, kernel_size=1, activation="relu")

    def forward(self, x):
        p1 = self.p1_1(x)
        p2 = self.p2_2(self.p2_1(x))
        p3 = self.p3_2(self.p3_1(x))
        p4 = self.p4_2(self.p4_1(x))
        return nd.concat(p1, p2, p3, p4, dim=1)


net = Inception(2, (2, 3), (1, 2), 2)
net.initialize()
y = net(nd.random.uniform(shape=(1, 2, 5, 5)))
print(y.shape, y.sum(), net)

# %% batch_norm_of_gluon
mx.random.seed(3)
net = nn.Sequential()
net.add(nn.Dense(4), nn.BatchNorm(), nn.Activation("sigmoid"), nn.Dense(2))
net.initialize()
train(net, nd.random.normal(shape=(6, 3)), nd.array([0, 1, 0, 1, 0, 1]))
print(net[1].gamma.data(), net[1].beta.data(), net[1].running_mean.data(), net[1].running_var.data())
print(net(nd.ones((1, 3))))


# %% residual
class Residual(Block):
    def __init__(self, num_channels, use_1x1conv=False, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = nn.Conv2D(num_channels, kernel_size=3, padding=1, strides=strides)
        self.conv2 = nn.Conv2D(num_channels, kernel_size=3, padding=1)
        if use_1x1conv:
            self.conv3 = nn.Conv2D(num_channels, kernel_size=1, strides=strides)
        else:
            self.conv3 = None
        self.bn1 = nn.BatchNorm()
        self.bn2 = nn.BatchNorm()

    def forward(self, x):
        y = nd.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.conv3:
            x = self.conv3(x)
        return nd.relu(y + x)


blk = Residual(3)
blk.initialize()
x = nd.random.uniform(shape=(2, 3, 6, 6))
print(blk(x).shape, blk)
blk = Residual(4, use_1x1conv=True, strides=2)
blk.initialize()
print(blk(x).shape, blk(x).sum(), list(blk.collect_params()))


# %% dense_net
def conv_block(num_channels):
    blk = nn.Sequential()
    blk.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(num_channels, kernel_size=3, padding=1))
    return blk


class DenseBlock(Block):
    def __init__(self, num_convs, num_channels, **kwargs):
        super().__init__(**kwargs)
        self.net = nn.Sequential()
        for _ in range(num_convs):
            self.net.add(conv_block(num_channels))

    def forward(self, x):
        for blk in self.net:
            y = blk(x)
            x = nd.concat(x, y, dim=1)
        return x


blk = DenseBlock(2, 3)
blk.initialize()
y = blk(nd.random.uniform(shape=(2, 3, 4, 4)))
print(y.shape, y.sum(), blk)


# %% resnet_style_names
class Bottleneck(HybridBlock):
    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.body = nn.HybridSequential(prefix="")
        self.body.add(nn.Conv2D(channels, kernel_size=1), nn.BatchNorm(), nn.Activation("relu"))

    def hybrid_forward(self, F, x):
        return F.Activation(self.body(x) + x, act_type="relu")


class ResNet(HybridBlock):
    def __init__(self, classes, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            stage = nn.HybridSequential(prefix="stage1_")
            with stage.name_scope():
                stage.add(Bottleneck(2, prefix=""), Bottleneck(2, prefix=""))
            self.features.add(nn.Conv2D(2, 3), stage, nn.GlobalAvgPool2D())
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.output(self.features(x))


net = ResNet(3)
net.initialize(init.Xavier())
print(net(nd.ones((1, 1, 4, 4))))
print(net.collect_params())
print(net)


# %% hybrid_blocks_train
class HybridNet(HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = nn.Dense(10)
        self.output = nn.Dense(2)

    def hybrid_forward(self, F, x):
        x = F.relu(self.hidden(x))
        return self.output(x)


mx.random.seed(3)
net = HybridNet()
net.initialize()
net.hybridize()
train(net, nd.random.normal(shape=(4, 3)), nd.array([0, 1, 0, 1]))

# %% embeddings_of_words
mx.random.seed(3)
embed = nn.Embedding(input_dim=20, output_dim=4)
embed.initialize()
print(embed.weight, embed(nd.array([[1, 2, 3], [4, 5, 6]])).shape)


def skip_gram(center, contexts_and_negatives, embed_v, embed_u):
    v = embed_v(center)
    u = embed_u(contexts_and_negatives)
    return nd.batch_dot(v, u.swapaxes(1, 2))


pred = skip_gram(nd.array([[1], [2]]), nd.array([[3, 4, 5], [6, 7, 0]]), embed, embed)
mask = nd.array([[1, 1, 1], [1, 1, 0]])
label = nd.array([[1, 0, 0], [1, 0, 0]])
loss = gloss.SigmoidBinaryCrossEntropyLoss()
print(pred, loss(pred.reshape(label.shape), label, mask) * mask.shape[1] / mask.sum(axis=1))


# %% text_cnn
class TextCNN(Block):
    def __init__(self, vocab_size, embed_size, kernel_sizes, num_channels, **kwargs):
        super().__init__(**kwargs)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.dropout = nn.Dropout(0.5)
        self.decoder = nn.Dense(2)
        self.pool = nn.GlobalMaxPool1D()
        self.convs = nn.Sequential()
        for c, k in zip(num_channels, kernel_sizes):
            self.convs.add(nn.Conv1D(c, k, activation="relu"))

    def forward(self, inputs):
        embeddings = self.embedding(inputs).transpose((0, 2, 1))
        encoding = nd.concat(*[nd.flatten(self.pool(conv(embeddings))) for conv in self.convs], dim=1)
        return self.decoder(self.dropout(encoding))


net = TextCNN(10, 4, [2, 3], [3, 2])
net.initialize(init.Xavier())
print(net(nd.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 0]])))
print(net)

# %% fine_tuning
features = nn.Sequential(prefix="pre_")
with features.name_scope():
    features.add(nn.Dense(4, activation="relu", in_units=3))
features.initialize(init.One())
net = nn.Sequential()
net.add(features, nn.Dense(2, in_units=4))
net[1].initialize(init.Xavier())
net[1].collect_params().setattr("lr_mult", 10)
train(net, nd.ones((2, 3)), nd.array([0, 1]), learning_rate=0.01)
print(net[0][0].weight.data()[0], net[1].weight.data())

# %% frozen_features
net = nn.Sequential()
net.add(nn.Dense(4, activation="relu", in_units=3), nn.Dense(2, in_units=4))
net.initialize(init.Xavier())
for p in net[0].collect_params().values():
    p.grad_req = "null"
before = net[0].weight.data().copy()
train(net, nd.ones((2, 3)), nd.array([0, 1]))
print((before == net[0].weight.data()).sum())

# %% transposed_convolution_upsamples
conv_trans = nn.Conv2DTranspose(1, kernel_size=4, padding=1, strides=2)
conv_trans.initialize(init.Bilinear())
y = conv_trans(nd.arange(4).reshape((1, 1, 2, 2)))
print(conv_trans.weight.data(), y)


# %% generated_image_as_parameter
class GeneratedImage(Block):
    def __init__(self, img_shape, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=img_shape)

    def forward(self, *args):
        return self.weight.data()


net = GeneratedImage((1, 2, 2))
net.initialize(init.Constant(nd.ones((1, 2, 2))), force_reinit=True)
trainer = Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
for _ in range(3):
    with autograd.record():
        l = (net() ** 2).sum()
    l.backward()
    trainer.step(1)
    print(l.asscalar(), net.weight.data()[0])

# %% data_parallel_helpers
net = nn.Dense(1, in_units=2)
net.initialize(ctx=[mx.cpu(0)])
xs = utils.split_and_load(nd.ones((4, 2)), [mx.cpu(0)])
with autograd.record():
    ls = [net(x).sum() for x in xs]
for l in ls:
    l.backward()
print(net.weight.grad(mx.cpu(0)), net.weight.data(mx.cpu(0)).shape)
