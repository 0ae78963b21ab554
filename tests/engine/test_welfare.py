"""Who has what adds up to utility less cost, worked out from quantities alone, and to no more than a planner's."""

import cvxpy as cp
import numpy as np
import pytest
from scipy.integrate import quad

from engine import run
from engine.results import economics, microgrid, network
from engine.results.welfare import FEARED, UNPAID, UNPLANNED, UNSERVED
from market.aggregator.network import planner
from market.aggregator.network.game import clear
from market.splits import FIXED, GRID, LARGE, LOSSES, NEEDING, PRODUCERS, RENTS, SMALL, TARIFFS
from scenarios import draw, load
from views.splits import split_chart

FLAT = ["price.rule=affine", "price.p0=0.1", "price.c=0.001"]


@pytest.mark.parametrize("name", ["large_two_welfare", "large_two_taxed", "concave_kink"])
def test_what_all_have_is_utility_less_the_area_under_the_price(name):
    result = run(name, certify=False)
    known = economics.welfare(result.game, result.outcome)
    blocks = result.game.untaxed.blocks
    used = sum(
        float(np.sum(block.utility.value(result.outcome.x[rows])))
        for block, rows in zip(blocks, result.game.user_slices, strict=True)
    )
    cost, _ = quad(lambda total: float(result.game.price.value(total)), 0, result.outcome.quantity, epsrel=1e-11)
    assert known.here.welfare == pytest.approx(used - cost)
    assert known.here.welfare + known.here.lost == pytest.approx(known.planner.welfare)
    assert known.here.lost >= 0 == known.planner.lost
    assert (TARIFFS in known.here.had) is (result.outcome.collected is not None) and TARIFFS not in known.planner.had
    groups = {group["kind"] for group in result.scenario.table["group"]}
    assert (LARGE in known.here.had) is ("large" in groups) and (SMALL in known.here.had) is bool(groups - {"large"})


@pytest.mark.parametrize("changes", [[], FLAT])
def test_a_planners_bar_is_that_of_a_programme(changes):
    game = draw(load("large_two_welfare", set=changes)).game
    x = [cp.Variable(block.users, nonneg=True) for block in game.blocks]
    bends = [np.sqrt(np.broadcast_to(block.utility.a, block.users)) for block in game.blocks]
    used = [
        block.utility.b @ one - cp.sum_squares(cp.multiply(bend, one))
        for block, one, bend in zip(game.blocks, x, bends, strict=True)
    ]
    total = cp.sum(cp.hstack(x))
    cost = float(game.price.value(0.0)) * total + 0.001 / 2 * cp.square(total)
    best = cp.Problem(cp.Maximize(sum(used) - cost)).solve(solver=cp.CLARABEL)
    planned = economics.planners_split(game)
    assert planned.welfare == pytest.approx(best, rel=1e-6)
    price = float(game.price.value(float(total.value)))
    assert planned.had[PRODUCERS] == pytest.approx(price * total.value - cost.value, rel=1e-4)


def worth_on(game, outcome):
    """Utility of users and elastic demand less the cost of all that is made, from quantities alone, money."""
    cleared, gens, elastic = outcome.cleared, game.grid.generators, game.grid.elastic
    worth = -float(np.sum(gens.cost * cleared.generation + game.grid.rises * cleared.generation**2 / 2))
    worth += float(np.sum(elastic.price * (cleared.elastic - cleared.elastic**2 / 2 / elastic.quantity)))
    for block, rows, where in zip(game.untaxed.blocks, game.user_slices, game.player_slices, strict=True):
        y = outcome.y[where]
        made = block.kind == "producer"
        worth += float(np.sum(-(block.cost + block.rise * y / 2) * y if made else block.utility.value(outcome.x[rows])))
    return worth


