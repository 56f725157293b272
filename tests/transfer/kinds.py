"""Each kind of layer in each framework that has it, by its settings; data have their channels last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from glueball.mxnet import nd
from glueball.mxnet.gluon import Block
from glueball.mxnet.gluon import nn as gluon
from transfer.zoo import Array, Twin

try:
    import keras
    from keras import layers

    from transfer.in_keras import twin as keras_twin
except ImportError:
    keras = None
try:
    from flax import nnx

    from transfer.in_nnx import twin as nnx_twin
except ImportError:
    nnx = None

Settings = Mapping[str, Any]
Build = Callable[..., Twin]


class Kind(NamedTuple):
    """A kind of layer: its settings, the shape of a batch, and how each framework makes one."""

    settings: st.SearchStrategy[dict[str, Any]]
    batch: Callable[..., tuple[int, ...]]
    builders: dict[str, Build]


def example(shape: tuple[int, ...]) -> Array:
    if len(shape) == 2 and shape[1] == 0:  # words
        return np.arange(shape[0], dtype="int32")[:, None]
    return np.random.default_rng(3).normal(size=shape).astype("float32")


def in_torch(model: nn.Module, channels: bool = False) -> Twin:
    model.eval()

    def run(batch: Array) -> Array:
        x = torch.from_numpy(batch)
        with torch.no_grad():
            y = model(x.movedim(-1, 1)).movedim(1, -1) if channels else model(x)
        return np.asarray((y[0] if isinstance(y, tuple) else y).numpy())

    return Twin(model, run)


def in_gluon(model: Any, channels: bool = False) -> Twin:
    model.initialize()

    def run(batch: Array) -> Array:
        y = model(nd.array(np.moveaxis(batch, -1, 1) if channels else batch))
        y = (y[0] if isinstance(y, (tuple, list)) else y).asnumpy()
        return np.moveaxis(y, 1, -1) if channels else y

    return Twin(model, run)


def in_keras(layer: Any, shape: tuple[int, ...]) -> Twin:
    if not layer.built:
        layer.build((None, *shape[1:]))
    return keras_twin(layer)


def in_nnx(make: Callable[[Any], Any]) -> Twin:
    return nnx_twin(make(nnx.Rngs(0)))


sizes = st.integers(1, 4)

# ---- dense, embedding ---------------------------------------------------------------------------------


DENSE = Kind(
    st.fixed_dictionaries({"inputs": sizes, "outputs": sizes, "bias": st.booleans()}),
    lambda inputs, outputs, bias: (2, inputs),
    {
        "torch": lambda inputs, outputs, bias: in_torch(nn.Linear(inputs, outputs, bias)),
        "gluon": lambda inputs, outputs, bias: in_gluon(gluon.Dense(outputs, use_bias=bias, in_units=inputs)),
        "keras": lambda inputs, outputs, bias: in_keras(layers.Dense(outputs, use_bias=bias), (2, inputs)),
        "nnx": lambda inputs, outputs, bias: in_nnx(
            lambda rngs: nnx.Linear(inputs, outputs, use_bias=bias, rngs=rngs)
        ),
    },
)
EINSUM = Kind(
    DENSE.settings,
    lambda inputs, outputs, bias: (2, 3, inputs),
    {
        "torch": DENSE.builders["torch"],
        "keras": lambda inputs, outputs, bias: in_keras(
            layers.EinsumDense("abc,cd->abd", (None, outputs), bias_axes="d" if bias else None),
            (2, 3, inputs),
        ),
        "nnx": lambda inputs, outputs, bias: in_nnx(
            lambda rngs: nnx.Einsum("abc,cd->abd", (inputs, outputs), (outputs,) if bias else None, rngs=rngs)
        ),
    },
)
EMBEDDING = Kind(
    st.fixed_dictionaries({"words": sizes, "width": sizes}),
    lambda words, width: (words, 0),
    {
        "torch": lambda words, width: in_torch(nn.Embedding(words, width)),
        "gluon": lambda words, width: in_gluon(gluon.Embedding(words, width)),
        "keras": lambda words, width: in_keras(layers.Embedding(words, width), (2, 3)),
        "nnx": lambda words, width: in_nnx(lambda rngs: nnx.Embed(words, width, rngs=rngs)),
    },
)

# ---- convolutions -------------------------------------------------------------------------------------


@st.composite
def convolutions(draw: Any) -> dict[str, Any]:
    dims = draw(st.integers(1, 3))
    return {
        "groups": draw(st.sampled_from([1, 2])),
        "inputs": draw(st.integers(1, 2)),
        "outputs": draw(st.integers(1, 2)),
        "kernel": tuple(draw(st.lists(st.integers(1, 3), min_size=dims, max_size=dims))),
        "stride": draw(st.integers(1, 2)),
        "bias": draw(st.booleans()),
    }


def images(channels: int, kernel: tuple[int, ...]) -> tuple[int, ...]:
    return (2, *((6, 5, 4)[: len(kernel)]), channels)


def torch_conv(inputs: int, outputs: int, kernel: Any, stride: int, groups: int, bias: bool) -> Twin:
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1]
    return in_torch(kind(inputs * groups, outputs * groups, kernel, stride, groups=groups, bias=bias), True)


def gluon_conv(inputs: int, outputs: int, kernel: Any, stride: int, groups: int, bias: bool) -> Twin:
    kind = (gluon.Conv1D, gluon.Conv2D, gluon.Conv3D)[len(kernel) - 1]
    strides = (stride,) * len(kernel)
    options = {"groups": groups, "use_bias": bias, "in_channels": inputs * groups}
    return in_gluon(kind(outputs * groups, kernel, strides, **options), True)


def keras_conv(inputs: int, outputs: int, kernel: Any, stride: int, groups: int, bias: bool) -> Twin:
    kind = (layers.Conv1D, layers.Conv2D, layers.Conv3D)[len(kernel) - 1]
    layer = kind(outputs * groups, kernel, stride, groups=groups, use_bias=bias)
    return in_keras(layer, images(inputs * groups, kernel))


def nnx_conv(inputs: int, outputs: int, kernel: Any, stride: int, groups: int, bias: bool) -> Twin:
    return in_nnx(
        lambda rngs: nnx.Conv(
            inputs * groups, outputs * groups, kernel, stride, padding="VALID",
            feature_group_count=groups, use_bias=bias, rngs=rngs,
        )
    )  # fmt: skip


CONVOLUTION = Kind(
    convolutions(),
    lambda inputs, kernel, groups, **_: images(inputs * groups, kernel),
    {"torch": torch_conv, "gluon": gluon_conv, "keras": keras_conv, "nnx": nnx_conv},
)


@st.composite
def transposed_convolutions(draw: Any) -> dict[str, Any]:
    found: dict[str, Any] = draw(convolutions())
    del found["groups"]
    # Frameworks differ in the size of the output where the kernel is smaller than the stride.
    found["kernel"] = tuple(max(size, found["stride"]) for size in found["kernel"])
    return found


def torch_transposed(inputs: int, outputs: int, kernel: Any, stride: int, bias: bool) -> Twin:
    kind = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[len(kernel) - 1]
    return in_torch(kind(inputs, outputs, kernel, stride, bias=bias), True)


def gluon_transposed(inputs: int, outputs: int, kernel: Any, stride: int, bias: bool) -> Twin:
    kind = (gluon.Conv1DTranspose, gluon.Conv2DTranspose, gluon.Conv3DTranspose)[len(kernel) - 1]
    strides = (stride,) * len(kernel)
    return in_gluon(kind(outputs, kernel, strides, use_bias=bias, in_channels=inputs), True)


def keras_transposed(inputs: int, outputs: int, kernel: Any, stride: int, bias: bool) -> Twin:
    kind = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)[len(kernel) - 1]
    return in_keras(kind(outputs, kernel, stride, use_bias=bias), images(inputs, kernel))


def nnx_transposed(turned: bool) -> Build:
    def make(inputs: int, outputs: int, kernel: Any, stride: int, bias: bool) -> Twin:
        return in_nnx(
            lambda rngs: nnx.ConvTranspose(
                inputs, outputs, kernel, (stride,) * len(kernel), padding="VALID", use_bias=bias,
                transpose_kernel=turned, rngs=rngs,
            )
        )  # fmt: skip

    return make


TRANSPOSED = Kind(
    transposed_convolutions(),
    lambda inputs, kernel, **_: images(inputs, kernel),
    {
        "torch": torch_transposed,
        "gluon": gluon_transposed,
        "keras": keras_transposed,
        "nnx": nnx_transposed(False),
        "nnx, turned": nnx_transposed(True),
    },
)


def depthwise(build: Build) -> Build:
    return lambda inputs, multiplier, bias: build(
        inputs=1, outputs=multiplier, kernel=(3, 2), stride=1, groups=inputs, bias=bias
    )


DEPTHWISE = Kind(
    st.fixed_dictionaries({"inputs": sizes, "multiplier": sizes, "bias": st.booleans()}),
    lambda inputs, **_: (2, 5, 4, inputs),
    {
        "torch": depthwise(torch_conv),
        "gluon": depthwise(gluon_conv),
        "keras": lambda inputs, multiplier, bias: in_keras(
            layers.DepthwiseConv2D((3, 2), depth_multiplier=multiplier, use_bias=bias), (2, 5, 4, inputs)
        ),
        "nnx": depthwise(nnx_conv),
    },
)


class Separable(nn.Sequential):
    """A depthwise convolution and one over the channels, under Keras's names for the two."""

    def __init__(self, inputs: int, outputs: int, multiplier: int) -> None:
        super().__init__()
        wide = inputs * multiplier
        self.add_module("depthwise", nn.Conv2d(inputs, wide, 3, groups=inputs, bias=False))
        self.add_module("pointwise", nn.Conv2d(wide, outputs, 1))


