"""How results are distributed over users: means, shares and the worst part, by what is known of users or by rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.results.result import Measure, Result, number
from market.arrays import Integers
from market.distribution import cvar, quantile_classes, shares
from scenarios import ScenarioError
from scenarios.reading.errors import nearest, one_of, quoted
from scenarios.reading.kept import as_words
from scenarios.scenario import Scenario

QUANTILES = {"half": 2, "tercile": 3, "quartile": 4, "quintile": 5, "decile": 10}
MOST_CLASSES = 50
TAIL_LEVEL = 0.1
PAYOFFS = ("surplus", "gain", "saved")  # of what users have, where the least is the worst
FORM = f"ATTRIBUTE, or {one_of(QUANTILES)}:ATTRIBUTE, is needed"


class By(NamedTuple):
    """Classes of users.

    text: as asked for; key: what users are told apart by; quantiles: in how many classes of equal size by rank, 0 for
    one class a value; labels: of the classes; level: the share of each class that counts as its worst part.
    """

    text: str
    key: str
    quantiles: int
    labels: tuple[str, ...]
    level: float


def bys_of(texts: Sequence[str], scenarios: Sequence[Scenario], of_users: Mapping[str, Measure], level=TAIL_LEVEL):
    """The By of each text for all of some scenarios of one market; raises ScenarioError where one has no such classes.

    of_users: what users have at a run's end, as Result.OF_USERS.
    """
    if not 0 < level <= 1:
        raise ScenarioError(f"--cvar: got {level:g}; a share above 0 and up to 1 is needed")
    twice = next((text for k, text in enumerate(texts) if text in texts[:k]), None)
    if twice is not None:
        raise ScenarioError(f"--by: {quoted(twice)}: given twice; once is possible")
    return tuple(_by(text, scenarios, of_users, level) for text in texts)


def _by(text, scenarios, of_users, level):
    word, colon, key = text.partition(":")
    if not colon:
        word, key = "", text
    if word and word not in QUANTILES:
        near = nearest(word, QUANTILES)
        raise ScenarioError(f"--by: got {quoted(text)}; {FORM}" + (f"; {near}" if near else ""))
    for scenario in scenarios:
        _check_known(text, key, scenario, of_users)
    if not word:
        return By(text, key, 0, _values_in(text, key, scenarios), level)
    count = QUANTILES[word]
    for scenario in scenarios:
        _check_ranked(text, key, count, scenario)
    return By(text, key, count, tuple(str(k + 1) for k in range(count)), level)


def _check_known(text, key, scenario, of_users):
    known = [*scenario.people, *of_users]
    if key in known:
        return
    got = f"--by: {quoted(text)}: {scenario.name} keeps no {quoted(key)} of users"
    told = f"known are {', '.join(known)}" if known else "this market's results are not by user"
    hint = '`keep = ["income"]` keeps a column of the users\' CSV file' if known and not scenario.people else ""
    raise ScenarioError("; ".join(part for part in (got, told, hint, nearest(key, known)) if part))


def _check_ranked(text, key, count, scenario):
    values = scenario.people.get(key)
    if values is None:
        return
    if values.dtype.kind != "f":
        raise ScenarioError(f"--by: {quoted(text)}: {quoted(key)} of {scenario.name} is words; numbers have ranks")
    if (users := int(np.sum(~np.isnan(values)))) < count:
        raise ScenarioError(f"--by: {quoted(text)}: {users} users of {scenario.name} have it; {count} are needed")


def _values_in(text, key, scenarios):
    """The distinct values of an attribute, in order, as words."""
    parts = [scenario.people[key] for scenario in scenarios if key in scenario.people]
    if not parts:
        raise ScenarioError(f"--by: {quoted(text)}: a number of its own for each user; decile:{key} is possible")
    numeric = all(part.dtype.kind == "f" for part in parts)
    distinct = np.unique(np.concatenate([_known(part) if numeric else _words(part) for part in parts]))
    labels = as_words(distinct) if numeric else distinct[distinct != ""]
    if len(labels) > MOST_CLASSES:
        few = f"decile:{key} is possible" if numeric else f"at most {MOST_CLASSES} are possible"
        raise ScenarioError(f"--by: {quoted(text)}: {len(labels):,} different values; {few}")
    return tuple(labels.tolist())


def _known(values):
    return values[~np.isnan(values)]


def _words(values):
    """Values as words, "" for what is not known."""
    if values.dtype.kind != "f":
        return values
    words = as_words(values)
    words[np.isnan(values)] = ""
    return words


def classes(by: By, result: Result, part: Any) -> Integers:
    """The number of each user's class, −1 without, shape (users,)."""
    values = result.scenario.people.get(by.key)
    if values is None:
        values = result.OF_USERS[by.key].of(part)
    if by.quantiles:
        return quantile_classes(values, by.quantiles)
    labels = np.array(by.labels, dtype=np.dtypes.StringDType())
    order = np.argsort(labels)
    words = _words(values)
    at = order[np.minimum(np.searchsorted(labels[order], words), len(labels) - 1)]
    return np.where(labels[at] == words, at, -1)


