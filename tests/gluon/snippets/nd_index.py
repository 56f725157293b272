# %% rows_and_elements
x = nd.arange(12).reshape((3, 4))
print(x[1], x[-1], x[1, 2], x[2][3], x[1].shape, x[1, 2].shape)

# %% slices
x = nd.arange(12).reshape((3, 4))
print(x[1:3], x[:, 1], x[1:, ::2], x[::-1], x[:, -2:], x[0:0].shape)

# %% vector
x = nd.arange(6)
print(x[2], x[2].shape, x[1:4], x[::2], x[::-1], x[-1], x[4:1:-1])

# %% ellipsis_and_none
x = nd.arange(8).reshape((2, 2, 2))
print(x[..., 0], x[0, ...], x[:, None].shape, x[None].shape, x[..., None, 1].shape)

# %% out_of_bounds
x = nd.arange(6).reshape((2, 3))
attempt(lambda: x[2])
attempt(lambda: x[-3])
attempt(lambda: x[0, 3])
attempt(lambda: x[0, 0, 0])
print(x[0:10].shape, x[5:].shape)

# %% bad_indices
x = nd.arange(6).reshape((2, 3))
for key in ["a", 1.5]:
    try:
        x[key]
    except Exception as error:
        print(type(error).__name__)

# %% list_index
x = nd.arange(12).reshape((4, 3))
print(x[[0, 2]], x[[3, 3, 0]], x[[0, 1], [1, 2]], x[:, [0, 2]])

# %% array_index
x = nd.arange(12).reshape((4, 3))
print(x[nd.array([0, 2])], x[nd.array([1, 0], dtype="int32")], x[nd.array([[0, 1], [2, 3]])].shape)
print(x[nd.array([0, 1]), nd.array([1, 2])])

# %% numpy_index
x = nd.arange(12).reshape((4, 3))
print(x[np.array([0, 2])], x[np.array([[0], [1]]), np.array([0, 1])])

# %% negative_in_list
x = nd.arange(6)
print(x[[0, -1]])

# %% mixed_index
x = nd.arange(24).reshape((2, 3, 4))
print(x[0, [0, 2]], x[:, [0, 1], 1], x[1, 1:, [0, 3]].shape)

# %% boolean_mask
x = nd.arange(4)
mask = nd.array([1, 0, 1, 0], dtype="bool")
attempt(lambda: x[mask])
print(nd.contrib.boolean_mask(x, nd.array([1, 0, 1, 0])))

# %% comparison_as_index_is_integer
x = nd.array([5, 6, 7])
print(x[x > 5])

# %% array_scalar_index
x = nd.arange(6).reshape((3, 2))
print(x[nd.array([1])], x[np.int64(1)], x[np.int32(-1)])

# %% set_all
x = nd.zeros((2, 2))
x[:] = 3
print(x)
x[:] = nd.array([[1, 2], [3, 4]])
print(x)
x[:] = np.ones((2, 2))
print(x)
x[:] = [[5, 6], [7, 8]]
print(x)

# %% set_rows_and_elements
x = nd.zeros((3, 3))
x[0] = 1
x[1, 1] = 42
x[:, 2] = 7
x[-1, :2] = nd.array([8, 9])
print(x)

# %% set_broadcast
x = nd.zeros((3, 2))
x[:] = nd.array([1, 2])
print(x)
x[1:] = nd.array([[5], [6]])
print(x)
x[0] = [3, 4]
print(x)

# %% set_with_step
x = nd.zeros(6)
x[::2] = 1
x[1::2] = nd.array([7, 8, 9])
print(x)

# %% set_list
x = nd.zeros((4, 2))
x[[0, 2]] = 5
x[[1, 3], [0, 1]] = nd.array([7, 8])
print(x)

# %% set_array_index
x = nd.zeros((4, 2))
x[nd.array([0, 3])] = nd.ones((2, 2))
print(x)

# %% set_boolean_mask
x = nd.arange(4)
attempt(lambda: x.__setitem__(nd.array([1, 0, 1, 0], dtype="bool"), -1))
print(x)

# %% set_wrong_shape
x = nd.zeros((2, 3))
for value in [nd.ones((2, 2)), nd.ones(4), [1, 2]]:
    try:
        x[:] = value
    except Exception as error:
        print(type(error).__name__)
print(x)

# %% set_out_of_bounds
x = nd.zeros((2, 3))
attempt(lambda: x.__setitem__(2, 1))
attempt(lambda: x.__setitem__((0, 5), 1))

# %% set_casts
x = nd.zeros(3, dtype="int32")
x[0] = 2.7
x[1:] = nd.array([1.5, -1.5])
print(x)

# %% set_from_itself
x = nd.arange(4)
x[1:] = x[:-1].copy()
print(x)