@pytest.mark.parametrize(
    "name, changes",
    [
        ("data_centre_five_bus", []),
        ("data_centre_five_bus", ['tariffs=[{rule="tax",per_unit=2.0}]']),
        ("two_nodes_thin", []),
        ("cournot_three_hours", []),
    ],
)
def test_what_all_have_on_a_network_is_utility_less_cost_and_no_trade_brings_more(name, changes):
    result = run(name, set=changes, certify=False)
    game, outcome = result.game, result.outcome
    known = network.welfare(game, outcome)
    assert known.here.welfare == pytest.approx(worth_on(game, outcome))
    assert known.here.had[RENTS] == pytest.approx(
        float(np.abs(outcome.cleared.multipliers) @ np.abs(outcome.cleared.flows)), abs=1e-6
    )
    assert known.here.welfare + known.here.lost == pytest.approx(known.planner.welfare)
    rng, scale = np.random.default_rng(3), 1e-7 * abs(known.planner.welfare)
    for spread in (0.01, 0.3):
        y = outcome.y * rng.uniform(1 - spread, 1 + spread, len(outcome.y))
        if not np.any((other := clear(game.untaxed, y)).cleared.shed > 0):
            assert worth_on(game, other) <= known.planner.welfare + scale
    fixed = float(game.grid.demand @ outcome.cleared.prices)
    assert known.here.had.get(FIXED, 0.0) == pytest.approx(-fixed)


def test_why_nobody_is_told_to_have_what(monkeypatch):
    short = run("data_centre_five_bus", set=["network.demand_scale=2"], certify=False)
    assert short.outcome.unserved > 0 and network.welfare(short.game, short.outcome).why == UNSERVED
    feared = run("price_states", certify=False)
    told = economics.welfare(feared.game, feared.outcome, feared.scenario.states)
    assert told.here is None and FEARED in split_chart(told)
    monkeypatch.setattr(planner, "MOST_USERS", 10)
    result = run("five_bus_before", certify=False)
    assert network.welfare(result.game, result.outcome).why == UNPLANNED


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("payments", ["tariff", "lmp", "savings-share"])
@pytest.mark.parametrize("behaviour", ["none", "ad-hoc", "self-interested", "cooperative", "integrated"])
def test_what_nodes_lines_and_the_main_grid_have_is_what_is_needed_less_the_bill(behaviour, payments, losses):
    changes = [f"behaviour={behaviour}", f"payments={payments}", f"losses={losses}"]
    result = run("eight_nodes_none", set=changes, certify=False)
    known = microgrid.welfare(result.outcomes, [microgrid.planned(result.game, 0)])
    if result.outcome.payments is None:
        assert known.why == UNPAID
        return
    e, loss = result.game.network.injection, result.loss
    supply = loss - float(np.sum(e))
    bill = 1.5 * supply if supply > 0 else supply
    needed = 2.0 * -float(np.sum(np.minimum(e, 0)))
    assert known.here.welfare == pytest.approx(needed - bill)
    planner = "integrated" if behaviour == "integrated" else "cooperative"
    least = run("eight_nodes_none", set=[f"behaviour={planner}", f"losses={losses}"], certify=False).loss
    assert known.here.lost == pytest.approx(1.5 * (loss - least), abs=1e-7)
    assert known.here.spent[LOSSES] == known.planner.spent[LOSSES] == pytest.approx(1.5 * least)
    assert known.planner.welfare == pytest.approx(known.here.welfare + known.here.lost) and known.planner.lost == 0


def test_a_node_has_what_it_pays_less_than_the_tariff_and_gets_above_its_cost():
    result = run("eight_nodes_self_interested", set=["network.cost=[0,0.5,0,0,0,0.25,0,0]"], certify=False)
    known = microgrid.welfare(result.outcomes, [microgrid.planned(result.game, 0)]).here.had
    paid, e = result.paid, result.game.network.injection
    rents = float(np.sum(result.outcome.payments.lines))
    assert sum(known.values()) - known[GRID] == pytest.approx(float(paid.sum()) + 2.0 * 5 - 0.5 * 3 - 0.25 * 1)
    assert known[RENTS] == pytest.approx(rents) and known[NEEDING] < 2.0 * 5 and e[1] == 3


def test_the_days_bars_are_the_sums_of_the_periods_bars():
    game = draw(load("eight_nodes_day", set=["behaviour=ad-hoc", "payments=tariff"])).game
    outcomes, planners = zip(*((microgrid.cleared(game, k), microgrid.planned(game, k)) for k in (8, 20)), strict=True)
    whole = microgrid.welfare(outcomes, planners)
    each = [microgrid.welfare([one], [best]) for one, best in zip(outcomes, planners, strict=True)]
    assert whole.here.welfare == pytest.approx(sum(one.here.welfare for one in each))
    assert whole.here.lost == pytest.approx(sum(one.here.lost for one in each)) and whole.here.lost > 0
    assert whole.planner.spent[LOSSES] == pytest.approx(sum(one.planner.spent[LOSSES] for one in each))
