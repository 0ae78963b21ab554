"""Files a visitor may name: those that lie beside the scenario shown, and nothing is said of what others hold."""

import csv
import re
import stat
from functools import lru_cache
from pathlib import Path

from scenarios import ScenarioError
from scenarios.grid.cases import PANDAPOWER
from scenarios.reading.toml_text import dump

MOST_FILES, MOST_COLUMNS = 20, 40  # that are offered
LONGEST_HEADER = 10_000
LONGEST_FILE = 20_000_000  # bytes
TABLES = ("rows", "profile", "matrix")  # types of keys that take a whole CSV file
COLUMNS = (
    "numbers",
    "numbers or rows",
    "profile",
    "series",
    "column",
    "column or rows",
)  # and those that take a column of one
CASE = "network.case"
NODES = ("group.node", "network.hub")  # keys that take the name of a node
MOST_NODES = 100  # whose names are offered
REFUSED = "a file is not typed here; the list offers those beside the scenario"
QUOTED_PATH = re.compile(r"""(['"])(?:[A-Za-z]:)?[/\\][^'"]*[/\\]([^'"/\\]*)\1""")
ROW_OF_FILE = re.compile(r"\brow (\d+) of (.+?)(?: \(the header is row 1\)|…|$)")  # what names a cell by its row
BARE_PATH = re.compile(r"""(?<![\w.)\]<])/(?:[^/\s:;,'"]+/)*([^/\s:;,'"]+)""")


def beside(scenario, suffix=".csv"):
    """Names of the files of that kind in the scenario's own folder, none of them a link or anything but a file."""
    if scenario.path is None:
        return ()
    here = (path for path in sorted(Path(scenario.path).parent.glob(f"*{suffix}")) if _is_plain(path))
    return tuple(path.name for path in here if path.name.isprintable())[:MOST_FILES]


def _is_plain(path):
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= LONGEST_FILE


def offered(scenario, key):
    """What a key may be set to beside numbers, as a field takes it: CSV files and columns of them, networks, nodes."""
    if key.path == CASE:
        return _networks(scenario)
    if key.path in NODES and scenario.node_names:
        return scenario.node_names[:MOST_NODES]
    found = []
    for name in beside(scenario) if key.type in (*TABLES, *COLUMNS) else ():
        path = Path(scenario.path).parent / name
        found += [{"csv": name}] if key.type in TABLES else []
        columns = _header(path, path.lstat().st_mtime_ns) if key.type in COLUMNS else ()
        found += [{"csv": name, "column": column} for column in columns]
    return tuple(dump({"value": one}).strip().removeprefix("value = ") for one in found[:MOST_COLUMNS])


def _networks(scenario):
    """Cases of the scenario's market, and files beside it that may be one."""
    own = Path(scenario.path).name if scenario.path else ""
    files = [name for suffix in scenario.case_suffixes for name in beside(scenario, suffix) if name != own]
    return (*scenario.cases, *files)


@lru_cache(64)
def _header(path, changed):
    """Names in the first line of a CSV file as it was changed last; none where it has no such line."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return tuple(name.strip() for name in next(csv.reader([file.readline(LONGEST_HEADER)]), ()))
    except (OSError, ValueError, csv.Error):
        return ()


def check(value, key, scenario):
    """Raise ScenarioError where a value, typed or sent, names a file that is not offered."""
    if key.path == CASE and isinstance(value, str):
        name = value.removeprefix(PANDAPOWER)
        if value not in offered(scenario, key) and not (name != value and name.isidentifier()):
            raise ScenarioError(f"{key.name}: {REFUSED}")
        return
    if not set(_named(value)) <= set(beside(scenario)):
        raise ScenarioError(f"{key.name}: {REFUSED}")


def _named(value):
    """Whatever stands as `csv` or `simbench`, or is a CSV file's name alone, somewhere in a value."""
    if isinstance(value, str):
        return [value] if value.lower().endswith(".csv") else []
    rows = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    own = [str(value[word]) for word in ("csv", "simbench") if word in value] if isinstance(value, dict) else []
    return [*own, *(name for row in rows for name in _named(row))]


def refusal(error, value=None):
    """What the page says of an error: no cell of a file that the value names, and no folder of this machine."""
    text = str(error)
    files = [value] if isinstance(value, str) and value.endswith((".toml", ".m")) else _named(value)
    if not files or text.endswith(REFUSED):
        return public(text)
    row = re.search(r"\brow (\d+)", text)
    return _unfit(files[0], row and row[1])


def public(text):
    """A text as the page may say it, whatever was done: no cell of a file whose row it names, and no folder.

    >>> public("s.toml: injection: column a, row 2 of /home/me/x.csv (the header is row 1) is 'secret'; a number")
    'x.csv does not fit here, see its row 2; `python run.py run` with this file tells in full'
    """
    found = ROW_OF_FILE.search(text)
    return without_folders(text) if found is None else _unfit(found[2], found[1])


def _unfit(file, row):
    name = re.split(r"[/\\]", file)[-1]
    where = f", see its row {row}" if row else ""
    return f"{name} does not fit here{where}; `python run.py run` with this file tells in full"


def without_folders(text):
    """A text without the folders of the paths in it.

    >>> without_folders("no /home/me/x.csv in '/a b/c'; 1/n^2 money/kWh")
    "no x.csv in 'c'; 1/n^2 money/kWh"
    """
    return BARE_PATH.sub(r"\1", QUOTED_PATH.sub(r"\1\2\1", text))
