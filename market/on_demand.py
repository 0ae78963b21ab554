"""Heavy libraries and modules that are loaded when something of them is first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any

_ONE = Lock()


class Later(ModuleType):
    """Stands for a module until something of it is asked for; then Python imports it, and it answers.

    Its functions of the names `called` may be taken from it before: the module is imported when one is called.
    """

    def __init__(self, name: str, called: Iterable[str]) -> None:
        super().__init__(name)
        del self.__spec__
        vars(self).update({function: partial(_call, name, function) for function in called})

    def __getattr__(self, name: str) -> Any:
        if name == "__spec__":  # asked by every import
            return vars(self).setdefault(name, _spec(self))
        if name in ("__file__", "__warningregistry__"):  # asked of all modules by those who only look around
            raise AttributeError(name)
        if name == "__path__" and not (self.__spec__ and self.__spec__.submodule_search_locations):  # no package
            raise AttributeError(name)
        return getattr(now(self.__name__), name)


def _call(module: str, function: str, *arguments: Any, **named: Any) -> Any:
    """What a function of a module returns."""
    return getattr(now(module), function)(*arguments, **named)


def _spec(module: Later) -> ModuleSpec | None:
    """Where Python would find a module; its package has it as an attribute from now on, as after any import."""
    package, _, last = module.__name__.rpartition(".")
    path = None
    if package:
        vars(import_module(package)).setdefault(last, module)
        path = import_module(package).__path__
    return next((spec for finder in sys.meta_path if (spec := finder.find_spec(module.__name__, path))), None)


def later(name: str, *called: str) -> ModuleType:
    """An installed module, to be imported when something of it is first asked for; one imported by now as it is.

    called: functions that others import by name, without that being asking.
    """
    return sys.modules.setdefault(name, Later(name, called))


def now(name: str) -> ModuleType:
    """The module itself."""
    with _ONE:
        if isinstance(sys.modules.get(name), Later):
            del sys.modules[name]
    return import_module(name)


def names_of(places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__` (PEP 562) for {public name: the module that has it}."""

    def found(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"no {name!r} here")
        return getattr(import_module(places[name]), name)

    def listed() -> list[str]:
        return sorted(places)

    return found, listed
