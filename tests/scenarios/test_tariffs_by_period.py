"""Tariffs by period in the microgrid and the bilateral market: each period is the market of that period alone."""

import numpy as np
import pytest

from engine import run
from scenarios import ScenarioError, describe, load

GRID = """
market = "microgrid"
behaviour = "{behaviour}"
payments = "{payments}"
tariff = {tariff}
injection = {injection}
[network]
injection = [0, 3, -1, -1]
public = [[0, 1, 0.01, 0.05], [1, 2, 0.02, 0.1], [2, 3, 0.02, 0.1]]
private = [[1, 2, 0.02], [2, 3, 0.05, 1.0, 3]]
"""
ROWS = [[0, 3, -1, -1], [0, -2, 1, -1], [0, 1, 1, -1]]
BUY, SELL, GENERATION = [3.0, 2.0, 5.0], [1.0, 0.5, 0.0], 1.5
BY_PERIOD = "{{ buy = {}, sell = {}, generation = {} }}"
TRADERS = (
    'market = "bilateral"\nperiods = {periods}\ntariff = {tariff}\n'
    "buyers = {{ demand = [2, 1], value = [9, 9] }}\nsellers = {{ supply = [1, 2], ask = [0, 0.01] }}\n"
)


def written(folder, text, **files):
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    (folder / "own.toml").write_text(text)
    return folder / "own.toml"


def grid(folder, tariff, injection, behaviour, payments):
    names = {"tariff": tariff, "injection": injection, "behaviour": behaviour, "payments": payments}
    return run(written(folder, GRID.format(**names)))


@pytest.mark.share
@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "payments"),
    [
        ("none", "tariff"),
        ("ad-hoc", "tariff"),
        ("self-interested", "tariff"),
        ("cooperative", "lmp"),
        ("cooperative", "savings-share"),
        ("integrated", "lmp"),
    ],
)
def test_each_period_of_a_microgrid_is_paid_at_its_own_tariff(tmp_path, behaviour, payments, direct):
    path = written(
        tmp_path,
        GRID.format(
            tariff=BY_PERIOD.format(BUY, SELL, GENERATION), injection=ROWS, behaviour=behaviour, payments=payments
        ),
    )
    together = run(path, direct=direct)
    alone = [
        grid(tmp_path, BY_PERIOD.format(buy, sell, GENERATION), [row], behaviour, payments)
        for buy, sell, row in zip(BUY, SELL, ROWS, strict=True)
    ]
    for whole, part in zip(together.outcomes, alone, strict=True):
        np.testing.assert_allclose(whole.payments.agents, part.outcome.payments.agents, atol=1e-9)
        np.testing.assert_allclose(whole.idle, part.outcome.idle, atol=1e-12)
        assert whole.payments.grid == pytest.approx(part.outcome.payments.grid, abs=1e-9)
        if whole.dispatch.prices is not None:
            np.testing.assert_allclose(whole.dispatch.prices, part.outcome.dispatch.prices, atol=1e-9)
    summary, parts = together.summary(), [one.summary() for one in alone]
    np.testing.assert_allclose(
        summary["payments"]["agents"], np.sum([one["payments"]["agents"] for one in parts], axis=0), atol=1e-9
    )
    assert summary["losses"]["total"] == pytest.approx(sum(one["losses"]["total"] for one in parts))


def test_prices_of_a_microgrid_may_come_from_a_column(tmp_path):
    tariff = '{ buy = { csv = "prices.csv", column = "buy" }, sell = 0.1, generation = [0.5, 0.4, 0.3] }'
    path = written(
        tmp_path,
        GRID.format(tariff=tariff, injection=ROWS, behaviour="none", payments="tariff"),
        prices="hour,buy\n0,3\n1,2\n2,5\n",
    )
    scenario = load(path)
    assert scenario.table["tariff"]["buy"] == (3, 2, 5)
    assert describe(scenario)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "scenario.toml").write_text(scenario.to_toml())
    again = load(tmp_path / "again" / "scenario.toml")
    assert again.table["tariff"] == scenario.table["tariff"]
    assert run(again).summary()["payments"] == run(scenario).summary()["payments"]


WRONG = {
    "too few": (BY_PERIOD.format([3, 2], 1, 1.5), ["tariff.buy: 2 values for 3 periods", "one a period"]),
    "order": (BY_PERIOD.format([3, 0.5, 2], 0.1, 0.6), ["tariff: in period 1", "buy(=0.5)", "must hold"]),
    "draw": (BY_PERIOD.format("{ uniform = [1, 2] }", 1, 1.5), ["tariff.buy: got {'uniform'", "a list"]),
    "text": (BY_PERIOD.format('"dear"', 1, 1.5), ["tariff.buy: got 'dear'", "a number >= 0"]),
}


@pytest.mark.parametrize(("tariff", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_tariff_by_period_is_refused(tmp_path, tariff, said):
    path = written(tmp_path, GRID.format(tariff=tariff, injection=ROWS, behaviour="none", payments="tariff"))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)


def test_each_period_of_contracts_has_its_own_tariff(tmp_path):
    together = run(written(tmp_path, TRADERS.format(periods=2, tariff="{ buy = [0.4, 0.2], sell = [0.1, -0.1] }")))
    for outcome, (buy, sell) in zip(together.outcomes, ((0.4, 0.1), (0.2, -0.1)), strict=True):
        alone = run(written(tmp_path, TRADERS.format(periods=1, tariff=f"{{ buy = {buy}, sell = {sell} }}"))).outcomes[
            0
        ]
        assert (outcome.market.tariff.buy, outcome.market.tariff.sell) == (buy, sell)
        np.testing.assert_array_equal(outcome.market.pair_value, alone.market.pair_value)
        np.testing.assert_allclose(outcome.costs, alone.costs, rtol=1e-12)


DAY = "prosumer,period,net,value,ask,retail\n0,5,1,9,0,0.3\n1,5,-1,9,0,0.3\n0,7,-1,9,0,{}\n1,7,1,9,0,0.2\n"
PROSUMERS = 'market = "bilateral"\nprosumers = "day.csv"\ntariff = { buy = { csv = "day.csv", column = "retail" } }\n'


def test_a_price_beside_prosumers_may_stand_in_every_row(tmp_path):
    scenario = load(written(tmp_path, PROSUMERS, day=DAY.format(0.2)))
    assert scenario.table["tariff"] == {"buy": (0.3, 0.2), "sell": 0.05}
    assert [outcome.market.tariff.buy for outcome in run(scenario).outcomes] == [0.3, 0.2]
    with pytest.raises(ScenarioError, match=r"tariff\.buy: .* is 0\.2, but another of that period is 0\.1"):
        load(written(tmp_path, PROSUMERS, day=DAY.format(0.1)))


def test_a_feed_in_price_may_be_negative(tmp_path):
    outcome = run(written(tmp_path, TRADERS.format(periods=1, tariff="{ buy = 0.2, sell = -0.3 }"))).outcomes[0]
    np.testing.assert_array_equal(outcome.market.cost, [0, 0.01])
    assert np.all(outcome.contracts["price"] >= 0)
