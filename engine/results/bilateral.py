"""What a run of the bilateral market leaves behind: results, measures to compare by, files."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from agents.bilateral.model import MOST_REMEMBERED
from engine.columns import with_people
from engine.results.result import NUMBER_BYTES, Measure, Result, mean_by_agent, number, numbers, played
from engine.results.welfare import Welfare
from market import sanity
from market.bilateral import endings
from market.bilateral.negotiation import RULES
from market.bilateral.trading import ClosedPeriod
from market.measures import jain
from market.outcome import Status
from market.splits import BUYERS, SELLERS, Split

MEASURES = {
    "welfare": Measure("money", lambda result: result.welfare),
    "efficiency": Measure("1", lambda result: share(result.welfare, result.best_welfare)),
    "buyers' share": Measure("1", lambda result: share(float(result.sides[0].sum()), result.welfare)),
    "jain": Measure("1", lambda result: float(jain(sum(result.sides))) if result.game.agents else None),
    "distance to tau": Measure("1", lambda result: share(result.away_from_tau, result.best_welfare)),
    "rounds": Measure("rounds", lambda result: result.rounds),
    "messages": Measure("scalars", lambda result: result.messages),
    "violation": Measure("money", lambda result: max(outcome.settlement.violation for outcome in result.outcomes)),
    "contracts": Measure("contracts", lambda result: len(result.contracts)),
    "traded": Measure("kWh", lambda result: result.traded),
    "mean price": Measure("money/kWh", lambda result: share(result.turnover, result.traded)),
    "cost of energy": Measure("money", lambda result: float(result.costs[0].sum())),
    "saved against the grid": Measure("money", lambda result: result.saved),
}
HEADLINE = (
    "welfare",
    "buyers' share",
    "jain",
    "distance to tau",
    "rounds",
    "messages",
    "mean price",
    "saved against the grid",
)
DRAWN = HEADLINE
MONEY_ROUNDING = 1e-12  # share of what is summed that counts as nothing
MATRICES, MATRICES_PERIOD = 9, 6  # numbers of each pair in the first period, and in each other one
PRICE_BYTES = 24  # bytes of a contract's price in a round: remembered, tabled and written
AGENT_PERIOD_BYTES = 200  # bytes of an agent in a period
NUMBERS_PROPOSED = 8  # numbers of each two agents where everybody holds a proposal for everybody


OF_USERS = {
    "gain": Measure("money", lambda result: sum(result.sides)),
    "saved": Measure("money", lambda result: result.costs[1] - result.costs[0]),
    "cost": Measure("money", lambda result: result.costs[0]),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class BilateralResult(Result):
    """A run of the bilateral market; outcomes: one a period; prices: of the last period's contracts by round."""

    OF_USERS = OF_USERS

    outcomes: tuple[ClosedPeriod, ...]
    prices: tuple = ()
    messages: int = 0

    @property
    def advice(self):
        """What the status means in this market."""
        return endings.advice(self.game, self.status)

    @property
    def promised(self):
        """Contracts were negotiated up to this, in the units of the gap."""
        return endings.promised(self.game, self.status, self.outcomes)

    @property
    def by_row(self):
        """Are buyers and sellers numbered on their own side? Prosumers, and agents of several periods, are not."""
        return len(self.outcomes) == 1 and self.scenario.sides is not None

    def by_agent_of(self, sides):
        """Money of all agents as buyers (agents,) and as sellers (agents,) over the periods, from sides(outcome)."""
        bought, sold = np.zeros(self.game.agents), np.zeros(self.game.agents)
        for outcome in self.outcomes:
            u, v = sides(outcome)
            np.add.at(bought, outcome.period.buyer, u)
            np.add.at(sold, outcome.period.seller, v)
        return bought, sold

    def claims(self, sides):
        """{"u", "v"}: money of buyers and sellers from sides(outcome), by row where `by_row`, else by agent."""
        u, v = sides(self.outcomes[0]) if self.by_row else self.by_agent_of(sides)
        return {"u": numbers(u), "v": numbers(v)}

    @cached_property
    def contracts(self):
        """Table of all contracts: period, buyer, seller, quantity, price, buyer_gain, seller_gain."""
        return contracts_of(self.outcomes, self.by_row)

    @cached_property
    def costs(self):
        """Net cost of energy of every agent, shape (agents,), money: with contracts, and with the grid alone."""
        now, alone = np.zeros(self.game.agents), np.zeros(self.game.agents)
        for outcome in self.outcomes:
            agents = np.concatenate([outcome.period.buyer, outcome.period.seller])
            for total, cost in zip((now, alone), outcome.costs, strict=True):
                np.add.at(total, agents, cost)
        return now, alone

    @property
    def cleared(self):
        """Always: the grid serves whoever has no contract."""
        return True

    @cached_property
    def sides(self):
        """Gains of all agents as buyers and as sellers, money, shapes (agents,)."""
        return self.by_agent_of(lambda outcome: outcome.payoffs)

    @property
    def welfare(self):
        """Gains of all contracts, money."""
        return float(sum(outcome.welfare for outcome in self.outcomes))

    @property
    def best_welfare(self):
        """The most they could be, money."""
        return float(sum(outcome.best.welfare for outcome in self.outcomes))

    @property
    def away_from_tau(self):
        """How far gains are from the tau value, money, over all agents."""
        tau = self.by_agent_of(lambda outcome: outcome.tau)
        return sum(np.abs(one - other).sum() for one, other in zip(self.sides, tau, strict=True))

    @property
    def traded(self):
        """Energy of all contracts, kWh."""
        return float(self.contracts["quantity"].sum())

    @property
    def turnover(self):
        """What all contracts cost, money."""
        return float((self.contracts["price"] * self.contracts["quantity"]).sum())

    @property
    def saved(self):
        """What contracts save all agents against the grid alone, money."""
        now, alone = self.costs
        return _snapped(float((alone - now).sum()), float(np.abs(now).sum()))

    @property
    def odd(self):
        """What of contracts and what energy is worth suggests a mistake in units; nothing of a bare assignment game."""
        if "pair_value" in self.scenario.table:
            return []
        markets = [period.market for period in self.game.periods]
        worth, cost = (np.concatenate([getattr(one, name).ravel() for one in markets]) for name in ("worth", "cost"))
        return sanity.of_contracts(len(self.contracts), worth, cost)

    @property
    def tables(self):
        """Those of every run, the contracts, and all periods."""
        return super().tables | {"contracts": self._contracts, "periods": self._periods}

    def _periods(self):
        return pd.DataFrame(_period(k, outcome) for k, outcome in enumerate(self.outcomes))

    def _contracts(self):
        """Columns of all contracts, with what is known of buyer and seller."""
        columns = dict(self.contracts)
        first = self.scenario.sides[0] if self.by_row else 0
        for side, before in (("buyer", 0), ("seller", first)):
            named = {f"{side} {name}": values for name, values in self.scenario.people.items()}
            columns = with_people(columns, named, columns[side].to_numpy() + before)
        return columns

    @property
    def by_agent(self):
        """Gains of all agents, and what they save against the grid."""
        now, alone = self.costs
        return sum(self.sides), alone - now

    def facts(self, users=False):
        """Welfare, contracts with prices, the core's corners and fair point beside what came out, proof."""
        several = len(self.outcomes) > 1
        columns = list(self.contracts.columns) if several else list(self.contracts.columns)[1:]
        return (
            {
                "contracts_per_agent": self.game.contracts,
                "rule": self.scenario.table["negotiation"]["rule"],
                "welfare": number(self.welfare),
                "best_welfare": number(self.best_welfare),
                "contracts": self.contracts[columns].to_dict("records"),
                "corners": {
                    side: self.claims(lambda outcome, side=side: getattr(outcome.corners, side))
                    for side in ("buyer", "seller")
                },
                "fair": {"point": self.game.fair, **self.claims(lambda outcome: outcome.fair_payoffs)},
                "outcome": self.claims(lambda outcome: outcome.payoffs),
                "violation": number(MEASURES["violation"].of(self)),
                "negotiated_gap": number(max(outcome.state.gap for outcome in self.outcomes)),
                "ending": sorted({str(outcome.settlement.ending) for outcome in self.outcomes}),
                "messages": int(self.messages),
                "costs": {"with_contracts": numbers(self.costs[0]), "grid_only": numbers(self.costs[1])},
                "ledger": [line.__dict__ for line in self.game.ledger],
                "periods": len(self.game.periods),
            }
            | self._labels()
            | ({"by_period": [_period(k, outcome) for k, outcome in enumerate(self.outcomes)]} if several else {})
        )

    def _labels(self):
        """Names of the agents and times of the periods by number, where the scenario has them."""
        columns = self.scenario.table.get("prosumers", {})
        return {name: list(columns[name]) for name in ("names", "times") if name in columns}

    def write_agents(self, folder):
        """Contracts in contracts.csv, every agent's gain and cost in agents.csv, prices by round in prices.csv."""
        pd.DataFrame(self._contracts()).to_csv(folder / "contracts.csv", index=False, lineterminator="\n")
        bought, sold = self.sides
        now, alone = self.costs
        agents = {
            "agent": range(self.game.agents),
            "gain_buying": bought,
            "gain_selling": sold,
            "cost": now,
            "cost_grid_only": alone,
        }
        named = {"name": names} if (names := self._labels().get("names")) else {}
        columns = with_people(agents | named, self.scenario.people, np.arange(self.game.agents))
        pd.DataFrame(columns).to_csv(folder / "agents.csv", index=False, lineterminator="\n")
        if len(self.prices):
            names = [f"{i} {j}" for i, j in zip(*self._priced(), strict=True)]
            table = pd.DataFrame(np.array(self.prices), columns=names)
            table.insert(0, "round", range(1, len(table) + 1))
            table.to_csv(folder / "prices.csv", index=False, lineterminator="\n")

    def _priced(self):
        """Buyer and seller of each contract whose prices are kept, numbered as in `contracts`."""
        last, ends = self.outcomes[-1], (self.bargained.buyer, self.bargained.seller)
        if last.blocks is not None:
            ends = last.blocks.buyer[ends[0]], last.blocks.seller[ends[1]]
        return ends if self.by_row else (last.period.buyer[ends[0]], last.period.seller[ends[1]])

    @property
    def bargained(self):
        """The last period's bargain, whose prices are kept by round."""
        return self.outcomes[-1].state.bargain