SEPARABLE = Kind(
    st.fixed_dictionaries({"inputs": sizes, "outputs": sizes, "multiplier": sizes}),
    lambda inputs, **_: (2, 5, 4, inputs),
    {
        "torch": lambda **settings: in_torch(Separable(**settings), True),
        "keras": lambda inputs, outputs, multiplier: in_keras(
            layers.SeparableConv2D(outputs, 3, depth_multiplier=multiplier), (2, 5, 4, inputs)
        ),
    },
)

# ---- normalisation ------------------------------------------------------------------------------------

channels = st.fixed_dictionaries({"channels": sizes})
EPS = 1e-3

BATCH_NORM = Kind(
    channels,
    lambda channels: (2, 3, 2, channels),
    {
        "torch": lambda channels: in_torch(nn.BatchNorm2d(channels, eps=EPS), True),
        "gluon": lambda channels: in_gluon(gluon.BatchNorm(epsilon=EPS, in_channels=channels), True),
        "keras": lambda channels: in_keras(layers.BatchNormalization(epsilon=EPS), (2, 3, 2, channels)),
        "nnx": lambda channels: in_nnx(lambda rngs: nnx.BatchNorm(channels, epsilon=EPS, rngs=rngs)),
    },
)
LAYER_NORM = Kind(
    channels,
    lambda channels: (2, channels),
    {
        "torch": lambda channels: in_torch(nn.LayerNorm(channels, eps=EPS)),
        "gluon": lambda channels: in_gluon(gluon.LayerNorm(epsilon=EPS, in_channels=channels)),
        "keras": lambda channels: in_keras(layers.LayerNormalization(epsilon=EPS), (2, channels)),
        "nnx": lambda channels: in_nnx(lambda rngs: nnx.LayerNorm(channels, epsilon=EPS, rngs=rngs)),
    },
)
GROUP_NORM = Kind(
    st.fixed_dictionaries({"groups": st.integers(1, 3), "each": st.integers(1, 2)}),
    lambda groups, each: (2, 3, 2, groups * each),
    {
        "torch": lambda groups, each: in_torch(nn.GroupNorm(groups, groups * each, eps=EPS), True),
        "keras": lambda groups, each: in_keras(
            layers.GroupNormalization(groups, epsilon=EPS), (2, 3, 2, groups * each)
        ),
        "nnx": lambda groups, each: in_nnx(
            lambda rngs: nnx.GroupNorm(groups * each, groups, epsilon=EPS, rngs=rngs)
        ),
    },
)
INSTANCE_NORM = Kind(
    channels,
    lambda channels: (2, 3, 2, channels),
    {
        "torch": lambda channels: in_torch(nn.InstanceNorm2d(channels, eps=EPS, affine=True), True),
        "gluon": lambda channels: in_gluon(
            gluon.InstanceNorm(epsilon=EPS, scale=True, in_channels=channels), True
        ),
        "nnx": lambda channels: in_nnx(lambda rngs: nnx.InstanceNorm(channels, epsilon=EPS, rngs=rngs)),
    },
)
RMS_NORM = Kind(
    channels,
    lambda channels: (2, channels),
    {
        "torch": lambda channels: in_torch(nn.RMSNorm(channels, eps=EPS)),
        "keras": lambda channels: in_keras(layers.RMSNormalization(epsilon=EPS), (2, channels)),
        "nnx": lambda channels: in_nnx(lambda rngs: nnx.RMSNorm(channels, epsilon=EPS, rngs=rngs)),
    },
)
PRELU = Kind(
    st.just({"channels": 1}),
    lambda channels: (4, 3, channels),
    {
        "torch": lambda channels: in_torch(nn.PReLU(channels), True),
        "gluon": lambda channels: in_gluon(gluon.PReLU(in_channels=channels), True),
        "keras": lambda channels: in_keras(layers.PReLU(shared_axes=[1]), (4, 3, channels)),
        "nnx": lambda channels: in_nnx(lambda rngs: nnx.PReLU()),
    },
)
PRELUS = Kind(channels, PRELU.batch, {name: PRELU.builders[name] for name in ("torch", "gluon", "keras")})

