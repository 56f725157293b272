"""What of MXNet is not here, and what does it in PyTorch's world.

A script that names such a part gets an AttributeError that says so, or where it imports the part an
ImportError (`_install`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["absent", "instead_of", "why"]

_ARRAYS = "take mx.nd, NumPy or torch itself (mx.nd arrays go in and out without a copy)"
_GRAPHS = "write a HybridBlock, or take torch.export for a graph"
_LOOPS = "write the loop with gluon.Trainer or torch.optim"
_RECURRENT = "take torch.nn.LSTM, torch.nn.GRU or torch.nn.RNN, which can be children of a Block"
_SEVERAL = "take torch.distributed and torch.nn.parallel.DistributedDataParallel"
_PICTURES = "take torchvision"
_DATA = "take gluon.data.DataLoader or torch.utils.data"
_OWN = "take autograd.Function, or torch.autograd.Function"
_ONNX = "take torch.onnx"

_INSTEAD = {
    "attribute": _GRAPHS,
    "AttrScope": _GRAPHS,
    "callback": _LOOPS,
    "contrib": "take torch.amp for mixed precision, torch.ao for quantization, torch.onnx for ONNX",
    "executor": _GRAPHS,
    "gluon.contrib": "take torch.nn and torchvision",
    "gluon.data.batchify": "write a batchify_fn, as MXNet 1.9.1 has it: gluon.data.batchify is of 2.0",
    "gluon.data.vision": "take torchvision.datasets and torchvision.transforms",
    "gluon.model_zoo": "take torchvision.models",
    "gluon.rnn": _RECURRENT,
    "image": _PICTURES,
    "img": _PICTURES,
    "io": _DATA,
    "kv": _SEVERAL,
    "kvstore": _SEVERAL,
    "library": _OWN,
    "metric": "take torchmetrics, or sklearn.metrics on NumPy arrays",
    "mod": _LOOPS,
    "model": _LOOPS,
    "module": _LOOPS,
    "mon": "take torch.nn.Module.register_forward_hook, which Blocks have too",
    "monitor": "take torch.nn.Module.register_forward_hook, which Blocks have too",
    "np": _ARRAYS,
    "npx": _ARRAYS,
    "numpy": _ARRAYS,
    "numpy_extension": _ARRAYS,
    "onnx": _ONNX,
    "operator": _OWN,
    "profiler": "take torch.profiler",
    "recordio": "read the records with MXNet once and save them as NumPy arrays, or write a Dataset",
    "rnn": _RECURRENT,
    "rtc": "take torch.cuda or Triton",
    "runtime": "take torch.__config__",
    "sym": _GRAPHS,
    "symbol": _GRAPHS,
    "visualization": "take print(net), or torch.fx for a graph",
    "viz": "take print(net), or torch.fx for a graph",
}
_PACKAGE = __name__.rpartition(".")[0]  # glueball.mxnet


def instead_of(name: str) -> str | None:
    """What to take instead of a part of MXNet, such as `"gluon.rnn"`; None for what is no part known here."""
    while name:
        if name in _INSTEAD:
            return _INSTEAD[name]
        name = name.rpartition(".")[0]
    return None


def why(name: str) -> str:
    """The message for a part of MXNet that is not here."""
    return f"mxnet.{name} is not in glueball, which runs MXNet's Gluon on PyTorch: {instead_of(name)}."


def absent(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module of ours: says of what MXNet has there what to take instead."""
    inside = module.removeprefix(_PACKAGE).lstrip(".")

    def missing(name: str) -> Any:
        whole = f"{inside}.{name}".lstrip(".")
        if whole in _INSTEAD:
            raise AttributeError(why(whole))
        raise AttributeError(f"module 'mxnet{'.' if inside else ''}{inside}' has no attribute {name!r}")

    return missing
