"""Values from willingness, tastes, fees and the grid's tariff; what is refused, and how it is said."""

import numpy as np
import pytest

from market.bilateral.core import corners, fair_point
from market.bilateral.market import Market, MarketError, RetailTariff, assignment_game
from market.bilateral.negotiation import RULES, Bilateral, Corner, MessageNetwork, negotiate
from market.bilateral.preferences import tag_preference
from market.bilateral.settlement import conclude
from market.bilateral.signing import matched, signed
from market.bilateral.transport import block_market, in_blocks, multi_contracts

INF, NAN = float("inf"), float("nan")
TWO = ([0.2, 0.3], [1, 2], [0.1, 0.02], [3, 1])  # willingness, demand, ask, supply


def test_worth_and_cost_count_beside_the_grid():
    market = Market(*TWO, preference=[[0.01, 0], [0, -0.02]], fee=0.005, tariff=RetailTariff(0.25, 0.05))
    assert market.worth == pytest.approx(np.array([[0.205, 0.195], [0.245, 0.225]]))
    assert market.cost == pytest.approx([0.1, 0.05])
    assert market.quantity.tolist() == [[1, 1], [2, 1]]
    assert market.pair_value == pytest.approx(np.array([[0.105, 0.145], [0.29, 0.175]]))


def test_a_pair_that_would_lose_is_worth_nothing():
    assert assignment_game([[-3, 2]]).pair_value.tolist() == [[0, 2]]
    assert matched(assignment_game([[-3, -2]])).tolist() == [-1]


def test_tags_add_up_by_buyer_seller_and_pair():
    marks = {"green": [1, 0, 1], "local": [[False, True, True], [True, False, False]]}
    taste = tag_preference({"green": [0.02, 0.01], "local": 0.005}, marks, 2, 3)
    assert taste == pytest.approx(np.array([[0.02, 0.005, 0.025], [0.015, 0.0, 0.01]]))
    assert tag_preference({}, {}, 2, 0).shape == (2, 0)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
@pytest.mark.parametrize("name", RULES)
def test_empty_sides_sign_nothing(shape, name):
    m, n = shape
    market = Market(np.full(m, 0.2), np.ones(m), np.full(n, 0.1), np.ones(n))
    for contracts in ("single", "multi"):
        bargain = signed(market, contracts)
        state = negotiate(RULES[name](network=MessageNetwork("periodic", drop=0.2)), bargain, np.random.default_rng(1))
        settled = conclude(state)
        assert (state.status, state.round) == ("settled", 1)
        assert (len(settled.bargain), settled.gap) == (0, 0)
        assert (len(settled.u), len(settled.v)) == shape
        assert np.concatenate(fair_point(bargain, "equal-split")).tolist() == [0] * (m + n)
    assert matched(market, "auction").tolist() == [-1] * m


def test_rows_without_entries_are_a_market_without_sellers():
    assert assignment_game([]).pair_value.shape == (0, 0)
    assert assignment_game([[], []]).pair_value.shape == (2, 0)


def test_agents_without_energy_sign_nothing_and_gain_nothing():
    market = Market([0.2, 0.2], [0, 2], [0.1, 0.1], [2, 0])
    for contracts in ("single", "multi"):
        bargain = signed(market, contracts)
        assert (bargain.buyer.tolist(), bargain.seller.tolist()) == ([1], [0])
        u, v = corners(bargain).tau
        assert (u[0], v[1]) == (0, 0)


