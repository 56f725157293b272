"""Golden data for `.params` files, from MXNet itself: what it writes, what it reads, and what it refuses.

    python tools/golden_params.py > tests/golden/mxnet_params_1.9.1.json

Run it where MXNet is installed: 1.9.1 writes versions 2 and 3 of the format (Python 3.8, numpy 1.23), 0.11.0
version 1 and 0.9.5 version 0 (from their py2.py3 wheels, in the same Python). Files are in hexadecimal.
"""

import json
import os
import struct
import tempfile

import mxnet as mx
import numpy as np

nd = mx.nd
NEW = int(mx.__version__.split(".")[0]) >= 1
VALUES = [[0.0, -0.0, 1.5], [-2.25, 1e-3, 40.0]]
COUNTS = [[0, 1, 2], [3, 4, 100]]
FLOATS = ["float32", "float64", "float16"]
INTEGERS = ["uint8", "int32"] + (["int8", "int64", "bool"] if NEW else [])


def content(save, arrays):
    """The bytes of the file that MXNet saves.

    It waits first: MXNet 1.9.1 can write the shape that sparse values had before they were computed.
    """
    nd.waitall()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "it.params")
        save(path, arrays)
        with open(path, "rb") as file:
            return file.read()


def told(name, array):
    """What MXNet says of an array."""
    storage = getattr(array, "stype", "default")
    dtype = np.dtype(array.dtype)
    dtype = "bfloat16" if dtype.names else dtype.name
    dense = array.tostype("default") if storage != "default" else array
    dense = dense.astype("float32") if dtype == "bfloat16" else dense
    says = {
        "name": name,
        "dtype": dtype,
        "shape": list(array.shape),
        "storage": storage,
        "device": str(array.context),
        "values": dense.asnumpy().tolist(),
    }
    if storage != "default":
        says["data"] = array.data.asnumpy().tolist()
        says["indices"] = array.indices.asnumpy().tolist()
    if storage == "csr":
        says["indptr"] = array.indptr.asnumpy().tolist()
    return says


def all_told(arrays):
    pairs = arrays.items() if isinstance(arrays, dict) else [(None, array) for array in arrays]
    return [told(name, array) for name, array in pairs]


def written(case, arrays, save=nd.save):
    return {"case": case, "hex": content(save, arrays).hex(), "arrays": all_told(arrays)}


def dense_files():
    """Files of dense arrays, which every version of MXNet can write."""
    yield written("one array of each dtype", [nd.array(VALUES, dtype=dtype) for dtype in FLOATS])
    yield written("integers", [nd.array(COUNTS, dtype=dtype) for dtype in INTEGERS])
    yield written("specials", [nd.array([np.nan, np.inf, -np.inf, 1e-45, 3e38])])
    yield written("five dimensions", [nd.array(np.arange(12).reshape(1, 2, 1, 3, 2))])
    yield written("one element", {"a": nd.array([7])})
    yield written("names", {"0.weight": nd.array(VALUES), "0.bias": nd.array([1, 2])})
    yield written("unicode names", {"é/ü\n": nd.array([1]), "重み": nd.array([2]), "🎈": nd.array([3])})
    yield written("transposed", [nd.array(VALUES).T])


def new_files():
    """Files that MXNet 1 can write: empty ones, empty names, bfloat16, sparse arrays."""
    yield written("empty list", [])
    yield written("empty dict", {})
    yield written("empty name", {"": nd.array([1])})
    yield written("no element", {"a": nd.array(np.zeros((0, 3))), "b": nd.array([1])})
    bfloat16 = np.dtype([("bfloat16", np.uint16)])
    yield written("bfloat16", {"half": nd.array(VALUES).astype(bfloat16)})
    rows = np.array([[0, 0], [1, 2], [0, 0], [3, 4]])
    for dtype in ("float32", "float64", "int64"):
        yield written("row_sparse " + dtype, [nd.array(rows, dtype=dtype).tostype("row_sparse")])
        yield written("csr " + dtype, {"m": nd.array(rows, dtype=dtype).tostype("csr")})
    deep = mx.nd.sparse.row_sparse_array((np.ones((2, 2, 2)), [0, 3]), shape=(5, 2, 2))
    yield written("row_sparse in three dimensions", [deep])
    half = mx.nd.sparse.csr_matrix((np.ones(2), [4, 1], [0, 1, 2]), shape=(2, 5), dtype="float16")
    yield written("csr float16", [half])
    empty = {kind: mx.nd.sparse.zeros(kind, (4, 2)) for kind in ("row_sparse", "csr")}
    yield written("sparse without values", empty)
    mixed = {"dense": nd.array([1, 2]), "rows": deep, "matrix": half, "last": nd.array([3], dtype="uint8")}
    yield written("dense and sparse", mixed)
    net = mx.gluon.nn.Sequential()
    net.add(mx.gluon.nn.Dense(3, in_units=2), mx.gluon.nn.BatchNorm(in_channels=3))
    net.initialize()
    saved = {name: value.data() for name, value in net._collect_params_with_prefix().items()}
    data = content(lambda path, _: net.save_parameters(path), None)
    yield {"case": "save_parameters", "hex": data.hex(), "arrays": all_told(saved)}


def numpy_files():
    """Files under NumPy's shapes: version 3."""
    array, save = mx.np.array, mx.npx.save
    yield written("np scalar", [array(3.5), array(7, dtype="int64")], save)
    yield written("np no element", {"a": array(np.zeros((0, 2)))}, save)
    yield written("np dtypes", [array(COUNTS, dtype=dtype) for dtype in FLOATS + INTEGERS], save)
    yield written("np names", {"0.weight": array(VALUES), "é": array(1.0)}, save)
    yield written("np empty", {}, save)