# %% set_number_types
x = nd.zeros(4)
x[0], x[1], x[2], x[3] = np.float32(1.5), np.int64(2), True, nd.array([4])
print(x)

# %% set_none_and_text
x = nd.zeros(2)
for value in [None, "a"]:
    try:
        x[0] = value
    except Exception as error:
        print(type(error).__name__)

# %% inplace_through_index
x = nd.ones((2, 3))
x[:] += 1
x[0] *= 5
x[1, 2] -= 7
x[:, 0] /= 2
print(x)

# %% row_is_view
x = nd.zeros((2, 3))
row = x[1]
row[:] = 5
print(x)
x[1] = 7
print(row)

# %% slice_is_view
x = nd.zeros((4, 2))
part = x[1:3]
part[:] = 5
print(x)
part += 1
print(x)


# %% which_are_views
def writes_through(get):
    x = nd.zeros((4, 3))
    get(x)[:] = 1
    return x.sum().asscalar() > 0


for name, get in {
    "x[1]": lambda x: x[1], "x[1:3]": lambda x: x[1:3], "x[:]": lambda x: x[:], "x[:, 1]": lambda x: x[:, 1],
    "x[:, 0:2]": lambda x: x[:, 0:2], "x[::2]": lambda x: x[::2], "x[1, 2]": lambda x: x[1, 2],
    "x[[0, 1]]": lambda x: x[[0, 1]], "x[0:4]": lambda x: x[0:4], "x[1:2, :]": lambda x: x[1:2, :],
    "x[...]": lambda x: x[...], "x[None]": lambda x: x[None], "x[0][1]": lambda x: x[0][1],
    "reshape": lambda x: x.reshape((2, 6)), "T": lambda x: x.T, "transpose": lambda x: x.transpose(),
    "expand_dims": lambda x: x.expand_dims(0), "flatten": lambda x: x.flatten(), "squeeze": lambda x: x.squeeze(),
    "swapaxes": lambda x: x.swapaxes(0, 1), "slice_axis": lambda x: x.slice_axis(axis=0, begin=0, end=2),
    "detach": lambda x: x.detach(), "copy": lambda x: x.copy(), "as_in_context": lambda x: x.as_in_context(mx.cpu()),
    "astype": lambda x: x.astype("float32"), "astype without copy": lambda x: x.astype("float32", copy=False),
    "split": lambda x: x.split(2, axis=0)[0], "broadcast_to": lambda x: x.broadcast_to((4, 3)),
    "slice": lambda x: x.slice(begin=(0, 0), end=(2, 2)), "nd.reshape": lambda x: nd.reshape(x, (6, 2)),
}.items():  # fmt: skip
    print(name, writes_through(get))

# %% view_sees_source
x = nd.arange(6)
y = x.reshape((2, 3))
x[0] = 42
print(y)

# %% view_of_view
x = nd.zeros((2, 2, 2))
x[1][0][:] = 3
x[0][1][1] = 4
print(x)

# %% view_keeps_after_inplace
x = nd.ones((2, 2))
row = x[0]
x += 1
print(row)
x = x + 1
print(row)

# %% shape_of_results
x = nd.zeros((2, 3, 4))
for key in [
    0,
    slice(None),
    (0, 0),
    (0, slice(1)),
    (slice(None), 0),
    (0, 0, 0),
    ([0], [1]),
    (None, 0),
    Ellipsis,
]:
    print(key, x[key].shape)

# %% slice_methods
x = nd.arange(12).reshape((3, 4))
print(nd.slice(x, begin=(0, 1), end=(2, 3)), nd.slice(x, begin=(None, 1), end=(None, None)))
print(nd.slice(x, begin=(2, 3), end=(0, 0), step=(-1, -2)))
print(nd.slice_axis(x, axis=1, begin=1, end=3), nd.slice_axis(x, axis=0, begin=-2, end=None))
print(nd.slice_like(x, nd.zeros((2, 2))), nd.slice_like(x, nd.zeros((2, 2)), axes=(1,)))

# %% slice_assign_functions
x = nd.arange(6).reshape((2, 3))
print(x.slice_axis(axis=1, begin=0, end=2), x.slice_like(nd.zeros((1, 2))))

# %% take
x = nd.arange(12).reshape((4, 3))
print(nd.take(x, nd.array([0, 2])), x.take(nd.array([1, 0]), axis=1), x.take(nd.array([[0], [1]])).shape)

# %% take_modes
x = nd.arange(4)
print(nd.take(x, nd.array([-1, 5])), nd.take(x, nd.array([-1, 5]), mode="wrap"), nd.take(x, nd.array([3.9])))
try:
    print(nd.take(x, nd.array([7]), mode="raise"))
except Exception as error:
    print(type(error).__name__)

