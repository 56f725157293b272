# %% array
print(nd.array([1, 2, 3]), nd.array([[1, 2], [3, 4]]), nd.array((1.5, 2)))
print(nd.array([1, 2, 3]).dtype, nd.array([1.5]).dtype, nd.array([True, False]).dtype)

# %% array_of_numpy
for dtype in ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"]:
    print(dtype, nd.array(np.ones(2, dtype)).dtype)

# %% array_dtype_argument
for dtype in ["float16", "float64", "int8", "int32", "int64", "uint8", "bool", np.float32, np.int32]:
    x = nd.array([0, 1.7, 2], dtype=dtype)
    print(x, x.dtype)

# %% array_of_array
x = nd.array([1, 2], dtype="int32")
y = nd.array(x)
print(y.dtype, y)
y[:] = 9
print(x)

# %% array_of_numbers
print(nd.array(5), nd.array(5).shape)
print(nd.array(np.float64(2.5)), nd.array([]), nd.array([]).shape)
print(nd.array([[]]).shape)

# %% array_copies_numpy
a = np.ones(3, "float32")
x = nd.array(a)
a[:] = 5
print(x)

# %% array_of_strings
attempt(lambda: nd.array("abc"))
attempt(lambda: nd.array([[1, 2], [3]]))

# %% array_mixed_list
print(nd.array([nd.array([1, 2]).asnumpy(), [3, 4]]))
print(nd.array(range(4)))

# %% zeros_ones_full_empty
print(nd.zeros(3), nd.zeros((2, 2)), nd.ones((2, 1), dtype="int32"), nd.full((2, 2), 7))
print(nd.full((2,), 2.5, dtype="float64"), nd.empty((2, 3)).shape, nd.zeros([2, 3]).shape)
print(nd.zeros((2,), dtype="float16"), nd.ones(2, dtype="bool"), nd.full(3, 1.5, dtype="int32"))

# %% zeros_with_context
print(nd.zeros((2,), ctx=mx.cpu()), nd.zeros((2,), mx.cpu(1)), nd.ones((1,), mx.cpu(), "int64").dtype)

# %% zero_size
print(nd.array([]), nd.ones((2, 3))[0:0], nd.ones((2, 3))[1:1].shape, nd.array([]).size)

# %% like
x = nd.array([[1, 2]], dtype="int32")
print(nd.zeros_like(x), nd.ones_like(x), x.zeros_like(), x.ones_like())
print(nd.zeros_like(x).dtype)

# %% arange
print(nd.arange(5), nd.arange(2, 5), nd.arange(0, 1, 0.25), nd.arange(5, 0, -2))
print(nd.arange(3, dtype="int32"), nd.arange(3).dtype, nd.arange(0, 6, 2, repeat=2))
print(nd.arange(2.5), nd.arange(start=1, stop=4))
attempt(lambda: nd.arange(3, 3).shape)

# %% arange_like
print(nd.contrib.arange_like(nd.zeros((2, 3))), nd.contrib.arange_like(nd.zeros((2, 3)), axis=1))

# %% linspace
print(nd.linspace(0, 1, 5), nd.linspace(0, 1, 5, endpoint=False), nd.linspace(1, 2, 3, dtype="float64").dtype)

# %% eye
print(nd.eye(3), nd.eye(2, 3, 1), nd.eye(3, k=-1), nd.eye(2, dtype="int32"))

# %% diag
print(nd.diag(nd.array([1, 2])), nd.diag(nd.arange(6).reshape((2, 3))), nd.diag(nd.arange(3), k=1))
print(nd.arange(9).reshape((3, 3)).diag(k=-1))

# %% concatenate
print(nd.concatenate([nd.ones((1, 2)), nd.zeros((2, 2))]))
print(nd.concatenate([nd.ones((2, 1)), nd.zeros((2, 2))], axis=1))

# %% moveaxis
print(nd.moveaxis(nd.zeros((2, 3, 4)), 0, -1).shape, nd.moveaxis(nd.zeros((2, 3, 4)), 2, 0).shape)

# %% from_numpy
a = np.arange(6, dtype="float32").reshape(2, 3)
x = nd.from_numpy(a)
print(x, x.dtype)
print(a.flags.writeable)

# %% from_numpy_shares
a = np.arange(3, dtype="float32")
x = nd.from_numpy(a, zero_copy=True)
x[0] = 42
x.wait_to_read()
print(a, x)

# %% from_numpy_copies
a = np.arange(3, dtype="float32")
x = nd.from_numpy(a, zero_copy=False)
x[0] = 42
print(a, x, a.flags.writeable)

# %% asnumpy_copies
x = nd.ones(3)
a = x.asnumpy()
a[:] = 5
print(x, type(a).__name__, a.dtype)

# %% dlpack
x = nd.arange(4)
y = nd.from_dlpack(x.to_dlpack_for_write())
y[0] = 9
print(x, y)
z = nd.from_dlpack(nd.to_dlpack_for_read(x))
print(z)

# %% asscalar
print(nd.array([2.5]).asscalar(), nd.array([[3]]).asscalar(), nd.array([4], dtype="int32").asscalar())
attempt(lambda: nd.array([1, 2]).asscalar())
attempt(lambda: nd.zeros((2, 2)).asscalar())

