"""ParameterDict: the verbs on the parameters of a selection, each checked for all before it changes one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DTypeError, ShapeError, TieError
from ..patterns import Pattern, describe
from ..views.table import names_text, plural
from . import gradients, optimizers, ties
from .files.untouched import touch
from .files.verbs import Keeping
from .initialising.plan import Plan
from .initialising.planning import make_plan
from .parameter import Parameter
from .seeing.verbs import Seeing

if TYPE_CHECKING:
    from .seeing.snapshots import Snapshot
    from .seeing.statistics import StatsTable

__all__ = ["ParameterDict"]


class ParameterDict(Keeping, Seeing):
    """Parameters of one model by name, in the framework's own order.

    Values are live; the structure is as it was when collected, until `refresh()`. It iterates over names,
    as a dict does; `params.values()` gives the Parameters.

    `params[key]` takes a name (any slot of a tied parameter), or a layer's path, or the position of a
    layer among its siblings, which give the parameters in that layer; layers and parameters are
    attributes too. Below a layer so reached, paths go on from it, while names stay whole.

    >>> import glueball as gb
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1))
    >>> params = gb.collect_params(net)
    >>> params["0.0.bias"] is params[0][0].bias is params["0"]["0"]["bias"]
    True
    >>> (params.select(nn.Linear) - params.select("0")).names()
    ['1.weight', '1.bias']
    """

    # ---- values and properties, all at once ---------------------------------------------------------

    def tensors(self) -> list[Any]:
        """The model's own objects, each once, for an optimizer: `SGD(params.tensors(), lr=0.1)`."""
        return self._tree.adapter.own(self._arrays())

    def _arrays(self) -> list[Any]:
        return self._tree.arrays(self._rows)

    def zero_grad(self) -> None:
        """Set all gradients to zero in place; where there is none there stays none."""
        for row in self._rows:
            self._tree.attached.pop(row, None)
        self._tree.adapter.zero_grad(self._arrays())

    def attach_grads(self, grads: Any) -> None:
        """Take the gradients that a framework's own gradient function returned, where it keeps none itself.

        `grad()`, statistics and watching then work as they do in PyTorch. Of a tied parameter they are
        summed over its slots. What was attached before is replaced.

        Args:
            grads: what the function returned: a tree of the model's form (JAX, NNX, Equinox), a list in the
                order of the parameters that train (Keras, TensorFlow), or {name: gradient}. None stands for
                no gradient.

        Raises:
            NameNotFoundError, ShapeError: they are not this model's; nothing was changed.

        >>> import glueball as gb, numpy as np
        >>> params = gb.collect_params({"weight": np.ones((2, 3)), "bias": np.zeros(2)})
        >>> params.attach_grads({"bias": np.array([1.0, -1.0])})
        >>> params["bias"].grad(), params["weight"].grad()
        (array([ 1., -1.]), None)
        """
        gradients.attach(self._tree, self._rows, grads)

    def freeze(self, pattern: Pattern | None = None) -> None:
        """Take no gradients from now on: for all, or for what a pattern takes."""
        self._set_trainable(pattern, False)

    def unfreeze(self, pattern: Pattern | None = None) -> None:
        """Take gradients from now on: all parameters (not buffers), or what a pattern takes."""
        self._set_trainable(pattern, True)

    def _set_trainable(self, pattern: Pattern | None, trainable: bool) -> None:
        chosen = self if pattern is None else self.select(pattern)
        arrays = [(p._array(), p.name) for p in chosen._parameters() if p.kind == "parameter"]
        if pattern is not None and not arrays:
            raise DTypeError(f"{describe(pattern)} takes buffers only, and buffers take no gradients.")
        for check in (True, False):
            for array, name in arrays:
                self._tree.adapter.set_trainable(array, trainable, name, check)

    def cast(self, dtype: Any, *, optimizer: Any = None) -> None:
        """Change the dtype of the floating parameters, and of their gradients, in place.

        The tensors stay the same objects. Give the optimizer that is running on them, and the state
        that it keeps (moments) follows; without that, torch's Adam fails at its next step.

        Raises:
            DTypeError: no floating dtype; nothing was changed.
        """
        self._change(lambda p: self._tree.adapter.cast(p._array(), dtype, p.name), optimizer)

    def to(self, device: Any, *, optimizer: Any = None) -> None:
        """Move the parameters, and their gradients, to a device in place; `optimizer` as in `cast`.

        Raises:
            DeferredError: a parameter lies on the meta device; nothing was changed.
        """
        self._change(lambda p: self._tree.adapter.move(p._array(), device, p.name), optimizer)

    def _change(self, prepare: Callable[[Parameter], Callable[[], None] | None], optimizer: Any) -> None:
        if optimizer is not None:
            self._tree.adapter.held(optimizer)  # says so if it is none
        for change in [prepare(parameter) for parameter in self._parameters()]:
            if change is not None:
                change()
        if optimizer is not None:
            self._tree.adapter.follow(optimizer)

    def apply(self, function: Callable[[Any], Any]) -> None:
        """Replace each parameter's values by `function(values)`.

        The function is given a copy of the values (of a sharded parameter, of this process's part) and
        returns new ones, or edits the copy and returns None. All results are made and checked before the
        first is written, so they take the memory of these parameters once more.

        Raises:
            ShapeError, DTypeError: a result that does not fit; nothing was changed.

        >>> import glueball as gb, torch
        >>> layer = torch.nn.Linear(4, 8)
        >>> gb.collect_params(layer).apply(lambda values: values.clamp(-0.1, 0.1))
        >>> bool(layer.weight.abs().max() <= 0.1)
        True
        """
        results = []
        adapter = self._tree.adapter
        for parameter in self._parameters():
            parameter._need_values("changed")
            part = adapter.shard(parameter._array())
            array = parameter._array() if part is None else part[0]
            reason = adapter.unwritable(array)
            if reason:
                raise DTypeError(f"{parameter.name!r} cannot be written: {reason}.")
            copy = adapter.data(adapter.copy(array))
            result = function(copy)
            try:
                value = adapter.coerce(array, copy if result is None else result, parameter.name)
            except (ShapeError, DTypeError) as error:
                raise type(error)(f"apply: {error} Nothing was changed.") from None
            results.append((array, value))
        for array, value in results:
            adapter.write(array, value)
        for parameter in self._parameters():
            touch(parameter.sites)

    # ---- initialising -------------------------------------------------------------------------------

    def plan(
        self,
        rules: Any = None,
        *,
        seed: int | None = None,
        device: Any = None,
        buffers: Mapping[str, Any] | None = None,
        prefix: str = "",
        allow_empty: bool = False,
    ) -> Plan:
        """What `initialize` would do with these rules: which rule takes which parameter; changes nothing.

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)))
        >>> for row in params.plan({"0.weight": "xavier", ".*bias": 0}, seed=0).rows:
        ...     print(row.name, "|", row.rule, "|", row.initializer, "|", row.draws)
        0.weight | "0.weight" | Xavier() | [-0.7071, 0.7071]
        0.bias | ".*bias" | Constant(0) |
        1.weight |  |  | kept: no rule
        1.bias | ".*bias" | Constant(0) |
        """
        plan = self._plan(rules, seed, device, buffers, prefix, allow_empty)
        plan.keep()
        return plan

    def _plan(self, rules: Any, seed: Any, device: Any, buffers: Any, prefix: str, allow_empty: bool) -> Plan:
        return make_plan(
            self._tree,
            self._rows,
            rules,
            self._handle,
            seed=seed,
            device=device,
            buffers=buffers,
            prefix=prefix,
            allow_empty=allow_empty,
        )

    def initialize(
        self,
        rules: Any = None,
        *,
        seed: int | None = None,
        device: Any = None,
        buffers: Mapping[str, Any] | None = None,
        prefix: str = "",
        allow_empty: bool = False,
    ) -> Plan:
        """Give the parameters their first values by rule; the first rule that takes a parameter wins.

        Element i of the parameter `name` under `seed` depends on these three alone (DESIGN of the
        streams: `glueball.streams`): not on the order of layers, nor on what else is initialised.

        Args:
            rules: {pattern: initializer}, or one initializer for all, or none: what each layer's own
                constructor would draw. An initializer is one of `glueball.init`, a number, an array,
                another Parameter, a name such as `"xavier"`, a function that fills an array, another
                framework's initializer, or None: keep the value. Or the plan of another model with the
                same names, or its recipe.
            seed: an integer; without one a fresh seed is drawn and stands in the returned plan.
            device: give parameters on the meta device memory there, and values in the same pass; the
                tensors stay the same objects. So do the buffers on it of the layers that hold these
                parameters (of all layers where no selection was made), if torch's own layers compute them.
            buffers: values for buffers by name; for those on the meta device that nobody can compute.
            prefix: put before each name, so that a part collected alone gets the whole's values.
            allow_empty: let a rule take nothing.

        Returns:
            The plan that was carried out: seed, rule and initializer for each parameter.

        Raises:
            NothingSelectedError: a rule takes nothing.
            InitializerError, ShapeError, DTypeError, DeferredError: an initializer does not fit a
                parameter that its rule takes, or no default is known for its layer. Nothing was changed.

        Warns:
            UserWarning: once, with the names of the parameters that no rule takes; they keep their values.
        """
        plan = self._plan(rules, seed, device, buffers, prefix, allow_empty)
        self._carry_out(plan)
        return plan

    def _carry_out(self, plan: Plan) -> None:
        plan.apply()
        for names, why in (
            (plan.unmatched, "no rule takes"),
            (plan.left_alone, "the rule for whole layers needs fans, which are not to be had for"),
        ):
            if names:
                keeps = "it keeps its value" if len(names) == 1 else "they keep their values"
                warnings.warn(
                    f"{why} {names_text(names)}: {keeps}. Add a rule, or say None to keep.",
                    stacklevel=3,
                )

    # ---- ties ---------------------------------------------------------------------------------------

    def tie(self, name: str, to: str) -> ties.Exchange:
        """Make the parameter `name` the same array as `to`; its own is dropped.

        Returns:
            What an optimizer built before must drop and add; `.apply(optimizer)` does it.

        Raises:
            TieError: another shape, dtype, device or kind; nothing was changed.

        >>> import glueball as gb
        >>> from torch import nn
        >>> net = nn.ModuleDict({"embed": nn.Embedding(10, 4), "head": nn.Linear(4, 10, bias=False)})
        >>> params = gb.collect_params(net)
        >>> params.tie("head.weight", "embed.weight")
        Exchange: an optimizer must drop head.weight; add nothing
        >>> params["head.weight"].slots
        ('embed.weight', 'head.weight')
        """
        exchange = ties.tie(self._collection, self._one(name), self._one(to))
        self.refresh()
        return exchange

    def untie(self, slot: str) -> ties.Exchange:
        """Give the layer behind one slot of a tied parameter a copy of its own.

        Raises:
            TieError: it is not tied, or the layer itself is used twice and would have to be copied.
        """
        parameter = self._one(slot)
        slot = slot if slot in parameter.slots else parameter.name
        exchange = ties.untie(self._collection, parameter._row, slot)
        self.refresh()
        return exchange

    def aliases(self) -> ties.Aliases:
        """Look for parameters that share memory without being one object (`load_state_dict(assign=True)`).

        Their values agree, but their gradients do not add up. `retie()` makes ties of them.
        """
        found = ties.find_aliases(self._parameters())
        self._collection.aliases += found.groups
        return found

    def retie(self) -> ties.Exchange:
        """Tie again what was tied when collected and is no more, and what `aliases()` finds or found.

        Raises:
            TieError: the shapes, dtypes, devices or kinds differ now; nothing was changed.
        """
        exchange = ties.retie(self._collection, self._rows)
        self.refresh()
        return exchange

    def _one(self, name: str) -> Parameter:
        found: Parameter | ParameterDict = self[name]
        if isinstance(found, Parameter):
            return found
        if len(found) == 1:
            return found._parameters()[0]
        raise TieError(f"{name!r} is a layer with {plural(len(found), 'parameter')}: name one of them.")

    # ---- seeing what changes ------------------------------------------------------------------------

    def stats(
        self, *, grad: bool = True, quantiles: float | Sequence[float] = (), rank: bool = False
    ) -> StatsTable:
        """Statistics of values and gradients, as a table: `params.stats().sort("grad_norm")`.

        Each array is read once, in pieces, on all cores, where it lies; from a device in small copies. A
        parameter without values has a row that says why, and a sharded one is measured in the part that
        lies in this process.

        Args:
            grad: measure gradients too, where there are any.
            quantiles: shares (or one) to be exact, at the cost of another pass or two; they become columns.
            rank: find the effective rank of each matrix (a decomposition of each: slow for large ones).

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1)))
        >>> _ = params.initialize({".*weight": 0.5, ".*bias": 0})
        >>> for row in params.stats():
        ...     print(row.name, row.data.mean, row.data.zeros)
        0.weight 0.5 0
        0.bias 0.0 8
        1.weight 0.5 0
        1.bias 0.0 1
        """
        from .seeing.statistics import measure_rows  # with all that measures, when it is first asked for

        return measure_rows(self._tree, self._rows, grad=grad, quantiles=quantiles, rank=rank)

    def snapshot(self) -> Snapshot:
        """A copy of the values as they are now, by name, to compare with later: `gb.diff(before, params)`.

        It lies on the host and takes the memory of the values. Of a whole model it has the buffers that are
        saved with it, too. Parameters without values are noted as such; a sharded one is gathered, so then
        all its processes must call this together.
        """
        from .seeing.snapshots import take

        return take(self)

    # ---- optimizers ---------------------------------------------------------------------------------

    def groups(
        self, rules: Mapping[Pattern, Mapping[str, Any]] | None = None, /, **defaults: Any
    ) -> optimizers.Groups:
        """Parameter groups for an optimizer: the first rule that takes a parameter gives its options.

        Args:
            rules: {pattern: options}; each rule adds to, or overrides, the defaults.
            **defaults: options for every group, such as `lr=1e-3, weight_decay=0.1`.

        Returns:
            Groups as `torch.optim` takes them, with the names under `param_names`. Every trainable
            parameter stands in exactly one; frozen ones in none. `lr_mult` and `wd_mult` of a Parameter
            multiply its `lr` and `weight_decay`. For optax `.labels()` of them, for Flax NNX `.filters()`,
            for Keras `.exclude(optimizer)`.

        Raises:
            NothingSelectedError: a rule takes nothing.
            OptimizerError: one tensor would stand in two groups, or there is nothing to multiply.

        >>> import glueball as gb, torch
        >>> params = gb.collect_params(torch.nn.Linear(4, 8))
        >>> groups = params.groups({"bias": {"weight_decay": 0.0}}, lr=1e-3, weight_decay=0.1)
        >>> [(group["param_names"], group["weight_decay"]) for group in groups]
        [(['bias'], 0.0), (['weight'], 0.1)]
        >>> optimizer = torch.optim.AdamW(groups)
        """
        return optimizers.groups(self._tree, self._rows, rules or {}, defaults, self._handle)

    def check_optimizer(self, optimizer: Any) -> optimizers.OptimizerReport:
        """Compare what an optimizer holds with these parameters.

        The report prints what the optimizer holds that is in the model no more, what of these is
        trainable and not held, and what is held and frozen; it is true when there is none of the first two.
        """
        return optimizers.check_optimizer(
            self._collection.walk(), self.names(), len(self) == len(self._tree), optimizer
        )
