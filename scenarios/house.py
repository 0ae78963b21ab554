"""Are the packages beside this one those of this project? Others have some called `agents` or `market` too."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PACKAGES = ("agents", "engine", "environments", "market", "papers", "views")


def check() -> None:
    """Raise ImportError, in words, where a package of the same name is found in place of one of this project's."""
    for name in PACKAGES:
        found = _folder(name)
        if found is not None and found != HERE / name:
            raise ImportError(
                f"{name}: Python finds {found}, not this project's package in {HERE}; "
                "an environment, and a folder, without others of that name are needed"
            )


def _folder(name):
    """The folder of a package, None where there is none."""
    if name in sys.modules:
        file = getattr(sys.modules[name], "__file__", None)
    else:
        spec = PathFinder.find_spec(name)
        file = spec.origin if spec else None
    return Path(file).resolve().parent if file else None
