"""What a run of the microgrid market leaves behind: results, measures to compare by, files."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from engine.columns import columns_of, write_csv
from engine.progress import each_of
from engine.results.result import NUMBER_BYTES, Measure, Result, mean_by_agent, number, numbers
from engine.results.welfare import UNPAID, UNSERVED, Welfare
from market import sanity
from market.grid.power_flow import MOST_DENSE_NODES
from market.microgrid import endings
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.market import ClearedPeriod, winners_and_losers
from market.microgrid.payments import generation_cost
from market.microgrid.random_lines import chance
from market.microgrid.splits import planned as planned
from market.microgrid.splits import split
from market.outcome import Status
from scenarios.grid.cases import DATA
from scenarios.loading import draw, load
from scenarios.microgrid.cases import left_out, names_of, spelt_out, zones_of
from scenarios.reading.errors import Place

MEASURES = {
    "loss": Measure("p.u.", lambda result: result.loss),
    "public loss": Measure("p.u.", lambda result: result.total(lambda o: o.dispatch.public_loss)),
    "private loss": Measure("p.u.", lambda result: result.total(lambda o: o.dispatch.private_loss)),
    "grid supply": Measure("p.u.", lambda result: result.total(lambda o: o.dispatch.grid_supply)),
    "loss / no trade": Measure("1", lambda result: result.loss / result.idle_loss if result.idle_loss else None),
    "paid to agents": Measure("money", lambda result: None if result.paid is None else float(result.paid.sum())),
    "left to the grid": Measure("money", lambda result: result.left_to_grid),
    "winners": Measure("nodes", lambda result: None if result.sides is None else len(result.sides[0])),
    "losers": Measure("nodes", lambda result: None if result.sides is None else len(result.sides[1])),
    "least gain": Measure("money", lambda result: result.least_gain),
    "private lines": Measure("lines", lambda result: len(result.game.network.private)),
}
HEADLINE = ("loss", "public loss", "private loss", "grid supply", "paid to agents", "winners", "losers")
DRAWN = HEADLINE
MATRIX_BYTES = 4 * NUMBER_BYTES  # for each pair of unknowns: the inverse Laplacian, losses, a system of equations
NODE_BYTES = 12_000  # bytes of a node: its public lines, their factors, its agent
LINE_BYTES = 6_000  # of a private line
LINE_PERIOD_BYTES, NODE_PERIOD_BYTES = 100, 200  # in each period of a line and of a node
CASES = Place("network", DATA)  # where the networks of cases are
NUMBERS = range(2**31)  # what nodes are called where nobody names them


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class MicrogridResult(Result):
    """A run of the microgrid market; outcomes: one a period played; certified: is stability looked at?"""

    outcomes: tuple[ClearedPeriod, ...]
    certified: bool = True

    @property
    def advice(self):
        """What the status means in this market."""
        return endings.advice(self.status)

    @property
    def outcome(self):
        """The last period's outcome."""
        return self.outcomes[-1]

    @property
    def cut_off(self):
        """(Period, nodes) of the first period in which some node could not be served, None where all were."""
        found = ((k, o.dispatch.unserved) for k, o in enumerate(self.outcomes) if o.dispatch.unserved)
        return next(found, None)

    @property
    def promised(self):
        """Optima are shown to be such up to this."""
        return endings.promised(self.game, self.status)

    @cached_property
    def stabilities(self):
        """The Stability of every period, the core of the first; empty if not asked for or somebody is cut off."""
        if not self.certified or self.cut_off is not None:
            return ()
        outcomes = each_of(self.outcomes, "who would leave", "period")
        return tuple(self.game.stability(outcome, core=k == 0) for k, outcome in enumerate(outcomes))

    @property
    def coalitions(self):
        """Lists of the nodes that joined each other in the first period, empty where joining was not looked at."""
        joined = self.stabilities[0].joined if self.stabilities else None
        return () if joined is None else joined.groups(self.outcomes[0].network.agents)

    def total(self, value):
        """Sum over periods of value(outcome), None where it is undefined in one of them."""
        return total(self.outcomes, value)

    @cached_property
    def gains(self):
        """What private trade brings each node over all periods, money, shape (n,), or None."""
        return self.total(lambda outcome: outcome.gains)

    @cached_property
    def paid(self):
        """Payments to each node over all periods, money, shape (n,), or None."""
        return self.total(lambda outcome: None if outcome.payments is None else outcome.payments.agents)

    @property
    def cleared(self):
        """Could every node be served in every period?"""
        return self.cut_off is None

    @property
    def loss_avoided(self):
        """Share of the loss without private trade that there is not, None where that is unknown or nothing."""
        left = MEASURES["loss / no trade"].of(self) if self.cleared else None
        return None if left is None else 1 - left

    @property
    def names(self):
        """What the nodes are called, empty where nobody says."""
        return names_of(self.scenario.table["network"], CASES)

    @property
    def left_to_grid(self):
        """What is left to the main grid over all periods, money, or None."""
        return self.total(lambda o: None if o.payments is None else o.payments.grid)

    @property
    def loss(self):
        """Power lost over all periods, p.u."""
        return self.total(lambda o: o.dispatch.loss)

    @cached_property
    def sides(self):
        """(Winners, losers) against no private trade, nodes, or None."""
        return None if self.gains is None else winners_and_losers(self.gains, self.paid)

    @property
    def least_gain(self):
        """The least any node gains by private trade, money, or None."""
        return None if self.gains is None else float(np.min(self.gains[self.game.network.agents], initial=np.inf))

    @property
    def by_agent(self):
        """Payments to the nodes, and their gains."""
        nothing = np.full(self.game.network.nodes, np.nan)
        return tuple(nothing if one is None else one for one in (self.paid, self.gains))

    def facts(self, users=False):
        """Losses, supply, flows, prices, payments, and who would rather leave; totals over the periods."""
        market, network = self.game, self.game.network
        return {
            "behaviour": self.scenario.table["behaviour"],
            "losses": {
                "total": number(MEASURES["loss"].of(self)),
                "public": number(MEASURES["public loss"].of(self)),
                "private": number(MEASURES["private loss"].of(self)),
            },
            "grid_supply": number(MEASURES["grid supply"].of(self)),
            "injection": numbers(self.total(lambda o: o.dispatch.p)),
            "private_flows": _flows(network.private, self.total(lambda o: o.dispatch.g)),
            "public_flows": _flows(network.public, self.total(lambda o: o.dispatch.f)),
            "prices": numbers(_mean(self.total(lambda o: o.dispatch.prices), len(self.outcomes))),
            "payments": self._payments(),
            "relax_gap": number(max(o.dispatch.relax_gap for o in self.outcomes)),
            "edges": len(network.private),
            "periods": market.periods,
            "idle": {"loss": number(self.idle_loss), "agents": numbers(self.total(lambda o: o.idle))},
        } | self._endings()

    @cached_property
    def idle_loss(self):
        """Loss if private lines lay idle, over all periods, in p.u., or None."""
        return self.total(lambda outcome: outcome.idle_loss)

    def _payments(self):
        """Who gets what; all None where the rule has no payments for such an outcome."""
        agents, lines, grid = (
            self.total(lambda o, name=name: None if o.payments is None else getattr(o.payments, name))
            for name in ("agents", "lines", "grid")
        )
        shares = None if self.outcome.payments is None else self.outcome.payments.shares
        paid = {"rule": self.game.payments, "agents": numbers(agents), "lines": numbers(lines), "grid": number(grid)}
        cost = sum(generation_cost(outcome.network) for outcome in self.outcomes)
        return paid | {"shares": numbers(shares), "generation_cost": numbers(cost)}

    def _endings(self):
        """What only some runs have: what an import left out, winners and losers, stability, nodes unserved, periods.

        withheld: ends of the private lines that some owner did not let be used in some period.
        """
        extra = left_out(self.scenario.table["network"], CASES)
        if self.names:
            extra["names"] = list(self.names)
        if self.sides is not None:
            extra["winners"], extra["losers"] = (side.tolist() for side in self.sides)
        if self.stabilities:
            extra |= _stability(self.stabilities)
            if self.stabilities[0].joined is not None:
                extra["joining"] = _joining(self.outcomes[0].network.agents, self.stabilities[0].joined)
        if self.cut_off is not None:
            extra["nodes"] = [int(node) for node in self.cut_off[1]]
        withheld = [outcome.withheld for outcome in self.outcomes]
        if any(map(len, withheld)):
            lines = self.game.network.private.take(np.unique(np.concatenate(withheld)))
            extra["withheld"] = np.column_stack([lines.tail, lines.head]).tolist()
        if self.game.periods > 1:
            extra["by_period"] = [_period(k, outcome) for k, outcome in enumerate(self.outcomes)]
        return extra

    @property
    def odd(self):
        """What of losses, private lines idle, and of what nodes put in or take suggests a mistake in units."""
        put_in = [outcome.network.endowments[outcome.network.agents] for outcome in self.outcomes]
        load = -sum(float(np.sum(np.minimum(each, 0.0))) for each in put_in)
        largest = max(float(np.max(np.abs(each), initial=0.0)) for each in put_in)
        lost = self.loss if self.idle_loss is None else self.idle_loss
        return [*sanity.of_losses(lost, load), *sanity.of_flows(largest)]

    @property
    def tables(self):
        """Those of every run, nodes and lines in each period, and all periods."""
        found = {"players": self._nodes, "lines": self._lines} if self.outcomes else {}
        return super().tables | found | {"periods": self._periods}

    def _periods(self):
        return pd.DataFrame(_period(k, outcome) for k, outcome in enumerate(self.outcomes))

    def write_agents(self, folder):
        """Every node by period in agents.csv, every line by period in lines.csv."""
        if self.outcomes:
            write_csv(columns_of(self._nodes()), folder / "agents.csv")
            write_csv(columns_of(self._lines()), folder / "lines.csv")

    def _nodes(self):
        named = {"name": self.names} if self.names else {}
        periods = [
            pd.DataFrame(
                {
                    "period": k,
                    "node": np.arange(outcome.network.nodes),
                    **named,
                    "injection": outcome.network.endowments,
                    "put_in": outcome.dispatch.p,
                    "price": outcome.dispatch.prices,
                    "payment": None if outcome.payments is None else outcome.payments.agents,
                    "payment_idle": outcome.idle,
                }
            )
            for k, outcome in enumerate(self.outcomes)
        ]
        return pd.concat(periods, ignore_index=True)

    def _lines(self):
        names = np.array(self.names)
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "period": k,
                        "kind": kind,
                        "line": np.arange(len(lines)),
                        "tail": lines.tail,
                        "head": lines.head,
                        **({"from": names[lines.tail], "to": names[lines.head]} if self.names else {}),
                        "flow": flows,
                        "loss": np.nan if flows is None else lines.r * flows**2,
                        "rent": np.nan if rents is None else rents,
                    }
                )
                for k, o in enumerate(self.outcomes)
                for kind, lines, flows, rents in (
                    ("public", o.network.public, o.dispatch.f, None),
                    ("private", o.network.private, o.dispatch.g, o.payments and o.payments.lines),
                )
            ],
            ignore_index=True,
        )