RESULT = BilateralResult


def contracts_of(outcomes, by_row=False):
    """Table of the contracts of periods, buyers and sellers numbered by row where `by_row`, else by agent."""
    tables = []
    for k, outcome in enumerate(outcomes):
        columns = {"period": k, **outcome.contracts}
        if not by_row:
            columns |= {side: getattr(outcome.period, side)[columns[side]] for side in ("buyer", "seller")}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def stepped(model, certify):
    """Facts of a model stepped to its end."""
    return {
        "outcomes": tuple(model.outcomes),
        "gap": model.gap,
        "messages": model.messages,
        "prices": () if model.resigned else tuple(model.prices),
    }


def solved(game, certify):
    """Facts of the fair point of each period's core, without negotiation: no rounds, no messages."""
    outcomes = tuple(game.solve(period) for period in game.periods)
    status, gap = endings.ending(outcomes, Status.SOLVED), endings.gap(outcomes)
    return {"status": status, "outcomes": outcomes, "gap": gap}


def periods(game):
    """How many periods are traded in, what they are called, and how many there are in all."""
    return len(game.periods), "periods", len(game.periods)


def one_period(game, number, way):
    """All the work of one period, by whose time that of all is told."""
    if way.direct:
        game.solve(game.periods[number])
        return
    played(way, replace(game, periods=(game.periods[number],)))


