"""Random private networks: nodes in a square, an Erdős–Rényi graph among the agents, resistance by distance."""

import numpy as np

from market.arrays import Array, Integers
from market.grid.lines import NetworkError
from market.microgrid.network import SHARED, PrivateLines

PAIRS_AT_ONCE = 4_000_000  # for which numbers are drawn together
MEAN_DISTANCE = (2 + np.sqrt(2) + 5 * np.arcsinh(1.0)) / 15  # of two random points of the unit square, 0.521405

# Chance of a private line between two agents, by name, for n nodes; "ln" is "log".
DENSITIES = {
    "0": lambda n: 0.0,
    "1/n^2": lambda n: 1 / n**2,
    "1/n": lambda n: 1 / n,
    "log(n)/n": lambda n: np.log(n) / n,
    "1/log(n)": lambda n: 1 / np.log(n),
}


def chance(density: float | str, nodes: int) -> float:
    """The chance of a private line: a density by name, or a number from 0 to 1. Raises NetworkError.

    >>> chance("1/n", 300) == 1 / 300, chance(0.5, 300)
    (True, 0.5)
    """
    if isinstance(density, str):
        if density not in DENSITIES:
            raise NetworkError(f"density(={density!r}) must be a number from 0 to 1 or one of {', '.join(DENSITIES)}")
        return float(min(DENSITIES[density](nodes), 1.0))
    if not 0 <= density <= 1:
        raise NetworkError(f"density(={density!r}) must be from 0 to 1")
    return float(density)


def random_private(
    nodes: int,
    slack: int,
    density: float | str,
    rng: np.random.Generator,
    side: float = 1.0,
    mean_resistance: float | None = None,
    resistance_per_km: float | None = None,
) -> tuple[Array, PrivateLines]:
    """Positions in km, shape (nodes, 2), and private lines drawn at random.

    First all positions are drawn, uniform in a square of this side in km, then one uniform number for each pair of
    agents, ascending; a pair gets a line where its number is below the density's chance. So the lines of a sparser
    network are among those of a denser one for the same state of `rng`. Resistance is proportional to length:
    `resistance_per_km` in p.u. per km, or what makes it `mean_resistance` p.u. at the mean distance of two points.
    """
    if (mean_resistance is None) == (resistance_per_km is None):
        raise NetworkError("give exactly one of mean_resistance and resistance_per_km")
    for name, value in (("side", side), ("mean_resistance", mean_resistance), ("resistance_per_km", resistance_per_km)):
        if value is not None and not 0 <= value < np.inf:
            raise NetworkError(f"{name}(={value!r}) must be finite and >= 0")
    positions = rng.random((nodes, 2))
    agents = np.delete(np.arange(nodes), slack)
    first, second = _drawn_pairs(len(agents), chance(density, nodes), rng)
    tail, head = agents[first], agents[second]
    apart = np.hypot(*(positions[tail] - positions[head]).T)
    per_side = mean_resistance / MEAN_DISTANCE if resistance_per_km is None else resistance_per_km * side
    owner = np.full(len(tail), SHARED)
    return positions * side, PrivateLines(tail, head, per_side * apart, apart * side, owner)


def _drawn_pairs(count: int, likely: float, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Lower and higher numbers of the pairs of `count` things that are drawn, ascending, each shape (pairs,)."""
    before = np.arange(count) * (2 * count - 1 - np.arange(count)) // 2  # pairs with a lower first number
    pairs = count * (count - 1) // 2
    kept = [np.zeros(0, dtype=np.intp)]
    for start in range(0, pairs, PAIRS_AT_ONCE):
        kept.append(start + np.flatnonzero(rng.random(min(PAIRS_AT_ONCE, pairs - start)) < likely))
    drawn = np.concatenate(kept)
    first = np.searchsorted(before, drawn, side="right") - 1
    return first, drawn - before[first] + first + 1
