"""The planner in other units of energy and money, lines without resistance or far apart: the same plan, proven."""

import numpy as np
import pytest

from market.designs.planner import optimum
from market.designs.population import Population
from market.designs.supply import Supply

RESISTANCES = {
    "none": lambda rng, m: np.zeros(m),
    "some": lambda rng, m: rng.choice([0.0, 0.05], m),
    "apart": lambda rng, m: 10 ** rng.uniform(-10, 0, m),
    "tiny": lambda rng, m: 10 ** rng.uniform(-9, -7, m),
    "heavy": lambda rng, m: rng.uniform(0.3, 3.0, m),  # losses of the order of what is consumed
}


def planned(seed, kind, energy=1.0, money=1.0):
    rng = np.random.default_rng(seed)
    nodes, n = int(rng.integers(2, 6)), int(rng.integers(1, 9))
    head = np.arange(1, nodes)
    tail = np.array([rng.integers(k) for k in head])
    a, b = rng.uniform(0.05, 0.5, n), rng.uniform(0.2, 1, n)
    generation = rng.uniform(0, 6, n) * (rng.random(n) < 0.5)
    price = money / energy
    people = Population(
        a * price / energy, b * price, generation * energy, rng.integers(1, nodes, n), np.zeros(n, int), ("all",)
    )
    supply = Supply(0.1 * price, 0.02 * price / energy, 0.05 * price)
    return optimum(people, supply, (tail, head, RESISTANCES[kind](rng, len(head))), 0, nodes, 10.0 * energy)


@pytest.mark.share
@pytest.mark.parametrize("kind", RESISTANCES)
@pytest.mark.parametrize("seed", range(4))
def test_a_plan_in_other_units_is_the_same(seed, kind):
    one = planned(seed, kind)
    assert 0 <= one.gap < 1e-9
    for energy, money in ((1e-4, 1.0), (1e3, 1e-4), (1e6, 1e6)):
        other = planned(seed, kind, energy, money)
        assert 0 <= other.gap < 1e-9
        np.testing.assert_allclose(other.consumption / energy, one.consumption, atol=1e-6)
        np.testing.assert_allclose(other.prices * energy / money, one.prices, rtol=1e-6)
        assert other.welfare / money == pytest.approx(one.welfare, rel=1e-9)
        assert other.loss / energy == pytest.approx(one.loss, rel=1e-5, abs=1e-12)
        assert kind != "none" or other.loss == 0


def test_little_that_is_consumed_beside_heavy_losses_is_planned_exactly():
    assert 0 <= planned(0, "heavy").gap < 1e-9
