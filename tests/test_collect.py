"""Collecting: the names, sites and slots of every kind of torch module, against torch's own lists."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from hypothesis import given
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, modules, nested_sharing, rgnet, shared_net


def slots_by_torch(model: nn.Module, buffers: bool = False) -> dict[int, list[str]]:
    """torch's own list of every way to every tensor."""
    found: dict[int, list[str]] = {}
    for name, tensor in model.named_parameters(remove_duplicate=False):
        found.setdefault(id(tensor), []).append(name)
    if buffers:
        for name, tensor in model.named_buffers(remove_duplicate=False):
            found.setdefault(id(tensor), []).append(name)
    return found


@given(modules())
def test_names_slots_and_ties_are_those_of_torch(model):
    params = gb.collect_params(model)
    assert params.names() == [name for name, _ in model.named_parameters()]
    slots = slots_by_torch(model)
    for parameter in params.values():
        assert list(parameter.slots) == slots[id(parameter.tensor())]
        assert parameter.tied == (len(parameter.slots) > 1)
        for slot in parameter.slots:
            assert params[slot] is parameter
        for owner, attribute in parameter.sites:
            assert getattr(owner, attribute) is parameter.tensor()
        assert len({(id(owner), name) for owner, name in parameter.sites}) == len(parameter.sites)


@given(modules())
def test_buffers_stand_with_their_layer_and_are_marked(model):
    params = gb.collect_params(model, buffers=True)
    slots = slots_by_torch(model, buffers=True)
    assert {tuple(p.slots) for p in params.values()} == {tuple(v) for v in slots.values()}
    for name, parameter in params.items():
        assert parameter.kind == ("parameter" if name in dict(model.named_parameters()) else "buffer")
    saved = set(model.state_dict())
    assert {slot for p in params.values() if p.persistent for slot in p.slots} == saved


@given(modules())
def test_layers_by_path_hold_what_torch_finds_below_them(model):
    params = gb.collect_params(model)
    for path, module in model.named_modules(remove_duplicate=False):
        if path:
            below = {id(tensor) for tensor in module.parameters()}
            assert {id(p.tensor()) for p in params[path].values()} == below
            taken = params.select(lambda p, below=below: id(p.tensor()) in below, allow_empty=True)
            assert params[path].names() == taken.names()


def test_bias_false_and_empty_models():
    assert gb.collect_params(nn.Linear(2, 2, bias=False)).names() == ["weight"]
    assert gb.collect_params(nn.ReLU()).names() == []
    assert len(gb.collect_params(nn.Sequential())) == 0


def test_facts_of_a_parameter():
    model = nn.Linear(4, 8, dtype=torch.bfloat16)
    weight = gb.collect_params(model)["weight"]
    assert (weight.name, weight.shape, weight.ndim, weight.size, weight.nbytes) == (
        "weight",
        (8, 4),
        2,
        32,
        64,
    )
    assert weight.dtype == torch.bfloat16
    assert weight.device == torch.device("cpu")
    assert weight.trainable and not weight.tied and not weight.deferred
    assert weight.sites == ((model, "weight"),)
    assert weight.slots == ("weight",)
    assert weight.kind == "parameter" and weight.persistent
    assert weight.replaces is None


def test_seed_shared_layer_is_one_site_and_two_slots():
    params = gb.collect_params(shared_net())
    weight = params["2.weight"]
    assert weight.slots == ("2.weight", "4.weight")
    assert len(weight.sites) == 1
    assert params["4.weight"] is weight
    assert params["4"].names() == params["2"].names() == ["2.weight", "2.bias"]


def test_one_tensor_in_two_layers_is_two_sites_and_two_slots():
    weight = gb.collect_params(TiedLanguageModel())["embed.weight"]
    assert weight.slots == ("embed.weight", "head.weight")
    assert len(weight.sites) == 2


def test_nested_sharing_is_walked_once_and_counted_exactly():
    params = gb.collect_params(nested_sharing(64))
    assert len(params) == 2
    weight = params[".".join(["a"] * 64) + ".weight"]
    assert len(weight.slots) == 1000
    assert "and 18,446,744,073,709,551,612 more" in repr(weight)
    assert weight._tree.slot_count(0) == 2**64
    assert gb.collect_params(nested_sharing(3))["a.a.a.bias"].slots == tuple(
        f"{x}.{y}.{z}.bias" for x in "ab" for y in "ab" for z in "ab"
    )


