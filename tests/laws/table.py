"""One small model in every framework: two layers, `first` and `second`, each with `w` (4, 3) and `b` (4,).

All values are 1. The names are the same everywhere, so the same seed has to give the same bits everywhere. A
framework says, beside its models, what it refuses: law -> (error, text). Nothing is left out silently.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

import glueball as gb

NAMES = ["first.w", "first.b", "second.w", "second.b"]
SHAPES = {"w": (4, 3), "b": (4,)}


class Refusal(NamedTuple):
    """An error that a framework gives in the place of a law: its class, what it says, and why it has to."""

    error: type[Exception]
    text: str
    why: str


Refusals = dict[str, Refusal]


def _without(name: str, *verbs: str) -> Refusals:
    """The forms of optimizers of other frameworks that the adapter of this name does not make."""
    forms = {
        "labels": ("labels for optax", "optax is for models of JAX"),
        "filters": ("filters of Flax NNX", "filters are NNX's, masks for trees of arrays"),
        "exclude": ("exclusions of Keras's optimizers", "only Keras's optimizers have exclusions"),
    }
    return {
        verb: Refusal(gb.OptimizerError, f"{forms[verb][0]} are not for {name}", forms[verb][1])
        for verb in verbs
    }


class Framework:
    """A framework by its models, and its own means to look at them."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    refuses: ClassVar[Refusals] = {}
    names: ClassVar[list[str]] = NAMES  # in the framework's own order

    def ordered(self, names: list[str]) -> list[str]:
        return sorted(names, key=self.names.index)

    def there(self) -> bool:
        """Whether it is installed."""
        return all(importlib.util.find_spec(name) for name in self.needs)

    def build(self) -> Any:
        raise NotImplementedError

    def layer(self, model: Any, name: str) -> Any:
        return getattr(model, name)

    def layer_class(self, model: Any) -> type:
        return type(self.layer(model, "first"))

    def own(self, model: Any, slot: str) -> Any:
        """The framework's own object at a slot."""
        layer, _, name = slot.partition(".")
        return getattr(self.layer(model, layer), name)

    def value(self, model: Any, slot: str) -> np.ndarray:
        """The values at a slot by the framework's own means."""
        return np.asarray(self.own(model, slot))

    def values(self, model: Any) -> dict[str, np.ndarray]:
        return {slot: np.array(self.value(model, slot)) for slot in NAMES}

    def trains(self, model: Any, slot: str) -> bool | None:
        """What the framework itself says, None where it keeps no such thing."""
        return None

    def replace_first(self, model: Any, other: Any) -> None:
        """Put another model's first layer in the place of this one's."""
        model.first = other.first

    def grads(self, model: Any) -> Any:
        """Gradients of `loss` as the framework gives them; None where arrays keep them."""
        raise NotImplementedError

    def loss(self, value: Any) -> Any:
        """1·Σ first.w + 2·Σ first.b + 3·Σ second.w + 4·Σ second.b, by a function slot -> array."""
        return sum((place + 1) * value(slot).sum() for place, slot in enumerate(NAMES))

    def dense(self) -> tuple[Any, str]:
        """A layer of 6 inputs and 4 outputs, and the name of its weight."""
        raise NotImplementedError

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        """A model without values, what `gb.initialize` needs for it, and what completes it then."""
        raise NotImplementedError

    def with_buffers(self) -> tuple[Any, list[str]]:
        """A model, and the names of its buffers."""
        raise NotImplementedError

    def optimizer(self, model: Any) -> Any:
        """An optimizer of the whole model."""
        raise NotImplementedError

    def new_optimizer(self) -> Any:
        """An optimizer that has seen no parameters yet."""
        return object()


def _torch_net(nn: Any, torch: Any) -> Any:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(4, 3))
            self.b = nn.Parameter(torch.ones(4))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = Layer(), Layer()

    return Net


