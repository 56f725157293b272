"""Every layer's output, gradients and Parameters against those recorded with real MXNet 1.9.1."""

from __future__ import annotations

import json
from pathlib import Path

import layer_cases as cases
import pytest

from glueball import mxnet as mx
from glueball.mxnet import generators

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "gluon_layers.json").read_text())["layers"]


@pytest.mark.parametrize("case", cases.LAYERS, ids=lambda case: cases.key(*case))
def test_as_mxnet(case):
    seen, recorded = cases.layer_seen(mx, generators.seed, *case), RECORDED[cases.key(*case)]
    assert seen["repr"] == recorded["repr"]
    assert seen["names"] == recorded["names"]
    cases.close(seen["predict"], recorded["predict"])
    cases.close(seen["train"], recorded["train"])
