"""What economists expect of a market on a network: who has what, how even, what one player faces; once it has ended."""

import numpy as np

from engine.results.network import faced, replies, welfare
from engine.results.others import BEFORE
from views.aggregator.economics import along, as_panels, of_users, replies_of, short, who_has
from views.kit.live import ANSWERING

SAME_CURVE = 1e-6  # of a price: curves so near each other are drawn as one


def panels(run):
    """How even the users' surplus is and who gains and loses; at the run's end who has what, and what one player faces.

    Who has what takes a planner, who is asked for the summary of the run's end in any case.
    """
    ended = ANSWERING in run.memory
    return as_panels([*([_split(run), *_replies(run), *_faced(run)] if ended else []), *of_users(run, False)])


def _split(run):
    """Who has the welfare there could be, in the run, under a planner, and without the large users."""
    before = [one for one in run.beside or () if one.name == BEFORE and one.result.cleared]
    others = {short(one.name): welfare(one.result.game, one.result.outcome) for one in before}
    return who_has(welfare(run.model.game, run.model.outcome), others)


def _replies(run):
    """Best replies of two players who are alone, with the rounds' way."""
    game, y = run.model.game, run.model.outcome.y
    if "replies" not in run.memory:
        run.memory["replies"] = replies(game, y)
    if run.memory["replies"] is None:
        return []
    return [replies_of(run, run.memory["replies"], _amount(game, 0))]


def _amount(game, player):
    """What a player chooses."""
    return "sale" if game.selling[player] else "purchase"


def _faced(run):
    """The price and the payoff along the amount of one player, the largest or the one that is looked at."""
    game, outcome = run.model.game, run.model.outcome
    chosen = run.chosen if run.chosen is not None and run.chosen < game.players else None
    if ("faced", chosen) not in run.memory:
        run.memory["faced", chosen] = faced(game, outcome.y, chosen)
    known = run.memory["faced", chosen]
    if known is None:
        return []
    price = {"price it faces": known.price}
    if not np.allclose(known.price, known.believed, rtol=SAME_CURVE, atol=0, equal_nan=True):
        price["price it believes in"] = known.believed
    amount = _amount(game, known.player)
    return [
        along(game, known, "price", price, amount, known.breaks),
        along(game, known, "payoff", {"by the price it believes in": known.payoff}, amount),
    ]
