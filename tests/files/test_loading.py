"""Loading: what other packages wrote comes in; what does not fit is told at once, and nothing was changed."""

from __future__ import annotations

import copy
import zipfile

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import glueball as gb
from models import TiedLanguageModel, mlp


def same(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def blocks(layers="h", attn="attn", n=3, out=5):
    net = nn.Module()
    part = lambda: nn.ModuleDict({attn: nn.Linear(8, 24), "mlp": nn.Linear(8, 32)})  # noqa: E731
    net.add_module(layers, nn.ModuleList(part() for _ in range(n)))
    net.head = nn.Linear(8, out)
    return net


@pytest.fixture
def file(tmp_path):
    """A file, and the model that it was saved from."""
    net = blocks()
    safetensors.torch.save_file(net.state_dict(), tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors", net


def unchanged(net, source, *parts, **options):
    """The text of the error of a load, which changed nothing."""
    before = copy.deepcopy(net.state_dict())
    objects = {id(tensor) for tensor in net.parameters()}
    with pytest.raises(gb.LoadError) as error:
        gb.collect_params(net).load(source, **options)
    for name, tensor in net.state_dict().items():
        assert tensor.is_meta or torch.equal(tensor, before[name]), name
    assert objects == {id(tensor) for tensor in net.parameters()}
    for part in parts:
        assert part in str(error.value), str(error.value)
    assert str(error.value).splitlines()[0].endswith("Nothing was changed.")
    return error.value


# ---- what others wrote ----------------------------------------------------------------------------------


def test_what_safetensors_and_torch_wrote_comes_in(tmp_path):
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    net(torch.rand(16, 4))
    safetensors.torch.save_file(net.state_dict(), tmp_path / "a.safetensors")
    torch.save(net.state_dict(), tmp_path / "b.pt")
    torch.save(net.state_dict(), tmp_path / "c.pt", _use_new_zipfile_serialization=False)
    np.savez(tmp_path / "d.npz", **{name: t.numpy() for name, t in net.state_dict().items()})
    np.savez_compressed(tmp_path / "e.npz", **{name: t.numpy() for name, t in net.state_dict().items()})
    for path in sorted(tmp_path.iterdir()):
        other = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
        optimizer = torch.optim.SGD(other.parameters())
        weight, version = other[0].weight, other[0].weight._version
        report = gb.collect_params(other).load(path)
        assert same(net, other), path
        assert other[0].weight is weight is optimizer.param_groups[0]["params"][0]
        assert weight._version > version and weight.requires_grad and weight.grad_fn is None
        assert report.loaded == {name: name for name in net.state_dict()} and report.notes == ()


def test_large_arrays_come_in_by_the_direct_way(tmp_path):
    net, other = nn.Linear(300, 300), nn.Linear(300, 300)
    for name in ("net.safetensors", "net.pt", "net.npz"):
        gb.collect_params(net).save(tmp_path / name)
        with torch.no_grad():
            other.weight.zero_()
        gb.collect_params(other).load(tmp_path / name)
        assert same(net, other)


def test_an_opened_file_stays_what_it_was_when_it_is_replaced(tmp_path, monkeypatch):
    nets = [nn.Sequential(nn.Linear(300, 300), nn.Linear(3, 5)) for _ in range(4)]
    wrapped = {f"k{i}": "v" * i for i in range(100)}  # so that all bytes lie elsewhere
    for folder, size in (("net.safetensors", None), ("net", "100kB"), ("net.pt", None)):
        path = tmp_path / folder
        gb.collect_params(nets[0]).save(path, max_shard_size=size)
        opened = gb.open(path)
        kept = {} if folder == "net.pt" else {"metadata": wrapped}
        gb.collect_params(nets[1]).save(path, max_shard_size=size, **kept)
        params = gb.collect_params(nets[2])
        params.load(opened)
        assert same(nets[2], nets[0])
        assert params["0.weight"].origin.edited is None  # the file is there no more
        params.load(path)
        assert same(nets[2], nets[1]) and params["0.weight"].origin.edited is False
    # A relative path leads to another file from another folder.
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    opened = gb.open("net.safetensors")
    gb.collect_params(nets[3]).save("other/net.safetensors")
    monkeypatch.chdir("other")
    gb.collect_params(nets[2]).load(opened)
    assert same(nets[2], nets[1])


def test_tied_models_of_both_forms(tmp_path):
    net = TiedLanguageModel()
    safetensors.torch.save_model(net, tmp_path / "once.safetensors")
    torch.save(net.state_dict(), tmp_path / "shared.pt")
    copies = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    safetensors.torch.save_file(copies, tmp_path / "copies.safetensors")
    only = {name: tensor for name, tensor in copies.items() if name != "embed.weight"}
    safetensors.torch.save_file(only, tmp_path / "head.safetensors")
    for path in sorted(tmp_path.iterdir()):
        other = TiedLanguageModel()
        gb.collect_params(other).load(path)
        assert same(net, other) and other.head.weight is other.embed.weight, path
    copies["head.weight"] += 1
    safetensors.torch.save_file(copies, tmp_path / "differ.safetensors")
    unchanged(
        TiedLanguageModel(), tmp_path / "differ.safetensors", "1 in conflict", "other values for head.weight"
    )


def test_ties_that_only_the_file_has_are_noted(tmp_path):
    gb.collect_params(TiedLanguageModel()).save(tmp_path / "net.safetensors")
    other = TiedLanguageModel()
    other.head.weight = nn.Parameter(torch.zeros(10, 4))
    report = gb.collect_params(other).load(tmp_path / "net.safetensors")
    assert "tied in net.safetensors and not in the model: embed.weight, head.weight" in report.notes
    assert (
        torch.equal(other.head.weight, other.embed.weight) and report.loaded["head.weight"] == "head.weight"
    )
    bare = nn.ModuleDict({"embed": nn.Embedding(10, 4), "norm": nn.LayerNorm(4)})
    gb.collect_params(bare).load(tmp_path / "net.safetensors")
    assert torch.equal(bare["embed"].weight, other.embed.weight)


def test_a_sharded_folder_made_by_hand(tmp_path):
    """As the published format has it: an index and files, ties left out, metadata of transformers."""
    import json

    net = TiedLanguageModel()
    parts = {
        "model-00001-of-00002.safetensors": ["embed.weight"],
        "model-00002-of-00002.safetensors": ["norm.weight", "norm.bias"],
    }
    state = net.state_dict()
    for name, names in parts.items():
        safetensors.torch.save_file({n: state[n] for n in names}, tmp_path / name, metadata={"format": "pt"})
    where = {n: name for name, names in parts.items() for n in names}
    index = {"metadata": {"total_size": 192}, "weight_map": where}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    other = TiedLanguageModel()
    gb.collect_params(other).load(tmp_path)
    assert same(net, other)
    torch.save({"embed.weight": state["embed.weight"]}, tmp_path / "p1.bin")
    torch.save({n: state[n] for n in ("norm.weight", "norm.bias", "head.weight")}, tmp_path / "p2.bin")
    where = {
        "embed.weight": "p1.bin",
        "head.weight": "p2.bin",
        "norm.weight": "p2.bin",
        "norm.bias": "p2.bin",
    }
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": where}))
    third = TiedLanguageModel()
    gb.collect_params(third).load(tmp_path / "pytorch_model.bin.index.json")
    assert same(net, third)


def test_trainers_files(tmp_path):
    net = mlp()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    state = {"module." + name: tensor for name, tensor in net.state_dict().items()}
    torch.save(
        {"state_dict": state, "optimizer": optimizer.state_dict(), "epoch": 3, "args": {"lr": 0.1}},
        tmp_path / "last.ckpt",
    )
    other = mlp()
    report = gb.collect_params(other).load(tmp_path / "last.ckpt")
    assert same(net, other)
    assert report.loaded["0.weight"] == "state_dict.module.0.weight"
    assert "below 'state_dict.module'" in report.notes[0] and "keeps beside the model" in " ".join(
        report.notes
    )
    part = gb.open(tmp_path / "last.ckpt")["state_dict"]
    assert gb.collect_params(mlp()).load(part).loaded == report.loaded


def test_nothing_in_a_pickle_runs(tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"net": mlp().state_dict(), "x": Payload()}, tmp_path / "bad.pt")
    gb.collect_params(mlp()).load(tmp_path / "bad.pt")
    assert not (tmp_path / "ran").exists()


def test_wrapped_models_load_plain_files(file):
    path, net = file
    for wrap in (torch.compile, nn.DataParallel):
        other = blocks()
        gb.collect_params(wrap(other)).load(path)
        assert same(net, other)


# ---- what does not fit ----------------------------------------------------------------------------------


def test_everything_is_told_at_once_and_folded(file):
    path, _ = file
    net = blocks(n=4, out=7)
    net.extra = nn.Linear(2, 2)
    error = unchanged(
        net,
        path,
        "net.safetensors does not fit the model: 6 missing, 2 of another shape.",
        "missing     h.3.attn.weight (24, 8)",
        "missing     extra.bias (2,)",
        'mismatch    head.weight model (7, 8), file (5, 8) - mismatch="pad" fills the beginning',
    )
    assert {row.status for row in error.report.rows} == {"loaded", "missing", "mismatch"}
    assert isinstance(error, RuntimeError)
    error = unchanged(blocks(n=1), path, "8 unexpected", "h.{1..2}.attn.weight (24, 8)")
    assert 'unexpected="ignore"' in str(error)


def test_rules_that_would_make_it_fit_are_printed_ready_to_paste(file):
    path, net = file
    for other in (blocks("layers", "self_attn"), nn.ModuleDict({"model": blocks()})):
        text = str(unchanged(other, path, "With this everything that is missing is found:"))
        rename = eval(f"dict({text[text.index('rename=') :]})")["rename"]
        gb.collect_params(other).load(path, rename=rename)
        assert same(net, other["model"] if isinstance(other, nn.ModuleDict) else other) or all(
            torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True)
        )


