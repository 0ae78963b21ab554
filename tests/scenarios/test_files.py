"""Files are read whole, regular ones only, up to a size: nothing blocks, nothing grows without end."""

import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from scenarios.reading import files
from scenarios.reading.files import content_of, opened
from tests.hardening.cases import at_most


def test_a_regular_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert content_of(tmp_path / "a") == content_of(str(tmp_path / "a"), most=5) == b"12345"
    (tmp_path / "link").symlink_to("a")
    assert content_of(tmp_path / "link") == b"12345"


def test_what_is_larger_than_it_may_be_is_not_read(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(10**13)  # ten terabytes that take no room
    with at_most(1), pytest.raises(OSError, match="larger than 64 MB"):
        content_of(tmp_path / "sparse")
    with pytest.raises(OSError, match="larger"):
        content_of("/proc/self/maps", most=10)  # a file that says it is empty


@pytest.mark.parametrize("kind", ["pipe", "device", "endless device", "socket", "folder", "name"])
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, kind):
    path = tmp_path / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # names of sockets are short
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("odd")
    elif kind == "name":
        path = tmp_path / "a\0b"
    else:
        path.symlink_to({"device": "/dev/null", "endless device": "/dev/zero"}[kind])
    with at_most(1), pytest.raises(OSError) as caught:
        opened(path)
    assert {"folder": "directory", "name": "name"}.get(kind, kind.split()[-1]) in caught.value.strerror


def test_no_more_room_is_made_than_a_file_needs(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    tracemalloc.start()
    try:
        assert content_of(tmp_path / "a", most=10**9) == b"12345"
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_a_file_that_says_it_is_empty_is_read_whole(monkeypatch):
    monkeypatch.setattr(files, "BYTES_AT_ONCE", 7)
    assert content_of("/proc/self/environ") == Path("/proc/self/environ").read_bytes() > b""
