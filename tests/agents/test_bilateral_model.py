"""The bilateral model as a notebook user meets it: a step is a round, agents hold their own numbers."""

import mesa
import numpy as np
import pytest

from agents import BilateralModel, Buyer, Platform, Seller
from market.bilateral.core import corners, violation
from market.bilateral.negotiation import GRAPHS, RULES, negotiate
from market.outcome import Status
from scenarios import build, draw, load
from scenarios.reading.population import stream

COLUMNS = ["round", "period", "status", "violation", "gap", "spread", "messages", "price"]
SMALL = ("buyers.count=6", "sellers.count=5", "negotiation.tolerance=0.01")
WRONG = 'market = "bilateral"\npair_value = [[5, 7, 2], [8, 9, 3], [2, 6, 0]]\nmatching = [0, 1, 2]\n'
TURNS = """
market = "bilateral"
[prosumers]
period = [0, 0, 0, 1, 1, 1, 2, 2, 2]
prosumer = [0, 1, 2, 0, 1, 2, 0, 1, 2]
net = [2, -1, -2, -1, 0, 3, -1, 2, 2]
value = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
ask = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
"""


def small(*changes, name="p2p_single", **options):
    return build(name, set=[*SMALL, *changes], **options)


def stepped(model):
    """States after each step."""
    states = []
    while model.running:
        model.step()
        states.append(model.state)
    return states


def claims(state):
    return np.concatenate([state.u, state.v]).tolist()


# rounds


@pytest.mark.share
@pytest.mark.parametrize("network", ["kind=complete", "kind=random", "kind=periodic", "drop=0.3"])
@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", RULES)
def test_steps_are_the_rounds_of_the_market(rule, contracts, network):
    options = [*SMALL, f"negotiation.rule={rule}", f"contracts={contracts}", f"network.{network}"]
    scenario = load("p2p_single", set=options, rounds=40)
    states = stepped(model := build(scenario))
    trading = draw(scenario).game
    bargain, _ = trading.open(trading.periods[0].market)
    rng = stream(scenario.seed, 0, "", "negotiation")
    direct = negotiate(trading.rule, bargain, rng, rounds=scenario.rounds)
    assert claims(model.state) == claims(direct)
    assert (model.state.violation, model.state.spread) == (direct.violation, direct.spread)
    assert (model.status, model.round, model.messages) == (direct.status, direct.round, direct.messages)
    assert len(states) == model.round == model.state.round


def test_one_step_is_one_round():
    model, fresh = small(), small()
    rng = stream(1, 0, "", "negotiation")
    bargain, _ = fresh.trading.open(fresh.trading.periods[0].market)
    state = model.trading.rule.start(bargain, rng)
    for number in range(1, 4):
        model.step()
        state = model.trading.rule.round(state, rng)
        assert claims(model.state) == claims(state)
        assert (model.round, model.state.round, len(model.prices), model.status) == (number, number, number, "running")


@pytest.mark.parametrize("rule", RULES)
def test_the_same_seed_gives_the_same_bits(rule):
    changes = [f"negotiation.rule={rule}", "network={ kind = 'random', drop = 0.2 }"]
    one, again, other = (small(*changes, seed=seed, rounds=60) for seed in (5, 5, 6))
    first, second, third = ([claims(state) for state in stepped(model)] for model in (one, again, other))
    assert first == second != third
    assert (one.messages, one.status) == (again.messages, again.status)


def test_the_round_limit_ends_it():
    model = small("negotiation.tolerance=1e-9", rounds=3)
    assert [state.round for state in stepped(model)] == [1, 2, 3]
    assert (model.status, model.round, model.state.status) == (Status.ROUND_LIMIT, 3, Status.ROUND_LIMIT)
    assert model.outcomes[0].settlement.gap < 1e-9  # prices were repaired


def test_nothing_happens_after_the_end():
    model = small()
    model.run()
    before = (model.round, model.messages, claims(model.state), len(model.outcomes), len(model.prices))
    rows = len(model.datacollector.get_model_vars_dataframe())
    model.step()
    assert before == (model.round, model.messages, claims(model.state), len(model.outcomes), len(model.prices))
    assert len(model.datacollector.get_model_vars_dataframe()) == rows
    assert model.run() == "settled"


def test_contracts_no_prices_can_save_end_it_at_once(write):
    for rule in RULES:
        model = build(write(WRONG), set=[f"negotiation.rule={rule}"])
        assert stepped(model)
        assert (model.status, model.round, model.messages) == (Status.NO_EQUILIBRIUM, 0, 0)


