"""Every loss's value and gradient against those recorded with real MXNet 1.9.1."""

from __future__ import annotations

import json
from pathlib import Path

import layer_cases as cases
import pytest

from glueball import mxnet as mx

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "gluon_layers.json").read_text())["losses"]


@pytest.mark.parametrize("case", cases.LOSSES, ids=lambda case: cases.key(*case))
def test_as_mxnet(case):
    seen, recorded = cases.loss_seen(mx, *case), RECORDED[cases.key(*case)]
    assert seen["repr"] == recorded["repr"]
    cases.close(seen["value"], recorded["value"])