def test_rules_are_never_applied_by_themselves_and_doubts_are_said(tmp_path):
    net = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("q", "k", "v")})
    other = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("one", "two", "three")})
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    unchanged(other, tmp_path / "x.safetensors", "No rule is certain: one.weight", "by name and shape")


def test_rules_of_the_users_are_kept_in_front(file):
    path, _ = file
    other = blocks("layers", "self_attn")
    rename = {"h": "layers"}
    text = str(unchanged(other, path, "With these rules after yours", rename=rename))
    more = eval(f"dict({text[text.index('rename=') :]})")["rename"]
    assert gb.collect_params(other).load(path, rename={**rename, **more}).loaded


def test_a_transposed_shape_is_told(tmp_path):
    safetensors.numpy.save_file(
        {"weight": np.zeros((4, 8), "f4"), "bias": np.zeros(8, "f4")}, tmp_path / "x.safetensors"
    )
    unchanged(nn.Linear(4, 8), tmp_path / "x.safetensors", "model (8, 4), file (4, 8) - transposed: write")


def test_kinds_that_cannot_be_held(tmp_path):
    net = nn.BatchNorm1d(2)
    state = {name: t.numpy() for name, t in net.state_dict().items()}
    for name, value, said in (
        ("weight", np.ones(2, "c8"), "complex64 in the file, which float32 cannot hold"),
        ("num_batches_tracked", np.array(1.5), "float64 in the file, which int64 cannot hold"),
        ("num_batches_tracked", np.array(2**63, "u8"), "uint64 values in the file that int64 has not"),
    ):
        np.savez(tmp_path / "x.npz", **{**state, name: value})
        unchanged(net, tmp_path / "x.npz", "of another dtype", said)
    np.savez(tmp_path / "x.npz", **{**state, "weight": np.ones(2, "i4"), "num_batches_tracked": np.int8(3)})
    gb.collect_params(net).load(tmp_path / "x.npz")
    assert net.num_batches_tracked.dtype == torch.int64 and int(net.num_batches_tracked) == 3


