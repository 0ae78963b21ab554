"""The keys of an aggregator market's scenario, and the checks that look at more than one key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from market.aggregator.states import States
from market.conduct import CONDUCTS, Conduct
from market.conduct import USUAL as BEST_RESPONSE
from market.conduct.judge import Judging
from market.fairness import OBJECTIVES, Objective, objective
from market.fairness.side_payments import FLOORS
from market.joining import FORESEES, ORDERS
from market.parameters import made
from market.prices import PRICES
from market.tariffs import Levied
from market.utilities import UTILITIES
from scenarios.aggregator import states, tariffs
from scenarios.aggregator.kinds import resized
from scenarios.reading.errors import Place, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.people import KEEP, lengths
from scenarios.reading.population import agreed
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import REQUIRED, Key, called, of_people, read_table
from scenarios.scenario import Scenario

ROUNDS = 100
MOST_USERS = 50_000_000
SMALL_USERS = "small-users"

KINDS = ("aggregator", "direct", "large")
MANY = f"[1, {MOST_USERS}]"
MOST_MOVERS = {"equilibrium": 2_000, "terms": 100_000}
ALONE = "alone"
AGGREGATOR = ("aggregator",)
USUAL = "alpha-fair"
OBJECTIVE_SAID = f"how surpluses are weighed; left out: {USUAL}"
EVERY_SAID = "rounds between two whose gaps are worked out; left out: a twentieth of all"
DAMPING_SAID = "how far a reply goes towards the best response"
CONDUCT_SAID = "how its players decide in rounds; left out: best responses"
FAIR_BY = ("allocation", "payments")
PAYMENTS = FAIR_BY[1:]
FAIR_BY_SAID = f"energy is shared fairly, or money; left out: {FAIR_BY[0]}"
PAYOFFS = ("surplus", "users")
MOST_PROFILES = 1_000  # of alphas, each a market to solve in every draw
FLOOR_SAID = "payments leave a user at least what it would have without the group's aggregators, or none"
OF_PAYMENTS = ("group.fairness.by", "group.fairness.floor")
PURCHASES = ("tolerance", "order", "damping")  # of the rounds of purchases, which joining does without


def may_learn(table: dict) -> bool:
    """Would a conduct of some group be taken beside what a table says for all?"""
    return "joining" not in table and table["damping"] == 1


def has_no_floor(group: dict) -> bool:
    """Does a group's table say an objective that makes minus infinity of buying nothing?"""
    fairness = group.get("fairness")
    return bool(fairness) and objective_of(fairness).literal and not pays(fairness)


def anybody_learns(table: dict) -> bool:
    """Does a group of a table learn?"""
    return any(learns(group.get("conduct", {})) for group in table["group"])


