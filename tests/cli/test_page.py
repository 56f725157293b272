"""docs/shell.md: its consoles are run, and must print what the page says.

GLUEBALL_REWRITE=1 writes what they print now into the page.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import glueball as gb
from glueball.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "shell.md"


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(32, 128), nn.GELU(), nn.Linear(128, 32))
        self.norm = nn.LayerNorm(32)


class Model(nn.Module):
    """The model of the page: an embedding tied to the head, blocks that are alike."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(100, 32)
        self.blocks = nn.ModuleList(Block() for _ in range(12))
        self.head = nn.Linear(32, 100, bias=False)
        self.head.weight = self.embed.weight


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Model()
    params = gb.collect_params(model)
    rules = {r".*norm\.weight": 1, r".*\.weight": gb.init.Normal(0.02), r".*\.bias": 0}
    params.initialize(rules, seed=0)
    params.save("net.safetensors", metadata={"epoch": "3"})
    with torch.no_grad():
        model.blocks[1].mlp[0].weight.mul_(1.05)
        model.blocks[2].norm.bias[7] = float("nan")
    params.save("later.pt")
    return tmp_path


def printed(command: str, last: int) -> tuple[str, int]:
    """What a command prints, on both streams, and its exit code."""
    words = shlex.split(command)
    if words == ["echo", "$?"]:
        return f"{last}\n", 0
    assert words[0] == "glueball", command
    done = CliRunner().invoke(main, words[1:], catch_exceptions=False)
    return done.output, done.exit_code


def consoles(text: str) -> list[str]:
    return re.findall(r"```console\n(.*?)```", text, flags=re.S)


def answered(block: str) -> str:
    """A console with what its commands print now."""
    lines, code = [], 0
    for line in block.splitlines():
        if line.startswith("$ "):
            output, code = printed(line[2:], code)
            lines += [line, *(said.rstrip() for said in output.strip("\n").splitlines())]
    return "\n".join(line for line in lines) + "\n"


def test_every_console_prints_what_the_page_says(folder):
    page = PAGE.read_text("utf-8")
    blocks = consoles(page)
    assert len(blocks) > 6
    now = page
    for block in blocks:
        now = now.replace(block, answered(block), 1)
    if now != page and os.environ.get("GLUEBALL_REWRITE"):
        PAGE.write_text(now, "utf-8")
    assert now == page
