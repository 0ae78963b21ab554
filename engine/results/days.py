"""What a run of the aggregator market over days leaves behind: results, measures to compare by, files."""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from agents.days.model import BY_PERIOD
from engine.columns import people_arrays, with_people, write_csv
from engine.results import aggregator, learning, others, states, tariffs
from engine.results.aggregator import MOST_CSV_USERS, OF_SURPLUS, OfOutcome, mean, of_some
from engine.results.day_states import DaysByState
from engine.results.learning import Learned
from engine.results.result import NUMBER_BYTES, Measure, Result, moments, number, numbers, played
from engine.results.welfare import FEARED, UNPLANNED, UNSERVED, Welfare
from market import sanity
from market.aggregator.days import endings, measures
from market.aggregator.days.carrying import in_a_row
from market.aggregator.days.flexibility import value_of_flexibility
from market.aggregator.days.learners import colluding_gain
from market.aggregator.days.meter import METER
from market.aggregator.days.rounds import solve
from market.aggregator.days.several import DaysGame, DaysOutcome
from market.aggregator.days.splits import split
from market.aggregator.days.yardsticks import idle, planned, price_taking, total_welfare
from market.aggregator.endings import CERTIFIED_ENDINGS
from market.measures import gini, jain, price_of_anarchy
from market.outcome import Status, of_own

MOST_ROWS = 200_000  # homes times periods up to which a CSV tells what each did
COLUMN_BYTES = 3_000  # bytes that a quantity of a home in a period needs while its day is solved
QUANTITIES = {"battery": 3, "car": 3, "shift": 3, "solar": 1}  # of a device in a period, at most
FEW_DAYS = 12  # up to which a run's time is told by that of pairs of homes
RECORD_BYTES = 2_000  # bytes of a period's row in each round
NO_DEVICES = ("consumption", METER)
NO_GAIN = 1e-10  # of what a home turns over: less is no gain
HEADLINE = ("mean small surplus", "mean bill", "price", "peak", "spread", "self consumption", "jain")
DRAWN = HEADLINE


def _of_small(name):
    """What reads a measure of the small users' surplus."""
    return lambda result: of_some(OF_SURPLUS[name], result.small(result.outcome.s))


def _of_flexible(flexible):
    """What reads the mean surplus of the small users who have something flexible, or nothing."""
    return lambda result: mean(result.outcome.s[result.is_small & (result.is_flexible == flexible)])


MEASURES = {
    "mean small surplus": Measure("money", _of_small("mean small surplus")),
    "mean small consumption": Measure("energy", lambda result: mean(result.small(result.outcome.x))),
    "mean bill": Measure("money", lambda result: mean(result.small(result.outcome.paid))),
    "price": Measure("money/energy", lambda result: result.outcome.price),
    "quantity": Measure("energy", lambda result: result.outcome.quantity),
    "welfare": Measure("money", lambda result: result.outcome.welfare),
    "least small surplus": Measure("money", _of_small("least small surplus")),
    "jain": Measure("1", _of_small("jain")),
    "gini": Measure("1", _of_small("gini")),
    "peak": Measure("energy", lambda result: measures.peak(result.load)),
    "peak over mean": Measure("1", lambda result: measures.peak_over_mean(result.load)),
    "spread": Measure("money/energy", lambda result: measures.spread(result.outcome.joined("price"))),
    "self consumption": Measure("1", lambda result: measures.self_consumption(result.outcome.told)),
    "self sufficiency": Measure("1", lambda result: measures.self_sufficiency(result.outcome.told)),
    "through batteries": Measure("energy", lambda result: float(np.sum(result.outcome.told["discharged"]))),
    "mean surplus with flexibility": Measure("money", _of_flexible(True)),
    "mean surplus without flexibility": Measure("money", _of_flexible(False)),
    "flexibility value": Measure("money", lambda result: float(np.sum(result.flexibility))),
    "flexibility value to others": Measure(
        "money", lambda result: float(np.sum(result.flexibility[~result.is_flexible]))
    ),
    "mean large surplus": Measure("money", lambda result: mean(result.outcome.s[~result.is_small])),
    "efficiency": Measure("1", lambda result: result.yardsticks["efficiency"]),
    "price of anarchy": Measure("1", lambda result: result.yardsticks["price_of_anarchy"]),
    **tariffs.MEASURES,
    **learning.MEASURES,
    **states.MEASURES,
}
NOTHING = aggregator.NOTHING_CLEARED | dict.fromkeys(("bill", "peak", "self_consumption", "flexibility_value"))


