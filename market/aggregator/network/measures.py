"""Measures of an outcome on a network: welfare and who has it, producers' surplus, whose money goes where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.aggregator.game import Block
from market.aggregator.network.game import NetworkGame, NetworkOutcome, clear, sells
from market.aggregator.network.planner import can_plan, planned
from market.aggregator.planner import OnceAGame
from market.aggregator.splits import of_users
from market.arrays import Mask
from market.grid.clearing import Cleared
from market.splits import ELASTIC, FIXED, PRODUCERS, RENTS, TARIFFS, Split

BESIDE_A_LIMIT = 1e-9  # of its limit: a line so near it is full


class Accounts(NamedTuple):
    """Who pays and who gets in a round, money: players and price-taking demand pay, makers and lines get."""

    buyers: float
    fixed: float
    elastic: float
    generators: float
    producers: float
    rent: float

    @property
    def missing(self) -> float:
        """What is paid and reaches nobody: 0 but for rounding, unless load is shed or output spilled."""
        return self.buyers + self.fixed + self.elastic - self.generators - self.producers - self.rent


def accounts(game: NetworkGame, outcome: NetworkOutcome) -> Accounts:
    """The payments of a round (docs/network/model.md, Measures)."""
    grid, cleared, selling = game.grid, outcome.cleared, game.selling
    turnover = outcome.paid * outcome.y
    return Accounts(
        buyers=float(turnover @ (1 - selling)),
        fixed=float(grid.demand @ cleared.prices),
        elastic=float(cleared.elastic @ cleared.prices[grid.elastic.node]),
        generators=float(cleared.generation @ cleared.prices[grid.generators.node]),
        producers=float(turnover @ selling),
        rent=cleared.rent,
    )


def total_welfare(game: NetworkGame, outcome: NetworkOutcome) -> float:
    """Utility of users and of elastic demand less the cost of all that is made, and of load lost, money."""
    used, spent = 0.0, 0.0
    for block, rows, where in zip(game.blocks, game.user_slices, game.player_slices, strict=True):
        if sells(block):
            spent += float(np.sum(block.spent(outcome.y[where])))  # type: ignore[union-attr]  # a producer's
        else:
            used += float(outcome.paid[where][0] * np.sum(outcome.x[rows]))
    return outcome.welfare + outcome.revenue + used - outcome.cleared.cost - spent


def producer_surplus(game: NetworkGame, outcome: NetworkOutcome) -> float:
    """What generators and producers earn above their cost, money."""
    earned = accounts(game, outcome).generators - outcome.cleared.generation_cost
    return earned + float(np.sum(outcome.profits))


def planners_outcome(game: NetworkGame) -> NetworkOutcome | None:
    """What a planner makes of all purchases and sales, tariffs apart; None where it is not worked out."""
    return _planners_outcome(game.untaxed)


@OnceAGame
def _planners_outcome(game):
    y = planned(game, np.zeros(game.players)) if can_plan(game) else None
    return None if y is None else clear(game, y)


def best_total_welfare(game: NetworkGame) -> float | None:
    """The highest total welfare of all purchases and sales, the planner's; None where it is not worked out."""
    best = planners_outcome(game)
    return None if best is None else total_welfare(game.untaxed, best)


def split(game: NetworkGame, outcome: NetworkOutcome) -> Split | None:
    """Users, elastic demand, makers, lines, tariffs, fixed load, which only pays; and what is lost against a planner.

    None where load is shed or output spilled, for then who pays is not who gets; or where no planner's welfare is known
    (docs/network/model.md, Measures).
    """
    best, cleared = best_total_welfare(game), outcome.cleared
    if best is None or np.any(cleared.shed > 0) or np.any(cleared.spilled > 0):
        return None
    paid, parts = accounts(game, outcome), zip(game.blocks, game.user_slices, strict=True)
    had = of_users((block, outcome.s[rows]) for block, rows in parts if isinstance(block, Block))
    had |= {ELASTIC: cleared.benefit - paid.elastic} if len(game.grid.elastic) else {}
    had |= {PRODUCERS: producer_surplus(game, outcome), RENTS: paid.rent}
    had |= {} if outcome.collected is None else {TARIFFS: outcome.revenue}
    had |= {FIXED: -paid.fixed} if np.any(game.grid.demand) else {}
    return Split(had, best - total_welfare(game, outcome))


def efficiency(game: NetworkGame, outcome: NetworkOutcome) -> float | None:
    """Total welfare as a share of the planner's (docs/network/model.md, Measures); None where that is not above 0."""
    best = best_total_welfare(game)
    return total_welfare(game, outcome) / best if best is not None and best > 0 else None


def full_lines(cleared: Cleared) -> Mask:
    """Which lines carry all they can, shape (lines,)."""
    limit = cleared.grid.lines.limit
    return np.isfinite(limit) & (np.abs(cleared.flows) >= limit * (1 - BESIDE_A_LIMIT))