def test_a_damaged_array_is_found_before_the_first_is_written(tmp_path):
    net = nn.Sequential(nn.Linear(4, 64), nn.Linear(64, 64, bias=False))
    np.savez_compressed(tmp_path / "x.npz", **{n: t.numpy() for n, t in net.state_dict().items()})
    data = bytearray((tmp_path / "x.npz").read_bytes())
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        last = archive.infolist()[-1]
    middle = last.header_offset + last.compress_size // 2  # past the header, which tells of the shape
    data[middle : middle + 99] = bytes(99)
    (tmp_path / "x.npz").write_bytes(data)
    other = nn.Sequential(nn.Linear(4, 64), nn.Linear(64, 64, bias=False))
    error = unchanged(other, tmp_path / "x.npz", "1 unreadable", "compressed bytes")
    assert [row.name for row in error.report.rows if row.status == "unreadable"] == ["1.weight"]


def test_who_stops_a_load_hears_how_far_it_came(tmp_path):
    source, net = (nn.Sequential(*(nn.Linear(4, 4, bias=False) for _ in range(4))) for _ in range(2))
    gb.collect_params(source).save(tmp_path / "x.safetensors")

    def stop(done, total, name):
        if name == "1.weight":
            raise KeyboardInterrupt

    version = net[0].weight._version
    with pytest.raises(KeyboardInterrupt) as error:
        gb.collect_params(net).load(tmp_path / "x.safetensors", progress=stop)
    assert error.value.__notes__ == [
        "x.safetensors was loaded in part: 2 of 4 parameters have its values. Load it again."
    ]
    assert [torch.equal(a.weight, b.weight) for a, b in zip(net, source, strict=True)] == [True] * 2 + [
        False
    ] * 2
    assert net[0].weight._version > version  # autograd knows


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_all_or_nothing(tmp_path, data):
    """Whatever is left out, added, reshaped or changed in kind: all is loaded, or nothing was changed."""
    net = blocks(n=2)
    state = {name: t.numpy() + 1 for name, t in net.state_dict().items()}
    for name in data.draw(st.sets(st.sampled_from(sorted(state)), max_size=3)):
        change = data.draw(st.sampled_from(["drop", "turn", "grow", "complex", "rename", "half"]))
        array = state.pop(name)
        made = {
            "turn": array.T, "grow": np.concatenate([array, array]), "complex": array.astype("c8"),
            "rename": array, "half": array.astype("f2"),
        }  # fmt: skip
        if change != "drop":
            state[name + ".x" if change == "rename" else name] = np.ascontiguousarray(made[change])
    safetensors.numpy.save_file(state, tmp_path / "x.safetensors")
    before = copy.deepcopy(net.state_dict())
    fits = all(
        name in state and state[name].shape == tuple(t.shape) and state[name].dtype.kind == "f"
        for name, t in before.items()
    ) and len(state) == len(before)
    try:
        gb.collect_params(net).load(tmp_path / "x.safetensors")
    except gb.LoadError:
        assert not fits
        assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    else:
        assert fits
        for name, t in net.state_dict().items():
            assert np.array_equal(t.numpy(), state[name].astype("f4"))