KEYS = (
    Key("tolerance", "number", "share of total", 1e-8, "(0, 1)", "settled when no purchase moves by more"),
    Key("order", "choice", "", "in-turn", ORDERS, "who replies when within a round"),
    Key(
        "damping", "number", "share", 1.0, "(0, 1]", DAMPING_SAID, offered=lambda whole, own: not anybody_learns(whole)
    ),
    Key("price", "table", "", REQUIRED, "", "the price p as a function of total purchases Y"),
    Rules("price.rule", PRICES, REQUIRED, "form of the price"),
    *states.KEYS,
    Key("joining", "table", "", None, "", "users leave and join aggregators, by surplus; left out: they stay"),
    Key("joining.inertia", "number", "", 0.0, "[0, 1)", "chance that a user who would gain stays for a round"),
    Key("joining.order", "choice", "", "in-turn", ORDERS, "who sees whose moves within a round"),
    Key("joining.foresight", "choice", "", "equilibrium", FORESEES, "the market after the move, or present terms"),
    Key("joining.least_gain", "number", "money", 1e-6, "(0, inf)", "a move that gains no more is not made"),
    Key("joining.direct", "switch", "", False, "", "users may also buy alone"),
    Key("choosing", "table", "", None, "", "what alpha each aggregator may choose; without effect on runs of the file"),
    Key("choosing.alphas", "list", "", (0.0, 0.5, 1.0, 2.0), "[0, inf]", "from which each aggregator chooses"),
    Key("choosing.payoff", "choice", "", PAYOFFS[0], PAYOFFS, "what an aggregator wants: its users' total, or many"),
    Key("learning", "table", "", None, "", "how players who learn are judged; left out: by its keys' defaults"),
    Key("learning.tolerance_gap", "number", "", 1e-3, "(0, 1)", "learned at the end up to this gap"),
    Key("learning.window", "whole", "rounds", 10, "[1, 1000000]", "so many last rounds must keep to it"),
    Key("learning.certify_every", "whole", "rounds", None, "[1, 1000000]", EVERY_SAID, example=10),
    *tariffs.KEYS,
    Key("group", "tables", "", REQUIRED, "", "the users"),
    Key("group.name", "text", "", REQUIRED, "", "name of the group; its draws depend on it"),
    Key(
        "group.kind", "choice", "", REQUIRED, KINDS, "who buys: aggregators, each user, one large user", follow=resized
    ),
    Key("group.users", "whole", "users", None, MANY, "how many; left out: as many as a list or CSV has", example=100),
    *of_people("group"),
    Key("group.count", "whole", "aggregators", 1, MANY, "users are split in order into so many", AGGREGATOR, by="kind"),
    *states.OF_GROUPS,
    Key("group.utility", "table", "", REQUIRED, "", "what energy x is worth to each user"),
    Rules("group.utility.form", UTILITIES, REQUIRED, "b x − a x², or b k log(1 + x/k)"),
    Key("group.fairness", "table", "", {}, "", "what its aggregators maximise", AGGREGATOR, by="kind"),
    Rules("group.fairness.objective", OBJECTIVES, None, OBJECTIVE_SAID, usual=USUAL),
    Key("group.fairness.by", "choice", "", None, FAIR_BY, FAIR_BY_SAID),
    Key("group.fairness.floor", "choice", "", FLOORS[0], FLOORS, FLOOR_SAID, PAYMENTS, by="by", usual=FAIR_BY[0]),
    Key(
        "group.conduct",
        "table",
        "",
        None,
        "",
        CONDUCT_SAID,
        by="rule",
        usual=BEST_RESPONSE,
        offered=lambda whole, own: may_learn(whole) and not has_no_floor(own),
    ),
    Rules("group.conduct.rule", CONDUCTS, BEST_RESPONSE, "how its players decide in rounds"),
)


@dataclass(frozen=True)
class Group:
    """One group of users; `count` is its number of aggregators.

    `utility` maps form, a, b, size, k to the numbers of the file, `fairness` the objective's keys, empty unless it
    aggregates.
    """

    name: str
    kind: str
    users: int
    utility: dict
    count: int = 1
    fairness: dict = field(default_factory=dict)
    conduct: dict = field(default_factory=dict)
    keep: dict = field(default_factory=dict)
    risk: dict = field(default_factory=dict)

    @cached_property
    def objective(self) -> Objective:
        """By what its aggregators are fair; of others each user's own surplus."""
        return objective_of(self.fairness) if self.fairness else objective(0.0, 0.0)

    @property
    def alpha(self) -> float | None:
        """As the file says it, or the objective's own."""
        return self.fairness.get("alpha", self.objective.alpha)

    @property
    def floor(self) -> str | None:
        """The floor of its users' payments to each other, None where they do not pay."""
        return self.fairness["floor"] if pays(self.fairness) else None

    @property
    def surplus_offset(self) -> float:
        return self.fairness.get("surplus_offset", self.objective.offset)

    @property
    def named(self) -> bool:
        """Does the file name another objective than the usual one?"""
        return self.fairness.get("objective", USUAL) != USUAL


def learns(conduct: dict) -> bool:
    """Does a group with this table of a conduct, {} for none, learn?"""
    return bool(conduct) and CONDUCTS[conduct["rule"]].learns


def objective_of(fairness: dict) -> Objective:
    """The objective of a group's checked table."""
    return made(OBJECTIVES[fairness.get("objective", USUAL)], fairness)


def pays(fairness: dict) -> bool:
    """Does a group's table let its users pay each other?"""
    return fairness.get("by") in PAYMENTS