class Torch(Framework):
    id = "torch"
    title = "PyTorch"
    needs = ("torch",)
    refuses: ClassVar[Refusals] = _without("torch", "labels", "filters", "exclude")

    def build(self) -> Any:
        import torch

        return _torch_net(torch.nn, torch)()

    def value(self, model: Any, slot: str) -> np.ndarray:
        return self.own(model, slot).detach().numpy()

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).requires_grad

    def grads(self, model: Any) -> Any:
        self.loss(lambda slot: self.own(model, slot)).backward()

    def dense(self) -> tuple[Any, str]:
        from torch import nn

        return nn.Linear(6, 4), "weight"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        with gb.meta():
            model = self.build()
        return model, {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        from torch import nn

        return nn.BatchNorm1d(3), ["running_mean", "running_var", "num_batches_tracked"]

    def optimizer(self, model: Any) -> Any:
        import torch

        return torch.optim.SGD(model.parameters(), lr=0.1)


@cache  # a Block refuses a layer of another class in the place of one
def _gluon_net() -> Any:
    from glueball.mxnet.gluon import nn

    class Layer(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.w = self.params.get("w", shape=(4, 3))
            self.b = self.params.get("b", shape=(4,))

    class Net(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = Layer(), Layer()

    return Net


class Gluon(Framework):
    id = "gluon"
    title = "Gluon (on PyTorch)"
    needs = ("torch",)
    refuses = Torch.refuses

    def build(self) -> Any:
        from glueball.mxnet import init

        net = _gluon_net()()
        net.initialize(init.One())
        return net

    def value(self, model: Any, slot: str) -> np.ndarray:
        return self.own(model, slot).data().asnumpy()

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).grad_req != "null"

    def grads(self, model: Any) -> Any:
        from glueball.mxnet import autograd

        with autograd.record():
            loss = self.loss(lambda slot: self.own(model, slot).data())
        loss.backward()

    def dense(self) -> tuple[Any, str]:
        from glueball.mxnet.gluon import nn

        net = nn.Dense(4, in_units=6)
        net.initialize()
        return net, "weight"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        from glueball.mxnet import nd
        from glueball.mxnet.gluon import nn

        net = nn.Sequential()
        net.add(nn.Dense(4), nn.Dense(2))
        return net, {}, lambda: net(nd.ones((2, 3)))

    def with_buffers(self) -> tuple[Any, list[str]]:
        from glueball.mxnet.gluon import nn

        net = nn.BatchNorm(in_channels=3)
        net.initialize()
        return net, ["running_mean", "running_var"]

    def optimizer(self, model: Any) -> Any:
        import torch

        return torch.optim.SGD(model.parameters(), lr=0.1)


class NNX(Framework):
    id = "nnx"
    title = "Flax NNX"
    needs = ("jax", "flax", "optax")
    refuses: ClassVar[Refusals] = _without("nnx", "exclude")
    names: ClassVar[list[str]] = sorted(NAMES)

    def build(self) -> Any:
        import jax.numpy as jnp
        from flax import nnx

        class Layer(nnx.Module):
            def __init__(self) -> None:
                self.w = nnx.Param(jnp.ones((4, 3)))
                self.b = nnx.Param(jnp.ones(4))

        class Net(nnx.Module):
            def __init__(self) -> None:
                self.first, self.second = Layer(), Layer()

        return Net()

    def value(self, model: Any, slot: str) -> np.ndarray:
        return np.asarray(self.own(model, slot)[...])

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).get_metadata("trainable", True)

    def grads(self, model: Any) -> Any:
        from flax import nnx

        return nnx.grad(lambda net: self.loss(lambda slot: self.own(net, slot)[...]))(model)

    def dense(self) -> tuple[Any, str]:
        from flax import nnx

        return nnx.Linear(6, 4, rngs=nnx.Rngs(0)), "kernel"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        from flax import nnx

        return nnx.eval_shape(self.build), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        from flax import nnx

        return nnx.BatchNorm(3, rngs=nnx.Rngs(0)), ["mean", "var"]

    def optimizer(self, model: Any) -> Any:
        import optax
        from flax import nnx

        return nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)


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
        **_without("arrays", "exclude"),
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
        **_without("arrays", "exclude"),
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


