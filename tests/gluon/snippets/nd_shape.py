x = nd.arange(24).reshape((2, 3, 4))

# %% reshape
print(
    x.reshape((4, 6)).shape,
    x.reshape(4, 6).shape,
    x.reshape((-1,)).shape,
    x.reshape(-1).shape,
    x.reshape((2, -1)).shape,
)
print(x.reshape([3, 8]).shape, nd.reshape(x, shape=(12, 2)).shape, x.reshape(shape=(6, 4)).shape)

# %% reshape_codes
for shape in [(0, -1), (-1, 0), (0, 0, -1), (-2,), (0, -2), (2, -2), (-3, 4), (0, -3), (-3, -2), (-4, 1, 2, -2),
              (-4, -1, 1, -2), (0, -4, 3, 1, 0), (-4, 2, -1, 3, 4), (-2, 1), (-2, 1, 1), (6, 0, -1)]:  # fmt: skip
    attempt(lambda: (shape, x.reshape(shape).shape))

# %% reshape_reverse
for shape in [(-1, 0), (0, -1), (-3, 0), (0, -3)]:
    print(shape, x.reshape(shape, reverse=True).shape, nd.reshape(x, shape=shape, reverse=True).shape)

# %% reshape_errors
attempt(lambda: x.reshape((5, 5)))
attempt(lambda: x.reshape((-1, 7)))
attempt(lambda: x.reshape((-1, -1)))
attempt(lambda: x.reshape())

# %% reshape_values
print(x.reshape((4, 6)), x.reshape((0, 2, -1))[0])

# %% reshape_like
print(nd.reshape_like(x, nd.zeros((4, 6))).shape, x.reshape_like(nd.zeros((24,))).shape)

# %% transpose
print(x.T.shape, x.transpose().shape, x.transpose((1, 0, 2)).shape, x.transpose(axes=(2, 0, 1)).shape)
print(nd.transpose(x, axes=(0, 2, 1)).shape, nd.arange(3).T, nd.array([[1, 2], [3, 4]]).T)

# %% transpose_errors
for axes in [(0, 1), (0, 1, 5)]:
    try:
        x.transpose(axes)
    except mx.MXNetError:
        print("MXNetError", axes)

# %% swapaxes
print(x.swapaxes(0, 2).shape, nd.swapaxes(x, 1, 2).shape, nd.SwapAxis(x, dim1=0, dim2=1).shape)

# %% expand_and_squeeze
print(x.expand_dims(0).shape, x.expand_dims(axis=-1).shape, nd.expand_dims(x, axis=1).shape)
print(
    nd.ones((1, 2, 1)).squeeze().shape,
    nd.ones((1, 2, 1)).squeeze(axis=0).shape,
    nd.squeeze(nd.ones((1, 1))).shape,
)
attempt(lambda: x.squeeze(axis=0))
attempt(lambda: x.expand_dims(axis=5))

# %% flatten
print(x.flatten().shape, nd.flatten(x).shape, nd.Flatten(x).shape, nd.ones(3).flatten().shape)

# %% concat
a, b = nd.ones((2, 2)), nd.zeros((2, 2))
print(nd.concat(a, b, dim=0), nd.concat(a, b, dim=1), nd.concat(a, b).shape, nd.Concat(a, b, dim=0).shape)
print(
    nd.concat(*[nd.ones((1, 2))] * 3, dim=0).shape, nd.concat(a, b, dim=-1).shape, nd.concat(a, dim=0).shape
)

# %% concat_errors
attempt(lambda: nd.concat(nd.ones((2, 3)), nd.ones((3, 4)), dim=0))
attempt(lambda: nd.concat(nd.ones((2, 3)), nd.ones(3), dim=0))
attempt(lambda: nd.concat(nd.ones((2, 3)), nd.ones((2, 3)), dim=5))

# %% stack
a, b = nd.array([1, 2]), nd.array([3, 4])
print(nd.stack(a, b), nd.stack(a, b, axis=1), nd.stack(a, b, axis=-1).shape)
try:
    nd.stack(a, nd.ones(3)).asnumpy()
except mx.MXNetError:
    print("MXNetError")

# %% split
print(
    nd.split(x, 2, axis=0),
    [p.shape for p in nd.split(x, 3)],
    [p.shape for p in x.split(4, axis=2, squeeze_axis=True)],
)
print(nd.split(x, num_outputs=1, axis=0).shape, [p.shape for p in nd.SliceChannel(x, num_outputs=3)])
attempt(lambda: nd.split(x, 5, axis=0))

# %% split_v2
print([p.shape for p in nd.split_v2(x, 2, axis=2)], [p.shape for p in nd.split_v2(x, (1, 3), axis=2)])
print([p.shape for p in nd.split_v2(x, (1,), axis=1, squeeze_axis=False)])

# %% tile_and_repeat
a = nd.array([[1, 2], [3, 4]])
print(nd.tile(a, (2, 1)), nd.tile(a, 2), a.tile((1, 2)), nd.tile(a, (2, 1, 1)).shape)
print(nd.repeat(a, 2), nd.repeat(a, repeats=2, axis=0), a.repeat(2, axis=1))

# %% pad
a = nd.arange(4).reshape((1, 1, 2, 2))
print(nd.pad(a, mode="constant", constant_value=9, pad_width=(0, 0, 0, 0, 1, 1, 0, 2)))
print(nd.pad(a, mode="edge", pad_width=(0, 0, 0, 0, 1, 1, 1, 1)))
print(nd.Pad(a, mode="reflect", pad_width=(0, 0, 0, 0, 1, 1, 1, 1)))

