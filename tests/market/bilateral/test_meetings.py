"""Meetings of buyers and sellers, round by round, against the same round written out agent by agent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.core import violation
from market.bilateral.market import Market, assignment_game
from market.bilateral.negotiation import Bilateral, MessageNetwork
from market.bilateral.negotiation.bilateral import AGREED_BIDS, batches, close, half_way
from market.bilateral.signing import signed
from market.bilateral.transport import multi_contracts
from tests.shares import part_of

FEW = settings(max_examples=part_of(180), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)
SCHEDULES, MEETINGS = st.sampled_from(["sequential", "disjoint"]), st.sampled_from(["worst", "cyclic"])
NETWORKS = st.sampled_from([MessageNetwork(), MessageNetwork("ring"), MessageNetwork("random", 0.4, 0.7)])


def some_contracts(seed):
    """Whole numbers with many ties: contracts of any matching, optimal or not, or several an agent, some with caps."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 6, 2)
    values = rng.integers(-1, 8, (m, n)).astype(float)
    if seed % 3 == 0:
        cap = None if seed % 2 else 2.0
        many = Market(np.zeros(m), rng.integers(1, 6, m), np.zeros(n), rng.integers(1, 6, n), values, cap=cap)
        return multi_contracts(many)
    partner = np.full(m, -1)
    able = rng.random(min(m, n)) < 0.7
    partner[rng.permutation(m)[: min(m, n)][able]] = rng.permutation(n)[: min(m, n)][able]
    return signed(assignment_game(values), matching="optimal" if seed % 3 == 1 else partner)


class Round:
    """One round by hand: claims u, v, who met, how many numbers were told, and what partners claimed too much."""

    def __init__(self, rule, bargain, u, v, number, rng):
        self.rule, self.bargain, self.number = rule, bargain, number
        self.u, self.v, self.met, self.told = u.tolist(), v.tolist(), [], 0
        self.buyers, self.sellers = bargain.value.shape
        self.held = list(zip(bargain.buyer.tolist(), bargain.seller.tolist(), strict=True))
        pairs = rule.network.pairs(np.empty((self.buyers, self.sellers)), number, rng)
        self.hears = np.ones((self.buyers, self.sellers), dtype=bool) if pairs is None else pairs
        arrives = rule.network.arrives(self.buyers, rng)
        if rule.meeting == "worst":
            self.told += int(np.sum(self.hears))
        if rule.schedule == "sequential":
            for i in range(self.buyers):
                self.meet([(i, self.seller_of(i))], arrives)
        else:
            self.meet([(i, self.seller_of(i)) for i in range(self.buyers)], arrives)
        self.over = max([abs(self.u[i] + self.v[j] - bargain.value[i, j]) for i, j in self.held], default=0.0)
        self.agree(rule.network.arrives(len(self.held), rng))

    def able(self, i, j):
        return j < self.sellers and self.hears[i, j] and (i, j) not in self.held

    def seller_of(self, i):
        """Whom buyer i looks for, None where there is nobody."""
        if self.rule.meeting == "cyclic":
            j = (i + self.number) % max(self.buyers, self.sellers)
            self.told += 2 * self.able(i, j)
            return j if self.able(i, j) else None
        able = [j for j in range(self.sellers) if self.able(i, j)]
        return max(able, key=lambda j: (self.bargain.value[i, j] - self.v[j], -j), default=None)

    def meet(self, wishes, arrives):
        """Of buyers who want the same seller the one of the largest gap meets it."""
        gaps = {(i, j): self.bargain.value[i, j] - self.v[j] - self.u[i] for i, j in wishes if j is not None}
        for j in range(self.sellers):
            wanting = [i for i, wanted in gaps if wanted == j and gaps[i, j] > 0]
            if wanting:
                i = max(wanting, key=lambda i: (gaps[i, j], -i))
                self.told += 2 * (self.rule.meeting == "worst")
                if arrives[i]:
                    self.close(i, j, self.rule.relaxation * gaps[i, j])

    def close(self, i, j, gap):
        idle = self.bargain.buyer_idle[i], self.bargain.seller_idle[j]
        if all(idle):
            if self.rule.schedule == "disjoint":
                self.met.append((i, j))
            return
        self.u[i] += 0.0 if idle[0] else gap if idle[1] else gap / 2
        self.v[j] += 0.0 if idle[1] else gap if idle[0] else gap / 2
        self.met.append((i, j))

    def agree(self, arrives):
        for group in batches(self.bargain):
            for contract in group:
                (i, j), capped = self.held[contract], self.bargain.capped[contract]
                worth, over = self.bargain.value[i, j], self.u[i] + self.v[j] - self.bargain.value[i, j]
                if not arrives[contract] or over == 0 or (capped and over < 0):
                    continue
                self.u[i] = min(max((self.u[i] + worth - self.v[j]) / 2, 0), worth)
                self.u[i] = worth if self.bargain.seller_idle[j] else 0.0 if self.bargain.buyer_idle[i] else self.u[i]
                self.v[j] = worth - self.u[i]
        self.u = np.where(self.bargain.buyer_idle, 0.0, self.u)
        self.v = np.where(self.bargain.seller_idle, 0.0, self.v)


