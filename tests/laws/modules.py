"""The small model in the frameworks of layers."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, ClassVar

import numpy as np

import glueball as gb
from laws.framework import NAMES, Framework, Refusal, Refusals, without


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
    refuses: ClassVar[Refusals] = without("torch", "labels", "filters", "exclude")

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
    refuses: ClassVar[Refusals] = without("nnx", "exclude")
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


class Invented(Framework):
    """The framework that `docs/add-a-framework.md` adds."""

    id = "invented"
    title = "a fourth, from the guide"
    refuses: ClassVar[Refusals] = {
        **without("tinynet", "labels", "filters", "exclude"),
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
        **without("Keras", "labels", "filters"),
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
