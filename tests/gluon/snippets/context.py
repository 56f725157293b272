# %% classes
print(type(mx.cpu()), mx.Context, init.InitDesc)

# %% repr
print(mx.cpu(), mx.cpu(0), mx.cpu(1), mx.gpu(), mx.gpu(2))
print(repr(mx.cpu()), str(mx.gpu(1)), mx.cpu_pinned())

# %% attributes
print(mx.cpu().device_type, mx.cpu().device_id, mx.gpu(3).device_type, mx.gpu(3).device_id)
print(mx.cpu().device_typeid, mx.gpu().device_typeid)

# %% equality_and_hash
print(mx.cpu() == mx.cpu(0), mx.cpu(0) == mx.cpu(1), mx.cpu() == mx.gpu(), mx.cpu() == "cpu(0)")
print(len({mx.cpu(), mx.cpu(0), mx.gpu(0)}), hash(mx.cpu()) == hash(mx.cpu(0)))

# %% constructor
print(mx.Context("cpu", 1), mx.Context("gpu"), mx.Context(mx.cpu(2)))
attempt(lambda: mx.Context("foo"))

# %% current
print(mx.current_context(), context.current_context())
with mx.Context("cpu", 1):
    print(mx.current_context(), nd.zeros(1).context)
with mx.cpu(2):
    print(mx.current_context())
    with mx.cpu(3):
        print(mx.current_context())
    print(mx.current_context())
print(mx.current_context())


# %% current_per_thread
def look():
    print(mx.current_context())


with mx.cpu(2):
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

# %% array_context
x = nd.ones(2)
print(x.context, x.ctx, nd.ones(2, ctx=mx.cpu(1)).context)
print(nd.ones(2, ctx=mx.cpu(1)))

# %% as_in_context
x = nd.ones(2)
y = x.as_in_context(mx.cpu(0))
z = x.as_in_context(mx.cpu(1))
print(y is x, z.context, z)

# %% copyto_context
x = nd.ones(2)
y = x.copyto(mx.cpu(1))
print(y.context, y is x)

# %% num_gpus
print(isinstance(mx.context.num_gpus(), int))


# %% try_gpu
def try_gpu():
    try:
        ctx = mx.gpu(97)
        _ = nd.zeros((1,), ctx=ctx)
    except mx.base.MXNetError:
        ctx = mx.cpu()
    return ctx


print(try_gpu())

# %% module
print(context.cpu is mx.cpu, context.gpu is mx.gpu, context.Context is mx.Context)

# %% empty_cache_and_waitall
nd.waitall()
mx.nd.waitall()
print("done")

# %% modules
print(mx.nd is nd, mx.autograd is autograd, mx.gluon is gluon, mx.init is init, mx.random.seed is not None)
from mxnet import ndarray
from mxnet.ndarray import NDArray
from mxnet.gluon import nn as layers

print(ndarray is nd or ndarray.NDArray is nd.NDArray, NDArray is nd.NDArray, layers is nn)

# %% error_class
print(mx.MXNetError is mx.base.MXNetError, issubclass(mx.MXNetError, RuntimeError))
