"""What the tests of the shell share: a way to run it, and a model with ties, layers and buffers in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn

import glueball as gb
from glueball.cli import main


class Small(nn.Module):
    """An embedding that is the head's weight too, layers that are alike, a buffer."""

    def __init__(self, layers: int = 3) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)) for _ in range(layers))
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embed.weight


@pytest.fixture
def shell() -> Callable[..., Result]:
    """Run the shell: `shell("show", path)`; an error that is no exit is raised."""

    def run(*arguments: Any, input: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments], input=input, catch_exceptions=False)

    return run


@pytest.fixture
def program(shell) -> Callable[..., Any]:
    """Run the shell with --json and read what it prints."""

    def run(*arguments: Any) -> Any:
        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is no JSON")

        return json.loads(shell(*arguments, "--json").stdout, parse_constant=refuse)

    return run


@pytest.fixture
def model() -> Small:
    torch.manual_seed(0)
    return Small()


@pytest.fixture
def file(model, tmp_path):
    path = tmp_path / "net.safetensors"
    gb.collect_params(model).save(path, metadata={"epoch": "3"})
    return path