@FEW
@given(SEEDS, SCHEDULES, MEETINGS, NETWORKS, st.sampled_from([0.5, 1.0]))
def test_a_round_is_what_its_agents_do_one_by_one(seed, schedule, meeting, network, relaxation):
    bargain = some_contracts(seed)
    rule = Bilateral(network=network, schedule=schedule, meeting=meeting, relaxation=relaxation)
    begin, rng, ours = np.random.default_rng(seed), np.random.default_rng(seed + 1), np.random.default_rng(seed + 1)
    claims = tuple(begin.integers(0, 9, size).astype(float) for size in bargain.value.shape)
    state, messages = rule.start(bargain, begin, claims), 0
    for number in range(5):
        by_hand = Round(rule, bargain, state.u, state.v, number, ours)
        state = rule.round(state, rng)
        messages += by_hand.told + 2 * len(bargain)
        assert state.u == pytest.approx(by_hand.u, abs=1e-12)
        assert state.v == pytest.approx(by_hand.v, abs=1e-12)
        assert sorted(map(tuple, state.met.tolist())) == sorted(by_hand.met)
        assert (state.messages, state.round) == (messages, number + 1)
        assert state.spread == pytest.approx(by_hand.over)
        assert state.violation == pytest.approx(violation(bargain, state.u, state.v))


@FEW
@given(SEEDS)
def test_contracts_stand_in_the_first_group_that_has_none_of_their_agents(seed):
    bargain = some_contracts(3 * (seed // 3))
    groups = []
    for contract in range(len(bargain)):
        ends = {("buyer", int(bargain.buyer[contract])), ("seller", int(bargain.seller[contract]))}
        groups += [[]]
        first = next(group for group in groups if not any(ends & theirs for _, theirs in group))
        first.append((contract, ends))
        groups = [group for group in groups if group]
    assert [group.tolist() for group in batches(bargain)] == [[contract for contract, _ in group] for group in groups]


@pytest.mark.parametrize("meeting", ["worst", "cyclic"])
@pytest.mark.parametrize("schedule", ["sequential", "disjoint"])
@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3)])
def test_where_one_side_is_missing_nobody_meets_and_nothing_is_told(shape, schedule, meeting):
    market = Market(np.ones(shape[0]), np.ones(shape[0]), np.zeros(shape[1]), np.ones(shape[1]))
    rule = Bilateral(schedule=schedule, meeting=meeting)
    state = rule.round(rule.start(signed(market)))
    assert (state.met.shape, state.messages, state.round, state.violation) == ((0, 2), 0, 1, 0)


