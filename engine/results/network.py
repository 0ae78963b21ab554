"""What a run of the aggregator market on a network leaves behind: results, measures to compare by, files."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.columns import write_csv
from engine.results import aggregator, learning, others
from engine.results.aggregator import NOTHING_CLEARED, AggregatorResult
from engine.results.result import NUMBER_BYTES, Measure, moments, number, numbers
from engine.results.welfare import UNPLANNED, UNSERVED, Welfare
from market.aggregator.best_response import PricedOut
from market.aggregator.network import endings
from market.aggregator.network.curves import replies_of_two, residual
from market.aggregator.network.direct import solve
from market.aggregator.network.game import sells
from market.aggregator.network.measures import (
    efficiency,
    full_lines,
    planners_outcome,
    producer_surplus,
    split,
    total_welfare,
)
from market.outcome import of_own
from scenarios.grid import nodal_tables

NODE_BYTES, LINE_BYTES = 4_000, 6_000  # bytes that a node or a line needs as agents and in what clears
LARGE = "large"  # a kind of group: no small users
MOST_REPLYING = 1_000  # users up to which two players' replies are
RECORD_BYTES = 400  # bytes of a node's or a line's record in each round
YARDSTICKS = ("price_of_anarchy", "total_welfare", "efficiency", "producer_surplus")
HEADLINE = ("mean small surplus", "mean small consumption", "price", "rent", "price spread")
DRAWN = (*HEADLINE, "jain")
MEASURES = aggregator.PLAIN | {
    "rent": Measure("money", lambda result: result.outcome.cleared.rent),
    "full lines": Measure("1", lambda result: int(np.sum(full_lines(result.outcome.cleared)))),
    "price spread": Measure("money/energy", lambda result: float(np.ptp(result.outcome.cleared.prices))),
    "generation cost": Measure("money", lambda result: result.generation_cost),
    "profit": Measure("money", lambda result: float(np.sum(result.outcome.profits))),
    "sold": Measure("energy", lambda result: float(result.outcome.y @ result.outcome.selling)),
    "shed": Measure("energy", lambda result: result.outcome.unserved),
    "total welfare": Measure("money", lambda result: result.yardsticks["total_welfare"]),
    "gap anticipating": Measure("1", lambda result: result.outcome.gap_anticipating),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NetworkResult(AggregatorResult):
    """A run of the aggregator market on a network."""

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status, self.outcome, learns=self.learned is not None) + of_own(self.gaining)

    @cached_property
    def yardsticks(self):
        """Total welfare, its efficiency against a planner's, producers' surplus; None where that is not worked out."""
        known = dict.fromkeys(YARDSTICKS)
        if self.outcome is None:
            return known
        return known | {
            "total_welfare": number(total_welfare(self.game, self.outcome)),
            "efficiency": number(efficiency(self.game, self.outcome)),
            "producer_surplus": number(producer_surplus(self.game, self.outcome)),
        }

    @property
    def generation_cost(self):
        """Cost of the grid's generators, with what they cost whatever they make, money."""
        return self.outcome.cleared.generation_cost + self._network.get("fixed_cost", 0.0)

    @property
    def _network(self):
        return nodal_tables.spelt_out(self.scenario.table["network"])

    @cached_property
    def residual(self):
        """What the player with the largest amount faces, a market.aggregator.network.curves.Residual, or None."""
        return faced(self.game, self.outcome.y)

    @cached_property
    def replies(self):
        """Two players' curves of replies as (name, amounts of the other, own replies), the others as they ended.

        Of the two with the largest amounts; None where there are no two, or where one prices a user of the other out.
        """
        if self.game.players < 2:
            return None
        one, other = self.two
        if (found := _answers(self.game, self.outcome.y, one, other)) is None:
            return None
        (amounts, first, second), name = found, self.game.player_name
        return (name(one), amounts, first), (name(other), amounts, second)

    @property
    def two(self):
        """Numbers of the two players with the largest amounts, in the game's order."""
        return tuple(sorted(np.argsort(-self.outcome.y, kind="stable")[:2].tolist()))

    def facts(self, users=False):
        """Totals, yardsticks, purchases and groups, and what happened on the network."""
        return super().facts(users) | self._on_network() | nodal_tables.left_out(self.scenario.table["network"])

    def _on_network(self):
        grid = self.game.grid
        if self.outcome is None:
            names = ("prices", "flows", "full_lines", "rent", "generation", "generation_cost", "shed")
            return dict.fromkeys((*names, "gap_anticipating"))
        cleared = self.outcome.cleared
        full = full_lines(cleared)
        units = grid.generators.unit
        return {
            "prices": _named(grid.names, cleared.prices),
            "flows": _named(grid.line_names, cleared.flows),
            "full_lines": _named(np.array(grid.line_names)[full], np.abs(cleared.multipliers[full])),
            "rent": number(cleared.rent),
            "generation": numbers(np.bincount(units, cleared.generation)) if len(units) else [],
            "generation_cost": number(self.generation_cost),
            "shed": number(self.outcome.unserved),
            "gap_anticipating": number(self.outcome.gap_anticipating),
        }

    def price_of(self, block):
        """What a group pays or gets per unit."""
        return float(self.outcome.paid[self.game.player_slices[self.game.blocks.index(block)]][0])

    def _group_summary(self, block, rows, users):
        number_of = self.game.blocks.index(block)
        where = self.game.player_slices[number_of]
        price = None if self.outcome is None else number(self.price_of(block))
        here = {"anticipates": self.game.conducts[number_of], "price": price}
        if not sells(block):
            return super()._group_summary(block, rows, users) | here
        group = {"kind": block.kind, "users": 0, "players": block.players, "alpha": None}
        group |= learning.conduct_of(self.scenario, block.name)
        if self.outcome is None:
            return group | NOTHING_CLEARED | here
        sold, profit = self.outcome.y[where], self.outcome.profits[where]
        group |= {"quantity": moments(sold), "surplus": moments(profit) | {"least": number(profit.min())}}
        return group | dict.fromkeys(("jain", "gini", "priced_out", "unserved")) | here

    def write_agents(self, folder):
        """Every user's quantity and surplus by round; prices at the nodes, flows on the lines, what is made."""
        super().write_agents(folder)
        if self.outcome is None:
            return
        grid, cleared = self.game.grid, self.outcome.cleared
        tables = {
            "nodes": {"node": grid.names, "price": cleared.prices, "demand": cleared.demand, "shed": cleared.shed},
            "lines": {
                "line": grid.line_names,
                "flow": cleared.flows,
                "limit": grid.lines.limit,
                "multiplier": cleared.multipliers,
            },
            "generators": {
                "generator": grid.generators.unit,
                "node": np.array(grid.names)[grid.generators.node],
                "output": cleared.generation,
            },
            "players": {
                "player": [self.game.player_name(j) for j in range(self.game.players)],
                "amount": self.outcome.y,
                "price": self.outcome.paid,
                "profit": self.outcome.profits,
            },
        }
        for name, columns in tables.items():
            write_csv(columns, folder / f"{name}.csv")


