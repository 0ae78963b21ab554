"""Totals of contracts."""

from __future__ import annotations

import numpy as np

from market.arrays import Array


def of_contracts(quantity: Array, price: Array) -> tuple[int, float, float]:
    """(Contracts, energy in kWh, mean price by energy) of contracts, shapes (k,), whose numbers are finite."""
    known = np.isfinite(quantity) & np.isfinite(price)
    quantity, price = quantity[known], price[known]
    return len(quantity), float(quantity.sum()), mean_price(price, quantity)


def mean_price(price: Array, quantity: Array) -> float:
    """Mean of prices (k,), money per kWh, by energy (k,), kWh; NaN where there are none."""
    return float(np.sum(price * quantity) / np.sum(quantity)) if len(price) else np.nan
