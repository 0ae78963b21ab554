"""Reading the files a user names: whole regular files of bounded size, and nothing that could block or never end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from scenarios.reading.errors import printable

LARGEST_TABLE = 4_000_000_000  # bytes of a table of numbers
LARGEST_TEXT = 64_000_000  # bytes of a scenario, manifest or summary
BYTES_AT_ONCE = 1 << 20  # bytes
SHIPPED = Path(__file__).absolute().parents[1]
_NOTED: ContextVar[dict[str, str] | None] = ContextVar("_NOTED", default=None)
KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def opened(path: Path | str) -> BinaryIO:
    """A regular file, open for reading bytes; raises OSError for what cannot be read, and for folders, pipes, devices.

    Nothing is waited for: a pipe without a writer is refused like any other.
    """
    path = os.fspath(path)
    try:
        _check_regular(os.stat(path), path)  # before it is opened: opening alone moves some devices
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # a zero byte in the name
        raise OSError(errno.EINVAL, "not the name of a file", path) from None
    file = os.fdopen(number, "rb")
    try:
        _check_regular(os.fstat(number), path)  # it may be another one by now
    except OSError:
        file.close()
        raise
    return file


def _check_regular(found, path):
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "a device")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", path)


def content_of(path: Path | str, most: int = LARGEST_TEXT) -> bytes:
    """All bytes of a regular file, at most so many; raises OSError where it cannot be read or is larger."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(size + 1) if size <= most else b""  # room for `most` may be more than the machine has
        while size < len(content) <= most and (
            more := file.read(BYTES_AT_ONCE)
        ):  # the system's hold more than they say
            content += more
    if max(size, len(content)) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most / 1e6:,.0f} MB", os.fspath(path))
    if (noted := _NOTED.get()) is not None:
        noted[os.path.abspath(path)] = hashlib.sha256(content).hexdigest()
    return content


@contextlib.contextmanager
def noting() -> Iterator[dict[str, str]]:
    """{path: SHA-256} of the files that content_of reads meanwhile."""
    outer, found = _NOTED.get(), {}
    token = _NOTED.set(found)
    try:
        yield found
    finally:
        _NOTED.reset(token)
        if outer is not None:
            outer.update(found)


def users_own(noted: dict[str, str], folder: Path) -> dict[str, str]:
    """Of noted files those that do not ship with the project, called as seen from a folder, in letters that print."""
    return {
        printable(Path(os.path.relpath(path, folder)).as_posix()): digest
        for path, digest in sorted(noted.items())
        if SHIPPED not in Path(path).parents
    }