RESULT = MicrogridResult


def called(scenarios):
    """What scenarios call their nodes: names, or numbers where nobody names them or they differ."""
    first, *others = (names_of(scenario.table["network"], CASES) for scenario in scenarios)
    return first if first and all(names == first for names in others) else NUMBERS


def zones(scenario):
    """The zone of each node, empty where nobody says."""
    return zones_of(scenario.table["network"], CASES)


def total(outcomes, value):
    """Sum over outcomes of value(outcome), None where it is undefined in one of them."""
    values = [value(outcome) for outcome in outcomes]
    return None if any(one is None for one in values) else sum(values)


def played(model):
    """The outcomes a result has: one a period that has ended, before that the present one."""
    return (*model.outcomes,) or (model.outcome,)


def stepped(model, certify):
    """Facts of a model stepped to its end."""
    status = model.market.ending(model.outcomes, certify) if model.status == Status.SETTLED else model.status
    return {"status": status, "outcomes": played(model), "gap": model.gap, "certified": certify}


def solved(game, certify):
    """Facts of all periods dispatched at once, without rounds."""
    outcomes = tuple(cleared(game, k) for k in each_of(range(game.periods), "periods", "period"))
    status, gap = game.ending(outcomes, certify, Status.SOLVED), endings.gap(outcomes)
    return {"status": status, "outcomes": outcomes, "gap": gap, "certified": certify}