# %% asscalar_types
print(type(nd.array([2.5]).asscalar()), type(nd.array([4], dtype="int32").asscalar()))

# %% conversions
print(bool(nd.array([2.5])), bool(nd.zeros(1)), bool(nd.array([[-1]])), bool(nd.array([])))
attempt(lambda: bool(nd.ones(2)))
attempt(lambda: bool(nd.ones((2, 2))))
print(float(nd.array([2.5]).asscalar()), int(nd.array([2.5]).asscalar()))

# %% truth_in_if
if nd.array([3]) > 2:
    print("more")
if not nd.array([0]):
    print("zero")

# %% len_and_iteration
x = nd.arange(6).reshape((3, 2))
print(len(x), len(nd.arange(4)))
for row in x:
    print(row)
print([float(v.asscalar()) for v in nd.arange(3)])

# %% contains
x = nd.array([1, 2, 3])
print([v.asscalar() for v in x], 2 in [v.asscalar() for v in x])

# %% unpacking
a, b = nd.array([[1, 2], [3, 4]])
print(a, b)

# %% attributes
x = nd.zeros((2, 3, 4))
print(x.shape, x.size, x.ndim, x.dtype, x.context, x.ctx, x.stype, x.T.shape)
print(x.grad, x.handle is not None)

# %% attributes_read_only
x = nd.zeros((2, 3))
for name in ["shape", "size", "dtype"]:
    try:
        setattr(x, name, 3)
    except AttributeError:
        print(name, "is read only")

# %% print_shapes
for shape in [(1,), (3,), (2, 2), (1, 3), (2, 1, 2), (1, 1, 1, 1)]:
    print(nd.ones(shape))

# %% print_repr_and_str
x = nd.array([1, 2])
print(repr(x) == str(x), repr(x), [x], (x,), {"a": x}, f"{x}")

# %% print_dtypes
for dtype in ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"]:
    print(nd.array([0, 1, 3], dtype=dtype))

# %% print_values
print(nd.array([1e-8, 1, 1e8]), nd.array([0.1, 0.25]), nd.array([float("inf"), float("nan"), -1]))
print(nd.array([1e10, 1]), nd.array([123456.789]), nd.array([-0.0, 0.0]))

# %% print_large
print(nd.arange(2000))
print(nd.zeros((100, 100)))

# %% print_long_row
print(nd.arange(30) / 7)

# %% astype
x = nd.array([1.7, -1.7, 300])
for dtype in ["int32", "int64", "float64", "float16", "bool"]:
    y = x.astype(dtype)
    print(y, y.dtype)

# %% astype_copy
x = nd.ones(2)
print(x.astype("float32") is x, x.astype("float32", copy=False) is x, x.astype("float64", copy=False) is x)

# %% cast_and_amp
print(nd.cast(nd.array([1.9]), dtype="int32"), nd.Cast(nd.array([1]), dtype="float64").dtype)

# %% unknown_dtype
try:
    nd.zeros(2, dtype="foo")
except Exception as error:
    print(type(error).__name__)

# %% copy
x = nd.ones(2)
y = x.copy()
y[:] = 5
print(x, y)

# %% copyto
x, y = nd.ones(2), nd.zeros(2)
z = x.copyto(y)
print(y, z is y)
attempt(lambda: x.copyto(nd.zeros(3)))
attempt(lambda: x.copyto(3))

# %% copyto_itself
x = nd.ones(2)
print(x.copyto(x))

# %% copyto_other_dtype
x, y = nd.array([1.5, 2]), nd.zeros(2, dtype="int32")
x.copyto(y)
print(y)

# %% wait
x = nd.ones(2)
x.wait_to_read()
print(x.wait_to_read(), nd.waitall())

# %% hash_and_identity
x, y = nd.ones(2), nd.ones(2)
print(x is y, len({id(x), id(y)}))

# %% pickle
import pickle

x = pickle.loads(pickle.dumps(nd.array([[1, 2]], dtype="int32")))
print(x, x.dtype)

# %% copy_module
import copy

x = nd.ones(2)
y = copy.deepcopy(x)
y[:] = 3
z = copy.copy(x)
z[:] = 4
print(x, y, z)

# %% bad_creation
attempt(lambda: nd.array())
attempt(lambda: nd.zeros((-2, 3)).shape)

# %% unknown_function
try:
    nd.this_is_no_function(1)
except AttributeError:
    print("AttributeError")

# %% zeros_as_numpy_equal
print((nd.zeros((2, 2)).asnumpy() == np.zeros((2, 2))).all(), nd.ones(3).asnumpy().tolist())

# %% tolist_of_numpy
print(nd.array([[1.5, 2], [3, 4]]).asnumpy().tolist(), nd.array([1], dtype="int64").asnumpy().tolist())

# %% one_element_as_a_number
import pickle

one = nd.array([[1, 2], [3, 4]]).mean().asnumpy()
print("loss %f, %d, %.2f" % (one, one, one * 2), float(one), int(one), complex(one))
print(one, repr(one), type(one), one.dtype, isinstance(one, np.ndarray), one.tolist())
print(type(pickle.loads(pickle.dumps(one))), "%.1f" % nd.ones((1, 1)).asnumpy())

# %% sizes_one_by_one
attempt(lambda: nd.zeros(2, 3))
attempt(lambda: nd.ones(2, 3))
