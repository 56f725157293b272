"""The small model as a plain tree of each kind of array, and in Equinox."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

import glueball as gb
from laws.framework import NAMES, SHAPES, Framework, Refusal, Refusals, without


class Trees(Framework):
    """What all plain trees have in common."""

    refuses: ClassVar[Refusals] = {
        "defaults": Refusal(
            gb.InitializerError,
            "the layer is not one of arrays's own",
            "a dict does not say what layer it is",
        ),
        "fans": Refusal(
            gb.InitializerError,
            "its layer is not known, so neither is which axis is which",
            "a dict does not say what layer it is; give the fans, `Xavier(fan=(6, 4))`",
        ),
        **without("arrays", "exclude"),
    }

    def array(self, shape: tuple[int, ...]) -> Any:
        raise NotImplementedError

    def build(self) -> Any:
        return {
            layer: {name: self.array(shape) for name, shape in SHAPES.items()}
            for layer in ("first", "second")
        }

    def layer(self, model: Any, name: str) -> Any:
        return model[name]

    def own(self, model: Any, slot: str) -> Any:
        layer, _, name = slot.partition(".")
        return model[layer][name]

    def replace_first(self, model: Any, other: Any) -> None:
        model["first"] = other["first"]

    def dense(self) -> tuple[Any, str]:
        return {"weight": self.array((4, 6)), "bias": self.array((4,))}, "weight"


_NO_HOLDER = Refusal(
    gb.OptimizerError,
    "holds no parameters: optimizers of JAX get them at each step",
    "an optimizer that holds no parameters cannot hold the wrong ones",
)


class NumPyTree(Trees):
    id = "numpy"
    title = "tree of NumPy arrays"
    refuses: ClassVar[Refusals] = {
        **Trees.refuses,
        "deferred": Refusal(
            gb.DeferredError, "device= is for trees without memory", "its arrays always have values"
        ),
        "optimizer": _NO_HOLDER,
    }

    def array(self, shape: tuple[int, ...]) -> Any:
        return np.ones(shape, np.float32)

    def grads(self, model: Any) -> Any:
        def full(slot: str) -> np.ndarray:
            return np.full_like(self.own(model, slot), NAMES.index(slot) + 1)

        return {layer: {name: full(f"{layer}.{name}") for name in SHAPES} for layer in ("first", "second")}

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        return self.build(), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        return self.build(), []

    def optimizer(self, model: Any) -> Any:
        return object()


class TorchTree(Trees):
    id = "torch-tree"
    title = "tree of torch tensors"
    needs = ("torch",)

    def array(self, shape: tuple[int, ...]) -> Any:
        import torch

        return torch.ones(shape, requires_grad=True)

    def value(self, model: Any, slot: str) -> np.ndarray:
        return self.own(model, slot).detach().numpy()

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).requires_grad

    def grads(self, model: Any) -> Any:
        self.loss(lambda slot: self.own(model, slot)).backward()

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        import torch

        with torch.device("meta"):
            return self.build(), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        return self.build(), []

    def optimizer(self, model: Any) -> Any:
        import torch

        return torch.optim.SGD([self.own(model, slot) for slot in NAMES], lr=0.1)


_NO_TIE = Refusal(
    gb.TieError,
    "is an array of JAX, and no tie holds those together",
    "every function of JAX copies a shared array; use `eqx.nn.Shared`, a Variable of NNX, or one key twice",
)


class JAXTree(Trees):
    id = "jax-tree"
    title = "tree of JAX arrays"
    needs = ("jax", "optax")
    refuses: ClassVar[Refusals] = {
        **Trees.refuses,
        "tie": _NO_TIE,
        "untie": _NO_TIE,
        "tied gradient": _NO_TIE,
        "optimizer": _NO_HOLDER,
    }

    def array(self, shape: tuple[int, ...]) -> Any:
        import jax.numpy as jnp

        return jnp.ones(shape)

    def grads(self, model: Any) -> Any:
        import jax

        return jax.grad(lambda net: self.loss(lambda slot: self.own(net, slot)))(model)

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        import jax

        return jax.eval_shape(self.build), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        import jax

        return {"w": self.array((2,)), "key": jax.random.key(0)}, ["key"]

    def optimizer(self, model: Any) -> Any:
        import optax

        return optax.adam(0.1).init(model)


class Equinox(Framework):
    id = "equinox"
    title = "Equinox"
    needs = ("jax", "equinox", "optax")
    refuses: ClassVar[Refusals] = {
        "tie": _NO_TIE,
        "untie": _NO_TIE,
        "tied gradient": _NO_TIE,
        "stale": Refusal(
            dataclasses.FrozenInstanceError,
            "cannot assign to field 'first'",
            "a module of Equinox never changes: collect the new one",
        ),
        "optimizer": _NO_HOLDER,
        **without("arrays", "exclude"),
    }

    def build(self) -> Any:
        import equinox as eqx
        import jax
        import jax.numpy as jnp

        class Layer(eqx.Module):
            w: jax.Array
            b: jax.Array

        class Net(eqx.Module):
            first: Layer
            second: Layer

        return Net(*(Layer(jnp.ones((4, 3)), jnp.ones(4)) for _ in range(2)))

    def grads(self, model: Any) -> Any:
        import equinox as eqx

        return eqx.filter_grad(lambda net: self.loss(lambda slot: self.own(net, slot)))(model)

    def dense(self) -> tuple[Any, str]:
        import equinox as eqx
        import jax

        return eqx.nn.Linear(6, 4, key=jax.random.key(0)), "weight"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        import equinox as eqx

        return eqx.filter_eval_shape(self.build), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        import equinox as eqx

        norm = eqx.nn.BatchNorm(3, "batch", mode="ema")
        return norm, ["ema_first_time_index.init", "ema_state_index.init.0", "ema_state_index.init.1"]

    def optimizer(self, model: Any) -> Any:
        import equinox as eqx
        import optax

        return optax.adam(0.1).init(eqx.filter(model, eqx.is_array))