def _named(names, values):
    return {str(name): number(value) for name, value in zip(names, values, strict=True)}


class Loading(NamedTuple):
    """How lines stand, arrays (lines,): the share of its limit each carries, NaN without one; which are full."""

    share: np.ndarray
    full: np.ndarray


def loading(cleared):
    """The Loading of a clearing."""
    limit, size = cleared.grid.lines.limit, np.abs(cleared.flows)
    share = np.where(np.isfinite(limit), np.where(limit > 0, size / np.where(limit > 0, limit, 1.0), 1.0), np.nan)
    return Loading(np.minimum(share, 1.0), full_lines(cleared))


def welfare(game, outcome):
    """Who has what of an outcome's welfare and of its planner's, a Welfare."""
    best = planners_outcome(game)
    if best is None:
        return Welfare(why=UNPLANNED)
    here, planner = split(game, outcome), split(game.untaxed, best)
    return Welfare(why=UNSERVED) if here is None or planner is None else Welfare(here, planner)


def faced(game, y, player=None):
    """What the player asked for, by default the one with the largest amount, faces beside amounts y, a Residual.

    None where the others price one of its users out.
    """
    try:
        return residual(game, y, int(np.argmax(y)) if player is None else player)
    except PricedOut:
        return None


def replies(game, y):
    """(Amounts, replies of the first player, of the second) of two who are alone; None of others, and of very many."""
    return _answers(game, y, 0, 1) if game.players == 2 and game.users <= MOST_REPLYING else None


