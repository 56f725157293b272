FLOATS = ["float16", "float32", "float64"]
INTS = ["uint8", "int8", "int32", "int64"]

# %% elementwise
x, y = nd.array([[1, 2], [3, 4]]), nd.array([[5, 6], [7, 8]])
print(x + y, x - y, x * y, x / y, x**y, x % y)

# %% scalars
x = nd.array([1, 2, 3])
print(x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, x**2, 2**x, x % 2, 5 % x, -x)

# %% broadcasting
x, y = nd.arange(3).reshape((3, 1)), nd.arange(2).reshape((1, 2))
print(x + y, x * y, nd.ones((2, 3)) + nd.arange(3), nd.ones((2, 1, 3)) * nd.ones((4, 1)) * 2)

# %% broadcasting_errors
x = nd.ones((2, 3))
attempt(lambda: x + nd.ones(4))
attempt(lambda: x * nd.ones((3, 2)))
attempt(lambda: x - nd.ones((2, 3, 2)))
attempt(lambda: x > nd.ones(2))

# %% broadcast_ranks
x = nd.ones((2, 3))
print(
    (x + nd.ones(1)).shape,
    (x + nd.ones((1, 1))).shape,
    (nd.ones((1, 2, 3)) + x).shape,
    (nd.ones(3) + x).shape,
)

# %% same_dtypes
for dtype in FLOATS + INTS:
    x, y = nd.array([7, 5], dtype=dtype), nd.array([2, 3], dtype=dtype)
    for z in [x + y, x - y, x * y, x / y, x % y, x**y]:
        print(dtype, z.asnumpy().tolist(), z.dtype.__name__)

# %% mixed_dtypes_add
for one in FLOATS + INTS + ["bool"]:
    for other in FLOATS + INTS + ["bool"]:
        try:
            print(one, other, (nd.array([1, 1], dtype=one) + nd.array([1, 1], dtype=other)).asnumpy().dtype)
        except mx.MXNetError:
            print(one, other, "MXNetError")

# %% mixed_dtypes_other
for f in [lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y, lambda x, y: x % y, lambda x, y: x**y]:
    for one, other in [
        ("float32", "int32"),
        ("int32", "float32"),
        ("float32", "float64"),
        ("int32", "int64"),
    ]:
        try:
            z = f(nd.array([7, 5], dtype=one), nd.array([2, 3], dtype=other))
            print(one, other, z.dtype.__name__, z.asnumpy().tolist())
        except mx.MXNetError:
            print(one, other, "MXNetError")

# %% mixed_dtypes_message
attempt(lambda: nd.ones(2) + nd.ones(2, dtype="float64"))

# %% integers_and_scalars
for dtype in INTS:
    x = nd.array([7, 5], dtype=dtype)
    for z in [x + 1, x + 1.5, x - 1, 1 - x, x * 2.5, x / 2, 2 / x, x**2, x % 3, -x]:
        print(dtype, z.asnumpy().tolist(), z.dtype.__name__)

# %% halves_and_scalars
x = nd.array([1, 2], dtype="float16")
print((x + 1).dtype, (x * 0.1), (x / 3), (2 / x).dtype, (x**0.5))

# %% bool_arithmetic
x = nd.array([1, 0], dtype="bool")
attempt(lambda: (x + x).asnumpy().tolist())
attempt(lambda: (x * 2).asnumpy().tolist())

# %% numpy_scalars
x = nd.array([1, 2])
print(x + np.float32(1.5), x * np.float64(2), x + np.int64(1))

# %% numpy_arrays
x = nd.array([1, 2])
attempt(lambda: x + np.array([1, 2]))

# %% inplace
x = nd.array([1, 2, 3])
y = x
y += 1
y *= 2
y -= nd.array([1, 1, 1])
y /= 2
print(x, y is x)

# %% inplace_power_and_modulo
x = nd.array([5, 7])
x %= 4
print(x)
try:
    x **= 2
    print(x)
except Exception as error:
    print(type(error).__name__)

# %% inplace_on_integers
x = nd.array([5, 7], dtype="int32")
x += 1.7
print(x, x.dtype)
x *= 2
print(x)

# %% inplace_division_of_integers
x = nd.array([5, 7], dtype="int32")
x /= 2
print(x, x.dtype)

# %% inplace_broadcast
x = nd.ones((2, 3))
x += nd.array([1, 2, 3])
x *= nd.array([[1], [10]])
print(x)
y = nd.ones(3)
attempt(lambda: y.__iadd__(nd.ones((2, 3))))

