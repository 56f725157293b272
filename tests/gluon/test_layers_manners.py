"""What layers refuse, how containers behave, and what a user's subclass may change."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from glueball.mxnet import MXNetError, autograd, nd
from glueball.mxnet.gluon import HybridBlock, loss, nn


def ran(layer, *shape, dtype="float32"):
    layer.initialize()
    return layer(nd.ones(shape, dtype=dtype))


# What real MXNet 1.9.1 raises: the class, and the sentence in its message.
REFUSED = [
    (lambda: nn.Conv1D(2, 3, layout="NWC"), AssertionError, "Only supports 'NCW' layout for now"),
    (lambda: nn.Conv2D(2, 3, layout="A"), AssertionError, "Only supports 'NCHW' and 'NHWC' layout for now"),
    (lambda: nn.Conv2D(2, (3,)), AssertionError, "kernel_size must be a number or a list of 2 ints"),
    (
        lambda: nn.Conv2D(2, 3, strides=(1, 1, 1)),
        MXNetError,
        "Stride must have the same number of dimensions with kernel_size,but kernel_size is set to [3,3] "
        "while stride is [1,1,1]",
    ),
    (
        lambda: nn.Conv2D(3, 3, groups=2, in_channels=4),
        MXNetError,
        "output num_filter must divide group size",
    ),
    (lambda: nn.Conv2D(3, 3, strides=0), MXNetError, "incorrect stride size: [0,0]"),
    (lambda: nn.Conv2DTranspose(3, 3, output_padding=1), MXNetError, "adj(y) must be samller than stride[0]"),
    (lambda: nn.Conv3DTranspose(3, 3, dilation=2), MXNetError, "Dilate is not supported in 3d deconvolution"),
    (
        lambda: nn.MaxPool3D(layout="NHWC"),
        AssertionError,
        "Only NCDHW and NDHWC layouts are valid for 3D Pooling",
    ),
    (lambda: nn.AvgPool1D((2, 2)), AssertionError, "pool_size must be a number or a list of 1 ints"),
    (lambda: nn.ReflectionPad2D((1, 1)), AssertionError, ""),
    (
        lambda: nn.LeakyReLU(-1),
        AssertionError,
        "Slope coefficient for LeakyReLU must be no less than 0.",
    ),
    (lambda: nn.Lambda("nothing"), AssertionError, "Function name nothing is not found in ndarray."),
    (
        lambda: nn.HybridLambda("nothing"),
        AssertionError,
        "Function name nothing is not found in symbol/ndarray.",
    ),
    (lambda: nn.Lambda(3), ValueError, "Unrecognized function in lambda: 3 of type <class 'int'>"),
    (lambda: nn.Embedding(3, 2, sparse_grad=True), NotImplementedError, "torch.nn.Embedding"),
    (
        lambda: loss.LogisticLoss(label_format="foo"),
        ValueError,
        "label_format can only be signed or binary, recieved foo.",
    ),
    (
        lambda: loss.CTCLoss(layout="X"),
        AssertionError,
        "Only 'NTC' and 'TNC' layouts for pred are supported. Got: X",
    ),
    (
        lambda: ran(nn.Dense(3, in_units=3), 2, 7),
        MXNetError,
        "Shape inconsistent, Provided = [3,3], inferred shape=(3,7)",
    ),
    (
        lambda: ran(nn.Conv2D(4, 3, in_channels=2), 2, 3, 7, 6),
        MXNetError,
        "Shape inconsistent, Provided = [4,2,3,3], inferred shape=(4,3,3,3)",
    ),
    (
        lambda: ran(nn.LayerNorm(in_channels=4), 2, 5),
        MXNetError,
        "Shape inconsistent, Provided = [4], inferred shape=[5]",
    ),
    (
        lambda: ran(nn.Dense(3), 2, 3, dtype="float64"),
        MXNetError,
        "Incompatible attr in node  at 1-th input: expected float64, got float32",
    ),
    (
        lambda: ran(nn.Conv1D(3, 2), 2, 3, 4, dtype="float64"),
        MXNetError,
        "This layer requires uniform type. Expected 'float64' v.s. given 'float32' at 'weight'",
    ),
    (
        lambda: ran(nn.BatchNorm(), 2, 3, dtype="float64"),
        MXNetError,
        "This layer requires uniform type. Expected 'float64' v.s. given 'float32' at 'gamma'",
    ),
    (
        lambda: ran(nn.Conv2D(4, 3, in_channels=3), 3, 7, 6),
        MXNetError,
        "Input data should be 4D in batch-num_filter-y-x",
    ),
    (
        lambda: ran(nn.Conv2D(4, 9), 2, 3, 7, 6),
        ValueError,
        "Deferred initialization failed because shape cannot be inferred. MXNetError: Error in operator",
    ),
    (lambda: ran(nn.Conv2D(4, 9, in_channels=3), 2, 3, 7, 6), MXNetError, "kernel size exceed input"),
    (
        lambda: ran(nn.Dense(2, activation="foo"), 2, 3),
        ValueError,
        "MXNetError: Invalid Input: 'foo', valid values are: {'relu', 'sigmoid', 'softrelu', 'softsign', "
        "'tanh'}",
    ),
    (lambda: ran(nn.Activation("foo"), 2), MXNetError, "Invalid Input: 'foo', valid values are:"),
    (lambda: ran(nn.BatchNorm(axis=5), 2, 3), ValueError, "Channel axis out of range: 5"),
    (lambda: ran(nn.GroupNorm(3), 2, 4, 3), MXNetError, "# of channels must be divisible by # of groups"),
    (
        lambda: ran(nn.InstanceNorm(), 2, 3),
        MXNetError,
        "InstanceNorm only supports input tensors of rank >= 3.",
    ),
    (lambda: ran(nn.MaxPool2D(), 3, 7, 6), MXNetError, "Input data should be 4D in (batch, channel, y, x)"),
    (
        lambda: ran(nn.MaxPool2D(9), 2, 3, 7, 6),
        MXNetError,
        "kernel size (9) exceeds input (7 padded to 7)",
    ),
    (
        lambda: ran(nn.AvgPool1D(3, 0), 2, 3, 7),
        MXNetError,
        "value [0]for Parameter stride is invalid, the input shape must be nonzero in all dimensions",
    ),
    (
        lambda: ran(nn.ReflectionPad2D(3), 1, 2, 3, 4),
        MXNetError,
        "Current implementation of reflection padding only supports padding sizes smaller than the input "
        "size.",
    ),
    (lambda: ran(nn.Dropout(1.5), 2, 3), MXNetError, "value 1.5 for Parameter p exceed bound [0,1]"),
    (lambda: ran(nn.Dropout(0.5, axes=(5,)), 2, 3), MXNetError, "index = 5 must be in range [0, 2)"),
    (
        lambda: ran(nn.Dropout(0.5), 2, 3, dtype="int32"),
        MXNetError,
        "This operation only support floating point types, not int32",
    ),
    (lambda: nn.Dense(2)(3), ValueError, "In HybridBlock, there must be one NDArray or one Symbol"),
    (lambda: nn.Dense(2)(nd.ones((2, 3))), RuntimeError, "has not been initialized. Note that you should"),
    (
        lambda: loss.L2Loss()(nd.ones((2, 3)), nd.ones((2, 4))),
        ValueError,
        "Cannot reshape array of size 8 into shape (2, 3)",
    ),
    (
        lambda: loss.L1Loss()(nd.ones((2, 3)), nd.ones((2, 3), dtype="int32")),
        MXNetError,
        "Incompatible attr in node  at 1-th input: expected int32, got float32",
    ),
    (lambda: loss.L1Loss("a")(nd.ones(2), nd.ones(2)), AssertionError, "weight must be a number"),
    (
        lambda: loss.L2Loss(batch_axis=3)(nd.ones((2, 3)), nd.ones((2, 3))),
        MXNetError,
        "Reduction axis 3 Exceeds input dimensions [2,3]",
    ),
    (
        lambda: loss.L2Loss()(nd.ones((2, 3)), nd.ones((2, 3)), nd.ones(2)),
        MXNetError,
        "operands could not be broadcast together with shapes [2,3] [2]",
    ),
    (
        lambda: loss.SoftmaxCELoss()(nd.ones((2, 3)), nd.ones(3)),
        MXNetError,
        "Shape inconsistent, Provided = [3], inferred shape=[2]",
    ),
    (
        lambda: loss.CTCLoss()(nd.ones((2, 3, 4)), nd.ones((2, 5))),
        MXNetError,
        "The max number of labels cannot exceed the maximum sequence length of the data.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_refuses(call, kind, text):
    with pytest.raises(kind) as raised:
        call()
    assert text in str(raised.value)


def test_a_layer_that_refused_works_afterwards(capsys):
    layer = nn.Conv2D(4, 3)
    layer.initialize()
    with pytest.raises(ValueError, match="Input data should be 4D"):
        layer(nd.ones((3, 7, 6)))
    assert capsys.readouterr().out == "infer_shape error. Arguments:\n  data: (3, 7, 6)\n"
    assert layer.weight.shape == (4, 0, 3, 3)
    assert layer(nd.ones((2, 5, 7, 6))).shape == (2, 4, 5, 4)
    with pytest.raises(MXNetError, match="Shape inconsistent"):
        layer(nd.ones((2, 3, 7, 6)))
    assert layer(nd.ones((2, 5, 7, 6))).shape == (2, 4, 5, 4)


def test_sequential_is_a_list():
    net = nn.Sequential()
    net.add(nn.Dense(2), nn.Dense(3), nn.Dense(4))
    assert len(net) == 3
    assert net[0] is next(iter(net)) and net[-1] is net[2]
    part = net[1:]
    assert type(part) is nn.Sequential and part[0] is net[1] and part.prefix == net.prefix
    assert [layer.name for layer in net[::2]] == [net[0].name, net[2].name]
    with pytest.raises(IndexError, match="list index out of range"):
        net[3]
    with pytest.raises(TypeError, match="list indices must be integers or slices, not str"):
        net["a"]


@pytest.mark.parametrize("kind", [nn.Sequential, nn.HybridSequential])
def test_several_values_go_through(kind):
    class Fork(HybridBlock):
        def hybrid_forward(self, F, x):
            return x, x + 1

    class Join(HybridBlock):
        def hybrid_forward(self, F, x, y):
            return x * 2, y * 3

    net = kind()
    net.add(Fork(), Join())
    assert [y.asscalar() for y in net(nd.ones(1))] == [2, 6]
    assert [y.item() for y in net(torch.ones(1))] == [2, 6]


def test_an_empty_one_gives_what_it_gets():
    x = nd.ones(2)
    assert nn.HybridSequential()(x) is x


def test_sequential_warns_of_hybridize():
    net = nn.Sequential()
    net.add(nn.Dense(2))
    with pytest.warns(UserWarning, match="Consider using HybridSequential for the best performance."):
        net.hybridize()
    hybrid = nn.HybridSequential()
    hybrid.add(nn.Dense(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hybrid.hybridize()
        nn.Sequential().hybridize()


def test_classes_are_mxnets():
    assert repr(nn.BatchNorm) == "<class 'mxnet.gluon.nn.basic_layers.BatchNorm'>"
    assert repr(nn.MaxPool2D) == "<class 'mxnet.gluon.nn.conv_layers.MaxPool2D'>"
    assert repr(nn.Sequential) == "<class 'mxnet.gluon.nn.basic_layers.Sequential'>"
    assert repr(nn.PReLU) == "<class 'mxnet.gluon.nn.activations.PReLU'>"
    assert repr(loss.L2Loss) == "<class 'mxnet.gluon.loss.L2Loss'>"
    assert not isinstance(nn.HybridSequential(), nn.Sequential)


@pytest.mark.parametrize("layer", [nn.Flatten(), nn.Dropout(0.5), nn.Dropout(0), nn.ReflectionPad2D()])
def test_results_have_memory_of_their_own(layer):
    x = nd.ones((1, 1, 2, 3))
    y = layer(x)
    y[:] = 5
    assert (x.asnumpy() == 1).all()


def test_running_statistics_move_in_the_backward_pass():
    layer = nn.BatchNorm(momentum=0.5)
    layer.initialize()
    x = nd.array([[1, 2], [3, 8]])
    layer(x)
    with autograd.record():
        y = layer(x)
    with autograd.train_mode():
        layer(x)
    assert layer.running_mean.data().asnumpy().tolist() == [0, 0]
    y.backward()
    np.testing.assert_allclose(layer.running_mean.data().asnumpy(), [1, 2.5])
    np.testing.assert_allclose(layer.running_var.data().asnumpy(), [1, 5], rtol=1e-6)


def test_fixed_gamma_is_one():
    layer = nn.BatchNorm(scale=False, in_channels=2)
    layer.initialize()
    layer.gamma.set_data(nd.array([3, 4]))
    np.testing.assert_allclose(layer(nd.ones((1, 2))).asnumpy(), 1, rtol=1e-4)
    assert layer.gamma.data().asnumpy().tolist() == [1, 1]


def test_arguments_can_be_changed_later():
    layer = nn.BatchNorm(in_channels=2)
    layer.initialize()
    layer._kwargs["use_global_stats"] = True
    with autograd.record():
        assert layer(nd.ones((3, 2))).asnumpy().max() > 0.9
    conv = nn.Conv2D(2, 3, in_channels=1)
    conv.initialize()
    conv._kwargs["stride"] = (2, 2)
    assert conv(nd.ones((1, 1, 7, 7))).shape == (1, 2, 3, 3)


def test_channels_last():
    x = np.random.RandomState(0).standard_normal((2, 6, 5, 3)).astype("f")
    layers = [
        (nn.Conv2D(4, 3, layout="NHWC"), nn.Conv2D(4, 3)),
        (nn.Conv2DTranspose(4, 3, layout="NHWC", strides=2), nn.Conv2DTranspose(4, 3, strides=2)),
    ]
    for last, first in layers:
        y = ran_with(last, nd.array(x))
        z = ran_with(first, nd.array(x.transpose(0, 3, 1, 2)))
        first.weight.set_data(nd.array(last.weight.data().asnumpy().transpose(0, 3, 1, 2)))
        z = first(nd.array(x.transpose(0, 3, 1, 2)))
        np.testing.assert_allclose(y.asnumpy(), z.asnumpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-6)
    for kind in (nn.MaxPool2D, nn.AvgPool2D, nn.GlobalMaxPool2D, nn.GlobalAvgPool2D):
        y = kind(layout="NHWC")(nd.array(x)).asnumpy()
        z = kind()(nd.array(x.transpose(0, 3, 1, 2))).asnumpy()
        np.testing.assert_allclose(y, z.transpose(0, 2, 3, 1), rtol=1e-6)


def ran_with(layer, x):
    layer.initialize()
    return layer(x)


class Doubled(nn.Dense):
    """A user's own layer that changes what a built-in one computes."""

    def hybrid_forward(self, F, x, weight, bias=None):
        return super().hybrid_forward(F, x, weight * 2, bias)


