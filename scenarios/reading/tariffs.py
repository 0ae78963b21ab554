"""Tariffs by period: every price is one number, or one a period, from a list or a CSV column."""

from __future__ import annotations

import numpy as np

from scenarios.reading.columns import label
from scenarios.reading.errors import Place, quoted


def by_period(tariff: dict, period: int) -> dict:
    """A tariff's prices in one period.

    >>> by_period({"buy": (0.3, 0.2), "sell": 0.1}, 1)
    {'buy': 0.2, 'sell': 0.1}
    """
    return {name: price[period] if isinstance(price, tuple) else price for name, price in tariff.items()}


def read_tariff(tariff: dict, kind, periods: int, place: Place, rows=None) -> dict:
    """A tariff's table with every price one number or one a period, which must make a `kind` in each.

    rows: (periods of the rows that quantities stand in, ascending periods): a price may then be one a row too, the same
    in all rows of a period. Raises ScenarioError.
    """
    tariff = {name: _in_periods(price, periods, place.at(name), rows) for name, price in tariff.items()}
    varies = any(isinstance(price, tuple) for price in tariff.values())
    for period in range(periods if varies else 1):
        try:
            kind(**by_period(tariff, period))
        except ValueError as error:
            when = f"in period {period}, " if varies else ""
            raise place.error(f"{when}{str(error).removeprefix('tariff: ')}") from None
    return tariff


def _in_periods(price, periods, place, rows):
    if not isinstance(price, tuple) or len(price) == periods:
        return price
    if rows is None or len(price) != len(rows[0]):
        several = "period" if periods == 1 else "periods"
        needed = "one number, or one a period" + (", or one for each row of prosumers" if rows else "")
        raise place.error(f"{len(price)} values for {periods} {several}", f"{needed}, is needed")
    prices, number = np.array(price), np.searchsorted(rows[1], rows[0])
    first = prices[np.unique(number, return_index=True)[1]]
    odd = np.flatnonzero(prices != first[number])
    if odd.size:
        at = int(odd[0])
        got = f"{label(price, at)} is {quoted(price[at])}, but another of that period is {first[number[at]]:g}"
        raise place.error(got, "one price in all rows of a period is needed")
    return tuple(first.tolist())
