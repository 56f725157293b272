"""Where values came from after a load, and what is still as constructed."""

from __future__ import annotations

import copy
import gc
import os

import numpy as np
import torch
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp


def saved(tmp_path, net, name="net.safetensors"):
    gb.collect_params(net).save(tmp_path / name)
    return tmp_path / name


def test_an_origin_names_file_and_name(tmp_path):
    path = saved(tmp_path, nn.ModuleDict({"old": nn.Linear(4, 8)}))
    params = gb.collect_params(nn.ModuleDict({"new": nn.Linear(4, 8)}))
    assert params["new.weight"].origin is None
    params.load(path, rename={"old": "new"})
    origin = params["new.weight"].origin
    assert (origin.file, origin.name, origin.edited) == (str(path), "old.weight", False)
    assert (origin.rule, origin.initializer, origin.seed) == ("", "", None)
    params["new.weight"].data()[3, 3] += 1
    assert params["new.weight"].origin.edited and not params["new.bias"].origin.edited
    params.initialize(0)
    assert (params["new.weight"].origin.file, params["new.weight"].origin.initializer) == ("", "Constant(0)")


def test_edits_are_seen_however_they_were_made(tmp_path):
    torch.manual_seed(0)  # not all units are dead
    net = mlp()
    path = saved(tmp_path, mlp())
    params = gb.collect_params(net)

    def edit(change):
        params.load(path)
        assert params["0.weight"].origin.edited is False
        change()
        return params["0.weight"].origin.edited

    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def train():
        net(torch.ones(2, 4)).sum().backward()
        optimizer.step()

    def swap():
        net[0].weight = nn.Parameter(net[0].weight + 1)
        params.refresh()

    for change in (train, lambda: net[0].weight.data.add_(1), lambda: params["0.weight"].set_data(1), swap):
        assert edit(change)
    assert not edit(lambda: params["0.weight"].set_data(params["0.weight"].numpy()))


def test_a_file_that_was_written_again_cannot_say(tmp_path):
    path = saved(tmp_path, mlp())
    params = gb.collect_params(mlp())
    params.load(path)
    params.save(path)
    os.utime(path, ns=(1, 1))
    assert params["0.weight"].origin.edited is None
    path.unlink()
    origin = params["0.weight"].origin
    assert origin.edited is None and origin.file == str(path)


def test_casts_slices_pads_and_shards(tmp_path):
    path = saved(tmp_path, nn.Linear(4, 8))
    for size, how in ((6, "slice"), (9, "pad")):
        params = gb.collect_params(nn.Linear(4, size))
        params.load(path, mismatch=how)
        assert params["weight"].origin.edited is False
        params["weight"].data()[0, 0] += 1
        assert params["weight"].origin.edited
    half = gb.collect_params(nn.Linear(4, 8).bfloat16())
    half.load(path)
    assert half["weight"].origin.edited is False
    gb.collect_params(nn.Linear(4, 8)).save(tmp_path / "folder", max_shard_size=130)
    half.load(tmp_path / "folder")
    assert half["weight"].origin.edited is False
    assert half["weight"].origin.file.endswith("model.safetensors.index.json")


def test_another_model_is_an_origin_too():
    params = gb.collect_params(nn.Linear(4, 8))
    params.load(nn.Linear(4, 8))
    assert (params["weight"].origin.file, params["weight"].origin.edited) == ("a Linear", False)
    params["weight"].set_data(0)
    assert params["weight"].origin.edited


def test_ties_and_lazy_layers_have_origins(tmp_path):
    path = saved(tmp_path, TiedLanguageModel())
    net = TiedLanguageModel()
    gb.collect_params(net).load(path)
    assert gb.collect_params(net.head)["weight"].origin.name == "embed.weight"
    lazy = nn.LazyLinear(8)
    gb.collect_params(lazy).load(saved(tmp_path, nn.Linear(4, 8)))
    lazy(torch.ones(1, 4))
    assert gb.collect_params(lazy)["weight"].origin.edited is False


def test_nothing_is_held(tmp_path):
    path = saved(tmp_path, mlp())
    net = mlp()
    gb.collect_params(net).load(path)
    from weakref import ref

    layer, tensor = ref(net[0]), net[0].weight
    del net
    gc.collect()
    assert layer() is None and tensor is not None


# ---- untouched ------------------------------------------------------------------------------------------


def test_untouched_is_what_nothing_was_put_into(tmp_path):
    net = nn.Sequential(*(nn.Linear(3, 3) for _ in range(6)))
    params = gb.collect_params(net)
    assert params.untouched().names() == params.names()
    params.select("0").initialize(seed=0)
    params["1.weight"].set_data(1)
    params.select("2").apply(lambda values: values + 1)
    gb.collect_params(nn.Sequential(*(nn.Linear(3, 3) for _ in range(6)))).select("3").save(
        tmp_path / "x.safetensors"
    )
    params.load(tmp_path / "x.safetensors", missing="keep")
    with torch.no_grad():
        net[4].weight += 1  # seen: it was looked at before
    assert params.untouched().names() == ["1.bias", "4.bias", "5.weight", "5.bias"]
    assert params.select("5").untouched().names() == ["5.weight", "5.bias"]
    params.untouched().initialize(seed=1)
    assert params.untouched().names() == []


def test_a_load_looks_at_what_it_leaves(tmp_path):
    net = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    other = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    params = gb.collect_params(other)
    params.load(tmp_path / "x.safetensors", include="body")
    assert params.untouched().names() == ["head.weight", "head.bias"]
    other["head"].bias.data.add_(1)  # no version counter tells of this
    assert params.untouched().names() == ["head.weight"]


def test_copies_and_deferred_parameters(tmp_path):
    net = mlp()
    params = gb.collect_params(net)
    params.initialize(seed=0)
    assert not params.untouched()
    # A copy of a layer is another place, and nobody put values there through glueball.
    assert len(gb.collect_params(copy.deepcopy(net)).untouched()) == 4
    with gb.meta():
        empty = mlp()
    assert len(gb.collect_params(empty).untouched()) == 4
    gb.initialize(empty, device="cpu", seed=0)
    assert not gb.collect_params(empty).untouched()


def test_files_have_no_origin_and_are_untouched(tmp_path):
    params = gb.open(saved(tmp_path, mlp()))
    assert params["0.weight"].origin is None
    assert params.untouched().names() == params.names()
    assert np.array_equal(params.untouched()["0.weight"].numpy(), params["0.weight"].numpy())