class Shifted(nn.Dense):
    def forward(self, x):
        return super().forward(x) + 1


class Stacked(nn.HybridSequential):
    def hybrid_forward(self, F, x):
        return super().hybrid_forward(F, x) * 2


@pytest.mark.parametrize("wrap", [nd.array, lambda values: torch.tensor(values, dtype=torch.float32)])
def test_a_subclass_computes_its_own(wrap):
    x = wrap([[1.0, 2.0]])
    for kind, wanted in ((Doubled, 6), (Shifted, 4)):
        layer = kind(1, weight_initializer="ones", activation="relu")
        layer.initialize()
        y = layer(x)
        assert type(y) is type(x)
        assert y.detach()[0, 0] == wanted
    net = Stacked()
    net.add(nn.Dense(1, weight_initializer="ones"))
    net.initialize()
    y = net(x)
    assert type(y) is type(x) and y.detach()[0, 0] == 6


def test_an_activations_hooks_run():
    layer = nn.Dense(2, activation="relu", in_units=3)
    layer.initialize()
    seen = []
    layer.act.register_forward_hook(lambda block, inputs, output: seen.append(type(output)))
    layer(nd.ones((1, 3)))
    layer(torch.ones(1, 3))
    assert seen == [nd.NDArray, torch.Tensor]


def test_a_users_loss():
    class Distance(loss.Loss):
        def hybrid_forward(self, F, pred, label, sample_weight=None):
            value = (pred - loss._reshape_like(F, label, pred)) ** 2
            return loss._apply_weighting(F, value, self._weight, sample_weight)

    function = Distance(3, 0)
    pred = nd.array([[1], [2]])
    assert function(pred, nd.array([0, 0])).asnumpy().tolist() == [[3], [12]]
    assert function(torch.tensor([[1.0], [2.0]]), torch.zeros(2)).tolist() == [[3], [12]]
    assert repr(function) == "Distance(batch_axis=0, w=3)"