TWO = struct.pack("<2f", 1, 2)


def record(shape=(2,), data=TWO, dtype=0, device=(1, 0), storage=0, magic=0xF993FAC9):
    head = struct.pack("<Ii", magic, storage) + packed(shape)
    return head + struct.pack("<iii", *device, dtype) + data


def packed(shape):
    return struct.pack(f"<i{len(shape)}q", len(shape), *shape)


def file_of(*records, names=(), reserved=0, magic=0x112, tail=b""):
    begin = struct.pack("<QQQ", magic, reserved, len(records)) + b"".join(records)
    texts = b"".join(struct.pack("<Q", len(name)) + name for name in names)
    return begin + struct.pack("<Q", len(names)) + texts + tail


def rows_of(index, kept=(1, 2), indices=(1,)):
    """A row-sparse record of shape (4, 2) with one row."""
    head = (
        struct.pack("<Ii", 0xF993FAC9, 1) + packed(kept) + packed((4, 2)) + struct.pack("<iiii", 1, 0, 0, 6)
    )
    return head + packed(indices) + TWO + struct.pack("<q", index)


def matrix_of(kept=(2,)):
    """A csr record of shape (1, 3) with two values."""
    head = struct.pack("<Ii", 0xF993FAC9, 2) + packed(kept) + packed((1, 3)) + struct.pack("<iii", 1, 0, 0)
    for shape in ((2,), (2,)):
        head += struct.pack("<i", 6) + packed(shape)
    return head + TWO + struct.pack("<4q", 0, 2, 0, 2)


def hand_made():
    """Files that MXNet would not write: what does it make of them?"""
    one, two = record(), record(data=struct.pack("<2f", 3, 4))
    yield "plain", file_of(one)
    yield "bytes after the end", file_of(one, tail=b"junk")
    yield "reserved is not zero", file_of(one, reserved=7)
    yield "other magic", file_of(one, magic=0x113)
    yield "a name twice", file_of(one, two, names=[b"a", b"a"])
    yield "too few names", file_of(one, two, names=[b"a"])
    yield "too many names", file_of(one, names=[b"a", b"b"])
    yield "name for no array", file_of(names=[b"a"])
    for device in ((2, 0), (2, 3), (1, 1), (3, 0), (5, 0), (9, 0)):
        yield f"device {device}", file_of(record(device=device))
    for dtype in (8, 11, 99, -1):
        yield f"dtype {dtype}", file_of(record(dtype=dtype))
    for storage in (3, 9, -1):
        yield f"storage {storage}", file_of(record(storage=storage))
    yield "negative dimension", file_of(record((-2,)))
    yield "unknown dimension", file_of(record((-1,)))
    yield "other truths", file_of(record((3,), b"\x02\xff\x00", dtype=7))
    yield "row", file_of(rows_of(3))
    yield "too many indices", file_of(rows_of(3, indices=(2,)))
    for kept in ((0, 2), (3, 2), (1, 3)):
        yield f"values said to be {kept}", file_of(rows_of(3, kept=kept))
    for kept in ((2,), (0,), (5,), (1, 2)):
        yield f"csr values said to be {kept}", file_of(matrix_of(kept))
    yield "version 1", file_of(struct.pack("<Iiqiii", 0xF993FAC8, 1, 2, 1, 0, 0) + TWO)
    yield "version 0", file_of(struct.pack("<IIiii", 1, 2, 1, 0, 0) + TWO)
    yield "no element in version 1", file_of(struct.pack("<Iiqqiii", 0xF993FAC8, 2, 0, 3, 1, 0, 0))


def verdict(case, data):
    try:
        return {"case": case, "hex": data.hex(), "arrays": all_told(nd.load_frombuffer(data))}
    except Exception as error:
        return {"case": case, "hex": data.hex(), "error": str(error).strip().splitlines()[-1]}


def accepted(data):
    """How many of its first bytes make a file."""
    return [size for size in range(len(data) + 1) if "arrays" in verdict("", data[:size])]


def main():
    sections = {"written": list(dense_files())}
    if NEW:
        sections["written"] += new_files()
        sections["read"] = [verdict(*made) for made in hand_made()]
        cut = file_of(record(), rows_of(3), names=[b"a", b"bc"])
        sections["cut"] = [{"hex": cut.hex(), "accepted": accepted(cut)}]
        mx.npx.set_np()
        sections["written"] += numpy_files()
        three = dict(magic=0xF993FACA)
        sections["read"] += [
            verdict("version 3", file_of(record(**three))),
            verdict("scalar of version 3", file_of(record((), struct.pack("<f", 7), **three))),
            verdict("sparse array of version 3", file_of(record(storage=1, **three))),
            verdict("negative dimension in version 3", file_of(record((-2,), **three))),
        ]
    else:  # one without an array; to load it ends the process
        empty = nd.NDArray(mx.nd._new_empty_handle())
        data = content(nd.save, [empty, nd.array([1, 2])])
        sections["none"] = [{"hex": data.hex()}]
    parts = [f'"source": {json.dumps("mxnet " + mx.__version__)}']
    for section, rows in sections.items():
        parts.append(f'"{section}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]")
    print("{" + ",\n".join(parts) + "}")


if __name__ == "__main__":
    main()