# ---- policies -------------------------------------------------------------------------------------------


def test_missing_is_kept_or_initialised_by_pattern(file):
    path, net = file
    other = blocks(n=4)
    params = gb.collect_params(other)
    kept = other.h[3]["mlp"].weight.detach().clone()
    report = params.load(
        path, missing={r"h\.3\.attn\.bias": 3, r"h\.3\.attn": "xavier", "h.3.mlp": "keep"}, seed=1
    )
    assert report.kept == ("h.3.mlp.weight", "h.3.mlp.bias") and torch.equal(other.h[3]["mlp"].weight, kept)
    assert report.initialised == ("h.3.attn.weight", "h.3.attn.bias") and report.seed == 1
    assert other.h[3]["attn"].bias.tolist() == [3.0] * 24
    again = blocks(n=4)
    gb.collect_params(again).load(path, missing="default", seed=1)
    wanted = gb.initialize(blocks(n=4), seed=1)
    assert torch.equal(again.h[3]["attn"].weight, wanted.h[3]["attn"].weight)
    assert torch.equal(again.h[0]["attn"].weight, net.h[0]["attn"].weight)
    with pytest.raises(gb.NothingSelectedError, match="takes none of the"):
        params.load(path, missing={"nothing": "keep"})
    with pytest.raises(gb.InitializerError, match=r"missing: 'kep' is no policy. Write 'error', 'keep'"):
        params.load(path, missing="kep")


