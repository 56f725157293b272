"""Parameters and their verbs: the handle on one array, the view on many, and what is done with them."""

from .collect import collect_params, initialize, meta
from .dictionary import ParameterDict
from .differences import Difference, DiffRow, diff
from .loaded import LoadReport
from .opening import open
from .optimizers import OptimizerReport
from .parameter import Parameter
from .plan import Plan, PlanRow
from .recipe import Recipe
from .selection import Totals
from .snapshots import Snapshot
from .statistics import StatsRow, StatsTable
from .ties import Aliases, Exchange

__all__ = [
    "Aliases",
    "DiffRow",
    "Difference",
    "Exchange",
    "LoadReport",
    "OptimizerReport",
    "Parameter",
    "ParameterDict",
    "Plan",
    "PlanRow",
    "Recipe",
    "Snapshot",
    "StatsRow",
    "StatsTable",
    "Totals",
    "collect_params",
    "diff",
    "initialize",
    "meta",
    "open",
]
