"""A save is whole or it has not happened."""

from __future__ import annotations

import builtins
import os
import signal
import stat
import subprocess
import sys

import pytest

from glueball.checkpoints.atomic import creating, replacing

needs_modes = pytest.mark.skipif(os.name == "nt", reason="modes and links as POSIX has them")


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "net.params"
    path.write_bytes(b"old")
    return path


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_raises_leaves_the_old_file_and_nothing_else(target, error):
    def half():
        with replacing(target) as file:
            file.write(b"half of the new" * 100_000)
            raise error

    with pytest.raises(error):
        half()
    assert target.read_bytes() == b"old"
    assert os.listdir(target.parent) == ["net.params"]


def test_a_file_that_was_not_there_is_not_there_after_a_failure(tmp_path):
    with pytest.raises(TypeError, match="bytes-like"), replacing(tmp_path / "new") as file:
        file.writelines([b"half", "no bytes"])
    assert os.listdir(tmp_path) == []


def test_the_old_file_is_there_until_the_new_one_is_whole(target):
    with replacing(target) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["net.params"]


def test_data_are_synced_before_the_rename_and_the_folder_after_it(target, monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor):
        state = os.fstat(descriptor)
        steps.append("folder" if stat.S_ISDIR(state.st_mode) else f"file of {state.st_size}")
        fsync(descriptor)

    def noted_replace(source, to):
        steps.append("rename")
        replace(source, to)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    with replacing(target) as file:
        file.write(b"12345")
    assert steps == ["file of 5", "rename", *(["folder"] if os.name != "nt" else [])]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_system_that_fails_leaves_the_old_file(target, failing, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left"), replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(target.parent) == ["net.params"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_found_on_closing_leaves_the_old_file(target, monkeypatch):
    opened = builtins.open

    def onto_a_full_disk(path, *args, **kwargs):
        opened(path, "xb").close()
        return opened("/dev/full", "wb", buffering=1 << 20)

    monkeypatch.setattr(builtins, "open", onto_a_full_disk)
    with pytest.raises(OSError, match="No space left"), replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(target.parent) == ["net.params"]


@needs_modes
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "new"):
            pass
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640


@needs_modes
def test_a_replaced_file_keeps_its_mode(target):
    target.chmod(0o600)
    with replacing(target) as file:
        assert [mode(path) for path in target.parent.iterdir()] == [0o600] * 2
        file.write(b"new")
    assert mode(target) == 0o600


@needs_modes
def test_a_link_is_followed(target, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(target.name)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@needs_modes
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    # In a folder of its own, never a real device: whoever breaks this as root would replace the machine's.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(pipe) as file:
            file.write(b"new")
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)


def test_a_folder_or_a_missing_folder_is_the_systems_error(tmp_path):
    with pytest.raises(IsADirectoryError):
        replacing(tmp_path).__enter__()
    with pytest.raises(FileNotFoundError) as error:
        replacing(tmp_path / "no" / "file").__enter__()
    assert error.value.filename == str(tmp_path / "no" / "file")  # and no name that nobody has asked for


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9")
def test_a_killed_process_leaves_the_old_file_whole(target):
    code = (
        "import os, signal, sys\n"
        "from glueball.checkpoints.atomic import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    file.write(b'x' * 3_000_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, target], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    others = [name for name in os.listdir(target.parent) if name != target.name]
    assert all(name.startswith(".glueball-") for name in others)


def test_creating_refuses_a_file_that_is_there_and_removes_its_own_when_it_fails(target):
    with pytest.raises(FileExistsError), creating(target):
        pass
    assert target.read_bytes() == b"old"
    with pytest.raises(TypeError, match="bytes-like"), creating(target.parent / "new") as file:
        file.writelines([b"half", "no bytes"])
    assert os.listdir(target.parent) == ["net.params"]
    with creating(target.parent / "new") as file:
        file.write(b"new")
    assert (target.parent / "new").read_bytes() == b"new"