REFUSED = [
    (lambda: assignment_game([[1, 2], [3]]), "pair_value: row 1 has 1 entries; 2 are needed, as in row 0"),
    (lambda: assignment_game([[1, NAN]]), r"buyer 0, seller 1: preference\(=nan\)|pair_value\(=nan\) must be finite"),
    (lambda: assignment_game([[1, INF], [2, 3]]), r"buyer 0, seller 1: pair_value\(=inf\) must be finite"),
    (lambda: assignment_game([1, 2]), "pair_value must be rows of numbers"),
    (lambda: assignment_game([["a", 2]]), "pair_value must be numbers"),
    (lambda: assignment_game(np.ones(3)), r"pair_value of shape \(3,\) must be a matrix"),
    (lambda: Market([0.2], [-1], [0.1], [1]), r"buyer 0: demand\(=-1\) must be finite and >= 0"),
    (lambda: Market([0.2], [1], [0.1, 0.1], [1, INF]), r"seller 1: supply\(=inf\) must be finite and >= 0"),
    (lambda: Market([0.2, NAN], [1, 1], [0.1], [1]), r"buyer 1: willingness\(=nan\) must be finite"),
    (lambda: Market([0.2], [1, 1], [0.1], [1]), r"willingness of shape \(1,\) must have shape \(2,\)"),
    (lambda: Market([0.2], 1, [0.1], [1]), "demand of shape .* must be a list"),
    (lambda: Market(*TWO, preference=[[1, 2]]), r"preference of shape \(1, 2\) must have shape \(2, 2\)"),
    (lambda: Market(*TWO, preference=[[1, 2], [3]]), "preference: row 1 has 1 entries; 2 are needed"),
    (lambda: Market(*TWO, fee=-0.1), r"buyer 0, seller 0: fee\(=-0.1\) must be finite and >= 0"),
    (lambda: Market(*TWO, cap=[[1, 1], [1, -1]]), r"buyer 1, seller 1: cap\(=-1\) must be >= 0"),
    (lambda: RetailTariff(0.1, 0.2), r"tariff: sell\(=0.2\) must be <= buy\(=0.1\)"),
    (lambda: RetailTariff(INF, 0.2), r"tariff.buy\(=inf\) must be finite"),
    (lambda: Market(*TWO).without(buyers=[2]), "buyer 2 leaves; must be one of 0 to 1"),
    (lambda: in_blocks(Market(*TWO), 0.0), r"block\(=0\) must be finite and > 0"),
    (lambda: block_market(Market(*TWO), 1e-5), "blocks of buyers; at most 20000 are allowed"),
    (lambda: block_market(Market(*TWO, cap=0.5), 1.0), "cap of a pair cannot be told to single blocks"),
    (lambda: matched(Market(*TWO), "best"), "matching='best' is not one of optimal, auction, or a list"),
    (lambda: matched(Market(*TWO), [0]), r"matching of shape \(1,\) must have shape \(2,\)"),
    (lambda: matched(Market(*TWO), [0, 2]), r"buyer 1: matching\(=2\) must be a seller, -1 to 1"),
    (lambda: matched(Market(*TWO), [1, 1]), r"buyer 1: matching\(=1\) must be a seller of its own, not buyer 0's"),
    (lambda: matched(assignment_game(np.ones((4, 2))), [-1, 1, 1, 1]), r"buyer 2: .* not buyer 1's"),
    (lambda: matched(Market(*TWO), [0, -2]), r"buyer 1: matching\(=-2\) must be a seller, -1 to 1"),
    (lambda: matched(Market(*TWO), [0, 0.5]), r"buyer 1: matching\(=0.5\) must be a seller"),
    (lambda: matched(Market(*TWO), [0, None]), "must be a seller|must be a list of numbers"),
    (lambda: signed(Market(*TWO), "many"), "contracts='many' is not one of single, multi"),
    (lambda: signed(Market(*TWO), "multi", [0, 1]), "always matched optimally"),
    (lambda: fair_point(signed(Market(*TWO)), "nucleolus"), "fair='nucleolus' is not one of tau, equal-split"),
    (lambda: tag_preference({"green": 1}, {}, 1, 1), "tag 'green' has a weight but no seller bears it; known: none"),
    (lambda: tag_preference({"green": [1, 2]}, {"green": [1]}, 1, 1), "one number or 1 are needed"),
    (lambda: tag_preference({"green": 1}, {"green": [1, 1]}, 1, 1), r"\(1,\) or \(1, 1\) is needed"),
    (lambda: tag_preference({"green": INF}, {"green": [1]}, 1, 1), "must be finite"),
    (lambda: MessageNetwork("star"), "network.kind='star' is not one of complete, ring, random, periodic"),
    (lambda: MessageNetwork(drop=1.0), r"network.drop\(=1\) must be in \[0, 1\)"),
    (lambda: MessageNetwork(link_probability=0), r"network.link_probability\(=0\) must be in \(0, 1\]"),
    (lambda: MessageNetwork(phases=0), r"network.phases\(=0\) must be a whole number >= 1"),
    (lambda: Bilateral(tolerance=0), r"tolerance\(=0\) must be > 0"),
    (lambda: Bilateral(relaxation=2), r"relaxation\(=2\) must be in \(0, 2\)"),
    (lambda: Bilateral(begin="middle"), "start='middle' is not one of whole, buyer, seller, tau"),
    (lambda: Bilateral(schedule="both"), "schedule='both' is not one of sequential, disjoint"),
    (lambda: Bilateral(meeting="best"), "meeting='best' is not one of worst, cyclic"),
    (lambda: Corner(fair="nucleolus"), "fair='nucleolus' is not one of"),
    (lambda: RULES["half-space"](meeting="best"), "meeting='best' is not one of worst, cyclic"),
    (lambda: RULES["benchmark"](solver="magic"), "solver='magic' is not one of exact, general"),
    (lambda: Bilateral().start(signed(Market(*TWO)), claims=([1], [1, 1])), r"claims of buyers: shape \(1,\) must be"),
]


@pytest.mark.parametrize("make, message", REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_bad_input_is_refused_in_one_line(make, message):
    with pytest.raises(MarketError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_rules_of_one_contract_refuse_several():
    bargain = multi_contracts(Market([0.2], [4], [0.1, 0.1], [2, 2]))
    for name in ("half-space", "benchmark"):
        with pytest.raises(MarketError, match="works with one contract an agent; cut the market into blocks"):
            RULES[name]().start(bargain)
