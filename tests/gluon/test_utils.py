"""Splitting, clipping, fetching; what is expected was asked of MXNet 1.9.1."""

from __future__ import annotations

import collections
import hashlib
import pickle
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import glueball.mxnet as mx
from glueball.mxnet import autograd, nd
from glueball.mxnet.gluon import utils


def table():
    return nd.array(np.arange(10).reshape(5, 2))


# ---- splitting -------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_make_up_the_whole(rows, parts):
    whole = nd.array(np.arange(2 * rows).reshape(rows, 2))
    made = utils.split_data(whole, parts, even_split=False)
    lengths = [len(part) for part in made]
    assert np.concatenate([part.asnumpy() for part in made]).tolist() == whole.asnumpy().tolist()
    assert len(made) == parts
    assert lengths == sorted(lengths, reverse=True)
    assert max(lengths) - min(lengths) <= 1


def test_parts_of_the_first_axis_share_memory_and_others_do_not():
    x = table()
    utils.split_data(x, 5)[0][:] = 7
    assert x[0].asnumpy().tolist() == [7, 7]
    for axis in (1, -1):
        part = utils.split_data(x, 2, batch_axis=axis)[0]
        assert part.shape == (5, 1)
        part[:] = 9
    assert 9 not in x[1:4].asnumpy()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            (2,),
            ValueError,
            "data with shape (5, 2) cannot be evenly split into 2 slices along axis 0. Use a batch size "
            "that's multiple of 2 or set even_split=False to allow uneven partitioning of data.",
        ),
        ((0,), ZeroDivisionError, "by zero"),
        ((2, 5), IndexError, "tuple index out of range"),
        ((3, 1, False), mx.MXNetError, "Invalid begin, end, get begin=2, end=2"),
    ],
)
def test_wrong_splits(arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        utils.split_data(table(), *arguments)


def test_numpy_and_torch_are_split_as_they_are():
    assert [type(part) for part in utils.split_data(np.ones((4, 1)), 2)] == [np.ndarray] * 2
    assert [part.shape for part in utils.split_data(torch.ones(4, 1), 2)] == [(2, 1)] * 2


def test_parts_are_loaded_in_their_contexts():
    x = table()
    assert utils.split_and_load(x, [mx.cpu(0)])[0] is x
    parts = utils.split_and_load(x, [mx.cpu(0), mx.cpu(1)], even_split=False)
    assert [(str(part.context), part.shape) for part in parts] == [("cpu(0)", (3, 2)), ("cpu(1)", (2, 2))]
    (part,) = utils.split_and_load(np.arange(3), [mx.cpu()])
    assert part.dtype is np.float32
    assert [part.shape for part in utils.split_and_load([[1, 2], [3, 4]], [mx.cpu(), mx.cpu(1)])] == [
        (1, 2)
    ] * 2
    with pytest.raises(TypeError, match="'Context' has no len"):
        utils.split_and_load(x, mx.cpu())


# ---- clipping --------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=4), min_size=1, max_size=4))
def test_clipping_is_torchs(rows):
    ours = [nd.array(row) for row in rows]
    theirs = [torch.tensor(row, requires_grad=True) for row in rows]
    for one, row in zip(theirs, rows, strict=True):
        one.grad = torch.tensor(row)
    norm = utils.clip_global_norm(ours, 2.5)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, 2.5)), rel=1e-5, abs=1e-6)
    for one, other in zip(ours, theirs, strict=True):
        assert one.asnumpy() == pytest.approx(other.grad.numpy(), rel=1e-5, abs=1e-5)


