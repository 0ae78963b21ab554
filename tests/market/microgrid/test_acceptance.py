"""The acceptance cases and the tables of the eight-node example."""

import numpy as np
import pytest

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.behaviours.ad_hoc import _limits, most_trade
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.market.microgrid.balance import balance_residual

ALL = tuple(BEHAVIOURS)
TARIFF = Tariff()


def run(name, network, losses="priced", tariff=TARIFF, physics="x", **options):
    outcome = BEHAVIOURS[name](**options).dispatch(network, build_grid(network, physics), tariff, losses)
    if outcome.status is Status.SOLVED:
        assert balance_residual(network, outcome) < 1e-8
        assert outcome.relax_gap <= 1e-6 and 0 <= outcome.gap <= 1e-6
    return outcome


@pytest.mark.parametrize("name", ALL)
def test_case_1_two_nodes(cases, name):
    assert run(name, cases[1]).loss == pytest.approx(0.1, abs=1e-9)
    lossy = run(name, cases[1], "lossy")
    assert lossy.f[0] == pytest.approx(1.055728, abs=1e-6)
    assert lossy.grid_supply == pytest.approx(1.111456, abs=1e-6)
    assert lossy.loss == pytest.approx(0.111456, abs=1e-6)


PARALLEL = {
    "priced": dict(zip(ALL, (0.1, 0.1, 0.1, 0.05, 0.05), strict=True)),
    "lossy": dict(zip(ALL, (0.111581, 0.092020, 0.092020, 0.052696, 0.052696), strict=True)),
}


@pytest.mark.parametrize("losses", PARALLEL)
@pytest.mark.parametrize("name", ALL)
def test_case_2_parallel_lines(cases, name, losses):
    outcome = run(name, cases[2], losses)
    assert outcome.loss == pytest.approx(PARALLEL[losses][name], abs=2e-6)
    if name in ("cooperative", "integrated"):
        assert outcome.g[0] == pytest.approx({"priced": 0.5, "lossy": 0.5132}[losses], abs=5e-5)


HURTS = {
    (4, "priced"): (0.02, 1.05, 1.05, 0.019626168, 0.019626168),
    ("4 short", "priced"): (0.02, 0.25, 0.25, 0.018518519, 0.018518519),
    ("4 short", "lossy"): (0.020027, 0.201428, 0.201428, 0.018255, 0.018255),
}


@pytest.mark.parametrize(("case", "losses"), HURTS)
def test_case_4_private_trade_hurts(cases, case, losses):
    tolerance = 1e-9 if losses == "priced" else 1e-6
    for name, loss in zip(ALL, HURTS[case, losses], strict=True):
        outcome = run(name, cases[case], losses)
        assert outcome.loss == pytest.approx(loss, abs=tolerance), name
        if losses == "priced" and name in ("cooperative", "integrated"):
            assert outcome.g[0] == pytest.approx(2 / 107 if case == 4 else 2 / 27, abs=1e-9)


@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("name", ALL[1:])
def test_case_5_no_resistance(cases, name, losses):
    outcome = run(name, cases[5], losses)
    assert outcome.loss == pytest.approx(0.0, abs=1e-9)
    assert outcome.g[0] == pytest.approx(1.0, abs=1e-5)
    assert run("none", cases[5]).loss == pytest.approx(0.1, abs=1e-9)


def test_case_7_without_private_lines(ieee300):
    for name in ALL[:4]:
        assert run(name, ieee300).loss == pytest.approx(3.859725, abs=1e-6)
    assert run("integrated", ieee300).loss == pytest.approx(3.43322, abs=1e-5)
    assert run("none", ieee300, "lossy").loss == pytest.approx(3.8689, abs=1e-4)


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_case_8_a_node_on_a_private_line_alone(cases, losses):
    assert run("none", cases[8], losses).unserved == (2,)
    for name in ALL:
        stranded = run(name, cases["8 alone"], losses)
        assert stranded.status is Status.INFEASIBLE and stranded.unserved == (2,)
        assert stranded.loss is stranded.g is stranded.grid_supply is None


