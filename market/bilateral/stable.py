"""Stable prices of contracts: what a contract may cost in the core, and at its fair point."""

from __future__ import annotations

import numpy as np

from market.arrays import Array
from market.bilateral.bargain import Bargain
from market.bilateral.contracts import mean_price
from market.bilateral.core import corners, fair_point


def core_prices(bargain: Bargain, best: Bargain) -> tuple[Array, Array]:
    """Lowest and highest stable price of each contract of a bargain, shapes (k,); NaN where `best` has it not.

    best: the bargain of an optimal matching. At a corner of the core the price is c_j + v_j / q_ij
    (docs/bilateral/model.md, Stable: the core).
    """
    found = corners(best)
    ends = np.array([best.prices(*point) for point in (found.buyer, found.seller)]).reshape(2, -1)
    low, high = (np.append(each, np.nan)[_rows(bargain, best)] for each in ends)
    return low, high


def fair_prices(bargain: Bargain, best: Bargain, fair: str) -> Array:
    """Price of each contract at the fair point, money per kWh, shape (k,); NaN where `best` has it not.

    (docs/bilateral/model.md, Fair: which point of the core?)
    """
    return np.append(best.prices(*fair_point(best, fair)), np.nan)[_rows(bargain, best)]


def mean_prices(best: Bargain) -> tuple[float, float]:
    """Mean price by energy at the buyers' corner and at the sellers', money per kWh; NaN without contracts.

    best: the bargain of an optimal matching.
    """
    found = corners(best)
    low, high = (mean_price(best.prices(*point), best.amount) for point in (found.buyer, found.seller))
    return low, high


def _rows(bargain, best):
    """Where each contract of a bargain is among those of `best`, len(best) where nowhere, shape (k,)."""
    known = {pair: row for row, pair in enumerate(zip(best.buyer.tolist(), best.seller.tolist(), strict=True))}
    pairs = zip(bargain.buyer.tolist(), bargain.seller.tolist(), strict=True)
    return np.array([known.get(pair, len(best)) for pair in pairs], dtype=np.intp)