def _answers(game, y, one, other):
    """(Amounts, replies of the one, of the other), None where one prices a user of the other out."""
    try:
        return replies_of_two(game, y, one, other)
    except PricedOut:
        return None


def surplus_by_node(comparison):
    """Mean surplus of the small users at each node, money: {scenario: {node: mean over users and replications}}.

    Of all users where none is small; who buys at shares of several nodes stands under all their names; without
    scenarios in which nothing cleared.
    """
    found = {}
    for scenario in comparison.scenarios:
        if not comparison.agents[scenario.name][1].size:
            continue
        small, at = [group for group in scenario.buyers if group.kind != LARGE], {}
        for group, surplus in _surpluses(comparison, scenario, small or scenario.buyers):
            at.setdefault(" and ".join(group.shares), []).append(surplus)
        found[scenario.name] = {node: float(np.mean(np.concatenate(parts))) for node, parts in at.items()}
    return found


RESULT = NetworkResult
kept = aggregator.kept
agents_table = aggregator.agents_table
against = others.with_price_takers


def stepped(model, certify):
    """Facts of a model stepped to its end; without `certify` the gap is not searched."""
    facts = aggregator.of_rounds(model, certify) | {"status": model.status, "outcome": model.outcome}
    return facts | (learned_by(model, certify) if model.judge and model.judge.played else {})


def learned_by(model, certify):
    """What learners reached; what they would have under one planner is not worked out on a network."""
    return aggregator.learned(model, solve(model.game).equilibria if certify else (), None)


def solved(game, certify):
    """Facts of a direct solution."""
    solution = solve(game, certify)
    return aggregator.of_solution(game, solution) | {"status": endings.ending(solution.status, solution.outcome)}


def memory(scenario):
    """Bytes that a run may need, by the key they grow with; all its rounds played, all its users' numbers kept."""
    need = aggregator.memory(scenario)
    nodes, lines = scenario.grid.nodes, len(scenario.grid.lines)
    need["rounds"] += scenario.rounds * (nodes + lines) * RECORD_BYTES
    limited = int(np.sum(np.isfinite(scenario.grid.lines.limit)))
    return need | {"network": nodes * NODE_BYTES + lines * LINE_BYTES + nodes * limited * NUMBER_BYTES}


def shared(games):
    """Names of the groups whose users have the same utilities in all games."""
    return aggregator.same_groups([[block for block in game.untaxed.blocks if not sells(block)] for game in games])


def surplus_by_group(comparison):
    """{scenario: {group of small users: mean surplus of its users over all replications, money}}."""
    found = {}
    for scenario in comparison.scenarios:
        small = [group for group in scenario.buyers if group.kind != LARGE]
        shares = _surpluses(comparison, scenario, small)
        found[scenario.name] = {group.name: number(surplus.mean()) for group, surplus in shares}
    return found


def _surpluses(comparison, scenario, groups):
    """(Group, mean surplus of each of its users over the replications, money) of groups whose users stand in a row."""
    surplus, start = comparison.mean_by_agent(scenario.name)[1], 0
    for group in groups:
        yield group, surplus[start : start + group.users]
        start += group.users