def test_first_claims_at_the_tau_value_settle_at_once_and_without_one_say_so(write):
    model = small("negotiation.start=tau")
    assert (model.run(), model.round) == ("settled", 1)
    assert build(write(WRONG), set=["negotiation.start=tau"]).run() == "no-equilibrium"


NEARLY = 'market = "bilateral"\npair_value = [[5, 5], [5, 4.999]]\nmatching = [0, 1]\nnegotiation = { rule = "%s" }\n'


def test_nearly_the_best_contracts_are_good_enough_but_for_exact_corners(write):
    assert [build(write(NEARLY % rule)).run() for rule in ("bilateral", "tight", "corner")] == [
        "settled",
        "settled",
        "no-equilibrium",
    ]


@pytest.mark.share
@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("rule", ["bilateral", "tight", "half-space", "corner"])
def test_lost_messages_and_thin_graphs_settle_all_the_same(rule, kind):
    changes = (f"negotiation.rule={rule}", f"network={{ kind = '{kind}', drop = 0.4 }}")
    model = small(*changes)
    assert model.run() == "settled"
    assert model.state.gap <= 0.01
    assert model.outcomes[0].settlement.gap < 1e-9


# what is collected


def test_the_collected_table_has_a_row_a_round_and_the_promised_columns():
    model = small("network.drop=0.3")
    states = stepped(model)
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table.columns) == COLUMNS
    assert list(table["round"]) == list(range(1, len(states) + 1))
    assert set(table["period"]) == {0}
    for column in ("violation", "gap", "spread", "messages"):
        assert list(table[column]) == [getattr(state, column) for state in states]
    assert list(table["price"]) == [float(np.mean(state.prices)) for state in states]
    assert list(table["status"])[-2:] == ["running", "settled"]
    assert [prices.tolist() for prices in model.prices] == [state.prices.tolist() for state in states]


def test_claims_prices_and_partners_are_collected_by_agent():
    model = small()
    model.step()
    for kind, agents in ((Buyer, model.buyers), (Seller, model.sellers)):
        rows = model.datacollector.get_agenttype_vars_dataframe(kind).xs(1, level="Step")
        assert list(rows.columns) == ["claim", "price", "partners"]
        assert list(rows["claim"]) == [agent.claim for agent in agents.values()]
        assert list(rows["partners"]) == [agent.partners for agent in agents.values()]


def test_very_many_agents_are_not_collected_one_by_one():
    model = build("p2p_single", set=["buyers.count=150", "sellers.count=100", "negotiation.tolerance=0.1"])
    model.run()
    assert model.datacollector.agenttype_reporters == {}
    assert small().datacollector.agenttype_reporters.keys() == {Buyer, Seller}


def test_a_side_without_agents_is_collected_too():
    for side in ("buyers", "sellers"):
        model = build("p2p_single", set=[f"{side}.count=0"])
        assert model.run() == "settled"
        assert model.datacollector.get_model_vars_dataframe()["price"].isna().all()


# agents


@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", RULES)
def test_agents_hold_their_own_numbers(rule, contracts):
    model = small(f"negotiation.rule={rule}", f"contracts={contracts}", rounds=3)
    model.run()
    market, state, bargain, blocks = model.market, model.state, model.state.bargain, model.blocks
    assert (blocks is not None) == (contracts == "multi" and rule in ("half-space", "benchmark"))
    buyer, seller = bargain.buyer, bargain.seller
    for side, agents, shift in (("buyer", model.buyers, 6), ("seller", model.sellers, 0)):
        energy, mine, theirs = (market.demand, buyer, seller) if side == "buyer" else (market.supply, seller, buyer)
        claim = state.u if side == "buyer" else state.v
        own = np.arange(len(claim)) if blocks is None else getattr(blocks, side)
        other = "seller" if side == "buyer" else "buyer"
        for place, agent in enumerate(agents.values()):
            rows = np.flatnonzero(own == place)
            held = np.flatnonzero(np.isin(mine, rows))
            met = theirs[held] if blocks is None else getattr(blocks, other)[theirs[held]]
            assert agent.energy == energy[place]
            assert agent.claim == (pytest.approx(claim[rows].mean(), rel=1e-12) if len(rows) else None)
            assert agent.partners == sorted({int(number) + shift for number in met})
            if len(held):
                price = np.average(state.prices[held], weights=bargain.amount[held])
                assert agent.price == pytest.approx(price, rel=1e-12)
            else:
                assert agent.price is None
    assert [agent.cost for agent in model.sellers.values()] == market.cost.tolist()
    np.testing.assert_array_equal([agent.worth for agent in model.buyers.values()], market.worth)


