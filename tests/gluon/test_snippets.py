"""Every snippet does under glueball.mxnet what it does under MXNet 1.9.1.

tools/golden_gluon.py made the golden data. A number may differ in its last digits (RTOL, ATOL of
comparison.py); a snippet named in LOOSER adds up more than that, each for the reason given.
"""

import json

import glueball.mxnet
import pytest
from comparison import differences
from corpus import GOLDEN, digest, execute, snippets

SNIPPETS = snippets()
WANTED = json.loads(GOLDEN.read_text(encoding="utf-8"))["snippets"]
LOOSER: dict[str, dict[str, float]] = {
    # MXNet's oneDNN takes a quicker logarithm: log_softmax([1000, 0]) is 1.4e-6 there, and 0 here.
    "nd_reduce/softmax": {"atol": 5e-6},
    "nd_reduce/softmax_extremes": {"atol": 5e-6},
    # The gradient of LayerNorm's input is a difference of larger numbers.
    "layer/hybridized_layers": {"atol": 5e-6},
}


@pytest.fixture(scope="module", autouse=True)
def installed():
    glueball.mxnet.install()


def test_every_snippet_has_its_golden_data():
    stale = [
        name
        for name in SNIPPETS.keys() | WANTED.keys()
        if name not in SNIPPETS or name not in WANTED or WANTED[name]["code"] != digest(SNIPPETS[name])
    ]
    assert not stale, "run tools/golden_gluon.py under MXNet 1.9.1"


@pytest.mark.parametrize("name", SNIPPETS)
def test_does_what_mxnet_does(name):
    wanted, got = WANTED[name], execute(SNIPPETS[name])
    found = differences(wanted, got, **LOOSER.get(name, {}))
    if found:
        parts = [*found, "", SNIPPETS[name], "-- MXNet:", *wanted["stdout"], "-- here:", *got["stdout"]]
        pytest.fail("\n".join(parts), pytrace=False)