class AggregatorScenario(Scenario):
    """A scenario of the aggregator market; `price` maps rule and parameters, `groups` keep the order."""

    tolerance = property(lambda self: self.table["tolerance"])
    order = property(lambda self: self.table["order"])
    damping = property(lambda self: self.table["damping"])
    price = property(lambda self: self.table["price"])
    joining = property(lambda self: self.table.get("joining"))
    choosing = property(lambda self: self.table.get("choosing"))

    @cached_property
    def states(self) -> States | None:
        """The states of the price, None where it is known."""
        table = self.table.get(states.TABLE)
        return None if table is None else states.states_of(self.price, table, self.table["group"])

    @property
    def informed(self) -> bool:
        """Is it worked out what knowing the state is worth?"""
        return self.table[states.TABLE]["information"]

    @property
    def conducts(self) -> dict[str, Conduct]:
        """{group: how its players decide} of those that learn."""
        return {name: made(CONDUCTS[conduct["rule"]], conduct) for name, conduct in self.learners.items()}

    @property
    def learners(self) -> dict[str, dict]:
        """{group: table of its conduct} of those that learn."""
        return {row["name"]: row["conduct"] for row in self.table["group"] if learns(row.get("conduct", {}))}

    @property
    def judging(self) -> Judging:
        """By what learners are judged."""
        return Judging(**self.table.get("learning", {}))

    @property
    def tariffs(self) -> list[dict]:
        """What users pay beside the market price, the keys of each."""
        buyers = [row["name"] for row in self.table["group"] if "utility" in row]
        return tariffs.in_full(self.table.get("tariffs", []), buyers)

    def levied(self, periods: int = 1, part: Callable = np.asarray) -> Levied:
        """The tariffs over so many periods; part: what of numbers by period is meant."""
        users = {row["name"]: row["users"] for row in self.table["group"] if "utility" in row}
        return tariffs.levied(self.tariffs, users, periods, part)

    @property
    def crowds(self) -> list[tuple[int, dict[str, Kept]]]:
        """What is kept of each group's users; of those who may join others before those who stay."""
        rows = [row for row in self.table["group"] if "users" in row]
        if self.joining is not None:
            moving = _moving(self.joining)
            rows.sort(key=lambda row: row["kind"] not in moving)
        return [(row["users"], row.get(KEEP, {})) for row in rows]

    @property
    def groups(self) -> tuple[Group, ...]:
        rows = [dict(row) for row in self.table["group"]]
        return tuple(Group(**row) for row in rows)


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of an aggregator market's file; raises ScenarioError."""
    tariffs.refuse_by_period(raw, place)
    table = read_table(raw, keys, "", place)
    check_rule(PRICES[table["price"]["rule"]], table["price"], place.at("price"))
    if states.TABLE in table:
        states.check_states(table["price"], table[states.TABLE], place.at(states.TABLE))
    states.check_risks(table, place)
    check_groups(table["group"], place)
    check_learners(table, place)
    tariffs.check_tariffs(table, place)
    check_payers(table, place)
    if "joining" in table:
        _check_purchases(table, place.at("joining"))
        _check_joining(table["joining"], table["group"], place.at("joining"))
        movers = [group["name"] for group in table["group"] if group["kind"] in _moving(table["joining"])]
        tariffs.check_movers(table.get("tariffs", ()), movers, place.at("tariffs"))
    if "choosing" in table:
        _check_choosing(table["choosing"]["alphas"], table["group"], place.at("choosing"))
    order = [key.name for key in KEYS if key.table == "group"]
    table["group"] = [{name: group[name] for name in order if name in group} for group in table["group"]]
    return table


def check_groups(groups: list[dict], place: Place) -> None:
    """Check each group by itself and beside the others, and fill in how many users it has; raises ScenarioError.

    A group without utility has no users.
    """
    seen = set()
    for group, name in zip(groups, called(groups), strict=True):
        here = place.at("group").at(name)
        if group["name"] in seen:
            got = f"{quoted(group['name'])} is the name of another group too"
            raise here.at("name").error(got, "names must differ")
        seen.add(group["name"])
        if "utility" not in group:
            continue
        check_rule(UTILITIES[group["utility"]["form"]], group["utility"], here.at("utility"))
        if "fairness" in group:
            check_rule(OBJECTIVES[group["fairness"].get("objective", USUAL)], group["fairness"], here.at("fairness"))
        _fill_users(group, here)
        _check_small_users(group, groups, here.at("utility.size"))
    _check_all_users(groups, place)


def check_payers(table: dict, place: Place) -> None:
    """Raise ScenarioError for tariffs beside which what some group's players want is not worked out."""
    tariffs.check_players(table, partial(_weighs, choosing="choosing" in table), place)


