"""Economic dispatch: the marginal cost of the cheapest way to generate Y."""

import numpy as np

from market.prices.piecewise import Piecewise

SAME = 1e-12  # prices this close, relative, are one: their difference is rounding


class Dispatch(Piecewise):
    """Multiplier of min Σ_g cost_g(q_g) s.t. Σ q_g = Y, 0 ≤ q_g ≤ max_g, with cost_g(q) = quadratic q² + linear q.

    Generator g runs between the prices linear_g and linear_g + 2 quadratic_g max_g; the price is piecewise linear,
    flat over a block of constant cost (quadratic 0), with a jump where all running generators are full before the next
    one starts, and jumps to `cap` above capacity.
    Arrays of shape (generators,): max_p_mw in MW, costs in money/MW²h and money/MWh; cap in money/MWh.

    >>> rule = Dispatch(max_p_mw=[10, 10], cost_quadratic=[0.5, 0.5], cost_linear=[0, 5], cap=100)
    >>> rule.value(5.0), rule.value(15.0), rule.value(21.0)
    (np.float64(5.0), np.float64(10.0), np.float64(100.0))
    """

    def __init__(self, max_p_mw, cost_quadratic, cost_linear, cap):
        size, quadratic, start = (np.asarray(v, dtype=float) for v in (max_p_mw, cost_quadratic, cost_linear))
        quadratic, start, size = quadratic[size > 0], start[size > 0], size[size > 0]
        full = start + 2 * quadratic * size
        prices = np.unique(np.concatenate([start, full]))
        prices = prices[np.diff(prices, prepend=-np.inf) > SAME * prices]
        below, above = (
            output(prices[:, None], start, full, quadratic, size, jump).sum(axis=1) for jump in (False, True)
        )
        quantities = np.stack([below, above], axis=1).ravel()
        kept = np.stack([np.ones(len(prices), dtype=bool), above > below], axis=1).ravel()
        quantities, prices = quantities[kept], np.repeat(prices, 2)[kept]
        super().__init__(
            quantities=np.append(quantities, quantities[-1]),
            prices=np.append(prices, cap),
            last_slope=0.0,
            capacity=float(quantities[-1]),
        )


def output(price, start, full, quadratic, size, jump):
    """What each generator runs at a price, shape (prices, generators); a flat block starts above its price, or at it.

    jump: is a block whose price this is taken whole?
    """
    flat = full <= start * (1 + SAME)
    at_full = np.where(flat & (not jump), price * (1 - SAME) > start, price >= full * (1 - SAME))
    with np.errstate(divide="ignore", invalid="ignore"):
        running = np.clip((price - start) / (2 * quadratic), 0.0, size)
    return np.where(at_full, size, np.where(flat, 0.0, running))
