"""Parameters and their verbs: the handle on one array, the view on many, and what is done with them."""

from .collect import collect_params, initialize, meta
from .dictionary import ParameterDict
from .loaded import LoadReport
from .opening import open
from .optimizers import OptimizerReport
from .parameter import Parameter
from .plan import Plan, PlanRow
from .recipe import Recipe
from .selection import Totals
from .ties import Aliases, Exchange

__all__ = [
    "Aliases",
    "Exchange",
    "LoadReport",
    "OptimizerReport",
    "Parameter",
    "ParameterDict",
    "Plan",
    "PlanRow",
    "Recipe",
    "Totals",
    "collect_params",
    "initialize",
    "meta",
    "open",
]
