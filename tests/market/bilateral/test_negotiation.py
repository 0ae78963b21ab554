"""Every rule on every network ends at stable contracts; what it costs, what is lost on the way, and how it goes on."""

import importlib
import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral import negotiation
from market.bilateral.bargain import single_contracts
from market.bilateral.core import corners, fair_point, violation
from market.bilateral.market import Market, MarketError, RetailTariff, assignment_game
from market.bilateral.matching import auction
from market.bilateral.negotiation import (
    GRAPHS,
    RULES,
    Benchmark,
    Bilateral,
    Corner,
    HalfSpace,
    MessageNetwork,
    Negotiation,
    Tight,
    negotiate,
)
from market.bilateral.negotiation.bilateral import batches
from market.bilateral.negotiation.network import metropolis
from market.bilateral.negotiation.shortlist import best_outside
from market.bilateral.signing import signed
from market.bilateral.transport import multi_contracts
from market.outcome import Status
from tests.market.bilateral.blocking import blocking_pairs
from tests.shares import part_of

FEW = settings(max_examples=part_of(25), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)
TYPES = [
    Bilateral(),
    Bilateral(schedule="disjoint"),
    Bilateral(meeting="cyclic"),
    Bilateral(schedule="disjoint", meeting="cyclic"),
    Bilateral(relaxation=1.7),
    Tight(tolerance=1e-2),
    Tight(tolerance=1e-2, relaxation=1.5),
    HalfSpace(tolerance=1e-2),
    HalfSpace(tolerance=1e-2, meeting="cyclic"),
    Corner(),
    Benchmark(tolerance=1e-2),
]
NETWORKS = [MessageNetwork(kind) for kind in GRAPHS] + [
    MessageNetwork("periodic", drop=0.3),
    MessageNetwork("random", 0.5, 0.5),
]


def label(value):
    if isinstance(value, MessageNetwork):
        return f"{value.kind}-{value.drop}"
    changed = {name: each for name, each in vars(value).items() if each != getattr(type(value)(), name)}
    return type(value).__name__ + "".join(f"-{each}" for each in changed.values())


@pytest.fixture(scope="module")
def four(energy_market):
    return signed(energy_market(4, 4, seed=0))


@pytest.mark.share
@pytest.mark.parametrize("network", NETWORKS, ids=label)
@pytest.mark.parametrize("rule", TYPES, ids=label)
def test_every_rule_settles_in_the_core_on_every_network(rule, network, four):
    state = negotiate(replace(rule, network=network), four, np.random.default_rng(1), rounds=20_000)
    assert state.status is Status.SETTLED
    assert state.gap <= rule.tolerance
    allowed = rule.tolerance * four.mean_contract
    assert len(blocking_pairs(four, state.u, state.v, allowed * (1 + 1e-9))[0]) == 0
    assert state.violation == pytest.approx(violation(four, state.u, state.v), abs=1e-15)
    assert np.sum(state.u) + np.sum(state.v) == pytest.approx(four.welfare, abs=2 * len(four) * allowed)
    low, high = four.market.cost[four.seller], four.market.worth[four.buyer, four.seller]
    assert np.all((state.prices >= low) & (state.prices <= high))


@FEW
@given(SEEDS, st.sampled_from(["sequential", "disjoint"]), st.sampled_from([0.0, 0.5, 0.8]))
def test_lost_messages_change_rounds_but_not_stability(seed, schedule, drop):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 7, rng.integers(0, 6, 2)).astype(float)
    bargain = signed(assignment_game(values))
    rules = [
        Bilateral(schedule=schedule),
        Bilateral(schedule=schedule, meeting="cyclic"),
        Corner(),
        Tight(tolerance=0.02),
    ]
    for rule in rules:
        state = negotiate(replace(rule, network=MessageNetwork(drop=drop)), bargain, np.random.default_rng(seed))
        assert state.status is Status.SETTLED
        assert violation(bargain, state.u, state.v) <= rule.tolerance * max(bargain.mean_contract, 1e-12)


