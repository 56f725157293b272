"""The walk over a `torch.nn.Module`: every layer once, every array once, wrappers left out.

It reads the modules' own tables (`_parameters`, `_buffers`, `_modules`) in the order of
`named_parameters`, and keeps columns. What most models do not have (ties, shared layers, wrappers,
computed weights) is noticed in passing and worked out after the walk.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

from ...adapter import Adapter
from ...errors import UnknownModelError
from ...slots import Tree

__all__ = ["child", "children", "holds", "inside", "walk"]

# Wrappers by (module, class) and the attribute in which each keeps the model. By name, because
# importing them all would cost seconds; a subclass of one is a wrapper too.
_WRAPPERS = {
    ("torch.nn.parallel.distributed", "DistributedDataParallel"): "module",
    ("torch.nn.parallel.data_parallel", "DataParallel"): "module",
    ("torch._dynamo.eval_frame", "OptimizedModule"): "_orig_mod",
    ("torch.distributed.fsdp.fully_sharded_data_parallel", "FullyShardedDataParallel"): (
        "_fsdp_wrapped_module"
    ),
    (
        "torch.distributed.algorithms._checkpoint.checkpoint_wrapper",
        "CheckpointWrapper",
    ): "_checkpoint_wrapped_module",
    ("torch.optim.swa_utils", "AveragedModel"): "module",
}

_PLAIN, _COMPUTED = "", "computed"
_roles: dict[type, str] = {}


def _role(kind: type) -> str:
    """What a class of modules is to the walk: plain, a wrapper's attribute, or a parametrization."""
    role = _PLAIN
    for cls in kind.__mro__:
        role = _WRAPPERS.get((cls.__module__, cls.__qualname__), _PLAIN)
        if role:
            break
    if issubclass(kind, ParametrizationList):
        role = _COMPUTED
    if issubclass(kind, torch.jit.ScriptModule):
        raise UnknownModelError(
            "a scripted module keeps its parameters where Python cannot replace them: collect those of the "
            "module that it was scripted from."
        )
    _roles[kind] = role
    return role


def walk(adapter: Adapter, root: nn.Module, buffers: bool, leaves_twice: bool = False) -> Tree:
    """What stands in a module, in columns; with its buffers when asked.

    Whether a leaf was seen before is asked only in a second walk, after a first one found a leaf twice:
    it is rare, and the question is a tenth of the time.
    """
    tree = Tree(adapter, root, buffers)
    owners, paths, parents = tree.owners, tree.paths, tree.parents
    attributes, ends = tree.attributes, tree.ends
    arrays: list[Any] = []
    computed: list[int] = []
    seen: dict[int, int] = {}
    roles = _roles
    # One level is (its children still to come, prefix, owner, role of the owner). The loop over a
    # level is left when a child has children of its own, and taken up again after them: no recursion,
    # and a leaf costs no call.
    level: Any = iter((("", root),))
    prefix, above, role = "", -1, _PLAIN
    levels: list[tuple[Any, str, int, str]] = []
    while True:
        for name, module in level:
            if module is None:
                continue
            # The model in a wrapper stands where the wrapper stands.
            path = prefix[:-1] if role and name == role else prefix + name
            tables = module.__dict__
            inside = tables["_modules"]
            if inside or leaves_twice:
                key = id(module)
                if key in seen:
                    other = seen[key]
                    if other != above and all(other != at for _, _, at, _ in levels):
                        tree.more_edges.append((above, path[len(prefix) :], other))
                    continue
                seen[key] = len(owners)
            kind = type(module)
            try:
                own = roles[kind]
            except KeyError:
                own = _role(kind)
            if own == _COMPUTED:
                computed.append(len(owners))
                own = _PLAIN
            owners.append(module)
            paths.append(path)
            parents.append(above)
            table = tables["_parameters"]
            if table:
                attributes += table
                arrays += table.values()
            if buffers and tables["_buffers"]:
                table = tables["_buffers"]
                unsaved = tables["_non_persistent_buffers_set"]
                for attribute in table:
                    tree.buffers[len(attributes)] = attribute not in unsaved
                    attributes.append(attribute)
                arrays += table.values()
            ends.append(len(arrays))
            if inside:
                levels.append((level, prefix, above, role))
                level = iter(inside.items())
                prefix, above, role = (path + "." if path else ""), len(owners) - 1, own
                break
        else:
            if not levels:
                break
            level, prefix, above, role = levels.pop()
    if not leaves_twice and len(set(map(id, owners))) < len(owners):
        return walk(adapter, root, buffers, leaves_twice=True)
    keys = list(map(id, arrays))
    distinct = set(keys)
    if len(distinct) < len(keys) or id(None) in distinct:
        _fold_ties(tree, arrays, keys)
    if computed:
        _find_parametrized(tree, computed)
    if any(map(_marked, set(tree.attributes))):
        _find_hooked(tree)
    return tree