# ---- recurrent layers, attention ----------------------------------------------------------------------


class Held(Block):
    """A torch module in a Block."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x)


def torch_recurrent(kind: Any) -> Build:
    def make(inputs: int, units: int, depth: int, both: bool, bias: bool = True) -> Twin:
        return in_torch(kind(inputs, units, depth, bias=bias, batch_first=True, bidirectional=both))

    return make


def gluon_recurrent(kind: Any) -> Build:
    return lambda **settings: in_gluon(Held(torch_recurrent(kind)(**settings).model))


def keras_recurrent(kind: str, **options: Any) -> Build:
    def make(inputs: int, units: int, depth: int, both: bool, bias: bool = True) -> Twin:
        def layer() -> Any:
            return getattr(layers, kind)(units, return_sequences=True, use_bias=bias, **options)

        stack = [layers.Bidirectional(layer()) if both else layer() for _ in range(depth)]
        model = keras.Sequential(stack)
        model.build((None, 3, inputs))
        return keras_twin(model)

    return make


def nnx_recurrent(kind: str) -> Build:
    def make(inputs: int, units: int, depth: int, both: bool, bias: bool = True) -> Twin:
        def layer(rngs: Any, width: int) -> Any:
            ways = [nnx.RNN(getattr(nnx, kind)(width, units, rngs=rngs)) for _ in range(1 + both)]
            return nnx.Bidirectional(*ways) if both else ways[0]

        def stack(rngs: Any) -> Any:
            widths = [inputs] + [units * (1 + both)] * (depth - 1)
            return nnx.Sequential(*(layer(rngs, width) for width in widths))

        return in_nnx(stack)

    return make


RECURRENT = st.fixed_dictionaries(
    {"inputs": sizes, "units": sizes, "depth": st.integers(1, 2), "both": st.booleans()}
)


def recurrent_batch(inputs: int, **_: Any) -> tuple[int, ...]:
    return (2, 3, inputs)


LSTM = Kind(
    RECURRENT,
    recurrent_batch,
    {
        "torch": torch_recurrent(nn.LSTM),
        "gluon": gluon_recurrent(nn.LSTM),
        "keras": keras_recurrent("LSTM"),
        "nnx": nnx_recurrent("LSTMCell"),
        "nnx, in one": nnx_recurrent("OptimizedLSTMCell"),
    },
)
GRU = Kind(
    RECURRENT,
    recurrent_batch,
    {"torch": torch_recurrent(nn.GRU), "gluon": gluon_recurrent(nn.GRU), "keras": keras_recurrent("GRU")},
)
RNN = Kind(
    RECURRENT,
    recurrent_batch,
    {
        "torch": torch_recurrent(nn.RNN),
        "gluon": gluon_recurrent(nn.RNN),
        "keras": keras_recurrent("SimpleRNN"),
        "nnx": nnx_recurrent("SimpleCell"),
    },
)


class Itself(nn.Module):
    """Self-attention."""

    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, bias=bias, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


def keras_attention(width: int, heads: int, each: int, bias: bool) -> Twin:
    layer = layers.MultiHeadAttention(heads, each, use_bias=bias)
    layer.build((None, 3, width), (None, 3, width))

    def run(batch: Array) -> Array:
        y = layer(batch, batch)
        return np.asarray(y.detach() if keras.backend.backend() == "torch" else y)

    return Twin(keras.Sequential([layer]), run)


ATTENTION = Kind(
    st.fixed_dictionaries({"heads": st.integers(1, 3), "each": st.integers(1, 3), "bias": st.booleans()}),
    lambda heads, each, bias: (2, 3, heads * each),
    {
        "torch": lambda heads, each, bias: in_torch(Itself(heads * each, heads, bias)),
        "keras": lambda heads, each, bias: keras_attention(heads * each, heads, each, bias),
        "nnx": lambda heads, each, bias: in_nnx(
            lambda rngs: nnx.MultiHeadAttention(heads, heads * each, use_bias=bias, decode=False, rngs=rngs)
        ),
    },
)

KINDS = {
    "dense": DENSE,
    "einsum": EINSUM,
    "embedding": EMBEDDING,
    "convolution": CONVOLUTION,
    "transposed convolution": TRANSPOSED,
    "depthwise": DEPTHWISE,
    "separable": SEPARABLE,
    "batch norm": BATCH_NORM,
    "layer norm": LAYER_NORM,
    "group norm": GROUP_NORM,
    "instance norm": INSTANCE_NORM,
    "rms norm": RMS_NORM,
    "prelu": PRELU,
    "prelus": PRELUS,
    "lstm": LSTM,
    "gru": GRU,
    "rnn": RNN,
    "attention": ATTENTION,
}
