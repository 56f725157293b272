"""Parameter: a handle on one array of a model.

It holds no array. Each question goes to the site, so values are live; where the array lies is as it was
when the parameters were collected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..adapter import Adapter, Facts, Shape
from ..errors import DeferredError, DTypeError, OptimizerError, StaleError
from ..slots import Site, Tree
from ..views.table import Row, parameter_table
from .files.untouched import touch
from .origin import Origin, origin_of

if TYPE_CHECKING:
    from ..measures import Stats
    from ..views.plots import Axes

__all__ = ["Parameter"]


class Parameter:
    """One array of a model, and the places that hold it.

    `lr_mult` and `wd_mult` may be set; they belong to the collection, and to what was selected from it.

    >>> import glueball as gb, torch
    >>> weight = gb.collect_params(torch.nn.Linear(4, 8))["weight"]
    >>> weight
    Parameter weight (shape=(8, 4), dtype=float32)
    >>> weight.set_data(1)
    >>> weight.data()[0, 0] = 42
    >>> weight.numpy()[0]
    array([42.,  1.,  1.,  1.], dtype=float32)
    """

    __slots__ = ("_marks", "_row", "_tree")

    def __init__(self, tree: Tree, row: int) -> None:
        self._tree = tree
        self._row = row
        # Shared with every Parameter of the same array, so that it does not matter which one is set.
        self._marks = {"lr_mult": 1.0, "wd_mult": 1.0}

    def move(self, tree: Tree, row: int, first: Parameter) -> None:
        """Go over to another walk of the model, and share the multipliers of the first Parameter there."""
        self._tree, self._row = tree, row
        for what, multiplier in self._marks.items():
            if first._marks[what] == 1.0:
                first._marks[what] = multiplier
        self._marks = first._marks

    @property
    def lr_mult(self) -> float:
        """What `groups` multiplies the learning rate by; 1 at first."""
        return self._marks["lr_mult"]

    @lr_mult.setter
    def lr_mult(self, multiplier: float) -> None:
        self._mark("lr_mult", multiplier)

    @property
    def wd_mult(self) -> float:
        """What `groups` multiplies the weight decay by; 1 at first."""
        return self._marks["wd_mult"]

    @wd_mult.setter
    def wd_mult(self, multiplier: float) -> None:
        self._mark("wd_mult", multiplier)

    def _mark(self, what: str, given: Any) -> None:
        if not (isinstance(given, (int, float)) and 0 <= given < math.inf):
            raise OptimizerError(f"{self.name!r}: {what} is {given!r}; write a number of 0 or more.")
        self._marks[what] = float(given)

    # ---- where it is --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its first slot, in the framework's own order."""
        return self._tree.names[self._row]

    @property
    def slots(self) -> tuple[str, ...]:
        """Every path from the collected root to the array, at most `glueball.slots.MOST_SLOTS`."""
        return self._tree.slots(self._row)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every (owner, attribute) in which the array lies."""
        return self._tree.sites(self._row)

    @property
    def tied(self) -> bool:
        """Whether more than one slot leads to the array."""
        return self._tree.tied(self._row)

    @property
    def replaces(self) -> str | None:
        """The slot whose value is computed from this array (`weight_norm`, spectral norm, pruning)."""
        if not self._tree.computes:
            return None
        return next(iter(self._tree.computed_slots(self._row)), None)

    @property
    def kind(self) -> str:
        """`"parameter"` or `"buffer"`."""
        return "buffer" if self._row in self._tree.buffers else "parameter"

    @property
    def persistent(self) -> bool:
        """Whether it is saved with the model; only a buffer may not be."""
        return self._tree.buffers.get(self._row, True)

    # ---- what it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape | None:
        """The whole shape; None for a dimension not known yet, and for a shape wholly unknown."""
        owner, attribute = self.sites[0]
        return self._tree.adapter.shape(self._array(), owner, attribute)

    @property
    def ndim(self) -> int | None:
        """The number of dimensions."""
        shape = self.shape
        return None if shape is None else len(shape)

    @property
    def size(self) -> int | None:
        """The number of elements; None while the shape is not known."""
        return self._facts().size

    @property
    def nbytes(self) -> int | None:
        """The bytes that its elements take; None while the shape is not known."""
        return self._facts().nbytes

    @property
    def dtype(self) -> Any:
        """Its framework's dtype, such as `torch.float32`."""
        return self._tree.adapter.dtype(self._array())

    @property
    def device(self) -> Any:
        """Its framework's device, such as `torch.device("cpu")`."""
        return self._tree.adapter.device(self._array())

    @property
    def deferred(self) -> bool:
        """Whether it has no values yet, for want of a shape or of memory (the meta device)."""
        return self._tree.adapter.no_values(self._array()) is not None

    @property
    def trainable(self) -> bool:
        """Whether it takes gradients; may be set."""
        return self._tree.adapter.trainable(self._array())

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        if trainable and self.kind == "buffer":
            raise DTypeError(f"{self.name!r} is a buffer, and buffers take no gradients.")
        for check in (True, False):
            self._tree.adapter.set_trainable(self._array(), trainable, self.name, check)

    # ---- values -------------------------------------------------------------------------------------

    def tensor(self) -> Any:
        """The model's own object, as an optimizer wants it.

        Raises:
            StaleError: the model has changed here since its parameters were collected.
        """
        return self._tree.adapter.own([self._array()])[0]

    def _array(self) -> Any:
        return self._tree.array(self._row)

    def data(self) -> Any:
        """The live array outside autograd: edits in place change the model."""
        self._need_values("read")
        return self._tree.adapter.data(self._array())

    def grad(self) -> Any:
        """The live gradient, summed over all slots; None where there is none yet.

        Where a framework keeps none, it is what `ParameterDict.attach_grads` was given.
        """
        attached = self._tree.attached.get(self._row)
        return self._tree.adapter.grad(self._array()) if attached is None else attached

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values as a NumPy array (bfloat16 and float8 by ml_dtypes).

        A sharded parameter is gathered: then all its processes must call this together.
        """
        self._need_values("read")
        return self._tree.adapter.numpy(self._array())

    def stats(self, *, quantiles: float | Sequence[float] = (), rank: bool = False) -> Stats:
        """Count, min, max, mean, std, norm, zeros, NaN, infinities, histogram and quantiles of its values.

        Of a sharded parameter those of the part that lies in this process.

        Args:
            quantiles: shares (or one) that are to be exact; others are as near as `Stats.quantile` says.
            rank: whether to find the effective rank of a matrix (a decomposition: slow for large ones).

        Raises:
            DeferredError: it has no values yet.
            DTypeError: its values cannot be read by NumPy.

        >>> import glueball as gb, torch
        >>> weight = gb.collect_params(torch.nn.Linear(4, 8))["weight"]
        >>> weight.set_data(2)
        >>> weight.stats()
        Stats(float32, 32 elements, min 2, max 2, mean 2, std 0, norm 11.314)
        """
        from .seeing.statistics import measure_rows  # with all that measures, when it is first asked for

        self._need_values("measured")
        row = measure_rows(self._tree, [self._row], grad=False, quantiles=quantiles, rank=rank)[0]
        if row.data is None:
            raise DTypeError(f"{self.name!r} cannot be measured: {row.note}")
        return row.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """For `np.asarray(parameter)`: what `numpy()` gives."""
        return self.numpy() if dtype is None else self.numpy().astype(dtype, copy=False)

    def set_data(self, value: Any) -> None:
        """Put a tensor, an array, a number or another Parameter's values in, in place.

        The dtype stays; a value is converted within its kind (float64 to float32, integer to float).

        Raises:
            ShapeError: another shape; only a plain number is spread.
            DTypeError: a kind that the parameter cannot hold.
            DeferredError: there is no memory to write to yet.
        """
        self._need_values("set")
        adapter, array = self._tree.adapter, self._array()
        adapter.write(array, adapter.coerce(array, native(value, adapter), self.name))
        touch(self.sites)

    def zero_grad(self) -> None:
        """Set the gradient to zero in place; where there is none there stays none."""
        self._tree.attached.pop(self._row, None)
        self._tree.adapter.zero_grad([self._array()])

    def freeze(self) -> None:
        """Take no gradients from now on."""
        self.trainable = False

    def unfreeze(self) -> None:
        """Take gradients from now on."""
        self.trainable = True

    @property
    def origin(self) -> Origin | None:
        """Where its values came from: the rule, seed and time of the plan that filled it last.

        It is noted with the layer, for as long as the layer lives, and whatever the layer is put into;
        copies of the layer know nothing. None where no plan of glueball filled this place, or its lazy
        layer has not run. To tell whether somebody edited the values, those that were drawn are drawn
        again and compared, so asking costs what drawing costs.

        >>> import glueball as gb, torch
        >>> params = gb.collect_params(torch.nn.Linear(4, 8))
        >>> plan = params.initialize({"weight": gb.init.Normal(0.1), "bias": 0}, seed=7)
        >>> origin = params["weight"].origin
        >>> origin.rule, origin.initializer, origin.seed, origin.edited
        ('"weight"', 'Normal(0.1)', 7, False)
        >>> params["weight"].data()[:] += 1
        >>> params["weight"].origin.edited
        True
        """
        array = self._array()
        if self._tree.adapter.lazy(array):
            return None
        return origin_of(self._tree.adapter, self.sites, array)

    # ---- seeing -------------------------------------------------------------------------------------

    def _facts(self) -> Facts:
        owner, attribute = self.sites[0]
        return self._tree.adapter.facts(self._array(), owner, attribute)

    @property
    def own_name(self) -> str | None:
        """The name that its layer has for it, such as Gluon's `dense0_weight`; None for most layers.

        It can be looked up and selected by, like the path: `params["dense0_weight"]`.
        """
        return self._tree.own_names.get(self._row)

    def _need_values(self, verb: str) -> None:
        reason = self._tree.adapter.no_values(self._array())
        if reason:
            raise DeferredError(f"{self.name!r} cannot be {verb}: {reason}.")

    def row(self) -> Row:
        """What a table says of it."""
        try:
            facts = self._facts()
        except StaleError:
            return Row(self.name, None, "?", None, False, "?", "stale: refresh()", "")
        kind = ""
        notes = []
        if self.kind == "buffer":
            kind = "buffer" if self.persistent else "buffer, not saved"
        if self.replaces:
            notes.append(f"computes {self.replaces}")
        if self.tied:
            others = self.slots[1:]
            count = self._tree.slot_count(self._row) - 1
            notes.append("tied with " + ", ".join(others[:3]))
            if count > 3:
                notes[-1] += f" and {count - 3:,} more"
        if facts.size is None:
            kind = "not built" if self._row in self._tree.unbuilt else "deferred"
        return Row(
            self.name, facts.shape, facts.dtype, facts.size, facts.trainable, facts.device,
            kind, "; ".join(notes), self.own_name or "",
        )  # fmt: skip

    def plot(
        self, *, of: Literal["data", "grad"] = "data", limit: float | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the values (or the gradient) as an image by matplotlib; kernels of a convolution are tiles.

        Args:
            of: "data" or "grad".
            limit: of the colours' scale, which goes from -limit to limit; None for the 99.5th percentile.
            ax: axes to draw into; None for a new figure of a fitting size.

        Returns:
            The axes.

        Raises:
            DeferredError: it has no values yet, or no gradient.
            MissingExtraError: matplotlib is not installed.
            PatternError: `of` is neither.
        """
        from ..views import plots

        plots.check_of(of)
        if of == "grad" and self.grad() is None:
            raise DeferredError(f"{self.name!r} has no gradient yet. Run a backward pass first.")
        values = self.numpy() if of == "data" else self._tree.adapter.numpy(self.grad())
        title = self.name if of == "data" else f"gradient of {self.name}"
        return plots.image(values, title=title, limit=limit, ax=ax)

    def __repr__(self) -> str:
        row = self.row()
        parts = [f"shape={row.shape_text}", f"dtype={row.dtype}"]
        stored = row.device == "file"
        if row.device != "cpu":
            parts.append(f"device={row.device}")
        if not (row.trainable or stored) and self.kind == "parameter":
            parts.append("frozen")
        parts += filter(None, (row.kind, row.note))
        return f"Parameter {self.name} ({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return parameter_table([self.row()], [])._repr_html_()


def native(value: Any, adapter: Adapter) -> Any:
    """A Parameter as a copy that an adapter takes, so that it may be written while values change.

    Anything else as it is.
    """
    if not isinstance(value, Parameter):
        return value
    value._need_values("read")
    return adapter.copy(value._array()) if value._tree.adapter is adapter else value.numpy()
