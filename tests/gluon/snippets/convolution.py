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


# %% conv1d
observe(nn.Conv1D(2, 3), (2, 3, 6))
observe(nn.Conv1D(2, 3, strides=2, padding=1, dilation=1, activation="relu"), (1, 2, 7))

# %% conv2d
observe(nn.Conv2D(2, 3), (2, 3, 5, 5))

# %% conv2d_options
observe(nn.Conv2D(2, (3, 2), strides=(2, 1), padding=(1, 0), use_bias=False), (1, 2, 6, 5))

# %% conv2d_dilation
observe(nn.Conv2D(2, 3, dilation=2, activation="sigmoid", in_channels=2), (1, 2, 7, 7))

# %% conv2d_groups
observe(nn.Conv2D(4, 3, groups=2, padding=1), (1, 4, 5, 5))

# %% conv2d_depthwise
observe(nn.Conv2D(4, 3, groups=4, in_channels=4), (1, 4, 5, 5))

# %% conv3d
observe(nn.Conv3D(2, 2), (1, 2, 3, 3, 3))
observe(nn.Conv3D(2, (1, 2, 3), strides=(1, 2, 1), padding=(0, 1, 1)), (1, 1, 3, 4, 5))

# %% conv_reprs
print(nn.Conv1D(3, 5), nn.Conv2D(3, 5, padding=2), nn.Conv3D(3, 5, in_channels=2))
print(nn.Conv2D(4, (3, 2), strides=2, dilation=2, groups=2, in_channels=4, activation="relu"))
print(nn.Conv2D(3, 5, use_bias=False), nn.Conv2D(3, 5, in_channels=2).params)
print(nn.Conv2DTranspose(3, 5, output_padding=1, strides=2), nn.Conv1DTranspose(2, 3, padding=1))

# %% conv_wrong_input
net = nn.Conv2D(2, 3, in_channels=3)
net.initialize()
for shape in [(1, 3, 2, 2), (1, 2, 5, 5), (3, 5, 5)]:
    try:
        print(net(nd.ones(shape)).shape)
    except mx.MXNetError:
        print("MXNetError", shape)

# %% conv_bad_arguments
attempt(lambda: nn.Conv2D(2, (3, 3, 3)))
attempt(lambda: nn.Conv1D(2, 3, layout="NHWC"))
attempt(lambda: nn.Conv2D(2, 3, layout="NHCW"))

# %% conv1d_transpose
observe(nn.Conv1DTranspose(2, 3), (1, 3, 4))
observe(nn.Conv1DTranspose(2, 3, strides=2, padding=1, output_padding=1), (1, 3, 4))

# %% conv2d_transpose
observe(nn.Conv2DTranspose(2, 3), (1, 3, 4, 4))

# %% conv2d_transpose_options
observe(nn.Conv2DTranspose(2, 4, strides=2, padding=1, use_bias=False, in_channels=3), (1, 3, 3, 3))
observe(nn.Conv2DTranspose(2, 3, strides=2, output_padding=1, activation="relu"), (1, 2, 3, 3))
observe(nn.Conv2DTranspose(4, 3, groups=2, dilation=2, in_channels=2), (1, 2, 3, 3))

# %% conv3d_transpose
observe(nn.Conv3DTranspose(2, 2, strides=2), (1, 2, 2, 2, 2))

# %% max_pool1d
observe(nn.MaxPool1D(), (1, 2, 7))
observe(nn.MaxPool1D(3, strides=1, padding=1), (1, 2, 6))

# %% max_pool2d
observe(nn.MaxPool2D(), (1, 2, 5, 5))
observe(nn.MaxPool2D((3, 2), strides=(1, 2), padding=(1, 0)), (1, 1, 5, 6))
observe(nn.MaxPool2D(3, strides=2, ceil_mode=True), (1, 1, 6, 6))

# %% max_pool3d
observe(nn.MaxPool3D(), (1, 1, 4, 4, 4))

# %% avg_pool1d
observe(nn.AvgPool1D(), (1, 2, 7))
observe(nn.AvgPool1D(3, strides=2, padding=1, count_include_pad=False), (1, 2, 6))

# %% avg_pool2d
observe(nn.AvgPool2D(), (1, 2, 5, 5))
observe(nn.AvgPool2D(3, strides=2, padding=1), (1, 1, 5, 5))
observe(nn.AvgPool2D(3, strides=2, padding=1, count_include_pad=False), (1, 1, 5, 5))

# %% avg_pool2d_ceil_and_padding
observe(nn.AvgPool2D(3, strides=2, padding=1, ceil_mode=True), (1, 1, 6, 6))
observe(nn.AvgPool2D(3, strides=2, padding=1, ceil_mode=True, count_include_pad=False), (1, 1, 6, 6))

# %% avg_pool3d
observe(nn.AvgPool3D(2, strides=1), (1, 1, 3, 3, 3))

# %% global_pools
observe(nn.GlobalMaxPool1D(), (2, 2, 4))
observe(nn.GlobalAvgPool1D(), (2, 2, 4))
observe(nn.GlobalMaxPool2D(), (2, 2, 3, 4))
observe(nn.GlobalAvgPool2D(), (2, 2, 3, 4))
observe(nn.GlobalMaxPool3D(), (1, 2, 2, 2, 2))
observe(nn.GlobalAvgPool3D(), (1, 2, 2, 2, 2))

# %% pool_reprs
print(nn.MaxPool1D(), nn.MaxPool2D(3, strides=2), nn.MaxPool3D(padding=1))
print(nn.AvgPool2D(2, ceil_mode=True), nn.AvgPool2D(2, count_include_pad=False))
print(nn.GlobalAvgPool2D(), nn.GlobalMaxPool1D())

# %% pool_ties
x = nd.array([[[[1, 1], [1, 1]]]])
x.attach_grad()
with autograd.record():
    y = nn.MaxPool2D()(x)
y.backward()
print(y, x.grad)

# %% pool_bad_layout
attempt(lambda: nn.MaxPool2D(layout="NHCW"))
attempt(lambda: nn.MaxPool1D(layout="NCHW"))

# %% pool_larger_than_input
try:
    nn.MaxPool2D(5)(nd.ones((1, 1, 3, 3)))
except mx.MXNetError:
    print("MXNetError")

# %% reflection_pad
observe(nn.ReflectionPad2D(1), (1, 1, 3, 3))

# %% lenet_shapes
net = nn.Sequential()
net.add(nn.Conv2D(channels=6, kernel_size=5, activation="sigmoid"),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.Conv2D(channels=16, kernel_size=5, activation="sigmoid"),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.Dense(120, activation="sigmoid"), nn.Dense(84, activation="sigmoid"), nn.Dense(10))  # fmt: skip
net.initialize()
x = nd.random.uniform(shape=(1, 1, 28, 28))
for layer in net:
    x = layer(x)
    print(layer.name, "output shape:\t", x.shape)
print(x)
print(net)

# %% convolution
x, w, b = nd.random.normal(shape=(1, 1, 4, 4)), nd.random.normal(shape=(2, 1, 3, 3)), nd.ones(2)
print(nd.Convolution(x, w, b, kernel=(3, 3), num_filter=2))
print(nd.Convolution(x, w, no_bias=True, kernel=(3, 3), num_filter=2, stride=(2, 2), pad=(1, 1)))

# %% pooling
x = nd.arange(16).reshape((1, 1, 4, 4))
print(nd.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max"))
print(nd.Pooling(x, kernel=(2, 2), pool_type="avg"))
print(nd.Pooling(x, global_pool=True, pool_type="sum", kernel=(1, 1)))
print(nd.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", pooling_convention="full"))
