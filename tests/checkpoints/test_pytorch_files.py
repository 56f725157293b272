"""PyTorch's files, held against what torch saves in all its ways; and pickles that would rather be run."""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import pickle
import pickletools
import struct
import tracemalloc
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from common import FLOAT8, KEYS, assert_read_or_refused, assert_reads, mutate, same
from hypothesis import given, settings
from hypothesis import strategies as st

import glueball as gb
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.pytorch import PytorchFile
from glueball.checkpoints.pytorch.nodes import Dict, Object, Symbol
from glueball.checkpoints.pytorch.pickles import Pickle
from glueball.errors import FileFormatError, NameNotFoundError

WAYS = {
    "zip": {},
    "old": {"_use_new_zipfile_serialization": False},
    "zip, protocol 5": {"pickle_protocol": 5},
    "old, protocol 4": {"pickle_protocol": 4, "_use_new_zipfile_serialization": False},
}
Pair = collections.namedtuple("Pair", "a b")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(4, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.head = torch.nn.Linear(4, 3)
        self.head.weight = self.embed.weight


class Box:
    def __init__(self, **held):
        self.__dict__.update(held)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


def as_array(tensor):
    """The elements of a tensor in NumPy's or ml_dtypes' dtype, by way of their bytes."""
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if tensor.dtype in (torch.bfloat16, *(getattr(torch, np.dtype(dtype).name) for dtype in FLOAT8)):
        import ml_dtypes

        raw = tensor.reshape(-1).view(torch.uint8).numpy()
        return raw.view(getattr(ml_dtypes, str(tensor.dtype)[6:])).reshape(tensor.shape)
    return tensor.numpy()


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


@pytest.fixture
def opened(tmp_path, way):
    def save_and_open(value):
        torch.save(value, tmp_path / "x.pt", **way)
        return PytorchFile(tmp_path / "x.pt")

    return save_and_open


# ------------------------------------------------------------------ what torch writes


def test_a_state_dict_gives_its_own_keys(opened):
    net = Net()
    file = opened(net.state_dict())
    state = {name: as_array(value) for name, value in net.state_dict().items()}
    del state["head.weight"]
    assert_reads(file, state)
    assert list(file) == list(state)
    assert file.aliases == {"head.weight": "embed.weight"}
    assert file.other == {"_metadata": "the versions of its layers, as a state_dict has them"}
    assert same(file.read("head.weight"), state["embed.weight"])


def test_one_element_that_is_said_to_be_many_is_no_array_by_any_way(tmp_path):
    path = tmp_path / "net.pt"
    torch.save({"w": torch.ones(1).expand(5000, 5000)}, path)  # 100 MB of four bytes
    file = open_file(path)
    assert file["w"].shape == (5000, 5000) and file.read("w", (3, slice(2))).tolist() == [1, 1]
    for way in (
        lambda: file.read("w"),
        lambda: file.read("w", copy=False),
        file.lazy("w").make,
        gb.open(path)["w"].numpy,
        lambda: gb.collect_params(torch.nn.LazyLinear(5000, bias=False)).load(path, rename={"w": "weight"}),
        lambda: gb.open(path).save(tmp_path / "net.safetensors"),
    ):
        with pytest.raises(gb.GlueballError, match="are far more than the file's"):
            way()
    assert not (tmp_path / "net.safetensors").exists()
    assert open_file(path, allow_expansion=True).read("w", copy=False).strides == (0, 0)


def test_every_dtype(opened):
    names = [
        *("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bfloat16"),
        *("complex64", "complex128", "float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "uint64"),
    ]
    made = {name: (torch.arange(12).reshape(3, 4) % 5).to(getattr(torch, name)) for name in names}
    made |= {"scalar": torch.tensor(3), "none": torch.empty(0, 3)}
    assert_reads(opened(made), {name: as_array(value) for name, value in made.items()})


def test_views_are_read_by_their_strides_and_ties_by_their_elements(opened):
    base = torch.arange(24.0).reshape(4, 6)
    made = {
        "base": base,
        "rows": base[1:],
        "earlier rows": base[:3],
        "turned": base.t(),
        "steps": base[:, ::2],
        "repeated": torch.arange(4.0).expand(3, 4),
        "element": base[2, 3],
        "diagonal": base.diagonal(),
        "conjugated": torch.complex(base, base + 1).conj(),
        "negated": torch.complex(base, base + 1).conj().imag,
        "parameter": torch.nn.Parameter(base),
        "tied": base.view(4, 6),
        "reshaped": base.view(6, 4),
    }
    file = opened(made)
    assert file.aliases == {"parameter": "base", "tied": "base"}
    wanted = {name: as_array(value) for name, value in made.items() if name not in file.aliases}
    for name, array in wanted.items():
        assert same(file.read(name), array), name
        for key in KEYS if array.ndim == 2 else ():
            assert same(
                np.ascontiguousarray(file.read(name, key, copy=False)), np.ascontiguousarray(array[key])
            )
    assert list(file) == list(wanted)
    data = Path(file.path).read_bytes()
    plain = {name for name, entry in file.items() if entry.offset is not None}
    assert plain == {"base", "rows", "earlier rows", "element", "reshaped"}
    for name in plain:
        assert data[file[name].offset :][: file[name].nbytes] == wanted[name].tobytes()


def test_a_training_file_has_every_tensor_by_its_path_and_all_else_listed(opened):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
    net(torch.ones(2, 4)) if False else net.embed(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    file = opened(
        {
            "model": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": 3,
            "args": argparse.Namespace(name="a\x1b[2J", sizes=[1, 2]),
            "history": list(range(1000)),
            "pair": Pair(torch.ones(2), None),
            "box": Box(inner=[torch.zeros(1), {"deep": torch.zeros(2)}]),
            "slots": Slots(torch.ones(3), 1),
            "keys": {1: torch.ones(1), "1": torch.ones(2), (0, "x"): torch.ones(3), None: 1},
            "rng": [torch.get_rng_state(), np.random.RandomState(0).get_state(), np.float64(3)],
            "dtype": torch.float16,
            "device": torch.device("cpu"),
            "size": torch.Size([2, 3]),
            "empty": [{}, [], ()],
            "default": collections.defaultdict(list, a=torch.ones(4)),
            "big": 1 << 1000,
        }
    )
    state = optimizer.state_dict()["state"]
    for index, held in state.items():
        for key, value in held.items():
            assert same(file.read(f"optimizer.state.{index}.{key}"), as_array(value))
    shapes = {
        name: entry.shape
        for name, entry in file.items()
        if name.partition(".")[0] not in ("model", "optimizer")
    }
    rng = shapes.pop("rng.0")
    assert shapes == {
        "pair.0": (2,),
        "box.inner.0": (1,),
        "box.inner.1.deep": (2,),
        "slots.a": (3,),
        "keys.1": (1,),
        "keys.1 (2)": (2,),
        "keys.(0, 'x')": (3,),
        "default.a": (4,),
    }
    assert rng == torch.get_rng_state().shape
    here = __name__
    rows = {
        "optimizer.param_groups.0.lr": "0.5",
        "optimizer.param_groups.0.params": "[0, 1, 2, 3, 4]",
        "epoch": "3",
        "args": "argparse.Namespace()",
        "args.name": r"'a\x1b[2J'",
        "args.sizes": "[1, 2]",
        "history": "[0, 1, 2, 3, 4, 5, 6, 7, … 992 more]",
        "pair": f"{here}.Pair(…)",
        "pair.1": "None",
        "box": f"{here}.Box()",
        "slots": f"{here}.Slots()",
        "slots.b": "1",
        "keys.None": "1",
        "rng.1.1": "a NumPy array of 'u4' of shape (624,)",
        "rng.2": "a NumPy number of 'f8'",
        "dtype": "torch.float16",
        "device": "torch.device('cpu')",
        "size": "torch.Size((2, 3))",
        "empty.0": "{}",
        "empty.1": "[]",
        "empty.2": "()",
        "big": "an integer of 1001 bits",
    }
    assert {name: file.other.get(name) for name in rows} == rows


def test_a_whole_module_has_the_names_of_its_state_dict(opened):
    net = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, on the source of classes
        file = opened(net)
    assert [*file, *file.aliases] == sorted(net.state_dict(), key=[*file, *file.aliases].index)
    assert all(same(file.read(name), as_array(value)) for name, value in net.state_dict().items())
    assert file.other["embed"].startswith(
        "a module of class torch.nn.modules.linear.Linear, with training, in_"
    )


def test_what_is_no_strided_array_is_listed(opened):
    matrix = torch.eye(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecations
        made = {
            "coo": matrix.to_sparse(),
            "csr": matrix.to_sparse_csr(),
            "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 1, torch.qint8),
            "meta": torch.empty(2, device="meta"),
            "storage": torch.ones(2).untyped_storage(),
        }
        file = opened(made)
    assert file.other == {
        "coo": "a sparse tensor (sparse_coo) of shape (3, 3)",
        "csr": "a sparse tensor (sparse_csr) of shape (3, 3)",
        "quantized": "a quantized tensor of shape (2,)",
        "meta": "a tensor on the meta device, without values, of shape (2,)",
        "storage": "a storage of 8 elements",
    }
    assert list(file) == ["coo.indices", "coo.values", "csr.compressed", "csr.indices", "csr.values"]
    assert file.read("coo.indices").tolist() == [[0, 1, 2], [0, 1, 2]]
    with pytest.raises(NameNotFoundError, match="is not an array to read: a quantized tensor"):
        file.read("quantized")


def test_a_single_tensor_and_a_list(opened):
    assert_reads(opened(torch.ones(3, 4)), {"0": np.ones((3, 4), "f4")})
    assert_reads(opened([torch.ones(3, 4)]), {"0": np.ones((3, 4), "f4")})
    assert dict(opened(5)) == {}
    assert opened(5).other == {"0": "5"}


def test_parts_of_the_tree_that_are_shared_or_contain_themselves(opened):
    shared = {"w": torch.ones(2)}
    loop = [torch.zeros(1)]
    loop.append(loop)
    file = opened({"model": shared, "ema": shared, "loop": loop})
    assert list(file) == ["model.w", "loop.0"]
    assert file.aliases == {"ema.w": "model.w"}
    assert file.other == {"loop.1": "what contains it, again"}


def rezipped(path, compression, folder="other", **changed):
    """The same archive made by another program: other folder, order and compression."""
    with zipfile.ZipFile(path) as archive:
        members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    members |= changed
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(f"{folder}/{name}", data)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_that_others_made(tmp_path, compression):
    made = {"a": torch.arange(12.0).reshape(3, 4), "b": torch.arange(12).reshape(3, 4).t().bfloat16()}
    torch.save(made, tmp_path / "x.pt")
    rezipped(tmp_path / "x.pt", compression, "other/folder", **{"code/net.py": b"import os", "version": None})
    file = PytorchFile(tmp_path / "x.pt")
    for name, tensor in made.items():
        assert same(file.read(name), as_array(tensor))
        assert same(file.read(name, (1, slice(None))), as_array(tensor)[1])
    assert file.other == {"other/folder/code/net.py": "9 bytes that are no part of the pickle"}


def test_a_file_of_a_big_endian_machine(tmp_path):
    made = {
        "f4": torch.arange(12.0).reshape(3, 4),
        "i8": torch.arange(12).reshape(3, 4),
        "bf": torch.arange(12).reshape(3, 4).bfloat16(),
        "c8": torch.complex(torch.ones(3, 4), torch.zeros(3, 4)),
        "u1": torch.arange(12, dtype=torch.uint8).reshape(3, 4),
    }
    torch.save(made, tmp_path / "x.pt")
    widths = [4, 8, 2, 4, 1]  # a complex number is swapped part by part
    data = {f"data/{i}": as_array(tensor).tobytes() for i, tensor in enumerate(made.values())}
    swapped = {
        name: b"".join(raw[at : at + width][::-1] for at in range(0, len(raw), width))
        for (name, raw), width in zip(data.items(), widths, strict=True)
    }
    rezipped(tmp_path / "x.pt", zipfile.ZIP_STORED, byteorder=b"big", **swapped)
    found = torch.load(tmp_path / "x.pt")
    assert all(torch.equal(found[name], made[name]) for name in made)
    assert_reads(PytorchFile(tmp_path / "x.pt"), {name: as_array(tensor) for name, tensor in made.items()})
    rezipped(tmp_path / "x.pt", zipfile.ZIP_STORED, byteorder=b"middle")
    with pytest.raises(FileFormatError, match="the byte order is neither little nor big: b'middle'"):
        PytorchFile(tmp_path / "x.pt")


def test_shards(tmp_path):
    made = {f"layer.{i}": torch.full((3, 4), float(i)) for i in range(4)}
    files = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    home = {name: files[i % 2] for i, name in enumerate(made)}
    for file in files:
        torch.save({name: made[name] for name in made if home[name] == file}, tmp_path / file)
    index = {"metadata": {"total_size": 5}, "weight_map": home}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    opened = open_file(tmp_path)
    assert_reads(opened, {name: as_array(tensor) for name, tensor in made.items()})
    assert opened.format == "pytorch"


def test_repeated_elements_are_not_written_out_beyond_the_file(tmp_path):
    torch.save({"x": torch.ones(1).expand(1 << 20, 1 << 10)}, tmp_path / "x.pt")
    file = PytorchFile(tmp_path / "x.pt")
    assert file["x"].nbytes == 1 << 32
    with pytest.raises(FileFormatError, match="'x': 4294967296 bytes are far more than the file's"):
        file.read("x")
    assert file.read("x", (5, slice(3))).tolist() == [1, 1, 1]


# ------------------------------------------------------------------ pickles


def plain(node):
    """A node as the value that Python would have made of it."""
    match node:
        case list():
            return list(map(plain, node))
        case tuple():
            return tuple(map(plain, node))
        case Dict():
            return {plain(key): plain(value) for key, value in node.pairs}
        case Object(made_by=Symbol()) if node.made_by.rpartition(".")[2] in ("set", "frozenset"):
            kind = {"set": set, "frozenset": frozenset}[node.made_by.rpartition(".")[2]]
            return kind(map(plain, [*(node.args[0] if node.args else ()), *(node.items or ())]))
        case Object(made_by="builtins.bytearray"):
            return bytearray(node.args[0])
    return node


scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(scalars, inner, max_size=4),
        st.sets(scalars, max_size=3),
        st.frozensets(scalars, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(values, st.integers(0, 5), st.booleans())
def test_a_pickle_of_plain_values_says_what_python_says(value, protocol, optimized):
    data = pickle.dumps([value, value], protocol)
    data = pickletools.optimize(data) if optimized else data
    assert plain(Pickle(data, 0, len(data), "x").load()) == [value, value]


def test_pickles_as_python_2_wrote_them():
    # pickle.dumps({"a\xe9": [u"b", 3L, True, 1.5]}, 0) and ({"key": 1}, 2) of Python 2.7
    old = b"(dp0\nS'a\\xe9'\np1\n(lp2\nVb\np3\naL3L\naI01\naF1.5\nas."
    assert plain(Pickle(old, 0, len(old), "x").load()) == {"aé": ["b", 3, True, 1.5]}
    new = b"\x80\x02}q\x00U\x03keyq\x01K\x01s."
    assert plain(Pickle(new, 0, len(new), "x").load()) == {"key": 1}
    for data in (b"(I5\nicollections\nDeque\n.", b"(ccollections\nDeque\nI5\no."):
        deque = Pickle(data, 0, len(data), "x").load()
        assert (deque.made_by, deque.args) == ("collections.Deque", (5,))


def zip_of(data, **more):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in {"data.pkl": data, **more}.items():
            archive.writestr(f"archive/{name}", content)
    return stream.getvalue()


def payloads(target):
    """Pickles that make a folder when they are run, by several ways that are known."""
    path = os.fsencode(target)
    word = b"X" + struct.pack("<I", len(path)) + path
    yield "reduce", b"\x80\x02cos\nmkdir\n" + word + b"\x85R."
    yield "posix", b"\x80\x02cposix\nmkdir\n" + word + b"\x85R."
    yield "stack global", b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93" + word + b"\x85R."
    yield "inst", b"(" + word + b"ios\nmkdir\n."
    yield "obj", b"(cos\nmkdir\n" + word + b"o."
    yield "new object", b"\x80\x02cos\nmkdir\n" + word + b"\x85\x81."
    yield (
        "eval",
        b"\x80\x02cbuiltins\neval\nX"
        + struct.pack("<I", len(path) + 26)
        + (b"__import__('os').mkdir('%s')" % path)
        + b"\x85R.",
    )
    yield "build", b"\x80\x02cos\n_wrap_close\n)\x81}X\x03\x00\x00\x00cmdcos\nmkdir\nsb" + word + b"\x85R."
    yield (
        "in a tensor",
        (b"\x80\x02ctorch._utils\n_rebuild_parameter\ncos\nmkdir\n" + word + b"\x85R\x89N\x87R."),
    )
    yield (
        "getattr",
        (
            b"\x80\x02c__builtin__\ngetattr\nc__builtin__\n__import__\nX\x02\x00\x00\x00os\x85R"
            b"X\x05\x00\x00\x00mkdir\x86R" + word + b"\x85R."
        ),
    )
    yield (
        "type",
        b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cos\nmkdir\ncos\nmkdir\n" + word + b"\x85NtR.",
    )


def test_no_payload_runs(tmp_path):
    target = tmp_path / "it ran"
    ran = set()
    for name, data in payloads(target):
        # Python's own pickle runs them, but for those that need torch's functions.
        with suppress(Exception):  # whatever a payload raises after it ran
            pickle.loads(data)
        if target.exists():
            ran.add(name)
            target.rmdir()
        for content in (data, zip_of(data), OLD + data + b"]."):
            (tmp_path / "x.pt").write_bytes(content)
            try:
                file = PytorchFile(tmp_path / "x.pt")
            except FileFormatError:
                continue
            assert dict(file) == {}
            assert file.other
        assert not target.exists(), name
    assert ran >= {"reduce", "posix", "stack global", "inst", "obj", "eval", "getattr"}


def test_a_payload_is_named_as_what_it_is(tmp_path):
    (tmp_path / "x.pt").write_bytes(zip_of(dict(payloads("/tmp/x"))["reduce"]))
    assert PytorchFile(tmp_path / "x.pt").other == {"0": "os.mkdir('/tmp/x')"}


def number(value):
    return b"J" + struct.pack("<i", value)


def rebuilt(offset=0, shape=(2,), strides=(1,), size=2, kind=b"FloatStorage", key=b"0", extra=b""):
    """A pickle of {"w": tensor}, whose parts are what they are said to be."""
    sizes = b"".join(b"(" + b"".join(map(number, part)) + b"t" for part in (shape, strides))
    return (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
        + kind
        + b"\nX\x01\x00\x00\x00"
        + key
        + b"X\x03\x00\x00\x00cpu"
        + number(size)
        + b"tQ"
        + number(offset)
        + sizes
        + b"\x89}tR"
        + extra
        + b"s."
    )


OLD = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2)
W = {"data/0": struct.pack("<2f", 1, 2)}


def test_the_pickle_that_the_bad_ones_are_made_of_is_good(tmp_path):
    (tmp_path / "x.pt").write_bytes(zip_of(rebuilt(), **W))
    assert_reads(PytorchFile(tmp_path / "x.pt"), {"w": np.array([1, 2], "f4")})


NESTED = b"]" * 103 + b"a" * 102 + b"."
BAD = [
    (b"", "byte 0: this is no PyTorch file"),
    (b"\x80\x02K\x01.", "byte 0: this is no PyTorch file"),
    (zip_of(b""), r"member 'archive/data\.pkl', byte 0: the pickle ends early"),
    (zip_of(b"\x80\x02"), "byte 2: the pickle ends early, or takes more than it has"),
    (zip_of(b"."), "byte 0: the pickle ends early, or takes more"),
    (zip_of(b"t."), "byte 0: the pickle ends early, or takes more"),
    (zip_of(b"\xff."), "byte 0: no instruction of a pickle"),
    (zip_of(b"h\x05."), "byte 0: the pickle recalls 5 before it was kept"),
    (zip_of(b"X\xff\xff\xff\x7fabc."), "byte 0: the pickle ends early"),
    (zip_of(b"\x8e" + b"\xff" * 8 + b"abc."), "byte 0: the pickle ends early"),
    (zip_of(b"X\x01\x00\x00\x00\xff."), "byte 0: 'utf-8' codec can't decode byte 0xff"),
    (zip_of(b"I" + b"9" * 5000 + b"\n."), "byte 0: a number of 5000 digits"),
    (zip_of(b"Ix\n."), "byte 0: invalid literal for int"),
    (zip_of(b"S'x\n."), "byte 0: a string without quotes"),
    (zip_of(b"K\x01K\x02a."), "byte 4: the pickle appends to what is no list"),
    (zip_of(b"]K\x01K\x02s."), "byte 5: the pickle sets a key in what is no dict"),
    (zip_of(b"}(K\x01u."), "byte 4: the pickle sets a key without a value"),
    (zip_of(b"]}b."), "byte 2: the pickle gives attributes to what has none"),
    (zip_of(b"cos\nx\nK\x01R."), "byte 8: the pickle calls with what are no arguments"),
    (zip_of(b"K\x01K\x02\x93."), "byte 4: the pickle names a function by what is no text"),
    (zip_of(b"\x82\x01."), "byte 0: the pickle takes a registered extension from elsewhere"),
    (zip_of(b"\x97."), "byte 0: the pickle takes a buffer from elsewhere"),
    (zip_of(NESTED), r"'0\.0\.0.*: nested more than 100 deep"),
    (zip_of(b"K\x01Q."), "the root: the pickle asks for something that is no storage"),
    (zip_of(rebuilt(), **{"data/1": b""}), "tensor 'w': its storage '0' is not in the file"),
    (zip_of(rebuilt(kind=b"FooStorage"), **W), "'w': there is no storage of type 'torch.FooStorage'"),
    (
        zip_of(rebuilt(size=3), **W),
        "'w', byte 212: its storage is said to have 3 elements of 4 bytes, and has 8",
    ),
    (zip_of(rebuilt(offset=1), **W), "'w', byte .*: elements up to byte 12 of its storage, which has 8"),
    (zip_of(rebuilt(strides=(2,)), **W), "elements up to byte 12 of its storage, which has 8"),
    (zip_of(rebuilt(offset=-1), **W), "'w': a tensor whose offset, shape and strides do not fit"),
    (zip_of(rebuilt(strides=(1, 1)), **W), "'w': a tensor whose offset, shape and strides do not fit"),
    (zip_of(rebuilt(strides=(-1,)), **W), "'w': a shape or strides that are no integers of 0 and more"),
    (
        zip_of(rebuilt(shape=(2**31 - 1,) * 3, strides=(0,) * 3), **W),
        "tensor 'w': no memory holds float32 of shape",
    ),
    (zip_of(rebuilt(shape=(1,) * 65, strides=(0,) * 65), **W), "tensor 'w': no memory holds"),
    (
        b"x" * 257 + b"ustar",
        "PyTorch's tar format, from before version 0.2, is not read; load it with an old",
    ),
]


@pytest.mark.parametrize(("data", "message"), BAD, ids=[f"{i} {row[1][:25]}" for i, row in enumerate(BAD)])
def test_a_damaged_file_is_one_error(data, message, tmp_path):
    path = tmp_path / "bad.pt"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=message) as raised:
        PytorchFile(path)
    assert str(raised.value).startswith(str(path))


def bombs():
    """Small pickles that would be large, slow or deep."""
    many = 20_000
    kept = b"q\x00"
    yield "branches", b"]" + kept + b"".join(b"](h\x00h\x00eq\x00" for _ in range(60)) + b"."
    yield (
        "dicts of dicts",
        b"}("
        + b"K\x01K\x02" * many
        + b"u"
        + kept
        + b"0]("
        + b"ccollections\nOrderedDict\nh\x00\x85R" * 2000
        + b"e.",
    )
    text = b"X" + struct.pack("<I", many) + b"x" * many
    yield "long names", text + kept + b"h\x00h\x00\x93" * many + b"."
    yield "long keys", text + kept + b"}" * 60 + b"".join(b"h\x00" for _ in range(60)) + b"."
    keys = b"".join(b"}h\x00" for _ in range(90)) + b"K\x01" + b"s" * 90
    yield "long paths", text + kept + b"0](" + keys * 90 + b"e."
    yield "shared lists", b"](" + b"K\x01" * many + b"e" + kept + b"0](" + b"h\x00" * many + b"e."
    yield (
        "shared arguments",
        (b"](" + b"K\x01" * many + b"e" + kept + b"0](" + b"cx\ny\nh\x00\x85R" * many + b"e."),
    )
    yield (
        "latin",
        text
        + kept
        + b"0c_codecs\nencode\nq\x01h\x00X\x06\x00\x00\x00latin1\x86q\x02](h\x01"
        + b"h\x01h\x02R" * many
        + b"e.",
    )
    yield (
        "collisions",
        b"}("
        + b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(many))
        + b"u.",
    )


@pytest.mark.parametrize(("name", "data"), list(bombs()), ids=[name for name, _ in bombs()])
def test_a_bomb_takes_memory_by_its_size(tmp_path, name, data):
    (tmp_path / "x.pt").write_bytes(zip_of(data))
    tracemalloc.start()
    try:
        PytorchFile(tmp_path / "x.pt")
    except FileFormatError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 200 * len(data) + 20_000_000


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    made = {"a": torch.arange(6.0).reshape(2, 3).t(), "b": [torch.ones(2).bfloat16(), 3, "x"], "c": Box(x=1)}
    for i, options in enumerate(WAYS.values()):
        torch.save(made, folder / f"{i}.pt", **options)
    pairs = [path.read_bytes() for path in sorted(folder.iterdir())]
    with zipfile.ZipFile(folder / "0.pt") as archive:
        members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return pairs, members


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_file_is_read_or_refused(tmp_path_factory, good, data):
    path = tmp_path_factory.mktemp("mutated") / "x.pt"
    path.write_bytes(mutate(data.draw, st, data.draw(st.sampled_from(good[0]))))
    assert_read_or_refused(PytorchFile, path)


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_pickle_is_read_or_refused(tmp_path_factory, good, data):
    path = tmp_path_factory.mktemp("mutated") / "x.pt"
    members = dict(good[1])
    content = mutate(data.draw, st, members.pop("data.pkl"))
    path.write_bytes(zip_of(content, **members))
    assert_read_or_refused(PytorchFile, path)


def test_an_old_file_cut_anywhere_is_refused(tmp_path, good):
    whole = good[0][1]
    for size in range(0, len(whole), 3):
        (tmp_path / "x.pt").write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            PytorchFile(tmp_path / "x.pt")


def test_an_empty_tensor_may_be_said_to_lie_anywhere(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"none": torch.zeros(0, 2), "one": torch.ones(1)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    begin = data.index(b"QK", data.index(b"_rebuild_tensor_v2")) + 2  # of the first tensor in its storage
    path.write_bytes(data[:begin] + b"\xf0" + data[begin + 1 :])
    with PytorchFile(path) as file:
        assert file.read("none").shape == (0, 2) and file.read("one").tolist() == [1]
        assert file.read("none", (slice(None), 1)).shape == (0,)