class Lived(OfOutcome):
    """What measures of days are read off: a game and what came of its days."""

    game: DaysGame
    outcome: DaysOutcome | None

    @cached_property
    def is_flexible(self):
        """Marks of the users who have something that lets them choose when, shape (users,)."""
        marks = np.zeros(self.game.users, dtype=bool)
        for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True):
            for part in block.parts.values():
                if part.flexible:
                    marks[rows][part.users] = True
        return marks

    @cached_property
    def flexibility(self):
        """What each user's days are worth more than with batteries idle and nothing shifted, money, shape (users,)."""
        if not np.any(self.is_flexible):
            return np.zeros(self.game.users)
        values = sum(value for value, _ in self._valued)
        worth = sum(np.abs(outcome.worth) + np.abs(outcome.bills) for outcome in self.outcome.outcomes)
        return np.where(np.abs(values) > NO_GAIN * worth, values, 0.0)

    @cached_property
    def idle(self):
        """The DaysOutcome with batteries idle and nothing shifted; None where nothing is flexible."""
        if not np.any(self.is_flexible):
            return None
        days = tuple(idle(day) for day in self.outcome.days)
        return DaysOutcome(days, tuple(still for _, still in self._valued))

    @cached_property
    def _valued(self):
        return [value_of_flexibility(*lived) for lived in self._days()]

    @cached_property
    def devices(self):
        """{kind of device: marks of the users who have it, shape (users,)}."""
        marks = {}
        for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True):
            for name, part in block.parts.items():
                if name not in NO_DEVICES:
                    marks.setdefault(name, np.zeros(self.game.users, dtype=bool))[rows][part.users] = True
        return marks

    @property
    def home_shown(self):
        """The user whose day is shown: the first who has most kinds of devices."""
        return int(np.argmax(sum(self.devices.values(), np.zeros(self.game.users, dtype=int))))

    @property
    def stores(self):
        """Does anybody hold energy at a period's end?"""
        return bool(np.any(self.outcome.told["level"] > 0))

    @property
    def edges(self):
        """Clock hours at which periods played so far begin, and at which the last one ends, shape (periods + 1,)."""
        return np.arange(sum(day.periods for day in self.outcome.days) + 1) * self.game.days[0].clock.hours

    def by_group(self, name):
        """{group: sum over its users by period} of what users did ("z", "solar", "level" …), arrays (periods,)."""
        told = self.outcome.told[name]
        rows = zip(self.game.blocks, self.game.user_slices, strict=True)
        return {block.name: np.sum(told[where], axis=0) for block, where in rows}

    @property
    def load(self):
        """Load by period of all days, energy, shape (periods,)."""
        return self.outcome.joined("load")

    @cached_property
    def yardsticks(self):
        """Price of anarchy, total welfare and its efficiency; None where part is unserved, or not worked out."""
        known = dict.fromkeys(("price_of_anarchy", "total_welfare", "efficiency"))
        if self.outcome is None or self.outcome.unserved > 0:
            return known
        total = sum(total_welfare(*lived) for lived in self._days())
        known["total_welfare"] = number(total)
        if any(day.affine is None for day in self.outcome.days):
            return known
        best = sum(total_welfare(day, price_taking(day)) for day in (day.untaxed for day in self.outcome.days))
        most = sum(planned(day).welfare for day in self.outcome.days)
        known["efficiency"] = number(total / best if best > 0 else None)
        known["price_of_anarchy"] = number(price_of_anarchy(most, self.outcome.welfare))
        return known

    def _days(self):
        return zip(self.outcome.days, self.outcome.outcomes, strict=True)


@dataclass(frozen=True, eq=False)
class Standing(Lived):
    """How a market stands after any round."""

    game: DaysGame
    outcome: DaysOutcome | None

    @cached_property
    def is_small(self):
        """Marks of the small users, of all where none is small, shape (users,)."""
        return aggregator.small_or_all(self.game)


