"""Accounts: money is handed on, never made; shares of a node; fairness where it is defined."""

from types import SimpleNamespace

import numpy as np
import pytest

from market.designs import accounts
from market.distribution import shares
from scenarios import draw, load

NEIGHBOURS = "designs_neighbourhood"


@pytest.fixture(scope="module")
def study():
    return draw(load(NEIGHBOURS)).game


def of_each_kind(study):
    n, rng = len(study.population), np.random.default_rng(0)
    z = rng.uniform(0, 2, n) * (study.net <= 0)
    return {
        "purchases": accounts.of_purchases(study, z, 0.2),
        "tariff": accounts.of_tariff(study),
        "contracts": accounts.of_contracts(study, rng.permutation(n), rng.normal(size=n)),
        "nodes": accounts.of_nodes(study, rng.normal(size=study.network.nodes), 0.01),
        "optimum": accounts.of_optimum(study),
    }


def test_agents_and_main_grid_have_the_welfare_together(study):
    for name, account in of_each_kind(study).items():
        found = accounts.measures([study], [account])
        assert found["surplus"] + found["grid surplus"] == pytest.approx(found["welfare"], rel=1e-9), name


def test_what_is_bought_and_its_price_by_hand(study):
    for account in of_each_kind(study).values():
        found = accounts.measures([study], [account])
        bought = paid = 0.0
        for x, generation, bill in zip(account.consumption, study.population.generation, account.paid, strict=True):
            if x > generation:
                bought, paid = bought + x - generation, paid + bill
        assert (found["volume"], found["price"]) == pytest.approx((bought, paid / bought))


def test_nobody_buys_has_no_price(study):
    z = np.zeros(len(study.population))
    found = accounts.measures([study], [accounts.of_purchases(study, z, 0.2)])
    assert (found["price"], found["volume"]) == (None, 0.0)


def test_agents_of_a_node_get_what_the_node_gets(study):
    received = np.random.default_rng(1).normal(size=study.network.nodes)
    account = accounts.of_nodes(study, received, 0.0)
    with_agents = np.unique(study.population.node)
    assert study.by_node(-account.paid)[with_agents] == pytest.approx(received[with_agents])
    as_tariff = accounts.of_nodes(study, -study.by_node(study.tariff_bill), 0.0)
    assert as_tariff.paid == pytest.approx(study.tariff_bill, abs=1e-12)


def test_who_loses_leaves_no_index_of_fairness():
    assert accounts.fair_shares(np.array([1.0, -0.1])) is None
    assert accounts.fair_shares(np.array([1.0, -1e-15])).tolist() == [1.0, 0.0]


