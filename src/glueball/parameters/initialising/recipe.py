"""Recipe: what a plan decided, free of the model: it compares, is saved as JSON, and is carried out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import GlueballError, InitializerError
from ...init import Initializer, from_json

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A seed, and an initializer for each name: given to `initialize` it makes the same values again.

    Attributes:
        seed: the plan's seed.
        prefix: what the plan put before each name when it drew.
        initializers: by name; None where the value is kept.

    >>> import glueball as gb
    >>> from torch import nn
    >>> plan = gb.collect_params(nn.Linear(4, 8)).plan({nn.Linear: gb.init.Normal(0.1)}, seed=7)
    >>> saved = plan.recipe.to_json()
    >>> saved
    {'seed': 7, 'prefix': '', 'initializers': [[{'kind': 'Normal', 'std': 0.1}, ['weight', 'bias']]]}
    >>> again = gb.Recipe.from_json(saved)
    >>> again == plan.recipe
    True
    >>> net = gb.initialize(nn.Linear(4, 8), again)
    """

    seed: int
    prefix: str
    initializers: Mapping[str, Initializer | None]

    def to_json(self) -> dict[str, Any]:
        """As plain dicts, lists, numbers and strings; initializers with the names that they are for.

        Raises:
            InitializerError: an initializer that has no such form (a large array, a lambda), or two that
                have one.
        """
        names: list[tuple[Initializer | None, list[str]]] = []
        for name, how in self.initializers.items():
            for known, held in names:
                if known is how or known == how:
                    held.append(name)
                    break
            else:
                names.append((how, [name]))
        forms: list[Any] = []
        for how, held in names:
            form = None if how is None else how.to_json()
            same = next(
                (known for known, (other, _) in zip(names, forms, strict=False) if other == form), None
            )
            if same is not None:
                raise InitializerError(
                    f"{same[0]!r} for {same[1][0]!r} and {how!r} for {held[0]!r} are two initializers "
                    f"with one JSON form, {form}: what was read again could not tell them apart."
                )
            forms.append([form, held])
        return {"seed": self.seed, "prefix": self.prefix, "initializers": forms}

    @classmethod
    def from_json(cls, form: Mapping[str, Any], *, known: Mapping[str, Any] | None = None) -> Recipe:
        """What `to_json` wrote.

        Args:
            form: the dict.
            known: functions and classes of your own by the names that stand in it; nothing is imported.

        Raises:
            InitializerError: it is no recipe.
        """
        try:
            seed, prefix, pairs = form["seed"], form["prefix"], form["initializers"]
            read = [(names, None if how is None else from_json(how, known=known)) for how, names in pairs]
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, GlueballError):
                raise
            raise InitializerError(f"this is no recipe that to_json wrote: {error!r}.") from None
        if type(seed) is not int or type(prefix) is not str:
            raise InitializerError(
                f"this is no recipe that to_json wrote: its seed is {seed!r} and its prefix {prefix!r}, "
                f"where an integer and a string belong."
            )
        found: dict[str, Initializer | None] = {}
        for names, how in read:
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise InitializerError(
                    f"this is no recipe that to_json wrote: {names!r} stands where a list of names belongs."
                )
            for name in names:
                if name in found:
                    raise InitializerError(f"this is no recipe that to_json wrote: it has {name!r} twice.")
                found[name] = how
        return cls(seed, prefix, found)
