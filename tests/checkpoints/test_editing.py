"""Headers of safetensors files edited, in place too; the package reads what comes out, whatever stops it."""

from __future__ import annotations

import builtins
import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from glueball.checkpoints.opening import open_file
from glueball.checkpoints.safetensors import SafetensorsFile, edit, journal, write, write_shards
from glueball.errors import FileFormatError, NameNotFoundError

ARRAYS = {f"layer.{i}": np.full((2, 3), i, "f4") for i in range(5)}


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "x.safetensors"
    write(made, ARRAYS, metadata={"epoch": "3", "by": "us"}, aliases={"tied": "layer.2"})
    return made


def contents(path):
    """What the package says is in a file."""
    with safetensors.safe_open(path, "np") as file:
        return file.metadata(), {name: file.get_tensor(name).tolist() for name in file.keys()}  # noqa: SIM118


WAYS = {"in place": {"in_place": True}, "replaced": {}}


@pytest.mark.parametrize("way", WAYS)
def test_arrays_ties_and_metadata(path, way):
    size, inode = path.stat().st_size, path.stat().st_ino
    edit(
        path,
        rename={"layer.0": "layer.1", "layer.1": "layer.0", "layer.2": "embed.ü", "tied": "head"},
        metadata={"epoch": None, "by": "them", "new": "\n"},
        **WAYS[way],
    )
    notes, arrays = contents(path)
    assert notes == {"by": "them", "new": "\n", "head": "embed.ü"}
    wanted = {"layer.1": 0, "layer.0": 1, "embed.ü": 2, "layer.3": 3, "layer.4": 4}
    assert arrays == {name: ARRAYS[f"layer.{i}"].tolist() for name, i in wanted.items()}
    with open_file(path) as file:
        assert list(file) == list(wanted) and file.aliases == {"head": "embed.ü"}
        assert file.metadata == {"by": "them", "new": "\n"}
    assert (path.stat().st_size, path.stat().st_ino == inode) == (size, way == "in place")
    assert os.listdir(path.parent) == [path.name]


def test_a_target_leaves_the_file_as_it_is(path):
    before = path.read_bytes()
    edit(path, rename={"layer.0": "first"}, target=path.with_name("y"))
    assert path.read_bytes() == before
    assert list(contents(path.with_name("y"))[1])[-1:] and "first" in contents(path.with_name("y"))[1]


def test_files_of_the_package_have_no_room_and_say_how_much_is_missing(tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file(ARRAYS, path)
    before = path.read_bytes()
    edit(path, rename={"layer.0": "layer.9"}, in_place=True)  # as long as it was
    assert set(contents(path)[1]) == {f"layer.{i}" for i in (1, 2, 3, 4, 9)}
    edit(path, rename={"layer.9": "layer.0"}, in_place=True)
    assert path.read_bytes() == before
    room = int.from_bytes(before[:8], "little") - len(
        before[8 : 8 + int.from_bytes(before[:8], "little")].rstrip()
    )
    with pytest.raises(
        FileFormatError, match=rf"takes \d+ bytes, {100 - room} more than there is room for; write a"
    ):
        edit(path, rename={"layer.0": "layer.0" + "x" * 100}, in_place=True)
    assert path.read_bytes() == before


def test_our_own_files_have_some(path):
    edit(path, rename={"layer.0": "layer.0" + "x" * 200}, in_place=True)
    with open_file(path) as file:
        assert all(entry.offset % 4 == 0 for entry in file.values())
    assert int.from_bytes(path.read_bytes()[:8], "little") % 64 == 56


def test_what_cannot_be_is_refused(path):
    with pytest.raises(FileFormatError, match="is not on this machine, and cannot be edited"):
        edit("https://host/x.safetensors", rename={"a": "b"})
    before = path.read_bytes()
    for options, kind, message in (
        ({"rename": {"layer.9": "a"}}, NameNotFoundError, "there is no 'layer.9' in .* to rename"),
        (
            {"rename": {"layer.0": "layer.1"}},
            FileFormatError,
            "'layer.0' and 'layer.1' of .* both be called 'layer.1'",
        ),
        (
            {"rename": {"layer.0": "tied"}},
            FileFormatError,
            "'layer.0' and 'tied' of .* would both be called 'tied'",
        ),
        ({"rename": {"layer.0": "a\n"}}, FileFormatError, "a name must be text that can be printed"),
        (
            {"rename": {"layer.0": "__metadata__"}},
            FileFormatError,
            "no array can have the name '__metadata__'",
        ),
        ({"metadata": {"what": None}}, NameNotFoundError, "there are no metadata 'what' in .* to remove"),
        ({"metadata": {"a": 1}}, FileFormatError, "metadata are text by text, not 'a': 1"),
        (
            {"metadata": {"tied": "x"}},
            FileFormatError,
            "have 'tied' already, which is another name of 'layer",
        ),
        ({"metadata": {"best": "layer.0"}}, FileFormatError, "would make 'best' another name of that array"),
        ({"target": path, "in_place": True}, FileFormatError, "not both"),
    ):
        for in_place in ({}, {"in_place": True}) if "in_place" not in options else ({},):
            with pytest.raises(kind, match=message):
                edit(path, **options, **in_place)
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


# ------------------------------------------------------------------ whatever stops it


def headers(path):
    """The old header and one that renames everything, both as long as the place for them."""
    old = path.read_bytes()[8:][: int.from_bytes(path.read_bytes()[:8], "little")]
    new = old.replace(b"layer", b"LAYER")
    return old, new


def stopped(path, monkeypatch, header):
    """A file as it is when its writer was stopped with this header in place."""

    def stop(file, new):
        file.seek(8)
        file.write(header)
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_put", stop)
        with pytest.raises(InterruptedError):
            journal.rewrite(str(path), *headers(path))
    assert len(os.listdir(path.parent)) == 2


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_torn_header_is_mended_by_the_next_reader(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("torn") / "x.safetensors"
    write(path, ARRAYS)
    old, new = headers(path)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(old)), max_size=6)))
    sources, torn, at = (new, old), b"", 0
    for i, cut in enumerate([*cuts, len(old)]):
        torn += sources[i % 2][at:cut]
        at = cut
    with pytest.MonkeyPatch.context() as patched:
        stopped(path, patched, torn)
    with open_file(path) as file:
        assert list(file) == list(ARRAYS) if torn == old else [name.upper() for name in ARRAYS]
        assert all((file.read(name) == i).all() for i, name in enumerate(file))
    assert set(contents(path)[1]) == set(file)
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_cannot_be_written_to_is_read_whole(path, monkeypatch):
    old, new = headers(path)
    torn = old[:100] + new[100:]
    stopped(path, monkeypatch, torn)
    usual = builtins.open

    def read_only(file, mode="r", *rest, **options):
        if "+" in mode:
            raise OSError(errno.EROFS, "the file system is read-only")
        return usual(file, mode, *rest, **options)

    monkeypatch.setattr(builtins, "open", read_only)
    for _ in range(2):
        with SafetensorsFile(path) as file:
            assert list(file) == [name.upper() for name in ARRAYS]
    assert path.read_bytes()[8:][: len(old)] == torn and len(os.listdir(path.parent)) == 2
    monkeypatch.undo()
    os.symlink(path, path.parent / "link")
    assert list(SafetensorsFile(path.parent / "link")) == [name.upper() for name in ARRAYS]
    assert set(os.listdir(path.parent)) == {path.name, "link"}


