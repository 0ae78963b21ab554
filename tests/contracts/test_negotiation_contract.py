"""What every registered negotiation rule, fair point, graph and matching promises on random markets."""

import importlib
import inspect
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral import core, matching, negotiation, signing
from market.bilateral.core import FAIR, corners, fair_point, violation
from market.bilateral.market import Market, RetailTariff
from market.bilateral.negotiation import ADVICE, GRAPHS, RULES, Knowledge, MessageNetwork, Negotiation, network
from market.bilateral.negotiation.consensus import Consensus
from market.bilateral.signing import MATCHINGS, matched, signed
from market.bilateral.trading import Period, Trading
from market.outcome import Status
from tests.contracts.examples import usual

RANDOM = settings(max_examples=6, deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10**6)
TOLERANCE, ROUNDS, EXACT = 1e-2, 400, 1e-9
ENDS = (Status.SETTLED, Status.ROUND_LIMIT)
SIDES = {"buyer", "seller", "partners"}
every_rule = pytest.mark.parametrize("rule", RULES)
every_graph = pytest.mark.parametrize("kind", GRAPHS)
every_fair = pytest.mark.parametrize("fair", FAIR)
every_matching = pytest.mark.parametrize("how", MATCHINGS)
one_or_several = pytest.mark.parametrize("contracts", signing.CONTRACTS)