def test_many_buyers_take_turns_at_one_seller():
    rule, asked = Bilateral(schedule="disjoint", meeting="cyclic"), []
    state = rule.start(signed(assignment_game([[4.0], [3.0], [2.0]]), matching=[-1, -1, -1]), claims=([0] * 3, [0]))
    state = replace(state, bargain=replace(state.bargain, seller_idle=np.array([False])))
    for _ in range(4):
        state = rule.round(state)
        asked.append([tuple(pair) for pair in state.met.tolist()])
    assert asked == [[(0, 0)], [], [], []] and state.v.tolist() == [4]  # the second and third see it claim 4


@FEW
@given(SEEDS)
def test_who_can_claim_nothing_keeps_its_claim_while_the_other_takes_all(seed):
    rng = np.random.default_rng(seed)
    bargain = signed(assignment_game(rng.integers(1, 8, (4, 4))))
    bargain = replace(bargain, buyer_idle=rng.random(4) < 0.5, seller_idle=rng.random(4) < 0.5)
    u, v = rng.integers(0, 9, (2, 4)).astype(float)
    pairs = [(i, j) for i, j in enumerate(rng.permutation(4)) if not (bargain.buyer_idle[i] and bargain.seller_idle[j])]
    i, j = np.array(pairs, dtype=int).reshape(-1, 2).T
    gap, (u_after, v_after) = rng.integers(1, 9, len(i)).astype(float), (u.copy(), v.copy())
    close(bargain, u_after, v_after, i, j, gap)
    for buyer, seller, each in zip(i, j, gap, strict=True):
        idle = bool(bargain.buyer_idle[buyer]), bool(bargain.seller_idle[seller])
        rises = {(False, False): (each / 2, each / 2), (True, False): (0, each), (False, True): (each, 0)}[idle]
        u[buyer], v[seller] = u[buyer] + rises[0], v[seller] + rises[1]
    assert (u_after.tolist(), v_after.tolist()) == (u.tolist(), v.tolist())


@pytest.mark.parametrize("worth", [2.0**-30, 1.0, 2.0**30])
def test_partners_who_differ_by_rounding_alone_leave_their_claims(worth):
    u = worth / 4
    for trace in (-1, 0, 1, 3):
        v = worth - u + trace * np.spacing(worth)
        assert [float(each) for each in half_way(u, v, worth, False, False, False)] == [u, v]
        assert [float(each) for each in half_way(u, v - worth / 8, worth, False, False, True)] == [u, v - worth / 8]
    at_edge = u + AGREED_BIDS * worth, worth - u
    assert float(half_way(*at_edge, worth, False, False, False)[0]) == at_edge[0]
    far = u + 1e-12 * worth, worth - u
    found = half_way(*far, worth, False, False, False)
    assert found[0] == pytest.approx(u + 0.5e-12 * worth, rel=1e-14) and found[0] + found[1] == worth


@pytest.mark.parametrize("drop", [0.0, 0.3])
@pytest.mark.parametrize("meeting", ["worst", "cyclic"])
def test_it_settles_as_soon_as_no_pair_gains_more_than_the_tolerance(meeting, drop):
    bargain, rng = signed(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]])), np.random.default_rng(0)
    rule = Bilateral(meeting=meeting, tolerance=0.05, network=MessageNetwork(drop=drop))
    state = rule.start(bargain)
    for _ in range(60):
        state = rule.round(state, rng)
        assert (state.status == "settled") == (state.violation <= 0.05 * 16 / 3)
    assert state.status == "settled"


def test_asks_are_told_to_all_where_buyers_meet_whom_they_want():
    for meeting, posted in (("worst", [("seller", "every buyer that hears it")]), ("cyclic", [])):
        told = [(line.sender, line.receiver) for line in Bilateral(meeting=meeting).ledger]
        meetings = [("buyer", "the seller it meets"), ("seller", "the buyer it meets"), ("partners", "each other")]
        assert told == posted + meetings
