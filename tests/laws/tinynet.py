"""A framework that nobody has, for the guide: layers hold Variables, Variables hold NumPy arrays."""

from __future__ import annotations

import numpy as np


class Variable:
    """An array that may learn; `counts` marks what the layer itself keeps."""

    def __init__(self, value: np.ndarray, learns: bool = True, counts: bool = False) -> None:
        self.value, self.learns, self.counts = value, learns, counts

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> np.dtype:
        return self.value.dtype


class Layer:
    """Anything may be an attribute: Variables, other layers, or what is neither."""


class Dense(Layer):
    """y = x kernel + bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        bound = (3 / inputs) ** 0.5
        self.kernel = Variable(np.random.default_rng().uniform(-bound, bound, (inputs, outputs)))
        self.bias = Variable(np.zeros(outputs))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x @ self.kernel.value + self.bias.value


class Descent:
    """Gradient descent on some Variables."""

    def __init__(self, variables: list[Variable], rate: float = 0.1) -> None:
        self.variables, self.rate = variables, rate

    def step(self, gradients: list[np.ndarray]) -> None:
        for variable, gradient in zip(self.variables, gradients, strict=True):
            if variable.learns:
                variable.value = variable.value - self.rate * gradient
