"""Learning rates over updates, and what is refused, as MXNet's.

tools/golden_gluon_trainer.py made the golden data.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from glueball import mxnet as mx

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden" / "gluon_trainer.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("case", "wanted"), GOLDEN["rates"])
def test_rates_are_those_of_mxnet(case, wanted):
    kind, arguments = case
    scheduler = getattr(mx.lr_scheduler, kind)(**arguments)
    assert_allclose([scheduler(update) for update in range(10)], wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("case", "wanted"), GOLDEN["refusals"])
def test_what_mxnet_refuses_is_refused(case, wanted):
    kind, arguments = case
    if wanted is None:
        getattr(mx.lr_scheduler, kind)(**arguments)
        return
    name, text = wanted
    with pytest.raises((ValueError, AssertionError, TypeError), match=re.escape(text) or None) as raised:
        getattr(mx.lr_scheduler, kind)(**arguments)
    assert raised.type.__name__ == name


def test_the_steps_have_to_be_a_list():
    with pytest.raises(AssertionError):
        mx.lr_scheduler.MultiFactorScheduler((1, 2))


def test_the_base_gives_no_rate():
    with pytest.raises(NotImplementedError, match="must override this"):
        mx.lr_scheduler.LRScheduler()(1)


def test_a_warm_up_is_only_asked_for_while_it_lasts():
    scheduler = mx.lr_scheduler.LRScheduler(base_lr=1.0, warmup_steps=4)
    assert [scheduler.get_warmup_lr(update) for update in range(4)] == [0, 0.25, 0.5, 0.75]
    with pytest.raises(AssertionError):
        scheduler.get_warmup_lr(4)
