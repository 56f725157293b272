"""`import mxnet` after `install()`, and `glueball run`: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent.parent / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"}
RUN = [sys.executable, "-c", "from glueball.cli import main; main()", "run"]


def python(code, folder=None, **options):
    """Run code in a fresh Python; what it printed and how it ended."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, **options
    )


def printed(code, folder=None):
    done = python(f"from glueball import mxnet\nmxnet.install()\n{code}", folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(script, *arguments, folder=None, **options):
    return subprocess.run(
        [*RUN, str(script), *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        **options,
    )


@pytest.fixture
def script(tmp_path):
    def write(code, name="script.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
        return path

    return write


# ---- install ---------------------------------------------------------------------------------------------


def test_modules_are_one_under_both_names():
    assert (
        printed(
            """
import mxnet as mx, mxnet.gluon.nn as nn
import glueball.mxnet.gluon.nn as ours
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn as again
from mxnet.gluon.data import DataLoader
import mxnet.gluon.data.dataloader as module
import importlib
print(mx is mxnet, nn is ours is again is gluon.nn, module.DataLoader is DataLoader)
print(importlib.import_module("mxnet.ndarray") is nd is mx.nd, mx.init is mx.initializer is init)
print(nn.Dense, gluon.Parameter, mx.MXNetError.__name__)
print(nn.__spec__.name, mx.__version__.startswith("1.9.1"))
"""
        )
        == "True True True\nTrue True\n"
        "<class 'mxnet.gluon.nn.basic_layers.Dense'> <class 'mxnet.gluon.parameter.Parameter'> MXNetError\n"
        "glueball.mxnet.gluon.nn True\n"
    )


def test_it_may_be_installed_twice_and_reloaded_names_stay():
    assert (
        printed("mxnet.install()\nimport sys, mxnet\nprint(sum('_Alias' in repr(f) for f in sys.meta_path))")
        == "1\n"
    )


def test_without_install_there_is_no_mxnet():
    done = python("import glueball.mxnet\nimport mxnet")
    assert done.returncode == 1
    assert "No module named 'mxnet'" in done.stderr


def test_another_mxnet_that_is_there_already_is_an_error(tmp_path):
    (tmp_path / "mxnet.py").write_text("")
    done = python("import mxnet, glueball.mxnet\nglueball.mxnet.install()", tmp_path)
    assert "ImportError: mxnet is imported already, from " in done.stderr
    assert "mxnet.py: call glueball.mxnet.install() before anything imports it." in done.stderr


def test_ours_comes_before_another_that_was_not_imported(tmp_path):
    (tmp_path / "mxnet.py").write_text("raise SystemExit(3)")
    assert printed("import mxnet as mx; print(mx.__name__)", tmp_path) == "glueball.mxnet\n"


MISSING = [
    (
        "from mxnet import sym",
        "ImportError: mxnet.sym is not in glueball, which runs MXNet's Gluon on PyTorch",
    ),
    ("import mxnet.symbol", "ImportError: mxnet.symbol is not in glueball"),
    ("from mxnet import np, npx", "ImportError: mxnet.np is not in glueball"),
    ("from mxnet.gluon import rnn", "take torch.nn.LSTM, torch.nn.GRU or torch.nn.RNN"),
    ("from mxnet.gluon.model_zoo import vision", "take torchvision.models"),
    (
        "from mxnet.gluon.data.vision import transforms",
        "take torchvision.datasets and torchvision.transforms",
    ),
    ("from mxnet.gluon.contrib.nn import Identity", "ImportError: mxnet.gluon.contrib"),
    ("import mxnet as mx; mx.sym", "AttributeError: mxnet.sym is not in glueball"),
    ("import mxnet as mx; mx.gluon.rnn", "AttributeError: mxnet.gluon.rnn is not in glueball"),
    ("import mxnet as mx; mx.metric.Accuracy()", "take torchmetrics"),
    ("import mxnet as mx; mx.kv.create()", "torch.nn.parallel.DistributedDataParallel"),
    ("import mxnet as mx; mx.foo", "AttributeError: module 'mxnet' has no attribute 'foo'"),
    ("import mxnet.foo", "ModuleNotFoundError: glueball has no mxnet.foo"),
    ("from mxnet import foo", "ImportError: cannot import name 'foo'"),
    ("import mxnet as mx; mx.util.set_np()", "NotImplementedError: mxnet.np is not in glueball"),
]


@pytest.fixture(scope="module")
def refusals():
    """What each statement of MISSING raises, all asked in one process."""
    code = f"""
import traceback
for statement in {[statement for statement, _ in MISSING]!r}:
    try:
        exec(statement, {{}})
    except Exception as error:
        print(traceback.format_exception_only(error)[-1].strip())
    else:
        print("nothing")
"""
    return printed(code).splitlines()


@pytest.mark.parametrize("at", range(len(MISSING)), ids=[statement for statement, _ in MISSING])
def test_what_is_missing_says_what_to_take(refusals, at):
    assert MISSING[at][1] in refusals[at]


def test_a_script_may_ask_for_what_is_missing():
    assert (
        printed(
            """
import mxnet as mx
try:
    from mxnet import np
except ImportError:
    print("none", hasattr(mx, "np"), hasattr(mx.gluon, "rnn"), hasattr(mx, "nd"))
"""
        )
        == "none False False True\n"
    )


# ---- glueball run ----------------------------------------------------------------------------------------


def test_a_script_sees_what_python_would_give_it(script, tmp_path):
    path = script(
        """
import sys
import mxnet as mx
from helper import double
print(sys.argv[0] == __file__, sys.argv[1:], sys.path[0] == FOLDER)
print(__name__, sys.modules["__main__"].double is double, double(mx.nd.ones(1)).asscalar())
""".replace("FOLDER", repr(str(tmp_path)))
    )
    script("def double(x):\n    return 2 * x\n", "helper.py")
    done = run(path, "--help", "-x", "1", "--", "a b")
    assert done.stdout == "True ['--help', '-x', '1', '--', 'a b'] True\n__main__ True 2.0\n", done.stderr
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_script_by_a_relative_path(script, tmp_path):
    script("import sys; from helper import x; print(sys.argv[0], __file__, x)", "in/it.py")
    script("x = 1", "in/helper.py")
    assert run("in/it.py", folder=tmp_path).stdout == f"in/it.py {os.path.join('in', 'it.py')} 1\n"


@pytest.mark.parametrize(
    ("end", "code", "error"),
    [
        ("pass", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no luck')", 1, "no luck\n"),
        ("raise SystemExit", 0, ""),
        ("import os; os._exit(4)", 4, ""),
    ],
)
def test_how_a_script_ends(script, end, code, error):
    done = run(script(end))
    assert (done.returncode, done.stderr) == (code, error)


@pytest.mark.parametrize("raised", ["ValueError('wrong')", "EOFError('wrong')", "OSError(32, 'wrong')"])
def test_an_error_shows_the_scripts_frames_alone(script, raised):
    path = script(f"def f():\n    raise {raised}\n\n\nf()\n")
    done = run(path)
    alone = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == alone.stderr
    assert "line 5, in <module>" in done.stderr


def test_a_script_that_is_no_python(script):
    path = script("x = = 1\n")
    done = run(path)
    alone = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (1, alone.stderr)


def test_an_interrupt_ends_a_script(script):
    path = script("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [*RUN, str(path)], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "KeyboardInterrupt"


def test_a_script_that_is_not_there(tmp_path):
    done = run(tmp_path / "none.py")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_numbers_print_as_in_mxnets_time(script):
    done = run(
        script(
            "import numpy as np\nfrom mxnet import nd\n"
            "print([nd.array([0.5]).asscalar()], {'loss': np.float64(2)}, repr(np.int64(3)))\n"
            "print(nd.ones((2, 2)))\n"
        )
    )
    assert done.stdout == "[0.5] {'loss': 2.0} 3\n\n[[1. 1.]\n [1. 1.]]\n<NDArray 2x2 @cpu(0)>\n", done.stderr


def test_threads_and_what_runs_at_the_end(script):
    done = run(
        script(
            "import atexit, threading, time\nimport mxnet as mx\n"
            "def late():\n    time.sleep(0.2)\n    print('thread', name, mx.nd.ones(1).asnumpy())\n"
            "name = 'still there'\n"
            "atexit.register(lambda: print('end', name))\n"
            "threading.Thread(target=late).start()\n"
            "print('main')\n"
        )
    )
    assert done.stdout == "main\nthread still there [1.]\nend still there\n", done.stderr


def test_what_a_script_defines_can_be_pickled_and_loaded_by_workers(script):
    done = run(
        script(
            "import pickle\nfrom mxnet import gluon\n"
            "class Data(gluon.data.Dataset):\n"
            "    def __len__(self): return 4\n"
            "    def __getitem__(self, i): return i\n"
            "print(type(pickle.loads(pickle.dumps(Data()))) is Data)\n"
            "print([b.asnumpy().tolist() for b in gluon.data.DataLoader(Data(), 2, num_workers=2)])\n"
        ),
        timeout=60,
    )
    assert done.stdout == "True\n[[0, 1], [2, 3]]\n", done.stderr


def test_another_encoding(script, tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nprint(ascii('é'))\n".encode("latin-1"))
    assert run(path).stdout == "'\\xe9'\n"


def test_without_torch_it_says_what_to_install(script):
    path = script("print('never')")
    done = python(
        "import sys\nsys.modules['torch'] = None\n"
        f"from glueball.cli import main\nmain(['run', {str(path)!r}])"
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "Error: Gluon runs on PyTorch: pip install 'glueball[torch]'\n"