def test_a_module_that_holds_its_parent_ends():
    parent, child = nn.Module(), nn.Linear(2, 2)
    parent.child = child
    child._modules["parent"] = parent
    params = gb.collect_params(parent)
    assert params.names() == ["child.weight", "child.bias"]
    assert params["child.weight"].slots == ("child.weight",)


def test_a_deep_model_needs_no_recursion():
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(3000):
        outer = nn.Module()
        outer.x = model
        model = outer
    assert len(gb.collect_params(model)) == 2


# ---- wrappers -----------------------------------------------------------------------------------------


def process_group():
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group(
            "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
        )


def wrappers():
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
    from torch.optim.swa_utils import AveragedModel

    return {
        "DataParallel": nn.DataParallel,
        "compile": torch.compile,
        "checkpoint": checkpoint_wrapper,
        "AveragedModel": AveragedModel,
        "DDP": lambda m: (process_group(), nn.parallel.DistributedDataParallel(m))[1],
    }


@pytest.mark.parametrize("kind", wrappers())
def test_wrappers_leave_no_prefix_at_any_depth(kind):
    wrap = wrappers()[kind]
    plain = rgnet()
    names = gb.collect_params(plain).names()
    assert gb.collect_params(wrap(copy.deepcopy(plain))).names() == names
    assert gb.collect_params(wrap(nn.DataParallel(copy.deepcopy(plain)))).names() == names
    inner = copy.deepcopy(plain)
    inner[0] = wrap(inner[0])
    params = gb.collect_params(inner)
    assert params.names() == names
    assert params[0][1][0].bias.name == "0.block 1.0.bias"
    assert params["0.block 1"].names() == [n for n in names if n.startswith("0.block 1.")]
    assert params.select(r"0\.block 1").names() == params["0.block 1"].names()


def test_a_shared_wrapper_and_its_model_used_bare():
    layer = nn.Linear(2, 2)
    wrapped = nn.DataParallel(layer)
    model = nn.ModuleDict({"a": wrapped, "b": wrapped, "c": layer})
    weight = gb.collect_params(model)["a.weight"]
    assert weight.slots == ("a.weight", "b.weight", "c.weight")
    assert len(weight.sites) == 1


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_fsdp_wrappers_leave_no_prefix():
    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard

    process_group()
    names = gb.collect_params(mlp()).names()
    model = mlp()
    for layer in (model[0], model[2], model):
        fully_shard(layer, mesh=torch.distributed.device_mesh.init_device_mesh("cpu", (1,)))
    params = gb.collect_params(model)
    assert params.names() == names
    assert params.select(nn.Linear).names() == names
    weight = params["0.weight"]
    assert weight.shape == (8, 4)
    assert type(weight.data()) is torch.Tensor
    assert weight.numpy().shape == (8, 4)
    assert not params.aliases()
    old = FullyShardedDataParallel(mlp(), use_orig_params=True, device_id=torch.device("cpu"))
    params = gb.collect_params(old)
    assert params.names() == names
    assert not params.aliases().groups and not any(p.tied for p in params.values())


# ---- lazy, meta, computed ------------------------------------------------------------------------------


def test_lazy_layers_show_unknown_dimensions():
    model = nn.Sequential(
        nn.LazyLinear(8),
        nn.LazyConv2d(6, (3, 5)),
        nn.LazyConvTranspose2d(6, 3, groups=2),
        nn.LazyBatchNorm2d(),
    )
    params = gb.collect_params(model)
    assert params["0.weight"].shape == (8, None)
    assert params["0.bias"].shape == (8,)
    assert params["1.weight"].shape == (6, None, 3, 5)
    assert params["2.weight"].shape == (None, 3, 3, 3)
    assert params["3.weight"].shape == (None,)
    weight = params["0.weight"]
    assert weight.deferred and weight.size is None and weight.nbytes is None and not weight.tied
    assert repr(weight) == "Parameter 0.weight (shape=(8, ?), dtype=float32, deferred)"
    with pytest.raises(gb.DeferredError, match=r"'0\.weight' cannot be read: its layer has not run"):
        weight.data()
    with pytest.raises(gb.DeferredError, match="cannot be set: its layer has not run"):
        weight.set_data(1)
    assert weight.grad() is None
    assert not params.aliases()
    assert params.totals().deferred == 5 and "5 of unknown size" in repr(params)
    model[0](torch.zeros(2, 4))
    assert weight.shape == (8, 4) and not weight.deferred
    assert weight.data().shape == (8, 4)