def test_partners_name_each_other():
    for contracts in ("single", "multi"):
        model = small(f"contracts={contracts}")
        model.run()
        pairs = {(i, j) for i, agent in model.buyers.items() for j in agent.partners}
        assert pairs and pairs == {(i, j) for j, agent in model.sellers.items() for i in agent.partners}


def test_before_the_first_round_nothing_has_happened():
    model = small()
    assert (model.round, model.period, model.messages, model.status, model.running) == (0, 0, 0, Status.RUNNING, True)
    assert model.state is model.gap is None and model.outcomes == []
    assert {agent.claim for agent in (*model.buyers.values(), *model.sellers.values())} == {None}
    assert (
        {agent.energy for agent in model.buyers.values()} == {None} == {agent.cost for agent in model.sellers.values()}
    )


def test_agents_by_type_and_numbers():
    model = small()
    assert isinstance(model, mesa.Model) and isinstance(model.platform, Platform)
    counts = {kind.__name__: len(agents) for kind, agents in model.agents_by_type.items()}
    assert counts == {"Platform": 1, "Buyer": 6, "Seller": 5}
    assert (list(model.buyers), list(model.sellers)) == (list(range(6)), list(range(6, 11)))


# period by period


def test_prosumers_change_sides(write):
    model = build(write(TURNS))
    seen = []
    while model.running:
        model.step()
        if model.between:
            places = [{k: agent.place for k, agent in side.items()} for side in (model.buyers, model.sellers)]
            energy = [[agent.energy for agent in side.values()] for side in (model.buyers, model.sellers)]
            seen.append((*places, *energy))
    assert seen == [
        ({0: None, 1: 0, 2: 1}, {0: 0, 1: None, 2: None}, [None, 1, 2], [2, None, None]),
        ({0: 0, 1: None, 2: None}, {0: None, 1: None, 2: 0}, [1, None, None], [None, None, 3]),
        ({0: 0, 1: None, 2: None}, {0: None, 1: 0, 2: 1}, [1, None, None], [None, 2, 2]),
    ]
    assert (len(model.outcomes), model.period, model.status) == (3, 2, "settled")
    assert model.round == sum(outcome.state.round for outcome in model.outcomes)
    assert model.messages == sum(outcome.state.messages for outcome in model.outcomes)


def test_periods_are_counted_while_they_run():
    model = build("p2p_day", set=["periods=4"])
    stepped(model)
    table = model.datacollector.get_model_vars_dataframe()
    lasted = [outcome.state.round for outcome in model.outcomes]
    assert list(table["period"]) == [k for k, rounds in enumerate(lasted) for _ in range(rounds)]
    assert model.gap == max(outcome.settlement.gap for outcome in model.outcomes)


@pytest.mark.parametrize("warm", ["true", "false"])
def test_claims_are_remembered_between_periods(warm):
    model = build("p2p_day", set=["periods=10", f"warm_start={warm}"])
    trading, memory = model.trading, np.full((24, 2), np.nan)
    rng = stream(1, 0, "", "negotiation")
    stepped(model)
    for outcome in model.outcomes:
        period = outcome.period
        bargain, _ = trading.open(period.market)
        known = (
            (memory[period.buyer, 0], memory[period.seller, 1])
            if warm == "true" and period is not trading.periods[0]
            else None
        )
        state = negotiate(trading.rule, bargain, rng, known)
        assert claims(outcome.state) == claims(state)
        memory[period.buyer, 0], memory[period.seller, 1] = state.u, state.v


def test_remembered_claims_save_rounds():
    rounds = {}
    for warm in ("true", "false"):
        same = "buyers.demand=3", "sellers.supply=3", "periods=3", f"warm_start={warm}"
        rounds[warm] = build("p2p_single", set=same)
        rounds[warm].run()
    first, *later = (outcome.state.round for outcome in rounds["true"].outcomes)
    assert later == [1, 1] and first > 5
    assert [outcome.state.round for outcome in rounds["false"].outcomes] == [first] * 3


# stress


