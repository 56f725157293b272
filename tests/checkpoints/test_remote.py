"""Files that lie elsewhere: served from this machine, and every byte that is served is counted."""

from __future__ import annotations

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from common import KEYS, assert_reads, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glueball.checkpoints import npz, params, pytorch, safetensors
from glueball.checkpoints.hdf5 import write as write_hdf5
from glueball.checkpoints.opening import open_file
from glueball.checkpoints.parts import part
from glueball.checkpoints.remote import Remote
from glueball.errors import FileFormatError, MissingExtraError

fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install 'glueball[remote]'")
pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'glueball[remote]'")


class Server(ThreadingHTTPServer):
    """Serves a folder, with ranges or without, and keeps what it has sent."""

    daemon_threads, block_on_close = True, False  # connections are kept for the next request

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.ranges, self.sent = folder, True, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def served(self) -> int:
        """Bytes since the last time."""
        total, self.sent = sum(self.sent), []
        return total


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        path = self.server.folder / self.path.lstrip("/").partition("?")[0].replace("%20", " ")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        begin, end, status = 0, len(content), 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and self.server.ranges:
            begin, end, status = int(asked[1]), min(int(asked[2] or len(content)) + 1, len(content)), 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        if body:
            try:
                for at in range(begin, end, 1 << 16):
                    piece = content[at : min(at + (1 << 16), end)]
                    self.wfile.write(piece)
                    self.server.sent.append(len(piece))
            except OSError:  # who asked has heard enough
                self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


LARGE = {f"layer.{i}.weight": np.arange(i, i + 250_000, dtype="f4").reshape(500, 500) for i in range(4)}


def test_a_safetensors_file_costs_its_header_and_a_slice_its_bytes(server, tmp_path):
    safetensors.write(
        tmp_path / "x.safetensors", LARGE, metadata={"a": "b"}, aliases={"tied": "layer.0.weight"}
    )
    header = 8 + int.from_bytes((tmp_path / "x.safetensors").read_bytes()[:8], "little")
    with open_file(f"{server.url}/x.safetensors") as file:
        assert server.served() == max(header, 512) and file.format == "safetensors"
        assert file.metadata == {"a": "b"} and file.aliases == {"tied": "layer.0.weight"}
        assert (
            file["layer.3.weight"].offset % 64 == 0
            and file.size == (tmp_path / "x.safetensors").stat().st_size
        )
        array = LARGE["layer.2.weight"]
        for key, count in (
            ((), 500 * 500),
            (3, 500),
            ((slice(10, 12), slice(None, 5)), 505),  # two rows: from the first element to the last
            ((-1, -1), 1),
            (slice(0, 0), 0),
            ((slice(None), 7), 499 * 500 + 1),  # a column: one request is cheaper than 500
        ):
            assert same(file.read("layer.2.weight", key), np.asarray(array[key]))
            assert server.served() == 4 * count, key
        assert same(file.read("tied"), LARGE["layer.0.weight"])
        assert file.read("tied").flags.writeable and not file.read("tied", copy=False).flags.writeable
        assert file.lazy("tied").make().shape == (500, 500)


def test_rows_far_apart_are_fetched_one_by_one(server, tmp_path):
    wide = np.arange(2_000_000, dtype="i4").reshape(4, 500_000)
    safetensors.write(tmp_path / "x", {"wide": wide})
    with open_file(f"{server.url}/x") as file:
        server.served()
        assert same(file.read("wide", (slice(None, None, -2), slice(5, 8))), wide[::-2, 5:8])
        assert server.served() == 2 * 3 * 4


