"""Transcripts: paragraphs of Python, run statement by statement, and what each statement gave.

A file ``transcripts/*.txt`` is cut into paragraphs at its empty lines. Each runs in a namespace of its
own, as in an interactive session: an expression's value is described, an error is described and the next
statement runs. Real MXNet runs on Python 3.8 and so does this module: tools/golden_gluon_ndarray.py keeps
what it saw, and the tests run glueball.mxnet on the same lines.
"""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "gluon_ndarray.json"


def paragraphs() -> dict[str, str]:
    """All paragraphs of all files, by the file's name and their number in it."""
    found = {}
    for path in sorted((HERE / "transcripts").glob("*.txt")):
        parts = re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip("\n"))
        found.update({f"{path.stem}-{at}": part for at, part in enumerate(parts)})
    return found


def describe(value: object) -> str:
    """A value in a line: for an array its type, dtype, shape and elements."""
    name = type(value).__name__
    if name == "NDArray":
        values = value.asnumpy()  # type: ignore[attr-defined]
        return f"{name} {np.dtype(values.dtype).name} {value.shape} {elements(values)}"  # type: ignore[attr-defined]
    if isinstance(value, np.ndarray):
        return f"{name} {value.dtype.name} {value.shape} {elements(value)}"
    if isinstance(value, np.generic):
        return f"{name} {value.item()!r}"
    if isinstance(value, (list, tuple)):
        return f"{name} ({', '.join(map(describe, value))})"
    return value if isinstance(value, str) else repr(value)


def elements(values: np.ndarray) -> str:
    """All elements in C order, each by the fewest digits that tell it."""
    if values.dtype.kind != "f":
        return " ".join(map(str, values.ravel()))
    return " ".join(np.format_float_scientific(x, trim="-", exp_digits=1) for x in values.ravel())


def sentence(error: BaseException) -> str:
    """An error's kind and text, without MXNet's place in C++ and its stack."""
    kind = "MXNetError" if type(error).__name__ in ("MXNetError", "AttributeError_") else type(error).__name__
    text = re.split(r"\n?Stack trace:", str(error))[0].strip()
    text = re.sub(r"^Traceback.*?\n(?=\w*Error: |\[\d\d)", "", text, flags=re.DOTALL)
    text = re.sub(r"^(\w+Error: )?(\[[\d:]+\] )?(\S+\.(cc|h|cu): ?\d+: ?)?", "", text)
    text = re.sub(r'^File "[^"]*", line \d+\n', "", text)
    text = re.sub(r"^(\w+Error: )", "", text)
    text = re.sub(r"^Check failed: (?:[^:]|: :)*: ?", "", text)
    return f"{kind}: {text}"


def run(paragraph: str, mx: object) -> list[tuple[str, str]]:
    """Run a paragraph: each statement, and what it gave (nothing for None)."""
    space = {"mx": mx, "nd": mx.nd, "autograd": mx.autograd, "np": np}  # type: ignore[attr-defined]
    told = []
    seen: list[str] = []
    space["print"] = lambda *values: seen.append(" ".join(map(describe, values)))
    for node in ast.parse(paragraph).body:
        seen.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if isinstance(node, ast.Expr):
                    value = eval(compile(ast.Expression(node.value), "<paragraph>", "eval"), space)
                    if value is not None:
                        seen.append(describe(value))
                else:
                    exec(compile(ast.Module([node], []), "<paragraph>", "exec"), space)
            except Exception as error:
                seen.append(sentence(error))
        seen.extend(f"{w.category.__name__}: {w.message}" for w in caught)
        told.append((ast.get_source_segment(paragraph, node) or "", "\n".join(seen)))
    mx.autograd.set_recording(False)  # type: ignore[attr-defined]
    mx.autograd.set_training(False)  # type: ignore[attr-defined]
    return told
