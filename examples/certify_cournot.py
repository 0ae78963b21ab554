"""Is what SciPy calls a Cournot equilibrium one? Two firms' first-order conditions solved there, certified here."""

import csv
from pathlib import Path

import numpy as np
from scipy.optimize import root

from engine import certify

COST, RISE = np.array([10.0, 5.0]), np.array([0.2, 0.4])  # marginal cost = cost + rise q, price = 100 - Q


def marginal_profit(q):
    return 100 - q.sum() - q - COST - RISE * q


def main(folder="."):
    outcomes = {"scipy": root(marginal_profit, np.ones(2)).x, "price-takers": np.array([47.0, 36.0])}
    for name, q in outcomes.items():
        path = Path(folder) / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("player", "purchase"), *zip(("one", "two"), q, strict=True)])
        found = certify("cournot_duopoly", path)
        move, (_, away) = found.judged.move, found.nearest
        print(f"{name:12s} {found.judged.verdict}, gap {found.gap:.1e}, away by {away:.1e} of the total")
        print(f"{'':12s} firm {move.player + 1} would sell {move.to:.3f} for {move.now:.3f} and gain {move.gain:.4f}")
    return outcomes


if __name__ == "__main__":
    main()