def test_the_norm_is_a_number_or_an_array():
    arrays = [nd.array([3.0]), nd.array([[4.0, 0]])]
    norm = utils.clip_global_norm(arrays, 1, check_isfinite=False)
    assert (type(norm), norm.shape) == (nd.NDArray, (1,))
    assert type(utils.clip_global_norm(arrays, 1)) is np.float32
    assert arrays[1].asnumpy() == pytest.approx(np.array([[0.8, 0]]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_not_finite_warns(bad):
    with pytest.warns(
        UserWarning, match=r"^nan or inf is detected. Clipping results will be undefined.$"
    ) as warned:
        utils.clip_global_norm([nd.array([bad, 1])], 1)
    assert warned[0].filename == __file__
    utils.clip_global_norm([nd.array([bad, 1])], 1, check_isfinite=False)


def test_what_cannot_be_clipped():
    with pytest.raises(AssertionError):
        utils.clip_global_norm([], 1)
    with pytest.raises(mx.MXNetError, match="at 1-th input: expected float64, got float32"):
        utils.clip_global_norm([nd.ones(1, dtype="float64"), nd.ones(1)], 1)
    with pytest.raises(mx.MXNetError, match="dot only supports float32/float64"):
        utils.clip_global_norm([nd.ones(1, dtype="int32")], 1)


def test_gradients_are_clipped_where_they_lie():
    weight = nd.array([3.0, 4.0])
    weight.attach_grad()
    with autograd.record():
        y = (weight * weight).sum() / 2
    y.backward()
    assert float(utils.clip_global_norm([weight.grad], 1)) == 5
    assert weight.grad.asnumpy() == pytest.approx(np.array([0.6, 0.8]))


# ---- fetching --------------------------------------------------------------------------------------------

CONTENT = b"parameters" * 1000
SHA1 = hashlib.sha1(CONTENT).hexdigest()


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path.startswith("/flaky") and len(asked) < 3:
                self.send_error(503)
                return
            if self.path.startswith("/none"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    asked: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        serving.asked = asked
        serving.url = f"http://127.0.0.1:{serving.server_port}"
        yield serving
        serving.shutdown()
        thread.join()


def test_a_file_is_fetched_once(server, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert utils.download(f"{server.url}/a/it.params") == "it.params"
    assert utils.download(f"{server.url}/a/it.params") == "it.params"
    assert server.asked == ["/a/it.params"]
    assert (tmp_path / "it.params").read_bytes() == CONTENT
    assert capsys.readouterr().out == f"Downloading it.params from {server.url}/a/it.params...\n"
    assert [path.name for path in tmp_path.iterdir()] == ["it.params"]


def test_where_a_file_is_put(server, tmp_path):
    url = f"{server.url}/it.params"
    assert utils.download(url, path=str(tmp_path)) == str(tmp_path / "it.params")
    wanted = str(tmp_path / "new" / "folder" / "other")
    assert utils.download(url, path=wanted) == wanted
    with pytest.raises(
        AssertionError, match=r"Can't construct file-name from this URL. Please set the `path`"
    ):
        utils.download(f"{server.url}/")


def test_a_file_is_fetched_again_when_asked_or_when_it_is_another(server, tmp_path):
    path = tmp_path / "it"
    path.write_bytes(b"old")
    assert utils.download(f"{server.url}/it", str(path)) == str(path)
    assert path.read_bytes() == b"old"
    utils.download(f"{server.url}/it", str(path), sha1_hash=SHA1)
    assert path.read_bytes() == CONTENT
    utils.download(f"{server.url}/it", str(path), sha1_hash=SHA1)
    assert len(server.asked) == 1
    path.write_bytes(b"old")
    utils.download(f"{server.url}/it", str(path), overwrite=True)
    assert path.read_bytes() == CONTENT


def test_another_content_than_promised(server, tmp_path):
    with pytest.raises(UserWarning, match="it is downloaded but the content hash does not match"):
        utils.download(f"{server.url}/it", str(tmp_path / "it"), sha1_hash="0" * 40, retries=2)
    assert len(server.asked) == 2


def test_it_is_tried_again(server, tmp_path, capsys):
    utils.download(f"{server.url}/flaky", str(tmp_path / "it"), retries=5)
    assert (tmp_path / "it").read_bytes() == CONTENT
    said = capsys.readouterr().out.splitlines()
    assert said[1] == (
        f"download failed due to RuntimeError('Failed downloading url {server.url}/flaky'), retrying, "
        "4 attempts left"
    )
    assert len(said) == 5


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 1), (3, 3)])
def test_at_last_it_raises(server, tmp_path, retries, tries, capsys):
    with pytest.raises(RuntimeError, match=f"^Failed downloading url {server.url}/none$"):
        utils.download(f"{server.url}/none", str(tmp_path / "it"), retries=retries)
    assert len(server.asked) == tries
    assert list(tmp_path.iterdir()) == []


def test_wrong_arguments_of_download(tmp_path):
    with pytest.raises(AssertionError, match="Number of retries should be at least 0, currently it's -1"):
        utils.download("http://127.0.0.1/x", str(tmp_path), retries=-1)


def test_an_unproven_server_is_warned_of(server, tmp_path):
    with pytest.warns(UserWarning, match="Unverified HTTPS request is being made"):
        utils.download(f"{server.url}/it", str(tmp_path), verify_ssl=False)


def test_check_sha1(tmp_path):
    (tmp_path / "it").write_bytes(CONTENT)
    assert utils.check_sha1(tmp_path / "it", SHA1)
    assert not utils.check_sha1(str(tmp_path / "it"), "0")
    with pytest.raises(FileNotFoundError):
        utils.check_sha1(tmp_path / "none", SHA1)


def test_replace_file(tmp_path):
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    utils.replace_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "new"
    (tmp_path / "a").write_text("new")
    with pytest.raises(OSError, match=r"Moving downloaded temp file - .*a, to .*d failed. Please retry"):
        utils.replace_file(tmp_path / "a", tmp_path / "c" / "d")
    assert not (tmp_path / "a").exists()


# ---- small things ----------------------------------------------------------------------------------------


def test_shapes():
    assert [utils.shape_is_known(shape) for shape in (None, (), (1, 2), (0, 2), (1, 0))] == [
        False,
        False,
        True,
        False,
        False,
    ]
    with pytest.raises(AssertionError, match="shape dimension size cannot be less than 0, while received -1"):
        utils.shape_is_known((-1, 2))


def test_long_lists_are_cut():
    assert utils._brief_print_list("abcdefgh") == "'a', 'b', 'c', ..., 'e', 'f', 'g', 'h'"
    assert utils._brief_print_list("abcdefg") == "'a', 'b', 'c', 'd', 'e', 'f', 'g'"
    assert utils._indent("a\nb\nc", 2) == "a\n  b\n  c"


def test_a_handle_takes_its_hook_off():
    hooks = collections.OrderedDict()
    handle = utils.HookHandle()
    handle.attach(hooks, print)
    with pytest.raises(AssertionError, match="The same handle cannot be attached twice"):
        handle.attach(hooks, print)
    assert list(hooks.values()) == [print]
    handle.detach()
    handle.detach()
    assert not hooks
    with utils.HookHandle() as handle:
        handle.attach(hooks, len)
    assert not hooks


def test_a_handle_is_pickled_with_its_hooks():
    hooks = collections.OrderedDict()
    handle = utils.HookHandle()
    handle.attach(hooks, len)
    hooks, again = pickle.loads(pickle.dumps((hooks, handle)))
    again.detach()
    assert not hooks
