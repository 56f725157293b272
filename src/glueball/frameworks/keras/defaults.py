"""The values that Keras's layers begin with: their own initializers, drawn from our streams.

A Keras layer keeps the initializers that it was given (`kernel_initializer`, …), so what its constructor
would draw is found on the layer itself. Keras's own kinds become ours; a custom one is run under our seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import layers as kl
from keras.src.initializers.random_initializers import compute_fans
from keras.src.layers.rnn.conv_lstm import ConvLSTMCell

from ...errors import InitializerError
from ...init import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    LSTMBias,
    Normal,
    One,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
    Zero,
    as_initializer,
)
from ..foreign.keras import KerasInitializer
from . import layers

__all__ = ["default"]

Shape = tuple[int, ...]

# Where the initializer is not called as the variable is.
_ELSEWHERE = {
    "kernel": ("kernel_initializer", "depthwise_initializer"),
    "depthwise_kernel": ("depthwise_initializer",),
    "pointwise_kernel": ("pointwise_initializer",),
    "recurrent_kernel": ("recurrent_initializer",),
    "reverse_embeddings": ("embeddings_initializer",),
}

# What a layer puts without being asked; LoRA's are the defaults of `enable_lora`.
_ALWAYS: dict[tuple[type, str], Initializer] = {
    (kl.Attention, "scale"): One(),
    (kl.Attention, "concat_score_weight"): One(),
    (kl.RMSNormalization, "scale"): One(),
    (kl.SpectralNormalization, "vector_u"): TruncatedNormal(0.02),
    (kl.Normalization, "adapt_mean"): Zero(),
    (kl.Normalization, "adapt_variance"): One(),
    (kl.Normalization, "count"): Zero(),
    (kl.Layer, "lora_kernel_a"): HeUniform(),
    (kl.Layer, "lora_kernel_b"): Zero(),
    (kl.Layer, "lora_embeddings_a"): HeUniform(),
    (kl.Layer, "lora_embeddings_b"): Zero(),
}

_SCALED: dict[str, Callable[..., Initializer]] = {
    "GlorotUniform": GlorotUniform,
    "GlorotNormal": GlorotNormal,
    "HeUniform": HeUniform,
    "HeNormal": HeNormal,
    "LecunUniform": LecunUniform,
    "LecunNormal": LecunNormal,
    "VarianceScaling": VarianceScaling,
}


def default(
    owner: Any, attribute: str, shape: Shape, above: Callable[[], Sequence[Any]]
) -> Initializer | None:
    """The initializer that makes what the layer's constructor would; None for what is not known."""
    owner = layers.serves(owner, attribute)
    source = _source(owner, attribute)
    if source is None:
        if isinstance(owner, kl.AdditiveAttention) and attribute == "scale":
            return GlorotUniform(fan=compute_fans(shape))
        return next(
            (how for (kind, name), how in _ALWAYS.items() if name == attribute and isinstance(owner, kind)),
            None,
        )
    found = _ours(source, owner, attribute, shape)
    if (
        attribute == "bias"
        and isinstance(owner, (kl.LSTMCell, ConvLSTMCell))
        and getattr(owner, "unit_forget_bias", False)
    ):
        return LSTMBias(1.0) if isinstance(found, Zero) else None
    return found


def _source(owner: Any, attribute: str) -> Any:
    """The initializer that a layer keeps for a variable."""
    for name in _ELSEWHERE.get(attribute, (f"{attribute}_initializer",)):
        for key in (name, f"_{name}"):
            found = getattr(owner, key, None)
            if callable(found):
                return found
    return None


def _ours(source: Any, owner: Any, attribute: str, shape: Shape) -> Initializer | None:
    kind = type(source)
    config: dict[str, Any] = source.get_config() if hasattr(source, "get_config") else {}
    if kind.__module__.startswith(("keras.src.initializers.", "tensorflow.python.ops.init_ops")):
        if kind.__name__ in _SCALED:
            return _scaled(_SCALED[kind.__name__], config, owner, attribute, shape)
        plain = _plain(kind.__name__, source, config)
        if plain is not None:
            return plain
    try:
        found = as_initializer(source)
    except InitializerError:
        return None
    return KerasInitializer(source, bare=True) if isinstance(found, KerasInitializer) else found


def _scaled(
    make: Callable[..., Initializer], config: dict[str, Any], owner: Any, attribute: str, shape: Shape
) -> Initializer:
    """With Keras's own fans where these are not the house's."""
    given = {name: config[name] for name in ("scale", "mode", "distribution") if name in config}
    axes = config.get("input_axes"), config.get("output_axes")
    if isinstance(owner, kl.EinsumDense) and attribute == "kernel" and None in axes:
        # The layer tells its initializer which axes are summed over, and takes all others for outputs.
        terms, _, result = owner.equation.replace(" ", "").partition("->")
        kernel = terms.partition(",")[2]
        summed = [at for at, letter in enumerate(kernel) if letter not in result]
        axes = summed, [at for at in range(len(kernel)) if at not in summed]
    fans = compute_fans(shape, *axes)
    same = fans == layers.fans(owner, attribute, shape) or not all(fans)
    if make is not VarianceScaling:
        given = {}
    return make(**given) if same else make(**given, fan=fans)


def _plain(name: str, source: Any, config: dict[str, Any]) -> Initializer | None:
    if name == "Zeros":
        return Zero()
    if name == "Ones":
        return One()
    if name == "Constant":
        return Constant(source.value)
    if name == "RandomNormal":
        return Normal(float(config["stddev"]), mean=float(config["mean"]))
    if name == "RandomUniform":
        return Uniform(float(config["minval"]), float(config["maxval"]))
    if name == "TruncatedNormal":
        return TruncatedNormal(float(config["stddev"]), mean=float(config["mean"]))
    if name == "Orthogonal":
        return Orthogonal(float(config["gain"]), whole=True)
    if name == "Identity":
        return Identity(float(source.gain))
    return None
