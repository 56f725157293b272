"""glueball: name, find, initialise, edit, tie and group the parameters of PyTorch models.

A model is a tree of named places. A parameter is one array and the places that hold it. Everything else
is a verb on a collection of parameters.

>>> import glueball as gb
>>> from torch import nn
>>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
>>> params = gb.collect_params(net)
>>> plan = params.initialize({".*weight": gb.init.Xavier(), ".*bias": 0}, seed=0)
>>> params["0.weight"].shape
(8, 4)
"""

from . import init
from .about import __version__ as __version__
from .errors import (
    DeferredError,
    DTypeError,
    FileFormatError,
    GlueballError,
    InitializerError,
    LoadError,
    MeasureError,
    MissingExtraError,
    NameNotFoundError,
    NothingSelectedError,
    OptimizerError,
    PatternError,
    ReadOnlyError,
    ShapeError,
    StaleError,
    TieError,
    TransferError,
    UnknownModelError,
    WatchError,
    WatchSettingError,
)
from .measures import Stats
from .parameters import (
    Aliases,
    Difference,
    Exchange,
    LoadReport,
    OptimizerReport,
    Parameter,
    ParameterDict,
    Plan,
    Recipe,
    Snapshot,
    StatsTable,
    Totals,
    collect_params,
    diff,
    initialize,
    meta,
    open,
)
from .transfer import Transfer, transfer
from .watch import Finding, Watch, WatchWarning, watch

__all__ = [
    "Aliases",
    "DTypeError",
    "DeferredError",
    "Difference",
    "Exchange",
    "FileFormatError",
    "Finding",
    "GlueballError",
    "InitializerError",
    "LoadError",
    "LoadReport",
    "MeasureError",
    "MissingExtraError",
    "NameNotFoundError",
    "NothingSelectedError",
    "OptimizerError",
    "OptimizerReport",
    "Parameter",
    "ParameterDict",
    "PatternError",
    "Plan",
    "ReadOnlyError",
    "Recipe",
    "ShapeError",
    "Snapshot",
    "StaleError",
    "Stats",
    "StatsTable",
    "TieError",
    "Totals",
    "Transfer",
    "TransferError",
    "UnknownModelError",
    "Watch",
    "WatchError",
    "WatchSettingError",
    "WatchWarning",
    "collect_params",
    "diff",
    "init",
    "initialize",
    "meta",
    "open",
    "transfer",
    "watch",
]
