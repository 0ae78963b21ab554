"""The commit this project is of: as the wheel has it written down, else as Git says of the folder it runs from."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

WRITTEN = "commit.txt"
DESCRIBE = ("describe", "--always", "--dirty=-changed", "--abbrev=40", "--exclude=*")


@functools.cache
def commit() -> str | None:
    """The commit, "…-changed" where files were changed since; None where nobody knows."""
    try:
        return Path(__file__).with_name(WRITTEN).read_text(encoding="utf-8").strip() or None
    except OSError:
        return of_tree(Path(__file__).parents[1])


def of_tree(root: Path) -> str | None:
    """The commit of the folder of a Git work tree; None where it is none, or Git is not there."""
    if not (root / ".git").exists():
        return None
    try:
        said = subprocess.run(["git", "-C", root, *DESCRIBE], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() or None
