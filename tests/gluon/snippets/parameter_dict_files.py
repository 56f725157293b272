# %% save_and_load
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.get("bias", shape=(2,))
params.initialize(init.One())
params.save("f.params")
print(sorted(nd.load("f.params").items()))
params["net_weight"].set_data(nd.zeros((2, 2)))
params.load("f.params")
print(params["net_weight"].data())

# %% save_strip_prefix
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.initialize(init.One())
params.save("f.params", strip_prefix="net_")
print(nd.load("f.params"))
params.load("f.params", restore_prefix="net_")
other = ParameterDict("other_")
other.get("weight", shape=(2, 2))
other.load("f.params", restore_prefix="other_")
print(other["other_weight"].data())

# %% save_bad_prefix
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.initialize(init.One())
params.save("f.params", strip_prefix="foo_")

# %% save_not_initialized
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.save("f.params")

# %% load_bad_restore_prefix
params = ParameterDict("net_")
params.get("weight", shape=(2, 2))
params.initialize(init.One())
params.save("f.params", strip_prefix="net_")
params.load("f.params", restore_prefix="foo_")

# %% load_missing
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.initialize(init.One())
params.save("f.params")
params.get("b", shape=(2,))
attempt(lambda: params.load("f.params"))
params.load("f.params", allow_missing=True)
print(params["net_a"].data())

# %% load_extra
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.get("b", shape=(2,))
params.initialize(init.One())
params.save("f.params")
fewer = ParameterDict("net_")
fewer.get("a", shape=(2,))
attempt(lambda: fewer.load("f.params"))
fewer.load("f.params", ignore_extra=True)
print(fewer["net_a"].data())

# %% load_missing_many
params = ParameterDict("net_")
for index in range(10):
    params.get(f"p{index}", shape=(2,))
params.initialize(init.One())
params.save("f.params")
other = ParameterDict("net_")
other.get("q", shape=(2,))
attempt(lambda: other.load("f.params"))
attempt(lambda: other.load("f.params", allow_missing=True))

# %% load_wrong_shape
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.initialize(init.One())
params.save("f.params")
other = ParameterDict("net_")
other.get("a", shape=(4,))
other.load("f.params")

# %% load_dtype
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.initialize(init.One())
params.save("f.params")
other = ParameterDict("net_")
a = other.get("a", shape=(2,), dtype="float16")
attempt(lambda: other.load("f.params"))
other.load("f.params", cast_dtype=True)
print(a.data().dtype, a.dtype)
other.load("f.params", cast_dtype=True, dtype_source="saved")
print(a.data().dtype, a.dtype)
attempt(lambda: other.load("f.params", cast_dtype=True, dtype_source="foo"))

# %% load_into_uninitialized
params = ParameterDict("net_")
params.get("a", shape=(2,))
params.initialize(init.One())
params.save("f.params")
other = ParameterDict("net_")
a = other.get("a", shape=(0,), allow_deferred_init=True)
other.load("f.params")
print(a, a.data())

# %% load_missing_file
params = ParameterDict("net_")
params.get("a", shape=(2,))
try:
    params.load("none.params")
except mx.MXNetError as error:
    print("MXNetError", "none.params" in str(error))
