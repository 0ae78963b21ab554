"""The pictures of the aggregator market on a network."""

from functools import partial

import numpy as np

from engine.results.network import loading, surplus_by_node
from market.outcome import Status
from views.aggregator import pictures
from views.aggregator.convergence import purchases_by_round
from views.plots import PLOTS

MOST_PLAYERS = 20  # up to which two of them have their replies drawn


def run_pictures(result):
    """The pictures of one Result. What a run has no data for has no picture."""
    made, game = {}, result.game
    if result.kept:
        made["convergence"] = partial(PLOTS["convergence"], result)
        if any(block.users > 1 for block in game.blocks):
            made["users_by_round"] = partial(PLOTS["user bands"], result)
        if _has_columns(result):
            grid = game.grid
            given = result.history, grid.names, grid.line_names, grid.lines.limit
            made["congestion"] = partial(PLOTS["congestion"], *given)
    made |= pictures.of_learners(result)
    made["purchases"] = partial(PLOTS["purchases"], result)
    if result.outcome is not None and result.by_tariff:
        made["tariffs"] = partial(PLOTS["who pays"], result)
    if result.outcome is not None:
        cleared, title = result.outcome.cleared, result.scenario.title
        made["price_map"] = partial(PLOTS["price map"], game, cleared, loading(cleared), title)
        made["residual_curve"] = partial(_residual, result)
        if 2 <= game.players <= MOST_PLAYERS:
            made["replies"] = partial(_replies, result)
    return made


def _has_columns(result):
    """Were prices and flows kept by round?"""
    grid = result.game.grid
    wanted = [f"price at {name}" for name in grid.names] + [f"flow {name}" for name in grid.line_names]
    return set(wanted) <= set(result.collected)


def _residual(result):
    """What one player faces; None where the others price one of its users out."""
    curve, game = result.residual, result.game
    if curve is None:
        return None
    name, sells = game.player_name(curve.player), bool(game.selling[curve.player])
    return PLOTS["residual curve"](curve, name, sells, f"what {name} faces beside the others")


def _replies(result):
    """Two players' replies, certified equilibria, the cycle that rounds end in; None where one has no reply."""
    if result.replies is None:
        return None
    (one, other), (first, second) = result.two, result.replies
    found = [np.asarray(outcome.y)[[one, other]] for outcome in _equilibria(result)]
    cycle = _cycle(result, one, other) if result.status is Status.CYCLING and result.kept else None
    others = f"; the other {result.game.players - 2} as they ended" if result.game.players > 2 else ""
    title = f"best replies of two players{others}"
    amounts = ["sale" if result.game.selling[j] else "purchase" for j in (one, other)]
    path = purchases_by_round(result)[:, [one, other]] if result.learned is not None and result.kept else None
    options = {"equilibria": found, "cycle": cycle, "title": title, "amounts": amounts, "path": path}
    return PLOTS["replies"](first, second, **options)


def _equilibria(result):
    """Certified profiles: where the rounds settled, or those a direct solution found; these alone where no third acts.

    Beside other players' present amounts only the present profile is where the curves meet.
    """
    known = result.equilibria if result.learned is None else result.learned.equilibria
    if known and result.game.players == 2:
        return known
    return [result.outcome] if result.status in (Status.SETTLED, Status.SOLVED) else []


def _cycle(result, one, other):
    """Purchases of two players who move in turn, after every single move of the last cycle, (2 * cycle, 2)."""
    y = purchases_by_round(result)[-result.cycle :, [one, other]]
    before = np.roll(y, 1, axis=0)
    return np.stack([np.column_stack([y[:, 0], before[:, 1]]), y], axis=1).reshape(-1, 2)


def comparison_pictures(comparison):
    """The pictures of a Comparison: bars of surplus, consumption, price and rent, and small users' densities."""
    made = {"rent": partial(PLOTS["bars"], comparison, "rent")}
    found = surplus_by_node(comparison)
    if found:
        made["surplus_by_node"] = partial(PLOTS["surplus at nodes"], found)
    return made | pictures.comparison_pictures(comparison)
