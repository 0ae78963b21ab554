"""What a run of several designs leaves behind: each design's account, the same measures of all, files."""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from engine.columns import with_people
from engine.results import aggregator, bilateral, days, microgrid
from engine.results.result import Measure, Result, mean_by_agent, number, numbers, played
from market import sanity
from market.aggregator import endings as of_purchases
from market.aggregator.days import endings as of_days
from market.bilateral import endings as of_contracts
from market.designs import accounts, endings
from market.designs.accounts import Account
from market.designs.endings import AT_TARIFF, Ended, planned
from market.designs.study import DIRECT, PLANNER, TARIFF
from market.microgrid import endings as of_dispatch
from market.outcome import Status
from market.splits import AGENTS, GRID, Split
from scenarios.designs.draw import draw_only
from scenarios.designs.keys import spelt_out
from scenarios.microgrid.cases import left_out


def _value(design, name):
    return design.values[name]


UNITS = {
    "price": "money/energy",
    "volume": "energy",
    "surplus": "money",
    "welfare": "money",
    "jain": "1",
    "gini": "1",
    "loss": "energy",
    "price of anarchy": "1",
    "winners": "agents",
    "losers": "agents",
    "consumption": "energy",
    "grid supply": "energy",
    "grid surplus": "money",
}
MEASURES = {name: Measure(unit, partial(_value, name=name)) for name, unit in UNITS.items()}
HEADLINE = tuple(MEASURES)[:10]
SAME_VALUE = 1e-9  # of the largest value, below which a difference is none
DRAWN = ("price of anarchy",)  # of each design of a sweep, where no measure is asked for
PARTS = {"aggregator": aggregator, "days": days, "bilateral": bilateral, "microgrid": microgrid}
BY_PERIOD = ("price", "volume", "consumption", "grid supply", "loss", "welfare")  # measures told of each period
AGENT, PAIR = 10_000, 20  # bytes of an agent under all designs, and of two agents: half of them may buy, half sell


@dataclass(frozen=True, eq=False)
class Design:
    """One design's part of a run.

    promised: the largest gap its status allows, or None; account: of all periods together, None where nothing cleared,
    by_period: of each; values: its measures; gained: surplus, and against: surplus above that of direct participation,
    money, shape (n,), empty without account.
    """

    status: Status
    rounds: int
    gap: float | None
    promised: float | None
    account: Account | None
    by_period: tuple[Account, ...]
    values: dict
    gained: np.ndarray
    against: np.ndarray

    @property
    def cleared(self):
        """Has anything cleared?"""
        return self.account is not None

    @property
    def by_agent(self):
        """Surpluses, and surpluses above direct participation."""
        return self.gained, self.against if len(self.against) else np.full_like(self.gained, np.nan)