def cleared(game, period):
    """The outcome of one period, dispatched at once."""
    network = game.at(period)
    return game.clear(network, game.dispatch(network, period), period=period)


def periods(game):
    """How many periods a market has, what they are called, and how many there are in all."""
    return game.periods, "periods", game.periods


def one_period(game, number, way):
    """All the work of one period, by whose time that of all is told."""
    outcome = cleared(game, number)
    if way.certify and not outcome.dispatch.unserved:
        game.stability(outcome, core=False)


def under_each(scenario, replication, game):
    """{behaviour: the market of a replication under it}; game: the market as the scenario has it."""
    mine = scenario.table["behaviour"]
    others = {name: load(scenario, set=[f"behaviour={name}"]) for name in BEHAVIOURS if name != mine}
    return {name: game if name == mine else draw(others[name], replication).game for name in BEHAVIOURS}


def losses_under_each(games, period):
    """{behaviour: its Dispatch} of a period by itself; `loss` is None where not all can be served."""
    return {name: game.dispatch(game.at(period), period) for name, game in games.items()}


def welfare(outcomes, planners):
    """Who has what of some periods' outcomes and of those `planned` for the same periods, a Welfare."""
    if any(one.dispatch.loss is None for one in (*outcomes, *planners)):
        return Welfare(why=UNSERVED)
    if any(one.payments is None for one in outcomes):
        return Welfare(why=UNPAID)
    return Welfare(split(outcomes, planners), split(planners, planners))


