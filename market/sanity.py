"""Numbers that suggest a mistake in units, in plain words; what is not suspicious says nothing."""

from __future__ import annotations

import numpy as np

from market.arrays import Array
from market.numerals import percent, plain

FREE_PRICE = 1e-3  # share of what first units are worth, below which a price limits nobody
MUCH_LOAD_LOST = 0.2  # share of the load
TINY_POWER = 1e-4  # p.u.
UNITS = "are all in the same units of money and energy?"


def of_purchases(bought: Array, price: Array, worth: Array) -> list[str]:
    """What is odd about users who bought at prices; worth: of each one's first unit, money/energy; shapes (users,)."""
    if not len(bought):
        return []
    paid, most = middle(price), float(np.max(worth))
    if not np.any(bought > 0):
        return [
            f"nobody buys anything: the price is {plain(paid)}, a first unit is worth {plain(most)} at most; {UNITS}"
        ]
    if not 0 <= paid < FREE_PRICE * most:  # what is worth most is worth no less than what is usual
        return []
    usual = middle(worth)
    if paid < FREE_PRICE * usual:
        return [f"the price limits nobody: it is {plain(paid)}, where a first unit is worth {plain(usual)}; {UNITS}"]
    return []


def middle(values: Array) -> float:
    """The median of some numbers, as NumPy's, which imports its masked arrays for it.

    >>> middle(np.array([3.0, 1.0, 2.0])), middle(np.array([4.0, 1.0]))
    (2.0, 2.5)
    """
    ordered, half = np.sort(values), len(values) // 2
    return float((ordered[(len(values) - 1) // 2] + ordered[half]) / 2)


def of_contracts(signed: int, worth: Array, cost: Array) -> list[str]:
    """What is odd about contracts; worth, cost: of a kWh to buyers (m,) and sellers (n,), the grid's tariff counted."""
    if signed or not len(worth) or not len(cost) or np.max(worth) >= np.min(cost):
        return []
    most, least = plain(float(np.max(worth))), plain(float(np.min(cost)))
    told = f"a kWh is worth {most} at most to a buyer, and costs a seller {least} at least, the tariff counted"
    return [f"nobody signs a contract: {told}; {UNITS}"]


def of_losses(lost: float, load: float) -> list[str]:
    """What is odd about losses beside a load, in the same unit."""
    if not 0 < MUCH_LOAD_LOST * load < lost:
        return []
    return [f"lines lose {percent(lost / load)} of the load: are resistances in p.u., and powers of the same base?"]


def of_comparison(runs: int) -> str:
    """What is odd about replications of a scenario that are all the same."""
    return f"nothing is drawn: its {runs} replications are one and the same run"


def of_flows(largest: float) -> list[str]:
    """What is odd about the largest power that a node puts in or takes, p.u.; lines lose its square."""
    if not 0 < largest < TINY_POWER:
        return []
    told = f"no node puts in or takes more than {plain(largest, 2)} p.u., so that lines lose next to nothing"
    return [f"{told}: are powers in p.u., and is the base power right?"]
