"""Networks by name, for every market that has one: cases that ship, TOML files, networks of other packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scenarios.grid import pandapower_case
from scenarios.reading import toml_text
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.files import LARGEST_TABLE, content_of

DATA = Path(__file__).parents[1] / "data"
CASES = ("eight_nodes", "ieee300")  # data/<case>.toml
PANDAPOWER = "pandapower:"
CASE = f'{one_of(CASES)}, a TOML file, or "{PANDAPOWER}NAME"'


def check_name(case: str, place: Place) -> None:
    """Raise ScenarioError unless a case is one that ships or another package's."""
    if case not in CASES and not case.startswith(PANDAPOWER):
        raise place.error(f"got {quoted(case)}", f"{CASE} is needed", nearest(case, CASES))


def table_of(case: str, place: Place, shipped: Callable[[str], dict]) -> dict:
    """The table of a case by its name; shipped: reads one that ships; raises ScenarioError."""
    name = case.removeprefix(PANDAPOWER)
    return shipped(case) if name == case else pandapower_case.table_of(name, place)


def raw_table(file: str, place: Place) -> tuple[dict, Place]:
    """The unchecked table of a TOML file, its path relative to the place's folder, and where that is."""
    path = place.folder / file
    try:
        content = content_of(path, LARGEST_TABLE)
    except OSError as error:
        raise place.error(f"cannot read {quoted(file)}: {error.strerror}", f"looked in {place.folder}") from None
    inner = Place(path.name, path.parent)
    raw = toml_text.parse(content, inner)
    if "case" in raw:
        raise inner.at("case").error(f"got {quoted(raw['case'])}", "a file that is a case cannot name another")
    return raw, inner