def test_an_initializer_that_fails_changes_nothing(file):
    path, _ = file
    other = blocks(n=4)

    def fails(tensor):
        raise ZeroDivisionError

    before = copy.deepcopy(other.state_dict())
    for missing, error in ((fails, ZeroDivisionError), (np.ones(3), gb.ShapeError)):
        with pytest.raises(error):
            gb.collect_params(other).load(path, missing=missing)
        assert all(torch.equal(t, before[name]) for name, t in other.state_dict().items())


def test_unexpected_is_ignored_by_pattern(file):
    path, net = file
    other = blocks(n=1)
    params = gb.collect_params(other)
    report = params.load(path, unexpected={r"h\.[12]": "ignore"})
    assert len(report.ignored) == 8 and torch.equal(other.h[0]["mlp"].weight, net.h[0]["mlp"].weight)
    unchanged(blocks(n=1), path, "4 unexpected", unexpected={"h.1": "ignore"})
    assert params.load(path, unexpected="ignore").ignored == report.ignored
    with pytest.raises(gb.NothingSelectedError, match="takes none of the file's 14 names"):
        params.load(path, unexpected={"x": "ignore"})
    with pytest.raises(gb.PatternError, match="Write 'error' or 'ignore'"):
        params.load(path, unexpected="drop")
    with pytest.raises(gb.PatternError, match="Linear takes parameters, and a file has names"):
        params.load(path, unexpected={nn.Linear: "ignore"})


def test_other_shapes_are_sliced_padded_kept_or_initialised(file):
    path, net = file
    big, small = blocks(out=7), blocks(out=3)
    kept = big.head.weight.detach().clone()
    report = gb.collect_params(big).load(path, mismatch={"head": "pad"})
    assert report.padded == ("head.weight", "head.bias")
    assert torch.equal(big.head.weight[:5], net.head.weight) and torch.equal(big.head.weight[5:], kept[5:])
    report = gb.collect_params(small).load(path, mismatch="slice")
    assert report.sliced == ("head.weight", "head.bias") and torch.equal(
        small.head.weight, net.head.weight[:3]
    )
    assert gb.collect_params(blocks(out=3)).load(path, mismatch="keep").kept == ("head.weight", "head.bias")
    other = blocks(out=3)
    gb.collect_params(other).load(path, mismatch={"head": 0})
    assert other.head.weight.abs().sum() == 0
    unchanged(blocks(out=3), path, "'pad' wants the file's smaller in each dimension", mismatch="pad")
    unchanged(blocks(out=7), path, "'slice' wants the file's larger in each dimension", mismatch="slice")


def test_a_part_is_loaded(file):
    path, net = file
    for load in (
        lambda p: p.load(path, include="h"),
        lambda p: p.load(path, exclude="head"),
        lambda p: p.select("h").load(path),
        lambda p: p.load(gb.open(path)["h"], missing={"head": "keep"}),
    ):
        other = blocks(out=9)
        kept = other.head.weight.detach().clone()
        report = load(gb.collect_params(other))
        assert len(report.loaded) == 12 and torch.equal(other.head.weight, kept)
        assert torch.equal(other.h[2]["mlp"].weight, net.h[2]["mlp"].weight)
    encoder = nn.ModuleDict({"trunk": blocks(), "other": nn.Linear(2, 2)})
    report = gb.collect_params(encoder).load(path, include="trunk", rename={"(.*)": r"trunk.\1"})
    assert len(report.loaded) == 14
    report = gb.collect_params(encoder["trunk"]).load(path, include=nn.Linear)
    assert len(report.loaded) == 14
    with pytest.raises(gb.NothingSelectedError):
        gb.collect_params(encoder).load(path, include="what")


def test_buffers_of_a_selection_are_left(tmp_path):
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net[1].running_mean += 1
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    report = gb.collect_params(other).select("1").load(tmp_path / "x.safetensors")
    assert set(report.loaded) == {"1.weight", "1.bias"} and other[1].running_mean.sum() == 0
    assert "1.running_mean" in report.left_out
    gb.collect_params(other).load(tmp_path / "x.safetensors", include="1")
    assert other[1].running_mean.sum() == 2


# ---- dtypes ---------------------------------------------------------------------------------------------


