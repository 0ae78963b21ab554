"""Buyers and sellers of one's own: agents one by one give the arrays' bits; others do as they like, money adds up."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from agents import BilateralModel, Buyer, Seller
from agents.bilateral.views import Asks, Averaged, Meeting, Signed
from agents.seats import Player, SeatError
from market.bilateral.core import violation
from market.bilateral.market import Market, RetailTariff
from market.bilateral.negotiation import RULES, Bilateral
from market.bilateral.negotiation.consensus import Consensus
from market.bilateral.trading import Period, Trading
from scenarios import build, load
from scenarios.finding import FOLDER
from tests.market.bilateral.blocking import blocking_pairs

SHIPPED = sorted(path.stem for path in Path(FOLDER).glob("bilateral/*.toml"))
LARGE = ("p2p_500", "p2p_1000")
ALL = {"buyers": Buyer, "sellers": Seller}
STATE = ("u", "v", "violation", "spread", "status", "round", "messages", "met")
SMALL = ("buyers.count=6", "sellers.count=5")


def step_both(one, other):
    """Step both models: are they alike to the bit?"""
    one.step()
    other.step()
    for name in STATE:
        assert np.array_equal(getattr(one.state, name), getattr(other.state, name)), (one.round, name)


def same(one, other):
    """Play both models to their end: are they alike to the bit in every round, and in what is signed?"""
    while one.running:
        step_both(one, other)
    assert (one.status, one.round, one.messages, one.gap) == (other.status, other.round, other.messages, other.gap)
    for mine, theirs in zip(one.outcomes, other.outcomes, strict=True):
        assert mine.settlement.ending == theirs.settlement.ending
        for name, column in mine.contracts.items():
            assert np.array_equal(column, theirs.contracts[name])


def small(rule="bilateral", *changes, players, rounds=200, **options):
    changes = [*SMALL, f"negotiation.rule={rule}", *changes]
    return build("p2p_single", set=changes, players=players, rounds=rounds, **options)


# agents one by one against arrays


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in LARGE])
def test_agents_one_by_one_give_the_bits_of_the_arrays(name):
    changes = ["periods=4"] if name == "p2p_day" else []
    same(build(name, set=changes, rounds=25), build(name, set=changes, rounds=25, players=ALL))


@pytest.mark.parametrize("name", LARGE)
def test_agents_one_by_one_give_the_bits_of_the_arrays_in_rounds_of_large_markets(name):
    one, other = build(name), build(name, players=ALL)
    for _ in range(2):
        step_both(one, other)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(24))
def test_agents_one_by_one_give_the_bits_of_the_arrays_in_random_markets(seed):
    draws = np.random.default_rng([seed, 7])

    def one_of(*choices):
        return choices[draws.integers(len(choices))]

    rule = list(RULES)[seed % len(RULES)]
    changes = [f"{side}.count={draws.integers(1, 9)}" for side in ("buyers", "sellers")]
    changes += [f"negotiation.rule={rule}", f"contracts={one_of('single', 'multi')}", f"network.drop={one_of(0, 0.3)}"]
    changes += [f"network.kind={one_of('complete', 'ring', 'random', 'periodic')}", f"periods={one_of(1, 2)}"]
    if rule != "corner":
        changes += [f"negotiation.relaxation={one_of(1, 1.6, 0.7)}"]
    if rule in ("bilateral", "half-space"):
        changes += [f"negotiation.meeting={one_of('worst', 'cyclic')}"]
    if rule == "bilateral":
        changes += [f"negotiation.schedule={one_of('sequential', 'disjoint')}"]
    if one_of(True, False):
        changes += ["leave={ count = 1, round = 3 }"]
    known = {"set": changes, "seed": seed, "rounds": 15}
    same(build("p2p_single", **known), build("p2p_single", **known, players={"sellers": Seller}))


@pytest.mark.parametrize("solver", ["general", "clarabel"])
def test_each_agent_keeps_its_own_solver(solver):
    changes = ("buyers.count=3", "sellers.count=2", f"negotiation.solver={solver}")
    one, other = (build("p2p_benchmark", set=changes, rounds=3, **who) for who in ({}, {"players": ALL}))
    same(one, other)


# who sits where


class Stubborn(Seller):
    """Sells for no less than a price of its own, money per kWh."""

    least = 0.16

    def decide(self):
        if not isinstance(self.view, Meeting):
            return super().decide()
        return max(super().decide(), self.view.energy * (self.least - self.view.reserve))


class Watcher(Player):
    """Does what the rule does, and keeps all it observes and hears."""

    def __init__(self, model, seat):
        super().__init__(model, seat)
        self.seen, self.heard = [], []

    def observe(self, view):
        super().observe(view)
        self.seen.append(view)

    def approach(self, asks):
        self.seen.append(asks)
        return asks.reply()

    def decide(self):
        return self.view.reply()

    def hear(self, outcome):
        self.heard.append(outcome)


class Guest:
    """No agent at all, only decisions."""

    def observe(self, view):
        self.view = view

    def decide(self):
        return self.view.reply()


def test_classes_lists_tables_and_objects_take_seats_in_the_tables_of_the_data_collector():
    players = {"buyers": [Guest(), *[Watcher] * 5], "sellers": {3: Stubborn}}
    model = small(players=players)
    model.run()
    kinds = [type(agent).__name__ for agent in (*model.buyers.values(), *model.sellers.values())]
    assert kinds == ["Guest", *["Watcher"] * 5, "Seller", "Seller", "Seller", "Stubborn", "Seller"]
    for kind, count in ((Stubborn, 1), (Watcher, 5), (type(model.buyers[0]), 1), (Seller, 4)):
        rows = model.datacollector.get_agenttype_vars_dataframe(kind).xs(model.round, level="Step")
        assert (len(rows), list(rows.columns)) == (count, ["claim", "price", "partners"])
    (last,) = model.datacollector.get_agenttype_vars_dataframe(Stubborn).xs(model.round, level="Step")["claim"]
    assert last == model.state.v[3] == model.sellers[9].claim
    assert model.accounts["buyer"][0].claim == model.state.u[0]
    assert pickle.loads(pickle.dumps(model.datacollector.agenttype_reporters)).keys() >= {Stubborn, Watcher}


def test_nobody_sits_where_there_is_no_seat_and_rules_without_single_agents_say_so():
    with pytest.raises(SeatError, match="no group 'seller'; buyers, sellers have seats; nearest known name: sellers"):
        small(players={"seller": Stubborn})
    with pytest.raises(SeatError, match="sellers has no number 5; 0, 1, 2, 3, 4 have seats"):
        small(players={"sellers": {5: Stubborn}})

    class AllAtOnce(Consensus):
        def operator(self, bargain, proposals, number, tools):
            return proposals

    market = Market([0.2], [1], [0.1], [1])
    trading = Trading((Period(market, np.array([0]), np.array([1])),), 2, AllAtOnce())
    for players in (None, {}):
        BilateralModel(trading, players=players)
    with pytest.raises(SeatError, match="agents of the rule AllAtOnce cannot decide one by one"):
        BilateralModel(trading, players=ALL)


def test_a_players_own_draws_disturb_nobody():
    class Shaky(Stubborn):
        def decide(self):
            self.rng.random(), self.random.random()
            return super().decide()

    changes = "network.kind=random", "network.drop=0.2"
    one, other = (small("bilateral", *changes, players={"sellers": {2: kind}}) for kind in (Stubborn, Shaky))
    same(one, other)
    drawn = [small(players={"sellers": Shaky}, seed=seed, replication=k) for seed, k in ((1, 0), (1, 0), (1, 1))]
    first, again, later = ([seller.rng.random() for seller in model.sellers.values()] for model in drawn)
    assert first == again and not set(first) & set(later) and len(set(first)) == 5


# what they see


@pytest.mark.parametrize("rule", RULES)
def test_a_view_holds_ones_own_numbers_and_what_others_told(rule):
    model = small(rule, players={"buyers": Watcher, "sellers": Watcher}, rounds=12)
    model.run()
    market, m = model.market, 6
    for side, agents in (("buyer", model.buyers), ("seller", model.sellers)):
        for place, agent in enumerate(agents.values()):
            for view in agent.seen:
                if isinstance(view, Meeting):
                    other = view.other - m if side == "buyer" else view.other
                    i, j = (place, other) if side == "buyer" else (other, place)
                    own = market.worth[i, j] if side == "buyer" else market.cost[j]
                    offer = view.bid if side == "buyer" else view.ask
                    assert (view.reserve, view.energy) == (own, market.quantity[i, j])
                    assert offer == pytest.approx(own + view.claim / view.energy * (-1 if side == "buyer" else 1))
                    assert view.gap == pytest.approx(view.energy * (view.bid - view.ask), abs=1e-12)
                    assert (view.half is None) == (not view.contract)
                elif isinstance(view, Asks):
                    assert side == "buyer" and np.all(view.left[view.left > -np.inf] >= 0)
                elif isinstance(view, Averaged):
                    values = market.pair_value[place] if side == "buyer" else market.pair_value[:, place]
                    assert view.known.value.tolist() == [values.tolist()]
                    assert (view.known.total is None) == (rule != "benchmark")
            signed = agent.heard[-1]
            assert isinstance(signed, Signed) and signed.gain == model.outcomes[0].payoffs[side == "seller"][place]


def test_what_a_buyer_sees_does_not_tell_a_sellers_cost_from_its_claim():
    """Sellers who cost a little more and claim so much less ask the same: buyers see and do the same."""
    seen = []
    for shift in (0.0, 0.01):
        taste, one = [[5, 7, 2], [8, 9, 3], [2, 6, 0]], np.ones(3)
        market = Market(0 * one, one, 0.1 * one + shift, one, taste, tariff=RetailTariff(0.1, 0.0))
        trading = Trading((Period(market, np.arange(3), 3 + np.arange(3)),), 6, Bilateral(tolerance=1e-9))
        model = BilateralModel(trading, players={"buyers": Watcher}, rounds=2)
        model._open()
        model.state.u[:], model.state.v[:] = (2, 8, 6), np.array([8, 6, 2]) - shift  # told by the platform
        model.run()
        seen.append([view for buyer in model.buyers.values() for view in buyer.seen])
    assert len(seen[0]) == len(seen[1]) >= 12
    for one, other in zip(*seen, strict=True):
        assert type(one) is type(other)
        for mine, theirs in zip(one, other, strict=True):
            assert mine is theirs or mine == pytest.approx(theirs, abs=1e-12)


def test_what_a_player_does_to_its_view_changes_nothing():
    class Scribbler(Watcher):
        def decide(self):
            answer = self.view.reply()
            for name in ("left", "sellers", "average", "last"):
                each = getattr(self.view, name, None)
                if isinstance(each, np.ndarray):
                    each[...] = 3
            return answer

    for rule in RULES:
        one, other = (
            small(rule, "negotiation.repair=false", players=each, rounds=5) for each in (ALL, {"buyers": Scribbler})
        )
        for _ in range(5):
            step_both(one, other)


# players who do as they like


def check_money(model):
    """Money of each contract adds up; where a period is settled no pair gains by leaving."""
    for outcome in model.outcomes:
        settled, columns, market = outcome.settlement, outcome.contracts, outcome.market
        bargain = settled.bargain
        pairs = columns["buyer"], columns["seller"]
        value = columns["quantity"] * market.margin[pairs]
        np.testing.assert_allclose(columns["buyer_gain"] + columns["seller_gain"], value, atol=1e-12)
        assert np.all(columns["buyer_gain"] >= -1e-12) and np.all(columns["seller_gain"] >= -1e-12)
        assert sum(map(np.sum, outcome.payoffs)) == pytest.approx(value.sum())
        now, alone = outcome.costs
        assert (alone - now).sum() <= value.sum() + 1e-9
        assert np.all(np.isfinite(np.concatenate(outcome.payoffs))) and np.isfinite(settled.gap)
        if outcome.state.status == "settled":
            assert outcome.state.violation <= model.trading.rule.goal(outcome.state.bargain) + 1e-12
            assert violation(bargain, settled.u, settled.v) <= 3 * model.trading.rule.goal(bargain) + 1e-12
            gains = blocking_pairs(bargain, *outcome.payoffs)[2] if bargain.single else np.zeros(0)
            assert np.all(gains <= 3 * model.trading.rule.goal(bargain) + 1e-12)


@pytest.mark.share
@pytest.mark.parametrize("repair", ["true", "false"])
@pytest.mark.parametrize("least", [0.0, 0.13, 0.18, 0.5])
def test_a_stubborn_seller_sells_for_no_less_than_its_price_or_not_at_all(least, repair):
    for number in range(5):
        kind = type("Own", (Stubborn,), {"least": least})
        model = small("bilateral", f"negotiation.repair={repair}", players={"sellers": {number: kind}}, rounds=150)
        model.run()
        check_money(model)
        (outcome,) = model.outcomes
        mine = outcome.contracts["seller"] == number
        slack = 2 * model.trading.rule.goal(model.state.bargain)
        prices = outcome.contracts["price"][mine]
        assert np.all(prices >= least - slack / outcome.contracts["quantity"][mine])
        if least == 0.0:
            assert model.status == "settled"
        if least == 0.5 and number in model.state.bargain.seller:
            assert not len(prices) and model.status == "round-limit" and model.gap > 0.01


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("answer", [float("nan"), -5, "7", True, float("inf"), [1.0], ..., 1j, 1e200, 10**400])
def test_nonsense_is_refused_by_agent_and_round(rule, answer):
    class Odd(Watcher):
        def decide(self):
            return answer if self.view.round == 2 else super().decide()

    model = small(rule, players={"sellers": {3: Odd}})
    model.step()
    before = model.state
    with pytest.raises(SeatError, match=r"^round 2: Odd of sellers 3 decided .*; a (claim|proposal) .* is needed$"):
        model.step()
    assert model.state is before and model.round == 1


def test_nonsense_of_a_guest_in_a_later_period_names_it():
    class Late:
        rounds = 0

        def observe(self, view):
            self.view = view

        def decide(self):
            return self.view.reply() if self.rounds < 1 else "no"

        def hear(self, outcome):
            self.rounds += isinstance(outcome, Signed)

    model = small("bilateral", "periods=2", players={"buyers": {2: Late()}})
    with pytest.raises(SeatError, match=r"^period 1, round 1: Late of buyers 2 decided 'no'; a claim"):
        model.run()


@pytest.mark.share
@pytest.mark.parametrize("rule", RULES)
def test_one_who_leaves_every_meeting_never_settles_for_others(rule):
    class Absent(Watcher):
        def decide(self):
            return None

    for number in range(5):
        model = small(rule, players={"sellers": {number: Absent}}, rounds=60)
        model.run()
        check_money(model)
        assert model.round > 0
        holds = number in model.state.bargain.seller
        if rule == "bilateral" and holds:
            assert model.status == "round-limit"
            assert model.state.violation > model.trading.rule.goal(model.state.bargain)


@pytest.mark.share
@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", RULES)
def test_whatever_players_decide_money_adds_up_and_settled_is_settled(rule, contracts):
    class Whim(Player):
        def decide(self):
            answer = self.view.reply()
            if isinstance(self.view, Asks):
                return answer
            if self.rng.random() < 0.3:
                return None
            answer = answer * self.rng.choice([0.0, 0.5, 1.0, 1.0, 3.0])
            return answer if isinstance(answer, np.ndarray) else max(answer, 0.0)

    for seed in range(3):
        players = {"buyers": {0: Whim, 3: Whim}, "sellers": {1: Whim}}
        model = small(rule, f"contracts={contracts}", "periods=2", players=players, rounds=20, seed=seed)
        model.run()
        check_money(model)
        assert model.status in ("settled", "round-limit") and len(model.outcomes) == 2


def test_a_buyer_may_choose_whom_it_meets_among_those_it_hears():
    class Picky(Buyer):
        def approach(self, asks):
            return self.choice(asks)

    nobody = type("Nobody", (Picky,), {"choice": lambda self, asks: None})
    model = small(players={"buyers": nobody}, rounds=5)
    model.run()
    assert len(model.state.met) == 0
    for bad in (7, -1, "0", 0.0, True):
        wrong = type("Wrong", (Picky,), {"choice": lambda self, asks, bad=bad: bad})
        with pytest.raises(SeatError, match=r"round 1: Wrong of buyers 0 decided .*the place of a seller it hears"):
            small(players={"buyers": {0: wrong}}).step()
    for schedule in ("sequential", "disjoint"):
        last = type("Last", (Picky,), {"choice": lambda self, asks: int(np.flatnonzero(asks.left > -np.inf)[-1])})
        model = small("bilateral", f"negotiation.schedule={schedule}", players={"buyers": last}, rounds=3)
        model.run()
        check_money(model)


def test_who_leaves_the_market_in_the_middle_takes_its_seat_with_it():
    model = build("p2p_leavers", players={"buyers": Watcher, "sellers": {3: Stubborn}}, rounds=30)
    model.run()
    check_money(model)
    assert model.resigned


def test_no_round_no_word_so_contracts_are_signed_as_ever():
    scenario = load("wrong_matching")
    one, other = build(scenario), build(scenario, players={"buyers": Watcher, "sellers": Watcher})
    same(one, other)
