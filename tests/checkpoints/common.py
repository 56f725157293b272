"""What the tests of files share: small arrays of every dtype, and what a mutated file may do."""

from __future__ import annotations

import tracemalloc

import ml_dtypes
import numpy as np

from glueball.errors import FileFormatError

KEYS = [
    (),
    0,
    -1,
    slice(1, None),
    slice(None, None, -1),
    (slice(None), 1),
    (..., slice(None, None, -2)),
    (0, slice(0, 0)),
    (1, -1),
]


def arrays(dtypes):
    """One array of each dtype, in three shapes, with values that tell places apart."""
    made = {}
    for i, dtype in enumerate(map(np.dtype, dtypes)):
        values = np.arange(12) % 2 if dtype.kind == "b" else np.arange(i, i + 12) % 7
        made[f"{dtype.name}.matrix"] = values.astype(dtype).reshape(3, 4)
        made[f"{dtype.name}.scalar"] = np.asarray(values[1]).astype(dtype)
        made[f"{dtype.name}.none"] = np.empty((0, 3), dtype)
    return made


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def assert_reads(file, wanted):
    """Every array of an opened file is the wanted one, whole and in every part."""
    assert {name: (file[name].shape, file[name].dtype) for name in file} == {
        name: (array.shape, array.dtype) for name, array in wanted.items()
    }
    for name, array in wanted.items():
        assert file[name].nbytes == array.nbytes
        assert same(file.read(name), array)
        assert file.read(name).flags.writeable
        assert not file.read(name, copy=False).flags.writeable
        for key in KEYS if array.shape == (3, 4) else ():
            assert same(file.read(name, key), np.asarray(array[key])), key
            assert same(file.read(name, key, copy=False), np.asarray(array[key])), key


def assert_read_or_refused(opener, path, spare=400_000):
    """Whether a file can be opened and read; else it is one error. Either takes memory by its size."""
    size = path.stat().st_size
    tracemalloc.start()
    message, read = str(path), False
    try:
        with opener(path) as file:
            for name in [*file, *file.aliases]:
                file.read(name)
        read = True
    except FileFormatError as error:
        message = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert str(path) in message
    assert message.isprintable()
    assert peak < 16 * size + spare
    return read


def mutate(draw, st, data):
    """Bytes with a few things wrong."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "byte", "cut", "drop", "repeat", "huge"])):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 16))]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "huge":
                data[at : at + 8] = draw(st.sampled_from([b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 8]))
    return bytes(data)


FLOAT8 = [ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