@pytest.mark.parametrize("meeting", ["worst", "cyclic"])
@pytest.mark.parametrize("schedule", ["sequential", "disjoint"])
def test_meetings_at_once_share_no_agent_and_lost_ones_change_nothing(schedule, meeting, energy_market):
    bargain, most = signed(energy_market(30, 30, seed=1)), {0.0: 0, 0.9: 0}
    for drop in most:
        rule = Bilateral(schedule=schedule, meeting=meeting, network=MessageNetwork(drop=drop))
        state, rng = rule.start(bargain), np.random.default_rng(0)
        for _ in range(20):
            state = rule.round(state, rng)
            buyers, sellers = state.met.T
            assert len(np.unique(buyers)) == len(buyers)
            assert schedule == "sequential" or len(np.unique(sellers)) == len(sellers)
            most[drop] = max(most[drop], len(buyers))
    assert most[0.9] < most[0.0] / 2


def test_lost_messages_cost_rounds(energy_market):
    bargain = signed(energy_market(10, 10, seed=1))
    for rule in (Bilateral(), Corner(), Tight(tolerance=1e-2)):
        rounds = [
            negotiate(replace(rule, network=MessageNetwork(drop=drop)), bargain, np.random.default_rng(3)).round
            for drop in (0.0, 0.9)
        ]
        assert rounds[1] > rounds[0]


@pytest.mark.parametrize("drop", [0.0, 0.7])
def test_corners_are_exact_whatever_is_lost(drop, energy_market):
    for seed in range(5):
        bargain = signed(energy_market(8, 6, seed))
        state = negotiate(Corner(network=MessageNetwork(drop=drop)), bargain, np.random.default_rng(seed))
        found = corners(bargain)
        assert np.concatenate([state.u, state.v]) == pytest.approx(np.concatenate(found.tau), abs=1e-12)
        if not drop:
            assert state.round <= len(bargain) + 1


@pytest.mark.parametrize("rule", TYPES, ids=label)
def test_scaling_prices_scales_claims_round_by_round(rule, energy_market):
    market = energy_market(5, 4, seed=2)
    larger = Market(
        8 * market.willingness,
        market.demand,
        8 * market.ask,
        market.supply,
        8 * market.preference,
        tariff=RetailTariff(2.0, 0.4),
    )
    ours, theirs = (rule.start(signed(each)) for each in (market, larger))
    for _ in range(12):
        ours, theirs = rule.round(ours), rule.round(theirs)
        assert 8 * ours.u == pytest.approx(theirs.u, rel=1e-9, abs=1e-12)
        assert 8 * ours.v == pytest.approx(theirs.v, rel=1e-9, abs=1e-12)
        assert ours.messages == theirs.messages


@pytest.mark.parametrize(
    "rule", [Bilateral(schedule="disjoint"), Tight(), HalfSpace(), Corner(), Benchmark()], ids=label
)
def test_relabelling_agents_permutes_claims_round_by_round(rule, energy_market):
    market, rng = energy_market(5, 6, seed=3), np.random.default_rng(0)
    rows, columns = rng.permutation(5), rng.permutation(6)
    other = Market(
        market.willingness[rows],
        market.demand[rows],
        market.ask[columns],
        market.supply[columns],
        market.preference[np.ix_(rows, columns)],
    )
    ours, theirs = rule.start(signed(market)), rule.start(signed(other))
    for _ in range(10):
        ours, theirs = rule.round(ours), rule.round(theirs)
        assert ours.u[rows] == pytest.approx(theirs.u, abs=1e-12)
        assert ours.v[columns] == pytest.approx(theirs.v, abs=1e-12)


@pytest.mark.parametrize("rule", TYPES, ids=label)
def test_same_seed_same_trace(rule, four):
    rule = replace(rule, network=MessageNetwork("periodic", drop=0.2))
    one, other = (negotiate(rule, four, np.random.default_rng(5), rounds=40) for _ in range(2))
    assert (one.round, one.messages, one.status) == (other.round, other.messages, other.status)
    assert np.array_equal(one.u, other.u) and np.array_equal(one.v, other.v)