# %% inplace_other_dtype
x = nd.ones(2)
attempt(lambda: x.__iadd__(nd.ones(2, dtype="float64")))

# %% inplace_memory
x = nd.ones(2)
before = id(x)
x[:] = x + 1
print(id(x) == before, x)
x += 1
print(id(x) == before)
x = x + 1
print(id(x) == before)

# %% out_argument
x, y, z = nd.ones(2), nd.ones(2) * 2, nd.zeros(2)
result = nd.elemwise_add(x, y, out=z)
print(z, result is z)
nd.relu(nd.array([-1, 1]), out=z)
print(z)

# %% comparisons
x, y = nd.array([1, 2, 3]), nd.array([3, 2, 1])
print(x == y, x != y, x > y, x >= y, x < y, x <= y)

# %% comparisons_with_scalars
x = nd.array([1, 2, 3])
print(x == 2, x != 2, x > 2, x >= 2, x < 2, x <= 2, 2 > x, 2 == x)

# %% comparison_dtypes
for dtype in FLOATS + INTS:
    x = nd.array([1, 2], dtype=dtype)
    print(dtype, (x > 1).dtype.__name__, (x == x).dtype.__name__)

# %% comparison_broadcast
print(nd.arange(3).reshape((3, 1)) > nd.arange(2), nd.ones((2, 2)) == nd.ones(2))

# %% comparison_with_none_and_others
x = nd.ones(2)
attempt(lambda: x == None)
attempt(lambda: x != "a")
attempt(lambda: x > None)

# %% nan_comparisons
x = nd.array([float("nan"), 1])
print(x == x, x != x, x > 0, x < 0)

# %% logical
x, y = nd.array([0, 1, 2]), nd.array([0, 0, 3])
print(nd.logical_and(x, y), nd.logical_or(x, y), nd.logical_xor(x, y), nd.logical_not(x))
print(nd.logical_and(x, 1), nd.logical_or(0, x))

# %% named_operations
x, y = nd.array([4, 9]), nd.array([2, 3])
print(nd.add(x, y), nd.subtract(x, y), nd.multiply(x, y), nd.divide(x, y), nd.power(x, y), nd.modulo(x, y))
print(
    nd.add(x, 1), nd.subtract(1, x), nd.multiply(2, x), nd.divide(1, x), nd.power(2, y), nd.true_divide(x, 2)
)
print(
    nd.equal(x, y),
    nd.not_equal(x, 4),
    nd.greater(x, y),
    nd.lesser(x, y),
    nd.greater_equal(x, 4),
    nd.lesser_equal(x, 4),
)

# %% numbers_only
print(nd.add(1, 2), nd.multiply(2, 3), nd.maximum(2, 5))

# %% maximum_minimum
x, y = nd.array([1, 5, 3]), nd.array([4, 2, 3])
print(
    nd.maximum(x, y),
    nd.minimum(x, y),
    nd.maximum(x, 2),
    nd.minimum(2, x),
    nd.broadcast_maximum(x, nd.array([2])),
)

# %% elemwise
x, y = nd.array([1, 2]), nd.array([3, 4])
print(nd.elemwise_add(x, y), nd.elemwise_sub(x, y), nd.elemwise_mul(x, y), nd.elemwise_div(x, y))
attempt(lambda: nd.elemwise_add(x, nd.ones(3)))

# %% broadcast_named
x, y = nd.array([[1], [2]]), nd.array([[3, 4]])
print(nd.broadcast_add(x, y), nd.broadcast_sub(x, y), nd.broadcast_mul(x, y), nd.broadcast_div(x, y))
print(nd.broadcast_power(x, y), nd.broadcast_mod(y, x), nd.broadcast_equal(x, y), nd.broadcast_greater(x, y))
print(
    nd.broadcast_minus(x, y),
    nd.broadcast_plus(x, y),
    nd.broadcast_hypot(x, y),
    nd.broadcast_logical_and(x, y),
)

# %% add_n
print(nd.add_n(nd.ones(2), nd.ones(2), nd.ones(2)), nd.ElementWiseSum(nd.ones(1), nd.ones(1)))

# %% modulo_signs
x = nd.array([-5, 5, -5.5])
print(x % 3, x % -3, nd.array([-7], dtype="int32") % 3, x % 0)

# %% division_by_zero
x = nd.array([1, -1, 0])
print(x / 0, 1 / x)

