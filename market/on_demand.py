"""Heavy libraries and modules that are loaded when something of them is first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any

_ONE = Lock()


class Later(ModuleType):
    """Stands for a module until something of it is asked for; then Python imports it, and it answers."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        del self.__spec__

    def __getattr__(self, name: str) -> Any:
        if name == "__spec__":  # asked by every import
            return vars(self).setdefault(name, _spec(self.__name__))
        if name in ("__file__", "__warningregistry__"):  # asked of all modules by those who only look around
            raise AttributeError(name)
        return getattr(now(self.__name__), name)


def _spec(name: str) -> ModuleSpec | None:
    """Where Python would find a module."""
    parent = name.rpartition(".")[0]
    path = import_module(parent).__path__ if parent else None
    return next((spec for finder in sys.meta_path if (spec := finder.find_spec(name, path))), None)


def later(name: str) -> ModuleType:
    """An installed module, to be imported when something of it is first asked for; one imported by now as it is."""
    return sys.modules.setdefault(name, Later(name))


def now(name: str) -> ModuleType:
    """The module itself."""
    with _ONE:
        if isinstance(sys.modules.get(name), Later):
            del sys.modules[name]
    return import_module(name)


def names_of(places: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__` (PEP 562) for {public name: the module that has it}."""

    def found(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"no {name!r} here")
        return getattr(import_module(places[name]), name)

    return found
