"""How pictures of the bilateral market look: colours of sides, prices and the core, words of scenarios and endings."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from market.bilateral.contracts import of_contracts
from market.numerals import plain
from market.outcome import Status
from views.style import BLACK, BLUE, OCHRE, PALE

BUYER, SELLER, IDLE = BLUE, OCHRE, PALE
CORE, OTHERS = "#C9DCEA", "#BDBDBD"  # what is stable; contracts that do not stand out
FAIR = BLACK
PRICES = LinearSegmentedColormap.from_list("prices", ["#2B7BE0", "#A05AC8", "#E0661A"])  # seen on white and on dark
PRICE = "price (money/kWh)"
FAIR_NAMES = {"tau": "tau value", "equal-split": "core point nearest to the equal split"}


def price_scale(prices):
    """A Normalize over prices (k,) that also stands one price, or none."""
    prices = np.asarray(prices)[np.isfinite(prices)]
    low, high = (float(np.min(prices)), float(np.max(prices))) if len(prices) else (0.0, 1.0)
    room = max(0.02 * abs(low), 1e-3) if high - low < 1e-9 * max(abs(high), 1e-9) else 0.0
    return Normalize(low - room, high + room)


def priced(price):
    """A price as it is written: three decimals, or none of a large number.

    >>> priced(0.16), priced(1234.5)
    ('0.160', '1,234')
    """
    return f"{price:.3f}" if abs(price) < 100 else plain(float(price))


def round_axis(axes, rounds, long):
    """Rounds along an axis, logarithmic where there are more than `long`, with plain numbers."""
    axes.set_xlabel("round")
    if rounds <= long:
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def fair_name(fair):
    """A fair point as a picture calls it."""
    return FAIR_NAMES.get(fair, f"{fair}s' corner")


def ended(result):
    """The end of a run in a few words."""
    words = {
        Status.SETTLED: f"settled after {result.rounds:,} rounds",
        Status.ROUND_LIMIT: f"not settled after {result.rounds:,} rounds",
        Status.NO_EQUILIBRIUM: "no prices keep every pair content: the matching is not optimal",
        Status.SOLVED: "the fair point, without negotiation",
    }
    return words.get(result.status, str(result.status))


def contracts_said(outcome):
    """How many contracts a period has, over how much energy, at which mean price."""
    quantity, price = outcome.contracts["quantity"], outcome.contracts["price"]
    if not len(quantity):
        alone = not (outcome.market.buyers and outcome.market.sellers)
        return "no contracts: " + ("one side is empty" if alone else "no pair gains beside the grid")
    many = f"{len(quantity):,} contract" + ("s" if len(quantity) > 1 else "")
    _, energy, mean = of_contracts(quantity, price)
    return f"{many} over {plain(energy, 3)} kWh, mean price {plain(mean, 3)}"
