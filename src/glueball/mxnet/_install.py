"""Make `import mxnet` find `glueball.mxnet`, every module of it under both names."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from ._missing import instead_of, why

__all__ = ["install"]

_OURS = __name__.rpartition(".")[0]  # glueball.mxnet


class _Alias(MetaPathFinder, Loader):
    """Finds `mxnet.x` as the module `glueball.mxnet.x` itself, so that each class is there once."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for `mxnet` and what is in it; None for anything else.

        Raises:
            ImportError: it is a part of MXNet that is not here.
        """
        top, _, rest = name.removeprefix("glueball.").partition(".")
        if top != "mxnet":
            return None
        if instead_of(rest) is not None:
            raise ImportError(why(rest), name=name)  # no ModuleNotFoundError: `from` would swallow that
        if name.startswith(_OURS):
            return None
        spec = importlib.util.find_spec(f"{_OURS}.{rest}" if rest else _OURS)
        if spec is None:
            raise ModuleNotFoundError(
                f"glueball has no {name}: it runs MXNet's Gluon on PyTorch, and not all of MXNet.", name=name
            )
        return ModuleSpec(name, self, is_package=spec.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Our module of this name; its own spec is kept for `exec_module`."""
        module = import_module(_OURS + spec.name.removeprefix("mxnet"))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: give back the spec that the import system has overwritten."""
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)


def install() -> None:
    """From now on `import mxnet` is `glueball.mxnet`, in this process.

    Raises:
        ImportError: another mxnet has been imported already.

    >>> from glueball import mxnet
    >>> mxnet.install()
    >>> from mxnet import nd
    >>> nd is mxnet.nd
    True
    """
    there = sys.modules.get("mxnet")
    if there is not None and there is not sys.modules[_OURS]:
        raise ImportError(
            f"mxnet is imported already, from {getattr(there, '__file__', None)}: call "
            f"glueball.mxnet.install() before anything imports it."
        )
    if not any(isinstance(finder, _Alias) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Alias())