class Invented(Framework):
    """The framework that `docs/add-a-framework.md` adds."""

    id = "invented"
    title = "a fourth, from the guide"
    refuses: ClassVar[Refusals] = {
        **_without("tinynet", "labels", "filters", "exclude"),
        "deferred": Refusal(
            gb.DeferredError,
            "device= is for models without memory, which tinynet does not build",
            "its arrays always have values",
        ),
        "cast": Refusal(
            gb.DTypeError,
            "cannot be cast in place: arrays of tinynet keep their dtype",
            "the guide's adapter leaves it out",
        ),
    }

    def build(self) -> Any:
        from laws import tinynet, tinynet_adapter  # noqa: F401

        class Layer(tinynet.Layer):
            def __init__(self) -> None:
                self.w = tinynet.Variable(np.ones((4, 3), np.float32))
                self.b = tinynet.Variable(np.ones(4, np.float32))

        class Net(tinynet.Layer):
            def __init__(self) -> None:
                self.first, self.second = Layer(), Layer()

        return Net()

    def value(self, model: Any, slot: str) -> np.ndarray:
        return self.own(model, slot).value

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).learns

    def grads(self, model: Any) -> Any:
        found = {}
        for place, slot in enumerate(NAMES):
            one = np.full_like(self.value(model, slot), place + 1)
            found[slot] = one
        return found

    def dense(self) -> tuple[Any, str]:
        from laws import tinynet

        return tinynet.Dense(6, 4), "kernel"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        return self.build(), {"device": "cpu"}, lambda: None

    def with_buffers(self) -> tuple[Any, list[str]]:
        from laws import tinynet

        model = self.build()
        model.seen = tinynet.Variable(np.zeros((), np.int64), learns=False, counts=True)
        return model, ["seen"]

    def optimizer(self, model: Any) -> Any:
        from laws import tinynet

        return tinynet.Descent([self.own(model, slot) for slot in NAMES])


_BUILT = Refusal(
    gb.TieError,
    "Keras keeps the variables of a built layer",
    "Keras cannot replace a variable of a built layer; use one layer in both places",
)


class Keras(Framework):
    """On the backend that KERAS_BACKEND names, TensorFlow where nothing does."""

    id = "keras"
    title = "Keras 3"
    needs = ("keras", {"torch": "torch", "jax": "jax"}.get(os.environ.get("KERAS_BACKEND", ""), "tensorflow"))
    refuses: ClassVar[Refusals] = {
        **_without("Keras", "labels", "filters"),
        "tie": _BUILT,
        "untie": _BUILT,
        "tied gradient": _BUILT,
        "cast": Refusal(
            gb.DTypeError, "a Keras variable keeps its dtype", "make the model with another dtype policy"
        ),
    }

    def build(self) -> Any:
        import keras

        class Layer(keras.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.w = self.add_weight(shape=(4, 3), name="w", initializer="ones")
                self.b = self.add_weight(shape=(4,), name="b", initializer="ones")
                self.built = True

        class Net(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.second = Layer(), Layer()
                self.built = True

        return Net()

    def value(self, model: Any, slot: str) -> np.ndarray:
        import keras

        return keras.ops.convert_to_numpy(self.own(model, slot))

    def trains(self, model: Any, slot: str) -> bool | None:
        return self.own(model, slot).trainable

    def grads(self, model: Any) -> Any:
        import keras

        variables = [self.own(model, slot) for slot in NAMES]
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                loss = self.loss(lambda slot: _Summed(self.own(model, slot)))
            return tape.gradient(loss, variables)
        if keras.backend.backend() == "torch":
            self.loss(lambda slot: self.own(model, slot).value).backward()
            return None
        import jax

        def loss(values: Any) -> Any:
            return self.loss(dict(zip(NAMES, values, strict=True)).__getitem__)

        return jax.grad(loss)([variable.value for variable in variables])

    def dense(self) -> tuple[Any, str]:
        import keras

        layer = keras.layers.Dense(4)
        layer.build((None, 6))
        return layer, "kernel"

    def deferred(self) -> tuple[Any, dict[str, Any], Any]:
        import keras

        model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)])
        return model, {}, lambda: model.build((None, 3))

    def with_buffers(self) -> tuple[Any, list[str]]:
        import keras

        layer = keras.layers.BatchNormalization()
        layer.build((None, 3))
        return layer, ["moving_mean", "moving_variance"]

    def optimizer(self, model: Any) -> Any:

        optimizer = self.new_optimizer()
        optimizer.build(model.trainable_variables)
        return optimizer

    def new_optimizer(self) -> Any:
        import keras

        return keras.optimizers.AdamW(0.1)


class _Summed:
    """A variable of Keras that can be summed as an array can."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    def sum(self) -> Any:
        import keras

        return keras.ops.sum(self.variable)


FRAMEWORKS: list[Framework] = [
    Torch(), Gluon(), Keras(), NNX(), NumPyTree(), TorchTree(), JAXTree(), Equinox(), Invented(),
]  # fmt: skip
