"""What the data collector of days writes down: of each round, and of each agent."""

from functools import partial

import numpy as np

from agents.aggregator.columns import of_judge, of_purchases, own_payoff
from agents.days.players import Household
from agents.market_model import attributes
from market.aggregator.days.measures import peak, spread
from market.measures import gini, jain


def of_rounds(model):
    """Columns of a model's rounds: each picklable, computed from the day's last outcome."""
    game = model.game
    columns = {"round": "round", "day": "number", "status": "status", "move": "move"}
    if model.judge is not None:
        columns |= of_judge(model)
    columns |= {name: partial(_of_today, name=name) for name in ("mean_price", "quantity", "welfare")}
    columns = {"price" if name == "mean_price" else name: column for name, column in columns.items()}
    columns |= {"unserved": _unserved, "peak": partial(_measure, measure=peak, of="load")}
    columns |= {"spread": partial(_measure, measure=spread, of="price")}
    columns |= {name: partial(_of_surplus, measure=measure) for name, measure in (("jain", jain), ("gini", gini))}
    for number, block in enumerate(game.blocks):
        columns[f"consumption {block.name}"] = partial(_group_consumption, number=number)
        columns[f"surplus {block.name}"] = partial(_group_surplus, number=number)
    return columns | of_purchases(game, _purchase, _purchases)


def of_agents(model):
    """Columns of the agents' tables: homes where each has an agent, and one's own players by class."""
    users = {Household: attributes("quantity", "surplus", "bill")} if model.individual else {}
    own = {type(agent): {"purchase": _own_purchase, "payoff": own_payoff} for agent in model.own}
    return users | own or None


def _of_today(model, name):
    return getattr(model.today, name)


def _unserved(model):
    return float(np.sum(model.today.unserved))


def _measure(model, measure, of):
    return measure(getattr(model.today, of))


def _of_surplus(model, measure):
    return float(measure(model.today.s))


def _group_consumption(model, number):
    return float(np.mean(np.sum(model.told["consumption"][model.game.user_slices[number]], axis=1)))


def _group_surplus(model, number):
    return float(np.mean(model.today.s[model.game.user_slices[number]]))


def _purchase(model, j):
    return float(np.sum(model.y[j]))


def _purchases(model):
    return np.sum(model.y, axis=1)


def _own_purchase(agent):
    return float(np.sum(agent.heard.own))
