"""What it is worth to know the state before one buys (docs/aggregator/uncertainty.md, The value of information)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.best_response import best_responses
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.single import most_surplus
from market.aggregator.states import States
from market.aggregator.tariffs import planners_surplus
from market.arrays import Array
from market.outcome import Outcome, Status
from market.prices import PriceRule


def surplus_by_state(states: States, game: Game, outcome: Outcome) -> Array:
    """Total surplus of each block's users in each state, shape (states, blocks), money: U − P_s x."""
    premium = np.array([states.premium(block.name) for block in game.blocks])
    saved = premium + (outcome.price - states.prices(outcome.quantity))[:, None]
    rows = game.user_slices
    held = np.array([np.sum(outcome.s[some]) for some in rows])
    bought = np.array([np.sum(outcome.x[some]) for some in rows])
    return held + saved * bought


def of_planner(states: States, game: Game) -> float:
    """What one planner who buys for everybody gains by knowing the state, money, never below zero.

    The expected value of perfect information of Raiffa and Schlaifer (1961), with the players' measure of risk.
    """
    knowing = np.array([planners_surplus(replace(game, price=rule)) for rule in states.rules])
    return float(states.worth(knowing, planners_surplus(game)))


def of_one(states: States, game: Game, outcome: Outcome, k: int) -> Array | None:
    """What each player of block k gains if it alone knows the state, others buying as they do, (players,), money.

    Never below zero. None where a player minds how its users share: its payoff is no sum of theirs by state.
    """
    block, y = game.blocks[k], outcome.y[game.player_slices[k]]
    outside = np.maximum(outcome.quantity - y, 0.0)
    found = np.empty(block.players)
    for some, part in block.unmixed_parts:
        if not part.objective.welfare:
            return None
        knowing = np.array([_most(rule, part, outside[some], y[some]) for rule in states.rules])
        found[some] = states.worth(knowing, _most(game.price, part, outside[some], y[some]))
    return found


def _most(rule: PriceRule, block: Block, outside: Array, now: Array) -> Array:
    """The greatest sum of their users' surplus that players have by any purchase, each alone, shape (players,)."""
    if block.single:
        return most_surplus(rule, block.utility, outside)[0]
    y = best_responses(rule, block, outside, now)
    price = np.asarray(rule.value(outside + y), dtype=float)
    return block.by_player(np.add, block.utility.surplus(block.to_users(price), split(block, price[None], y[None])[0]))


def if_public(states: States, game: Game) -> Array | None:
    """Total surplus of each block's users if everybody knew the state, shape (states, blocks), money.

    Each state is at a certified equilibrium of its own, of several at that of most surplus. None where none is
    certified in some state.
    """
    found = []
    for rule in states.rules:
        known = replace(game, price=rule)
        solution = solve(known, prove=False)
        if solution.status is not Status.SOLVED:
            return None
        found.append([np.sum(solution.outcome.s[rows]) for rows in known.user_slices])
    return np.array(found)
