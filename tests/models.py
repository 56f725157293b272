"""Models that several tests use, and a Hypothesis strategy for any tree of modules."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import nn


def mlp() -> nn.Sequential:
    """The network with which all five seeds open."""
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def block1() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU())


def block2() -> nn.Sequential:
    net = nn.Sequential()
    for i in range(4):
        net.add_module(f"block {i}", block1())
    return net


def rgnet() -> nn.Sequential:
    """The seed's network of nested blocks, with a space in their names."""
    return nn.Sequential(block2(), nn.Linear(4, 1))


def shared_net() -> nn.Sequential:
    """The seed's network that uses one layer twice."""
    shared = nn.Linear(8, 8)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(8, 1))


class TiedLanguageModel(nn.Module):
    """An embedding whose weight the head uses too: two sites, one tensor."""

    def __init__(self, words: int = 10, width: int = 4) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.embed(words)))


def nested_sharing(depth: int) -> nn.Module:
    """A layer used twice in a layer used twice…: 2**depth slots for each parameter."""
    inner: nn.Module = nn.Linear(2, 2)
    for _ in range(depth):
        outer = nn.Module()
        outer.a = inner
        outer.b = inner
        inner = outer
    return inner


@st.composite
def modules(draw: st.DrawFn, most: int = 12) -> nn.Module:
    """A module tree without circles: layers and tensors may be shared, entries may be None."""
    pool: list[nn.Module] = []
    tensors: list[nn.Parameter] = []
    for _ in range(draw(st.integers(1, most))):
        module = nn.Module()
        for name in draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)):
            kind = draw(st.sampled_from(["new", "new", "shared", "none", "buffer"]))
            if kind == "none":
                module.register_parameter(name, None)
            elif kind == "buffer":
                module.register_buffer(name, torch.zeros(2), persistent=draw(st.booleans()))
            elif kind == "shared" and tensors:
                setattr(module, name, draw(st.sampled_from(tensors)))
            else:
                tensors.append(nn.Parameter(torch.zeros(draw(st.integers(0, 3)), 2)))
                setattr(module, name, tensors[-1])
        for name in draw(st.lists(st.sampled_from(["0", "1", "x", "y z"]), unique=True, max_size=3)):
            if pool:
                setattr(module, name, draw(st.sampled_from(pool)))
        pool.append(module)
    return pool[-1]
