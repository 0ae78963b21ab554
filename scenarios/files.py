"""Reading the files a user names."""

from __future__ import annotations

import errno
from pathlib import Path


def content_of(path: Path) -> bytes:
    """All bytes of a file or pipe; raises OSError where it cannot be read, and for a device, which may never end."""
    if path.is_char_device() or path.is_block_device():
        raise OSError(errno.EINVAL, "it is a device, not a file", str(path))
    return path.read_bytes()
