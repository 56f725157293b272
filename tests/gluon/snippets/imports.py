# %% ways_to_import
from mxnet.gluon.block import Block as B
from mxnet.gluon.block import HybridBlock as H
from mxnet.gluon.loss import L2Loss
from mxnet.gluon.nn import Dense, Sequential
from mxnet.gluon.parameter import Constant, Parameter, ParameterDict
from mxnet.gluon.trainer import Trainer
from mxnet.gluon.utils import split_and_load
from mxnet.initializer import Xavier

print(B is Block, H is HybridBlock, L2Loss is gloss.L2Loss, Dense is nn.Dense, Sequential is nn.Sequential)
print(Constant is gluon.Constant, Parameter is gluon.Parameter, ParameterDict is gluon.ParameterDict)
print(Trainer is gluon.Trainer, split_and_load is utils.split_and_load, Xavier is init.Xavier)

# %% modules_of_the_package
import mxnet.autograd
import mxnet.gluon.data
import mxnet.gluon.nn
import mxnet.ndarray
import mxnet.optimizer
import mxnet.random

print(mxnet.autograd is autograd, mxnet.gluon.nn is nn, mxnet.gluon.data is gdata, mxnet is mx)

# %% classes_in_nn
print(
    nn.Block is Block, nn.HybridBlock is HybridBlock, gluon.nn is nn, gluon.loss is gloss, gluon.data is gdata
)

# %% array_class
from mxnet.ndarray import NDArray
from mxnet.ndarray import array as make

print(NDArray is nd.NDArray, isinstance(nd.ones(1), NDArray), mx.nd.NDArray is NDArray, make is nd.array)

# %% names_in_mx
for name in ["nd", "autograd", "init", "initializer", "random", "context", "name", "gluon", "cpu", "gpu", "optimizer",
             "lr_scheduler", "Context", "current_context", "MXNetError", "base", "ndarray", "cpu_pinned"]:  # fmt: skip
    print(name, hasattr(mx, name))

# %% names_in_nn
for name in ["Dense", "Dropout", "BatchNorm", "LayerNorm", "Embedding", "Flatten", "Lambda", "HybridLambda",
             "Activation", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "Swish", "Conv1D", "Conv2D", "Conv3D",
             "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "MaxPool1D", "AvgPool3D", "GlobalMaxPool2D",
             "Sequential", "HybridSequential", "InstanceNorm", "GroupNorm", "ReflectionPad2D"]:  # fmt: skip
    print(name, hasattr(nn, name))

# %% star
from mxnet.gluon.nn import *

print(Dense is nn.Dense, MaxPool2D is nn.MaxPool2D)

# %% printing_follows_numpy
np.set_printoptions(precision=3, suppress=True)
print(nd.array([1 / 3, 1e-7, 100]))
np.set_printoptions(precision=8, suppress=False)
print(nd.array([1 / 3]))

# %% class_names
net = nn.Dense(1, in_units=1)
net.initialize()
print(type(net), type(net.weight), type(net.params), type(net.weight.data()), type(mx.cpu()))
print(type(net).__name__, type(net.weight).__name__, type(net.collect_params()).__name__)