def test_a_round_leaves_the_state_before_alone(four):
    for rule in TYPES:
        state = rule.start(four)
        u, v = state.u.copy(), state.v.copy()
        rule.round(rule.round(state))
        assert np.array_equal(state.u, u) and np.array_equal(state.v, v) and state.round == 0


@pytest.mark.parametrize("rule", TYPES, ids=label)
def test_a_wrong_matching_is_told_before_the_first_round(rule, game):
    state = negotiate(rule, game([[5, 7, 2], [8, 9, 3], [2, 6, 0]], [0, 1, -1]))
    assert (state.status, state.round) == (Status.NO_EQUILIBRIUM, 0)
    assert "optimal" in state.advice


def test_a_matching_within_tolerance_is_good_enough(energy_market):
    market = energy_market(100, 100, seed=0)
    bargain = signed(market, matching=auction(market, 3e-3).partner)
    assert signed(market).welfare > bargain.welfare
    state = negotiate(Bilateral(tolerance=1e-2), bargain)
    assert state.status is Status.SETTLED


@pytest.mark.parametrize("worth", [1.0, 1e6])
def test_a_corner_takes_contracts_that_a_programme_found_but_none_that_are_worse(worth):
    """Partners 0-0, 1-0 and 1-1 share 1 each, so 0 and 1 gain what they are worth above it; nobody wants the third."""
    market = Market(np.zeros(3), [3, 3, 3], np.zeros(2), [4, 2], worth * np.array([[1, 1], [1, 1], [0, 0]]))
    found = signed(market, "multi")
    for more, status in ((1e-10, Status.RUNNING), (1e-7, Status.NO_EQUILIBRIUM)):
        value = found.value.copy()
        value[0, 1] += more * worth
        assert Corner().start(replace(found, value=value)).status is status


def test_out_of_rounds_is_told(four):
    state = negotiate(Bilateral(tolerance=1e-9), four, rounds=2)
    assert (state.status, state.round) == (Status.ROUND_LIMIT, 2)
    assert "raise rounds" in state.advice


@pytest.mark.parametrize("sizes", [(1, 6), (6, 1), (3, 9), (9, 3)])
@pytest.mark.parametrize(
    "rule", [Bilateral(), Bilateral(schedule="disjoint"), Tight(tolerance=1e-2), Corner()], ids=label
)
def test_short_and_long_sides(rule, sizes, energy_market):
    bargain = signed(energy_market(*sizes, seed=4))
    state = negotiate(rule, bargain, rounds=20_000)
    assert state.status is Status.SETTLED
    share = np.sum(state.u) / bargain.welfare
    assert share > 0.5 if sizes[0] < sizes[1] else share < 0.5


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(
    "rule", [Bilateral(), Bilateral(schedule="disjoint"), Tight(tolerance=1e-2), Corner()], ids=label
)
def test_several_contracts_an_agent_are_negotiated_too(rule, balanced, energy_market):
    for seed, cap in ((0, None), (1, None), (2, 1.0)):
        market = energy_market(4, 5, seed, cap=cap)
        supply = market.supply * market.demand.sum() / market.supply.sum() if balanced else market.supply
        bargain = multi_contracts(replace(market, supply=supply))
        state = negotiate(rule, bargain, rounds=20_000)
        assert state.status is Status.SETTLED
        assert violation(bargain, state.u, state.v) <= rule.tolerance * bargain.mean_contract


def test_partners_of_several_contracts_meet_in_groups_without_a_common_agent(energy_market):
    bargain = multi_contracts(energy_market(12, 9, seed=1))
    groups = batches(bargain)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(bargain)))
    for group in groups:
        for ends in (bargain.buyer[group], bargain.seller[group]):
            assert len(np.unique(ends)) == len(ends)


