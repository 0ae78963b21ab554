"""Rules of one's own: Python that a user names, or an installed package offers, and that names rules in registries.

A scenario file cannot name any. Worker processes and clusters get the same Python before their first job.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import traceback
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import NamedTuple

from market.errors import Refused
from scenarios.reading.files import content_of

GROUP = "energy_markets.rules"  # the entry points of packages that have rules
RECORDED = "plugin "  # what stands before its name among the versions of a result
_LINE = re.compile(r'File "(.+?)", line (\d+)')
_ONE = RLock()
_PLUGGED: dict[str, Plugin] = {}  # by module


class PluginError(Refused):
    """Python that cannot be used as a plugin; its text is one line."""


class Plugin(NamedTuple):
    """What was plugged in.

    name: of the file, or of the entry point; version: the SHA-256 of the file, or the package with its version;
    module: its name as a module; path and source: of a file, empty and None of a package.
    """

    name: str
    version: str
    module: str
    path: str = ""
    source: bytes | None = None


def plug(file: str | os.PathLike) -> None:
    """Run a file of Python in this process, once; raises PluginError where it cannot be read or does not run."""
    path = os.fspath(file)
    try:
        source = content_of(path)
    except OSError as error:
        raise PluginError(f"{path}: {error.strerror}; a file of Python is needed") from None
    module = "plugin_" + re.sub(r"\W", "_", Path(path).stem)
    known = _PLUGGED.get(module)
    if known is not None and known.source != source:
        raise PluginError(f"{path}: {known.path} is plugged in under that name; another name is needed")
    _run(Plugin(Path(path).name, hashlib.sha256(source).hexdigest(), module, path, source))


def plug_installed() -> None:
    """Import what installed packages offer as entry points of GROUP; raises PluginError."""
    if not _offered():
        return
    for point in import_module("importlib.metadata").entry_points(group=GROUP):
        _run(Plugin(point.name, f"{point.dist.name} {point.dist.version}", point.module))


def _offered() -> bool:
    """Does any package offer rules? Looked for by hand: importing the library for it takes a tenth of a command."""
    files = (file for folder in sys.path for file in Path(folder).glob("*.dist-info/entry_points.txt"))
    return any(f"[{GROUP}]".encode() in content_of(file) for file in files)


def plugged() -> tuple[Plugin, ...]:
    """What is plugged in."""
    return tuple(_PLUGGED.values())


def plug_again(plugins: tuple[Plugin, ...]) -> None:
    """Plug in, in a worker, what is plugged in where its jobs come from."""
    for plugin in plugins:
        _run(plugin)


def versions_of_plugins() -> dict[str, str]:
    """{what a result's versions call it: its version} of all that is plugged in."""
    return {RECORDED + plugin.name: plugin.version for plugin in plugged()}


def plugins_away(versions: dict) -> tuple[str, list[str]]:
    """Of the plugins among a result's versions: those not plugged in here, in words, and names of those that differ."""
    here = versions_of_plugins()
    there = {name: version for name, version in versions.items() if name.startswith(RECORDED)}
    lost = [f"{name.removeprefix(RECORDED)} ({version})" for name, version in there.items() if name not in here]
    odd = [name.removeprefix(RECORDED) for name, version in there.items() if here.get(name, version) != version]
    return ", ".join(lost), odd


def fault_of(error: BaseException) -> str:
    """Where in a plugin's file an error arose, or which of its classes it is about, in words; "" where in none."""
    frames = _LINE.findall("".join(traceback.format_exception(error)))
    for plugin in plugged():
        lines = [line for path, line in frames if plugin.path and path == plugin.path]
        classes = [name for name, value in vars(sys.modules[plugin.module]).items() if isinstance(value, type)]
        said = f"{type(error).__name__}: {error}"
        if lines:
            return f"{plugin.path}: line {lines[-1]}: {said}"
        if any(re.search(rf"\b{name}\b", str(error)) for name in classes):
            return f"{plugin.name}: {said}"
    return ""


def _run(plugin: Plugin) -> None:
    """Run a plugin's Python, unless the same has run in this process."""
    with _ONE:
        if _PLUGGED.get(plugin.module) == plugin:
            return
        try:
            if plugin.source is None:
                import_module(plugin.module)
            else:
                _run_file(plugin)
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{plugin.path or plugin.version}: {_why(plugin, error)}; Python that runs is needed"
            ) from None
        _PLUGGED[plugin.module] = plugin


def _run_file(plugin):
    module = ModuleType(plugin.module)
    module.__file__ = plugin.path
    sys.modules[plugin.module] = module  # where dataclasses and pickle look for it
    try:
        exec(compile(plugin.source, plugin.path, "exec"), vars(module))
    except BaseException:
        del sys.modules[plugin.module]
        raise


def _why(plugin, error):
    """An error of a plugin's with its line in the plugin's file."""
    lines = [line for path, line in _LINE.findall("".join(traceback.format_exception(error))) if path == plugin.path]
    return (f"line {lines[-1]}: " if lines else "") + f"{type(error).__name__}: {error}"
