"""Finding scenario files, and what they say of themselves; nothing here knows a market's keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from scenarios.markets import market_of, named
from scenarios.reading import toml_text
from scenarios.reading.errors import Place, ScenarioError, cut, nearest, one_of, printable, quoted
from scenarios.reading.files import LARGEST_TABLE, content_of

FOLDER = Path(__file__).parent / "files"
LONGEST_SHOWN = 200


class Listed(NamedTuple):
    """One line of `run.py list`."""

    name: str
    market: str
    title: str
    source: str

    def has(self, words) -> bool:
        """Do all words stand in it, in capitals or not?"""
        text = " ".join(self).casefold()
        return all(word.casefold() in text for word in words)


def names() -> list[str]:
    """Sorted names of the shipped scenarios."""
    return sorted(path.stem for path in FOLDER.glob("*/*.toml"))


def shipped(name) -> Path | None:
    """The path of a shipped scenario by its name, None where there is none."""
    if not isinstance(name, str):
        return None
    try:
        paths = (folder / f"{name}.toml" for folder in FOLDER.iterdir())
        return next((path for path in paths if path.name == f"{name}.toml" and path.exists()), None)
    except (OSError, ValueError):  # too long, or with a zero byte
        return None


def listing() -> list[Listed]:
    """A row per shipped scenario, as its file says; one that cannot be read has its error in place of the title.

    Its market's keys are checked when it is loaded, not here.
    """
    return [_listed(name) for name in names()]


def _listed(name):
    try:
        table, _, place = as_written(name)
        market = said_market(table, place)
    except ScenarioError as error:
        return Listed(name, "?", f"cannot be used: {error}", "")
    return Listed(
        name, market, *(cut(printable(str(table.get(key, ""))), LONGEST_SHOWN) for key in ("title", "source"))
    )


def as_written(source) -> tuple[dict, Path, Place]:
    """The unchecked table of a file, its path, and the place that messages name; raises ScenarioError."""
    path = _find(source)
    place = Place(str(source) if path == Path(source) else path.name, path.parent)
    try:
        content = content_of(path, LARGEST_TABLE)
    except OSError as error:
        raise place.error(f"cannot read it: {error.strerror}", "a TOML file is needed") from None
    return toml_text.parse(content, place), path, place


def _find(source) -> Path:
    """The path of a shipped name, else of a file; raises ScenarioError naming the nearest shipped name."""
    known = shipped(source)
    if known is not None:
        return known
    if os.path.exists(source):
        return Path(source)
    near = nearest(Path(str(source)).name.removesuffix(".toml"), names())
    place = Place(str(source)[:LONGEST_SHOWN] or "(empty)", Path())
    raise place.error("no such scenario or file", "`python run.py list` shows the names", near)


def said_market(raw, place) -> str:
    """The market of a file: what decides which keys it may have; raises ScenarioError."""
    market = raw.get("market")
    if market not in named():
        got = "is missing" if market is None else f"{quoted(market)} is not there"
        unknown = next((key for key in raw if nearest(key, ["market"])), "") if market is None else market
        near = nearest(unknown, ["market"] if market is None else named())
        raise place.at("market").error(got, f"{one_of(named())} is needed", near)
    return market_of(raw)
