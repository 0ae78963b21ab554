"""Numbers in the wrong units are told in plain words; no shipped scenario is told of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import InProcess, run, sweep
from engine.sweeps.points import product
from engine.sweeps.sweep_folder import counts, read_rows
from market import sanity
from tests.shares import NIGHTLY
from tests.shipped import scenarios
from views.tables import sweep_text

LONG = ("large_market", "designs_day", "p2p_1000", "rts_24_aggregators", "thousand_homes", "street_day_maxmin")
SLOW = () if NIGHTLY else (*LONG, "street_day_proportional", "cournot_three_hours", "two_nodes_unequal")
SHIPPED = [scenario.name for scenario in scenarios() if scenario.name not in SLOW]
GRID = 'market = "microgrid"\nbehaviour = "none"\nnetwork = {{ slack = 0, injection = [0, {0}, -{0}], public = {1} }}\n'
NETWORK = """
market = "aggregator"
network = { case = "five_bus" }
[[group]]
name = "big"
kind = "large"
node = "4"
utility = { form = "quadratic", a = 1e-6, b = 1e-3 }
"""
WRONG = {  # a scenario whose numbers are of another unit, and what is said
    "worth in euros, price in cents": ("two_aggregators", ["price={rule='affine',p0=200,c=0.1}"], "nobody buys"),
    "worth in cents, price in euros": ("two_aggregators", ["price.c=1e-7"], "the price limits nobody"),
    "a day's price in cents": ("street_day", ["price.p0=50"], "nobody buys anything: the price is 50"),
    "a day's price in euros of a MWh": ("street_day", ["price.p0=1e-5", "price.c=1e-9"], "the price limits nobody"),
    "a network's worth in other money": (NETWORK, [], "nobody buys anything"),
    "a tariff in cents": ("p2p_single", ["tariff.buy=25", "tariff.sell=5"], "nobody signs a contract: a kWh is worth"),
    "values in cents": ("p2p_single", ["buyers.value=20", "sellers.ask=10"], "costs a seller 10 at least"),
    "a base in W": ("designs_eight_nodes", ["base_power=1e6"], "0.000003 p.u., so that lines lose next to nothing"),
    "everything in cents but worth": ("designs_eight_nodes", ["tariff={buy=30,sell=8}", "price.p0=16"], "nobody buys"),
    "powers in MW for p.u.": (GRID.format(30, "[[0, 1, 0.01, 0.01], [1, 2, 0.01, 0.01]]"), [], "lines lose 30 % of"),
    "powers in p.u. of a country": (GRID.format(1e-6, "[[0, 1, 0.01, 0.05], [1, 2, 0.01, 0.05]]"), [], "0.000001 p.u."),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_units_are_told(case):
    scenario, changes, said = WRONG[case]
    (line,) = run(scenario, set=changes, direct=True, certify=False).summary()["warnings"]
    assert said in line and line.isprintable()


def test_a_sweep_tells_of_its_runs_with_wrong_units(tmp_path):
    points = product(["price.c=0.001,1e-12"])
    folder = sweep("small_alone", points, replications=2, direct=True, out=tmp_path, executor=InProcess())
    (told,) = counts(folder)["warnings"]
    assert told.startswith("2 of 4 runs, the first at point 1, replication 0: the price limits nobody")
    assert [bool(row["warning"]) for row in read_rows(folder)] == [False, False, True, True]
    assert f"warning: {told}" in sweep_text(folder, counts(folder))
    fine = sweep("small_alone", product(["price.c=0.001"]), direct=True, out=tmp_path, executor=InProcess())
    assert "warnings" not in counts(fine) and "warning" not in sweep_text(fine, counts(fine))


@pytest.mark.share
@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_scenario_is_told_of(name):
    result = run(name, direct=True, certify=False, patient=True)
    assert result.warnings == [] and "warnings" not in result.summary()


SIZES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6).map(np.array)


@given(SIZES, st.floats(1e-6, 1e6), st.sampled_from([2.0**-20, 0.125, 2.0**17]))
def test_what_is_told_of_does_not_depend_on_the_unit_of_money(worth, price, unit):
    bought = np.maximum(worth - price, 0)
    told = sanity.of_purchases(bought, np.full(len(worth), price), worth)
    again = sanity.of_purchases(bought, np.full(len(worth), unit * price), unit * worth)
    assert [line.partition(":")[0] for line in told] == [line.partition(":")[0] for line in again]
    assert bool(told) == (price >= worth.max() or price < sanity.FREE_PRICE * np.median(worth))
