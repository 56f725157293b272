"""Saving parameters: what other packages read is what the model has, ties once, whole or not at all."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp, modules, nested_sharing


def equal(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def bits(tensor):
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def norm_net():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))


def same_state(net, state):
    wanted = net.state_dict()
    assert set(wanted) == set(state)
    for name, tensor in wanted.items():
        assert state[name].dtype == tensor.dtype and torch.equal(bits(state[name]), bits(tensor)), name


# ---- what others read -----------------------------------------------------------------------------------


def test_safetensors_and_load_state_dict_take_the_file(tmp_path):
    net = norm_net()
    gb.collect_params(net).save(tmp_path / "net.safetensors")
    loaded = safetensors.torch.load_file(tmp_path / "net.safetensors")
    same_state(net, loaded)  # the running statistics too
    norm_net().load_state_dict(loaded)
    with safetensors.safe_open(tmp_path / "net.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_torch_load_takes_a_pt(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "net.pt")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    same_state(net, state)
    assert state["embed.weight"].data_ptr() == state["head.weight"].data_ptr()


def test_ties_are_stored_once_as_save_model_does(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "ours.safetensors")
    safetensors.torch.save_model(net, tmp_path / "theirs.safetensors")
    for path in tmp_path.iterdir():
        with safetensors.safe_open(path, "pt") as file:
            assert set(file.keys()) == {"embed.weight", "norm.weight", "norm.bias"}
            assert file.metadata()["head.weight"] == "embed.weight"
    other = TiedLanguageModel()
    assert safetensors.torch.load_model(other, tmp_path / "ours.safetensors") == (set(), [])
    assert torch.equal(other.head.weight, net.head.weight)


def test_copies_of_ties_load_plainly(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "net.safetensors", ties="copies")
    same_state(net, safetensors.torch.load_file(tmp_path / "net.safetensors"))


def test_npz_gets_copies_and_numpy_reads_them(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "net.npz")
    read = np.load(tmp_path / "net.npz")
    assert set(read) == set(net.state_dict())
    assert equal(read["head.weight"], net.embed.weight.detach().numpy())


def test_memory_shared_under_two_objects_is_stored_once(tmp_path):
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = nn.Parameter(net[0].weight.detach())
    net.view = nn.Parameter(net[0].bias.detach()[1:])  # a part: another array
    gb.collect_params(net).save(tmp_path / "net.safetensors")
    params = gb.open(tmp_path / "net.safetensors")
    assert params["0.weight"].slots == ("0.weight", "1.weight")
    assert params["view"].shape == (2,) and not params["view"].tied


@pytest.mark.parametrize(
    "dtype",
    [
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "bool", "uint8", "int64"),
        *("float8_e4m3fn", "float8_e5m2"),
    ],
)
def test_every_dtype_keeps_its_bits(tmp_path, dtype):
    net = nn.Module()
    values = torch.randint(0, 255, (3, 64), dtype=torch.uint8)
    kind = getattr(torch, dtype)
    whole = values > 99 if kind is torch.bool else values.view(kind)
    net.whole = nn.Parameter(whole, requires_grad=False)
    net.turned = nn.Parameter(whole.T, requires_grad=False)
    net.one = nn.Parameter(whole[0, 0].clone(), requires_grad=False)
    net.none = nn.Parameter(torch.empty(0, 3, dtype=kind), requires_grad=False)
    params = gb.collect_params(net)
    if dtype == "complex128":
        with pytest.raises(gb.DTypeError, match="'whole' is of dtype complex128"):
            params.save(tmp_path / "net.safetensors")
    else:
        params.save(tmp_path / "net.safetensors")
        same_state(net, safetensors.torch.load_file(tmp_path / "net.safetensors"))
    params.save(tmp_path / "net.pt")
    same_state(net, torch.load(tmp_path / "net.pt", weights_only=True))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(net=modules())
def test_any_tree_of_modules_comes_back(tmp_path, net):
    state = net.state_dict()
    params = gb.collect_params(net)
    if not state:
        with pytest.raises(gb.NothingSelectedError, match="nothing to save"):
            params.save(tmp_path / "net.safetensors")
        return
    with torch.no_grad():
        for at, tensor in enumerate({id(t): t for t in state.values()}.values()):
            tensor.add_(torch.arange(tensor.numel()).view(tensor.shape) + at * 100)
    params.save(tmp_path / "net.safetensors")
    opened = gb.open(tmp_path / "net.safetensors")
    slots = {slot: parameter for parameter in opened.values() for slot in parameter.slots}
    assert set(slots) == set(state)
    for name, tensor in state.items():
        assert equal(slots[name].numpy(), tensor.numpy()), name
    with torch.no_grad():
        for tensor in state.values():
            tensor.fill_(-1)
    wanted = {name: opened[name].numpy() for name in slots}
    params.load(tmp_path / "net.safetensors")
    for name, tensor in net.state_dict().items():
        assert equal(tensor.numpy(), wanted[name]), name


# ---- shards ---------------------------------------------------------------------------------------------


def test_shards_are_what_readers_of_indices_expect(tmp_path):
    net = nn.Sequential(*(nn.Linear(8, 8) for _ in range(5)))
    net[4].weight = net[0].weight
    gb.collect_params(net).save(tmp_path / "net", max_shard_size="500B")
    index = json.loads((tmp_path / "net/model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) == 4
    state = {}
    for file in set(index["weight_map"].values()):
        state |= safetensors.torch.load_file(tmp_path / "net" / file)
    assert set(state) == set(index["weight_map"]) == set(net.state_dict()) - {"4.weight"}
    other = nn.Sequential(*(nn.Linear(8, 8) for _ in range(5)))
    other[4].weight = other[0].weight
    gb.collect_params(other).load(tmp_path / "net")
    same_state(net, other.state_dict())
    assert gb.open(tmp_path / "net")["4.weight"].name == "0.weight"


# ---- what is saved --------------------------------------------------------------------------------------


def test_a_selection_is_saved_as_it_is(tmp_path):
    gb.collect_params(norm_net()).select("1").save(tmp_path / "part.safetensors")
    assert gb.open(tmp_path / "part.safetensors").names() == ["1.weight", "1.bias"]


def test_buffers_that_are_not_saved_with_a_model_are_not_saved(tmp_path):
    net = nn.Linear(2, 2)
    net.register_buffer("kept", torch.ones(1))
    net.register_buffer("made", torch.ones(1), persistent=False)
    for buffers in (False, True):
        gb.collect_params(net, buffers=buffers).save(tmp_path / "net.safetensors")
        assert set(gb.open(tmp_path / "net.safetensors")) == set(net.state_dict())


def test_many_slots_are_all_names(tmp_path):
    gb.collect_params(nested_sharing(3)).save(tmp_path / "net.safetensors")
    assert set(safetensors.torch.load_file(tmp_path / "net.safetensors")) == {"a.a.a.weight", "a.a.a.bias"}
    assert len(gb.open(tmp_path / "net.safetensors")["a.a.a.bias"].slots) == 8
    with pytest.raises(gb.FileFormatError, match=r"has 2,048 names, too many for a file"):
        gb.collect_params(nested_sharing(11)).save(tmp_path / "many.safetensors")


@pytest.mark.parametrize("make", ["lazy", "meta"])
def test_what_has_no_values_is_an_error_that_names_it(tmp_path, make):
    with gb.meta():
        net = mlp()
    if make == "lazy":
        net = nn.Sequential(*(nn.LazyLinear(2) for _ in range(12)))
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"old")
    wanted = r"no values to save of {0\.\.11}|no values to save of 0\.weight, 0\.bias, 2\.weight"
    with pytest.raises(gb.DeferredError, match=wanted):
        gb.collect_params(net).save(path)
    assert path.read_bytes() == b"old"


def test_wrong_arguments_say_what_to_write(tmp_path):
    params = gb.collect_params(mlp())
    with pytest.raises(gb.FileFormatError, match="write 'aliases'"):
        params.save(tmp_path / "net.safetensors", ties="once")
    with pytest.raises(gb.FileFormatError, match="does not say by its suffix"):
        params.save(tmp_path / "net.what")
    with pytest.raises(gb.FileFormatError, match="no place for metadata"):
        params.save(tmp_path / "net.npz", metadata={"epoch": "3"})
    with pytest.raises(gb.FileFormatError, match=r"metadata is a list: write \{text: text\}"):
        params.save(tmp_path / "net.safetensors", metadata=["epoch"])
    net = nn.Linear(2, 2)
    net.register_buffer("rows", torch.ones(2, 2).to_sparse())
    with pytest.raises(gb.DTypeError, match=r"'rows' cannot be saved: its layout is torch.sparse_coo"):
        gb.collect_params(net).save(tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


# ---- metadata -------------------------------------------------------------------------------------------


def test_metadata_of_an_opened_file_survive(tmp_path):
    params = gb.collect_params(mlp())
    params.save(tmp_path / "a.safetensors", metadata={"epoch": "3", "note": "x"})
    gb.open(tmp_path / "a.safetensors").save(tmp_path / "b.safetensors", metadata={"note": None, "by": "y"})
    assert gb.open(tmp_path / "b.safetensors").metadata == {"format": "pt", "epoch": "3", "by": "y"}
    assert params.metadata == {}
    with pytest.warns(UserWarning, match="no place for metadata: epoch, note of the opened file"):
        gb.open(tmp_path / "a.safetensors").save(tmp_path / "c.npz")


def test_a_file_can_be_saved_over_itself(tmp_path):
    net = TiedLanguageModel()
    path = tmp_path / "net.safetensors"
    gb.collect_params(net).save(path)
    before = path.read_bytes()
    gb.open(path).save(path)
    assert sorted(gb.open(path)) == sorted(gb.open(path)) and len(path.read_bytes()) == len(before)
    assert equal(gb.open(path)["head.weight"].numpy(), net.head.weight.detach().numpy())


# ---- progress -------------------------------------------------------------------------------------------


def test_progress_is_told_in_bytes(tmp_path, capsys):
    params = gb.collect_params(mlp())
    told = []
    params.save(tmp_path / "net.safetensors", progress=lambda *each: told.append(each))
    total = params.totals().nbytes
    assert told[-1][:2] == (total, total) and {name for *_, name in told} == set(params)
    told.clear()
    params.load(tmp_path / "net.safetensors", progress=lambda *each: told.append(each))
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert told[-1][:2] == (total, total)
    assert capsys.readouterr().err == ""
    params.save(tmp_path / "net.safetensors", progress=True)  # a bar, wherever it goes
    params.save(tmp_path / "net.safetensors")  # no terminal, and little to do
    assert "%" not in capsys.readouterr().out


def test_a_bar_is_shown_on_a_terminal_where_there_is_much_to_do(monkeypatch):
    from glueball.views import progress

    monkeypatch.setattr(progress.sys, "stderr", type("T", (), {"isatty": lambda self: True})())
    for total, wanted in ((progress.LARGE - 1, False), (progress.LARGE, True)):
        with monkeypatch.context() as m:
            m.setattr("rich.progress.Progress.__enter__", lambda self: self)
            m.setattr("rich.progress.Progress.__exit__", lambda self, *error: None)
            with progress.shown("saving", total, None) as told:
                assert (told is not None) == wanted


def test_one_array_at_a_time_is_copied(tmp_path):
    """What cannot be read in place is made when its turn comes, and gone when the next one is made."""
    net = nn.ParameterList(torch.ones(64, 64).T for _ in range(20))  # not contiguous: copied to be written
    import tracemalloc

    params = gb.collect_params(net)
    params.save(tmp_path / "net.safetensors")
    tracemalloc.start()
    params.save(tmp_path / "net.safetensors")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one = 64 * 64 * 4
    assert peak < 2 * one + (1 << 20) + 200_000  # and a buffer of a file
    assert math.isclose(params["0"].numpy().sum(), 64 * 64)
