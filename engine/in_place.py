"""Folders and files that appear whole or not at all, whatever ends the process that writes them."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LEFT = re.compile(r"\.(.+)\.(new|old)\.\w+")  # what stands beside a folder while it is written and replaced


@contextlib.contextmanager
def folder_in_place(target):
    """A new folder to write into; it replaces `target` as a whole when all is written, and vanishes on any failure."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with aside(target) as folder:
        yield folder
        os.chmod(folder, 0o755)
        with held(target.parent):
            old = _swapped(folder, target)
        shutil.rmtree(old, ignore_errors=True)


def _swapped(folder, target):
    """Put a folder in the place of another; returns where that other is now."""
    old = target.with_name(f".{target.name}.old.{os.getpid()}")
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(folder, target)
    except BaseException:
        if old.exists():
            os.rename(old, target)
        raise
    return old


@contextlib.contextmanager
def aside(target):
    """An empty folder beside `target`, which goes in the end; what ended processes left for `target` is cleared first.

    While this process lives nobody else takes the folder for a leftover: it holds a lock on it.
    """
    with held(target.parent):
        _recover(target)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.new.", dir=target.parent))
        lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


@contextlib.contextmanager
def file_in_place(target):
    """A path to write to; what stands there in the end replaces `target` as a whole, and vanishes on any failure."""
    aside = target.with_name(f".{target.name}.part")
    try:
        yield aside
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def recover(target):
    """Put a folder back that a process had moved away to replace it when it ended, and clear what it left beside it."""
    target = Path(target)
    if LEFT.fullmatch(target.name) or not _left_beside(target.parent, target.name):
        return
    with contextlib.suppress(OSError), held(target.parent):
        _recover(target)


def unwritable(folder):
    """Why results could not be written to a folder, there or new, in words; "" where they could."""
    if not folder:
        return "got ''; a folder or a new name is needed"
    path = Path(folder)
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not existing.is_dir():
        return f"{existing} is not a folder; a folder or a new name is needed"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"{existing} cannot be written to; a writable folder is needed"
    return ""


def recover_below(root):
    """`recover` for all results below a folder of results."""
    for path in (path for parent in Path(root).glob("*/") for path in _left_beside(parent)):
        recover(path.with_name(LEFT.fullmatch(path.name)[1]))


def _left_beside(parent, name=None):
    """What stands there while a folder, by default any, is written and replaced."""
    try:
        found = [(path, LEFT.fullmatch(path.name)) for path in parent.glob(".*.*.*")]
        return [path for path, left in found if left and name in (None, left[1])]
    except OSError:
        return []


def _recover(target):
    """As `recover`, for one who holds the parent folder."""
    for path in sorted(_left_beside(target.parent, target.name), key=lambda path: -_written(path)):
        kind = LEFT.fullmatch(path.name)[2]
        if kind == "old" and not target.exists():
            os.rename(path, target)
        elif kind == "old" or _forsaken(path):
            shutil.rmtree(path, ignore_errors=True)


def _written(path):
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _forsaken(folder):
    """Has the process that wrote a folder ended?"""
    lock = _locked(folder)
    if lock is not None:
        os.close(lock)
    return lock is not None


def _locked(folder):
    """A descriptor that locks a folder as long as it is open; None where another process does, or none can."""
    if fcntl is None:
        return None
    with contextlib.suppress(OSError):
        found = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return found
        except OSError:
            os.close(found)
    return None


@contextlib.contextmanager
def held(folder):
    """One process at a time holds a folder; where nothing can be locked, all do."""
    lock = None
    if fcntl is not None:
        lock = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)