@pytest.mark.parametrize("rule", RULES)
def test_who_leaves_has_no_contract_and_its_partner_looks_for_another(rule):
    model = small("leave={ round = 2, buyers = [1], sellers = [0, 3] }", f"negotiation.rule={rule}", rounds=300)
    model.step()
    before = {i: agent.partners for i, agent in model.buyers.items()}
    model.step()
    if model.running or model.round == 2:
        gone = model.buyers[1], model.sellers[6], model.sellers[9]
        assert [agent.partners for agent in gone] == [[], [], []]
        assert [agent.price for agent in gone] == [None] * 3
        assert [agent.energy for agent in gone] == [0.0] * 3
    model.run()
    outcome = model.outcomes[0]
    assert not {1} & set(outcome.contracts["buyer"]) and not {0, 3} & set(outcome.contracts["seller"])
    left = [i for i, partners in before.items() if partners and partners[0] in (6, 9) and i != 1]
    assert any(model.buyers[i].partners for i in left) or not left
    assert outcome.welfare == pytest.approx(outcome.best.welfare, rel=1e-9)
    best, _ = model.trading.open(outcome.market, "optimal")
    assert outcome.best.welfare == pytest.approx(best.welfare, rel=1e-12)
    assert np.all(outcome.payoffs[0][1] == 0) and np.all(outcome.payoffs[1][[0, 3]] == 0)


def test_claims_and_counts_go_on_when_somebody_leaves():
    stays, leaves = (
        small("negotiation.tolerance=1e-6"),
        small("negotiation.tolerance=1e-6", "leave={ round = 2, sellers = [4] }"),
    )
    for model in (stays, leaves):
        model.step()
        model.step()
    assert (leaves.round, leaves.state.round) == (2, 2) == (stays.round, stays.state.round)
    assert leaves.messages == stays.messages
    sure = [
        i for i in leaves.buyers if leaves.buyers[i].partners and leaves.buyers[i].partners == stays.buyers[i].partners
    ]
    assert sure
    for i in sure:
        worth = leaves.market.pair_value[i, leaves.buyers[i].partners[0] - 6]
        assert leaves.buyers[i].claim == min(stays.buyers[i].claim, worth)
    leaves.run()
    assert leaves.resigned and not stays.resigned


def test_prices_of_contracts_signed_anew_are_not_mixed_with_those_before():
    from engine import run

    result = run("p2p_leavers")
    assert result.prices == ()
    assert len(run("p2p_single").prices) == run("p2p_single").rounds


def test_a_leaver_that_comes_too_late_changes_nothing():
    model = small("leave={ round = 9999, sellers = [4] }")
    model.run()
    assert model.outcomes[0].contracts["price"].tolist() == _prices(small())
    assert not model.resigned


def _prices(model):
    model.run()
    return model.outcomes[0].contracts["price"].tolist()


@pytest.mark.parametrize("repair", ["true", "false"])
def test_at_the_deadline_prices_are_repaired_or_all_trade_with_the_grid(repair):
    model = small("deadline=2", "negotiation.tolerance=1e-9", f"negotiation.repair={repair}")
    assert (model.run(), model.round) == ("round-limit", 2)
    (outcome,) = model.outcomes
    if repair == "true":
        assert outcome.settlement.ending == "repaired"
        bargain = outcome.settlement.bargain
        assert violation(bargain, outcome.settlement.u, outcome.settlement.v) < 1e-12
        known = corners(bargain)
        assert np.all(outcome.settlement.u <= known.buyer[0] + 1e-12)
    else:
        assert (outcome.settlement.ending, outcome.welfare) == ("grid", 0.0)
        assert len(outcome.contracts["price"]) == 0
        now, alone = outcome.costs
        np.testing.assert_array_equal(now, alone)


def test_a_deadline_that_is_kept_changes_nothing():
    model = small("deadline=9999", "negotiation.repair=false")
    assert model.run() == "settled"
    assert model.outcomes[0].contracts["price"].tolist() == _prices(small("negotiation.repair=false"))


# use


def test_the_few_lines_of_a_notebook():
    model = build("assignment_game", set=["negotiation.rule=bilateral"], seed=3)
    model.step()
    assert [buyer.claim for buyer in model.buyers.values()] == [1, 4, 3]
    assert [seller.claim for seller in model.sellers.values()] == [4, 3, 1]
    assert model.buyers[0].partners == [5] and model.buyers[0].price == 1.0
    assert model.run() == "settled"


def test_a_model_of_a_trading_drawn_before():
    drawn = draw(load("assignment_game"))
    for model in (BilateralModel(drawn.game), build("assignment_game", drawn=drawn)):
        assert model.run() == "settled"
        assert model.trading is drawn.game