WRITERS = {
    "x.safetensors": safetensors.write,
    "x.pt": pytorch.write,
    "x.npz": npz.write,
    "x.params": params.write,
    "x.h5": write_hdf5,
    "old.pt": lambda path, arrays: torch.save(
        {name: torch.from_numpy(array) for name, array in arrays.items()},
        path,
        _use_new_zipfile_serialization=False,
    ),
}
SMALL = {
    "a": np.arange(12, dtype="f4").reshape(3, 4),
    "b": np.arange(12).reshape(3, 4),
    "c": np.zeros((0, 3), "f4"),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("ranges", [True, False])
def test_every_format(server, tmp_path, name, ranges):
    if name == "x.h5":
        pytest.importorskip("h5py")
    server.ranges = ranges
    WRITERS[name](tmp_path / name, SMALL)
    with open_file(f"{server.url}/{name}") as file:
        assert_reads(file, SMALL)
        assert file.path == f"{server.url}/{name}"


@pytest.mark.parametrize("name", ["x.pt", "x.npz", "x.h5"])
def test_others_cost_little_more_than_what_is_read(server, tmp_path, name):
    if name == "x.h5":
        pytest.importorskip("h5py")
    WRITERS[name](tmp_path / name, LARGE)
    with open_file(f"{server.url}/{name}") as file:
        assert server.served() < (100_000 if name == "x.h5" else 10_000)
        assert same(file.read("layer.1.weight", slice(5, 7)), LARGE["layer.1.weight"][5:7])
        assert server.served() < 50_000


def test_what_torch_saves_and_numpy_compresses(server, tmp_path):
    torch.save(
        {"a": torch.arange(12.0).reshape(3, 4).T, "b": torch.ones(3, dtype=torch.bfloat16)}, tmp_path / "x.pt"
    )
    np.savez_compressed(tmp_path / "x.npz", a=np.asfortranarray(SMALL["a"]), b=SMALL["b"])
    with open_file(f"{server.url}/x.pt") as file:
        turned = np.arange(12, dtype="f4").reshape(3, 4).T
        for key in [(), 1, (slice(None), 1), (slice(None, None, -1), 0)]:
            assert same(file.read("a", key), np.asarray(turned[key]))
        assert same(file.read("b"), np.ones(3, ml_dtypes.bfloat16))
    np.savez(tmp_path / "y.npz", a=np.asfortranarray(SMALL["a"]))
    for name in ("x.npz", "y.npz"):
        with open_file(f"{server.url}/{name}") as file:
            for key in KEYS:
                assert same(file.read("a", key), np.asarray(SMALL["a"][key]))


def test_shards_through_their_index(server, tmp_path):
    (tmp_path / "a folder").mkdir()
    safetensors.write_shards(tmp_path / "a folder", LARGE, max_shard_size="1.5MB")
    with open_file(f"{server.url}/a%20folder/model.safetensors.index.json?token=1") as file:
        assert server.served() < 10_000
        assert len(file.files) == 4 and file.files[0].endswith(".safetensors?token=1")
        assert same(file.read("layer.3.weight", 0), LARGE["layer.3.weight"][0])
    index = json.loads((tmp_path / "a folder/model.safetensors.index.json").read_text())
    index["weight_map"]["layer.0.weight"] = "gone.safetensors"
    (tmp_path / "a folder/model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors is not there, or cannot be reached"):
        open_file(f"{server.url}/a%20folder/model.safetensors.index.json")


def test_other_places_and_their_folders():
    system = fsspec.filesystem("memory")
    system.store.clear()
    try:
        for name, data in {"index": b"{", "x": b""}.items():
            system.pipe(f"/other/{name}", data)
        path = Path(__file__).parent
        with pytest.raises(FileFormatError, match="has no checkpoint; open one by its own path"):
            open_file("memory://other")
        assert path.is_dir()
    finally:
        system.store.clear()


def test_a_folder_elsewhere_is_opened_by_its_index(tmp_path):
    safetensors.write_shards(tmp_path, SMALL, max_shard_size=100)
    system = fsspec.filesystem("memory")
    try:
        system.put(str(tmp_path), "/model", recursive=True)
        for url in ("memory://model", "memory://model/", "memory://model/model.safetensors.index.json"):
            with open_file(url) as file:
                assert_reads(file, SMALL)
    finally:
        system.store.clear()


def test_a_server_without_ranges_is_read_as_a_whole_if_the_file_is_small(server, tmp_path, monkeypatch):
    server.ranges = False
    safetensors.write(tmp_path / "x", LARGE)
    size = (tmp_path / "x").stat().st_size
    with open_file(f"{server.url}/x") as file:
        assert size <= server.served() < 2 * size  # it stopped reading the first answer, and then took it all
        assert same(file.read("layer.1.weight"), LARGE["layer.1.weight"])
        assert server.served() == 0
    monkeypatch.setattr("glueball.checkpoints.remote._WHOLE", 1_000_000)
    with pytest.raises(
        FileFormatError, match=rf"does not send parts of a file, and {size} bytes are too many"
    ):
        open_file(f"{server.url}/x")
    server.ranges = True
    params.write(tmp_path / "x.params", LARGE)
    with pytest.raises(
        FileFormatError, match=r"a \.params file has no index, and \d+ bytes are too many to fetch"
    ):
        open_file(f"{server.url}/x.params")


def test_a_server_that_stops_sending_ranges_is_an_error(server, tmp_path):
    safetensors.write(tmp_path / "x", LARGE)
    with open_file(f"{server.url}/x") as file:
        server.ranges = False
        with pytest.raises(OSError, match=r"2000 bytes from \d+ were asked for, \d+ came"):
            file.read("layer.0.weight", 0)


def test_what_cannot_be_opened(server, tmp_path, monkeypatch):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut").write_bytes(b"\xff" * 7 + b"\0{" + b" " * 2000)
    with pytest.raises(FileNotFoundError, match=r"/none is not there, or cannot be reached"):
        open_file(f"{server.url}/none")
    with pytest.raises(FileFormatError, match="it is empty"):
        open_file(f"{server.url}/empty")
    with pytest.raises(FileFormatError, match=r"/cut, byte 0: a header of 72057594037927935 bytes"):
        open_file(f"{server.url}/cut")
    with pytest.raises(FileFormatError, match="nowhere://a: Protocol not known: nowhere"):
        open_file("nowhere://a")
    with pytest.raises(OSError, match="cannot be reached"):
        open_file("http://127.0.0.1:1/x")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"s3://bucket/x: Install s3fs"):
        open_file("s3://bucket/x")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"needs fsspec: pip install 'glueball\[remote\]'"):
        open_file(f"{server.url}/cut")