@pytest.mark.parametrize("rule", [Bilateral(), Tight(tolerance=1e-2), HalfSpace(tolerance=1e-2)], ids=label)
def test_remembered_claims_save_rounds(rule, energy_market):
    cold, warm = 0, 0
    for seed in range(4):
        market = energy_market(8, 8, seed)
        before = negotiate(rule, signed(market), rounds=20_000)
        drift = np.random.default_rng(seed).uniform(0.99, 1.01, 8)
        later = signed(replace(market, ask=market.ask * drift))
        cold += negotiate(rule, later, rounds=20_000).round
        state = negotiate(rule, later, claims=(before.u, before.v), rounds=20_000)
        assert state.status is Status.SETTLED
        warm += state.round
    assert warm < cold


def test_remembered_claims_are_cut_to_what_contracts_are_worth(four):
    most = np.bincount(four.buyer, four.contract_value, 4)
    state = Bilateral().start(four, claims=([9, -9, np.nan, 0], [np.nan] * 4))
    assert state.u == pytest.approx([most[0], 0, most[2], 0])
    assert state.v == pytest.approx(np.bincount(four.seller, four.contract_value, 4))


@pytest.mark.parametrize("begin", ["whole", "buyer", "seller", "tau"])
def test_starts(begin, four):
    state = Bilateral(begin=begin).start(four)
    if begin == "tau":
        assert state.violation <= 1e-12
        assert Bilateral(begin=begin).round(state).status is Status.SETTLED
    assert np.any(state.u) == (begin != "seller")
    assert np.any(state.v) == (begin != "buyer")


@pytest.mark.parametrize("rule", TYPES, ids=label)
def test_who_leaves_in_the_middle_frees_its_partner(rule, energy_market):
    market = energy_market(5, 5, seed=7)
    bargain = signed(market)
    state = rule.start(bargain)
    for _ in range(3):
        state = rule.round(state)
    gone = int(bargain.seller[0])
    after = signed(market.without(sellers=[gone]))
    state = rule.resume(state, after)
    assert (state.round, state.messages > 0) == (3, True)
    while state.status is Status.RUNNING and state.round < 20_000:
        state = rule.round(state)
    assert state.status is Status.SETTLED
    assert gone not in state.bargain.seller
    assert state.v[gone] == pytest.approx(0, abs=rule.tolerance * after.mean_contract)
    assert state.bargain.welfare < bargain.welfare


@pytest.mark.parametrize("rule", [Bilateral(), Bilateral(schedule="disjoint")], ids=label)
def test_bilateral_counts_scalars(rule, shapley_shubik):
    """Nine asks posted, a bid and an ask for each meeting that moved a claim, the same for each contract."""
    state = rule.round(rule.start(shapley_shubik))
    assert (len(state.met), state.messages) == (0, 9 + 6)
    state = rule.round(state)
    assert state.messages == 2 * (9 + 6) + 2 * len(state.met)
    assert len(state.met) > 0


@pytest.mark.parametrize("size", [20, 120])
@pytest.mark.parametrize("pace", [0.001, 0.3])
def test_short_lists_find_the_best_seller_of_all(size, pace, energy_market):
    bargain, rng = signed(energy_market(size, size, seed=2)), np.random.default_rng(0)
    v, best = rng.uniform(0, 0.3, size), None
    for _ in range(60):
        v = np.maximum(v + rng.normal(0, pace, size), 0)
        best = best_outside(bargain, v, best)
        left = bargain.outside_value - v
        assert np.array_equal(best.seller, left.argmax(axis=1))
        assert np.array_equal(best.left, left.max(axis=1))


def test_consensus_counts_proposals(shapley_shubik):
    rule = Tight(network=MessageNetwork("ring"))
    assert rule.round(rule.start(shapley_shubik)).messages == 6 * 2 * 6


def test_corner_counts_asks_and_counter_offers(shapley_shubik):
    """First every buyer tells every seller; then only whose claim fell; an ask that rose goes to the partner."""
    rule = Corner()
    state = rule.round(rule.start(shapley_shubik))
    assert state.messages == (9 + 2) + (9 + 2)
    assert rule.round(state).messages == 22 + 2 * 3 + 2 * 3