def test_case_8_losses(cases):
    for name in ALL[1:]:
        outcome = run(name, cases[8])
        assert (outcome.loss, outcome.g[0]) == pytest.approx((0.1, 1.0), abs=1e-9), name
    for name in ("ad-hoc", "self-interested"):
        assert run(name, cases["8 half"]).unserved == (2,)
    for name in ("cooperative", "integrated"):
        outcome = run(name, cases["8 half"])
        assert (outcome.loss, outcome.g[0], outcome.f[0]) == pytest.approx((0.125, 1.0, 0.5), abs=1e-9), name


def test_case_10_no_trade_beyond_the_spread(eight):
    tariff = Tariff(1.6, 1.4)
    outcome = run("ad-hoc", eight, tariff=tariff)
    assert np.all(np.abs(outcome.g) <= 0.2 / (eight.private.r * 3.0) + 1e-15)
    assert outcome.g[2] == pytest.approx(0.2 / 0.3)
    for losses in ("priced", "lossy"):
        assert not np.any(run("ad-hoc", eight, losses, Tariff(1.5, 1.5)).g)
    assert most_trade(np.zeros(1), tariff)[0] == np.inf


EIGHT_LOSSY = {  # g12, g23, g54, f(1→4), f(0→4), u, loss
    "none": (0, 0, 0, 0.8928, 0.1142, 1.532754, 0.532754),
    "ad-hoc": (1.0128, 0, 0.9545, 0.4674, -0.3737, 1.433012, 0.433012),
    "self-interested": (2.0797, 1.0128, 0.9545, 0.2192, -0.1276, 1.329491, 0.329491),
    "cooperative": (1.7292, 0.6996, -0.0003, 0.5022, 0.5017, 1.180113, 0.180113),
    "integrated": (1.5951, 0.6311, -0.0004, 1.0097, -0.0004, 1.164905, 0.164905),
}


@pytest.mark.parametrize("name", ALL)
def test_case_11_eight_nodes_lossy(eight, name):
    outcome = run(name, eight, "lossy")
    found = [*outcome.g, outcome.f[4], outcome.f[5]]
    np.testing.assert_allclose(found, EIGHT_LOSSY[name][:5], atol=2e-4)
    assert (outcome.grid_supply, outcome.loss) == pytest.approx(EIGHT_LOSSY[name][5:], abs=2e-6)


def test_case_11_public_positions(eight):
    np.testing.assert_allclose(run("none", eight, "lossy").p[1:], eight.injection[1:], atol=1e-9)
    ad_hoc, alone = (run(name, eight, "lossy").p[1:] for name in ("ad-hoc", "self-interested"))
    np.testing.assert_allclose(ad_hoc, [1.9744, 0, -1, -0.0911, 0, 0, -2], atol=1e-4)
    np.testing.assert_allclose(alone, [0.8662, 0, 0, -0.0911, 0, 0, -2], atol=1e-4)


def test_case_11_what_arrives_at_a4_and_a7(eight):
    def received(outcome):
        return outcome.f - eight.public.r * outcome.f**2 / 2

    together, free = (received(run(name, eight, "lossy")) for name in ("cooperative", "integrated"))
    assert (together[4], together[5]) == pytest.approx((0.5000, 0.5003), abs=1e-4)
    assert (free[4], free[2]) == pytest.approx((1.0008, 1.0246), abs=1e-4)


EIGHT_PRICED = {  # g12, g23, g54, loss
    "none": (0, 0, 0, 0.518394),
    "ad-hoc": (1, 0, 1, 0.439925),
    "self-interested": (2, 1, 1, 0.335981),
    "cooperative": (1.7157, 0.7127, 0.0041, 0.180163),
    "integrated": (1.5748, 0.6370, 0.0051, 0.162727),
}


