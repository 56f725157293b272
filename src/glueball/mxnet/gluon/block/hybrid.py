"""HybridBlock: a computation written once for arrays and graphs; here it always runs on arrays."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

import torch

from ... import ndarray as nd
from ...base import MXNetError
from ...ndarray import NDArray
from ..parameter import DeferredInitializationError, ParameterDict
from .base import Block
from .inference import infer_shapes

__all__ = ["HybridBlock", "SymbolBlock"]


class HybridBlock(Block):
    """A Block whose computation is written once, as `hybrid_forward(F, x, …)`, with F always `nd`.

    Its own Parameters come as arguments by their attributes' names. Where their shapes are not known, they
    are told by the operators that use them, at the first forward pass.

    >>> from glueball import mxnet as mx
    >>> class Scaled(mx.gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.scale = self.params.get("scale", shape=(0,), allow_deferred_init=True)
    ...     def hybrid_forward(self, F, x, scale):
    ...         return x * scale
    >>> net = Scaled()
    >>> net.initialize(mx.init.Constant(2))
    >>> net(mx.nd.ones(3))
    <BLANKLINE>
    [2. 2. 2.]
    <NDArray 3 @cpu(0)>
    >>> net.scale.shape
    (3,)
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._active = False

    def register_child(self, block: Any, name: str | None = None) -> None:
        """Make a HybridBlock, or a torch module, a child.

        Raises:
            ValueError: it is neither.
        """
        hybrid = isinstance(block, HybridBlock)
        if not hybrid and (isinstance(block, Block) or not isinstance(block, torch.nn.Module)):
            raise ValueError(
                f"Children of HybridBlock must also be HybridBlock, but {block} has type {type(block)}. "
                "If you are using Sequential, please try HybridSequential instead."
            )
        super().register_child(block, name)

    def hybridize(self, active: bool = True, backend: Any = None, clear: bool = True, **kwargs: Any) -> None:
        """Accepted for MXNet's sake: every block computes the same, hybridized or not.

        Args:
            active: whether; only `summary` and `export` ask.
            backend: of MXNet's; without effect.
            clear: without effect.
            kwargs: `static_alloc`, `static_shape`, …; without effect. To compile, `torch.compile(block)`.
        """
        self._active = active
        if active and (self._forward_hooks or self._forward_pre_hooks):
            warnings.warn(
                f'"{self}" is being hybridized while still having forward hook/pre-hook. '
                f'If "{self}" is a child of HybridBlock, the hooks will not take effect.',
                stacklevel=2,
            )
        super().hybridize(active, backend=backend, clear=clear, **kwargs)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes, with the operators of F and its own Parameters by name."""
        raise NotImplementedError

    def forward(self, x: Any, *args: Any) -> Any:
        """Call `hybrid_forward` with the Parameters.

        Raises:
            ValueError: nothing of what came in is an array, or Parameters' shapes cannot be inferred.
        """
        context = x._context if type(x) is NDArray else _context_in((x, *args))
        registered = self._reg_params
        if not registered:
            return self.hybrid_forward(nd, x, *args)
        try:
            params = {name: parameter.data(context) for name, parameter in registered.items()}
        except DeferredInitializationError:
            self._infer((x, *args))
            for parameter in self.params.values():
                parameter._finish_deferred_init()
            params = {name: parameter.data(context) for name, parameter in registered.items()}
        return self.hybrid_forward(nd, x, *args, **params)

    def _infer(self, args: tuple[Any, ...]) -> None:
        try:
            self.infer_shape(*args)
        except Exception as error:
            raise ValueError(
                f"Deferred initialization failed because shape cannot be inferred. {error}"
            ) from error

    def infer_shape(self, *args: Any) -> None:
        """Tell the Parameters in it their shapes by inputs, without computing anything.

        Args:
            args: as the block is called.

        Raises:
            MXNetError: the inputs do not fit the shapes that are known.
        """
        infer_shapes(self, args)

    def infer_type(self, *args: Any) -> None:
        """Tell the Parameters in it their dtypes; they have one from the start, so this only checks.

        Raises:
            MXNetError: an input is of another dtype than the Parameters.
        """
        from ...ndarray.dtypes import torch_dtype

        for parameter in self.collect_params().values():
            for x in args:
                if isinstance(x, NDArray) and torch_dtype(parameter.dtype) is not torch_dtype(x.dtype):
                    raise MXNetError(
                        f"{parameter} takes no input of {x.dtype}: cast the block, or the input with astype."
                    )

    def cast(self, dtype: Any) -> None:
        """Give all its Parameters another dtype."""
        super().cast(dtype)

    def export(self, path: str, epoch: int = 0, remove_amp_cast: bool = True) -> NoReturn:
        """Write graph and Parameters; there is no graph here to write.

        Raises:
            RuntimeError: the block was not hybridized.
            NotImplementedError: it was.
        """
        if not self._active:
            raise RuntimeError(
                "Please first call block.hybridize() and then run forward with this block at least once "
                "before calling export."
            )
        raise NotImplementedError(
            "MXNet's graphs of symbols are not here: save_parameters writes the values, torch.export.export "
            "the computation."
        )

    def optimize_for(self, x: Any, *args: Any, backend: Any = None, **kwargs: Any) -> NoReturn:
        """Run MXNet's graph passes; there are none here."""
        if not backend:
            raise ValueError('Must specify "backend" to optimize_for')
        raise NotImplementedError("MXNet's graph passes are not here: torch.compile(block) optimizes.")


def _context_in(values: Any) -> Any:
    found = _first_array(values)
    if found is None:
        raise ValueError(
            "In HybridBlock, there must be one NDArray or one Symbol in the input. Please check the type of "
            "the args.\n"
        )
    return found._context


def _first_array(values: Any) -> NDArray | None:
    for value in values:
        if isinstance(value, NDArray):
            return value
        if isinstance(value, (list, tuple)):
            found = _first_array(value)
            if found is not None:
                return found
    return None


class SymbolBlock(HybridBlock):
    """A block made of a graph of symbols; there are none here, and making one says so."""

    def __init__(self, outputs: Any, inputs: Any, params: Any = None) -> None:
        raise NotImplementedError(_NO_SYMBOLS)

    @staticmethod
    def imports(
        symbol_file: str, input_names: Any, param_file: str | None = None, ctx: Any = None, **options: Any
    ) -> NoReturn:
        """Read an exported network."""
        raise NotImplementedError(_NO_SYMBOLS)


_NO_SYMBOLS = (
    "MXNet's graphs of symbols are not here: write the network as a Block and call "
    "load_parameters, or read the "
    "arrays of its .params file with nd.load."
)