def by_claims(model):
    """{name: value} of a negotiation by the claims made so far, as MEASURES have it of settled periods."""
    bargain = model.state.bargain
    sides = [float(np.sum(side)) for side in bargain.payoffs(model.state.u, model.state.v)]
    traded = float(np.sum(bargain.amount))
    return {
        "contracts": len(bargain),
        "mean price": share(float(np.sum(model.state.prices * bargain.amount)), traded),
        "traded": traded,
        "welfare": bargain.welfare,
        "buyers' share": share(sides[0], sum(sides)),
        "messages": model.messages,
    }


def of_agents(ends, quantity, price, many):
    """(Contracts, energy in kWh, mean price or NaN) of each agent of a side, shapes (many,).

    ends: the side's agent of each contract; quantity, price: of the contracts; shapes (k,).
    """
    count, energy = np.bincount(ends, minlength=many), np.bincount(ends, quantity, many)
    paid = np.bincount(ends, quantity * price, many)
    with np.errstate(invalid="ignore", divide="ignore"):
        return count, energy, np.where(energy > 0, paid / energy, np.nan)


def totals(summary):
    """{point: (money of all buyers, of all sellers)} of a summary: settled, the core's corners, its fair point."""
    points = {"outcome": summary["outcome"], **summary["corners"], "fair": summary["fair"]}
    return {name: (sum(point["u"]), sum(point["v"])) for name, point in points.items()}


def bills(summary):
    """(Cost with contracts, with the grid alone, saved) of all agents of a summary, money."""
    now, alone = (sum(summary["costs"][name]) for name in ("with_contracts", "grid_only"))
    return now, alone, alone - now