def units(bys: Sequence[By], of_users: Mapping[str, Measure]) -> dict[str, str]:
    """{measure: unit} of all classes."""
    return {
        measure_of(name, what, by, label): unit
        for by in bys
        for label in by.labels
        for name, what, unit in _whats(of_users)
    }


def _whats(of_users) -> Iterator[tuple[str, str, str]]:
    """(What users have, what is told of a class, its unit); the worst part is told of payoffs."""
    for name, measure in of_users.items():
        yield name, "mean", measure.unit
        yield name, "share", "1"
        if name in PAYOFFS:
            yield name, "cvar", measure.unit


def measure_of(name: str, what: str, by: By, label: str) -> str:
    """The name of a measure, as "surplus mean [decile:income 1]"; name: what users have; what: mean, share or cvar."""
    level = f" {by.level:g}" if what == "cvar" else ""
    return f"{name} {what}{level} [{by.text} {label}]"


def measured_by(bys: Sequence[By], result: Result, part: Any) -> dict[str, float | None]:
    """{measure: value} of all classes of one part of a result; None for all where nothing cleared."""
    if not part.cleared:
        return dict.fromkeys(units(bys, result.OF_USERS))
    return {
        measure_of(name, what, by, label): value
        for by in bys
        for label, told in class_facts(by, result, part).items()
        for name in result.OF_USERS
        for what, value in told[name].items()
    }


def class_facts(by: By, result: Result, part: Any) -> dict[str, dict]:
    """{class: {"users", what users have: {"mean", "share", "cvar"}}} of a part that has cleared."""
    of = classes(by, result, part)
    facts = {label: {"users": int(np.sum(of == k))} for k, label in enumerate(by.labels)}
    for name, measure in result.OF_USERS.items():
        values = np.asarray(measure.of(part), dtype=float)
        for k, part_of_all in enumerate(shares(values, of, len(by.labels))):
            own = values[of == k]
            told = {"mean": np.mean(own) if len(own) else np.nan, "share": part_of_all}
            worst = {"cvar": cvar(own, by.level)} if name in PAYOFFS else {}
            facts[by.labels[k]][name] = {what: number(value) for what, value in (told | worst).items()}
    return facts


def people_facts(bys: Sequence[By], result: Result) -> dict:
    """{"by": {by: facts of its classes}} as plain numbers; of a run that compares designs {by: {design: them}}."""
    parts = {name: part for name, part in result.parts.items() if part.cleared}
    found = {by.text: {name: class_facts(by, result, part) for name, part in parts.items()} for by in bys}
    if not result.scenario.designs:
        found = {text: facts.get(result.scenario.name, {}) for text, facts in found.items()}
    return {"by": found, "level": bys[0].level}


def users_of(result: Result) -> dict:
    """Columns of one row a user at the end of a run, with what is known of it; none where nothing cleared."""
    return result.tables["users"]() if "users" in result.tables else {}
