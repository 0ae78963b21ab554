"""Reading and checking scenarios, and drawing and building what they describe."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from scenarios.finding import as_written, said_market
from scenarios.markets import draw_offered, keys_offered, market_of, named
from scenarios.reading import choices, toml_text
from scenarios.reading.errors import Place, ScenarioError, quoted
from scenarios.reading.files import noting, users_own
from scenarios.reading.rules import Rules, expanded
from scenarios.reading.schema import Key, common
from scenarios.scenario import Scenario

TOML_TEXT = re.compile(r"\n|^\s*market\s*=")  # what neither a name nor a path has
LONGEST_NAME = 150  # folders carry it


def keys_of(market: str) -> tuple[Key, ...]:
    """The schema of one market's files, common keys first; of the rules that are registered now."""
    rules = [key for key in keys_offered(market).KEYS if isinstance(key, Rules)]
    return _keys_of(market, tuple(named()), tuple(tuple(one.registry.items()) for one in rules))


@lru_cache(32)
def _keys_of(market, markets, registered):
    offers = keys_offered(market)
    return expanded(common(markets, offers.ROUNDS) + offers.KEYS)


def load(name_or_path, *, set=(), seed=None, rounds=None) -> Scenario:
    """Read and check a scenario.

    Arguments: a shipped scenario's name, the path of a TOML file, a Scenario, a table as a dict, or the text of a TOML
    file, the files it names then looked for in the current folder; `set`, changes "dotted.key=value" in order; seed and
    rounds in place of the file's. Raises ScenarioError.
    """
    if isinstance(name_or_path, Scenario) and seed is None and rounds is None and not set:
        return name_or_path  # checked when it was made
    with noting() as noted:
        raw, path, place = _raw(name_or_path)
        _change(raw, (set,) if isinstance(set, str) else set, place)
        for key, value in (("seed", seed), ("rounds", rounds)):
            if value is not None:
                raw[key] = _whole(value)
        scenario = _checked(raw, path, place)
    before = name_or_path.inputs if isinstance(name_or_path, Scenario) else {}
    return replace(scenario, inputs=before | users_own(noted, place.folder))


def _change(raw, assignments, place):
    """Carry out assignments on an unchecked table; what was not set itself follows the choices made anew."""
    changes = [toml_text.change(raw, assignment, place) for assignment in assignments]
    said = [path for path, _ in changes]
    for path, before in changes if raw.get("market") in named() else ():
        choices.follow(raw, keys_of(market_of(raw)), path, before, place.at(".".join(map(str, path[:-1]))), said)


def rewritten(scenario, given) -> Scenario:
    """The scenario with another table as it is written, checked as a file is; raises ScenarioError."""
    changed = _checked(toml_text.copy(given | {"name": scenario.name}), scenario.path, _place(scenario))
    return replace(changed, inputs=scenario.inputs)


def _checked(raw, path, place):
    """The scenario of a table as a file has it."""
    market = said_market(raw, place)
    offers = keys_offered(market)
    table = offers.read(raw, keys_of(market), place)
    table.setdefault("name", path.stem if path else "scenario")
    _check_name(table["name"], place.at("name"))
    ordered = {key.name: table[key.name] for key in keys_of(market) if key.name in table}
    given = toml_text.written(raw, ordered)
    return offers.SCENARIO(name=table["name"], path=path, table=ordered, given=given)


def _raw(source):
    """The unchecked table, its path, and the place that messages name."""
    if isinstance(source, Scenario):
        return toml_text.copy(source.given | {"name": source.name}), source.path, _place(source)
    if isinstance(source, Mapping):
        place = Place("scenario", Path())
        return toml_text.plain(source, place), None, place
    if isinstance(source, str) and TOML_TEXT.search(source) and not os.path.exists(source):
        place = Place("TOML text", Path())
        return toml_text.parse(source.encode("utf-8", "surrogatepass"), place), None, place
    return as_written(source)


def _place(scenario):
    path = scenario.path
    return Place(path.name if path else scenario.name, path.parent if path else Path())


def _whole(value):
    """A NumPy whole number as Python's, anything else as it is."""
    try:
        return value if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return value


def _check_name(name, place):
    if not name.isprintable():
        raise place.error(f"got {quoted(name)}", "a name that can be printed is needed; the file may say one")
    if name in (".", "..") or any(letter in name for letter in "/\\"):
        raise place.error(f"got {quoted(name)}", "a name that can name a folder is needed")
    if len(name.encode()) > LONGEST_NAME:
        raise place.error(f"got {len(name.encode())} bytes", f"a name of at most {LONGEST_NAME} bytes is needed")


def draw(scenario: Scenario, replication: int = 0):
    """The population of one replication as the market's game.

    The stream of each group's key depends on seed, replication, group name and key alone.
    Raises ScenarioError where the market has no meaning with these users.
    """
    return draw_offered(scenario.market).draw(scenario, _replication(replication), _place(scenario))


def build(name_or_path, *, seed=None, replication=0, set=(), rounds=None, **model_options):
    """The Mesa model of one replication of a scenario (name, path or Scenario).

    seed, set and rounds as in `load`; model options (players of one's own as {group: who}, agent_threshold, start, or
    a population `drawn` before) go to the model. Raises ScenarioError, and agents.seats.SeatError where somebody cannot
    sit there.
    """
    scenario = load(name_or_path, set=set, seed=seed, rounds=rounds)
    return draw_offered(scenario.market).model(scenario, _replication(replication), _place(scenario), **model_options)


def _replication(value):
    value = _whole(value)
    if type(value) is not int or not 0 <= value < 2**32:
        raise ScenarioError(f"replication: got {quoted(value)}; a whole number from 0 to {2**32 - 1} is needed")
    return value
