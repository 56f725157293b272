"""The shell itself: help, start, pipes, colours, and that no framework is imported."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMANDS = ["show", "stats", "diff", "check", "convert", "rename", "set-metadata", "report", "tour", "run"]


def run(*arguments, **options):
    """In a process of its own."""
    options = {"capture_output": True, "text": True, **options}
    return subprocess.run([sys.executable, "-m", "glueball", *map(str, arguments)], **options)


def test_help_lists_every_command_and_imports_none(shell):
    text = shell("--help").stdout
    assert all(f"\n  {name}" in text for name in COMMANDS)
    assert "Exit codes: 0" in text
    code = (
        "import sys\nfrom glueball.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('glueball.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(shell, command):
    done = shell(command, "--help")
    assert done.exit_code == 0 and "Usage: " in done.stdout


def test_no_framework_is_imported(file, tmp_path):
    calls = [
        ["show", file], ["show", file, "--tree"], ["stats", file, "--rank", "--quantile", "0.5"],
        ["diff", file, file], ["check", file], ["convert", file, tmp_path / "a.pt", "--dtype", "bfloat16"],
        ["rename", file, "embed=e"], ["set-metadata", file, "a=b"],
        ["report", file, "-o", tmp_path / "a.html"], ["show", tmp_path / "a.pt"],
    ]  # fmt: skip
    code = (
        "import sys\nfrom glueball.cli import main\n"
        f"for call in {[[str(one) for one in call] for call in calls]!r}:\n"
        "    try: main(call)\n"
        "    except SystemExit as end: assert not end.code, call\n"
        "never = {'torch', 'keras', 'tensorflow', 'jax', 'flax', 'numba', 'pandas', 'matplotlib'}\n"
        "print(sorted(never & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_early_end_of_the_pipe_is_no_traceback(file):
    line = f"{sys.executable} -m glueball show {file} --all | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stdout.split()[:2] == ["name", "shape"] and done.stderr == ""


def test_a_pipe_gets_no_colour_and_whole_lines(file):
    done = run("show", file, env={**os.environ, "COLUMNS": "30"})
    assert "\x1b[" not in done.stdout and "embed.weight              (10, 4)  float32" in done.stdout
    narrow = run("stats", file, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert narrow.returncode == 0 and "@" in narrow.stdout and narrow.stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_colour_unless_it_says_no(file, colour):
    import pty

    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "60"}
    environment.pop("NO_COLOR", None)
    environment |= {} if colour else {"NO_COLOR": "1"}
    command = [sys.executable, "-m", "glueball", "show", str(file)]
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        process.wait()
    os.close(master)
    lines = text.decode().replace("\r", "").split("\n")
    coloured = any("\x1b[3" in line or "\x1b[9" in line or "\x1b[1" in line for line in lines)
    assert coloured == colour or (not colour and "\x1b[3" not in text.decode())
    plain = [line for line in lines if "\x1b" not in line]
    assert max(map(len, plain)) <= 60


def test_standard_input_is_a_file(shell, file):
    done = shell("show", "-", input=file.read_bytes())
    assert done.exit_code == 0 and "standard input (safetensors): 18 arrays" in done.stdout
    assert shell("diff", file, "-", input=file.read_bytes()).exit_code == 0


def test_an_error_is_one_message_and_code_two(shell, file, tmp_path):
    for arguments, words in (
        (("show", tmp_path / "none"), "No such file or directory"),
        (("show", file, "wieght"), "Nearest names:"),
        (("show", file, "("), "is no regular expression"),
        (("stats", file, "--sort", "nrm"), "no column 'nrm'; nearest: norm"),
        (("stats", file, "--quantile", "2"), "a share from 0 to 1"),
        (("report", file, "-o", tmp_path / "no" / "x.html"), "No such file or directory"),
        (("nothing",), "No such command"),
    ):
        done = shell(*arguments)
        assert done.exit_code == 2, arguments
        assert words in done.stderr and "Traceback" not in done.stderr
    strange = tmp_path / "notes.txt"
    strange.write_text("hello")
    assert shell("show", strange).exit_code == 2


def test_an_address_is_a_file(shell, file):
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")

    class Served(SimpleHTTPRequestHandler):
        """Files, and ranges of them."""

        def do_GET(self):
            data = file.read_bytes()
            begin, end = 0, len(data)
            if asked := self.headers.get("Range"):
                first, _, last = asked.removeprefix("bytes=").partition("-")
                begin, end = int(first), min(int(last or len(data) - 1) + 1, len(data))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(end - begin))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data[begin:end])

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/net.safetensors"
        done = shell("show", address)
        if done.exit_code == 2 and "No such file" in done.stderr:
            pytest.skip("remote files are not known yet")
        assert done.exit_code == 0 and "18 arrays" in done.stdout
        assert shell("diff", file, address).exit_code == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