def of_nodes(summary):
    """(Paid to all nodes, gain of each) of a summary, money; None where it is unknown."""
    paid, idle = summary["payments"]["agents"], summary["idle"]["agents"]
    gains = None if paid is None or idle is None else [one - other for one, other in zip(paid, idle, strict=True)]
    return None if paid is None else sum(paid), gains


def mean_sides(comparison, name):
    """(Winners, losers) against no private trade by the mean over replications, nodes; None without payments."""
    paid, gains = comparison.mean_by_agent(name)
    return winners_and_losers(gains, paid) if np.all(np.isfinite(gains)) else None


def memory(scenario):
    """Bytes that a run may need, by the key they grow with."""
    nodes, lines = size(scenario.table, spelt_out(scenario.table["network"], CASES))
    unknowns = nodes if nodes <= MOST_DENSE_NODES else min(nodes, lines)
    return {
        "network": nodes * NODE_BYTES + unknowns * unknowns * MATRIX_BYTES,
        "private": lines * LINE_BYTES,
        "injection": scenario.periods * (nodes * NODE_PERIOD_BYTES + lines * LINE_PERIOD_BYTES),
    }


def kept(scenario):
    """Bytes that a comparison keeps of each run."""
    return 2 * NUMBER_BYTES * size(scenario.table, spelt_out(scenario.table["network"], CASES))[0]


def size(table, network):
    """(Nodes, private lines) of a scenario's table and its network spelt out; as many as expected where drawn."""
    nodes = len(network["injection"][0])
    if "private" in table:
        return nodes, chance(table["private"]["density"], nodes) * nodes * (nodes - 1) / 2
    return nodes, len(network.get("private", ()))


def against(scenario):
    """None: every run knows its losses with private lines idle."""
    return {}


def shared(games):
    """What all games have in common, of "public lines", "private lines" and "injections"."""
    same = {
        "public lines": [(g.network.public.tail, g.network.public.head, g.network.public.r) for g in games],
        "private lines": [(g.network.private.tail, g.network.private.head, g.network.private.r) for g in games],
        "injections": [(g.profile,) for g in games],
    }
    return tuple(
        name
        for name, sets in same.items()
        if all(np.array_equal(a, b) for other in sets for a, b in zip(sets[0], other, strict=True))
    )


