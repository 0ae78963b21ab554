"""The planner's optimum: against closed forms, other plans, and SciPy's general minimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize

from market.designs import planner
from market.designs.planner import optimum, welfare_of
from market.designs.population import Population, wanted
from market.designs.supply import Supply

WIRES = np.array([0, 1, 2, 2]), np.array([1, 2, 0, 3]), np.array([0.05, 0.1, 0.02, 0.07])
BASE = 10.0


def random_people(seed, n=12, nodes=4):
    rng = np.random.default_rng(seed)
    generation = rng.uniform(0, 6, n) * (rng.random(n) < 0.5)
    node = 1 + np.arange(n) % (nodes - 1)
    return Population(rng.uniform(0.05, 0.2, n), rng.uniform(0, 0.8, n), generation, node, np.zeros(n, int), ("all",))


def plan(people, supply, wires=WIRES):
    return optimum(people, supply, wires, 0, 4, BASE)


def least_loss(people, x):
    """Least loss of flows that serve everybody: a circuit of resistances, energy."""
    tail, head, r = WIRES
    ends = np.zeros((4, len(r)))
    ends[tail, range(len(r))], ends[head, range(len(r))] = 1, -1
    put_in = np.bincount(people.node, people.generation - x, 4) / BASE
    laplacian = (ends / r) @ ends.T
    potential = np.append(0.0, np.linalg.solve(laplacian[1:, 1:], put_in[1:]))
    return BASE * float(r @ (ends.T @ potential / r) ** 2)


@pytest.mark.parametrize("seed", range(8))
def test_the_optimum_is_that_of_a_general_minimiser(seed):
    people, supply = random_people(seed), Supply(0.18, 0.004, 0.08)
    best = plan(people, supply)
    found = minimize(
        lambda x: -welfare_of(people, supply, x, least_loss(people, x)),
        people.satiated / 2,
        bounds=[(0, most) for most in people.satiated],
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxfun": 100_000},
    )
    assert best.gap < 1e-7
    assert best.loss == pytest.approx(least_loss(people, best.consumption), rel=1e-5)
    assert best.welfare == pytest.approx(-found.fun, rel=1e-6)
    assert best.consumption == pytest.approx(found.x, abs=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_plan_has_more_welfare_and_marginal_utility_is_the_price(seed):
    people, supply = random_people(seed), Supply(0.1, 0.01, 0.05)
    best, rng = plan(people, supply), np.random.default_rng(seed)
    for x in rng.uniform(0, 1, (200, len(people))) * people.satiated:
        assert welfare_of(people, supply, x, least_loss(people, x)) <= best.welfare + 1e-7
    marginal, price = people.b - 2 * people.a * best.consumption, best.prices[people.node]
    inside = best.consumption > 1e-5
    assert marginal[inside] == pytest.approx(price[inside], abs=1e-5)
    assert np.all(marginal[~inside] <= price[~inside] + 1e-5)


def test_without_resistance_everybody_pays_the_marginal_cost():
    people, supply = random_people(3), Supply(0.18, 0.004, 0.08)
    best = plan(people, supply, (*WIRES[:2], np.zeros(4)))
    assert best.prices == pytest.approx(best.prices[0], abs=1e-5)
    price = float(supply.price(best.consumption.sum() - people.generation.sum()))
    assert best.consumption == pytest.approx(wanted(people.a, people.b, price), abs=1e-3)


def test_exports_at_the_floor():
    people = random_people(1)
    people = Population(people.a, people.b, people.generation + 20, people.node, people.member, people.classes)
    best = plan(people, Supply(0.1, 1e-4, 0.1), (*WIRES[:2], np.full(4, 1e-6)))
    assert best.gap < 1e-6
    assert best.consumption == pytest.approx(wanted(people.a, people.b, 0.1), abs=2e-2)


def test_the_gap_tells_of_a_plan_that_is_not_the_best(monkeypatch):
    people, supply = random_people(0), Supply(0.18, 0.004, 0.08)
    exact = plan(people, supply).welfare
    monkeypatch.setattr(planner, "welfare_of", lambda *args: welfare_of(*args) - 0.01 * exact)
    assert plan(people, supply).gap == pytest.approx(0.01 / 0.99, rel=1e-4)


def test_a_programme_that_cannot_be_solved_is_told(monkeypatch):
    monkeypatch.setattr(planner, "solved_tightly", lambda problem: None)
    assert plan(random_people(0), Supply(0.18, 0.004, 0.08)) is None


@pytest.mark.parametrize("seed", range(3))
def test_all_consume_what_is_best_at_what_energy_costs_at_their_node(seed):
    """Prices by finite differences of what supply and least losses cost, consumption from marginal utility."""
    people, supply, step = random_people(seed), Supply(0.18, 0.004, 0.08), 1e-4
    best = plan(people, supply)

    def cost(x):
        return supply.cost(float(np.sum(x - people.generation)) + least_loss(people, x))

    for i, node in enumerate(people.node):
        up = np.eye(len(people))[i] * step
        slope = (cost(best.consumption + up) - cost(best.consumption - up)) / (2 * step)
        assert best.prices[node] == pytest.approx(slope, rel=1e-6)
    least = np.array([float(supply.price(np.sum(best.consumption - people.generation) + best.loss))])
    assert best.prices[0] == pytest.approx(least[0])
    assert best.consumption == pytest.approx(wanted(people.a, people.b, best.prices[people.node]), abs=1e-9)
    assert best.welfare == pytest.approx(welfare_of(people, supply, best.consumption, best.loss), rel=1e-12)


def test_welfare_is_utility_beyond_own_generation_less_what_the_grid_supplies():
    people, supply = random_people(4), Supply(0.18, 0.004, 0.08)
    x, loss = np.random.default_rng(0).uniform(0, 2, len(people)), 0.3
    worth = sum(b * y - a * y * y for a, b, y in zip(people.a, people.b, x, strict=True))
    for a, b, g in zip(people.a, people.b, people.generation, strict=True):
        kept = min(g, b / (2 * a))
        worth -= b * kept - a * kept * kept
    bought = x.sum() - people.generation.sum() + loss
    assert welfare_of(people, supply, x, loss) == pytest.approx(worth - supply.cost(bought))
