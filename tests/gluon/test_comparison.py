"""The comparison with MXNet catches what it should and lets through only last digits and widths."""

import copy

import pytest
from comparison import difference, differences
from corpus import meaning

ARRAY = """
[[ 0.09543005  0.04614332 -0.00286653 -0.07790346]
 [ 0.0769287   0.03099705  1.         -0.04467198]]
<NDArray 2x4 @cpu(0)>
"""


@pytest.mark.parametrize(
    "got",
    [
        ARRAY,
        ARRAY.replace("0.09543005", "0.09543004"),
        ARRAY.replace("0.0769287 ", "0.07692871"),
        ARRAY.replace("[[ 0.09543005  0", "[[0.0954300493 0").replace("3 -0.07", "3\n  -0.07"),
        ARRAY.replace("]\n [ ", "]\n   [").replace("8]]", "8 ] ]"),
        ARRAY.replace(" 1. ", " 0.9999999 "),
    ],
)
def test_a_last_digit_and_the_widths_do_not_matter(got):
    assert difference(ARRAY, got) == ""


@pytest.mark.parametrize(
    "got",
    [
        ARRAY.replace("0.09543005", "0.09553005"),
        ARRAY.replace("-0.00286653", "0.00286653"),
        ARRAY.replace("2x4", "2x5"),
        ARRAY.replace("@cpu(0)", "@gpu(0)"),
        ARRAY.replace("[[", "["),
        ARRAY.replace("]\n [", " "),
        ARRAY.replace("1. ", ""),
        ARRAY.replace("1. ", "1  "),
        ARRAY.replace("1. ", "1.0 "),
        ARRAY.replace("1. ", "nan "),
        ARRAY[1:],
        ARRAY + "more",
        ARRAY + "\n",
        "",
    ],
)
def test_everything_else_matters(got):
    assert difference(ARRAY, got) and difference(got, ARRAY)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("Dense(None -> 3, linear)", "Dense(None -> 4, linear)"),
        ("net_ (\n  Parameter a\n)", "net_ (\nParameter a\n)"),
        ("a  b", "a b"),
        ("(3, 0)", "(3, 00)"),
        ("2", "2.0"),
        ("shape=(2, 3)", "shape=(3, 2)"),
        ("dense0_weight", "dense1_weight"),
        ("1.9.1", "1.9.2"),
        ("<class 'numpy.float32'>", "float32"),
        ("inf", "nan"),
    ],
)
def test_text_is_compared_to_the_letter(wanted, got):
    assert difference(wanted, got)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("<class 'mxnet.gluon.nn.basic_layers.Dense'>", "<class 'glueball.mxnet.gluon.nn.Dense'>"),
        ("[0.5, 1.5]", "[np.float32(0.5), np.float32(1.5)]"),
        ("True", "np.True_"),
        ("__init__() missing 1 required", "Dense.__init__() missing 1 required"),
    ],
)
def test_versions_and_the_name_do_not_matter(wanted, got):
    assert difference(wanted, got) == ""


def test_the_sign_of_zero_matters_where_asked():
    assert difference("[-0.  0.]", "[0. 0.]") == ""
    assert difference("[-0.  0.]", "[0. 0.]", zeros=True)


def test_the_tolerance_can_be_widened():
    assert difference("1.000", "1.002")
    assert difference("1.000", "1.002", rtol=1e-2) == ""


RECORD = {
    "stdout": ["[0.5]", ""],
    "exception": {"types": ["Deferred", "MXNetError", "RuntimeError", "Exception"], "message": "no, 0.5"},
    "warnings": [["UserWarning", "careful with 'a'"]],
}


def changed(**parts):
    return {**copy.deepcopy(RECORD), **parts}


def test_the_same_is_the_same():
    assert differences(RECORD, changed()) == []


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (changed(stdout=["[0.6]", ""]), "got '0.6'"),
        (changed(stdout=["[0.5"]), "stdout"),
        (changed(exception=None), "did not raise Deferred"),
        (changed(exception={**RECORD["exception"], "message": "no, 0.7"}), "wanted the message"),
        (changed(exception={**RECORD["exception"], "types": ["Error", "RuntimeError"]}), "raised Error"),
        (changed(exception={**RECORD["exception"], "types": ["Deferred", "KeyError"]}), "RuntimeError"),
        (changed(warnings=[]), "no warning"),
        (changed(warnings=[["UserWarning", "careful with 'b'"]]), "wanted the warning"),
        (changed(warnings=[["FutureWarning", "careful with 'a'"]]), "wanted the warning"),
        (changed(warnings=RECORD["warnings"] * 2), "does not give"),
    ],
)
def test_every_respect_is_looked_at(got, says):
    found = differences(RECORD, got)
    assert len(found) == 1 and says in found[0]


def test_an_exception_that_mxnet_does_not_raise():
    (found,) = differences(changed(exception=None), RECORD)
    assert found.startswith("raised Deferred")


class MXNetError(RuntimeError):
    pass


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("plain", "plain"),
        ("MXNetError: Shape inconsistent, Provided = [3,3]", "Shape inconsistent, Provided = [3,3]"),
        (
            "Traceback (most recent call last):\n"
            '  File "../src/operator/random/./sample_op.h", line 399\n'
            "MXNetError: Check failed: param.scale > 0 (-1 vs. 0) : scale parameter has to be positive",
            "scale parameter has to be positive",
        ),
        (
            "Traceback (most recent call last):\n"
            '  File "../src/imperative/imperative.cc", line 295\n'
            "MXNetError: Check failed: !AGInfo: :IsNone(*i): Cannot differentiate: no graph",
            "Cannot differentiate: no graph",
        ),
        (
            "[08:12:01] ../src/a.cc:12: Check failed: L[!Ta].Size() == R (3 vs. 4) : dot shape error: [2,3]"
            "\nStack trace:\n  [bt] (0) libmxnet.so",
            "dot shape error: [2,3]",
        ),
    ],
)
def test_messages_are_cut_to_what_they_say(message, kept):
    assert meaning(MXNetError(message)) == kept


def test_other_exceptions_keep_their_message():
    assert meaning(ValueError("seed_state: must be int")) == "seed_state: must be int"
