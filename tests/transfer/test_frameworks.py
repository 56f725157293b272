"""What is particular to a framework: layers that are not built, orders that are lost, two kinds of GRU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import glueball as gb

keras = pytest.importorskip("keras")
layers = keras.layers
nnx = pytest.importorskip("flax.nnx")


def test_an_unbuilt_model_of_keras_is_to_be_built_first() -> None:
    model = keras.Sequential([layers.Dense(3)])
    with pytest.raises(gb.DeferredError, match="not built yet, so their arrays are not there to transfer: 0"):
        gb.transfer(nn.Linear(2, 3), model)
    model.build((None, 2))
    gb.transfer(nn.ModuleList([nn.Linear(2, 3)]), model)


def test_a_gru_that_resets_before_the_product_is_another_function() -> None:
    layer = layers.GRU(3, reset_after=False)
    layer.build((None, 4, 2))
    with pytest.raises(gb.TransferError) as raised:
        gb.transfer(nn.GRU(2, 3), layer)
    assert "gru (reset before the product)" in str(raised.value)


def test_a_layer_norm_that_scales_as_rms_does_is_another_function() -> None:
    with pytest.warns(UserWarning, match="deprecated"):
        layer = layers.LayerNormalization(rms_scaling=True)
    layer.build((None, 4))
    with pytest.raises(gb.TransferError, match="rms scaling"):
        gb.transfer(nn.LayerNorm(4), layer)


def test_settings_that_one_framework_alone_has_are_noted() -> None:
    def built(*parts: object, shape: tuple[int, ...]) -> object:
        return keras.Sequential([layers.Input(shape), *parts])

    plain = nn.Sequential(nn.LSTM(3, 4))
    both = nn.Sequential(nn.LSTM(3, 4, bidirectional=True))
    reflecting = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"))
    two = layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="sum")
    same = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    for source, target, notes in (
        (plain, built(layers.LSTM(4), shape=(5, 3)), []),
        (both, built(same, shape=(5, 3)), []),
        (
            plain,
            built(layers.LSTM(4, go_backwards=True), shape=(5, 3)),
            ["backwards is False in the source and True in the target: 0"],
        ),
        (
            plain,
            nnx.List([nnx.RNN(nnx.LSTMCell(3, 4, rngs=nnx.Rngs(0)), reverse=True)]),
            ["backwards is False in the source and True in the target: 0"],
        ),
        (
            both,
            built(two, shape=(5, 3)),
            ["merge is concat in the source and sum in the target: 0.forward, 0.backward"],
        ),
        (
            reflecting,
            built(layers.Conv2D(4, 3, padding="same"), shape=(8, 8, 3)),
            ["padding mode is reflect in the source and zeros in the target: 0"],
        ),
    ):
        assert gb.transfer(source, target).notes == notes


def test_an_added_zero_is_noted() -> None:
    source, target = (nn.MultiheadAttention(4, 2, add_zero_attn=zero) for zero in (True, False))
    assert "added zero is True in the source and False in the target" in gb.transfer(source, target).notes[0]


class Pair(nnx.Module):  # type: ignore[misc]
    """Two layers of one size, which only their names tell apart once NNX has sorted the attributes."""

    def __init__(self) -> None:
        self.second = nnx.Linear(3, 3, rngs=nnx.Rngs(0))
        self.first = nnx.Linear(3, 3, rngs=nnx.Rngs(1))


def test_an_order_that_is_not_the_written_one_is_not_trusted() -> None:
    source = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    target = Pair()
    with pytest.raises(gb.TransferError, match="neither names nor order tell which is which"):
        gb.transfer(source, target)
    gb.transfer(source, target, {"0": "first", "2": "second"})
    np.testing.assert_array_equal(np.asarray(target.first.kernel[...]), source[0].weight.detach().numpy().T)
    np.testing.assert_array_equal(np.asarray(target.second.kernel[...]), source[2].weight.detach().numpy().T)


def test_layers_side_by_side_are_told_apart_by_names_alone() -> None:
    """Whether the writer put the keys or the queries first, nobody knows."""
    heads = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("W_q", "W_k", "W_v", "W_o")})
    attention = nn.MultiheadAttention(4, 2)
    with pytest.raises(gb.TransferError):
        gb.transfer(heads, attention)
    rename = {"W_q": "query", "W_k": "key", "W_v": "value", "W_o": "output"}
    gb.transfer(heads, attention, rename)
    assert torch.equal(attention.in_proj_weight[4:8], heads["W_k"].weight)
    assert torch.equal(attention.in_proj_bias[8:], heads["W_v"].bias)
    assert torch.equal(attention.out_proj.weight, heads["W_o"].weight)
    back = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("W_q", "W_k", "W_v", "W_o")})
    gb.transfer(attention, back, {to: name for name, to in rename.items()})
    assert torch.equal(back["W_k"].weight, heads["W_k"].weight)


def test_a_mirrored_kernel_is_mirrored() -> None:
    """NNX's transposed convolution mirrors what the others do not; a symmetric kernel would not show it."""
    target = nnx.ConvTranspose(1, 1, (3,), rngs=nnx.Rngs(0))
    source = nn.ConvTranspose1d(1, 1, 3)
    with torch.no_grad():
        source.weight.copy_(torch.tensor([[[1.0, 2.0, 3.0]]]))
    gb.transfer(source, target)
    assert np.asarray(target.kernel[...]).ravel().tolist() == [3, 2, 1]


def test_heads_that_differ_are_noted() -> None:
    layer = layers.MultiHeadAttention(4, 2)
    layer.build((None, 3, 8), (None, 3, 8))
    notes = gb.transfer(nn.MultiheadAttention(8, 2), layer).notes
    assert notes == ["heads is 2 in the source and 4 in the target: query, key, value"]


def test_random_states_stay() -> None:
    def net() -> keras.Model:
        model = keras.Sequential([layers.Input((2,)), layers.Dense(3), layers.Dropout(0.5, seed=1)])
        return model

    one, other = net(), net()
    keras.random.uniform((1,), seed=one.layers[1].seed_generator)
    state = gb.collect_params(other, buffers=True)
    name = next(name for name in state if "seed_generator" in name)
    before = state[name].numpy()
    report = gb.transfer(one, other)
    np.testing.assert_array_equal(state[name].numpy(), before)
    assert not report.kept and not report.unused


def test_a_sum_of_two_biases_comes_back_as_the_sum_and_zero() -> None:
    source, back = nn.LSTM(2, 3), nn.LSTM(2, 3)
    layer = layers.LSTM(3)
    layer.build((None, 4, 2))
    report = gb.transfer(source, layer)
    assert "bias + recurrent bias" in report.rows[0].turned
    gb.transfer(layer, back)
    assert torch.equal(back.bias_ih_l0, source.bias_ih_l0 + source.bias_hh_l0)
    assert not back.bias_hh_l0.any()
