"""Keras's optimizers: what they hold, what weight decay leaves out, and gradients in their order."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ...errors import OptimizerError
from .. import adapter_named

__all__ = ["dense", "exclude", "held"]


def held(optimizer: Any, root: Any) -> list[tuple[str | None, Any]]:
    """(path, variable) for all that an optimizer holds; on the torch backend one of torch's, too."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(optimizer, torch.optim.Optimizer):
        of = {id(variable.value): variable for variable in root.variables} if root is not None else {}
        pairs = adapter_named("torch").held(optimizer)
        return [(name, of.get(id(tensor), tensor)) for name, tensor in pairs]
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise OptimizerError(
            f"a {type(optimizer).__name__} is no optimizer of Keras: write model.optimizer, or "
            f"keras.optimizers.Adam(…)."
        )
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # that of LossScaleOptimizer
    if not optimizer.built:
        raise OptimizerError(
            f"the {type(optimizer).__name__} is not built, so it holds nothing yet: "
            f"optimizer.build(model.trainable_variables), or fit once."
        )
    return [(variable.path, variable) for variable in optimizer._trainable_variables]


def exclude(optimizer: Any, option: str, names: Sequence[str], arrays: Sequence[Any]) -> None:
    """`optimizer.exclude_from_weight_decay`; no other option can be kept from variables."""
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise OptimizerError(f"a {type(optimizer).__name__} is no optimizer of Keras.")
    if option != "weight_decay":
        raise OptimizerError(
            f"Keras's optimizers have one {option} for all variables; "
            f"only weight_decay can be kept from some."
        )
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer.built:
        raise OptimizerError(
            f"the {type(optimizer).__name__} is built, and Keras takes exclusions before that: "
            f"call exclude() right after it is made."
        )
    optimizer.exclude_from_weight_decay(var_list=list(arrays))


def by_name(root: Any, grads: Any, names: Mapping[int, str]) -> Any:
    """Gradients in the order of `model.trainable_variables`, by slot; what is by name already, as it is.

    Args:
        root: the model.
        grads: what a gradient function returned.
        names: slots by the `id` of the variable.
    """
    if isinstance(grads, Mapping):
        return {name: dense(gradient) for name, gradient in grads.items()}
    given = [dense(gradient) for gradient in grads]
    trains = root.trainable_variables if isinstance(root, keras.Layer) else []
    if len(given) != len(trains):
        return given
    pairs = zip(trains, given, strict=True)
    return {names[id(variable)]: gradient for variable, gradient in pairs if id(variable) in names}


def dense(gradient: Any) -> Any:
    """A gradient as one array: TensorFlow gives that of an embedding by rows (`tf.IndexedSlices`)."""
    if type(gradient).__name__ == "IndexedSlices":
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)
    return gradient