def _flows(lines, flows):
    """[[tail, head, flow] …], None where nobody can be served."""
    if flows is None:
        return None
    return [list(row) for row in zip(lines.tail.tolist(), lines.head.tolist(), flows.tolist(), strict=True)]


def _mean(values, periods):
    return None if values is None else values / periods


def by_period(outcomes):
    """{what: (unit, numbers by period)} of the periods that have ended; None where somebody could not be served."""
    needs = [outcome.network.injection for outcome in outcomes]
    dispatches = [outcome.dispatch for outcome in outcomes]
    columns = {
        "left over": [float(np.sum(np.maximum(each, 0.0))) for each in needs],
        "needed": [float(np.sum(np.maximum(-each, 0.0))) for each in needs],
        "main grid supplies": [number(one.grid_supply) for one in dispatches],
        "lost": [number(one.loss) for one in dispatches],
        "on public lines": [number(one.public_loss) for one in dispatches],
        "on private lines": [number(one.private_loss) for one in dispatches],
        "lost without trade": [number(outcome.idle_loss) for outcome in outcomes],
        "supplied without trade": [number(outcome.idle_supply) for outcome in outcomes],
    }
    prices = {
        "lowest price": [None if one.prices is None else float(np.min(one.prices)) for one in dispatches],
        "highest price": [None if one.prices is None else float(np.max(one.prices)) for one in dispatches],
    }
    told = {what: ("p.u.", values) for what, values in columns.items()}
    return told | {what: ("money/p.u.", values) for what, values in prices.items()}


def _period(period, outcome):
    dispatch = outcome.dispatch
    return {
        "period": period,
        "status": str(outcome.status),
        "loss": number(dispatch.loss),
        "grid_supply": number(dispatch.grid_supply),
        "gap": number(dispatch.gap),
    } | ({"nodes": [int(node) for node in dispatch.unserved]} if dispatch.unserved else {})


def _stability(stabilities):
    """Participation at its worst over the periods, and the core of the first period's game."""
    extra = {}
    looked = [(k, s.participation) for k, s in enumerate(stabilities) if s.participation is not None]
    if looked:
        period, worst = max(looked, key=lambda one: one[1].gain)
        extra["participation"] = {
            "holds": all(one.holds for _, one in looked),
            "proven": all(one.proven for _, one in looked) or not worst.holds,
            "coalition": list(worst.coalition),
            "gain": number(worst.gain),
            "period": period,
        }
    first = stabilities[0]
    if first.core is not None:
        extra["core"] = {
            "epsilon": number(first.core.epsilon + 0.0),  # no -0.0
            "empty": first.short is not None,
            "payoffs": numbers(first.core.payoffs + 0.0),
            "short": None if first.short is None else {"coalition": first.short[0], "gain": number(first.short[1])},
        }
    if first.groups:
        extra["mergers"] = [{"groups": groups, "gain": number(gain)} for groups, gain in first.groups]
    return extra


def _joining(agents, joined):
    """The coalitions agents joined, as lists of nodes; what each has; the move that gains most of all left.

    gaining: each agent's best move that is worth it, all others staying where they are, the best first.
    """

    def told(agent, gain, to):
        members = np.flatnonzero(joined.labels == to) if gain > 0 else []
        return {"node": int(agents[agent]), "to": agents[members].tolist(), "gain": number(gain)}

    return {
        "groups": joined.groups(agents),
        "payoffs": dict(zip(map(str, agents.tolist()), numbers(joined.payoffs + 0.0), strict=True)),
        "status": str(joined.status),
        "rounds": joined.rounds,
        "moves": joined.moves,
        "period": joined.cycle,
        "stable": joined.status == Status.SETTLED,
        "largest_gain": told(*joined.best),
        "gaining": [told(*move) for move in joined.gaining],
    }


def agents_table(agents):
    """Mean payment to each node, and gain against no private trade, by scenario; None where nobody could be served."""
    return mean_by_agent(agents, "node", ("payment", "gain"))