def test_meta_parameters_say_so():
    with torch.device("meta"):
        model = mlp()
    params = gb.collect_params(model)
    weight = params["0.weight"]
    assert weight.deferred and weight.shape == (8, 4) and weight.size == 32
    assert repr(weight) == "Parameter 0.weight (shape=(8, 4), dtype=float32, device=meta)"
    for act in (weight.data, weight.numpy, lambda: weight.set_data(0), lambda: params.to("cpu")):
        with pytest.raises(gb.DeferredError, match="meta device, which has no memory"):
            act()
    assert not any(p.tied for p in params.values()) and not params.aliases()


def test_parametrized_weights_answer_to_the_name_they_replace():
    from torch.nn.utils import parametrizations

    model = nn.Sequential(
        parametrizations.weight_norm(nn.Linear(4, 8)), parametrizations.spectral_norm(nn.Linear(8, 2))
    )
    params = gb.collect_params(model)
    assert params.names() == [name for name, _ in model.named_parameters()]
    original = params["1.parametrizations.weight.original"]
    assert params["1.weight"] is original and original.replaces == "1.weight"
    assert "computes 1.weight" in repr(original) and "computes 0.weight" in repr(params)
    both = [f"0.parametrizations.weight.original{i}" for i in (0, 1)]
    assert params["0.weight"].names() == both
    assert params[0].weight.names() == both
    assert params.select(r"0\.weight").names() == both
    assert params.select((nn.Linear, "weight")).names() == [*both, original.name]
    assert params["0.bias"].replaces is None
    assert not original.tied


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_computed_in_hooks_answer_too():
    from torch.nn.utils import prune, spectral_norm, weight_norm

    model = nn.Sequential(weight_norm(nn.Linear(4, 8)), spectral_norm(nn.Linear(8, 2)), nn.Linear(2, 2))
    prune.random_unstructured(model[2], "weight", 0.5)
    params = gb.collect_params(model)
    assert params["0.weight"].names() == ["0.weight_g", "0.weight_v"]
    assert params["1.weight"].name == "1.weight_orig"
    assert params["2.weight"].name == "2.weight_orig"

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight_g = nn.Parameter(torch.zeros(1))

    assert gb.collect_params(Plain())["weight_g"].replaces is None


def test_what_is_no_model():
    with pytest.raises(gb.UnknownModelError, match=r"builtins\.str is no model that glueball knows"):
        gb.collect_params("net")
    with pytest.raises(gb.UnknownModelError, match="Write a model, not its class"):
        gb.collect_params(nn.Linear)
    with pytest.raises(TypeError):
        gb.collect_params(torch.zeros(3))
    assert gb.collect_params({}).names() == []  # as an empty Sequential


# ---- refresh -------------------------------------------------------------------------------------------


def test_structure_is_as_collected_and_refresh_sees_changes():
    model = mlp()
    params = gb.collect_params(model)
    weights = params.select(".*weight")
    layer = params[2]
    weights["0.weight"].lr_mult = 0.5
    model.append(nn.Linear(1, 3))
    model[0].weight = nn.Parameter(torch.ones(8, 4))
    assert params["0.weight"].data()[0, 0] == 1  # values are live, whoever replaced the tensor
    assert "3.weight" not in params
    assert params.refresh() is params
    assert params.names()[-2:] == ["3.weight", "3.bias"]
    assert weights.refresh().names() == ["0.weight", "2.weight", "3.weight"]
    assert weights["0.weight"].lr_mult == 0.5 and weights["2.weight"].lr_mult == 1
    assert layer.refresh().names() == ["2.weight", "2.bias"]
    difference = (params - weights) | params[3]
    model.append(nn.Linear(3, 1))
    assert difference.refresh().names() == ["0.bias", "2.bias", "3.weight", "3.bias", "4.bias"]


def test_a_parameter_that_left_says_so():
    model = mlp()
    bias = gb.collect_params(model)["0.bias"]
    model[0].bias = None
    with pytest.raises(gb.StaleError, match=r"'0\.bias' is in the model no more. Call refresh"):
        bias.data()


def test_collecting_makes_no_objects_for_the_garbage_collector():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(500)))
    gc.collect()
    before = len(gc.get_objects())
    params = gb.collect_params(model)
    assert len(gc.get_objects()) - before < 50
    assert len(params) == 1000