def _weighs(group, choosing):
    """By what a group's aggregators weigh surpluses, or share money; None where they take the plain sum."""
    if group["kind"] != "aggregator" or group["count"] == group["users"]:
        return None
    goal = objective_of(group["fairness"])
    return None if goal.welfare and not (choosing or pays(group["fairness"])) else goal


def refuse_joining(scenario: Scenario, place: Place) -> None:
    """Raise ScenarioError for a scenario of any market in which users choose their aggregators."""
    if getattr(scenario, "joining", None) is not None:
        raise place.at("joining").error("users choose their aggregators", "a market in which they stay is needed")


def refuse_payments(raw: dict, place: Place, why: str) -> None:
    """Raise ScenarioError for a group of an unchecked table whose users pay each other."""
    groups = raw.get("group") if isinstance(raw.get("group"), list) else []
    for group, name in zip(groups, called(groups), strict=True):
        fairness = group.get("fairness") if isinstance(group, dict) else None
        if isinstance(fairness, dict) and "by" in fairness:
            got = f"got {quoted(fairness['by'])}, which does not go with {why}"
            raise place.at("group").at(name).at("fairness.by").error(got, "leave it out: energy is shared fairly")


def without_payments(keys: Iterable[Key | Rules]) -> Iterator[Key | Rules]:
    """Keys without those of payments and of a group's own risk, for markets that do not know them."""
    unknown = {*OF_PAYMENTS, *(key.path for key in states.OF_GROUPS)}
    return (key for key in keys if key.path not in unknown)


def check_learners(table: dict, place: Place) -> None:
    """Raise ScenarioError for a conduct's keys that do not go together, or players who learn where they cannot."""
    for group, name in zip(table["group"], called(table["group"]), strict=True):
        here, conduct = place.at("group").at(name).at("conduct"), group.get("conduct", {})
        if conduct:
            check_rule(CONDUCTS[conduct["rule"]], conduct, here)
        if not learns(conduct):
            continue
        if "joining" in table:
            got = f"got {quoted(conduct['rule'])} with joining"
            raise here.error(got, "one of them is possible: between moves the market is solved directly")
        if table["damping"] != 1:
            got = f"got {table['damping']:g} with {quoted(conduct['rule'])} in group {quoted(group['name'])}"
            raise place.at("damping").error(got, "1 is needed: learners go all the way; inertial is damping by chance")


def _fill_users(group, place):
    """Number of users, from `users` and from lists, which must agree."""
    lists = {key: values for key, values in group["utility"].items() if isinstance(values, tuple)}
    said = {"users": group["users"]} if "users" in group else {}
    if said:  # one row of periods stands for all of them
        lists = {key: rows for key, rows in lists.items() if len(rows) != 1 or not isinstance(rows[0], tuple)}
    said |= {f"utility.{key}": len(values) for key, values in lists.items()} | lengths(group)
    if group["kind"] == "large":
        said = {"kind = large": 1, **said}
    if not said:
        raise place.at("users").error("is missing", "the number of users, or a list or CSV column, is needed")
    users = agreed(said, place, "users")
    if group.get("count", 1) > users:
        got = f"{group['count']} aggregators for {users} users"
        raise place.at("count").error(got, "at most one per user is possible")
    group["users"] = users


def _check_small_users(group, groups, place):
    if group["utility"].get("size") != SMALL_USERS:
        return
    small = [other for other in groups if other["kind"] != "large" and "utility" in other]
    if group["kind"] != "large":
        got = f"got {quoted(SMALL_USERS)} in a group of kind {group['kind']}"
        raise place.error(got, "a number is needed: only a large user is as large as others together")
    if not small:
        raise place.error(f"got {quoted(SMALL_USERS)}, but there are no small users", "add a group, or a number")
    for other in small:
        if other["utility"]["form"] != "quadratic":
            got = f"got {quoted(SMALL_USERS)}, but group {quoted(other['name'])} has another form of utility"
            raise place.error(got, "sizes b / a are defined for quadratic utilities only")


def _check_all_users(groups, place):
    total = sum(group.get("users", 0) for group in groups)
    if total > MOST_USERS:
        raise place.at("group").error(f"{total:,} users in all", f"at most {MOST_USERS:,} are possible")


def _check_purchases(table, place):
    """Keys of the rounds of purchases would do nothing: between moves the market is at its equilibrium."""
    for key in KEYS:
        if key.path in PURCHASES and table[key.name] != key.default:
            got = f"{key.name} = {quoted(table[key.name])} has no part in it"
            raise place.error(got, "leave one of them out: between moves the market is solved directly")