def _fold_ties(tree: Tree, arrays: list[Any], keys: list[int]) -> None:
    """Make one row of every array that stands in several sites, and drop empty sites."""
    first: dict[int, int] = {}
    attributes, ends, buffers = tree.attributes, tree.ends, tree.buffers
    tree.attributes, tree.ends, tree.buffers = [], [], {}
    start = 0
    for owner, end in enumerate(ends):
        for at in range(start, end):
            key, attribute = keys[at], attributes[at]
            if arrays[at] is None:
                continue
            if key in first:
                tree.more_sites.setdefault(first[key], []).append((owner, attribute))
                if at not in buffers:  # a parameter anywhere is a parameter
                    tree.buffers.pop(first[key], None)
                continue
            first[key] = len(tree.attributes)
            if at in buffers:
                tree.buffers[len(tree.attributes)] = buffers[at]
            tree.attributes.append(attribute)
        tree.ends.append(len(tree.attributes))
        start = end


# ---- weights that are computed from others ------------------------------------------------------------


def _find_parametrized(tree: Tree, computed: list[int]) -> None:
    """`parametrizations.weight.original0` of a layer replaces the layer's `weight`."""
    lists = {owner: tree.parents[tree.parents[owner]] for owner in computed}
    for row in range(len(tree)):
        for owner, attribute in tree.places(row):
            if owner in lists and attribute.startswith("original"):
                tree.computes[owner, attribute] = (lists[owner], tree.steps[owner])


# The older ways (torch.nn.utils.weight_norm, spectral_norm, prune) keep the parts beside the weight and
# compute it in a hook that carries its name.
def _marked(attribute: str) -> bool:
    return attribute.endswith(("_orig", "_g", "_v"))


def _find_hooked(tree: Tree) -> None:
    for row in range(len(tree)):
        for owner, attribute in tree.places(row):
            # Power iteration keeps vectors in buffers, by names of the same form.
            if not _marked(attribute) or row in tree.buffers:
                continue
            computed = attribute.rpartition("_")[0]
            for hook in tree.owners[owner]._forward_pre_hooks.values():
                if computed in (getattr(hook, "name", None), getattr(hook, "_tensor_name", None)):
                    tree.computes[owner, attribute] = (owner, computed)


# ---- one step down ----------------------------------------------------------------------------------


def _unwrapped(module: nn.Module) -> nn.Module:
    while True:
        kind = type(module)
        role = _roles[kind] if kind in _roles else _role(kind)
        inner = module._modules.get(role) if role and role != _COMPUTED else None
        if inner is None:
            return module
        module = inner


def holds(owner: nn.Module, name: str, child: nn.Module) -> bool:
    """Whether a module's child of this name is this one; "" means the model in a wrapper."""
    return owner._modules.get(name or _roles.get(type(owner), _PLAIN)) is child


def inside(owner: nn.Module) -> set[int]:
    """The `id` of each of a module's children."""
    return set(map(id, owner._modules.values()))


def children(owner: nn.Module) -> list[str]:
    """The names of a module's children, in order; of a wrapper those of the model in it."""
    return [name for name, module in _unwrapped(owner)._modules.items() if module is not None]


def child(owner: nn.Module, key: str | int) -> tuple[str, nn.Module] | None:
    """A module's child by name, or by position among its children, wrappers looked through."""
    owner = _unwrapped(owner)
    names = children(owner)
    if isinstance(key, int):
        if not -len(names) <= key < len(names):
            return None
        key = names[key]
    found = owner._modules.get(key)
    return None if found is None else (key, found)