class Bytes(Remote):
    """A remote file in memory."""

    def __init__(self, data):
        self.data, self._size, self.fetched = data, len(data), 0
        self._ahead, self._starts = {0: b""}, [0]

    def fetch_all(self, ranges):
        self.fetched += sum(end - begin for begin, end in ranges)
        assert all(0 <= begin < end <= len(self.data) for begin, end in ranges)
        return [self.data[begin:end] for begin, end in ranges]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_part_of_any_layout_is_what_numpy_selects(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 5), max_size=4)))
    order = data.draw(st.permutations(range(len(shape))))
    whole = np.arange(np.prod(shape, dtype=int), dtype="<i4").reshape(shape)
    laid = whole.transpose(order)  # strides in any order
    offset = data.draw(st.integers(0, 9))
    content = Bytes(bytes(offset) + whole.tobytes())
    keys = [
        st.one_of(st.slices(size), st.integers(-size, size - 1)) if size else st.slices(size)
        for size in laid.shape
    ]
    key = data.draw(st.tuples(*keys[: data.draw(st.integers(0, len(keys)))]))
    request = data.draw(st.sampled_from([0, 8, 1 << 16]))  # what a request is worth
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("glueball.checkpoints.parts._REQUEST", request)
        found = part(content, laid.shape, laid.dtype, offset, key, laid.strides)
    assert same(np.asarray(found), np.asarray(laid[key]))
    assert content.fetched <= whole.nbytes