def welfare(outcome, states=None):
    """Who has what of days' welfare and of a planner's, a Welfare; states: of the prices that players reckon with."""
    if outcome.unserved > 0:
        return Welfare(why=UNSERVED)
    if states is not None and states.fearful:
        return Welfare(why=FEARED)
    if any(day.affine is None for day in outcome.days):
        return Welfare(why=UNPLANNED)
    lived = list(zip(outcome.days, outcome.outcomes, strict=True))
    planners = [(day, price_taking(day)) for day in (day.untaxed for day in outcome.days)]
    return Welfare(split(lived, planners), split(planners, planners))


OF_USERS = {
    "consumption": Measure("energy", lambda result: result.outcome.x),
    "surplus": Measure("money", lambda result: result.outcome.s),
    "bill": Measure("money", lambda result: result.outcome.paid),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DaysResult(Lived, Result):
    """A run of the aggregator market over days.

    quantities, surpluses: consumption and surplus by round and user, (rounds, users), of the day that was played;
    periods: the last round's table by period; cycle: how many rounds one takes, where there is one.
    """

    OF_USERS = OF_USERS
    SHARP = 1e-6  # hours that one user may as well live otherwise are as sharp as a square root of what they bring

    outcome: DaysOutcome | None
    quantities: np.ndarray
    surpluses: np.ndarray
    cycle: int | None = None
    learned: Learned | None = None
    joined = None  # nobody changes aggregators

    @cached_property
    def by_state(self):
        """The outcome in each state of the prices; None where they were known."""
        known = self.scenario.states
        return None if known is None else DaysByState(known, self.game, self.outcome, self.scenario.informed)

    @property
    def advice(self):
        """What the status means."""
        proven = self.outcome is not None and (self.outcome.proven or self.gap is None)
        return endings.advice(self.status, proven, self.learned is not None) + of_own(self.gaining)

    @property
    def promised(self):
        """Equilibria were certified up to this; of what was learned, the tolerance."""
        return endings.promised(self.status) if self.learned is None else self.learned.judge.promised

    @property
    def odd(self):
        """What of consumption, the mean price and what first units are worth suggests a mistake in units."""
        worth = np.concatenate([block.parts["consumption"].reservation() for block in self.game.blocks])
        wants = worth > 0  # who only stores wants nothing
        return sanity.of_purchases(self.outcome.x[wants], np.full(np.sum(wants), self.outcome.price), worth[wants])

    @property
    def who(self):
        """Group and player of each user."""
        group, player = aggregator.places(self, 1)
        return {"group": group, "player": player}

    @property
    def tables(self):
        """Those of every run, the players' purchases, all periods, and the states of prices."""
        if not self.cleared:
            return super().tables
        players = partial(aggregator.players_of, self)
        found = super().tables | {"players": players, "periods": partial(periods_of, self.outcome)}
        return found | ({"states": self.by_state.table} if self.by_state else {})

    def _users(self):
        return super()._users() | tariffs.columns(self)

    @property
    def at_market_price(self):
        """What each user pays at market prices, tariffs apart, money, shape (users,)."""
        return self.outcome.bills

    @property
    def by_tariff(self):
        """{tariff: what each user pays over all days, money, (users,)}; below 0 where it gets money back."""
        return self.outcome.by_tariff

    def by_number(self, values):
        """Values by user, (users,), in the order of their numbers."""
        return values

    @property
    def by_agent(self):
        """Consumption and surpluses of the small users."""
        return self.small(self.outcome.x), self.small(self.outcome.s)

    def facts(self, users=False):
        """Totals, yardsticks, purchases, periods and groups."""
        outcome = self.outcome
        here = zip(self.game.blocks, self.game.user_slices, strict=True)
        facts = self._totals() | {
            "players": [None] * self.game.players if outcome is None else numbers(outcome.y),
            "periods": None if outcome is None else self._periods(),
            "groups": {block.name: self._group(block, rows, users) for block, rows in here},
        }
        if self.cycle is not None:
            facts["period"] = self.cycle
        facts |= {"states": self.by_state.facts()} if self.cleared and self.by_state else {}
        facts |= tariffs.facts(self)
        facts |= {} if self.learned is None else {"learning": self.learned.facts()}
        notes = self.scenario.table.get("read", ())
        return facts | ({"read": list(notes)} if notes else {})

    def _totals(self):
        plain = ("price", "quantity", "welfare", "unserved")
        own = ("peak", "peak over mean", "spread", "self consumption", "self sufficiency", "through batteries")
        own += ("flexibility value",)
        if self.outcome is None:
            words = (*plain, *(name.replace(" ", "_") for name in own), "proven", "payments", "small")
            return dict.fromkeys(words) | self.yardsticks
        totals = {name: number(getattr(self.outcome, name)) for name in plain}
        totals |= {name.replace(" ", "_"): number(MEASURES[name].of(self)) for name in own}
        totals |= {"proven": self.outcome.proven, "payments": self._payments(), "small": self._small()}
        return totals | self.yardsticks

    def _small(self):
        standing = Standing(self.game, self.outcome)
        s, bills = standing.small(self.outcome.s), standing.small(self.outcome.paid)
        facts = {"mean_surplus": number(np.mean(s)), "mean_bill": number(np.mean(bills))}
        return {"users": len(s)} | facts | {"jain": number(jain(s)), "gini": number(gini(s))}

    def _payments(self):
        """Who pays whom at market prices, money: each group, the background, and what producers receive."""
        rows = zip(self.game.blocks, self.game.user_slices, strict=True)
        groups = {block.name: where for block, where in rows}
        return measures.payments(groups, self.outcome.bills, self.outcome.joined("price"), self.outcome.background)

    def _periods(self):
        outcome = self.outcome
        return {
            "price": numbers(outcome.joined("price")),
            "quantity": numbers(np.sum(outcome.joined("y"), axis=0)),
            "background": numbers(outcome.background),
        }

    def _group(self, block, rows, users):
        alpha = number(block.alpha if block.kind == "aggregator" else None)
        have = {name: len(part.users) for name, part in block.parts.items() if name not in NO_DEVICES}
        group = {"kind": block.kind, "users": block.users, "players": block.players, "alpha": alpha, "devices": have}
        group |= learning.conduct_of(self.scenario, block.name)
        if self.outcome is None:
            return group | NOTHING
        outcome = self.outcome
        bought, s = np.sum(outcome.told["z"][rows], axis=1), outcome.s[rows]
        by_period = {name: np.sum(outcome.told[name][rows], axis=0) for name in ("z", *BY_PERIOD)}
        group |= {
            "quantity": moments(bought),
            "surplus": moments(s) | {"least": number(s.min())},
            "bill": {"total": number(outcome.paid[rows].sum()), "mean": number(outcome.paid[rows].mean())},
            "jain": number(jain(s)),
            "gini": number(gini(s)),
            "unserved": int(np.sum(outcome.x[rows] <= 0)),
            "peak": number(np.max(by_period["z"])),
            "self_consumption": number(measures.self_consumption(outcome.told, rows)),
            "flexibility_value": number(np.sum(self.flexibility[rows])),
            "periods": {{"z": "quantity"}.get(name, name): numbers(row) for name, row in by_period.items()},
        }
        if not users:
            return group
        told = {"z": outcome.told["z"][rows], "x": outcome.x[rows], "s": s}
        return group | {name: values.tolist() for name, values in told.items()}

    def write_agents(self, folder):
        """Consumption and surplus of every user by round; all periods; what every home did in them."""
        if self.outcome is None:
            return
        tariffs.write(self, folder)
        quantities, surpluses = aggregator.trajectories(self)
        if self.game.users <= MOST_CSV_USERS:
            columns = aggregator.users_of(self, quantities, surpluses)
            write_csv(with_people(columns, self.scenario.people, columns["user"]), folder / "agents.csv")
        else:
            arrays = {"quantities": quantities, "surpluses": surpluses, "y": self.outcome.y}
            np.savez_compressed(folder / "agents.npz", **arrays, **people_arrays(self.scenario.people))
        write_csv(periods_of(self.outcome), folder / "periods.csv")
        if self.game.users * self.game.periods <= MOST_ROWS:
            homes = homes_of(self)
            write_csv(with_people(homes, self.scenario.people, homes["user"]), folder / "homes.csv")
        else:
            told = {name: values.astype(np.float32) for name, values in self.outcome.told.items()}
            np.savez_compressed(folder / "homes.npz", **told)


def periods_of(outcome):
    """Columns of one row a period: day, period, price, loads, and sums of what all homes did."""
    days = [day.periods for day in outcome.days]
    columns = {
        "day": np.repeat(np.arange(len(days)), days),
        "period": np.concatenate([np.arange(count) for count in days]),
        "price": outcome.joined("price"),
        "load": outcome.joined("load"),
        "background": outcome.background,
        "quantity": np.sum(outcome.joined("y"), axis=0),
        "consumption": np.sum(outcome.told["consumption"], axis=0),
    }
    return columns | {name: np.sum(outcome.told[name], axis=0) for name in BY_PERIOD}


def homes_of(result):
    """Columns of one row a home and period: group, user, period, net purchases, consumption and what devices did."""
    group, player = aggregator.places(result, 1)
    periods, users = result.game.periods, np.arange(result.game.users)
    place = {"group": group, "player": player, "user": users}
    columns = {name: np.repeat(values, periods) for name, values in place.items()}
    columns["period"] = np.tile(np.arange(periods), len(users))
    return columns | {name: values.ravel() for name, values in result.outcome.told.items()}


RESULT = DaysResult
kept = aggregator.kept
agents_table = aggregator.agents_table
against = others.without_large


def periods(game):
    """How many days are played, or where these are few, pairs of homes decide; what they are called; periods in all."""
    if len(game.days) > FEW_DAYS:
        return len(game.days), "days", game.periods
    return game.pairs, "pairs of homes", game.periods


def one_period(game, number, way):
    """All the work of one day, or of one pair of homes over few days, by whose time that of all is told."""
    alone = replace(game, days=(game.days[number],)) if len(game.days) > FEW_DAYS else game.pair(number)
    if way.direct:
        solved(alone, way.certify)
    else:
        stepped(played(way, alone), way.certify)


def stepped(model, certify):
    """Facts of a model stepped to its end; without `certify` the gap is not searched."""
    return aggregator.ended(model, certify) | (learned_by(model, certify) if model.judge else {})


def learned_by(model, certify):
    """What learners reached; without `certify` no equilibrium is looked for."""
    solution = solve(model.day, certify) if certify else None
    found = [solution.outcome] if solution is not None and solution.status in CERTIFIED_ENDINGS else []
    y = model.judge.average.reshape(model.y.shape)
    collusion = colluding_gain(model.judge, model.day.load(y))
    learners = [model.day.player(place) for place in model.judge.players]
    return aggregator.learned(model, found, tariffs.less_charges(collusion, model.day.levied, learners))


def solved(game, certify):
    """Facts of a direct solution, one day after another."""
    found = list(in_a_row(game.days, partial(solve, certify=certify)))
    outcome = DaysOutcome(tuple(day for day, _ in found), tuple(solution.outcome for _, solution in found))
    statuses = [solution.status for _, solution in found]
    return {
        "status": endings.ending(statuses, outcome.outcomes, Status.SOLVED),
        "outcome": outcome,
        "gap": outcome.gap,
        "quantities": np.empty((0, game.users)),
        "surpluses": np.empty((0, game.users)),
    }


def memory(scenario):
    """Bytes that a run may need, by the key they grow with; all its rounds played, all its users' numbers kept."""
    need, periods = aggregator.memory(scenario), scenario.periods
    columns = sum(
        group.users * (1 + sum(QUANTITIES.get(name, 1) * said["share"] for name, said in group.devices.items()))
        for group in scenario.groups
    )
    every = len(aggregator.MEASURES) * NUMBER_BYTES * periods["days"]
    need["periods.count"] = columns * periods["count"] * (COLUMN_BYTES + every)
    rounds = scenario.rounds * periods["days"]
    return need | {"rounds": need["rounds"] * periods["days"] + rounds * periods["count"] * RECORD_BYTES}


def shared(games):
    """Names of the groups whose homes have the same utilities in all games."""
    blocks = [{block.name: block for block in game.blocks} for game in games]
    return tuple(
        name for name in blocks[0] if all(name in other and _same(blocks[0][name], other[name]) for other in blocks)
    )


def _same(one, other):
    mine, theirs = (block.parts["consumption"] for block in (one, other))
    return all(np.array_equal(getattr(mine, name), getattr(theirs, name)) for name in ("a", "b"))