@pytest.mark.parametrize("name", ALL)
def test_case_11_eight_nodes_priced(eight, name):
    outcome = run(name, eight)
    np.testing.assert_allclose(outcome.g, EIGHT_PRICED[name][:3], atol=6e-5)
    assert outcome.loss == pytest.approx(EIGHT_PRICED[name][3], abs=1e-6)
    flows = {"cooperative": (0.516, 0.480), "integrated": (1.048, -0.053)}
    if name in flows:
        np.testing.assert_allclose(outcome.f[[4, 5]], flows[name], atol=6e-4)


def test_case_11_the_pair(cases):
    outcome = run("self-interested", cases["pair"], "lossy")
    assert outcome.g[0] == pytest.approx(0.954451, abs=1e-6)
    g = (np.sqrt(1.2) - 1) / 0.1
    assert outcome.private_prices[1] == pytest.approx(2 * (1 - 0.1 * g) / (1 + 0.1 * g), abs=1e-9)
    assert outcome.private_prices[1] == pytest.approx(1.651508, abs=5e-5)
    assert outcome.private_prices[2] == pytest.approx(2.0, abs=1e-9)


def test_case_13_ieee300(ieee300, wired):
    network = wired(ieee300, "1/n", 0)
    assert len(network.private) == 144
    expected = dict(zip(ALL, (3.8597, 4.4626, 7.2620, 2.1739, 1.9867), strict=True))
    for name, loss in expected.items():
        assert run(name, network).loss == pytest.approx(loss, rel=1e-4), name


def test_case_14_shape_of_the_table(ieee300, ieee300_grid, wired):
    means = {}
    for density in ("1/n", "1/log(n)"):
        rows = []
        for seed in range(10):
            network = wired(ieee300, density, seed)
            rows.append([BEHAVIOURS[name]().dispatch(network, ieee300_grid, TARIFF).loss for name in ALL])
            assert rows[-1][4] <= rows[-1][3] <= min(rows[-1][:3])
        means[density] = dict(zip(ALL, np.mean(rows, axis=0), strict=True))
    sparse, dense = means.values()
    assert sparse["self-interested"] / sparse["none"] > 1.5
    assert dense["self-interested"] / dense["none"] < 0.2
    assert sparse["cooperative"] < sparse["ad-hoc"] < sparse["self-interested"]
    assert dense["cooperative"] < dense["self-interested"] < dense["ad-hoc"]


@pytest.mark.parametrize("name", ALL)
def test_case_14_the_side_changes_nothing_at_fixed_mean_resistance(ieee300, ieee300_grid, wired, name):
    losses = [
        BEHAVIOURS[name]().dispatch(wired(ieee300, "1/n", 3, side), ieee300_grid, TARIFF).loss for side in (1.0, 100.0)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-9)


SEEDS = {"cooperative": [(2.174, 2.181), (2.210, 2.207), (2.136, 2.139), (1.858, 1.860), (2.294, 2.312)]}


def test_lossy_is_near_priced_on_ieee300(ieee300, ieee300_grid, wired):
    for seed, expected in enumerate(SEEDS["cooperative"]):
        network = wired(ieee300, "1/n", seed)
        rule = BEHAVIOURS["cooperative"]()
        found = [rule.dispatch(network, ieee300_grid, TARIFF, losses).loss for losses in ("priced", "lossy")]
        np.testing.assert_allclose(found, expected, atol=6e-4)


@pytest.mark.parametrize("r", [0.0, 0.1, 0.4])
def test_a_trade_ends_where_its_seller_or_its_buyer_has_done_all_it_can(r):
    surplus, need = 3.0, 0.8
    sells, buys = _limits(surplus, need, r)
    assert (sells + r * sells**2 / 2, buys - r * buys**2 / 2) == pytest.approx((surplus, need), rel=1e-12)
    assert _limits(surplus, 5.0, 0.4)[1] == np.inf  # no trade brings so much
