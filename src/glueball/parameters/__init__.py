"""Parameters and their verbs: the handle on one array, the view on many, and what is done with them."""

from .collect import collect_params, initialize, meta
from .dictionary import ParameterDict
from .files.loaded import LoadReport
from .files.opening import open
from .initialising.plan import Plan, PlanRow
from .initialising.recipe import Recipe
from .optimizers import OptimizerReport
from .parameter import Parameter
from .seeing.differences import Difference, DiffRow, diff
from .seeing.snapshots import Snapshot
from .seeing.statistics import StatsRow, StatsTable
from .selection import Totals
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
