"""The tariffs of an aggregator market's scenario: their keys, what goes with what, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import made
from market.tariffs import TARIFFS, Levied, Levy
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import REQUIRED, Key, called

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from market.fairness import Objective

SAID = "what users pay beside the market price, all of it one beside another"
WHOM = "names of the groups whose users it meets; left out: all"
CALLED = "what tables call it; left out: its rule"
OBJECTIVES_OF_OURS = ("alpha-fair", "max-min")  # of which it is known what a charge does
MARKET_PRICE, IN_ALL = "market price", "in all"  # what tables of who pays what call their other rows
SELF = ("name", "groups", "rule")  # keys of a tariff that are not its rule's


class OfOnePeriod(Rules):
    """The tariffs that say something where there is one period."""

    def keys(self) -> Iterator[Key]:
        return Rules.keys(replace(self, registry=of_one_period(self.registry)))


def of_one_period(registry: dict) -> dict:
    """{name: tariff} of those that do not differ by period."""
    return {name: rule for name, rule in registry.items() if not rule.by_period}


OVER_A_DAY = Rules("tariffs.rule", TARIFFS, REQUIRED, "form of the tariff")
KEYS = (
    Key("tariffs", "tables", "", None, "", SAID),
    Key("tariffs.name", "text", "", None, "", CALLED),
    Key("tariffs.groups", "labels", "", None, "", WHOM),
    OfOnePeriod("tariffs.rule", TARIFFS, REQUIRED, "form of the tariff"),
)


def refuse_by_period(raw: dict, place: Place) -> None:
    """Raise ScenarioError, with the reason, for a tariff of an unchecked table that needs periods."""
    rows = raw.get("tariffs")
    for k, row in enumerate(rows if isinstance(rows, list) else ()):
        rule = row.get("rule") if isinstance(row, dict) else None
        if isinstance(rule, str) and rule in TARIFFS and TARIFFS[rule].by_period:
            got = f"got {quoted(rule)}, which differs by period"
            raise (
                place.at("tariffs")
                .at(k)
                .at("rule")
                .error(got, f"periods, or {one_of(of_one_period(TARIFFS))}, are needed")
            )


def check_tariffs(table: dict, place: Place, fits: Callable[[int], str | None] | None = None) -> None:
    """Raise ScenarioError for tariffs that are not possible there.

    fits: where there are periods, what is needed in place of so many numbers, None where they are enough.
    """
    rows = table.get("tariffs", [])
    buyers = [group["name"] for group in table["group"] if "utility" in group]
    if rows and not buyers:
        raise place.at("tariffs").error("nobody buys, so that nobody would pay them", "a group of users is needed")
    for row, number in zip(rows, called(rows), strict=True):
        here = place.at("tariffs").at(number)
        check_rule(TARIFFS[row["rule"]], row, here)
        _check_periods(row, fits, here)
        _check_groups(row.get("groups", ()), buyers, here.at("groups"))
    _check_names([told["name"] for told in in_full(rows, buyers)], place.at("tariffs"))
    _check_shares(rows, place.at("tariffs"))


def in_full(rows: Sequence[dict], buyers: Sequence[str]) -> list[dict]:
    """Tariffs with names and groups where these were left out; buyers: names of all groups of users."""
    return [{"name": row["rule"], "groups": tuple(buyers)} | row for row in rows]


def _check_periods(row, fits, place):
    """One number without periods, one or one a period with them."""
    for name, value in row.items():
        if name in SELF or not isinstance(value, tuple):
            continue
        needed = "one number is needed; or periods" if fits is None else fits(len(value))
        if needed:
            raise place.at(name).error(f"got {len(value)} numbers", needed)


def _check_groups(names, buyers, place):
    for name in names:
        if name not in buyers:
            near, got = nearest(name, buyers), f"{quoted(name)} is no group of users"
            raise place.error(got, f"{one_of(map(quoted, buyers))} is possible", near)


def _check_names(names, place):
    for k, name in enumerate(names):
        if name in (MARKET_PRICE, IN_ALL):
            got = f"got {quoted(name)}, which another row of tables is called"
            raise place.at(k).at("name").error(got, "another name is needed")
        if name in names[:k]:
            got = f"two tariffs are called {quoted(name)}"
            raise place.at(k).at("name").error(got, "names must differ; one left out is that of the rule")


def _check_shares(rows, place):
    total = sum(row.get("share", 0.0) for row in rows)
    if total > 1:
        raise place.error(f"rebates hand back {total:g} of the revenue", "shares of at most 1 in all are possible")


def levied(rows: Sequence[dict], users: Mapping[str, int], periods: int = 1, part: Callable = np.asarray) -> Levied:
    """The tariffs of checked rows in a market of {group: users}; part: what of numbers by period is meant."""
    return Levied(tuple(_levy(row, part) for row in in_full(rows, list(users))), dict(users), periods)


def _levy(row, part):
    keys = {name: part(value) if isinstance(value, tuple) else value for name, value in row.items() if name not in SELF}
    return Levy(row["name"], made(TARIFFS[row["rule"]], keys), frozenset(row["groups"]))


def check_players(table: dict, weighs: Callable[[dict], Objective | None], place: Place) -> None:
    """Raise ScenarioError for tariffs under which what a group's players want is not worked out.

    weighs: by what a group's aggregators weigh surpluses or share money, None where they take the plain sum.
    """
    buyers = [group for group in table["group"] if "utility" in group]
    imposed = levied(table.get("tariffs", ()), {group["name"]: group["users"] for group in buyers}, part=_first)
    for group in buyers:
        goal, fixed = weighs(group), imposed.terms(group["name"]).fixed
        if goal is None:
            continue
        who = f"group {quoted(group['name'])} weighs its users' surpluses"
        if imposed.back(group["name"]):
            got = f"{who}, and what comes back of the revenue moves with what it buys"
            raise place.at("tariffs").error(got, "alpha = 0, or a rebate of an amount, is needed")
        own = group["fairness"].get("objective", "alpha-fair") not in OBJECTIVES_OF_OURS
        if fixed and (own or goal.offset <= fixed):
            got = f"{who}, with {goal.offset:g} added, after charges of {fixed:g} that users pay who buy nothing, too"
            here = place.at("group").at(group["name"]).at("fairness.surplus_offset")
            raise here.error(got, f"more than {fixed:g}, or alpha = 0, is needed")


def _first(values):
    """Numbers by period do not move what is the same in all of them."""
    return float(values[0])


def check_movers(rows: Sequence[dict], movers: Sequence[str], place: Place) -> None:
    """Raise ScenarioError where users who choose among groups do not meet the same tariffs in all of them."""
    for row in rows:
        here = place.at(row.get("name", row["rule"]))
        if row.get("share"):
            got = f"got share = {row['share']:g} where users choose their aggregators"
            raise here.error(got, "a rebate of an amount is needed: what comes back would move with every move")
        met = [name for name in movers if name in row.get("groups", movers)]
        if met and len(met) < len(movers):
            apart = next(name for name in movers if name not in met)
            got = f"meets {quoted(met[0])} and not {quoted(apart)}, between which users choose"
            raise here.at("groups").error(got, "both, or none, are needed: a tariff belongs to a user")