# %% flip_and_reverse
a = nd.array([[1, 2], [3, 4]])
print(nd.flip(a, axis=0), nd.reverse(a, axis=1), a.flip(axis=1), nd.flip(a, axis=(0, 1)))

# %% clip
a = nd.array([-3, 0, 3])
print(nd.clip(a, -1, 1), a.clip(0, 2), nd.clip(a, a_min=-2, a_max=5), a.clip(a_min=-1, a_max=1))

# %% depth_and_space
a = nd.arange(8).reshape((1, 4, 1, 2))
print(nd.depth_to_space(a, 2), nd.space_to_depth(nd.depth_to_space(a, 2), 2))

# %% shape_and_size_arrays
print(nd.shape_array(x), nd.size_array(x), nd.shape_array(x).dtype)

# %% upsampling
a = nd.arange(4).reshape((1, 1, 2, 2))
print(nd.UpSampling(a, scale=2, sample_type="nearest"))

# %% slice
print(nd.slice(x, begin=(0, 1, 0), end=(1, 3, 2)), x.slice(begin=(0, 0, 1), end=(2, 1, 4), step=(1, 1, 2)))

# %% slice_errors
attempt(lambda: nd.slice_axis(x, axis=3, begin=0, end=1).shape)
attempt(lambda: nd.slice_axis(x, axis=0, begin=0, end=5).shape)
attempt(lambda: nd.slice_axis(x, axis=0, begin=2, end=1).shape)

# %% identity_and_copy
print(
    nd.identity(nd.array([1, 2])),
    nd.stop_gradient(nd.array([1])),
    nd.zeros((2, 2)).reshape((4,)).reshape((2, 2)).shape,
)

# %% chain
print(x.reshape((2, -1)).T.expand_dims(0).squeeze().shape, x.transpose((2, 0, 1)).reshape((4, -1))[0])

# %% methods
a = nd.array([[1, 2], [3, 4]])
print(a.broadcast_like(nd.zeros((2, 2))), a.expand_dims(0).broadcast_axes(axis=0, size=2), a.one_hot(5).shape)
print(
    a.slice_axis(axis=0, begin=0, end=1),
    a.slice(begin=(0,), end=(1,)),
    a.split_v2(2)[0],
    a.shape_array(),
    a.size_array(),
)
print(a.reshape_like(nd.zeros(4)), a.zeros_like(), a.ones_like(), a.softmin(), a.rint(), a.fix(), a.trunc())
print(
    a.pick(nd.array([0, 1])),
    a.take(nd.array([1])),
    a.nanprod(),
    a.argmax_channel(),
    a.rcbrt(),
    a.arcsinh(),
    a.arccosh(),
)

# %% pad_method
a = nd.arange(4).reshape((1, 1, 2, 2))
print(a.pad(mode="constant", constant_value=1, pad_width=(0, 0, 0, 0, 1, 0, 0, 0)))

# %% slice_assign
a = nd.zeros((2, 3))
print(a.slice_assign(nd.ones((1, 2)), begin=(0, 0), end=(1, 2), step=(1, 1)))
print(a.slice_assign_scalar(5, begin=(1, 1), end=(2, 3), step=(1, 1)))

# %% tostype
a = nd.ones((2, 2))
print(a.stype, a.tostype("default").stype, nd.cast_storage(a, "default").stype)

# %% as_other_arrays
a = nd.ones(2)
print(type(a.as_nd_ndarray()).__name__, a.as_nd_ndarray() is a)

# %% axes_out_of_range
x = nd.ones((2, 3))
for axis in (3, -3):
    attempt(lambda: nd.concat(x, x, dim=axis))
    attempt(lambda: nd.squeeze(x, axis=axis))
    attempt(lambda: nd.moveaxis(x, 0, axis))
    attempt(lambda: nd.moveaxis(x, axis, 0))
    attempt(lambda: nd.pick(x, nd.zeros(2), axis=axis))
    attempt(lambda: nd.cumsum(x, axis=axis))
for axis in (4, -5):
    attempt(lambda: nd.stack(x, x, axis=axis))

# %% moveaxis_refused
x = nd.ones((2, 3, 4))
attempt(lambda: nd.moveaxis(x, (0, 0), (1, 0)))
attempt(lambda: nd.moveaxis(x, (0, 1), (0,)))
print(nd.moveaxis(x, -1, 0).shape, nd.moveaxis(x, (0, 1), (-1, -2)).shape)

# %% counts_out_of_range
x = nd.ones((2, 3))
attempt(lambda: nd.one_hot(nd.array([0]), -1))
for count in (0, -1):
    try:
        nd.split(x, num_outputs=count)
    except mx.MXNetError as error:
        print(f"value {count} for Parameter num_outputs should be greater equal to 1" in str(error))
for axis in (3, -2):
    try:
        nd.broadcast_axis(nd.ones((1, 3)), axis=axis, size=3)
    except mx.MXNetError as error:
        print(f"index = {axis} must be in range [0, 2)" in str(error))

# %% sequences_refused
x = nd.ones((2, 3))
for sequence in (nd.SequenceMask, nd.SequenceLast, nd.SequenceReverse):
    for axis in (2, -1):
        try:
            sequence(x, nd.ones(3), True, axis=axis)
        except mx.MXNetError as error:
            print("Current implementation expects axis to be 0" in str(error))
    attempt(lambda: sequence(x, nd.ones(7), True))
    attempt(lambda: sequence(nd.ones(3)))