@pytest.mark.parametrize("drop", [0.0, 0.5])
@pytest.mark.parametrize("kind", GRAPHS)
def test_links_are_symmetric_and_join_all_in_time(kind, drop):
    network, rng = MessageNetwork(kind, drop), np.random.default_rng(2)
    plan = network.plan_links(7, rng)
    together = np.zeros((7, 7), dtype=bool)
    for number in range(30):
        links = network.links(plan, number, rng)
        assert np.array_equal(links, links.T) and not np.any(np.diag(links))
        weights = metropolis(links)
        assert weights.sum(axis=0) == pytest.approx(np.ones(7)) and np.min(np.diag(weights)) > 0
        together |= links
    reach = np.linalg.matrix_power(np.eye(7, dtype=int) + together, 7)
    assert np.all(reach > 0)


def test_as_many_links_are_lost_as_the_chance_says():
    network, rng = MessageNetwork(drop=0.2), np.random.default_rng(3)
    links = network.links(network.plan_links(120, rng), 0, rng)
    assert np.sum(links) / (120 * 119) == pytest.approx(0.8, abs=0.02)  # 7140 draws: four standard deviations


@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 1)])
def test_every_pair_can_meet_in_time(kind, shape):
    network, rng = MessageNetwork(kind), np.random.default_rng(2)
    plan = network.plan_pairs(*shape, rng)
    met = np.zeros(shape, dtype=bool)
    for number in range(40):
        pairs = network.pairs(plan, number, rng)
        met |= True if pairs is None else pairs
    assert np.all(met)


def test_a_periodic_network_joins_nobody_at_once_but_all_in_a_period():
    network, rng = MessageNetwork("periodic"), np.random.default_rng(0)
    plan = network.plan_links(12, rng)
    phases = [network.links(plan, number, rng) for number in range(3)]
    connected = [np.all(np.linalg.matrix_power(np.eye(12) + phase, 12) > 0) for phase in phases]
    assert not all(connected)
    assert np.array_equal(phases[0], network.links(plan, 3, rng))
    assert np.all(np.linalg.matrix_power(np.eye(12) + sum(phases), 12) > 0)


def test_every_rule_says_who_learns_what():
    for name, rule in RULES.items():
        ledger = rule().ledger
        assert ledger, name
        for line in ledger:
            assert all((line.sender, line.receiver, line.numbers, line.when))
    told = " ".join(line.numbers for line in Bilateral().ledger)
    assert "value" not in told and "cost" not in told
    assert len(Bilateral(meeting="cyclic").ledger) < len(Bilateral().ledger)
    assert any("v(N)" in line.numbers for line in Benchmark().ledger)


def test_no_rule_is_forgotten():
    found = set()
    for file in Path(negotiation.__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"{negotiation.__name__}.{file.stem}")
        classes = [each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, Negotiation)]
        found |= {each for each in classes if not inspect.isabstract(each)}
    assert found == set(RULES.values())


def test_consensus_refuses_too_many_agents():
    market = Market(np.full(3000, 0.2), np.ones(3000), np.full(1500, 0.1), np.ones(1500))
    nobody = single_contracts(market, np.full(3000, -1))
    with pytest.raises(MarketError, match="4500 agents: whole proposals are passed on for at most 4000"):
        Tight().start(nobody)


def test_bilateral_from_the_whole_ends_near_the_split_point(energy_market):
    """Symmetric claims lead near the core point next to the equal split, not to the tau value."""
    for seed in range(3):
        bargain = signed(energy_market(10, 10, seed))
        state = negotiate(Bilateral(tolerance=1e-5), bargain)
        split = np.concatenate(fair_point(bargain, "equal-split"))
        away = np.sum(np.abs(np.concatenate([state.u, state.v]) - split)) / bargain.welfare
        assert away <= 0.04