def share(part, whole):
    """part / whole, None where there is no whole."""
    return part / whole if whole > 0 else None


def _snapped(value, size):
    """A sum, 0 where it is nothing but rounding of terms of such a size."""
    return 0.0 if abs(value) <= MONEY_ROUNDING * size else value


def agents_table(agents):
    """Mean gain of each agent and what it saves against the grid, by scenario."""
    return mean_by_agent(agents, "agent", ("gain", "saved"))


def memory(scenario):
    """Bytes that a run may need, by the key they grow with; all its rounds played."""
    table, (m, n), periods = scenario.table, _most(scenario), _periods(scenario.table)
    numbers = m * n * (MATRICES + MATRICES_PERIOD * (periods - 1))
    prices = min(scenario.rounds * min(m, n), MOST_REMEMBERED)
    most = RULES[table["negotiation"]["rule"]].most_agents or 0
    return {
        "pairs of agents": numbers * NUMBER_BYTES,
        "rounds": prices * PRICE_BYTES,
        "periods": periods * (m + n) * AGENT_PERIOD_BYTES,
        "negotiation.rule": NUMBERS_PROPOSED * NUMBER_BYTES * min(m + n, most) ** 2,
    }


def kept(scenario):
    """Bytes that a comparison keeps of each run."""
    return 2 * NUMBER_BYTES * sum(_most(scenario))


def _most(scenario):
    """Buyers and sellers, at most half of all prosumers each where sides change."""
    if scenario.sides is not None:
        return scenario.sides
    agents = int(max(scenario.table["prosumers"]["prosumer"])) + 1
    return agents, agents


def _periods(table):
    if "periods" in table or "prosumers" not in table:
        return table.get("periods", 1)
    return len(set(table["prosumers"]["period"]))


def against(scenario):
    """None: every run knows what it gains beside the grid, and the best there could be."""
    return {}


def shared(games):
    """What all tradings have in common, of "users" (energy, values and asks) and "preferences"."""
    same = {"users": ("demand", "supply", "willingness", "ask"), "preferences": ("preference", "fee")}
    markets = [[period.market for period in game.periods] for game in games]
    if any(len(each) != len(markets[0]) for each in markets):
        return ()
    return tuple(
        name
        for name, keys in same.items()
        if all(
            np.array_equal(getattr(one, key), getattr(other, key))
            for each in markets
            for one, other in zip(markets[0], each, strict=True)
            for key in keys
        )
    )


def welfare(outcomes):
    """Who has what all gain beside the grid over periods, and of the best contracts at the fair point, a Welfare."""
    most = sum(outcome.best.welfare for outcome in outcomes)
    had, best = (_by_side([getattr(one, name) for one in outcomes]) for name in ("payoffs", "fair_payoffs"))
    return Welfare(Split(had, most - sum(had.values())), Split(best, 0.0))


def _by_side(payoffs):
    """{side: its money over periods} of (buyers', sellers') money in each."""
    return {side: sum(float(np.sum(one[k])) for one in payoffs) for k, side in enumerate((BUYERS, SELLERS))}


def by_period(outcomes):
    """{what: (unit, numbers by period)} of the periods that have ended."""
    traded = [float(np.sum(outcome.contracts["quantity"])) for outcome in outcomes]
    paid = [float(np.sum(outcome.contracts["quantity"] * outcome.contracts["price"])) for outcome in outcomes]
    prices = [money / energy if energy else None for money, energy in zip(paid, traded, strict=True)]
    return {
        "wanted": ("kWh", [float(np.sum(outcome.market.demand)) for outcome in outcomes]),
        "offered": ("kWh", [float(np.sum(outcome.market.supply)) for outcome in outcomes]),
        "traded": ("kWh", traded),
        "contracts": ("", [len(outcome.contracts["price"]) for outcome in outcomes]),
        "mean price": ("money/kWh", prices),
        "the grid charges": ("money/kWh", [float(outcome.market.tariff.buy) for outcome in outcomes]),
        "the grid pays": ("money/kWh", [float(outcome.market.tariff.sell) for outcome in outcomes]),
        "gained": ("money", [number(outcome.welfare) for outcome in outcomes]),
    }


def _period(period, outcome):
    return {
        "period": period,
        "status": str(outcome.state.status),
        "rounds": outcome.state.round,
        "messages": outcome.state.messages,
        "welfare": number(outcome.welfare),
        "contracts": len(outcome.contracts["price"]),
        "violation": number(outcome.settlement.violation),
    }
