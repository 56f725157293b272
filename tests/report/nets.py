"""Models for the reports."""

from __future__ import annotations

import torch
from torch import nn

import glueball as gb

HOSTILE = [
    "</script><script>hacked = 1</script>",
    "<img src=x onerror='hacked = 1'>",
    "<!--",
    '"><b>bold</b>',
    "{{ data }}",
    "{{ script }}",
    "&lt;b&gt;&amp;",
    "__proto__",
    "constructor",
    "javascript:hacked=1",
    "'; hacked = 1; '",
    "\u2028\u2029",
    "\u202egnp.exe",
    "%00%zz",
    "a" * 400,
    "名前 🙂",
]


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attn = nn.Linear(width, 3 * width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))


class Language(nn.Module):
    """A small language model whose head is its embedding."""

    def __init__(self, width: int = 16, blocks: int = 3) -> None:
        super().__init__()
        self.embed = nn.Embedding(40, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.head = nn.Linear(width, 40, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("mask", torch.ones(4, 4).tril())


def language(seed: int = 0) -> Language:
    net = Language()
    gb.initialize(net, {r".*norm\.weight": 1, r".*\.bias": 0, r".*weight": gb.init.Normal(0.1)}, seed=seed)
    return net


def hostile() -> nn.Module:
    net = nn.Module()
    for name in HOSTILE:
        if "." in name:
            net.add_module(name.replace(".", "!"), nn.Linear(2, 2))
        else:
            net.register_parameter(name, nn.Parameter(torch.randn(3)))
    return net
