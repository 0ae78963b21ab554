"""The command: prints its address, ends cleanly, and refuses bad input in one line before anything starts."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

import run
from tests.browser.conftest import ROOT, Server


def test_the_server_answers_on_this_machine_and_ends_with_ctrl_c(tmp_path):
    """The server all tests share ends with SIGTERM, in words too."""
    server = Server(tmp_path)
    assert server.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(server.entry) as page:
        assert page.status == 200
    assert server.stop(signal.SIGINT) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_browser_is_opened_where_one_exists(tmp_path):
    browser, told = tmp_path / "browser", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}\n', encoding="utf-8")
    browser.chmod(0o755)
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--port", "0"]
    known = os.environ | {"BROWSER": f"{browser} %s"}
    with subprocess.Popen(command, cwd=tmp_path, env=known, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[1]
        began = time.monotonic()
        while not (told.exists() and told.read_text(encoding="utf-8")) and time.monotonic() - began < 20:
            time.sleep(0.05)
        process.terminate()
    assert told.read_text(encoding="utf-8").strip() == url


def serve(*arguments):
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--no-open", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_port_in_use_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = serve("--port", port)
    assert done.returncode == 2 and done.stdout == ""
    assert (
        done.stderr
        == f"error: command line: --port: {port}: Address already in use; a free port, 1 to 65535, is needed\n"
    )


TOO_LARGE = ("two_aggregators", "--set", "group.0.users=2000000")
WRONG = [
    ("--allow-host", "a b"),
    ("--allow-host", "https://a.example"),
    ("two_agregators",),
    ("--port", "70000"),
    ("--port", "x"),
    ("--seed", "1"),
    TOO_LARGE,
]


@pytest.mark.parametrize("arguments", WRONG)
def test_bad_input_is_one_line(arguments, capsys):
    try:
        code = run.main(["serve", "--no-open", *arguments])
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    assert code == 2 and said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1