@pytest.mark.parametrize("what", ["another file", "a cut journal"])
def test_a_journal_that_does_not_belong_is_of_no_use(path, monkeypatch, what):
    old, new = headers(path)
    stopped(path, monkeypatch, old[:100] + new[100:])
    (beside,) = (name for name in os.listdir(path.parent) if name != path.name)
    if what == "another file":
        write(path, {"other": np.ones(3)})
        assert list(SafetensorsFile(path)) == ["other"]
    else:
        whole = (path.parent / beside).read_bytes()
        (path.parent / beside).write_bytes(whole[:-1])
        text = path.read_bytes()
        assert "layer.0" in open_file(path) or "LAYER.0" in open_file(path)
        assert path.read_bytes() == text
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_changed_meanwhile_is_not_overwritten(path):
    old, new = headers(path)
    edit(path, rename={"layer.0": "first"}, in_place=True)
    before = path.read_bytes()
    with pytest.raises(OSError, match="has changed since it was opened"):
        journal.rewrite(str(path), old, new)
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_a_shard_is_mended_when_its_index_is_opened(tmp_path, monkeypatch):
    write_shards(tmp_path, ARRAYS, max_shard_size=10**6)
    (shard,) = (tmp_path / name for name in os.listdir(tmp_path) if name.endswith(".safetensors"))
    before = shard.read_bytes()
    header = before[8:][: int.from_bytes(before[:8], "little")]
    new = header.replace(b'"F32"', b'"I32"')

    def stop(file, text):
        file.seek(8)
        file.write(text[:200])
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_put", stop)
        with pytest.raises(InterruptedError):
            journal.rewrite(str(shard), header, new)
    with open_file(tmp_path) as file:
        assert {entry.dtype.name for entry in file.values()} == {"int32"}


KILLED = """
import json, os, random, signal, sys, time
import numpy as np, safetensors
from glueball.checkpoints.safetensors import SafetensorsFile, write
from glueball.checkpoints.safetensors.journal import rewrite

path, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
count = 3000
write(path, {f"A.{i}": np.full(4, i, "i4") for i in range(count)}, metadata={"v": "A"})
seen = []
for _ in range(kills):
    with SafetensorsFile(path) as file:
        now = file.metadata["v"]
    tell, told = os.pipe()
    child = os.fork()
    if not child:
        content = open(path, "rb").read()
        old = content[8:][: int.from_bytes(content[:8], "little")]
        other = b"B" if now == "A" else b"A"
        new = old.replace(b'"' + now.encode(), b'"' + other)
        while True:
            rewrite(path, old, new)
            old, new = new, old
            os.write(told, b".")
    os.read(tell, 1)  # it is at work
    time.sleep(random.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    os.close(tell), os.close(told)
    left = any(name.endswith(".glueball-journal") for name in os.listdir(os.path.dirname(path)))
    with SafetensorsFile(path) as file:
        letter = file.metadata["v"]
        assert list(file) == [f"{letter}.{i}" for i in range(count)], (letter, list(file)[:3])
        assert all(file.read(f"{letter}.{i}", 0) == i for i in range(0, count, 97))
    with safetensors.safe_open(path, "np") as file:
        assert f"{letter}.7" in file.keys()
    for name in os.listdir(os.path.dirname(path)):
        assert not name.endswith(".glueball-journal")
        if name.startswith(".glueball-"):
            os.unlink(os.path.join(os.path.dirname(path), name))
    seen.append([letter != now, left])
print(json.dumps(seen))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork, as POSIX has them")
def test_a_killed_edit_leaves_the_old_header_or_the_new_one(tmp_path):
    kills = int(os.environ.get("GLUEBALL_KILLS", "25"))
    seed = int.from_bytes(os.urandom(4), "little")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "x.safetensors"), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}:\n{done.stderr}"
    seen = json.loads(done.stdout)
    assert len(seen) == kills
    assert sum(edited for edited, _ in seen) > kills / 10, seen
    assert sum(left for _, left in seen) > kills / 20, seen  # some were killed with the journal there
