"""Large grids, whose matrices are not laid out: the numbers of small ones, and of plain dense algebra."""

import pickle
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid import power_flow
from market.grid.lines import NetworkError
from market.grid.power_flow import PHYSICS, build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.network import network_of
from market.microgrid.tariff import Tariff
from tests.shares import part_of

FEW = settings(max_examples=part_of(25), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 100_000)
TARIFF = Tariff(2.0, 1.0, 1.5)
NUMBERS = ("g", "f", "p", "prices", "public_loss", "private_loss", "grid_supply", "gap")


def tangled(seed, shifts=True):
    """A grid of islands with parallel lines, lines without resistance and phase shifts; few or many private lines.

    Several external grids are one node, 0, with lines to many. Some islands hang on private lines, some on nothing.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 30))
    first = np.maximum(np.arange(n) - rng.integers(1, 5, n), 0)
    cut = rng.random(n) < 0.1
    ends = [(int(first[i]), i) for i in range(1, n) if not cut[i]]
    ends += [ends[k] for k in rng.integers(0, len(ends), 3)] if ends else []
    ends += [(0, int(i)) for i in rng.integers(1, n, 2)]
    ends += [(int(i), int(j)) for i, j in rng.integers(0, n, (n // 3, 2)) if i != j]
    r = np.where(rng.random(len(ends)) < 0.2, 0.0, rng.uniform(0.01, 0.1, len(ends))) * (rng.random() < 0.9)
    shift = np.where(rng.random(len(ends)) < 0.2, rng.uniform(-30, 30, len(ends)), 0.0) * shifts
    public = [(*pair, r[k], rng.uniform(0.05, 0.5), shift[k]) for k, pair in enumerate(ends)]
    pairs = rng.integers(1, n, (int(rng.choice([0, 3, 2 * n])), 2))
    private = [(int(i), int(j), rng.exponential(0.05)) for i, j in pairs if i != j]
    return network_of(rng.uniform(-1, 1, n) * (rng.random(n) < 0.8), public, private)


def on_both_roads(network, physics, answer):
    """answer(grid) with matrices laid out, and without."""
    found = []
    for most in (10**9, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(power_flow, "MOST_DENSE_NODES", most)
            found.append(answer(build_grid(network, physics)))
    return found


@pytest.mark.parametrize("physics", PHYSICS)
@pytest.mark.parametrize("name", ["none", "cooperative", "integrated"])
@FEW
@given(seed=SEEDS)
def test_behaviours_find_the_same_on_both_roads(name, physics, seed):
    network = tangled(seed, shifts=physics == "x")
    there, here = on_both_roads(network, physics, lambda grid: BEHAVIOURS[name]().priced(network, grid, TARIFF))
    assert (there.status, there.unserved) == (here.status, here.unserved)
    for each in NUMBERS if there.loss is not None else ():
        np.testing.assert_allclose(getattr(here, each), getattr(there, each), rtol=1e-9, atol=1e-9, err_msg=each)


def exact_flows(network):
    """Private flows of least loss by Gauss's elimination in fractions, shape (private lines,)."""
    public, private, n = network.public, network.private, network.nodes
    tail, head = (np.append(getattr(public, end), getattr(private, end)).tolist() for end in ("tail", "head"))
    weight = [1 / Fraction(r) for r in np.maximum(np.append(public.r, private.r), network.floor).tolist()]
    rows = [[Fraction(0)] * n + [Fraction(float(e))] for e in network.injection]
    for i, j, w in zip(tail, head, weight, strict=True):
        for a, b in ((i, j), (j, i)):
            rows[a][a] += w
            rows[a][b] -= w
    rows = rows[1:]  # node 0 is the slack
    for k in range(1, n):
        pivot = next(row for row in rows[k - 1 :] if row[k])
        rows.remove(pivot)
        rows = [[a - b * row[k] / pivot[k] for a, b in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(k - 1, [a / pivot[k] for a in pivot])
    theta = [Fraction(0)] + [row[n] for row in rows]
    lines = zip(tail, head, weight, strict=True)
    return np.array([float((theta[i] - theta[j]) * w) for i, j, w in lines])[len(public) :]


@pytest.mark.parametrize("times", [0, 4])  # an unknown a line, an unknown a node
def test_flows_beside_lines_without_resistance_are_those_of_exact_arithmetic(times):
    rng, n = np.random.default_rng(15), 12
    ends = [(i, int(rng.integers(max(i - 3, 0), i))) for i in range(1, n)]
    ends += [(int(i), int(j)) for i, j in rng.integers(0, n, (8, 2)) if i != j]
    public = [(*pair, 0.0 if k % 3 else float(rng.uniform(0.01, 0.1)), 0.1) for k, pair in enumerate(ends)]
    private = [
        (int(i), int(j), float(rng.uniform(0.01, 0.1))) for i, j in rng.integers(1, n, (3 + times * n, 2)) if i != j
    ]
    network = network_of(rng.uniform(-1, 1, n), public, private)
    for found in on_both_roads(network, "x", lambda grid: BEHAVIOURS["integrated"]().priced(network, grid, TARIFF)):
        np.testing.assert_allclose(found.g, exact_flows(network), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["none", "cooperative"])
def test_lossy_flows_are_the_same_on_both_roads(name):
    network = tangled(4)
    there, here = on_both_roads(network, "x", lambda grid: BEHAVIOURS[name]().lossy(network, grid, TARIFF))
    np.testing.assert_allclose(here.f, there.f, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(here.g, there.g, rtol=1e-9, atol=1e-9)


@FEW
@given(seed=SEEDS)
def test_flows_and_losses_are_those_of_dense_algebra(seed):
    network = tangled(seed)
    lines, n = network.public, network.nodes
    ends = network.public_incidence.toarray()
    p = network.injection - np.mean(network.injection)
    pseudo = np.linalg.pinv(ends / lines.x @ ends.T, rcond=1e-12)
    p = ends @ (ends.T @ pseudo @ p / lines.x)  # what islands can serve
    shift = np.radians(lines.shift)
    flows = (ends.T @ pseudo @ (p + ends @ (shift / lines.x)) - shift) / lines.x
    _, grid = on_both_roads(network, "x", lambda grid: grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power_flow, "MOST_DENSE_NODES", 0)
        assert not isinstance(grid.effects, np.ndarray)
        np.testing.assert_allclose(grid.flows(p), flows, atol=1e-9)
        loss = p @ (grid.effects @ p) + 2 * grid.loop_pull @ p + grid.loop_loss
        assert loss == pytest.approx(lines.r @ flows**2, abs=1e-9)
        np.testing.assert_allclose(grid.effects @ np.eye(n), grid.loss, atol=1e-12)


def test_a_large_grid_lays_out_no_matrix():
    n = 3_000
    rng = np.random.default_rng(0)
    public = [(int(rng.integers(max(0, i - 5), i)), i, 0.01, 0.1) for i in range(1, n)]
    private = [(int(i), int(j), 0.01) for i, j in rng.integers(1, n, (20, 2)) if i != j]
    network = network_of(rng.normal(size=n), public, private)

    tracemalloc.start()
    grid = build_grid(network)
    found = [BEHAVIOURS[name]().priced(network, grid, TARIFF) for name in ("cooperative", "integrated")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(outcome.gap < 1e-9 for outcome in found)
    assert peak < 8 * n * n / 2


def test_a_large_grid_is_copied_without_its_factors():
    network = tangled(1)
    _, grid = on_both_roads(network, "x", lambda grid: grid)
    copy, p = pickle.loads(pickle.dumps(grid)), network.injection
    np.testing.assert_array_equal(copy.factors.of(p), grid.factors.of(p))


def test_reactances_that_cancel_are_told_where_no_matrix_is_laid_out():
    network = network_of([0, 1, -1], [(0, 1, 0.1, 0.1), (0, 1, 0.1, -0.1), (1, 2, 0.1, 0.1)])
    with pytest.raises(NetworkError, match="cancel"):
        on_both_roads(network, "x", lambda grid: grid)