def _moving(joining):
    """Kinds of groups whose users may move."""
    return ("aggregator", "direct")[: 1 + joining["direct"]]


def _check_joining(joining, groups, place):
    """Two or more offers with names of their own, users of one form of utility, objectives that anybody can join."""
    moving = [group for group in groups if group["kind"] in _moving(joining)]
    aggregators = [group for group in moving if group["kind"] == "aggregator"]
    offers = sum(group["count"] for group in aggregators) + joining["direct"]
    if not aggregators or offers < 2:
        got = f"{offers} to choose from" if aggregators else "there is no group of kind aggregator"
        raise place.error(got, "two aggregators, or one with direct = true, are needed")
    _check_offers(joining, groups, place)
    forms = {group["name"]: group["utility"]["form"] for group in moving}
    if len(set(forms.values())) > 1:
        told = ", ".join(f"{quoted(name)} {form}" for name, form in forms.items())
        raise place.error(f"users who may move have utilities of two forms: {told}", "one form is needed")
    for group in aggregators:
        goal = objective_of(group["fairness"])
        if goal.literal and not pays(group["fairness"]):
            got = f"group {quoted(group['name'])} has alpha = {goal.alpha:g} and surplus_offset = 0"
            raise place.error(got, "an offset above 0 is needed: users who are priced out may join")
    movers, most = sum(group["users"] for group in moving), MOST_MOVERS[joining["foresight"]]
    if movers > most:
        got = f"got {quoted(joining['foresight'])} for {movers:,} users who may move"
        hint = f"; {quoted('terms')} goes up to {MOST_MOVERS['terms']:,}" if most < MOST_MOVERS["terms"] else ""
        raise place.at("foresight").error(got, f"at most {most:,} are possible{hint}")


def _check_choosing(alphas, groups, place):
    """Aggregators whose alphas are theirs to choose, and not too many profiles of them."""
    players = [group for group in groups if group["kind"] == "aggregator"]
    if len(players) < 2:
        raise place.error(f"{len(players)} groups of kind aggregator", "two or more are needed, each chooses")
    for group in players:
        if group["count"] > 1:
            got = f"group {quoted(group['name'])} has {group['count']} aggregators of one alpha"
            raise place.error(got, "a group for each aggregator is needed")
        if group["fairness"].get("objective", USUAL) != USUAL:
            got = f"group {quoted(group['name'])} has objective {quoted(group['fairness']['objective'])}"
            raise place.error(got, f"{USUAL} is needed")
    if len(set(alphas)) < len(alphas):
        raise place.at("alphas").error("one of them stands there twice", "different numbers are needed")
    if len(alphas) ** len(players) > MOST_PROFILES:
        got = f"{len(alphas)} alphas of {len(players)} aggregators make {len(alphas) ** len(players):,} profiles"
        raise place.at("alphas").error(got, f"at most {MOST_PROFILES:,} are possible")


def _check_offers(joining, groups, place):
    names = [group["name"] for group in groups]
    numbered = [f"{group['name']} {j + 1}" for group in groups for j in range(group.get("count", 1))]
    taken = [name for name in numbered if name in names]
    if taken:
        raise place.error(f"{quoted(taken[0])} is a group and one of several aggregators of another", "rename one")
    if not joining["direct"]:
        return
    direct = [group["name"] for group in groups if group["kind"] == "direct"]
    if len(direct) > 1:
        got = f"true, with groups {quoted(direct[0])} and {quoted(direct[1])} of kind direct"
        raise place.at("direct").error(got, "at most one such group is possible: there all who buy alone are")
    if not direct and ALONE in names:
        raise place.at("direct").error(f"true, with a group called {quoted(ALONE)}", "another name is needed")


def alone_name(groups) -> str:
    """What the users who buy alone are called: as the group of kind direct, where there is one."""
    return next((group.name for group in groups if group.kind == "direct"), ALONE)


def split(users: int, count: int) -> np.ndarray:
    """Sizes of `count` aggregators of `users` users in order, differing by at most one, larger first."""
    return users // count + (np.arange(count) < users % count)


def is_unbounded(group: Group) -> bool:
    """Does a user priced out make what it buys for minus infinity?"""
    return group.floor is None and group.objective.literal


SCENARIO = AggregatorScenario