def test_values_become_the_models_dtype_or_the_model_the_files(tmp_path):
    net = mlp()
    half = {name: t.bfloat16() for name, t in net.state_dict().items()}
    safetensors.torch.save_file(half, tmp_path / "x.safetensors")
    other = mlp()
    weight = other[0].weight
    gb.collect_params(other).load(tmp_path / "x.safetensors")
    assert weight.dtype == torch.float32 and torch.equal(weight, half["0.weight"].float())
    gb.collect_params(other).load(tmp_path / "x.safetensors", dtype="file")
    assert (
        other[0].weight is weight and weight.dtype == torch.bfloat16 and torch.equal(weight, half["0.weight"])
    )
    gb.collect_params(net).save(tmp_path / "y.safetensors")
    gb.collect_params(other).load(tmp_path / "y.safetensors")
    assert torch.equal(weight, net[0].weight.bfloat16())  # rounded as torch rounds
    with pytest.raises(gb.DTypeError, match="write 'model'"):
        gb.collect_params(other).load(tmp_path / "x.safetensors", dtype="bfloat16")


def save(tmp_path, state):
    safetensors.torch.save_file(state, tmp_path / "some.safetensors")
    return tmp_path / "some.safetensors"


@pytest.mark.parametrize("there", ["float64", "float32", "float16", "bfloat16", "float8_e5m2", "int8"])
@pytest.mark.parametrize("here", ["float64", "float32", "float16", "bfloat16"])
def test_conversion_is_torchs(tmp_path, there, here):
    # Of float32's values: from others torch rounds twice on its way to 16 bits, and NumPy once.
    values = torch.randn(200).mul(8).to(getattr(torch, there))
    net = nn.Module()
    net.w = nn.Parameter(torch.zeros(200, dtype=getattr(torch, here)))
    gb.collect_params(net).load(save(tmp_path, {"w": values}))
    assert torch.equal(net.w, values.to(net.w.dtype))


# ---- what waits for its shape or memory -----------------------------------------------------------------


def test_lazy_layers_take_their_shapes_from_the_file(tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    net(torch.rand(2, 3, 4, 4))
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    weight = lazy[3].weight
    gb.collect_params(lazy).load(tmp_path / "x.safetensors")
    assert lazy[3].weight is weight and type(weight) is nn.Parameter and same(net, lazy)
    net.eval(), lazy.eval()
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(net(x), lazy(x)) and type(lazy[0]) is nn.Conv2d


def test_what_a_lazy_layer_knows_of_its_shape_has_to_fit(tmp_path):
    gb.collect_params(nn.Linear(4, 3)).save(tmp_path / "x.safetensors")
    lazy = nn.LazyLinear(2)
    with pytest.raises(gb.LoadError, match=r"weight model \(2, \?\), file \(3, 4\)"):
        gb.collect_params(lazy).load(tmp_path / "x.safetensors")
    assert lazy.has_uninitialized_params()
    lazy(torch.ones(1, 5))


def test_models_on_meta_get_memory_and_ties_stay(tmp_path):
    net = TiedLanguageModel()
    gb.collect_params(net).save(tmp_path / "x.safetensors")
    for build in (gb.meta, lambda: torch.device("meta")):
        with build():
            other = TiedLanguageModel()
        weight = other.embed.weight
        gb.collect_params(other).load(tmp_path / "x.safetensors")
        assert other.embed.weight is weight is other.head.weight and same(net, other)
    with torch.device("meta"):
        other = nn.BatchNorm1d(3)
    gb.collect_params(nn.BatchNorm1d(3)).save(tmp_path / "b.safetensors")
    gb.collect_params(other).load(tmp_path / "b.safetensors", device="cpu")
    assert same(nn.BatchNorm1d(3), other)


def test_meta_models_that_are_loaded_in_part(file):
    path, _ = file
    with gb.meta():
        other = blocks(n=4)
    report = gb.collect_params(other).load(path, missing="default", seed=0)
    assert len(report.initialised) == 4 and not any(t.is_meta for t in other.parameters())
    assert torch.equal(other.h[3]["mlp"].weight, gb.initialize(blocks(n=4), seed=0).h[3]["mlp"].weight)
    with gb.meta():
        other = blocks(n=4)
    report = gb.collect_params(other).load(path, missing="keep")
    assert other.h[3]["mlp"].weight.is_meta and not other.head.weight.is_meta
    assert all("still without values" in row.note for row in report.rows if row.status == "kept")


def test_memory_that_cannot_be_had_is_given_back(file, monkeypatch):
    path, _ = file
    with gb.meta():
        other = blocks()
    params = gb.collect_params(other)
    adapter = type(params._tree.adapter)
    real, count = adapter.materialise, []

    def scarce(*arguments):
        count.append(1)
        if len(count) > 5:
            raise gb.DeferredError("there is none.")
        return real(*arguments)

    monkeypatch.setattr(adapter, "materialise", staticmethod(scarce))
    with pytest.raises(gb.DeferredError, match=r"'h\..*there is none\. Nothing was changed\."):
        params.load(path)
    assert all(t.is_meta for t in other.parameters())
    lazy = nn.Sequential(nn.LazyLinear(8), nn.LazyLinear(8))
    gb.collect_params(nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 8))).save(path)
    shaped, count = adapter.give_shape, []

    def scarce_too(*arguments):
        count.append(1)
        if len(count) > 3:
            raise gb.DeferredError("there is none.")
        return shaped(*arguments)

    monkeypatch.setattr(adapter, "give_shape", staticmethod(scarce_too))
    with pytest.raises(gb.DeferredError):
        gb.collect_params(lazy).load(path)
    monkeypatch.setattr(adapter, "give_shape", staticmethod(shaped))
    assert all(gb.collect_params(lazy)._tree.adapter.lazy(t) for t in lazy.parameters())
    lazy(torch.ones(1, 3))  # as if nothing had been