def test_rounding_makes_nobody_a_winner():
    win, lose = accounts.sides(np.array([1 + 1e-13, 2.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert (win.tolist(), lose.tolist()) == ([False, True, False], [False, False, True])


def test_the_public_loss_is_a_square_form_of_what_nodes_put_in(study):
    put_in = study.by_node(study.net) / study.base
    put_in[study.network.slack] = 0.0
    assert study.public_loss(study.net) == pytest.approx(study.base * put_in @ study.grid.loss @ put_in)
    assert study.public_loss(-2 * study.net) == pytest.approx(4 * study.public_loss(study.net))
    assert study.public_loss(study.net) > 0


def test_shares_of_a_node_are_parts_of_one_even_where_all_are_idle():
    node, size = np.array([1, 1, 2, 2, 2, 3]), np.array([1.0, 3.0, 0.0, 0.0, 0.0, 0.0])
    found = accounts.shares(node, size, 5)
    np.testing.assert_allclose(np.bincount(node, found, 5), [0, 1, 1, 1, 0])
    np.testing.assert_allclose(found, [1 / 4, 3 / 4, 1 / 3, 1 / 3, 1 / 3, 1])


def test_the_price_of_anarchy_is_a_ratio_of_welfare_and_one_but_for_rounding():
    best = SimpleNamespace(optimum=SimpleNamespace(welfare=12.0))
    assert accounts.price_of_anarchy(best, 10.0) == pytest.approx(1.2)
    assert accounts.price_of_anarchy(best, 12.0 * (1 + 1e-15)) == 1.0
    assert accounts.price_of_anarchy(best, 0.0) is accounts.price_of_anarchy(SimpleNamespace(optimum=None), 1.0) is None


def test_shares_of_classes_are_of_what_nobody_lacks():
    one, two = np.array([0, 0, 1, -1]), np.zeros(2, int)
    assert shares(np.array([2.0, 1.0, 1.0, 9.0]), one, 2) == pytest.approx([0.75, 0.25])
    assert np.isnan(shares(np.array([2.0, -1.0]), two, 1)).all() and np.isnan(shares(np.zeros(2), two, 1)).all()


def test_what_is_paid_by_hand_agent_by_agent(study):
    people, rng = study.population, np.random.default_rng(3)
    n, found = len(people), of_each_kind(study)
    best = study.optimum
    for i in range(n):
        bought = best.consumption[i] - people.generation[i]
        assert found["optimum"].paid[i] == pytest.approx(best.prices[people.node[i]] * bought)
        bill = study.buy * max(-study.net[i], 0) - study.sell * max(study.net[i], 0)
        assert found["tariff"].paid[i] == pytest.approx(bill)
    z = rng.uniform(0, 2, n)
    account = accounts.of_purchases(study, z, 0.3)
    assert account.paid == pytest.approx(0.3 * z - study.sell * np.maximum(study.net, 0))
    assert account.consumption == pytest.approx(people.generation + z - np.maximum(study.net, 0))
    assert account.loss == pytest.approx(study.public_loss(people.generation - account.consumption))
    agents, cost = rng.integers(0, n, 7), rng.normal(size=7)
    paid = accounts.of_contracts(study, agents, cost).paid
    assert paid == pytest.approx([cost[agents == i].sum() for i in range(n)])
    assert accounts.of_nodes(study, np.zeros(study.network.nodes), 0.01).loss == pytest.approx(0.01 * study.base)
    assert found["optimum"].loss == best.loss
    alone = accounts.surplus(study, accounts.Account(np.minimum(people.generation, people.satiated), np.zeros(n), 0.0))
    assert alone == pytest.approx(np.zeros(n), abs=1e-12)


def test_without_an_optimum_it_has_no_account():
    with pytest.raises(ValueError, match="no optimum"):
        accounts.of_optimum(SimpleNamespace(optimum=None, population=None))


def test_periods_add_up(study):
    kinds = of_each_kind(study)
    day = [kinds["tariff"], kinds["purchases"]]
    one, other = (accounts.measures([study], [account]) for account in day)
    both, whole = accounts.measures([study, study], day), accounts.together(day)
    for name in ("volume", "consumption", "grid supply", "grid surplus", "welfare", "loss", "surplus"):
        assert both[name] == pytest.approx(one[name] + other[name])
    paid = one["price"] * one["volume"] + other["price"] * other["volume"]
    assert both["price"] == pytest.approx(paid / both["volume"])
    assert whole.consumption == pytest.approx(day[0].consumption + day[1].consumption)
    assert whole.paid == pytest.approx(day[0].paid + day[1].paid) and whole.loss == day[0].loss + day[1].loss
    gained = [accounts.surplus(study, account) for account in day]
    assert accounts.gained([study, study], day) == pytest.approx(gained[0] + gained[1])


def test_measures_of_one_account_by_hand(study):
    people, account = study.population, of_each_kind(study)["tariff"]
    found = accounts.measures([study], [account])
    imports = account.consumption.sum() - people.generation.sum() + account.loss
    assert found["grid supply"] == pytest.approx(imports) and found["loss"] == account.loss > 0
    assert found["grid surplus"] == pytest.approx(account.paid.sum() - study.supply.cost(imports))
    gained = np.sort(people.utility(account.consumption) - account.paid - people.alone)
    assert found["surplus"] == pytest.approx(gained.sum())
    assert gained[0] > -1e-9
    assert found["jain"] == pytest.approx(gained.sum() ** 2 / len(gained) / (gained**2).sum())
    apart = np.abs(gained[:, None] - gained).sum() / 2 / len(gained) / gained.sum()
    assert found["gini"] == pytest.approx(apart)
    everything = accounts.measures([study], [accounts.Account(account.consumption, account.paid + 1e3, account.loss)])
    assert (everything["jain"], everything["gini"]) == (None, None)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_winners_and_losers_are_told_in_any_unit(unit):
    before = unit * np.array([1.0, 1.0, 1.0, -5.0])
    gained = before + unit * np.array([1e-7, -1e-7, 1e-12, 0.0])
    win, lose = accounts.sides(gained, before)
    assert (win.tolist(), lose.tolist()) == ([True, False, False, False], [False, True, False, False])
    nothing = accounts.sides(np.zeros(2), np.zeros(2))
    assert not np.any(nothing)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_loss_beside_the_largest_surplus_is_rounding_in_any_unit(unit):
    assert accounts.fair_shares(unit * np.array([1e-12, -1e-12, 1.0])).tolist() == [1e-12 * unit, 0.0, unit]
    assert accounts.fair_shares(unit * np.array([1.0, -1e-7])) is None
    assert accounts.fair_shares(np.zeros(2)).tolist() == [0, 0]
    assert accounts.fair_shares(np.zeros(0)).tolist() == []


def test_a_plan_that_is_a_trace_better_or_worse_is_told():
    best = SimpleNamespace(optimum=SimpleNamespace(welfare=1.0))
    for ratio in (1 + 1e-9, 1 - 1e-9):
        assert accounts.price_of_anarchy(best, 1 / ratio) == pytest.approx(ratio, abs=1e-13)
        assert accounts.price_of_anarchy(best, 1 / ratio) != 1
    assert accounts.price_of_anarchy(best, -1.0) is None
    assert accounts.price_of_anarchy(best, 0.5) == 2
