"""Every loss's value and gradient against those recorded with real MXNet 1.9.1."""

from __future__ import annotations

import json
from pathlib import Path

import layer_cases as cases
import numpy as np
import pytest

from glueball import mxnet as mx
from glueball.mxnet import nd
from glueball.mxnet.gluon import loss as gloss

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "gluon_layers.json").read_text())["losses"]


@pytest.mark.parametrize("case", cases.LOSSES, ids=lambda case: cases.key(*case))
def test_as_mxnet(case):
    seen, recorded = cases.loss_seen(mx, *case), RECORDED[cases.key(*case)]
    assert seen["repr"] == recorded["repr"]
    cases.close(seen["value"], recorded["value"])


@pytest.mark.parametrize("dtype", ["float32", "int64"])
@pytest.mark.parametrize(("label", "nearest"), [(-1, 0), (-100, 0), (3, 2), (100, 2)])
def test_a_label_outside_takes_the_nearest_class(label, nearest, dtype):
    pred = nd.array([[1, 2, 4]])
    function = gloss.SoftmaxCrossEntropyLoss()
    np.testing.assert_allclose(
        function(pred, nd.array([label], dtype=dtype)).asnumpy(),
        function(pred, nd.array([nearest])).asnumpy(),
        rtol=1e-6,
    )