# ---- other sources --------------------------------------------------------------------------------------


def test_another_model_or_its_parameters(tmp_path):
    net, a, b = mlp(), mlp(), mlp()
    gb.collect_params(a).load(net)
    gb.collect_params(b).load(gb.collect_params(net))
    assert same(net, a) and same(net, b)
    tied = TiedLanguageModel()
    loose = TiedLanguageModel()
    loose.head.weight = nn.Parameter(torch.zeros(10, 4))
    gb.collect_params(loose).load(tied)
    assert torch.equal(loose.head.weight, tied.embed.weight)
    with gb.meta():
        empty = mlp()
    with pytest.raises(gb.DeferredError, match=r"no values to load of 0\.weight"):
        gb.collect_params(a).load(empty)
    with pytest.raises(gb.UnknownModelError):
        gb.collect_params(a).load(3)
    gb.collect_params(a).load(a)


def test_a_report_prints_as_a_table(file):
    path, _ = file
    report = gb.collect_params(blocks(n=4)).load(path, missing="keep")
    text = str(report.table(fold=True))
    assert "h.{0..2}.attn.weight  loaded × 3" in text and "h.3.attn.weight" in text
    assert text.splitlines()[-1] == f"{path}: 14 loaded, 4 kept"
    assert "<table" in report._repr_html_()
    named = gb.collect_params(blocks("layers")).load(path, rename={"h": "layers"}).table(fold=True)
    assert "layers.{0..2}.mlp.bias loaded × 3 h.{0..2}.mlp.bias" in " ".join(str(named).split())


def test_loading_takes_no_more_than_one_array(tmp_path):
    import tracemalloc

    net = nn.ParameterList(torch.zeros(64, 64) for _ in range(50))
    np.savez_compressed(tmp_path / "x.npz", **{str(i): np.full((64, 64), i, "f8") for i in range(50)})
    params = gb.collect_params(net)
    params.load(tmp_path / "x.npz")
    tracemalloc.start()
    params.load(tmp_path / "x.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 64 * 64 * 8 + 500_000 and net[49][0, 0] == 49


def test_ml_dtypes_arrays(tmp_path):
    np_half = np.ones(3, ml_dtypes.bfloat16)
    safetensors.numpy.save_file({"w": np.ones(3, "f4")}, tmp_path / "x.safetensors")
    net = nn.Module()
    net.w = nn.Parameter(torch.zeros(3, dtype=torch.bfloat16))
    gb.collect_params(net).load(tmp_path / "x.safetensors")
    assert np.array_equal(gb.collect_params(net)["w"].numpy(), np_half)
