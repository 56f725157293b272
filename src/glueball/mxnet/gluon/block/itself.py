"""What a block tells glueball's core of itself: Gluon's names, shapes partly known, fans, first values."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .... import init as core
from ....frameworks.torch.own import Layer
from ....layouts import Layout
from ... import initializer
from ...ndarray import NDArray
from ...ndarray.graph import writable
from ..parameter import shape_is_known
from ..parameter.parameter import contexts

__all__ = ["KNOWS"]


class _Itself:
    """See `glueball.frameworks.torch.own.Itself`."""

    def names(self, owner: Any) -> Mapping[str, str]:
        """Gluon's names."""
        return {attribute: parameter.name for attribute, parameter in owner._reg_params.items()}

    def shape(self, owner: Any, attribute: str) -> tuple[int | None, ...] | None:
        """The shape as far as it is known."""
        shape = owner._reg_params[attribute].shape
        return None if shape is None else tuple(size if size > 0 else None for size in shape)

    def layer(self, owner: Any, attribute: str) -> Layer:
        """Convolutions and embeddings by what MXNet's own classes say of themselves."""
        if attribute != "weight":
            return Layer()
        options = getattr(owner, "_kwargs", None)
        options = options if isinstance(options, dict) else {}
        if "num_group" in options:
            return Layer("transposed" if getattr(owner, "_transposed", False) else "", options["num_group"])
        return Layer("embedding" if "input_dim" in options else "")

    def layout(self, owner: Any) -> Sequence[Layout]:
        """Of Gluon's own layers."""
        from ..nn.layouts import layout  # its layers are blocks

        return layout(owner)

    def default(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> core.Initializer | None:
        """The Parameter's own initializer, else what `initialize()` takes; None for code of a user's."""
        parameter = owner._reg_params.get(attribute)
        how: Any = None if parameter is None else parameter.init
        how = initializer.Uniform() if how is None else how
        how = initializer.create(how) if isinstance(how, str) else how
        kind = type(how)
        if kind in (initializer.Zero, initializer.One):
            return core.Zero() if kind is initializer.Zero else core.One()
        if kind is initializer.Constant:
            value = how.value
            return core.Constant(value.asnumpy() if isinstance(value, NDArray) else value)
        if kind is initializer.Uniform:
            return core.Uniform(how.scale)
        if kind is initializer.Normal:
            return core.Normal(how.sigma)
        if isinstance(how, initializer.Xavier):
            scaled: Any = how
            return core.Xavier(scaled.rnd_type, scaled.factor_type, scaled.magnitude)
        return None

    def rebind(self, owner: Any, attribute: str, array: Any, site: tuple[Any, str] | None) -> None:
        """Share the other block's Parameter, as `params=` does; or take one of its own again."""
        old = owner._reg_params.get(attribute)
        if old is None:  # registered in torch's way
            table = owner._parameters if attribute in owner._parameters else owner._buffers
            table[attribute] = array
            return
        other = None if site is None else getattr(site[0], "_reg_params", {}).get(site[1])
        if other is None:
            other = old
            if site is None:
                other = copy.deepcopy(old)
                other.name = _own_name(owner, attribute, old.name)
            other.adopt(array)
        table = owner._parameters if other._differentiable else owner._buffers
        table[attribute] = other._tensor
        owner._reg_params[attribute] = other
        if owner.__dict__.get(attribute) is old:
            owner.__dict__[attribute] = other
        known = owner._params._params
        kept = set(map(id, owner._reg_params.values()))
        parts = [part for part in known.values() if part is not old or id(old) in kept]
        at = next((at for at, part in enumerate(known.values()) if part is old), len(parts))
        if other not in parts:
            parts.insert(at, other)
        known.clear()
        known.update((part.name, part) for part in parts)

    def give_shape(self, owner: Any, attribute: str, shape: tuple[int, ...]) -> Callable[[], None]:
        """Initialise the Parameter with zeros of this shape, where it waits to be or by default is."""
        back: Callable[[], None] = owner._reg_params[attribute].take_shape(shape)
        return back

    def when_shaped(self, owner: Any, attribute: str, fill: Callable[[Any, Any, str], None]) -> None:
        """Take the filling for the Parameter's initializer; where the shape is known, fill it now."""
        parameter = owner._reg_params[attribute]
        planned = parameter._deferred_init
        waiting = _Filled(owner, attribute, fill), planned[1] if planned else contexts(None), None, None
        if shape_is_known(parameter.shape):
            parameter._fill(*waiting)
        else:
            parameter._deferred_init = waiting


def _own_name(owner: Any, attribute: str, shared: str) -> str:
    """A name for a Parameter that was shared, other than it had with the others."""
    last = shared.removeprefix(owner.params.prefix)
    name: str = owner.prefix + last
    return name if name != shared else f"{owner.prefix}untied_{last}"


class _Filled(initializer.Initializer):
    """Lets glueball's core fill an array."""

    def __init__(self, owner: Any, attribute: str, fill: Callable[[Any, Any, str], None]) -> None:
        super().__init__()
        self._owner = owner
        self._attribute = attribute
        self._fill = fill

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._fill(writable(arr), self._owner, self._attribute)


KNOWS = _Itself()