@cache
def market(seed):
    """1 to 5 a side; whole numbers with ties, or numbers drawn from intervals; tastes of either sign, fees."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 6, 2)
    if seed % 2:
        amounts, prices = rng.integers(0, 4, m + n).astype(float), rng.integers(0, 6, m + n) / 20
    else:
        amounts, prices = rng.uniform(1, 5, m + n), rng.uniform(0.05, 0.25, m + n)
    taste, fee = rng.uniform(-0.03, 0.1, (m, n)), rng.uniform(0, 0.02, (m, n))
    return Market(prices[:m], amounts[:m], prices[m:] / 2, amounts[m:], taste, fee, RetailTariff(0.25, 0.02))


def trading(seed, rule, contracts="single", kind="complete", drop=0.0, how="optimal", found=None, **options):
    found = market(seed) if found is None else found
    m, n = found.buyers, found.sellers
    period = Period(found, np.arange(m), m + np.arange(n))
    chosen = usual(RULES[rule], tolerance=TOLERANCE, network=MessageNetwork(kind, drop, 0.4, 3), **options)
    blockwise = contracts == "multi" and chosen.single
    fair = options.get("fair", "tau")
    return Trading((period,), m + n, chosen, contracts, how, fair, blockwise=blockwise)


def negotiated(deal, seed=0, rounds=ROUNDS):
    (period,) = deal.periods
    bargain, blocks = deal.open(period.market)
    state = negotiation.negotiate(deal.rule, bargain, np.random.default_rng(seed), rounds=rounds)
    return state, deal.close(period, period.market, state, blocks)


# rules


@pytest.mark.share
@every_graph
@one_or_several
@every_rule
@RANDOM
@given(seed=SEEDS)
def test_a_rule_settles_within_its_tolerance_or_says_that_it_has_not(rule, contracts, kind, seed):
    state, outcome = negotiated(trading(seed, rule, contracts, kind), seed)
    off = violation(state.bargain, state.u, state.v)
    assert state.status in ENDS and state.status in ADVICE
    assert state.violation == pytest.approx(off, abs=1e-12)
    apart = state.spread if issubclass(RULES[rule], Consensus) else 0.0
    within = max(off, apart) <= TOLERANCE * state.bargain.mean_contract
    assert (state.status is Status.SETTLED) == (off <= EXACT and state.round < ROUNDS if rule == "corner" else within)
    assert state.status is Status.SETTLED or state.round == ROUNDS
    assert outcome.settlement.gap <= EXACT  # repaired where it was not exact
    assert np.all(np.isfinite(np.concatenate([state.u, state.v])))


@one_or_several
@every_rule
@RANDOM
@given(seed=SEEDS)
def test_payoffs_add_up_to_welfare_and_prices_lie_between_cost_and_worth(rule, contracts, seed):
    found = market(seed)
    _, outcome = negotiated(trading(seed, rule, contracts), rounds=100)
    columns = outcome.contracts
    i, j = columns["buyer"], columns["seller"]
    assert np.all(columns["price"] >= found.cost[j] - EXACT)
    assert np.all(columns["price"] <= found.worth[i, j] + EXACT)
    assert sum(np.sum(side) for side in outcome.payoffs) == pytest.approx(outcome.best.welfare, abs=EXACT)
    assert outcome.welfare == pytest.approx(np.sum(columns["quantity"] * found.margin[i, j]), abs=EXACT)
    bought, sold = np.bincount(i, columns["quantity"], found.buyers), np.bincount(j, columns["quantity"], found.sellers)
    assert np.all(bought <= found.demand + EXACT) and np.all(sold <= found.supply + EXACT)
    now, alone = outcome.costs
    taste = found.preference + (found.willingness * (found.willingness < 0.25))[:, None]  # what no bill shows
    own = found.ask * (found.ask > 0.02)
    unseen = np.sum(columns["quantity"] * (taste[i, j] - own[j]))
    assert np.sum(alone - now) == pytest.approx(outcome.welfare - unseen, abs=EXACT)


@pytest.mark.share
@every_rule
@pytest.mark.parametrize("drop", [0.0, 0.3])
@RANDOM
@given(seed=SEEDS)
def test_the_same_generator_gives_the_same_bits_and_the_market_stays_as_it_was(rule, drop, seed):
    deal = trading(seed, rule, kind="random", drop=drop)
    before = [each.copy() for each in (deal.periods[0].market.demand, deal.periods[0].market.pair_value)]
    one, again = (negotiated(deal, seed, 40)[0] for _ in range(2))
    np.testing.assert_array_equal(one.u, again.u)
    np.testing.assert_array_equal(one.v, again.v)
    assert (one.round, one.messages, one.status) == (again.round, again.messages, again.status)
    after = deal.periods[0].market.demand, deal.periods[0].market.pair_value
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@every_rule
@RANDOM
@given(seed=SEEDS)
def test_scaling_prices_scales_payoffs(rule, seed):
    found = market(seed)
    prices = ("willingness", "ask", "preference", "fee")
    large = replace(found, **{name: 4 * getattr(found, name) for name in prices}, tariff=RetailTariff(1.0, 0.08))
    one, other = (negotiated(trading(seed, rule, found=each), rounds=60)[1] for each in (found, large))
    for few, many in zip(one.payoffs, other.payoffs, strict=True):
        assert 4 * few == pytest.approx(many, abs=EXACT)
    np.testing.assert_array_equal(one.contracts["quantity"], other.contracts["quantity"])


@every_rule
@RANDOM
@given(seed=SEEDS.map(lambda seed: 2 * seed))  # no ties: one matching only
def test_relabelling_agents_permutes_corners_welfare_and_a_corner_run(rule, seed):
    found, rng = market(seed), np.random.default_rng(seed)
    rows, columns = rng.permutation(found.buyers), rng.permutation(found.sellers)
    pairs = np.ix_(rows, columns)
    mixed = Market(
        found.willingness[rows],
        found.demand[rows],
        found.ask[columns],
        found.supply[columns],
        found.preference[pairs],
        found.fee[pairs],
        found.tariff,
    )
    one, other = (negotiated(trading(seed, rule, found=each), rounds=60)[1] for each in (found, mixed))
    for side in ("buyer", "seller"):
        u, v = getattr(one.corners, side)
        assert np.concatenate([u[rows], v[columns]]) == pytest.approx(
            np.concatenate(getattr(other.corners, side)), abs=EXACT
        )
    assert one.welfare == pytest.approx(other.welfare, abs=EXACT)
    if rule in ("corner", "tight", "benchmark"):  # rules whose rounds know no order of agents
        mine, yours = one.payoffs, other.payoffs
        assert np.concatenate([mine[0][rows], mine[1][columns]]) == pytest.approx(np.concatenate(yours), abs=1e-7)


@every_rule
def test_every_rule_says_who_learns_what(rule):
    for options in ({}, {"fair": "equal-split"} if rule == "corner" else {"relaxation": 1.5}):
        ledger = usual(RULES[rule], **options).ledger
        assert ledger and all(isinstance(line, Knowledge) for line in ledger)
        assert all(text and text == text.strip() for line in ledger for text in vars(line).values())
        assert {line.sender for line in ledger} <= {*SIDES, "everybody", "the platform"}
        assert not {line.receiver for line in ledger} & SIDES  # told is one of them, "the", "its" or "every"
    assert len(trading(2, rule).ledger) > len(ledger) - 1


@every_rule
def test_every_rule_ends_at_once_where_no_prices_will_do(rule):
    rough = [[0.5, 0.5], [0.5, 0.1]]
    found = Market([0, 0], [1, 1], [0, 0], [1, 1], rough, tariff=RetailTariff(0, 0))
    state, outcome = negotiated(trading(0, rule, how=(0, 1), found=found))
    assert (state.status, state.round, state.messages) == (Status.NO_EQUILIBRIUM, 0, 0)
    assert outcome.settlement.gap > 0.1


@every_rule
def test_remembered_claims_are_a_legal_start(rule):
    deal = trading(4, rule)
    state, _ = negotiated(deal)
    bargain, _ = deal.open(deal.periods[0].market)
    again = negotiation.negotiate(deal.rule, bargain, claims=(state.u, np.full(len(state.v), np.nan)))
    assert again.status is Status.SETTLED
    if state.status is Status.SETTLED and rule != "corner":
        assert negotiation.negotiate(deal.rule, bargain, claims=(state.u, state.v)).round <= state.round


# fair points, matchings, graphs


@every_fair
@one_or_several
@RANDOM
@given(seed=SEEDS)
def test_a_fair_point_is_in_the_core_between_its_corners(fair, contracts, seed):
    bargain = signed(market(seed), contracts)
    u, v = fair_point(bargain, fair)
    known = corners(bargain)
    assert violation(bargain, u, v) <= EXACT
    assert np.all(u <= known.buyer[0] + EXACT) and np.all(u >= known.seller[0] - EXACT)
    assert np.all(v <= known.seller[1] + EXACT) and np.all(v >= known.buyer[1] - EXACT)
    assert sum(np.sum(side) for side in bargain.payoffs(u, v)) == pytest.approx(bargain.welfare, abs=EXACT)


@every_fair
@RANDOM
@given(seed=SEEDS)
def test_the_corner_rule_reaches_every_fair_point(fair, seed):
    state, _ = negotiated(trading(seed, "corner", drop=0.2, fair=fair))
    point = fair_point(state.bargain, fair)
    assert state.status is Status.SETTLED
    assert np.concatenate([state.u, state.v]) == pytest.approx(np.concatenate(point), abs=EXACT)


@every_matching
@RANDOM
@given(seed=SEEDS)
def test_a_matching_gives_each_agent_one_partner_and_loses_little(how, seed):
    found = market(seed)
    partner = matched(found, how)
    signed_up = partner[partner >= 0]
    assert len(set(signed_up.tolist())) == len(signed_up)
    rows = np.flatnonzero(partner >= 0)
    values = found.pair_value[rows, partner[rows]]
    assert np.all(values > 0)
    assert values.sum() >= signed(found).welfare * (1 - 1e-2) - EXACT
    assert len(trading(seed, "bilateral", how=how).ledger) > 0


@every_graph
@pytest.mark.parametrize("sides", [(1, 1), (1, 5), (4, 3)])
def test_a_graph_joins_everybody_and_lets_every_pair_meet_in_time(kind, sides):
    m, n = sides
    rng, hears = np.random.default_rng(3), MessageNetwork(kind, 0.2, 0.3, 3)
    links, pairs = hears.plan_links(m + n, rng), hears.plan_pairs(m, n, rng)
    joined, met = np.eye(m + n, dtype=bool), np.zeros((m, n), dtype=bool)
    for number in range(80):
        now = hears.links(links, number, rng)
        assert now.shape == (m + n, m + n) and np.array_equal(now, now.T) and not np.any(np.diag(now))
        joined |= now
        able = hears.pairs(pairs, number, rng)
        met |= hears.arrives((m, n), rng) & (np.ones((m, n), dtype=bool) if able is None else able)
    assert np.all(np.linalg.matrix_power(joined.astype(int), m + n) > 0)
    assert np.all(met)


# registries


def test_no_rule_is_forgotten():
    found = set()
    for file in Path(negotiation.__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"{negotiation.__name__}.{file.stem}")
        classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
        found |= {c for c in classes if issubclass(c, Negotiation) and not inspect.isabstract(c)}
    assert found == set(RULES.values())
    assert len(found) == len(RULES)


def named(module, ending):
    functions = inspect.getmembers(module, inspect.isfunction)
    return {f for name, f in functions if f.__module__ == module.__name__ and name.endswith(ending) and name[0] != "_"}


def test_no_fair_point_graph_or_matching_is_forgotten():
    takes_bargain_only = {
        f for f in named(core, ("_point", "_corner")) if list(inspect.signature(f).parameters) == ["bargain"]
    }
    assert takes_bargain_only == set(FAIR.values())
    assert named(network, ("_links", "_pairs")) == {f for both in GRAPHS.values() for f in both}
    takes_market_only = {f for f in named(matching, "_matching") if list(inspect.signature(f).parameters) == ["market"]}
    assert takes_market_only == {MATCHINGS["optimal"]}
    assert set(MATCHINGS) == {"optimal", "auction"}


@pytest.mark.parametrize("registry", [RULES, FAIR, GRAPHS, MATCHINGS], ids=["rules", "fair", "graphs", "matchings"])
def test_registered_names_are_words_of_a_file(registry):
    for name, rule in registry.items():
        assert name == name.lower() and " " not in name and "_" not in name
        for each in rule if isinstance(rule, tuple) else (rule,):
            assert inspect.getdoc(each) or each.__name__ == "<lambda>"