# %% power_corner_cases
print(nd.array([-8, 0, 2]) ** (1 / 3), nd.array([0.0]) ** 0, 0 ** nd.array([0.0, 2.0]))

# %% negation_and_abs
x = nd.array([1, -2])
print(-x, abs(x), x.abs(), nd.negative(x))
print(-nd.array([1, 2], dtype="uint8"))

# %% overflow_of_integers
x = nd.array([250, 5], dtype="uint8")
print(x + 10, x * 2, nd.array([127], dtype="int8") + 1)

# %% large_integers
x = nd.array([2**24 + 1], dtype="int32")
print(x, x + 1, nd.array([2**40 + 1], dtype="int64"), nd.array([2**24 + 1]))

# %% float_precision
print(
    nd.array([0.1]) + 0.2,
    nd.array([1e-8]) + 1,
    nd.array([0.1], dtype="float64") + 0.2,
    nd.array([16777216]) + 1,
)

# %% floor_division
try:
    print(nd.array([7, -7]) // 2)
except TypeError as error:
    print(type(error).__name__)

# %% matmul_operator
try:
    print(nd.ones((2, 2)) @ nd.ones((2, 2)))
except TypeError as error:
    print(type(error).__name__)

# %% strings_and_lists
x = nd.ones(2)
attempt(lambda: x + "a")
attempt(lambda: x + [1, 2])
attempt(lambda: x + None)

# %% chained
x = nd.array([1, 2, 3])
print((x - x.mean()) / (x - x.mean()).norm())

# %% smooth_and_mod_functions
print(nd.smooth_l1(nd.array([-2, -0.5, 0.5, 2]), scalar=1.0), nd.clip(nd.array([-2, 0.5, 2]), -1, 1))

# %% dot
x, y = nd.arange(6).reshape((2, 3)), nd.arange(6).reshape((3, 2))
print(nd.dot(x, y), nd.dot(nd.arange(3), nd.arange(3)), nd.dot(x, nd.arange(3)), nd.dot(nd.arange(2), x))

# %% dot_transposes
x, y = nd.arange(6).reshape((2, 3)), nd.arange(6).reshape((2, 3))
print(nd.dot(x, y, transpose_a=True), nd.dot(x, y, transpose_b=True))
print(nd.dot(x.T, y, transpose_a=True, transpose_b=True))

# %% dot_many_dimensions
x, y = nd.arange(24).reshape((2, 3, 4)), nd.arange(8).reshape((4, 2))
print(
    nd.dot(x, y),
    nd.dot(nd.ones((2, 3)), nd.ones((3, 4, 5))).shape,
    nd.dot(nd.ones((2, 3, 4)), nd.ones((4, 5, 6))).shape,
)

# %% dot_errors
attempt(lambda: nd.dot(nd.ones((2, 3)), nd.ones((2, 3))))
attempt(lambda: nd.dot(nd.ones(3), nd.ones(4)))
try:
    nd.dot(nd.ones((2, 2)), nd.ones((2, 2), dtype="float64"))
except mx.MXNetError:
    print("MXNetError")

# %% batch_dot
x, y = nd.arange(12).reshape((2, 2, 3)), nd.arange(12).reshape((2, 3, 2))
print(nd.batch_dot(x, y), nd.batch_dot(x, x, transpose_b=True), nd.batch_dot(x, x, transpose_a=True))
try:
    nd.batch_dot(x, nd.ones((3, 3, 2)))
except mx.MXNetError:
    print("MXNetError")

# %% linalg
x = nd.array([[4, 2], [2, 3]])
print(nd.linalg.gemm2(x, x), nd.linalg.potrf(x), nd.linalg.det(x), nd.linalg.inverse(x))
print(nd.linalg.gemm(x, x, x, alpha=2, beta=0.5), nd.linalg.syrk(x), nd.linalg_gemm2(x, x, transpose_b=True))

# %% khatri_rao_and_others
print(nd.khatri_rao(nd.array([[1, 2], [3, 4]]), nd.array([[5, 6], [7, 8]])))

# %% batch_dot_refused
for left, right in [
    ((2, 3, 4), (3, 4, 5)),
    ((2, 3, 4), (2, 3, 5)),
    ((2, 3, 4), (2, 2, 4, 5)),
    ((2, 3), (3, 2)),
]:
    attempt(lambda: nd.batch_dot(nd.ones(left), nd.ones(right)))
