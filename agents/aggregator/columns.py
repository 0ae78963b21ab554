"""What the aggregator game's data collector writes down: of each round, and of each agent."""

from functools import partial

import numpy as np

from agents.aggregator.players import LargeUser, SmallUser
from agents.collector import plain
from agents.market_model import attributes
from market.aggregator.side_payments import pay_each_other
from market.fairness.side_payments import moved
from market.measures import gini, jain

MOST_COLUMNS = 50  # players with a column of their own in the collected data
USERS = (SmallUser, LargeUser)  # agents of single users, whose rows are made of arrays when they are read


def of_rounds(model):
    """Columns of a model's rounds: each picklable, computed from the last outcome, or by round from a Stretch."""
    game = model.game
    columns = {"round": "round", "status": "status", "move": "move"}
    if model.judge is not None:
        columns |= of_judge(model)
    columns |= of_outcome()
    for number, block in enumerate(game.blocks):
        if not block.users:
            continue
        columns[f"consumption {block.name}"] = partial(_group_mean, what="x", number=number)
        columns[f"surplus {block.name}"] = partial(_group_mean, what="s", number=number)
    if pay_each_other(game.blocks):
        columns["transfer"] = transfer
    return columns | of_purchases(game, _purchase, _purchases)


def of_purchases(game, one, every):
    """A column for each player by one(model, j), where there are many a single one of all by every(model)."""
    if game.players > MOST_COLUMNS:
        return {"purchases": every}
    return {f"purchase {game.player_name(j)}": partial(one, j=j) for j in range(game.players)}


def of_outcome():
    """Columns of the last outcome: its price, its totals, and how even its surpluses are."""
    columns = {name: partial(_of_outcome, name=name) for name in ("price", "quantity", "welfare", "unserved")}
    return columns | {name: partial(_of_surplus, measure=measure) for name, measure in (("jain", jain), ("gini", gini))}


def of_agents(model):
    """Columns of the agents' tables: users where each has an agent, and one's own players by class."""
    users = {kind: attributes("quantity", "surplus") for kind in USERS} if model.individual else {}
    own = {type(agent): {"purchase": _own_purchase, "payoff": own_payoff} for agent in model.own}
    return users | own or None


def of_judge(model):
    """Columns of what a model's learners have reached; gaps where they were worked out."""
    columns = {name: partial(_of_judge, name=name) for name in ("gap", "gap_of_average", "average_regret")}
    columns = {name.replace("_", " "): function for name, function in columns.items()}
    if len(model.judge.players) <= MOST_COLUMNS:
        for number, j in enumerate(model.judge.players):
            columns[f"regret {model.game.player_name(j)}"] = partial(_regret, number=number)
    return columns


def _own_purchase(agent):
    return agent.heard.own


def own_payoff(agent):
    """What one's own player was paid in the last round."""
    return agent.heard.payoff


def transfer(model):
    """Money that members of aggregators pay each other in the last round."""
    return moved(model.outcome.transfers)


def _of_judge(model, name):
    return plain(getattr(model.judge, name))


def _regret(model, number):
    return plain(model.judge.regrets[..., number])


def _of_outcome(model, name):
    return getattr(model.outcome, name)


def _of_surplus(model, measure):
    return plain(measure(model.outcome.s))


def _group_mean(model, what, number):
    return plain(np.mean(getattr(model.outcome, what)[..., model.game.user_slices[number]], axis=-1))


def _purchase(model, j):
    return plain(model.y[..., j])


def _purchases(model):
    return model.y.copy()
