"""Where the golden data lie, and which snippets have to wait for what is not there."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest
from recording import needs

from glueball.mxnet import nd
from glueball.mxnet.gluon import nn

GOLDEN = Path(__file__).parent.parent / "golden" / "gluon_block.json"


def missing(code):
    """Skip the test where something that the snippet needs is not there."""
    rooms = {"nd": nd, "nn": nn}
    for need in needs(code):
        room, _, name = need.partition(".")
        try:
            attrgetter(name)(rooms[room])
        except AttributeError:
            pytest.skip(f"there is no {need}")
