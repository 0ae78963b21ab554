"""Days small enough to know: storage between two hours, four hours of five users, a fair day; and their values.

The values were worked out by other programmes: cvxpy, and searches on grids.
"""

from itertools import starmap

import numpy as np

from market.aggregator.days.block import Homes, sellers
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.parts import Battery, Car, Consumption, Solar
from market.prices import Affine

SHIFT, CHEAP, DEAR, RISE = 100.0, 100.0, 300.0, 0.01  # what makes one price of both hours; net loads; c
FOUR_PRICES = {  # of the four hours, by what is changed
    "as it is": (2.449069, 2.274472, 2.556548, 3.116038),
    "batteries idle": (2.433033, 2.210512, 2.556548, 3.163208),
    "nobody may sell": (2.449069, 2.453947, 2.616518, 3.116038),
    "a car": (2.601085, 2.466352, 2.602763, 3.116038),
}
FOUR_PURCHASES = (
    (3.16071, 2.47775, 4.49146, 7.42453),
    (3.22812, 1.81591, 3.18711, 6.96792),
    (13.10186, 13.45106, 12.88690, 11.76792),
)
FOUR_SURPLUSES = (40.67453, 20.17566, 40.72150, 19.89379, 197.14382)  # from no trade and no solar
CAR = (2.33791, 3.0, 0.66209, 0.0)
FAIR = {  # alpha: (y, s, p)
    0.0: ((1.44312, 1.87937), (5.74864, 0.86259), (1.36587, 1.62762)),
    1.0: ((1.51934, 1.72359), (4.49319, 1.57617), (1.41160, 1.53415)),
    2.0: ((1.60181, 1.44439), (3.55303, 1.86567), (1.46109, 1.36664)),
}


def storages(firms, capacity=np.inf):
    """A Day of storage firms between two hours, without losses."""
    store = {"battery": Battery(np.arange(firms), capacity, capacity, 1.0)}
    sizes = np.ones(firms, dtype=int)
    block = Homes("stores", "direct", sizes, store, np.ones(firms, dtype=bool))
    return Day(Clock(2), (Affine(0.0, RISE),) * 2, (block,), np.array([CHEAP, DEAR]))


def four_hours(change="as it is"):
    """A Day of three players, five users and four hours: a battery and two roofs among them; change: FOUR_PRICES."""
    a = {
        "consumption": Consumption([0, 1], [[2, 1, 1, 0.5], [1, 1, 0.5, 0.25]], [8, 6]),
        "solar": Solar([0], 1.0, [0, 3, 1, 0]),
    }
    a |= {} if change == "batteries idle" else {"battery": Battery([0], 2.0, 1.0, 0.9)}
    a |= {"car": Car([1], 6.0, 3.0)} if change == "a car" else {}
    b = {
        "consumption": Consumption([0, 1], [[1, 0.5, 0.5, 0.25], [1] * 4], [7, 5]),
        "solar": Solar([1], 1.0, [0, 4, 2, 0]),
    }
    c = {"consumption": Consumption([0], [0.2], [9])}
    rows = ("A", 2, a), ("B", 2, b), ("C", 1, c)
    blocks = tuple(starmap(_aggregator, rows))
    if change == "nobody may sell":
        blocks = tuple(_aggregator(*row, sell=False) for row in rows)
    return Day(Clock(4), (Affine(0.5, 0.1),) * 4, blocks)


def fair_day(alpha):
    """A Day of one fair aggregator, two users and two hours, one of them with a battery."""
    parts = {"consumption": Consumption([0, 1], [[2, 0.6], [1, 0.4]], [5, 3]), "battery": Battery([0], 1.0, 1.0, 0.9)}
    return Day(Clock(2), (Affine(0.5, 0.6),) * 2, (_aggregator("A", 2, parts, True, alpha),))


def _aggregator(name, users, parts, sell=True, alpha=0.0):
    """One aggregator of so many users; sell: may those with something to sell do so?"""
    may = sellers(users, parts) & sell
    return Homes(name, "aggregator", np.array([users]), parts, may, alpha, 0.01)