# %% pick
x = nd.array([[1, 2, 3], [4, 5, 6]])
print(
    nd.pick(x, nd.array([0, 2])),
    nd.pick(x, nd.array([0, 1, 0]), axis=0),
    x.pick(nd.array([1, 1]), keepdims=True),
)
print(nd.pick(x, nd.array([-1, 5])), nd.pick(x, nd.array([-1, 5]), mode="wrap"))

# %% gather_and_scatter
x = nd.arange(6).reshape((2, 3))
print(nd.gather_nd(x, nd.array([[0, 1, 1], [2, 0, 1]])), nd.gather_nd(x, nd.array([[1, 0]])))
print(nd.scatter_nd(nd.array([5, 6]), nd.array([[0, 1], [1, 2]]), (2, 3)))

# %% one_hot
print(nd.one_hot(nd.array([0, 2, 1]), 3), nd.one_hot(nd.array([[0], [1]]), 2, on_value=5, off_value=-1))
print(
    nd.one_hot(nd.array([0, 7, -1]), 3),
    nd.array([1, 0]).one_hot(2),
    nd.one_hot(nd.array([1]), 2, dtype="int32"),
)

# %% where
x, y = nd.array([1, 2, 3]), nd.array([-1, -2, -3])
print(nd.where(nd.array([1, 0, 1]), x, y), nd.where(x > 2, x, y))
m = nd.arange(4).reshape((2, 2))
print(nd.where(nd.array([1, 0]), m, -m))

# %% topk
x = nd.array([[3, 1, 4, 1.5], [9, 2, 6, 5]])
print(nd.topk(x), nd.topk(x, k=2), nd.topk(x, k=2, ret_typ="value"), nd.topk(x, k=2, ret_typ="mask"))
print(nd.topk(x, k=2, ret_typ="both"), nd.topk(x, k=2, is_ascend=True), nd.topk(x, axis=0), x.topk(k=1))

# %% topk_options
x = nd.array([[3, 1, 4], [9, 2, 6]])
print(nd.topk(x, k=2, dtype="int32"), nd.topk(x, axis=None, k=3), nd.topk(x, k=0))
attempt(lambda: nd.topk(x, k=5))

# %% sort_and_argsort
x = nd.array([[3, 1, 4], [9, 2, 6]])
print(nd.sort(x), nd.sort(x, is_ascend=False), nd.sort(x, axis=0), nd.sort(x, axis=None))
print(
    nd.argsort(x), nd.argsort(x, is_ascend=False), nd.argsort(x, axis=0, dtype="int32"), x.sort(), x.argsort()
)

# %% argmax
x = nd.array([[3, 1, 4], [9, 2, 6]])
print(
    x.argmax(axis=1), x.argmax(axis=0), x.argmax(), nd.argmin(x, axis=1), nd.argmax(x, axis=1, keepdims=True)
)
print(nd.argmax_channel(x), nd.argmax(nd.array([1, 1, 1]), axis=0))

# %% batch_take
x = nd.array([[1, 2], [3, 4], [5, 6]])
print(nd.batch_take(x, nd.array([0, 1, 0], dtype="int32")))

# %% ravel_and_unravel
print(
    nd.ravel_multi_index(nd.array([[0, 1], [2, 1]]), shape=(2, 3)),
    nd.unravel_index(nd.array([2, 4]), shape=(2, 3)),
)

# %% index_copy
x = nd.zeros((3, 2))
print(nd.contrib.index_copy(x, nd.array([0, 2]), nd.ones((2, 2))))

# %% choose_element
x = nd.array([[1, 2, 3], [4, 5, 6]])
print(nd.choose_element_0index(x, nd.array([0, 2])))
out = nd.zeros((2, 3))
nd.onehot_encode(nd.array([0, 2]), out)
print(out)

# %% setitem_of_lists_of_arrays
x = nd.zeros((2, 2))
x[0], x[1] = nd.array([1, 2]), np.array([3, 4])
print(x)

# %% swap_rows
x = nd.arange(6).reshape((3, 2))
x[[0, 2]] = x[[2, 0]]
print(x)

# %% minibatches
features, labels = nd.arange(12).reshape((6, 2)), nd.arange(6)
indices = [5, 0, 3, 2, 1, 4]
for i in range(0, 6, 4):
    j = nd.array(indices[i : min(i + 4, 6)])
    print(features.take(j), labels.take(j))

# %% nested_assignment
x = nd.zeros((2, 3))
x[0][1] = 5
x[1][:2] = 7
print(x)

# %% scalar_views
x = nd.zeros((2, 2))
y = x[0, 1]
y += 3
print(x, y)

# %% negative_steps
x = nd.arange(6).reshape((2, 3))
print(x[::-1, ::-1], x[:, ::-2])
x[:, ::-1] = nd.array([1, 2, 3])
print(x)

# %% range_and_tuple_keys
x = nd.arange(4)
for key in [(0,), slice(1, None), np.array(2)]:
    attempt(lambda: x[key])