OF_USERS = {
    "consumption": Measure("energy", lambda design: design.account.consumption),
    "surplus": Measure("money", lambda design: design.gained),
    "paid": Measure("money", lambda design: design.account.paid),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DesignsResult(Result):
    """A run of several designs; designs: {name: Design}. The gap is the largest, in units of what a design promises."""

    OF_USERS = OF_USERS

    designs: dict[str, Design]

    @property
    def parts(self):
        """The designs."""
        return self.designs

    @property
    def cleared(self):
        """Has any design cleared?"""
        return any(design.cleared for design in self.designs.values())

    @property
    def by_agent(self):
        """Nothing: each design has its own."""
        return ()

    @property
    def advice(self):
        """What the status means."""
        return endings.advice(self.status, self.designs)

    def best(self, measure):
        """(Design, value) of a measure's greatest value but the planner's, the first of equals; None where unknown."""
        known = {name: MEASURES[measure].of(design) for name, design in self.designs.items() if name != PLANNER}
        known = {name: value for name, value in known.items() if value is not None}
        if not known:
            return None
        most = max(known.values())
        return next((name, value) for name, value in known.items() if value >= most - SAME_VALUE * abs(most))

    @cached_property
    def surplus_by_class(self):
        """{design: {class: its surplus, money}}, empty where nothing cleared."""
        marks = by_class(self.game)
        return {
            name: {one: float(design.gained[rows].sum()) for one, rows in marks.items()} if design.cleared else {}
            for name, design in self.designs.items()
        }

    @property
    def promised(self):
        """1: no gap is above what its design promises."""
        return endings.promised(self.designs.values())

    def facts(self, users=False):
        """The population, and every design's measures, surplus by class, status and gap."""
        study = self.game
        several = {"periods": len(study.periods)} if len(study.periods) > 1 else {}
        return (
            several
            | {
                "agents": len(study.population),
                "at_tariff": {
                    "buyers": int(np.sum(study.net < 0)),
                    "sellers": int(np.sum(study.net > 0)),
                    "consumption": number(study.consumption.sum()),
                    "generation": number(study.generation.sum()),
                    "net": number(study.net.sum()),
                },
                "classes": {name: int(rows.sum()) for name, rows in by_class(study).items()},
                "designs": {name: self._design(design, users) for name, design in self.designs.items()},
            }
            | left_out(self.scenario.table["network"], microgrid.CASES)
        )

    def _design(self, design, users):
        rows = by_class(self.game)
        facts = {"status": str(design.status), "rounds": design.rounds, "gap": number(design.gap)}
        facts |= {name.replace(" ", "_"): _plain(value) for name, value in design.values.items()}
        facts["classes"] = {name: _of_class(design, marks) for name, marks in rows.items()}
        if len(self.game.periods) > 1 and design.cleared:
            every = self.values_by_period(design)
            facts["periods"] = {name: numbers([one[name] for one in every]) for name in BY_PERIOD}
        if not users or design.account is None:
            return facts
        return facts | {"x": numbers(design.account.consumption), "s": numbers(design.gained)}

    def values_by_period(self, design):
        """The measures of a design that has cleared in each period by itself."""
        pairs = zip(self.game.periods, design.by_period, strict=True)
        return [accounts.measures([study], [account]) for study, account in pairs]

    @cached_property
    def by_period(self):
        """{design that has cleared: its measures in each period}."""
        return {name: self.values_by_period(design) for name, design in self.designs.items() if design.cleared}

    def write_agents(self, folder):
        """Every agent under every design in agents.csv; of several periods every design in each in periods.csv."""
        if len(self.game.periods) > 1:
            self._periods().to_csv(folder / "periods.csv", index=False, lineterminator="\n")
        pd.DataFrame(self._users()).to_csv(folder / "agents.csv", index=False, lineterminator="\n")

    @property
    def odd(self):
        """What of tariff, consumption, losses and flows in p.u. suggests a mistake in units."""
        hours, people = self.game.periods, self.game.population
        price = np.full(len(people), np.mean([study.buy for study in hours]))
        largest = max(float(np.max(np.abs(study.net))) / study.base for study in hours)
        lost = [d.values["loss"] for d in self.designs.values() if d.cleared and d.values["loss"] is not None]
        return [
            *sanity.of_purchases(self.game.consumption, price, people.b),
            *sanity.of_losses(max(lost, default=0.0), float(self.game.consumption.sum())),
            *sanity.of_flows(largest),
        ]

    @property
    def tables(self):
        """Those of every run; of several periods every design in each."""
        return super().tables | ({"periods": self._periods} if len(self.game.periods) > 1 else {})

    def _periods(self):
        """Table of one row a design and period."""
        return pd.DataFrame(
            {"design": name, "period": t} | {measure: one[measure] for measure in BY_PERIOD}
            for name, every in self.by_period.items()
            for t, one in enumerate(every)
        )

    def _users(self):
        """Columns of one row a design and agent."""
        people = self.game.population
        who = {
            "agent": np.arange(len(people)),
            "class": np.array(people.classes)[people.member],
            "node": people.node,
            "generation": self.game.generation,
        }
        tables = [
            pd.DataFrame(
                {"design": name, **who}
                | {"consumption": design.account.consumption, "paid": design.account.paid}
                | {"surplus": design.gained, "against_direct": design.against if len(design.against) else np.nan}
            )
            for name, design in self.designs.items()
            if design.account is not None
        ]
        columns = dict(pd.concat(tables, ignore_index=True))
        return with_people(columns, self.scenario.people, columns["agent"].to_numpy())


RESULT = DesignsResult


def net_by_class(study):
    """{class: (agents, energy they have left over at the tariff, needed: below 0)}."""
    return {name: (int(np.count_nonzero(mine)), float(study.net[mine].sum())) for name, mine in by_class(study).items()}


def needs_by_period(study):
    """{what: (unit, numbers by period)} of what all agents generate, take and need at the tariff, and its prices."""
    hours = study.periods
    return {
        "generated": ("energy", [float(one.generation.sum()) for one in hours]),
        "consumed at the tariff": ("energy", [float(one.consumption.sum()) for one in hours]),
        "left over": ("energy", [float(one.fed_in.sum()) for one in hours]),
        "needed": ("energy", [float(np.sum(one.fed_in - one.net)) for one in hours]),
        "the tariff charges": ("money/energy", [float(one.buy) for one in hours]),
        "the tariff pays": ("money/energy", [float(one.sell) for one in hours]),
    }


def paid_by_period(result, agent):
    """{design that has cleared: what an agent pays in each period, money; below 0 it is paid}."""
    designs = {name: design for name, design in result.designs.items() if design.cleared}
    return {name: [float(one.paid[agent]) for one in design.by_period] for name, design in designs.items()}


def by_class(study):
    """{class: marks of its agents, shape (n,)}."""
    people = study.population
    return {name: people.member == k for k, name in enumerate(people.classes)}


def class_marks(scenario):
    """{class: marks of its agents, shape (n,)} of every replication: agents stand in the order of their classes."""
    rows = scenario.table["class"]
    member = np.repeat(np.arange(len(rows)), [row["count"] for row in rows])
    return {row["name"]: member == k for k, row in enumerate(rows)}


def mean_of_class(gained, against, marks):
    """A class over replications: (mean surplus of an agent in each, shape (replications,), winners, losers on average).

    gained, against: surpluses, and surpluses above direct participation, money, shape (replications, agents).
    """
    pairs = [accounts.sides(one, one - away) for one, away in zip(gained, against, strict=True)]
    found = [[side[marks].sum() for side in pair] for pair in pairs]
    winners, losers = (sum(each) / len(found) for each in zip(*found, strict=True))
    return gained[:, marks].mean(axis=1), winners, losers


def mean_surplus_of_class(gained, marks):
    """Mean over replications of a class's surplus together, money; not a number where nothing cleared.

    gained: surpluses, money, shape (replications, agents).
    """
    return gained[:, marks].sum(axis=1).mean() if gained.size else np.nan


def _of_class(design, marks):
    """A class's surplus, and how many of it win and lose."""
    if design.account is None:
        return {"surplus": None, "mean_surplus": None, "winners": None, "losers": None}
    sides = (None, None)
    if len(design.against):
        sides = [int(side[marks].sum()) for side in accounts.sides(design.gained, design.gained - design.against)]
    gained = design.gained[marks]
    return {"surplus": number(gained.sum()), "mean_surplus": number(gained.mean())} | dict(
        zip(("winners", "losers"), sides, strict=True)
    )


def memory(scenario):
    """Bytes that a run may need, by the key they grow with: all designs are kept side by side."""
    nodes, lines = microgrid.size(scenario.table, spelt_out(scenario.table["network"], microgrid.CASES))
    agents = sum(row["count"] for row in scenario.table["class"])
    behaviours, periods = len(scenario.table["behaviours"]), scenario.periods
    need = {
        "class.count": agents * (AGENT + agents * PAIR) * periods,
        "network": nodes * nodes * microgrid.MATRIX_BYTES * max(behaviours, 1),
        "private": lines * microgrid.LINE_BYTES * max(behaviours, 1),
    }
    if periods == 1:
        return need
    return need | {"periods.count": agents * (len(scenario.table["alphas"]) + 1) * periods * days.COLUMN_BYTES}


def kept(scenario):
    """Bytes that a comparison keeps of each run."""
    return 16 * len(scenario.designs) * sum(row["count"] for row in scenario.table["class"])


def _plain(value):
    return value if isinstance(value, int) else number(value)


def periods(game):
    """How many periods are compared together, what they are called, and how many there are in all."""
    return len(game.periods), "periods", len(game.periods)


def one_period(game, number, way):
    """All designs in one period, by whose time that of all is told; a day decided on as a whole takes no less."""
    alone = draw_only(way.scenario, way.replication, microgrid.CASES, number).game
    if way.direct:
        solved(alone, way.certify)
    else:
        stepped(played(way, alone), way.certify)


def stepped(model, certify):
    """Facts of a model stepped to its end, or so far: what has not cleared yet has no account."""
    found = {}
    for name, (market, _) in model.study.games.items():
        part = model.parts[name]
        facts = PARTS[market].stepped(part, certify)
        ended = Ended(part.status, part.round, facts["gap"], part.promised)
        found[name] = ended, ACCOUNTS[market](model.study, facts)
    return _facts(model.study, found, Status.SETTLED)


def solved(game, certify):
    """Facts of all designs solved directly."""
    found = {}
    for name, (market, part) in game.games.items():
        facts = PARTS[market].solved(part, certify)
        ended = Ended(facts["status"], 0, facts["gap"], PROMISED[market](part, facts))
        found[name] = ended, ACCOUNTS[market](game, facts)
    return _facts(game, found, Status.SOLVED)


PROMISED = {
    "aggregator": lambda game, facts: of_purchases.promised(facts["status"]),
    "days": lambda game, facts: of_days.promised(facts["status"]),
    "bilateral": lambda game, facts: of_contracts.promised(game, facts["status"], facts["outcomes"]),
    "microgrid": lambda game, facts: of_dispatch.promised(game, facts["status"]),
}


def _purchases(study, facts):
    outcome = facts["outcome"]
    return None if outcome is None else (accounts.of_purchases(study, outcome.x, outcome.price),)


def _days(study, facts):
    outcome = facts["outcome"]
    if outcome is None:
        return None
    z, price = outcome.joined("z"), outcome.joined("price")
    return tuple(accounts.of_purchases(one, z[:, t], float(price[t])) for t, one in enumerate(study.periods))


def _contracts(study, facts):
    if len(facts["outcomes"]) < len(study.periods):
        return None
    found = []
    for one, outcome in zip(study.periods, facts["outcomes"], strict=True):
        agents = np.concatenate([outcome.period.buyer, outcome.period.seller])
        found.append(accounts.of_contracts(one, agents, outcome.costs[0]))
    return tuple(found)


def _nodes(study, facts):
    outcomes = facts["outcomes"]
    if len(outcomes) < len(study.periods) or any(outcome.payments is None for outcome in outcomes):
        return None
    return tuple(
        accounts.of_nodes(one, outcome.payments.agents, outcome.dispatch.loss)
        for one, outcome in zip(study.periods, outcomes, strict=True)
    )


ACCOUNTS = {"aggregator": _purchases, "days": _days, "bilateral": _contracts, "microgrid": _nodes}


def _facts(study, found, fine):
    """Facts of a result from the (Ended, accounts) of each game's design, with the tariff's and the planner's."""
    hours, direct = study.periods, found[DIRECT][1]
    before = None if direct is None else accounts.gained(hours, direct)
    alone = AT_TARIFF, tuple(map(accounts.of_tariff, hours))
    best = planned(study.optimum), None if study.optimum is None else tuple(map(accounts.of_optimum, hours))
    found = {DIRECT: found[DIRECT], TARIFF: alone} | found | {PLANNER: best}
    designs = {name: _design(study, *one, before) for name, one in found.items()}
    ended = [one for one, _ in found.values()]
    return {"status": endings.ending(ended, fine), "gap": endings.gap(ended), "designs": designs}


def _design(study, ended, day, before):
    """A design from how it ended and its account of each period, None where nothing cleared."""
    ending, none = ended._asdict(), np.empty(0)
    if day is None:
        return Design(**ending, account=None, by_period=(), values=dict.fromkeys(MEASURES), gained=none, against=none)
    gained, values = accounts.gained(study.periods, day), accounts.measures(study.periods, day)
    against = none if before is None else gained - before
    values["price of anarchy"] = accounts.price_of_anarchy(study, values["welfare"])
    values["winners"], values["losers"] = None, None
    if before is not None:
        values["winners"], values["losers"] = (int(side.sum()) for side in accounts.sides(gained, before))
    values = {name: values[name] for name in MEASURES}
    return Design(
        **ending, account=accounts.together(day), by_period=day, values=values, gained=gained, against=against
    )


def splits(result):
    """{design: Split of what agents and the main grid have, beside the planner's}, none where none was found."""
    best = result.designs[PLANNER].values["welfare"]
    known = {} if best is None else {name: one.values for name, one in result.designs.items() if one.cleared}
    return {
        name: Split({AGENTS: values["surplus"], GRID: values["grid surplus"]}, best - values["welfare"])
        for name, values in known.items()
    }


def agents_table(agents):
    """Mean surplus of each agent and what it is above direct participation, by design."""
    return mean_by_agent(agents, "agent", ("surplus", "against_direct"))


def against(scenario):
    """None: every run has the tariff and the planner."""
    return {}


def shared(games):
    """What all studies have in common, of "agents", "public lines" and "private lines"."""
    people = ("a", "b", "generation", "node")
    same = {"agents": [[getattr(one.population, name) for one in study.periods for name in people] for study in games]}
    for kind in ("public", "private"):
        lines = [getattr(study.network, kind) for study in games]
        same[f"{kind} lines"] = [[getattr(one, name) for name in ("tail", "head", "r")] for one in lines]
    return tuple(
        name
        for name, sets in same.items()
        if all(len(sets[0]) == len(other) and all(map(np.array_equal, sets[0], other)) for other in sets)
    )
