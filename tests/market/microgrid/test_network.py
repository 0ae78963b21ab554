"""Networks are checked at the door, drawn as described, and shown as networkx graphs."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from market.grid.lines import NetworkError
from market.microgrid import random_lines
from market.microgrid.network import SHARED, Network, as_networkx, network_of
from market.microgrid.random_lines import DENSITIES, MEAN_DISTANCE, chance, random_private
from market.microgrid.tariff import Tariff

LINE = [0, 1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"public": [LINE, [1, 2, -0.1, 0.1]]}, r"public line 1: r\(=-0.1\) must be finite and >= 0"),
        ({"public": [[0, 1, np.nan, 0.1]]}, r"public line 0: r\(=nan\) must be finite and >= 0"),
        ({"public": [LINE, [1, 2, 0.1, 0.0]]}, r"public line 1: x\(=0\) must be finite and not 0"),
        ({"public": [[0, 1, 0.1, np.inf]]}, r"public line 0: x\(=inf\)"),
        ({"public": [[0, 1, 0.1, 0.1, -360.5]]}, r"public line 0: shift\(=-360.5\) must be from -360 to 360 degrees"),
        ({"public": [[2, 2, 0.1, 0.1]]}, r"public line 0: head\(=2\) must be another node than tail"),
        ({"public": [[0, 3, 0.1, 0.1]]}, r"public line 0: head\(=3\) must be a node, 0 to 2"),
        ({"public": [[0, 1.5, 0.1, 0.1]]}, r"public line 0: head\(=1.5\) must be a node"),
        ({"public": [[0, 1, 0.1]]}, r"public line 0: .* must have 4 to 5 entries"),
        ({"public": [[0, 1, "a", 0.1]]}, "must be rows of numbers tail, head, r, x, shift"),
        ({"private": [[1, 2]]}, r"private line 0: \[1, 2\] must have 3 to 5 entries"),
        ({"private": [[0, 1, 0.1]]}, r"private line 0: tail\(=0\) must be an agent, 1 to 2: the slack has no"),
        ({"private": [[1, 2, -1.0]]}, r"private line 0: r\(=-1\) must be finite and >= 0"),
        ({"private": [[1, 2, 0.1, -1.0]]}, r"private line 0: length\(=-1\) must be finite and >= 0"),
        ({"private": [[1, 2, 0.1, 1.0, 0]]}, r"private line 0: owner\(=0\) must be an agent, 1 to 2, or -1"),
        ({"private": [[1, 2, 0.1, 1.0, 3]]}, r"private line 0: owner\(=3\)"),
        ({"injection": [0, np.inf, 0]}, r"node 1: injection\(=inf\) must be finite"),
        ({"injection": [0, "a", 0]}, "injection must be numbers"),
        ({"slack": 3}, r"slack\(=3\) must be a node, 0 to 2"),
        ({"slack": -1}, r"slack\(=-1\) must be a node, 0 to 2"),
        ({"positions": [[0, 0]]}, r"positions of shape \(1, 2\) must have shape \(3, 2\)"),
        ({"cost": [0, 1]}, "cost has 2 entries; 3 are needed"),
        ({"cost": [0, 1, -1]}, r"node 2: cost\(=-1\) must be finite and >= 0"),
    ],
)
def test_bad_data_are_named(change, message):
    with pytest.raises(NetworkError, match=message) as caught:
        network_of(**({"injection": [0, 1, -1], "public": [LINE]} | change))
    assert "\n" not in str(caught.value)


def test_a_whole_turn_of_a_transformer_is_taken():
    assert network_of([0, 1], [[0, 1, 0.1, 0.1, 360.0], [0, 1, 0.1, 0.1, -360.0]]).public.shift.tolist() == [360, -360]


def test_an_injection_of_the_wrong_length_is_refused(eight):
    with pytest.raises(NetworkError, match="injection has 4 entries; 8 are needed"):
        eight.with_injection([0, 1, 2, 3])


def test_what_the_main_grid_has_itself_stands_apart_and_is_not_lost():
    network = network_of([-5, 1], [LINE])
    assert (network.injection.tolist(), network.own, network.endowments.tolist()) == ([0, 1], -5, [-5, 1])
    assert network.with_private(network.private).own == -5
    assert network.with_injection([2, 1]).own == 2


def test_series_compensation_and_lines_without_resistance_are_legal(ieee300):
    assert np.sum(ieee300.public.x < 0) == 1
    assert np.sum(ieee300.public.r == 0) == 64
    assert (ieee300.nodes, len(ieee300.public)) == (300, 411)


def test_incidence_has_one_tail_and_one_head(eight):
    for ends, lines in ((eight.public_incidence, eight.public), (eight.private_incidence, eight.private)):
        dense = ends.toarray()
        assert np.all(dense.sum(axis=0) == 0)
        assert np.all(dense[lines.tail, np.arange(len(lines))] == 1)


def test_who_reaches_the_main_grid():
    network = network_of([0, 1, 1, 1, 1], [LINE, [3, 4, 0.1, 0.1]], [[1, 2, 0.1]])
    assert network.reaches_publicly.tolist() == [True, True, False, False, False]
    assert network.reaches.tolist() == [True, True, True, False, False]


def test_the_networkx_view_has_everything(eight):
    graph = as_networkx(eight)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (8, 11)
    assert graph.edges[5, 4, ("private", 2)] == {
        "kind": "private",
        "tail": 5,
        "head": 4,
        "r": 0.1,
        "length": 4.0,
        "owner": SHARED,
    }
    assert graph.nodes[1]["injection"] == 3
    assert [node for node, slack in graph.nodes(data="slack") if slack] == [0]


def test_random_lines_are_nested_across_densities_and_keep_their_places():
    drawn = [random_private(40, 3, name, np.random.default_rng(5), mean_resistance=0.01) for name in DENSITIES]
    pairs = [set(zip(lines.tail.tolist(), lines.head.tolist(), strict=True)) for _, lines in drawn]
    assert all(few <= many for few, many in pairwise(pairs))
    assert all(np.array_equal(positions, drawn[0][0]) for positions, _ in drawn)
    assert not any(3 in pair for pair in pairs[-1])
    assert len(pairs[-1]) == pytest.approx(39 * 38 / 2 / np.log(40), rel=0.2)


def test_resistance_follows_distance():
    positions, lines = random_private(60, 0, 1.0, np.random.default_rng(0), side=7.0, mean_resistance=0.01)
    apart = np.linalg.norm(positions[lines.tail] - positions[lines.head], axis=1)
    np.testing.assert_allclose(lines.length, apart)
    np.testing.assert_allclose(lines.r, 0.01 * apart / (MEAN_DISTANCE * 7.0))
    assert pytest.approx(0.521405, abs=5e-7) == MEAN_DISTANCE
    per_km = random_private(60, 0, 1.0, np.random.default_rng(0), side=7.0, resistance_per_km=1e-3)[1]
    np.testing.assert_allclose(per_km.r, 1e-3 * apart)


@pytest.mark.parametrize("wrong", ["1/m", -0.1, 1.1, np.nan])
def test_densities_are_checked(wrong):
    with pytest.raises(NetworkError, match="density"):
        chance(wrong, 10)


def test_one_way_to_say_resistance():
    for given in ({}, {"mean_resistance": 0.01, "resistance_per_km": 0.01}):
        with pytest.raises(NetworkError, match="exactly one"):
            random_private(5, 0, 0.5, np.random.default_rng(0), **given)
    with pytest.raises(NetworkError, match=r"side\(=-1\)"):
        random_private(5, 0, 0.5, np.random.default_rng(0), side=-1, mean_resistance=0.1)


@pytest.mark.parametrize("prices", [(1, 2, 1.5), (2, -1, 1), (2, 1, 3), (2, 1, np.nan)])
def test_tariffs_are_checked(prices):
    with pytest.raises(ValueError, match="tariff"):
        Tariff(*prices)


def test_a_network_is_frozen(eight):
    assert isinstance(eight, Network)
    with pytest.raises(AttributeError):
        eight.slack = 1


def test_other_private_lines_come_with_places_of_their_own_or_leave_them(eight):
    places, others = np.arange(16.0).reshape(8, 2), np.ones((8, 2))
    one = eight.with_private(eight.private, places)
    assert one.with_private(eight.private).positions.tolist() == places.tolist()
    assert one.with_private(eight.private, others).positions.tolist() == others.tolist()


@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_pairs_are_drawn_one_after_another_however_many_at_once(at_once, monkeypatch):
    monkeypatch.setattr(random_lines, "PAIRS_AT_ONCE", at_once)
    lines = random_private(25, 3, 0.3, np.random.default_rng(5), mean_resistance=0.01)[1]
    rng = np.random.default_rng(5)
    rng.random((25, 2))
    agents = [node for node in range(25) if node != 3]
    pairs = [pair for pair in combinations(agents, 2) if rng.random() < 0.3]
    assert list(zip(lines.tail.tolist(), lines.head.tolist(), strict=True)) == pairs
